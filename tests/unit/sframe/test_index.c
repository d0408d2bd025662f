#include "index.h"
#include "unit.h"

#include <stdlib.h>

enum { COUNT = 64, IDS = 300 };

/* Against a plain array, through many insertions and removals: the table stays half full and its runs are long. */
static void same_as_an_array(void)
{
    uint64_t state = 17;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct core_arena measure = {0};
        struct sframe_index index;
        uint32_t slot_of[IDS];
        uint32_t used = 0;
        sframe_index_init(&index, &measure, COUNT, seed);
        struct core_arena arena = {.memory = malloc(measure.used), .cap = measure.used};
        CU_ASSERT_PTR_NOT_NULL_FATAL(arena.memory);
        sframe_index_init(&index, &arena, COUNT, seed);
        CU_ASSERT_FALSE(arena.failed);
        for (size_t i = 0; i < IDS; i++)
            slot_of[i] = SFRAME_SLOT_NONE;
        for (int i = 0; i < 20000; i++) {
            uint64_t id = unit_random(&state) % IDS;
            if (slot_of[id] != SFRAME_SLOT_NONE) {
                sframe_index_remove(&index, id << 40);
                slot_of[id] = SFRAME_SLOT_NONE;
                used--;
            } else if (used < COUNT) {
                slot_of[id] = (uint32_t)unit_random(&state) % 1000;
                sframe_index_put(&index, id << 40, slot_of[id]);
                used++;
            }
            uint64_t other = unit_random(&state) % IDS;
            CU_ASSERT_EQUAL_FATAL(sframe_index_find(&index, other << 40), slot_of[other]);
        }
        for (uint64_t id = 0; id < IDS; id++)
            CU_ASSERT_EQUAL(sframe_index_find(&index, id << 40), slot_of[id]);
        sframe_index_remove(&index, UINT64_MAX); /* one that is not there */
        for (uint64_t id = 0; id < IDS; id++)
            CU_ASSERT_EQUAL(sframe_index_find(&index, id << 40), slot_of[id]);
        free(arena.memory);
    }
}

static void the_seed_moves_ids(void)
{
    size_t moved = 0;
    for (uint64_t id = 0; id < 1000; id++)
        moved += (sframe_index_hash(1, id) & 63) != (sframe_index_hash(2, id) & 63);
    CU_ASSERT(moved > 900);
}

static const struct unit_test tests[] = {
    {"the index holds what an array would", same_as_an_array},
    {"another seed is another order", the_seed_moves_ids},
};

UNIT_MAIN("sframe.index", tests)
