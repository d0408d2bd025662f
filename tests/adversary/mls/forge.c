#include "forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(int rc, const char *what)
{
    if (rc == MLS_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, mls_strerror(rc));
    exit(EXIT_FAILURE);
}

/* --- Messages --- */

void forge_message(struct party *forger, uint16_t wire_format, const struct mls_content *content,
                   struct mls_output *out)
{
    struct mls_group *group = forger->group;
    uint8_t signature[CORE_SIGNATURE_MAX];
    const uint8_t tag[MLS_HASH_MAX] = {0};
    struct bytes_writer encoded;
    struct bytes_writer w;
    struct mls_authenticated_content message = {.wire_format = wire_format, .content = *content};
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    mls_content_write(&encoded, content);
    message.content.encoded = wire_buffer_slice(&encoded);
    message.auth.signature.data = signature;
    message.auth.confirmation_tag = (struct core_slice){tag, group->suite->hash->len};
    need(mls_content_sign(group->suite, &group->epoch.signer, wire_format, &message.content,
                          mls_epoch_encoded(&group->epoch), signature, &message.auth.signature.len),
         "sign");
    if (wire_format == MLS_WIRE_PUBLIC_MESSAGE)
        need(mls_public_seal(group->suite, group->epoch.secrets.membership_key, &message,
                             mls_epoch_encoded(&group->epoch), &w),
             "seal");
    else
        need(mls_private_seal(&group->epoch.messages, group->epoch.secrets.sender_data, &message, 0, &w), "seal");
    need(mls_output_take(&w, out), "forged");
    wire_buffer_free(&encoded);
    wire_buffer_free(&w);
}

void forge_proposal(struct party *forger, const struct mls_proposal *proposal, struct mls_output *out)
{
    const struct mls_content content = {.group_id = forger->group->epoch.context.group_id,
                                        .epoch = forger->group->epoch.context.epoch,
                                        .sender = {MLS_SENDER_MEMBER, forger->group->own_leaf},
                                        .type = MLS_CONTENT_PROPOSAL,
                                        .proposal = *proposal};
    forge_message(forger, MLS_WIRE_PUBLIC_MESSAGE, &content, out);
}

static void replace_proposals(struct mls_content *content, void *ctx)
{
    content->commit.proposals = *(const struct core_slice *)ctx;
}

