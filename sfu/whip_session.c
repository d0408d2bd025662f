#include <stdio.h>
#include <string.h>

#include "core/secret.h"
#include "daemon/log.h"
#include "sfu/slots.h"
#include "whip_internal.h"

bool whip_end_session(struct sfu_whip *whip, struct sfu_registered *session, const char *event,
                      struct http_response *response)
{
    int error = sfu_worker_end_session(whip->worker, session->id);
    if (error && error != SFU_WORKER_UNKNOWN_SESSION) {
        log_event(LOG_LEVEL_WARN, "end_session_failed", "code", log_number((uint64_t)-error).text, NULL);
        whip_add_header(response, "Retry-After", "1");
        whip_fail(response, whip_worker_status(error), "the session cannot be ended now");
        return false;
    }
    whip_forget(whip, session, event);
    return true;
}

/* The session of the path, if the request may touch it. A newer token of its participant makes it live longer. */
static struct sfu_registered *open_session(struct sfu_whip *whip, const struct http_request *request, const char *id,
                                           struct http_response *response)
{
    struct token token;
    bool trusted = whip_is_trusted(whip, request);
    if (!trusted && !whip_authorize(whip, request, NULL, response, &token))
        return NULL;
    struct sfu_registered *session = sfu_registry_find(&whip->registry, id);
    if (!session) {
        whip_fail(response, 404, "there is no such session");
        return NULL;
    }
    if (trusted)
        return session;
    if (strcmp(token.room, session->room) != 0 || strcmp(token.subject, session->pseudonym) != 0) {
        whip_fail(response, 403, "the session is another participant's");
        return NULL;
    }
    if (!sfu_auth_allows(&token, session->role)) {
        whip_fail(response, 403, "the token does not allow this");
        return NULL;
    }
    if (token.bound && !core_equal(token.fingerprint, session->fingerprint, sizeof(session->fingerprint))) {
        whip_fail(response, 403, "the token is bound to another certificate than the session's");
        return NULL;
    }
    if (token.expires_s > session->token_expires_s) {
        int error = sfu_worker_renew(whip->worker, session->id, token.expires_s);
        if (error == SFU_WORKER_UNKNOWN_SESSION) {
            whip_forget(whip, session, "session_ended");
            whip_fail(response, 404, "the session has ended");
            return NULL;
        }
        session->token_expires_s = error ? session->token_expires_s : token.expires_s;
    }
    return session;
}

/* An ICE restart: new credentials on both sides, the same transport (RFC 9725 section 4.3.3). */
static void restart_ice(struct sfu_whip *whip, struct sfu_registered *session, struct http_response *response)
{
    struct text_slice ufrag;
    struct text_slice pwd;
    char remote_ufrag[SFU_UFRAG_MAX];
    char remote_pwd[SFU_PWD_MAX];
    char local_ufrag[UFRAG_LEN + 1];
    char local_pwd[PWD_LEN + 1];
    char etag[SFU_ETAG_MAX];
    char quoted[SFU_ETAG_MAX + 2];
    char text[2048];
    struct text_writer w;
    if (!sfu_offer_credentials(whip->sdp, &ufrag, &pwd) || !text_copy(ufrag, remote_ufrag, sizeof(remote_ufrag)) ||
        !text_copy(pwd, remote_pwd, sizeof(remote_pwd))) {
        whip_fail(response, 400, sfu_offer_error_text(SFU_OFFER_BAD_ICE));
        return;
    }
    if (!text_random(local_ufrag, UFRAG_LEN, "+/") || !text_random(local_pwd, PWD_LEN, "+/") ||
        !text_random(etag, ETAG_LEN, "-_")) {
        whip_fail(response, 500, "the system has no random bytes");
        return;
    }
    text_writer_init(&w, text, sizeof(text));
    int error = sfu_answer_write_fragment(&session->tagged, local_ufrag, local_pwd, &whip->config.answer, &w);
    if (error) {
        whip_fail(response, sfu_offer_error_status(error), sfu_offer_error_text(error));
        goto out;
    }
    error = sfu_worker_restart_ice(whip->worker, session->id, remote_ufrag, remote_pwd, local_ufrag, local_pwd);
    if (error == SFU_WORKER_UNKNOWN_SESSION) {
        whip_forget(whip, session, "session_ended");
        whip_fail(response, 404, "the session has ended");
        goto out;
    }
    if (error) {
        whip_fail(response, whip_worker_status(error), "the session cannot be restarted now");
        goto out;
    }
    memcpy(session->etag, etag, sizeof(etag));
    snprintf(quoted, sizeof(quoted), "\"%s\"", etag);
    whip_add_header(response, "ETag", quoted);
    http_respond(response, 200, FRAGMENT_TYPE, text);
    whip_log_session("ice_restarted", session);
out:
    core_wipe(remote_pwd, sizeof(remote_pwd));
    core_wipe(local_pwd, sizeof(local_pwd));
    core_wipe(text, sizeof(text));
}

