#include "index.h"

void sframe_index_init(struct sframe_index *index, struct core_arena *arena, uint32_t count, uint64_t seed)
{
    uint32_t cells = 2;
    while (cells < 2 * count)
        cells *= 2;
    *index = (struct sframe_index){core_arena_take(arena, cells, sizeof *index->cells), cells - 1, seed};
}

void sframe_index_put(struct sframe_index *index, uint64_t id, uint32_t slot)
{
    uint32_t at = sframe_index_home(index, id);
    while (index->cells[at].slot_plus_1 != 0)
        at = (at + 1) & index->mask;
    index->cells[at] = (struct sframe_index_cell){id, slot + 1};
}

/* Closes the gap by moving back what was displaced past it, so that no probe ends too early. */
void sframe_index_remove(struct sframe_index *index, uint64_t id)
{
    uint32_t gap = sframe_index_home(index, id);
    while (index->cells[gap].slot_plus_1 != 0 && index->cells[gap].id != id)
        gap = (gap + 1) & index->mask;
    if (index->cells[gap].slot_plus_1 == 0)
        return;
    for (uint32_t at = (gap + 1) & index->mask; index->cells[at].slot_plus_1 != 0; at = (at + 1) & index->mask) {
        uint32_t wanted = sframe_index_home(index, index->cells[at].id);
        if (((at - wanted) & index->mask) >= ((at - gap) & index->mask)) {
            index->cells[gap] = index->cells[at];
            gap = at;
        }
    }
    index->cells[gap] = (struct sframe_index_cell){0};
}
