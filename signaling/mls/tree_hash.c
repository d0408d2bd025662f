/* Tree hashes, original tree hashes and parent hashes (RFC 9420 sections 7.8, 7.9). */
#include <stdlib.h>

#include "core/bytes.h"
#include "mls/crypto.h"
#include "tree.h"
#include "wire/vector.h"

enum { LENGTH_MAX = 4, LEAF_HEAD = 6 };

/* A vector's length, encoded. */
struct length {
    uint8_t data[LENGTH_MAX];
    struct core_slice slice;
};

static void length_init(struct length *length, size_t len)
{
    struct bytes_writer w;
    bytes_writer_init(&w, length->data, sizeof length->data);
    wire_write_length(&w, len);
    length->slice = (struct core_slice){length->data, w.len};
}

/* TreeHashInput of a leaf; encoded: of length 0 for a blank one. */
static int hash_leaf(const struct mls_suite *suite, uint32_t leaf, struct core_slice encoded, uint8_t *out)
{
    uint8_t head[LEAF_HEAD];
    struct bytes_writer w;
    bytes_writer_init(&w, head, sizeof head);
    bytes_write_u8(&w, MLS_NODE_LEAF);
    bytes_write_u32(&w, leaf);
    wire_write_present(&w, encoded.len > 0);
    const struct core_slice parts[] = {{head, w.len}, encoded};
    return mls_hash(suite, parts, 2, out);
}

/* TreeHashInput of a parent, given as up to three parts (none: blank), and its children's hashes. */
static int hash_parent(const struct mls_suite *suite, const struct core_slice *node, size_t count, const uint8_t *left,
                       const uint8_t *right, uint8_t *out)
{
    enum { NODE_PARTS = 3 };
    const uint8_t head[] = {MLS_NODE_PARENT, count > 0};
    const size_t len = suite->hash->len;
    struct core_slice parts[1 + NODE_PARTS + 4] = {{head, sizeof head}};
    struct length length;
    size_t n = 1;
    for (size_t i = 0; i < count; i++)
        parts[n++] = node[i];
    length_init(&length, len);
    parts[n++] = length.slice;
    parts[n++] = (struct core_slice){left, len};
    parts[n++] = length.slice;
    parts[n++] = (struct core_slice){right, len};
    return mls_hash(suite, parts, n, out);
}

int tree_hash(struct mls_ratchet_tree *tree, uint32_t node, const uint8_t **hash)
{
    struct tree_cell *cell = tree_cell(tree, node);
    const uint8_t *left = NULL;
    const uint8_t *right = NULL;
    int rc = MLS_OK;
    if (cell && cell->hashed) {
        *hash = cell->hash;
        return MLS_OK;
    }
    if (!cell && tree->base && node < mls_tree_width(tree->kept))
        return tree_hash(tree->base, node, hash);
    const struct tree_node *content = tree_at(tree, node);
    if (mls_tree_is_leaf(node)) {
        cell = tree_open(tree, node);
        if (!cell)
            return MLS_MEMORY;
        rc =
            hash_leaf(tree->suite, node / 2, content ? content->view.leaf.encoded : (struct core_slice){0}, cell->hash);
    } else {
        rc = tree_hash(tree, mls_tree_left(node), &left);
        if (rc == MLS_OK)
            rc = tree_hash(tree, mls_tree_right(node), &right);
        if (rc != MLS_OK)
            return rc;
        cell = tree_open(tree, node);
        if (!cell)
            return MLS_MEMORY;
        rc = hash_parent(tree->suite, content ? &content->view.parent.encoded : NULL, content != NULL, left, right,
                         cell->hash);
    }
    if (rc == MLS_OK) {
        cell->hashed = true;
        *hash = cell->hash;
    }
    return rc;
}

