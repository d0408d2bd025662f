#include "rtp/seq.h"

#include "unit.h"

static void order_across_the_wrap(void)
{
    static const struct {
        uint16_t a;
        uint16_t b;
        int16_t diff;
    } rows[] = {{0, 0, 0},
                {1, 0, 1},
                {0, 1, -1},
                {0, 65535, 1},
                {65535, 0, -1},
                {32767, 0, 32767},
                {32768, 0, INT16_MIN},
                {0, 32768, INT16_MIN},
                {100, 65500, 136}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(rtp_seq_diff(rows[i].a, rows[i].b), rows[i].diff);
        CU_ASSERT_EQUAL(rtp_seq_newer(rows[i].a, rows[i].b), rows[i].diff > 0);
    }
    CU_ASSERT_EQUAL(rtp_ts_diff(5, UINT32_MAX), 6);
    CU_ASSERT_EQUAL(rtp_ts_diff(UINT32_MAX, 5), -6);
    CU_ASSERT_TRUE(rtp_ts_newer(0, UINT32_MAX));
    CU_ASSERT_FALSE(rtp_ts_newer(7, 7));
    CU_ASSERT_FALSE(rtp_ts_newer(0x80000000, 0));
}

static void numbers_are_extended(void)
{
    static const struct {
        uint16_t seq;
        int64_t extended;
        int64_t highest;
    } rows[] = {{65534, 65534, 65534}, {65535, 65535, 65535},  {1, 65537, 65537},     {0, 65536, 65537},
                {65530, 65530, 65537}, {2, 65538, 65538},      {32000, 97536, 97536}, {64000, 129536, 129536},
                {10, 131082, 131082},  {40000, 105536, 131082}};
    struct rtp_seq_unwrapper u = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rtp_seq_unwrapper before = u;
        CU_ASSERT_EQUAL(rtp_seq_peek(&u, rows[i].seq), rows[i].extended);
        CU_ASSERT_EQUAL(u.highest, before.highest);
        CU_ASSERT_EQUAL(rtp_seq_unwrap(&u, rows[i].seq), rows[i].extended);
        CU_ASSERT_EQUAL(u.highest, rows[i].highest);
    }
}

static void what_comes_before_the_first_is_negative(void)
{
    struct rtp_seq_unwrapper u = {0};
    CU_ASSERT_EQUAL(rtp_seq_unwrap(&u, 2), 2);
    CU_ASSERT_EQUAL(rtp_seq_unwrap(&u, 65535), -1);
    CU_ASSERT_EQUAL(rtp_seq_unwrap(&u, 3), 3);
}

static void a_long_run_never_slips(void)
{
    struct rtp_seq_unwrapper u = {0};
    struct rtp_ts_unwrapper t = {0};
    for (int64_t i = 60000; i < 60000 + 300000; i += 7) {
        CU_ASSERT_EQUAL_FATAL(rtp_seq_unwrap(&u, (uint16_t)i), i);
        int64_t ts = i * 90000;
        if (!t.started)
            t = (struct rtp_ts_unwrapper){.started = true, .highest = ts};
        CU_ASSERT_EQUAL_FATAL(rtp_ts_unwrap(&t, (uint32_t)(uint64_t)ts), ts);
        CU_ASSERT_EQUAL_FATAL(rtp_ts_peek(&t, (uint32_t)(uint64_t)(ts - 3000)), ts - 3000);
    }
}

static const struct unit_test tests[] = {
    {"order is right across the wrap", order_across_the_wrap},
    {"numbers are extended, late ones too, and peeking remembers nothing", numbers_are_extended},
    {"what comes before the first number is negative", what_comes_before_the_first_is_negative},
    {"a long run never slips a cycle", a_long_run_never_slips},
};
UNIT_MAIN("rtp.seq", tests)
