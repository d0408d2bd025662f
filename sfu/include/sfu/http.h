/* The HTTP/1.1 server: libwebsockets on a thread of its own, whole requests in, whole responses out.
 *
 * Everything a client may make it hold is bounded: connections, header bytes, body bytes, and the time until a request
 * is complete. What libwebsockets 4.1 would wait for without end (a body without a length, in chunks, behind an
 * Expect: 100-continue) is refused or answered as soon as the headers are in. */
#ifndef SFU_HTTP_H
#define SFU_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/text.h"
#include "sotto/export.h"

enum {
    HTTP_BODY_MAX = 64 * 1024,
    HTTP_PATH_MAX = 512,
    HTTP_FIELD_MAX = 256,          /* of the header fields below, but for authorization */
    HTTP_AUTHORIZATION_MAX = 4224, /* "Bearer " and a token (token.h) */
    HTTP_HEADERS_MAX = 8192,       /* bytes of a request's header fields together */
    HTTP_CONNECTIONS_MAX = 256,
    HTTP_CONNECTIONS_OF_ONE = 64, /* from one IPv4 address or one IPv6 /64, so that nobody alone can take all places */
    HTTP_REQUEST_TIMEOUT_MS = 10000, /* from the connection to the end of the response */
    HTTP_EXTRA_MAX = 2048,           /* bytes of the header fields a response adds */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PATCH, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS };

/* Fields that a request does not have are empty. */
struct http_request {
    enum http_method method;
    char path[HTTP_PATH_MAX];
    char query[HTTP_FIELD_MAX];
    char authorization[HTTP_AUTHORIZATION_MAX];
    char content_type[HTTP_FIELD_MAX];
    char accept[HTTP_FIELD_MAX];
    char if_match[HTTP_FIELD_MAX];
    char host[HTTP_FIELD_MAX];
    char origin[HTTP_FIELD_MAX];
    bool from_loopback; /* the peer's address is this machine's */
    struct text_slice body;
};

struct http_response {
    int status;
    const char *content_type; /* NULL without a body */
    char *body;               /* on the heap; the server wipes and frees it */
    size_t body_len;
    char extra[HTTP_EXTRA_MAX]; /* header fields as `Name: value` with CRLF after each */
};

/* Replaces the response's body by a copy of text; status 500 without memory. */
void http_respond(struct http_response *response, int status, const char *content_type, const char *text);

struct http_handler {
    /* Answers a request; response starts as 404 without a body. */
    void (*handle)(void *user, const struct http_request *request, struct http_response *response);
    /* Once a second. */
    void (*tick)(void *user);
    void *user;
};

struct http_config {
    const char *address;  /* numeric */
    uint16_t port;        /* 0: any */
    const char *tls_cert; /* PEM files; both NULL for plain HTTP */
    const char *tls_key;
    uint32_t request_timeout_ms; /* 0: HTTP_REQUEST_TIMEOUT_MS */
    struct http_handler handler; /* called on the server's thread */
};

struct http_server;

/* Listens and starts the thread. NULL if that fails (the log says why). */
struct http_server *http_server_open(const struct http_config *config);
/* The port in use. */
uint16_t http_server_port(const struct http_server *server);
/* Stops the thread, closes all connections, frees. NULL is allowed. */
void http_server_close(struct http_server *server);

#endif
