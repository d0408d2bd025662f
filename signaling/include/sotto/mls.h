/* MLS (RFC 9420): continuous group keys. A library of its own, in no need of the rest of Sotto.
 *
 * It does no I/O, keeps no clock (time is a parameter) and no global state, and writes no log. A group, and all that
 * was staged from it, may be used by one thread at a time; different groups by different threads at once. What is
 * taken as struct mls_bytes is copied where it has to last.
 *
 * All errors are values of enum mls_error; out parameters are written on success only. MLS_MEMORY stands also for what
 * would be larger than MLS_MESSAGE_MAX, or MLS_STATE_MAX, once it is written. */
#ifndef SOTTO_MLS_H
#define SOTTO_MLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

SOTTO_BEGIN_DECLS

#define MLS_ERROR_MAP(X)                                                                                               \
    X(OK, 0, "success")                                                                                                \
    X(INVALID, -1, "invalid argument")                                                                                 \
    X(MEMORY, -2, "out of memory")                                                                                     \
    X(CRYPTO, -3, "the cryptographic library failed")                                                                  \
    X(SPACE, -4, "the buffer is too small")                                                                            \
    X(SUITE, -5, "unknown cipher suite")                                                                               \
    X(MALFORMED, -6, "not a well-formed message")                                                                      \
    X(LIMIT, -7, "larger than the limits of this library")                                                             \
    X(KEY, -8, "not a valid key")                                                                                      \
    X(SIGNATURE, -9, "wrong signature")                                                                                \
    X(AUTH, -10, "the ciphertext does not authenticate")                                                               \
    X(MEMBERSHIP, -11, "wrong membership tag")                                                                         \
    X(CONFIRMATION, -12, "wrong confirmation tag")                                                                     \
    X(SENDER, -13, "a sender of this kind may not send this content")                                                  \
    X(LEAF, -14, "no member at this leaf")                                                                             \
    X(GENERATION_USED, -15, "the key of this generation was used, or dropped")                                         \
    X(GENERATION_FAR, -16, "the generation is further ahead than the limit")                                           \
    X(GROUP, -17, "the message is for another group")                                                                  \
    X(EPOCH, -18, "the message is for another epoch")                                                                  \
    X(OWN_MESSAGE, -19, "a message of this member's own, come back")                                                   \
    X(STATE, -20, "not possible in the group's present state")                                                         \
    X(STALE, -21, "the staged commit is not of the group's present epoch")                                             \
    X(REFUSED, -22, "the application refuses it")                                                                      \
    X(CREDENTIAL, -23, "the application does not accept the credential")                                               \
    X(LIFETIME, -24, "the lifetime is over, or has not begun")                                                         \
    X(LEAF_NODE, -25, "invalid leaf node")                                                                             \
    X(UNSUPPORTED, -26, "a member does not support what the group needs")                                              \
    X(KEY_PACKAGE, -27, "invalid key package")                                                                         \
    X(PROPOSAL, -28, "invalid proposal")                                                                               \
    X(PROPOSAL_LIST, -29, "proposals that may not be committed together")                                              \
    X(PROPOSAL_UNKNOWN, -30, "a commit refers to a proposal that was not received")                                    \
    X(PATH_REQUIRED, -31, "a commit of these proposals needs a path")                                                  \
    X(TREE, -32, "invalid ratchet tree")                                                                               \
    X(TREE_MISSING, -33, "the ratchet tree is neither in the message nor given")                                       \
    X(WELCOME, -34, "the welcome is not for this key package")                                                         \
    X(PSK, -35, "a pre-shared key is not available, or not allowed here")                                              \
    X(REINIT, -36, "the group does not match the one it claims to come from")                                          \
    X(EXTENSION, -37, "malformed extension")                                                                           \
    X(REMOVED, -38, "this member was removed from the group")                                                          \
    X(DUPLICATE, -39, "the client or its key is in the group already")                                                 \
    X(PARENT_HASH, -40, "wrong parent hash")                                                                           \
    X(PATH, -41, "the update path does not fit the tree")

enum mls_error {
#define MLS_ERROR_ENUM(name, value, text) MLS_##name = value,
    MLS_ERROR_MAP(MLS_ERROR_ENUM)
#undef MLS_ERROR_ENUM
};

/* A text for an error, never NULL. */
SOTTO_API const char *mls_strerror(int error);

