/* tree-math.json: node indices. */
#include "mls/tree_math.h"
#include "mls_case.h"

static void check(struct mls_case *c, const char *name, uint32_t node, bool has, uint32_t value)
{
    const json_t *want = json_array_get(json_object_get(c->json, name), node);
    mls_case_check(c, name, has ? json_is_integer(want) && json_integer_value(want) == value : json_is_null(want));
}

static void run(struct mls_case *c)
{
    static const char *const lists[] = {"left", "right", "parent", "sibling"};
    const uint64_t leaves = mls_case_u64(c, c->json, "n_leaves");
    const uint64_t nodes = mls_case_u64(c, c->json, "n_nodes");
    if (!mls_case_check(c, "n_leaves", leaves > 0 && leaves <= 1u << 30 && (leaves & (leaves - 1)) == 0) ||
        !mls_case_check(c, "n_nodes", nodes == mls_tree_width((uint32_t)leaves)))
        return;
    const uint32_t root = mls_tree_root((uint32_t)leaves);
    mls_case_check(c, "root", mls_case_u64(c, c->json, "root") == root);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        mls_case_check(c, lists[i], json_array_size(json_object_get(c->json, lists[i])) == nodes);
    for (uint32_t node = 0; node < nodes && !c->failed; node++) {
        const bool leaf = mls_tree_is_leaf(node);
        check(c, "left", node, !leaf, leaf ? 0 : mls_tree_left(node));
        check(c, "right", node, !leaf, leaf ? 0 : mls_tree_right(node));
        check(c, "parent", node, node != root, mls_tree_parent(node));
        check(c, "sibling", node, node != root, mls_tree_sibling(node));
    }
}

static const char *const members[] = {"n_leaves", "n_nodes", "root", "left", "right", "parent", "sibling", NULL};

const struct mls_schema mls_schema_tree_math = {"tree-math", members, run};
