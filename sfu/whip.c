#include "sfu/whip.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/secret.h"
#include "sfu/log.h"
#include "sfu/metrics.h"
#include "sfu/registry.h"
#include "sfu/slots.h"
#include "sfu/version.h"

enum {
    ANSWER_MAX = 128 * 1024,
    SWEEP_MAX = 64,    /* sessions that one tick asks the worker about */
    ID_LEN = 24,       /* 144 random bits */
    UFRAG_LEN = 12,    /* RFC 8839 asks for 24 random bits at least */
    PWD_LEN = 24,      /* and for 128 */
    LOGGED_ID_LEN = 6, /* enough to tell sessions apart, not enough to end one */
};

static const char SDP_TYPE[] = "application/sdp";
static const char FRAGMENT_TYPE[] = "application/trickle-ice-sdpfrag";
static const char JSON_TYPE[] = "application/json";
static const char TEXT_TYPE[] = "text/plain; charset=utf-8";

struct sfu_whip {
    struct sfu_whip_config config;
    struct sfu_registry registry;
    struct sdp *sdp; /* one request at a time */
    pthread_mutex_t keys_lock;
    struct sfu_token_keys keys;
    atomic_bool draining;
    atomic_size_t session_count;
};

struct sfu_whip *sfu_whip_new(const struct sfu_whip_config *config)
{
    struct sfu_whip *whip = calloc(1, sizeof(*whip));
    if (!whip) {
        return NULL;
    }
    whip->config = *config;
    sfu_token_keys_init(&whip->keys);
    pthread_mutex_init(&whip->keys_lock, NULL);
    whip->sdp = malloc(sizeof(*whip->sdp));
    if (!whip->sdp || !sfu_registry_init(&whip->registry, config->max_sessions)) {
        sfu_whip_free(whip);
        return NULL;
    }
    return whip;
}

void sfu_whip_free(struct sfu_whip *whip)
{
    if (whip) {
        sfu_registry_wipe(&whip->registry);
        sfu_token_keys_wipe(&whip->keys);
        pthread_mutex_destroy(&whip->keys_lock);
        free(whip->sdp);
        free(whip);
    }
}

void sfu_whip_set_keys(struct sfu_whip *whip, struct sfu_token_keys *keys)
{
    struct sfu_token_keys old;
    pthread_mutex_lock(&whip->keys_lock);
    old = whip->keys;
    whip->keys = *keys;
    pthread_mutex_unlock(&whip->keys_lock);
    sfu_token_keys_wipe(&old);
    sfu_token_keys_init(keys);
}

void sfu_whip_drain(struct sfu_whip *whip)
{
    atomic_store(&whip->draining, true);
}

size_t sfu_whip_session_count(const struct sfu_whip *whip)
{
    return atomic_load(&whip->session_count);
}

static uint64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

static void add_header(struct http_response *response, const char *name, const char *value)
{
    size_t len = strlen(response->extra);
    int n = snprintf(response->extra + len, sizeof(response->extra) - len, "%s: %s\r\n", name, value);
    if (n < 0 || (size_t)n >= sizeof(response->extra) - len) {
        response->extra[len] = 0;
    }
}

/* An error for the client, as one line of text. */
static void fail(struct http_response *response, int status, const char *text)
{
    char line[256];
    snprintf(line, sizeof(line), "%s\n", text);
    http_respond(response, status, TEXT_TYPE, line);
}

static void log_session(const char *event, const struct sfu_registered *session)
{
    char id[LOGGED_ID_LEN + 1];
    snprintf(id, sizeof(id), "%.*s", LOGGED_ID_LEN, session->id);
    log_event(LOG_LEVEL_INFO, event, "session", id, "room", session->room, "pseudonym", session->pseudonym, "role",
              session->role == SFU_PUBLISHER ? "publisher" : "subscriber", NULL);
}

static void forget(struct sfu_whip *whip, struct sfu_registered *session, const char *event)
{
    log_session(event, session);
    sfu_registry_remove(&whip->registry, session);
    atomic_store(&whip->session_count, whip->registry.count);
}

