/* What the files of the group share: its state, staged commits, lists of proposals. */
#ifndef MLS_GROUP_H
#define MLS_GROUP_H

#include <string.h>

#include "mls/framing.h"
#include "mls/key_schedule.h"
#include "mls/leaf_node.h"
#include "mls/treekem.h"
#include "wire/buffer.h"
#include "wire/vector.h"

enum { MLS_NO_LEAF = UINT32_MAX };

static inline struct core_slice mls_in(struct mls_bytes bytes)
{
    return (struct core_slice){bytes.data, bytes.len};
}

static inline struct mls_bytes mls_out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

/* Gives what was written to the caller, exactly sized. MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_output_take(struct bytes_writer *w, struct mls_output *out);
/* A copy; a length of 0 gives an empty one that is not NULL. */
SOTTO_MUST_CHECK int mls_output_copy(struct core_slice bytes, struct mls_output *out);

/* --- An epoch --- */

/* All that a commit replaces, but the tree. Secret. */
struct mls_epoch {
    struct bytes_writer encoded;      /* GroupContext */
    struct mls_group_context context; /* over encoded */
    struct mls_epoch_secrets secrets;
    struct mls_secret_tree messages;
    uint8_t interim[MLS_HASH_MAX]; /* transcript hash */
    uint8_t confirmation_tag[MLS_HASH_MAX];
    struct mls_tree_keys keys;
    struct core_signing_key signer;
};

void mls_epoch_wipe(struct mls_epoch *epoch);
static inline struct core_slice mls_epoch_encoded(const struct mls_epoch *epoch)
{
    return wire_buffer_slice(&epoch->encoded);
}
/* Encodes the context into the epoch and sets its view. MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_epoch_set_context(struct mls_epoch *epoch, const struct mls_group_context *context);
/* From the joiner secret: all secrets and the secret tree. */
SOTTO_MUST_CHECK int mls_epoch_derive(struct mls_epoch *epoch, const struct mls_suite *suite, uint32_t leaves,
                                      const uint8_t *joiner_secret, const uint8_t *psk_secret);

/* --- Proposals that wait --- */

/* A proposal that was sent or received. Shared by the group and what was staged: counted. */
struct mls_kept {
    size_t holders;
    uint8_t ref[MLS_HASH_MAX];
    struct mls_output encoded; /* AuthenticatedContent */
    struct mls_authenticated_content message;
    bool own_update; /* and these are its secrets */
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    struct core_signing_key signer;
};

/* From the encoding of an AuthenticatedContent: with one holder. MLS_MALFORMED unless it is a proposal, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_kept_new(const struct mls_suite *suite, struct core_slice encoded, struct mls_kept **kept);
void mls_kept_drop(struct mls_kept *kept);

/* --- The list of a commit --- */

struct mls_item {
    struct mls_proposal proposal;
    uint8_t sender_type;
    uint32_t sender;
    struct mls_kept *kept; /* where it was sent apart; held */
    uint32_t leaf;         /* Add: where it went */
};

struct mls_list {
    struct mls_item *items;
    size_t count;
    size_t cap;
    /* found by mls_list_check() */
    bool path_required;
    size_t adds;
    size_t psks;
    const struct mls_item *extensions;
    const struct mls_item *reinit;
    const struct mls_item *external_init;
    const struct mls_item *own_update;
    size_t culprit; /* the item a check or the application failed at; count if none in particular */
    bool own_removed;
    uint32_t resynced; /* the leaf that an external commit removes */
};

void mls_list_init(struct mls_list *list);
void mls_list_wipe(struct mls_list *list);
/* kept may be NULL; else it is held. MLS_LIMIT, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_list_add(struct mls_list *list, const struct mls_proposal *proposal, uint8_t sender_type,
                                  uint32_t sender, struct mls_kept *kept);
/* Takes an item out; the order stays. */
void mls_list_drop(struct mls_list *list, size_t i);
/* The proposals of a received commit, in order. */
SOTTO_MUST_CHECK int mls_list_resolve(struct mls_list *list, const struct mls_group *group,
                                      const struct mls_content *content);

/* Who commits, and when. */
struct mls_committer {
    uint8_t sender_type; /* enum mls_sender_type */
    uint32_t leaf;       /* of a member */
    uint64_t now_s;
};

/* Checks the list as section 12.2 asks, then applies it to the stage (section 12.3); the application is asked about
 * each proposal and each leaf. list->culprit is set on errors. */
SOTTO_MUST_CHECK int mls_list_apply(struct mls_list *list, const struct mls_group *group,
                                    const struct mls_committer *committer, struct mls_ratchet_tree *stage);
