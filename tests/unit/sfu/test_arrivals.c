#include "arrivals.h"
#include "unit.h"

/* Writes one packet and reads it back: base, count, and which of the first 64 arrived. */
static bool report(struct sfu_arrivals *a, struct rtcp_twcc *out, uint64_t *received)
{
    static uint8_t data[1200];
    struct bytes_writer w;
    struct rtcp_iter iter;
    struct rtcp_packet packet;
    struct rtcp_twcc_iter statuses;
    struct rtcp_twcc_status status;
    bytes_writer_init(&w, data, sizeof data);
    if (!sfu_arrivals_write(a, 1, &w))
        return false;
    rtcp_iter_init(&iter, data, w.len);
    CU_ASSERT_FATAL(rtcp_next(&iter, &packet));
    CU_ASSERT_EQUAL_FATAL(rtcp_twcc_parse(&packet, out), RTP_OK);
    *received = 0;
    rtcp_twcc_iter_init(&statuses, out);
    for (size_t i = 0; rtcp_twcc_next(&statuses, &status); i++)
        if (i < 64 && status.received)
            *received |= UINT64_C(1) << i;
    return true;
}

static void reports_each_number_once(void)
{
    struct sfu_arrivals a = {0};
    struct rtcp_twcc twcc;
    uint64_t received;
    CU_ASSERT_FALSE(report(&a, &twcc, &received));
    sfu_arrivals_note(&a, 65534, 5, 1000);
    sfu_arrivals_note(&a, 65535, 5, 2000);
    sfu_arrivals_note(&a, 2, 6, 4000);
    sfu_arrivals_note(&a, 1, 6, 5000);
    sfu_arrivals_note(&a, 1, 6, 9000);
    CU_ASSERT_FATAL(report(&a, &twcc, &received));
    CU_ASSERT_EQUAL(twcc.base_seq, 65534);
    CU_ASSERT_EQUAL(twcc.status_count, 5);
    CU_ASSERT_EQUAL(twcc.media_ssrc, 6);
    CU_ASSERT_EQUAL(received, 0x1b); /* 0 is missing */
    CU_ASSERT_FALSE(report(&a, &twcc, &received));
    /* late for its report: nobody is told twice */
    sfu_arrivals_note(&a, 0, 6, 6000);
    CU_ASSERT_FALSE(report(&a, &twcc, &received));
    sfu_arrivals_note(&a, 4, 6, 7000);
    CU_ASSERT_FATAL(report(&a, &twcc, &received));
    CU_ASSERT_EQUAL(twcc.base_seq, 3);
    CU_ASSERT_EQUAL(twcc.feedback_count, 1);
    CU_ASSERT_EQUAL(received, 2);
}

static void far_jump_starts_anew(void)
{
    struct sfu_arrivals a = {0};
    struct rtcp_twcc twcc;
    uint64_t received;
    sfu_arrivals_note(&a, 1, 5, 1000);
    sfu_arrivals_note(&a, 1 + SFU_ARRIVALS_MAX, 5, 2000);
    CU_ASSERT_EQUAL(a.count, 1);
    CU_ASSERT_FATAL(report(&a, &twcc, &received));
    CU_ASSERT_EQUAL(twcc.base_seq, 1 + SFU_ARRIVALS_MAX);
    uint64_t random = 9;
    for (int i = 0; i < 100000; i++) {
        sfu_arrivals_note(&a, (uint16_t)unit_random(&random), 5, 2000 + (uint64_t)i);
        if (a.count > SFU_ARRIVALS_MAX)
            CU_FAIL_FATAL("grew");
    }
}

static const struct unit_test tests[] = {
    {"reports each number once, in order, with what is missing", reports_each_number_once},
    {"a far jump starts anew; hostile numbers stay bounded", far_jump_starts_anew},
};
UNIT_MAIN("sfu.arrivals", tests)
