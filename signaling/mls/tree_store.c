/* Where a ratchet tree's nodes are: an array for a whole tree, a small hash table for a stage's differences. */
#include <stdlib.h>
#include <string.h>

#include "tree.h"

enum { TABLE_FIRST = 64 };

struct mls_ratchet_tree *tree_alloc(const struct mls_suite *suite, struct mls_ratchet_tree *base)
{
    struct mls_ratchet_tree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return NULL;
    tree->suite = suite;
    tree->base = base;
    tree->stride = (sizeof(struct tree_cell) + suite->hash->len + 7) / 8 * 8;
    if (!key_index_seed(&tree->keys)) {
        free(tree);
        return NULL;
    }
    return tree;
}

static struct tree_cell *dense(const struct mls_ratchet_tree *tree, uint32_t node)
{
    return (struct tree_cell *)(void *)(tree->cells + tree->stride * node);
}

bool tree_grow(struct mls_ratchet_tree *tree, uint32_t leaves)
{
    const uint32_t before = tree->leaves ? mls_tree_width(tree->leaves) : 0;
    uint8_t *cells = calloc(mls_tree_width(leaves), tree->stride);
    if (!cells)
        return false;
    if (before)
        memcpy(cells, tree->cells, before * tree->stride);
    free(tree->cells);
    tree->cells = cells;
    tree->leaves = leaves;
    for (uint32_t node = before; node < mls_tree_width(leaves); node++)
        dense(tree, node)->index = node;
    return true;
}

/* --- A stage's table --- */

static size_t home(const struct mls_ratchet_tree *stage, uint32_t node)
{
    return (node * UINT32_C(0x9e3779b1)) >> 7 & (stage->table_cap - 1);
}

static struct tree_cell **table_slot(const struct mls_ratchet_tree *stage, uint32_t node)
{
    size_t at = home(stage, node);
    while (stage->table[at] && stage->table[at]->index != node)
        at = (at + 1) & (stage->table_cap - 1);
    return &stage->table[at];
}

static bool table_reserve(struct mls_ratchet_tree *stage)
{
    if (stage->table_count < stage->table_cap / 2)
        return true;
    struct tree_cell **old = stage->table;
    const size_t old_cap = stage->table_cap;
    const size_t cap = old_cap ? 2 * old_cap : TABLE_FIRST;
    struct tree_cell **table = calloc(cap, sizeof(struct tree_cell *));
    if (!table)
        return false;
    stage->table = table;
    stage->table_cap = cap;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i])
            *table_slot(stage, old[i]->index) = old[i];
    free(old);
    return true;
}

/* --- Cells --- */

struct tree_cell *tree_cell(const struct mls_ratchet_tree *tree, uint32_t node)
{
    if (!tree->base)
        return dense(tree, node);
    return tree->table_cap ? *table_slot(tree, node) : NULL;
}

struct tree_cell *tree_open(struct mls_ratchet_tree *tree, uint32_t node)
{
    struct tree_cell *cell = tree_cell(tree, node);
    if (cell || !table_reserve(tree))
        return cell;
    cell = calloc(1, tree->stride);
    if (!cell)
        return NULL;
    cell->index = node;
    *table_slot(tree, node) = cell;
    tree->table_count++;
    return cell;
}

/* Whether a node of the base is still the stage's, unless a cell says otherwise. */
static bool is_kept(const struct mls_ratchet_tree *stage, uint32_t node)
{
    return node < mls_tree_width(stage->kept);
}

const struct tree_node *tree_at(const struct mls_ratchet_tree *tree, uint32_t node)
{
    if (node >= mls_tree_width(tree->leaves))
        return NULL;
    const struct tree_cell *cell = tree_cell(tree, node);
    if (!tree->base || (cell && cell->own))
        return cell->node;
    return is_kept(tree, node) ? dense(tree->base, node)->node : NULL;
}

/* --- Keys --- */

static struct core_slice key_of(const struct tree_node *content, enum key_kind kind)
{
    if (content->view.type == MLS_NODE_PARENT)
        return kind == KEY_ENCRYPTION ? content->view.parent.encryption_key : (struct core_slice){0};
    return kind == KEY_ENCRYPTION ? content->view.leaf.encryption_key : content->view.leaf.signature_key;
}

bool tree_index(struct mls_ratchet_tree *tree, uint32_t node, const struct tree_node *content)
{
    if (!key_index_reserve(&tree->keys, 2))
        return false;
    key_index_insert(&tree->keys, node, KEY_ENCRYPTION, key_of(content, KEY_ENCRYPTION));
    if (content->view.type == MLS_NODE_LEAF)
        key_index_insert(&tree->keys, node, KEY_SIGNATURE, key_of(content, KEY_SIGNATURE));
    return true;
}

void tree_unindex(struct mls_ratchet_tree *tree, uint32_t node, const struct tree_node *content)
{
    key_index_remove(&tree->keys, node, KEY_ENCRYPTION, key_of(content, KEY_ENCRYPTION));
    if (content->view.type == MLS_NODE_LEAF)
        key_index_remove(&tree->keys, node, KEY_SIGNATURE, key_of(content, KEY_SIGNATURE));
}

/* Asked for the stage's own index as for the base's: what counts is the node as the tree shows it. */
static bool has_key(const void *ctx, uint32_t node, enum key_kind kind, struct core_slice key)
{
    const struct tree_node *content = tree_at(ctx, node);
    if (!content)
        return false;
    const struct core_slice own = key_of(content, kind);
    return own.data && own.len == key.len && memcmp(own.data, key.data, key.len) == 0;
}

