/* Feedback: NACK and PLI (RFC 4585), FIR (RFC 5104), REMB. */
#include <string.h>

#include "rtcp_write.h"

enum { NACK_ENTRY_LEN = 4, NACK_SPAN = 16, FIR_ENTRY_LEN = 8, FIR_RESERVED_LEN = 3, MANTISSA_BITS = 18 };

static enum rtp_error parse_fmt(const struct rtcp_packet *packet, uint8_t type, uint8_t fmt, struct rtcp_feedback *out)
{
    if (packet->type != type || packet->count != fmt)
        return RTP_ERR_TYPE;
    return rtcp_feedback_parse(packet, out);
}

static size_t begin_feedback(struct bytes_writer *w, uint8_t type, uint8_t fmt, uint32_t sender_ssrc,
                             uint32_t media_ssrc)
{
    size_t begin = rtcp_begin(w, type, fmt);
    bytes_write_u32(w, sender_ssrc);
    bytes_write_u32(w, media_ssrc);
    return begin;
}

enum rtp_error rtcp_nack_iter_init(struct rtcp_nack_iter *iter, const struct rtcp_packet *packet)
{
    struct rtcp_feedback feedback;
    enum rtp_error error = parse_fmt(packet, RTCP_RTPFB, RTCP_FMT_NACK, &feedback);
    if (error != RTP_OK)
        return error;
    if (feedback.fci_len < NACK_ENTRY_LEN)
        return RTP_ERR_TRUNCATED;
    *iter = (struct rtcp_nack_iter){.sender_ssrc = feedback.sender_ssrc, .media_ssrc = feedback.media_ssrc};
    bytes_reader_init(&iter->reader, feedback.fci, feedback.fci_len);
    return RTP_OK;
}

bool rtcp_nack_next(struct rtcp_nack_iter *iter, uint16_t *seq)
{
    if (iter->mask == 0) {
        if (bytes_reader_left(&iter->reader) < NACK_ENTRY_LEN)
            return false;
        iter->seq = bytes_read_u16(&iter->reader);
        /* bit i of the BLP asks for PID + i + 1 */
        iter->mask = (uint32_t)bytes_read_u16(&iter->reader) << 1 | 1;
    }
    while (!(iter->mask & 1)) {
        iter->mask >>= 1;
        iter->seq++;
    }
    *seq = iter->seq++;
    iter->mask >>= 1;
    return true;
}

enum rtp_error rtcp_nack_write(struct bytes_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t *seqs,
                               size_t count)
{
    if (count == 0)
        return RTP_ERR_ARGUMENT;
    size_t begin = begin_feedback(w, RTCP_RTPFB, RTCP_FMT_NACK, sender_ssrc, media_ssrc);
    for (size_t i = 0; i < count && bytes_writer_ok(w);) {
        uint16_t pid = seqs[i++];
        uint16_t blp = 0;
        for (; i < count; i++) {
            uint16_t ahead = (uint16_t)(seqs[i] - pid);
            if (ahead > NACK_SPAN)
                break;
            if (ahead > 0)
                blp = (uint16_t)(blp | 1U << (ahead - 1));
        }
        bytes_write_u16(w, pid);
        bytes_write_u16(w, blp);
    }
    return rtcp_end(w, begin);
}

enum rtp_error rtcp_pli_read(const struct rtcp_packet *packet, uint32_t *sender_ssrc, uint32_t *media_ssrc)
{
    struct rtcp_feedback feedback;
    enum rtp_error error = parse_fmt(packet, RTCP_PSFB, RTCP_FMT_PLI, &feedback);
    if (error != RTP_OK)
        return error;
    *sender_ssrc = feedback.sender_ssrc;
    *media_ssrc = feedback.media_ssrc;
    return RTP_OK;
}

enum rtp_error rtcp_pli_write(struct bytes_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    return rtcp_end(w, begin_feedback(w, RTCP_PSFB, RTCP_FMT_PLI, sender_ssrc, media_ssrc));
}

enum rtp_error rtcp_fir_iter_init(struct rtcp_fir_iter *iter, const struct rtcp_packet *packet)
{
    struct rtcp_feedback feedback;
    enum rtp_error error = parse_fmt(packet, RTCP_PSFB, RTCP_FMT_FIR, &feedback);
    if (error != RTP_OK)
        return error;
    if (feedback.fci_len == 0 || feedback.fci_len % FIR_ENTRY_LEN != 0)
        return RTP_ERR_TRUNCATED;
    *iter = (struct rtcp_fir_iter){.sender_ssrc = feedback.sender_ssrc};
    bytes_reader_init(&iter->reader, feedback.fci, feedback.fci_len);
    return RTP_OK;
}

bool rtcp_fir_next(struct rtcp_fir_iter *iter, struct rtcp_fir_entry *out)
{
    if (bytes_reader_left(&iter->reader) < FIR_ENTRY_LEN)
        return false;
    out->ssrc = bytes_read_u32(&iter->reader);
    out->seq = bytes_read_u8(&iter->reader);
    bytes_parse(&iter->reader, FIR_RESERVED_LEN);
    return true;
}

enum rtp_error rtcp_fir_write(struct bytes_writer *w, uint32_t sender_ssrc, const struct rtcp_fir_entry *entries,
                              size_t count)
{
    if (count == 0)
        return RTP_ERR_ARGUMENT;
    size_t begin = begin_feedback(w, RTCP_PSFB, RTCP_FMT_FIR, sender_ssrc, 0);
    for (size_t i = 0; i < count && bytes_writer_ok(w); i++) {
        bytes_write_u32(w, entries[i].ssrc);
        bytes_write_u8(w, entries[i].seq);
        bytes_reserve(w, FIR_RESERVED_LEN);
    }
    return rtcp_end(w, begin);
}

enum rtp_error rtcp_remb_parse(const struct rtcp_packet *packet, struct rtcp_remb *out)
{
    struct rtcp_feedback feedback;
    enum rtp_error error = parse_fmt(packet, RTCP_PSFB, RTCP_FMT_AFB, &feedback);
    if (error != RTP_OK)
        return error;
    struct bytes_reader r;
    bytes_reader_init(&r, feedback.fci, feedback.fci_len);
    const uint8_t *name = bytes_parse(&r, 4);
    if (name && memcmp(name, "REMB", 4) != 0)
        return RTP_ERR_TYPE;
    struct rtcp_remb remb = {.sender_ssrc = feedback.sender_ssrc, .ssrc_count = bytes_read_u8(&r)};
    uint32_t rate = bytes_read_u24(&r);
    remb.ssrcs = bytes_parse(&r, (size_t)remb.ssrc_count * 4);
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    uint32_t exponent = rate >> MANTISSA_BITS;
    uint64_t mantissa = rate & ((1U << MANTISSA_BITS) - 1);
    remb.bitrate_bps = mantissa << exponent;
    if (remb.bitrate_bps >> exponent != mantissa)
        return RTP_ERR_FORMAT;
    *out = remb;
    return RTP_OK;
}
