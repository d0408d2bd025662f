/* RFC 9420's structures as views over their encoding.
 *
 * Parsing allocates nothing: byte strings are borrowed from the input, and vectors of elements stay encoded, checked
 * when their owner was parsed, to be walked with the mls_*_next() functions (which cannot fail then). Since every value
 * has one encoding only, what is parsed and written again is the same bytes.
 *
 * mls_*_parse() reads one structure at the reader's place; the reader's error sticks, and the structure may be used
 * only if bytes_reader_ok() (or bytes_reader_done()) holds afterwards. They check form, not meaning: that keys,
 * signatures, lifetimes and combinations are right is left to the group. mls_*_write() writes the fields; the members
 * `encoded` and `tbs`, which parsing sets, are not looked at. */
#ifndef MLS_MESSAGES_H
#define MLS_MESSAGES_H

#include "core/bytes.h"
#include "core/provider.h"
#include "sotto/mls.h"

/* --- Lists --- */

/* Vectors of integers, as their encoded content. */
static inline size_t mls_u16_count(struct core_slice list)
{
    return list.len / 2;
}
uint16_t mls_u16_at(struct core_slice list, size_t i);
bool mls_u16_contains(struct core_slice list, uint16_t value);
static inline size_t mls_u32_count(struct core_slice list)
{
    return list.len / 4;
}
uint32_t mls_u32_at(struct core_slice list, size_t i);

/* A walk: `struct bytes_reader r = mls_walk(list); while (mls_extension_next(&r, &extension))`. */
struct bytes_reader mls_walk(struct core_slice list);

/* --- Extensions (section 13.4) --- */

struct mls_extension {
    uint16_t type;
    struct core_slice data;
};

/* A vector of extensions: its content. Refused: a type twice, more than MLS_EXTENSIONS_MAX. */
struct core_slice mls_extensions_parse(struct bytes_reader *r);
void mls_extension_write(struct bytes_writer *w, const struct mls_extension *extension);
bool mls_extension_next(struct bytes_reader *r, struct mls_extension *extension);
/* False if there is none of the type. */
bool mls_extension_find(struct core_slice extensions, uint16_t type, struct core_slice *data);

/* --- Credentials (section 5.3) --- */

struct mls_credential {
    uint16_t type;
    /* basic: the identity. x509: certificates, a vector each. Any other type is taken to be one vector too. */
    struct core_slice content;
};

void mls_credential_parse(struct bytes_reader *r, struct mls_credential *credential);
void mls_credential_write(struct bytes_writer *w, const struct mls_credential *credential);
/* Walks an x509 credential's content. */
bool mls_certificate_next(struct bytes_reader *r, struct core_slice *certificate);

/* --- Leaf nodes and key packages (sections 7.2, 10) --- */

struct mls_capabilities { /* lists of 16-bit code points */
    struct core_slice versions;
    struct core_slice cipher_suites;
    struct core_slice extensions;
    struct core_slice proposals;
    struct core_slice credentials;
};

enum mls_leaf_source { MLS_LEAF_KEY_PACKAGE = 1, MLS_LEAF_UPDATE = 2, MLS_LEAF_COMMIT = 3 };

struct mls_leaf_node {
    struct core_slice encryption_key;
    struct core_slice signature_key;
    struct mls_credential credential;
    struct mls_capabilities capabilities;
    uint8_t source;                /* enum mls_leaf_source */
    uint64_t not_before;           /* key_package: seconds since 1970 */
    uint64_t not_after;            /* key_package */
    struct core_slice parent_hash; /* commit */
    struct core_slice extensions;
    struct core_slice signature;
    struct core_slice tbs;     /* LeafNodeTBS without what the group adds: mls_leaf_node_write_tbs_tail() */
    struct core_slice encoded; /* the whole */
};

void mls_leaf_node_parse(struct bytes_reader *r, struct mls_leaf_node *leaf);
void mls_leaf_node_write(struct bytes_writer *w, const struct mls_leaf_node *leaf);
/* The fields that are signed, without the group's part. */
void mls_leaf_node_write_tbs(struct bytes_writer *w, const struct mls_leaf_node *leaf);
/* The group's part of LeafNodeTBS: nothing for a leaf of a key package. */
void mls_leaf_node_write_tbs_tail(struct bytes_writer *w, uint8_t source, struct core_slice group_id,
                                  uint32_t leaf_index);

