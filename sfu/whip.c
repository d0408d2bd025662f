#include "sfu/whip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/secret.h"
#include "daemon/log.h"
#include "daemon/version.h"
#include "sfu/metrics.h"
#include "whip_internal.h"

enum {
    ANSWER_MAX = 128 * 1024,
    SWEEP_MAX = 64, /* sessions that one tick asks the worker about */
};

_Static_assert((int)TOKEN_ID_MAX == (int)SFU_ID_MAX && (int)TOKEN_FINGERPRINT_LEN == (int)SFU_FINGERPRINT_LEN,
               "what tokens name is copied into sessions");

struct sfu_whip *sfu_whip_new(const struct sfu_whip_config *config)
{
    struct sfu_whip *whip = calloc(1, sizeof(*whip));
    if (!whip)
        return NULL;
    whip->config = *config;
    token_issuers_init(&whip->issuers);
    pthread_mutex_init(&whip->ended_lock, NULL);
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
        token_issuers_wipe(&whip->issuers);
        pthread_mutex_destroy(&whip->ended_lock);
        free(whip->sdp);
        free(whip);
    }
}

void sfu_whip_use_worker(struct sfu_whip *whip, struct sfu_worker *worker)
{
    whip->worker = worker;
    whip->config.answer.port = sfu_worker_port(worker);
}

void sfu_whip_set_keys(struct sfu_whip *whip, struct token_keys *keys)
{
    token_issuers_set(&whip->issuers, keys);
}

void sfu_whip_session_ended(void *user, const char *session_id, enum sfu_session_end reason)
{
    struct sfu_whip *whip = user;
    pthread_mutex_lock(&whip->ended_lock);
    if (whip->ended_count < ENDED_MAX) {
        struct ended *ended = &whip->ended[whip->ended_count];
        ended->reason = reason;
        whip->ended_count += text_copy(text_of(session_id), ended->id, sizeof(ended->id));
    }
    pthread_mutex_unlock(&whip->ended_lock);
}

void sfu_whip_drain(struct sfu_whip *whip)
{
    atomic_store(&whip->draining, true);
}

size_t sfu_whip_session_count(const struct sfu_whip *whip)
{
    return atomic_load(&whip->session_count);
}

uint64_t whip_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

void whip_add_header(struct http_response *response, const char *name, const char *value)
{
    size_t len = strlen(response->extra);
    int n = snprintf(response->extra + len, sizeof(response->extra) - len, "%s: %s\r\n", name, value);
    if (n < 0 || (size_t)n >= sizeof(response->extra) - len)
        response->extra[len] = 0;
}

/* An error for the client, as one line of text. */
void whip_fail(struct http_response *response, int status, const char *text)
{
    char line[256];
    snprintf(line, sizeof(line), "%s\n", text);
    http_respond(response, status, TEXT_TYPE, line);
}

void whip_log_session(const char *event, const struct sfu_registered *session)
{
    char id[LOGGED_ID_LEN + 1];
    snprintf(id, sizeof(id), "%.*s", LOGGED_ID_LEN, session->id);
    log_event(LOG_LEVEL_INFO, event, "session", id, "room", session->room, "pseudonym", session->pseudonym, "role",
              session->role == SFU_PUBLISHER ? "publisher" : "subscriber", NULL);
}

void whip_forget(struct sfu_whip *whip, struct sfu_registered *session, const char *event)
{
    whip_log_session(event, session);
    sfu_registry_remove(&whip->registry, session);
    atomic_store(&whip->session_count, whip->registry.count);
}

bool whip_is_type(const char *content_type, const char *wanted)
{
    struct text_slice type = text_of(content_type);
    return text_equal_nocase(text_trim(text_take(&type, ';')), wanted);
}

/* RFC 9110 section 12.5.1, without weights: none of the types is ever refused by q=0 in practice. */
static bool accepts(const char *accept, const char *type)
{
    struct text_slice list = text_of(accept);
    if (list.len == 0)
        return true;
    while (list.len > 0) {
        struct text_slice item = text_take(&list, ',');
        struct text_slice range = text_trim(text_take(&item, ';'));
        if (text_equal_nocase(range, type) || text_equal(range, "*/*") || text_equal(range, "application/*"))
            return true;
    }
    return false;
}

