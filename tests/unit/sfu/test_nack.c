#include "nack.h"
#include "unit.h"

enum { INTERVAL = 60000 };

static size_t collect(struct sfu_nack *n, uint64_t now_us, uint16_t *seqs)
{
    return sfu_nack_collect(n, INTERVAL, now_us, seqs, SFU_NACK_MAX);
}

static void asks_at_once_and_again_until_it_comes(void)
{
    struct sfu_nack n = {0};
    uint16_t seqs[SFU_NACK_MAX];
    CU_ASSERT_EQUAL(sfu_nack_next_timeout(&n), UINT64_MAX);
    CU_ASSERT(sfu_nack_gap(&n, 65534, 65538, 1000));
    CU_ASSERT_EQUAL(sfu_nack_next_timeout(&n), 1000);
    CU_ASSERT_EQUAL_FATAL(collect(&n, 1000, seqs), 4);
    CU_ASSERT_EQUAL(seqs[0], 65534);
    CU_ASSERT_EQUAL(seqs[3], 1); /* wrapped */
    CU_ASSERT_EQUAL(collect(&n, 1001, seqs), 0);
    CU_ASSERT_EQUAL(sfu_nack_next_timeout(&n), 1000 + INTERVAL);
    sfu_nack_received(&n, 65535);
    sfu_nack_received(&n, 65535);
    sfu_nack_received(&n, 4);
    CU_ASSERT_EQUAL_FATAL(collect(&n, 1000 + INTERVAL, seqs), 3);
    CU_ASSERT_EQUAL(seqs[1], 0);
}

static void gives_up_after_its_tries_or_its_time(void)
{
    struct sfu_nack n = {0};
    uint16_t seqs[SFU_NACK_MAX];
    CU_ASSERT(sfu_nack_gap(&n, 1, 2, 0));
    uint64_t now_us = 0;
    for (int i = 0; i < SFU_NACK_TRIES; i++, now_us += INTERVAL)
        CU_ASSERT_EQUAL(collect(&n, now_us, seqs), 1);
    CU_ASSERT_EQUAL(collect(&n, now_us, seqs), 0);
    CU_ASSERT_EQUAL(n.count, 0);
    CU_ASSERT(sfu_nack_gap(&n, 5, 6, 0));
    CU_ASSERT_EQUAL(collect(&n, SFU_NACK_AGE_US + 1, seqs), 0);
    CU_ASSERT_EQUAL(n.count, 0);
}

static void what_does_not_fit_the_writer_stays_due(void)
{
    struct sfu_nack n = {0};
    uint16_t seqs[2];
    CU_ASSERT(sfu_nack_gap(&n, 10, 15, 0));
    CU_ASSERT_EQUAL(sfu_nack_collect(&n, INTERVAL, 0, seqs, 2), 2);
    CU_ASSERT_EQUAL(seqs[0], 10);
    CU_ASSERT_EQUAL(sfu_nack_collect(&n, INTERVAL, 0, seqs, 2), 2);
    CU_ASSERT_EQUAL(seqs[0], 12);
    CU_ASSERT_EQUAL(sfu_nack_collect(&n, INTERVAL, 0, seqs, 2), 1);
    CU_ASSERT_EQUAL(sfu_nack_collect(&n, INTERVAL, 0, seqs, 2), 0);
}

static void gap_too_large_starts_anew(void)
{
    struct sfu_nack n = {0};
    CU_ASSERT(sfu_nack_gap(&n, 0, SFU_NACK_MAX, 0));
    CU_ASSERT_EQUAL(n.count, SFU_NACK_MAX);
    CU_ASSERT_FALSE(sfu_nack_gap(&n, 1000, 1001, 0));
    CU_ASSERT_EQUAL(n.count, 0);
    CU_ASSERT_FALSE(sfu_nack_gap(&n, 0, INT64_C(1) << 40, 0));
}

static const struct unit_test tests[] = {
    {"asks at once, and again until it comes", asks_at_once_and_again_until_it_comes},
    {"gives up after its tries or its time", gives_up_after_its_tries_or_its_time},
    {"what does not fit stays due", what_does_not_fit_the_writer_stays_due},
    {"a gap too large starts anew", gap_too_large_starts_anew},
};
UNIT_MAIN("sfu.nack", tests)
