/* WebSocket: messages in, packets out, as fast as a client takes them; and the server's thread. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/text.h"
#include "ws_internal.h"

enum {
    WRITES_AT_ONCE = 16,    /* packets to one client before others have their turn */
    CLOSE_TIMEOUT_S = 5,    /* for a client to take the last word */
    READ_BYTES = 16 * 1024, /* at once */
    HEADER_POOL = 256,      /* handshakes at once */
};
_Static_assert(DS_HEADROOM >= LWS_PRE, "a packet has room for a frame's header");

/* libwebsockets keeps one of these a connection, zeroed. */
struct session {
    struct ds_peer *peer;
    bool paused;
};

struct ds_time ds_now(void)
{
    struct timespec monotonic;
    struct timespec wall;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct ds_time){
        .now_us = (uint64_t)monotonic.tv_sec * 1000000 + (uint64_t)monotonic.tv_nsec / 1000,
        .wall_s = (uint64_t)wall.tv_sec,
    };
}

struct ds_server *ds_server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* --- In --- */

/* Nothing is read from a client that is over its rate, or that does not take what it has asked for. */
static void pace(struct lws *wsi, struct session *session)
{
    uint64_t pause_us = ds_peer_pause_us(session->peer, ds_now());
    if ((pause_us > 0) != session->paused) {
        session->paused = pause_us > 0;
        lws_rx_flow_control(wsi, !session->paused);
    }
    if (pause_us > 0 && pause_us != UINT64_MAX)
        lws_set_timer_usecs(wsi, (lws_usec_t)pause_us + 1);
}

static int on_receive(struct lws *wsi, struct session *session, const uint8_t *data, size_t len)
{
    struct ds_place *place = lws_get_opaque_user_data(wsi);
    if (ds_peer_ending(session->peer))
        return 0;
    if (!lws_frame_is_binary(wsi)) {
        ds_peer_malformed(session->peer, ds_now());
        return 0;
    }
    const size_t announced = lws_remaining_packet_payload(wsi);
    const bool last = lws_is_final_fragment(wsi) && announced == 0;
    ds_peer_fragment(session->peer, data, len, announced, last, ds_now());
    if (place && ds_peer_is_admitted(session->peer))
        place->admitted = true;
    if (last)
        pace(wsi, session);
    return 0;
}

/* --- Out --- */

/* The hub has something for a client; or its last word, which it has some time to take. */
static void on_wake(void *user, void *connection)
{
    struct lws *wsi = connection;
    const struct session *session = lws_wsi_user(wsi);
    (void)user;
    if (session && session->peer && ds_peer_ending(session->peer))
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_TIMEOUT_S);
    lws_callback_on_writable(wsi);
}

static int on_writable(struct lws *wsi, struct session *session)
{
    struct ds_packet *packet = NULL;
    for (size_t i = 0; i < WRITES_AT_ONCE && !lws_send_pipe_choked(wsi); i++) {
        packet = ds_peer_next(session->peer, ds_now());
        if (!packet)
            break;
        int written = lws_write(wsi, ds_packet_data(packet), packet->len, LWS_WRITE_BINARY);
        ds_packet_unref(packet);
        if (written < 0)
            return -1;
    }
    if (packet || lws_send_pipe_choked(wsi)) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    unsigned ending = ds_peer_ending(session->peer);
    if (ending) {
        char reason[128];
        int len = snprintf(reason, sizeof(reason), "%s", wire_refusal_text(ending));
        lws_close_reason(wsi, (enum lws_close_status)(WIRE_CLOSE_BASE + ending), (unsigned char *)reason, (size_t)len);
        return -1;
    }
    pace(wsi, session);
    return 0;
}

static int on_established(struct lws *wsi, struct session *session)
{
    struct ds_server *server = ds_server_of(wsi);
    const struct ds_place *place = lws_get_opaque_user_data(wsi);
    if (!place)
        return -1;
    lws_set_timer_usecs(wsi, LWS_SET_TIMER_USEC_CANCEL); /* the hub waits for hello */
    session->peer = ds_peer_new(server->hub, wsi, place->name[0] ? place->name : NULL, ds_now());
    atomic_fetch_add(&server->connections, session->peer != NULL);
    return session->peer ? 0 : -1;
}

static void on_closed(struct lws *wsi, struct session *session)
{
    struct ds_server *server = ds_server_of(wsi);
    if (!session || !session->peer)
        return;
    ds_peer_free(session->peer, ds_now());
    session->peer = NULL;
    atomic_fetch_sub(&server->connections, 1);
}