/* The media type without its parameters. */
static bool is_type(const char *content_type, const char *wanted)
{
    struct text_slice type = text_of(content_type);
    return text_equal_nocase(text_trim(text_take(&type, ';')), wanted);
}

/* RFC 9110 section 12.5.1, without weights: none of the types is ever refused by q=0 in practice. */
static bool accepts(const char *accept, const char *type)
{
    struct text_slice list = text_of(accept);
    if (list.len == 0) {
        return true;
    }
    while (list.len > 0) {
        struct text_slice item = text_take(&list, ',');
        struct text_slice range = text_trim(text_take(&item, ';'));
        if (text_equal_nocase(range, type) || text_equal(range, "*/*") || text_equal(range, "application/*")) {
            return true;
        }
    }
    return false;
}

/* What a request may do, from its token or (with --dev) from its query. */
static bool authorize(struct sfu_whip *whip, const struct http_request *request, const char *room,
                      struct http_response *response, struct sfu_token *token)
{
    static const char scheme[] = "Bearer ";
    struct text_slice field = text_of(request->authorization);
    struct text_slice bearer = {NULL, 0};
    if (field.len >= sizeof(scheme) - 1 &&
        text_equal_nocase((struct text_slice){field.data, sizeof(scheme) - 1}, scheme)) {
        bearer = text_trim((struct text_slice){field.data + sizeof(scheme) - 1, field.len - (sizeof(scheme) - 1)});
    }
    pthread_mutex_lock(&whip->keys_lock);
    int error = sfu_token_check(&whip->keys, bearer.data, bearer.len, now_s(), token);
    pthread_mutex_unlock(&whip->keys_lock);
    if (error) {
        /* RFC 6750 section 3.1: no error code where no token was shown */
        add_header(response, "WWW-Authenticate",
                   error == SFU_TOKEN_MISSING ? "Bearer" : "Bearer error=\"invalid_token\"");
        fail(response, 401, sfu_token_error_text(error));
        return false;
    }
    if (room && strcmp(token->room, room) != 0) {
        fail(response, 403, "the token is for another room");
        return false;
    }
    return true;
}

/* A host of this machine, with or without a port: what a page from elsewhere cannot have as its origin, nor reach by a
 * name that it lets point here. */
static bool is_loopback_host(struct text_slice host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);
        if (text_starts(host, names[i]) && (host.len == len || host.data[len] == ':')) {
            return true;
        }
    }
    return false;
}

static bool is_local_request(const struct http_request *request)
{
    struct text_slice origin = text_of(request->origin);
    if (!request->from_loopback || !is_loopback_host(text_of(request->host))) {
        return false;
    }
    if (origin.len == 0) {
        return true;
    }
    text_take(&origin, '/');
    text_take(&origin, '/');
    return is_loopback_host(origin);
}

/* --dev: the room is the path's, the pseudonym is ?name= or random. */
static bool authorize_dev(const struct http_request *request, const char *room, struct http_response *response,
                          struct sfu_token *token)
{
    struct text_slice query = text_of(request->query);
    *token = (struct sfu_token){.publish = true, .subscribe = true, .expires_s = UINT64_MAX};
    snprintf(token->room, sizeof(token->room), "%s", room);
    while (query.len > 0) {
        struct text_slice value = text_take(&query, '&');
        struct text_slice name = text_take(&value, '=');
        if (!text_equal(name, "name")) {
            continue;
        }
        if (!sfu_id_is_valid(value.data, value.len) || !text_copy(value, token->subject, sizeof(token->subject))) {
            fail(response, 400, "name must be 1 to 63 letters, digits, '-', '_' or '.'");
            return false;
        }
        return true;
    }
    if (!text_random(token->subject, 12, "-_")) {
        fail(response, 500, "the system has no random bytes");
        return false;
    }
    return true;
}

static int worker_status(int error)
{
    return error == SFU_WORKER_FULL || error == SFU_WORKER_BUSY ? 503 : 500;
}

/* Names and secrets of a new session. */
static bool choose_secrets(struct sfu_session_params *params)
{
    return text_random(params->id, ID_LEN, "-_") && text_random(params->local_ufrag, UFRAG_LEN, "+/") &&
           text_random(params->local_pwd, PWD_LEN, "+/") && text_random(params->cname, 16, "-_");
}

