#include "quota.h"

enum {
    TOKEN = 1000,
    REFILL_PER_MS = SFRAME_QUOTA_RATE, /* thousandths */
};

_Static_assert(SFRAME_QUOTA_BURST *TOKEN <= UINT16_MAX, "a bucket's debt fits its counter");

void sframe_quota_init(struct sframe_quota *quota, uint64_t seed)
{
    quota->random = seed | 1;
}

/* A token costs half to one and a half. Were it always the same, an emptied bucket would have its next one at fixed
 * beats: the flood is there at every beat, while a newcomer whose frames beat as evenly might never be. */
static uint16_t price(struct sframe_quota *quota)
{
    quota->random ^= quota->random << 13;
    quota->random ^= quota->random >> 7;
    quota->random ^= quota->random << 17;
    return (uint16_t)(TOKEN / 2 + (quota->random >> 32) % TOKEN);
}

bool sframe_quota_take(struct sframe_quota *quota, uint64_t group, uint64_t now_ms)
{
    uint64_t *filled_ms = &quota->filled_ms[group % SFRAME_QUOTA_BUCKETS];
    uint16_t *spent = &quota->spent[group % SFRAME_QUOTA_BUCKETS];
    if (now_ms > *filled_ms) {
        uint64_t elapsed = now_ms - *filled_ms;
        if (elapsed >= *spent / REFILL_PER_MS + 1u)
            *spent = 0;
        else
            *spent = (uint16_t)(*spent - elapsed * REFILL_PER_MS);
        *filled_ms = now_ms;
    }
    if (*spent + TOKEN > SFRAME_QUOTA_BURST * TOKEN)
        return false;
    *spent = (uint16_t)(*spent + price(quota));
    return true;
}

void sframe_quota_give_back(struct sframe_quota *quota, uint64_t group)
{
    uint16_t *spent = &quota->spent[group % SFRAME_QUOTA_BUCKETS];
    *spent = *spent > TOKEN ? (uint16_t)(*spent - TOKEN) : 0;
}
