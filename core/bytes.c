#include "core/bytes.h"

#include <string.h>

void bytes_reader_init(struct bytes_reader *r, const uint8_t *data, size_t len)
{
    *r = (struct bytes_reader){.data = data, .len = len};
}

bool bytes_reader_ok(const struct bytes_reader *r)
{
    return !r->failed;
}

bool bytes_reader_done(const struct bytes_reader *r)
{
    return !r->failed && r->pos == r->len;
}

size_t bytes_reader_left(const struct bytes_reader *r)
{
    return r->failed ? 0 : r->len - r->pos;
}

void bytes_reader_fail(struct bytes_reader *r)
{
    r->failed = true;
}

const uint8_t *bytes_parse(struct bytes_reader *r, size_t n)
{
    if (r->failed || n > r->len - r->pos) {
        r->failed = true;
        return NULL;
    }
    /* data may be NULL only when len is 0; adding 0 to it is avoided */
    const uint8_t *at = r->data ? r->data + r->pos : (const uint8_t *)"";
    r->pos += n;
    return at;
}

uint64_t bytes_read_uint(struct bytes_reader *r, size_t n)
{
    const uint8_t *at = n <= sizeof(uint64_t) ? bytes_parse(r, n) : NULL;
    if (!at) {
        r->failed = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

uint8_t bytes_read_u8(struct bytes_reader *r)
{
    return (uint8_t)bytes_read_uint(r, 1);
}

uint16_t bytes_read_u16(struct bytes_reader *r)
{
    return (uint16_t)bytes_read_uint(r, 2);
}

uint32_t bytes_read_u24(struct bytes_reader *r)
{
    return (uint32_t)bytes_read_uint(r, 3);
}

uint32_t bytes_read_u32(struct bytes_reader *r)
{
    return (uint32_t)bytes_read_uint(r, 4);
}

uint64_t bytes_read_u64(struct bytes_reader *r)
{
    return bytes_read_uint(r, 8);
}

void bytes_read(struct bytes_reader *r, uint8_t *out, size_t n)
{
    const uint8_t *at = bytes_parse(r, n);
    if (!n)
        return;
    if (at)
        memcpy(out, at, n);
    else
        memset(out, 0, n);
}

struct bytes_reader bytes_parse_block(struct bytes_reader *r, size_t n)
{
    struct bytes_reader block = {.data = bytes_parse(r, n), .len = n};
    if (!block.data)
        block = (struct bytes_reader){.failed = true};
    return block;
}

void bytes_writer_init(struct bytes_writer *w, uint8_t *data, size_t cap)
{
    *w = (struct bytes_writer){.data = data, .cap = cap};
}

bool bytes_writer_ok(const struct bytes_writer *w)
{
    return !w->failed;
}

uint8_t *bytes_reserve(struct bytes_writer *w, size_t n)
{
    if (w->failed || (n > w->cap - w->len && !(w->grow && w->grow(w, n) && n <= w->cap - w->len))) {
        w->failed = true;
        return NULL;
    }
    if (n == 0)
        return w->data;
    uint8_t *at = w->data + w->len;
    memset(at, 0, n);
    w->len += n;
    return at;
}

void bytes_write(struct bytes_writer *w, const uint8_t *data, size_t n)
{
    uint8_t *at = bytes_reserve(w, n);
    if (at && n)
        memcpy(at, data, n);
}

void bytes_write_uint(struct bytes_writer *w, uint64_t value, size_t n)
{
    uint8_t *at = n <= sizeof(uint64_t) ? bytes_reserve(w, n) : NULL;
    if (!at) {
        w->failed = true;
        return;
    }
    for (size_t i = n; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

void bytes_write_u8(struct bytes_writer *w, uint8_t value)
{
    bytes_write_uint(w, value, 1);
}

void bytes_write_u16(struct bytes_writer *w, uint16_t value)
{
    bytes_write_uint(w, value, 2);
}

void bytes_write_u24(struct bytes_writer *w, uint32_t value)
{
    bytes_write_uint(w, value, 3);
}

void bytes_write_u32(struct bytes_writer *w, uint32_t value)
{
    bytes_write_uint(w, value, 4);
}

void bytes_write_u64(struct bytes_writer *w, uint64_t value)
{
    bytes_write_uint(w, value, 8);
}
