/* Proposals made here: written from what the application asks for. */
#include "core/secret.h"
#include "group.h"

static int build_add(const struct mls_proposal_config *config, struct bytes_writer *w)
{
    struct mls_message message;
    int rc = mls_message_parse(config->key_package.data, config->key_package.len, &message);
    if (rc != MLS_OK)
        return rc;
    if (message.wire_format != MLS_WIRE_KEY_PACKAGE)
        return MLS_KEY_PACKAGE;
    mls_proposal_write(w, &(struct mls_proposal){.type = MLS_PROPOSAL_ADD, .add = message.key_package});
    return MLS_OK;
}

static int sign_update(const struct mls_group *group, const struct mls_leaf_node *template,
                       const struct core_signing_key *signer, struct mls_own_update *update, struct bytes_writer *w)
{
    const struct mls_suite *suite = group->suite;
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    int rc = mls_hpke_generate(suite, update->private_key, public_key);
    if (rc != MLS_OK)
        return rc;
    struct mls_leaf_node leaf = *template;
    leaf.source = MLS_LEAF_UPDATE;
    leaf.encryption_key = (struct core_slice){public_key, suite->kem->public_len};
    leaf.signature_key = (struct core_slice){signer->public_key, suite->signature->public_len};
    update->signer = *signer;
    bytes_write_u16(w, MLS_PROPOSAL_UPDATE);
    return mls_leaf_node_sign(w, suite, &leaf, signer, group->epoch.context.group_id, group->own_leaf);
}

static int build_update(const struct mls_group *group, const struct mls_proposal_config *config,
                        struct mls_own_update *update, struct bytes_writer *w)
{
    struct mls_leaf_template template;
    if (!config->leaf)
        return sign_update(group, mls_ratchet_tree_leaf(group->tree, group->own_leaf), &group->epoch.signer, update, w);
    int rc = mls_leaf_template_init(&template, group->suites, group->suite, config->leaf, NULL);
    if (rc == MLS_OK) {
        rc = sign_update(group, &template.leaf, &template.signer, update, w);
        mls_leaf_template_wipe(&template);
    }
    return rc;
}

static int build_psk(const struct mls_suite *suite, struct core_slice group_id,
                     const struct mls_proposal_config *config, struct bytes_writer *w)
{
    uint8_t nonce[MLS_HASH_MAX];
    struct mls_proposal proposal = {
        .type = MLS_PROPOSAL_PSK,
        .psk = {.type = MLS_PSK_EXTERNAL, .id = mls_in(config->psk_id), .nonce = {nonce, suite->hash->len}}};
    /* "The psk_nonce MUST be randomly sampled" (section 12.1.4) */
    if (!core_random(nonce, sizeof nonce))
        return MLS_CRYPTO;
    if (config->resumption) {
        proposal.psk.type = MLS_PSK_RESUMPTION;
        proposal.psk.usage = MLS_PSK_APPLICATION;
        proposal.psk.group_id = group_id;
        proposal.psk.epoch = config->psk_epoch;
    }
    mls_proposal_write(w, &proposal);
    return MLS_OK;
}

static int build_extensions(const struct mls_proposal_config *config, struct bytes_writer *w)
{
    struct bytes_writer list;
    struct mls_proposal proposal = {.type = config->type};
    wire_buffer_init(&list, MLS_MESSAGE_MAX);
    int rc = mls_extension_items_write(&list, config->extensions, config->extension_count);
    if (rc == MLS_OK) {
        if (config->type == MLS_PROPOSAL_REINIT)
            proposal.reinit = (struct mls_reinit){.group_id = mls_in(config->group_id),
                                                  .version = MLS_VERSION_1_0,
                                                  .cipher_suite = config->cipher_suite,
                                                  .extensions = wire_buffer_slice(&list)};
        else
            proposal.group_context_extensions = wire_buffer_slice(&list);
        mls_proposal_write(w, &proposal);
    }
    wire_buffer_free(&list);
    return rc;
}

int mls_proposal_build(const struct mls_suite *suite, const struct mls_group *group,
                       const struct mls_proposal_config *config, struct mls_own_update *update, struct bytes_writer *w)
{
    int rc = MLS_PROPOSAL;
    switch (config->type) {
    case MLS_PROPOSAL_ADD:
        rc = build_add(config, w);
        break;
    case MLS_PROPOSAL_UPDATE:
        if (update)
            rc = build_update(group, config, update, w);
        break;
    case MLS_PROPOSAL_REMOVE:
        mls_proposal_write(w, &(struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .remove = config->removed});
        rc = MLS_OK;
        break;
    case MLS_PROPOSAL_PSK:
        if (group || !config->resumption)
            rc = build_psk(suite, group ? group->epoch.context.group_id : (struct core_slice){0}, config, w);
        break;
    case MLS_PROPOSAL_REINIT:
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        rc = build_extensions(config, w);
        break;
    default:
        break;
    }
    return rc != MLS_OK || bytes_writer_ok(w) ? rc : MLS_MEMORY;
}
