/* Staged commits: the epoch that a commit begins, beside the group's present one, until it is merged or dropped. */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

int mls_staged_new(struct mls_group *group, struct mls_staged **staged)
{
    struct mls_staged *made = calloc(1, sizeof *made);
    if (!made)
        return MLS_MEMORY;
    made->group = group;
    made->from = group->epoch.context.epoch;
    wire_buffer_init(&made->next.encoded, MLS_MESSAGE_MAX);
    wire_buffer_init(&made->values, MLS_MESSAGE_MAX);
    mls_list_init(&made->list);
    int rc = mls_ratchet_tree_stage(group->tree, &made->tree);
    if (rc != MLS_OK) {
        mls_staged_free(made);
        return rc;
    }
    *staged = made;
    return MLS_OK;
}

void mls_staged_free(struct mls_staged *staged)
{
    if (!staged)
        return;
    mls_ratchet_tree_free(staged->tree);
    mls_epoch_wipe(&staged->next);
    mls_list_wipe(&staged->list);
    free(staged->proposals);
    mls_output_free(&staged->content);
    mls_output_free(&staged->message);
    mls_output_free(&staged->welcome);
    wire_buffer_free(&staged->values);
    core_wipe(staged, sizeof *staged);
    free(staged);
}

struct mls_bytes mls_staged_message(const struct mls_staged *staged)
{
    return (struct mls_bytes){staged->message.data, staged->message.len};
}

struct mls_bytes mls_staged_welcome(const struct mls_staged *staged)
{
    return (struct mls_bytes){staged->welcome.data, staged->welcome.len};
}

const struct mls_commit_info *mls_staged_info(const struct mls_staged *staged)
{
    return &staged->info;
}

uint64_t mls_staged_epoch(const struct mls_staged *staged)
{
    return staged->from + 1;
}

bool mls_staged_is(const struct mls_staged *staged, struct mls_bytes message)
{
    return staged->message.len > 0 && mls_same(mls_in(mls_staged_message(staged)), mls_in(message));
}

bool mls_staged_is_stale(const struct mls_staged *staged)
{
    const struct mls_group *group = staged->group;
    return staged->from != group->epoch.context.epoch || group->removed || group->reinit.data;
}

int mls_staged_export(const struct mls_staged *staged, struct mls_bytes label, struct mls_bytes context, uint8_t *out,
                      size_t len)
{
    if (staged->list.own_removed)
        return MLS_REMOVED;
    return mls_exporter(staged->group->suite, staged->next.secrets.exporter, mls_in(label), mls_in(context), out, len);
}

/* --- Filling --- */

void mls_proposal_view(const struct mls_item *item, struct mls_proposal_info *out)
{
    const struct mls_proposal *proposal = &item->proposal;
    *out = (struct mls_proposal_info){.type = proposal->type,
                                      .sender_type = item->sender_type,
                                      .sender = item->sender,
                                      .by_reference = item->kept != NULL};
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        mls_member_view(&proposal->add.leaf_node, item->leaf, &out->member);
        break;
    case MLS_PROPOSAL_UPDATE:
        mls_member_view(&proposal->update, item->sender, &out->member);
        break;
    case MLS_PROPOSAL_REMOVE:
        out->removed = proposal->remove;
        break;
    case MLS_PROPOSAL_PSK:
        out->psk_type = proposal->psk.type;
        out->psk_id = mls_out(proposal->psk.type == MLS_PSK_EXTERNAL ? proposal->psk.id : proposal->psk.group_id);
        out->psk_epoch = proposal->psk.epoch;
        break;
    case MLS_PROPOSAL_REINIT:
        out->group_id = mls_out(proposal->reinit.group_id);
        out->cipher_suite = proposal->reinit.cipher_suite;
        out->extensions = mls_out(proposal->reinit.extensions);
        break;
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        out->extensions = mls_out(proposal->group_context_extensions);
        break;
    default:
        break;
    }
}

int mls_staged_describe(struct mls_staged *staged, const struct mls_committer *committer, bool own,
                        const struct mls_content *content, const struct mls_leaf_node *path_leaf)
{
    const struct mls_list *list = &staged->list;
    staged->proposals = calloc(list->count ? list->count : 1, sizeof *staged->proposals);
    if (!staged->proposals)
        return MLS_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        mls_proposal_view(&list->items[i], &staged->proposals[i]);
    staged->info = (struct mls_commit_info){
        .sender_type = committer->sender_type,
        .sender = committer->leaf,
        .own = own,
        .has_path = path_leaf != NULL,
        .authenticated_data = mls_out(content->authenticated_data),
        .proposal_count = list->count,
        .proposals = staged->proposals,
    };
    if (path_leaf)
        mls_member_view(path_leaf, committer->leaf, &staged->info.committer);
    return MLS_OK;
}

int mls_staged_ask(struct mls_staged *staged, const struct mls_committer *committer, bool own,
                   const struct mls_content *content, const struct mls_leaf_node *path_leaf)
{
    const struct mls_policy *policy = &staged->group->policy;
    int rc = mls_staged_describe(staged, committer, own, content, path_leaf);
    if (rc != MLS_OK)
        return rc;
    if (!policy->accept_commit || !policy->accept_commit(policy->context, staged->group, &staged->info))
        return MLS_REFUSED;
    return MLS_OK;
}

