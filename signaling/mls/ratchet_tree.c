/* The ratchet tree's life, contents, changes and resolutions. */
#include "mls/ratchet_tree.h"

#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "wire/vector.h"

/* --- Life --- */

int mls_ratchet_tree_new(const struct mls_suite *suite, struct mls_ratchet_tree **tree)
{
    struct mls_ratchet_tree *made = tree_alloc(suite, NULL);
    if (!made || !tree_grow(made, 1)) {
        mls_ratchet_tree_free(made);
        return MLS_MEMORY;
    }
    *tree = made;
    return MLS_OK;
}

/* A node from outside, to be copied; NULL without memory. */
static struct tree_node *copy_of(const struct mls_node *node)
{
    if (node->type == MLS_NODE_LEAF)
        return tree_node_leaf(&node->leaf);
    return tree_node_parent(node->parent.encryption_key, node->parent.parent_hash, node->parent.unmerged_leaves);
}

static int check_leaf_keys(const struct mls_suite *suite, const struct mls_leaf_node *leaf)
{
    return leaf->encryption_key.len == suite->kem->public_len && leaf->signature_key.len == suite->signature->public_len
               ? MLS_OK
               : MLS_KEY;
}

static int check_form(const struct mls_suite *suite, const struct mls_node *node)
{
    if (node->type == MLS_NODE_LEAF)
        return check_leaf_keys(suite, &node->leaf);
    if (node->parent.encryption_key.len != suite->kem->public_len)
        return MLS_KEY;
    const size_t len = node->parent.parent_hash.len;
    return len == 0 || len == suite->hash->len ? MLS_OK : MLS_MALFORMED;
}

/* Whether one of the node's keys is in the tree already. */
static bool has_key_of(const struct mls_ratchet_tree *tree, const struct mls_node *node)
{
    uint32_t other = 0;
    if (node->type == MLS_NODE_PARENT)
        return tree_find(tree, KEY_ENCRYPTION, node->parent.encryption_key, &other);
    return tree_find(tree, KEY_ENCRYPTION, node->leaf.encryption_key, &other) ||
           tree_find(tree, KEY_SIGNATURE, node->leaf.signature_key, &other);
}

static int read_node(struct mls_ratchet_tree *tree, uint32_t index, const struct mls_node *node)
{
    if (node->type == MLS_NODE_BLANK)
        return MLS_OK;
    int rc = check_form(tree->suite, node);
    if (rc != MLS_OK)
        return rc;
    if (has_key_of(tree, node))
        return MLS_DUPLICATE;
    struct tree_cell *cell = tree_cell(tree, index);
    cell->node = copy_of(node);
    if (!cell->node || !tree_index(tree, index, cell->node))
        return MLS_MEMORY;
    tree->members += node->type == MLS_NODE_LEAF;
    return MLS_OK;
}

int mls_ratchet_tree_read(const struct mls_suite *suite, struct core_slice data, struct mls_ratchet_tree **tree)
{
    struct core_slice nodes;
    size_t count = 0;
    if (!mls_ratchet_tree_parse(data, &nodes, &count))
        return MLS_MALFORMED;
    struct mls_ratchet_tree *made = tree_alloc(suite, NULL);
    uint32_t leaves = 1;
    while (mls_tree_width(leaves) < count)
        leaves *= 2;
    int rc = made && tree_grow(made, leaves) && key_index_reserve(&made->keys, count + count / 2) ? MLS_OK : MLS_MEMORY;
    struct bytes_reader r = mls_walk(nodes);
    struct mls_node node;
    for (uint32_t i = 0; rc == MLS_OK && mls_node_next(&r, &node); i++)
        rc = read_node(made, i, &node);
    if (rc != MLS_OK) {
        mls_ratchet_tree_free(made);
        return rc;
    }
    made->tail = leaves;
    *tree = made;
    return MLS_OK;
}

int mls_ratchet_tree_stage(struct mls_ratchet_tree *base, struct mls_ratchet_tree **stage)
{
    if (base->base)
        return MLS_INVALID;
    struct mls_ratchet_tree *made = tree_alloc(base->suite, base);
    if (!made)
        return MLS_MEMORY;
    made->leaves = base->leaves;
    made->kept = base->leaves;
    made->members = base->members;
    made->vacant = base->vacant;
    made->tail = base->tail;
    *stage = made;
    return MLS_OK;
}

/* The number of nodes up to the last that is not blank. */
static uint32_t length_of(const struct mls_ratchet_tree *tree)
{
    uint32_t count = mls_tree_width(tree->leaves);
    while (count > 0 && !tree_at(tree, count - 1))
        count--;
    return count;
}

