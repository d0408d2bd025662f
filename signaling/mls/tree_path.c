/* Filtered direct paths, and the keys and hashes that an UpdatePath puts there (RFC 9420 sections 4.1.2, 7.5, 7.9). */
#include <string.h>

#include "tree.h"

/* Whether a node's resolution is empty. */
static bool is_empty(const struct mls_ratchet_tree *tree, uint32_t node)
{
    if (tree_at(tree, node))
        return false;
    return mls_tree_is_leaf(node) || (is_empty(tree, mls_tree_left(node)) && is_empty(tree, mls_tree_right(node)));
}

void tree_filtered_path(const struct mls_ratchet_tree *tree, uint32_t leaf, struct tree_path *path)
{
    path->count = 0;
    for (uint32_t node = mls_tree_node(leaf); node != mls_tree_root(tree->leaves); node = mls_tree_parent(node)) {
        const uint32_t sibling = mls_tree_sibling(node);
        if (is_empty(tree, sibling))
            continue;
        path->nodes[path->count] = mls_tree_parent(node);
        path->copath[path->count++] = sibling;
    }
}

int tree_place_path(struct mls_ratchet_tree *stage, uint32_t leaf, const struct tree_path *path,
                    const struct core_slice *keys, uint8_t *leaf_hash, size_t *leaf_hash_len)
{
    const struct core_slice none = {0};
    uint8_t hash[CORE_HASH_MAX];
    struct core_slice parent_hash = none;
    int rc = tree_blank_path(stage, leaf);
    /* "computed from root to leaf, so that each hash incorporates all the non-blank nodes above it" */
    for (size_t i = path->count; rc == MLS_OK && i-- > 0;) {
        struct tree_node *node = tree_node_parent(keys[i], parent_hash, none);
        rc = node ? tree_put(stage, path->nodes[i], node) : MLS_MEMORY;
        if (rc == MLS_OK)
            rc = tree_parent_hash(stage, keys[i], node->view.parent.parent_hash, none, path->copath[i], hash);
        parent_hash = (struct core_slice){hash, stage->suite->hash->len};
    }
    if (rc == MLS_OK) {
        memcpy(leaf_hash, parent_hash.data ? parent_hash.data : hash, parent_hash.len);
        *leaf_hash_len = parent_hash.len;
    }
    return rc;
}
