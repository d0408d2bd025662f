/* The ratchet tree (RFC 9420 sections 4.1, 7.7 to 7.9): its public state, with cached hashes.
 *
 * A tree is whole (from new or read), or a stage: changes to a whole tree, which stays as it is until the stage is
 * merged. A stage holds only the nodes that differ and the hashes above them, so that staging a commit costs its path
 * and not the tree. What reads takes either, and sees a stage as the tree it would become; changes are made to stages
 * only (MLS_INVALID otherwise).
 *
 * While stages of a tree exist, only merging one of them may change it; the others can then only be freed. Nothing here
 * is secret. Not thread-safe: hashing caches. Leaves are numbered from 0, nodes as in mls/tree_math.h. Functions that
 * return an int also give MLS_MEMORY, and MLS_CRYPTO where they hash; a change that failed may have been made in part:
 * free the stage. */
#ifndef MLS_RATCHET_TREE_H
#define MLS_RATCHET_TREE_H

#include "mls/messages.h"
#include "mls/suite.h"

struct mls_ratchet_tree;

/* --- Life --- */

/* A tree of one leaf, which is blank. */
SOTTO_MUST_CHECK int mls_ratchet_tree_new(const struct mls_suite *suite, struct mls_ratchet_tree **tree);
/* The data of a ratchet_tree extension. Checks form only (mls_ratchet_tree_verify() for the rest), in memory bounded by
 * the data's length. MLS_MALFORMED, MLS_KEY for keys that have not the suite's length, MLS_DUPLICATE for two equal
 * ones. */
SOTTO_MUST_CHECK int mls_ratchet_tree_read(const struct mls_suite *suite, struct core_slice data,
                                           struct mls_ratchet_tree **tree);
/* NULL is allowed. Freeing a stage discards the changes. */
void mls_ratchet_tree_free(struct mls_ratchet_tree *tree);
/* A stage of a whole tree, which it borrows. MLS_INVALID for a stage of a stage. */
SOTTO_MUST_CHECK int mls_ratchet_tree_stage(struct mls_ratchet_tree *base, struct mls_ratchet_tree **stage);
/* Makes the changes and frees the stage; on MLS_MEMORY nothing has changed and the stage is still there. Views of
 * replaced leaves become invalid. */
SOTTO_MUST_CHECK int mls_ratchet_tree_merge(struct mls_ratchet_tree *stage);

/* The data of a ratchet_tree extension. */
void mls_ratchet_tree_write(struct bytes_writer *w, const struct mls_ratchet_tree *tree);
/* A stage's changes, for keeping between staging and merging. */
void mls_ratchet_tree_write_stage(struct bytes_writer *w, const struct mls_ratchet_tree *stage);
/* Reads what write_stage wrote, over the same base. MLS_MALFORMED, MLS_DUPLICATE for two equal keys. */
SOTTO_MUST_CHECK int mls_ratchet_tree_read_stage(struct bytes_reader *r, struct mls_ratchet_tree *base,
                                                 struct mls_ratchet_tree **stage);

/* --- What is in it --- */

const struct mls_suite *mls_ratchet_tree_suite(const struct mls_ratchet_tree *tree);
/* Leaf slots, blank ones included: a power of two. */
uint32_t mls_ratchet_tree_leaves(const struct mls_ratchet_tree *tree);
/* Leaves that are not blank. */
uint32_t mls_ratchet_tree_members(const struct mls_ratchet_tree *tree);
/* NULL for a blank leaf or one outside the tree. Valid until the leaf is replaced or the tree freed. */
const struct mls_leaf_node *mls_ratchet_tree_leaf(const struct mls_ratchet_tree *tree, uint32_t leaf);
/* node: a parent's index. NULL if it is blank, outside the tree or a leaf. */
const struct mls_parent_node *mls_ratchet_tree_parent(const struct mls_ratchet_tree *tree, uint32_t node);
/* The encryption key of any node; of length 0 if it is blank. */
struct core_slice mls_ratchet_tree_key(const struct mls_ratchet_tree *tree, uint32_t node);
/* Which leaf holds the encoded LeafNode: false if none. */
bool mls_ratchet_tree_find(const struct mls_ratchet_tree *tree, const struct mls_leaf_node *leaf_node, uint32_t *leaf);
/* Which leaf has the signature key: false if none. */
bool mls_ratchet_tree_find_signer(const struct mls_ratchet_tree *tree, struct core_slice key, uint32_t *leaf);
/* Which node has the encryption key: false if none. */
bool mls_ratchet_tree_find_key(const struct mls_ratchet_tree *tree, struct core_slice key, uint32_t *node);
/* Whether the leaf was put there by add in this stage. */
bool mls_ratchet_tree_is_new(const struct mls_ratchet_tree *tree, uint32_t leaf);

