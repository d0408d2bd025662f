/* The epoch before the present one, as far as application messages of it can still be opened (RFC 9420 section 15.3).
 */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- The leaves that the commit changes --- */

static struct mls_past_leaf *note(struct mls_past *past, uint32_t leaf)
{
    struct mls_past_leaf *entry = &past->changed[past->changed_count++];
    entry->leaf = leaf;
    return entry;
}

/* A member whose leaf is replaced by another of its own. */
static int note_old(struct mls_past *past, const struct mls_ratchet_tree *tree, uint32_t leaf)
{
    struct mls_past_leaf *entry = note(past, leaf);
    const struct mls_leaf_node *old_leaf = mls_ratchet_tree_leaf(tree, leaf);
    int rc = old_leaf ? mls_output_copy(old_leaf->encoded, &entry->memory) : MLS_LEAF;
    if (rc != MLS_OK)
        return rc;
    struct bytes_reader r = mls_walk((struct core_slice){entry->memory.data, entry->memory.len});
    mls_leaf_node_parse(&r, &entry->leaf_node);
    return bytes_reader_done(&r) ? MLS_OK : MLS_MALFORMED;
}

int mls_past_prepare(struct mls_past *past, const struct mls_staged *staged)
{
    const struct mls_ratchet_tree *tree = staged->group->tree;
    const struct mls_list *list = &staged->list;
    const struct mls_commit_info *info = &staged->info;
    int rc = MLS_OK;
    past->changed = calloc(list->count + 1, sizeof *past->changed);
    if (!past->changed)
        return MLS_MEMORY;
    for (size_t i = 0; rc == MLS_OK && i < list->count; i++) {
        const struct mls_item *item = &list->items[i];
        if (item->proposal.type == MLS_PROPOSAL_REMOVE)
            note(past, item->proposal.remove)->removed = true;
        else if (item->proposal.type == MLS_PROPOSAL_ADD)
            note(past, item->leaf);
        else if (item->proposal.type == MLS_PROPOSAL_UPDATE)
            rc = note_old(past, tree, item->sender);
    }
    if (rc == MLS_OK && info->sender_type != MLS_SENDER_MEMBER)
        note(past, info->sender);
    else if (rc == MLS_OK && info->has_path)
        rc = note_old(past, tree, info->sender);
    return rc;
}

/* --- Its secrets --- */

void mls_past_take(struct mls_past *past, struct mls_epoch *epoch)
{
    int rc = MLS_OK;
    past->encoded = epoch->encoded;
    past->context = epoch->context;
    past->messages = epoch->messages;
    memcpy(past->sender_data, epoch->secrets.sender_data, sizeof past->sender_data);
    wire_buffer_init(&epoch->encoded, MLS_MESSAGE_MAX);
    epoch->context = (struct mls_group_context){0};
    epoch->messages = (struct mls_secret_tree){0};
    for (size_t i = 0; rc == MLS_OK && i < past->changed_count; i++)
        if (past->changed[i].removed)
            rc = mls_secret_tree_forget(&past->messages, past->changed[i].leaf);
    /* rather none of them than a removed member's */
    if (rc != MLS_OK)
        mls_past_wipe(past);
}

void mls_past_wipe(struct mls_past *past)
{
    for (size_t i = 0; i < past->changed_count; i++)
        mls_output_free(&past->changed[i].memory);
    free(past->changed);
    wire_buffer_free(&past->encoded);
    mls_secret_tree_wipe(&past->messages);
    core_wipe(past, sizeof *past);
}

/* --- Asked for --- */

bool mls_past_is(const struct mls_past *past, uint64_t epoch)
{
    return past->encoded.len > 0 && past->context.epoch == epoch;
}

const struct mls_leaf_node *mls_past_leaf(const struct mls_group *group, uint32_t leaf)
{
    const struct mls_past *past = &group->past;
    if (leaf >= past->messages.leaves)
        return NULL;
    for (size_t i = 0; i < past->changed_count; i++)
        if (past->changed[i].leaf == leaf)
            return past->changed[i].memory.len > 0 ? &past->changed[i].leaf_node : NULL;
    return mls_ratchet_tree_leaf(group->tree, leaf);
}

void mls_group_keep_past(struct mls_group *group, bool keep)
{
    group->keeps_past = keep;
    if (!keep)
        mls_past_wipe(&group->past);
}

void mls_group_forget_past(struct mls_group *group)
{
    mls_past_wipe(&group->past);
}
