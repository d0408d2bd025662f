/* The smallest room a slot can be tested in, and how its receiver reads what comes. */
#ifndef TESTS_SFU_SLOT_PAIR_H
#define TESTS_SFU_SLOT_PAIR_H

#include "sim.h"

/* A room of one publisher (one video m-line) and one subscriber (one video slot). */
struct pair {
    struct sim sim;
    struct sim_peer *pub;
    struct sim_peer *sub;
    struct sim_stream video;
    uint32_t ssrc; /* of the slot */
    uint32_t rtx_ssrc;
};

void pair_open(struct pair *p, bool with_dd);
/* How many packets of an SSRC came. */
size_t pair_count_ssrc(const struct sim_peer *peer, uint32_t ssrc);
/* Reads every descriptor of the slot as a receiver would: in sequence order every one is readable, frame numbers never
 * run back, structures come only with key frames. Returns the number of structures. */
size_t pair_check_descriptors(const struct sim_peer *sub, uint32_t ssrc);
/* The subscriber's only wish: a publisher in a slot, its size, a pause. */
void pair_pin(struct sim_peer *sub, const char *mid, const char *publisher, uint32_t max_height, bool paused);

#endif
