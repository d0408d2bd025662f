#include "ds/rate.h"

#include "unit.h"

static const struct ds_rate rate = {.burst = 3, .interval_ns = 100000000}; /* one more each 100 ms */

static void the_burst_and_then_one_an_interval(void)
{
    struct ds_bucket bucket = {0};
    uint64_t wait = 0;
    uint64_t now = 5000000;
    for (int i = 0; i < 3; i++)
        CU_ASSERT(ds_rate_take(&bucket, &rate, 1, now, &wait));
    CU_ASSERT_FALSE(ds_rate_take(&bucket, &rate, 1, now, &wait));
    CU_ASSERT_EQUAL(wait, 100000);
    CU_ASSERT_FALSE(ds_rate_take(&bucket, &rate, 1, now + 99999, &wait));
    CU_ASSERT_EQUAL(wait, 1);
    CU_ASSERT(ds_rate_take(&bucket, &rate, 1, now + 100000, &wait));
    CU_ASSERT_FALSE(ds_rate_take(&bucket, &rate, 1, now + 100000, &wait));
}

static void what_is_refused_costs_nothing(void)
{
    struct ds_bucket bucket = {0};
    uint64_t wait = 0;
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_FALSE(ds_rate_take(&bucket, &rate, 4, 1000000, &wait));
    CU_ASSERT(ds_rate_take(&bucket, &rate, 3, 1000000, &wait));
}

static void a_long_pause_saves_no_more_than_the_burst(void)
{
    struct ds_bucket bucket = {0};
    uint64_t wait = 0;
    CU_ASSERT(ds_rate_take(&bucket, &rate, 1, 1000000, &wait));
    CU_ASSERT(ds_rate_take(&bucket, &rate, 3, 9000000000, &wait));
    CU_ASSERT_FALSE(ds_rate_take(&bucket, &rate, 1, 9000000000, &wait));
}

static void over_a_minute_no_more_than_the_rate(void)
{
    struct ds_bucket bucket = {0};
    uint64_t wait = 0;
    unsigned taken = 0;
    for (uint64_t now = 1000000; now < 61000000; now += 1000)
        taken += ds_rate_take(&bucket, &rate, 1, now, &wait);
    CU_ASSERT_EQUAL(taken, 3 + 599);
}

static void credit_is_paid_back_by_waiting(void)
{
    struct ds_bucket bucket = {0};
    CU_ASSERT_EQUAL(ds_rate_owed_us(&bucket, &rate, 1000000), 0);
    ds_rate_charge(&bucket, &rate, 3, 1000000);
    CU_ASSERT_EQUAL(ds_rate_owed_us(&bucket, &rate, 1000000), 0);
    ds_rate_charge(&bucket, &rate, 2, 1000000);
    CU_ASSERT_EQUAL(ds_rate_owed_us(&bucket, &rate, 1000000), 200000);
    CU_ASSERT_EQUAL(ds_rate_owed_us(&bucket, &rate, 1199999), 1);
    CU_ASSERT_EQUAL(ds_rate_owed_us(&bucket, &rate, 1200000), 0);
    CU_ASSERT_FALSE(ds_rate_is_idle(&bucket, 1499999));
    CU_ASSERT(ds_rate_is_idle(&bucket, 1500000));
}

static void no_interval_is_no_limit(void)
{
    const struct ds_rate none = {.burst = 1};
    struct ds_bucket bucket = {0};
    uint64_t wait = 0;
    for (int i = 0; i < 100; i++)
        CU_ASSERT(ds_rate_take(&bucket, &none, 1000000, 1, &wait));
}

static const struct unit_test tests[] = {
    {"the burst at once, then one an interval", the_burst_and_then_one_an_interval},
    {"what is refused costs nothing", what_is_refused_costs_nothing},
    {"a long pause saves no more than the burst", a_long_pause_saves_no_more_than_the_burst},
    {"over a minute no more than the rate", over_a_minute_no_more_than_the_rate},
    {"credit is paid back by waiting", credit_is_paid_back_by_waiting},
    {"no interval is no limit", no_interval_is_no_limit},
};
UNIT_MAIN("ds.rate", tests)