/* Bounds of everything that input can make grow. */
enum mls_limit {
    MLS_MESSAGE_MAX = 1 << 26,     /* bytes of a message */
    MLS_TREE_DEPTH_MAX = 16,       /* levels of parents: 65536 leaves */
    MLS_EXTENSIONS_MAX = 64,       /* extensions in one list */
    MLS_LABEL_MAX = 255,           /* bytes of a label */
    MLS_CREDENTIAL_TYPES_MAX = 16, /* types of credentials in one group */
    MLS_PSKS_MAX = 256,            /* pre-shared keys in one commit */
    MLS_GENERATIONS_AHEAD = 1024,  /* generations a message may be ahead of those seen */
    MLS_GENERATIONS_KEPT = 64,     /* keys of skipped generations kept per sender and kind of content */
    MLS_PADDING_MAX = 1 << 16,     /* bytes of padding in a PrivateMessage that is written */
    MLS_PROPOSALS_MAX = 1 << 16,   /* proposals in a commit */
    MLS_PROPOSALS_KEPT = 4096,     /* proposals that wait for a commit */
    MLS_RESUMPTIONS_KEPT = 16,     /* epochs whose resumption PSK a group keeps */
    MLS_PAST_EPOCHS_KEPT = 1,      /* epochs before the present one whose application messages can be opened */
    MLS_PSK_MAX = 1024,            /* bytes of an external PSK */
    MLS_GROUP_ID_MAX = 255,        /* bytes of a group id that is made here */
    MLS_STATE_MAX = 1 << 28,       /* bytes of a saved state */
};

enum { MLS_VERSION_1_0 = 1 };

enum mls_cipher_suite {
    MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519 = 1,
    MLS_128_DHKEMP256_AES128GCM_SHA256_P256 = 2,
    MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519 = 3,
    MLS_256_DHKEMX448_AES256GCM_SHA512_ED448 = 4,
    MLS_256_DHKEMP521_AES256GCM_SHA512_P521 = 5,
    MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_ED448 = 6,
    MLS_256_DHKEMP384_AES256GCM_SHA384_P384 = 7,
};

enum mls_wire_format {
    MLS_WIRE_PUBLIC_MESSAGE = 1,
    MLS_WIRE_PRIVATE_MESSAGE = 2,
    MLS_WIRE_WELCOME = 3,
    MLS_WIRE_GROUP_INFO = 4,
    MLS_WIRE_KEY_PACKAGE = 5,
};

enum mls_content_type { MLS_CONTENT_APPLICATION = 1, MLS_CONTENT_PROPOSAL = 2, MLS_CONTENT_COMMIT = 3 };

enum mls_sender_type {
    MLS_SENDER_MEMBER = 1,
    MLS_SENDER_EXTERNAL = 2,
    MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
    MLS_SENDER_NEW_MEMBER_COMMIT = 4,
};

enum mls_proposal_type {
    MLS_PROPOSAL_ADD = 1,
    MLS_PROPOSAL_UPDATE = 2,
    MLS_PROPOSAL_REMOVE = 3,
    MLS_PROPOSAL_PSK = 4,
    MLS_PROPOSAL_REINIT = 5,
    MLS_PROPOSAL_EXTERNAL_INIT = 6,
    MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS = 7,
};

enum mls_extension_type {
    MLS_EXTENSION_APPLICATION_ID = 1,
    MLS_EXTENSION_RATCHET_TREE = 2,
    MLS_EXTENSION_REQUIRED_CAPABILITIES = 3,
    MLS_EXTENSION_EXTERNAL_PUB = 4,
    MLS_EXTENSION_EXTERNAL_SENDERS = 5,
    MLS_EXTENSION_LAST_RESORT = 10, /* of KeyPackages: draft-ietf-mls-extensions */
};

enum mls_credential_type { MLS_CREDENTIAL_BASIC = 1, MLS_CREDENTIAL_X509 = 2 };

/* --- Values ------------------------------------------------------------------------------------------------------- */

/* Bytes of somebody else's. */
struct mls_bytes {
    const uint8_t *data;
    size_t len;
};

/* Bytes that the library made and the caller owns: end each with mls_output_free(). */
struct mls_output {
    uint8_t *data;
    size_t len;
};

/* Wipes and frees; the output is then empty. An output of zeros is allowed. */
SOTTO_API void mls_output_free(struct mls_output *output);

/* An extension to be written; data is its extension_data. */
struct mls_extension_item {
    uint16_t type;
    struct mls_bytes data;
};

/* Finds an extension in a list as members and groups show it: false if there is none of the type. The data is borrowed
 * from the list. */
SOTTO_API bool mls_extensions_find(struct mls_bytes extensions, uint16_t type, struct mls_bytes *data);

