/* Keys, user ids, texts of errors. */
#include <string.h>

#include "core/public_key.h"
#include "key.h"
#include "unit.h"

static void fresh_keys_differ_and_sign(void)
{
    struct identity_key a;
    struct identity_key b;
    struct identity_key again;
    uint8_t signature[IDENTITY_SIGNATURE_LEN];
    const struct core_slice content = {(const uint8_t *)"content", 7};
    const struct core_slice sealed = {signature, sizeof signature};
    CU_ASSERT_EQUAL_FATAL(identity_key_new(&a), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_key_new(&b), IDENTITY_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a.seed, b.seed, sizeof a.seed), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(a.public_key, b.public_key, sizeof a.public_key), 0);
    CU_ASSERT_EQUAL(identity_key_from_seed(a.seed, &again), IDENTITY_OK);
    CU_ASSERT_EQUAL(memcmp(&again, &a, sizeof a), 0);
    CU_ASSERT_EQUAL(identity_sign(&a, "A", content, signature), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_signature_check(a.public_key, "A", content, sealed), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_signature_check(a.public_key, "B", content, sealed), IDENTITY_SIGNATURE);
    CU_ASSERT_EQUAL(identity_signature_check(b.public_key, "A", content, sealed), IDENTITY_SIGNATURE);
    CU_ASSERT_EQUAL(identity_signature_check(a.public_key, "A", content, (struct core_slice){signature, 63}),
                    IDENTITY_SIGNATURE);
    identity_key_wipe(&a);
    for (size_t i = 0; i < sizeof a; i++)
        CU_ASSERT_EQUAL(((const uint8_t *)&a)[i], 0);
}

/* RFC 8032 section 7.1, test 1. */
static void public_keys_are_ed25519s(void)
{
    uint8_t seed[IDENTITY_KEY_LEN];
    uint8_t want[IDENTITY_KEY_LEN];
    struct identity_key key;
    unit_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof seed);
    unit_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", want, sizeof want);
    CU_ASSERT_EQUAL(identity_key_from_seed(seed, &key), IDENTITY_OK);
    unit_assert_bytes("public key", key.public_key, sizeof key.public_key, want, sizeof want);
}

static void a_weak_root_signs_nothing(void)
{
    /* the neutral element: with it, R = S * B passes for any message where small orders are let through */
    static const uint8_t neutral[IDENTITY_KEY_LEN] = {1};
    uint8_t signature[IDENTITY_SIGNATURE_LEN] = {1};
    CU_ASSERT_EQUAL(identity_signature_check(neutral, "A", (struct core_slice){0},
                                             (struct core_slice){signature, sizeof signature}),
                    IDENTITY_SIGNATURE);
}

static void errors_have_texts(void)
{
    for (int error = IDENTITY_STATE; error <= 0; error++) {
        CU_ASSERT_STRING_NOT_EQUAL(identity_strerror(error), "unknown error");
        for (int other = error + 1; other <= 0; other++)
            CU_ASSERT_STRING_NOT_EQUAL(identity_strerror(error), identity_strerror(other));
    }
    CU_ASSERT_STRING_EQUAL(identity_strerror(1), "unknown error");
    CU_ASSERT_STRING_EQUAL(identity_strerror(-1000), "unknown error");
}

static const struct unit_test tests[] = {
    {"fresh keys differ; what one signs verifies under it and its label alone", fresh_keys_differ_and_sign},
    {"a seed's public key is that of RFC 8032", public_keys_are_ed25519s},
    {"a root of small order is no root", a_weak_root_signs_nothing},
    {"each error has a text of its own", errors_have_texts},
};

UNIT_MAIN("identity.key", tests)
