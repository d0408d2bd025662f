/* The part of a group's state that is a staged commit: what merging it needs, and what can be asked of it. */
#include "core/secret.h"
#include "group.h"

/* --- Writing --- */

void mls_staged_write(struct bytes_writer *w, const struct mls_staged *staged)
{
    const struct mls_list *list = &staged->list;
    wire_write_present(w, staged->info.own);
    bytes_write_u32(w, staged->info.sender);
    wire_write_vector(w, staged->framed);
    /* the proposals that the commit names by reference, in its order */
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kept)
            wire_write_vector(w,
                              (struct core_slice){list->items[i].kept->encoded.data, list->items[i].kept->encoded.len});
    mls_ratchet_tree_write_stage(w, staged->tree);
    if (!list->own_removed) {
        wire_write_vector(w, mls_epoch_encoded(&staged->next));
        mls_epoch_write(w, staged->group->suite, &staged->next);
    }
    if (staged->info.own) {
        wire_write_vector(w, mls_in(mls_staged_message(staged)));
        wire_write_vector(w, mls_in(mls_staged_welcome(staged)));
    }
}

/* --- Reading --- */

/* Whether the commit is one of this group's epoch, by who is said to have made it. */
static int check_content(const struct mls_group *group, const struct mls_content *content, bool own, uint32_t committer)
{
    const struct mls_group_context *context = &group->epoch.context;
    const bool external = content->sender.type == MLS_SENDER_NEW_MEMBER_COMMIT;
    if (content->type != MLS_CONTENT_COMMIT || !mls_same(content->group_id, context->group_id) ||
        content->epoch != context->epoch || context->epoch == UINT64_MAX || group->reinit.data)
        return MLS_MALFORMED;
    if (external)
        return own || !content->commit.has_path ? MLS_MALFORMED : MLS_OK;
    if (content->sender.type != MLS_SENDER_MEMBER || content->sender.index != committer ||
        own != (committer == group->own_leaf) || !mls_ratchet_tree_leaf(group->tree, committer))
        return MLS_MALFORMED;
    return MLS_OK;
}

/* A proposal that was sent apart: the one that the commit refers to. */
static int read_referred(struct bytes_reader *r, struct mls_staged *staged, struct core_slice reference)
{
    const struct mls_group *group = staged->group;
    struct mls_kept *kept = NULL;
    const struct core_slice encoded = wire_parse_vector(r);
    if (!bytes_reader_ok(r))
        return MLS_MALFORMED;
    int rc = mls_kept_new(group->suite, encoded, &kept);
    if (rc != MLS_OK)
        return rc;
    const struct mls_content *sent = &kept->message.content;
    if (!mls_same((struct core_slice){kept->ref, group->suite->hash->len}, reference) ||
        !mls_same(sent->group_id, group->epoch.context.group_id) || sent->epoch != group->epoch.context.epoch)
        rc = MLS_MALFORMED;
    if (rc == MLS_OK)
        rc = mls_list_add(&staged->list, &sent->proposal, sent->sender.type, sent->sender.index, kept);
    mls_kept_drop(kept);
    return rc;
}

static int read_proposals(struct bytes_reader *r, struct mls_staged *staged, const struct mls_content *content)
{
    struct bytes_reader walk = mls_walk(content->commit.proposals);
    struct mls_proposal_or_ref item;
    int rc = MLS_OK;
    while (rc == MLS_OK && mls_proposal_or_ref_next(&walk, &item))
        rc = item.type == MLS_BY_VALUE
                 ? mls_list_add(&staged->list, &item.proposal, content->sender.type, content->sender.index, NULL)
                 : read_referred(r, staged, item.reference);
    return rc;
}

/* What merging looks for in the list, and where its Adds went. */
static int note_items(struct mls_staged *staged)
{
    struct mls_list *list = &staged->list;
    for (size_t i = 0; i < list->count; i++) {
        struct mls_item *item = &list->items[i];
        switch (item->proposal.type) {
        case MLS_PROPOSAL_ADD:
            if (!mls_ratchet_tree_find(staged->tree, &item->proposal.add.leaf_node, &item->leaf))
                return MLS_MALFORMED;
            list->adds++;
            break;
        case MLS_PROPOSAL_REMOVE:
            list->own_removed = list->own_removed || item->proposal.remove == staged->group->own_leaf;
            break;
        case MLS_PROPOSAL_REINIT:
            list->reinit = item;
            break;
        default:
            break;
        }
    }
    return MLS_OK;
}

