/* A group's state in the clear: written, and read as if a stranger had written it. docs/mls.md has the format. */
#include <stddef.h>

#include "core/secret.h"
#include "group.h"

static void write_secret(struct bytes_writer *w, const struct mls_suite *suite, const uint8_t *secret)
{
    bytes_write(w, secret, suite->hash->len);
}

/* --- Epochs --- */

/* All but the encryption secret, which is in the secret tree. */
static const size_t secrets[] = {
    offsetof(struct mls_epoch_secrets, sender_data),    offsetof(struct mls_epoch_secrets, exporter),
    offsetof(struct mls_epoch_secrets, external),       offsetof(struct mls_epoch_secrets, confirmation_key),
    offsetof(struct mls_epoch_secrets, membership_key), offsetof(struct mls_epoch_secrets, resumption_psk),
    offsetof(struct mls_epoch_secrets, authenticator),  offsetof(struct mls_epoch_secrets, init),
};
enum { SECRETS = sizeof secrets / sizeof secrets[0] };

void mls_epoch_write(struct bytes_writer *w, const struct mls_suite *suite, const struct mls_epoch *epoch)
{
    write_secret(w, suite, epoch->confirmation_tag);
    for (size_t i = 0; i < SECRETS; i++)
        write_secret(w, suite, (const uint8_t *)&epoch->secrets + secrets[i]);
    mls_secret_tree_write(w, &epoch->messages);
    mls_tree_keys_write(w, &epoch->keys, suite);
    bytes_write(w, epoch->signer.private_key, suite->signature->private_len);
}

static int read_signer(struct bytes_reader *r, const struct mls_suite *suite, struct core_signing_key *signer)
{
    const uint8_t *private_key = bytes_parse(r, suite->signature->private_len);
    if (!private_key)
        return MLS_MALFORMED;
    return mls_signing_key_import(suite, (struct core_slice){private_key, suite->signature->private_len}, signer);
}

/* Whether the tree is the context's, and sound; that the members' leaves are genuine was checked when they came. */
static int check_tree(const struct mls_suite *suite, struct mls_ratchet_tree *tree,
                      const struct mls_group_context *context)
{
    uint8_t hash[MLS_HASH_MAX];
    int rc = mls_ratchet_tree_hash(tree, hash);
    if (rc == MLS_OK && !mls_same(context->tree_hash, (struct core_slice){hash, suite->hash->len}))
        rc = MLS_TREE;
    return rc == MLS_OK ? mls_ratchet_tree_verify(tree) : rc;
}

/* Whether the private keys are those of the member's leaf and of the nodes above it. */
static int check_keys(const struct mls_suite *suite, const struct mls_epoch *epoch, const struct mls_ratchet_tree *tree,
                      uint32_t own_leaf)
{
    const struct mls_leaf_node *leaf_node = mls_ratchet_tree_leaf(tree, own_leaf);
    const struct core_slice signature_key = {epoch->signer.public_key, suite->signature->public_len};
    if (!leaf_node || epoch->keys.leaf != own_leaf || !epoch->keys.known[0])
        return MLS_MALFORMED;
    if (!mls_same(leaf_node->signature_key, signature_key))
        return MLS_KEY;
    return mls_tree_keys_check(&epoch->keys, tree);
}

static int check_transcript(const struct mls_suite *suite, struct mls_epoch *epoch, bool with_secrets)
{
    const struct core_slice confirmed = epoch->context.confirmed_transcript_hash;
    const struct core_slice tag = {epoch->confirmation_tag, suite->hash->len};
    int rc =
        with_secrets ? mls_confirmation_check(suite, epoch->secrets.confirmation_key, confirmed, tag) : (int)MLS_OK;
    return rc == MLS_OK ? mls_interim_transcript_hash(suite, confirmed, tag, epoch->interim) : rc;
}

/* The message keys, for as many leaves as the tree has: before memory is taken for them. */
static int read_messages(struct bytes_reader *r, const struct mls_suite *suite, uint32_t leaves,
                         struct mls_secret_tree *messages)
{
    struct bytes_reader ahead = *r;
    return bytes_read_u32(&ahead) == leaves ? mls_secret_tree_read(r, messages, suite) : (int)MLS_MALFORMED;
}

int mls_epoch_read(struct bytes_reader *r, const struct mls_suite *suite, struct mls_ratchet_tree *tree,
                   uint32_t own_leaf, struct mls_epoch *epoch)
{
    bytes_read(r, epoch->confirmation_tag, suite->hash->len);
    for (size_t i = 0; i < SECRETS; i++)
        bytes_read(r, (uint8_t *)&epoch->secrets + secrets[i], suite->hash->len);
    int rc = check_tree(suite, tree, &epoch->context);
    if (rc == MLS_OK)
        rc = read_messages(r, suite, mls_ratchet_tree_leaves(tree), &epoch->messages);
    if (rc != MLS_OK)
        return rc;
    mls_tree_keys_read(r, &epoch->keys, suite);
    rc = read_signer(r, suite, &epoch->signer);
    if (rc == MLS_OK)
        rc = check_keys(suite, epoch, tree, own_leaf);
    return rc == MLS_OK ? check_transcript(suite, epoch, true) : rc;
}

