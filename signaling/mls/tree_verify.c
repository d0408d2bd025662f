/* What a joiner checks of a tree that others gave it (RFC 9420 section 12.4.3.1), and what all members must share. */
#include <string.h>

#include "mls/leaf_node.h"
#include "tree.h"

/* --- Unmerged leaves --- */

static bool unmerged_are_members(const struct mls_ratchet_tree *tree, uint32_t node, struct core_slice unmerged)
{
    for (size_t i = 0; i < mls_u32_count(unmerged); i++) {
        const uint32_t leaf = mls_u32_at(unmerged, i);
        if (leaf >= tree->leaves || !mls_tree_is_below(mls_tree_node(leaf), node) ||
            !tree_at(tree, mls_tree_node(leaf)))
            return false;
    }
    return true;
}

/* "every non-blank intermediate node between the leaf node and the parent node also has an entry for the leaf node" */
static bool unmerged_from_below(const struct mls_ratchet_tree *tree, uint32_t leaf)
{
    bool merged = false; /* at a node below */
    for (uint32_t node = mls_tree_node(leaf); node != mls_tree_root(tree->leaves);) {
        node = mls_tree_parent(node);
        const struct tree_node *content = tree_at(tree, node);
        if (!content)
            continue;
        const bool has = tree_list_has(content->view.parent.unmerged_leaves, leaf);
        if (has && merged)
            return false;
        merged = !has;
    }
    return true;
}

static int check_unmerged(const struct mls_ratchet_tree *tree)
{
    for (uint32_t node = 0; node < mls_tree_width(tree->leaves); node++) {
        const struct tree_node *content = tree_at(tree, node);
        if (!content)
            continue;
        if (mls_tree_is_leaf(node) ? !unmerged_from_below(tree, node / 2)
                                   : !unmerged_are_members(tree, node, content->view.parent.unmerged_leaves))
            return MLS_TREE;
    }
    return MLS_OK;
}

/* --- Parent hashes --- */

static struct core_slice parent_hash_of(const struct tree_node *content)
{
    if (content->view.type == MLS_NODE_PARENT)
        return content->view.parent.parent_hash;
    return content->view.leaf.source == MLS_LEAF_COMMIT ? content->view.leaf.parent_hash : (struct core_slice){0};
}

/* The one node of a resolution that is no unmerged leaf of the list; false if there is not exactly one, or if the list
 * has others. */
static bool only_merged(const struct mls_resolution *resolution, struct core_slice unmerged, uint32_t *merged)
{
    if (resolution->count != mls_u32_count(unmerged) + 1)
        return false;
    size_t found = 0;
    for (size_t i = 0; i < resolution->count; i++) {
        const uint32_t node = resolution->nodes[i];
        if (mls_tree_is_leaf(node) && tree_list_has(unmerged, node / 2))
            continue;
        *merged = node;
        found++;
    }
    return found == 1;
}

/* Whether a node below `child` was set together with its parent (section 7.9.2). */
static int check_child(struct mls_ratchet_tree *tree, const struct mls_parent_node *parent, uint32_t child,
                       uint32_t sibling, struct mls_resolution *resolution, bool *valid)
{
    uint32_t merged = 0;
    uint8_t hash[CORE_HASH_MAX];
    resolution->count = 0;
    *valid = false;
    int rc = mls_ratchet_tree_resolve(tree, child, false, resolution);
    if (rc != MLS_OK || !only_merged(resolution, tree_list_under(parent->unmerged_leaves, child), &merged))
        return rc;
    const struct core_slice claimed = parent_hash_of(tree_at(tree, merged));
    if (!claimed.data || claimed.len != tree->suite->hash->len)
        return MLS_OK;
    rc = tree_parent_hash(tree, parent->encryption_key, parent->parent_hash, parent->unmerged_leaves, sibling, hash);
    *valid = rc == MLS_OK && memcmp(hash, claimed.data, claimed.len) == 0;
    return rc;
}

