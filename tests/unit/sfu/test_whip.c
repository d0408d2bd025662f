#include "fixture.h"
#include "sfu/whip.h"
#include "token_test_keys.h"
#include "unit.h"
#include "worker_stub.h"

#include <jwt.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void __real_free(void *memory);
void __wrap_free(void *memory);

static bool watching;
static size_t freed_answers;

/* Linked with --wrap=free: does the server give back memory that still holds an answer, with its ICE password? */
void __wrap_free(void *memory)
{
    static const char mark[] = "\r\na=ice-lite\r\n";
    if (watching && memory)
        freed_answers += memmem(memory, malloc_usable_size(memory), mark, strlen(mark)) != NULL;
    __real_free(memory);
}

static struct dev_issuer *issuer;
static struct sfu_worker *worker;
static struct sfu_whip *whip;
static struct http_response response;

static const struct sfu_whip_config base = {
    .max_sessions = 8,
    .metrics = CONFIG_METRICS_LOOPBACK,
    .answer = {.addresses = {"192.0.2.7"}, .address_count = 1, .port = 5004, .fingerprint = "00:11"},
};

static void set_up(bool dev)
{
    struct sfu_whip_config config = base;
    const struct sfu_worker_config worker_config = {.port = 0};
    worker = sfu_worker_open(&worker_config);
    issuer = dev ? dev_issuer_new() : NULL;
    config.dev = issuer;
    whip = sfu_whip_new(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(whip);
    CU_ASSERT_EQUAL_FATAL(issuer != NULL, dev);
    sfu_whip_use_worker(whip, worker);
    struct token_keys keys;
    token_keys_init(&keys);
    int error = dev ? dev_issuer_add_key(issuer, &keys) : token_keys_add(&keys, issuer_public, strlen(issuer_public));
    CU_ASSERT_EQUAL(error, TOKEN_OK);
    sfu_whip_set_keys(whip, &keys);
    CU_ASSERT_EQUAL(keys.count, 0);
}

static void tear_down(void)
{
    sfu_whip_free(whip);
    sfu_worker_close(worker);
    dev_issuer_free(issuer);
    free(response.body);
    memset(&response, 0, sizeof(response));
}

static struct http_request make(enum http_method method, const char *path)
{
    struct http_request request = {.method = method, .from_loopback = true};
    snprintf(request.path, sizeof(request.path), "%s", path);
    strcpy(request.host, "127.0.0.1:7800");
    return request;
}

static int handle(const struct http_request *request)
{
    free(response.body);
    memset(&response, 0, sizeof(response));
    response.status = 404;
    freed_answers = 0;
    watching = true;
    sfu_whip_handle(whip, request, &response);
    watching = false;
    CU_ASSERT_EQUAL(freed_answers, 0);
    return response.status;
}

/* The value of a header field the response adds; out is empty without it. */
static void header(const char *name, char *out, size_t cap)
{
    char start[64];
    out[0] = 0;
    snprintf(start, sizeof(start), "%s: ", name);
    const char *at = strstr(response.extra, start);
    if (at) {
        at += strlen(start);
        snprintf(out, cap, "%.*s", (int)(strstr(at, "\r\n") - at), at);
    }
}

static char *mint(const char *room, const char *subject, const char *allow, long life_s, const char *more)
{
    char claims[512];
    jwt_t *jwt = NULL;
    snprintf(claims, sizeof(claims), "{\"room\":\"%s\",\"sub\":\"%s\",\"allow\":[%s],\"exp\":%ld%s}", room, subject,
             allow, (long)time(NULL) + life_s, more);
    if (jwt_new(&jwt) || jwt_add_grants_json(jwt, claims) ||
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)issuer_private, (int)strlen(issuer_private)))
        exit(1);
    char *text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

static void authorize(struct http_request *request, const char *room, const char *subject, const char *allow,
                      long life_s, const char *more)
{
    char *token = mint(room, subject, allow, life_s, more);
    snprintf(request->authorization, sizeof(request->authorization), "Bearer %s", token);
    free(token);
}

#define BOTH "\"publish\",\"subscribe\""

