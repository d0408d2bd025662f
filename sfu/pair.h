/* What was forwarded, per publisher, subscriber and kind: the figures of sfu_router_forwarded.
 * A pair outlives its slot and its sessions, so that a call can be judged when people have left; how many are kept
 * is bounded. */
#ifndef SFU_PAIR_H
#define SFU_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/index.h"
#include "sfu/router.h"

enum {
    SFU_PAIRS_IDLE_MAX = 512, /* pairs kept that no slot uses */
    SFU_FRAMES_RECENT = 32,
};

struct sfu_pair {
    struct sfu_pair *next; /* of all */
    struct sfu_pair *previous;
    struct sfu_pair *next_idle;
    struct sfu_pair *previous_idle;
    uint32_t users; /* slots */
    struct sfu_index_node node;
    struct sfu_forward_stats stats; /* its names and kind are the key */
};

/* Zero-initialise. Every operation but freeing takes the same time, however many there are: a leaving publisher frees
 * a slot of everybody in the room at once. */
struct sfu_pairs {
    struct sfu_index index;
    struct sfu_pair *first;      /* newest first */
    struct sfu_pair *first_idle; /* the one longest without users */
    struct sfu_pair *last_idle;
    size_t idle;
};

/* The pair for these names, made if there is none; a user more. NULL without memory (or random bytes for the index). */
struct sfu_pair *sfu_pairs_get(struct sfu_pairs *pairs, const char *room, const char *publisher, const char *subscriber,
                               enum sfu_kind kind);
/* A user less. */
void sfu_pairs_put(struct sfu_pairs *pairs, struct sfu_pair *pair);
void sfu_pairs_free(struct sfu_pairs *pairs);

/* Which frames of a slot were counted. Zero-initialise at each switch. */
struct sfu_frames {
    bool started;
    bool counted; /* the newest one */
    uint32_t newest;
    uint32_t recent[SFU_FRAMES_RECENT]; /* ids seen, a ring */
    size_t recent_count;
};

/* A packet of frame id went out (ids grow, modulo 2^32); end: it is the frame's last. Returns how many frames are
 * thereby known to have gone out: a frame counts at its end, or when the next one begins without it. */
uint32_t sfu_frames_sent(struct sfu_frames *f, uint32_t id, bool end);

#endif