bool whip_authorize(struct sfu_whip *whip, const struct http_request *request, const char *room,
                    struct http_response *response, struct token *token)
{
    int error = sfu_auth_check(&whip->issuers, request, whip_now_s(), token);
    if (error) {
        /* RFC 6750 section 3.1: no error code where no token was shown */
        whip_add_header(response, "WWW-Authenticate",
                        error == TOKEN_MISSING ? "Bearer" : "Bearer error=\"invalid_token\"");
        whip_fail(response, 401, token_error_text(error));
        return false;
    }
    if (room && strcmp(token->room, room) != 0) {
        whip_fail(response, 403, "the token is for another room");
        return false;
    }
    return true;
}

int whip_worker_status(int error)
{
    return error == SFU_WORKER_FULL || error == SFU_WORKER_BUSY ? 503 : 500;
}

/* Names and secrets of a new session. */
static bool choose_secrets(struct sfu_session_params *params)
{
    return text_random(params->id, ID_LEN, "-_") && text_random(params->local_ufrag, UFRAG_LEN, "+/") &&
           text_random(params->local_pwd, PWD_LEN, "+/") && text_random(params->cname, 16, "-_");
}

/* Reads the offer into params, which already says whose session it is. */
static bool read_offer(struct sfu_whip *whip, const struct http_request *request, const struct token *token,
                       struct http_response *response, struct sfu_session_params *params)
{
    const struct sfu_offer_rules rules = {.role = params->role, .audio_level = whip->config.audio_level};
    int error = sdp_parse(whip->sdp, request->body.data, request->body.len);
    if (error) {
        whip_fail(response, 400, sdp_error_text(error));
        return false;
    }
    error = sfu_offer_read(whip->sdp, &rules, params);
    if (error) {
        whip_fail(response, sfu_offer_error_status(error), sfu_offer_error_text(error));
        return false;
    }
    if (token->bound && !core_equal(token->fingerprint, params->remote_fingerprint, SFU_FINGERPRINT_LEN)) {
        whip_fail(response, 403, "the token is bound to another certificate than the offer's");
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
        whip_fail(response, 503, "out of memory");
        return;
    }
    text_writer_init(&w, answer, ANSWER_MAX);
    int error = sfu_answer_write(whip->sdp, params, &whip->config.answer, &w);
    if (error) {
        whip_fail(response, sfu_offer_error_status(error), sfu_offer_error_text(error));
        goto out;
    }
    /* a participant's newer session of the same kind takes the place of the older, whose transport may be dead */
    session = sfu_registry_find_participant(&whip->registry, params->room, params->pseudonym, params->role);
    if (session && !whip_end_session(whip, session, "session_replaced", response))
        goto out;
    session = sfu_registry_add(&whip->registry);
    if (!session) {
        whip_add_header(response, "Retry-After", "10");
        whip_fail(response, 503, "there are too many sessions");
        goto out;
    }
    memcpy(session->id, params->id, sizeof(session->id));
    memcpy(session->room, params->room, sizeof(session->room));
    memcpy(session->pseudonym, params->pseudonym, sizeof(session->pseudonym));
    session->role = params->role;
    session->tagged = *sfu_session_tagged_media(params);
    session->token_expires_s = params->token_expires_s;
    memcpy(session->fingerprint, params->remote_fingerprint, sizeof(session->fingerprint));
    error =
        text_random(session->etag, ETAG_LEN, "-_") ? sfu_worker_add_session(whip->worker, params) : SFU_WORKER_SYSTEM;
    if (error) {
        sfu_registry_remove(&whip->registry, session);
        whip_add_header(response, "Retry-After", "10");
        whip_fail(response, whip_worker_status(error), "the session cannot be started now");
        goto out;
    }
    atomic_store(&whip->session_count, whip->registry.count);
    whip_log_session("session_started", session);
    snprintf(value, sizeof(value), "/session/%s", session->id);
    whip_add_header(response, "Location", value);
    snprintf(value, sizeof(value), "\"%s\"", session->etag);
    whip_add_header(response, "ETag", value);
    whip_add_header(response, "Accept-Patch", FRAGMENT_TYPE);
    http_respond(response, 201, SDP_TYPE, answer);
out:
    core_wipe(answer, ANSWER_MAX); /* it holds an ICE password */
    free(answer);
}

