/* Taking messages (RFC 9420 sections 6, 12.4.2): nothing changes before a message was validated completely. */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- Who sent it --- */

/* Whether the application accepts the credential that the group names for the sender. */
static int ask_about_sender(const struct mls_group *group, const struct mls_external_sender *sender, uint32_t place,
                            uint64_t now_s)
{
    const struct mls_policy *policy = &group->policy;
    const struct mls_member member = {.leaf = place,
                                      .credential_type = sender->credential.type,
                                      .credential = mls_out(sender->credential.content),
                                      .signature_key = mls_out(sender->signature_key)};
    if (!policy->credential_valid ||
        !policy->credential_valid(policy->context, &member, MLS_CREDENTIAL_OF_SENDER, now_s))
        return MLS_CREDENTIAL;
    return MLS_OK;
}

static int external_sender_key(const struct mls_group *group, uint32_t place, uint64_t now_s, struct core_slice *key)
{
    struct core_slice data;
    struct core_slice senders;
    size_t count = 0;
    if (!mls_extension_find(group->epoch.context.extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data))
        return MLS_SENDER;
    if (!mls_external_senders_parse(data, &senders, &count) || place >= count)
        return MLS_SENDER;
    struct mls_external_sender sender;
    struct bytes_reader r = mls_walk(senders);
    for (uint32_t i = 0; mls_external_sender_next(&r, &sender); i++)
        if (i == place) {
            *key = sender.signature_key;
            return ask_about_sender(group, &sender, place, now_s);
        }
    return MLS_SENDER;
}

static int sender_key(const struct mls_group *group, const struct mls_content *content, uint64_t now_s,
                      struct core_slice *key)
{
    const struct mls_leaf_node *leaf_node = NULL;
    switch (content->sender.type) {
    case MLS_SENDER_MEMBER:
        leaf_node = mls_ratchet_tree_leaf(group->tree, content->sender.index);
        break;
    case MLS_SENDER_EXTERNAL:
        return external_sender_key(group, content->sender.index, now_s, key);
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        leaf_node = &content->proposal.add.leaf_node;
        break;
    default: /* an external commit: mls_sender_check() has seen that there is a path */
        leaf_node = &content->commit.path.leaf_node;
        break;
    }
    if (!leaf_node)
        return MLS_LEAF;
    *key = leaf_node->signature_key;
    return MLS_OK;
}

static int check_sender(const struct mls_group *group, const struct mls_authenticated_content *message, uint64_t now_s)
{
    struct core_slice key;
    int rc = sender_key(group, &message->content, now_s, &key);
    return rc == MLS_OK ? mls_content_verify(group->suite, key, message, mls_epoch_encoded(&group->epoch)) : rc;
}

/* --- Opening --- */

/* A message, opened and its signature verified. */
struct opened {
    struct mls_authenticated_content message;
    struct bytes_writer buffer;
    const struct mls_private_message *sealed; /* NULL: it was a PublicMessage */
    bool is_past;                             /* of the epoch before */
    struct mls_sender_data sender;
};

static int check_epoch(const struct mls_group *group, struct core_slice group_id, uint64_t epoch)
{
    if (!mls_same(group_id, group->epoch.context.group_id))
        return MLS_GROUP;
    return epoch == group->epoch.context.epoch ? MLS_OK : MLS_EPOCH;
}

static int open_public(const struct mls_group *group, const struct mls_public_message *message, struct opened *out)
{
    const struct mls_content *content = &message->content;
    int rc = check_epoch(group, content->group_id, content->epoch);
    if (rc == MLS_OK)
        rc = mls_public_open(group->suite, group->epoch.secrets.membership_key, message,
                             mls_epoch_encoded(&group->epoch), &out->message);
    if (rc == MLS_OK && content->sender.type == MLS_SENDER_MEMBER && content->sender.index == group->own_leaf)
        rc = MLS_OWN_MESSAGE;
    return rc;
}

/* Application data of the epoch before, as long as that is kept: what has sent it there is checked against that epoch's
 * leaves and context (section 15.3). */
static int open_past(const struct mls_group *group, const struct mls_private_message *message, struct opened *out)
{
    const struct mls_past *past = &group->past;
    if (!mls_same(message->group_id, group->epoch.context.group_id))
        return MLS_GROUP;
    int rc = mls_sender_data_open(group->suite, past->sender_data, message, &out->sender);
    if (rc != MLS_OK)
        return rc;
    if (out->sender.leaf_index == group->own_leaf)
        return MLS_OWN_MESSAGE;
    const struct mls_leaf_node *leaf_node = mls_past_leaf(group, out->sender.leaf_index);
    if (!leaf_node)
        return MLS_LEAF;
    out->sealed = message;
    out->is_past = true;
    rc = mls_private_open(&past->messages, message, &out->sender, &out->buffer, &out->message);
    if (rc == MLS_OK)
        rc = mls_content_verify(group->suite, leaf_node->signature_key, &out->message,
                                wire_buffer_slice(&past->encoded));
    return rc;
}

