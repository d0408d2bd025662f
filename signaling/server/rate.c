#include "ds/rate.h"

#include <stddef.h>

enum { NS_PER_US = 1000 };

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool ds_rate_take(struct ds_bucket *bucket, const struct ds_rate *rate, uint64_t units, uint64_t now_us,
                  uint64_t *wait_us)
{
    uint64_t now = now_us * NS_PER_US;
    uint64_t full = later(bucket->full_ns, now) + units * rate->interval_ns;
    uint64_t end = now + rate->burst * rate->interval_ns;
    if (full > end) {
        *wait_us = (full - end + NS_PER_US - 1) / NS_PER_US;
        return false;
    }
    bucket->full_ns = full;
    return true;
}

void ds_rate_charge(struct ds_bucket *bucket, const struct ds_rate *rate, uint64_t units, uint64_t now_us)
{
    bucket->full_ns = later(bucket->full_ns, now_us * NS_PER_US) + units * rate->interval_ns;
}

uint64_t ds_rate_owed_us(const struct ds_bucket *bucket, const struct ds_rate *rate, uint64_t now_us)
{
    uint64_t end = now_us * NS_PER_US + rate->burst * rate->interval_ns;
    return bucket->full_ns > end ? (bucket->full_ns - end + NS_PER_US - 1) / NS_PER_US : 0;
}

bool ds_rate_is_idle(const struct ds_bucket *bucket, uint64_t now_us)
{
    return bucket->full_ns <= now_us * NS_PER_US;
}
