#include "rtp/stats.h"

#include "unit.h"

enum { RATE = 90000 };

static struct rtcp_report report_of(struct rtp_stats *s)
{
    struct rtcp_report r = {0};
    CU_ASSERT_TRUE_FATAL(rtp_stats_report(s, 0xabc, 0, &r));
    CU_ASSERT_EQUAL(r.ssrc, 0xabc);
    return r;
}

static void loss_is_counted_per_interval(void)
{
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    for (unsigned i = 0; i < 100; i++)
        if (i % 4 != 1)
            CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)(65500 + i), 0, 0));
    struct rtcp_report r = report_of(&s);
    CU_ASSERT_EQUAL(r.lost, 25);
    CU_ASSERT_EQUAL(r.fraction_lost, 64); /* a quarter of 256 */
    CU_ASSERT_EQUAL(r.highest_seq, 65599);
    for (unsigned i = 100; i < 200; i++)
        CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)(65500 + i), 0, 0));
    r = report_of(&s);
    CU_ASSERT_EQUAL(r.lost, 25);
    CU_ASSERT_EQUAL(r.fraction_lost, 0);
    CU_ASSERT_EQUAL(r.highest_seq, 65699);
    for (unsigned i = 201; i < 300; i += 2)
        CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)(65500 + i), 0, 0));
    r = report_of(&s);
    CU_ASSERT_EQUAL(r.lost, 75);
    CU_ASSERT_EQUAL(r.fraction_lost, 128); /* of this interval alone */
    r = report_of(&s);                     /* nothing came: no division by zero */
    CU_ASSERT_EQUAL(r.fraction_lost, 0);
}

static void duplicates_make_the_loss_negative(void)
{
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    for (unsigned i = 0; i < 10; i++)
        for (unsigned twice = 0; twice < 2; twice++)
            CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)i, 0, 0));
    struct rtcp_report r = report_of(&s);
    CU_ASSERT_EQUAL(r.lost, -10);
    CU_ASSERT_EQUAL(r.fraction_lost, 0);
    CU_ASSERT_EQUAL(r.highest_seq, 9);
}

static void a_late_packet_heals_the_loss(void)
{
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 65535, 0, 0));
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 1, 0, 0));
    CU_ASSERT_EQUAL(report_of(&s).lost, 1);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 0, 0, 0));
    struct rtcp_report r = report_of(&s);
    CU_ASSERT_EQUAL(r.lost, 0);
    CU_ASSERT_EQUAL(r.highest_seq, 65537);
}

static void jumps_are_believed_when_confirmed(void)
{
    static const struct {
        uint16_t seq;
        bool counted;
        uint32_t highest;
    } rows[] = {
        {1000, true, 1000},   {3999, true, 3999},   /* 2999 ahead */
        {6999, false, 3999},                        /* 3000 ahead: not yet */
        {4000, true, 4000},                         /* the stream goes on */
        {3901, true, 4000},                         /* 99 behind: reordered */
        {3900, false, 4000},                        /* 100 behind: a jump */
        {3899, false, 4000},  {30000, false, 4000}, /* */
        {30002, false, 4000},                       /* not the one after it */
        {30003, true, 30003},                       /* the one after it: the source restarted */
        {30004, true, 30004},
    };
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(rtp_stats_receive(&s, rows[i].seq, 0, 0), rows[i].counted);
        CU_ASSERT_EQUAL(report_of(&s).highest_seq, rows[i].highest);
    }
    CU_ASSERT_EQUAL(report_of(&s).lost, 0); /* counted afresh */
}

static void jitter_is_the_rfcs(void)
{
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    /* evenly spaced: none, wherever the clocks stand, also across the wraps of timestamp and clock */
    for (unsigned i = 0; i < 1000; i++)
        CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)i, UINT32_MAX - 5000 + i * 900,
                                         UINT64_MAX / 2 / 1000000 * 1000000 + (uint64_t)i * 10000));
    CU_ASSERT_EQUAL(report_of(&s).jitter, 0);
    /* every other packet 10 ms late: |D| is 900 each time, J tends to 900 */
    rtp_stats_init(&s, RATE);
    for (unsigned i = 0; i < 1000; i++)
        CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)i, i * 900, 1000000 + i * 10000 + (i % 2) * 10000));
    uint32_t jitter = report_of(&s).jitter;
    CU_ASSERT(jitter >= 899 && jitter <= 901);
    /* the first steps by hand: J = 0 + 1600/16 = 100, then 100 - 100/16 = 93.75 and so on */
    rtp_stats_init(&s, 1000000);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 0, 0, 0));
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 1, 0, 1600));
    CU_ASSERT_EQUAL(report_of(&s).jitter, 100);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 2, 0, 1600));
    CU_ASSERT_EQUAL(report_of(&s).jitter, 93);
}

static void hostile_timestamps_keep_the_jitter_in_range(void)
{
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    for (unsigned i = 0; i < 10000; i++)
        CU_ASSERT_TRUE(rtp_stats_receive(&s, (uint16_t)i, i % 2 ? 0x80000000 : 0, 0));
    CU_ASSERT(report_of(&s).jitter > 0x7fff0000);
    rtp_stats_init(&s, 0);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 0, 0, UINT64_MAX));
}

static void sender_reports_are_echoed(void)
{
    struct rtp_stats s;
    struct rtcp_report r = {.ssrc = 5};
    rtp_stats_init(&s, RATE);
    CU_ASSERT_FALSE(rtp_stats_report(&s, 1, 0, &r)); /* nothing came yet */
    CU_ASSERT_EQUAL(r.ssrc, 5);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 0, 0, 0));
    CU_ASSERT_EQUAL(report_of(&s).last_sr, 0);
    CU_ASSERT_EQUAL(report_of(&s).delay_last_sr, 0);
    rtp_stats_sender_report(&s, UINT64_C(0x1122334455667788), 1000000);
    static const struct {
        uint64_t now_us;
        uint32_t delay;
    } rows[] = {{1000000, 0},     {999999, 0},        {1500000, 32768},
                {2000000, 65536}, {11000000, 655360}, {UINT64_MAX, UINT32_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_TRUE(rtp_stats_report(&s, 1, rows[i].now_us, &r));
        CU_ASSERT_EQUAL(r.last_sr, 0x33445566);
        CU_ASSERT_EQUAL(r.delay_last_sr, rows[i].delay);
    }
}

static void everything_lost_but_one_is_255(void)
{
    struct rtp_stats s;
    rtp_stats_init(&s, RATE);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 0, 0, 0));
    (void)report_of(&s);
    CU_ASSERT_TRUE(rtp_stats_receive(&s, 2900, 0, 0));
    struct rtcp_report r = report_of(&s);
    CU_ASSERT_EQUAL(r.fraction_lost, 255);
    CU_ASSERT_EQUAL(r.lost, 2899);
}

static const struct unit_test tests[] = {
    {"loss is counted in all and per interval, across the wrap", loss_is_counted_per_interval},
    {"duplicates make the loss negative", duplicates_make_the_loss_negative},
    {"a late packet heals the loss", a_late_packet_heals_the_loss},
    {"jumps are believed when the next packet confirms them", jumps_are_believed_when_confirmed},
    {"jitter is that of RFC 3550 A.8", jitter_is_the_rfcs},
    {"hostile timestamps keep the jitter in range", hostile_timestamps_keep_the_jitter_in_range},
    {"sender reports are echoed with their delay", sender_reports_are_echoed},
    {"nearly everything lost is 255 of 256", everything_lost_but_one_is_255},
};
UNIT_MAIN("rtp.stats", tests)
