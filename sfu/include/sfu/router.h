/* The router: which publisher's packets fill which subscriber's slot, and how they are rewritten on the way.
 *
 * It sees RTP headers, header extensions and RTCP in the clear (after SRTP removal), never a key, and no byte of a
 * payload decides anything. No I/O, no clock, no thread: packets and time come in, bursts per receiver go out by the
 * callbacks in sfu_router_ops. One router belongs to one worker and holds all its rooms. */
#ifndef SFU_ROUTER_H
#define SFU_ROUTER_H

#include "sfu/session.h"
#include "sotto/export.h"

struct sfu_router;
struct sfu_peer; /* one session inside the router */

enum {
    SFU_PACKET_MAX = 1500,  /* bytes of an RTP packet, before SRTP */
    SFU_SRTP_TAILROOM = 32, /* bytes that protection may add at a packet's end */
    SFU_BURST_MAX = 64,     /* packets handed over at once */
};

/* An RTP packet for one receiver, in the router's memory: data has SFU_SRTP_TAILROOM bytes of room behind len.
 * The callee may change data in place (SRTP protection) but not keep it. */
struct sfu_out_packet {
    uint8_t *data;
    size_t len;
};

struct sfu_router_ops {
    /* Protects and sends a burst to one receiver. */
    void (*send_rtp)(void *transport, struct sfu_out_packet *packets, size_t count);
    /* Protects and sends one compound RTCP packet; data has SFU_SRTP_TAILROOM + 4 bytes of room behind len. */
    void (*send_rtcp)(void *transport, uint8_t *data, size_t len);
};

struct sfu_router_config {
    const struct sfu_router_ops *ops;
    uint32_t max_rooms;
    uint32_t max_peers_per_room;
    uint64_t seed; /* for the choice of initial sequence numbers and timestamps; random in production */
};

/* NULL without memory. ops must outlive the router. */
struct sfu_router *sfu_router_new(const struct sfu_router_config *config);
void sfu_router_free(struct sfu_router *router);

enum sfu_join_error { SFU_JOIN_OK = 0, SFU_JOIN_FULL = -1, SFU_JOIN_MEMORY = -2, SFU_JOIN_DUPLICATE = -3 };

/* Adds a session whose transport is up (DTLS done, SRTP keys in place). params is copied. transport comes back in the
 * callbacks. */
SOTTO_MUST_CHECK int sfu_router_join(struct sfu_router *router, const struct sfu_session_params *params,
                                     void *transport, uint64_t now_us, struct sfu_peer **peer);
void sfu_router_leave(struct sfu_router *router, struct sfu_peer *peer, uint64_t now_us);

/* One authenticated packet from a peer, SRTP removed; packet may be changed in place. Anything malformed, or with an
 * SSRC that belongs to another peer, is counted and dropped. */
void sfu_router_rtp(struct sfu_router *router, struct sfu_peer *from, uint8_t *packet, size_t len, uint64_t now_us);
void sfu_router_rtcp(struct sfu_router *router, struct sfu_peer *from, const uint8_t *packet, size_t len,
                     uint64_t now_us);
/* Ends a batch of incoming packets: what was gathered per receiver goes out. */
void sfu_router_flush(struct sfu_router *router, uint64_t now_us);

/* When sfu_router_tick wants to be called next; UINT64_MAX for never. */
uint64_t sfu_router_next_timeout(const struct sfu_router *router);
/* Reports, key frame requests, retries that are due at now_us. */
void sfu_router_tick(struct sfu_router *router, uint64_t now_us);

/* Replaces a subscriber's wishes. Unknown mids are ignored. */
void sfu_router_set_slots(struct sfu_router *router, struct sfu_peer *peer, const struct sfu_slot_wish *wishes,
                          size_t count, uint64_t now_us);

struct sfu_router_stats {
    uint64_t packets_in;
    uint64_t packets_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t malformed;
    uint64_t foreign_ssrc;
    uint64_t nacks_in;
    uint64_t retransmitted;
    uint64_t plis_out;
    uint32_t rooms;
    uint32_t peers;
};
void sfu_router_stats(const struct sfu_router *router, struct sfu_router_stats *stats);

/* Frames of a publisher forwarded to a subscriber: a frame counts once all of its packets that came in went out. */
struct sfu_forward_stats {
    char room[SFU_ID_MAX];
    char publisher[SFU_ID_MAX];
    char subscriber[SFU_ID_MAX];
    enum sfu_kind kind;
    uint64_t frames;
    uint64_t packets;
    uint64_t bytes;
};
/* Calls visit for each pair and kind that has forwarded anything. */
void sfu_router_forwarded(const struct sfu_router *router,
                          void (*visit)(void *user, const struct sfu_forward_stats *stats), void *user);

#endif
