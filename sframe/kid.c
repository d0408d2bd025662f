#include "kid.h"

int sframe_context(unsigned kind, unsigned layer, unsigned *context)
{
    if (!context)
        return SFRAME_INVALID;
    if (kind >= SFRAME_KINDS || layer >= SFRAME_LAYERS)
        return SFRAME_CONTEXT;
    *context = kind * SFRAME_LAYERS + layer;
    return SFRAME_OK;
}

unsigned sframe_kid_leaf_bits(uint32_t leaf_slots)
{
    unsigned bits = 0;
    while ((UINT64_C(1) << bits) < leaf_slots)
        bits++;
    return bits;
}

int sframe_kid_from_leaf(unsigned context, uint32_t leaf, uint32_t leaf_slots, uint64_t epoch, uint64_t *kid)
{
    if (!kid || leaf_slots == 0 || leaf_slots > SFRAME_LEAF_SLOTS_MAX)
        return SFRAME_INVALID;
    if (context >= SFRAME_CONTEXTS)
        return SFRAME_CONTEXT;
    /* an index that spilled into the context's bits would give two streams one KID */
    if (leaf >= leaf_slots)
        return SFRAME_LEAF;
    uint64_t low = epoch & ((1u << SFRAME_EPOCH_BITS) - 1);
    *kid = (uint64_t)context << (sframe_kid_leaf_bits(leaf_slots) + SFRAME_EPOCH_BITS) |
           (uint64_t)leaf << SFRAME_EPOCH_BITS | low;
    return SFRAME_OK;
}

int sframe_kid_from_start(unsigned context, uint64_t start, uint64_t *kid)
{
    if (!kid || start >> SFRAME_START_BITS != 0)
        return SFRAME_INVALID;
    if (context >= SFRAME_CONTEXTS)
        return SFRAME_CONTEXT;
    *kid = (uint64_t)context << SFRAME_START_BITS | start;
    return SFRAME_OK;
}

bool sframe_kid_split_leaf(uint64_t kid, uint32_t leaf_slots, unsigned *context, uint32_t *leaf)
{
    unsigned bits = sframe_kid_leaf_bits(leaf_slots);
    uint64_t above = kid >> (bits + SFRAME_EPOCH_BITS);
    uint64_t index = kid >> SFRAME_EPOCH_BITS & ((UINT64_C(1) << bits) - 1);
    if (above >= SFRAME_CONTEXTS || index >= leaf_slots)
        return false;
    *context = (unsigned)above;
    *leaf = (uint32_t)index;
    return true;
}

bool sframe_kid_split_start(uint64_t kid, unsigned *context, uint64_t *start)
{
    uint64_t above = kid >> SFRAME_START_BITS;
    if (above >= SFRAME_CONTEXTS)
        return false;
    *context = (unsigned)above;
    *start = kid & ((UINT64_C(1) << SFRAME_START_BITS) - 1);
    return true;
}
