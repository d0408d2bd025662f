#include "core/bytes.h"
#include "sotto/sframe.h"

/* The config byte: X KKK Y CCC. A value below 8 stands in its three bits; else they hold its length minus one. */
enum { EXTENDED = 8, INLINE_MAX = 7 };

static size_t field_len(uint64_t value)
{
    if (value <= INLINE_MAX)
        return 0;
    return (size_t)(64 - __builtin_clzll(value) + 7) / 8;
}

static unsigned field_nibble(uint64_t value, size_t len)
{
    return len == 0 ? (unsigned)value : EXTENDED | (unsigned)(len - 1);
}

size_t sframe_header_len(uint64_t kid, uint64_t ctr)
{
    return 1 + field_len(kid) + field_len(ctr);
}

int sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t *out, size_t cap, size_t *len)
{
    size_t kid_len = field_len(kid);
    size_t ctr_len = field_len(ctr);
    struct bytes_writer w;
    if (!out || !len)
        return SFRAME_INVALID;
    if (1 + kid_len + ctr_len > cap)
        return SFRAME_SPACE;
    bytes_writer_init(&w, out, cap);
    bytes_write_u8(&w, (uint8_t)(field_nibble(kid, kid_len) << 4 | field_nibble(ctr, ctr_len)));
    bytes_write_uint(&w, kid, kid_len);
    bytes_write_uint(&w, ctr, ctr_len);
    *len = w.len;
    return SFRAME_OK;
}

/* "the value MUST be encoded with the minimum number of bytes required" (RFC 9605 section 4.3): a longer form would
 * give one frame several encodings. */
static uint64_t read_field(struct bytes_reader *r, unsigned nibble)
{
    if (!(nibble & EXTENDED))
        return nibble;
    size_t len = (nibble & INLINE_MAX) + 1u;
    uint64_t value = bytes_read_uint(r, len);
    if (field_len(value) != len)
        bytes_reader_fail(r);
    return value;
}

int sframe_header_read(const uint8_t *frame, size_t len, struct sframe_header *header)
{
    struct bytes_reader r;
    if ((!frame && len > 0) || !header)
        return SFRAME_INVALID;
    bytes_reader_init(&r, frame, len);
    unsigned config = bytes_read_u8(&r);
    uint64_t kid = read_field(&r, config >> 4);
    uint64_t ctr = read_field(&r, config & 0x0f);
    if (!bytes_reader_ok(&r))
        return SFRAME_HEADER;
    *header = (struct sframe_header){kid, ctr, r.pos};
    return SFRAME_OK;
}