/* --- What outlives epochs --- */

static void write_origin(struct bytes_writer *w, const struct mls_origin *origin)
{
    bytes_write_u8(w, origin->usage);
    if (!origin->usage)
        return;
    wire_write_vector(w, (struct core_slice){origin->group_id.data, origin->group_id.len});
    bytes_write_u64(w, origin->epoch);
    wire_write_vector(w, (struct core_slice){origin->psk, origin->psk_len});
}

static int read_origin(struct bytes_reader *r, struct mls_origin *origin)
{
    const uint8_t usage = bytes_read_u8(r);
    if (usage == 0)
        return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
    const struct core_slice group_id = wire_parse_vector(r);
    const uint64_t epoch = bytes_read_u64(r);
    const struct core_slice psk = wire_parse_vector(r);
    if (!bytes_reader_ok(r) || (usage != MLS_PSK_REINIT && usage != MLS_PSK_BRANCH) || psk.len == 0 ||
        psk.len > sizeof origin->psk)
        return MLS_MALFORMED;
    origin->usage = usage;
    origin->epoch = epoch;
    origin->psk_len = psk.len;
    memcpy(origin->psk, psk.data, psk.len);
    return mls_output_copy(group_id, &origin->group_id);
}

static void write_resumptions(struct bytes_writer *w, const struct mls_group *group)
{
    bytes_write_u8(w, (uint8_t)group->resumption_count);
    for (size_t i = 0; i < group->resumption_count; i++) {
        bytes_write_u64(w, group->resumptions[i].epoch);
        write_secret(w, group->suite, group->resumptions[i].psk);
    }
}

static int read_resumptions(struct bytes_reader *r, struct mls_group *group)
{
    const size_t count = bytes_read_u8(r);
    uint64_t after = group->epoch.context.epoch;
    if (count > MLS_RESUMPTIONS_KEPT)
        return MLS_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        struct mls_resumption *resumption = &group->resumptions[group->resumption_count++];
        resumption->epoch = bytes_read_u64(r);
        bytes_read(r, resumption->psk, group->suite->hash->len);
        if (resumption->epoch >= after) /* newest first */
            return MLS_MALFORMED;
        after = resumption->epoch;
    }
    return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
}

static int read_reinit(struct bytes_reader *r, struct mls_output *reinit)
{
    const struct core_slice encoded = wire_parse_vector(r);
    struct mls_proposal proposal;
    if (!bytes_reader_ok(r) || encoded.len == 0)
        return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
    struct bytes_reader body = mls_walk(encoded);
    mls_proposal_parse(&body, &proposal);
    if (!bytes_reader_done(&body) || proposal.type != MLS_PROPOSAL_REINIT)
        return MLS_MALFORMED;
    return mls_output_copy(encoded, reinit);
}

/* --- Proposals that wait --- */

static void write_kept(struct bytes_writer *w, const struct mls_suite *suite, const struct mls_kept *kept)
{
    wire_write_vector(w, (struct core_slice){kept->encoded.data, kept->encoded.len});
    wire_write_present(w, kept->own_update);
    if (!kept->own_update)
        return;
    bytes_write(w, kept->private_key, suite->kem->private_len);
    bytes_write(w, kept->signer.private_key, suite->signature->private_len);
}

static int check_update_keys(const struct mls_group *group, const struct mls_kept *kept)
{
    const struct mls_suite *suite = group->suite;
    const struct mls_content *content = &kept->message.content;
    const struct mls_leaf_node *update = &content->proposal.update;
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    if (content->proposal.type != MLS_PROPOSAL_UPDATE || content->sender.type != MLS_SENDER_MEMBER ||
        content->sender.index != group->own_leaf)
        return MLS_MALFORMED;
    int rc = suite->kem->public_from(suite->kem, kept->private_key, public_key);
    if (rc == MLS_OK &&
        (!mls_same(update->encryption_key, (struct core_slice){public_key, suite->kem->public_len}) ||
         !mls_same(update->signature_key, (struct core_slice){kept->signer.public_key, suite->signature->public_len})))
        rc = MLS_KEY;
    return rc;
}

static int read_update_keys(struct bytes_reader *r, const struct mls_group *group, struct mls_kept *kept)
{
    kept->own_update = wire_read_present(r);
    if (!kept->own_update)
        return bytes_reader_ok(r) ? MLS_OK : MLS_MALFORMED;
    bytes_read(r, kept->private_key, group->suite->kem->private_len);
    int rc = read_signer(r, group->suite, &kept->signer);
    return rc == MLS_OK ? check_update_keys(group, kept) : rc;
}

