#include "fixture.h"
#include "sfu/whip.h"
#include "token_test_keys.h"
#include "unit.h"
#include "worker_stub.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct dev_issuer *issuer;
static struct sfu_worker *worker;
static struct sfu_whip *whip;
static struct http_response response;

/* A server with --dev, whose keys are its own and nobody else's. */
static void set_up(void)
{
    const struct sfu_worker_config worker_config = {.port = 0};
    struct token_keys keys;
    issuer = dev_issuer_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(issuer);
    const struct sfu_whip_config config = {
        .max_sessions = 8,
        .dev = issuer,
        .answer = {.addresses = {"127.0.0.1"}, .address_count = 1, .port = 5004, .fingerprint = "00:11"},
    };
    worker = sfu_worker_open(&worker_config);
    whip = sfu_whip_new(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(whip);
    sfu_whip_use_worker(whip, worker);
    token_keys_init(&keys);
    CU_ASSERT_EQUAL(dev_issuer_add_key(issuer, &keys), TOKEN_OK);
    sfu_whip_set_keys(whip, &keys);
}

static void tear_down(void)
{
    sfu_whip_free(whip);
    sfu_worker_close(worker);
    dev_issuer_free(issuer);
    free(response.body);
    memset(&response, 0, sizeof(response));
}

static struct http_request make(const char *path)
{
    struct http_request request = {.method = HTTP_POST, .from_loopback = true};
    snprintf(request.path, sizeof(request.path), "%s", path);
    strcpy(request.host, "127.0.0.1:7800");
    return request;
}

static struct http_request make_offer(const char *path, char **text)
{
    struct http_request request = make(path);
    size_t len;
    *text = fixture_read("chromium_whip.sdp", &len);
    request.body = (struct text_slice){*text, len};
    strcpy(request.content_type, "application/sdp");
    return request;
}

static int handle(const struct http_request *request)
{
    free(response.body);
    memset(&response, 0, sizeof(response));
    response.status = 404;
    sfu_whip_handle(whip, request, &response);
    return response.status;
}

/* Asks /dev/token for these claims and has request show what it gives. */
static void ask_token(struct http_request *request, const char *claims)
{
    struct http_request ask = make("/dev/token");
    ask.body = text_of(claims);
    strcpy(ask.content_type, "application/json; charset=utf-8");
    CU_ASSERT_EQUAL_FATAL(handle(&ask), 200);
    CU_ASSERT_STRING_EQUAL(response.content_type, "application/jwt");
    snprintf(request->authorization, sizeof(request->authorization), "Bearer %s", response.body);
}

static void show(struct http_request *request, jwt_alg_t alg, const char *key)
{
    char claims[256];
    jwt_t *jwt = NULL;
    snprintf(claims, sizeof(claims), "{\"room\":\"blue\",\"sub\":\"ann\",\"allow\":[\"publish\"],\"exp\":%ld}",
             (long)time(NULL) + 300);
    if (jwt_new(&jwt) || jwt_add_grants_json(jwt, claims) ||
        jwt_set_alg(jwt, alg, (const unsigned char *)key, key ? (int)strlen(key) : 0))
        exit(1);
    char *text = jwt_encode_str(jwt);
    snprintf(request->authorization, sizeof(request->authorization), "Bearer %s", text);
    free(text);
    jwt_free(jwt);
}

static void dev_serves_this_machine_alone(void)
{
    static const struct {
        const char *path;
        const char *host;
        const char *origin;
        bool loopback;
        int status;
    } rows[] = {
        {"/dev/token", "127.0.0.1:7800", "", true, 200},
        {"/dev/token", "localhost", "", true, 200},
        {"/dev/token", "[::1]:7800", "", true, 200},
        {"/dev/token", "127.0.0.1:7800", "http://localhost:3000", true, 200},
        {"/dev/token", "127.0.0.1:7800", "", false, 403},
        {"/dev/token", "", "", true, 403},
        {"/dev/token", "evil.example", "", true, 403},
        {"/dev/token", "127.0.0.1.evil.example", "", true, 403},
        {"/dev/token", "localhost.evil.example", "", true, 403},
        {"/dev/token", "127.0.0.1:7800", "https://evil.example", true, 403},
        {"/dev/token", "127.0.0.1:7800", "https://localhost.evil.example", true, 403},
        {"/dev/token", "127.0.0.1:7800", "null", true, 403},
        {"/whip/blue", "127.0.0.1:7800", "", false, 403},
        {"/session/x", "127.0.0.1:7800", "https://evil.example", true, 403},
    };
    set_up();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request = make(rows[i].path);
        request.body = text_of("{\"room\":\"blue\"}");
        strcpy(request.content_type, "application/json");
        request.method = HTTP_POST;
        strcpy(request.host, rows[i].host);
        strcpy(request.origin, rows[i].origin);
        request.from_loopback = rows[i].loopback;
        CU_ASSERT_EQUAL(handle(&request), rows[i].status);
    }
    tear_down();
}

static void dev_takes_a_participants_name_from_the_query(void)
{
    char *text;
    set_up();
    struct http_request request = make_offer("/whip/blue", &text);
    strcpy(request.query, "x=1&name=ann-7");
    CU_ASSERT_EQUAL(handle(&request), 201);
    CU_ASSERT_STRING_EQUAL(worker->sessions[0].pseudonym, "ann-7");
    CU_ASSERT_EQUAL(worker->sessions[0].token_expires_s, UINT64_MAX);
    strcpy(request.query, "name=a%20b");
    CU_ASSERT_EQUAL(handle(&request), 400);
    strcpy(request.query, "");
    CU_ASSERT_EQUAL(handle(&request), 201);
    CU_ASSERT_EQUAL(handle(&request), 201);
    CU_ASSERT_EQUAL(worker->session_count, 3);
    CU_ASSERT_STRING_NOT_EQUAL(worker->sessions[1].pseudonym, worker->sessions[2].pseudonym);
    free(text);
    tear_down();
}