/* Whether the committer's new leaf is where it is said to be. */
static int check_path(const struct mls_ratchet_tree *tree, const struct mls_update_path *path, uint32_t committer)
{
    uint32_t leaf = 0;
    return mls_ratchet_tree_find(tree, &path->leaf_node, &leaf) && leaf == committer ? MLS_OK : MLS_MALFORMED;
}

static int read_next(struct bytes_reader *r, struct mls_staged *staged)
{
    const struct mls_group *group = staged->group;
    struct mls_group_context context;
    struct bytes_reader encoded = wire_parse_block(r);
    mls_group_context_parse(&encoded, &context);
    if (!bytes_reader_ok(r) || !bytes_reader_done(&encoded) || context.version != MLS_VERSION_1_0 ||
        context.cipher_suite != group->suite->id || context.epoch != staged->from + 1 ||
        !mls_same(context.group_id, group->epoch.context.group_id))
        return MLS_MALFORMED;
    int rc = mls_group_extensions_check(context.extensions);
    if (rc == MLS_OK)
        rc = mls_epoch_set_context(&staged->next, &context);
    return rc == MLS_OK ? mls_epoch_read(r, group->suite, staged->tree, group->own_leaf, &staged->next) : rc;
}

static int read_messages(struct bytes_reader *r, struct mls_staged *staged)
{
    const struct core_slice message = wire_parse_vector(r);
    const struct core_slice welcome = wire_parse_vector(r);
    if (!bytes_reader_ok(r) || message.len == 0)
        return MLS_MALFORMED;
    int rc = mls_output_copy(message, &staged->message);
    return rc == MLS_OK && welcome.len > 0 ? mls_output_copy(welcome, &staged->welcome) : rc;
}

static int read_staged(struct bytes_reader *r, struct mls_staged *staged)
{
    struct mls_group *group = staged->group;
    const bool own = wire_read_present(r);
    const uint32_t committer = bytes_read_u32(r);
    const struct core_slice framed = wire_parse_vector(r);
    struct mls_content content;
    if (!bytes_reader_ok(r))
        return MLS_MALFORMED;
    int rc = mls_output_copy(framed, &staged->content);
    if (rc != MLS_OK)
        return rc;
    staged->framed = (struct core_slice){staged->content.data, staged->content.len};
    struct bytes_reader body = mls_walk(staged->framed);
    mls_content_parse(&body, &content);
    rc = bytes_reader_done(&body) ? check_content(group, &content, own, committer) : MLS_MALFORMED;
    if (rc == MLS_OK)
        rc = read_proposals(r, staged, &content);
    if (rc == MLS_OK)
        rc = mls_ratchet_tree_read_stage(r, group->tree, &staged->tree);
    if (rc == MLS_OK)
        rc = note_items(staged);
    if (rc == MLS_OK && content.commit.has_path)
        rc = check_path(staged->tree, &content.commit.path, committer);
    if (rc == MLS_OK && !staged->list.own_removed)
        rc = read_next(r, staged);
    if (rc == MLS_OK && own)
        rc = read_messages(r, staged);
    if (rc != MLS_OK)
        return rc;
    const struct mls_committer by = {.sender_type = content.sender.type, .leaf = committer};
    return mls_staged_describe(staged, &by, own, &content,
                               content.commit.has_path ? &content.commit.path.leaf_node : NULL);
}

int mls_staged_read(struct bytes_reader *r, struct mls_group *group, struct mls_staged **staged)
{
    struct mls_staged *made = NULL;
    int rc = mls_staged_new(group, &made);
    if (rc != MLS_OK)
        return rc;
    mls_ratchet_tree_free(made->tree); /* the one that was saved comes in its place */
    made->tree = NULL;
    rc = read_staged(r, made);
    if (rc == MLS_OK)
        *staged = made;
    else
        mls_staged_free(made);
    return rc;
}
