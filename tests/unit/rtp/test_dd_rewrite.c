#include <string.h>

#include "dd_text.h"
#include "unit.h"

static void no_change_is_the_identity(void)
{
    uint64_t seed = 7;
    for (int round = 0; round < 1000; round++) {
        struct dd_structure s;
        struct dd_descriptor d;
        uint8_t bytes[DD_LEN_MAX + 1];
        uint8_t out[DD_LEN_MAX];
        size_t len;
        size_t out_len = 0;
        const struct dd_change none = {0};
        dd_text_random_structure(&seed, &s);
        dd_text_random_descriptor(&seed, &s, &d);
        if (dd_write(&d, &s, bytes, DD_LEN_MAX, &len) != RTP_OK)
            continue;
        if (len > 3 && len < DD_LEN_MAX) {
            bytes[len++] = 0xff; /* padding keeps its bits too */
        }
        CU_ASSERT_EQUAL_FATAL(dd_rewrite(bytes, len, &s, &none, out, sizeof out, &out_len), RTP_OK);
        unit_assert_bytes("rewritten", out, out_len, bytes, len);
    }
}

static void numbers_shift_and_nothing_else(void)
{
    uint64_t seed = 99;
    unsigned inserted = 0;
    for (int round = 0; round < 2000; round++) {
        struct dd_structure s;
        struct dd_structure shifted;
        struct dd_structure got_structure;
        struct dd_descriptor d;
        struct dd_descriptor got;
        uint8_t bytes[DD_LEN_MAX];
        uint8_t out[DD_LEN_MAX];
        size_t len;
        size_t out_len = 0;
        dd_text_random_structure(&seed, &s);
        dd_text_random_descriptor(&seed, &s, &d);
        struct dd_change change = {.frame_offset = (uint16_t)unit_random(&seed),
                                   .template_offset = (uint8_t)(unit_random(&seed) % 64),
                                   .replace_active_targets = unit_random(&seed) % 2 == 1,
                                   .active_targets = (uint32_t)unit_random(&seed) & dd_all_targets(&s)};
        if (dd_write(&d, &s, bytes, sizeof bytes, &len) != RTP_OK)
            continue;
        enum rtp_error error = dd_rewrite(bytes, len, &s, &change, out, sizeof out, &out_len);
        if (error == RTP_ERR_SPACE && len > 240)
            continue;
        CU_ASSERT_EQUAL_FATAL(error, RTP_OK);

        shifted = s;
        shifted.template_id_offset = (uint8_t)((s.template_id_offset + change.template_offset) % 64);
        CU_ASSERT_EQUAL_FATAL(dd_read(out, out_len, d.has_structure ? NULL : &shifted, &got_structure, &got), RTP_OK);
        struct dd_descriptor want = d;
        want.frame_number = (uint16_t)(d.frame_number + change.frame_offset);
        want.template_id = (uint8_t)((d.template_id + change.template_offset) % 64);
        if (change.replace_active_targets) {
            inserted += !d.has_active_targets;
            want.has_active_targets = true;
            want.active_targets = change.active_targets;
        } else {
            CU_ASSERT_EQUAL(out_len, len);
        }
        dd_text_assert_equal(&got, &want);
        if (d.has_structure)
            CU_ASSERT_TRUE(dd_structure_equal(&got_structure, &shifted));

        /* and back again: the same bits, where no bitmask had to be put in */
        struct dd_change back = {.frame_offset = (uint16_t)(65536 - change.frame_offset),
                                 .template_offset = (uint8_t)((64 - change.template_offset) % 64),
                                 .replace_active_targets = d.has_active_targets,
                                 .active_targets = d.active_targets};
        uint8_t again[DD_LEN_MAX];
        size_t again_len = 0;
        CU_ASSERT_EQUAL_FATAL(dd_rewrite(out, out_len, &shifted, &back, again, sizeof again, &again_len), RTP_OK);
        if (d.has_active_targets || !change.replace_active_targets)
            unit_assert_bytes("there and back", again, again_len, bytes, len);
    }
    CU_ASSERT(inserted > 200);
}

static void a_bitmask_is_inserted_into_three_bytes(void)
{
    struct dd_structure s;
    const uint8_t in[] = {0xc2, 0xff, 0xff};
    uint8_t out[5];
    uint8_t want[5];
    size_t len = 0;
    const struct dd_change change = {
        .frame_offset = 2, .template_offset = 60, .replace_active_targets = true, .active_targets = 3};
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T3, 1), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(dd_rewrite(in, sizeof in, &s, &change, out, sizeof out, &len), RTP_OK);
    size_t want_len = dd_text_bytes("1 1 111110 0000000000000001  0 1 0 0 0  011", want, sizeof want);
    unit_assert_bytes("with a bitmask", out, len, want, want_len);
    CU_ASSERT_EQUAL(dd_rewrite(in, sizeof in, &s, &change, out, 3, &len), RTP_ERR_SPACE);
}

static void errors_change_nothing(void)
{
    struct dd_structure s;
    const uint8_t in[] = {0xc2, 0xff, 0xff};
    uint8_t out[8] = {0};
    size_t len = 77;
    struct dd_change change = {0};
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T1, 1), RTP_OK);
    CU_ASSERT_EQUAL(dd_rewrite(in, 3, NULL, &change, out, sizeof out, &len), RTP_ERR_NO_STRUCTURE);
    CU_ASSERT_EQUAL(dd_rewrite(in, 2, &s, &change, out, sizeof out, &len), RTP_ERR_TRUNCATED);
    CU_ASSERT_EQUAL(dd_rewrite(in, 3, &s, &change, out, 2, &len), RTP_ERR_SPACE);
    change.template_offset = 64;
    CU_ASSERT_EQUAL(dd_rewrite(in, 3, &s, &change, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    change = (struct dd_change){.replace_active_targets = true, .active_targets = 2};
    CU_ASSERT_EQUAL(dd_rewrite(in, 3, &s, &change, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(len, 77);
    CU_ASSERT_EQUAL(out[0], 0);
}

static const struct unit_test tests[] = {
    {"offsets of zero leave every bit", no_change_is_the_identity},
    {"numbers shift, the bitmask is replaced or inserted, nothing else changes", numbers_shift_and_nothing_else},
    {"a bitmask is inserted into a three-byte descriptor", a_bitmask_is_inserted_into_three_bytes},
    {"errors change nothing", errors_change_nothing},
};
UNIT_MAIN("rtp.dd_rewrite", tests)