static void its_own_tokens_are_checked_as_any(void)
{
    char *text;
    struct timespec now; /* of the daemon's clock: time() may be a tick behind it */
    set_up();
    struct http_request request = make_offer("/whip/blue", &text);
    ask_token(&request, "{\"room\":\"blue\",\"sub\":\"ann\",\"allow\":[\"publish\"]}");
    strcpy(request.query, "name=eve"); /* a token's pseudonym is not the query's */
    CU_ASSERT_EQUAL(handle(&request), 201);
    CU_ASSERT_STRING_EQUAL(worker->sessions[0].pseudonym, "ann");
    CU_ASSERT_EQUAL_FATAL(clock_gettime(CLOCK_REALTIME, &now), 0);
    CU_ASSERT(worker->sessions[0].token_expires_s <= (uint64_t)now.tv_sec + 3600);
    strcpy(request.path, "/whip/red");
    CU_ASSERT_EQUAL(handle(&request), 403);
    strcpy(request.path, "/whep/blue");
    CU_ASSERT_EQUAL(handle(&request), 403);
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "does not allow this"));
    ask_token(&request,
              "{\"room\":\"blue\",\"fpr\":\"00:CB:07:91:4F:33:E2:8D:60:1B:F7:C4:9A:28:D3:76:0E:B1:45:FC:82:69:"
              "1D:A7:3E:54:CD:90:12:7B:E8:36\"}");
    strcpy(request.path, "/whip/blue");
    CU_ASSERT_EQUAL(handle(&request), 403);
    CU_ASSERT_EQUAL(worker->session_count, 1);
    free(text);
    tear_down();
}

/* Who shows a token is held to it, though without one the door is open. */
static void a_token_that_is_no_token_is_refused(void)
{
    static const char *const fields[] = {"Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c"};
    char *text;
    set_up();
    struct http_request request = make_offer("/whip/blue", &text);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        strcpy(request.authorization, fields[i]);
        CU_ASSERT_EQUAL(handle(&request), 401);
    }
    show(&request, JWT_ALG_NONE, NULL);
    CU_ASSERT_EQUAL(handle(&request), 401);
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "not ES256"));
    show(&request, JWT_ALG_HS256, issuer_public);
    CU_ASSERT_EQUAL(handle(&request), 401);
    show(&request, JWT_ALG_ES256, issuer_private);
    CU_ASSERT_EQUAL(handle(&request), 401);
    CU_ASSERT_PTR_NOT_NULL(strstr(response.body, "not of a known key"));
    CU_ASSERT_EQUAL(worker->session_count, 0);
    free(text);
    tear_down();
}

static void a_token_opens_its_own_session_only(void)
{
    char *text;
    char location[128];
    set_up();
    struct http_request request = make_offer("/whip/blue", &text);
    ask_token(&request, "{\"room\":\"blue\",\"sub\":\"ann\"}");
    CU_ASSERT_EQUAL_FATAL(handle(&request), 201);
    const char *at = strstr(response.extra, "Location: ");
    CU_ASSERT_FATAL(at && sscanf(at, "Location: %127s", location) == 1);
    struct http_request end = make(location);
    end.method = HTTP_DELETE;
    ask_token(&end, "{\"room\":\"blue\",\"sub\":\"eve\"}");
    CU_ASSERT_EQUAL(handle(&end), 403);
    end.authorization[0] = 0;
    CU_ASSERT_EQUAL(handle(&end), 200);
    free(text);
    tear_down();
}

static void dev_token_has_the_statuses_of_http(void)
{
    static const struct {
        enum http_method method;
        const char *type;
        const char *body;
        int status;
    } rows[] = {
        {HTTP_POST, "application/json", "{\"room\":\"blue\"}", 200},
        {HTTP_POST, "application/json", "{\"room\":\"blue\",\"exp\":1}", 400},
        {HTTP_POST, "application/json", "room=blue", 400},
        {HTTP_POST, "text/plain", "{\"room\":\"blue\"}", 415},
        {HTTP_POST, "application/x-www-form-urlencoded", "room=blue", 415},
        {HTTP_GET, "", "", 405},
        {HTTP_OPTIONS, "", "", 204},
    };
    set_up();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request = make("/dev/token");
        request.method = rows[i].method;
        strcpy(request.content_type, rows[i].type);
        request.body = text_of(rows[i].body);
        CU_ASSERT_EQUAL(handle(&request), rows[i].status);
    }
    tear_down();
}

static const struct unit_test tests[] = {
    {"dev serves this machine alone", dev_serves_this_machine_alone},
    {"dev takes a participant's name from the query", dev_takes_a_participants_name_from_the_query},
    {"its own tokens are checked as any", its_own_tokens_are_checked_as_any},
    {"a token that is no token is refused", a_token_that_is_no_token_is_refused},
    {"a token opens its own session only", a_token_opens_its_own_session_only},
    {"/dev/token has the statuses of HTTP", dev_token_has_the_statuses_of_http},
};
UNIT_MAIN("sfu.whip_dev", tests)
