/* RFC 5869, appendix A. */
#include "core/hkdf.h"
#include "unit.h"

#include <string.h>

static void check(const char *ikm_hex, const char *salt_hex, const char *info_hex, const char *okm_hex)
{
    uint8_t ikm[100];
    uint8_t salt[100];
    uint8_t info[100];
    uint8_t want[100];
    uint8_t got[100];
    struct core_hmac_key prk;
    size_t ikm_len = unit_hex(ikm_hex, ikm, sizeof ikm);
    size_t salt_len = unit_hex(salt_hex, salt, sizeof salt);
    size_t info_len = unit_hex(info_hex, info, sizeof info);
    size_t len = unit_hex(okm_hex, want, sizeof want);
    const struct core_hash *hash = core_provider_libcrypto.sha256;
    CU_ASSERT(core_hkdf_extract(hash, salt_len ? salt : NULL, salt_len, ikm, ikm_len, &prk));
    /* in parts as in one piece */
    const struct core_slice parts[] = {{info, info_len / 2}, {info + info_len / 2, info_len - info_len / 2}};
    CU_ASSERT(core_hkdf_expand(hash, &prk, parts, 2, got, len));
    unit_assert_bytes("OKM", got, len, want, len);
    const struct core_slice whole = {info, info_len};
    for (size_t n = 0; n <= len; n++) {
        memset(got, 0, sizeof got);
        CU_ASSERT(core_hkdf_expand(hash, &prk, &whole, 1, got, n));
        unit_assert_bytes("start of OKM", got, n, want, n);
        CU_ASSERT_EQUAL(got[n], 0);
    }
}

static void published(void)
{
    check("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    check("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void too_much_is_refused(void)
{
    struct core_hmac_key prk;
    static uint8_t out[255 * 32 + 1];
    const struct core_hash *hash = core_provider_libcrypto.sha256;
    struct core_slice info[CORE_HKDF_INFO_PARTS + 1] = {0};
    CU_ASSERT(core_hkdf_extract(hash, NULL, 0, out, 16, &prk));
    CU_ASSERT(core_hkdf_expand(hash, &prk, NULL, 0, out, sizeof out - 1));
    CU_ASSERT_FALSE(core_hkdf_expand(hash, &prk, NULL, 0, out, sizeof out));
    CU_ASSERT_FALSE(core_hkdf_expand(hash, &prk, info, CORE_HKDF_INFO_PARTS + 1, out, 16));
}

static const struct unit_test tests[] = {
    {"RFC 5869's cases, at every length", published},
    {"more than 255 blocks or too many parts are refused", too_much_is_refused},
};

UNIT_MAIN("core.hkdf", tests)
