/* Properties of node indices, over every node of a tree of 1024 leaves; the published figures are in the vectors. */
#include "mls/tree_math.h"

#include "unit.h"

enum { LEAVES = 1024 };

static void parents_and_children_agree(void)
{
    const uint32_t root = mls_tree_root(LEAVES);
    CU_ASSERT_EQUAL(root, LEAVES - 1);
    CU_ASSERT_EQUAL(mls_tree_level(root), 10);
    for (uint32_t node = 0; node < mls_tree_width(LEAVES); node++) {
        if (node != root) {
            const uint32_t parent = mls_tree_parent(node);
            const uint32_t sibling = mls_tree_sibling(node);
            CU_ASSERT_EQUAL(mls_tree_level(parent), mls_tree_level(node) + 1);
            CU_ASSERT_EQUAL(mls_tree_parent(sibling), parent);
            CU_ASSERT_EQUAL(mls_tree_sibling(sibling), node);
            CU_ASSERT((mls_tree_left(parent) == node && mls_tree_right(parent) == sibling) ||
                      (mls_tree_right(parent) == node && mls_tree_left(parent) == sibling));
            CU_ASSERT_EQUAL(node < parent, mls_tree_left(parent) == node);
        }
    }
}

static void leaves_under_a_node(void)
{
    for (uint32_t node = 0; node < mls_tree_width(64); node++) {
        const uint32_t first = mls_tree_first_leaf(node);
        const uint32_t count = mls_tree_leaves_under(node);
        for (uint32_t leaf = 0; leaf < 64; leaf++) {
            uint32_t at = mls_tree_node(leaf);
            while (at != node && at != mls_tree_root(64))
                at = mls_tree_parent(at);
            CU_ASSERT_EQUAL(at == node, leaf >= first && leaf < first + count);
            CU_ASSERT_EQUAL(mls_tree_is_below(mls_tree_node(leaf), node), at == node);
        }
    }
    CU_ASSERT(mls_tree_is_below(7, 7));
    CU_ASSERT_FALSE(mls_tree_is_below(7, 3));
}

static const struct unit_test tests[] = {
    {"parents, children and siblings agree", parents_and_children_agree},
    {"a node's leaves are those that rise to it", leaves_under_a_node},
};

UNIT_MAIN("mls.tree_math", tests)
