#include "sfu/http.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 400, ANSWER_CAP = 256 * 1024 };

/* As in an answer that starts a session. */
#define SECRET "a=ice-pwd:neverToBeLeftInMemory\r\n"

void __real_free(void *memory);
void __wrap_free(void *memory);

static atomic_uint freed_secrets;

/* The server's objects are linked with --wrap=free: is anything given back that still holds the secret? */
void __wrap_free(void *memory)
{
    if (memory && memmem(memory, malloc_usable_size(memory), SECRET, strlen(SECRET)))
        atomic_fetch_add(&freed_secrets, 1);
    __real_free(memory);
}

static struct http_server *server;
static atomic_uint handled;
static char last_body[HTTP_BODY_MAX + 1];
static size_t last_body_len;
static struct http_request last;
static char answer[ANSWER_CAP];

/* Runs on the server's thread; the test reads what it stored only after the response came. */
static void handle(void *user, const struct http_request *request, struct http_response *response)
{
    (void)user;
    last = *request;
    last_body_len = request->body.len;
    if (request->body.len > 0)
        memcpy(last_body, request->body.data, request->body.len);
    atomic_fetch_add(&handled, 1);
    if (strcmp(request->path, "/large") == 0) {
        char *text = malloc(200001);
        memset(text, 'x', 200000);
        text[200000] = 0;
        http_respond(response, 200, "text/plain", text);
        free(text);
    } else if (strcmp(request->path, "/secret") == 0) {
        http_respond(response, 200, "text/plain", SECRET);
        http_respond(response, 201, "application/sdp", SECRET);
    } else if (strcmp(request->path, "/missing") != 0) {
        snprintf(response->extra, sizeof(response->extra), "X-Extra: yes\r\n");
        http_respond(response, 200, "text/plain", "hello\n");
    }
}

static void tick(void *user)
{
    (void)user;
}

static void open_server_with(uint32_t timeout_ms)
{
    const struct http_config config = {
        .address = "127.0.0.1",
        .request_timeout_ms = timeout_ms,
        .handler = {.handle = handle, .tick = tick},
    };
    server = http_server_open(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    atomic_store(&handled, 0);
}

static void open_server(void)
{
    open_server_with(TIMEOUT_MS);
}

static void close_server(void)
{
    http_server_close(server);
    server = NULL;
}

/* Connects from 127.0.0.host. */
static int dial_from(uint8_t host)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u + host)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(http_server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) || connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static int dial(void)
{
    return dial_from(1);
}

static void put(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the server has closed: what it said before is what counts */
        text += n;
        len -= (size_t)n;
    }
}

/* Reads until the server closes or `until` has come; false if it stays silent for 5 s. */
static bool get(int fd, const char *until)
{
    size_t len = 0;
    answer[0] = 0;
    for (;;) {
        ssize_t n = recv(fd, answer + len, ANSWER_CAP - 1 - len, 0);
        if (n <= 0)
            return n == 0 || errno == ECONNRESET;
        len += (size_t)n;
        answer[len] = 0;
        if (until && strstr(answer, until))
            return true;
    }
}

