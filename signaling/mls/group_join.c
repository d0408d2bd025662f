/* Joining by a Welcome (RFC 9420 section 12.4.3.1). */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- GroupInfo and tree --- */

static int read_tree(struct mls_group *group, const struct mls_group_info *info, const struct mls_join_config *config)
{
    struct core_slice data;
    if (!mls_extension_find(info->extensions, MLS_EXTENSION_RATCHET_TREE, &data)) {
        data = mls_in(config->tree);
        if (data.len == 0)
            return MLS_TREE_MISSING;
    }
    return mls_ratchet_tree_read(group->suite, data, &group->tree);
}

static int check_leaves(const struct mls_group *group, const struct mls_join_config *config)
{
    struct mls_leaf_question question = {
        .use = MLS_CREDENTIAL_OF_TREE,
        .check_lifetime = config->check_lifetimes,
        .now_s = config->now_s,
        .extensions = group->epoch.context.extensions,
    };
    int rc = MLS_OK;
    for (uint32_t leaf = 0; rc == MLS_OK && leaf < mls_ratchet_tree_leaves(group->tree); leaf++) {
        const struct mls_leaf_node *leaf_node = mls_ratchet_tree_leaf(group->tree, leaf);
        question.leaf = leaf;
        if (leaf_node)
            rc = mls_leaf_check(group, leaf_node, &question);
    }
    return rc;
}

static int check_tree(struct mls_group *group, const struct mls_join_config *config)
{
    const struct mls_group_context *context = &group->epoch.context;
    uint8_t hash[MLS_HASH_MAX];
    int rc = mls_ratchet_tree_hash(group->tree, hash);
    if (rc == MLS_OK && !mls_same(context->tree_hash, (struct core_slice){hash, group->suite->hash->len}))
        rc = MLS_TREE;
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_verify(group->tree);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_check_members(group->tree, context->extensions, true);
    if (rc == MLS_OK)
        rc = check_leaves(group, config);
    return rc;
}

int mls_group_open_info(struct mls_group *group, const struct mls_group_info *info,
                        const struct mls_join_config *config)
{
    const struct mls_suite *suite = group->suite;
    if (info->group_context.cipher_suite != suite->id)
        return MLS_SUITE;
    if (info->confirmation_tag.len != suite->hash->len)
        return MLS_CONFIRMATION;
    int rc = mls_group_extensions_check(info->group_context.extensions);
    if (rc == MLS_OK)
        rc = read_tree(group, info, config);
    if (rc != MLS_OK)
        return rc;
    /* the signature first: it is the cheapest thing to be wrong */
    const struct mls_leaf_node *signer = mls_ratchet_tree_leaf(group->tree, info->signer);
    if (!signer)
        return MLS_LEAF;
    rc = mls_verify_with_label(suite, signer->signature_key, MLS_TEXT("GroupInfoTBS"), &info->tbs, 1, info->signature);
    if (rc == MLS_OK)
        rc = mls_epoch_set_context(&group->epoch, &info->group_context);
    if (rc == MLS_OK)
        rc = check_tree(group, config);
    memcpy(group->epoch.confirmation_tag, info->confirmation_tag.data, suite->hash->len);
    if (rc == MLS_OK)
        rc = mls_interim_transcript_hash(suite, group->epoch.context.confirmed_transcript_hash, info->confirmation_tag,
                                         group->epoch.interim);
    return rc;
}

/* --- The Welcome --- */

/* What is opened on the way. Secret. */
struct joining {
    struct mls_key_package_keys *keys;
    const struct mls_join_config *config;
    struct mls_output secrets_plain;
    struct mls_group_secrets secrets;
    struct mls_output info_plain;
    struct mls_group_info info;
    struct mls_list psks; /* in the form in which a commit has them */
    uint8_t psk_secret[MLS_HASH_MAX];
};

static int open_secrets(struct joining *joining, const struct mls_welcome *welcome)
{
    const struct mls_key_package_keys *keys = joining->keys;
    const struct mls_suite *suite = keys->suite;
    struct mls_encrypted_group_secrets entry;
    struct bytes_reader r = mls_walk(welcome->secrets);
    bool found = false;
    while (!found && mls_encrypted_group_secrets_next(&r, &entry))
        found = mls_same(entry.new_member, mls_in(mls_key_package_keys_ref(keys)));
    if (!found || welcome->cipher_suite != suite->id)
        return MLS_WELCOME;
    const size_t tag_len = suite->aead->tag_len;
    if (entry.secrets.ciphertext.len < tag_len)
        return MLS_MALFORMED;
    int rc = mls_output_copy(entry.secrets.ciphertext, &joining->secrets_plain);
    if (rc != MLS_OK)
        return rc;
    rc = mls_decrypt_with_label(suite, keys->init_private, keys->package.init_key.data, MLS_TEXT("Welcome"),
                                welcome->encrypted_group_info, &entry.secrets, joining->secrets_plain.data);
    if (rc != MLS_OK)
        return rc;
    r = mls_walk((struct core_slice){joining->secrets_plain.data, joining->secrets_plain.len - tag_len});
    mls_group_secrets_parse(&r, &joining->secrets);
    if (!bytes_reader_done(&r) || joining->secrets.joiner_secret.len != suite->hash->len ||
        (joining->secrets.has_path_secret && joining->secrets.path_secret.len != suite->hash->len))
        return MLS_MALFORMED;
    return MLS_OK;
}

