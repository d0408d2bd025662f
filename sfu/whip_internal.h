/* Between whip.c (endpoints, pages), whip_session.c (what a session's own resource answers) and whip_dev.c (--dev). */
#ifndef SFU_WHIP_INTERNAL_H
#define SFU_WHIP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "sfu/auth.h"
#include "sfu/registry.h"
#include "sfu/whip.h"

enum {
    ENDED_MAX = 256, /* ends remembered between two ticks; what is more the sweep finds */
    ID_LEN = 24,     /* 144 random bits */
    UFRAG_LEN = 12,  /* RFC 8839 asks for 24 random bits at least */
    PWD_LEN = 24,    /* and for 128 */
    ETAG_LEN = 12,
    LOGGED_ID_LEN = 6, /* enough to tell sessions apart, not enough to end one */
};

#define SDP_TYPE "application/sdp"
#define FRAGMENT_TYPE "application/trickle-ice-sdpfrag"
#define JSON_TYPE "application/json"
#define TEXT_TYPE "text/plain; charset=utf-8"

struct ended {
    char id[SFU_ID_MAX];
    enum sfu_session_end reason;
};

struct sfu_whip {
    struct sfu_whip_config config;
    struct sfu_worker *worker;
    struct sfu_registry registry;
    struct sdp *sdp; /* one request at a time */
    struct token_issuers issuers;
    /* what the worker's thread has said of ended sessions and this one has not heard yet */
    pthread_mutex_t ended_lock;
    struct ended ended[ENDED_MAX];
    size_t ended_count;
    atomic_bool draining;
    atomic_size_t session_count;
};

/* Adds a header field, if there is room. */
void whip_add_header(struct http_response *response, const char *name, const char *value);
/* Answers an error as one line of text. */
void whip_fail(struct http_response *response, int status, const char *text);
/* 405 */
void whip_refuse_method(struct http_response *response, const char *allowed);
/* CORS preflights, and what a resource takes (RFC 9725 section 4.2). */
void whip_answer_options(struct http_response *response, const char *methods, const char *accept_name,
                         const char *accept);
/* True if a Content-Type is the wanted media type, whatever its parameters. */
bool whip_is_type(const char *content_type, const char *wanted);
/* Whose request it is, from its token; false once the refusal is written. room may be NULL: any. */
bool whip_authorize(struct sfu_whip *whip, const struct http_request *request, const char *room,
                    struct http_response *response, struct token *token);
/* With --dev: whether a request needs no token. One that shows any is held to it, so that --dev tries what service
 * does. */
bool whip_is_trusted(const struct sfu_whip *whip, const struct http_request *request);
/* What such a request may do; false once the refusal is written. */
bool whip_authorize_dev(const struct http_request *request, const char *room, struct http_response *response,
                        struct token *token);
/* /dev/token, which is there with --dev alone. */
void whip_handle_dev_token(struct sfu_whip *whip, const struct http_request *request, struct http_response *response);
/* Seconds since 1970. */
uint64_t whip_now_s(void);
/* The HTTP status for a worker's error. */
int whip_worker_status(int error);

void whip_log_session(const char *event, const struct sfu_registered *session);
/* Takes a session that has ended off the registry. */
void whip_forget(struct sfu_whip *whip, struct sfu_registered *session, const char *event);
/* Has the worker end a session, and forgets it. False, with the refusal written, if the worker does not answer: the
 * session goes on then and is not forgotten. */
SOTTO_MUST_CHECK bool whip_end_session(struct sfu_whip *whip, struct sfu_registered *session, const char *event,
                                       struct http_response *response);
/* /session/ID and /session/ID/slots; rest is the path behind /session/. */
void whip_handle_session(struct sfu_whip *whip, const struct http_request *request, struct text_slice rest,
                         struct http_response *response);

#endif
