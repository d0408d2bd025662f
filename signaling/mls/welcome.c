/* What newcomers are given: GroupInfo and Welcome (RFC 9420 sections 12.4.3, 12.4.3.1). */
#include <stdlib.h>

#include "core/secret.h"
#include "group.h"

/* --- GroupInfo --- */

static void write_tree_extension(struct bytes_writer *w, const struct mls_ratchet_tree *tree)
{
    bytes_write_u16(w, MLS_EXTENSION_RATCHET_TREE);
    const size_t begin = wire_begin_vector(w);
    mls_ratchet_tree_write(w, tree);
    wire_end_vector(w, begin);
}

static int write_external_pub(struct bytes_writer *w, const struct mls_suite *suite, const uint8_t *external_secret)
{
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    int rc = mls_external_key_pair(suite, external_secret, private_key, public_key);
    core_wipe(private_key, sizeof private_key);
    if (rc != MLS_OK)
        return rc;
    bytes_write_u16(w, MLS_EXTENSION_EXTERNAL_PUB);
    const size_t begin = wire_begin_vector(w);
    wire_write_vector(w, (struct core_slice){public_key, suite->kem->public_len});
    wire_end_vector(w, begin);
    return MLS_OK;
}

/* "SHOULD include some random GREASE extensions" (section 12.4.3) */
static int write_grease(struct bytes_writer *w)
{
    uint8_t random[5];
    if (!core_random(random, sizeof random))
        return MLS_CRYPTO;
    mls_grease_write(w, random, sizeof random, NULL, 0);
    return MLS_OK;
}

static int sign_info(const struct mls_suite *suite, const struct mls_epoch *epoch, struct mls_group_info *info,
                     struct bytes_writer *w)
{
    uint8_t signature[CORE_SIGNATURE_MAX];
    const size_t start = w->len;
    mls_group_info_write_tbs(w, info);
    if (!bytes_writer_ok(w))
        return MLS_MEMORY;
    const struct core_slice tbs = {w->data + start, w->len - start};
    info->signature.data = signature;
    int rc =
        mls_sign_with_label(suite, &epoch->signer, MLS_TEXT("GroupInfoTBS"), &tbs, 1, signature, &info->signature.len);
    if (rc == MLS_OK)
        wire_write_vector(w, info->signature);
    return rc != MLS_OK || bytes_writer_ok(w) ? rc : MLS_MEMORY;
}

int mls_group_info_build(const struct mls_suite *suite, const struct mls_epoch *epoch,
                         const struct mls_ratchet_tree *tree, uint32_t signer, bool with_tree, bool with_external_pub,
                         struct bytes_writer *w)
{
    struct bytes_writer extensions;
    wire_buffer_init(&extensions, MLS_MESSAGE_MAX);
    int rc = write_grease(&extensions);
    if (rc == MLS_OK && with_tree)
        write_tree_extension(&extensions, tree);
    if (rc == MLS_OK && with_external_pub)
        rc = write_external_pub(&extensions, suite, epoch->secrets.external);
    if (rc == MLS_OK && !bytes_writer_ok(&extensions))
        rc = MLS_MEMORY;
    if (rc == MLS_OK) {
        struct mls_group_info info = {
            .group_context = epoch->context,
            .extensions = wire_buffer_slice(&extensions),
            .confirmation_tag = {epoch->confirmation_tag, suite->hash->len},
            .signer = signer,
        };
        rc = sign_info(suite, epoch, &info, w);
    }
    wire_buffer_free(&extensions);
    return rc;
}

static int info_message(const struct mls_suite *suite, const struct mls_epoch *epoch,
                        const struct mls_ratchet_tree *tree, uint32_t signer, bool with_tree,
                        struct mls_output *message)
{
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    bytes_write_u16(&w, MLS_VERSION_1_0);
    bytes_write_u16(&w, MLS_WIRE_GROUP_INFO);
    int rc = mls_group_info_build(suite, epoch, tree, signer, with_tree, true, &w);
    if (rc == MLS_OK)
        rc = mls_output_take(&w, message);
    wire_buffer_free(&w);
    return rc;
}

int mls_group_info(const struct mls_group *group, bool with_tree, struct mls_output *message)
{
    int rc = mls_group_usable(group);
    if (rc != MLS_OK)
        return rc;
    return info_message(group->suite, &group->epoch, group->tree, group->own_leaf, with_tree, message);
}

int mls_staged_group_info(const struct mls_staged *staged, bool with_tree, struct mls_output *message)
{
    if (!staged->info.own)
        return MLS_INVALID;
    if (mls_staged_is_stale(staged))
        return MLS_STALE;
    return info_message(staged->group->suite, &staged->next, staged->tree, staged->info.sender, with_tree, message);
}

/* --- Welcome --- */

