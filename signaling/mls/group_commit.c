/* Making a commit (RFC 9420 section 12.4.1). */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- What to commit --- */

/* "they SHOULD prefer any Remove received, or the most recent Update" (section 12.2): of several proposals for a leaf
 * only one is taken, and a ReInit only when nothing else waits. */
static bool is_better_than(const struct mls_item *a, const struct mls_item *b)
{
    const bool a_removes = a->proposal.type == MLS_PROPOSAL_REMOVE;
    const bool b_removes = b->proposal.type == MLS_PROPOSAL_REMOVE;
    return a_removes || !b_removes;
}

/* The leaf that an Update or Remove is about. */
static bool touches(const struct mls_item *item, uint32_t *leaf)
{
    if (item->proposal.type == MLS_PROPOSAL_UPDATE)
        *leaf = item->sender;
    else if (item->proposal.type == MLS_PROPOSAL_REMOVE)
        *leaf = item->proposal.remove;
    else
        return false;
    return true;
}

/* Makes room for a proposal that was sent apart; false if what is in the list already goes before it. */
static bool make_room(struct mls_list *list, const struct mls_item *item)
{
    uint32_t leaf = 0;
    uint32_t other = 0;
    const bool about_leaf = touches(item, &leaf);
    for (size_t i = 0; i < list->count; i++) {
        const struct mls_item *there = &list->items[i];
        bool clash = item->proposal.type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS &&
                     there->proposal.type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
        if (about_leaf && touches(there, &other) && leaf == other)
            clash = true;
        if (!clash)
            continue;
        if (!there->kept || !is_better_than(item, there))
            return false;
        mls_list_drop(list, i);
        return true;
    }
    return true;
}

/* What waits, as far as the committer may take it beside its own proposals. */
static int gather_kept(struct mls_list *list, const struct mls_group *group)
{
    int rc = MLS_OK;
    const bool alone = list->count == 0 && group->kept_count == 1;
    for (size_t i = 0; rc == MLS_OK && i < group->kept_count; i++) {
        struct mls_kept *kept = group->kept[i];
        const struct mls_content *content = &kept->message.content;
        const struct mls_item item = {.proposal = content->proposal,
                                      .sender_type = content->sender.type,
                                      .sender = content->sender.index,
                                      .kept = kept};
        uint32_t leaf = 0;
        if (kept->own_update || (item.proposal.type == MLS_PROPOSAL_REINIT && !alone))
            continue;
        if (item.proposal.type == MLS_PROPOSAL_REMOVE && touches(&item, &leaf) && leaf == group->own_leaf)
            continue;
        if (make_room(list, &item))
            rc = mls_list_add(list, &item.proposal, item.sender_type, item.sender, kept);
    }
    return rc;
}

/* Proposals by value: written one after the other, then viewed. */
static int gather_values(struct mls_staged *staged, const struct mls_proposal_config *configs, size_t count,
                         uint8_t sender_type, uint32_t sender)
{
    const struct mls_group *group = staged->group;
    struct mls_proposal proposal;
    int rc = MLS_OK;
    for (size_t i = 0; rc == MLS_OK && i < count; i++)
        rc = mls_proposal_build(group->suite, group, &configs[i], NULL, &staged->values);
    struct bytes_reader r = mls_walk(wire_buffer_slice(&staged->values));
    while (rc == MLS_OK && bytes_reader_left(&r) > 0) {
        mls_proposal_parse(&r, &proposal);
        rc = bytes_reader_ok(&r) ? mls_list_add(&staged->list, &proposal, sender_type, sender, NULL) : MLS_INVALID;
    }
    return rc;
}

