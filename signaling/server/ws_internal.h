/* What the server's files share: ws.c speaks WebSocket with clients, ws_http.c HTTP with operators. */
#ifndef DS_WS_INTERNAL_H
#define DS_WS_INTERNAL_H

#include <libwebsockets.h>
#include <stdatomic.h>

#include "ds/server.h"

/* A connection's place, from accept to close. */
struct ds_place {
    bool used;
    bool admitted;
    uint8_t family;
    uint8_t network[8];         /* an IPv4 address, or the first half of an IPv6 one */
    char name[WIRE_ID_MAX + 1]; /* of an upgrade; empty: none */
};

struct ds_server {
    struct ds_server_config config;
    struct ds_hub *hub;
    struct lws_context *context;
    struct lws_vhost *vhost;
    pthread_t thread;
    atomic_bool stopping;
    atomic_bool draining;
    atomic_size_t connections;
    bool drained;
    lws_sorted_usec_list_t tick;
    struct ds_place *places; /* config.connections of them */
};

struct ds_time ds_now(void);
struct ds_server *ds_server_of(struct lws *wsi);

/* --- ws_http.c --- */

/* Events before a connection speaks WebSocket, and of those that never do. */
int ds_on_http(struct lws *wsi, enum lws_callback_reasons event, void *user, void *in, size_t len);

#endif
