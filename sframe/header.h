/* The SFrame header, inline: of a short frame's time a quarter would be calls. The public functions are in header.c. */
#ifndef SFRAME_HEADER_H
#define SFRAME_HEADER_H

#include "core/bytes.h"
#include "sotto/sframe.h"

/* The config byte: X KKK Y CCC. A value below 8 stands in its three bits; else they hold its length minus one. */
enum { SFRAME_FIELD_EXTENDED = 8, SFRAME_FIELD_INLINE_MAX = 7 };

static inline size_t sframe_field_len(uint64_t value)
{
    if (value <= SFRAME_FIELD_INLINE_MAX)
        return 0;
    return (size_t)(64 - __builtin_clzll(value) + 7) / 8;
}

static inline unsigned sframe_field_nibble(uint64_t value, size_t len)
{
    return len == 0 ? (unsigned)value : SFRAME_FIELD_EXTENDED | (unsigned)(len - 1);
}

/* Writes a header of these fields' lengths; there is room for it. */
static inline void sframe_header_put(uint64_t kid, size_t kid_len, uint64_t ctr, size_t ctr_len, uint8_t *out)
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, 1 + kid_len + ctr_len);
    bytes_write_u8(&w, (uint8_t)(sframe_field_nibble(kid, kid_len) << 4 | sframe_field_nibble(ctr, ctr_len)));
    bytes_write_uint(&w, kid, kid_len);
    bytes_write_uint(&w, ctr, ctr_len);
}

/* "the value MUST be encoded with the minimum number of bytes required" (RFC 9605 section 4.3): a longer form would
 * give one frame several encodings. */
static inline uint64_t sframe_field_read(struct bytes_reader *r, unsigned nibble)
{
    if (!(nibble & SFRAME_FIELD_EXTENDED))
        return nibble;
    const size_t len = (nibble & SFRAME_FIELD_INLINE_MAX) + 1u;
    const uint64_t value = bytes_read_uint(r, len);
    const uint64_t shorter_max = len == 1 ? SFRAME_FIELD_INLINE_MAX : (UINT64_C(1) << 8 * (len - 1)) - 1;
    if (value <= shorter_max)
        bytes_reader_fail(r);
    return value;
}

/* As sframe_header_read, the pointers known to be good. */
__attribute__((always_inline)) static inline int sframe_header_parse(const uint8_t *frame, size_t len,
                                                                     struct sframe_header *header)
{
    struct bytes_reader r;
    bytes_reader_init(&r, frame, len);
    const unsigned config = bytes_read_u8(&r);
    const uint64_t kid = sframe_field_read(&r, config >> 4);
    const uint64_t ctr = sframe_field_read(&r, config & 0x0f);
    if (!bytes_reader_ok(&r))
        return SFRAME_HEADER;
    *header = (struct sframe_header){kid, ctr, r.pos};
    return SFRAME_OK;
}

#endif