bool tree_find(const struct mls_ratchet_tree *tree, enum key_kind kind, struct core_slice key, uint32_t *node)
{
    if (key.len == 0)
        return false;
    return key_index_find(&tree->keys, kind, key, has_key, tree, node) ||
           (tree->base && key_index_find(&tree->base->keys, kind, key, has_key, tree, node));
}

bool tree_is_unique(const struct mls_ratchet_tree *stage, uint32_t node, const struct tree_node *content)
{
    static const enum key_kind kinds[] = {KEY_ENCRYPTION, KEY_SIGNATURE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct core_slice key = key_of(content, kinds[i]);
        uint32_t other = node;
        if (key.len == 0)
            continue;
        if (key_index_find(&stage->keys, kinds[i], key, has_key, stage, &other) && other != node)
            return false;
        if (key_index_find(&stage->base->keys, kinds[i], key, has_key, stage, &other) && other != node)
            return false;
    }
    return true;
}

/* --- Changes --- */

/* Marks the hashes above a node as to be made anew. */
static bool mark(struct mls_ratchet_tree *stage, uint32_t node)
{
    while (node != mls_tree_root(stage->leaves)) {
        node = mls_tree_parent(node);
        const struct tree_cell *present = tree_cell(stage, node);
        if (present && !present->hashed)
            return true; /* and so are those above */
        struct tree_cell *cell = tree_open(stage, node);
        if (!cell)
            return false;
        cell->hashed = false;
    }
    return true;
}

static void empty(struct mls_ratchet_tree *tree, struct tree_cell *cell)
{
    if (cell->node)
        tree_unindex(tree, cell->index, cell->node);
    free(cell->node);
    cell->node = NULL;
    cell->added = false;
    cell->hashed = false;
}

int tree_put(struct mls_ratchet_tree *stage, uint32_t node, struct tree_node *content)
{
    const bool was_there = tree_at(stage, node) != NULL;
    struct tree_cell *cell = tree_open(stage, node);
    if (!cell || !mark(stage, node) || (content && !tree_index(stage, node, content))) {
        free(content);
        return MLS_MEMORY;
    }
    empty(stage, cell);
    cell->own = true;
    cell->node = content;
    if (mls_tree_is_leaf(node)) {
        if (content && node / 2 >= stage->tail)
            stage->tail = node / 2 + 1;
        stage->members += content != NULL;
        stage->members -= was_there;
    }
    return MLS_OK;
}

int tree_blank_path(struct mls_ratchet_tree *stage, uint32_t leaf)
{
    int rc = MLS_OK;
    for (uint32_t node = mls_tree_node(leaf); rc == MLS_OK && node != mls_tree_root(stage->leaves);) {
        node = mls_tree_parent(node);
        if (tree_at(stage, node))
            rc = tree_put(stage, node, NULL);
    }
    return rc;
}

void tree_extend(struct mls_ratchet_tree *stage)
{
    stage->leaves *= 2;
}

void tree_truncate(struct mls_ratchet_tree *stage)
{
    stage->leaves /= 2;
    if (stage->kept > stage->leaves)
        stage->kept = stage->leaves;
    for (size_t i = 0; i < stage->table_cap; i++) {
        struct tree_cell *cell = stage->table[i];
        if (cell && cell->index >= mls_tree_width(stage->leaves)) {
            empty(stage, cell);
            cell->own = true;
        }
    }
}

/* --- Merging --- */

static void take(struct mls_ratchet_tree *base, struct tree_cell *from)
{
    struct tree_cell *to = dense(base, from->index);
    if (from->own) {
        empty(base, to);
        to->node = from->node;
        from->node = NULL;
    }
    to->hashed = from->hashed;
    memcpy(to->hash, from->hash, base->suite->hash->len);
}

int mls_ratchet_tree_merge(struct mls_ratchet_tree *stage)
{
    struct mls_ratchet_tree *base = stage->base;
    if (!base)
        return MLS_INVALID;
    if (!key_index_reserve(&base->keys, 2 * stage->table_count) ||
        (stage->leaves > base->leaves && !tree_grow(base, stage->leaves)))
        return MLS_MEMORY;
    for (uint32_t node = mls_tree_width(stage->kept); node < mls_tree_width(base->leaves); node++)
        empty(base, dense(base, node));
    base->leaves = stage->leaves;
    for (size_t i = 0; i < stage->table_cap; i++)
        if (stage->table[i] && stage->table[i]->index < mls_tree_width(stage->leaves))
            take(base, stage->table[i]);
    for (size_t i = 0; i < stage->table_cap; i++) {
        struct tree_cell *cell = stage->table[i];
        if (cell && cell->own && cell->index < mls_tree_width(stage->leaves) && dense(base, cell->index)->node &&
            !tree_index(base, cell->index, dense(base, cell->index)->node))
            return MLS_MEMORY; /* cannot be: there is room */
    }
    base->members = stage->members;
    base->vacant = stage->vacant;
    base->tail = stage->tail;
    mls_ratchet_tree_free(stage);
    return MLS_OK;
}

void mls_ratchet_tree_free(struct mls_ratchet_tree *tree)
{
    if (!tree)
        return;
    for (uint32_t node = 0; tree->cells && node < mls_tree_width(tree->leaves); node++)
        free(dense(tree, node)->node);
    for (size_t i = 0; i < tree->table_cap; i++)
        if (tree->table[i]) {
            free(tree->table[i]->node);
            free(tree->table[i]);
        }
    free(tree->cells);
    free(tree->table);
    key_index_free(&tree->keys);
    free(tree);
}
