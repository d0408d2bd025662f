/* The inside of struct mls_ratchet_tree, for the files that make it up. */
#ifndef MLS_TREE_H
#define MLS_TREE_H

#include "key_index.h"
#include "mls/ratchet_tree.h"
#include "mls/tree_math.h"

/* A leaf or parent node; never changed once made. The view's slices point into bytes. */
struct tree_node {
    struct mls_node view;
    uint8_t bytes[];
};

struct tree_cell {
    struct tree_node *node; /* owned; NULL: blank */
    uint32_t index;
    bool own;    /* of a stage: node is this tree's, not the base's */
    bool added;  /* a leaf that came by add in this stage */
    bool hashed; /* hash is the tree hash; if it is not, nor is that of any cell above */
    uint8_t hash[];
};

struct mls_ratchet_tree {
    const struct mls_suite *suite;
    uint32_t leaves;
    uint32_t members;
    uint32_t vacant;       /* no leaf before this is blank */
    uint32_t tail;         /* each leaf from here on is blank */
    size_t stride;         /* bytes of a cell */
    struct key_index keys; /* of the nodes in own cells */
    uint8_t *cells;        /* whole: one for each node */
    /* a stage's */
    struct mls_ratchet_tree *base;
    uint32_t kept;            /* leaf slots of the base that were never cut off */
    struct tree_cell **table; /* by hash of the index, open addressing */
    size_t table_cap;
    size_t table_count;
};

/* --- tree_store.c --- */

/* An empty tree without cells; NULL without memory or random bytes. */
struct mls_ratchet_tree *tree_alloc(const struct mls_suite *suite, struct mls_ratchet_tree *base);
/* Makes room for so many leaf slots in a whole tree. */
SOTTO_MUST_CHECK bool tree_grow(struct mls_ratchet_tree *tree, uint32_t leaves);
/* A whole tree's cell, or what a stage has of its own; NULL if it has none. node is inside the tree. */
struct tree_cell *tree_cell(const struct mls_ratchet_tree *tree, uint32_t node);
/* As tree_cell, but made if it is not there; NULL without memory. */
struct tree_cell *tree_open(struct mls_ratchet_tree *tree, uint32_t node);
/* A node as it is; NULL if it is blank or outside. */
const struct tree_node *tree_at(const struct mls_ratchet_tree *tree, uint32_t node);
/* Puts content (NULL: blank) into a stage's cell and marks the hashes above it. Takes content over, also on an error.
 */
SOTTO_MUST_CHECK int tree_put(struct mls_ratchet_tree *stage, uint32_t node, struct tree_node *content);
/* Blanks the parents above a leaf. */
SOTTO_MUST_CHECK int tree_blank_path(struct mls_ratchet_tree *stage, uint32_t leaf);
/* Doubles or halves a stage's slots. Halving: the right half's leaves are blank. */
void tree_extend(struct mls_ratchet_tree *stage);
void tree_truncate(struct mls_ratchet_tree *stage);
/* Puts content's keys into the index. */
SOTTO_MUST_CHECK bool tree_index(struct mls_ratchet_tree *tree, uint32_t node, const struct tree_node *content);
void tree_unindex(struct mls_ratchet_tree *tree, uint32_t node, const struct tree_node *content);
/* Whether no other node has a key of this one, which the stage has of its own. The base's keys are unique. */
bool tree_is_unique(const struct mls_ratchet_tree *stage, uint32_t node, const struct tree_node *content);
bool tree_find(const struct mls_ratchet_tree *tree, enum key_kind kind, struct core_slice key, uint32_t *node);

/* --- tree_node.c --- */

/* NULL without memory or if it cannot be encoded. */
struct tree_node *tree_node_leaf(const struct mls_leaf_node *leaf);
struct tree_node *tree_node_parent(struct core_slice key, struct core_slice parent_hash, struct core_slice unmerged);
/* The same parent with one leaf more among the unmerged, in order. */
struct tree_node *tree_node_unmerge(const struct mls_parent_node *parent, uint32_t leaf);
/* Where in a sorted list of leaves the first that is not below `leaf` stands. */
size_t tree_list_place(struct core_slice list, uint32_t leaf);
bool tree_list_has(struct core_slice list, uint32_t leaf);
/* The part of a sorted list that is under a node. */
struct core_slice tree_list_under(struct core_slice list, uint32_t node);

/* --- tree_hash.c --- */

/* The tree hash of a node, cached; *hash stays valid until the tree changes. */
SOTTO_MUST_CHECK int tree_hash(struct mls_ratchet_tree *tree, uint32_t node, const uint8_t **hash);
/* ParentHashInput's hash: of a parent with the given key, parent hash and unmerged leaves, whose child `sibling` is off
 * the path. */
SOTTO_MUST_CHECK int tree_parent_hash(struct mls_ratchet_tree *tree, struct core_slice key,
                                      struct core_slice parent_hash, struct core_slice unmerged, uint32_t sibling,
                                      uint8_t *out);

/* --- tree_path.c --- */

enum { TREE_PATH_MAX = MLS_TREE_DEPTH_MAX };
_Static_assert((int)TREE_PATH_MAX <= (int)CORE_DH_PAIRS_MAX, "a path's keys are derived at once");

/* A leaf's filtered direct path, from below, with each node's child off the path. */
struct tree_path {
    size_t count;
    uint32_t nodes[TREE_PATH_MAX];
    uint32_t copath[TREE_PATH_MAX];
};

void tree_filtered_path(const struct mls_ratchet_tree *tree, uint32_t leaf, struct tree_path *path);
/* Blanks the leaf's path and puts keys (count of them) into its filtered nodes with their parent hashes; leaf_hash gets
 * the leaf's own and *leaf_hash_len its length. */
SOTTO_MUST_CHECK int tree_place_path(struct mls_ratchet_tree *stage, uint32_t leaf, const struct tree_path *path,
                                     const struct core_slice *keys, uint8_t *leaf_hash, size_t *leaf_hash_len);
/* --- tree_keys.c --- */

struct mls_tree_keys;

/* The node above a leaf at a level. */
uint32_t tree_ancestor(uint32_t leaf, unsigned level);
/* Sets the keys of a node and of all that are not blank above it from its path secret; commit_secret (may be NULL) gets
 * the secret after the last. On an error keys are as before. */
SOTTO_MUST_CHECK int tree_keys_climb(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree, uint32_t node,
                                     const uint8_t *path_secret, uint8_t *commit_secret);
/* The nodes' key pairs, from the path secrets of as many, at most TREE_PATH_MAX; their ikm is of no
 * meaning before and after. */
SOTTO_MUST_CHECK int tree_derive_nodes(const struct mls_suite *suite, const uint8_t (*path_secrets)[CORE_HASH_MAX],
                                       struct mls_kem_pair *pairs, size_t count);

#endif