static struct http_request make_offer(const char *path, char **text, const char *fixture)
{
    struct http_request request = make(HTTP_POST, path);
    size_t len;
    *text = fixture_read(fixture, &len);
    request.body = (struct text_slice){*text, len};
    strcpy(request.content_type, "application/sdp");
    return request;
}

/* Publishes to the room as the subject; the session's path to out. */
static int publish(const char *room, const char *subject, char *out, size_t cap)
{
    char path[128];
    char *text;
    snprintf(path, sizeof(path), "/whip/%s", room);
    struct http_request request = make_offer(path, &text, "chromium_whip.sdp");
    authorize(&request, room, subject, BOTH, 300, "");
    int status = handle(&request);
    header("Location", out, cap);
    free(text);
    return status;
}

static void an_offer_becomes_a_session(void)
{
    char location[128];
    char value[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    CU_ASSERT_STRING_EQUAL(response.content_type, "application/sdp");
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "a=ice-lite\r\n"));
    CU_ASSERT_EQUAL_FATAL(worker->session_count, 1);
    const struct sfu_session_params *session = &worker->sessions[0];
    CU_ASSERT_EQUAL(strncmp(location, "/session/", 9), 0);
    CU_ASSERT_STRING_EQUAL(location + 9, session->id);
    CU_ASSERT(strlen(session->id) >= 22);
    CU_ASSERT_STRING_EQUAL(session->room, "blue");
    CU_ASSERT_STRING_EQUAL(session->pseudonym, "ann");
    CU_ASSERT_EQUAL(session->role, SFU_PUBLISHER);
    CU_ASSERT(strlen(session->local_pwd) >= 22 && strlen(session->local_ufrag) >= 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, session->local_pwd));
    header("ETag", value, sizeof(value));
    CU_ASSERT(value[0] == '"' && strlen(value) > 8);
    header("Accept-Patch", value, sizeof(value));
    CU_ASSERT_STRING_EQUAL(value, "application/trickle-ice-sdpfrag");
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 1);
    tear_down();
}

static void tokens_decide_who_may_come_in(void)
{
    static const struct {
        const char *path;
        const char *room;
        const char *allow;
        long life_s;
        const char *more;
        int status;
    } rows[] = {
        {"/whip/blue", "blue", BOTH, 300, "", 201},
        {"/whip/blue", "blue", "\"publish\"", 300, "", 201},
        {"/whip/blue", "blue", "\"subscribe\"", 300, "", 403},
        {"/whip/blue", "red", BOTH, 300, "", 403},
        {"/whip/blue", "blue", BOTH, -1, "", 401},
        {"/whip/blue", "blue", BOTH, 90000, "", 401},
        {"/whip/blue", "blue", BOTH, 300,
         ",\"fpr\":\"5A:CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:1D:A7:3E:54:CD:90:12:7B:E8:36\"",
         201},
        {"/whip/blue", "blue", BOTH, 300,
         ",\"fpr\":\"5B:CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:1D:A7:3E:54:CD:90:12:7B:E8:36\"",
         403},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text;
        set_up(false);
        struct http_request request = make_offer(rows[i].path, &text, "chromium_whip.sdp");
        authorize(&request, rows[i].room, "ann", rows[i].allow, rows[i].life_s, rows[i].more);
        int status = handle(&request);
        if (status != rows[i].status)
            fprintf(stderr, "row %zu: %d %s", i, status, response.body);
        CU_ASSERT_EQUAL(status, rows[i].status);
        CU_ASSERT_EQUAL(worker->session_count, rows[i].status == 201);
        free(text);
        tear_down();
    }
}

static void without_a_token_the_scheme_is_named(void)
{
    char value[128];
    char *text;
    set_up(false);
    struct http_request request = make_offer("/whip/blue", &text, "chromium_whip.sdp");
    CU_ASSERT_EQUAL(handle(&request), 401);
    header("WWW-Authenticate", value, sizeof(value));
    CU_ASSERT_STRING_EQUAL(value, "Bearer");
    strcpy(request.authorization, "Bearer x.y.z");
    CU_ASSERT_EQUAL(handle(&request), 401);
    header("WWW-Authenticate", value, sizeof(value));
    CU_ASSERT_STRING_EQUAL(value, "Bearer error=\"invalid_token\"");
    strcpy(request.authorization, "Basic eDp5");
    CU_ASSERT_EQUAL(handle(&request), 401);
    CU_ASSERT_EQUAL(worker->session_count, 0);
    free(text);
    tear_down();
}

