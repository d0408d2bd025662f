/* New groups: of a founder, after a ReInit, branched off (RFC 9420 section 11). */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* Trees change in stages only. */
static int add_leaf(struct mls_group *group, const struct mls_leaf_node *leaf)
{
    struct mls_ratchet_tree *stage = NULL;
    int rc = mls_ratchet_tree_stage(group->tree, &stage);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_add(stage, leaf, &group->own_leaf);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_merge(stage);
    if (rc != MLS_OK)
        mls_ratchet_tree_free(stage);
    return rc;
}

/* What a group begins with. */
struct founding {
    struct core_slice group_id; /* empty: random */
    const struct mls_leaf_config *leaf;
    struct core_slice extensions; /* the GroupContext's, as a vector's content */
    uint64_t not_before_s;        /* the founder's leaf's lifetime */
    uint64_t not_after_s;
};

/* The founder's leaf, put into the tree's only place. */
static int add_founder(struct mls_group *group, const struct founding *founding, struct mls_leaf_template *template)
{
    const struct mls_suite *suite = group->suite;
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    struct bytes_writer encoded;
    struct mls_leaf_node leaf;
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    int rc = mls_hpke_generate(suite, private_key, public_key);
    if (rc != MLS_OK)
        goto out;
    template->leaf.source = MLS_LEAF_KEY_PACKAGE;
    template->leaf.not_before = founding->not_before_s;
    template->leaf.not_after = founding->not_after_s;
    template->leaf.encryption_key = (struct core_slice){public_key, suite->kem->public_len};
    rc = mls_leaf_node_sign(&encoded, suite, &template->leaf, &template->signer, (struct core_slice){0}, 0);
    if (rc != MLS_OK)
        goto out;
    struct bytes_reader r = mls_walk(wire_buffer_slice(&encoded));
    mls_leaf_node_parse(&r, &leaf);
    rc = bytes_reader_done(&r) ? add_leaf(group, &leaf) : MLS_INVALID;
    if (rc == MLS_OK) {
        mls_tree_keys_init(&group->epoch.keys, suite, group->own_leaf, private_key);
        group->epoch.signer = template->signer;
    }
out:
    wire_buffer_free(&encoded);
    core_wipe(private_key, sizeof private_key);
    return rc;
}

/* Epoch 0. The epoch secret is to be random: it is, if the joiner secret it comes from is. */
static int begin(struct mls_group *group, struct core_slice group_id, struct core_slice extensions)
{
    const struct mls_suite *suite = group->suite;
    struct mls_epoch *epoch = &group->epoch;
    const uint8_t no_psks[MLS_HASH_MAX] = {0};
    uint8_t tree_hash[MLS_HASH_MAX];
    uint8_t joiner_secret[MLS_HASH_MAX];
    struct mls_group_context context = {
        .version = MLS_VERSION_1_0,
        .cipher_suite = suite->id,
        .group_id = group_id,
        .tree_hash = {tree_hash, suite->hash->len},
        .extensions = extensions,
    };
    int rc = mls_ratchet_tree_hash(group->tree, tree_hash);
    if (rc == MLS_OK)
        rc = mls_epoch_set_context(epoch, &context);
    if (rc == MLS_OK)
        rc = core_random(joiner_secret, sizeof joiner_secret) ? MLS_OK : MLS_CRYPTO;
    if (rc == MLS_OK)
        rc = mls_epoch_derive(epoch, suite, 1, joiner_secret, no_psks);
    const struct core_slice confirmed = epoch->context.confirmed_transcript_hash;
    if (rc == MLS_OK)
        rc = mls_confirmation_tag(suite, epoch->secrets.confirmation_key, confirmed, epoch->confirmation_tag);
    if (rc == MLS_OK)
        rc = mls_interim_transcript_hash(
            suite, confirmed, (struct core_slice){epoch->confirmation_tag, suite->hash->len}, epoch->interim);
    core_wipe(joiner_secret, sizeof joiner_secret);
    return rc;
}