/* Rows of cipher suites that are not RFC 9420's; NULL stands for RFC 9420's seven everywhere. */
struct mls_suites;

/* A fresh signature key pair of the suite. MLS_SUITE, MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_signature_key_new(const struct mls_suites *suites, uint16_t suite,
                                                     struct mls_output *private_key, struct mls_output *public_key);

/* --- The application's part --------------------------------------------------------------------------------------- */

/* A leaf of the tree, or one that wants to be. Borrowed: valid during the callback, or until the group changes. */
struct mls_member {
    uint32_t leaf; /* UINT32_MAX while it has none */
    uint16_t credential_type;
    struct mls_bytes credential; /* basic: the identity; x509: the certificates, each a vector of bytes */
    struct mls_bytes signature_key;
    struct mls_bytes extensions; /* for mls_extensions_find() */
    struct mls_bytes leaf_node;  /* the whole, encoded */
};

/* Where a credential to be validated was met. */
enum mls_credential_use {
    MLS_CREDENTIAL_OF_ADDED = 1,  /* in an Add */
    MLS_CREDENTIAL_OF_UPDATE = 2, /* in an Update, or the path of a member's commit */
    MLS_CREDENTIAL_OF_JOINER = 3, /* in the path of an external commit */
    MLS_CREDENTIAL_OF_TREE = 4,   /* in the tree of a group that is joined */
    MLS_CREDENTIAL_OF_SENDER = 5, /* of an external sender; leaf is its place in external_senders */
};

/* A proposal that was received, or is part of a commit. Borrowed like a member. */
struct mls_proposal_info {
    uint16_t type;               /* enum mls_proposal_type */
    uint8_t sender_type;         /* enum mls_sender_type: who proposed it */
    uint32_t sender;             /* leaf (members), or place in external_senders */
    bool by_reference;           /* sent apart from the commit */
    struct mls_member member;    /* Add, Update: the new leaf */
    uint32_t removed;            /* Remove: the leaf */
    uint8_t psk_type;            /* PreSharedKey: 1 external, 2 resumption */
    struct mls_bytes psk_id;     /* PreSharedKey: the external id, or the resumed group's id */
    uint64_t psk_epoch;          /* PreSharedKey: of a resumption PSK */
    struct mls_bytes group_id;   /* ReInit */
    uint16_t cipher_suite;       /* ReInit */
    struct mls_bytes extensions; /* GroupContextExtensions, ReInit: the new ones */
};

/* A commit that is about to be staged. Borrowed like a member. */
struct mls_commit_info {
    uint8_t sender_type; /* MLS_SENDER_MEMBER, or MLS_SENDER_NEW_MEMBER_COMMIT of an external one */
    uint32_t sender;     /* the committer's leaf; of an external commit the one it gets */
    bool own;            /* made here */
    bool has_path;
    struct mls_member committer; /* as after the commit, if it has a path */
    struct mls_bytes authenticated_data;
    size_t proposal_count;
    const struct mls_proposal_info *proposals;
};

struct mls_group;
struct mls_staged;
struct mls_key_package_keys;

/* What only the application can decide. A callback that is NULL refuses: a group of more than its founder needs at
 * least credential_valid, same_client, accept_proposal and accept_commit. Callbacks may read the group and must not
 * change it. They should depend on nothing that differs between members, or members' views part. */
struct mls_policy {
    void *context; /* given to each callback */
    /* Whether the credential is genuine and goes with the signature key, at this time. */
    bool (*credential_valid)(void *context, const struct mls_member *member, enum mls_credential_use use,
                             uint64_t now_s);
    /* Whether two leaves belong to one client (RFC 9420 section 5.3.3). NULL takes any two for the same. Asked of each
     * Add about each member: a commit of n Adds to m members asks m * n + n * n / 2 times, which at the limits of this
     * library is minutes. Where groups may be so large, let accept_proposal, which is asked before, refuse too many. */
    bool (*same_client)(void *context, const struct mls_member *a, const struct mls_member *b);
    /* Whether the new leaf's credential and signature key may take the place of the old one's. Asked only where they
     * differ, and of a resync. */
    bool (*successor)(void *context, const struct mls_member *old_leaf, const struct mls_member *new_leaf);
    /* Whether a proposal may be kept, and be committed. Asked when it is received and of each in a commit. */
    bool (*accept_proposal)(void *context, const struct mls_group *group, const struct mls_proposal_info *proposal);
    /* Whether a commit, all its proposals accepted, may be staged. */
    bool (*accept_commit)(void *context, const struct mls_group *group, const struct mls_commit_info *commit);
    /* Writes an external PSK to secret[0..MLS_PSK_MAX) and its length to *len; false if it is not known. */
    bool (*external_psk)(void *context, struct mls_bytes id, uint8_t *secret, size_t *len);
    /* Seconds that a key package may live at most; 0: no limit, though "applications MUST define a maximum total
     * lifetime that is acceptable for a LeafNode" (section 7.2). Members who set different ones part. */
    uint64_t lifetime_max_s;
};

