#include "wire/vector.h"

#include <string.h>

#include "unit.h"
#include "wire/buffer.h"

static const struct {
    size_t len;
    const char *encoded;
} lengths[] = {
    {0, "00"},
    {1, "01"},
    {63, "3f"},
    {64, "4040"},
    {16383, "7fff"},
    {16384, "80004000"},
    {15293, "7bbd"},
    {37, "25"},
    {494878333, "9d7f3e7d"},
    {(1 << 30) - 1, "bfffffff"},
};

static void rfc_lengths_both_ways(void)
{
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t want[4];
        uint8_t got[4];
        const size_t want_len = unit_hex(lengths[i].encoded, want, sizeof want);
        struct bytes_writer w;
        struct bytes_reader r;
        bytes_writer_init(&w, got, sizeof got);
        wire_write_length(&w, lengths[i].len);
        unit_assert_bytes("length", got, w.len, want, want_len);
        CU_ASSERT_EQUAL(wire_length_size(lengths[i].len), want_len);
        bytes_reader_init(&r, want, want_len);
        CU_ASSERT_EQUAL(wire_read_length(&r), lengths[i].len);
        CU_ASSERT(bytes_reader_done(&r));
    }
}

static void refuses(const char *encoded)
{
    uint8_t data[16];
    struct bytes_reader r;
    bytes_reader_init(&r, data, unit_hex(encoded, data, sizeof data));
    CU_ASSERT_EQUAL(wire_read_length(&r), 0);
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
}

static void longer_than_needed_is_malformed(void)
{
    refuses("4000");
    refuses("403f");
    refuses("80000000");
    refuses("8000003f");
    refuses("80000040");
    refuses("80003fff");
}

static void reserved_or_cut_is_malformed(void)
{
    refuses("c0");
    refuses("c000000000000000");
    refuses("ffffffffffffffff");
    refuses("");
    refuses("40");
    refuses("800040");
}

static void too_long_to_write(void)
{
    uint8_t out[8];
    struct bytes_writer w;
    CU_ASSERT_EQUAL(wire_length_size(1 << 30), 0);
    CU_ASSERT_EQUAL(wire_length_size(SIZE_MAX), 0);
    bytes_writer_init(&w, out, sizeof out);
    wire_write_length(&w, 1 << 30);
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    CU_ASSERT_EQUAL(w.len, 0);
}

static void vector_lies_about_its_length(void)
{
    const uint8_t data[] = {3, 'a', 'b'};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    struct core_slice content = wire_parse_vector(&r);
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
    CU_ASSERT_EQUAL(content.len, 0);
    bytes_reader_init(&r, data, sizeof data);
    struct bytes_reader block = wire_parse_block(&r);
    CU_ASSERT_FALSE(bytes_reader_ok(&block));
    CU_ASSERT_FALSE(bytes_reader_ok(&r));
}

static void vectors_are_borrowed(void)
{
    const uint8_t data[] = {2, 'a', 'b', 0, 1, 'c'};
    struct bytes_reader r;
    bytes_reader_init(&r, data, sizeof data);
    struct core_slice first = wire_parse_vector(&r);
    struct core_slice empty = wire_parse_vector(&r);
    CU_ASSERT_PTR_EQUAL(first.data, data + 1);
    CU_ASSERT_EQUAL(first.len, 2);
    CU_ASSERT_PTR_NOT_NULL(empty.data);
    CU_ASSERT_EQUAL(empty.len, 0);
    struct bytes_reader block = wire_parse_block(&r);
    CU_ASSERT_EQUAL(bytes_read_u8(&block), 'c');
    CU_ASSERT(bytes_reader_done(&block));
    CU_ASSERT(bytes_reader_done(&r));
}

static void presence_is_zero_or_one(void)
{
    for (unsigned value = 0; value <= 255; value++) {
        const uint8_t data[] = {(uint8_t)value};
        struct bytes_reader r;
        bytes_reader_init(&r, data, 1);
        CU_ASSERT_EQUAL(wire_read_present(&r), value == 1);
        CU_ASSERT_EQUAL(bytes_reader_ok(&r), value <= 1);
    }
    uint8_t out[2];
    struct bytes_writer w;
    bytes_writer_init(&w, out, sizeof out);
    wire_write_present(&w, true);
    wire_write_present(&w, false);
    unit_assert_bytes("presence", out, w.len, (const uint8_t[]){1, 0}, 2);
}

/* Content of every size around the steps, in a vector within a vector. */
static void filled_in_afterwards(void)
{
    static const size_t sizes[] = {0, 1, 60, 61, 62, 63, 64, 65, 16379, 16380, 16381, 16383, 16384, 20000};
    static uint8_t content[20000];
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bytes_writer w;
        struct bytes_reader r;
        wire_buffer_init(&w, 1 << 20);
        bytes_write_u8(&w, 0xee);
        size_t outer = wire_begin_vector(&w);
        size_t inner = wire_begin_vector(&w);
        bytes_write(&w, content, sizes[i]);
        wire_end_vector(&w, inner);
        bytes_write_u8(&w, 0xdd);
        wire_end_vector(&w, outer);
        bytes_write_u8(&w, 0xcc);
        CU_ASSERT_FATAL(bytes_writer_ok(&w));
        bytes_reader_init(&r, w.data, w.len);
        CU_ASSERT_EQUAL(bytes_read_u8(&r), 0xee);
        struct bytes_reader block = wire_parse_block(&r);
        struct core_slice got = wire_parse_vector(&block);
        CU_ASSERT_EQUAL(bytes_read_u8(&block), 0xdd);
        CU_ASSERT(bytes_reader_done(&block));
        CU_ASSERT_EQUAL(bytes_read_u8(&r), 0xcc);
        CU_ASSERT(bytes_reader_done(&r));
        unit_assert_bytes("content", got.data, got.len, content, sizes[i]);
        wire_buffer_free(&w);
    }
}

static void no_room_for_the_length(void)
{
    uint8_t out[3] = {0};
    struct bytes_writer w;
    bytes_writer_init(&w, out, sizeof out);
    size_t begin = wire_begin_vector(&w);
    bytes_write(&w, (const uint8_t *)"abc", 3);
    wire_end_vector(&w, begin);
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
}

static const struct unit_test tests[] = {
    {"RFC 9420's lengths, both ways", rfc_lengths_both_ways},
    {"a length in more bytes than needed is malformed", longer_than_needed_is_malformed},
    {"a reserved prefix or a cut length is malformed", reserved_or_cut_is_malformed},
    {"2^30 bytes and more cannot be written", too_long_to_write},
    {"a vector longer than what is left is malformed", vector_lies_about_its_length},
    {"vectors are borrowed, empty ones have a pointer", vectors_are_borrowed},
    {"presence is 0 or 1", presence_is_zero_or_one},
    {"lengths filled in afterwards nest", filled_in_afterwards},
    {"a length that finds no room fails", no_room_for_the_length},
};

UNIT_MAIN("wire.vector", tests)
