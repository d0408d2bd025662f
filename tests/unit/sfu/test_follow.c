#include "follow.h"
#include "unit.h"

static void done_when_all_packets_are_acknowledged(void)
{
    struct sfu_follow f = {0};
    sfu_follow_start(&f, 65534, 9000, 0);
    for (int64_t n = 65534; n < 65534 + 5; n++)
        sfu_follow_sent(&f, n, 9000, n == 65534 + 4, 100);
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 65534));
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 2));
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 1));
    CU_ASSERT(sfu_follow_wants(&f, 65535));
    CU_ASSERT_FALSE(sfu_follow_wants(&f, 1));
    CU_ASSERT_FALSE(sfu_follow_wants(&f, 3));
    CU_ASSERT_FALSE(sfu_follow_wants(&f, 65533));
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 65535));
    CU_ASSERT(sfu_follow_ack(&f, 0));
    CU_ASSERT_FALSE(f.active);
    CU_ASSERT_EQUAL(sfu_follow_deadline(&f, 1000), UINT64_MAX);
}

static void frame_ends_at_its_mark_or_with_the_next(void)
{
    struct sfu_follow f = {0};
    sfu_follow_start(&f, 10, 9000, 0);
    sfu_follow_sent(&f, 10, 9000, false, 0);
    sfu_follow_sent(&f, 11, 9000, false, 0);
    /* all that is known is there, but more may come */
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 10));
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 11));
    CU_ASSERT(f.active);
    sfu_follow_sent(&f, 12, 12000, false, 0);
    CU_ASSERT_FALSE(f.active);
}

static void gap_in_the_frame_is_not_done(void)
{
    struct sfu_follow f = {0};
    sfu_follow_start(&f, 10, 9000, 0);
    sfu_follow_sent(&f, 10, 9000, false, 0);
    sfu_follow_sent(&f, 12, 9000, true, 0);
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 10));
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 12));
    CU_ASSERT(sfu_follow_wants(&f, 11));
}

static void reports_acknowledge_up_to_a_number(void)
{
    struct sfu_follow f = {0};
    sfu_follow_start(&f, 10, 9000, 0);
    for (int64_t n = 10; n < 14; n++)
        sfu_follow_sent(&f, n, 9000, n == 13, 0);
    CU_ASSERT_FALSE(sfu_follow_ack_up_to(&f, 9));
    CU_ASSERT(sfu_follow_wants(&f, 10));
    CU_ASSERT_FALSE(sfu_follow_ack_up_to(&f, 12));
    CU_ASSERT_FALSE(sfu_follow_wants(&f, 12));
    CU_ASSERT(sfu_follow_wants(&f, 13));
    CU_ASSERT(sfu_follow_ack_up_to(&f, 500));
}

static void deadline_counts_from_the_last_packet(void)
{
    struct sfu_follow f = {0};
    sfu_follow_start(&f, 10, 9000, 1000);
    CU_ASSERT_EQUAL(sfu_follow_deadline(&f, 50000), 1000 + 50000 + SFU_FOLLOW_SLACK_US);
    sfu_follow_sent(&f, 11, 9000, false, 3000);
    CU_ASSERT_EQUAL(sfu_follow_deadline(&f, 50000), 3000 + 50000 + SFU_FOLLOW_SLACK_US);
    sfu_follow_sent(&f, 12, 12000, false, 7000);
    CU_ASSERT_EQUAL(sfu_follow_deadline(&f, 50000), 3000 + 50000 + SFU_FOLLOW_SLACK_US);
}

static void huge_frame_is_followed_as_far_as_it_goes(void)
{
    struct sfu_follow f = {0};
    sfu_follow_start(&f, 0, 9000, 0);
    for (int64_t n = 0; n < 2000; n++)
        sfu_follow_sent(&f, n, 9000, n == 1999, 0);
    CU_ASSERT_EQUAL(f.last, SFU_FOLLOW_PACKETS - 1);
    sfu_follow_sent(&f, 2000, 12000, false, 0);
    for (uint16_t n = 0; n + 1 < SFU_FOLLOW_PACKETS; n++)
        CU_ASSERT_FALSE(sfu_follow_ack(&f, n));
    CU_ASSERT_FALSE(sfu_follow_ack(&f, 1000));
    CU_ASSERT(sfu_follow_ack(&f, SFU_FOLLOW_PACKETS - 1));
}

static const struct unit_test tests[] = {
    {"done when all packets are acknowledged, across a wrap", done_when_all_packets_are_acknowledged},
    {"the frame ends at its mark or with the next", frame_ends_at_its_mark_or_with_the_next},
    {"a gap in the frame is not done", gap_in_the_frame_is_not_done},
    {"reports acknowledge up to a number", reports_acknowledge_up_to_a_number},
    {"the deadline counts from the frame's last packet", deadline_counts_from_the_last_packet},
    {"a huge frame is followed as far as it goes", huge_frame_is_followed_as_far_as_it_goes},
};
UNIT_MAIN("sfu.follow", tests)