/* The first commit of a group that continues another carries the link to it (sections 11.2, 11.3). */
static int write_origin(struct mls_staged *staged)
{
    const struct mls_origin *origin = &staged->group->origin;
    uint8_t nonce[MLS_HASH_MAX];
    if (!origin->usage)
        return MLS_OK;
    if (!core_random(nonce, sizeof nonce))
        return MLS_CRYPTO;
    const struct mls_proposal proposal = {.type = MLS_PROPOSAL_PSK,
                                          .psk = {.type = MLS_PSK_RESUMPTION,
                                                  .usage = origin->usage,
                                                  .group_id = {origin->group_id.data, origin->group_id.len},
                                                  .epoch = origin->epoch,
                                                  .nonce = {nonce, staged->group->suite->hash->len}}};
    mls_proposal_write(&staged->values, &proposal);
    return bytes_writer_ok(&staged->values) ? MLS_OK : MLS_MEMORY;
}

/* --- Applying it --- */

/* How often what waits is tried again without the proposal that did not fit; then all of it is left out. A member
 * could otherwise make every commit as slow as it likes. */
enum { RETRIES = 16 };

static int apply_once(struct mls_staged *staged, const struct mls_committer *committer)
{
    struct mls_list *list = &staged->list;
    if (!staged->tree) {
        int rc = mls_ratchet_tree_stage(staged->group->tree, &staged->tree);
        if (rc != MLS_OK)
            return rc;
    }
    int rc = mls_list_apply(list, staged->group, committer, staged->tree);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_check_members(staged->tree, mls_list_extensions(list, staged->group),
                                            list->extensions != NULL);
    return rc;
}

static void drop_kept(struct mls_list *list)
{
    for (size_t i = list->count; i-- > 0;)
        if (list->items[i].kept)
            mls_list_drop(list, i);
}

static int apply(struct mls_staged *staged, const struct mls_committer *committer)
{
    struct mls_list *list = &staged->list;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        kept += list->items[i].kept != NULL;
    for (size_t tries = 0;; tries++) {
        int rc = apply_once(staged, committer);
        if (rc == MLS_OK || rc == MLS_MEMORY || rc == MLS_CRYPTO || kept == 0)
            return rc;
        if (tries < RETRIES && list->culprit < list->count && list->items[list->culprit].kept) {
            mls_list_drop(list, list->culprit);
            kept--;
        } else {
            drop_kept(list);
            kept = 0;
        }
        mls_ratchet_tree_free(staged->tree);
        staged->tree = NULL;
    }
}

/* --- The path --- */

static int check_own_leaf(struct mls_staged *staged, const struct mls_commit_job *job, uint32_t sender)
{
    const struct mls_group *group = staged->group;
    const uint32_t replaced = job->external ? staged->list.resynced : sender;
    const struct mls_leaf_question question = {
        .use = job->external ? MLS_CREDENTIAL_OF_JOINER : MLS_CREDENTIAL_OF_UPDATE,
        .source = MLS_LEAF_COMMIT,
        .leaf = sender,
        .signed_here = true,
        .now_s = job->config->now_s,
        .extensions = mls_list_extensions(&staged->list, group),
        .old_leaf = replaced == MLS_NO_LEAF ? NULL : mls_ratchet_tree_leaf(group->tree, replaced),
        .always_ask = job->external,
    };
    int rc = mls_leaf_check(group, mls_ratchet_tree_leaf(staged->tree, sender), &question);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_check_members(staged->tree, question.extensions, staged->list.extensions != NULL);
    return rc;
}

/* Renews the sender's leaf and path in the stage, and writes the UpdatePath. */
static int make_path(struct mls_staged *staged, const struct mls_commit_job *job, uint32_t sender,
                     struct mls_path *path, struct bytes_writer *w)
{
    const struct mls_group *group = staged->group;
    const struct mls_leaf_node *template = job->template;
    if (!template)
        template = mls_ratchet_tree_leaf(group->tree, sender);
    int rc = mls_path_create(staged->tree, sender, template, job->signer, group->epoch.context.group_id, path);
    if (rc == MLS_OK)
        rc = check_own_leaf(staged, job, sender);
    if (rc == MLS_OK)
        rc = mls_staged_context(staged, group->epoch.context.confirmed_transcript_hash);
    if (rc == MLS_OK)
        rc = mls_path_encrypt(path, mls_epoch_encoded(&staged->next), w);
    staged->next.keys = path->keys;
    staged->next.signer = *job->signer;
    return rc;
}

