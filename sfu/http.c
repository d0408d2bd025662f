#include "sfu/http.h"

#include <errno.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/secret.h"
#include "daemon/log.h"
#include "sfu/address.h"

/* A connection's place: whose it is, as far as the bound on one client's connections cares. */
struct place {
    bool used;
    uint8_t family;
    uint8_t network[8]; /* an IPv4 address, or the first half of an IPv6 one */
};

struct http_server {
    struct http_handler handler;
    struct lws_context *context;
    struct lws_vhost *vhost;
    pthread_t thread;
    atomic_bool stopping;
    struct place places[HTTP_CONNECTIONS_MAX];
    lws_usec_t timeout_us;
    lws_sorted_usec_list_t tick;
};

/* One request on its way in. */
struct exchange {
    struct http_request request;
    char *body;
    size_t body_len;
    size_t body_expected;
};

/* libwebsockets keeps one of these a connection, zeroed. */
struct connection {
    struct exchange *exchange;
};

/* An answer may hold an ICE password. */
static void free_text(char *text, size_t len)
{
    if (text)
        core_wipe(text, len);
    free(text);
}

void http_respond(struct http_response *response, int status, const char *content_type, const char *text)
{
    free_text(response->body, response->body_len);
    response->status = status;
    response->content_type = content_type;
    response->body = strdup(text);
    response->body_len = response->body ? strlen(text) : 0;
    if (!response->body) {
        response->status = 500;
        response->content_type = NULL;
    }
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Internal Server Error";
}

static void exchange_free(struct exchange *exchange)
{
    if (exchange) {
        core_wipe(&exchange->request, sizeof(exchange->request)); /* it may hold a token */
        if (exchange->body)
            core_wipe(exchange->body, exchange->body_expected); /* and an ICE password */
        free(exchange->body);
        free(exchange);
    }
}

/* Writes a response, wipes and frees its body. It is the connection's last: with requests pipelined behind a body
 * libwebsockets 4.1 spins (tried), and nobody asks often enough here to mind a handshake. */
