/* core/hmac_sha1.c */
#include "core/hmac_sha1.h"

#include <string.h>

#include "unit.h"

static void known_answers(void)
{
    /* RFC 2202 section 3, cases 1, 2 and 6 */
    uint8_t key[80];
    uint8_t mac[CORE_HMAC_SHA1_LEN];
    uint8_t want[CORE_HMAC_SHA1_LEN];

    memset(key, 0x0b, 20);
    CU_ASSERT_TRUE_FATAL(core_hmac_sha1(key, 20, (const uint8_t *)"Hi There", 8, mac));
    unit_hex("b617318655057264e28bc0b6fb378c8ef146be00", want, sizeof want);
    unit_assert_bytes("case 1", mac, sizeof mac, want, sizeof want);

    CU_ASSERT_TRUE_FATAL(
        core_hmac_sha1((const uint8_t *)"Jefe", 4, (const uint8_t *)"what do ya want for nothing?", 28, mac));
    unit_hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", want, sizeof want);
    unit_assert_bytes("case 2", mac, sizeof mac, want, sizeof want);

    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    memset(key, 0xaa, 80);
    CU_ASSERT_TRUE_FATAL(core_hmac_sha1(key, 80, (const uint8_t *)text, strlen(text), mac));
    unit_hex("aa4ae5e15272d00e95705637ce8a3b55ed402112", want, sizeof want);
    unit_assert_bytes("case 6", mac, sizeof mac, want, sizeof want);
}

static const struct unit_test tests[] = {
    {"RFC 2202's answers come out", known_answers},
};
UNIT_MAIN("core.hmac_sha1", tests)
