#include "core/secret.h"
#include "unit.h"

#include <string.h>

static void wipe_zeroes(void)
{
    uint8_t secret[64];
    memset(secret, 0x5a, sizeof secret);
    core_wipe(secret, sizeof secret);
    const uint8_t zeros[64] = {0};
    unit_assert_bytes("wiped", secret, sizeof secret, zeros, sizeof zeros);
    core_wipe(NULL, 0);
}

static void equal_sees_every_bit(void)
{
    uint8_t a[32];
    uint8_t b[32];
    memset(a, 0x33, sizeof a);
    memcpy(b, a, sizeof b);
    for (size_t len = 0; len <= sizeof a; len++) {
        CU_ASSERT(core_equal(a, b, len));
        for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CU_ASSERT_EQUAL(core_equal(a, b, len), bit / 8 >= len);
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    CU_ASSERT(core_equal(NULL, NULL, 0));
}

static void random_differs(void)
{
    uint8_t a[1000] = {0};
    uint8_t b[1000] = {0};
    CU_ASSERT(core_random(a, sizeof a));
    CU_ASSERT(core_random(b, sizeof b));
    CU_ASSERT_FALSE(core_equal(a, b, sizeof a));
    const uint8_t zeros[16] = {0};
    CU_ASSERT_FALSE(core_equal(a + sizeof a - 16, zeros, 16));
}

static void guarded_memory_is_usable(void)
{
    uint8_t *secret = core_secret_new(100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(secret);
    memset(secret, 1, 100);
    core_secret_free(secret);
    core_secret_free(NULL);
}

static void argon2id_depends_on_all_inputs(void)
{
    const uint8_t salt[CORE_ARGON2ID_SALT_LEN] = "sixteen bytes..";
    const uint8_t other[CORE_ARGON2ID_SALT_LEN] = "sixteen bytes.!";
    uint8_t a[32], b[32], c[32], d[32];
    CU_ASSERT(core_argon2id("password", 8, salt, a, sizeof a));
    CU_ASSERT(core_argon2id("password", 8, salt, b, sizeof b));
    CU_ASSERT(core_argon2id("passwore", 8, salt, c, sizeof c));
    CU_ASSERT(core_argon2id("password", 8, other, d, sizeof d));
    CU_ASSERT(core_equal(a, b, sizeof a));
    CU_ASSERT_FALSE(core_equal(a, c, sizeof a));
    CU_ASSERT_FALSE(core_equal(a, d, sizeof a));
}

static const struct unit_test tests[] = {
    {"a wipe leaves zeros", wipe_zeroes},
    {"comparison sees every single bit", equal_sees_every_bit},
    {"random bytes fill everything and differ", random_differs},
    {"guarded memory can be written and freed", guarded_memory_is_usable},
    {"Argon2id repeats itself and depends on password and salt", argon2id_depends_on_all_inputs},
};

UNIT_MAIN("core.secret", tests)