static int open_private(const struct mls_group *group, const struct mls_private_message *message, struct opened *out)
{
    int rc = check_epoch(group, message->group_id, message->epoch);
    if (rc == MLS_OK)
        rc = mls_sender_data_open(group->suite, group->epoch.secrets.sender_data, message, &out->sender);
    if (rc != MLS_OK)
        return rc;
    if (out->sender.leaf_index == group->own_leaf)
        return MLS_OWN_MESSAGE;
    /* "the leaf_index MUST identify a non-blank leaf" (section 6.3.2) */
    if (!mls_ratchet_tree_leaf(group->tree, out->sender.leaf_index))
        return MLS_LEAF;
    out->sealed = message;
    return mls_private_open(&group->epoch.messages, message, &out->sender, &out->buffer, &out->message);
}

static int open_message(const struct mls_group *group, const struct mls_message *message, uint64_t now_s,
                        struct opened *out)
{
    int rc = MLS_INVALID;
    if (message->wire_format == MLS_WIRE_PRIVATE_MESSAGE &&
        message->private_message.content_type == MLS_CONTENT_APPLICATION &&
        mls_past_is(&group->past, message->private_message.epoch))
        return open_past(group, &message->private_message, out);
    if (message->wire_format == MLS_WIRE_PUBLIC_MESSAGE)
        rc = open_public(group, &message->public_message, out);
    else if (message->wire_format == MLS_WIRE_PRIVATE_MESSAGE)
        rc = open_private(group, &message->private_message, out);
    return rc == MLS_OK ? check_sender(group, &out->message, now_s) : rc;
}

/* --- Proposals --- */

/* A key is spent once its message is known to be genuine. */
static int spend_key(struct mls_group *group, const struct opened *opened)
{
    struct mls_secret_tree *messages = opened->is_past ? &group->past.messages : &group->epoch.messages;
    return opened->sealed ? mls_private_accept(messages, opened->sealed, &opened->sender) : MLS_OK;
}

static int take_proposal(struct mls_group *group, const struct opened *opened, uint64_t now_s)
{
    const struct mls_content *content = &opened->message.content;
    const struct mls_item item = {.proposal = content->proposal,
                                  .sender_type = content->sender.type,
                                  .sender = content->sender.index,
                                  .leaf = MLS_NO_LEAF};
    const size_t before = group->kept_count;
    int rc = mls_proposal_check(group, &item, now_s);
    if (rc == MLS_OK)
        rc = mls_group_keep_message(group, &opened->message, NULL);
    if (rc != MLS_OK)
        return rc;
    rc = spend_key(group, opened);
    if (rc != MLS_OK && group->kept_count > before)
        mls_group_unkeep(group);
    return rc;
}

/* --- Commits --- */

static int check_path_leaf(const struct mls_staged *staged, const struct mls_committer *committer,
                           const struct mls_leaf_node *leaf_node)
{
    const struct mls_group *group = staged->group;
    const bool external = committer->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT;
    const uint32_t replaced = external ? staged->list.resynced : committer->leaf;
    const struct mls_leaf_question question = {
        .use = external ? MLS_CREDENTIAL_OF_JOINER : MLS_CREDENTIAL_OF_UPDATE,
        .source = MLS_LEAF_COMMIT,
        .leaf = committer->leaf,
        .now_s = committer->now_s,
        .extensions = mls_list_extensions(&staged->list, group),
        .old_leaf = replaced == MLS_NO_LEAF ? NULL : mls_ratchet_tree_leaf(group->tree, replaced),
        .always_ask = external,
    };
    /* "the same criteria as would the LeafNode in an Update for the removed leaf" (section 12.2); that a member's
     * encryption key is a new one is seen when the path is applied, as the old leaf is still in the tree then */
    if (external && question.old_leaf && mls_same(question.old_leaf->encryption_key, leaf_node->encryption_key))
        return MLS_DUPLICATE;
    int rc = mls_leaf_check(group, leaf_node, &question);
    if (rc == MLS_OK && external)
        rc = mls_client_is_new(group, staged->tree, leaf_node);
    return rc;
}

