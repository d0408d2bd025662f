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

/* A header's first sixteen bytes, then zeros, composed in registers to be written at once: for a cipher, which loads
 * them at once. A load over several recent stores would wait for all of them, and so for every frame before. */
typedef uint64_t sframe_head_words __attribute__((vector_size(16)));

union sframe_head {
    sframe_head_words words;
    uint8_t bytes[sizeof(sframe_head_words)];
};

/* A field of len bytes at byte `at`, which is 1 to 9. At 9 there is no room for the last of eight. */
static inline sframe_head_words sframe_head_field(uint64_t value, size_t len, size_t at)
{
    if (len == 0)
        return (sframe_head_words){0, 0};
    const uint64_t bytes = __builtin_bswap64(value << (64 - 8 * len)); /* the first of them lowest */
    if (at < sizeof bytes)
        return (sframe_head_words){htole64(bytes << 8 * at), htole64(bytes >> (64 - 8 * at))};
    return (sframe_head_words){0, htole64(bytes << 8 * (at - sizeof bytes))};
}

/* Of a KID's frames, without their CTR: */
static inline sframe_head_words sframe_head_of_kid(uint64_t kid, size_t kid_len)
{
    return (sframe_head_words){htole64((uint64_t)sframe_field_nibble(kid, kid_len) << 4), 0} |
           sframe_head_field(kid, kid_len, 1);
}

/* and with it. */
static inline sframe_head_words sframe_head_make(sframe_head_words of_kid, size_t kid_len, uint64_t ctr, size_t ctr_len)
{
    return of_kid | (sframe_head_words){htole64(sframe_field_nibble(ctr, ctr_len)), 0} |
           sframe_head_field(ctr, ctr_len, 1 + kid_len);
}

/* Writes a header of len bytes, by two stores that may overlap, or where a head is too short for it, three. */
static inline void sframe_header_put(sframe_head_words head, uint64_t ctr, size_t len, uint8_t *out)
{
    const uint64_t low = le64toh(head[0]);
    const uint64_t high = le64toh(head[1]);
    if (len < sizeof(uint32_t)) {
        for (size_t i = 0; i < len; i++)
            out[i] = (uint8_t)(low >> 8 * i);
        return;
    }
    if (len <= sizeof low) {
        const uint32_t start = htole32((uint32_t)low);
        const uint32_t end = htole32((uint32_t)(low >> 8 * (len - sizeof end)));
        memcpy(out, &start, sizeof start);
        memcpy(out + len - sizeof end, &end, sizeof end);
        return;
    }
    const size_t more = len > sizeof head ? sizeof high : len - sizeof low;
    const uint64_t first = htole64(low);
    const uint64_t last = htole64(high << (64 - 8 * more) | (more < sizeof low ? low >> 8 * more : 0));
    memcpy(out, &first, sizeof first);
    memcpy(out + more, &last, sizeof last);
    if (len > sizeof head)
        out[sizeof head] = (uint8_t)ctr;
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
