/* Ratchet trees from outside (the first byte picks the suite): what is read is written again as the same bytes; it can
 * be hashed, verified and resolved, whatever it is; and changes staged over it end in the tree that one reads afresh.
 */
#include <stdlib.h>
#include <string.h>

#include "mls/ratchet_tree.h"
#include "mls/tree_math.h"
#include "wire/buffer.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static struct bytes_writer written(const struct mls_ratchet_tree *tree)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_ratchet_tree_write(&w, tree);
    must(bytes_writer_ok(&w));
    return w;
}

/* Cached hashes against hashes made from nothing. */
static void must_be_fresh(struct mls_ratchet_tree *tree)
{
    struct mls_ratchet_tree *again = NULL;
    uint8_t a[MLS_HASH_MAX];
    uint8_t b[MLS_HASH_MAX];
    const struct mls_suite *suite = mls_ratchet_tree_suite(tree);
    if (mls_ratchet_tree_members(tree) == 0)
        return;
    struct bytes_writer w = written(tree);
    must(mls_ratchet_tree_read(suite, wire_buffer_slice(&w), &again) == MLS_OK);
    must(mls_ratchet_tree_members(tree) == mls_ratchet_tree_members(again));
    must(mls_ratchet_tree_hash(tree, a) == MLS_OK && mls_ratchet_tree_hash(again, b) == MLS_OK);
    /* a tree that came with parents over blank leaves may end earlier when it is written */
    if (mls_ratchet_tree_leaves(tree) == mls_ratchet_tree_leaves(again))
        must(memcmp(a, b, suite->hash->len) == 0);
    mls_ratchet_tree_free(again);
    wire_buffer_free(&w);
}

/* Removes and adds members, as the input's last bytes say. */
static void change(struct mls_ratchet_tree *tree, const uint8_t *data, size_t size)
{
    struct mls_ratchet_tree *stage = NULL;
    uint8_t before[MLS_HASH_MAX];
    uint8_t after[MLS_HASH_MAX];
    must(mls_ratchet_tree_hash(tree, before) == MLS_OK);
    must(mls_ratchet_tree_stage(tree, &stage) == MLS_OK);
    for (size_t i = 0; i < 8 && i < size; i++) {
        const uint32_t leaf = data[size - 1 - i] % mls_ratchet_tree_leaves(tree);
        const struct mls_leaf_node *node = mls_ratchet_tree_leaf(tree, leaf);
        uint32_t at = 0;
        int rc = mls_ratchet_tree_remove(stage, leaf);
        must(rc == MLS_OK || rc == MLS_LEAF);
        rc = node && i % 2 ? mls_ratchet_tree_add(stage, node, &at) : MLS_OK;
        must(rc == MLS_OK || rc == MLS_DUPLICATE || rc == MLS_LIMIT);
        must(mls_ratchet_tree_hash(stage, after) == MLS_OK);
    }
    must(mls_ratchet_tree_hash(tree, after) == MLS_OK &&
         memcmp(before, after, mls_ratchet_tree_suite(tree)->hash->len) == 0);
    for (int which = 0; which < 4; which++) {
        /* an extension that hardly a member knows, or none */
        const struct core_slice extensions =
            which & 1 ? (struct core_slice){(const uint8_t *)"\xff\x01", 3} : (struct core_slice){0};
        int rc = mls_ratchet_tree_check_members(stage, extensions, (which & 2) != 0);
        must(rc == MLS_OK || rc == MLS_UNSUPPORTED || rc == MLS_LIMIT);
    }
    must_be_fresh(stage);
    must(mls_ratchet_tree_merge(stage) == MLS_OK);
    must_be_fresh(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SIZE_MAX_HERE = 1 << 14 };
    struct mls_ratchet_tree *tree = NULL;
    struct mls_resolution resolution = {0};
    if (size < 1 || size > SIZE_MAX_HERE)
        return 0;
    const struct mls_suite *suite = mls_suite_find(NULL, (uint16_t)(1 + data[0] % 7));
    if (mls_ratchet_tree_read(suite, (struct core_slice){data + 1, size - 1}, &tree) != MLS_OK)
        return 0;
    struct bytes_writer w = written(tree);
    must(w.len == size - 1 && memcmp(w.data, data + 1, w.len) == 0);
    wire_buffer_free(&w);
    int rc = mls_ratchet_tree_verify(tree);
    must(rc == MLS_OK || rc == MLS_TREE || rc == MLS_PARENT_HASH);
    must(mls_ratchet_tree_resolve(tree, mls_tree_root(mls_ratchet_tree_leaves(tree)), false, &resolution) == MLS_OK);
    mls_resolution_free(&resolution);
    rc = mls_ratchet_tree_check_members(tree, (struct core_slice){0}, false);
    must(rc == MLS_OK || rc == MLS_UNSUPPORTED || rc == MLS_LIMIT);
    if (mls_ratchet_tree_members(tree) > 0)
        change(tree, data, size);
    mls_ratchet_tree_free(tree);
    return 0;
}