static void requests_have_the_statuses_of_whip(void)
{
    static const struct {
        enum http_method method;
        const char *path;
        const char *type;
        const char *accept;
        const char *body; /* NULL: a good offer */
        int status;
    } rows[] = {
        {HTTP_POST, "/whip/blue", "application/sdp; charset=utf-8", "", NULL, 201},
        {HTTP_POST, "/whip/blue", "APPLICATION/SDP", "text/html, */*;q=0.1", NULL, 201},
        {HTTP_POST, "/whip/blue", "application/json", "", NULL, 415},
        {HTTP_POST, "/whip/blue", "", "", NULL, 415},
        {HTTP_POST, "/whip/blue", "application/sdp", "text/html", NULL, 406},
        {HTTP_POST, "/whip/blue", "application/sdp", "", "hello", 400},
        {HTTP_POST, "/whip/blue", "application/sdp", "", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", 406},
        {HTTP_POST, "/whip/", "application/sdp", "", NULL, 404},
        {HTTP_POST, "/whip/a/b", "application/sdp", "", NULL, 404},
        {HTTP_POST, "/whip/a b", "application/sdp", "", NULL, 404},
        {HTTP_GET, "/whip/blue", "", "", "", 405},
        {HTTP_PUT, "/whip/blue", "", "", "", 405},
        {HTTP_DELETE, "/whip/blue", "", "", "", 405},
        {HTTP_OPTIONS, "/whip/blue", "", "", "", 204},
        {HTTP_OPTIONS, "/session/x", "", "", "", 204},
        {HTTP_GET, "/session/x", "", "", "", 405},
        {HTTP_DELETE, "/session/x", "", "", "", 404},
        {HTTP_DELETE, "/session/x/slots", "", "", "", 405},
        {HTTP_PATCH, "/session/x/other", "", "", "", 404},
        {HTTP_GET, "/nothing", "", "", "", 404},
        {HTTP_POST, "/nothing", "", "", "", 404},
        {HTTP_POST, "/healthz", "", "", "", 405},
        {HTTP_GET, "/healthz", "", "", "", 200},
        {HTTP_HEAD, "/healthz", "", "", "", 200},
        {HTTP_GET, "/version", "", "", "", 200},
        {HTTP_GET, "/metrics", "", "", "", 200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len;
        char *offer = fixture_read("chromium_whip.sdp", &len);
        set_up(true);
        struct http_request request = make(rows[i].method, rows[i].path);
        request.body = text_of(rows[i].body ? rows[i].body : offer);
        strcpy(request.content_type, rows[i].type);
        strcpy(request.accept, rows[i].accept);
        int status = handle(&request);
        if (status != rows[i].status)
            fprintf(stderr, "row %zu: %d %s", i, status, response.body ? response.body : "\n");
        CU_ASSERT_EQUAL(status, rows[i].status);
        free(offer);
        tear_down();
    }
}

static void every_fixture_is_accepted_in_its_role(void)
{
    set_up(true);
    for (size_t i = 0; i < fixture_count; i++) {
        char *text;
        bool whep = strstr(fixture_names[i], "whep") != NULL;
        struct http_request request = make_offer(whep ? "/whep/blue" : "/whip/blue", &text, fixture_names[i]);
        CU_ASSERT_EQUAL(handle(&request), 201);
        free(text);
    }
    CU_ASSERT_EQUAL(worker->session_count, fixture_count);
    tear_down();
}

static void only_its_participant_ends_a_session(void)
{
    char location[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    struct http_request request = make(HTTP_DELETE, location);
    CU_ASSERT_EQUAL(handle(&request), 401);
    authorize(&request, "blue", "bob", BOTH, 300, "");
    CU_ASSERT_EQUAL(handle(&request), 403);
    authorize(&request, "red", "ann", BOTH, 300, "");
    CU_ASSERT_EQUAL(handle(&request), 403);
    authorize(&request, "blue", "ann", "\"subscribe\"", 300, "");
    CU_ASSERT_EQUAL(handle(&request), 403);
    CU_ASSERT_EQUAL(worker->session_count, 1);
    authorize(&request, "blue", "ann", BOTH, 300, "");
    CU_ASSERT_EQUAL(handle(&request), 200);
    CU_ASSERT_EQUAL(worker->session_count, 0);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 0);
    CU_ASSERT_EQUAL(handle(&request), 404);
    tear_down();
}

/* Whoever steals a token that is bound to a certificate can do nothing with it, to a session that exists neither. */
static void a_bound_token_opens_its_certificates_session_only(void)
{
#define FPR_TAIL "CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:1D:A7:3E:54:CD:90:12:7B:E8:36"
    char location[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    struct http_request request = make(HTTP_DELETE, location);
    authorize(&request, "blue", "ann", BOTH, 3000, ",\"fpr\":\"5B:" FPR_TAIL "\"");
    CU_ASSERT_EQUAL(handle(&request), 403);
    CU_ASSERT_EQUAL(worker->renewed_until_s, 0);
    CU_ASSERT_EQUAL(worker->session_count, 1);
    authorize(&request, "blue", "ann", BOTH, 300, ",\"fpr\":\"5A:" FPR_TAIL "\"");
    CU_ASSERT_EQUAL(handle(&request), 200);
    CU_ASSERT_EQUAL(worker->session_count, 0);
    tear_down();
#undef FPR_TAIL
}

/* Nobody is told that a session has ended while it goes on. */
static void a_session_that_cannot_be_ended_is_not_forgotten(void)
{
    char location[128];
    char second[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    struct http_request request = make(HTTP_DELETE, location);
    authorize(&request, "blue", "ann", BOTH, 300, "");
    worker->next_end_error = SFU_WORKER_BUSY;
    CU_ASSERT_EQUAL(handle(&request), 503);
    worker->next_end_error = SFU_WORKER_BUSY;
    CU_ASSERT_EQUAL(publish("blue", "ann", second, sizeof(second)), 503);
    CU_ASSERT_EQUAL(worker->session_count, 1);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 1);
    CU_ASSERT_EQUAL(handle(&request), 200);
    CU_ASSERT_EQUAL(worker->session_count, 0);
    tear_down();
}

static void a_newer_session_takes_the_olders_place(void)
{
    char first[128];
    char second[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", first, sizeof(first)), 201);
    CU_ASSERT_EQUAL(publish("red", "ann", second, sizeof(second)), 201);
    CU_ASSERT_EQUAL(publish("blue", "bob", second, sizeof(second)), 201);
    CU_ASSERT_EQUAL(worker->session_count, 3);
    CU_ASSERT_EQUAL(publish("blue", "ann", second, sizeof(second)), 201);
    CU_ASSERT_EQUAL(worker->session_count, 3);
    CU_ASSERT_STRING_NOT_EQUAL(first, second);
    struct http_request request = make(HTTP_DELETE, first);
    authorize(&request, "blue", "ann", BOTH, 300, "");
    CU_ASSERT_EQUAL(handle(&request), 404);
    tear_down();
}

static void a_later_token_lengthens_a_session(void)
{
    char location[128];
    char etag[64];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    header("ETag", etag, sizeof(etag));
    struct http_request request = make(HTTP_PATCH, location);
    strcpy(request.content_type, "application/trickle-ice-sdpfrag");
    strcpy(request.if_match, etag);
    request.body = text_of("a=end-of-candidates\r\n");
    authorize(&request, "blue", "ann", BOTH, 100, "");
    CU_ASSERT_EQUAL(handle(&request), 204);
    CU_ASSERT_EQUAL(worker->renewed_until_s, 0);
    authorize(&request, "blue", "ann", BOTH, 900, "");
    CU_ASSERT_EQUAL(handle(&request), 204);
    CU_ASSERT(worker->renewed_until_s > (uint64_t)time(NULL) + 800);
    tear_down();
}

static void trickle_is_taken_and_restarts_are_answered(void)
{
    char location[128];
    char etag[64];
    char other[64];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    header("ETag", etag, sizeof(etag));
    struct http_request request = make(HTTP_PATCH, location);
    authorize(&request, "blue", "ann", BOTH, 100, "");
    request.body =
        text_of("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n");
    CU_ASSERT_EQUAL(handle(&request), 415);
    strcpy(request.content_type, "application/trickle-ice-sdpfrag");
    CU_ASSERT_EQUAL(handle(&request), 428);
    strcpy(request.if_match, "\"other\"");
    CU_ASSERT_EQUAL(handle(&request), 412);
    strcpy(request.if_match, etag);
    CU_ASSERT_EQUAL(handle(&request), 204);
    CU_ASSERT_STRING_EQUAL(worker->restarted_ufrag, "");
    strcpy(request.if_match, "*");
    CU_ASSERT_EQUAL(handle(&request), 200);
    CU_ASSERT_STRING_EQUAL(worker->restarted_ufrag, "EsAw");
    CU_ASSERT_STRING_EQUAL(response.content_type, "application/trickle-ice-sdpfrag");
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "a=ice-ufrag:"));
    header("ETag", other, sizeof(other));
    CU_ASSERT_STRING_NOT_EQUAL(other, etag);
    strcpy(request.if_match, etag);
    CU_ASSERT_EQUAL(handle(&request), 412);
    strcpy(request.if_match, "*");
    request.body = text_of("a=end-of-candidates\r\n");
    CU_ASSERT_EQUAL(handle(&request), 400);
    request.body = text_of("nonsense");
    CU_ASSERT_EQUAL(handle(&request), 400);
    tear_down();
}

static void slot_wishes_reach_the_worker(void)
{
    char location[128];
    char path[160];
    char *text;
    set_up(false);
    struct http_request request = make_offer("/whep/blue", &text, "chromium_whep_slots.sdp");
    authorize(&request, "blue", "ann", BOTH, 300, "");
    CU_ASSERT_EQUAL(handle(&request), 201);
    free(text);
    header("Location", location, sizeof(location));
    snprintf(path, sizeof(path), "%s/slots", location);
    request = make(HTTP_PATCH, path);
    authorize(&request, "blue", "ann", BOTH, 300, "");
    request.body = text_of(
        "{\"slots\":[{\"mid\":\"3\",\"publisher\":\"bob\",\"maxHeight\":360},{\"mid\":\"4\",\"paused\":true}]}");
    CU_ASSERT_EQUAL(handle(&request), 415);
    strcpy(request.content_type, "application/json");
    CU_ASSERT_EQUAL(handle(&request), 204);
    CU_ASSERT_EQUAL(worker->wish_count, 2);
    CU_ASSERT_STRING_EQUAL(worker->wishes[0].publisher, "bob");
    CU_ASSERT(worker->wishes[1].paused);
    request.body = text_of("{\"slots\":");
    CU_ASSERT_EQUAL(handle(&request), 400);
    request.body = text_of("{\"slots\":7}");
    CU_ASSERT_EQUAL(handle(&request), 422);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    snprintf(request.path, sizeof(request.path), "%s/slots", location);
    CU_ASSERT_EQUAL(handle(&request), 422);
    tear_down();
}

static void a_full_worker_is_service_unavailable(void)
{
    char location[128];
    set_up(false);
    worker->next_error = SFU_WORKER_FULL;
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 503);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 0);
    worker->next_error = SFU_WORKER_SYSTEM;
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 500);
    for (int i = 0; i < 8; i++) {
        char subject[16];
        snprintf(subject, sizeof(subject), "p%d", i);
        CU_ASSERT_EQUAL(publish("blue", subject, location, sizeof(location)), 201);
    }
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 503);
    CU_ASSERT_EQUAL(worker->session_count, 8);
    tear_down();
}

