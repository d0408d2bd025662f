#include "core/arena.h"
#include "unit.h"

#include <stdalign.h>
#include <string.h>

static void measuring_and_cutting_agree(void)
{
    alignas(max_align_t) unsigned char memory[512];
    for (size_t size = 0; size < 40; size++) {
        struct core_arena measure = {0};
        CU_ASSERT_PTR_NULL(core_arena_take(&measure, 1, size));
        CU_ASSERT_PTR_NULL(core_arena_take(&measure, 3, 5));
        CU_ASSERT_FALSE(measure.failed);
        struct core_arena exact = {.memory = memory, .cap = measure.used};
        struct core_arena small = {.memory = memory, .cap = measure.used - 1};
        memset(memory, 0xff, sizeof memory);
        unsigned char *first = core_arena_take(&exact, 1, size);
        unsigned char *second = core_arena_take(&exact, 3, 5);
        CU_ASSERT(first && second && second >= first + size);
        CU_ASSERT_EQUAL((uintptr_t)second % alignof(max_align_t), 0);
        for (size_t i = 0; i < 15; i++)
            CU_ASSERT_EQUAL(second[i], 0);
        CU_ASSERT_EQUAL(exact.used, measure.used);
        (void)core_arena_take(&small, 1, size);
        CU_ASSERT_PTR_NULL(core_arena_take(&small, 3, 5));
        CU_ASSERT(small.failed);
        CU_ASSERT_PTR_NULL(core_arena_take(&small, 1, 1)); /* and stays so */
    }
}

static void overflow_fails(void)
{
    struct core_arena arena = {0};
    CU_ASSERT_PTR_NULL(core_arena_take(&arena, SIZE_MAX / 2, 3));
    CU_ASSERT(arena.failed);
    arena = (struct core_arena){0};
    (void)core_arena_take(&arena, 1, SIZE_MAX / 2 - 64);
    CU_ASSERT_FALSE(arena.failed);
    (void)core_arena_take(&arena, 1, SIZE_MAX / 2 - 64);
    CU_ASSERT(arena.failed);
}

/* Wherever the memory begins, the place is aligned and the size the same. */
static void aligned_as_asked(void)
{
    enum { ALIGN = 64, LEN = 40 };
    alignas(ALIGN) unsigned char memory[512];
    struct core_arena measure = {0};
    CU_ASSERT_PTR_NULL(core_arena_take_aligned(&measure, 2, LEN, ALIGN));
    for (size_t start = 0; start < ALIGN; start += alignof(max_align_t)) {
        struct core_arena arena = {.memory = memory + start, .cap = measure.used};
        memset(memory, 0xff, sizeof memory);
        unsigned char *at = core_arena_take_aligned(&arena, 2, LEN, ALIGN);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        CU_ASSERT_EQUAL((uintptr_t)at % ALIGN, 0);
        CU_ASSERT(at >= memory + start && at + 2 * LEN <= memory + start + measure.used);
        for (size_t i = 0; i < (size_t)2 * LEN; i++)
            CU_ASSERT_EQUAL(at[i], 0);
        CU_ASSERT_EQUAL(arena.used, measure.used);
        arena = (struct core_arena){.memory = memory + start, .cap = measure.used - 1};
        CU_ASSERT_PTR_NULL(core_arena_take_aligned(&arena, 2, LEN, ALIGN));
        CU_ASSERT(arena.failed);
    }
}

static const struct unit_test tests[] = {
    {"what was measured is what is needed, aligned and zeroed", measuring_and_cutting_agree},
    {"sizes that overflow fail", overflow_fails},
    {"at a multiple of what is asked for", aligned_as_asked},
};

UNIT_MAIN("core.arena", tests)