/* What a member says of itself in its leaf (section 7.2). Among its capabilities are always the version, the cipher
 * suites, its own credential's type, and the types of its leaf's and its key package's extensions; what is listed here
 * comes on top. GREASE (section 13.5) is added by the library: a value to each of these lists, and an extension of a
 * few random bytes to the leaf's, the key package's and a GroupInfo's where there is room for one. */
struct mls_leaf_config {
    uint16_t credential_type;
    struct mls_bytes credential;                 /* as of struct mls_member */
    struct mls_bytes signature_private_key;      /* of the suite's signature scheme */
    const struct mls_extension_item *extensions; /* in the leaf itself: MLS_EXTENSIONS_MAX at most, each type once */
    size_t extension_count;
    const uint16_t *extension_types; /* that the application understands, in GroupContexts above all */
    size_t extension_type_count;
    const uint16_t *proposal_types; /* besides RFC 9420's; the library itself takes no others, wherever listed */
    size_t proposal_type_count;
    const uint16_t *credential_types; /* that credential_valid judges, besides credential_type */
    size_t credential_type_count;
};

/* --- Key packages (section 10) ------------------------------------------------------------------------------------ */

struct mls_key_package_config {
    struct mls_leaf_config leaf;
    uint64_t not_before_s; /* seconds since 1970 */
    uint64_t not_after_s;
    bool last_resort; /* may be used more than once: its keys outlive a join. Says so by MLS_EXTENSION_LAST_RESORT */
    const struct mls_extension_item *extensions; /* of the KeyPackage: MLS_EXTENSIONS_MAX at most, each type once */
    size_t extension_count;
};

/* A KeyPackage and its private keys. *message: the MLSMessage to publish. *keys: keep it until a Welcome came, or the
 * lifetime is over; end it with mls_key_package_keys_free(). MLS_SUITE, MLS_INVALID (the lifetime ends before it
 * begins), MLS_EXTENSION (extensions twice or too many), MLS_KEY (the signature key), MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_key_package_new(const struct mls_suites *suites, uint16_t suite,
                                                   const struct mls_key_package_config *config,
                                                   struct mls_key_package_keys **keys, struct mls_output *message);
/* The same from a KeyPackage made elsewhere: an MLSMessage and its private keys. MLS_MALFORMED, MLS_SUITE, MLS_KEY if
 * a private key is not the public one's, MLS_SIGNATURE, MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_key_package_import(const struct mls_suites *suites, struct mls_bytes message,
                                                      struct mls_bytes init_private_key,
                                                      struct mls_bytes encryption_private_key,
                                                      struct mls_bytes signature_private_key,
                                                      struct mls_key_package_keys **keys);
/* Wipes and frees; NULL is allowed. */
SOTTO_API void mls_key_package_keys_free(struct mls_key_package_keys *keys);
/* The KeyPackageRef, by which a Welcome names it; borrowed from keys. */
SOTTO_API struct mls_bytes mls_key_package_keys_ref(const struct mls_key_package_keys *keys);

enum { MLS_STATE_KEY_LEN = 32 };

/* The private keys as bytes, sealed under key (MLS_STATE_KEY_LEN random bytes): see "Keeping state" below. MLS_STATE
 * (used: nothing is left to be kept), MLS_KEY (the key's length), MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_key_package_keys_save(const struct mls_key_package_keys *keys, struct mls_bytes key,
                                                         struct mls_output *state);
/* Reads what save wrote. Once the keys are used, delete every saved copy: what is loaded from one could join again.
 * MLS_AUTH for another key, MLS_MALFORMED, MLS_SUITE, MLS_KEY, MLS_SIGNATURE, MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_key_package_keys_load(struct mls_bytes state, struct mls_bytes key,
                                                         const struct mls_suites *suites,
                                                         struct mls_key_package_keys **keys);

/* --- Groups ------------------------------------------------------------------------------------------------------- */

