/* A worker: one UDP socket, its transports (ICE-lite, DTLS, SRTP) and its router, on a thread of its own.
 * The HTTP thread talks to it by these calls alone, each of which is safe from any thread: a command goes through a
 * mailbox and the caller waits for the worker's answer (bounded by a second). */
#ifndef SFU_WORKER_H
#define SFU_WORKER_H

#include "sfu/router.h"
#include "sfu/session.h"
#include "sotto/export.h"

struct sfu_worker;
struct sfu_certificate; /* the daemon's DTLS identity, made at start (dtls.h) */
struct sfu_srtp_ops;    /* srtp.h */

/* Why a session ended. */
enum sfu_session_end {
    SFU_END_REQUESTED,   /* sfu_worker_end_session */
    SFU_END_SHUTDOWN,    /* sfu_worker_close */
    SFU_END_PEER,        /* the peer's close_notify */
    SFU_END_CONSENT,     /* no authenticated STUN for idle_timeout_us (RFC 7675) */
    SFU_END_HANDSHAKE,   /* DTLS failed or took too long */
    SFU_END_FINGERPRINT, /* the peer's certificate is not the one its offer named */
    SFU_END_TOKEN,       /* token_expires_s has passed */
    SFU_END_ROUTER,      /* the router would not take it: its room is full */
};

struct sfu_worker_config {
    const char *bind_address; /* numeric IPv4 or IPv6 */
    uint16_t port;            /* 0: any */
    const struct sfu_certificate *certificate;
    uint32_t max_sessions;
    uint64_t idle_timeout_us;        /* a session without ICE consent for this long ends; 0: 30 s, as RFC 7675 says */
    uint32_t max_rooms;              /* 0: max_sessions */
    uint32_t max_peers_per_room;     /* 0: max_sessions */
    const struct sfu_srtp_ops *srtp; /* NULL: libsrtp2 */
    /* Called on the worker's thread, must not block or call the worker; both may be NULL. */
    void (*session_up)(void *user, const char *session_id);
    void (*session_ended)(void *user, const char *session_id, enum sfu_session_end reason);
    void *user;
};

enum sfu_worker_error {
    SFU_WORKER_OK = 0,
    SFU_WORKER_FULL = -1,
    SFU_WORKER_UNKNOWN_SESSION = -2,
    SFU_WORKER_BUSY = -3, /* no answer within a second */
    SFU_WORKER_SYSTEM = -4,
    SFU_WORKER_DUPLICATE = -5, /* the session id or local ufrag is in use */
};

/* Opens the socket and starts the thread. NULL, with errno set, if that fails. */
struct sfu_worker *sfu_worker_open(const struct sfu_worker_config *config);
/* Ends every session (DTLS close_notify), stops the thread, frees. */
void sfu_worker_close(struct sfu_worker *worker);
/* The UDP port in use. */
uint16_t sfu_worker_port(const struct sfu_worker *worker);

SOTTO_MUST_CHECK int sfu_worker_add_session(struct sfu_worker *worker, const struct sfu_session_params *params);
SOTTO_MUST_CHECK int sfu_worker_end_session(struct sfu_worker *worker, const char *session_id);
SOTTO_MUST_CHECK int sfu_worker_set_slots(struct sfu_worker *worker, const char *session_id,
                                          const struct sfu_slot_wish *wishes, size_t count);
/* New remote credentials after an ICE restart (RFC 9725 section 4.3.2); the session's transport stays. */
SOTTO_MUST_CHECK int sfu_worker_restart_ice(struct sfu_worker *worker, const char *session_id, const char *remote_ufrag,
                                            const char *remote_pwd, const char *local_ufrag, const char *local_pwd);
/* A later end for a session whose token was renewed. */
SOTTO_MUST_CHECK int sfu_worker_renew(struct sfu_worker *worker, const char *session_id, uint64_t token_expires_s);

struct sfu_worker_stats {
    struct sfu_router_stats router;
    uint64_t cpu_us; /* CPU time of the worker's thread */
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t dropped_unauthenticated; /* from addresses or under keys nothing is known of */
    uint32_t sessions;
    uint32_t sessions_up; /* of these, with DTLS done */
};
SOTTO_MUST_CHECK int sfu_worker_stats(struct sfu_worker *worker, struct sfu_worker_stats *stats);
/* A copy of the router's pairs (sfu_router_forwarded): an array the caller frees with free(). */
SOTTO_MUST_CHECK int sfu_worker_forwarded(struct sfu_worker *worker, struct sfu_forward_stats **pairs, size_t *count);

#endif
