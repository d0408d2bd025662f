#include <string.h>

#include "dd_text.h"
#include "unit.h"

static enum rtp_error read_text(const char *text, const struct dd_structure *known, struct dd_structure *attached,
                                struct dd_descriptor *d)
{
    uint8_t bytes[DD_LEN_MAX];
    size_t len = dd_text_bytes(text, bytes, sizeof bytes);
    return dd_read(bytes, len, known, attached, d);
}

static void l1t3_key_frame(void)
{
    uint8_t bytes[DD_LEN_MAX];
    struct dd_structure s = {0};
    struct dd_descriptor d;
    size_t len = dd_text_bytes(dd_text_l1t3, bytes, sizeof bytes);
    CU_ASSERT_EQUAL(len, 16);
    CU_ASSERT_EQUAL_FATAL(dd_read(bytes, len, NULL, &s, &d), RTP_OK);
    CU_ASSERT_TRUE(d.start_of_frame);
    CU_ASSERT_FALSE(d.end_of_frame);
    CU_ASSERT_TRUE(d.has_structure);
    CU_ASSERT_FALSE(d.has_active_targets);
    CU_ASSERT_EQUAL(d.active_targets, 7);
    CU_ASSERT_EQUAL(d.template_id, 5);
    CU_ASSERT_EQUAL(d.frame_number, 0x1234);
    CU_ASSERT_EQUAL(d.fdiff_count, 0);
    CU_ASSERT_EQUAL(s.template_count, 5);
    CU_ASSERT_EQUAL(s.target_count, 3);
    CU_ASSERT_EQUAL(s.chain_count, 1);
    CU_ASSERT_EQUAL(s.spatial_count, 1);
    CU_ASSERT_EQUAL(s.templates[4].temporal_id, 2);
    CU_ASSERT_EQUAL(s.templates[4].chain_fdiffs[0], 3);
    CU_ASSERT_EQUAL(s.templates[2].dtis[1], DD_DISCARDABLE);

    /* and the frame after it: template 8 (T2, after the key frame), three bytes */
    CU_ASSERT_EQUAL_FATAL(read_text("1 1 001000 0001001000110101", &s, NULL, &d), RTP_OK);
    CU_ASSERT_EQUAL(d.temporal_id, 2);
    CU_ASSERT_EQUAL(d.fdiff_count, 1);
    CU_ASSERT_EQUAL(d.fdiffs[0], 1);
    CU_ASSERT_EQUAL(d.chain_fdiffs[0], 1);
    CU_ASSERT_EQUAL(d.dtis[0], DD_DISCARDABLE);
    CU_ASSERT_EQUAL(d.dtis[1], DD_NOT_PRESENT);
    CU_ASSERT_EQUAL(d.active_targets, 0);
}

/* A.10.1.3, the first way: frame 108 overrides template 1 with fdiff 5 and chain fdiff 5. */
static void dynamic_structure_frame_108(void)
{
    static const char key[] = "1 1 000000 0000000000000001  1 0 0 0 0  000000 00001"
                              "00 10 00 11"             /* S0 S0 S1 S1 */
                              "10 10 10 10 00 10 00 10" /* DTIs */
                              "0  1 0001 0  1 0000 0  1 0000 1 0001 0"
                              "10"                  /* ns(3): 1 chain */
                              "0000 0010 0001 0001" /* chain 0 */
                              "0";
    struct dd_structure s = {0};
    struct dd_descriptor d;
    CU_ASSERT_EQUAL_FATAL(read_text(key, &s, &s, &d), RTP_OK);
    CU_ASSERT_EQUAL(s.spatial_count, 2);
    CU_ASSERT_EQUAL(s.templates[3].fdiff_count, 2);
    CU_ASSERT_EQUAL_FATAL(read_text("1 1 000001 0000000001101100  0 0 0 1 1  01 0100 00  00000101", &s, &s, &d),
                          RTP_OK);
    CU_ASSERT_EQUAL(d.frame_number, 108);
    CU_ASSERT_TRUE(d.custom_fdiffs);
    CU_ASSERT_TRUE(d.custom_chains);
    CU_ASSERT_FALSE(d.custom_dtis);
    CU_ASSERT_EQUAL(d.fdiff_count, 1);
    CU_ASSERT_EQUAL(d.fdiffs[0], 5);
    CU_ASSERT_EQUAL(d.chain_fdiffs[0], 5);
    CU_ASSERT_EQUAL(d.dtis[0], DD_SWITCH);
    /* frame 106: only the chain is custom, the reference is the template's */
    CU_ASSERT_EQUAL_FATAL(read_text("1 1 000010 0000000001101010  0 0 0 0 1  00000011", &s, &s, &d), RTP_OK);
    CU_ASSERT_EQUAL(d.fdiffs[0], 1);
    CU_ASSERT_EQUAL(d.chain_fdiffs[0], 3);
    CU_ASSERT_EQUAL(d.spatial_id, 1);
}

