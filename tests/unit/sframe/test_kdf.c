/* RFC 9605's appendix has the derivation's figures: sframe_vectors runs them. Here are the edges. */
#include "kdf.h"
#include "unit.h"

#include <string.h>

static void published(void)
{
    uint8_t base_key[16];
    uint8_t want_key[48];
    uint8_t want_salt[12];
    uint8_t key[48];
    uint8_t salt[12];
    unit_hex("000102030405060708090a0b0c0d0e0f", base_key, sizeof base_key);
    unit_hex("3f7d9a7c83ae8e1c8a11ae695ab59314b367e359fadac7b9c46b2bc6f81f46e16b96f0811868d59402b7e870102720b3",
             want_key, sizeof want_key);
    unit_hex("50b29329a04dc0f184ac3168", want_salt, sizeof want_salt);
    CU_ASSERT_EQUAL(sframe_derive(sframe_suite_find(1), 291, base_key, sizeof base_key, key, salt), SFRAME_OK);
    unit_assert_bytes("key", key, sizeof key, want_key, sizeof want_key);
    unit_assert_bytes("salt", salt, sizeof salt, want_salt, sizeof want_salt);
}

static void everything_separates(void)
{
    /* suites that share all sizes, KIDs and keys that differ in a bit: nothing comes out equal */
    uint8_t base_key[2][16] = {{1}, {0}};
    uint8_t keys[12][48] = {{0}};
    uint8_t salts[12][12] = {{0}};
    size_t n = 0;
    for (uint16_t suite = 1; suite <= 3; suite++)
        for (uint64_t kid = 0; kid < 2; kid++)
            for (size_t k = 0; k < 2; k++, n++)
                CU_ASSERT_EQUAL(sframe_derive(sframe_suite_find(suite), kid, base_key[k], 16, keys[n], salts[n]),
                                SFRAME_OK);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT(memcmp(keys[i], keys[j], 16) != 0);
            CU_ASSERT(memcmp(salts[i], salts[j], 12) != 0);
        }
}

static void lengths(void)
{
    static const uint8_t base_key[SFRAME_BASE_KEY_MAX + 1];
    const struct sframe_suite *suite = sframe_suite_find(4);
    uint8_t key[16] = {9};
    uint8_t salt[12];
    uint8_t next[32];
    CU_ASSERT_EQUAL(sframe_derive(suite, 0, base_key, SFRAME_BASE_KEY_MIN - 1, key, salt), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_derive(suite, 0, base_key, SFRAME_BASE_KEY_MAX + 1, key, salt), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_derive(suite, 0, NULL, 16, key, salt), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_derive(NULL, 0, base_key, 16, key, salt), SFRAME_INVALID);
    CU_ASSERT_EQUAL(key[0], 9);
    CU_ASSERT_EQUAL(sframe_derive(suite, 0, base_key, SFRAME_BASE_KEY_MIN, key, salt), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_derive(suite, 0, base_key, SFRAME_BASE_KEY_MAX, key, salt), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_ratchet(suite, base_key, SFRAME_BASE_KEY_MIN - 1, next), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_ratchet(NULL, base_key, 16, next), SFRAME_INVALID);
}

static void a_step_in_place(void)
{
    for (uint16_t id = 1; id <= 8; id++) {
        const struct sframe_suite *suite = sframe_suite_find(id);
        uint8_t apart[CORE_HASH_MAX];
        uint8_t in_place[CORE_HASH_MAX] = {5};
        const uint8_t before[CORE_HASH_MAX] = {5};
        CU_ASSERT_EQUAL(sframe_ratchet(suite, before, suite->nh, apart), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_ratchet(suite, in_place, suite->nh, in_place), SFRAME_OK);
        unit_assert_bytes("step", in_place, suite->nh, apart, suite->nh);
    }
}

static void fingerprints(void)
{
    struct sframe_crypto crypto;
    struct core_hmac_key secret;
    static const uint8_t base_key[16];
    uint8_t a[SFRAME_FINGERPRINT_LEN];
    uint8_t b[SFRAME_FINGERPRINT_LEN];
    uint8_t key[16];
    uint8_t salt[12];
    CU_ASSERT_EQUAL_FATAL(sframe_crypto_init(&crypto, &core_provider_libcrypto, 4), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_secret_init(&crypto, base_key, sizeof base_key, &secret), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_secret_fingerprint(&crypto, &secret, 1, a), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_secret_fingerprint(&crypto, &secret, 1, b), SFRAME_OK);
    unit_assert_bytes("same", a, sizeof a, b, sizeof b);
    CU_ASSERT_EQUAL(sframe_secret_fingerprint(&crypto, &secret, 2, b), SFRAME_OK);
    CU_ASSERT(memcmp(a, b, sizeof a) != 0);
    /* and they are not the key */
    CU_ASSERT_EQUAL(sframe_secret_expand(&crypto, &secret, 1, key, salt), SFRAME_OK);
    CU_ASSERT(memcmp(a, key, sizeof a) != 0);
}

static const struct unit_test tests[] = {
    {"RFC 9605's first figure", published},
    {"suite, KID and base key separate keys and salts", everything_separates},
    {"base keys of other lengths are refused", lengths},
    {"a ratchet step may overwrite its input", a_step_in_place},
    {"fingerprints tell keys apart and are not keys", fingerprints},
};

UNIT_MAIN("sframe.kdf", tests)
