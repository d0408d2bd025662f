#include "index.h"

void sframe_index_init(struct sframe_index *index, struct core_arena *arena, uint32_t count, uint64_t seed)
{
    uint32_t cells = 2;
    while (cells < 2 * count)
        cells *= 2;
    *index = (struct sframe_index){core_arena_take(arena, cells, sizeof *index->cells), cells - 1, seed};
}

/* Two rounds of multiply and fold, the seed in both. */
uint64_t sframe_index_hash(uint64_t seed, uint64_t id)
{
    uint64_t x = (id ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
    x = ((x ^ x >> 32) + seed) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint32_t home(const struct sframe_index *index, uint64_t id)
{
    return (uint32_t)sframe_index_hash(index->seed, id) & index->mask;
}

uint32_t sframe_index_find(const struct sframe_index *index, uint64_t id)
{
    for (uint32_t at = home(index, id);; at = (at + 1) & index->mask) {
        const struct sframe_index_cell *cell = &index->cells[at];
        if (cell->slot_plus_1 == 0)
            return SFRAME_SLOT_NONE;
        if (cell->id == id)
            return cell->slot_plus_1 - 1;
    }
}

void sframe_index_put(struct sframe_index *index, uint64_t id, uint32_t slot)
{
    uint32_t at = home(index, id);
    while (index->cells[at].slot_plus_1 != 0)
        at = (at + 1) & index->mask;
    index->cells[at] = (struct sframe_index_cell){id, slot + 1};
}

/* Closes the gap by moving back what was displaced past it, so that no probe ends too early. */
void sframe_index_remove(struct sframe_index *index, uint64_t id)
{
    uint32_t gap = home(index, id);
    while (index->cells[gap].slot_plus_1 != 0 && index->cells[gap].id != id)
        gap = (gap + 1) & index->mask;
    if (index->cells[gap].slot_plus_1 == 0)
        return;
    for (uint32_t at = (gap + 1) & index->mask; index->cells[at].slot_plus_1 != 0; at = (at + 1) & index->mask) {
        uint32_t wanted = home(index, index->cells[at].id);
        if (((at - wanted) & index->mask) >= ((at - gap) & index->mask)) {
            index->cells[gap] = index->cells[at];
            gap = at;
        }
    }
    index->cells[gap] = (struct sframe_index_cell){0};
}