static void every_truncation_is_an_error_and_changes_nothing(void)
{
    static const char *const texts[] = {dd_text_l1t3, dd_text_l3t3};
    struct dd_structure before;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&before, DD_L1T1, 40), RTP_OK);
    for (size_t t = 0; t < 2; t++) {
        uint8_t bytes[DD_LEN_MAX];
        size_t len = dd_text_bytes(texts[t], bytes, sizeof bytes);
        for (size_t cut = 0; cut < len; cut++) {
            struct dd_structure s = before;
            struct dd_descriptor d;
            struct dd_descriptor untouched;
            memset(&d, 0xa5, sizeof d);
            memcpy(&untouched, &d, sizeof d);
            enum rtp_error error = dd_read(bytes, cut, &s, &s, &d);
            /* at three bytes the flags are not there to be read: the template is not known then */
            CU_ASSERT_EQUAL(error, cut == 3 ? RTP_ERR_TEMPLATE : RTP_ERR_TRUNCATED);
            CU_ASSERT_EQUAL(memcmp(&s, &before, sizeof s), 0);
            CU_ASSERT_EQUAL(memcmp(&d, &untouched, sizeof d), 0);
        }
    }
}

static void hostile_descriptors(void)
{
    struct dd_structure before;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&before, DD_L1T1, 40), RTP_OK);
    char many_templates[1024] = "1 1 000000 0000000000000001 10000 000000 00000";
    char many_spatial[1024] = "1 1 000000 0000000000000001 10000 000000 00000";
    char many_temporal[1024] = "1 1 000000 0000000000000001 10000 000000 00000";
    for (int i = 0; i < 64; i++)
        strcat(many_templates, "00");
    for (int i = 0; i < 8; i++) {
        strcat(many_spatial, "10");
        strcat(many_temporal, "01");
    }
    char many_fdiffs[2048] = "1 1 000000 0000000000000001 10000 000000 00000 11 00";
    char many_custom_fdiffs[2048] = "1 1 101000 0000000000000001 0 0 0 1 0";
    for (int i = 0; i < 17; i++) {
        strcat(many_fdiffs, "10000");
        strcat(many_custom_fdiffs, "01 0000");
    }
    char ones[4096] = "";
    for (int i = 0; i < 255; i++)
        strcat(ones, "1111 1111");
    const struct {
        const char *text;
        enum rtp_error error;
    } rows[] = {
        {many_templates, RTP_ERR_LIMIT},
        {many_spatial, RTP_ERR_LIMIT},
        {many_temporal, RTP_ERR_LIMIT},
        {many_fdiffs, RTP_ERR_LIMIT},
        {many_custom_fdiffs, RTP_ERR_LIMIT},
        {ones, RTP_ERR_LIMIT},
        {"1 1 100111 0000000000000001", RTP_ERR_TEMPLATE},
        {"1 1 101010 0000000000000001", RTP_ERR_TEMPLATE},
        /* a whole structure, then a frame whose template is none of its own */
        {"1 1 000001 0000000000000001 10000 000000 00000 11 10 0 0 0", RTP_ERR_TEMPLATE},
        /* a whole structure, then custom fields that are cut off */
        {"1 1 000000 0000000000000001 10100 000000 00000 11 10 0 0 0", RTP_ERR_TRUNCATED},
        {"1 1 101000 0000000000000001 0 0 0 0 1", RTP_ERR_TRUNCATED},
        {"1 1 101000 0000000000000001 0 0 0 1 0 11 0", RTP_ERR_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dd_structure s = before;
        struct dd_descriptor d;
        CU_ASSERT_EQUAL(read_text(rows[i].text, &s, &s, &d), rows[i].error);
        CU_ASSERT_EQUAL(memcmp(&s, &before, sizeof s), 0);
    }
    uint8_t long_bytes[DD_LEN_MAX + 1] = {0};
    struct dd_descriptor d;
    CU_ASSERT_EQUAL(dd_read(long_bytes, sizeof long_bytes, &before, NULL, &d), RTP_ERR_LIMIT);
    CU_ASSERT_EQUAL(dd_peek(long_bytes, sizeof long_bytes, &d), RTP_ERR_LIMIT);
}

