/* From outside the group: external commits (RFC 9420 section 12.4.3.2) and proposals (section 12.1.8). */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- External commits --- */

static int write_external_init(struct mls_staged *staged, const struct mls_group_info *info, uint8_t *init_secret)
{
    const struct mls_suite *suite = staged->group->suite;
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
    struct core_slice data;
    struct core_slice external_pub;
    if (!mls_extension_find(info->extensions, MLS_EXTENSION_EXTERNAL_PUB, &data) ||
        !mls_opaque_extension_parse(data, &external_pub))
        return MLS_EXTENSION;
    int rc = mls_external_init_send(suite, external_pub, kem_output, init_secret);
    if (rc == MLS_OK) {
        const struct mls_proposal proposal = {.type = MLS_PROPOSAL_EXTERNAL_INIT,
                                              .external_init = {kem_output, suite->kem->output_len}};
        mls_proposal_write(&staged->values, &proposal);
    }
    return rc;
}

static int write_psks(struct mls_staged *staged, const struct mls_external_config *config)
{
    struct mls_group *group = staged->group;
    struct mls_proposal_config proposal = {.type = MLS_PROPOSAL_PSK};
    int rc = MLS_OK;
    for (size_t i = 0; rc == MLS_OK && i < config->psk_count; i++) {
        proposal.psk_id = config->psk_ids[i];
        rc = mls_proposal_build(group->suite, group, &proposal, NULL, &staged->values);
    }
    if (rc != MLS_OK || !config->resumption)
        return rc;
    proposal.resumption = true;
    proposal.psk_epoch = mls_group_epoch(config->join.resumed);
    return mls_proposal_build(group->suite, group, &proposal, NULL, &staged->values);
}

static int gather(struct mls_staged *staged, const struct mls_external_config *config,
                  const struct mls_group_info *info, uint8_t *init_secret)
{
    struct mls_proposal proposal;
    int rc = write_external_init(staged, info, init_secret);
    if (rc == MLS_OK && config->resync)
        mls_proposal_write(&staged->values,
                           &(struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .remove = config->old_leaf});
    if (rc == MLS_OK)
        rc = write_psks(staged, config);
    if (rc == MLS_OK && !bytes_writer_ok(&staged->values))
        rc = MLS_MEMORY;
    struct bytes_reader r = mls_walk(wire_buffer_slice(&staged->values));
    while (rc == MLS_OK && bytes_reader_left(&r) > 0) {
        mls_proposal_parse(&r, &proposal);
        rc = bytes_reader_ok(&r)
                 ? mls_list_add(&staged->list, &proposal, MLS_SENDER_NEW_MEMBER_COMMIT, MLS_NO_LEAF, NULL)
                 : MLS_INVALID;
    }
    return rc;
}

/* The resumption PSKs of a former self of this group: as its own. */
static void take_resumptions(struct mls_group *group, const struct mls_group *old)
{
    if (!old || old->removed || !mls_same(old->epoch.context.group_id, group->epoch.context.group_id))
        return;
    group->resumptions[0].epoch = old->epoch.context.epoch;
    memcpy(group->resumptions[0].psk, old->epoch.secrets.resumption_psk, MLS_HASH_MAX);
    group->resumption_count = 1;
}

static int join(struct mls_group *group, const struct mls_group_info *info, const struct mls_external_config *config,
                struct mls_output *commit)
{
    struct mls_leaf_template template;
    struct mls_staged *staged = NULL;
    uint8_t init_secret[MLS_HASH_MAX];
    const struct mls_commit_config commit_config = {
        .framing = {.is_public = true, .authenticated_data = config->authenticated_data}, .now_s = config->join.now_s};
    const struct mls_commit_job job = {.config = &commit_config,
                                       .template = &template.leaf,
                                       .signer = &template.signer,
                                       .external = true,
                                       .init_secret = init_secret};
    int rc = mls_leaf_template_init(&template, group->suites, group->suite, &config->leaf, NULL);
    if (rc != MLS_OK)
        return rc;
    rc = mls_staged_new(group, &staged);
    if (rc == MLS_OK)
        rc = gather(staged, config, info, init_secret);
    if (rc == MLS_OK)
        rc = mls_staged_make(staged, &job);
    struct mls_output message = {0};
    if (rc == MLS_OK) {
        message = staged->message;
        staged->message = (struct mls_output){0};
        group->own_leaf = staged->info.sender;
        rc = mls_staged_merge(staged);
        if (rc == MLS_OK)
            staged = NULL;
    }
    if (rc == MLS_OK)
        *commit = message;
    else
        mls_output_free(&message);
    mls_staged_free(staged);
    mls_leaf_template_wipe(&template);
    core_wipe(init_secret, sizeof init_secret);
    return rc;
}

