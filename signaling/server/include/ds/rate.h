/* Rates: so much at once, and so much more after each interval (the generic cell rate algorithm). One number each. */
#ifndef DS_RATE_H
#define DS_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sotto/export.h"

struct ds_rate {
    uint64_t burst;       /* units at once */
    uint64_t interval_ns; /* for one more; 0: without limit */
};

/* What was used; zero at first. */
struct ds_bucket {
    uint64_t full_ns; /* when all of it may be used again */
};

/* Takes units if the rate allows it. Otherwise nothing is taken, and *wait_us is when to try again. More than burst at
 * once is never allowed. */
SOTTO_MUST_CHECK bool ds_rate_take(struct ds_bucket *bucket, const struct ds_rate *rate, uint64_t units,
                                   uint64_t now_us, uint64_t *wait_us);
/* Takes units in any case, on credit. */
void ds_rate_charge(struct ds_bucket *bucket, const struct ds_rate *rate, uint64_t units, uint64_t now_us);
/* How long until what was taken on credit is paid back; 0 if nothing is owed. */
uint64_t ds_rate_owed_us(const struct ds_bucket *bucket, const struct ds_rate *rate, uint64_t now_us);
/* True if nothing is lost by forgetting it. */
bool ds_rate_is_idle(const struct ds_bucket *bucket, uint64_t now_us);

#endif
