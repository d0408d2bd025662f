/* A simulated world around a router, on a virtual clock: publishers that make RTP as real ones do, and transports that
 * keep what the router sends to each peer. Header extension ids and payload types differ between the two sides, so that
 * a number that is not translated shows. */
#ifndef TESTS_SFU_SIM_H
#define TESTS_SFU_SIM_H

#include "room.h"
#include "rtp/dd.h"
#include "rtp/packet.h"
#include "rtp/rtcp.h"
#include "rtp/seq.h"
#include "sfu/router.h"
#include "window.h"

enum {
    SIM_PEERS_MAX = 16,
    SIM_VIDEO_RATE = 90000,
    SIM_AUDIO_RATE = 48000,
    SIM_PACKET_LEN = 1000, /* payload bytes of a video packet */
    SIM_MS = 1000,         /* us */
};

/* What publishers number so ... */
enum { PUB_MID = 1, PUB_DD = 2, PUB_TWCC = 3, PUB_LEVEL = 4, PUB_RID = 5, PUB_RRID = 6 };
enum { PUB_OPUS = 111, PUB_VP8 = 96, PUB_VP8_RTX = 97, PUB_RAW = 98, PUB_RAW_RTX = 99 };
/* ... subscribers number so. */
enum { SUB_MID = 7, SUB_DD = 8, SUB_TWCC = 9, SUB_LEVEL = 10 };
enum { SUB_OPUS = 63, SUB_VP8 = 100, SUB_VP8_RTX = 101, SUB_RAW = 102, SUB_RAW_RTX = 103 };

/* What came out for a peer, as it was when the router handed it over. */
struct sim_packet {
    uint64_t at_us;
    size_t len;
    struct rtp_packet rtp; /* borrows from data; not for RTCP */
    uint8_t data[SFU_PACKET_MAX];
};

struct sim;

/* The numbers that went out under one SSRC: none may ever go out twice, whatever a test does. */
struct sim_used {
    uint32_t ssrc;
    struct rtp_seq_unwrapper unwrapper;
    struct sfu_window window;
};

struct sim_peer {
    struct sim *sim;
    struct sfu_peer *peer;
    struct sfu_session_params params;
    struct sim_packet *rtp;
    size_t rtp_count, rtp_cap;
    struct sim_packet *rtcp;
    size_t rtcp_count, rtcp_cap;
    size_t bursts;
    uint16_t twcc; /* a publisher's next transport-wide number */
    struct sim_used used[2 * SFU_MEDIA_MAX];
    size_t used_count;
    bool silent; /* a subscriber that sends no transport-wide feedback by itself */
    size_t reported;
};

struct sim {
    struct sfu_router *router;
    uint64_t now_us;
    uint64_t payload_seed; /* another one: other payload bytes, nothing else */
    /* Told of each media payload as it goes into the router and as it comes out, if not NULL. */
    void (*on_payload_in)(uint8_t *payload, size_t len);
    void (*on_payload_out)(const uint8_t *payload, size_t len);
    struct sim_peer peers[SIM_PEERS_MAX];
    size_t peer_count;
};

void sim_open(struct sim *sim);
void sim_close(struct sim *sim);

/* Params of a session with n m-lines: "a0", "a1", ... audio, then "v0", "v1", ... video. A publisher declares SSRCs
 * (make_ssrc) and offers raw VP8 with descriptors; a subscriber takes raw and plain VP8. */
void sim_publisher_params(struct sfu_session_params *params, const char *pseudonym, size_t audio, size_t video);
void sim_subscriber_params(struct sfu_session_params *params, const char *pseudonym, size_t audio, size_t video);
/* Joins a session, which must succeed. */
struct sim_peer *sim_join(struct sim *sim, const struct sfu_session_params *params);
struct sim_peer *sim_publish(struct sim *sim, const char *pseudonym, size_t audio, size_t video);
struct sim_peer *sim_subscribe(struct sim *sim, const char *pseudonym, size_t audio, size_t video);
void sim_leave(struct sim *sim, struct sim_peer *peer);
/* Lets time pass, calling the router's timers when it asks for it, and flushes. First, subscribers that are not silent
 * report all packets they got since as received. */
void sim_run(struct sim *sim, uint64_t us);
/* Forgets what came out so far (which is reported first, as above). */
void sim_clear(struct sim *sim);

/* An RTP stream of a publisher. */
struct sim_stream {
    struct sim_peer *peer;
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    uint8_t pt;
    uint8_t rtx_pt;
    uint16_t seq;
    uint16_t rtx_seq;
    uint32_t ts;
    uint32_t ts_step;
    const char *mid; /* NULL: not sent */
    const char *rid;
    bool has_dd;
    struct dd_structure structure;
    uint16_t frame;
    uint8_t spatial_layers;
    uint32_t active_targets; /* announced with each structure; 0: not */
    size_t packet_len;       /* payload bytes */
    /* the packets of the last frames, for retransmission and reordering */
    struct sim_sent {
        uint16_t seq;
        size_t len;
        uint8_t data[SFU_PACKET_MAX];
    } sent[256];
};

/* The m-line's stream, as declared in the peer's params. */
void sim_stream_init(struct sim_stream *s, struct sim_peer *peer, size_t media, bool with_dd);
/* Makes the next packet and gives it the next number, without sending it; returns its place in sent. */
struct sim_sent *sim_make(struct sim_stream *s, bool key, uint8_t spatial, size_t index, size_t count, bool last_layer);
/* Feeds a made packet into the router; it may be fed again. */
void sim_feed(struct sim_stream *s, const struct sim_sent *packet);
/* Sends a picture in packets packets per spatial layer, all at once, and flushes; the next one has the next
 * timestamp. drop: bit i leaves out the i-th packet. */
void sim_frame(struct sim_stream *s, bool key, size_t packets, uint32_t drop);
/* Sends sent[] packet seq again as RTX. */
void sim_retransmit(struct sim_stream *s, uint16_t seq);
void sim_send_rtcp(struct sim_peer *peer, const struct bytes_writer *w);

/* How many RTCP packets of a type (and format, for feedback) the peer was sent; the last one goes to *last unless NULL
 * (body borrows). */
size_t sim_count_rtcp(const struct sim_peer *peer, uint8_t type, uint8_t count, struct rtcp_packet *last);
size_t sim_count_pli(const struct sim_peer *peer);
/* A NACK and a PLI from a subscriber. */
void sim_nack(struct sim_peer *peer, uint32_t ssrc, const uint16_t *seqs, size_t count);
void sim_pli(struct sim_peer *peer, uint32_t ssrc);
/* Transport-wide feedback on what was sent to the peer from packet index from on, 64 packets at most; lost: bit i means
 * the i-th packet of those did not arrive. Returns the index of the first packet not reported. */
size_t sim_twcc(struct sim_peer *peer, size_t from, uint64_t lost);

/* The element of an outgoing packet; NULL if it is absent. */
const uint8_t *sim_extension(const struct sim_packet *packet, uint8_t id, size_t *len);
/* The descriptor's frame number, template id, and whether it is long (has a structure or more). */
bool sim_dd(const struct sim_packet *packet, uint16_t *frame, uint8_t *template_id);

#endif
