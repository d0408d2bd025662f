#include <string.h>

#include "public_key_checks.h"
#include "unit.h"

static void x448_of_the_rfc(void)
{
    /* RFC 7748 section 6.2 */
    static const struct dh_figure figure = {
        "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d"
        "9ac2d8c0a598726b",
        "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53"
        "177f80e532c41fa0",
        "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120bb5ee8972b0d3e21374c9c921b09d1b0"
        "366f10b65173992d",
        "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706dcb57aec3dae"
        "07bdc1c67bf33609",
        "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a"
        "449a5037514a879d",
    };
    check_dh_figure(&core_libcrypto_x448, &figure);
}

static void x448_agrees(void)
{
    check_dh_agrees(&core_libcrypto_x448);
}

static void x448_refuses_small_order(void)
{
    const uint8_t private_key[56] = {1, 2, 3};
    uint8_t point[56] = {0};
    uint8_t shared[56];
    /* 0, 1, and p - 1 to p + 1, where p is 2^448 - 2^224 - 1 */
    for (int i = 0; i < 5; i++) {
        memset(point, i < 2 || i == 4 ? 0 : 0xff, 28);
        memset(point + 28, i < 2 ? 0 : 0xff, 28);
        if (i < 4)
            point[0] = (uint8_t[]){0, 1, 0xfe, 0xff}[i];
        if (i == 2 || i == 3)
            point[28] = 0xfe;
        CU_ASSERT_FALSE(core_libcrypto_x448.agree(&core_libcrypto_x448, private_key, point, shared));
        CU_ASSERT_FALSE(core_libcrypto_x448.public_ok(&core_libcrypto_x448, point));
        for (size_t bit = 0; bit < 448; bit += 5) {
            point[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_EQUAL(core_libcrypto_x448.public_ok(&core_libcrypto_x448, point),
                            core_libcrypto_x448.agree(&core_libcrypto_x448, private_key, point, shared));
            point[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    memset(point, 0, sizeof point);
    point[0] = 5; /* the base point */
    CU_ASSERT(core_libcrypto_x448.agree(&core_libcrypto_x448, private_key, point, shared));
    CU_ASSERT(core_libcrypto_x448.public_ok(&core_libcrypto_x448, point));
}

static void ed448_of_the_rfc(void)
{
    /* RFC 8032 section 7.4, "1 octet" */
    static const struct signature_figure figure = {
        "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949e"
        "f8021e954e0a12274e",
        "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c"
        "235160627b4c3a9480",
        "03",
        "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633"
        "fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0f"
        "f3348ab21aa4adafd1d234441cf807c03a00",
        1,
    };
    check_signature_figure(&core_libcrypto_ed448, &figure);
}

static void ed448_binds(void)
{
    check_signature_binds(&core_libcrypto_ed448);
}

static const struct unit_test tests[] = {
    {"X448 as in RFC 7748", x448_of_the_rfc},
    {"X448 agrees", x448_agrees},
    {"X448 refuses points of small order", x448_refuses_small_order},
    {"Ed448 as in RFC 8032", ed448_of_the_rfc},
    {"Ed448 binds message, key and length", ed448_binds},
};

UNIT_MAIN("core.provider_libcrypto_448", tests)