/* One request on a connection of its own; the status, 0 if the server closed without one, -1 if it hangs. */
static int ask(const char *text, size_t len)
{
    int fd = dial();
    put(fd, text, len);
    bool ended = get(fd, NULL);
    close(fd);
    if (!ended)
        return -1;
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static int ask_text(const char *text)
{
    return ask(text, strlen(text));
}

static void whole_requests_come_through(void)
{
    open_server();
    CU_ASSERT_EQUAL(ask_text("POST /whip/r?name=a HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/sdp\r\n"
                             "Authorization: Bearer t\r\nAccept: a/b\r\nIf-Match: \"e\"\r\nOrigin: http://o\r\n"
                             "Connection: close\r\nContent-Length: 5\r\n\r\nv=0\r\n"),
                    200);
    CU_ASSERT_EQUAL(last.method, HTTP_POST);
    CU_ASSERT_STRING_EQUAL(last.path, "/whip/r");
    CU_ASSERT_STRING_EQUAL(last.query, "name=a");
    CU_ASSERT_STRING_EQUAL(last.host, "h:1");
    CU_ASSERT_STRING_EQUAL(last.content_type, "application/sdp");
    CU_ASSERT_STRING_EQUAL(last.authorization, "Bearer t");
    CU_ASSERT_STRING_EQUAL(last.accept, "a/b");
    CU_ASSERT_STRING_EQUAL(last.if_match, "\"e\"");
    CU_ASSERT_STRING_EQUAL(last.origin, "http://o");
    CU_ASSERT(last.from_loopback);
    CU_ASSERT(last_body_len == 5 && memcmp(last_body, "v=0\r\n", 5) == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\r\nX-Extra: yes\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\r\nContent-Length: 6\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\r\n\r\nhello\n"));
    CU_ASSERT_EQUAL(ask_text("GET /missing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 404);
    CU_ASSERT_EQUAL(ask_text("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
    CU_ASSERT_PTR_NULL(strstr(answer, "hello"));
    CU_ASSERT_EQUAL(ask_text("GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
    CU_ASSERT_EQUAL(strlen(strstr(answer, "\r\n\r\n")), 200004);
    CU_ASSERT_EQUAL(ask_text("PATCH /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"), 200);
    CU_ASSERT_EQUAL(ask_text("DELETE /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
    CU_ASSERT_EQUAL(ask_text("OPTIONS /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
    close_server();
}

/* None of these may wait for more: the client would, too. */
static void what_would_hang_is_refused_at_once(void)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"POST /a HTTP/1.1\r\nHost: h\r\n\r\n", 411},
        {"PATCH /a HTTP/1.1\r\nHost: h\r\n\r\n", 411},
        {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 501},
        {"PATCH /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
        {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", 501},
        {"GET /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", 413},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n", 413},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 400},
        {"PATCH /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: miracles\r\n\r\n", 417},
        {"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 413},
        {"DELETE /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 413},
    };
    open_server();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = ask_text(rows[i].text);
        if (status != rows[i].status)
            fprintf(stderr, "row %zu: %d\n", i, status);
        CU_ASSERT_EQUAL(status, rows[i].status);
    }
    CU_ASSERT_EQUAL(atomic_load(&handled), 0);
    close_server();
}

static void expect_is_answered_before_the_body(void)
{
    open_server();
    int fd = dial();
    static const char head[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n"
                               "Expect: 100-continue\r\n\r\n";
    put(fd, head, sizeof(head) - 1);
    CU_ASSERT(get(fd, "\r\n\r\n"));
    CU_ASSERT_STRING_EQUAL(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    put(fd, "hello", 5);
    CU_ASSERT(get(fd, NULL));
    CU_ASSERT_EQUAL(strncmp(answer, "HTTP/1.1 200", 12), 0);
    close(fd);
    close_server();
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One byte every so often, so that each wait by itself is short: the whole is what counts. */
static void slow_clients_are_cut_off(void)
{
    static const char *const starts[] = {
        "",
        "GET /a HTTP/1.1\r\nX-Slow: ",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n",
    };
    open_server();
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        int fd = dial();
        const struct timeval brief = {.tv_usec = 20000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof(brief));
        put(fd, starts[i], strlen(starts[i]));
        uint64_t start = now_ms();
        bool closed = false;
        while (!closed && now_ms() - start < 5000) {
            char c = 'G';
            if (starts[i][0])
                put(fd, &c, 1);
            ssize_t n = recv(fd, &c, 1, 0);
            closed = n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
        }
        uint64_t took = now_ms() - start;
        if (!closed || took < TIMEOUT_MS / 2 || took > TIMEOUT_MS * 5)
            fprintf(stderr, "start %zu: %s after %llu ms\n", i, closed ? "closed" : "open", (unsigned long long)took);
        CU_ASSERT(closed && took >= TIMEOUT_MS / 2 && took <= TIMEOUT_MS * 5);
        close(fd);
    }
    CU_ASSERT_EQUAL(atomic_load(&handled), 0);
    close_server();
}

static void large_headers_are_refused(void)
{
    char *text = malloc(300000);
    open_server();
    strcpy(text, "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ");
    size_t len = strlen(text);
    memset(text + len, 'a', 5000);
    strcpy(text + len + 5000, "\r\nConnection: close\r\n\r\n");
    CU_ASSERT_EQUAL(ask_text(text), 431);
    memset(text + len, 'a', 200000);
    strcpy(text + len + 200000, "\r\n\r\n");
    CU_ASSERT(ask_text(text) <= 431 && ask_text(text) != -1);
    strcpy(text, "GET /");
    memset(text + 5, 'a', 2000);
    strcpy(text + 2005, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CU_ASSERT_EQUAL(ask_text(text), 431);
    strcpy(text, "GET /a HTTP/1.1\r\nHost: h\r\n");
    len = strlen(text);
    for (size_t i = 0; i < 10000; i++)
        memcpy(text + len + i * 9, "A: bbbb\r\n", 10);
    CU_ASSERT_NOT_EQUAL(ask(text, strlen(text)), -1);
    CU_ASSERT_EQUAL(atomic_load(&handled), 0);
    free(text);
    close_server();
}

static size_t count_responses(void)
{
    size_t n = 0;
    for (const char *at = answer; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++)
        n++;
    return n;
}

/* One request a connection: the second may not be answered with the first's trust, nor keep the server busy. */
static void what_is_pipelined_behind_a_request_is_dropped(void)
{
    static const char *const firsts[] = {
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        "PATCH /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    static const int statuses[] = {200, 200, 200, 501};
    open_server();
    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "%sGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", firsts[i]);
        CU_ASSERT_EQUAL(ask_text(text), statuses[i]);
        CU_ASSERT_EQUAL(count_responses(), 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\r\nConnection: close\r\n"));
        CU_ASSERT_STRING_EQUAL(last.path, "/a");
    }
    close_server();
}

static void nothing_but_http_1_1_is_spoken(void)
{
    static const char *const texts[] = {
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
        "BREW /a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\n\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    };
    open_server();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int status = ask_text(texts[i]);
        if (status == -1 || status == 101 || status == 200)
            fprintf(stderr, "row %zu: %d\n", i, status);
        CU_ASSERT(status != -1 && status != 101 && status != 200);
    }
    CU_ASSERT_EQUAL(atomic_load(&handled), 0);
    CU_ASSERT_EQUAL(ask_text("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 200);
    close_server();
}

/* Every prefix of a request, then the client's end: no prefix may be taken for the whole. */
static void truncated_requests_are_dropped(void)
{
    static const char text[] =
        "POST /whip/r HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    open_server();
    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        int fd = dial();
        put(fd, text, cut);
        shutdown(fd, SHUT_WR);
        CU_ASSERT(get(fd, NULL));
        CU_ASSERT_PTR_NULL(strstr(answer, "HTTP/1.1 2"));
        close(fd);
    }
    CU_ASSERT_EQUAL(atomic_load(&handled), 0);
    CU_ASSERT_EQUAL(ask_text(text), 200);
    close_server();
}

static void connections_are_bounded(void)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    int fds[HTTP_CONNECTIONS_MAX];
    open_server_with(30000);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        fds[i] = dial_from((uint8_t)(2 + i / HTTP_CONNECTIONS_OF_ONE));
    for (int i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(ask_text(text), 0);
    CU_ASSERT_EQUAL(atomic_load(&handled), 0);
    put(fds[0], text, sizeof(text) - 1);
    CU_ASSERT(get(fds[0], NULL));
    CU_ASSERT_EQUAL(strncmp(answer, "HTTP/1.1 200", 12), 0);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        close(fds[i]);
    /* the room they took comes back, as soon as the server has seen them go */
    int status = 0;
    for (int i = 0; i < 1000 && status != 200; i++)
        status = ask_text(text);
    CU_ASSERT_EQUAL(status, 200);
    close_server();
}

/* Who holds all the connections it may leaves others room. */
static void one_client_cannot_take_all_places(void)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    int fds[HTTP_CONNECTIONS_MAX];
    open_server_with(30000);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        fds[i] = dial_from(2);
    CU_ASSERT_EQUAL(ask_text(text), 200);
    put(fds[HTTP_CONNECTIONS_OF_ONE - 1], text, sizeof(text) - 1);
    CU_ASSERT(get(fds[HTTP_CONNECTIONS_OF_ONE - 1], NULL));
    CU_ASSERT_EQUAL(strncmp(answer, "HTTP/1.1 200", 12), 0);
    put(fds[HTTP_CONNECTIONS_OF_ONE + 1], text, sizeof(text) - 1);
    CU_ASSERT(get(fds[HTTP_CONNECTIONS_OF_ONE + 1], NULL));
    CU_ASSERT_EQUAL(answer[0], 0);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        close(fds[i]);
    close_server();
}

static void a_port_in_use_is_an_error(void)
{
    open_server();
    const struct http_config config = {
        .address = "127.0.0.1", .port = http_server_port(server), .handler = {.handle = handle, .tick = tick}};
    CU_ASSERT_PTR_NULL(http_server_open(&config));
    close_server();
}

static void answers_are_wiped(void)
{
    static const char request[] = "GET /secret HTTP/1.1\r\nHost: a\r\n\r\n";
    open_server();
    /* that the test sees what is freed unwiped */
    char *copy = strdup(SECRET);
    atomic_store(&freed_secrets, 0);
    free(copy);
    CU_ASSERT_EQUAL(atomic_exchange(&freed_secrets, 0), 1);
    int fd = dial();
    put(fd, request, sizeof(request) - 1);
    CU_ASSERT(get(fd, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, SECRET));
    close(fd);
    close_server();
    CU_ASSERT_EQUAL(atomic_load(&freed_secrets), 0);
}

static const struct unit_test tests[] = {
    {"whole requests come through", whole_requests_come_through},
    {"what would hang is refused at once", what_would_hang_is_refused_at_once},
    {"Expect is answered before the body", expect_is_answered_before_the_body},
    {"slow clients are cut off", slow_clients_are_cut_off},
    {"large headers are refused", large_headers_are_refused},
    {"what is pipelined behind a request is dropped", what_is_pipelined_behind_a_request_is_dropped},
    {"nothing but HTTP/1.1 is spoken", nothing_but_http_1_1_is_spoken},
    {"truncated requests are dropped", truncated_requests_are_dropped},
    {"connections are bounded", connections_are_bounded},
    {"one client cannot take all places", one_client_cannot_take_all_places},
    {"answers are wiped", answers_are_wiped},
    {"a port in use is an error", a_port_in_use_is_an_error},
};
UNIT_MAIN("sfu.http", tests)
