#include "inner.h"
#include "unit.h"

#include <string.h>

static void check_round_trip(const struct sframe_inner *inner, size_t payload_len)
{
    uint8_t text[SFRAME_HEAD_MAX + 100 + 700];
    struct sframe_inner parsed = {0};
    struct core_span payload = {0};
    CU_ASSERT_EQUAL_FATAL(sframe_inner_check(inner), SFRAME_OK);
    size_t len = sframe_inner_len(inner);
    CU_ASSERT_FATAL(len + payload_len + inner->padding <= sizeof text);
    memset(text, 0x77, sizeof text);
    sframe_inner_write(inner, text);
    memset(text + len + payload_len, 0, inner->padding);
    const struct core_span whole = {text, len + payload_len + inner->padding};
    CU_ASSERT_EQUAL_FATAL(sframe_inner_parse(whole, &parsed, &payload), SFRAME_OK);
    CU_ASSERT(parsed.codec == inner->codec && parsed.capture_ms == inner->capture_ms);
    CU_ASSERT(parsed.padding == inner->padding && payload.len == payload_len && payload.data == text + len);
    unit_assert_bytes("tlv", parsed.tlv, parsed.tlv_len, inner->tlv, inner->tlv_len);
    /* cut anywhere in the header or the padding's promise, it is refused */
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_EQUAL(sframe_inner_parse((struct core_span){text, cut}, &parsed, &payload), SFRAME_INNER);
    if (inner->padding > payload_len)
        CU_ASSERT_EQUAL(sframe_inner_parse((struct core_span){text, len + inner->padding - 1}, &parsed, &payload),
                        SFRAME_INNER);
    /* padding that is not zero */
    if (inner->padding > 0) {
        text[whole.len - 1] = 1;
        CU_ASSERT_EQUAL(sframe_inner_parse(whole, &parsed, &payload), SFRAME_INNER);
        text[whole.len - 1] = 0;
        text[len + payload_len] = 0x80;
        CU_ASSERT_EQUAL(sframe_inner_parse(whole, &parsed, &payload), SFRAME_INNER);
    }
}

static void written_is_parsed(void)
{
    uint8_t tlv[SFRAME_TLV_MAX] = {9, 253};
    const size_t tlv_lens[] = {0, 2, SFRAME_TLV_MAX};
    const size_t paddings[] = {0, 1, 255, 256, 600};
    for (size_t t = 0; t < 3; t++)
        for (size_t p = 0; p < 5; p++)
            for (size_t len = 0; len < 100; len += 33) {
                tlv[1] = tlv_lens[t] > 2 ? 253 : 0;
                const struct sframe_inner inner = {SFRAME_CODEC_H264, UINT32_MAX - 5, paddings[p],
                                                   tlv_lens[t] ? tlv : NULL, tlv_lens[t]};
                check_round_trip(&inner, len);
            }
}

static void malformed_ones_are_refused(void)
{
    static const struct {
        const char *hex;
        int want;
    } table[] = {
        {"200200000000", SFRAME_OK},
        {"20ff00000000", SFRAME_OK},    /* a codec of a later version: the expectation decides */
        {"200000000000", SFRAME_INNER}, /* codec 0 */
        {"000200000000", SFRAME_INNER}, /* version 0 */
        {"400200000000", SFRAME_INNER}, /* version 2 */
        {"240200000000", SFRAME_INNER}, /* signed */
        {"280200000000", SFRAME_INNER}, /* bits that are zero */
        {"300200000000", SFRAME_INNER},
        {"2102000000000000", SFRAME_INNER}, /* padding of 0 */
        {"210200000000000100", SFRAME_OK},
        {"2102000000000001", SFRAME_INNER}, /* padding announced, not there */
        {"220200000000"
         "00",
         SFRAME_INNER}, /* an empty TLV block */
        {"220200000000"
         "020900",
         SFRAME_OK}, /* an empty TLV */
        {"220200000000"
         "0109",
         SFRAME_INNER}, /* a TLV without its length */
        {"220200000000"
         "020901",
         SFRAME_INNER}, /* longer than the block */
        {"220200000000"
         "03090100",
         SFRAME_OK},
        {"220200000000"
         "0409010009",
         SFRAME_INNER},
        {"2202000000", SFRAME_INNER},
        {"", SFRAME_INNER},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t text[32];
        struct sframe_inner inner;
        struct core_span payload;
        size_t len = unit_hex(table[i].hex, text, sizeof text);
        CU_ASSERT_EQUAL(sframe_inner_parse((struct core_span){text, len}, &inner, &payload), table[i].want);
    }
}

static void what_may_not_be_written(void)
{
    static const uint8_t overrun[] = {1, 5, 'A'};
    static const uint8_t fine[] = {1, 1, 'A'};
    const struct sframe_inner none = {.codec = SFRAME_CODEC_ANY};
    const struct sframe_inner padding = {.codec = 1, .padding = SFRAME_PADDING_MAX + 1};
    const struct sframe_inner long_tlv = {.codec = 1, .tlv = fine, .tlv_len = SFRAME_TLV_MAX + 1};
    const struct sframe_inner no_tlv = {.codec = 1, .tlv_len = 1};
    const struct sframe_inner bad_tlv = {.codec = 1, .tlv = overrun, .tlv_len = sizeof overrun};
    const struct sframe_inner good = {.codec = 1, .padding = SFRAME_PADDING_MAX, .tlv = fine, .tlv_len = sizeof fine};
    CU_ASSERT_EQUAL(sframe_inner_check(&none), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_inner_check(&padding), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_inner_check(&long_tlv), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_inner_check(&no_tlv), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_inner_check(&bad_tlv), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_inner_check(&good), SFRAME_OK);
}

static void tlvs_are_found(void)
{
    static const uint8_t tlv[] = {7, 0, 1, 3, 'A', 'n', 'n', 1, 1, 'B', 8, 2, 1, 1};
    const struct sframe_inner inner = {.codec = 1, .tlv = tlv, .tlv_len = sizeof tlv};
    const struct sframe_inner empty = {.codec = 1};
    const uint8_t *value = NULL;
    size_t len = 99;
    CU_ASSERT_EQUAL(sframe_tlv_find(&inner, SFRAME_TLV_NAME, &value, &len), SFRAME_OK);
    unit_assert_bytes("the first of its type", value, len, (const uint8_t *)"Ann", 3);
    CU_ASSERT_EQUAL(sframe_tlv_find(&inner, 7, &value, &len), SFRAME_OK);
    CU_ASSERT_EQUAL(len, 0);
    CU_ASSERT_EQUAL(sframe_tlv_find(&inner, 2, &value, &len), SFRAME_INNER);
    CU_ASSERT_EQUAL(sframe_tlv_find(&empty, 1, &value, &len), SFRAME_INNER);
    CU_ASSERT_EQUAL(sframe_tlv_find(NULL, 1, &value, &len), SFRAME_INVALID);
    CU_ASSERT_EQUAL(len, 0);
}

static const struct unit_test tests[] = {
    {"what is written is parsed, and refused when cut", written_is_parsed},
    {"malformed inner headers are refused", malformed_ones_are_refused},
    {"what could not be parsed is not written", what_may_not_be_written},
    {"TLVs are found by type", tlvs_are_found},
};

UNIT_MAIN("sframe.inner", tests)
