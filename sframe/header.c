#include "header.h"

size_t sframe_header_len(uint64_t kid, uint64_t ctr)
{
    return 1 + sframe_field_len(kid) + sframe_field_len(ctr);
}

int sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t *out, size_t cap, size_t *len)
{
    const size_t kid_len = sframe_field_len(kid);
    const size_t ctr_len = sframe_field_len(ctr);
    if (!out || !len)
        return SFRAME_INVALID;
    if (1 + kid_len + ctr_len > cap)
        return SFRAME_SPACE;
    *len = 1 + kid_len + ctr_len;
    sframe_header_put(sframe_head_make(sframe_head_of_kid(kid, kid_len), kid_len, ctr, ctr_len), ctr, *len, out);
    return SFRAME_OK;
}

int sframe_header_parse_short(const uint8_t *frame, size_t len, struct sframe_header *header)
{
    uint8_t padded[SFRAME_HEADER_MAX] = {0};
    if (len > 0)
        memcpy(padded, frame, len);
    return sframe_header_parse_at(padded, len, header);
}

int sframe_header_read(const uint8_t *frame, size_t len, struct sframe_header *header)
{
    if ((!frame && len > 0) || !header)
        return SFRAME_INVALID;
    return sframe_header_parse(frame, len, header);
}
