/* The replay window by a numbered table: each row is one frame. */
#include "replay.h"
#include "sotto/sframe.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = SFRAME_OK, REPLAY = SFRAME_REPLAY, JUMP = SFRAME_JUMP, W = SFRAME_WINDOW_AUDIO, V = SFRAME_WINDOW_VIDEO };

struct row {
    uint64_t ctr;
    uint64_t now_ms;
    int want;
};

static void run(const char *table, struct sframe_replay *replay, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sframe_replay before = *replay;
        int got = sframe_replay_check(replay, rows[i].ctr, rows[i].now_ms);
        if (got != rows[i].want)
            printf("\n    %s, row %zu: counter %llu: %s, not %s\n", table, i, (unsigned long long)rows[i].ctr,
                   sframe_strerror(got), sframe_strerror(rows[i].want));
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT(memcmp(&before, replay, sizeof before) == 0);
        if (got == SFRAME_OK) {
            sframe_replay_commit(replay, rows[i].ctr, rows[i].now_ms);
            CU_ASSERT_EQUAL(sframe_replay_check(replay, rows[i].ctr, rows[i].now_ms), SFRAME_REPLAY);
        }
    }
}

#define RUN(rows, size, late) run_table(#rows, rows, sizeof(rows) / sizeof((rows)[0]), size, late)

static void run_table(const char *table, const struct row *rows, size_t count, uint32_t size, bool late)
{
    struct sframe_replay replay;
    sframe_replay_init(&replay, size, 500, late);
    run(table, &replay, rows, count);
}

/* clang-format off */
static const struct row edges[] = {
    /*  0 */ {1000,          0, OK},
    /*  1 */ {1000,          0, REPLAY},
    /*  2 */ {1001,          0, OK},
    /*  3 */ {999,           0, OK},      /* before the first one seen */
    /*  4 */ {1001 - W + 1,  0, OK},      /* the window's oldest */
    /*  5 */ {1001 - W,      0, REPLAY},  /* one older */
    /*  6 */ {0,             0, REPLAY},
    /*  7 */ {1001 - W + 1,  0, REPLAY},
    /*  8 */ {1003,          0, OK},      /* moves on by two */
    /*  9 */ {1001 - W + 1,  0, REPLAY},  /* fell out */
    /* 10 */ {1003 - W + 1,  0, OK},      /* new oldest */
    /* 11 */ {1002,          0, OK},      /* the gap */
    /* 12 */ {1002,          0, REPLAY},
    /* 13 */ {1003 + 63,     0, OK},      /* word edges */
    /* 14 */ {1003 + 64,     0, OK},
    /* 15 */ {1003,          0, REPLAY},
    /* 16 */ {1003 + 65,     0, OK},
    /* 17 */ {1003 + 62,     0, OK},
    /* 18 */ {1068 + W * 3 / 4, 0, OK},   /* the longest jump without time */
    /* 19 */ {1068,          0, REPLAY},  /* seen, still inside */
    /* 20 */ {1069,          0, OK},      /* skipped, still inside */
};

