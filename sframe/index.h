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
/* The id's slot or SFRAME_SLOT_NONE. */
uint32_t sframe_index_find(const struct sframe_index *index, uint64_t id);
/* The id must not be there, and the caller never puts more than `count`. */
void sframe_index_put(struct sframe_index *index, uint64_t id, uint32_t slot);
void sframe_index_remove(struct sframe_index *index, uint64_t id);
/* A hash of an id under a seed. */
uint64_t sframe_index_hash(uint64_t seed, uint64_t id);

#endif
