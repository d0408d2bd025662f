/* ristretto255, by RFC 9496's numbers. */
#include "core/ristretto255.h"

#include <string.h>

#include "unit.h"

enum { LEN = CORE_RISTRETTO255_LEN };

/* Appendix A.1: the generator, twice and three times. */
static const char ONE[] = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
static const char TWICE[] = "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919";
static const char THRICE[] = "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259";

static void multiples(void)
{
    uint8_t one[LEN];
    uint8_t want[LEN];
    uint8_t got[LEN];
    uint8_t scalar[LEN] = {2};
    unit_hex(ONE, one, sizeof one);
    unit_hex(TWICE, want, sizeof want);
    CU_ASSERT(core_ristretto255_mult(scalar, one, got));
    unit_assert_bytes("2 B", got, LEN, want, LEN);
    unit_hex(THRICE, want, sizeof want);
    scalar[0] = 3;
    CU_ASSERT(core_ristretto255_mult(scalar, one, got));
    unit_assert_bytes("3 B", got, LEN, want, LEN);
}

static void random_scalars_commute(void)
{
    uint8_t a[LEN];
    uint8_t b[LEN];
    uint8_t one[LEN];
    uint8_t first[LEN];
    uint8_t second[LEN];
    unit_hex(ONE, one, sizeof one);
    CU_ASSERT_FATAL(core_ristretto255_scalar(a) && core_ristretto255_scalar(b));
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, LEN), 0);
    CU_ASSERT(core_ristretto255_mult(a, one, first) && core_ristretto255_mult(b, first, first));
    CU_ASSERT(core_ristretto255_mult(b, one, second) && core_ristretto255_mult(a, second, second));
    unit_assert_bytes("ab B", first, LEN, second, LEN);
}

static void what_is_no_element(void)
{
    /* appendix A.2: not canonical, negative, not on the curve; and the neutral element */
    static const char *const bad[] = {
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "0000000000000000000000000000000000000000000000000000000000000000",
    };
    const uint8_t scalar[LEN] = {2};
    const uint8_t zero[LEN] = {0};
    uint8_t element[LEN];
    uint8_t result[LEN];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unit_hex(bad[i], element, sizeof element);
        CU_ASSERT_FALSE(core_ristretto255_mult(scalar, element, result));
    }
    unit_hex(ONE, element, sizeof element);
    CU_ASSERT_FALSE(core_ristretto255_mult(zero, element, result));
}

/* Appendix A.3: SHA-512("Ristretto is traditionally a short shot of espresso coffee") */
static void from_hash(void)
{
    uint8_t hash[CORE_RISTRETTO255_HASH_LEN];
    uint8_t want[LEN];
    uint8_t got[LEN];
    unit_hex("5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
             "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6",
             hash, sizeof hash);
    unit_hex("3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46", want, sizeof want);
    CU_ASSERT(core_ristretto255_from_hash(hash, got));
    unit_assert_bytes("element", got, LEN, want, LEN);
}

static const struct unit_test tests[] = {
    {"multiples of the generator are RFC 9496's", multiples},
    {"random scalars differ, and commute", random_scalars_commute},
    {"what encodes no element is refused, and so is the neutral one", what_is_no_element},
    {"a hash's element is RFC 9496's", from_hash},
};

UNIT_MAIN("core.ristretto255", tests)