struct mls_key_package {
    uint16_t version;
    uint16_t cipher_suite;
    struct core_slice init_key;
    struct mls_leaf_node leaf_node;
    struct core_slice extensions;
    struct core_slice signature;
    struct core_slice tbs; /* KeyPackageTBS */
    struct core_slice encoded;
};

void mls_key_package_parse(struct bytes_reader *r, struct mls_key_package *package);
void mls_key_package_write(struct bytes_writer *w, const struct mls_key_package *package);
void mls_key_package_write_tbs(struct bytes_writer *w, const struct mls_key_package *package);

/* --- The ratchet tree's nodes (sections 7.1, 12.4.3.3) --- */

enum mls_node_type { MLS_NODE_BLANK = 0, MLS_NODE_LEAF = 1, MLS_NODE_PARENT = 2 };

struct mls_parent_node {
    struct core_slice encryption_key;
    struct core_slice parent_hash;
    struct core_slice unmerged_leaves; /* list of u32, in increasing order */
    struct core_slice encoded;
};

void mls_parent_node_parse(struct bytes_reader *r, struct mls_parent_node *parent);
void mls_parent_node_write(struct bytes_writer *w, const struct mls_parent_node *parent);

struct mls_node {
    uint8_t type; /* enum mls_node_type; blank: an absent optional */
    union {
        struct mls_leaf_node leaf;
        struct mls_parent_node parent;
    };
};

/* One element of ratchet_tree: optional<Node>. */
void mls_node_parse(struct bytes_reader *r, struct mls_node *node);
void mls_node_write(struct bytes_writer *w, const struct mls_node *node);
/* The data of a ratchet_tree extension: the vector's content and the number of elements in it. False: malformed, empty,
 * ending in a blank, leaves and parents not in turn, or too many for MLS_TREE_DEPTH_MAX. */
bool mls_ratchet_tree_parse(struct core_slice data, struct core_slice *nodes, size_t *count);
bool mls_node_next(struct bytes_reader *r, struct mls_node *node);

/* --- Proposals (section 12.1) --- */

enum mls_psk_type { MLS_PSK_EXTERNAL = 1, MLS_PSK_RESUMPTION = 2 };
enum mls_psk_usage { MLS_PSK_APPLICATION = 1, MLS_PSK_REINIT = 2, MLS_PSK_BRANCH = 3 };

struct mls_psk_id {
    uint8_t type;               /* enum mls_psk_type */
    struct core_slice id;       /* external */
    uint8_t usage;              /* resumption: enum mls_psk_usage */
    struct core_slice group_id; /* resumption */
    uint64_t epoch;             /* resumption */
    struct core_slice nonce;
    struct core_slice encoded;
};

void mls_psk_id_parse(struct bytes_reader *r, struct mls_psk_id *id);
void mls_psk_id_write(struct bytes_writer *w, const struct mls_psk_id *id);
bool mls_psk_id_next(struct bytes_reader *r, struct mls_psk_id *id);

struct mls_reinit {
    struct core_slice group_id;
    uint16_t version;
    uint16_t cipher_suite;
    struct core_slice extensions;
};

struct mls_proposal {
    uint16_t type; /* enum mls_proposal_type: others have no known form and are malformed */
    union {
        struct mls_key_package add;
        struct mls_leaf_node update;
        uint32_t remove; /* leaf index */
        struct mls_psk_id psk;
        struct mls_reinit reinit;
        struct core_slice external_init;            /* KEM output */
        struct core_slice group_context_extensions; /* vector of extensions */
    };
    struct core_slice encoded;
};

void mls_proposal_parse(struct bytes_reader *r, struct mls_proposal *proposal);
void mls_proposal_write(struct bytes_writer *w, const struct mls_proposal *proposal);
/* What follows the type, for test vectors and other carriers of single proposals. */
void mls_proposal_parse_body(struct bytes_reader *r, uint16_t type, struct mls_proposal *proposal);
void mls_proposal_write_body(struct bytes_writer *w, const struct mls_proposal *proposal);

/* --- Commits (sections 7.6, 12.4) --- */

enum mls_proposal_or_ref_type { MLS_BY_VALUE = 1, MLS_BY_REFERENCE = 2 };

struct mls_proposal_or_ref {
    uint8_t type; /* enum mls_proposal_or_ref_type */
    union {
        struct mls_proposal proposal;
        struct core_slice reference;
    };
};