static int on_message_protocol(struct lws *wsi, enum lws_callback_reasons event, void *user, void *in, size_t len)
{
    struct session *session = user;
    switch (event) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return 0; /* settled before, in ws_http.c */
    case LWS_CALLBACK_ESTABLISHED:
        return on_established(wsi, session);
    case LWS_CALLBACK_RECEIVE:
        return session->peer ? on_receive(wsi, session, in, len) : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return session->peer ? on_writable(wsi, session) : -1;
    case LWS_CALLBACK_TIMER:
        if (session && session->peer) {
            pace(wsi, session);
            return 0;
        }
        return ds_on_http(wsi, event, user, in, len);
    case LWS_CALLBACK_CLOSED:
        on_closed(wsi, session);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        return ds_on_http(wsi, event, user, in, len);
    default:
        return 0;
    }
}

/* --- The thread --- */

static void on_tick(lws_sorted_usec_list_t *sul)
{
    struct ds_server *server = lws_container_of(sul, struct ds_server, tick);
    ds_hub_tick(server->hub, ds_now());
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, LWS_USEC_PER_SEC);
}

/* Once it listens, what libwebsockets complains of is what clients do, as often as they like. */
static atomic_bool listening;

static void on_log(int level, const char *line)
{
    (void)level;
    char text[512];
    size_t len = strcspn(line, "\n");
    struct text_slice s = {line, len};
    log_event(atomic_load(&listening) ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "libwebsockets", "text",
              text_copy(s, text, sizeof(text)) ? text : "(too long)", NULL);
}

/* What has come while the last batch was synced is in the next. */
static void *run(void *user)
{
    struct ds_server *server = user;
    while (!atomic_load(&server->stopping) && lws_service(server->context, 0) >= 0) {
        if (atomic_load(&server->draining) && !server->drained) {
            server->drained = true;
            ds_hub_drain(server->hub, ds_now());
        }
        ds_hub_flush(server->hub, ds_now());
    }
    return NULL;
}

static bool listen_on(struct ds_server *server)
{
    static const struct lws_protocols protocols[] = {
        {.name = "http", .callback = ds_on_http},
        {.name = WIRE_SUBPROTOCOL,
         .callback = on_message_protocol,
         .per_session_data_size = sizeof(struct session),
         .rx_buffer_size = READ_BYTES,
         .tx_packet_size = 4 * READ_BYTES},
        {.name = NULL},
    };
    static const lws_retry_bo_t keepalive = {.secs_since_valid_ping = DS_PING_INTERVAL_S,
                                             .secs_since_valid_hangup = DS_SILENCE_MAX_S};
    const struct ds_server_config *config = &server->config;
    struct lws_context_creation_info info = {
        .port = config->port,
        .iface = config->address,
        .protocols = protocols,
        .user = server,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .alpn = "http/1.1",
        .timeout_secs = DS_REQUEST_TIMEOUT_S,
        .keepalive_timeout = DS_REQUEST_TIMEOUT_S,
        .max_http_header_data = DS_HEADERS_MAX,
        .max_http_header_pool = HEADER_POOL,
        .pt_serv_buf_size = READ_BYTES,
        .fd_limit_per_thread = config->connections + 64,
        .server_string = "sotto-ds",
        .ssl_cert_filepath = config->tls_cert,
        .ssl_private_key_filepath = config->tls_key,
        .retry_and_idle_policy = &keepalive,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    if (config->tls_cert)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    if (!strchr(config->address, ':'))
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    atomic_store(&listening, false);
    lws_set_log_level(LLL_ERR, on_log);
    server->context = lws_create_context(&info);
    server->vhost = server->context ? lws_create_vhost(server->context, &info) : NULL;
    if (!server->vhost || lws_get_vhost_listen_port(server->vhost) <= 0)
        return false;
    atomic_store(&listening, true);
    return true;
}

struct ds_server *ds_server_open(const struct ds_server_config *config)
{
    struct ds_server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->config = *config;
    server->config.hub.wake = on_wake;
    server->places = calloc(config->connections, sizeof(struct ds_place));
    server->hub = ds_hub_new(&server->config.hub, ds_now());
    if (!server->places || !server->hub || !listen_on(server))
        goto fail;
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, LWS_USEC_PER_SEC);
    if (pthread_create(&server->thread, NULL, run, server))
        goto fail;
    return server;
fail:
    if (server->context)
        lws_context_destroy(server->context);
    ds_hub_free(server->hub);
    free(server->places);
    free(server);
    return NULL;
}

uint16_t ds_server_port(const struct ds_server *server)
{
    return (uint16_t)lws_get_vhost_listen_port(server->vhost);
}

void ds_server_drain(struct ds_server *server)
{
    atomic_store(&server->draining, true);
    lws_cancel_service(server->context);
}

size_t ds_server_connections(const struct ds_server *server)
{
    return atomic_load(&server->connections);
}

void ds_server_close(struct ds_server *server)
{
    if (!server)
        return;
    atomic_store(&server->stopping, true);
    lws_cancel_service(server->context);
    pthread_join(server->thread, NULL);
    lws_context_destroy(server->context);
    ds_hub_free(server->hub);
    free(server->places);
    free(server);
}