struct mls_group_config {
    const struct mls_suites *suites;
    uint16_t suite;
    struct mls_bytes group_id; /* empty: 32 random bytes */
    struct mls_leaf_config leaf;
    const struct mls_extension_item *extensions; /* of the GroupContext */
    size_t extension_count;
    struct mls_policy policy;
    /* Lifetime of the founder's leaf, which counts until its first commit with a path. Both 0: without end, and then
     * who sets lifetime_max_s joins only after that commit. Seconds since 1970. */
    uint64_t not_before_s;
    uint64_t not_after_s;
};

/* A group of one, its founder, in epoch 0 (section 11). MLS_SUITE, MLS_INVALID (the lifetime ends before it begins),
 * MLS_LIMIT (the group id), MLS_KEY, MLS_EXTENSION, MLS_UNSUPPORTED (the founder lacks what the extensions require),
 * MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_new(const struct mls_group_config *config, struct mls_group **group);
/* The group that a committed ReInit of old announced (section 11.2): suite, group id and extensions are its. The first
 * commit has to add every other member of old, and links the groups; until it has a path, the founder's leaf is without
 * end, here and in a branch. old stays the caller's. MLS_STATE unless old's last commit was a ReInit, MLS_REINIT for a
 * version that this is not, and errors as of mls_group_new(). */
SOTTO_MUST_CHECK SOTTO_API int mls_group_reinit(const struct mls_group *old, const struct mls_suites *suites,
                                                const struct mls_leaf_config *leaf, const struct mls_policy *policy,
                                                struct mls_group **group);
/* A group of some members of old (section 11.3), with its suite and policy. The first commit adds them, and links the
 * groups. MLS_REMOVED, MLS_STATE (old was reinitialized), and errors as of mls_group_new(). */
SOTTO_MUST_CHECK SOTTO_API int mls_group_branch(const struct mls_group *old, struct mls_bytes group_id,
                                                const struct mls_leaf_config *leaf,
                                                const struct mls_extension_item *extensions, size_t extension_count,
                                                struct mls_group **group);

struct mls_join_config {
    const struct mls_suites *suites;
    struct mls_policy policy;
    struct mls_bytes tree;           /* the ratchet tree (mls_group_tree) where the message has none; else empty */
    const struct mls_group *resumed; /* whose resumption PSKs may be asked for: of ReInit, branching, or rejoining */
    bool check_lifetimes;            /* of the tree's leaves, not only their length: members may have been added long
                                      * ago, and never have committed since (section 7.3 recommends it) */
    uint64_t now_s;                  /* seconds since 1970 */
};

/* Joins by a Welcome (section 12.4.3.1). Unless it is a last-resort one, keys cannot be used again after a success: its
 * secrets are wiped. That no group of the same id is joined twice is the caller's to check. MLS_WELCOME if it is not
 * for this key package, MLS_TREE_MISSING, MLS_TREE, MLS_PSK, MLS_REINIT, MLS_SIGNATURE, MLS_AUTH, MLS_CONFIRMATION,
 * MLS_CREDENTIAL, MLS_LEAF_NODE, MLS_UNSUPPORTED, MLS_STATE (keys used before), MLS_MALFORMED, ... */
SOTTO_MUST_CHECK SOTTO_API int mls_group_join(struct mls_bytes welcome, struct mls_key_package_keys *keys,
                                              const struct mls_join_config *config, struct mls_group **group);
/* Wipes and frees; NULL is allowed. What is staged of the group has to be merged or freed before. */
SOTTO_API void mls_group_free(struct mls_group *group);

SOTTO_API struct mls_bytes mls_group_id(const struct mls_group *group);
SOTTO_API uint64_t mls_group_epoch(const struct mls_group *group);
SOTTO_API uint16_t mls_group_suite(const struct mls_group *group);
SOTTO_API uint32_t mls_group_own_leaf(const struct mls_group *group);
/* Leaf slots of the tree, blanks included. */
SOTTO_API uint32_t mls_group_leaves(const struct mls_group *group);
/* MLS_LEAF if the leaf is blank or outside the tree. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_member(const struct mls_group *group, uint32_t leaf, struct mls_member *out);
/* The GroupContext's. */
SOTTO_API struct mls_bytes mls_group_extensions(const struct mls_group *group);
/* Whether a commit removed this member: nothing can be sent or received any more. */
SOTTO_API bool mls_group_was_removed(const struct mls_group *group);
/* Whether a ReInit was committed: the group only waits for its successor (section 12.4.2). */
SOTTO_API bool mls_group_was_reinitialized(const struct mls_group *group);

