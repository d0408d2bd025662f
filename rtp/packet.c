#include "rtp/packet.h"

#include <string.h>

/* RFC 7983 section 7: the first byte tells the protocols on one port apart. */
enum { STUN_LAST = 3, DTLS_FIRST = 20, DTLS_LAST = 63, RTP_FIRST = 128, RTP_LAST = 191 };
/* RFC 5761 section 4: RTCP packet types 192 to 223, where no RTP packet with a legal payload type can be. */
enum { RTCP_TYPE_FIRST = 192, RTCP_TYPE_LAST = 223 };

enum { VERSION_BITS = 0x80, VERSION_MASK = 0xc0, PADDING_BIT = 0x20, EXTENSION_BIT = 0x10, MARKER_BIT = 0x80 };
enum { EXTENSION_HEADER_LEN = 4, APPBITS_MASK = 0x000f, ONE_BYTE_ID_STOP = 15 };

enum rtp_class rtp_classify(const uint8_t *data, size_t len)
{
    struct bytes_reader r;
    bytes_reader_init(&r, data, len);
    uint8_t first = bytes_read_u8(&r);
    if (!bytes_reader_ok(&r))
        return RTP_CLASS_UNKNOWN;
    if (first <= STUN_LAST)
        return RTP_CLASS_STUN;
    if (first >= DTLS_FIRST && first <= DTLS_LAST)
        return RTP_CLASS_DTLS;
    uint8_t second = bytes_read_u8(&r);
    if (first < RTP_FIRST || first > RTP_LAST || !bytes_reader_ok(&r))
        return RTP_CLASS_UNKNOWN;
    return second >= RTCP_TYPE_FIRST && second <= RTCP_TYPE_LAST ? RTP_CLASS_RTCP : RTP_CLASS_RTP;
}

/* All elements are walked once, so that whoever looks for one later meets no error. */
static enum rtp_error check_extension(const struct rtp_packet *packet)
{
    struct rtp_extension_iter iter;
    struct rtp_extension element;
    rtp_extension_iter_init(&iter, packet);
    while (rtp_extension_next(&iter, &element))
        ;
    return iter.error;
}

enum rtp_error rtp_packet_parse(const uint8_t *data, size_t len, struct rtp_packet *out)
{
    struct bytes_reader r;
    bytes_reader_init(&r, data, len);
    uint8_t first = bytes_read_u8(&r);
    uint8_t second = bytes_read_u8(&r);
    struct rtp_packet p = {
        .data = data,
        .len = len,
        .marker = (second & MARKER_BIT) != 0,
        .pt = second & 0x7f,
        .csrc_count = first & 0x0f,
        .has_extension = (first & EXTENSION_BIT) != 0,
    };
    /* not in the initialiser: its expressions have no order */
    p.seq = bytes_read_u16(&r);
    p.ts = bytes_read_u32(&r);
    p.ssrc = bytes_read_u32(&r);
    bytes_parse(&r, (size_t)p.csrc_count * 4);
    if (p.has_extension) {
        p.extension_profile = bytes_read_u16(&r);
        p.extension_len = (size_t)bytes_read_u16(&r) * 4;
        p.extension = bytes_parse(&r, p.extension_len);
    }
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    if ((first & VERSION_MASK) != VERSION_BITS)
        return RTP_ERR_VERSION;

    size_t rest = bytes_reader_left(&r);
    p.header_len = len - rest;
    p.payload = bytes_parse(&r, rest);
    if (first & PADDING_BIT) {
        /* "The last octet of the padding contains a count of how many padding octets should be ignored, including
         * itself." A count of 0, or one that reaches into the header, lies. */
        p.padding_len = rest > 0 ? p.payload[rest - 1] : 0;
        if (p.padding_len == 0 || p.padding_len > rest)
            return RTP_ERR_PADDING;
    }
    p.payload_len = rest - p.padding_len;
    enum rtp_error error = check_extension(&p);
    if (error == RTP_OK)
        *out = p;
    return error;
}

