/* HTTP: GET for operators, and who may go on to WebSocket. Every answer is the connection's last (libwebsockets 4.1
 * waits without end for some that could follow), and nothing has a body. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/secret.h"
#include "daemon/local.h"
#include "daemon/log.h"
#include "daemon/text.h"
#include "daemon/version.h"
#include "ds/metrics.h"
#include "ws_internal.h"

enum { PATH_MAX_LEN = 256, FIELD_MAX = 256, ANSWER_MAX = DS_METRICS_MAX + 512 };

/* --- Connections --- */

/* The network at the other end of a socket; false if it cannot be told. */
static bool read_network(int fd, struct ds_place *place)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa);
    if (getpeername(fd, (struct sockaddr *)&sa, &len))
        return false;
    *place = (struct ds_place){.used = true};
    if (sa.ss_family == AF_INET) {
        place->family = 4;
        memcpy(place->network, &((struct sockaddr_in *)&sa)->sin_addr, 4);
        return true;
    }
    if (sa.ss_family != AF_INET6)
        return false;
    const struct in6_addr *address = &((struct sockaddr_in6 *)&sa)->sin6_addr;
    place->family = IN6_IS_ADDR_V4MAPPED(address) ? 4 : 6;
    memcpy(place->network, place->family == 4 ? &address->s6_addr[12] : address->s6_addr, place->family == 4 ? 4 : 8);
    return true;
}

/* A free place for the client behind a socket; NULL if there is none, or its network has enough that are not admitted.
 */
static struct ds_place *find_place(struct ds_server *server, int fd, struct ds_place *client)
{
    struct ds_place *found = NULL;
    size_t same = 0;
    if (!read_network(fd, client))
        return NULL;
    for (size_t i = 0; i < server->config.connections; i++) {
        struct ds_place *place = &server->places[i];
        if (!place->used)
            found = place;
        else if (!place->admitted)
            same +=
                place->family == client->family && memcmp(place->network, client->network, sizeof(place->network)) == 0;
    }
    return same < DS_CONNECTIONS_OF_ONE ? found : NULL;
}

/* --- Answers --- */

/* Writes an answer; returns what makes libwebsockets close the connection. */
static int answer(struct lws *wsi, const char *status, const char *type, const char *more, const char *body, bool head)
{
    char buffer[LWS_PRE + ANSWER_MAX];
    struct text_writer w;
    text_writer_init(&w, buffer + LWS_PRE, ANSWER_MAX);
    text_printf(&w,
                "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sCache-Control: no-store\r\n"
                "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                status, type, strlen(body), more, head ? "" : body);
    if (!w.failed)
        lws_write(wsi, (unsigned char *)w.data, w.len, LWS_WRITE_HTTP); /* it is closed next anyway */
    return -1;
}

static int refuse(struct lws *wsi, const char *status, const char *text)
{
    return answer(wsi, status, "text/plain", "", text, false);
}

static bool copy_field(struct lws *wsi, enum lws_token_indexes token, char *out, size_t cap)
{
    int total = lws_hdr_total_length(wsi, token);
    out[0] = 0;
    if (total <= 0)
        return true;
    if ((size_t)total >= cap)
        return false;
    int len = lws_hdr_copy(wsi, out, (int)cap, token);
    return len >= 0 && strlen(out) == (size_t)len;
}

static bool is_from_loopback(const struct ds_place *place)
{
    static const uint8_t zero[8];
    return place->family == 4 ? place->network[0] == 127 : memcmp(place->network, zero, sizeof(zero)) == 0;
}

static bool read_path(struct lws *wsi, int *method, char path[PATH_MAX_LEN])
{
    char *uri = NULL;
    int len = 0;
    *method = lws_http_get_uri_and_method(wsi, &uri, &len);
    return *method >= 0 && len > 0 && text_copy((struct text_slice){uri, (size_t)len}, path, PATH_MAX_LEN);
}

static int answer_metrics(struct lws *wsi, const struct ds_place *place, bool head)
{
    struct ds_server *server = ds_server_of(wsi);
    char text[DS_METRICS_MAX];
    struct ds_stats stats;
    if (server->config.metrics_off)
        return refuse(wsi, "404 Not Found", "not found\n");
    if (!server->config.metrics_any && !is_from_loopback(place))
        return refuse(wsi, "403 Forbidden", "metrics are for this machine only\n");
    ds_hub_stats(server->hub, &stats);
    if (ds_metrics_write(&stats, text) == 0)
        return refuse(wsi, "500 Internal Server Error", "too many figures\n");
    return answer(wsi, "200 OK", "text/plain; version=0.0.4", "", text, head);
}

static int on_request(struct lws *wsi, const struct ds_place *place)
{
    struct ds_server *server = ds_server_of(wsi);
    char path[PATH_MAX_LEN];
    char version[FIELD_MAX];
    int method;
    if (!read_path(wsi, &method, path))
        return refuse(wsi, "414 URI Too Long", "the path is too long\n");
    if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD)
        return answer(wsi, "405 Method Not Allowed", "text/plain", "Allow: GET, HEAD\r\n", "GET only\n", false);
    bool head = method == LWSHUMETH_HEAD;
    if (strcmp(path, "/healthz") == 0)
        return atomic_load(&server->draining)
                   ? answer(wsi, "503 Service Unavailable", "text/plain", "", "draining\n", head)
                   : answer(wsi, "200 OK", "text/plain", "", "ok\n", head);
    if (strcmp(path, "/version") == 0) {
        snprintf(version, sizeof(version), "{\"name\":\"sotto-ds\",\"version\":\"%s\",\"build\":\"%s\"}\n",
                 daemon_version(), daemon_build_id());
        return answer(wsi, "200 OK", "application/json", "", version, head);
    }
    if (strcmp(path, "/metrics") == 0)
        return answer_metrics(wsi, place, head);
    if (strcmp(path, "/ds") == 0)
        return answer(wsi, "426 Upgrade Required", "text/plain",
                      "Upgrade: websocket\r\nSec-WebSocket-Protocol: " WIRE_SUBPROTOCOL "\r\n",
                      "WebSocket, subprotocol " WIRE_SUBPROTOCOL "\n", head);
    return refuse(wsi, "404 Not Found", "not found\n");
}