/* MLS-Exporter (section 8.5): out gets len bytes. MLS_INVALID for a label over MLS_LABEL_MAX bytes or more output than
 * the KDF gives, MLS_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_export(const struct mls_group *group, struct mls_bytes label,
                                                struct mls_bytes context, uint8_t *out, size_t len);
/* The epoch authenticator (section 8.7), of the hash's length; borrowed until the group changes. Empty, never zeros
 * that would be equal to another's, for who knows none: after this member's removal, and of a group that is only looked
 * at. */
SOTTO_API struct mls_bytes mls_group_epoch_authenticator(const struct mls_group *group);
/* The ratchet tree, as the extension's data, for who joins without it in the message. MLS_MEMORY, MLS_LIMIT. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_tree(const struct mls_group *group, struct mls_output *tree);
/* A GroupInfo of this epoch, signed, as MLSMessage: for external commits (section 12.4.3.2). with_tree: with the
 * ratchet tree in it. MLS_STATE, MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_info(const struct mls_group *group, bool with_tree,
                                              struct mls_output *message);
/* Forgets the resumption PSKs of all epochs before `epoch`. */
SOTTO_API void mls_group_forget_resumptions(struct mls_group *group, uint64_t epoch);

/* Whether merging a commit keeps what opens application messages of the epoch before (section 15.3), for messages that
 * cross the commit on their way. Off unless asked for, and again in a group that was loaded: an epoch's keys then go
 * with it. What is kept goes at the next merge, with mls_group_forget_past(), with this member's removal, and with
 * keep = false; there is no clock here, so let seconds pass, not more, before forgetting. The keys of members whom the
 * commit removes go at once, of leaves replaced by an external commit too. */
SOTTO_API void mls_group_keep_past(struct mls_group *group, bool keep);
/* Wipes what is kept of the epoch before. */
SOTTO_API void mls_group_forget_past(struct mls_group *group);

/* --- Sending ------------------------------------------------------------------------------------------------------ */

/* How a message is framed. */
struct mls_framing {
    bool is_public; /* PublicMessage instead of PrivateMessage (never application data) */
    struct mls_bytes authenticated_data;
    size_t padding; /* zero bytes in a PrivateMessage */
};

/* A proposal to make. */
struct mls_proposal_config {
    uint16_t type;                      /* enum mls_proposal_type, but ExternalInit */
    struct mls_bytes key_package;       /* Add: an MLSMessage */
    uint32_t removed;                   /* Remove: the leaf */
    const struct mls_leaf_config *leaf; /* Update: the new leaf; NULL: as it was, with a new key */
    struct mls_bytes psk_id;            /* PreSharedKey: an external PSK's */
    bool resumption;                    /* PreSharedKey: this group's resumption PSK of psk_epoch instead */
    uint64_t psk_epoch;
    struct mls_bytes group_id;                   /* ReInit */
    uint16_t cipher_suite;                       /* ReInit */
    const struct mls_extension_item *extensions; /* GroupContextExtensions, ReInit */
    size_t extension_count;
};

/* Encrypts application data (section 15). framing NULL: no padding, no authenticated data. MLS_STATE while proposals
 * wait to be committed (section 12.4), after removal and after a ReInit; MLS_LIMIT, MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_seal(struct mls_group *group, const struct mls_framing *framing,
                                              struct mls_bytes data, struct mls_output *message);
/* Proposes something, and keeps the proposal for the next commit. Errors of the proposal's validation, and as of seal.
 */
SOTTO_MUST_CHECK SOTTO_API int mls_group_propose(struct mls_group *group, const struct mls_framing *framing,
                                                 const struct mls_proposal_config *proposal, uint64_t now_s,
                                                 struct mls_output *message);
/* Forgets all proposals that wait to be committed: none of them can be committed by others any more as far as this
 * member goes (MLS_PROPOSAL_UNKNOWN), and application data can be sent again. */
SOTTO_API void mls_group_forget_proposals(struct mls_group *group);

struct mls_commit_config {
    struct mls_framing framing;
    const struct mls_proposal_config *proposals; /* to be committed by value; no Update */
    size_t proposal_count;
    bool without_received;              /* leave out the proposals that were received or sent before */
    bool without_path;                  /* where the proposals do not need one */
    bool tree_apart;                    /* the Welcome without the ratchet tree */
    const struct mls_leaf_config *leaf; /* the committer's new leaf (with a path); NULL: as it was, with a new key */
    uint64_t now_s;
};

