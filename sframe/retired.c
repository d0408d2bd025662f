#include "retired.h"

void sframe_retired_layout(struct sframe_retired *retired, struct core_arena *arena, uint32_t cap, uint64_t seed)
{
    *retired = (struct sframe_retired){.cap = cap};
    retired->entries = core_arena_take(arena, cap, sizeof *retired->entries);
    sframe_index_init(&retired->by_kid, arena, cap, seed);
}

bool sframe_retired_full(const struct sframe_retired *retired)
{
    return retired->count == retired->cap;
}

const struct sframe_retired_entry *sframe_retired_find(const struct sframe_retired *retired, uint64_t kid)
{
    uint32_t slot = sframe_index_find(&retired->by_kid, kid);
    return slot == SFRAME_SLOT_NONE ? NULL : &retired->entries[slot];
}

bool sframe_retired_put(struct sframe_retired *retired, uint64_t kid, struct sframe_retired_entry entry)
{
    uint32_t slot = sframe_index_find(&retired->by_kid, kid);
    if (slot == SFRAME_SLOT_NONE) {
        if (sframe_retired_full(retired))
            return false;
        slot = retired->count++;
        sframe_index_put(&retired->by_kid, kid, slot);
    }
    retired->entries[slot] = entry;
    return true;
}
