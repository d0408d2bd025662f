/* Steady frames: like the one before but for their counter and text, as nearly all are, so that little is to be asked
 * of each. A key has credit for them, in blocks: while that pays for a frame, its counter is no longer than that of the
 * one before, and no limit is near, soft or hard. The general way (sender_seal.c, prepare) takes back what is left and
 * looks at everything anew, and grants it again.
 *
 * A frame costs a block for itself, so that what credit of n blocks pays for has n counters at most. And n is added to
 * the key's blocks when it is granted: whatever is spent of it, they are never fewer than were sealed. */
#ifndef SFRAME_STEADY_H
#define SFRAME_STEADY_H

#include "inner.h"
#include "sender.h"

enum {
    SFRAME_BLOCK_LEN = 16,
    SFRAME_SOFT_LIMIT_SHIFT = 2, /* the soft limit is a quarter before the hard one */
    SFRAME_STEADY_COST = 2,      /* blocks beside the text's: the frame itself, and its header */
    SFRAME_STEADY_TAG_LEN = CORE_TAG_MAX,
};

static inline uint64_t sframe_blocks_of(size_t len)
{
    return ((uint64_t)len + SFRAME_BLOCK_LEN - 1) / SFRAME_BLOCK_LEN;
}

static inline uint64_t sframe_soft_limit(uint64_t limit)
{
    return limit - (limit >> SFRAME_SOFT_LIMIT_SHIFT);
}

static inline uint64_t sframe_smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Takes back what is left: the key's blocks are those that were sealed, and its next frame is no steady one. */
static inline void sframe_credit_reclaim(struct sframe_sender_key *key)
{
    key->blocks -= key->credit;
    key->credit = 0;
}

/* Gives a key that has no credit as much as there may be. A header holds a CTR of its own, so that with the inner
 * header it is not shorter than the word it is stored by. */
static inline void sframe_credit_grant(const struct sframe_sender *sender, struct sframe_sender_key *key)
{
    const struct sframe_suite *suite = sender->crypto.suite;
    const size_t ctr_len = sframe_field_len(key->ctr);
    const size_t header_len = 1 + key->kid_len + ctr_len;
    const uint64_t frames_soft = sframe_soft_limit(suite->seal_limit);
    const uint64_t blocks_soft = sframe_soft_limit(suite->block_limit);
    if (!sender->crypto.aead->seal_one || suite->nt != SFRAME_STEADY_TAG_LEN ||
        sender->profile != SFRAME_PROFILE_SOTTO || ctr_len == 0 || header_len > sizeof key->header_start ||
        key->ctr >= frames_soft || key->blocks >= blocks_soft)
        return;
    const uint64_t as_long = (UINT64_C(1) << 8 * ctr_len) - key->ctr;
    const uint64_t before_soft = sframe_smaller(frames_soft - key->ctr, blocks_soft - key->blocks) - 1;
    key->credit = sframe_smaller(as_long, before_soft);
    key->blocks += key->credit;
    key->header_start = le64toh(key->head[0]) | sframe_field_nibble(key->ctr, ctr_len);
    key->header_len = (uint8_t)header_len;
    key->ctr_shift = (uint8_t)(8 * (sizeof key->header_start - header_len));
}

/* Of a frame whose length is in range. */
static inline uint64_t sframe_steady_cost(size_t payload_len)
{
    return SFRAME_STEADY_COST + sframe_blocks_of(SFRAME_INNER_FIXED_LEN + payload_len);
}

/* A steady frame's header as it stands in memory, then zeros. */
static inline uint64_t sframe_steady_header(const struct sframe_sender_key *key, uint64_t ctr)
{
    return htole64(key->header_start | __builtin_bswap64(ctr) >> key->ctr_shift);
}

_Static_assert(2 + SFRAME_INNER_FIXED_LEN >= sizeof(uint64_t), "the word of the shortest header ends in its frame");

#endif
