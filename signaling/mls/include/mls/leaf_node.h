/* Leaf nodes: signing and validation (RFC 9420 sections 7.2, 7.3). */
#ifndef MLS_LEAF_NODE_H
#define MLS_LEAF_NODE_H

#include "mls/crypto.h"

/* Against what a leaf node is held. */
struct mls_leaf_rules {
    const struct mls_suite *suite;
    struct core_slice group_id;   /* of leaves from updates and commits */
    struct core_slice extensions; /* the GroupContext's, as of the epoch that the leaf would be in */
    uint64_t now;                 /* seconds since 1970 */
    uint64_t lifetime_max;        /* seconds from not_before to not_after at most; 0: no limit */
    bool check_lifetime;          /* leaves of a tree may have been added long ago: then the application's choice */
    bool signed_here;             /* just now, by mls_leaf_node_sign(): the signature is not verified again */
    /* Says whether the credential is valid for its signature key (section 5.3.1); false refuses. NULL refuses all. */
    bool (*credential)(void *ctx, const struct mls_credential *credential, struct core_slice signature_key);
    void *ctx;
};

/* Everything about a leaf node that concerns no other leaf. source: what it must be, or 0 for any (a leaf in a tree).
 * leaf: its index (not looked at for a leaf of a key package). The signature is checked before the credential is asked
 * about.
 * MLS_LEAF_NODE, MLS_KEY, MLS_LIFETIME, MLS_UNSUPPORTED (also for what the group requires and the leaf does not
 * list), MLS_SIGNATURE, MLS_CREDENTIAL, MLS_MALFORMED for the group's extensions. */
SOTTO_MUST_CHECK int mls_leaf_node_validate(const struct mls_leaf_rules *rules, const struct mls_leaf_node *leaf_node,
                                            uint8_t source, uint32_t leaf);
/* Only the signature. MLS_SIGNATURE, MLS_KEY, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_leaf_node_verify(const struct mls_suite *suite, const struct mls_leaf_node *leaf_node,
                                          struct core_slice group_id, uint32_t leaf);
/* Whether the leaf lists the group's extensions, and what they require. MLS_UNSUPPORTED, MLS_MALFORMED. */
SOTTO_MUST_CHECK int mls_leaf_node_supports(const struct mls_leaf_node *leaf_node, struct core_slice extensions);
/* Writes the leaf node to w, signed with key, whose public key it must name; `signature`, `tbs` and `encoded` are not
 * looked at. MLS_INVALID for another key or fields that cannot be written, MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_leaf_node_sign(struct bytes_writer *w, const struct mls_suite *suite,
                                        const struct mls_leaf_node *leaf_node, const struct core_signing_key *key,
                                        struct core_slice group_id, uint32_t leaf);

#endif
