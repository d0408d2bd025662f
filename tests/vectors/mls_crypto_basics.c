/* crypto-basics.json: the labelled functions; what is randomised is made anew and taken back, and the published values
 * are taken. */
#include <string.h>

#include "mls_case.h"

static void run_hashes(struct mls_case *c)
{
    const json_t *ref = mls_case_object(c, c->json, "ref_hash");
    const json_t *expand = mls_case_object(c, c->json, "expand_with_label");
    const json_t *derive = mls_case_object(c, c->json, "derive_secret");
    const json_t *tree = mls_case_object(c, c->json, "derive_tree_secret");
    const uint8_t *expand_secret = mls_case_secret(c, expand, "secret");
    const uint8_t *derive_secret = mls_case_secret(c, derive, "secret");
    const uint8_t *tree_secret = mls_case_secret(c, tree, "secret");
    const size_t expand_len = mls_case_u64(c, expand, "length");
    const size_t tree_len = mls_case_u64(c, tree, "length");
    uint8_t out[256];
    if (c->failed || !mls_case_check(c, "length", expand_len <= sizeof out && tree_len <= sizeof out))
        return;
    const struct core_slice value = mls_case_hex(c, ref, "value");
    if (mls_case_ok(c, "ref_hash", mls_ref_hash(c->suite, mls_case_text(c, ref, "label"), &value, 1, out)))
        mls_case_same(c, "ref_hash", mls_case_hex(c, ref, "out"), out, c->suite->hash->len);
    if (mls_case_ok(c, "expand_with_label",
                    mls_expand_with_label(c->suite, expand_secret, mls_case_text(c, expand, "label"),
                                          mls_case_hex(c, expand, "context"), out, expand_len)))
        mls_case_same(c, "expand_with_label", mls_case_hex(c, expand, "out"), out, expand_len);
    if (mls_case_ok(c, "derive_secret",
                    mls_derive_secret(c->suite, derive_secret, mls_case_text(c, derive, "label"), out)))
        mls_case_same(c, "derive_secret", mls_case_hex(c, derive, "out"), out, c->suite->hash->len);
    uint64_t generation = mls_case_u64(c, tree, "generation");
    if (mls_case_check(c, "generation", generation <= UINT32_MAX) &&
        mls_case_ok(c, "derive_tree_secret",
                    mls_derive_tree_secret(c->suite, tree_secret, mls_case_text(c, tree, "label"), (uint32_t)generation,
                                           out, tree_len)))
        mls_case_same(c, "derive_tree_secret", mls_case_hex(c, tree, "out"), out, tree_len);
}

static void run_signature(struct mls_case *c)
{
    const json_t *object = mls_case_object(c, c->json, "sign_with_label");
    const struct core_slice private_key = mls_case_hex(c, object, "priv");
    const struct core_slice public_key = mls_case_hex(c, object, "pub");
    const struct core_slice content = mls_case_hex(c, object, "content");
    const struct core_slice signature = mls_case_hex(c, object, "signature");
    const struct core_slice label = mls_case_text(c, object, "label");
    const struct core_signature *scheme = c->suite->signature;
    struct core_signing_key key;
    uint8_t made[CORE_SIGNATURE_MAX];
    size_t made_len = 0;
    if (c->failed)
        return;
    mls_case_ok(c, "published signature", mls_verify_with_label(c->suite, public_key, label, &content, 1, signature));
    if (!mls_case_ok(c, "priv", mls_signing_key_import(c->suite, private_key, &key)) ||
        !mls_case_same(c, "pub", public_key, key.public_key, scheme->public_len) ||
        !mls_case_ok(c, "sign", mls_sign_with_label(c->suite, &key, label, &content, 1, made, &made_len)))
        return;
    mls_case_ok(c, "own signature",
                mls_verify_with_label(c->suite, public_key, label, &content, 1, (struct core_slice){made, made_len}));
    made[made_len / 2] ^= 1;
    mls_case_check(c, "a changed signature",
                   mls_verify_with_label(c->suite, public_key, label, &content, 1,
                                         (struct core_slice){made, made_len}) == MLS_SIGNATURE);
}

static void run_encryption(struct mls_case *c)
{
    const json_t *object = mls_case_object(c, c->json, "encrypt_with_label");
    const struct core_slice private_key = mls_case_hex(c, object, "priv");
    const struct core_slice public_key = mls_case_hex(c, object, "pub");
    const struct core_slice context = mls_case_hex(c, object, "context");
    const struct core_slice plaintext = mls_case_hex(c, object, "plaintext");
    const struct core_slice label = mls_case_text(c, object, "label");
    struct mls_hpke_ciphertext ciphertext = {mls_case_hex(c, object, "kem_output"),
                                             mls_case_hex(c, object, "ciphertext")};
    const size_t tag_len = c->suite->aead->tag_len;
    uint8_t key[MLS_KEM_PRIVATE_MAX];
    if (!mls_case_ok(c, "priv", mls_hpke_private_import(c->suite, private_key, key)) || c->failed)
        return;
    uint8_t *opened = mls_case_alloc(c, ciphertext.ciphertext.len + plaintext.len);
    if (!mls_case_ok(c, "published ciphertext",
                     mls_decrypt_with_label(c->suite, key, NULL, label, context, &ciphertext, opened)) ||
        !mls_case_same(c, "plaintext", plaintext, opened, ciphertext.ciphertext.len - tag_len))
        return;
    uint8_t *kem_output = mls_case_alloc(c, c->suite->kem->output_len);
    uint8_t *sealed = mls_case_alloc(c, plaintext.len + tag_len);
    if (!mls_case_ok(c, "encrypt",
                     mls_encrypt_with_label(c->suite, public_key, label, context, plaintext, kem_output, sealed)))
        return;
    ciphertext =
        (struct mls_hpke_ciphertext){{kem_output, c->suite->kem->output_len}, {sealed, plaintext.len + tag_len}};
    if (mls_case_ok(c, "own ciphertext",
                    mls_decrypt_with_label(c->suite, key, public_key.data, label, context, &ciphertext, opened)))
        mls_case_same(c, "own plaintext", plaintext, opened, plaintext.len);
}

static void run(struct mls_case *c)
{
    run_hashes(c);
    run_signature(c);
    run_encryption(c);
}

static const char *const members[] = {"cipher_suite",       "ref_hash",        "expand_with_label",  "derive_secret",
                                      "derive_tree_secret", "sign_with_label", "encrypt_with_label", NULL};

const struct mls_schema mls_schema_crypto_basics = {"crypto-basics", members, run};