static void write_node(struct bytes_writer *w, const struct tree_node *content)
{
    wire_write_present(w, content != NULL);
    if (!content)
        return;
    bytes_write_u8(w, content->view.type);
    const struct core_slice encoded =
        content->view.type == MLS_NODE_LEAF ? content->view.leaf.encoded : content->view.parent.encoded;
    bytes_write(w, encoded.data, encoded.len);
}

void mls_ratchet_tree_write(struct bytes_writer *w, const struct mls_ratchet_tree *tree)
{
    const uint32_t count = length_of(tree);
    const size_t begin = wire_begin_vector(w);
    for (uint32_t node = 0; node < count; node++)
        write_node(w, tree_at(tree, node));
    wire_end_vector(w, begin);
}

void mls_ratchet_tree_write_stage(struct bytes_writer *w, const struct mls_ratchet_tree *stage)
{
    bytes_write_u32(w, stage->leaves);
    bytes_write_u32(w, stage->kept);
    const size_t begin = wire_begin_vector(w);
    /* in the nodes' order, not the table's: the same stage is always the same bytes */
    for (uint32_t node = 0; node < mls_tree_width(stage->leaves); node++) {
        const struct tree_cell *cell = tree_cell(stage, node);
        if (!cell || !cell->own)
            continue;
        bytes_write_u32(w, cell->index);
        bytes_write_u8(w, cell->added);
        write_node(w, cell->node);
    }
    wire_end_vector(w, begin);
}

/* *first: the least index that may come. */
static int read_stage_cell(struct bytes_reader *r, struct mls_ratchet_tree *stage, uint32_t *first)
{
    const uint32_t index = bytes_read_u32(r);
    const uint8_t added = bytes_read_u8(r);
    struct mls_node node;
    mls_node_parse(r, &node);
    const uint8_t type = index % 2 == 0 ? MLS_NODE_LEAF : MLS_NODE_PARENT;
    if (!bytes_reader_ok(r) || index < *first || index >= mls_tree_width(stage->leaves) ||
        added > (node.type == MLS_NODE_LEAF) ||
        (node.type != MLS_NODE_BLANK && (node.type != type || check_form(stage->suite, &node) != MLS_OK)))
        return MLS_MALFORMED;
    *first = index + 1;
    struct tree_node *content = node.type == MLS_NODE_BLANK ? NULL : copy_of(&node);
    if (node.type != MLS_NODE_BLANK && !content)
        return MLS_MEMORY;
    int rc = tree_put(stage, index, content);
    if (rc == MLS_OK)
        tree_cell(stage, index)->added = added;
    return rc;
}

/* Whether all leaves of the tree's right half are blank. What was seen to be blank is not looked at again, or a commit
 * of many Removes would look at half the tree for each. */
static bool right_is_blank(struct mls_ratchet_tree *tree)
{
    while (tree->tail > tree->leaves / 2 && !tree_at(tree, mls_tree_node(tree->tail - 1)))
        tree->tail--;
    return tree->tail <= tree->leaves / 2;
}

/* What reading cell by cell cannot see. */
static int check_stage(struct mls_ratchet_tree *stage)
{
    if (right_is_blank(stage)) /* of a single leaf: that one */
        return MLS_MALFORMED;
    for (size_t i = 0; i < stage->table_cap; i++) {
        const struct tree_cell *cell = stage->table[i];
        if (cell && cell->own && cell->node && !tree_is_unique(stage, cell->index, cell->node))
            return MLS_DUPLICATE;
    }
    return MLS_OK;
}

int mls_ratchet_tree_read_stage(struct bytes_reader *r, struct mls_ratchet_tree *base, struct mls_ratchet_tree **stage)
{
    struct mls_ratchet_tree *made = NULL;
    uint32_t first = 0;
    const uint32_t leaves = bytes_read_u32(r);
    const uint32_t kept = bytes_read_u32(r);
    struct bytes_reader cells = wire_parse_block(r);
    if (!bytes_reader_ok(r) || leaves == 0 || leaves > UINT32_C(1) << MLS_TREE_DEPTH_MAX || (leaves & (leaves - 1)) ||
        kept == 0 || kept > leaves || kept > base->leaves || (kept & (kept - 1)))
        return MLS_MALFORMED;
    int rc = mls_ratchet_tree_stage(base, &made);
    if (rc != MLS_OK)
        return rc;
    made->leaves = leaves;
    made->kept = kept;
    made->vacant = 0;
    made->tail = leaves;
    while (rc == MLS_OK && bytes_reader_left(&cells) > 0)
        rc = read_stage_cell(&cells, made, &first);
    if (rc == MLS_OK)
        rc = check_stage(made);
    if (rc != MLS_OK) {
        mls_ratchet_tree_free(made);
        return rc;
    }
    made->members = 0;
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        made->members += tree_at(made, mls_tree_node(leaf)) != NULL;
    *stage = made;
    return MLS_OK;
}

