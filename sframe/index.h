/* A hash index from 64-bit ids to slot numbers: open addressing with linear probing, never more than half full, a
 * secret seed, so that nobody can choose ids that collide. */
#ifndef SFRAME_INDEX_H
#define SFRAME_INDEX_H

#include <stdint.h>

#include "core/arena.h"

enum { SFRAME_SLOT_NONE = UINT32_MAX };

struct sframe_index_cell {
    uint64_t id;
    uint32_t slot_plus_1; /* 0: free */
};

struct sframe_index {
    struct sframe_index_cell *cells;
    uint32_t mask;
    uint64_t seed;
};

/* Room for `count` (1 to 2^24) ids. */
void sframe_index_init(struct sframe_index *index, struct core_arena *arena, uint32_t count, uint64_t seed);
/* The id must not be there, and the caller never puts more than `count`. */
void sframe_index_put(struct sframe_index *index, uint64_t id, uint32_t slot);
void sframe_index_remove(struct sframe_index *index, uint64_t id);

/* A hash of an id under a seed: two rounds of multiply and fold, the seed in both. */
static inline uint64_t sframe_index_hash(uint64_t seed, uint64_t id)
{
    uint64_t x = (id ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
    x = ((x ^ x >> 32) + seed) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static inline uint32_t sframe_index_home(const struct sframe_index *index, uint64_t id)
{
    return (uint32_t)sframe_index_hash(index->seed, id) & index->mask;
}

/* The id's slot or SFRAME_SLOT_NONE. */
static inline uint32_t sframe_index_find(const struct sframe_index *index, uint64_t id)
{
    for (uint32_t at = sframe_index_home(index, id);; at = (at + 1) & index->mask) {
        const struct sframe_index_cell *cell = &index->cells[at];
        if (cell->slot_plus_1 == 0)
            return SFRAME_SLOT_NONE;
        if (cell->id == id)
            return cell->slot_plus_1 - 1;
    }
}

#endif
