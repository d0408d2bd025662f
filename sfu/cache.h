/* The last packets of a slot, kept as they were rewritten and before protection, so that a NACK is answered from here
 * and never by asking the publisher again. A ring of bytes and a ring of entries: memory is fixed at the start. */
#ifndef SFU_CACHE_H
#define SFU_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SFU_CACHE_AGE_US = 1000000, /* older packets are of no use to a receiver */
    SFU_CACHE_RESENDS = 6,      /* per packet: a receiver that asks for ever gets nothing more */
};

struct sfu_cache;

/* A cache of the last packets packets (a power of two) within bytes bytes. NULL without memory. */
struct sfu_cache *sfu_cache_new(size_t packets, size_t bytes);
void sfu_cache_free(struct sfu_cache *cache);

/* Copies data[0..len) in as packet seq; the oldest ones make room. twcc_at is where its transport-wide number stands,
 * 0 if it has none. */
void sfu_cache_put(struct sfu_cache *cache, uint16_t seq, const uint8_t *data, size_t len, uint16_t twcc_at,
                   uint64_t now_us);

struct sfu_cached_packet {
    const uint8_t *data; /* borrowed until the next put */
    size_t len;
    uint16_t twcc_at;
};

/* Finds packet seq for a resend, and counts it as resent. False if it is not there, is too old, was resent too often,
 * or less than interval_us ago. */
bool sfu_cache_resend(struct sfu_cache *cache, uint16_t seq, uint64_t interval_us, uint64_t now_us,
                      struct sfu_cached_packet *out);

#endif