/* --- What is in it --- */

const struct mls_suite *mls_ratchet_tree_suite(const struct mls_ratchet_tree *tree)
{
    return tree->suite;
}

uint32_t mls_ratchet_tree_leaves(const struct mls_ratchet_tree *tree)
{
    return tree->leaves;
}

uint32_t mls_ratchet_tree_members(const struct mls_ratchet_tree *tree)
{
    return tree->members;
}

const struct mls_leaf_node *mls_ratchet_tree_leaf(const struct mls_ratchet_tree *tree, uint32_t leaf)
{
    if (leaf >= tree->leaves)
        return NULL;
    const struct tree_node *content = tree_at(tree, mls_tree_node(leaf));
    return content ? &content->view.leaf : NULL;
}

const struct mls_parent_node *mls_ratchet_tree_parent(const struct mls_ratchet_tree *tree, uint32_t node)
{
    const struct tree_node *content = mls_tree_is_leaf(node) ? NULL : tree_at(tree, node);
    return content ? &content->view.parent : NULL;
}

struct core_slice mls_ratchet_tree_key(const struct mls_ratchet_tree *tree, uint32_t node)
{
    const struct tree_node *content = tree_at(tree, node);
    if (!content)
        return (struct core_slice){0};
    return content->view.type == MLS_NODE_LEAF ? content->view.leaf.encryption_key
                                               : content->view.parent.encryption_key;
}

bool mls_ratchet_tree_find(const struct mls_ratchet_tree *tree, const struct mls_leaf_node *leaf_node, uint32_t *leaf)
{
    uint32_t node = 0;
    if (!tree_find(tree, KEY_ENCRYPTION, leaf_node->encryption_key, &node) || !mls_tree_is_leaf(node))
        return false;
    const struct core_slice found = tree_at(tree, node)->view.leaf.encoded;
    if (found.len != leaf_node->encoded.len || memcmp(found.data, leaf_node->encoded.data, found.len) != 0)
        return false;
    *leaf = node / 2;
    return true;
}

bool mls_ratchet_tree_find_signer(const struct mls_ratchet_tree *tree, struct core_slice key, uint32_t *leaf)
{
    uint32_t node = 0;
    if (!tree_find(tree, KEY_SIGNATURE, key, &node))
        return false;
    *leaf = node / 2;
    return true;
}

bool mls_ratchet_tree_find_key(const struct mls_ratchet_tree *tree, struct core_slice key, uint32_t *node)
{
    return tree_find(tree, KEY_ENCRYPTION, key, node);
}

bool mls_ratchet_tree_is_new(const struct mls_ratchet_tree *tree, uint32_t leaf)
{
    const struct tree_cell *cell = leaf < tree->leaves ? tree_cell(tree, mls_tree_node(leaf)) : NULL;
    return cell && cell->added;
}

/* --- Changes --- */

int mls_ratchet_tree_vacant(struct mls_ratchet_tree *tree, uint32_t *leaf)
{
    if (!tree->base)
        return MLS_INVALID;
    while (tree->vacant < tree->leaves && tree_at(tree, mls_tree_node(tree->vacant)))
        tree->vacant++;
    if (tree->vacant == tree->leaves) {
        if (tree->leaves == UINT32_C(1) << MLS_TREE_DEPTH_MAX)
            return MLS_LIMIT;
        tree_extend(tree);
    }
    *leaf = tree->vacant;
    return MLS_OK;
}

/* Adds a leaf to the unmerged ones of each parent above it. */
static int unmerge(struct mls_ratchet_tree *tree, uint32_t leaf)
{
    int rc = MLS_OK;
    for (uint32_t node = mls_tree_node(leaf); rc == MLS_OK && node != mls_tree_root(tree->leaves);) {
        node = mls_tree_parent(node);
        const struct tree_node *content = tree_at(tree, node);
        if (!content)
            continue;
        struct tree_node *more = tree_node_unmerge(&content->view.parent, leaf);
        rc = more ? tree_put(tree, node, more) : MLS_MEMORY;
    }
    return rc;
}