uint32_t rtp_packet_csrc(const struct rtp_packet *packet, size_t index)
{
    if (index >= packet->csrc_count)
        return 0;
    struct bytes_reader r;
    bytes_reader_init(&r, packet->data, packet->len);
    bytes_parse(&r, RTP_HEADER_MIN + index * 4);
    return bytes_read_u32(&r);
}

void rtp_extension_iter_init(struct rtp_extension_iter *iter, const struct rtp_packet *packet)
{
    uint16_t profile = packet->extension_profile;
    bool two_byte = (profile & ~APPBITS_MASK) == RTP_PROFILE_TWO_BYTE;
    bool known = two_byte || profile == RTP_PROFILE_ONE_BYTE;
    *iter = (struct rtp_extension_iter){.two_byte = two_byte};
    bytes_reader_init(&iter->reader, known ? packet->extension : NULL, known ? packet->extension_len : 0);
}

/* Ends the walk: nothing of the rest is looked at. */
static bool stop(struct rtp_extension_iter *iter)
{
    iter->reader.pos = iter->reader.len;
    return false;
}

bool rtp_extension_next(struct rtp_extension_iter *iter, struct rtp_extension *out)
{
    struct bytes_reader *r = &iter->reader;
    while (bytes_reader_left(r) > 0) {
        uint8_t id = bytes_read_u8(r);
        size_t len;
        if (iter->two_byte) {
            if (id == 0)
                continue;
            len = bytes_read_u8(r);
        } else {
            uint8_t len_field = id & 0x0f;
            id >>= 4;
            if (id == 0 && len_field == 0)
                continue;
            if (id == 0 || id == ONE_BYTE_ID_STOP)
                return stop(iter);
            len = (size_t)len_field + 1;
        }
        const uint8_t *data = bytes_parse(r, len);
        if (!bytes_reader_ok(r)) {
            iter->error = RTP_ERR_EXTENSION;
            return false;
        }
        *out = (struct rtp_extension){.id = id, .data = data, .len = len};
        return true;
    }
    return false;
}

bool rtp_extension_find(const struct rtp_packet *packet, uint8_t id, struct rtp_extension *out)
{
    struct rtp_extension_iter iter;
    struct rtp_extension element;
    rtp_extension_iter_init(&iter, packet);
    while (rtp_extension_next(&iter, &element)) {
        if (element.id == id) {
            *out = element;
            return true;
        }
    }
    return false;
}

bool rtp_extensions_fit_one_byte(const struct rtp_extension *extensions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (extensions[i].id == 0 || extensions[i].id > RTP_ONE_BYTE_ID_MAX || extensions[i].len == 0 ||
            extensions[i].len > RTP_ONE_BYTE_LEN_MAX)
            return false;
    return true;
}

/* The extension's data without its header, padded to words; false if it cannot be expressed. */
static bool extension_size(const struct rtp_header *header, bool one_byte, size_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < header->extension_count; i++) {
        const struct rtp_extension *e = &header->extensions[i];
        if (e->id == 0 || e->len > RTP_TWO_BYTE_LEN_MAX)
            return false;
        size += (one_byte ? 1U : 2U) + e->len;
        if (size > (size_t)UINT16_MAX * 4)
            return false;
    }
    *out = (size + 3) / 4 * 4;
    return true;
}

size_t rtp_header_size(const struct rtp_header *header)
{
    size_t extension;
    bool one_byte = rtp_extensions_fit_one_byte(header->extensions, header->extension_count);
    if (header->pt > 0x7f || header->csrc_count > RTP_CSRCS_MAX || !extension_size(header, one_byte, &extension))
        return 0;
    return RTP_HEADER_MIN + header->csrc_count * 4 +
           (header->extension_count > 0 ? EXTENSION_HEADER_LEN + extension : 0);
}