/* --- Changes (sections 7.7, 12.1.1 to 12.1.3); leaf nodes are copied, from their `encoded` if that is set --- */

/* Into the leftmost blank leaf, extending the tree if there is none. MLS_DUPLICATE if one of the leaf's keys is in the
 * tree, MLS_KEY for keys of a wrong length, MLS_LIMIT when the tree is full. */
SOTTO_MUST_CHECK int mls_ratchet_tree_add(struct mls_ratchet_tree *tree, const struct mls_leaf_node *leaf_node,
                                          uint32_t *leaf);
/* Replaces a member's leaf and blanks its path. MLS_LEAF if it is blank; MLS_DUPLICATE, also for an encryption key that
 * stayed the same; MLS_KEY. */
SOTTO_MUST_CHECK int mls_ratchet_tree_update(struct mls_ratchet_tree *tree, uint32_t leaf,
                                             const struct mls_leaf_node *leaf_node);
/* Blanks a leaf and its path, and cuts the tree off to the right. The last member's leaf too: a tree without members
 * can be hashed, and added to, but not read again. MLS_LEAF if it is blank. */
SOTTO_MUST_CHECK int mls_ratchet_tree_remove(struct mls_ratchet_tree *tree, uint32_t leaf);
/* The leaf an external committer gets: the leftmost blank one, made by extending if there is none, and still blank.
 * MLS_LIMIT. */
SOTTO_MUST_CHECK int mls_ratchet_tree_vacant(struct mls_ratchet_tree *tree, uint32_t *leaf);

/* --- Hashes --- */

/* The root's tree hash: out gets hash->len bytes. */
SOTTO_MUST_CHECK int mls_ratchet_tree_hash(struct mls_ratchet_tree *tree, uint8_t *out);
/* Any node's. MLS_INVALID for one outside the tree. */
SOTTO_MUST_CHECK int mls_ratchet_tree_node_hash(struct mls_ratchet_tree *tree, uint32_t node, uint8_t *out);

/* --- Checks of a tree from outside (section 12.4.3.1) --- */

/* All that a joiner has to check but the leaf nodes one by one and the tree hash: that unmerged leaves are where they
 * belong (MLS_TREE) and every parent is parent-hash valid (MLS_PARENT_HASH). That keys are unique was read's to check.
 */
SOTTO_MUST_CHECK int mls_ratchet_tree_verify(struct mls_ratchet_tree *tree);
/* Whether all members support each other's credential types and the group's extensions with their required_capabilities
 * (sections 7.3, 13.4). Of a stage only what its changes can have broken is looked at, unless the extensions changed.
 * MLS_UNSUPPORTED, MLS_MALFORMED for the extension. */
SOTTO_MUST_CHECK int mls_ratchet_tree_check_members(const struct mls_ratchet_tree *tree, struct core_slice extensions,
                                                    bool extensions_changed);

/* --- Resolutions (section 4.1.1) --- */

struct mls_resolution {
    uint32_t *nodes;
    size_t count;
    size_t cap;
};

/* Appends the node's resolution to out, which starts as zeros; leaves that were added in this stage are left out if
 * `old_only`. Free it with mls_resolution_free(), also after MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_ratchet_tree_resolve(const struct mls_ratchet_tree *tree, uint32_t node, bool old_only,
                                              struct mls_resolution *out);
void mls_resolution_free(struct mls_resolution *resolution);

#endif
