#include "dd_text.h"

#include <string.h>

#include "unit.h"

const char dd_text_l1t3[] = "1 0 000101 0001001000110100"           /* start, template 5, frame 0x1234 */
                            "1 0 0 0 0"                             /* structure, nothing else */
                            "000101 00010"                          /* offset 5, 3 decode targets */
                            "00 01 01 00 11"                        /* T0, T0, T1, T2, T2, end */
                            "10 10 10"                              /* S S S */
                            "10 10 10"                              /* S S S */
                            "10 01 00"                              /* S D - */
                            "01 00 00"                              /* D - - */
                            "01 00 00"                              /* D - - */
                            "0 1 0011 0 1 0001 0 1 0000 0 1 0000 0" /* fdiffs: none, 4, 2, 1, 1 */
                            "01"                                    /* ns(4): 1 chain; ns(1) takes no bits */
                            "0000 0100 0010 0001 0011"              /* chain fdiffs 0 4 2 1 3 */
                            "0";                                    /* no resolutions */

const char dd_text_l3t3[] = "1 1 000000 0000000000000001"
                            "1 0 0 0 0"
                            "000000 01000"   /* offset 0, 9 decode targets */
                            "00 01 01 00"    /* S0: T0 T0 T1 T2 T2 */
                            "10 00 01 01 00" /* S1 */
                            "10 00 01 01 00" /* S2: T0 T0 T1 T2 T2 */
                            "11"
                            /* decode targets */
                            "10 10 10 10 10 10 10 10 10"
                            "11 11 11 11 11 11 10 10 10"
                            "11 11 00 11 11 00 10 01 00"
                            "11 00 00 11 00 00 01 00 00"
                            "11 00 00 11 00 00 01 00 00"
                            "10 10 10 10 10 10 00 00 00"
                            "11 11 11 10 10 10 00 00 00"
                            "11 11 00 10 01 00 00 00 00"
                            "11 00 00 01 00 00 00 00 00"
                            "11 00 00 01 00 00 00 00 00"
                            "10 10 10 00 00 00 00 00 00"
                            "10 10 10 00 00 00 00 00 00"
                            "10 01 00 00 00 00 00 00 00"
                            "01 00 00 00 00 00 00 00 00"
                            "01 00 00 00 00 00 00 00 00"
                            /* fdiffs */
                            "0  1 1011 0  1 0101 0  1 0010 0  1 0010 0"
                            "1 0000 0  1 1011 1 0000 0  1 0101 1 0000 0  1 0010 1 0000 0  1 0010 1 0000 0"
                            "1 0000 0  1 1011 1 0000 0  1 0101 1 0000 0  1 0010 1 0000 0  1 0010 1 0000 0"
                            "011"                     /* ns(10): 3 chains */
                            "11 11 11 10 10 10 0 0 0" /* ns(3): 2 2 2 1 1 1 0 0 0 */
                            "0000 0000 0000  1100 1011 1010  0110 0101 0100  0011 0010 0001  1001 1000 0111"
                            "0001 0001 0001  0001 0001 0001  0111 0110 0101  0100 0011 0010  1010 1001 1000"
                            "0010 0001 0001  0010 0001 0001  1000 0111 0110  0101 0100 0011  1011 1010 1001"
                            "0";

size_t dd_text_bytes(const char *text, uint8_t *out, size_t cap)
{
    size_t bits = 0;
    memset(out, 0, cap);
    for (; *text; text++) {
        if (*text != '0' && *text != '1')
            continue;
        CU_ASSERT_FATAL(bits / 8 < cap);
        if (*text == '1')
            out[bits / 8] = (uint8_t)(out[bits / 8] | 0x80 >> bits % 8);
        bits++;
    }
    return (bits + 7) / 8;
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(unit_random(seed) >> 33) % n;
}

