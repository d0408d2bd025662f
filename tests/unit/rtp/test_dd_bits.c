#include <string.h>

#include "dd_bits.h"
#include "unit.h"

static void ns_matches_the_table(void)
{
    /* A.8.2's table for n = 5, and the widest n in use */
    static const struct {
        unsigned n;
        uint8_t value;
        uint32_t bits;
        unsigned width;
    } rows[] = {{5, 0, 0, 2}, {5, 1, 1, 2}, {5, 2, 2, 2},    {5, 3, 6, 3},    {5, 4, 7, 3},   {1, 0, 0, 0},
                {2, 0, 0, 1}, {2, 1, 1, 1}, {33, 30, 30, 5}, {33, 31, 62, 6}, {33, 32, 63, 6}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[2] = {0xff, 0xff};
        struct dd_bit_writer w;
        struct dd_bit_reader r;
        dd_bit_writer_init(&w, out, sizeof out);
        dd_write_ns(&w, rows[i].n, rows[i].value);
        CU_ASSERT_EQUAL(w.pos, rows[i].width);
        dd_bit_reader_init(&r, out, sizeof out);
        CU_ASSERT_EQUAL(dd_read_ns(&r, rows[i].n), rows[i].value);
        CU_ASSERT_EQUAL(r.pos, rows[i].width);
        dd_bit_reader_init(&r, out, sizeof out);
        CU_ASSERT_EQUAL(dd_read_bits(&r, rows[i].width), rows[i].bits);
    }
}

static void ns_never_leaves_its_range(void)
{
    for (unsigned n = 1; n <= 33; n++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t data = (uint8_t)byte;
            struct dd_bit_reader r;
            dd_bit_reader_init(&r, &data, 1);
            CU_ASSERT(dd_read_ns(&r, n) < n);
        }
    }
}

static void bits_at_every_offset(void)
{
    uint64_t seed = 5;
    for (unsigned start = 0; start < 16; start++) {
        for (unsigned n = 0; n <= 32; n++) {
            uint8_t data[8];
            uint32_t value = (uint32_t)unit_random(&seed) & (uint32_t)((UINT64_C(1) << n) - 1);
            memset(data, 0xff, sizeof data);
            dd_patch_bits(data, start, value, n);
            struct dd_bit_reader r;
            dd_bit_reader_init(&r, data, sizeof data);
            /* the neighbours keep their ones */
            CU_ASSERT_EQUAL(dd_read_bits(&r, start), (1U << start) - 1);
            CU_ASSERT_EQUAL(dd_read_bits(&r, n), value);
            CU_ASSERT_EQUAL(dd_read_bits(&r, 16), 0xffff);
        }
    }
}

static void errors_stick(void)
{
    const uint8_t data[2] = {0xff, 0xff};
    struct dd_bit_reader r;
    dd_bit_reader_init(&r, data, 2);
    CU_ASSERT_EQUAL(dd_read_bits(&r, 15), 0x7fff);
    CU_ASSERT_EQUAL(dd_read_bits(&r, 2), 0);
    CU_ASSERT_TRUE(r.failed);
    CU_ASSERT_EQUAL(dd_read_bits(&r, 1), 0); /* one bit is left, but the error stays */

    uint8_t out[2] = {0xaa, 0xaa};
    struct dd_bit_writer w;
    dd_bit_writer_init(&w, out, 1);
    dd_write_bits(&w, 0x7f, 7);
    dd_write_bits(&w, 3, 2);
    CU_ASSERT_TRUE(w.failed);
    dd_write_bits(&w, 1, 1);
    CU_ASSERT_EQUAL(out[0], 0xfe);
    CU_ASSERT_EQUAL(out[1], 0xaa);
}

static const struct unit_test tests[] = {
    {"ns(n) has the specification's encodings", ns_matches_the_table},
    {"ns(n) is below n whatever the bits", ns_never_leaves_its_range},
    {"bits are read and patched at every offset and width", bits_at_every_offset},
    {"errors of reader and writer stick", errors_stick},
};
UNIT_MAIN("rtp.dd_bits", tests)
