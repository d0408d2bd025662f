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
    out[0] = (uint8_t)(sframe_field_nibble(kid, kid_len) << 4 | sframe_field_nibble(ctr, ctr_len));
    bytes_put_uint(out + 1, kid, kid_len);
    bytes_put_uint(out + 1 + kid_len, ctr, ctr_len);
}

/* A field at header[*pos], whose longest form there is room to load; *pos goes past it.
 * "the value MUST be encoded with the minimum number of bytes required" (RFC 9605 section 4.3): a longer form would
 * give one frame several encodings. */
static inline uint64_t sframe_field_read(const uint8_t *header, size_t *pos, unsigned nibble, bool *minimal)
{
    if (!(nibble & SFRAME_FIELD_EXTENDED))
        return nibble;
    const unsigned len = (nibble & SFRAME_FIELD_INLINE_MAX) + 1;
    uint64_t value;
    memcpy(&value, header + *pos, sizeof value);
    value = be64toh(value) >> (64 - 8 * len);
    if (value <= SFRAME_FIELD_INLINE_MAX || header[*pos] == 0)
        *minimal = false;
    *pos += len;
    return value;
}

/* The header of a frame of len bytes, of which the first SFRAME_HEADER_MAX can be read. */
__attribute__((always_inline)) static inline int sframe_header_parse_at(const uint8_t *frame, size_t len,
                                                                        struct sframe_header *header)
{
    bool minimal = true;
    size_t pos = 1;
    const unsigned config = frame[0];
    const uint64_t kid = sframe_field_read(frame, &pos, config >> 4, &minimal);
    const uint64_t ctr = sframe_field_read(frame, &pos, config & 0x0f, &minimal);
    if (!minimal || pos > len)
        return SFRAME_HEADER;
    *header = (struct sframe_header){kid, ctr, pos};
    return SFRAME_OK;
}

/* Of a frame of fewer than SFRAME_HEADER_MAX bytes. */
int sframe_header_parse_short(const uint8_t *frame, size_t len, struct sframe_header *header);

/* As sframe_header_read, the pointers known to be good. */
__attribute__((always_inline)) static inline int sframe_header_parse(const uint8_t *frame, size_t len,
                                                                     struct sframe_header *header)
{
    if (len >= SFRAME_HEADER_MAX)
        return sframe_header_parse_at(frame, len, header);
    struct sframe_header parsed;
    const int rc = sframe_header_parse_short(frame, len, &parsed);
    if (rc == SFRAME_OK)
        *header = parsed;
    return rc;
}

#endif