/* POST /whip/ROOM and /whep/ROOM (RFC 9725 section 4.2; draft-ietf-wish-whep-03 section 4.2) */
static void post_offer(struct sfu_whip *whip, const struct http_request *request, enum sfu_role role, const char *room,
                       struct http_response *response)
{
    struct token token;
    struct sfu_session_params *params = NULL;
    bool may = whip_is_trusted(whip, request) ? whip_authorize_dev(request, room, response, &token)
                                              : whip_authorize(whip, request, room, response, &token);
    if (!may)
        return;
    if (!sfu_auth_allows(&token, role)) {
        whip_fail(response, 403, "the token does not allow this");
        return;
    }
    if (atomic_load(&whip->draining)) {
        whip_add_header(response, "Retry-After", "10");
        whip_fail(response, 503, "the server is shutting down");
        return;
    }
    if (!whip_is_type(request->content_type, SDP_TYPE)) {
        whip_add_header(response, "Accept-Post", SDP_TYPE);
        whip_fail(response, 415, "the body must be application/sdp");
        return;
    }
    if (!accepts(request->accept, SDP_TYPE)) {
        whip_fail(response, 406, "the answer is application/sdp");
        return;
    }
    params = calloc(1, sizeof(*params));
    if (!params) {
        whip_fail(response, 503, "out of memory");
        return;
    }
    params->role = role;
    params->token_expires_s = token.expires_s;
    memcpy(params->room, token.room, sizeof(params->room));
    memcpy(params->pseudonym, token.subject, sizeof(params->pseudonym));
    if (!choose_secrets(params))
        whip_fail(response, 500, "the system has no random bytes");
    else if (read_offer(whip, request, &token, response, params))
        start_session(whip, params, response);
    core_wipe(params, sizeof(*params));
    free(params);
}

void whip_refuse_method(struct http_response *response, const char *allowed)
{
    whip_add_header(response, "Allow", allowed);
    whip_fail(response, 405, "this resource has no such method");
}

