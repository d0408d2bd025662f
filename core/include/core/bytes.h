/* Checked cursors over bytes: a reader and a writer with a sticky error.
 *
 * A parser takes (pointer, length) once into a reader and asks it for everything after that; it tests
 * bytes_reader_ok() once per header instead of once per field. A short read yields zeros and sets the error,
 * so a value read after a failure must not be used before the error is tested.
 * All integers are big-endian (network order). Nothing here allocates or owns memory. What reads or writes a field is
 * inline: a frame's few dozen fields would else cost as much as its encryption. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes_reader {
    const uint8_t *data;
    size_t len;
    size_t pos;
    bool failed;
};

/* Borrows data[0..len). data may be NULL when len is 0. */
static inline void bytes_reader_init(struct bytes_reader *r, const uint8_t *data, size_t len)
{
    *r = (struct bytes_reader){.data = data, .len = len};
}

/* True while every read so far was inside the data. */
static inline bool bytes_reader_ok(const struct bytes_reader *r)
{
    return !r->failed;
}

/* True if no read failed and nothing is left. */
static inline bool bytes_reader_done(const struct bytes_reader *r)
{
    return !r->failed && r->pos == r->len;
}

/* Bytes not read yet; 0 after a failure. */
static inline size_t bytes_reader_left(const struct bytes_reader *r)
{
    return r->failed ? 0 : r->len - r->pos;
}

/* Marks the reader as failed (a value that was read is not acceptable). */
static inline void bytes_reader_fail(struct bytes_reader *r)
{
    r->failed = true;
}

/* Borrows the next n bytes: a pointer into the data, or NULL after a failure. */
static inline const uint8_t *bytes_parse(struct bytes_reader *r, size_t n)
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

/* The next n bytes (0 to 8) as one integer. */
static inline uint64_t bytes_read_uint(struct bytes_reader *r, size_t n)
{
    uint64_t value = 0;
    const uint8_t *at = n <= sizeof value ? bytes_parse(r, n) : NULL;
    if (!at) {
        r->failed = true;
        return 0;
    }
    if (n > 0 && r->len - r->pos >= sizeof value - n) { /* eight bytes are there: one load instead of a loop */
        memcpy(&value, at, sizeof value);
        return be64toh(value) >> (64 - 8 * n);
    }
    for (size_t i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

static inline uint8_t bytes_read_u8(struct bytes_reader *r)
{
    return (uint8_t)bytes_read_uint(r, 1);
}

static inline uint16_t bytes_read_u16(struct bytes_reader *r)
{
    return (uint16_t)bytes_read_uint(r, 2);
}

static inline uint32_t bytes_read_u24(struct bytes_reader *r)
{
    return (uint32_t)bytes_read_uint(r, 3);
}

static inline uint32_t bytes_read_u32(struct bytes_reader *r)
{
    return (uint32_t)bytes_read_uint(r, 4);
}

static inline uint64_t bytes_read_u64(struct bytes_reader *r)
{
    return bytes_read_uint(r, 8);
}

/* Copies the next n bytes to out; on failure out is zeroed. */
void bytes_read(struct bytes_reader *r, uint8_t *out, size_t n);
/* A reader over the next n bytes, which this one skips; failed if there are fewer. */
struct bytes_reader bytes_parse_block(struct bytes_reader *r, size_t n);

struct bytes_writer {
    uint8_t *data;
    size_t cap;
    size_t len;
    bool failed;
    /* Called when n more bytes do not fit: replaces data and cap, or returns false. NULL: what does not fit fails. It
     * moves the data, so nothing that bytes_reserve returned outlives the next write. */
    bool (*grow)(struct bytes_writer *w, size_t n);
    size_t max; /* for grow: bytes it may grow to */
};

/* Writes into data[0..cap), which the caller owns. After a write that does not fit nothing more is written. */
static inline void bytes_writer_init(struct bytes_writer *w, uint8_t *data, size_t cap)
{
    *w = (struct bytes_writer){.data = data, .cap = cap};
}

static inline bool bytes_writer_ok(const struct bytes_writer *w)
{
    return !w->failed;
}

/* n zero bytes whose place is returned for filling in later; NULL if they do not fit. */
uint8_t *bytes_reserve(struct bytes_writer *w, size_t n);
void bytes_write(struct bytes_writer *w, const uint8_t *data, size_t n);

/* The low n bytes (0 to 8) of value to at[0..n): two stores that may overlap, instead of a loop. */
static inline void bytes_put_uint(uint8_t *at, uint64_t value, size_t n)
{
    if (n >= sizeof(uint32_t)) {
        const uint32_t high = htobe32((uint32_t)(value >> 8 * (n - sizeof high)));
        const uint32_t low = htobe32((uint32_t)value);
        memcpy(at, &high, sizeof high);
        memcpy(at + n - sizeof low, &low, sizeof low);
    } else if (n >= sizeof(uint16_t)) {
        const uint16_t high = htobe16((uint16_t)(value >> 8 * (n - sizeof high)));
        const uint16_t low = htobe16((uint16_t)value);
        memcpy(at, &high, sizeof high);
        memcpy(at + n - sizeof low, &low, sizeof low);
    } else if (n > 0) {
        at[0] = (uint8_t)value;
    }
}

/* The low n bytes (0 to 8) of value. */
static inline void bytes_write_uint(struct bytes_writer *w, uint64_t value, size_t n)
{
    uint8_t *at = NULL;
    if (n > sizeof(uint64_t)) {
        w->failed = true;
    } else if (!w->failed && w->data && n <= w->cap - w->len) {
        at = w->data + w->len;
        w->len += n;
    } else {
        at = bytes_reserve(w, n); /* grows, or fails */
    }
    if (at)
        bytes_put_uint(at, value, n);
}

static inline void bytes_write_u8(struct bytes_writer *w, uint8_t value)
{
    bytes_write_uint(w, value, 1);
}

static inline void bytes_write_u16(struct bytes_writer *w, uint16_t value)
{
    bytes_write_uint(w, value, 2);
}

static inline void bytes_write_u24(struct bytes_writer *w, uint32_t value)
{
    bytes_write_uint(w, value, 3);
}

static inline void bytes_write_u32(struct bytes_writer *w, uint32_t value)
{
    bytes_write_uint(w, value, 4);
}

static inline void bytes_write_u64(struct bytes_writer *w, uint64_t value)
{
    bytes_write_uint(w, value, 8);
}

#endif
