#include "unit.h"
#include "window.h"

/* Numbered steps: mark n, expect accepted or not. */
static void marks_by_the_table(void)
{
    static const struct {
        int64_t n;
        bool accepted;
    } steps[] = {
        /* 0 */ {100, true},
        {100, false},
        {101, true},
        {99, true},
        {99, false},
        /* 5 */ {1123, true},
        {100, false},
        {99, false},
        {1122, true},
        {100 + 1024, true},
        /* 10 */ {101, false},
        {102, true},
        {1126, true},
        {102, false},
        {103, true},
        /* 15 */ {1125, true},
        {1 << 20, true},
        {(1 << 20) - 1023, true},
        {(1 << 20) - 1024, false},
        {1126, false},
        /* 20 */ {(1 << 20) - 1023, false},
    };
    struct sfu_window w = {0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (sfu_window_mark(&w, steps[i].n) != steps[i].accepted)
            CU_FAIL_FATAL("a step differs");
}

static void works_below_zero(void)
{
    struct sfu_window w = {0};
    CU_ASSERT(sfu_window_mark(&w, 3));
    CU_ASSERT(sfu_window_mark(&w, -5));
    CU_ASSERT_FALSE(sfu_window_mark(&w, -5));
    CU_ASSERT(sfu_window_has(&w, -5));
    CU_ASSERT_FALSE(sfu_window_has(&w, -4));
}

static void counts_above(void)
{
    struct sfu_window w = {0};
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, 0), 0);
    CU_ASSERT(sfu_window_mark(&w, 10));
    CU_ASSERT(sfu_window_mark(&w, 12));
    CU_ASSERT(sfu_window_mark(&w, 15));
    sfu_window_advance(&w, 20);
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, 9), 3);
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, 10), 2);
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, 14), 1);
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, 15), 0);
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, -100000), 3);
    sfu_window_advance(&w, 10 + SFU_WINDOW_LEN);
    CU_ASSERT_EQUAL(sfu_window_count_above(&w, -100000), 2);
}

static void advancing_leaves_numbers_unmarked(void)
{
    struct sfu_window w = {0};
    sfu_window_advance(&w, 50);
    CU_ASSERT_FALSE(sfu_window_has(&w, 50));
    CU_ASSERT(sfu_window_mark(&w, 49));
    sfu_window_advance(&w, 40);
    CU_ASSERT_EQUAL(w.highest, 50);
    CU_ASSERT(sfu_window_has(&w, 49));
}

/* Against the plain meaning: a list of what was marked. */
static void agrees_with_a_list(void)
{
    static bool marked[8192];
    struct sfu_window w = {0};
    uint64_t random = 5;
    int64_t highest = 0;
    for (int i = 0; i < 40000; i++) {
        int64_t n = highest - 1100 + (int64_t)(unit_random(&random) % 1110);
        if (n < 0 || n >= 8192)
            continue;
        bool expected = !w.started || n > highest || (highest - n < SFU_WINDOW_LEN && !marked[n]);
        if (sfu_window_mark(&w, n) != expected)
            CU_FAIL_FATAL("differs from the list");
        marked[n] |= expected;
        if (n > highest)
            highest = n;
    }
    CU_ASSERT(highest > 100);
}

static const struct unit_test tests[] = {
    {"marks by the table: duplicates, lateness, jumps", marks_by_the_table},
    {"works below zero", works_below_zero},
    {"counts what is marked above", counts_above},
    {"advancing leaves numbers unmarked", advancing_leaves_numbers_unmarked},
    {"agrees with a list", agrees_with_a_list},
};
UNIT_MAIN("sfu.window", tests)