static const struct row jumps[] = {
    /*  0 */ {5,             1000, OK},
    /*  1 */ {5 + W * 3 / 4 + 1, 1000, JUMP},
    /*  2 */ {5 + W * 3 / 4, 1000, OK},
    /*  3 */ {101 + W * 3 / 4 + 1, 1001, JUMP},  /* 1 ms is half a frame */
    /*  4 */ {101 + W * 3 / 4 + 1, 1002, OK},    /* 2 ms are one */
    /*  5 */ {UINT64_MAX,    2000, JUMP},
    /*  6 */ {198 + W * 3 / 4 + 500, 2001, JUMP},  /* 999 ms are 499 frames */
    /*  7 */ {198 + W * 3 / 4 + 500, 2002, OK},    /* a second is 500, and more than a window */
    /*  8 */ {199,           2002, OK},      /* the old window goes on */
    /*  9 */ {198,           2002, REPLAY},
    /* 10 */ {101,           2002, REPLAY},
    /* 11 */ {150,           2002, OK},
    /* 12 */ {794 - W,       2002, JUMP},    /* not that far without time, though it has the new one's leave */
    /* 13 */ {794 - W,       3002, OK},      /* the last of the old window's */
    /* 14 */ {794 - W + 1,   3002, OK},      /* the first of the new window's */
    /* 15 */ {199,           3002, REPLAY},
    /* 16 */ {793,           3002, OK},
    /* 17 */ {794,           3002, REPLAY},
    /* 18 */ {795,           3002, OK},
    /* 19 */ {794 - W + 1,   3002, REPLAY},  /* fell out of the new window; not the old one's either */
    /* 20 */ {794 - W,       3002, REPLAY},
    /* 21 */ {794 - W - 1,   3002, OK},      /* still the old window's */
    /* 22 */ {795 + 1000,    9002, OK},      /* the next jump: now 795's window is the old one */
    /* 23 */ {794 - W - 2,   9002, REPLAY},
    /* 24 */ {796,           9002, OK},
};

/* With a bound on age the first frame may have been the forged one. */
static const struct row late_starts[] = {
    /*  0 */ {1000000,       0, OK},
    /*  1 */ {1000000 - W,   0, OK},      /* below the first frame's window: the old window begins */
    /*  2 */ {1000000 - W + 1, 0, OK},    /* in the first frame's window */
    /*  3 */ {1000000 - W,   0, REPLAY},
    /*  4 */ {1000000 - 2 * W, 0, REPLAY},  /* below the old window */
    /*  5 */ {1000001,       0, OK},
    /*  6 */ {1000000 - W + 1, 0, REPLAY},
};

static const struct row no_late_starts[] = {
    /*  0 */ {1000000,       0, OK},
    /*  1 */ {1000000 - W,   0, REPLAY},
    /*  2 */ {1,             99999999, REPLAY},
};

static const struct row ends[] = {
    /*  0 */ {UINT64_MAX - 5, 0, OK},
    /*  1 */ {UINT64_MAX,    0, OK},
    /*  2 */ {UINT64_MAX,    0, REPLAY},
    /*  3 */ {0,             0, REPLAY},
    /*  4 */ {UINT64_MAX - 5, 0, REPLAY},
    /*  5 */ {UINT64_MAX - 4, 0, OK},
    /*  6 */ {UINT64_MAX - W + 1, 0, OK},
    /*  7 */ {UINT64_MAX - W, 0, REPLAY},
};

static const struct row wide[] = {
    /*  0 */ {5000,          0, OK},
    /*  1 */ {5000 - V + 1,  0, OK},
    /*  2 */ {5000 - V,      0, REPLAY},
    /*  3 */ {5000 + V * 3 / 4, 0, OK},
    /*  4 */ {5000 + 1,      0, OK},
    /*  5 */ {5000 - V / 4 + 1, 0, OK},
    /*  6 */ {5000 - V / 4,  0, REPLAY},
};

/* A receiver's clock that stands still or runs back gives no leave. */
static const struct row clocks[] = {
    /*  0 */ {0,             10000, OK},
    /*  1 */ {W,             9000, JUMP},
    /*  2 */ {W,             10000, JUMP},
    /*  3 */ {W,             10064, OK},
    /*  4 */ {W + 1,         UINT64_MAX, OK},
    /*  5 */ {UINT64_MAX,    UINT64_MAX, JUMP},
};
/* clang-format on */

static void numbered_tables(void)
{
    RUN(edges, W, false);
    RUN(jumps, W, false);
    RUN(late_starts, W, true);
    RUN(no_late_starts, W, false);
    RUN(ends, W, false);
    RUN(wide, V, false);
    RUN(clocks, W, false);
}

enum { COUNTERS = 20000 };

