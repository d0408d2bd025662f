/* TreeKEM (RFC 9420 sections 7.4 to 7.6): a member's private keys, making an UpdatePath and processing one.
 *
 * A committer, over a stage to which the proposals were applied:
 *     mls_path_create()   replaces its leaf and path in the stage; then the new tree hash can be had
 *     mls_path_encrypt()  under the provisional GroupContext; writes the UpdatePath
 *     mls_path_secret()   for each new member's Welcome
 *     path.commit_secret, path.keys: for the next epoch; mls_path_wipe()
 * A receiver, over its own stage to which the same proposals were applied (the path's leaf node having been validated):
 *     mls_path_apply()    checks the path against the tree and puts it there; then the new tree hash can be had
 *     mls_path_decrypt()  gives the commit secret and the new private keys
 * A joiner: mls_tree_keys_init() with its leaf's key, then mls_tree_keys_join(). */
#ifndef MLS_TREEKEM_H
#define MLS_TREEKEM_H

#include "mls/crypto.h"
#include "mls/leaf_node.h"
#include "mls/ratchet_tree.h"

/* The private keys a member knows: of its leaf (level 0) and of the nodes above it, by level. Secret. May be copied by
 * assignment: wipe every copy. */
struct mls_tree_keys {
    uint32_t leaf;
    bool known[MLS_TREE_DEPTH_MAX + 1];
    uint8_t keys[MLS_TREE_DEPTH_MAX + 1][MLS_KEM_PRIVATE_MAX];
};

/* Only the leaf's key: kem->private_len bytes. */
void mls_tree_keys_init(struct mls_tree_keys *keys, const struct mls_suite *suite, uint32_t leaf,
                        const uint8_t *private_key);
void mls_tree_keys_wipe(struct mls_tree_keys *keys);
/* After one's own Update proposal was applied: replaces the leaf's key. */
void mls_tree_keys_set_leaf(struct mls_tree_keys *keys, const struct mls_suite *suite, const uint8_t *private_key);
/* Wipes the keys of nodes that are blank in the tree or no longer in it. To be called for a commit without a path,
 * after its proposals were applied; creating and processing a path do it themselves. */
void mls_tree_keys_prune(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree);
/* A node's key, from its path secret. MLS_PATH if the node is blank, not above the leaf, or has another public key;
 * keys are then as before. */
SOTTO_MUST_CHECK int mls_tree_keys_set_node(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree,
                                            uint32_t node, const uint8_t *path_secret);
/* A joiner's, from the path secret in its Welcome, which the member at leaf `signer` made: the keys of all nodes above
 * both. Errors as of set_node. */
SOTTO_MUST_CHECK int mls_tree_keys_join(struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree,
                                        uint32_t signer, const uint8_t *path_secret);
/* Whether each known key is the private key of the tree's node. MLS_KEY, MLS_CRYPTO. */
SOTTO_MUST_CHECK int mls_tree_keys_check(const struct mls_tree_keys *keys, const struct mls_ratchet_tree *tree);
/* In the clear: for sealing. */
void mls_tree_keys_write(struct bytes_writer *w, const struct mls_tree_keys *keys, const struct mls_suite *suite);
/* Reads what write wrote; the reader's error sticks. */
void mls_tree_keys_read(struct bytes_reader *r, struct mls_tree_keys *keys, const struct mls_suite *suite);

/* --- Making a path --- */

/* A path in the making. Secret: wipe it. */
struct mls_path {
    struct mls_ratchet_tree *stage;
    uint32_t sender;                                    /* leaf */
    size_t count;                                       /* nodes of the filtered direct path */
    uint32_t nodes[MLS_TREE_DEPTH_MAX];                 /* they, from below */
    uint32_t copath[MLS_TREE_DEPTH_MAX];                /* each one's child that is not above the sender */
    uint8_t secrets[MLS_TREE_DEPTH_MAX][CORE_HASH_MAX]; /* their path secrets */
    uint8_t commit_secret[CORE_HASH_MAX];
    struct mls_tree_keys keys; /* the sender's in the new epoch */
};

/* A new path for the member at leaf `sender` (or the external committer at the vacant one): fresh keys for it and its
 * leaf, parent hashes, and a leaf node signed with `key`. template: credential, capabilities and extensions of the new
 * leaf; its other fields are filled in here (the signature key is that of `key`). `path` is written also on errors:
 * wipe it. MLS_INVALID without a stage; MLS_LEAF for a leaf outside the tree or added in this stage; MLS_DUPLICATE for
 * a signature key of another leaf; MLS_CRYPTO. */
SOTTO_MUST_CHECK int mls_path_create(struct mls_ratchet_tree *stage, uint32_t sender,
                                     const struct mls_leaf_node *template, const struct core_signing_key *key,
                                     struct core_slice group_id, struct mls_path *path);
/* Writes the UpdatePath, its secrets encrypted under the provisional GroupContext (encoded) to everybody but the leaves
 * added in this stage. MLS_CRYPTO, MLS_KEY, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_path_encrypt(const struct mls_path *path, struct core_slice group_context,
                                      struct bytes_writer *w);
/* The path secret for a new member's Welcome: of the lowest path node above its leaf; borrowed. NULL for a leaf that
 * the path does not cover. */
const uint8_t *mls_path_secret(const struct mls_path *path, uint32_t leaf);
void mls_path_wipe(struct mls_path *path);

/* --- Processing a path --- */

/* Puts the sender's path into the stage. The leaf node has been validated by mls_leaf_node_validate(). MLS_PATH for
 * another number of nodes or ciphertexts than the tree asks for; MLS_DUPLICATE if one of its keys is in the tree or
 * twice in the path; MLS_KEY for keys of a wrong length; MLS_PARENT_HASH; MLS_LEAF for a sender outside the tree or
 * added in this stage; MLS_INVALID without a stage. */
SOTTO_MUST_CHECK int mls_path_apply(struct mls_ratchet_tree *stage, uint32_t sender,
                                    const struct mls_update_path *path);
/* After apply: commit_secret gets hash->len bytes and new_keys the keys of the new epoch (`keys` stay as they are;
 * new_keys may be the same object). keys: as of the epoch before, with prune or set_leaf as the proposals asked.
 * MLS_PATH if no key of the member opens anything or the secrets do not give the path's public keys, MLS_AUTH,
 * MLS_MALFORMED, MLS_KEY. */
SOTTO_MUST_CHECK int mls_path_decrypt(struct mls_ratchet_tree *stage, uint32_t sender,
                                      const struct mls_update_path *path, struct core_slice group_context,
                                      const struct mls_tree_keys *keys, struct mls_tree_keys *new_keys,
                                      uint8_t *commit_secret);

#endif