void forge_commit(struct party *forger, struct core_slice proposals, struct mls_output *out)
{
    const struct mls_commit_config config = {.framing.is_public = true, .without_received = true, .now_s = PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    need(mls_group_commit(forger->group, &config, &staged), "commit");
    party_forge(forger, mls_staged_message(staged), replace_proposals, &proposals, out);
    mls_staged_free(staged);
}

struct mls_staged *forge_split_commit(struct party *forger, size_t at, struct mls_output *out)
{
    struct mls_group *group = forger->group;
    const struct mls_suite *suite = group->suite;
    const struct mls_committer committer = {MLS_SENDER_MEMBER, group->own_leaf, PARTY_NOW_S};
    struct mls_staged *staged = NULL;
    struct mls_path path;
    struct bytes_writer update_path;
    struct bytes_writer encoded;
    struct bytes_writer w;
    uint8_t signature[CORE_SIGNATURE_MAX];
    uint8_t joiner_secret[MLS_HASH_MAX];
    uint8_t psk_secret[MLS_HASH_MAX];
    wire_buffer_init(&update_path, MLS_MESSAGE_MAX);
    wire_buffer_init(&encoded, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    need(mls_staged_new(group, &staged), "stage");
    need(mls_list_apply(&staged->list, group, &committer, staged->tree), "apply");
    need(mls_path_create(staged->tree, group->own_leaf, mls_ratchet_tree_leaf(group->tree, group->own_leaf),
                         &group->epoch.signer, group->epoch.context.group_id, &path),
         "path");
    need(mls_staged_context(staged, group->epoch.context.confirmed_transcript_hash), "context");
    path.secrets[at][0] ^= 1;
    need(mls_path_encrypt(&path, mls_epoch_encoded(&staged->next), &update_path), "encrypt");
    path.secrets[at][0] ^= 1;
    staged->next.keys = path.keys;
    staged->next.signer = group->epoch.signer;
    struct mls_authenticated_content message = {
        .wire_format = MLS_WIRE_PUBLIC_MESSAGE,
        .content = {.group_id = group->epoch.context.group_id,
                    .epoch = group->epoch.context.epoch,
                    .sender = {MLS_SENDER_MEMBER, group->own_leaf},
                    .type = MLS_CONTENT_COMMIT,
                    .commit = {.has_path = true}},
        .auth = {.signature = {.data = signature}},
    };
    struct bytes_reader r = mls_walk(wire_buffer_slice(&update_path));
    mls_update_path_parse(&r, &message.content.commit.path);
    mls_content_write(&encoded, &message.content);
    message.content.encoded = wire_buffer_slice(&encoded);
    need(mls_staged_ask(staged, &committer, true, &message.content, &message.content.commit.path.leaf_node), "ask");
    need(mls_content_sign(suite, &group->epoch.signer, message.wire_format, &message.content,
                          mls_epoch_encoded(&group->epoch), signature, &message.auth.signature.len),
         "sign");
    need(mls_staged_derive(staged, &message, group->epoch.secrets.init, path.commit_secret, joiner_secret, psk_secret),
         "derive");
    message.auth.confirmation_tag = (struct core_slice){staged->next.confirmation_tag, suite->hash->len};
    need(mls_public_seal(suite, group->epoch.secrets.membership_key, &message, mls_epoch_encoded(&group->epoch), &w),
         "seal");
    need(mls_output_take(&w, out), "forged");
    mls_path_wipe(&path);
    wire_buffer_free(&update_path);
    wire_buffer_free(&encoded);
    wire_buffer_free(&w);
    return staged;
}

/* --- GroupInfo and Welcome --- */

/* Signs and writes it. */
static void write_info(const struct party *forger, struct mls_group_info *info, struct bytes_writer *w)
{
    const struct mls_group *group = forger->group;
    uint8_t signature[CORE_SIGNATURE_MAX];
    const size_t start = w->len;
    mls_group_info_write_tbs(w, info);
    const struct core_slice tbs = {w->data + start, w->len - start};
    info->signature.data = signature;
    need(mls_sign_with_label(group->suite, &group->epoch.signer, MLS_TEXT("GroupInfoTBS"), &tbs, 1, signature,
                             &info->signature.len),
         "sign");
    wire_write_vector(w, info->signature);
}

void forge_group_info(const struct party *forger, struct mls_bytes info,
                      void (*change)(struct mls_group_info *info, void *ctx), void *ctx, struct mls_output *out)
{
    struct mls_message message;
    struct bytes_writer w;
    need(mls_message_parse(info.data, info.len, &message), "GroupInfo");
    change(&message.group_info, ctx);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    bytes_write_u16(&w, MLS_VERSION_1_0);
    bytes_write_u16(&w, MLS_WIRE_GROUP_INFO);
    write_info(forger, &message.group_info, &w);
    need(mls_output_take(&w, out), "forged");
    wire_buffer_free(&w);
}

/* The key and nonce of a Welcome's GroupInfo. */
static void info_key(const struct mls_suite *suite, const struct mls_group_secrets *secrets, uint8_t *key,
                     uint8_t *nonce)
{
    const uint8_t no_psks[MLS_HASH_MAX] = {0};
    uint8_t secret[MLS_HASH_MAX];
    need(mls_welcome_secret(suite, secrets->joiner_secret.data, no_psks, secret), "welcome secret");
    need(mls_welcome_key(suite, secret, key, nonce), "welcome key");
}

void forge_welcome(const struct party *forger, const struct party *joiner, struct mls_bytes welcome,
                   void (*change)(struct mls_group_secrets *secrets, struct mls_group_info *info, void *ctx), void *ctx,
                   struct mls_output *out)
{
    const struct mls_suite *suite = joiner->keys->suite;
    const size_t tag_len = suite->aead->tag_len;
    const struct mls_key_package *package = &joiner->keys->package;
    struct mls_message message;
    struct mls_encrypted_group_secrets entry;
    struct mls_group_secrets secrets;
    struct mls_group_info info;
    struct mls_output plain = {0};
    struct mls_output plain_info = {0};
    struct bytes_writer written;
    struct bytes_writer sealed;
    struct bytes_writer w;
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
    wire_buffer_init(&written, MLS_MESSAGE_MAX);
    wire_buffer_init(&sealed, MLS_MESSAGE_MAX);
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    need(mls_message_parse(welcome.data, welcome.len, &message), "Welcome");
    /* opened */
    struct bytes_reader r = mls_walk(message.welcome.secrets);
    need(mls_encrypted_group_secrets_next(&r, &entry) ? MLS_OK : MLS_MALFORMED, "entry");
    need(mls_output_copy(entry.secrets.ciphertext, &plain), "plain");
    need(mls_decrypt_with_label(suite, joiner->keys->init_private, package->init_key.data, MLS_TEXT("Welcome"),
                                message.welcome.encrypted_group_info, &entry.secrets, plain.data),
         "GroupSecrets");
    r = mls_walk((struct core_slice){plain.data, plain.len - tag_len});
    mls_group_secrets_parse(&r, &secrets);
    info_key(suite, &secrets, key, nonce);
    need(mls_output_copy(message.welcome.encrypted_group_info, &plain_info), "plain");
    const size_t info_len = plain_info.len - tag_len;
    need(
        mls_aead_open(suite, key, nonce, (struct core_slice){0}, plain_info.data, info_len, plain_info.data + info_len),
        "GroupInfo");
    r = mls_walk((struct core_slice){plain_info.data, info_len});
    mls_group_info_parse(&r, &info);
    /* changed, and sealed again */
    change(&secrets, &info, ctx);
    write_info(forger, &info, &sealed);
    const size_t len = sealed.len;
    bytes_reserve(&sealed, tag_len);
    need(mls_aead_seal(suite, key, nonce, (struct core_slice){0}, sealed.data, len), "seal");
    mls_group_secrets_write(&written, &secrets);
    struct mls_output ciphertext = {0};
    const size_t plain_len = written.len;
    bytes_reserve(&written, tag_len);
    need(mls_output_take(&written, &ciphertext), "room");
    need(mls_encrypt_with_label(suite, package->init_key, MLS_TEXT("Welcome"), wire_buffer_slice(&sealed),
                                (struct core_slice){written.data, plain_len}, kem_output, ciphertext.data),
         "encrypt");
    entry.secrets =
        (struct mls_hpke_ciphertext){{kem_output, suite->kem->output_len}, {ciphertext.data, ciphertext.len}};
    written.len = 0;
    mls_encrypted_group_secrets_write(&written, &entry);
    message.welcome.secrets = wire_buffer_slice(&written);
    message.welcome.encrypted_group_info = wire_buffer_slice(&sealed);
    mls_message_write(&w, &message);
    need(mls_output_take(&w, out), "forged");
    mls_output_free(&ciphertext);
    mls_output_free(&plain);
    mls_output_free(&plain_info);
    wire_buffer_free(&written);
    wire_buffer_free(&sealed);
    wire_buffer_free(&w);
}

/* --- Key packages --- */

void forge_package(const struct party *party, void (*change)(struct mls_key_package *package, void *ctx), void *ctx,
                   struct mls_output *out)
{
    const struct mls_suite *suite = party->keys->suite;
    struct mls_message message = {.wire_format = MLS_WIRE_KEY_PACKAGE, .key_package = party->keys->package};
    struct mls_key_package *package = &message.key_package;
    uint8_t signature[CORE_SIGNATURE_MAX];
    struct bytes_writer w;
    wire_buffer_init(&w, MLS_MESSAGE_MAX);
    change(package, ctx);
    mls_key_package_write_tbs(&w, package);
    const struct core_slice tbs = wire_buffer_slice(&w);
    package->signature.data = signature;
    need(mls_sign_with_label(suite, &party->keys->signer, MLS_TEXT("KeyPackageTBS"), &tbs, 1, signature,
                             &package->signature.len),
         "sign");
    w.len = 0;
    mls_message_write(&w, &message);
    need(mls_output_take(&w, out), "forged");
    wire_buffer_free(&w);
}
