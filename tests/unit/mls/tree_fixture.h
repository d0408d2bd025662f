/* Groups as the ratchet tree sees them: one tree, and the private keys of everybody in it. */
#ifndef TESTS_MLS_TREE_FIXTURE_H
#define TESTS_MLS_TREE_FIXTURE_H

#include "mls/leaf_node.h"
#include "mls/treekem.h"
#include "wire/buffer.h"

struct tree_member {
    bool present;
    struct core_signing_key signer;
    struct mls_tree_keys keys;
};

struct tree_group {
    const struct mls_suite *suite;
    struct mls_ratchet_tree *tree;
    struct tree_member *members; /* by leaf */
    uint32_t cap;
};

/* A leaf node as a key package has it, encoded into w (which the caller frees), with its keys. */
struct tree_leaf {
    struct bytes_writer w;
    struct mls_leaf_node view;
    struct core_signing_key signer;
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
};

extern const struct core_slice tree_group_id;

void tree_leaf_init(struct tree_leaf *leaf, const struct mls_suite *suite);
/* Signs the view anew, for leaf index `at` if its source is an update or commit. */
void tree_leaf_sign(struct tree_leaf *leaf, const struct mls_suite *suite, uint32_t at);
void tree_leaf_free(struct tree_leaf *leaf);

/* `count` members, added all at once. */
void tree_group_init(struct tree_group *group, uint16_t suite, uint32_t count);
void tree_group_free(struct tree_group *group);
struct mls_ratchet_tree *tree_group_stage(struct tree_group *group);
/* A commit by `sender`: removes a leaf (UINT32_MAX: none), adds members, then a path that every other member takes. All
 * must agree, and the newcomers have their path's keys. */
void tree_group_commit(struct tree_group *group, uint32_t sender, uint32_t remove, uint32_t adds);
/* Every member commits once: no parent is blank then in a full tree. */
void tree_group_fill(struct tree_group *group);
/* The tree, written; the caller frees it. */
struct bytes_writer tree_written(const struct mls_ratchet_tree *tree);
/* The tree as one reads it from what is written. */
struct mls_ratchet_tree *tree_again(const struct mls_ratchet_tree *tree);

#endif
