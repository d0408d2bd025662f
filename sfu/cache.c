#include "cache.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    bool used;
    uint8_t resends;
    uint16_t seq;
    uint16_t len;
    uint16_t twcc_at;
    uint64_t at; /* bytes ever written before it: it is still there while fewer than cap were written since */
    uint64_t put_us;
    uint64_t resent_us;
};

struct sfu_cache {
    struct entry *entries;
    size_t mask;
    uint8_t *bytes;
    size_t cap;
    uint64_t written;
};

struct sfu_cache *sfu_cache_new(size_t packets, size_t bytes)
{
    struct sfu_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->entries = calloc(packets, sizeof *cache->entries);
    cache->bytes = malloc(bytes);
    cache->mask = packets - 1;
    cache->cap = bytes;
    if (cache->entries && cache->bytes)
        return cache;
    sfu_cache_free(cache);
    return NULL;
}

void sfu_cache_free(struct sfu_cache *cache)
{
    if (!cache)
        return;
    free(cache->entries);
    free(cache->bytes);
    free(cache);
}

void sfu_cache_put(struct sfu_cache *cache, uint16_t seq, const uint8_t *data, size_t len, uint16_t twcc_at,
                   uint64_t now_us)
{
    if (len > cache->cap || len > UINT16_MAX)
        return;
    /* a packet lies in one piece: what is left at the ring's end is skipped */
    size_t offset = (size_t)(cache->written % cache->cap);
    if (cache->cap - offset < len) {
        cache->written += cache->cap - offset;
        offset = 0;
    }
    memcpy(cache->bytes + offset, data, len);
    cache->entries[seq & cache->mask] = (struct entry){
        .used = true,
        .seq = seq,
        .len = (uint16_t)len,
        .twcc_at = twcc_at,
        .at = cache->written,
        .put_us = now_us,
    };
    cache->written += len;
}

bool sfu_cache_resend(struct sfu_cache *cache, uint16_t seq, uint64_t interval_us, uint64_t now_us,
                      struct sfu_cached_packet *out)
{
    struct entry *entry = &cache->entries[seq & cache->mask];
    if (!entry->used || entry->seq != seq || cache->written - entry->at > cache->cap)
        return false;
    if (now_us - entry->put_us > SFU_CACHE_AGE_US || entry->resends >= SFU_CACHE_RESENDS)
        return false;
    if (entry->resends > 0 && now_us - entry->resent_us < interval_us)
        return false;
    entry->resends++;
    entry->resent_us = now_us;
    *out = (struct sfu_cached_packet){
        .data = cache->bytes + entry->at % cache->cap,
        .len = entry->len,
        .twcc_at = entry->twcc_at,
    };
    return true;
}