static void the_limits_themselves_are_allowed(void)
{
    char text[8192] = "1 1 000111 0000000000000001 1 1 0 0 0 000000 11111"; /* template 7; 32 decode targets */
    for (int i = 0; i < 7; i++)
        strcat(text, i < 3 ? "01" : "10");
    strcat(text, "11"); /* 8 templates */
    for (int i = 0; i < 8 * 32; i++)
        strcat(text, "10");
    for (int i = 0; i < 8; i++)
        strcat(text, "0");
    strcat(text, "111111"); /* ns(33): 32 chains */
    for (int i = 0; i < 32; i++)
        strcat(text, "11111"); /* ns(32): 31 */
    for (int i = 0; i < 8 * 32; i++)
        strcat(text, "1111");
    strcat(text, "0 10000000000000000000000000000001");
    struct dd_structure s = {0};
    struct dd_descriptor d;
    CU_ASSERT_EQUAL_FATAL(read_text(text, NULL, &s, &d), RTP_OK);
    CU_ASSERT_EQUAL(s.target_count, 32);
    CU_ASSERT_EQUAL(s.chain_count, 32);
    CU_ASSERT_EQUAL(s.protected_by[31], 31);
    CU_ASSERT_EQUAL(s.templates[7].chain_fdiffs[31], 15);
    CU_ASSERT_EQUAL(dd_all_targets(&s), UINT32_MAX);
    CU_ASSERT_EQUAL(d.active_targets, 0x80000001);
    CU_ASSERT_EQUAL(d.spatial_id, 4);

    char most[1024] = "1 1 111111 0000000000000001 1 0 0 0 0 000000 00000";
    for (int i = 0; i < 63; i++)
        strcat(most, "00");
    strcat(most, "11");
    for (int i = 0; i < 64; i++)
        strcat(most, "10");
    for (int i = 0; i < 16; i++)
        strcat(most, "11111"); /* 16 references of the first template */
    for (int i = 0; i < 64; i++)
        strcat(most, "0");
    strcat(most, "0 0");
    CU_ASSERT_EQUAL_FATAL(read_text(most, NULL, &s, &d), RTP_OK);
    CU_ASSERT_EQUAL(s.template_count, 64);
    CU_ASSERT_EQUAL(s.templates[0].fdiff_count, 16);
    CU_ASSERT_EQUAL(s.templates[0].fdiffs[15], 16);
    CU_ASSERT_EQUAL(s.chain_count, 0);

    char custom[256] = "1 1 000000 0000000000000010 0 0 0 1 0";
    for (int i = 0; i < 16; i++)
        strcat(custom, "01 0011");
    strcat(custom, "00");
    CU_ASSERT_EQUAL_FATAL(read_text(custom, &s, NULL, &d), RTP_OK);
    CU_ASSERT_EQUAL(d.fdiff_count, 16);
    CU_ASSERT_EQUAL(d.fdiffs[15], 4);
}

static void without_a_structure_only_peeking_works(void)
{
    const uint8_t bytes[] = {0xc5, 0x12, 0x34};
    struct dd_structure none = {0};
    struct dd_descriptor d;
    CU_ASSERT_EQUAL(dd_read(bytes, 3, NULL, NULL, &d), RTP_ERR_NO_STRUCTURE);
    CU_ASSERT_EQUAL(dd_read(bytes, 3, &none, NULL, &d), RTP_ERR_NO_STRUCTURE);
    CU_ASSERT_EQUAL_FATAL(dd_peek(bytes, 3, &d), RTP_OK);
    CU_ASSERT_TRUE(d.start_of_frame);
    CU_ASSERT_TRUE(d.end_of_frame);
    CU_ASSERT_EQUAL(d.template_id, 5);
    CU_ASSERT_EQUAL(d.frame_number, 0x1234);
    CU_ASSERT_EQUAL(dd_peek(bytes, 2, &d), RTP_ERR_TRUNCATED);
}

static void padding_is_ignored(void)
{
    struct dd_structure s;
    struct dd_descriptor plain;
    struct dd_descriptor padded;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T2, 0), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(read_text("1 0 000010 0000000000001000", &s, NULL, &plain), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(read_text("1 0 000010 0000000000001000 00000 111 11111111 11111111", &s, NULL, &padded),
                          RTP_OK);
    dd_text_assert_equal(&padded, &plain);
}

static const struct unit_test tests[] = {
    {"the L1T3 example of A.10.2.1, worked by hand", l1t3_key_frame},
    {"the dynamic structure of A.10.1.3, worked by hand", dynamic_structure_frame_108},
    {"every truncation is an error and changes nothing", every_truncation_is_an_error_and_changes_nothing},
    {"hostile descriptors are errors and change nothing", hostile_descriptors},
    {"the limits themselves are allowed", the_limits_themselves_are_allowed},
    {"without a structure only peeking works", without_a_structure_only_peeking_works},
    {"bits after the last field are ignored", padding_is_ignored},
};
UNIT_MAIN("rtp.dd_read", tests)
