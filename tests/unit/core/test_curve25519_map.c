#include "core/curve25519_map.h"

#include <sodium.h>
#include <string.h>

#include "unit.h"

static void point(const char *hex, uint8_t out[CURVE25519_LEN])
{
    CU_ASSERT_EQUAL_FATAL(unit_hex(hex, out, CURVE25519_LEN), CURVE25519_LEN);
}

/* RFC 8032 section 5.1: the base point, (x, 4/5); RFC 7748 section 4.1: its u is 9, whichever sign x has. */
static void base_point(void)
{
    uint8_t points[2][CURVE25519_LEN];
    uint8_t found[2][CURVE25519_LEN];
    uint8_t *const u[] = {found[0], found[1]};
    const uint8_t nine[CURVE25519_LEN] = {9};
    point("5866666666666666666666666666666666666666666666666666666666666666", points[0]);
    memcpy(points[1], points[0], CURVE25519_LEN);
    points[1][CURVE25519_LEN - 1] |= 0x80;
    CU_ASSERT_FATAL(curve25519_map(points, 2, u));
    unit_assert_bytes("u", found[0], CURVE25519_LEN, nine, CURVE25519_LEN);
    unit_assert_bytes("u of the negative", found[1], CURVE25519_LEN, nine, CURVE25519_LEN);
}

/* As many as there may be, against libsodium's own conversion. */
static void as_libsodium(void)
{
    uint8_t points[CURVE25519_MAP_MAX][CURVE25519_LEN];
    uint8_t found[CURVE25519_MAP_MAX][CURVE25519_LEN];
    uint8_t expected[CURVE25519_LEN];
    uint8_t *u[CURVE25519_MAP_MAX];
    CU_ASSERT_FATAL(sodium_init() >= 0);
    for (size_t count = 1; count <= CURVE25519_MAP_MAX; count++) {
        for (size_t i = 0; i < count; i++) {
            uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
            crypto_sign_keypair(points[i], secret_key);
            u[i] = found[i];
        }
        CU_ASSERT_FATAL(curve25519_map(points, count, u));
        for (size_t i = 0; i < count; i++) {
            CU_ASSERT_EQUAL_FATAL(crypto_sign_ed25519_pk_to_curve25519(expected, points[i]), 0);
            unit_assert_bytes("u", found[i], CURVE25519_LEN, expected, CURVE25519_LEN);
        }
    }
}

static void refuses_what_has_no_u(void)
{
    uint8_t points[CURVE25519_MAP_MAX + 1][CURVE25519_LEN] = {{0}};
    uint8_t found[CURVE25519_LEN];
    uint8_t *u[CURVE25519_MAP_MAX + 1];
    for (size_t i = 0; i <= CURVE25519_MAP_MAX; i++)
        u[i] = found;
    points[1][0] = 1; /* the neutral element, (0, 1) */
    CU_ASSERT_FALSE(curve25519_map(&points[1], 1, u));
    CU_ASSERT_FALSE(curve25519_map(points, 3, u));
    points[1][0] = 2;
    CU_ASSERT(curve25519_map(points, 3, u));
    CU_ASSERT(curve25519_map(points, 0, u));
    CU_ASSERT_FALSE(curve25519_map(points, CURVE25519_MAP_MAX + 1, u));
}

static const struct unit_test tests[] = {
    {"the base point", base_point},
    {"as libsodium does it", as_libsodium},
    {"what has no u is refused, and too many", refuses_what_has_no_u},
};

UNIT_MAIN("core.curve25519_map", tests)