void mls_proposal_or_ref_parse(struct bytes_reader *r, struct mls_proposal_or_ref *item);
void mls_proposal_or_ref_write(struct bytes_writer *w, const struct mls_proposal_or_ref *item);
bool mls_proposal_or_ref_next(struct bytes_reader *r, struct mls_proposal_or_ref *item);

struct mls_hpke_ciphertext {
    struct core_slice kem_output;
    struct core_slice ciphertext;
};

void mls_hpke_ciphertext_parse(struct bytes_reader *r, struct mls_hpke_ciphertext *ciphertext);
void mls_hpke_ciphertext_write(struct bytes_writer *w, const struct mls_hpke_ciphertext *ciphertext);
bool mls_hpke_ciphertext_next(struct bytes_reader *r, struct mls_hpke_ciphertext *ciphertext);

struct mls_update_path_node {
    struct core_slice encryption_key;
    struct core_slice secrets; /* vector of mls_hpke_ciphertext */
    size_t secret_count;
};

void mls_update_path_node_parse(struct bytes_reader *r, struct mls_update_path_node *node);
void mls_update_path_node_write(struct bytes_writer *w, const struct mls_update_path_node *node);
bool mls_update_path_node_next(struct bytes_reader *r, struct mls_update_path_node *node);

struct mls_update_path {
    struct mls_leaf_node leaf_node;
    struct core_slice nodes; /* vector of mls_update_path_node */
    size_t node_count;
};

void mls_update_path_parse(struct bytes_reader *r, struct mls_update_path *path);
void mls_update_path_write(struct bytes_writer *w, const struct mls_update_path *path);

struct mls_commit {
    struct core_slice proposals; /* vector of mls_proposal_or_ref */
    size_t proposal_count;
    bool has_path;
    struct mls_update_path path;
};

void mls_commit_parse(struct bytes_reader *r, struct mls_commit *commit);
void mls_commit_write(struct bytes_writer *w, const struct mls_commit *commit);

/* --- Framing (section 6) --- */

struct mls_sender {
    uint8_t type;   /* enum mls_sender_type */
    uint32_t index; /* member: leaf; external: place in external_senders */
};

struct mls_content { /* FramedContent */
    struct core_slice group_id;
    uint64_t epoch;
    struct mls_sender sender;
    struct core_slice authenticated_data;
    uint8_t type; /* enum mls_content_type */
    union {
        struct core_slice application;
        struct mls_proposal proposal;
        struct mls_commit commit;
    };
    struct core_slice encoded;
};

void mls_content_parse(struct bytes_reader *r, struct mls_content *content);
void mls_content_write(struct bytes_writer *w, const struct mls_content *content);
/* What follows content_type: application_data, proposal or commit. */
void mls_content_parse_body(struct bytes_reader *r, struct mls_content *content);
void mls_content_write_body(struct bytes_writer *w, const struct mls_content *content);

struct mls_auth_data { /* FramedContentAuthData */
    struct core_slice signature;
    struct core_slice confirmation_tag; /* commits only */
    struct core_slice encoded;
};

void mls_auth_data_parse(struct bytes_reader *r, uint8_t content_type, struct mls_auth_data *auth);
void mls_auth_data_write(struct bytes_writer *w, uint8_t content_type, const struct mls_auth_data *auth);

struct mls_authenticated_content {
    uint16_t wire_format; /* enum mls_wire_format */
    struct mls_content content;
    struct mls_auth_data auth;
    struct core_slice encoded;
};

void mls_authenticated_content_parse(struct bytes_reader *r, struct mls_authenticated_content *message);
void mls_authenticated_content_write(struct bytes_writer *w, const struct mls_authenticated_content *message);

struct mls_public_message {
    struct mls_content content;
    struct mls_auth_data auth;
    struct core_slice membership_tag; /* of members */
};

void mls_public_message_parse(struct bytes_reader *r, struct mls_public_message *message);
void mls_public_message_write(struct bytes_writer *w, const struct mls_public_message *message);

struct mls_private_message {
    struct core_slice group_id;
    uint64_t epoch;
    uint8_t content_type;
    struct core_slice authenticated_data;
    struct core_slice encrypted_sender_data;
    struct core_slice ciphertext;
};

