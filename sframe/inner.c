#include "inner.h"

enum {
    VERSION = 1,
    FLAG_PADDING = 0x01, /* a padding length follows the capture time */
    FLAG_TLV = 0x02,     /* then a TLV block */
    FLAG_SIGNED = 0x04,  /* kept for frame signatures; not known to this version */
    FLAGS_KNOWN = FLAG_PADDING | FLAG_TLV,
    VERSION_SHIFT = 5, /* three bits */
    FLAGS_MASK = (1 << VERSION_SHIFT) - 1,
};

_Static_assert(SFRAME_INNER_PLAIN == VERSION << VERSION_SHIFT, "the first byte of an inner header without flags");
_Static_assert((FLAGS_KNOWN & FLAG_SIGNED) == 0, "an unknown flag is refused, never ignored");

static bool tlv_ok(const uint8_t *tlv, size_t len)
{
    struct bytes_reader r;
    bytes_reader_init(&r, tlv, len);
    while (bytes_reader_left(&r) > 0) {
        (void)bytes_read_u8(&r);
        (void)bytes_parse(&r, bytes_read_u8(&r));
    }
    return bytes_reader_done(&r);
}

int sframe_inner_check_any(const struct sframe_inner *inner)
{
    bool ok = inner->codec != SFRAME_CODEC_ANY && inner->padding <= SFRAME_PADDING_MAX &&
              inner->tlv_len <= SFRAME_TLV_MAX && (inner->tlv || inner->tlv_len == 0) &&
              tlv_ok(inner->tlv, inner->tlv_len);
    return ok ? SFRAME_OK : SFRAME_INVALID;
}

void sframe_inner_write_any(const struct sframe_inner *inner, uint8_t *out)
{
    unsigned flags = (inner->padding > 0 ? FLAG_PADDING : 0u) | (inner->tlv_len > 0 ? FLAG_TLV : 0u);
    struct bytes_writer w;
    out[0] = (uint8_t)((unsigned)VERSION << VERSION_SHIFT | flags);
    out[1] = inner->codec;
    bytes_put_uint(out + 2, inner->capture_ms, sizeof inner->capture_ms);
    bytes_writer_init(&w, out + SFRAME_INNER_FIXED_LEN, sframe_inner_len(inner) - SFRAME_INNER_FIXED_LEN);
    if (flags & FLAG_PADDING)
        bytes_write_u16(&w, (uint16_t)inner->padding);
    if (flags & FLAG_TLV) {
        bytes_write_u8(&w, (uint8_t)inner->tlv_len);
        bytes_write(&w, inner->tlv, inner->tlv_len);
    }
}

static bool all_zero(const uint8_t *data, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= data[i];
    return any == 0;
}

int sframe_inner_parse_any(struct core_span text, struct sframe_inner *inner, struct core_span *payload)
{
    struct sframe_inner parsed = {0};
    struct bytes_reader r;
    bytes_reader_init(&r, text.data, text.len);
    unsigned first = bytes_read_u8(&r);
    parsed.codec = bytes_read_u8(&r);
    parsed.capture_ms = bytes_read_u32(&r);
    unsigned flags = first & FLAGS_MASK;
    if (first >> VERSION_SHIFT != VERSION || (flags & ~(unsigned)FLAGS_KNOWN) != 0 || parsed.codec == SFRAME_CODEC_ANY)
        return SFRAME_INNER;
    if (flags & FLAG_PADDING) {
        parsed.padding = bytes_read_u16(&r);
        if (parsed.padding == 0)
            return SFRAME_INNER;
    }
    if (flags & FLAG_TLV) {
        parsed.tlv_len = bytes_read_u8(&r);
        parsed.tlv = bytes_parse(&r, parsed.tlv_len);
        if (parsed.tlv_len == 0 || !parsed.tlv || !tlv_ok(parsed.tlv, parsed.tlv_len))
            return SFRAME_INNER;
    }
    if (!bytes_reader_ok(&r) || bytes_reader_left(&r) < parsed.padding)
        return SFRAME_INNER;
    size_t payload_len = bytes_reader_left(&r) - parsed.padding;
    if (!all_zero(text.data + r.pos + payload_len, parsed.padding))
        return SFRAME_INNER;
    *inner = parsed;
    *payload = (struct core_span){text.data + r.pos, payload_len};
    return SFRAME_OK;
}

int sframe_tlv_find(const struct sframe_inner *inner, uint8_t type, const uint8_t **value, size_t *value_len)
{
    struct bytes_reader r;
    if (!inner || !value || !value_len)
        return SFRAME_INVALID;
    bytes_reader_init(&r, inner->tlv, inner->tlv_len);
    while (bytes_reader_left(&r) > 0) {
        uint8_t found = bytes_read_u8(&r);
        size_t len = bytes_read_u8(&r);
        const uint8_t *at = bytes_parse(&r, len);
        if (at && found == type) {
            *value = at;
            *value_len = len;
            return SFRAME_OK;
        }
    }
    return SFRAME_INNER;
}