/* The private keys that this member brings to the path: of its leaf as the proposals left it. */
static void own_keys(struct mls_staged *staged, struct mls_tree_keys *keys)
{
    const struct mls_group *group = staged->group;
    *keys = group->epoch.keys;
    staged->next.signer = group->epoch.signer;
    if (staged->list.own_update) {
        const struct mls_kept *kept = staged->list.own_update->kept;
        mls_tree_keys_set_leaf(keys, group->suite, kept->private_key);
        staged->next.signer = kept->signer;
    }
}

/* Applies the path and gives its commit secret. */
static int take_path(struct mls_staged *staged, const struct mls_committer *committer,
                     const struct mls_update_path *path, const struct mls_tree_keys *keys, uint8_t *commit_secret)
{
    const struct mls_group *group = staged->group;
    int rc = check_path_leaf(staged, committer, &path->leaf_node);
    if (rc == MLS_OK)
        rc = mls_path_apply(staged->tree, committer->leaf, path);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_check_members(staged->tree, mls_list_extensions(&staged->list, group),
                                            staged->list.extensions != NULL);
    if (rc == MLS_OK && !staged->list.own_removed)
        rc = mls_staged_context(staged, group->epoch.context.confirmed_transcript_hash);
    if (rc == MLS_OK && !staged->list.own_removed)
        rc = mls_path_decrypt(staged->tree, committer->leaf, path, mls_epoch_encoded(&staged->next), keys,
                              &staged->next.keys, commit_secret);
    return rc;
}

/* The secrets of the next epoch, and whether the confirmation tag shows that the committer has the same. */
static int derive(struct mls_staged *staged, const struct mls_authenticated_content *message,
                  const uint8_t *commit_secret)
{
    const struct mls_group *group = staged->group;
    const struct mls_suite *suite = group->suite;
    uint8_t init_secret[MLS_HASH_MAX];
    uint8_t joiner_secret[MLS_HASH_MAX];
    uint8_t psk_secret[MLS_HASH_MAX];
    int rc = MLS_OK;
    memcpy(init_secret, group->epoch.secrets.init, sizeof init_secret);
    if (staged->list.external_init)
        rc = mls_external_init_receive(suite, group->epoch.secrets.external,
                                       staged->list.external_init->proposal.external_init, init_secret);
    if (rc == MLS_OK)
        rc = mls_staged_derive(staged, message, init_secret, commit_secret, joiner_secret, psk_secret);
    if (rc == MLS_OK &&
        !mls_same(message->auth.confirmation_tag, (struct core_slice){staged->next.confirmation_tag, suite->hash->len}))
        rc = MLS_CONFIRMATION;
    core_wipe(init_secret, sizeof init_secret);
    core_wipe(joiner_secret, sizeof joiner_secret);
    core_wipe(psk_secret, sizeof psk_secret);
    return rc;
}

/* message borrows from staged->content. */
static int stage_commit(struct mls_staged *staged, const struct mls_authenticated_content *message, uint64_t now_s)
{
    const struct mls_content *content = &message->content;
    const struct mls_commit *commit = &content->commit;
    struct mls_list *list = &staged->list;
    struct mls_committer committer = {content->sender.type, content->sender.index, now_s};
    struct mls_tree_keys keys = {0};
    uint8_t commit_secret[MLS_HASH_MAX] = {0};
    const bool external = content->sender.type == MLS_SENDER_NEW_MEMBER_COMMIT;
    int rc = mls_list_resolve(list, staged->group, content);
    if (rc == MLS_OK)
        rc = mls_list_apply(list, staged->group, &committer, staged->tree);
    if (rc == MLS_OK && list->path_required && !commit->has_path)
        rc = MLS_PATH_REQUIRED;
    if (rc == MLS_OK && external)
        rc = mls_ratchet_tree_vacant(staged->tree, &committer.leaf);
    if (rc != MLS_OK)
        return rc;
    own_keys(staged, &keys);
    if (commit->has_path) {
        rc = take_path(staged, &committer, &commit->path, &keys, commit_secret);
    } else {
        rc = mls_ratchet_tree_check_members(staged->tree, mls_list_extensions(list, staged->group),
                                            list->extensions != NULL);
        mls_tree_keys_prune(&keys, staged->tree);
        staged->next.keys = keys;
    }
    /* who is removed cannot know the next epoch's secrets, nor check the confirmation tag */
    if (rc == MLS_OK && !list->own_removed)
        rc = derive(staged, message, commit_secret);
    if (rc == MLS_OK)
        rc = mls_staged_ask(staged, &committer, false, content, commit->has_path ? &commit->path.leaf_node : NULL);
    mls_tree_keys_wipe(&keys);
    core_wipe(commit_secret, sizeof commit_secret);
    return rc;
}

