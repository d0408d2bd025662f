/* The WebSocket to a delivery service: up, messages, down, and up again, for as long as it exists. In the main context.
 */
#ifndef DELIVERY_CONNECTION_H
#define DELIVERY_CONNECTION_H

#include <libsoup/soup.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

struct connection_config {
    SoupSession *http;
    const char *url; /* copied */
    void (*up)(void *user);
    void (*message)(void *user, const uint8_t *data, size_t len);
    /* ended: the service has said that coming back is of no use */
    void (*down)(void *user, const char *reason, bool ended);
    void *user;
};

/* The URL of the service at a host, with a port or without: TLS towards everybody but this machine. g_free() it. */
char *connection_url(const char *host);

struct connection *connection_new(const struct connection_config *config);
/* Closes it; what was sent before is still delivered. Nothing is called any more. NULL is allowed. */
void connection_free(struct connection *connection);
/* Lost if it is not up. */
void connection_send(struct connection *connection, const uint8_t *data, size_t len);
/* Drops what is up, for a reason that down() is told, and connects anew. */
void connection_reset(struct connection *connection, const char *reason);

#endif
