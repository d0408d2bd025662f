/* The frame of RTCP: compounds, headers, and what all feedback packets begin with. */
#include "rtp/rtcp.h"

#include "rtcp_write.h"

enum { VERSION_BITS = 0x80, VERSION_MASK = 0xc0, PADDING_BIT = 0x20, COUNT_MASK = 0x1f };

void rtcp_iter_init(struct rtcp_iter *iter, const uint8_t *data, size_t len)
{
    *iter = (struct rtcp_iter){.error = RTP_OK};
    bytes_reader_init(&iter->reader, data, len);
}

/* Takes the padding off; false if it lies or stands where none may (RFC 3550 A.2). Browsers fill transport feedback
 * up to a word with 1 to 3 bytes of padding, and put several such packets in a row: there alone both are allowed. */
static bool strip_padding(struct rtcp_packet *packet, bool last)
{
    uint8_t padding = packet->body_len > 0 ? packet->body[packet->body_len - 1] : 0;
    if (padding == 0 || padding > packet->body_len)
        return false;
    if (packet->type != RTCP_RTPFB && (!last || padding % 4 != 0))
        return false;
    packet->body_len -= padding;
    return true;
}

bool rtcp_next(struct rtcp_iter *iter, struct rtcp_packet *out)
{
    struct bytes_reader *r = &iter->reader;
    if (iter->error != RTP_OK || bytes_reader_left(r) == 0)
        return false;
    uint8_t first = bytes_read_u8(r);
    struct rtcp_packet packet = {.count = first & COUNT_MASK};
    packet.type = bytes_read_u8(r);
    packet.body_len = (size_t)bytes_read_u16(r) * 4;
    packet.body = bytes_parse(r, packet.body_len);
    if (!bytes_reader_ok(r))
        iter->error = RTP_ERR_TRUNCATED;
    else if ((first & VERSION_MASK) != VERSION_BITS)
        iter->error = RTP_ERR_VERSION;
    else if ((first & PADDING_BIT) && !strip_padding(&packet, bytes_reader_left(r) == 0))
        iter->error = RTP_ERR_PADDING;
    if (iter->error != RTP_OK)
        return false;
    *out = packet;
    return true;
}

enum rtp_error rtcp_check(const uint8_t *data, size_t len, bool reduced_size)
{
    struct rtcp_iter iter;
    struct rtcp_packet packet;
    size_t count = 0;
    rtcp_iter_init(&iter, data, len);
    while (rtcp_next(&iter, &packet)) {
        if (count++ == 0 && !reduced_size && packet.type != RTCP_SR && packet.type != RTCP_RR)
            return RTP_ERR_TYPE;
    }
    return iter.error == RTP_OK && count == 0 ? RTP_ERR_TRUNCATED : iter.error;
}

enum rtp_error rtcp_feedback_parse(const struct rtcp_packet *packet, struct rtcp_feedback *out)
{
    if (packet->type != RTCP_RTPFB && packet->type != RTCP_PSFB)
        return RTP_ERR_TYPE;
    struct bytes_reader r;
    struct rtcp_feedback feedback;
    bytes_reader_init(&r, packet->body, packet->body_len);
    feedback.sender_ssrc = bytes_read_u32(&r);
    feedback.media_ssrc = bytes_read_u32(&r);
    feedback.fci_len = bytes_reader_left(&r);
    feedback.fci = bytes_parse(&r, feedback.fci_len);
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    *out = feedback;
    return RTP_OK;
}

size_t rtcp_begin(struct bytes_writer *w, uint8_t type, uint8_t count)
{
    size_t begin = w->len;
    bytes_write_u8(w, (uint8_t)(VERSION_BITS | (count & COUNT_MASK)));
    bytes_write_u8(w, type);
    bytes_write_u16(w, 0);
    return begin;
}

enum rtp_error rtcp_end(struct bytes_writer *w, size_t begin)
{
    enum rtp_error error = RTP_OK;
    size_t words = (w->len - begin) / 4 - 1;
    if (!bytes_writer_ok(w))
        error = RTP_ERR_SPACE;
    else if (words > UINT16_MAX)
        error = RTP_ERR_ARGUMENT;
    if (error != RTP_OK) {
        w->len = begin;
        return error;
    }
    struct bytes_writer length;
    bytes_writer_init(&length, w->data + begin + 2, 2);
    bytes_write_u16(&length, (uint16_t)words);
    return RTP_OK;
}
