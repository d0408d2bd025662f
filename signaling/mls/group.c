/* A group's state: life, what can be asked of it, epochs, proposals that wait. */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- Outputs --- */

void mls_output_free(struct mls_output *output)
{
    core_wipe(output->data, output->len);
    free(output->data);
    *output = (struct mls_output){0};
}

int mls_output_copy(struct core_slice bytes, struct mls_output *out)
{
    uint8_t *data = malloc(bytes.len ? bytes.len : 1);
    if (!data)
        return MLS_MEMORY;
    if (bytes.len)
        memcpy(data, bytes.data, bytes.len);
    *out = (struct mls_output){data, bytes.len};
    return MLS_OK;
}

int mls_output_take(struct bytes_writer *w, struct mls_output *out)
{
    return bytes_writer_ok(w) ? mls_output_copy(wire_buffer_slice(w), out) : MLS_MEMORY;
}

int mls_signature_key_new(const struct mls_suites *suites, uint16_t suite, struct mls_output *private_key,
                          struct mls_output *public_key)
{
    const struct mls_suite *row = mls_suite_find(suites, suite);
    struct core_signing_key key;
    struct mls_output made = {0};
    if (!row)
        return MLS_SUITE;
    int rc = row->signature->generate(row->signature, &key) ? MLS_OK : MLS_CRYPTO;
    if (rc == MLS_OK)
        rc = mls_output_copy((struct core_slice){key.private_key, row->signature->private_len}, &made);
    if (rc == MLS_OK)
        rc = mls_output_copy((struct core_slice){key.public_key, row->signature->public_len}, public_key);
    if (rc == MLS_OK)
        *private_key = made;
    else
        mls_output_free(&made);
    core_wipe(&key, sizeof key);
    return rc;
}

/* --- Epochs --- */

void mls_epoch_wipe(struct mls_epoch *epoch)
{
    wire_buffer_free(&epoch->encoded);
    mls_secret_tree_wipe(&epoch->messages);
    core_wipe(epoch, sizeof *epoch);
}

int mls_epoch_set_context(struct mls_epoch *epoch, const struct mls_group_context *context)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_group_context_write(&w, context);
    if (!bytes_writer_ok(&w)) {
        wire_buffer_free(&w);
        return MLS_MEMORY;
    }
    struct bytes_reader r = mls_walk(wire_buffer_slice(&w));
    struct mls_group_context view;
    mls_group_context_parse(&r, &view);
    if (!bytes_reader_done(&r)) {
        wire_buffer_free(&w);
        return MLS_MALFORMED;
    }
    /* only now: the context may borrow from what is replaced */
    wire_buffer_free(&epoch->encoded);
    epoch->encoded = w;
    epoch->context = view;
    return MLS_OK;
}

int mls_epoch_derive(struct mls_epoch *epoch, const struct mls_suite *suite, uint32_t leaves,
                     const uint8_t *joiner_secret, const uint8_t *psk_secret)
{
    int rc = mls_epoch_secrets_init(suite, joiner_secret, psk_secret, mls_epoch_encoded(epoch), &epoch->secrets);
    if (rc == MLS_OK)
        rc = mls_secret_tree_init(&epoch->messages, suite, leaves, epoch->secrets.encryption);
    core_wipe(epoch->secrets.encryption, sizeof epoch->secrets.encryption);
    return rc;
}

/* --- Life --- */

int mls_group_alloc(const struct mls_suites *suites, uint16_t suite, const struct mls_policy *policy,
                    struct mls_group **group)
{
    const struct mls_suite *row = mls_suite_find(suites, suite);
    if (!row)
        return MLS_SUITE;
    struct mls_group *made = calloc(1, sizeof *made);
    if (!made)
        return MLS_MEMORY;
    made->suites = suites;
    made->suite = row;
    made->policy = *policy;
    wire_buffer_init(&made->epoch.encoded, MLS_MESSAGE_MAX);
    *group = made;
    return MLS_OK;
}

void mls_group_free(struct mls_group *group)
{
    if (!group)
        return;
    mls_group_forget_proposals(group);
    free(group->kept);
    mls_ratchet_tree_free(group->tree);
    mls_epoch_wipe(&group->epoch);
    mls_past_wipe(&group->past);
    mls_output_free(&group->reinit);
    mls_output_free(&group->origin.group_id);
    core_wipe(group, sizeof *group);
    free(group);
}

int mls_group_usable(const struct mls_group *group)
{
    if (group->removed)
        return MLS_REMOVED;
    return group->reinit.data ? MLS_STATE : MLS_OK;
}

/* --- Questions --- */

struct mls_bytes mls_group_id(const struct mls_group *group)
{
    return mls_out(group->epoch.context.group_id);
}

uint64_t mls_group_epoch(const struct mls_group *group)
{
    return group->epoch.context.epoch;
}

uint16_t mls_group_suite(const struct mls_group *group)
{
    return group->suite->id;
}

uint32_t mls_group_own_leaf(const struct mls_group *group)
{
    return group->own_leaf;
}

uint32_t mls_group_leaves(const struct mls_group *group)
{
    return mls_ratchet_tree_leaves(group->tree);
}