/* A PSK that links the group to another has to be the only one of its kind, and of a group that was given. */
static int note_origin(struct mls_group *group, const struct mls_psk_id *id)
{
    if (id->type != MLS_PSK_RESUMPTION || id->usage == MLS_PSK_APPLICATION)
        return MLS_OK;
    if (group->origin.usage)
        return MLS_PSK;
    if (!group->resumed || !mls_same(id->group_id, group->resumed->epoch.context.group_id))
        return MLS_PSK;
    group->origin.usage = id->usage;
    group->origin.epoch = id->epoch;
    return MLS_OK;
}

static int find_psks(struct joining *joining, struct mls_group *group)
{
    struct bytes_reader r = mls_walk(joining->secrets.psks);
    struct mls_proposal proposal = {.type = MLS_PROPOSAL_PSK};
    int rc = MLS_OK;
    while (rc == MLS_OK && mls_psk_id_next(&r, &proposal.psk)) {
        if (proposal.psk.nonce.len != group->suite->hash->len)
            return MLS_PSK;
        rc = note_origin(group, &proposal.psk);
        if (rc == MLS_OK)
            rc = mls_list_add(&joining->psks, &proposal, MLS_SENDER_MEMBER, 0, NULL);
        joining->psks.psks++;
    }
    return rc == MLS_OK ? mls_list_psk_secret(&joining->psks, group, joining->psk_secret) : rc;
}

static int open_info(struct joining *joining, const struct mls_welcome *welcome)
{
    const struct mls_suite *suite = joining->keys->suite;
    const struct core_slice sealed = welcome->encrypted_group_info;
    const size_t tag_len = suite->aead->tag_len;
    uint8_t welcome_secret[MLS_HASH_MAX];
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    if (sealed.len < tag_len)
        return MLS_MALFORMED;
    int rc = mls_output_copy((struct core_slice){sealed.data, sealed.len - tag_len}, &joining->info_plain);
    if (rc == MLS_OK)
        rc = mls_welcome_secret(suite, joining->secrets.joiner_secret.data, joining->psk_secret, welcome_secret);
    if (rc == MLS_OK)
        rc = mls_welcome_key(suite, welcome_secret, key, nonce);
    if (rc == MLS_OK)
        rc = mls_aead_open(suite, key, nonce, (struct core_slice){0}, joining->info_plain.data, joining->info_plain.len,
                           sealed.data + joining->info_plain.len);
    core_wipe(welcome_secret, sizeof welcome_secret);
    core_wipe(key, sizeof key);
    if (rc != MLS_OK)
        return rc;
    struct bytes_reader r = mls_walk((struct core_slice){joining->info_plain.data, joining->info_plain.len});
    mls_group_info_parse(&r, &joining->info);
    return bytes_reader_done(&r) ? MLS_OK : MLS_MALFORMED;
}

static int set_keys(const struct joining *joining, struct mls_group *group)
{
    const struct mls_key_package_keys *keys = joining->keys;
    /* "Identify a leaf whose LeafNode is identical to the one in the KeyPackage" */
    if (!mls_ratchet_tree_find(group->tree, &keys->package.leaf_node, &group->own_leaf))
        return MLS_WELCOME;
    mls_tree_keys_init(&group->epoch.keys, group->suite, group->own_leaf, keys->encryption_private);
    group->epoch.signer = keys->signer;
    if (!joining->secrets.has_path_secret)
        return MLS_OK;
    return mls_tree_keys_join(&group->epoch.keys, group->tree, joining->info.signer, joining->secrets.path_secret.data);
}

/* --- The group it continues --- */

/* Whether the member's client has a leaf in the tree. */
static bool has_client(const struct mls_group *group, const struct mls_ratchet_tree *tree,
                       const struct mls_leaf_node *leaf_node)
{
    return mls_client_is_new(group, tree, leaf_node) == MLS_DUPLICATE;
}

