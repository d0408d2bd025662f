/* The delivery service's server: libwebsockets on a thread of its own, HTTP for the operator, WebSocket for clients.
 *
 * What clients may make it hold before they are admitted is bounded here: connections, those of one network, header
 * bytes, the time to be admitted. What they may do after that is the hub's to bound. */
#ifndef DS_SERVER_H
#define DS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ds/hub.h"
#include "sotto/export.h"

enum {
    DS_HEADERS_MAX = 8192,      /* bytes of a request's header fields together */
    DS_CONNECTIONS_OF_ONE = 64, /* not admitted, from one IPv4 address or one IPv6 /64 */
    DS_REQUEST_TIMEOUT_S = 10,  /* from the connection to the end of the request */
    DS_PING_INTERVAL_S = 20,
    DS_SILENCE_MAX_S = 60, /* a connection that nothing is heard of for so long is closed */
};

struct ds_server_config {
    const char *address;  /* numeric */
    uint16_t port;        /* 0: any */
    const char *tls_cert; /* PEM files; both NULL for plain HTTP */
    const char *tls_key;
    uint32_t connections;
    bool metrics_off;
    bool metrics_any;         /* not only for loopback */
    struct ds_hub_config hub; /* but for wake, which is the server's */
};

struct ds_server;

/* Listens and starts the thread, on which check_token is called. NULL if that fails (the log says why). */
struct ds_server *ds_server_open(const struct ds_server_config *config);
/* The port in use. */
uint16_t ds_server_port(const struct ds_server *server);
/* Ends all connections in order; new ones are told to go. From any thread. */
void ds_server_drain(struct ds_server *server);
/* Clients that are connected. From any thread. */
size_t ds_server_connections(const struct ds_server *server);
/* Stops the thread, closes all connections, frees. NULL is allowed. */
void ds_server_close(struct ds_server *server);

#endif
