/* welcome.json: a Welcome is opened down to its GroupInfo, whose signature and confirmation tag have to be right. */
#include <string.h>

#include "mls/key_schedule.h"
#include "mls_case.h"

static bool find_entry(const struct mls_welcome *welcome, struct core_slice ref,
                       struct mls_encrypted_group_secrets *entry)
{
    struct bytes_reader r = mls_walk(welcome->secrets);
    while (mls_encrypted_group_secrets_next(&r, entry))
        if (mls_same(entry->new_member, ref))
            return true;
    return false;
}

static bool open_secrets(struct mls_case *c, const struct mls_welcome *welcome, const struct mls_key_package *package,
                         const uint8_t *init_private, struct mls_group_secrets *secrets)
{
    struct mls_encrypted_group_secrets entry;
    uint8_t ref[MLS_HASH_MAX];
    if (!mls_case_ok(c, "ref", mls_key_package_ref(c->suite, package->encoded, ref)) ||
        !mls_case_check(c, "an entry for the key package",
                        find_entry(welcome, (struct core_slice){ref, c->suite->hash->len}, &entry)))
        return false;
    uint8_t *plain = mls_case_alloc(c, entry.secrets.ciphertext.len);
    if (!mls_case_ok(c, "group secrets",
                     mls_decrypt_with_label(c->suite, init_private, package->init_key.data, MLS_TEXT("Welcome"),
                                            welcome->encrypted_group_info, &entry.secrets, plain)))
        return false;
    struct bytes_reader r =
        mls_walk((struct core_slice){plain, entry.secrets.ciphertext.len - c->suite->aead->tag_len});
    mls_group_secrets_parse(&r, secrets);
    return mls_case_check(c, "GroupSecrets", bytes_reader_done(&r)) &&
           mls_case_check(c, "joiner_secret", secrets->joiner_secret.len == c->suite->hash->len) &&
           mls_case_check(c, "no PSK", secrets->psk_count == 0);
}

static bool open_group_info(struct mls_case *c, const struct mls_welcome *welcome, const uint8_t *joiner_secret,
                            const uint8_t *psk_secret, struct mls_group_info *info)
{
    const size_t tag_len = c->suite->aead->tag_len;
    const struct core_slice sealed = welcome->encrypted_group_info;
    uint8_t welcome_secret[MLS_HASH_MAX];
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    if (!mls_case_check(c, "encrypted_group_info", sealed.len >= tag_len) ||
        !mls_case_ok(c, "welcome_secret", mls_welcome_secret(c->suite, joiner_secret, psk_secret, welcome_secret)) ||
        !mls_case_ok(c, "welcome_key", mls_welcome_key(c->suite, welcome_secret, key, nonce)))
        return false;
    const size_t len = sealed.len - tag_len;
    uint8_t *plain = mls_case_alloc(c, len);
    memcpy(plain, sealed.data, len);
    if (!mls_case_ok(c, "GroupInfo",
                     mls_aead_open(c->suite, key, nonce, (struct core_slice){0}, plain, len, sealed.data + len)))
        return false;
    struct bytes_reader r = mls_walk((struct core_slice){plain, len});
    mls_group_info_parse(&r, info);
    return mls_case_check(c, "GroupInfo", bytes_reader_done(&r));
}

static void run(struct mls_case *c)
{
    const struct core_slice package_in = mls_case_hex(c, c->json, "key_package");
    const struct core_slice welcome_in = mls_case_hex(c, c->json, "welcome");
    const struct core_slice init_private = mls_case_hex(c, c->json, "init_priv");
    const uint8_t psk_secret[MLS_HASH_MAX] = {0};
    uint8_t key[MLS_KEM_PRIVATE_MAX];
    struct mls_message package;
    struct mls_message welcome;
    struct mls_group_secrets secrets;
    struct mls_group_info info;
    struct mls_epoch_secrets epoch;
    if (!mls_case_ok(c, "key_package", mls_message_parse(package_in.data, package_in.len, &package)) ||
        !mls_case_ok(c, "welcome", mls_message_parse(welcome_in.data, welcome_in.len, &welcome)) ||
        !mls_case_check(c, "wire formats",
                        package.wire_format == MLS_WIRE_KEY_PACKAGE && welcome.wire_format == MLS_WIRE_WELCOME) ||
        !mls_case_check(c, "suite", welcome.welcome.cipher_suite == c->suite->id) ||
        !mls_case_ok(c, "init_priv", mls_hpke_private_import(c->suite, init_private, key)) ||
        !open_secrets(c, &welcome.welcome, &package.key_package, key, &secrets) ||
        !open_group_info(c, &welcome.welcome, secrets.joiner_secret.data, psk_secret, &info))
        return;
    mls_case_ok(c, "signature",
                mls_verify_with_label(c->suite, mls_case_hex(c, c->json, "signer_pub"), MLS_TEXT("GroupInfoTBS"),
                                      &info.tbs, 1, info.signature));
    if (mls_case_ok(c, "epoch",
                    mls_epoch_secrets_init(c->suite, secrets.joiner_secret.data, psk_secret, info.group_context.encoded,
                                           &epoch)))
        mls_case_ok(c, "confirmation tag",
                    mls_confirmation_check(c->suite, epoch.confirmation_key,
                                           info.group_context.confirmed_transcript_hash, info.confirmation_tag));
}

static const char *const members[] = {"cipher_suite", "init_priv", "key_package", "signer_pub", "welcome", NULL};

const struct mls_schema mls_schema_welcome = {"welcome", members, run};