static void sessions_that_ended_by_themselves_are_forgotten(void)
{
    char location[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    CU_ASSERT_EQUAL(publish("blue", "bob", location, sizeof(location)), 201);
    sfu_whip_tick(whip);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 2);
    CU_ASSERT_EQUAL(sfu_worker_end_session(worker, location + strlen("/session/")), SFU_WORKER_OK);
    sfu_whip_tick(whip);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 1);
    /* and when the worker says so */
    sfu_whip_session_ended(whip, "unknown", SFU_END_PEER);
    sfu_whip_session_ended(whip, worker->sessions[0].id, SFU_END_CONSENT);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 1);
    sfu_whip_tick(whip);
    CU_ASSERT_EQUAL(sfu_whip_session_count(whip), 0);
    tear_down();
}

static void draining_lets_nobody_in(void)
{
    char location[128];
    set_up(false);
    CU_ASSERT_EQUAL(publish("blue", "ann", location, sizeof(location)), 201);
    sfu_whip_drain(whip);
    char later[128];
    CU_ASSERT_EQUAL(publish("blue", "bob", later, sizeof(later)), 503);
    struct http_request request = make(HTTP_GET, "/healthz");
    CU_ASSERT_EQUAL(handle(&request), 503);
    request = make(HTTP_DELETE, location);
    authorize(&request, "blue", "ann", BOTH, 300, "");
    CU_ASSERT_EQUAL(handle(&request), 200);
    tear_down();
}

