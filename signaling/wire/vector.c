#include "wire/vector.h"

#include <string.h>

enum { MAX_1 = 63, MAX_2 = 16383, PREFIX_SHIFT = 6, VALUE_BITS = 0x3f };

size_t wire_length_size(size_t len)
{
    if (len <= MAX_1)
        return 1;
    if (len <= MAX_2)
        return 2;
    return len <= WIRE_VECTOR_MAX ? 4 : 0;
}

size_t wire_read_length(struct bytes_reader *r)
{
    uint8_t first = bytes_read_u8(r);
    unsigned prefix = first >> PREFIX_SHIFT;
    size_t size = (size_t)1 << prefix; /* of the reserved prefix 3: 8, which no length takes */
    size_t len = (size_t)(first & VALUE_BITS) << 8 * (size - 1) | (size_t)bytes_read_uint(r, size - 1);
    if (!bytes_reader_ok(r) || wire_length_size(len) != size) {
        bytes_reader_fail(r);
        return 0;
    }
    return len;
}

struct core_slice wire_parse_vector(struct bytes_reader *r)
{
    size_t len = wire_read_length(r);
    const uint8_t *data = bytes_parse(r, len);
    return data ? (struct core_slice){data, len} : (struct core_slice){0};
}

struct bytes_reader wire_parse_block(struct bytes_reader *r)
{
    return bytes_parse_block(r, wire_read_length(r));
}

bool wire_read_present(struct bytes_reader *r)
{
    uint8_t present = bytes_read_u8(r);
    if (present > 1)
        bytes_reader_fail(r);
    return present == 1;
}

void wire_write_length(struct bytes_writer *w, size_t len)
{
    static const uint64_t prefixes[] = {0, 0, UINT64_C(1) << 14, 0, UINT64_C(2) << 30};
    size_t size = wire_length_size(len);
    if (size == 0)
        w->failed = true;
    else
        bytes_write_uint(w, prefixes[size] | len, size);
}

void wire_write_vector(struct bytes_writer *w, struct core_slice content)
{
    wire_write_length(w, content.len);
    bytes_write(w, content.data, content.len);
}

void wire_write_present(struct bytes_writer *w, bool present)
{
    bytes_write_u8(w, present);
}

size_t wire_begin_vector(struct bytes_writer *w)
{
    return w->len;
}

void wire_end_vector(struct bytes_writer *w, size_t begin)
{
    if (!bytes_writer_ok(w))
        return;
    size_t len = w->len - begin;
    size_t size = wire_length_size(len);
    if (size == 0 || !bytes_reserve(w, size)) {
        w->failed = true;
        return;
    }
    memmove(w->data + begin + size, w->data + begin, len);
    w->len = begin;
    wire_write_length(w, len);
    w->len += len;
}
