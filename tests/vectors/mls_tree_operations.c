/* tree-operations.json: a proposal applied to a tree, by staging and merging; the tree before stays as it was until
 * then. */
#include "mls/ratchet_tree.h"
#include "mls_case.h"
#include "wire/buffer.h"

static bool same_tree(struct mls_case *c, const char *what, struct core_slice want, const struct mls_ratchet_tree *tree)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_ratchet_tree_write(&w, tree);
    const struct core_slice got = wire_buffer_slice(&w);
    bool same = mls_case_same(c, what, want, got.data, got.len);
    wire_buffer_free(&w);
    return same;
}

static bool same_hash(struct mls_case *c, const char *name, struct mls_ratchet_tree *tree)
{
    uint8_t hash[MLS_HASH_MAX];
    return mls_case_ok(c, name, mls_ratchet_tree_hash(tree, hash)) &&
           mls_case_same(c, name, mls_case_hex(c, c->json, name), hash, c->suite->hash->len);
}

static int apply(struct mls_ratchet_tree *tree, const struct mls_proposal *proposal, uint32_t sender)
{
    uint32_t leaf = 0;
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        return mls_ratchet_tree_add(tree, &proposal->add.leaf_node, &leaf);
    case MLS_PROPOSAL_UPDATE:
        return mls_ratchet_tree_update(tree, sender, &proposal->update);
    case MLS_PROPOSAL_REMOVE:
        return mls_ratchet_tree_remove(tree, proposal->remove);
    default:
        return MLS_INVALID;
    }
}

static void run(struct mls_case *c)
{
    const struct core_slice before = mls_case_hex(c, c->json, "tree_before");
    const struct core_slice after = mls_case_hex(c, c->json, "tree_after");
    struct bytes_reader r = mls_walk(mls_case_hex(c, c->json, "proposal"));
    const uint64_t sender = mls_case_u64(c, c->json, "proposal_sender");
    struct mls_ratchet_tree *tree = NULL;
    struct mls_ratchet_tree *stage = NULL;
    struct mls_proposal proposal;
    mls_proposal_parse(&r, &proposal);
    if (!mls_case_check(c, "proposal", bytes_reader_done(&r)) ||
        !mls_case_ok(c, "tree_before", mls_ratchet_tree_read(c->suite, before, &tree)))
        return;
    if (mls_case_check(c, "proposal_sender",
                       sender <= UINT32_MAX && mls_ratchet_tree_leaf(tree, (uint32_t)sender) != NULL) &&
        same_hash(c, "tree_hash_before", tree) && mls_case_ok(c, "stage", mls_ratchet_tree_stage(tree, &stage)) &&
        mls_case_ok(c, "proposal", apply(stage, &proposal, (uint32_t)sender)) &&
        same_tree(c, "staged tree", after, stage) && same_hash(c, "tree_hash_after", stage) &&
        same_tree(c, "tree while staged", before, tree) && same_hash(c, "tree_hash_before", tree) &&
        mls_case_ok(c, "merge", mls_ratchet_tree_merge(stage))) {
        stage = NULL;
        same_tree(c, "tree_after", after, tree);
        same_hash(c, "tree_hash_after", tree);
    }
    mls_ratchet_tree_free(stage);
    mls_ratchet_tree_free(tree);
}

static const char *const members[] = {"cipher_suite",     "tree_before", "proposal",        "proposal_sender",
                                      "tree_hash_before", "tree_after",  "tree_hash_after", NULL};

const struct mls_schema mls_schema_tree_operations = {"tree-operations", members, run};
