/* The server's thread beside others: what may be called from any thread, and that it ends in order. What clients meet
 * is tested on the process (system.ds.server). */
#include "ds/server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"
#include "unit.h"

static struct ds_store *store;

static const char *check_token(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant)
{
    (void)user;
    (void)token;
    (void)now_s;
    (void)grant;
    return "no token";
}

static struct ds_server *open_server(void)
{
    char problem[DS_STORE_PROBLEM_MAX];
    log_set_level(LOG_LEVEL_ERROR);
    store = ds_store_open(NULL, problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    const struct ds_server_config config = {
        .address = "127.0.0.1",
        .connections = 100,
        .hub = {.store = store, .limits = ds_limits_default, .dev = true, .check_token = check_token},
    };
    struct ds_server *server = ds_server_open(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    return server;
}

static void close_server(struct ds_server *server)
{
    ds_server_close(server);
    ds_store_close(store);
}

static int connect_to(const struct ds_server *server)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(ds_server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Sends a request; what comes until the end, or until so many bytes have come. */
static void exchange(int fd, const char *request, size_t wanted, char *answer, size_t cap)
{
    size_t len = 0;
    ssize_t n;
    CU_ASSERT_EQUAL(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    while (len < wanted && (n = read(fd, answer + len, cap - 1 - len)) > 0)
        len += (size_t)n;
    answer[len] = 0;
}

static const char *get(const struct ds_server *server, const char *path)
{
    static char answer[16384];
    char request[128];
    int fd = connect_to(server);
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    exchange(fd, request, sizeof(answer), answer, sizeof(answer));
    close(fd);
    return answer;
}

/* A WebSocket on which a hello was answered. */
static int join(const struct ds_server *server)
{
    static const char upgrade[] = "GET /ds HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Protocol: sotto-ds.2\r\n\r\n";
    /* binary, masked with zeros: hello to "tea" */
    static const uint8_t hello[] = {0x82, 0x80 | 18, 0,   0,   0, 0, 1, 0, 0, 0, 1, 0,
                                    3,    't',       'e', 'a', 0, 0, 0, 0, 0, 0, 0, 0};
    char answer[1024];
    int fd = connect_to(server);
    CU_ASSERT_EQUAL(write(fd, upgrade, strlen(upgrade)), (ssize_t)strlen(upgrade));
    size_t len = 0;
    answer[0] = 0;
    while (!strstr(answer, "\r\n\r\n") && len < sizeof(answer) - 1 && read(fd, answer + len, 1) == 1)
        answer[++len] = 0;
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "101 "));
    CU_ASSERT_EQUAL(write(fd, hello, sizeof(hello)), (ssize_t)sizeof(hello));
    CU_ASSERT(read(fd, answer, 3) == 3 && (uint8_t)answer[0] == 0x82 && (uint8_t)answer[2] == WIRE_ADMITTED);
    return fd;
}

static void it_begins_and_ends(void)
{
    for (int i = 0; i < 3; i++)
        close_server(open_server());
    ds_server_close(NULL);
}

static void clients_are_counted(void)
{
    struct ds_server *server = open_server();
    CU_ASSERT_EQUAL(ds_server_connections(server), 0);
    int one = join(server);
    int two = join(server);
    CU_ASSERT_EQUAL(ds_server_connections(server), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(get(server, "/metrics"), "sotto_ds_participants 2\n"));
    close(one);
    while (ds_server_connections(server) != 1)
        get(server, "/healthz");
    close_server(server); /* with one still there */
    char rest[256];
    while (read(two, rest, sizeof(rest)) > 0)
        ;
    close(two);
}

static void draining_begins_from_any_thread(void)
{
    struct ds_server *server = open_server();
    char rest[512];
    size_t len = 0;
    ssize_t n;
    int fd = join(server);
    CU_ASSERT_PTR_NOT_NULL(strstr(get(server, "/healthz"), "200 OK"));
    ds_server_drain(server);
    CU_ASSERT_PTR_NOT_NULL(strstr(get(server, "/healthz"), "503 "));
    while (len < sizeof(rest) && (n = read(fd, rest + len, sizeof(rest) - len)) > 0)
        len += (size_t)n;
    /* the last frame is the close, with 4000 + DRAINING */
    bool closes = false;
    for (size_t i = 0; i + 3 < len; i++)
        closes |= (uint8_t)rest[i] == 0x88 &&
                  ((uint8_t)rest[i + 2] << 8 | (uint8_t)rest[i + 3]) == WIRE_CLOSE_BASE + WIRE_REFUSED_DRAINING;
    CU_ASSERT(closes);
    close(fd);
    while (ds_server_connections(server) > 0)
        get(server, "/healthz");
    close_server(server);
}

static void a_port_that_is_taken_is_said(void)
{
    struct ds_server *server = open_server();
    const struct ds_server_config config = {
        .address = "127.0.0.1",
        .port = ds_server_port(server),
        .connections = 10,
        .hub = {.store = store, .limits = ds_limits_default, .check_token = check_token},
    };
    CU_ASSERT_PTR_NULL(ds_server_open(&config));
    close_server(server);
}

static const struct unit_test tests[] = {
    {"it begins and ends", it_begins_and_ends},
    {"clients are counted", clients_are_counted},
    {"draining begins from any thread", draining_begins_from_any_thread},
    {"a port that is taken is said", a_port_that_is_taken_is_said},
};
UNIT_MAIN("ds.server", tests)
