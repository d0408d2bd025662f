#include "public_key_checks.h"

#include <string.h>

#include "core/secret.h"
#include "unit.h"

void check_dh_figure(const struct core_dh *dh, const struct dh_figure *figure)
{
    uint8_t private_a[CORE_DH_PRIVATE_MAX], private_b[CORE_DH_PRIVATE_MAX];
    uint8_t public_a[CORE_DH_PUBLIC_MAX], public_b[CORE_DH_PUBLIC_MAX];
    uint8_t shared[CORE_DH_SHARED_MAX], got[CORE_DH_PUBLIC_MAX];
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->private_a, private_a, sizeof private_a), dh->private_len);
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->private_b, private_b, sizeof private_b), dh->private_len);
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->public_a, public_a, sizeof public_a), dh->public_len);
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->public_b, public_b, sizeof public_b), dh->public_len);
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->shared, shared, sizeof shared), dh->shared_len);
    CU_ASSERT(dh->public_from(dh, private_a, got));
    unit_assert_bytes("A's public key", got, dh->public_len, public_a, dh->public_len);
    CU_ASSERT(dh->public_from(dh, private_b, got));
    unit_assert_bytes("B's public key", got, dh->public_len, public_b, dh->public_len);
    CU_ASSERT(dh->agree(dh, private_a, public_b, got));
    unit_assert_bytes("A's secret", got, dh->shared_len, shared, dh->shared_len);
    CU_ASSERT(dh->agree(dh, private_b, public_a, got));
    unit_assert_bytes("B's secret", got, dh->shared_len, shared, dh->shared_len);
}

static void fresh(const struct core_dh *dh, uint8_t *private_key, uint8_t *public_key)
{
    do {
        CU_ASSERT_FATAL(core_random(private_key, dh->private_len));
        if (dh->first_byte_mask)
            private_key[0] &= dh->first_byte_mask;
    } while (!dh->private_ok(dh, private_key));
    CU_ASSERT_FATAL(dh->public_from(dh, private_key, public_key));
    CU_ASSERT(dh->public_ok(dh, public_key));
}

void check_dh_agrees(const struct core_dh *dh)
{
    for (int i = 0; i < 8; i++) {
        uint8_t private_a[CORE_DH_PRIVATE_MAX], private_b[CORE_DH_PRIVATE_MAX];
        uint8_t public_a[CORE_DH_PUBLIC_MAX], public_b[CORE_DH_PUBLIC_MAX];
        uint8_t a[CORE_DH_SHARED_MAX], b[CORE_DH_SHARED_MAX];
        fresh(dh, private_a, public_a);
        fresh(dh, private_b, public_b);
        CU_ASSERT(dh->agree(dh, private_a, public_b, a) && dh->agree(dh, private_b, public_a, b));
        unit_assert_bytes("shared secret", a, dh->shared_len, b, dh->shared_len);
        private_a[dh->private_len / 2] ^= 0x10;
        CU_ASSERT(dh->agree(dh, private_a, public_b, a));
        CU_ASSERT_NOT_EQUAL(memcmp(a, b, dh->shared_len), 0);
    }
}

void check_signature_figure(const struct core_signature *scheme, const struct signature_figure *figure)
{
    struct core_signing_key key;
    uint8_t private_key[CORE_SIGN_PRIVATE_MAX], public_key[CORE_SIGN_PUBLIC_MAX];
    uint8_t message[64], signature[CORE_SIGNATURE_MAX], made[CORE_SIGNATURE_MAX];
    size_t made_len = 0;
    const size_t message_len = unit_hex(figure->message, message, sizeof message);
    const size_t signature_len = unit_hex(figure->signature, signature, sizeof signature);
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->private_key, private_key, sizeof private_key), scheme->private_len);
    CU_ASSERT_EQUAL_FATAL(unit_hex(figure->public_key, public_key, sizeof public_key), scheme->public_len);
    CU_ASSERT(scheme->key_init(scheme, &key, private_key));
    unit_assert_bytes("public key", key.public_key, scheme->public_len, public_key, scheme->public_len);
    CU_ASSERT(scheme->verify(scheme, public_key, message, message_len, signature, signature_len));
    CU_ASSERT(scheme->sign(scheme, &key, message, message_len, made, &made_len));
    if (figure->reproducible)
        unit_assert_bytes("signature", made, made_len, signature, signature_len);
    CU_ASSERT(scheme->verify(scheme, public_key, message, message_len, made, made_len));
}

void check_signature_binds(const struct core_signature *scheme)
{
    struct core_signing_key key;
    struct core_signing_key other;
    uint8_t message[] = "what is signed, of some length";
    uint8_t signature[CORE_SIGNATURE_MAX + 1] = {0};
    size_t len = 0;
    CU_ASSERT_FATAL(scheme->generate(scheme, &key) && scheme->generate(scheme, &other));
    CU_ASSERT_NOT_EQUAL(memcmp(key.public_key, other.public_key, scheme->public_len), 0);
    CU_ASSERT_FATAL(scheme->sign(scheme, &key, message, sizeof message, signature, &len));
    CU_ASSERT(len > 0 && len <= scheme->signature_max);
    CU_ASSERT(scheme->verify(scheme, key.public_key, message, sizeof message, signature, len));
    CU_ASSERT_FALSE(scheme->verify(scheme, other.public_key, message, sizeof message, signature, len));
    CU_ASSERT_FALSE(scheme->verify(scheme, key.public_key, message, sizeof message - 1, signature, len));
    CU_ASSERT_FALSE(scheme->verify(scheme, key.public_key, message, sizeof message, signature, len - 1));
    CU_ASSERT_FALSE(scheme->verify(scheme, key.public_key, message, sizeof message, signature, len + 1));
    CU_ASSERT_FALSE(scheme->verify(scheme, key.public_key, message, sizeof message, signature, 0));
    for (size_t bit = 0; bit < 8 * len; bit += 3) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT_FALSE(scheme->verify(scheme, key.public_key, message, sizeof message, signature, len));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    message[5] ^= 1;
    CU_ASSERT_FALSE(scheme->verify(scheme, key.public_key, message, sizeof message, signature, len));
    /* an empty message is one too */
    CU_ASSERT(scheme->sign(scheme, &key, NULL, 0, signature, &len));
    CU_ASSERT(scheme->verify(scheme, key.public_key, NULL, 0, signature, len));
}
