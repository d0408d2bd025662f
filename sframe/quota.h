/* How much key derivation frames with unknown KIDs may cost: a token bucket for each of many groups of senders, so that
 * a flood of forged KIDs neither costs more than a bounded share of the CPU nor keeps a newcomer of another group out.
 * A derivation that turns out genuine gives its token back. */
#ifndef SFRAME_QUOTA_H
#define SFRAME_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SFRAME_QUOTA_BUCKETS = 256,
    SFRAME_QUOTA_BURST = 40, /* derivations; a member has at most 20 streams */
    SFRAME_QUOTA_RATE = 20,  /* derivations a second and bucket, when used up: 5120/s in all, some 10 ms of CPU */
};

struct sframe_quota {
    uint64_t random;                          /* not 0 */
    uint64_t filled_ms[SFRAME_QUOTA_BUCKETS]; /* up to when the bucket's tokens are counted */
    uint16_t spent[SFRAME_QUOTA_BUCKETS];     /* in thousandths of a token */
};

void sframe_quota_init(struct sframe_quota *quota, uint64_t seed);
/* Takes a token of group's bucket (group modulo SFRAME_QUOTA_BUCKETS). False if there is none. */
bool sframe_quota_take(struct sframe_quota *quota, uint64_t group, uint64_t now_ms);
void sframe_quota_give_back(struct sframe_quota *quota, uint64_t group);

#endif
