/* Nodes of a ratchet tree in memory, and sorted lists of leaves. */
#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "wire/vector.h"

enum { LENGTHS_MAX = 3 * 4 }; /* bytes of the lengths of a parent's three vectors */

/* Parses what was written to node->bytes into the view. */
static struct tree_node *finish(struct tree_node *node, const struct bytes_writer *w, uint8_t type)
{
    struct bytes_reader r;
    bytes_reader_init(&r, node->bytes, w->len);
    node->view.type = type;
    if (type == MLS_NODE_LEAF)
        mls_leaf_node_parse(&r, &node->view.leaf);
    else
        mls_parent_node_parse(&r, &node->view.parent);
    if (bytes_writer_ok(w) && bytes_reader_done(&r))
        return node;
    free(node);
    return NULL;
}

/* Generous: fields besides the byte strings, and every string's length. */
static size_t leaf_size(const struct mls_leaf_node *leaf)
{
    const struct mls_capabilities *c = &leaf->capabilities;
    enum { FIXED = 128 };
    return FIXED + leaf->encryption_key.len + leaf->signature_key.len + leaf->credential.content.len + c->versions.len +
           c->cipher_suites.len + c->extensions.len + c->proposals.len + c->credentials.len + leaf->parent_hash.len +
           leaf->extensions.len + leaf->signature.len;
}

struct tree_node *tree_node_leaf(const struct mls_leaf_node *leaf)
{
    const size_t size = leaf->encoded.len ? leaf->encoded.len : leaf_size(leaf);
    struct tree_node *node = malloc(sizeof *node + size);
    struct bytes_writer w;
    if (!node)
        return NULL;
    bytes_writer_init(&w, node->bytes, size);
    if (leaf->encoded.len)
        bytes_write(&w, leaf->encoded.data, leaf->encoded.len);
    else
        mls_leaf_node_write(&w, leaf);
    return finish(node, &w, MLS_NODE_LEAF);
}

struct tree_node *tree_node_parent(struct core_slice key, struct core_slice parent_hash, struct core_slice unmerged)
{
    const struct mls_parent_node parent = {
        .encryption_key = key, .parent_hash = parent_hash, .unmerged_leaves = unmerged};
    const size_t size = LENGTHS_MAX + key.len + parent_hash.len + unmerged.len;
    struct tree_node *node = malloc(sizeof *node + size);
    struct bytes_writer w;
    if (!node)
        return NULL;
    bytes_writer_init(&w, node->bytes, size);
    mls_parent_node_write(&w, &parent);
    return finish(node, &w, MLS_NODE_PARENT);
}

struct tree_node *tree_node_unmerge(const struct mls_parent_node *parent, uint32_t leaf)
{
    const struct core_slice list = parent->unmerged_leaves;
    const size_t before = 4 * tree_list_place(list, leaf);
    const size_t size = LENGTHS_MAX + parent->encryption_key.len + parent->parent_hash.len + list.len + 4;
    struct tree_node *node = malloc(sizeof *node + size);
    struct bytes_writer w;
    if (!node)
        return NULL;
    bytes_writer_init(&w, node->bytes, size);
    wire_write_vector(&w, parent->encryption_key);
    wire_write_vector(&w, parent->parent_hash);
    wire_write_length(&w, list.len + 4);
    bytes_write(&w, list.data, before);
    bytes_write_u32(&w, leaf);
    bytes_write(&w, list.data + before, list.len - before);
    return finish(node, &w, MLS_NODE_PARENT);
}

size_t tree_list_place(struct core_slice list, uint32_t leaf)
{
    size_t from = 0;
    size_t to = mls_u32_count(list);
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (mls_u32_at(list, middle) < leaf)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

bool tree_list_has(struct core_slice list, uint32_t leaf)
{
    const size_t place = tree_list_place(list, leaf);
    return place < mls_u32_count(list) && mls_u32_at(list, place) == leaf;
}

struct core_slice tree_list_under(struct core_slice list, uint32_t node)
{
    const uint32_t first = mls_tree_first_leaf(node);
    const size_t from = tree_list_place(list, first);
    const size_t to = tree_list_place(list, first + mls_tree_leaves_under(node));
    return to > from ? (struct core_slice){list.data + 4 * from, 4 * (to - from)} : (struct core_slice){0};
}
