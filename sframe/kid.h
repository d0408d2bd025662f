/* What the numbers in a KID mean (RFC 9605 section 5.2; the registry of contexts is docs/frame-format.md). */
#ifndef SFRAME_KID_H
#define SFRAME_KID_H

#include "sotto/sframe.h"

enum {
    SFRAME_CONTEXTS = SFRAME_KINDS * SFRAME_LAYERS,
    SFRAME_LEAF_SLOTS_MAX = 1 << 30,
    SFRAME_CONTEXT_UNKNOWN = 0xff, /* of a stream whose KID has no known structure */
};

/* Bits that a leaf index takes: ceil(log2(leaf_slots)). */
unsigned sframe_kid_leaf_bits(uint32_t leaf_slots);

/* Takes a KID of sframe_kid_from_leaf apart. False if its context is not registered or the leaf is not in the tree. */
SOTTO_MUST_CHECK bool sframe_kid_split_leaf(uint64_t kid, uint32_t leaf_slots, unsigned *context, uint32_t *leaf);
/* Takes a KID of sframe_kid_from_start apart. False if its context is not registered. */
SOTTO_MUST_CHECK bool sframe_kid_split_start(uint64_t kid, unsigned *context, uint64_t *start);

#endif
