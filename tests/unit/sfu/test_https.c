/* sfu/http.c over TLS */
#include "sfu/http.h"
#include "tls_test_keys.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char cert_path[] = "/tmp/sotto-test-cert-XXXXXX";
static char key_path[] = "/tmp/sotto-test-key-XXXXXX";
static char answer[4096];

static void handle(void *user, const struct http_request *request, struct http_response *response)
{
    (void)user;
    char text[HTTP_BODY_MAX + 1];
    if (text_copy(request->body, text, sizeof(text)))
        http_respond(response, 200, "text/plain", text);
}

static void tick(void *user)
{
    (void)user;
}

static struct http_server *open_server(const char *cert, const char *key)
{
    const struct http_config config = {.address = "127.0.0.1",
                                       .tls_cert = cert,
                                       .tls_key = key,
                                       .request_timeout_ms = 500,
                                       .handler = {.handle = handle, .tick = tick}};
    return http_server_open(&config);
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        perror(path);
        exit(1);
    }
    close(fd);
}

static int dial(const struct http_server *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(http_server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        perror("connect");
        exit(1);
    }
    return fd;
}

/* One request over TLS of at least and at most these versions; false without a handshake. protocol is what ALPN chose.
 */
static bool ask(const struct http_server *server, int min, int max, const char *text, char protocol[16])
{
    static const unsigned char offers[] = "\x02h2\x08http/1.1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, min);
    SSL_CTX_set_max_proto_version(context, max);
    SSL_CTX_set_alpn_protos(context, offers, sizeof(offers) - 1);
    SSL *ssl = SSL_new(context);
    int fd = dial(server);
    SSL_set_fd(ssl, fd);
    bool ok = SSL_connect(ssl) == 1;
    answer[0] = 0;
    protocol[0] = 0;
    if (ok) {
        const unsigned char *chosen = NULL;
        unsigned chosen_len = 0;
        SSL_get0_alpn_selected(ssl, &chosen, &chosen_len);
        snprintf(protocol, 16, "%.*s", (int)chosen_len, chosen ? (const char *)chosen : "");
        ok = SSL_write(ssl, text, (int)strlen(text)) == (int)strlen(text);
        int len = 0;
        for (int n = 1; n > 0 && len < (int)sizeof(answer) - 1;) {
            n = SSL_read(ssl, answer + len, (int)sizeof(answer) - 1 - len);
            len += n > 0 ? n : 0;
        }
        answer[len] = 0;
    }
    SSL_free(ssl);
    close(fd);
    SSL_CTX_free(context);
    return ok;
}

static const char post[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

static void requests_come_through_tls(void)
{
    char protocol[16];
    struct http_server *server = open_server(cert_path, key_path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    CU_ASSERT(ask(server, TLS1_2_VERSION, TLS1_3_VERSION, post, protocol));
    CU_ASSERT_EQUAL(strncmp(answer, "HTTP/1.1 200", 12), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\r\n\r\nhello"));
    CU_ASSERT_STRING_EQUAL(protocol, "http/1.1");
    CU_ASSERT(ask(server, TLS1_2_VERSION, TLS1_2_VERSION, "POST /a HTTP/1.1\r\nHost: h\r\n\r\n", protocol));
    CU_ASSERT_EQUAL(strncmp(answer, "HTTP/1.1 411", 12), 0);
    http_server_close(server);
}

static void old_versions_are_refused(void)
{
    char protocol[16];
    struct http_server *server = open_server(cert_path, key_path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    CU_ASSERT_FALSE(ask(server, TLS1_VERSION, TLS1_1_VERSION, post, protocol));
    http_server_close(server);
}

static void plain_http_is_not_answered_on_the_tls_port(void)
{
    struct http_server *server = open_server(cert_path, key_path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    int fd = dial(server);
    CU_ASSERT_EQUAL(send(fd, post, sizeof(post) - 1, MSG_NOSIGNAL), (ssize_t)sizeof(post) - 1);
    ssize_t n = recv(fd, answer, sizeof(answer) - 1, 0);
    answer[n > 0 ? n : 0] = 0;
    CU_ASSERT_PTR_NULL(strstr(answer, "HTTP/1.1 2"));
    close(fd);
    http_server_close(server);
}

/* A client that never begins its handshake holds its place no longer than one that never ends its request. */
static void a_silent_handshake_is_cut_off(void)
{
    struct http_server *server = open_server(cert_path, key_path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    int fd = dial(server);
    char c;
    ssize_t n = recv(fd, &c, 1, 0);
    CU_ASSERT(n == 0 || (n < 0 && errno == ECONNRESET));
    close(fd);
    http_server_close(server);
}

static void a_missing_certificate_is_an_error(void)
{
    CU_ASSERT_PTR_NULL(open_server("/nonexistent.pem", key_path));
    CU_ASSERT_PTR_NULL(open_server(cert_path, "/nonexistent.pem"));
}

static const struct unit_test tests[] = {
    {"requests come through TLS", requests_come_through_tls},
    {"old versions are refused", old_versions_are_refused},
    {"plain HTTP is not answered on the TLS port", plain_http_is_not_answered_on_the_tls_port},
    {"a silent handshake is cut off", a_silent_handshake_is_cut_off},
    {"a missing certificate is an error", a_missing_certificate_is_an_error},
};

int main(void)
{
    write_file(cert_path, tls_certificate);
    write_file(key_path, tls_private);
    int code = unit_main("sfu.https", tests, sizeof(tests) / sizeof(tests[0]));
    unlink(cert_path);
    unlink(key_path);
    return code;
}
