/* What bench_sfu is made of: members of a room and their packets, made without sockets, and what they are measured in.
 */
#ifndef BENCH_SFU_PARTS_H
#define BENCH_SFU_PARTS_H

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "sfu/router.h"
#include "sfu/srtp.h"

enum {
    SFU_FEED_BATCH = 16,    /* packets that come in at once */
    SFU_FEED_PACKET = 1200, /* bytes of an RTP packet, header and extensions included */
    SFU_RECEIVERS_MAX = 30,
};

struct sfu_member {
    enum sfu_role role;
    unsigned number; /* of the participant: both its sessions share a pseudonym */
    unsigned audio;  /* tracks or slots */
    unsigned video;
    bool resends; /* video by RTX: a slot keeps what it sent */
};

/* Joins a session of the member's, or ends the program. */
struct sfu_peer *sfu_member_join(struct sfu_router *router, const struct sfu_member *member, void *transport,
                                 uint64_t now_us);
/* A packet with an empty payload, for the router, of a media that the member publishes. */
void sfu_member_speak(struct sfu_router *router, struct sfu_peer *peer, const struct sfu_member *member,
                      enum sfu_kind kind, uint16_t seq, uint64_t now_us);

/* The publisher that is forwarded: a camera. */
extern const struct sfu_member sfu_camera;

extern const struct sfu_srtp_key sfu_key_in; /* what the unit receives is protected under it */
extern const struct sfu_srtp_key sfu_key_out;
/* One end of SRTP by AES-128-GCM; freed by sfu_srtp_libsrtp2. */
struct sfu_srtp *sfu_srtp_end(const struct sfu_srtp_key *inbound, const struct sfu_srtp_key *outbound);

/* The camera's packets: frames of four under a Dependency Descriptor, the first a key frame, 2.5 Mbit/s. */
struct sfu_feed {
    struct sfu_srtp *srtp; /* the camera's end; NULL: in the clear */
    uint64_t count;        /* packets made */
    uint64_t now_us;
    struct sfu_out_packet packets[SFU_FEED_BATCH]; /* the last batch */
    uint8_t bytes[SFU_FEED_BATCH][SFU_PACKET_MAX + SFU_SRTP_TAILROOM];
};

void sfu_feed_init(struct sfu_feed *feed, bool srtp);
void sfu_feed_wipe(struct sfu_feed *feed);
/* Makes the next batch, and lets the time pass that it takes. */
void sfu_feed_next(struct sfu_feed *feed);

/* How far packets go. */
enum sfu_way {
    SFU_CLEAR, /* through the router */
    SFU_SRTP,  /* and SRTP is removed before and put on after, under a key of each receiver's */
    SFU_SENT,  /* and to the receivers' sockets on this machine, by bursts */
};

/* A router with its publisher and receivers, each with a camera's slot that resends. */
struct sfu_unit;
struct sfu_unit *sfu_unit_new(enum sfu_way way, size_t receivers);
void sfu_unit_free(struct sfu_unit *unit);
/* Makes the next batch. Ends the program unless what went out is what came in, times the receivers. */
void sfu_unit_prepare(struct sfu_unit *unit);
/* Takes the batch, or its first packets, and sends what comes of it. */
void sfu_unit_run(struct sfu_unit *unit, uint64_t packets);

/* Joining and leaving a large room. */
void sfu_bench_join(struct bench *bench);

/* Ends the program with a message unless ok. Here, so that a static analysis sees what cannot be after it. */
static inline void sfu_must(bool ok)
{
    if (!ok) {
        fprintf(stderr, "a measured operation failed\n");
        exit(EXIT_FAILURE);
    }
}

#endif