void dd_text_random_structure(uint64_t *seed, struct dd_structure *s)
{
    memset(s, 0, sizeof *s);
    s->template_id_offset = (uint8_t)below(seed, 64);
    s->target_count = (uint8_t)(1 + below(seed, 8));
    s->chain_count = (uint8_t)below(seed, s->target_count + 1U);
    s->template_count = (uint8_t)(1 + below(seed, 12));
    for (uint8_t i = 0; i < s->template_count; i++) {
        struct dd_template *t = &s->templates[i];
        if (i > 0) {
            uint32_t step = below(seed, 3);
            t->spatial_id = t[-1].spatial_id;
            t->temporal_id = t[-1].temporal_id;
            if (step == 1 && t->temporal_id < DD_TEMPORAL_MAX - 1) {
                t->temporal_id++;
            } else if (step == 2 && t->spatial_id < DD_SPATIAL_MAX - 1) {
                t->spatial_id++;
                t->temporal_id = 0;
            }
        }
        t->fdiff_count = (uint8_t)below(seed, 4);
        for (uint8_t j = 0; j < t->fdiff_count; j++)
            t->fdiffs[j] = (uint8_t)(1 + below(seed, 16));
        for (uint8_t j = 0; j < s->target_count; j++)
            t->dtis[j] = (uint8_t)below(seed, 4);
        for (uint8_t j = 0; j < s->chain_count; j++)
            t->chain_fdiffs[j] = (uint8_t)below(seed, 16);
    }
    s->spatial_count = (uint8_t)(s->templates[s->template_count - 1].spatial_id + 1);
    for (uint8_t i = 0; s->chain_count > 0 && i < s->target_count; i++)
        s->protected_by[i] = (uint8_t)below(seed, s->chain_count);
    s->has_resolutions = below(seed, 2) == 1;
    for (uint8_t i = 0; s->has_resolutions && i < s->spatial_count; i++) {
        s->width_minus_1[i] = (uint16_t)below(seed, 65536);
        s->height_minus_1[i] = (uint16_t)below(seed, 65536);
    }
}

void dd_text_random_descriptor(uint64_t *seed, const struct dd_structure *s, struct dd_descriptor *d)
{
    *d = (struct dd_descriptor){0};
    CU_ASSERT_EQUAL_FATAL(dd_use_template(d, s, (uint8_t)below(seed, s->template_count)), RTP_OK);
    d->start_of_frame = below(seed, 2) == 1;
    d->end_of_frame = below(seed, 2) == 1;
    d->frame_number = (uint16_t)below(seed, 65536);
    d->has_structure = below(seed, 2) == 1;
    d->has_active_targets = below(seed, 2) == 1;
    if (d->has_active_targets)
        d->active_targets = (uint32_t)unit_random(seed) & dd_all_targets(s);
    else if (d->has_structure)
        d->active_targets = dd_all_targets(s);
    d->custom_dtis = below(seed, 2) == 1;
    for (uint8_t i = 0; d->custom_dtis && i < s->target_count; i++)
        d->dtis[i] = (uint8_t)below(seed, 4);
    d->custom_fdiffs = below(seed, 2) == 1;
    if (d->custom_fdiffs) {
        memset(d->fdiffs, 0, sizeof d->fdiffs);
        d->fdiff_count = (uint8_t)below(seed, 5);
        for (uint8_t i = 0; i < d->fdiff_count; i++)
            d->fdiffs[i] = (uint16_t)(1 + below(seed, 1U << (4 * (1 + below(seed, 3)))));
    }
    d->custom_chains = below(seed, 2) == 1;
    for (uint8_t i = 0; d->custom_chains && i < s->chain_count; i++)
        d->chain_fdiffs[i] = (uint8_t)below(seed, 256);
}

void dd_text_assert_equal(const struct dd_descriptor *got, const struct dd_descriptor *want)
{
    CU_ASSERT_EQUAL(got->start_of_frame, want->start_of_frame);
    CU_ASSERT_EQUAL(got->end_of_frame, want->end_of_frame);
    CU_ASSERT_EQUAL(got->has_structure, want->has_structure);
    CU_ASSERT_EQUAL(got->has_active_targets, want->has_active_targets);
    CU_ASSERT_EQUAL(got->custom_dtis, want->custom_dtis);
    CU_ASSERT_EQUAL(got->custom_fdiffs, want->custom_fdiffs);
    CU_ASSERT_EQUAL(got->custom_chains, want->custom_chains);
    CU_ASSERT_EQUAL(got->template_id, want->template_id);
    CU_ASSERT_EQUAL(got->frame_number, want->frame_number);
    CU_ASSERT_EQUAL(got->active_targets, want->active_targets);
    CU_ASSERT_EQUAL(got->spatial_id, want->spatial_id);
    CU_ASSERT_EQUAL(got->temporal_id, want->temporal_id);
    CU_ASSERT_EQUAL(got->fdiff_count, want->fdiff_count);
    CU_ASSERT_EQUAL(memcmp(got->dtis, want->dtis, sizeof got->dtis), 0);
    CU_ASSERT_EQUAL(memcmp(got->fdiffs, want->fdiffs, sizeof got->fdiffs), 0);
    CU_ASSERT_EQUAL(memcmp(got->chain_fdiffs, want->chain_fdiffs, sizeof got->chain_fdiffs), 0);
}