static void send_response(struct lws *wsi, struct http_response *response, bool head)
{
    size_t cap = LWS_PRE + HTTP_EXTRA_MAX + 512 + response->body_len;
    char *buffer = malloc(cap);
    struct text_writer w;
    if (!buffer)
        goto out;
    text_writer_init(&w, buffer + LWS_PRE, cap - LWS_PRE);
    text_printf(&w, "HTTP/1.1 %d %s\r\n%s", response->status, reason(response->status), response->extra);
    if (response->content_type)
        text_printf(&w, "Content-Type: %s\r\n", response->content_type);
    if (response->status != 204)
        text_printf(&w, "Content-Length: %zu\r\n", response->body_len);
    text_printf(&w, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
    if (w.failed)
        goto out;
    if (!head && response->body_len > 0) {
        memcpy(w.data + w.len, response->body, response->body_len);
        w.len += response->body_len;
    }
    /* if it fails the connection is broken, and it is closed next anyway */
    lws_write(wsi, (unsigned char *)w.data, w.len, LWS_WRITE_HTTP);
out:
    free_text(buffer, cap);
    free_text(response->body, response->body_len);
    response->body = NULL;
}

/* Ends the request with a plain status; returns what makes libwebsockets close the connection. */
static int refuse(struct lws *wsi, int status, const char *text)
{
    struct http_response response = {.status = status};
    http_respond(&response, status, "text/plain", text);
    send_response(wsi, &response, false);
    return -1;
}

/* Copies a field; false if it does not fit, is given twice or holds what no field may. */
static bool copy_field(struct lws *wsi, enum lws_token_indexes token, char *out, size_t cap)
{
    int total = lws_hdr_total_length(wsi, token);
    if (total <= 0)
        return true;
    if ((size_t)total >= cap)
        return false;
    int len = lws_hdr_copy(wsi, out, (int)cap, token);
    return len >= 0 && strlen(out) == (size_t)len;
}

static bool read_method(int lws_method, enum http_method *method)
{
    switch (lws_method) {
    case LWSHUMETH_GET:
        *method = HTTP_GET;
        return true;
    case LWSHUMETH_HEAD:
        *method = HTTP_HEAD;
        return true;
    case LWSHUMETH_POST:
        *method = HTTP_POST;
        return true;
    case LWSHUMETH_PATCH:
        *method = HTTP_PATCH;
        return true;
    case LWSHUMETH_PUT:
        *method = HTTP_PUT;
        return true;
    case LWSHUMETH_DELETE:
        *method = HTTP_DELETE;
        return true;
    case LWSHUMETH_OPTIONS:
        *method = HTTP_OPTIONS;
        return true;
    default:
        return false;
    }
}

static bool read_fields(struct lws *wsi, struct http_request *request)
{
    return copy_field(wsi, WSI_TOKEN_HTTP_URI_ARGS, request->query, sizeof(request->query)) &&
           copy_field(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, request->authorization, sizeof(request->authorization)) &&
           copy_field(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, request->content_type, sizeof(request->content_type)) &&
           copy_field(wsi, WSI_TOKEN_HTTP_ACCEPT, request->accept, sizeof(request->accept)) &&
           copy_field(wsi, WSI_TOKEN_HTTP_IF_MATCH, request->if_match, sizeof(request->if_match)) &&
           copy_field(wsi, WSI_TOKEN_HOST, request->host, sizeof(request->host)) &&
           copy_field(wsi, WSI_TOKEN_ORIGIN, request->origin, sizeof(request->origin));
}

/* What is said about the body, before anything waits for it. 0, or the status to refuse with. */
static int read_framing(struct lws *wsi, const struct exchange *exchange, size_t *body_len, bool *expects)
{
    char text[HTTP_FIELD_MAX] = "";
    uint64_t number = 0;
    bool has_body = exchange->request.method == HTTP_POST || exchange->request.method == HTTP_PATCH;
    *expects = false;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
        return 501;
    if (!copy_field(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof(text)))
        return 400;
    if (text[0] == 0) {
        *body_len = 0;
        return has_body ? 411 : 0;
    }
    /* digits only: "+5", "5,5" and "0x5" would be read differently by whoever stands in front */
    if (!text_number(text_of(text), UINT64_MAX, &number))
        return 400;
    if (number > (has_body ? HTTP_BODY_MAX : 0))
        return 413;
    *body_len = (size_t)number;
    text[0] = 0;
    if (!copy_field(wsi, WSI_TOKEN_HTTP_EXPECT, text, sizeof(text)))
        return 417;
    *expects = text[0] != 0;
    return *expects && !text_equal_nocase(text_of(text), "100-continue") ? 417 : 0;
}

static bool is_from_loopback(struct lws *wsi)
{
    char address[64] = "";
    lws_get_peer_simple(wsi, address, sizeof(address));
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 || strncmp(address, "::ffff:127.", 11) == 0;
}

static struct http_server *server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* The request is whole: answers it. Returns what makes libwebsockets close the connection. */
static int finish(struct lws *wsi, struct connection *connection)
{
    struct http_server *server = server_of(wsi);
    struct exchange *exchange = connection->exchange;
    struct http_response response = {.status = 404};
    connection->exchange = NULL;
    exchange->request.body = (struct text_slice){exchange->body, exchange->body_len};
    server->handler.handle(server->handler.user, &exchange->request, &response);
    send_response(wsi, &response, exchange->request.method == HTTP_HEAD);
    exchange_free(exchange);
    return -1;
}

/* The headers are in. */
static int begin(struct lws *wsi, struct connection *connection)
{
    char *uri = NULL;
    int uri_len = 0;
    bool expects;
    exchange_free(connection->exchange);
    connection->exchange = NULL;
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (!exchange)
        return refuse(wsi, 503, "out of memory\n");
    connection->exchange = exchange;
    if (!read_method(lws_http_get_uri_and_method(wsi, &uri, &uri_len), &exchange->request.method))
        return refuse(wsi, 501, "unknown method\n");
    struct text_slice path = {uri, uri_len > 0 ? (size_t)uri_len : 0};
    if (!text_copy(path, exchange->request.path, sizeof(exchange->request.path)) ||
        !read_fields(wsi, &exchange->request))
        return refuse(wsi, 431, "a header field is too long\n");
    exchange->request.from_loopback = is_from_loopback(wsi);
    int status = read_framing(wsi, exchange, &exchange->body_expected, &expects);
    if (status)
        return refuse(wsi, status, "the body must have a Content-Length of at most 64 KiB\n");
    if (exchange->request.method != HTTP_POST && exchange->request.method != HTTP_PATCH)
        return finish(wsi, connection);
    if (exchange->body_expected == 0) {
        /* libwebsockets calls back for an empty POST and not for an empty PATCH */
        return refuse(wsi, 400, "the body is empty\n");
    }
    exchange->body = malloc(exchange->body_expected);
    if (!exchange->body)
        return refuse(wsi, 503, "out of memory\n");
    if (expects) {
        char go[LWS_PRE + 32];
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        memcpy(go + LWS_PRE, text, sizeof(text));
        if (lws_write(wsi, (unsigned char *)go + LWS_PRE, sizeof(text) - 1, LWS_WRITE_HTTP) < 0)
            return -1;
    }
    return 0;
}

static int take_body(struct lws *wsi, struct connection *connection, const void *data, size_t len)
{
    struct exchange *exchange = connection->exchange;
    if (!exchange || len > exchange->body_expected - exchange->body_len)
        return refuse(wsi, 400, "the body is longer than its Content-Length\n");
    memcpy(exchange->body + exchange->body_len, data, len);
    exchange->body_len += len;
    return 0;
}

/* The network at the other end of a socket; false if it cannot be told. */
static bool read_network(int fd, struct place *place)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa);
    struct sfu_address address;
    if (getpeername(fd, (struct sockaddr *)&sa, &len) || !sfu_address_from_sockaddr(&address, &sa))
        return false;
    *place = (struct place){.used = true, .family = address.family};
    memcpy(place->network, address.ip, address.family == 6 ? 8 : 4);
    return true;
}

