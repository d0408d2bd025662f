#include <string.h>

#include "dd_text.h"
#include "unit.h"

static void hand_worked_bytes_come_out_again(void)
{
    static const char *const texts[] = {dd_text_l1t3, dd_text_l3t3};
    for (size_t i = 0; i < 2; i++) {
        uint8_t want[DD_LEN_MAX];
        uint8_t got[DD_LEN_MAX];
        size_t want_len = dd_text_bytes(texts[i], want, sizeof want);
        size_t got_len = 0;
        struct dd_structure s;
        struct dd_descriptor d;
        CU_ASSERT_EQUAL_FATAL(dd_read(want, want_len, NULL, &s, &d), RTP_OK);
        CU_ASSERT_EQUAL(dd_write(&d, &s, got, sizeof got, &got_len), RTP_OK);
        unit_assert_bytes("descriptor", got, got_len, want, want_len);
    }
}

static void read_of_write_is_the_identity(void)
{
    uint64_t seed = 20260401;
    unsigned written = 0;
    for (int round = 0; round < 3000; round++) {
        struct dd_structure s;
        struct dd_structure attached;
        struct dd_descriptor d;
        struct dd_descriptor back;
        uint8_t bytes[DD_LEN_MAX];
        size_t len;
        dd_text_random_structure(&seed, &s);
        dd_text_random_descriptor(&seed, &s, &d);
        if (dd_write(&d, &s, bytes, sizeof bytes, &len) != RTP_OK)
            continue; /* over 255 bytes */
        written++;
        CU_ASSERT_EQUAL_FATAL(dd_read(bytes, len, d.has_structure ? NULL : &s, &attached, &back), RTP_OK);
        dd_text_assert_equal(&back, &d);
        if (d.has_structure)
            CU_ASSERT_TRUE(dd_structure_equal(&attached, &s));
        /* one byte less is never enough */
        CU_ASSERT_EQUAL(dd_write(&d, &s, bytes, len - 1, &len), RTP_ERR_SPACE);
    }
    CU_ASSERT(written > 2900);
}

static void three_bytes_suffice_without_extras(void)
{
    struct dd_structure s;
    struct dd_descriptor d = {.start_of_frame = true, .frame_number = 0xabcd};
    uint8_t out[DD_LEN_MAX];
    size_t len = 0;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T1, 62), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(dd_use_template(&d, &s, 1), RTP_OK);
    CU_ASSERT_EQUAL(dd_write(&d, &s, out, sizeof out, &len), RTP_OK);
    const uint8_t want[] = {0x80 | 63, 0xab, 0xcd};
    unit_assert_bytes("descriptor", out, len, want, sizeof want);
}

static void custom_references_take_the_fewest_bits(void)
{
    static const struct {
        uint16_t fdiff;
        size_t bits; /* of the reference, with its size */
    } rows[] = {{1, 6}, {16, 6}, {17, 10}, {256, 10}, {257, 14}, {4096, 14}};
    struct dd_structure s;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T1, 0), RTP_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dd_descriptor d = {0};
        struct dd_descriptor back;
        uint8_t out[DD_LEN_MAX];
        size_t len = 0;
        CU_ASSERT_EQUAL_FATAL(dd_use_template(&d, &s, 1), RTP_OK);
        d.custom_fdiffs = true;
        d.fdiff_count = 4;
        for (size_t j = 0; j < 4; j++)
            d.fdiffs[j] = rows[i].fdiff;
        CU_ASSERT_EQUAL_FATAL(dd_write(&d, &s, out, sizeof out, &len), RTP_OK);
        CU_ASSERT_EQUAL(len, (24 + 5 + 4 * rows[i].bits + 2 + 7) / 8);
        CU_ASSERT_EQUAL_FATAL(dd_read(out, len, &s, NULL, &back), RTP_OK);
        dd_text_assert_equal(&back, &d);
    }
}

static void what_cannot_be_expressed_is_refused(void)
{
    struct dd_structure good;
    struct dd_descriptor base = {0};
    uint8_t out[DD_LEN_MAX];
    size_t len;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&good, DD_L3T3, 0), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(dd_use_template(&base, &good, 0), RTP_OK);
    base.has_structure = true;
    CU_ASSERT_EQUAL(dd_write(&base, &good, out, sizeof out, &len), RTP_OK);
    CU_ASSERT_EQUAL(dd_write(&base, NULL, out, sizeof out, &len), RTP_ERR_NO_STRUCTURE);
#define REFUSES(what, wanted)                                                                                          \
    do {                                                                                                               \
        struct dd_structure s = good;                                                                                  \
        struct dd_descriptor d = base;                                                                                 \
        what;                                                                                                          \
        CU_ASSERT_EQUAL(dd_write(&d, &s, out, sizeof out, &len), wanted);                                              \
    } while (0)
    REFUSES(s.template_count = 0, RTP_ERR_NO_STRUCTURE);
    REFUSES(s.template_count = 65, RTP_ERR_ARGUMENT);
    REFUSES(s.template_id_offset = 64, RTP_ERR_ARGUMENT);
    REFUSES(s.target_count = 0, RTP_ERR_ARGUMENT);
    REFUSES(s.target_count = 33, RTP_ERR_ARGUMENT);
    REFUSES(s.chain_count = 10, RTP_ERR_ARGUMENT);
    REFUSES(s.protected_by[3] = 3, RTP_ERR_ARGUMENT);
    REFUSES(s.spatial_count = 2, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[0].temporal_id = 1, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[3].temporal_id = 3, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[5].spatial_id = 2, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[5].temporal_id = 1, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[14].dtis[8] = 4, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[14].fdiffs[1] = 0, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[14].fdiffs[1] = 17, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[14].fdiff_count = 17, RTP_ERR_ARGUMENT);
    REFUSES(s.templates[14].chain_fdiffs[2] = 16, RTP_ERR_ARGUMENT);
    REFUSES(d.template_id = 15, RTP_ERR_TEMPLATE);
    REFUSES(d.template_id = 64, RTP_ERR_ARGUMENT);
    REFUSES((d.has_active_targets = true, d.active_targets = 1U << 9), RTP_ERR_ARGUMENT);
    REFUSES((d.custom_dtis = true, d.dtis[8] = 4), RTP_ERR_ARGUMENT);
    REFUSES((d.custom_fdiffs = true, d.fdiff_count = 17), RTP_ERR_ARGUMENT);
    REFUSES((d.custom_fdiffs = true, d.fdiff_count = 1, d.fdiffs[0] = 0), RTP_ERR_ARGUMENT);
    REFUSES((d.custom_fdiffs = true, d.fdiff_count = 1, d.fdiffs[0] = 4097), RTP_ERR_ARGUMENT);
    REFUSES((d.custom_fdiffs = true, d.fdiff_count = 1, d.fdiffs[0] = 4096), RTP_OK);
#undef REFUSES
}

static const struct unit_test tests[] = {
    {"the specification's examples, worked by hand, come out byte for byte", hand_worked_bytes_come_out_again},
    {"reading what was written gives the same descriptor and structure", read_of_write_is_the_identity},
    {"a frame that is its template's takes three bytes", three_bytes_suffice_without_extras},
    {"custom references take the fewest bits", custom_references_take_the_fewest_bits},
    {"what cannot be expressed is refused", what_cannot_be_expressed_is_refused},
};
UNIT_MAIN("rtp.dd_write", tests)