static void end_session(struct sfu_whip *whip, struct sfu_registered *session, const char *event)
{
    int error = sfu_worker_end_session(whip->config.worker, session->id);
    if (error && error != SFU_WORKER_UNKNOWN_SESSION) {
        log_event(LOG_LEVEL_WARN, "end_session_failed", "code", log_number((uint64_t)-error).text, NULL);
    }
    forget(whip, session, event);
}

/* Reads the offer into params, which already says whose session it is. */
static bool read_offer(struct sfu_whip *whip, const struct http_request *request, const struct sfu_token *token,
                       struct http_response *response, struct sfu_session_params *params)
{
    const struct sfu_offer_rules rules = {.role = params->role, .audio_level = whip->config.audio_level};
    int error = sdp_parse(whip->sdp, request->body.data, request->body.len);
    if (error) {
        fail(response, 400, sdp_error_text(error));
        return false;
    }
    error = sfu_offer_read(whip->sdp, &rules, params);
    if (error) {
        fail(response, sfu_offer_error_status(error), sfu_offer_error_text(error));
        return false;
    }
    if (token->bound && !core_equal(token->fingerprint, params->remote_fingerprint, SFU_FINGERPRINT_LEN)) {
        fail(response, 403, "the token is bound to another certificate than the offer's");
        return false;
    }
    return true;
}

/* Starts the session that params describes and answers 201. */
static void start_session(struct sfu_whip *whip, const struct sfu_session_params *params,
                          struct http_response *response)
{
    char value[SFU_ID_MAX + 16];
    struct text_writer w;
    struct sfu_registered *session = NULL;
    char *answer = malloc(ANSWER_MAX);
    if (!answer) {
        fail(response, 503, "out of memory");
        return;
    }
    text_writer_init(&w, answer, ANSWER_MAX);
    int error = sfu_answer_write(whip->sdp, params, &whip->config.answer, &w);
    if (error) {
        fail(response, sfu_offer_error_status(error), sfu_offer_error_text(error));
        goto out;
    }
    /* a participant's newer session of the same kind takes the place of the older, whose transport may be dead */
    session = sfu_registry_find_participant(&whip->registry, params->room, params->pseudonym, params->role);
    if (session) {
        end_session(whip, session, "session_replaced");
    }
    session = sfu_registry_add(&whip->registry);
    if (!session) {
        add_header(response, "Retry-After", "10");
        fail(response, 503, "there are too many sessions");
        goto out;
    }
    memcpy(session->id, params->id, sizeof(session->id));
    memcpy(session->room, params->room, sizeof(session->room));
    memcpy(session->pseudonym, params->pseudonym, sizeof(session->pseudonym));
    session->role = params->role;
    session->tagged = *sfu_session_tagged_media(params);
    session->token_expires_s = params->token_expires_s;
    error =
        text_random(session->etag, 12, "-_") ? sfu_worker_add_session(whip->config.worker, params) : SFU_WORKER_SYSTEM;
    if (error) {
        sfu_registry_remove(&whip->registry, session);
        add_header(response, "Retry-After", "10");
        fail(response, worker_status(error), "the session cannot be started now");
        goto out;
    }
    atomic_store(&whip->session_count, whip->registry.count);
    log_session("session_started", session);
    snprintf(value, sizeof(value), "/session/%s", session->id);
    add_header(response, "Location", value);
    snprintf(value, sizeof(value), "\"%s\"", session->etag);
    add_header(response, "ETag", value);
    add_header(response, "Accept-Patch", FRAGMENT_TYPE);
    http_respond(response, 201, SDP_TYPE, answer);
out:
    free(answer);
}