/* A free place for the client behind a socket; NULL if there is none, or the client has enough. */
static struct place *find_place(struct http_server *server, int fd, struct place *client)
{
    struct place *found = NULL;
    size_t same = 0;
    if (!read_network(fd, client))
        return NULL;
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        struct place *place = &server->places[i];
        if (!place->used)
            found = place;
        else
            same +=
                place->family == client->family && memcmp(place->network, client->network, sizeof(place->network)) == 0;
    }
    return same < HTTP_CONNECTIONS_OF_ONE ? found : NULL;
}

static void on_tick(lws_sorted_usec_list_t *sul)
{
    struct http_server *server = lws_container_of(sul, struct http_server, tick);
    server->handler.tick(server->handler.user);
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, LWS_USEC_PER_SEC);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons event, void *user, void *in, size_t len)
{
    struct connection *connection = user;
    struct http_server *server = server_of(wsi);
    struct place client;
    struct place *place;
    switch (event) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return atomic_load(&server->stopping) || !find_place(server, (int)(intptr_t)in, &client);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        /* accepted, and before TLS: who never begins a handshake counts as well, and has as long */
        place = find_place(server, lws_get_socket_fd(wsi), &client);
        if (!place)
            return -1;
        *place = client;
        lws_set_opaque_user_data(wsi, place);
        lws_set_timer_usecs(wsi, server->timeout_us);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        place = lws_get_opaque_user_data(wsi);
        if (place)
            place->used = false;
        return 0;
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (connection) {
            exchange_free(connection->exchange);
            connection->exchange = NULL;
        }
        return 0;
    case LWS_CALLBACK_TIMER:
        /* at once, without the wait for the peer that an orderly close begins */
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1; /* HTTP/1.1 and nothing else */
    case LWS_CALLBACK_HTTP:
        return begin(wsi, connection);
    case LWS_CALLBACK_HTTP_BODY:
        return take_body(wsi, connection, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return connection->exchange ? finish(wsi, connection) : -1;
    default:
        return 0;
    }
}

/* Once it listens, what libwebsockets complains of is what clients do, as often as they like. */
static atomic_bool listening;

static void on_log(int level, const char *line)
{
    (void)level;
    size_t len = strlen(line);
    char text[512];
    struct text_slice s = {line, len > 0 && line[len - 1] == '\n' ? len - 1 : len};
    log_event(atomic_load(&listening) ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "libwebsockets", "text",
              text_copy(s, text, sizeof(text)) ? text : "(too long)", NULL);
}

static void *run(void *user)
{
    struct http_server *server = user;
    while (!atomic_load(&server->stopping) && lws_service(server->context, 0) >= 0) {
    }
    return NULL;
}

struct http_server *http_server_open(const struct http_config *config)
{
    static const struct lws_protocols protocols[] = {
        {.name = "http", .callback = on_event, .per_session_data_size = sizeof(struct connection)},
        {.name = NULL},
    };
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->handler = config->handler;
    atomic_store(&listening, false);
    server->timeout_us =
        (lws_usec_t)(config->request_timeout_ms ? config->request_timeout_ms : HTTP_REQUEST_TIMEOUT_MS) * 1000;
    lws_set_log_level(LLL_ERR, on_log);
    struct lws_context_creation_info info = {
        .port = config->port,
        .iface = config->address,
        .protocols = protocols,
        .user = server,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .alpn = "http/1.1",
        .timeout_secs = HTTP_REQUEST_TIMEOUT_MS / 1000,
        .keepalive_timeout = HTTP_REQUEST_TIMEOUT_MS / 1000,
        .max_http_header_data = HTTP_HEADERS_MAX,
        .max_http_header_pool = HTTP_CONNECTIONS_MAX,
        .server_string = "sotto-sfu",
        .ssl_cert_filepath = config->tls_cert,
        .ssl_private_key_filepath = config->tls_key,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    if (config->tls_cert)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    if (!strchr(config->address, ':'))
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    server->context = lws_create_context(&info);
    server->vhost = server->context ? lws_create_vhost(server->context, &info) : NULL;
    if (!server->vhost || lws_get_vhost_listen_port(server->vhost) <= 0)
        goto fail;
    atomic_store(&listening, true);
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, LWS_USEC_PER_SEC);
    if (pthread_create(&server->thread, NULL, run, server))
        goto fail;
    return server;
fail:
    if (server->context)
        lws_context_destroy(server->context);
    free(server);
    return NULL;
}

uint16_t http_server_port(const struct http_server *server)
{
    return (uint16_t)lws_get_vhost_listen_port(server->vhost);
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    atomic_store(&server->stopping, true);
    lws_cancel_service(server->context);
    pthread_join(server->thread, NULL);
    lws_context_destroy(server->context);
    free(server);
}
