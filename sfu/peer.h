/* One session inside the router, and what the sessions of a router share. Internal to the routing files. */
#ifndef SFU_PEER_H
#define SFU_PEER_H

#include "arrivals.h"
#include "pair.h"
#include "sfu/router.h"

struct sfu_room;
struct sfu_slot;
struct sfu_track;

enum {
    SFU_RTT_DEFAULT_US = 100000, /* until a report tells */
    SFU_RTT_MIN_US = 1000,
    SFU_RTT_MAX_US = 1000000,
    SFU_RTCP_MAX = 1200, /* bytes of a compound packet that we write */
};

struct sfu_router {
    struct sfu_router_config config;
    struct sfu_room *rooms;
    struct sfu_peer *dirty; /* peers with something gathered */
    struct sfu_pairs pairs;
    struct sfu_router_stats stats;
    uint64_t random;
    uint64_t due_us; /* no peer is due before */
};

/* Packets gathered for one receiver. */
struct sfu_burst {
    size_t count;
    struct sfu_out_packet packets[SFU_BURST_MAX];
    uint8_t bytes[SFU_BURST_MAX][SFU_PACKET_MAX + SFU_SRTP_TAILROOM];
};

/* What a subscriber was sent, by transport-wide number: its feedback names packets so. */
enum { SFU_SENT_LEN = 1024 };
struct sfu_sent {
    bool used;
    uint8_t slot;
    uint16_t twcc;
    uint16_t seq;
};

struct sfu_peer {
    struct sfu_router *router;
    struct sfu_room *room;
    struct sfu_peer *next; /* in the room */
    struct sfu_peer *next_dirty;
    bool dirty;
    struct sfu_session_params params;
    void *transport;
    uint32_t local_ssrc; /* of our reports and feedback */
    uint64_t due_us;
    uint64_t report_us; /* when the next sender or receiver report is due */

    /* a publisher's */
    struct sfu_track *tracks;
    size_t track_count;
    struct sfu_arrivals arrivals;
    uint64_t arrivals_us; /* when transport-wide feedback may go out again */
    bool has_clock;
    int64_t clock_offset_us; /* our clock minus the publisher's NTP clock */

    /* a subscriber's */
    struct sfu_slot *slots;
    size_t slot_count;
    struct sfu_burst *burst;
    struct sfu_sent *sent;
    uint16_t twcc_seq;
    bool twcc_heard; /* it does send transport-wide feedback */
    uint64_t rtt_us;
};

uint64_t sfu_random(struct sfu_router *router);
/* Sees to it that the peer is ticked at at_us or before. */
void sfu_peer_wake(struct sfu_peer *peer, uint64_t at_us);
/* The peer has something to be flushed. */
void sfu_peer_mark(struct sfu_peer *peer);
/* Room for one more packet in the peer's burst; a full burst goes out first. */
uint8_t *sfu_peer_reserve(struct sfu_peer *peer);
/* The packet reserved last is len bytes long. */
void sfu_peer_commit(struct sfu_peer *peer, size_t len);
/* Sends the burst. */
void sfu_peer_flush(struct sfu_peer *peer);
/* Sends one compound RTCP packet: data[0..len) is copied. */
void sfu_peer_send_rtcp(struct sfu_peer *peer, const uint8_t *data, size_t len);

#endif
