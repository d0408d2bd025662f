#include "pair.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

static void the_pair_longest_idle_goes_first(void)
{
    struct sfu_pairs pairs = {0};
    struct sfu_pair *used = sfu_pairs_get(&pairs, "r", "early", "ben", SFU_VIDEO);
    for (int i = 0; i < SFU_PAIRS_IDLE_MAX; i++) {
        char name[SFU_ID_MAX];
        snprintf(name, sizeof name, "p%d", i);
        sfu_pairs_put(&pairs, sfu_pairs_get(&pairs, "r", name, "ben", SFU_VIDEO));
    }
    /* taken up again from the front, the middle and the end, and left again: now these are the newest */
    static const char *const again[] = {"p0", "p200", "p511"};
    for (size_t i = 0; i < 3; i++) {
        struct sfu_pair *pair = sfu_pairs_get(&pairs, "r", again[i], "ben", SFU_VIDEO);
        CU_ASSERT_EQUAL(pairs.idle, SFU_PAIRS_IDLE_MAX - 1);
        pair->stats.packets = 7;
        sfu_pairs_put(&pairs, pair);
    }
    /* made first of all, idle last of all */
    sfu_pairs_put(&pairs, used);
    CU_ASSERT_EQUAL(pairs.idle, SFU_PAIRS_IDLE_MAX);
    for (int i = 0; i < SFU_PAIRS_IDLE_MAX - 4; i++) {
        char name[SFU_ID_MAX];
        snprintf(name, sizeof name, "q%d", i);
        sfu_pairs_put(&pairs, sfu_pairs_get(&pairs, "r", name, "ben", SFU_VIDEO));
    }
    size_t count = 0;
    size_t kept = 0;
    for (struct sfu_pair *p = pairs.first; p; p = p->next) {
        count++;
        kept += p->stats.packets == 7 || p == used;
        CU_ASSERT(p->stats.publisher[0] != 'p' || p->stats.packets == 7);
    }
    CU_ASSERT_EQUAL(count, SFU_PAIRS_IDLE_MAX);
    CU_ASSERT_EQUAL(kept, 4);
    CU_ASSERT_EQUAL(sfu_pairs_get(&pairs, "r", "p0", "ben", SFU_VIDEO)->stats.packets, 7);
    sfu_pairs_free(&pairs);
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The best of some rounds: CPU time of finding 100 of `count` pairs in use. */
static uint64_t time_of_finding(struct sfu_pairs *pairs, unsigned count)
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < 20; round++) {
        uint64_t start = cpu_ns();
        for (unsigned i = 0; i < 100; i++) {
            char name[SFU_ID_MAX];
            snprintf(name, sizeof name, "p%u", i * (count / 100));
            sfu_pairs_put(pairs, sfu_pairs_get(pairs, "r", name, "ben", SFU_VIDEO));
        }
        uint64_t took = cpu_ns() - start;
        best = took < best ? took : best;
    }
    return best;
}

/* With a list 20,000 pairs take more than 100 times as long to search as 100. */
static void finding_takes_no_longer_among_many(void)
{
    struct sfu_pairs pairs = {0};
    uint64_t few = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char name[SFU_ID_MAX];
        snprintf(name, sizeof name, "p%u", i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(sfu_pairs_get(&pairs, "r", name, "ben", SFU_VIDEO));
        if (i == 99)
            few = time_of_finding(&pairs, 100);
    }
    CU_ASSERT(time_of_finding(&pairs, 20000) < 20 * few);
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
    {"the pair that was idle longest goes first", the_pair_longest_idle_goes_first},
    {"finding a pair takes no longer among many", finding_takes_no_longer_among_many},
    {"frames count once, by the table", frames_count_once_by_the_table},
};
UNIT_MAIN("sfu.pair", tests)
