#include "wire/buffer.h"

#include <string.h>

#include "unit.h"

static void grows_and_keeps_what_was_written(void)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1 << 20);
    for (uint32_t i = 0; i < 10000; i++)
        bytes_write_u32(&w, i);
    CU_ASSERT_FATAL(bytes_writer_ok(&w));
    CU_ASSERT_EQUAL_FATAL(w.len, 40000);
    struct bytes_reader r;
    bytes_reader_init(&r, w.data, w.len);
    for (uint32_t i = 0; i < 10000; i++)
        CU_ASSERT_EQUAL(bytes_read_u32(&r), i);
    wire_buffer_free(&w);
    CU_ASSERT_PTR_NULL(w.data);
}

static void stops_at_its_limit(void)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 1000);
    CU_ASSERT_PTR_NOT_NULL(bytes_reserve(&w, 1000));
    bytes_write_u8(&w, 1);
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    CU_ASSERT_EQUAL(w.len, 1000);
    CU_ASSERT_EQUAL(w.cap, 1000);
    wire_buffer_free(&w);
    wire_buffer_init(&w, 1000);
    CU_ASSERT_PTR_NULL(bytes_reserve(&w, SIZE_MAX));
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    CU_ASSERT_PTR_NULL(w.data);
    wire_buffer_free(&w);
}

static void is_usable_after_free(void)
{
    struct bytes_writer w;
    wire_buffer_init(&w, 100);
    CU_ASSERT_EQUAL(wire_buffer_slice(&w).len, 0);
    CU_ASSERT_PTR_NOT_NULL(wire_buffer_slice(&w).data);
    bytes_write(&w, (const uint8_t *)"abc", 3);
    wire_buffer_free(&w);
    bytes_write(&w, (const uint8_t *)"de", 2);
    unit_assert_bytes("slice", wire_buffer_slice(&w).data, wire_buffer_slice(&w).len, (const uint8_t *)"de", 2);
    wire_buffer_free(&w);
}

static const struct unit_test tests[] = {
    {"grows, keeping what was written", grows_and_keeps_what_was_written},
    {"stops at its limit", stops_at_its_limit},
    {"is empty and usable after free", is_usable_after_free},
};

UNIT_MAIN("wire.buffer", tests)