/* What gives out tokens with --dev is not there without it, not even for a request that would be a good one. */
static void without_dev_nothing_gives_out_tokens(void)
{
    static const enum http_method methods[] = {HTTP_GET, HTTP_POST, HTTP_OPTIONS};
    set_up(false);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct http_request request = make(methods[i], "/dev/token");
        request.body = text_of("{\"room\":\"blue\"}");
        strcpy(request.content_type, "application/json");
        CU_ASSERT_EQUAL(handle(&request), 404);
    }
    tear_down();
}

static void metrics_are_not_for_everybody(void)
{
    set_up(false);
    struct http_request request = make(HTTP_GET, "/metrics");
    CU_ASSERT_EQUAL(handle(&request), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "sotto_sfu_cpu_microseconds_total 77\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body,
                                  "sotto_sfu_forwarded_frames_total{room=\"blue\",publisher=\"ann\",subscriber=\"bob\","
                                  "kind=\"video\"} 5\n"));
    /* one NACK names many packets, and messages are what is counted */
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "# HELP sotto_sfu_nacks_in_total NACK messages "));
    request.from_loopback = false;
    CU_ASSERT_EQUAL(handle(&request), 404);
    tear_down();
}

static const struct unit_test tests[] = {
    {"an offer becomes a session", an_offer_becomes_a_session},
    {"tokens decide who may come in", tokens_decide_who_may_come_in},
    {"without a token the scheme is named", without_a_token_the_scheme_is_named},
    {"requests have the statuses of WHIP", requests_have_the_statuses_of_whip},
    {"every fixture is accepted in its role", every_fixture_is_accepted_in_its_role},
    {"only its participant ends a session", only_its_participant_ends_a_session},
    {"a bound token opens its certificate's session only", a_bound_token_opens_its_certificates_session_only},
    {"a session that cannot be ended is not forgotten", a_session_that_cannot_be_ended_is_not_forgotten},
    {"a newer session takes the older's place", a_newer_session_takes_the_olders_place},
    {"a later token lengthens a session", a_later_token_lengthens_a_session},
    {"trickle is taken and restarts are answered", trickle_is_taken_and_restarts_are_answered},
    {"slot wishes reach the worker", slot_wishes_reach_the_worker},
    {"a full worker is service unavailable", a_full_worker_is_service_unavailable},
    {"sessions that ended by themselves are forgotten", sessions_that_ended_by_themselves_are_forgotten},
    {"draining lets nobody in", draining_lets_nobody_in},
    {"without --dev nothing gives out tokens", without_dev_nothing_gives_out_tokens},
    {"metrics are not for everybody", metrics_are_not_for_everybody},
};
UNIT_MAIN("sfu.whip", tests)
