/* Follows the packets of a key frame that a slot begins with: receivers may stay silent about a key frame they never
 * got, so it counts as delivered only when their feedback says so. Zero-initialise; a wiped one follows nothing.
 * Numbers are the slot's own, extended. */
#ifndef SFU_FOLLOW_H
#define SFU_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SFU_FOLLOW_PACKETS = 512, /* of a larger key frame the first ones are followed */
    SFU_FOLLOW_TRIES = 6,     /* key frames asked for in a row before the receiver is left to ask itself */
    SFU_FOLLOW_SLACK_US = 100000,
};

struct sfu_follow {
    bool active;
    bool complete; /* the frame's last packet is known */
    int64_t first;
    int64_t last;
    uint32_t ts;
    uint64_t sent_us; /* when its latest packet went out */
    uint8_t tries;
    uint64_t acked[SFU_FOLLOW_PACKETS / 64];
};

/* A key frame begins with packet first; tries already made are kept if one is being followed. */
void sfu_follow_start(struct sfu_follow *f, int64_t first, uint32_t ts, uint64_t now_us);
/* A packet went out; end: it is the last one of its frame. */
void sfu_follow_sent(struct sfu_follow *f, int64_t seq, uint32_t ts, bool end, uint64_t now_us);
/* The receiver has seq. True if that was the last one missing: nothing is followed any more. */
bool sfu_follow_ack(struct sfu_follow *f, uint16_t seq);
/* The receiver has everything up to seq (a receiver report without a NACK since). */
bool sfu_follow_ack_up_to(struct sfu_follow *f, uint16_t seq);
/* True if seq is a followed packet that nothing is known of. */
bool sfu_follow_wants(const struct sfu_follow *f, uint16_t seq);
/* When the frame is overdue: one round trip and SFU_FOLLOW_SLACK_US after its last packet; UINT64_MAX if nothing is
 * followed. */
uint64_t sfu_follow_deadline(const struct sfu_follow *f, uint64_t rtt_us);

#endif