static int create(struct mls_group *group, const struct founding *founding)
{
    enum { RANDOM_ID_LEN = 32 };
    uint8_t random[RANDOM_ID_LEN];
    struct mls_leaf_template template;
    struct core_slice group_id = founding->group_id;
    if (group_id.len > MLS_GROUP_ID_MAX)
        return MLS_LIMIT;
    if (founding->not_after_s < founding->not_before_s)
        return MLS_INVALID;
    if (group_id.len == 0) {
        if (!core_random(random, sizeof random))
            return MLS_CRYPTO;
        group_id = (struct core_slice){random, sizeof random};
    }
    int rc = mls_group_extensions_check(founding->extensions);
    if (rc == MLS_OK)
        rc = mls_leaf_template_init(&template, group->suites, group->suite, founding->leaf, NULL);
    if (rc != MLS_OK)
        return rc;
    rc = mls_ratchet_tree_new(group->suite, &group->tree);
    if (rc == MLS_OK)
        rc = add_founder(group, founding, &template);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_check_members(group->tree, founding->extensions, true);
    if (rc == MLS_OK)
        rc = begin(group, group_id, founding->extensions);
    mls_leaf_template_wipe(&template);
    return rc;
}

/* With the extensions as items. */
static int create_with(struct mls_group *group, struct founding founding, const struct mls_extension_item *items,
                       size_t count)
{
    struct bytes_writer extensions;
    wire_buffer_init(&extensions, MLS_MESSAGE_MAX);
    int rc = mls_extension_items_write(&extensions, items, count);
    founding.extensions = wire_buffer_slice(&extensions);
    if (rc == MLS_OK)
        rc = create(group, &founding);
    wire_buffer_free(&extensions);
    return rc;
}

static int give(int rc, struct mls_group *made, struct mls_group **group)
{
    if (rc == MLS_OK)
        *group = made;
    else
        mls_group_free(made);
    return rc;
}

int mls_group_new(const struct mls_group_config *config, struct mls_group **group)
{
    struct mls_group *made = NULL;
    const bool ends = config->not_before_s || config->not_after_s;
    const struct founding founding = {.group_id = mls_in(config->group_id),
                                      .leaf = &config->leaf,
                                      .not_before_s = config->not_before_s,
                                      .not_after_s = ends ? config->not_after_s : UINT64_MAX};
    int rc = mls_group_alloc(config->suites, config->suite, &config->policy, &made);
    if (rc == MLS_OK)
        rc = create_with(made, founding, config->extensions, config->extension_count);
    return give(rc, made, group);
}

/* Notes that the group continues another one's present epoch. */
static int set_origin(struct mls_group *group, const struct mls_group *old, uint8_t usage)
{
    struct mls_origin *origin = &group->origin;
    int rc = mls_output_copy(old->epoch.context.group_id, &origin->group_id);
    if (rc != MLS_OK)
        return rc;
    origin->usage = usage;
    origin->epoch = old->epoch.context.epoch;
    origin->psk_len = old->suite->hash->len;
    memcpy(origin->psk, old->epoch.secrets.resumption_psk, origin->psk_len);
    return MLS_OK;
}

int mls_group_reinit(const struct mls_group *old, const struct mls_suites *suites, const struct mls_leaf_config *leaf,
                     const struct mls_policy *policy, struct mls_group **group)
{
    struct mls_group *made = NULL;
    struct mls_proposal reinit;
    if (old->removed || !old->reinit.data)
        return MLS_STATE;
    struct bytes_reader r = mls_walk((struct core_slice){old->reinit.data, old->reinit.len});
    mls_proposal_parse(&r, &reinit);
    if (!bytes_reader_done(&r) || reinit.reinit.version != MLS_VERSION_1_0)
        return MLS_REINIT;
    const struct founding founding = {.group_id = reinit.reinit.group_id,
                                      .leaf = leaf,
                                      .extensions = reinit.reinit.extensions,
                                      .not_after_s = UINT64_MAX};
    int rc = mls_group_alloc(suites, reinit.reinit.cipher_suite, policy, &made);
    if (rc == MLS_OK)
        rc = create(made, &founding);
    if (rc == MLS_OK)
        rc = set_origin(made, old, MLS_PSK_REINIT);
    return give(rc, made, group);
}

int mls_group_branch(const struct mls_group *old, struct mls_bytes group_id, const struct mls_leaf_config *leaf,
                     const struct mls_extension_item *extensions, size_t extension_count, struct mls_group **group)
{
    struct mls_group *made = NULL;
    const struct founding founding = {.group_id = mls_in(group_id), .leaf = leaf, .not_after_s = UINT64_MAX};
    int rc = mls_group_usable(old);
    if (rc != MLS_OK)
        return rc;
    rc = mls_group_alloc(old->suites, old->suite->id, &old->policy, &made);
    if (rc == MLS_OK)
        rc = create_with(made, founding, extensions, extension_count);
    if (rc == MLS_OK)
        rc = set_origin(made, old, MLS_PSK_BRANCH);
    return give(rc, made, group);
}