/* PATCH /session/ID (RFC 9725 section 4.3): candidates are of no use to an ICE-lite side, so only restarts matter. */
static void patch_session(struct sfu_whip *whip, const struct http_request *request, struct sfu_registered *session,
                          struct http_response *response)
{
    char quoted[SFU_ETAG_MAX + 2];
    if (!whip_is_type(request->content_type, FRAGMENT_TYPE)) {
        whip_add_header(response, "Accept-Patch", FRAGMENT_TYPE);
        whip_fail(response, 415, "the body must be application/trickle-ice-sdpfrag");
        return;
    }
    if (request->if_match[0] == 0) {
        whip_fail(response, 428, "If-Match is required");
        return;
    }
    int error = sdp_parse_fragment(whip->sdp, request->body.data, request->body.len);
    if (error) {
        whip_fail(response, 400, sdp_error_text(error));
        return;
    }
    if (strcmp(request->if_match, "*") == 0) {
        restart_ice(whip, session, response);
        return;
    }
    snprintf(quoted, sizeof(quoted), "\"%s\"", session->etag);
    if (strcmp(request->if_match, quoted) != 0) {
        whip_fail(response, 412, "the ICE session is another by now");
        return;
    }
    response->status = 204;
}

/* PATCH /session/ID/slots */
static void patch_slots(struct sfu_whip *whip, const struct http_request *request, struct sfu_registered *session,
                        struct http_response *response)
{
    struct sfu_slot_wish wishes[SFU_MEDIA_MAX];
    size_t count;
    if (session->role != SFU_SUBSCRIBER) {
        whip_fail(response, 422, "a publisher has no slots");
        return;
    }
    if (!whip_is_type(request->content_type, JSON_TYPE)) {
        whip_add_header(response, "Accept-Patch", JSON_TYPE);
        whip_fail(response, 415, "the body must be application/json");
        return;
    }
    int error = sfu_slots_read(request->body.data, request->body.len, wishes, &count);
    if (error) {
        whip_fail(response, error == SFU_SLOTS_NOT_JSON ? 400 : 422,
                  error == SFU_SLOTS_TOO_MANY ? "there are more than 32 wishes"
                                              : "the body is not a list of slot wishes");
        return;
    }
    error = sfu_worker_set_slots(whip->worker, session->id, wishes, count);
    if (error == SFU_WORKER_UNKNOWN_SESSION) {
        whip_forget(whip, session, "session_ended");
        whip_fail(response, 404, "the session has ended");
    } else if (error) {
        whip_fail(response, whip_worker_status(error), "the slots cannot be changed now");
    } else {
        response->status = 204;
    }
}

void whip_handle_session(struct sfu_whip *whip, const struct http_request *request, struct text_slice rest,
                         struct http_response *response)
{
    char id[SFU_ID_MAX];
    bool slots = memchr(rest.data, '/', rest.len) != NULL;
    struct text_slice name = text_take(&rest, '/');
    if (!text_copy(name, id, sizeof(id)) || (slots && !text_equal(rest, "slots"))) {
        whip_fail(response, 404, "there is no such resource");
        return;
    }
    if (request->method == HTTP_OPTIONS) {
        whip_answer_options(response, slots ? "PATCH, OPTIONS" : "PATCH, DELETE, OPTIONS", "Accept-Patch",
                            slots ? JSON_TYPE : FRAGMENT_TYPE);
        return;
    }
    if (request->method != HTTP_PATCH && (slots || request->method != HTTP_DELETE)) {
        whip_refuse_method(response, slots ? "PATCH, OPTIONS" : "PATCH, DELETE, OPTIONS");
        return;
    }
    struct sfu_registered *session = open_session(whip, request, id, response);
    if (!session)
        return;
    if (request->method == HTTP_DELETE) {
        if (whip_end_session(whip, session, "session_deleted", response))
            response->status = 200;
    } else if (slots) {
        patch_slots(whip, request, session, response);
    } else {
        patch_session(whip, request, session, response);
    }
}
