/* A transport: one session's ICE-lite, DTLS and SRTP, from the first Binding request to close_notify.
 *
 * No I/O, no clock, no thread: datagrams and time come in, datagrams go out by the host's send. What comes in is told
 * apart by its first byte (RFC 7983). Rules kept here:
 * - a source address is learnt from authenticated STUN alone, and an address in use by an open session is its own;
 * - before a check has succeeded nothing but STUN is heard;
 * - until a DTLS cookie came back never more bytes go out than came in, and a handshake's bytes stay bounded;
 * - each address has a cookie of its own: the one that comes back says where the peer hears us, and from then on the
 *   transport moves to another address only after a challenge (ice.h). */
#ifndef SFU_TRANSPORT_H
#define SFU_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "sfu/address.h"
#include "sfu/dtls.h"
#include "sfu/ice.h"
#include "sfu/index.h"
#include "sfu/router.h"
#include "sfu/session.h"
#include "sfu/srtp.h"
#include "sfu/worker.h"
#include "sotto/export.h"

enum {
    SFU_TRANSPORT_ADDRESSES = 8,        /* addresses of a peer that are remembered */
    SFU_TRANSPORT_CREDIT = 4096,        /* bytes a handshake may send beyond SFU_TRANSPORT_FACTOR times what came */
    SFU_TRANSPORT_FACTOR = 3,           /* as RFC 9000 section 8 */
    SFU_TRANSPORT_CONSENT_US = 30000000 /* RFC 7675 section 5.1 */
};

/* What the transports of one worker share. Zero it, fill in the upper part, then init. */
struct sfu_transport_host {
    const struct sfu_certificate *certificate;
    const struct sfu_srtp_ops *srtp;
    uint64_t idle_timeout_us;
    /* Sends up to SFU_BURST_MAX datagrams. *segment: see sfu_udp_send. */
    void (*send)(void *user, const struct sfu_address *to, const struct iovec *datagrams, size_t count, bool *segment);
    void *user;

    struct sfu_index by_id;
    struct sfu_index by_ufrag;
    struct sfu_index by_address;
};

SOTTO_MUST_CHECK bool sfu_transport_host_init(struct sfu_transport_host *host, size_t max_sessions);
/* Its transports must be gone. */
void sfu_transport_host_wipe(struct sfu_transport_host *host);

struct sfu_transport;

/* True if the id or the local ufrag belongs to a transport already. */
bool sfu_transport_taken(const struct sfu_transport_host *host, const char *id, const char *local_ufrag);
/* Makes a transport that waits for its peer. NULL without memory, if the id or the local ufrag is taken, or if one of
 * them or the local password is empty.
 * params is copied. wall_s is the time since 1970 that token_expires_s is compared with. */
struct sfu_transport *sfu_transport_new(struct sfu_transport_host *host, const struct sfu_session_params *params,
                                        uint64_t now_us, uint64_t wall_s);
/* Sends close_notify if DTLS is up, wipes, frees. NULL is allowed. */
void sfu_transport_free(struct sfu_transport *transport);
/* NULL if there is none. */
struct sfu_transport *sfu_transport_find(const struct sfu_transport_host *host, const char *id);

const struct sfu_session_params *sfu_transport_params(const struct sfu_transport *transport);
/* What the worker hangs onto it. */
struct sfu_transport_hook {
    struct sfu_peer *peer;        /* the router's; NULL until it joined */
    uint32_t position;            /* in the worker's list */
    struct sfu_slot_wish *wishes; /* those that came before it joined; the worker's to free */
    size_t wish_count;
};
struct sfu_transport_hook *sfu_transport_hook(struct sfu_transport *transport);

enum sfu_input_kind {
    SFU_INPUT_NONE,    /* taken; nothing more to do */
    SFU_INPUT_DROPPED, /* from addresses or under keys nothing is known of */
    SFU_INPUT_UP,      /* the transport came up: SRTP keys are in place */
    SFU_INPUT_RTP,     /* data is an RTP packet, SRTP removed */
    SFU_INPUT_RTCP,
    SFU_INPUT_ENDED, /* the transport is over, for `end`; to be freed by the caller */
};

struct sfu_input {
    enum sfu_input_kind kind;
    struct sfu_transport *transport; /* NULL for SFU_INPUT_DROPPED */
    uint8_t *data;                   /* in the datagram */
    size_t len;
    enum sfu_session_end end;
};

/* Handles one datagram, which is changed in place. */
void sfu_transport_input(struct sfu_transport_host *host, const struct sfu_address *from, uint8_t *datagram, size_t len,
                         uint64_t now_us, struct sfu_input *input);

/* Protects and sends RTP packets to the selected address. Packets that SRTP refuses are left out. */
void sfu_transport_send_rtp(struct sfu_transport *transport, struct sfu_out_packet *packets, size_t count);
/* Protects and sends one RTCP packet; data has SFU_SRTCP_GROWTH bytes of room behind len. */
void sfu_transport_send_rtcp(struct sfu_transport *transport, uint8_t *data, size_t len);

/* When sfu_transport_tick wants to be called next. */
uint64_t sfu_transport_next_timeout(const struct sfu_transport *transport);
/* DTLS retransmissions, asking for consent, its loss, the token's end. True if the transport goes on; else *end says
 * why not. */
SOTTO_MUST_CHECK bool sfu_transport_tick(struct sfu_transport *transport, uint64_t now_us, enum sfu_session_end *end);

/* New credentials (ICE restart). False, and nothing changed, if the local ufrag is in use by another. */
SOTTO_MUST_CHECK bool sfu_transport_restart_ice(struct sfu_transport *transport,
                                                const struct sfu_ice_credentials *credentials);
void sfu_transport_renew(struct sfu_transport *transport, uint64_t token_expires_s, uint64_t now_us, uint64_t wall_s);

#endif
