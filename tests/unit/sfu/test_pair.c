#include "pair.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void one_pair_per_names_and_kind(void)
{
    struct sfu_pairs pairs = {0};
    struct sfu_pair *a = sfu_pairs_get(&pairs, "r", "anna", "ben", SFU_VIDEO);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_EQUAL(sfu_pairs_get(&pairs, "r", "anna", "ben", SFU_VIDEO), a);
    CU_ASSERT_PTR_NOT_EQUAL(sfu_pairs_get(&pairs, "r", "anna", "ben", SFU_AUDIO), a);
    CU_ASSERT_PTR_NOT_EQUAL(sfu_pairs_get(&pairs, "r", "ben", "anna", SFU_VIDEO), a);
    CU_ASSERT_PTR_NOT_EQUAL(sfu_pairs_get(&pairs, "s", "anna", "ben", SFU_VIDEO), a);
    sfu_pairs_put(&pairs, a);
    CU_ASSERT_EQUAL(pairs.idle, 0);
    sfu_pairs_put(&pairs, a);
    CU_ASSERT_EQUAL(pairs.idle, 1);
    CU_ASSERT_PTR_EQUAL(sfu_pairs_get(&pairs, "r", "anna", "ben", SFU_VIDEO), a);
    CU_ASSERT_EQUAL(pairs.idle, 0);
    sfu_pairs_free(&pairs);
}

static void idle_pairs_are_bounded_and_the_oldest_go(void)
{
    struct sfu_pairs pairs = {0};
    struct sfu_pair *used = sfu_pairs_get(&pairs, "r", "first", "ben", SFU_VIDEO);
    for (int i = 0; i < 2 * SFU_PAIRS_IDLE_MAX; i++) {
        char name[SFU_ID_MAX];
        snprintf(name, sizeof name, "p%d", i);
        sfu_pairs_put(&pairs, sfu_pairs_get(&pairs, "r", name, "ben", SFU_VIDEO));
    }
    CU_ASSERT_EQUAL(pairs.idle, SFU_PAIRS_IDLE_MAX);
    size_t count = 0;
    bool has_used = false;
    for (struct sfu_pair *p = pairs.first; p; p = p->next) {
        count++;
        has_used |= p == used;
        CU_ASSERT_STRING_NOT_EQUAL(p->stats.publisher, "p0");
    }
    CU_ASSERT_EQUAL(count, SFU_PAIRS_IDLE_MAX + 1);
    CU_ASSERT(has_used);
    sfu_pairs_free(&pairs);
}

static void frames_count_once_by_the_table(void)
{
    static const struct {
        uint32_t id;
        bool end;
        uint32_t counted;
    } steps[] = {
        {UINT32_MAX, false, 0}, {UINT32_MAX, true, 1}, {UINT32_MAX, true, 0}, /* the end sent twice */
        {0, false, 0},          {1, false, 1},                                /* the end of 0 was lost */
        {1, true, 1},           {0, true, 0},                                 /* late: 0 has counted */
        {5, true, 1},           {3, false, 1},                                /* late, and never seen before */
        {3, true, 0},           {6, true, 1},
    };
    struct sfu_frames f = {0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        CU_ASSERT_EQUAL(sfu_frames_sent(&f, steps[i].id, steps[i].end), steps[i].counted);
}

static const struct unit_test tests[] = {
    {"one pair for each publisher, subscriber, kind and room", one_pair_per_names_and_kind},
    {"idle pairs are bounded and the oldest go", idle_pairs_are_bounded_and_the_oldest_go},
    {"frames count once, by the table", frames_count_once_by_the_table},
};
UNIT_MAIN("sfu.pair", tests)
