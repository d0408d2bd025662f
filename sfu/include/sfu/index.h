/* An index from bytes to owners: how a datagram finds its session. Chained, of fixed width; the nodes stand in the
 * owners, so that nothing is allocated after set-up. The hash is keyed at random, so that peers who choose their
 * addresses cannot choose a chain. */
#ifndef SFU_INDEX_H
#define SFU_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

struct sfu_index_node {
    struct sfu_index_node *next;
    uint64_t hash;
    const void *key; /* borrowed: must stay as it is while the node is in the index */
    size_t key_len;
    void *owner;
};

struct sfu_index {
    struct sfu_index_node **buckets;
    size_t mask;
    uint64_t seed;
};

/* For about `expected` entries. False without memory or random bytes. */
SOTTO_MUST_CHECK bool sfu_index_init(struct sfu_index *index, size_t expected);
/* Frees the buckets; the nodes are their owners'. */
void sfu_index_wipe(struct sfu_index *index);
/* The key must not be in the index yet. */
void sfu_index_add(struct sfu_index *index, struct sfu_index_node *node, const void *key, size_t key_len, void *owner);
/* The node must be in the index. */
void sfu_index_remove(struct sfu_index *index, struct sfu_index_node *node);
/* NULL if there is none. */
struct sfu_index_node *sfu_index_find(const struct sfu_index *index, const void *key, size_t key_len);

#endif
