#include "core/bytes.h"
#include "unit.h"

#include <string.h>

static void reads_big_endian(void)
{
    const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    CU_ASSERT_EQUAL(bytes_read_u8(&r), 0x01);
    CU_ASSERT_EQUAL(bytes_read_u16(&r), 0x0203);
    CU_ASSERT_EQUAL(bytes_read_u24(&r), 0x040506);
    CU_ASSERT_EQUAL(bytes_read_u32(&r), 0x0708090a);
    CU_ASSERT(bytes_reader_done(&r));
}

static void short_read_is_sticky(void)
{
    const uint8_t data[] = {0xff, 0xff, 0xff};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    CU_ASSERT_EQUAL(bytes_read_u32(&r), 0);
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
    CU_ASSERT_EQUAL(bytes_read_u8(&r), 0);
    CU_ASSERT_EQUAL(bytes_reader_left(&r), 0);
    CU_ASSERT_FALSE(bytes_reader_done(&r));
}

static void huge_length_does_not_wrap(void)
{
    const uint8_t data[] = {1, 2, 3};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    (void)bytes_read_u8(&r);
    CU_ASSERT_PTR_NULL(bytes_parse(&r, SIZE_MAX));
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
}

static void copy_that_fails_is_zeroed(void)
{
    const uint8_t data[] = {1, 2};
    uint8_t out[4] = {9, 9, 9, 9};
    const uint8_t zeros[4] = {0};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    bytes_read(&r, out, sizeof out);
    unit_assert_bytes("copy", out, sizeof out, zeros, sizeof zeros);
}

static void block_is_bounded(void)
{
    const uint8_t data[] = {1, 2, 3, 4};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    struct bytes_reader block = bytes_parse_block(&r, 2);
    CU_ASSERT_EQUAL(bytes_read_u16(&block), 0x0102);
    CU_ASSERT(bytes_reader_done(&block));
    (void)bytes_read_u8(&block);
    CU_ASSERT_FALSE(bytes_reader_ok(&block));
    CU_ASSERT_EQUAL(bytes_read_u16(&r), 0x0304);
    struct bytes_reader beyond = bytes_parse_block(&r, 1);
    CU_ASSERT_FALSE(bytes_reader_ok(&beyond));
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
}

static void empty_input_has_nothing(void)
{
    struct bytes_reader r;
    bytes_reader_init(&r, NULL, 0);
    CU_ASSERT_PTR_NOT_NULL(bytes_parse(&r, 0));
    CU_ASSERT(bytes_reader_done(&r));
    CU_ASSERT_PTR_NULL(bytes_parse(&r, 1));
}

static void what_is_left_is_noticed(void)
{
    const uint8_t data[] = {1, 2, 3};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    (void)bytes_read_u16(&r);
    CU_ASSERT(bytes_reader_ok(&r));
    CU_ASSERT_FALSE(bytes_reader_done(&r));
    CU_ASSERT_EQUAL(bytes_reader_left(&r), 1);
    (void)bytes_read_u8(&r);
    CU_ASSERT(bytes_reader_done(&r));
}

static void write_then_read_is_identity(void)
{
    uint64_t seed = 7;
    for (size_t n = 0; n <= 8; n++) {
        uint64_t value = n ? unit_random(&seed) >> (64 - 8 * n) : 0;
        uint8_t buffer[8];
        struct bytes_writer w;
        bytes_writer_init(&w, buffer, sizeof buffer);
        bytes_write_uint(&w, value, n);
        CU_ASSERT(bytes_writer_ok(&w));
        CU_ASSERT_EQUAL(w.len, n);
        struct bytes_reader r;
        bytes_reader_init(&r, buffer, w.len);
        CU_ASSERT_EQUAL(bytes_read_uint(&r, n), value);
        CU_ASSERT(bytes_reader_done(&r));
    }
}

static void write_past_the_end_writes_nothing(void)
{
    uint8_t buffer[4] = {0xaa, 0xaa, 0xaa, 0xaa};
    struct bytes_writer w;
    bytes_writer_init(&w, buffer, 3);
    bytes_write_u16(&w, 0x0102);
    bytes_write_u16(&w, 0x0304);
    bytes_write_u8(&w, 0x05);
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    CU_ASSERT_EQUAL(w.len, 2);
    const uint8_t want[4] = {0x01, 0x02, 0xaa, 0xaa};
    unit_assert_bytes("buffer", buffer, sizeof buffer, want, sizeof want);
}

static const struct unit_test tests[] = {
    {"reads big-endian integers", reads_big_endian},
    {"a short read fails and stays failed", short_read_is_sticky},
    {"a length near SIZE_MAX does not wrap", huge_length_does_not_wrap},
    {"a copy that fails is zeroed", copy_that_fails_is_zeroed},
    {"a block cannot be read past", block_is_bounded},
    {"empty input has nothing to read", empty_input_has_nothing},
    {"what is left is noticed", what_is_left_is_noticed},
    {"write then read is the identity", write_then_read_is_identity},
    {"a write past the end writes nothing", write_past_the_end_writes_nothing},
};

UNIT_MAIN("core.bytes", tests)