/* --- Upgrades --- */

/* ?name=PSEUDONYM, for who shows no token. */
static bool read_name(struct lws *wsi, char name[WIRE_ID_MAX + 1])
{
    char fragment[FIELD_MAX];
    for (int i = 0; lws_hdr_copy_fragment(wsi, fragment, sizeof(fragment), WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        struct text_slice value = text_of(fragment);
        if (!text_equal(text_take(&value, '='), "name"))
            continue;
        return wire_id_is_valid((struct core_slice){(const uint8_t *)value.data, value.len}) &&
               text_copy(value, name, WIRE_ID_MAX + 1);
    }
    return true;
}

static bool offers_subprotocol(const char *list)
{
    struct text_slice rest = text_of(list);
    while (rest.len > 0)
        if (text_equal(text_trim(text_take(&rest, ',')), WIRE_SUBPROTOCOL))
            return true;
    return false;
}

/* 0: the upgrade may go on. Without a subprotocol libwebsockets would take the first that it knows. */
static int on_upgrade(struct lws *wsi, struct ds_place *place)
{
    char path[PATH_MAX_LEN];
    char host[FIELD_MAX];
    char origin[FIELD_MAX];
    char protocols[FIELD_MAX];
    int method;
    if (!read_path(wsi, &method, path) || strcmp(path, "/ds") != 0)
        return refuse(wsi, "404 Not Found", "not found\n");
    if (method != LWSHUMETH_GET || !copy_field(wsi, WSI_TOKEN_HOST, host, sizeof(host)) ||
        !copy_field(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)) ||
        !copy_field(wsi, WSI_TOKEN_PROTOCOL, protocols, sizeof(protocols)))
        return refuse(wsi, "400 Bad Request", "a malformed upgrade\n");
    if (!offers_subprotocol(protocols))
        return refuse(wsi, "400 Bad Request", "the subprotocol is " WIRE_SUBPROTOCOL "\n");
    if (!read_name(wsi, place->name))
        return refuse(wsi, "400 Bad Request", "the name is no pseudonym\n");
    if (ds_server_of(wsi)->config.hub.dev && !daemon_is_local(is_from_loopback(place), host, origin))
        return refuse(wsi, "403 Forbidden", "--dev serves this machine only\n");
    return 0;
}

int ds_on_http(struct lws *wsi, enum lws_callback_reasons event, void *user, void *in, size_t len)
{
    struct ds_server *server = ds_server_of(wsi);
    struct ds_place *place = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    struct ds_place client;
    (void)user;
    (void)len;
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
        lws_set_timer_usecs(wsi, DS_REQUEST_TIMEOUT_S * LWS_USEC_PER_SEC);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (place)
            place->used = false;
        return 0;
    case LWS_CALLBACK_TIMER:
        /* at once, without the wait for the peer that an orderly close begins */
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return place ? on_upgrade(wsi, place) : -1;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1; /* an upgrade to this protocol, which is HTTP */
    case LWS_CALLBACK_HTTP:
        return place ? on_request(wsi, place) : -1;
    case LWS_CALLBACK_HTTP_BODY:
        return -1;
    default:
        return 0;
    }
}
