/* tree-validation.json: resolutions, tree hashes, parent hashes and leaf signatures of trees as a joiner gets them. */
#include "mls/leaf_node.h"
#include "mls/ratchet_tree.h"
#include "mls/tree_math.h"
#include "mls_case.h"
#include "wire/buffer.h"

static void check_resolution(struct mls_case *c, const struct mls_ratchet_tree *tree, uint32_t node, const json_t *want)
{
    struct mls_resolution got = {0};
    if (mls_case_ok(c, "resolution", mls_ratchet_tree_resolve(tree, node, false, &got)))
        mls_case_check(c, "resolution", json_is_array(want) && json_array_size(want) == got.count);
    for (size_t i = 0; i < got.count && !c->failed; i++)
        mls_case_check(c, "resolution", json_integer_value(json_array_get(want, i)) == got.nodes[i]);
    mls_resolution_free(&got);
}

static void check_node(struct mls_case *c, struct mls_ratchet_tree *tree, uint32_t node)
{
    uint8_t hash[MLS_HASH_MAX];
    const struct core_slice want =
        mls_case_hex_value(c, "tree_hashes", json_array_get(json_object_get(c->json, "tree_hashes"), node));
    if (mls_case_ok(c, "tree hash", mls_ratchet_tree_node_hash(tree, node, hash)))
        mls_case_same(c, "tree hash", want, hash, c->suite->hash->len);
    check_resolution(c, tree, node, json_array_get(json_object_get(c->json, "resolutions"), node));
}

static void check_tree(struct mls_case *c, struct mls_ratchet_tree *tree, struct core_slice encoded)
{
    const struct core_slice group_id = mls_case_hex(c, c->json, "group_id");
    const uint32_t leaves = mls_ratchet_tree_leaves(tree);
    struct bytes_writer w;
    mls_case_check(c, "tree_hashes",
                   json_array_size(mls_case_array(c, c->json, "tree_hashes")) == mls_tree_width(leaves));
    mls_case_check(c, "resolutions",
                   json_array_size(mls_case_array(c, c->json, "resolutions")) == mls_tree_width(leaves));
    for (uint32_t node = 0; node < mls_tree_width(leaves) && !c->failed; node++)
        check_node(c, tree, node);
    mls_case_ok(c, "parent hashes", mls_ratchet_tree_verify(tree));
    for (uint32_t leaf = 0; leaf < leaves; leaf++)
        if (mls_ratchet_tree_leaf(tree, leaf))
            mls_case_ok(c, "leaf signature",
                        mls_leaf_node_verify(c->suite, mls_ratchet_tree_leaf(tree, leaf), group_id, leaf));
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_ratchet_tree_write(&w, tree);
    const struct core_slice written = wire_buffer_slice(&w);
    mls_case_same(c, "written again", encoded, written.data, written.len);
    wire_buffer_free(&w);
}

static void run(struct mls_case *c)
{
    const struct core_slice encoded = mls_case_hex(c, c->json, "tree");
    struct mls_ratchet_tree *tree = NULL;
    if (mls_case_ok(c, "tree", mls_ratchet_tree_read(c->suite, encoded, &tree)))
        check_tree(c, tree, encoded);
    mls_ratchet_tree_free(tree);
}

static const char *const members[] = {"cipher_suite", "tree", "group_id", "resolutions", "tree_hashes", NULL};

const struct mls_schema mls_schema_tree_validation = {"tree-validation", members, run};
