/* Which nodes hold a public key: a hash table over a ratchet tree's keys, keyed so that nobody can choose keys that
 * collide. It holds node numbers only; the keys stay with the tree, which is asked for them. */
#ifndef MLS_KEY_INDEX_H
#define MLS_KEY_INDEX_H

#include "core/provider.h"

enum key_kind { KEY_ENCRYPTION, KEY_SIGNATURE };

struct key_slot {
    uint32_t tag; /* of the key's hash; also its place */
    uint32_t id;  /* node * 2 + kind; all ones: empty */
};

struct key_index {
    uint64_t seed[2];
    struct key_slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t count;
};

/* A tree's own key, and whether the node is to be seen. */
typedef bool (*key_match_fn)(const void *ctx, uint32_t node, enum key_kind kind, struct core_slice key);

SOTTO_MUST_CHECK bool key_index_seed(struct key_index *index);
void key_index_free(struct key_index *index);
/* Room for that many more; false without memory. */
SOTTO_MUST_CHECK bool key_index_reserve(struct key_index *index, size_t more);
/* There must be room. */
void key_index_insert(struct key_index *index, uint32_t node, enum key_kind kind, struct core_slice key);
/* Nothing happens if it is not there. */
void key_index_remove(struct key_index *index, uint32_t node, enum key_kind kind, struct core_slice key);
/* The first node with the key for which match says yes. */
bool key_index_find(const struct key_index *index, enum key_kind kind, struct core_slice key, key_match_fn match,
                    const void *ctx, uint32_t *node);

#endif