static void write_extension(struct bytes_writer *w, const struct rtp_header *header, size_t end)
{
    bool one_byte = rtp_extensions_fit_one_byte(header->extensions, header->extension_count);
    bytes_write_u16(w, one_byte ? RTP_PROFILE_ONE_BYTE : RTP_PROFILE_TWO_BYTE);
    bytes_write_u16(w, (uint16_t)((end - w->len - 2) / 4));
    for (size_t i = 0; i < header->extension_count; i++) {
        const struct rtp_extension *e = &header->extensions[i];
        if (one_byte) {
            bytes_write_u8(w, (uint8_t)(e->id << 4 | (e->len - 1)));
        } else {
            bytes_write_u8(w, e->id);
            bytes_write_u8(w, (uint8_t)e->len);
        }
        bytes_write(w, e->data, e->len);
    }
    bytes_reserve(w, end - w->len);
}

enum rtp_error rtp_header_write(const struct rtp_header *header, uint8_t *out, size_t cap, size_t *len)
{
    size_t size = rtp_header_size(header);
    if (size == 0)
        return RTP_ERR_ARGUMENT;
    if (size > cap)
        return RTP_ERR_SPACE;
    struct bytes_writer w;
    bytes_writer_init(&w, out, size);
    bytes_write_u8(
        &w, (uint8_t)(VERSION_BITS | (header->extension_count > 0 ? EXTENSION_BIT : 0) | (uint8_t)header->csrc_count));
    bytes_write_u8(&w, (uint8_t)((header->marker ? MARKER_BIT : 0) | header->pt));
    bytes_write_u16(&w, header->seq);
    bytes_write_u32(&w, header->ts);
    bytes_write_u32(&w, header->ssrc);
    for (size_t i = 0; i < header->csrc_count; i++)
        bytes_write_u32(&w, header->csrcs[i]);
    if (header->extension_count > 0)
        write_extension(&w, header, size);
    *len = size;
    return RTP_OK;
}

enum rtp_error rtp_packet_write(const struct rtp_header *header, const uint8_t *payload, size_t payload_len,
                                uint8_t padding_len, uint8_t *out, size_t cap, size_t *len)
{
    size_t header_len = rtp_header_size(header);
    if (header_len == 0)
        return RTP_ERR_ARGUMENT;
    if (header_len > cap || payload_len > cap - header_len || padding_len > cap - header_len - payload_len)
        return RTP_ERR_SPACE;
    /* first the payload, which may lie in out where the header goes */
    if (payload_len > 0)
        memmove(out + header_len, payload, payload_len);
    enum rtp_error error = rtp_header_write(header, out, header_len, &header_len);
    if (error != RTP_OK)
        return error;
    size_t end = header_len + payload_len;
    if (padding_len > 0) {
        memset(out + end, 0, padding_len);
        end += padding_len;
        out[end - 1] = padding_len;
        out[0] |= PADDING_BIT;
    }
    *len = end;
    return RTP_OK;
}

static void put(uint8_t *data, size_t at, uint32_t value, size_t n)
{
    struct bytes_writer w;
    bytes_writer_init(&w, data + at, n);
    bytes_write_uint(&w, value, n);
}

void rtp_set_marker(uint8_t *data, bool marker)
{
    data[1] = (uint8_t)((data[1] & 0x7f) | (marker ? MARKER_BIT : 0));
}

void rtp_set_pt(uint8_t *data, uint8_t pt)
{
    data[1] = (uint8_t)((data[1] & MARKER_BIT) | (pt & 0x7f));
}

void rtp_set_seq(uint8_t *data, uint16_t seq)
{
    put(data, 2, seq, 2);
}

void rtp_set_ts(uint8_t *data, uint32_t ts)
{
    put(data, 4, ts, 4);
}

void rtp_set_ssrc(uint8_t *data, uint32_t ssrc)
{
    put(data, 8, ssrc, 4);
}