/* The extensions of the epoch that the list begins. */
struct core_slice mls_list_extensions(const struct mls_list *list, const struct mls_group *group);
/* psk_secret of the list's PSKs. MLS_PSK. */
SOTTO_MUST_CHECK int mls_list_psk_secret(const struct mls_list *list, const struct mls_group *group, uint8_t *out);

/* --- Groups --- */

struct mls_resumption {
    uint64_t epoch;
    uint8_t psk[MLS_HASH_MAX];
};

/* The group that a new one continues; the link is made by the first commit. Its PSK, and the group's id, only in a
 * founder's. */
struct mls_origin {
    uint8_t usage; /* enum mls_psk_usage; 0: none */
    struct mls_output group_id;
    uint64_t epoch;
    uint8_t psk[MLS_HASH_MAX];
    size_t psk_len;
};

/* A leaf that is not now as it was in the epoch before. */
struct mls_past_leaf {
    uint32_t leaf;
    bool removed;             /* by the commit */
    struct mls_output memory; /* as it was, encoded; empty: it sends no more, or did not yet */
    struct mls_leaf_node leaf_node;
};

/* What opens application messages of the epoch before. Secret. Zeros: nothing. */
struct mls_past {
    struct bytes_writer encoded;      /* GroupContext */
    struct mls_group_context context; /* over encoded */
    struct mls_secret_tree messages;
    uint8_t sender_data[MLS_HASH_MAX];
    struct mls_past_leaf *changed; /* other leaves are those of the group's tree */
    size_t changed_count;
};

/* The leaves that merging the commit changes, copied: the first half of keeping the present epoch. MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_past_prepare(struct mls_past *past, const struct mls_staged *staged);
/* The second half: takes the epoch's secrets over, but the removed leaves'. */
void mls_past_take(struct mls_past *past, struct mls_epoch *epoch);
void mls_past_wipe(struct mls_past *past);
/* Whether messages of the epoch can be opened. */
bool mls_past_is(const struct mls_past *past, uint64_t epoch);
/* A leaf as it was; NULL: none that may be heard. */
const struct mls_leaf_node *mls_past_leaf(const struct mls_group *group, uint32_t leaf);

struct mls_group {
    const struct mls_suites *suites;
    const struct mls_suite *suite;
    struct mls_policy policy;
    struct mls_ratchet_tree *tree;
    struct mls_epoch epoch;
    bool keeps_past;
    struct mls_past past;
    uint32_t own_leaf;
    bool removed;
    struct mls_output reinit; /* the committed ReInit proposal, encoded; empty: none */
    struct mls_origin origin;
    const struct mls_group *resumed; /* while this one is joined: whose resumption PSKs are known; else NULL */
    struct mls_resumption resumptions[MLS_RESUMPTIONS_KEPT]; /* of past epochs, newest first */
    size_t resumption_count;
    struct mls_kept **kept;
    size_t kept_count;
    size_t kept_cap;
    size_t kept_bytes;
};

/* An empty group. MLS_MEMORY, MLS_SUITE. */
SOTTO_MUST_CHECK int mls_group_alloc(const struct mls_suites *suites, uint16_t suite, const struct mls_policy *policy,
                                     struct mls_group **group);
/* Whether the group can still send and receive. MLS_REMOVED, MLS_STATE. */
SOTTO_MUST_CHECK int mls_group_usable(const struct mls_group *group);
/* Keeps a proposal, which the group then holds. MLS_LIMIT, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_group_keep(struct mls_group *group, struct mls_kept *kept);
struct mls_own_update;
/* Keeps a proposal that was sent or received, unless it is kept already; update: the secrets of an own Update, or NULL.
 * MLS_LIMIT, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_group_keep_message(struct mls_group *group, const struct mls_authenticated_content *message,
                                            const struct mls_own_update *update);
/* Drops the one that was kept last. */
void mls_group_unkeep(struct mls_group *group);
struct mls_kept *mls_group_find_kept(const struct mls_group *group, struct core_slice ref);
/* A resumption PSK of this group: NULL if it is not kept. */
const uint8_t *mls_group_resumption(const struct mls_group *group, uint64_t epoch);
/* The secret of a PSK; secret has room for MLS_PSK_MAX. origin: of the group being created or joined; may be NULL.
 * MLS_PSK. */
SOTTO_MUST_CHECK int mls_psk_find(const struct mls_group *group, const struct mls_psk_id *id, uint8_t *secret,
                                  size_t *len);

/* --- Staged commits --- */

struct mls_staged {
    struct mls_group *group;
    uint64_t from; /* epoch */
    struct mls_ratchet_tree *tree;
    struct mls_epoch next;
    struct mls_output content; /* what list and info borrow from */
    struct core_slice framed;  /* FramedContent, in content */
    struct mls_list list;
    struct mls_proposal_info *proposals;
    struct mls_commit_info info;
    struct mls_output message; /* of own ones, as the next two */
    struct mls_output welcome;
    struct bytes_writer values; /* proposals by value */
};

