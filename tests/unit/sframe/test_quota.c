#include "quota.h"
#include "unit.h"

static void a_burst_then_the_rate(void)
{
    static struct sframe_quota quota;
    size_t burst = 0;
    size_t later = 0;
    sframe_quota_init(&quota, 99);
    while (sframe_quota_take(&quota, 3, 1000) && burst < 1000)
        burst++;
    CU_ASSERT(burst >= SFRAME_QUOTA_BURST - 10 && burst <= SFRAME_QUOTA_BURST + 10);
    for (uint64_t ms = 1001; ms <= 101000; ms++)
        for (int i = 0; i < 5; i++)
            later += sframe_quota_take(&quota, 3, ms);
    CU_ASSERT(later > 100 * SFRAME_QUOTA_RATE * 9 / 10 && later < 100 * SFRAME_QUOTA_RATE * 11 / 10);
    /* other buckets are full, this one's neighbours by its number are not */
    CU_ASSERT(sframe_quota_take(&quota, 4, 101000));
    CU_ASSERT_FALSE(sframe_quota_take(&quota, 3 + SFRAME_QUOTA_BUCKETS, 101000));
    /* after a long time it is full again, not fuller */
    for (burst = 0; sframe_quota_take(&quota, 3, UINT64_MAX) && burst < 1000;)
        burst++;
    CU_ASSERT(burst >= SFRAME_QUOTA_BURST - 10 && burst <= SFRAME_QUOTA_BURST + 10);
    CU_ASSERT_FALSE(sframe_quota_take(&quota, 3, 5)); /* time that runs back gives nothing */
}

static void given_back(void)
{
    static struct sframe_quota quota;
    sframe_quota_init(&quota, 7);
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT(sframe_quota_take(&quota, 1, 0));
        sframe_quota_give_back(&quota, 1);
        sframe_quota_give_back(&quota, 1); /* more than was taken is nothing */
    }
}

static const struct unit_test tests[] = {
    {"a bucket gives its burst, then its rate", a_burst_then_the_rate},
    {"tokens given back are there again", given_back},
};

UNIT_MAIN("sframe.quota", tests)
