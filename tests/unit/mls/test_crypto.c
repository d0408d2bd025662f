/* What the published vectors do not reach: bounds, refusals, bindings. */
#include "mls/crypto.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const uint8_t secret[MLS_HASH_MAX] = {7};

static void labels_and_lengths_are_bounded(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    static uint8_t out[255 * 32 + 1];
    static const uint8_t label[MLS_LABEL_MAX + 1];
    const struct core_slice none = {0};
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, secret, (struct core_slice){label, MLS_LABEL_MAX}, none, out, 32),
                    MLS_OK);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, secret, (struct core_slice){label, MLS_LABEL_MAX + 1}, none, out, 32),
                    MLS_INVALID);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, secret, none, none, out, 255 * 32), MLS_OK);
    CU_ASSERT_EQUAL(mls_expand_with_label(suite, secret, none, none, out, 255 * 32 + 1), MLS_INVALID);
}

static void label_context_and_length_are_bound(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    const struct {
        struct core_slice label, context;
        size_t len;
    } rows[] = {
        {MLS_TEXT("ab"), MLS_TEXT("c"), 32}, {MLS_TEXT("a"), MLS_TEXT("bc"), 32}, {MLS_TEXT("abc"), MLS_TEXT(""), 32},
        {MLS_TEXT("ab"), MLS_TEXT("c"), 31}, {MLS_TEXT("ab"), MLS_TEXT("d"), 32},
    };
    uint8_t out[5][32];
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(mls_expand_with_label(suite, secret, rows[i].label, rows[i].context, out[i], rows[i].len),
                        MLS_OK);
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(memcmp(out[i], out[j], 31), 0);
    }
}

static void output_may_be_the_secret(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        uint8_t in_place[MLS_HASH_MAX];
        uint8_t apart[MLS_HASH_MAX];
        memcpy(in_place, secret, sizeof in_place);
        CU_ASSERT_EQUAL(mls_derive_secret(suite, secret, MLS_TEXT("x"), apart), MLS_OK);
        CU_ASSERT_EQUAL(mls_derive_secret(suite, in_place, MLS_TEXT("x"), in_place), MLS_OK);
        unit_assert_bytes("derived", in_place, suite->hash->len, apart, suite->hash->len);
    }
}

static void references_are_of_the_whole(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 2);
    const struct core_slice parts[] = {MLS_TEXT("one"), MLS_TEXT("two"), MLS_TEXT("three")};
    const struct core_slice whole = MLS_TEXT("onetwothree");
    const struct core_slice four[4] = {{0}};
    uint8_t a[MLS_HASH_MAX];
    uint8_t b[MLS_HASH_MAX];
    CU_ASSERT_EQUAL(mls_ref_hash(suite, MLS_TEXT("l"), parts, 3, a), MLS_OK);
    CU_ASSERT_EQUAL(mls_ref_hash(suite, MLS_TEXT("l"), &whole, 1, b), MLS_OK);
    unit_assert_bytes("ref", a, 32, b, 32);
    CU_ASSERT_EQUAL(mls_ref_hash(suite, MLS_TEXT("l"), four, 4, a), MLS_INVALID);
    CU_ASSERT_EQUAL(mls_key_package_ref(suite, whole, a), MLS_OK);
    CU_ASSERT_EQUAL(mls_ref_hash(suite, MLS_TEXT("MLS 1.0 KeyPackage Reference"), &whole, 1, b), MLS_OK);
    unit_assert_bytes("key package", a, 32, b, 32);
    /* of a proposal: wire format, content, authentication, one after the other */
    const struct mls_authenticated_content message = {
        .wire_format = 0x0102, .content = {.encoded = MLS_TEXT("content")}, .auth = {.encoded = MLS_TEXT("auth")}};
    const struct core_slice encoded = MLS_TEXT("\x01\x02"
                                               "contentauth");
    CU_ASSERT_EQUAL(mls_proposal_ref(suite, &message, a), MLS_OK);
    CU_ASSERT_EQUAL(mls_ref_hash(suite, MLS_TEXT("MLS 1.0 Proposal Reference"), &encoded, 1, b), MLS_OK);
    unit_assert_bytes("proposal", a, 32, b, 32);
}