/* Whether each member of one group has its client in the other. */
static bool is_within(const struct mls_group *group, const struct mls_ratchet_tree *members,
                      const struct mls_ratchet_tree *others)
{
    for (uint32_t leaf = 0; leaf < mls_ratchet_tree_leaves(members); leaf++) {
        const struct mls_leaf_node *leaf_node = mls_ratchet_tree_leaf(members, leaf);
        if (leaf_node && !has_client(group, others, leaf_node))
            return false;
    }
    return true;
}

/* The end of section 12.4.3.1; sections 11.2 and 11.3. */
static int check_origin(const struct mls_group *group, const struct mls_group *old)
{
    const struct mls_group_context *context = &group->epoch.context;
    if (!group->origin.usage)
        return MLS_OK;
    if (context->epoch != 1 || !group->policy.same_client)
        return MLS_REINIT;
    if (group->origin.usage == MLS_PSK_BRANCH)
        return context->cipher_suite == old->suite->id && is_within(group, group->tree, old->tree) ? MLS_OK
                                                                                                   : MLS_REINIT;
    struct mls_proposal reinit;
    struct bytes_reader r = mls_walk((struct core_slice){old->reinit.data, old->reinit.len});
    if (!old->reinit.data || group->origin.epoch != old->epoch.context.epoch)
        return MLS_REINIT;
    mls_proposal_parse(&r, &reinit);
    if (!bytes_reader_done(&r) || !mls_same(reinit.reinit.group_id, context->group_id) ||
        reinit.reinit.version != context->version || reinit.reinit.cipher_suite != context->cipher_suite ||
        !mls_same(reinit.reinit.extensions, context->extensions))
        return MLS_REINIT;
    return is_within(group, old->tree, group->tree) ? MLS_OK : MLS_REINIT;
}

/* --- The whole --- */

static int join(struct joining *joining, const struct mls_welcome *welcome, struct mls_group *group)
{
    const struct mls_suite *suite = group->suite;
    group->resumed = joining->config->resumed;
    int rc = open_secrets(joining, welcome);
    if (rc == MLS_OK)
        rc = find_psks(joining, group);
    if (rc == MLS_OK)
        rc = open_info(joining, welcome);
    if (rc == MLS_OK)
        rc = mls_group_open_info(group, &joining->info, joining->config);
    if (rc == MLS_OK)
        rc = set_keys(joining, group);
    if (rc == MLS_OK)
        rc = mls_epoch_derive(&group->epoch, suite, mls_ratchet_tree_leaves(group->tree),
                              joining->secrets.joiner_secret.data, joining->psk_secret);
    if (rc == MLS_OK)
        rc = mls_confirmation_check(suite, group->epoch.secrets.confirmation_key,
                                    group->epoch.context.confirmed_transcript_hash, joining->info.confirmation_tag);
    if (rc == MLS_OK)
        rc = check_origin(group, joining->config->resumed);
    group->resumed = NULL;
    return rc;
}

/* "The init_key MUST be deleted" (section 10): the keys cannot serve a second time. */
static void spend(struct mls_key_package_keys *keys)
{
    if (keys->last_resort)
        return;
    core_wipe(keys->init_private, sizeof keys->init_private);
    core_wipe(keys->encryption_private, sizeof keys->encryption_private);
    core_wipe(&keys->signer, sizeof keys->signer);
    keys->used = true;
}

int mls_group_join(struct mls_bytes welcome, struct mls_key_package_keys *keys, const struct mls_join_config *config,
                   struct mls_group **group)
{
    struct joining joining = {.keys = keys, .config = config};
    struct mls_message message;
    struct mls_group *made = NULL;
    if (keys->used)
        return MLS_STATE;
    int rc = mls_message_parse(welcome.data, welcome.len, &message);
    if (rc == MLS_OK && message.wire_format != MLS_WIRE_WELCOME)
        rc = MLS_MALFORMED;
    if (rc == MLS_OK)
        rc = mls_group_alloc(config->suites, keys->suite->id, &config->policy, &made);
    if (rc != MLS_OK)
        return rc;
    mls_list_init(&joining.psks);
    rc = join(&joining, &message.welcome, made);
    mls_list_wipe(&joining.psks);
    mls_output_free(&joining.secrets_plain);
    mls_output_free(&joining.info_plain);
    core_wipe(joining.psk_secret, sizeof joining.psk_secret);
    if (rc != MLS_OK) {
        mls_group_free(made);
        return rc;
    }
    made->origin = (struct mls_origin){0};
    spend(keys);
    *group = made;
    return MLS_OK;
}
