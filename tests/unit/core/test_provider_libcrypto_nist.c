#include <string.h>

#include "public_key_checks.h"
#include "unit.h"

static const struct core_dh *const groups[] = {&core_libcrypto_p256, &core_libcrypto_p384, &core_libcrypto_p521};
static const struct core_signature *const schemes[] = {&core_libcrypto_ecdsa_p256, &core_libcrypto_ecdsa_p384,
                                                       &core_libcrypto_ecdsa_p521};
/* the curves' orders */
static const char *const orders[] = {
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ("01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c4"
     "7"
     "aebb6fb71e91386409"),
};

enum { CURVES = 3 };

static void agree(void)
{
    for (size_t i = 0; i < CURVES; i++)
        check_dh_agrees(groups[i]);
}

static void private_keys_lie_below_the_order(void)
{
    for (size_t i = 0; i < CURVES; i++) {
        const struct core_dh *dh = groups[i];
        uint8_t scalar[CORE_DH_PRIVATE_MAX] = {0};
        uint8_t point[CORE_DH_PUBLIC_MAX];
        struct core_signing_key key;
        CU_ASSERT_FALSE(dh->private_ok(dh, scalar));
        CU_ASSERT_FALSE(dh->public_from(dh, scalar, point));
        CU_ASSERT_FALSE(schemes[i]->key_init(schemes[i], &key, scalar));
        CU_ASSERT_EQUAL_FATAL(unit_hex(orders[i], scalar, sizeof scalar), dh->private_len);
        CU_ASSERT_FALSE(dh->private_ok(dh, scalar));
        CU_ASSERT_FALSE(dh->public_from(dh, scalar, point));
        CU_ASSERT_FALSE(schemes[i]->key_init(schemes[i], &key, scalar));
        scalar[dh->private_len - 1]--;
        CU_ASSERT(dh->private_ok(dh, scalar));
        CU_ASSERT(dh->public_from(dh, scalar, point));
    }
}

static void points_off_the_curve_are_refused(void)
{
    for (size_t i = 0; i < CURVES; i++) {
        const struct core_dh *dh = groups[i];
        uint8_t scalar[CORE_DH_PRIVATE_MAX] = {0};
        uint8_t point[CORE_DH_PUBLIC_MAX];
        uint8_t shared[CORE_DH_SHARED_MAX];
        scalar[dh->private_len - 1] = 7;
        CU_ASSERT(dh->public_from(dh, scalar, point));
        CU_ASSERT(dh->public_ok(dh, point));
        point[dh->public_len - 1] ^= 1;
        CU_ASSERT_FALSE(dh->public_ok(dh, point));
        CU_ASSERT_FALSE(dh->agree(dh, scalar, point, shared));
        point[dh->public_len - 1] ^= 1;
        for (unsigned form = 0; form <= 255; form++) { /* compressed, hybrid, the neutral element: not these */
            point[0] = (uint8_t)form;
            CU_ASSERT_EQUAL(dh->public_ok(dh, point), form == 4);
        }
        memset(point + 1, 0xff, dh->public_len - 1); /* coordinates beyond the field */
        point[0] = 4;
        CU_ASSERT_FALSE(dh->public_ok(dh, point));
    }
}

static void ecdsa_of_the_rfc(void)
{
    /* RFC 6979 appendix A.2.5, SHA-256 of "sample", in DER */
    static const struct signature_figure p256 = {
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e"
        "9f5177a3c294d4462299",
        "73616d706c65",
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f"
        "65f3e900dbb9aff4064dc4ab2f843acda8",
        0,
    };
    check_signature_figure(&core_libcrypto_ecdsa_p256, &p256);
}

static void ecdsa_binds(void)
{
    for (size_t i = 0; i < CURVES; i++)
        check_signature_binds(schemes[i]);
}

static const struct unit_test tests[] = {
    {"key pairs agree", agree},
    {"private keys lie between zero and the order", private_keys_lie_below_the_order},
    {"points off the curve or in another form are refused", points_off_the_curve_are_refused},
    {"ECDSA verifies RFC 6979's signature", ecdsa_of_the_rfc},
    {"ECDSA binds message, key and length", ecdsa_binds},
};

UNIT_MAIN("core.provider_libcrypto_nist", tests)