/* Makes a commit (section 12.4.1); nothing of the group changes but the spent key of a PrivateMessage. Own Updates that
 * wait are left out; of what waits, only what makes a valid list is taken (Removes before Updates, a ReInit only when
 * alone). Merge the staged commit once the delivery service took the message. Errors of the proposals' validation,
 * MLS_PATH_REQUIRED, MLS_REFUSED, MLS_STATE, MLS_CRYPTO, MLS_MEMORY, ... */
SOTTO_MUST_CHECK SOTTO_API int mls_group_commit(struct mls_group *group, const struct mls_commit_config *config,
                                                struct mls_staged **staged);

/* What a commit made here has to be sent as; borrowed from staged, empty where there is none. */
SOTTO_API struct mls_bytes mls_staged_message(const struct mls_staged *staged);
SOTTO_API struct mls_bytes mls_staged_welcome(const struct mls_staged *staged); /* empty without Adds */
/* What the commit does; borrowed from staged. */
SOTTO_API const struct mls_commit_info *mls_staged_info(const struct mls_staged *staged);
SOTTO_API uint64_t mls_staged_epoch(const struct mls_staged *staged);
/* A GroupInfo of the epoch that the commit begins, as of mls_group_info(), so that both can be handed over at once. Of
 * commits made here. MLS_INVALID for one that was received, MLS_STALE if the group has entered another epoch,
 * MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_staged_group_info(const struct mls_staged *staged, bool with_tree,
                                                     struct mls_output *message);
/* MLS-Exporter of the epoch that the commit begins, as of mls_group_export(). MLS_REMOVED if it removes this member. */
SOTTO_MUST_CHECK SOTTO_API int mls_staged_export(const struct mls_staged *staged, struct mls_bytes label,
                                                 struct mls_bytes context, uint8_t *out, size_t len);
/* Whether the message is the commit that was staged here: what to merge when it comes back. */
SOTTO_API bool mls_staged_is(const struct mls_staged *staged, struct mls_bytes message);
/* Enters the new epoch, and frees staged; the old epoch's secrets are wiped, but for what mls_group_keep_past() keeps.
 * MLS_STALE if the group is in another epoch than when it was staged, or it is another group, MLS_MEMORY: staged is
 * then still the caller's. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_merge(struct mls_group *group, struct mls_staged *staged);
/* Drops the commit; NULL is allowed. */
SOTTO_API void mls_staged_free(struct mls_staged *staged);

/* --- Receiving ---------------------------------------------------------------------------------------------------- */

enum mls_received_kind { MLS_RECEIVED_APPLICATION = 1, MLS_RECEIVED_PROPOSAL = 2, MLS_RECEIVED_COMMIT = 3 };

struct mls_received {
    uint8_t kind;        /* enum mls_received_kind */
    uint8_t sender_type; /* enum mls_sender_type */
    uint32_t sender;     /* leaf (of members), or place in external_senders */
    uint64_t epoch;      /* that it was sent in: of application data perhaps the one before the group's */
    /* The sender's leaf, of members, as it was in that epoch (section 15.3: its tree may differ from the present one);
     * else of leaf UINT32_MAX. Borrowed until the group changes. */
    struct mls_member member;
    struct mls_output authenticated_data;
    struct mls_output data;    /* application data */
    struct mls_staged *staged; /* a commit: look at it, then merge or free it */
    uint16_t proposal_type;    /* a proposal, which was kept */
};

/* Takes a message of the group's epoch, or application data of the epoch before if that is kept (see
 * mls_group_keep_past()): validates it completely, then opens, keeps or stages it. A message that fails
 * changes nothing. End received with mls_received_free(). MLS_OWN_MESSAGE for what this member sent itself (merge
 * what was staged, see mls_staged_is), MLS_GROUP, MLS_EPOCH, and any error of validation. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                                                 struct mls_received *received);
/* Who sent a message of the group's epoch, its signature verified: also one that mls_group_process() refuses for what
 * it says, so that a member whose commit is wrong for some (MLS_PATH, MLS_CONFIRMATION, ...) can be named. Changes
 * nothing. *sender: leaf (members; 0 of an external commit), or place in external_senders. Errors as of
 * mls_group_process() up to MLS_SIGNATURE. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_sender(const struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                                                uint8_t *sender_type, uint32_t *sender);
/* Frees what it holds, the staged commit too unless it is NULL by then. */
SOTTO_API void mls_received_free(struct mls_received *received);

/* --- Keeping state ------------------------------------------------------------------------------------------------ */

