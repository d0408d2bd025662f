#include <string.h>

#include "core/secret.h"
#include "public_key_checks.h"
#include "unit.h"

static void x25519_of_the_rfc(void)
{
    /* RFC 7748 section 6.1 */
    static const struct dh_figure figure = {
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    };
    check_dh_figure(&core_sodium_x25519, &figure);
}

static void x25519_agrees(void)
{
    check_dh_agrees(&core_sodium_x25519);
}

/* Many public keys at once are those of one at a time, whatever the bits that do not count. */
static void x25519_many(void)
{
    const struct core_dh *dh = &core_sodium_x25519;
    uint8_t private_keys[CORE_DH_PAIRS_MAX + 1][32] = {{0}};
    uint8_t public_keys[CORE_DH_PAIRS_MAX + 1][32];
    struct core_dh_pair pairs[CORE_DH_PAIRS_MAX + 1];
    for (size_t i = 0; i <= CORE_DH_PAIRS_MAX; i++)
        pairs[i] = (struct core_dh_pair){private_keys[i], public_keys[i]};
    memset(private_keys[1], 0xff, sizeof private_keys[1]); /* and one of zeros */
    for (size_t i = 2; i < CORE_DH_PAIRS_MAX; i++)
        CU_ASSERT_FATAL(core_random(private_keys[i], sizeof private_keys[i]));
    for (size_t count = 0; count <= CORE_DH_PAIRS_MAX; count++) {
        memset(public_keys, 0, sizeof public_keys);
        CU_ASSERT_FATAL(dh->public_from_each(dh, pairs, count));
        for (size_t i = 0; i < count; i++) {
            uint8_t expected[32];
            CU_ASSERT(dh->public_from(dh, private_keys[i], expected));
            unit_assert_bytes("public key", public_keys[i], 32, expected, 32);
        }
    }
    CU_ASSERT_FALSE(dh->public_from_each(dh, pairs, CORE_DH_PAIRS_MAX + 1));
}

static void x25519_refuses_small_order(void)
{
    /* the points of order 1, 2, 4 and 8 */
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    const uint8_t private_key[32] = {1, 2, 3};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t point[32];
        uint8_t shared[32];
        unit_hex(points[i], point, sizeof point);
        /* with and without the bit that does not count, and one bit of each byte beside it */
        for (size_t bit = 0; bit < 256; bit += 5) {
            const bool counts = bit != 255;
            point[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_EQUAL(core_sodium_x25519.public_ok(&core_sodium_x25519, point),
                            core_sodium_x25519.agree(&core_sodium_x25519, private_key, point, shared));
            if (!counts)
                CU_ASSERT_FALSE(core_sodium_x25519.public_ok(&core_sodium_x25519, point));
            point[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        CU_ASSERT_FALSE(core_sodium_x25519.public_ok(&core_sodium_x25519, point));
        CU_ASSERT_FALSE(core_sodium_x25519.agree(&core_sodium_x25519, private_key, point, shared));
    }
}

static void ed25519_of_the_rfc(void)
{
    /* RFC 8032 section 7.1, test 1 */
    static const struct signature_figure figure = {
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
        1,
    };
    check_signature_figure(&core_sodium_ed25519, &figure);
}

static void ed25519_binds(void)
{
    check_signature_binds(&core_sodium_ed25519);
}

static const struct unit_test tests[] = {
    {"X25519 as in RFC 7748", x25519_of_the_rfc},
    {"X25519 agrees", x25519_agrees},
    {"X25519 of many keys at once", x25519_many},
    {"X25519 refuses points of small order", x25519_refuses_small_order},
    {"Ed25519 as in RFC 8032", ed25519_of_the_rfc},
    {"Ed25519 binds message, key and length", ed25519_binds},
};

UNIT_MAIN("core.provider_sodium", tests)