/* A list of leaves without those of another; both sorted. NULL without memory. */
static uint8_t *list_without(struct core_slice list, struct core_slice gone, struct core_slice *out)
{
    uint8_t *kept = malloc(list.len + 1); /* never of length 0 */
    struct bytes_writer w;
    if (!kept)
        return NULL;
    bytes_writer_init(&w, kept, list.len);
    for (size_t i = 0; i < mls_u32_count(list); i++)
        if (!tree_list_has(gone, mls_u32_at(list, i)))
            bytes_write_u32(&w, mls_u32_at(list, i));
    *out = (struct core_slice){kept, w.len};
    return kept;
}

static int hash_original_parent(const struct mls_suite *suite, const struct tree_node *content, struct core_slice gone,
                                const uint8_t *left, const uint8_t *right, uint8_t *out)
{
    if (!content)
        return hash_parent(suite, NULL, 0, left, right, out);
    const struct mls_parent_node *parent = &content->view.parent;
    const struct core_slice list = parent->unmerged_leaves;
    struct core_slice kept;
    struct length length;
    uint8_t *memory = list_without(list, gone, &kept);
    if (!memory)
        return MLS_MEMORY;
    length_init(&length, list.len);
    /* the encoding up to the list's length is the same */
    const struct core_slice start = {parent->encoded.data, parent->encoded.len - list.len - length.slice.len};
    length_init(&length, kept.len);
    const struct core_slice parts[] = {start, length.slice, kept};
    int rc = hash_parent(suite, parts, 3, left, right, out);
    free(memory);
    return rc;
}

/* The tree hash as if the leaves in `gone` were blank and unmerged nowhere (section 7.9). */
static int original_hash(struct mls_ratchet_tree *tree, uint32_t node, struct core_slice gone, uint8_t *out)
{
    const uint8_t *cached = NULL;
    gone = tree_list_under(gone, node);
    if (gone.len == 0) {
        int rc = tree_hash(tree, node, &cached);
        for (size_t i = 0; rc == MLS_OK && i < tree->suite->hash->len; i++)
            out[i] = cached[i];
        return rc;
    }
    if (mls_tree_is_leaf(node))
        return hash_leaf(tree->suite, node / 2, (struct core_slice){0}, out);
    uint8_t left[CORE_HASH_MAX];
    uint8_t right[CORE_HASH_MAX];
    int rc = original_hash(tree, mls_tree_left(node), gone, left);
    if (rc == MLS_OK)
        rc = original_hash(tree, mls_tree_right(node), gone, right);
    if (rc == MLS_OK)
        rc = hash_original_parent(tree->suite, tree_at(tree, node), gone, left, right, out);
    return rc;
}

int tree_parent_hash(struct mls_ratchet_tree *tree, struct core_slice key, struct core_slice parent_hash,
                     struct core_slice unmerged, uint32_t sibling, uint8_t *out)
{
    uint8_t original[CORE_HASH_MAX];
    struct length key_length;
    struct length parent_length;
    struct length original_length;
    int rc = original_hash(tree, sibling, unmerged, original);
    if (rc != MLS_OK)
        return rc;
    length_init(&key_length, key.len);
    length_init(&parent_length, parent_hash.len);
    length_init(&original_length, tree->suite->hash->len);
    const struct core_slice parts[] = {key_length.slice,      key,
                                       parent_length.slice,   parent_hash,
                                       original_length.slice, {original, tree->suite->hash->len}};
    return mls_hash(tree->suite, parts, 6, out);
}

int mls_ratchet_tree_node_hash(struct mls_ratchet_tree *tree, uint32_t node, uint8_t *out)
{
    const uint8_t *hash = NULL;
    if (node >= mls_tree_width(tree->leaves))
        return MLS_INVALID;
    int rc = tree_hash(tree, node, &hash);
    for (size_t i = 0; rc == MLS_OK && i < tree->suite->hash->len; i++)
        out[i] = hash[i];
    return rc;
}

int mls_ratchet_tree_hash(struct mls_ratchet_tree *tree, uint8_t *out)
{
    return mls_ratchet_tree_node_hash(tree, mls_tree_root(tree->leaves), out);
}
