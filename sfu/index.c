#include "sfu/index.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

enum { BUCKETS_MIN = 16, BUCKETS_MAX = 1 << 20 };

/* Mixes eight bytes at a time with the multiplication of 64-bit finalisers; the seed is secret. */
static uint64_t mix(uint64_t state, uint64_t word)
{
    state ^= word;
    state *= 0xff51afd7ed558ccdull;
    state ^= state >> 32;
    state *= 0xc4ceb9fe1a85ec53ull;
    return state ^ (state >> 29);
}

static uint64_t hash_bytes(uint64_t seed, const uint8_t *key, size_t key_len)
{
    uint64_t state = mix(seed, key_len);
    while (key_len > 0) {
        uint64_t word = 0;
        size_t n = key_len < sizeof word ? key_len : sizeof word;
        memcpy(&word, key, n);
        state = mix(state, word);
        key += n;
        key_len -= n;
    }
    return mix(state, seed);
}

bool sfu_index_init(struct sfu_index *index, size_t expected)
{
    size_t buckets = BUCKETS_MIN;
    while (buckets < expected && buckets < BUCKETS_MAX)
        buckets *= 2;
    uint64_t seed;
    if (!core_random((uint8_t *)&seed, sizeof seed))
        return false;
    struct sfu_index_node **memory = calloc(buckets, sizeof *memory);
    if (!memory)
        return false;
    *index = (struct sfu_index){.buckets = memory, .mask = buckets - 1, .seed = seed};
    return true;
}

void sfu_index_wipe(struct sfu_index *index)
{
    free(index->buckets);
    core_wipe(index, sizeof *index);
}

void sfu_index_add(struct sfu_index *index, struct sfu_index_node *node, const void *key, size_t key_len, void *owner)
{
    uint64_t hash = hash_bytes(index->seed, key, key_len);
    struct sfu_index_node **bucket = &index->buckets[hash & index->mask];
    *node = (struct sfu_index_node){.next = *bucket, .hash = hash, .key = key, .key_len = key_len, .owner = owner};
    *bucket = node;
}

void sfu_index_remove(struct sfu_index *index, struct sfu_index_node *node)
{
    struct sfu_index_node **link = &index->buckets[node->hash & index->mask];
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    *node = (struct sfu_index_node){0};
}

struct sfu_index_node *sfu_index_find(const struct sfu_index *index, const void *key, size_t key_len)
{
    uint64_t hash = hash_bytes(index->seed, key, key_len);
    struct sfu_index_node *node = index->buckets[hash & index->mask];
    while (node &&
           (node->hash != hash || node->key_len != key_len || (key_len && memcmp(node->key, key, key_len) != 0)))
        node = node->next;
    return node;
}
