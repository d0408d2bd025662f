#include <string.h>

#include "dd_text.h"
#include "unit.h"

static size_t attached_len(const struct dd_structure *s)
{
    uint8_t out[DD_LEN_MAX];
    size_t len = 0;
    struct dd_descriptor d = {.has_structure = true};
    CU_ASSERT_EQUAL_FATAL(dd_use_template(&d, s, 0), RTP_OK);
    CU_ASSERT_EQUAL(dd_write(&d, s, out, sizeof out, &len), RTP_OK);
    return len;
}

static void sizes_for_the_one_byte_extension(void)
{
    static const struct {
        enum dd_mode mode;
        size_t without;
        size_t with;
    } rows[] = {{DD_L1T1, 9, 13}, {DD_L1T2, 11, 15}, {DD_L1T3, 16, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dd_structure s;
        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, rows[i].mode, 0), RTP_OK);
        CU_ASSERT_EQUAL(attached_len(&s), rows[i].without);
        CU_ASSERT_EQUAL(dd_set_resolution(&s, 0, 1280, 720), RTP_OK);
        CU_ASSERT_EQUAL(attached_len(&s), rows[i].with);
    }
}

static void ready_made_structures_are_the_specifications(void)
{
    static const struct {
        enum dd_mode mode;
        uint8_t offset;
        const char *text;
    } rows[] = {{DD_L1T3, 5, dd_text_l1t3}, {DD_L3T3, 0, dd_text_l3t3}};
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[DD_LEN_MAX];
        size_t len = dd_text_bytes(rows[i].text, bytes, sizeof bytes);
        struct dd_structure built;
        struct dd_structure read;
        struct dd_descriptor d;
        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&built, rows[i].mode, rows[i].offset), RTP_OK);
        CU_ASSERT_EQUAL_FATAL(dd_read(bytes, len, NULL, &read, &d), RTP_OK);
        CU_ASSERT_TRUE(dd_structure_equal(&built, &read));
    }
}

/* A frame may refer only to frames that came before, and a chain's previous frame must be in the chain: played over
 * a hundred frames of the mode's period. */
static void l1t1_l1t2_chains_and_references_agree(void)
{
    for (int mode = DD_L1T1; mode <= DD_L1T2; mode++) {
        struct dd_structure s;
        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, (enum dd_mode)mode, 0), RTP_OK);
        unsigned period = mode == DD_L1T1 ? 1 : 2;
        for (unsigned frame = 0; frame < 100; frame++) {
            uint8_t index = frame == 0 ? 0 : frame % period == 0 ? 1 : 2;
            const struct dd_template *t = &s.templates[index];
            unsigned chain_frame = frame - t->chain_fdiffs[0];
            CU_ASSERT_EQUAL(chain_frame % period, 0);
            CU_ASSERT_EQUAL(t->fdiff_count, frame == 0 ? 0 : 1);
            if (frame > 0)
                CU_ASSERT_EQUAL((frame - t->fdiffs[0]) % period, 0);
        }
    }
}

static void decode_targets_reach_their_layers(void)
{
    static const struct {
        enum dd_mode mode;
        uint8_t target;
        uint8_t spatial;
        uint8_t temporal;
    } rows[] = {
        {DD_L1T1, 0, 0, 0}, {DD_L1T2, 0, 0, 1}, {DD_L1T2, 1, 0, 0}, {DD_L1T3, 0, 0, 2}, {DD_L1T3, 1, 0, 1},
        {DD_L1T3, 2, 0, 0}, {DD_L2T1, 0, 1, 0}, {DD_L2T1, 1, 0, 0}, {DD_S2T1, 0, 1, 0}, {DD_S2T1, 1, 0, 0},
        {DD_L3T3, 0, 2, 2}, {DD_L3T3, 2, 2, 0}, {DD_L3T3, 4, 1, 1}, {DD_L3T3, 8, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dd_structure s;
        uint8_t spatial = 99;
        uint8_t temporal = 99;
        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, rows[i].mode, 7), RTP_OK);
        CU_ASSERT_TRUE(dd_target_layer(&s, rows[i].target, &spatial, &temporal));
        CU_ASSERT_EQUAL(spatial, rows[i].spatial);
        CU_ASSERT_EQUAL(temporal, rows[i].temporal);
        CU_ASSERT_FALSE(dd_target_layer(&s, s.target_count, &spatial, &temporal));
    }
}

static void bad_arguments_are_refused(void)
{
    struct dd_structure s;
    struct dd_descriptor d = {0};
    CU_ASSERT_EQUAL(dd_structure_build(&s, DD_L1T1, 64), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(dd_structure_build(&s, (enum dd_mode)(DD_L3T3 + 1), 0), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L1T1, 63), RTP_OK);
    CU_ASSERT_EQUAL(dd_set_resolution(&s, 1, 16, 16), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(dd_set_resolution(&s, 0, 0, 16), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(dd_set_resolution(&s, 0, 16, 65537), RTP_ERR_ARGUMENT);
    CU_ASSERT_FALSE(s.has_resolutions);
    CU_ASSERT_EQUAL(dd_use_template(&d, &s, 2), RTP_ERR_TEMPLATE);
    CU_ASSERT_EQUAL(dd_use_template(&d, &s, 1), RTP_OK);
    CU_ASSERT_EQUAL(d.template_id, 0); /* 63 + 1 wraps */
}

static void equality_sees_every_field(void)
{
    struct dd_structure a;
    struct dd_structure b;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&a, DD_L3T3, 3), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(dd_set_resolution(&a, 2, 640, 480), RTP_OK);
#define DIFFERS(change)                                                                                                \
    do {                                                                                                               \
        b = a;                                                                                                         \
        b.change;                                                                                                      \
        CU_ASSERT_FALSE(dd_structure_equal(&a, &b));                                                                   \
    } while (0)
    DIFFERS(template_id_offset = 4);
    DIFFERS(template_count = 14);
    DIFFERS(target_count = 8);
    DIFFERS(chain_count = 2);
    DIFFERS(protected_by[8] = 1);
    DIFFERS(has_resolutions = false);
    DIFFERS(height_minus_1[2] = 480);
    DIFFERS(templates[14].temporal_id = 1);
    DIFFERS(templates[14].dtis[8] = DD_SWITCH);
    DIFFERS(templates[14].fdiffs[1] = 2);
    DIFFERS(templates[14].chain_fdiffs[2] = 0);
    b = a;
    b.templates[15].spatial_id = 3; /* not in use */
    CU_ASSERT_TRUE(dd_structure_equal(&a, &b));
#undef DIFFERS
}

static const struct unit_test tests[] = {
    {"L1T1, L1T2 and L1T3 have the sizes the one-byte extension asks for", sizes_for_the_one_byte_extension},
    {"L1T3 and L3T3 are the structures of the specification's examples", ready_made_structures_are_the_specifications},
    {"chains and references of L1T1 and L1T2 agree frame by frame", l1t1_l1t2_chains_and_references_agree},
    {"decode targets reach up to their layers", decode_targets_reach_their_layers},
    {"bad arguments are refused", bad_arguments_are_refused},
    {"equality sees every field in use and no other", equality_sees_every_field},
};
UNIT_MAIN("rtp.dd_structure", tests)
