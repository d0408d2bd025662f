/* The resources of the HTTP interface: WHIP and WHEP endpoints, sessions, slots, health, version, metrics
 * (docs/protocol.md). Requests in, responses out; no socket and no thread of its own. */
#ifndef SFU_WHIP_H
#define SFU_WHIP_H

#include "daemon/config.h"
#include "daemon/dev_issuer.h"
#include "daemon/token.h"
#include "sfu/http.h"
#include "sfu/offer.h"
#include "sfu/worker.h"

struct sfu_whip;

struct sfu_whip_config {
    struct sfu_answer_config answer; /* strings outlive it; the port is the worker's */
    uint32_t max_sessions;
    /* NULL: whoever asks needs a token. Else (--dev) only requests from loopback are served, a token is not needed but
     * checked where one is shown, and the issuer gives tokens out. It outlives what it is given to. */
    const struct dev_issuer *dev;
    bool audio_level; /* see offer.h */
    enum config_metrics metrics;
};

/* NULL without memory. Without keys (sfu_whip_set_keys) and without dev every session is refused. */
struct sfu_whip *sfu_whip_new(const struct sfu_whip_config *config);
/* The worker that sessions go to; it must outlive the HTTP server. To be called before any request is handled. */
void sfu_whip_use_worker(struct sfu_whip *whip, struct sfu_worker *worker);
/* The HTTP server and the worker must be closed. NULL is allowed. */
void sfu_whip_free(struct sfu_whip *whip);

/* The two of struct http_handler; user is a struct sfu_whip. Called on one thread. */
void sfu_whip_handle(void *user, const struct http_request *request, struct http_response *response);
void sfu_whip_tick(void *user);

/* The following are safe from any thread. */

/* Replaces the issuers' keys; takes what keys holds and leaves it empty. */
void sfu_whip_set_keys(struct sfu_whip *whip, struct token_keys *keys);
/* For struct sfu_worker_config: the worker says that it ended a session; user is a struct sfu_whip. */
void sfu_whip_session_ended(void *user, const char *session_id, enum sfu_session_end reason);
/* From now on no session begins and /healthz says so. */
void sfu_whip_drain(struct sfu_whip *whip);
/* Sessions that have not ended, as far as is known: the worker is asked about a few at every tick. */
size_t sfu_whip_session_count(const struct sfu_whip *whip);

#endif