/* A group as bytes, sealed under key (MLS_STATE_KEY_LEN random bytes, which are the caller's to keep), with a commit
 * that is staged of it (NULL: none), made here or received. The bytes tell their length, and nothing else. What the
 * group has forgotten is not in them: used keys, earlier epochs' secrets, the keys of a past epoch. What it has not,
 * is: overwrite or delete the state before when a new one is written, or forward secrecy ends with the disk.
 *
 * The rule: save before a message leaves. A state that was saved before a message was sealed, and is loaded after, has
 * the message's generation before it again (section 6.3.1): so has every state that is loaded twice. Two messages then
 * have one key; what keeps their nonces apart is the random reuse_guard alone, which fails one time in 2^32, and
 * members who have seen the one refuse the other. Loading skips no generations: two loads would skip alike, and members
 * follow MLS_GENERATIONS_AHEAD at most. Who cannot keep the rule (a backup is restored, a crash came between) makes a
 * commit in a PublicMessage (struct mls_framing), which takes no generation, before anything else: with its epoch all
 * generations are new.
 *
 * MLS_STALE for what was not staged of the group's present epoch, MLS_KEY (the key's length), MLS_CRYPTO, MLS_MEMORY.
 */
SOTTO_MUST_CHECK SOTTO_API int mls_group_save(const struct mls_group *group, const struct mls_staged *staged,
                                              struct mls_bytes key, struct mls_output *state);
/* Reads what save wrote: the group, and what was staged of it (*staged is NULL if nothing was; staged may be NULL to
 * have it dropped). An own staged commit is told by mls_staged_is() when it comes back. The policy is as for a new
 * group, and is not asked about what it accepted before. All of the state is checked again but leaves' signatures and
 * lifetimes. MLS_AUTH for another key or changed bytes, MLS_MALFORMED (a version or kind that is not known, too),
 * MLS_SUITE, and for content that was never saved so: MLS_TREE, MLS_PARENT_HASH, MLS_KEY, MLS_DUPLICATE,
 * MLS_CONFIRMATION, MLS_EXTENSION, MLS_LIMIT; MLS_CRYPTO, MLS_MEMORY. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_load(struct mls_bytes state, struct mls_bytes key,
                                              const struct mls_suites *suites, const struct mls_policy *policy,
                                              struct mls_group **group, struct mls_staged **staged);

/* --- From outside ------------------------------------------------------------------------------------------------- */

struct mls_external_config {
    struct mls_join_config join;
    struct mls_leaf_config leaf;
    bool resync;                     /* removes an old leaf of this client in the same commit */
    uint32_t old_leaf;               /* resync */
    const struct mls_bytes *psk_ids; /* external PSKs to be committed */
    size_t psk_count;
    bool resumption; /* commits the resumption PSK of join.resumed's epoch too */
    struct mls_bytes authenticated_data;
};

/* Joins by an external commit (section 12.4.3.2) to the group of a GroupInfo, an MLSMessage. *commit goes to the group;
 * *group is in the epoch that the commit begins, if it is taken: else free it and begin again. Errors as of joining,
 * MLS_EXTENSION if the GroupInfo has no external_pub, MLS_DUPLICATE if another leaf than the one that a resync removes
 * is this client's. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_join_external(struct mls_bytes group_info,
                                                       const struct mls_external_config *config,
                                                       struct mls_group **group, struct mls_output *commit);
/* The group of a GroupInfo, validated as for an external commit, to be looked at only: nothing can be sent or received,
 * and its own leaf is UINT32_MAX. Errors as of mls_group_join_external() up to the commit. */
SOTTO_MUST_CHECK SOTTO_API int mls_group_look(struct mls_bytes group_info, const struct mls_join_config *config,
                                              struct mls_group **group);

/* A proposal from outside the group: of an external sender (its place in external_senders), or, with
 * MLS_SENDER_NEW_MEMBER_PROPOSAL, the Add of the client's own key package, signed with its key. MLS_SENDER for a type
 * that may not be sent so. */
struct mls_outside_config {
    const struct mls_suites *suites;
    uint16_t suite;
    struct mls_bytes group_id;
    uint64_t epoch;
    uint8_t sender_type; /* MLS_SENDER_EXTERNAL or MLS_SENDER_NEW_MEMBER_PROPOSAL */
    uint32_t sender;
    struct mls_bytes signature_private_key;
    struct mls_bytes authenticated_data;
};

SOTTO_MUST_CHECK SOTTO_API int mls_propose_outside(const struct mls_outside_config *config,
                                                   const struct mls_proposal_config *proposal,
                                                   struct mls_output *message);

SOTTO_END_DECLS

#endif