/* Whatever order counters come in, none is accepted twice. */
static void nothing_twice(void)
{
    static uint8_t accepted[COUNTERS];
    uint64_t state = 11;
    for (int round = 0; round < 20; round++) {
        struct sframe_replay replay;
        uint64_t middle = 2000;
        uint64_t now_ms = 0;
        size_t count = 0;
        sframe_replay_init(&replay, round % 2 ? W : V, 500, round % 4 < 2);
        memset(accepted, 0, sizeof accepted);
        for (int i = 0; i < 50000; i++) {
            /* near the newest, now and then far off; time goes on in leaps that allow jumps */
            uint64_t ctr = unit_random(&state) % 2048 == 0 ? middle - 1900 + unit_random(&state) % 4000
                                                           : middle - 600 + unit_random(&state) % 700;
            now_ms += unit_random(&state) % 64 == 0 ? unit_random(&state) % 2000 : 1;
            middle += middle < COUNTERS - 3000 ? unit_random(&state) % 2 : 0;
            if (sframe_replay_check(&replay, ctr, now_ms) != SFRAME_OK)
                continue;
            CU_ASSERT_EQUAL_FATAL(accepted[ctr], 0);
            accepted[ctr] = 1;
            count++;
            sframe_replay_commit(&replay, ctr, now_ms);
        }
        CU_ASSERT(count > 500);
    }
}

/* Two windows of the same counters agree on each near them. */
static void assert_same(const struct sframe_replay *a, const struct sframe_replay *b, uint64_t near)
{
    const uint64_t from = near > 2 * V ? near - 2 * V : 0;
    for (uint64_t ctr = from; ctr < near + 2 * V; ctr++)
        CU_ASSERT_EQUAL_FATAL(sframe_replay_check(a, ctr, 0), sframe_replay_check(b, ctr, 0));
}

/* Runs, and after each of them a gap, one that comes late, and one that jumps further than a window. */
static void runs_without_a_gap(void)
{
    static const uint64_t lens[] = {1, 2, 63, 64, 65, W - 1, W, W + 1, V - 1, V, V + 1, 5 * V + 7};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        for (uint32_t size = W; size <= V; size += V - W) {
            struct sframe_replay replay;
            struct sframe_replay each; /* is told of each as of any */
            uint64_t ctr = 1000;
            sframe_replay_init(&replay, size, UINT32_MAX, false);
            sframe_replay_init(&each, size, UINT32_MAX, false);
            for (uint64_t gap = 1; gap <= 4 * V; gap = gap < 4 ? gap + 1 : 3 * gap) {
                for (uint64_t n = 0; n < lens[i]; n++, ctr++) {
                    sframe_replay_commit(&replay, ctr, 0);
                    sframe_replay_commit_any(&each, ctr, 0);
                }
                assert_same(&replay, &each, ctr);
                ctr += gap;
                sframe_replay_commit(&replay, ctr, 0);
                sframe_replay_commit_any(&each, ctr, 0);
                assert_same(&replay, &each, ctr);
                sframe_replay_commit(&replay, ctr - 1, 0);
                sframe_replay_commit_any(&each, ctr - 1, 0);
                assert_same(&replay, &each, ctr);
                ctr++;
            }
        }
}

/* The same rules without rings and bits: every counter ever seen, and when. */
struct model {
    uint64_t size;
    bool late_start;
    uint64_t boundary; /* counters up to this one go on from before the last far jump; 0: none do */
    uint64_t seen_ms[COUNTERS];
    bool seen[COUNTERS];
};

static bool model_top(const struct model *m, uint64_t up_to, uint64_t *top)
{
    for (uint64_t c = up_to + 1; c-- > 0;)
        if (m->seen[c]) {
            *top = c;
            return true;
        }
    return false;
}

static int model_check(const struct model *m, uint64_t ctr, uint64_t now_ms)
{
    uint64_t top = 0;
    bool low = m->boundary > 0 && ctr <= m->boundary;
    bool any = model_top(m, low ? m->boundary : COUNTERS - 1, &top);
    if (!any && low)
        return m->late_start ? OK : REPLAY;
    if (!any)
        return OK;
    if (ctr > top)
        return ctr - top <= m->size * 3 / 4 + (now_ms - m->seen_ms[top]) / 2 ? OK : JUMP; /* 500 a second */
    return top - ctr < m->size && !m->seen[ctr] ? OK : REPLAY;
}

