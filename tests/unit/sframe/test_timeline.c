/* The rules by tables; what they are for is in tests/adversary/sframe/test_time.c. */
#include "timeline.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

enum { DELAY = 3000, JITTER = 1000, OK = SFRAME_OK, LATE = SFRAME_LATE, BACK = SFRAME_TIME_BACK, JUMP = SFRAME_JUMP };

struct row {
    unsigned kind;
    uint32_t capture_ms;
    uint64_t now_ms;
    int want;
};

static void run(const char *table, const struct row *rows, size_t count, uint32_t clock)
{
    struct sframe_timeline timeline = {0};
    for (size_t i = 0; i < count; i++) {
        const uint32_t capture = rows[i].capture_ms + clock;
        const struct sframe_timeline before = timeline;
        int got = sframe_timeline_take(&timeline, rows[i].kind, capture, rows[i].now_ms, DELAY, JITTER);
        if (got != rows[i].want)
            printf("\n    %s, row %zu: %s, not %s\n", table, i, sframe_strerror(got), sframe_strerror(rows[i].want));
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT(got == SFRAME_OK || memcmp(&before, &timeline, sizeof before) == 0);
    }
}

/* clang-format off */
static const struct row age[] = {
    /*  0 */ {1, 1000, 5000, OK},      /* 4000 ms stand for no delay */
    /*  1 */ {1, 1000, 8000, OK},
    /*  2 */ {1, 1000, 8001, LATE},
    /*  3 */ {1, 2000, 5500, OK},      /* 500 ms less: the new measure */
    /*  4 */ {1, 2000, 8500, OK},
    /*  5 */ {1, 2000, 8501, LATE},
    /*  6 */ {0, 2000, 8501, LATE},    /* all kinds share the clock */
};

static const struct row forgetting[] = {
    /*  0 */ {1, 0,      100, OK},       /* least: 100 */
    /*  1 */ {1, 27000,  29000, OK},     /* 2000 */
    /*  2 */ {1, 30000,  32000, OK},     /* half a minute is over: 2000; 100 is the one before */
    /*  3 */ {1, 31000,  34101, LATE},
    /*  4 */ {1, 58000,  60000, OK},
    /*  5 */ {1, 61000,  63000, OK},     /* another: 100 is forgotten */
    /*  6 */ {1, 62000,  67000, OK},     /* 3000 more than 2000 */
    /*  7 */ {1, 62000,  67001, LATE},
};

static const struct row order[] = {
    /*  0 */ {1, 5000, 0, OK},
    /*  1 */ {1, 4000, 0, OK},
    /*  2 */ {1, 3999, 0, BACK},
    /*  3 */ {0, 3999, 0, OK},         /* another kind */
    /*  4 */ {0, 2998, 0, BACK},
    /*  5 */ {1, 5500, 0, OK},
    /*  6 */ {1, 4499, 0, BACK},
    /*  7 */ {5, 2600, 0, OK},         /* no kind is one too */
};

static const struct row ahead[] = {
    /*  0 */ {1, 0, 5000, OK},         /* waited for its transport */
    /*  1 */ {1, 4000, 5000, OK},      /* the first three may be anything */
    /*  2 */ {1, 5000, 5000, OK},
    /*  3 */ {1, 7001, 5000, JUMP},
    /*  4 */ {0, 7001, 5000, JUMP},
    /*  5 */ {1, 7000, 5000, OK},      /* the bound less the jitter */
    /*  6 */ {1, 7000 + 2001, 5000, JUMP},
    /*  7 */ {1, 7000 + 4000 + 2000 + 2001, 9000, JUMP},  /* after 4 s two seconds more */
    /*  8 */ {1, 7000 + 4000 + 2000 + 2000, 9000, OK},
};

static const struct row silence[] = {
    /*  0 */ {1, 50000,  1000, OK},
    /*  1 */ {1, 0,      60999, LATE},
    /*  2 */ {1, 0,      61000, OK},   /* a minute without it: anew, order too */
    /*  3 */ {1, 1000,   62000, OK},
    /*  4 */ {1, 1000,   62000, OK},
    /*  5 */ {1, 50000,  62000, JUMP},
};

/* The receiver's clock seems to run back: nothing is taken from that. */
static const struct row back[] = {
    /*  0 */ {1, 1000,   90000, OK},
    /*  1 */ {1, 1000,   90000, OK},
    /*  2 */ {1, 1000,   90000, OK},
    /*  3 */ {1, 1000,   87999, JUMP},
    /*  4 */ {1, 1000,   88000, OK},
};
/* clang-format on */

#define RUN(rows, clock) run(#rows, rows, sizeof(rows) / sizeof((rows)[0]), clock)

static void numbered_tables(void)
{
    static const uint32_t clocks[] = {0, 77, UINT32_MAX - 4000, UINT32_C(1) << 31};
    for (size_t c = 0; c < 4; c++) {
        RUN(age, clocks[c]);
        RUN(forgetting, clocks[c]);
        RUN(order, clocks[c]);
        RUN(ahead, clocks[c]);
        RUN(silence, clocks[c]);
        RUN(back, clocks[c]);
    }
}

static const struct unit_test tests[] = {
    {"age, order, leaps and silence by numbered tables, on any clock", numbered_tables},
};

UNIT_MAIN("sframe.timeline", tests)