/* POST /whip/ROOM and /whep/ROOM (RFC 9725 section 4.2; draft-ietf-wish-whep-03 section 4.2) */
static void post_offer(struct sfu_whip *whip, const struct http_request *request, enum sfu_role role, const char *room,
                       struct http_response *response)
{
    struct sfu_token token;
    struct sfu_session_params *params = NULL;
    bool may = whip->config.dev ? authorize_dev(request, room, response, &token)
                                : authorize(whip, request, room, response, &token);
    if (!may) {
        return;
    }
    if (!(role == SFU_PUBLISHER ? token.publish : token.subscribe)) {
        fail(response, 403, "the token does not allow this");
        return;
    }
    if (atomic_load(&whip->draining)) {
        add_header(response, "Retry-After", "10");
        fail(response, 503, "the server is shutting down");
        return;
    }
    if (!is_type(request->content_type, SDP_TYPE)) {
        add_header(response, "Accept-Post", SDP_TYPE);
        fail(response, 415, "the body must be application/sdp");
        return;
    }
    if (!accepts(request->accept, SDP_TYPE)) {
        fail(response, 406, "the answer is application/sdp");
        return;
    }
    params = calloc(1, sizeof(*params));
    if (!params) {
        fail(response, 503, "out of memory");
        return;
    }
    params->role = role;
    params->token_expires_s = token.expires_s;
    memcpy(params->room, token.room, sizeof(params->room));
    memcpy(params->pseudonym, token.subject, sizeof(params->pseudonym));
    if (!choose_secrets(params)) {
        fail(response, 500, "the system has no random bytes");
    } else if (read_offer(whip, request, &token, response, params)) {
        start_session(whip, params, response);
    }
    core_wipe(params, sizeof(*params));
    free(params);
}

