/* Node indices of complete trees in arrays (RFC 9420 appendix C): leaf i is node 2i, parents stand between their
 * subtrees. Trees have a power of two of leaves, so that no function but the root needs to know how many. */
#ifndef MLS_TREE_MATH_H
#define MLS_TREE_MATH_H

#include <stdbool.h>
#include <stdint.h>

/* Nodes of a tree with so many leaves (1 to 2^30, a power of two). */
static inline uint32_t mls_tree_width(uint32_t leaves)
{
    return 2 * leaves - 1;
}

static inline uint32_t mls_tree_root(uint32_t leaves)
{
    return leaves - 1;
}

static inline bool mls_tree_is_leaf(uint32_t node)
{
    return node % 2 == 0;
}

/* The leaf's node index. */
static inline uint32_t mls_tree_node(uint32_t leaf)
{
    return 2 * leaf;
}

/* 0 for leaves, else one more than the children's. */
static inline unsigned mls_tree_level(uint32_t node)
{
    return (unsigned)__builtin_ctz(~node);
}

/* Of a parent, not of a leaf. */
static inline uint32_t mls_tree_left(uint32_t node)
{
    return node ^ (UINT32_C(1) << (mls_tree_level(node) - 1));
}

static inline uint32_t mls_tree_right(uint32_t node)
{
    return node ^ (UINT32_C(3) << (mls_tree_level(node) - 1));
}

/* Of any node but the root. */
static inline uint32_t mls_tree_parent(uint32_t node)
{
    unsigned level = mls_tree_level(node);
    return (node | UINT32_C(1) << level) & ~(UINT32_C(2) << level);
}

static inline uint32_t mls_tree_sibling(uint32_t node)
{
    return node ^ (UINT32_C(2) << mls_tree_level(node));
}

/* Whether node is below ancestor, or is it. */
static inline bool mls_tree_is_below(uint32_t node, uint32_t ancestor)
{
    unsigned level = mls_tree_level(ancestor);
    return mls_tree_level(node) <= level && node >> (level + 1) == ancestor >> (level + 1);
}

/* The first leaf (not node) under a node, and the number of leaves under it. */
static inline uint32_t mls_tree_first_leaf(uint32_t node)
{
    unsigned level = mls_tree_level(node);
    return node >> (level + 1) << level;
}

static inline uint32_t mls_tree_leaves_under(uint32_t node)
{
    return UINT32_C(1) << mls_tree_level(node);
}

#endif