void mls_private_message_parse(struct bytes_reader *r, struct mls_private_message *message);
void mls_private_message_write(struct bytes_writer *w, const struct mls_private_message *message);

/* --- Joining (section 12.4.3) --- */

struct mls_group_context {
    uint16_t version;
    uint16_t cipher_suite;
    struct core_slice group_id;
    uint64_t epoch;
    struct core_slice tree_hash;
    struct core_slice confirmed_transcript_hash;
    struct core_slice extensions;
    struct core_slice encoded;
};

void mls_group_context_parse(struct bytes_reader *r, struct mls_group_context *context);
void mls_group_context_write(struct bytes_writer *w, const struct mls_group_context *context);

struct mls_group_info {
    struct mls_group_context group_context;
    struct core_slice extensions;
    struct core_slice confirmation_tag;
    uint32_t signer; /* leaf index */
    struct core_slice signature;
    struct core_slice tbs; /* GroupInfoTBS */
};

void mls_group_info_parse(struct bytes_reader *r, struct mls_group_info *info);
void mls_group_info_write(struct bytes_writer *w, const struct mls_group_info *info);
void mls_group_info_write_tbs(struct bytes_writer *w, const struct mls_group_info *info);

struct mls_group_secrets { /* secret: wipe what they were parsed from */
    struct core_slice joiner_secret;
    bool has_path_secret;
    struct core_slice path_secret;
    struct core_slice psks; /* vector of mls_psk_id */
    size_t psk_count;
};

void mls_group_secrets_parse(struct bytes_reader *r, struct mls_group_secrets *secrets);
void mls_group_secrets_write(struct bytes_writer *w, const struct mls_group_secrets *secrets);

struct mls_encrypted_group_secrets {
    struct core_slice new_member; /* KeyPackageRef */
    struct mls_hpke_ciphertext secrets;
};

void mls_encrypted_group_secrets_parse(struct bytes_reader *r, struct mls_encrypted_group_secrets *entry);
void mls_encrypted_group_secrets_write(struct bytes_writer *w, const struct mls_encrypted_group_secrets *entry);
bool mls_encrypted_group_secrets_next(struct bytes_reader *r, struct mls_encrypted_group_secrets *entry);

struct mls_welcome {
    uint16_t cipher_suite;
    struct core_slice secrets; /* vector of mls_encrypted_group_secrets */
    size_t secret_count;
    struct core_slice encrypted_group_info;
};

void mls_welcome_parse(struct bytes_reader *r, struct mls_welcome *welcome);
void mls_welcome_write(struct bytes_writer *w, const struct mls_welcome *welcome);

/* --- MLSMessage --- */

struct mls_message {
    uint16_t wire_format; /* enum mls_wire_format */
    union {
        struct mls_public_message public_message;
        struct mls_private_message private_message;
        struct mls_welcome welcome;
        struct mls_group_info group_info;
        struct mls_key_package key_package;
    };
};

/* The whole of data[0..len) as one message. MLS_MALFORMED, MLS_LIMIT. */
SOTTO_MUST_CHECK int mls_message_parse(const uint8_t *data, size_t len, struct mls_message *message);
void mls_message_write(struct bytes_writer *w, const struct mls_message *message);

/* --- Extensions' contents (sections 11.1, 12.1.8.1, 12.4.3.2) --- */

struct mls_required_capabilities { /* lists of 16-bit code points */
    struct core_slice extensions;
    struct core_slice proposals;
    struct core_slice credentials;
};

void mls_required_capabilities_parse(struct bytes_reader *r, struct mls_required_capabilities *required);
void mls_required_capabilities_write(struct bytes_writer *w, const struct mls_required_capabilities *required);

struct mls_external_sender {
    struct core_slice signature_key;
    struct mls_credential credential;
};

void mls_external_sender_parse(struct bytes_reader *r, struct mls_external_sender *sender);
void mls_external_sender_write(struct bytes_writer *w, const struct mls_external_sender *sender);
/* The data of an external_senders extension: the vector's content. False if it is malformed. */
bool mls_external_senders_parse(struct core_slice data, struct core_slice *senders, size_t *count);
bool mls_external_sender_next(struct bytes_reader *r, struct mls_external_sender *sender);
/* The data of an external_pub or application_id extension: one vector. False if it is malformed. */
bool mls_opaque_extension_parse(struct core_slice data, struct core_slice *content);

#endif