int mls_staged_context(struct mls_staged *staged, struct core_slice confirmed)
{
    const struct mls_group *group = staged->group;
    uint8_t tree_hash[MLS_HASH_MAX];
    if (staged->from == UINT64_MAX)
        return MLS_LIMIT;
    int rc = mls_ratchet_tree_hash(staged->tree, tree_hash);
    if (rc != MLS_OK)
        return rc;
    const struct mls_group_context context = {
        .version = MLS_VERSION_1_0,
        .cipher_suite = group->suite->id,
        .group_id = group->epoch.context.group_id,
        .epoch = staged->from + 1,
        .tree_hash = {tree_hash, group->suite->hash->len},
        .confirmed_transcript_hash = confirmed,
        .extensions = mls_list_extensions(&staged->list, group),
    };
    return mls_epoch_set_context(&staged->next, &context);
}

int mls_staged_derive(struct mls_staged *staged, const struct mls_authenticated_content *message,
                      const uint8_t *init_secret, const uint8_t *commit_secret, uint8_t *joiner_secret,
                      uint8_t *psk_secret)
{
    const struct mls_group *group = staged->group;
    const struct mls_suite *suite = group->suite;
    struct mls_epoch *next = &staged->next;
    uint8_t confirmed[MLS_HASH_MAX];
    const struct core_slice hash = {confirmed, suite->hash->len};
    /* the interim hash before the first commit is not empty but computed when the group is made (section 11) */
    const struct core_slice interim = {group->epoch.interim, suite->hash->len};
    int rc = mls_confirmed_transcript_hash(suite, interim, message, confirmed);
    if (rc == MLS_OK)
        rc = mls_staged_context(staged, hash);
    if (rc == MLS_OK)
        rc = mls_list_psk_secret(&staged->list, group, psk_secret);
    if (rc == MLS_OK)
        rc = mls_joiner_secret(suite, init_secret, commit_secret, mls_epoch_encoded(next), joiner_secret);
    if (rc == MLS_OK)
        rc = mls_epoch_derive(next, suite, mls_ratchet_tree_leaves(staged->tree), joiner_secret, psk_secret);
    if (rc == MLS_OK)
        rc = mls_confirmation_tag(suite, next->secrets.confirmation_key, hash, next->confirmation_tag);
    if (rc == MLS_OK)
        rc = mls_interim_transcript_hash(suite, hash, (struct core_slice){next->confirmation_tag, suite->hash->len},
                                         next->interim);
    return rc;
}

/* --- Merging --- */

/* The present epoch's resumption PSK becomes a past one's. */
static void shelve_resumption(struct mls_group *group)
{
    const size_t last = MLS_RESUMPTIONS_KEPT - 1;
    const size_t kept = group->resumption_count < last ? group->resumption_count : last;
    memmove(&group->resumptions[1], &group->resumptions[0], kept * sizeof group->resumptions[0]);
    group->resumptions[0].epoch = group->epoch.context.epoch;
    memcpy(group->resumptions[0].psk, group->epoch.secrets.resumption_psk, MLS_HASH_MAX);
    group->resumption_count = kept + 1;
}

/* What a removed member keeps is what it was: its secrets go. */
static void leave(struct mls_group *group)
{
    mls_past_wipe(&group->past);
    mls_secret_tree_wipe(&group->epoch.messages);
    mls_epoch_secrets_wipe(&group->epoch.secrets);
    mls_tree_keys_wipe(&group->epoch.keys);
    core_wipe(&group->epoch.signer, sizeof group->epoch.signer);
    core_wipe(group->resumptions, sizeof group->resumptions);
    group->resumption_count = 0;
    group->removed = true;
}

int mls_staged_merge(struct mls_staged *staged)
{
    struct mls_group *group = staged->group;
    struct mls_output reinit = {0};
    struct mls_past past = {0};
    int rc = MLS_OK;
    if (staged->list.own_removed) {
        leave(group);
        mls_group_forget_proposals(group);
        mls_staged_free(staged);
        return MLS_OK;
    }
    if (staged->list.reinit)
        rc = mls_output_copy(staged->list.reinit->proposal.encoded, &reinit);
    /* after a ReInit nothing is opened any more */
    const bool keeps_past = group->keeps_past && !staged->list.reinit;
    if (rc == MLS_OK && keeps_past)
        rc = mls_past_prepare(&past, staged);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_merge(staged->tree);
    if (rc != MLS_OK) {
        mls_past_wipe(&past);
        mls_output_free(&reinit);
        return rc;
    }
    staged->tree = NULL;
    shelve_resumption(group);
    mls_past_wipe(&group->past);
    group->past = past;
    if (keeps_past)
        mls_past_take(&group->past, &group->epoch);
    mls_epoch_wipe(&group->epoch);
    group->epoch = staged->next;
    core_wipe(&staged->next, sizeof staged->next);
    group->reinit = reinit;
    mls_output_free(&group->origin.group_id);
    core_wipe(&group->origin, sizeof group->origin);
    mls_group_forget_proposals(group);
    mls_staged_free(staged);
    return MLS_OK;
}

int mls_group_merge(struct mls_group *group, struct mls_staged *staged)
{
    if (staged->group != group || mls_staged_is_stale(staged))
        return MLS_STALE;
    return mls_staged_merge(staged);
}