/* --- The message --- */

static int write_proposals(const struct mls_staged *staged, struct bytes_writer *w)
{
    for (size_t i = 0; i < staged->list.count; i++) {
        const struct mls_item *item = &staged->list.items[i];
        struct mls_proposal_or_ref written = {.type = item->kept ? MLS_BY_REFERENCE : MLS_BY_VALUE};
        if (item->kept)
            written.reference = (struct core_slice){item->kept->ref, staged->group->suite->hash->len};
        else
            written.proposal = item->proposal;
        mls_proposal_or_ref_write(w, &written);
    }
    return bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
}

/* FramedContent, encoded into staged->content and viewed. update_path: encoded, empty for none. */
static int write_content(struct mls_staged *staged, const struct mls_commit_job *job, uint32_t sender,
                         struct core_slice update_path, struct mls_content *out)
{
    const struct mls_group *group = staged->group;
    struct bytes_writer proposals;
    struct bytes_writer w;
    struct mls_content content = {
        .group_id = group->epoch.context.group_id,
        .epoch = group->epoch.context.epoch,
        .sender = {job->external ? MLS_SENDER_NEW_MEMBER_COMMIT : MLS_SENDER_MEMBER, sender},
        .authenticated_data = mls_in(job->config->framing.authenticated_data),
        .type = MLS_CONTENT_COMMIT,
        .commit = {.has_path = update_path.len > 0},
    };
    wire_buffer_init(&proposals, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    int rc = write_proposals(staged, &proposals);
    if (rc != MLS_OK)
        goto out;
    content.commit.proposals = wire_buffer_slice(&proposals);
    if (update_path.len > 0) {
        struct bytes_reader r = mls_walk(update_path);
        mls_update_path_parse(&r, &content.commit.path);
    }
    mls_content_write(&w, &content);
    rc = mls_output_take(&w, &staged->content);
    if (rc != MLS_OK)
        goto out;
    struct bytes_reader r = mls_walk((struct core_slice){staged->content.data, staged->content.len});
    mls_content_parse(&r, out);
    rc = bytes_reader_done(&r) ? MLS_OK : MLS_INVALID;
    staged->framed = out->encoded;
out:
    wire_buffer_free(&proposals);
    wire_buffer_free(&w);
    return rc;
}

static int seal(struct mls_staged *staged, const struct mls_commit_job *job,
                const struct mls_authenticated_content *message)
{
    struct mls_group *group = staged->group;
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    int rc = message->wire_format == MLS_WIRE_PUBLIC_MESSAGE
                 ? mls_public_seal(group->suite, group->epoch.secrets.membership_key, message,
                                   mls_epoch_encoded(&group->epoch), &w)
                 : mls_private_seal(&group->epoch.messages, group->epoch.secrets.sender_data, message,
                                    job->config->framing.padding, &w);
    if (rc == MLS_OK)
        rc = mls_output_take(&w, &staged->message);
    wire_buffer_free(&w);
    return rc;
}

static int make_welcome(struct mls_staged *staged, const struct mls_commit_job *job, const struct mls_path *path,
                        const uint8_t *joiner_secret, const uint8_t *psk_secret)
{
    struct bytes_writer w;
    if (staged->list.adds == 0)
        return MLS_OK;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    int rc = mls_welcome_build(staged, path, joiner_secret, psk_secret, !job->config->tree_apart, &w);
    if (rc == MLS_OK)
        rc = mls_output_take(&w, &staged->welcome);
    wire_buffer_free(&w);
    return rc;
}

/* --- The whole --- */

int mls_staged_make(struct mls_staged *staged, const struct mls_commit_job *job)
{
    struct mls_group *group = staged->group;
    const struct mls_suite *suite = group->suite;
    struct mls_committer committer = {job->external ? MLS_SENDER_NEW_MEMBER_COMMIT : MLS_SENDER_MEMBER, group->own_leaf,
                                      job->config->now_s};
    struct mls_authenticated_content message = {.wire_format = job->external || job->config->framing.is_public
                                                                   ? MLS_WIRE_PUBLIC_MESSAGE
                                                                   : MLS_WIRE_PRIVATE_MESSAGE};
    struct mls_path path = {0};
    struct bytes_writer update_path;
    uint8_t signature[CORE_SIGNATURE_MAX];
    uint8_t joiner_secret[MLS_HASH_MAX];
    uint8_t psk_secret[MLS_HASH_MAX];
    wire_buffer_init(&update_path, MLS_MESSAGE_MAX);
    int rc = apply(staged, &committer);
    /* what members will ask, too: a second leaf of this client is none that may join */
    if (rc == MLS_OK && job->external)
        rc = mls_client_is_new(group, staged->tree, job->template);
    if (rc == MLS_OK && job->external)
        rc = mls_ratchet_tree_vacant(staged->tree, &committer.leaf);
    if (rc != MLS_OK)
        goto out;
    const bool with_path = job->external || staged->list.path_required || !job->config->without_path;
    if (with_path) {
        rc = make_path(staged, job, committer.leaf, &path, &update_path);
    } else {
        staged->next.keys = group->epoch.keys;
        mls_tree_keys_prune(&staged->next.keys, staged->tree);
        staged->next.signer = group->epoch.signer;
    }
    if (rc == MLS_OK)
        rc = write_content(staged, job, committer.leaf, wire_buffer_slice(&update_path), &message.content);
    if (rc == MLS_OK)
        rc = mls_staged_ask(staged, &committer, true, &message.content,
                            with_path ? mls_ratchet_tree_leaf(staged->tree, committer.leaf) : NULL);
    if (rc != MLS_OK)
        goto out;
    message.auth.signature.data = signature;
    /* the old leaf's key: the others do not know the new leaf before they have checked the signature */
    rc = mls_content_sign(suite, job->external ? job->signer : &group->epoch.signer, message.wire_format,
                          &message.content, mls_epoch_encoded(&group->epoch), signature, &message.auth.signature.len);
    if (rc == MLS_OK)
        rc = mls_staged_derive(staged, &message, job->init_secret, path.commit_secret, joiner_secret, psk_secret);
    if (rc == MLS_OK) {
        message.auth.confirmation_tag = (struct core_slice){staged->next.confirmation_tag, suite->hash->len};
        rc = make_welcome(staged, job, with_path ? &path : NULL, joiner_secret, psk_secret);
    }
    /* last, as it may spend a key */
    if (rc == MLS_OK)
        rc = seal(staged, job, &message);
out:
    wire_buffer_free(&update_path);
    mls_path_wipe(&path);
    core_wipe(joiner_secret, sizeof joiner_secret);
    core_wipe(psk_secret, sizeof psk_secret);
    return rc;
}

int mls_group_commit(struct mls_group *group, const struct mls_commit_config *config, struct mls_staged **staged)
{
    struct mls_staged *made = NULL;
    struct mls_leaf_template template = {0};
    struct mls_commit_job job = {
        .config = config, .signer = &group->epoch.signer, .init_secret = group->epoch.secrets.init};
    int rc = mls_group_usable(group);
    if (rc == MLS_OK)
        rc = mls_staged_new(group, &made);
    if (rc != MLS_OK)
        return rc;
    if (config->leaf) {
        rc = mls_leaf_template_init(&template, group->suites, group->suite, config->leaf, NULL);
        job.template = &template.leaf;
        job.signer = &template.signer;
    }
    if (rc == MLS_OK)
        rc = write_origin(made);
    if (rc == MLS_OK)
        rc = gather_values(made, config->proposals, config->proposal_count, MLS_SENDER_MEMBER, group->own_leaf);
    if (rc == MLS_OK && !config->without_received)
        rc = gather_kept(&made->list, group);
    if (rc == MLS_OK)
        rc = mls_staged_make(made, &job);
    if (config->leaf)
        mls_leaf_template_wipe(&template);
    if (rc == MLS_OK)
        *staged = made;
    else
        mls_staged_free(made);
    return rc;
}