/* MLS_MEMORY */
SOTTO_MUST_CHECK int mls_staged_new(struct mls_group *group, struct mls_staged **staged);
/* Fills staged->info from its list and the rest. MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_staged_describe(struct mls_staged *staged, const struct mls_committer *committer, bool own,
                                         const struct mls_content *content, const struct mls_leaf_node *path_leaf);
/* Describes it, and asks the application. MLS_REFUSED, MLS_MEMORY. */
SOTTO_MUST_CHECK int mls_staged_ask(struct mls_staged *staged, const struct mls_committer *committer, bool own,
                                    const struct mls_content *content, const struct mls_leaf_node *path_leaf);
/* The GroupContext of the next epoch, with the tree as staged; confirmed: the transcript hash. MLS_LIMIT for the last
 * epoch, errors of hashing. */
SOTTO_MUST_CHECK int mls_staged_context(struct mls_staged *staged, struct core_slice confirmed);
/* The next epoch's transcript and secrets, from the commit and its secrets; the joiner secret for the Welcome, whose
 * room the caller has. Needs keys, signer and the provisional context. The confirmation tag is computed, not compared.
 */
SOTTO_MUST_CHECK int mls_staged_derive(struct mls_staged *staged, const struct mls_authenticated_content *message,
                                       const uint8_t *init_secret, const uint8_t *commit_secret, uint8_t *joiner_secret,
                                       uint8_t *psk_secret);
/* Whether the group has gone on without it: then its tree is none any more. */
bool mls_staged_is_stale(const struct mls_staged *staged);
/* Does what mls_group_merge() does. */
SOTTO_MUST_CHECK int mls_staged_merge(struct mls_staged *staged);
/* Makes a commit: of a member, or (external) of the joiner of a group that was only looked at, whose init secret and
 * new leaf it gets. */
struct mls_commit_job {
    const struct mls_commit_config *config;
    const struct mls_leaf_node *template;  /* the new leaf's; NULL: the old one */
    const struct core_signing_key *signer; /* of the new leaf */
    bool external;
    const uint8_t *init_secret;
};
SOTTO_MUST_CHECK int mls_staged_make(struct mls_staged *staged, const struct mls_commit_job *job);

/* --- Leaves and key packages --- */

enum { MLS_GREASE_LEN = 4 };

/* A leaf node's fields as configured: credential, capabilities, extensions; the rest is zeros. */
struct mls_leaf_template {
    struct bytes_writer buffer;
    struct mls_leaf_node leaf;
    struct core_signing_key signer;
    uint8_t grease[MLS_GREASE_LEN]; /* random: of what nobody supports; the extension is made of all but the first */
};

/* package: whose leaf it is, as "extensions included in the extensions or leaf_node.extensions fields MUST be included
 * in the leaf_node.capabilities field" (section 10); NULL: of none. */
SOTTO_MUST_CHECK int mls_leaf_template_init(struct mls_leaf_template *template, const struct mls_suites *suites,
                                            const struct mls_suite *suite, const struct mls_leaf_config *config,
                                            const struct mls_key_package_config *package);
void mls_leaf_template_wipe(struct mls_leaf_template *template);
/* Writes a GREASE extension (section 13.5) behind those of items, if it may stand there: its type and its data, less
 * than len bytes, come from random[0..len), of which there are two at least. */
void mls_grease_write(struct bytes_writer *w, const uint8_t *random, size_t len, const struct mls_extension_item *items,
                      size_t count);
bool mls_extension_items_have(const struct mls_extension_item *items, size_t count, uint16_t type);
/* Writes extensions as a vector's content. MLS_EXTENSION for a type twice or too many, or a malformed default one. */
SOTTO_MUST_CHECK int mls_extension_items_write(struct bytes_writer *w, const struct mls_extension_item *items,
                                               size_t count);
/* Whether the contents of the extension types that this library knows are well-formed. MLS_EXTENSION. */
SOTTO_MUST_CHECK int mls_group_extensions_check(struct core_slice extensions);

void mls_member_view(const struct mls_leaf_node *leaf_node, uint32_t leaf, struct mls_member *out);
void mls_proposal_view(const struct mls_item *item, struct mls_proposal_info *out);

/* How a leaf node is to be validated. */
struct mls_leaf_question {
    enum mls_credential_use use;
    uint8_t source; /* enum mls_leaf_source, or 0 for any */
    uint32_t leaf;
    bool check_lifetime;
    bool signed_here; /* just now: see struct mls_leaf_rules */
    uint64_t now_s;
    struct core_slice extensions;         /* the group's */
    const struct mls_leaf_node *old_leaf; /* what it replaces: asks for succession; NULL: nothing */
    bool always_ask;                      /* for succession, also if nothing differs */
};