static int check_parent(struct mls_ratchet_tree *tree, uint32_t node, const struct mls_parent_node *parent,
                        struct mls_resolution *resolution)
{
    const uint32_t left = mls_tree_left(node);
    const uint32_t right = mls_tree_right(node);
    bool from_left = false;
    bool from_right = false;
    int rc = check_child(tree, parent, left, right, resolution, &from_left);
    if (rc == MLS_OK)
        rc = check_child(tree, parent, right, left, resolution, &from_right);
    if (rc != MLS_OK)
        return rc;
    /* "there is exactly one descendant of each non-blank parent node for which the parent node is parent-hash valid" */
    return from_left != from_right ? MLS_OK : MLS_PARENT_HASH;
}

int mls_ratchet_tree_verify(struct mls_ratchet_tree *tree)
{
    struct mls_resolution resolution = {0};
    int rc = check_unmerged(tree);
    for (uint32_t node = 1; rc == MLS_OK && node < mls_tree_width(tree->leaves); node += 2) {
        const struct tree_node *content = tree_at(tree, node);
        if (content)
            rc = check_parent(tree, node, &content->view.parent, &resolution);
    }
    mls_resolution_free(&resolution);
    return rc;
}

/* --- What members must share --- */

/* Credential types in use. */
struct types {
    uint16_t list[MLS_CREDENTIAL_TYPES_MAX];
    size_t count;
};

static bool types_add(struct types *types, uint16_t type)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->list[i] == type)
            return true;
    if (types->count == MLS_CREDENTIAL_TYPES_MAX)
        return false;
    types->list[types->count++] = type;
    return true;
}

static int check_credential_types(const struct mls_ratchet_tree *tree)
{
    struct types types = {.count = 0};
    for (uint32_t leaf = 0; leaf < tree->leaves; leaf++) {
        const struct mls_leaf_node *member = mls_ratchet_tree_leaf(tree, leaf);
        if (member && !types_add(&types, member->credential.type))
            return MLS_LIMIT;
    }
    for (uint32_t leaf = 0; leaf < tree->leaves; leaf++) {
        const struct mls_leaf_node *member = mls_ratchet_tree_leaf(tree, leaf);
        for (size_t i = 0; member && i < types.count; i++)
            if (!mls_u16_contains(member->capabilities.credentials, types.list[i]))
                return MLS_UNSUPPORTED;
    }
    return MLS_OK;
}

/* Whether a leaf that replaced another leaves the group's credential types as they were. */
static bool same_credential_types(const struct mls_leaf_node *before, const struct mls_leaf_node *after)
{
    const struct core_slice a = before->capabilities.credentials;
    const struct core_slice b = after->capabilities.credentials;
    return before->credential.type == after->credential.type && a.len == b.len &&
           (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int mls_ratchet_tree_check_members(const struct mls_ratchet_tree *tree, struct core_slice extensions,
                                   bool extensions_changed)
{
    const bool all = !tree->base || extensions_changed;
    bool types_changed = !tree->base;
    int rc = MLS_OK;
    for (uint32_t leaf = 0; rc == MLS_OK && all && leaf < tree->leaves; leaf++) {
        const struct mls_leaf_node *member = mls_ratchet_tree_leaf(tree, leaf);
        if (member)
            rc = mls_leaf_node_supports(member, extensions);
    }
    for (size_t i = 0; rc == MLS_OK && i < tree->table_cap; i++) {
        const struct tree_cell *cell = tree->table[i];
        if (!cell || !cell->own || !cell->node || cell->node->view.type != MLS_NODE_LEAF)
            continue;
        const struct mls_leaf_node *before = mls_ratchet_tree_leaf(tree->base, cell->index / 2);
        types_changed = types_changed || !before || !same_credential_types(before, &cell->node->view.leaf);
        if (!all)
            rc = mls_leaf_node_supports(&cell->node->view.leaf, extensions);
    }
    return rc == MLS_OK && types_changed ? check_credential_types(tree) : rc;
}