static void model_commit(struct model *m, uint64_t ctr, uint64_t now_ms)
{
    uint64_t top = 0;
    bool any = model_top(m, COUNTERS - 1, &top);
    if (!any || (ctr > top && ctr - top >= m->size))
        m->boundary = ctr > m->size ? ctr - m->size : 0;
    m->seen[ctr] = true;
    m->seen_ms[ctr] = now_ms;
}

static void as_the_model_says(void)
{
    struct model *m = malloc(sizeof *m);
    uint64_t state = 5;
    size_t verdicts[3] = {0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    for (int round = 0; round < 60; round++) {
        struct sframe_replay replay;
        uint64_t sent = unit_random(&state) % 3000;
        uint64_t now_ms = 1000;
        memset(m, 0, sizeof *m);
        m->size = W;
        m->late_start = round % 2;
        sframe_replay_init(&replay, W, 500, m->late_start);
        for (int i = 0; i < 800; i++) {
            uint64_t ctr = sent;
            switch (unit_random(&state) % 16) {
            case 0: /* a member forges one far ahead, or just beyond what is allowed */
                ctr = sent + (unit_random(&state) % 2 ? unit_random(&state) % 3000 : W - 4 + unit_random(&state) % 8);
                break;
            case 1: /* an old one, or one of the sender's while a forged one is the highest */
                ctr = unit_random(&state) % (sent + 1);
                break;
            case 2:
            case 3: /* reordered */
                ctr = sent - unit_random(&state) % (sent < 2 * W ? sent + 1 : 2 * W);
                break;
            case 4: /* lost */
                sent += unit_random(&state) % 40;
                break;
            default:
                sent++;
            }
            now_ms += unit_random(&state) % 100 == 0 ? unit_random(&state) % 3000 : unit_random(&state) % 20;
            if (ctr >= COUNTERS)
                break;
            int want = model_check(m, ctr, now_ms);
            CU_ASSERT_EQUAL_FATAL(sframe_replay_check(&replay, ctr, now_ms), want);
            verdicts[want == OK ? 0 : want == REPLAY ? 1 : 2]++;
            if (want != OK)
                continue;
            model_commit(m, ctr, now_ms);
            sframe_replay_commit(&replay, ctr, now_ms);
        }
    }
    CU_ASSERT(verdicts[0] > 10000 && verdicts[1] > 1000 && verdicts[2] > 300);
    free(m);
}

static void resumed(void)
{
    for (uint64_t top = 0; top < 3 * W; top += 7) {
        struct sframe_replay replay;
        sframe_replay_init(&replay, W, 500, true);
        sframe_replay_resume(&replay, top, 1000);
        for (uint64_t ctr = 0; ctr <= top; ctr++)
            CU_ASSERT_EQUAL(sframe_replay_check(&replay, ctr, 1000), REPLAY);
        CU_ASSERT_EQUAL(sframe_replay_check(&replay, top + W * 3 / 4, 1000), OK);
        CU_ASSERT_EQUAL(sframe_replay_check(&replay, top + W * 3 / 4 + 1, 1000), JUMP);
        sframe_replay_commit(&replay, top + 50, 1000);
        for (uint64_t ctr = 0; ctr <= top + 50; ctr++)
            CU_ASSERT_EQUAL(sframe_replay_check(&replay, ctr, 1000), ctr <= top || ctr == top + 50 ? REPLAY : OK);
    }
}

static const struct unit_test tests[] = {
    {"window edges, by numbered tables", numbered_tables},
    {"no counter is accepted twice, in any order", nothing_twice},
    {"every verdict is that of a model that remembers every counter", as_the_model_says},
    {"a window that is resumed takes what is above its top alone", resumed},
    {"runs of any length without a gap are remembered as each of theirs", runs_without_a_gap},
};

UNIT_MAIN("sframe.replay", tests)