static int seal_info(const struct mls_staged *staged, const uint8_t *joiner_secret, const uint8_t *psk_secret,
                     bool with_tree, struct bytes_writer *w)
{
    const struct mls_suite *suite = staged->group->suite;
    uint8_t welcome_secret[MLS_HASH_MAX];
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    int rc = mls_group_info_build(suite, &staged->next, staged->tree, staged->info.sender, with_tree, false, w);
    const size_t len = w->len;
    if (rc == MLS_OK)
        rc = bytes_reserve(w, suite->aead->tag_len) ? MLS_OK : MLS_MEMORY;
    if (rc == MLS_OK)
        rc = mls_welcome_secret(suite, joiner_secret, psk_secret, welcome_secret);
    if (rc == MLS_OK)
        rc = mls_welcome_key(suite, welcome_secret, key, nonce);
    if (rc == MLS_OK)
        rc = mls_aead_seal(suite, key, nonce, (struct core_slice){0}, w->data, len);
    core_wipe(welcome_secret, sizeof welcome_secret);
    core_wipe(key, sizeof key);
    return rc;
}

/* GroupSecrets for the member that an Add brought. */
static int seal_secrets(const struct mls_staged *staged, const struct mls_item *item, const struct mls_path *path,
                        const uint8_t *joiner_secret, struct core_slice psks, const uint8_t *context_hash,
                        struct bytes_writer *w)
{
    const struct mls_suite *suite = staged->group->suite;
    const struct mls_key_package *package = &item->proposal.add;
    const uint8_t *path_secret = path ? mls_path_secret(path, item->leaf) : NULL;
    const struct mls_group_secrets secrets = {
        .joiner_secret = {joiner_secret, suite->hash->len},
        .has_path_secret = path_secret != NULL,
        .path_secret = {path_secret, path_secret ? suite->hash->len : 0},
        .psks = psks,
    };
    uint8_t ref[MLS_HASH_MAX];
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
    struct bytes_writer plain;
    struct bytes_writer sealed;
    wire_buffer_init(&plain, MLS_MESSAGE_MAX);
    wire_buffer_init(&sealed, MLS_MESSAGE_MAX);
    mls_group_secrets_write(&plain, &secrets);
    bytes_reserve(&sealed, plain.len + suite->aead->tag_len);
    int rc = bytes_writer_ok(&plain) && bytes_writer_ok(&sealed) ? MLS_OK : MLS_MEMORY;
    if (rc == MLS_OK)
        rc = mls_key_package_ref(suite, package->encoded, ref);
    if (rc == MLS_OK)
        rc = mls_encrypt_in_context(suite, package->init_key, context_hash, wire_buffer_slice(&plain), kem_output,
                                    sealed.data);
    if (rc == MLS_OK) {
        const struct mls_encrypted_group_secrets entry = {
            .new_member = {ref, suite->hash->len},
            .secrets = {{kem_output, suite->kem->output_len}, wire_buffer_slice(&sealed)},
        };
        mls_encrypted_group_secrets_write(w, &entry);
    }
    wire_buffer_free(&plain);
    wire_buffer_free(&sealed);
    return rc != MLS_OK || bytes_writer_ok(w) ? rc : MLS_MEMORY;
}

/* "the same as the order of PreSharedKey proposals in the proposals vector" (section 12.4.1) */
static void write_psks(const struct mls_list *list, struct bytes_writer *w)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].proposal.type == MLS_PROPOSAL_PSK)
            mls_psk_id_write(w, &list->items[i].proposal.psk);
}

int mls_welcome_build(const struct mls_staged *staged, const struct mls_path *path, const uint8_t *joiner_secret,
                      const uint8_t *psk_secret, bool with_tree, struct bytes_writer *w)
{
    const struct mls_list *list = &staged->list;
    struct bytes_writer info;
    struct bytes_writer psks;
    struct bytes_writer entries;
    uint8_t context_hash[MLS_HASH_MAX];
    wire_buffer_init(&info, MLS_MESSAGE_MAX);
    wire_buffer_init(&psks, MLS_MESSAGE_MAX);
    wire_buffer_init(&entries, MLS_MESSAGE_MAX);
    int rc = seal_info(staged, joiner_secret, psk_secret, with_tree, &info);
    write_psks(list, &psks);
    if (rc == MLS_OK && !bytes_writer_ok(&psks))
        rc = MLS_MEMORY;
    /* once for all, or who adds many would hash the whole tree for each */
    if (rc == MLS_OK)
        rc =
            mls_encrypt_context_hash(staged->group->suite, MLS_TEXT("Welcome"), wire_buffer_slice(&info), context_hash);
    for (size_t i = 0; rc == MLS_OK && i < list->count; i++)
        if (list->items[i].proposal.type == MLS_PROPOSAL_ADD)
            rc = seal_secrets(staged, &list->items[i], path, joiner_secret, wire_buffer_slice(&psks), context_hash,
                              &entries);
    if (rc == MLS_OK) {
        const struct mls_message message = {.wire_format = MLS_WIRE_WELCOME,
                                            .welcome = {.cipher_suite = staged->group->suite->id,
                                                        .secrets = wire_buffer_slice(&entries),
                                                        .encrypted_group_info = wire_buffer_slice(&info)}};
        mls_message_write(w, &message);
        rc = bytes_writer_ok(w) ? MLS_OK : MLS_MEMORY;
    }
    wire_buffer_free(&info);
    wire_buffer_free(&psks);
    wire_buffer_free(&entries);
    return rc;
}