void mls_member_view(const struct mls_leaf_node *leaf_node, uint32_t leaf, struct mls_member *out)
{
    *out = (struct mls_member){
        .leaf = leaf,
        .credential_type = leaf_node->credential.type,
        .credential = mls_out(leaf_node->credential.content),
        .signature_key = mls_out(leaf_node->signature_key),
        .extensions = mls_out(leaf_node->extensions),
        .leaf_node = mls_out(leaf_node->encoded),
    };
}

int mls_group_member(const struct mls_group *group, uint32_t leaf, struct mls_member *out)
{
    const struct mls_leaf_node *leaf_node = mls_ratchet_tree_leaf(group->tree, leaf);
    if (!leaf_node)
        return MLS_LEAF;
    mls_member_view(leaf_node, leaf, out);
    return MLS_OK;
}

struct mls_bytes mls_group_extensions(const struct mls_group *group)
{
    return mls_out(group->epoch.context.extensions);
}

bool mls_extensions_find(struct mls_bytes extensions, uint16_t type, struct mls_bytes *data)
{
    struct core_slice found;
    if (!mls_extension_find(mls_in(extensions), type, &found))
        return false;
    *data = mls_out(found);
    return true;
}

bool mls_group_was_removed(const struct mls_group *group)
{
    return group->removed;
}

bool mls_group_was_reinitialized(const struct mls_group *group)
{
    return group->reinit.data != NULL;
}

int mls_group_export(const struct mls_group *group, struct mls_bytes label, struct mls_bytes context, uint8_t *out,
                     size_t len)
{
    if (group->removed)
        return MLS_REMOVED;
    return mls_exporter(group->suite, group->epoch.secrets.exporter, mls_in(label), mls_in(context), out, len);
}

struct mls_bytes mls_group_epoch_authenticator(const struct mls_group *group)
{
    return (struct mls_bytes){group->epoch.secrets.authenticator, group->removed ? 0 : group->suite->hash->len};
}

int mls_group_tree(const struct mls_group *group, struct mls_output *tree)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_ratchet_tree_write(&w, group->tree);
    int rc = mls_output_take(&w, tree);
    wire_buffer_free(&w);
    return rc;
}

/* --- Resumption PSKs --- */

const uint8_t *mls_group_resumption(const struct mls_group *group, uint64_t epoch)
{
    if (group->removed)
        return NULL;
    for (size_t i = 0; i < group->resumption_count; i++)
        if (group->resumptions[i].epoch == epoch)
            return group->resumptions[i].psk;
    /* who only looks at the group, or is about to join it, knows no secret of this epoch */
    return group->own_leaf != MLS_NO_LEAF && epoch == group->epoch.context.epoch ? group->epoch.secrets.resumption_psk
                                                                                 : NULL;
}

void mls_group_forget_resumptions(struct mls_group *group, uint64_t epoch)
{
    /* newest first: what is to go stands at the end */
    while (group->resumption_count && group->resumptions[group->resumption_count - 1].epoch < epoch)
        core_wipe(&group->resumptions[--group->resumption_count], sizeof group->resumptions[0]);
}

/* --- Proposals that wait --- */

int mls_kept_new(const struct mls_suite *suite, struct core_slice encoded, struct mls_kept **kept)
{
    struct mls_kept *made = calloc(1, sizeof *made);
    if (!made)
        return MLS_MEMORY;
    made->holders = 1;
    int rc = mls_output_copy(encoded, &made->encoded);
    if (rc == MLS_OK) {
        struct bytes_reader r = mls_walk((struct core_slice){made->encoded.data, made->encoded.len});
        mls_authenticated_content_parse(&r, &made->message);
        rc = bytes_reader_done(&r) && made->message.content.type == MLS_CONTENT_PROPOSAL
                 ? mls_proposal_ref(suite, &made->message, made->ref)
                 : MLS_MALFORMED;
    }
    if (rc == MLS_OK)
        *kept = made;
    else
        mls_kept_drop(made);
    return rc;
}

void mls_kept_drop(struct mls_kept *kept)
{
    if (!kept || --kept->holders > 0)
        return;
    mls_output_free(&kept->encoded);
    core_wipe(kept, sizeof *kept);
    free(kept);
}

struct mls_kept *mls_group_find_kept(const struct mls_group *group, struct core_slice ref)
{
    for (size_t i = 0; i < group->kept_count; i++)
        if (mls_same((struct core_slice){group->kept[i]->ref, group->suite->hash->len}, ref))
            return group->kept[i];
    return NULL;
}

int mls_group_keep(struct mls_group *group, struct mls_kept *kept)
{
    if (group->kept_count >= MLS_PROPOSALS_KEPT || group->kept_bytes + kept->encoded.len > MLS_MESSAGE_MAX)
        return MLS_LIMIT;
    if (group->kept_count == group->kept_cap) {
        const size_t cap = group->kept_cap ? 2 * group->kept_cap : 8;
        struct mls_kept **grown = realloc(group->kept, cap * sizeof *grown);
        if (!grown)
            return MLS_MEMORY;
        group->kept = grown;
        group->kept_cap = cap;
    }
    kept->holders++;
    group->kept[group->kept_count++] = kept;
    group->kept_bytes += kept->encoded.len;
    return MLS_OK;
}

void mls_group_unkeep(struct mls_group *group)
{
    struct mls_kept *last = group->kept[--group->kept_count];
    group->kept_bytes -= last->encoded.len;
    mls_kept_drop(last);
}

void mls_group_forget_proposals(struct mls_group *group)
{
    while (group->kept_count)
        mls_group_unkeep(group);
}