static void signatures_bind_label_and_content(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        const size_t large_len = 5000; /* beyond the stack's buffer */
        uint8_t *large = calloc(1, large_len);
        const struct core_slice parts[] = {{large, large_len}, MLS_TEXT("tail")};
        struct core_signing_key key;
        uint8_t signature[CORE_SIGNATURE_MAX];
        size_t len = 0;
        CU_ASSERT_PTR_NOT_NULL_FATAL(large);
        CU_ASSERT_FATAL(suite->signature->generate(suite->signature, &key));
        const struct core_slice public_key = {key.public_key, suite->signature->public_len};
        CU_ASSERT_EQUAL(mls_sign_with_label(suite, &key, MLS_TEXT("label"), parts, 2, signature, &len), MLS_OK);
        const struct core_slice signed_by = {signature, len};
        CU_ASSERT_EQUAL(mls_verify_with_label(suite, public_key, MLS_TEXT("label"), parts, 2, signed_by), MLS_OK);
        CU_ASSERT_EQUAL(mls_verify_with_label(suite, public_key, MLS_TEXT("labels"), parts, 2, signed_by),
                        MLS_SIGNATURE);
        CU_ASSERT_EQUAL(mls_verify_with_label(suite, public_key, MLS_TEXT("label"), parts, 1, signed_by),
                        MLS_SIGNATURE);
        large[17] ^= 1;
        CU_ASSERT_EQUAL(mls_verify_with_label(suite, public_key, MLS_TEXT("label"), parts, 2, signed_by),
                        MLS_SIGNATURE);
        CU_ASSERT_EQUAL(mls_verify_with_label(suite, (struct core_slice){key.public_key, public_key.len - 1},
                                              MLS_TEXT("label"), parts, 2, signed_by),
                        MLS_KEY);
        free(large);
    }
    const struct core_slice huge[] = {{secret, MLS_MESSAGE_MAX}, {secret, 1}};
    CU_ASSERT_EQUAL(mls_verify_with_label(mls_suite_find(NULL, 1), (struct core_slice){secret, 32}, MLS_TEXT("x"), huge,
                                          2, (struct core_slice){secret, 64}),
                    MLS_LIMIT);
}

static void encryption_binds_label_and_context(void)
{
    const struct mls_suite *suite = mls_suite_find(NULL, 1);
    uint8_t private_key[MLS_KEM_PRIVATE_MAX];
    uint8_t public_key[MLS_KEM_PUBLIC_MAX];
    uint8_t kem_output[MLS_KEM_OUTPUT_MAX];
    uint8_t sealed[5 + 16];
    uint8_t opened[5];
    CU_ASSERT_EQUAL(mls_hpke_generate(suite, private_key, public_key), MLS_OK);
    const struct core_slice to = {public_key, 32};
    CU_ASSERT_EQUAL(
        mls_encrypt_with_label(suite, to, MLS_TEXT("l"), MLS_TEXT("c"), MLS_TEXT("hello"), kem_output, sealed), MLS_OK);
    const struct mls_hpke_ciphertext ct = {{kem_output, 32}, {sealed, sizeof sealed}};
    CU_ASSERT_EQUAL(mls_decrypt_with_label(suite, private_key, NULL, MLS_TEXT("l"), MLS_TEXT("c"), &ct, opened),
                    MLS_OK);
    unit_assert_bytes("opened", opened, 5, (const uint8_t *)"hello", 5);
    CU_ASSERT_EQUAL(mls_decrypt_with_label(suite, private_key, NULL, MLS_TEXT("m"), MLS_TEXT("c"), &ct, opened),
                    MLS_AUTH);
    CU_ASSERT_EQUAL(mls_decrypt_with_label(suite, private_key, NULL, MLS_TEXT("l"), MLS_TEXT("d"), &ct, opened),
                    MLS_AUTH);
    CU_ASSERT_EQUAL(mls_encrypt_with_label(suite, (struct core_slice){public_key, 31}, MLS_TEXT("l"), MLS_TEXT("c"),
                                           MLS_TEXT("hello"), kem_output, sealed),
                    MLS_KEY);
    uint8_t hash[MLS_HASH_MAX];
    CU_ASSERT_EQUAL(mls_encrypt_context_hash(suite, MLS_TEXT("l"), MLS_TEXT("c"), hash), MLS_OK);
    CU_ASSERT_EQUAL(mls_encrypt_in_context(suite, to, hash, MLS_TEXT("hello"), kem_output, sealed), MLS_OK);
    CU_ASSERT_EQUAL(
        mls_encrypt_in_context(suite, (struct core_slice){public_key, 31}, hash, MLS_TEXT("hello"), kem_output, sealed),
        MLS_KEY);
}