SOTTO_MUST_CHECK int mls_leaf_check(const struct mls_group *group, const struct mls_leaf_node *leaf_node,
                                    const struct mls_leaf_question *question);
/* Section 10.1, and the leaf's rules. */
SOTTO_MUST_CHECK int mls_key_package_check(const struct mls_group *group, const struct mls_key_package *package,
                                           struct core_slice extensions, uint64_t now_s);
/* MLS_DUPLICATE if the leaf's client is in the tree already. Of the leaf only what mls_member_view() shows counts. */
SOTTO_MUST_CHECK int mls_client_is_new(const struct mls_group *group, const struct mls_ratchet_tree *tree,
                                       const struct mls_leaf_node *leaf_node);

struct mls_key_package_keys {
    const struct mls_suite *suite;
    struct mls_output encoded; /* KeyPackage */
    struct mls_key_package package;
    uint8_t ref[MLS_HASH_MAX];
    bool last_resort;
    bool used;
    uint8_t init_private[MLS_KEM_PRIVATE_MAX];
    uint8_t encryption_private[MLS_KEM_PRIVATE_MAX];
    struct core_signing_key signer;
};

/* MLS_KEY unless the private keys are those of the public ones; MLS_SIGNATURE. package's encoding is copied. */
SOTTO_MUST_CHECK int mls_key_package_keys_new(const struct mls_suite *suite, const struct mls_key_package *package,
                                              struct mls_bytes init_private, struct mls_bytes encryption_private,
                                              struct mls_bytes signature_private, struct mls_key_package_keys **keys);

/* --- Proposals made here --- */

/* The secrets of an Update. */
struct mls_own_update {
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    struct core_signing_key signer;
};

/* Writes the proposal. update: NULL where none may be made. Nothing is validated but the form. */
SOTTO_MUST_CHECK int mls_proposal_build(const struct mls_suite *suite, const struct mls_group *group,
                                        const struct mls_proposal_config *config, struct mls_own_update *update,
                                        struct bytes_writer *w);
/* Whether a proposal is valid by itself for the group, whoever sends it, and the application takes it. */
SOTTO_MUST_CHECK int mls_proposal_check(const struct mls_group *group, const struct mls_item *item, uint64_t now_s);

/* --- State --- */

/* The state's plaintext, in the presentation language; staged may be NULL. Secret. */
void mls_group_state_write(struct bytes_writer *w, const struct mls_group *group, const struct mls_staged *staged);
/* Reads all of plain. *staged is NULL if nothing was staged. Errors as of mls_group_load(). */
SOTTO_MUST_CHECK int mls_group_state_read(struct core_slice plain, const struct mls_suites *suites,
                                          const struct mls_policy *policy, struct mls_group **group,
                                          struct mls_staged **staged);
/* An epoch but for its context: confirmation tag, secrets, message keys, private keys. */
void mls_epoch_write(struct bytes_writer *w, const struct mls_suite *suite, const struct mls_epoch *epoch);
/* Into an epoch whose context is set, and checks it with the tree, of which own_leaf is the reader's leaf. */
SOTTO_MUST_CHECK int mls_epoch_read(struct bytes_reader *r, const struct mls_suite *suite,
                                    struct mls_ratchet_tree *tree, uint32_t own_leaf, struct mls_epoch *epoch);
/* The part of a state that is a staged commit. */
void mls_staged_write(struct bytes_writer *w, const struct mls_staged *staged);
SOTTO_MUST_CHECK int mls_staged_read(struct bytes_reader *r, struct mls_group *group, struct mls_staged **staged);

/* --- GroupInfo and Welcome --- */

/* Writes a signed GroupInfo of the epoch. external_pub, tree: whether it carries them. */
SOTTO_MUST_CHECK int mls_group_info_build(const struct mls_suite *suite, const struct mls_epoch *epoch,
                                          const struct mls_ratchet_tree *tree, uint32_t signer, bool with_tree,
                                          bool with_external_pub, struct bytes_writer *w);
/* Writes the Welcome of a commit, as MLSMessage. path: NULL if it had none. */
SOTTO_MUST_CHECK int mls_welcome_build(const struct mls_staged *staged, const struct mls_path *path,
                                       const uint8_t *joiner_secret, const uint8_t *psk_secret, bool with_tree,
                                       struct bytes_writer *w);
/* A group as its GroupInfo and tree show it, all of it checked that needs no secret: context, tree, interim transcript
 * hash are set. */
SOTTO_MUST_CHECK int mls_group_open_info(struct mls_group *group, const struct mls_group_info *info,
                                         const struct mls_join_config *config);

#endif