/* The session of the path, if the request may touch it. A newer token of its participant makes it live longer. */
static struct sfu_registered *open_session(struct sfu_whip *whip, const struct http_request *request, const char *id,
                                           struct http_response *response)
{
    struct sfu_token token;
    if (!whip->config.dev && !authorize(whip, request, NULL, response, &token)) {
        return NULL;
    }
    struct sfu_registered *session = sfu_registry_find(&whip->registry, id);
    if (!session) {
        fail(response, 404, "there is no such session");
        return NULL;
    }
    if (whip->config.dev) {
        return session;
    }
    if (strcmp(token.room, session->room) != 0 || strcmp(token.subject, session->pseudonym) != 0) {
        fail(response, 403, "the session is another participant's");
        return NULL;
    }
    if (!(session->role == SFU_PUBLISHER ? token.publish : token.subscribe)) {
        fail(response, 403, "the token does not allow this");
        return NULL;
    }
    if (token.expires_s > session->token_expires_s) {
        int error = sfu_worker_renew(whip->config.worker, session->id, token.expires_s);
        if (error == SFU_WORKER_UNKNOWN_SESSION) {
            forget(whip, session, "session_ended");
            fail(response, 404, "the session has ended");
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
        fail(response, 400, sfu_offer_error_text(SFU_OFFER_BAD_ICE));
        return;
    }
    if (!text_random(local_ufrag, UFRAG_LEN, "+/") || !text_random(local_pwd, PWD_LEN, "+/") ||
        !text_random(etag, 12, "-_")) {
        fail(response, 500, "the system has no random bytes");
        return;
    }
    text_writer_init(&w, text, sizeof(text));
    int error = sfu_answer_write_fragment(&session->tagged, local_ufrag, local_pwd, &whip->config.answer, &w);
    if (error) {
        fail(response, sfu_offer_error_status(error), sfu_offer_error_text(error));
        goto out;
    }
    error = sfu_worker_restart_ice(whip->config.worker, session->id, remote_ufrag, remote_pwd, local_ufrag, local_pwd);
    if (error == SFU_WORKER_UNKNOWN_SESSION) {
        forget(whip, session, "session_ended");
        fail(response, 404, "the session has ended");
        goto out;
    }
    if (error) {
        fail(response, worker_status(error), "the session cannot be restarted now");
        goto out;
    }
    memcpy(session->etag, etag, sizeof(etag));
    snprintf(quoted, sizeof(quoted), "\"%s\"", etag);
    add_header(response, "ETag", quoted);
    http_respond(response, 200, FRAGMENT_TYPE, text);
    log_session("ice_restarted", session);
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
    if (!is_type(request->content_type, FRAGMENT_TYPE)) {
        add_header(response, "Accept-Patch", FRAGMENT_TYPE);
        fail(response, 415, "the body must be application/trickle-ice-sdpfrag");
        return;
    }
    if (request->if_match[0] == 0) {
        fail(response, 428, "If-Match is required");
        return;
    }
    int error = sdp_parse_fragment(whip->sdp, request->body.data, request->body.len);
    if (error) {
        fail(response, 400, sdp_error_text(error));
        return;
    }
    if (strcmp(request->if_match, "*") == 0) {
        restart_ice(whip, session, response);
        return;
    }
    snprintf(quoted, sizeof(quoted), "\"%s\"", session->etag);
    if (strcmp(request->if_match, quoted) != 0) {
        fail(response, 412, "the ICE session is another by now");
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
        fail(response, 422, "a publisher has no slots");
        return;
    }
    if (!is_type(request->content_type, JSON_TYPE)) {
        add_header(response, "Accept-Patch", JSON_TYPE);
        fail(response, 415, "the body must be application/json");
        return;
    }
    int error = sfu_slots_read(request->body.data, request->body.len, wishes, &count);
    if (error) {
        fail(response, error == SFU_SLOTS_NOT_JSON ? 400 : 422,
             error == SFU_SLOTS_TOO_MANY ? "there are more than 32 wishes" : "the body is not a list of slot wishes");
        return;
    }
    error = sfu_worker_set_slots(whip->config.worker, session->id, wishes, count);
    if (error == SFU_WORKER_UNKNOWN_SESSION) {
        forget(whip, session, "session_ended");
        fail(response, 404, "the session has ended");
    } else if (error) {
        fail(response, worker_status(error), "the slots cannot be changed now");
    } else {
        response->status = 204;
    }
}

static void refuse_method(struct http_response *response, const char *allowed)
{
    add_header(response, "Allow", allowed);
    fail(response, 405, "this resource has no such method");
}

/* CORS preflights, and what an endpoint takes (RFC 9725 section 4.2). */
static void answer_options(struct http_response *response, const char *methods, const char *accept_name,
                           const char *accept)
{
    add_header(response, "Access-Control-Allow-Methods", methods);
    add_header(response, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match");
    add_header(response, "Access-Control-Max-Age", "86400");
    add_header(response, accept_name, accept);
    response->status = 204;
}

static void handle_endpoint(struct sfu_whip *whip, const struct http_request *request, enum sfu_role role,
                            struct text_slice rest, struct http_response *response)
{
    char room[SFU_ID_MAX];
    if (!sfu_id_is_valid(rest.data, rest.len) || !text_copy(rest, room, sizeof(room))) {
        fail(response, 404, "a room is 1 to 63 letters, digits, '-', '_' or '.'");
    } else if (request->method == HTTP_OPTIONS) {
        answer_options(response, "POST, OPTIONS", "Accept-Post", SDP_TYPE);
    } else if (request->method != HTTP_POST) {
        refuse_method(response, "POST, OPTIONS");
    } else {
        post_offer(whip, request, role, room, response);
    }
}

static void handle_session(struct sfu_whip *whip, const struct http_request *request, struct text_slice rest,
                           struct http_response *response)
{
    char id[SFU_ID_MAX];
    bool slots = memchr(rest.data, '/', rest.len) != NULL;
    struct text_slice name = text_take(&rest, '/');
    if (!text_copy(name, id, sizeof(id)) || (slots && !text_equal(rest, "slots"))) {
        fail(response, 404, "there is no such resource");
        return;
    }
    if (request->method == HTTP_OPTIONS) {
        answer_options(response, slots ? "PATCH, OPTIONS" : "PATCH, DELETE, OPTIONS", "Accept-Patch",
                       slots ? JSON_TYPE : FRAGMENT_TYPE);
        return;
    }
    if (request->method != HTTP_PATCH && (slots || request->method != HTTP_DELETE)) {
        refuse_method(response, slots ? "PATCH, OPTIONS" : "PATCH, DELETE, OPTIONS");
        return;
    }
    struct sfu_registered *session = open_session(whip, request, id, response);
    if (!session) {
        return;
    }
    if (request->method == HTTP_DELETE) {
        end_session(whip, session, "session_deleted");
        response->status = 200;
    } else if (slots) {
        patch_slots(whip, request, session, response);
    } else {
        patch_session(whip, request, session, response);
    }
}

static void get_metrics(struct sfu_whip *whip, struct http_response *response)
{
    struct sfu_worker_stats stats;
    struct sfu_forward_stats *pairs = NULL;
    size_t count = 0;
    int error = sfu_worker_stats(whip->config.worker, &stats);
    if (!error) {
        error = sfu_worker_forwarded(whip->config.worker, &pairs, &count);
    }
    char *text = error ? NULL : sfu_metrics_text(&stats, pairs, count);
    if (text) {
        http_respond(response, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    } else {
        fail(response, 503, "the figures are not to be had now");
    }
    free(text);
    free(pairs);
}

static void get_page(struct sfu_whip *whip, const struct http_request *request, struct http_response *response)
{
    char text[512];
    struct text_slice path = text_of(request->path);
    bool metrics = whip->config.metrics == SFU_METRICS_ANY ||
                   (whip->config.metrics == SFU_METRICS_LOOPBACK && request->from_loopback);
    if (text_equal(path, "/healthz")) {
        bool draining = atomic_load(&whip->draining);
        http_respond(response, draining ? 503 : 200, TEXT_TYPE, draining ? "draining\n" : "ok\n");
    } else if (text_equal(path, "/version")) {
        snprintf(text, sizeof(text), "{\"name\":\"sotto-sfu\",\"version\":\"%s\",\"build\":\"%s\"}\n", sfu_version(),
                 sfu_build_id());
        http_respond(response, 200, JSON_TYPE, text);
    } else if (text_equal(path, "/metrics") && metrics) {
        get_metrics(whip, response);
    } else {
        fail(response, 404, "there is no such resource");
    }
}

static bool take_prefix(struct text_slice *path, const char *prefix)
{
    if (!text_starts(*path, prefix)) {
        return false;
    }
    path->data += strlen(prefix);
    path->len -= strlen(prefix);
    return true;
}

void sfu_whip_handle(void *user, const struct http_request *request, struct http_response *response)
{
    struct sfu_whip *whip = user;
    struct text_slice path = text_of(request->path);
    if (whip->config.dev && !is_local_request(request)) {
        fail(response, 403, "with --dev only this machine is served");
        return;
    }
    /* nothing here rests on cookies, so that pages of any origin may ask; what they need is a token */
    add_header(response, "Access-Control-Allow-Origin", "*");
    add_header(response, "Access-Control-Expose-Headers", "Location, ETag, Accept-Patch, Accept-Post, Retry-After");
    if (take_prefix(&path, "/whip/")) {
        handle_endpoint(whip, request, SFU_PUBLISHER, path, response);
    } else if (take_prefix(&path, "/whep/")) {
        handle_endpoint(whip, request, SFU_SUBSCRIBER, path, response);
    } else if (take_prefix(&path, "/session/")) {
        handle_session(whip, request, path, response);
    } else if (request->method == HTTP_GET || request->method == HTTP_HEAD) {
        get_page(whip, request, response);
    } else {
        refuse_method(response, "GET, HEAD");
    }
}

/* The worker ends sessions by itself (no consent, closed, expired) and tells nobody: ask it, a few at a time. */
void sfu_whip_tick(void *user)
{
    struct sfu_whip *whip = user;
    size_t visits = whip->registry.count < SWEEP_MAX ? whip->registry.count : SWEEP_MAX;
    for (size_t i = 0; i < visits; i++) {
        struct sfu_registered *session = sfu_registry_visit(&whip->registry);
        if (!session) {
            return;
        }
        int error = sfu_worker_renew(whip->config.worker, session->id, session->token_expires_s);
        if (error == SFU_WORKER_UNKNOWN_SESSION) {
            forget(whip, session, "session_ended");
        } else if (error == SFU_WORKER_BUSY) {
            return;
        }
    }
}