void whip_answer_options(struct http_response *response, const char *methods, const char *accept_name,
                         const char *accept)
{
    whip_add_header(response, "Access-Control-Allow-Methods", methods);
    whip_add_header(response, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match");
    whip_add_header(response, "Access-Control-Max-Age", "86400");
    whip_add_header(response, accept_name, accept);
    response->status = 204;
}

static void handle_endpoint(struct sfu_whip *whip, const struct http_request *request, enum sfu_role role,
                            struct text_slice rest, struct http_response *response)
{
    char room[SFU_ID_MAX];
    if (!token_id_is_valid(rest.data, rest.len) || !text_copy(rest, room, sizeof(room)))
        whip_fail(response, 404, "a room is 1 to 63 letters, digits, '-', '_' or '.'");
    else if (request->method == HTTP_OPTIONS)
        whip_answer_options(response, "POST, OPTIONS", "Accept-Post", SDP_TYPE);
    else if (request->method != HTTP_POST)
        whip_refuse_method(response, "POST, OPTIONS");
    else
        post_offer(whip, request, role, room, response);
}

static void get_metrics(struct sfu_whip *whip, struct http_response *response)
{
    struct sfu_worker_stats stats;
    struct sfu_forward_stats *pairs = NULL;
    size_t count = 0;
    int error = sfu_worker_stats(whip->worker, &stats);
    if (!error)
        error = sfu_worker_forwarded(whip->worker, &pairs, &count);
    char *text = error ? NULL : sfu_metrics_text(&stats, pairs, count);
    if (text)
        http_respond(response, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    else
        whip_fail(response, 503, "the figures are not to be had now");
    free(text);
    free(pairs);
}

static void get_version(struct http_response *response)
{
    char text[512];
    snprintf(text, sizeof(text), "{\"name\":\"sotto-sfu\",\"version\":\"%s\",\"build\":\"%s\"}\n", daemon_version(),
             daemon_build_id());
    http_respond(response, 200, JSON_TYPE, text);
}

static void handle_page(struct sfu_whip *whip, const struct http_request *request, struct http_response *response)
{
    struct text_slice path = text_of(request->path);
    bool shows_metrics = whip->config.metrics == CONFIG_METRICS_ANY ||
                         (whip->config.metrics == CONFIG_METRICS_LOOPBACK && request->from_loopback);
    bool health = text_equal(path, "/healthz");
    bool version = text_equal(path, "/version");
    bool metrics = shows_metrics && text_equal(path, "/metrics");
    if (!health && !version && !metrics) {
        whip_fail(response, 404, "there is no such resource");
    } else if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        whip_refuse_method(response, "GET, HEAD");
    } else if (health) {
        bool draining = atomic_load(&whip->draining);
        http_respond(response, draining ? 503 : 200, TEXT_TYPE, draining ? "draining\n" : "ok\n");
    } else if (version) {
        get_version(response);
    } else {
        get_metrics(whip, response);
    }
}

static bool take_prefix(struct text_slice *path, const char *prefix)
{
    if (!text_starts(*path, prefix))
        return false;
    path->data += strlen(prefix);
    path->len -= strlen(prefix);
    return true;
}

void sfu_whip_handle(void *user, const struct http_request *request, struct http_response *response)
{
    struct sfu_whip *whip = user;
    struct text_slice path = text_of(request->path);
    if (whip->config.dev && !sfu_auth_is_local(request)) {
        whip_fail(response, 403, "with --dev only this machine is served");
        return;
    }
    /* nothing here rests on cookies, so that pages of any origin may ask; what they need is a token */
    whip_add_header(response, "Access-Control-Allow-Origin", "*");
    whip_add_header(response, "Access-Control-Expose-Headers",
                    "Location, ETag, Accept-Patch, Accept-Post, Retry-After");
    if (take_prefix(&path, "/whip/"))
        handle_endpoint(whip, request, SFU_PUBLISHER, path, response);
    else if (take_prefix(&path, "/whep/"))
        handle_endpoint(whip, request, SFU_SUBSCRIBER, path, response);
    else if (take_prefix(&path, "/session/"))
        whip_handle_session(whip, request, path, response);
    else if (whip->config.dev && text_equal(path, "/dev/token"))
        whip_handle_dev_token(whip, request, response);
    else
        handle_page(whip, request, response);
}

static const char *end_text(enum sfu_session_end reason)
{
    static const char *const texts[] = {
        [SFU_END_REQUESTED] = "requested",        [SFU_END_SHUTDOWN] = "shutdown",
        [SFU_END_PEER] = "closed_by_peer",        [SFU_END_CONSENT] = "no_consent",
        [SFU_END_HANDSHAKE] = "handshake_failed", [SFU_END_FINGERPRINT] = "wrong_fingerprint",
        [SFU_END_TOKEN] = "token_expired",        [SFU_END_ROUTER] = "room_full",
    };
    return (size_t)reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "unknown";
}

/* What sfu_whip_session_ended was told since the last tick. */
static void hear_of_ends(struct sfu_whip *whip)
{
    struct ended ended[ENDED_MAX];
    pthread_mutex_lock(&whip->ended_lock);
    size_t count = whip->ended_count;
    memcpy(ended, whip->ended, count * sizeof(ended[0]));
    whip->ended_count = 0;
    pthread_mutex_unlock(&whip->ended_lock);
    for (size_t i = 0; i < count; i++) {
        struct sfu_registered *session = sfu_registry_find(&whip->registry, ended[i].id);
        if (session) {
            char id[LOGGED_ID_LEN + 1];
            snprintf(id, sizeof(id), "%.*s", LOGGED_ID_LEN, ended[i].id);
            log_event(LOG_LEVEL_INFO, "session_closed", "session", id, "reason", end_text(ended[i].reason), NULL);
            whip_forget(whip, session, "session_ended");
        }
    }
}

/* Sessions that ended unheard: ask the worker about a few at a time. */
void sfu_whip_tick(void *user)
{
    struct sfu_whip *whip = user;
    hear_of_ends(whip);
    size_t visits = whip->registry.count < SWEEP_MAX ? whip->registry.count : SWEEP_MAX;
    for (size_t i = 0; i < visits; i++) {
        struct sfu_registered *session = sfu_registry_visit(&whip->registry);
        if (!session)
            return;
        int error = sfu_worker_renew(whip->worker, session->id, session->token_expires_s);
        if (error == SFU_WORKER_UNKNOWN_SESSION)
            whip_forget(whip, session, "session_ended");
        else if (error == SFU_WORKER_BUSY)
            return;
    }
}