int mls_ratchet_tree_add(struct mls_ratchet_tree *tree, const struct mls_leaf_node *leaf_node, uint32_t *leaf)
{
    uint32_t at = 0;
    uint32_t other = 0;
    int rc = tree->base ? check_leaf_keys(tree->suite, leaf_node) : MLS_INVALID;
    if (rc != MLS_OK)
        return rc;
    if (tree_find(tree, KEY_ENCRYPTION, leaf_node->encryption_key, &other) ||
        tree_find(tree, KEY_SIGNATURE, leaf_node->signature_key, &other))
        return MLS_DUPLICATE;
    rc = mls_ratchet_tree_vacant(tree, &at);
    if (rc != MLS_OK)
        return rc;
    struct tree_node *content = tree_node_leaf(leaf_node);
    rc = content ? tree_put(tree, mls_tree_node(at), content) : MLS_MEMORY;
    if (rc == MLS_OK)
        rc = unmerge(tree, at);
    if (rc == MLS_OK) {
        tree_cell(tree, mls_tree_node(at))->added = true;
        *leaf = at;
    }
    return rc;
}

int mls_ratchet_tree_update(struct mls_ratchet_tree *tree, uint32_t leaf, const struct mls_leaf_node *leaf_node)
{
    uint32_t other = 0;
    int rc = tree->base ? check_leaf_keys(tree->suite, leaf_node) : MLS_INVALID;
    if (rc != MLS_OK)
        return rc;
    if (!mls_ratchet_tree_leaf(tree, leaf))
        return MLS_LEAF;
    if (tree_find(tree, KEY_ENCRYPTION, leaf_node->encryption_key, &other) ||
        (tree_find(tree, KEY_SIGNATURE, leaf_node->signature_key, &other) && other != mls_tree_node(leaf)))
        return MLS_DUPLICATE;
    struct tree_node *content = tree_node_leaf(leaf_node);
    rc = content ? tree_put(tree, mls_tree_node(leaf), content) : MLS_MEMORY;
    return rc == MLS_OK ? tree_blank_path(tree, leaf) : rc;
}

int mls_ratchet_tree_remove(struct mls_ratchet_tree *tree, uint32_t leaf)
{
    if (!tree->base)
        return MLS_INVALID;
    if (!mls_ratchet_tree_leaf(tree, leaf))
        return MLS_LEAF;
    int rc = tree_put(tree, mls_tree_node(leaf), NULL);
    if (rc == MLS_OK)
        rc = tree_blank_path(tree, leaf);
    if (rc != MLS_OK)
        return rc;
    if (leaf < tree->vacant)
        tree->vacant = leaf;
    while (tree->leaves > 1 && right_is_blank(tree))
        tree_truncate(tree);
    return MLS_OK;
}

/* --- Resolutions --- */

static bool append(struct mls_resolution *out, uint32_t node)
{
    enum { FIRST = 8 };
    if (out->count == out->cap) {
        const size_t cap = out->cap ? 2 * out->cap : FIRST;
        uint32_t *nodes = realloc(out->nodes, cap * sizeof *nodes);
        if (!nodes)
            return false;
        out->nodes = nodes;
        out->cap = cap;
    }
    out->nodes[out->count++] = node;
    return true;
}

int mls_ratchet_tree_resolve(const struct mls_ratchet_tree *tree, uint32_t node, bool old_only,
                             struct mls_resolution *out)
{
    const struct tree_node *content = tree_at(tree, node);
    if (mls_tree_is_leaf(node)) {
        if (!content || (old_only && mls_ratchet_tree_is_new(tree, node / 2)))
            return MLS_OK;
        return append(out, node) ? MLS_OK : MLS_MEMORY;
    }
    if (!content) {
        if (node >= mls_tree_width(tree->leaves))
            return MLS_OK;
        int rc = mls_ratchet_tree_resolve(tree, mls_tree_left(node), old_only, out);
        return rc == MLS_OK ? mls_ratchet_tree_resolve(tree, mls_tree_right(node), old_only, out) : rc;
    }
    if (!append(out, node))
        return MLS_MEMORY;
    const struct core_slice unmerged = content->view.parent.unmerged_leaves;
    for (size_t i = 0; i < mls_u32_count(unmerged); i++) {
        const uint32_t leaf = mls_u32_at(unmerged, i);
        if (!(old_only && mls_ratchet_tree_is_new(tree, leaf)) && !append(out, mls_tree_node(leaf)))
            return MLS_MEMORY;
    }
    return MLS_OK;
}

void mls_resolution_free(struct mls_resolution *resolution)
{
    free(resolution->nodes);
    *resolution = (struct mls_resolution){0};
}
