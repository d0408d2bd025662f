/* The inner header: what is authentic about a frame but not its codec's (docs/frame-format.md). */
#ifndef SFRAME_INNER_H
#define SFRAME_INNER_H

#include <endian.h>
#include <string.h>

#include "core/bytes.h"
#include "core/provider.h"
#include "sotto/sframe.h"

enum {
    SFRAME_INNER_FIXED_LEN = 6, /* version and flags, codec, capture time */
    SFRAME_INNER_PLAIN = 0x20,  /* the version without a flag */
};

/* Most have neither padding nor TLVs: what those pass is inline. */
static inline bool sframe_inner_is_plain(const struct sframe_inner *inner)
{
    return (inner->padding | inner->tlv_len) == 0;
}

SOTTO_MUST_CHECK int sframe_inner_check_any(const struct sframe_inner *inner);
/* SFRAME_INVALID unless this inner header can be written: a codec, lengths in range, a well-formed TLV block. */
SOTTO_MUST_CHECK static inline int sframe_inner_check(const struct sframe_inner *inner)
{
    return sframe_inner_is_plain(inner) && inner->codec != SFRAME_CODEC_ANY ? SFRAME_OK : sframe_inner_check_any(inner);
}

static inline size_t sframe_inner_len(const struct sframe_inner *inner)
{
    return SFRAME_INNER_FIXED_LEN + (inner->padding > 0 ? 2u : 0u) + (inner->tlv_len > 0 ? 1 + inner->tlv_len : 0);
}

/* Writes SFRAME_INNER_FIXED_LEN bytes, by two stores. */
static inline void sframe_inner_write_plain(const struct sframe_inner *inner, uint8_t *out)
{
    const uint16_t start = htole16((uint16_t)(SFRAME_INNER_PLAIN | inner->codec << 8));
    const uint32_t capture_ms = htobe32(inner->capture_ms);
    memcpy(out, &start, sizeof start);
    memcpy(out + sizeof start, &capture_ms, sizeof capture_ms);
}

void sframe_inner_write_any(const struct sframe_inner *inner, uint8_t *out);
/* Writes sframe_inner_len() bytes. */
static inline void sframe_inner_write(const struct sframe_inner *inner, uint8_t *out)
{
    if (!sframe_inner_is_plain(inner)) {
        sframe_inner_write_any(inner, out);
        return;
    }
    sframe_inner_write_plain(inner, out);
}

/* sframe_inner_parse of any inner header. */
SOTTO_MUST_CHECK int sframe_inner_parse_any(struct core_span text, struct sframe_inner *inner,
                                            struct core_span *payload);

/* Takes a decrypted frame apart: the inner header at its start, padding at its end, the payload between.
 * SFRAME_INNER if it is malformed. Borrows. Most have neither padding nor TLVs; for those nothing goes through memory,
 * where small stores and a copy's large loads would wait for each other. */
SOTTO_MUST_CHECK static inline int sframe_inner_parse(struct core_span text, struct sframe_inner *inner,
                                                      struct core_span *payload)
{
    if (text.len >= SFRAME_INNER_FIXED_LEN && text.data[0] == SFRAME_INNER_PLAIN && text.data[1] != SFRAME_CODEC_ANY) {
        uint32_t capture_ms;
        memcpy(&capture_ms, text.data + 2, sizeof capture_ms);
        *inner = (struct sframe_inner){.codec = text.data[1], .capture_ms = be32toh(capture_ms)};
        *payload = (struct core_span){text.data + SFRAME_INNER_FIXED_LEN, text.len - SFRAME_INNER_FIXED_LEN};
        return SFRAME_OK;
    }
    struct sframe_inner parsed;
    struct core_span rest;
    const int rc = sframe_inner_parse_any(text, &parsed, &rest);
    if (rc == SFRAME_OK) {
        *inner = parsed;
        *payload = rest;
    }
    return rc;
}

#endif