static int read_kept(struct bytes_reader *r, struct mls_group *group)
{
    struct mls_kept *kept = NULL;
    const struct core_slice encoded = wire_parse_vector(r);
    if (!bytes_reader_ok(r))
        return MLS_MALFORMED;
    int rc = mls_kept_new(group->suite, encoded, &kept);
    if (rc != MLS_OK)
        return rc;
    const struct mls_content *content = &kept->message.content;
    if (!mls_same(content->group_id, group->epoch.context.group_id) || content->epoch != group->epoch.context.epoch ||
        mls_group_find_kept(group, (struct core_slice){kept->ref, group->suite->hash->len}))
        rc = MLS_MALFORMED;
    if (rc == MLS_OK)
        rc = read_update_keys(r, group, kept);
    if (rc == MLS_OK)
        rc = mls_group_keep(group, kept);
    mls_kept_drop(kept);
    return rc;
}

static int read_all_kept(struct bytes_reader *r, struct mls_group *group)
{
    int rc = MLS_OK;
    const size_t count = bytes_read_u16(r);
    if (count > MLS_PROPOSALS_KEPT)
        return MLS_MALFORMED;
    for (size_t i = 0; rc == MLS_OK && i < count; i++)
        rc = read_kept(r, group);
    return rc == MLS_OK && !bytes_reader_ok(r) ? (int)MLS_MALFORMED : rc;
}

/* --- The whole --- */

void mls_group_state_write(struct bytes_writer *w, const struct mls_group *group, const struct mls_staged *staged)
{
    wire_write_vector(w, mls_epoch_encoded(&group->epoch));
    bytes_write_u32(w, group->own_leaf);
    const size_t tree = wire_begin_vector(w);
    mls_ratchet_tree_write(w, group->tree);
    wire_end_vector(w, tree);
    wire_write_present(w, group->removed);
    if (group->removed) {
        write_secret(w, group->suite, group->epoch.confirmation_tag);
        return;
    }
    mls_epoch_write(w, group->suite, &group->epoch);
    wire_write_vector(w, (struct core_slice){group->reinit.data, group->reinit.len});
    write_origin(w, &group->origin);
    write_resumptions(w, group);
    bytes_write_u16(w, (uint16_t)group->kept_count);
    for (size_t i = 0; i < group->kept_count; i++)
        write_kept(w, group->suite, group->kept[i]);
    wire_write_present(w, staged != NULL);
    if (staged)
        mls_staged_write(w, staged);
}

/* What a removed member keeps: the group as it was, without a secret. */
static int read_removed(struct bytes_reader *r, struct mls_group *group)
{
    group->removed = true;
    bytes_read(r, group->epoch.confirmation_tag, group->suite->hash->len);
    if (!bytes_reader_done(r))
        return MLS_MALFORMED;
    int rc = check_tree(group->suite, group->tree, &group->epoch.context);
    return rc == MLS_OK ? check_transcript(group->suite, &group->epoch, false) : rc;
}

static int read_group(struct bytes_reader *r, struct mls_group *group, const struct mls_group_context *context,
                      struct mls_staged **staged)
{
    int rc = mls_epoch_set_context(&group->epoch, context);
    if (rc == MLS_OK)
        rc = mls_group_extensions_check(context->extensions);
    group->own_leaf = bytes_read_u32(r);
    const struct core_slice tree = wire_parse_vector(r);
    const bool removed = wire_read_present(r);
    if (rc == MLS_OK)
        rc = bytes_reader_ok(r) ? mls_ratchet_tree_read(group->suite, tree, &group->tree) : MLS_MALFORMED;
    if (rc != MLS_OK || removed)
        return rc == MLS_OK ? read_removed(r, group) : rc;
    rc = mls_epoch_read(r, group->suite, group->tree, group->own_leaf, &group->epoch);
    if (rc == MLS_OK)
        rc = read_reinit(r, &group->reinit);
    if (rc == MLS_OK)
        rc = read_origin(r, &group->origin);
    if (rc == MLS_OK)
        rc = read_resumptions(r, group);
    if (rc == MLS_OK)
        rc = read_all_kept(r, group);
    if (rc == MLS_OK && wire_read_present(r))
        rc = mls_staged_read(r, group, staged);
    return rc == MLS_OK && !bytes_reader_done(r) ? (int)MLS_MALFORMED : rc;
}

int mls_group_state_read(struct core_slice plain, const struct mls_suites *suites, const struct mls_policy *policy,
                         struct mls_group **group, struct mls_staged **staged)
{
    struct mls_group *made = NULL;
    struct mls_staged *made_staged = NULL;
    struct mls_group_context context;
    struct bytes_reader r = mls_walk(plain);
    struct bytes_reader encoded = wire_parse_block(&r);
    mls_group_context_parse(&encoded, &context);
    if (!bytes_reader_ok(&r) || !bytes_reader_done(&encoded) || context.version != MLS_VERSION_1_0)
        return MLS_MALFORMED;
    int rc = mls_group_alloc(suites, context.cipher_suite, policy, &made);
    if (rc == MLS_OK)
        rc = read_group(&r, made, &context, &made_staged);
    if (rc == MLS_OK) {
        *group = made;
        *staged = made_staged;
    } else {
        mls_staged_free(made_staged);
        mls_group_free(made);
    }
    return rc;
}
