/* The inner header: what is authentic about a frame but not its codec's (docs/frame-format.md). */
#ifndef SFRAME_INNER_H
#define SFRAME_INNER_H

#include "core/provider.h"
#include "sotto/sframe.h"

enum { SFRAME_INNER_FIXED_LEN = 6 }; /* version and flags, codec, capture time */

/* SFRAME_INVALID unless this inner header can be written: a codec, lengths in range, a well-formed TLV block. */
SOTTO_MUST_CHECK int sframe_inner_check(const struct sframe_inner *inner);
static inline size_t sframe_inner_len(const struct sframe_inner *inner)
{
    return SFRAME_INNER_FIXED_LEN + (inner->padding > 0 ? 2u : 0u) + (inner->tlv_len > 0 ? 1 + inner->tlv_len : 0);
}
/* Writes sframe_inner_len() bytes. */
void sframe_inner_write(const struct sframe_inner *inner, uint8_t *out);
/* Takes a decrypted frame apart: the inner header at its start, padding at its end, the payload between.
 * SFRAME_INNER if it is malformed. Borrows. */
SOTTO_MUST_CHECK int sframe_inner_parse(struct core_span text, struct sframe_inner *inner, struct core_span *payload);

#endif