static void keys_are_imported_whole(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        const bool scalar = id == 2 || id == 5 || id == 7;
        uint8_t bytes[CORE_DH_PRIVATE_MAX + 1] = {0};
        uint8_t out[MLS_KEM_PRIVATE_MAX];
        struct core_signing_key whole;
        struct core_signing_key cut;
        const size_t len = suite->signature->private_len;
        bytes[1] = 9;
        CU_ASSERT_EQUAL(mls_signing_key_import(suite, (struct core_slice){bytes, len}, &whole), MLS_OK);
        CU_ASSERT_EQUAL(mls_signing_key_import(suite, (struct core_slice){bytes + 1, len - 1}, &cut),
                        scalar ? MLS_OK : MLS_KEY);
        if (scalar) /* without its leading zero it is the same number */
            unit_assert_bytes("public key", cut.public_key, suite->signature->public_len, whole.public_key,
                              suite->signature->public_len);
        CU_ASSERT_EQUAL(mls_signing_key_import(suite, (struct core_slice){bytes, len + 1}, &whole), MLS_KEY);
        const size_t kem_len = suite->kem->private_len;
        CU_ASSERT_EQUAL(mls_hpke_private_import(suite, (struct core_slice){bytes, kem_len}, out), MLS_OK);
        unit_assert_bytes("private key", out, kem_len, bytes, kem_len);
        CU_ASSERT_EQUAL(mls_hpke_private_import(suite, (struct core_slice){bytes + 1, kem_len - 1}, out),
                        scalar ? MLS_OK : MLS_KEY);
        CU_ASSERT_EQUAL(mls_hpke_private_import(suite, (struct core_slice){bytes, kem_len + 1}, out), MLS_KEY);
        bytes[1] = 0;
        CU_ASSERT_EQUAL(mls_hpke_private_import(suite, (struct core_slice){bytes, kem_len}, out),
                        scalar ? MLS_KEY : MLS_OK);
    }
}

static void forged_ciphertexts_are_wiped(void)
{
    for (uint16_t id = 1; id <= 4; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        const uint8_t zeros[20] = {0};
        const uint8_t key[MLS_AEAD_KEY_MAX] = {1};
        const uint8_t nonce[CORE_NONCE_LEN] = {2};
        uint8_t text[20 + 16] = "twenty bytes of text";
        CU_ASSERT_EQUAL(mls_aead_seal(suite, key, nonce, MLS_TEXT("a"), text, 20), MLS_OK);
        CU_ASSERT_EQUAL(mls_aead_open(suite, key, nonce, MLS_TEXT("b"), text, 20, text + 20), MLS_AUTH);
        unit_assert_bytes("text", text, 20, zeros, 20);
    }
}

static void byte_strings_compare_by_length_too(void)
{
    CU_ASSERT(mls_same(MLS_TEXT("abc"), MLS_TEXT("abc")));
    CU_ASSERT_FALSE(mls_same(MLS_TEXT("abc"), MLS_TEXT("abd")));
    CU_ASSERT_FALSE(mls_same(MLS_TEXT("abc"), MLS_TEXT("ab")));
    CU_ASSERT_FALSE(mls_same(MLS_TEXT(""), MLS_TEXT("a")));
    CU_ASSERT(mls_same((struct core_slice){0}, MLS_TEXT("")));
}

static void suites_are_rows(void)
{
    for (uint16_t id = 1; id <= 7; id++) {
        const struct mls_suite *suite = mls_suite_find(NULL, id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(suite);
        CU_ASSERT_EQUAL(suite->id, id);
        CU_ASSERT_EQUAL(suite->hash->len, id <= 3 ? 32 : id == 7 ? 48 : 64);
        CU_ASSERT_EQUAL(suite->aead->key_len, id <= 2 ? 16 : 32);
    }
    CU_ASSERT_PTR_NULL(mls_suite_find(NULL, 0));
    CU_ASSERT_PTR_NULL(mls_suite_find(NULL, 8));
    CU_ASSERT_PTR_NULL(mls_suite_find(NULL, 0x0a0a));
    /* a caller's table: other code points, the same machinery */
    struct mls_suite own = *mls_suite_find(NULL, 1);
    own.id = 0xf042;
    const struct mls_suites suites = {&own, 1};
    CU_ASSERT_PTR_EQUAL(mls_suite_find(&suites, 0xf042), &own);
    CU_ASSERT_PTR_NULL(mls_suite_find(&suites, 1));
}

static void errors_have_texts(void)
{
    for (int error = 0; error >= MLS_EPOCH; error--) {
        CU_ASSERT_PTR_NOT_NULL(mls_strerror(error));
        CU_ASSERT_STRING_NOT_EQUAL(mls_strerror(error), "unknown error");
    }
    CU_ASSERT_STRING_EQUAL(mls_strerror(1), "unknown error");
    CU_ASSERT_STRING_EQUAL(mls_strerror(-1000), "unknown error");
}

static const struct unit_test tests[] = {
    {"labels and output lengths are bounded", labels_and_lengths_are_bounded},
    {"label, context and length are bound apart", label_context_and_length_are_bound},
    {"the output may be the secret", output_may_be_the_secret},
    {"references are of the whole value", references_are_of_the_whole},
    {"signatures bind label and content", signatures_bind_label_and_content},
    {"encryption binds label and context", encryption_binds_label_and_context},
    {"keys are imported whole", keys_are_imported_whole},
    {"forged ciphertexts are wiped", forged_ciphertexts_are_wiped},
    {"byte strings compare by length too", byte_strings_compare_by_length_too},
    {"suites are rows of a table, or of the caller's", suites_are_rows},
    {"errors have texts", errors_have_texts},
};

UNIT_MAIN("mls.crypto", tests)