static int take_commit(struct mls_group *group, const struct opened *opened, uint64_t now_s, struct mls_staged **out)
{
    struct mls_staged *staged = NULL;
    struct mls_authenticated_content message;
    struct bytes_writer w;
    int rc = mls_staged_new(group, &staged);
    if (rc != MLS_OK)
        return rc;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_authenticated_content_write(&w, &opened->message);
    rc = mls_output_take(&w, &staged->content);
    wire_buffer_free(&w);
    if (rc == MLS_OK) {
        struct bytes_reader r = mls_walk((struct core_slice){staged->content.data, staged->content.len});
        mls_authenticated_content_parse(&r, &message);
        staged->framed = message.content.encoded;
        rc = bytes_reader_done(&r) ? stage_commit(staged, &message, now_s) : MLS_MALFORMED;
    }
    if (rc == MLS_OK)
        *out = staged;
    else
        mls_staged_free(staged);
    return rc;
}

/* --- The whole --- */

void mls_received_free(struct mls_received *received)
{
    mls_output_free(&received->authenticated_data);
    mls_output_free(&received->data);
    mls_staged_free(received->staged);
    *received = (struct mls_received){0};
}

/* Who sent it, by the tree of the epoch it was sent in. */
static void show_sender(const struct mls_group *group, const struct opened *opened, struct mls_received *out)
{
    const struct mls_content *content = &opened->message.content;
    out->sender_type = content->sender.type;
    out->sender = content->sender.index;
    out->epoch = content->epoch;
    out->member.leaf = MLS_NO_LEAF;
    if (content->sender.type == MLS_SENDER_MEMBER)
        mls_member_view(opened->is_past ? mls_past_leaf(group, content->sender.index)
                                        : mls_ratchet_tree_leaf(group->tree, content->sender.index),
                        content->sender.index, &out->member);
}

static int take(struct mls_group *group, const struct opened *opened, uint64_t now_s, struct mls_received *out)
{
    const struct mls_content *content = &opened->message.content;
    int rc = mls_output_copy(content->authenticated_data, &out->authenticated_data);
    show_sender(group, opened, out);
    if (rc != MLS_OK)
        return rc;
    switch (content->type) {
    case MLS_CONTENT_APPLICATION:
        out->kind = MLS_RECEIVED_APPLICATION;
        rc = mls_output_copy(content->application, &out->data);
        return rc == MLS_OK ? spend_key(group, opened) : rc;
    case MLS_CONTENT_PROPOSAL:
        out->kind = MLS_RECEIVED_PROPOSAL;
        out->proposal_type = content->proposal.type;
        return take_proposal(group, opened, now_s);
    default:
        /* its key goes with its epoch, so that a commit that was dropped can be taken again */
        out->kind = MLS_RECEIVED_COMMIT;
        rc = take_commit(group, opened, now_s, &out->staged);
        if (rc == MLS_OK)
            out->sender = out->staged->info.sender;
        return rc;
    }
}

/* parsed and opened borrow from message; opened.buffer is the caller's to free, also on errors. */
static int open_bytes(const struct mls_group *group, struct mls_bytes message, uint64_t now_s,
                      struct mls_message *parsed, struct opened *opened)
{
    wire_buffer_init(&opened->buffer, MLS_MESSAGE_MAX);
    int rc = mls_group_usable(group);
    if (rc == MLS_OK)
        rc = mls_message_parse(message.data, message.len, parsed);
    return rc == MLS_OK ? open_message(group, parsed, now_s, opened) : rc;
}

int mls_group_sender(const struct mls_group *group, struct mls_bytes message, uint64_t now_s, uint8_t *sender_type,
                     uint32_t *sender)
{
    struct mls_message parsed;
    struct opened opened = {0};
    int rc = open_bytes(group, message, now_s, &parsed, &opened);
    if (rc == MLS_OK) {
        *sender_type = opened.message.content.sender.type;
        *sender = opened.message.content.sender.index;
    }
    wire_buffer_free(&opened.buffer);
    return rc;
}

int mls_group_process(struct mls_group *group, struct mls_bytes message, uint64_t now_s, struct mls_received *received)
{
    struct mls_message parsed;
    struct mls_received out = {0};
    struct opened opened = {0};
    int rc = open_bytes(group, message, now_s, &parsed, &opened);
    if (rc == MLS_OK)
        rc = take(group, &opened, now_s, &out);
    wire_buffer_free(&opened.buffer);
    if (rc == MLS_OK)
        *received = out;
    else
        mls_received_free(&out);
    return rc;
}