/* The group as its GroupInfo shows it; *info borrows from group_info. */
static int look(struct mls_bytes group_info, const struct mls_join_config *config, struct mls_group **group,
                struct mls_group_info *info)
{
    struct mls_message message;
    struct mls_group *made = NULL;
    int rc = mls_message_parse(group_info.data, group_info.len, &message);
    if (rc == MLS_OK && message.wire_format != MLS_WIRE_GROUP_INFO)
        rc = MLS_MALFORMED;
    if (rc == MLS_OK)
        rc = mls_group_alloc(config->suites, message.group_info.group_context.cipher_suite, &config->policy, &made);
    if (rc != MLS_OK)
        return rc;
    made->own_leaf = MLS_NO_LEAF;
    rc = mls_group_open_info(made, &message.group_info, config);
    if (rc == MLS_OK) {
        *group = made;
        *info = message.group_info;
    } else {
        mls_group_free(made);
    }
    return rc;
}

int mls_group_look(struct mls_bytes group_info, const struct mls_join_config *config, struct mls_group **group)
{
    struct mls_group_info info;
    int rc = look(group_info, config, group, &info);
    if (rc == MLS_OK)
        (*group)->removed = true;
    return rc;
}

int mls_group_join_external(struct mls_bytes group_info, const struct mls_external_config *config,
                            struct mls_group **group, struct mls_output *commit)
{
    struct mls_group_info info;
    struct mls_group *made = NULL;
    if (config->resumption && !config->join.resumed)
        return MLS_INVALID;
    int rc = look(group_info, &config->join, &made, &info);
    if (rc != MLS_OK)
        return rc;
    take_resumptions(made, config->join.resumed);
    rc = join(made, &info, config, commit);
    if (rc == MLS_OK) {
        /* what stands in for the epoch before, of which nothing was known */
        mls_group_forget_resumptions(made, mls_group_epoch(made));
        *group = made;
    } else {
        mls_group_free(made);
    }
    return rc;
}

/* --- External proposals --- */

int mls_propose_outside(const struct mls_outside_config *config, const struct mls_proposal_config *proposal,
                        struct mls_output *message)
{
    const struct mls_suite *suite = mls_suite_find(config->suites, config->suite);
    struct core_signing_key signer;
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct bytes_writer built;
    struct bytes_writer content;
    struct bytes_writer w;
    struct mls_authenticated_content sent = {
        .wire_format = MLS_WIRE_PUBLIC_MESSAGE,
        .content = {.group_id = mls_in(config->group_id),
                    .epoch = config->epoch,
                    .sender = {config->sender_type, config->sender},
                    .authenticated_data = mls_in(config->authenticated_data),
                    .type = MLS_CONTENT_PROPOSAL},
        .auth = {.signature = {.data = signature}},
    };
    if (!suite)
        return MLS_SUITE;
    if (config->sender_type != MLS_SENDER_EXTERNAL && config->sender_type != MLS_SENDER_NEW_MEMBER_PROPOSAL)
        return MLS_SENDER;
    int rc = mls_signing_key_import(suite, mls_in(config->signature_private_key), &signer);
    if (rc != MLS_OK)
        return rc;
    wire_buffer_init(&built, MLS_MESSAGE_MAX);
    wire_buffer_init(&content, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    rc = mls_proposal_build(suite, NULL, proposal, NULL, &built);
    if (rc != MLS_OK)
        goto out;
    struct bytes_reader r = mls_walk(wire_buffer_slice(&built));
    mls_proposal_parse(&r, &sent.content.proposal);
    mls_content_write(&content, &sent.content);
    sent.content.encoded = wire_buffer_slice(&content);
    rc = !bytes_writer_ok(&content) ? MLS_MEMORY : bytes_reader_done(&r) ? MLS_OK : MLS_INVALID;
    if (rc == MLS_OK)
        rc = mls_content_sign(suite, &signer, sent.wire_format, &sent.content, (struct core_slice){0}, signature,
                              &sent.auth.signature.len);
    if (rc == MLS_OK)
        rc = mls_public_seal(suite, NULL, &sent, (struct core_slice){0}, &w);
    if (rc == MLS_OK)
        rc = mls_output_take(&w, message);
out:
    core_wipe(&signer, sizeof signer);
    wire_buffer_free(&built);
    wire_buffer_free(&content);
    wire_buffer_free(&w);
    return rc;
}
