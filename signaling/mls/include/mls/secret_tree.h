/* The secret tree and its ratchets (RFC 9420 section 9): a key for each message of each sender of an epoch, used once.
 *
 * A secret from which a used key came is wiped; what has not been used stays derivable. Memory is bounded by the tree's
 * size and by MLS_GENERATIONS_KEPT skipped keys per sender and kind; time per message by MLS_GENERATIONS_AHEAD steps.
 * Receiving is in two steps, so that a forged message changes nothing: peek gives the key, consume spends it once the
 * message has been found genuine. */
#ifndef MLS_SECRET_TREE_H
#define MLS_SECRET_TREE_H

#include "mls/suite.h"

struct bytes_reader;
struct bytes_writer;

enum mls_ratchet_kind { MLS_RATCHET_HANDSHAKE, MLS_RATCHET_APPLICATION, MLS_RATCHETS };

struct mls_ratchets; /* of one leaf */

struct mls_secret_tree {
    const struct mls_suite *suite;
    uint32_t leaves;
    uint8_t *secrets;               /* of the nodes, hash->len bytes each */
    bool *present;                  /* whether a node's secret is there */
    struct mls_ratchets **ratchets; /* by leaf; NULL until its first message was consumed */
};

/* Secret: wipe it. */
struct mls_message_key {
    uint32_t generation;
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
};

/* leaves: slots of the epoch's tree, blanks included; a power of two. Wipe the encryption secret afterwards.
 * MLS_INVALID, MLS_LIMIT over 2^MLS_TREE_DEPTH_MAX leaves, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_secret_tree_init(struct mls_secret_tree *tree, const struct mls_suite *suite, uint32_t leaves,
                                          const uint8_t *encryption_secret);
/* Wipes and frees everything; a tree of zeros is allowed. */
void mls_secret_tree_wipe(struct mls_secret_tree *tree);

/* For sending: the leaf's next key, which is spent with this. MLS_LEAF for a leaf outside the tree,
 * MLS_GENERATION_USED when all 2^32 are spent, MLS_MEMORY, MLS_CRYPTO. */
SOTTO_MUST_CHECK int mls_secret_tree_next(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                                          struct mls_message_key *key);
/* For receiving: the key of a generation; changes nothing. MLS_LEAF, MLS_GENERATION_USED, MLS_GENERATION_FAR,
 * MLS_CRYPTO. */
SOTTO_MUST_CHECK int mls_secret_tree_peek(const struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                                          uint32_t generation, struct mls_message_key *key);
/* Spends a generation's key: it is never given again. Errors as of peek, and MLS_MEMORY; on an error nothing that can
 * be seen from outside has changed. */
SOTTO_MUST_CHECK int mls_secret_tree_consume(struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet_kind kind,
                                             uint32_t generation);

/* Wipes all keys of a leaf, used or not: peek and consume give MLS_GENERATION_USED from now on. MLS_LEAF, MLS_MEMORY,
 * MLS_CRYPTO. */
SOTTO_MUST_CHECK int mls_secret_tree_forget(struct mls_secret_tree *tree, uint32_t leaf);

/* The tree's state, secrets in the clear: for sealing. */
void mls_secret_tree_write(struct bytes_writer *w, const struct mls_secret_tree *tree);
/* Reads what write wrote. MLS_MALFORMED, MLS_LIMIT, MLS_MEMORY; the tree is then as after wipe. */
SOTTO_MUST_CHECK int mls_secret_tree_read(struct bytes_reader *r, struct mls_secret_tree *tree,
                                          const struct mls_suite *suite);

#endif
