/* Reports, source descriptions and goodbyes (RFC 3550 sections 6.4 to 6.6). */
#include "rtcp_write.h"

enum { LOST_MAX = 0x7fffff, LOST_MIN = -0x800000, COUNT_MAX = 31 };

static void read_report(struct bytes_reader *r, struct rtcp_report *out)
{
    out->ssrc = bytes_read_u32(r);
    out->fraction_lost = bytes_read_u8(r);
    uint32_t lost = bytes_read_u24(r);
    out->lost = lost > LOST_MAX ? (int32_t)lost - 0x1000000 : (int32_t)lost;
    out->highest_seq = bytes_read_u32(r);
    out->jitter = bytes_read_u32(r);
    out->last_sr = bytes_read_u32(r);
    out->delay_last_sr = bytes_read_u32(r);
}

enum rtp_error rtcp_sr_rr_read(const struct rtcp_packet *packet, struct rtcp_sr_rr *out)
{
    if ((packet->type != RTCP_SR && packet->type != RTCP_RR) || packet->count > RTCP_REPORTS_MAX)
        return RTP_ERR_TYPE;
    struct bytes_reader r;
    struct rtcp_sr_rr report = {.has_sender_info = packet->type == RTCP_SR, .report_count = packet->count};
    bytes_reader_init(&r, packet->body, packet->body_len);
    report.ssrc = bytes_read_u32(&r);
    if (report.has_sender_info) {
        report.ntp = bytes_read_u64(&r);
        report.rtp_ts = bytes_read_u32(&r);
        report.packet_count = bytes_read_u32(&r);
        report.octet_count = bytes_read_u32(&r);
    }
    for (uint8_t i = 0; i < report.report_count; i++)
        read_report(&r, &report.reports[i]);
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    *out = report;
    return RTP_OK;
}

static void write_report(struct bytes_writer *w, const struct rtcp_report *report)
{
    int32_t lost = report->lost > LOST_MAX ? LOST_MAX : report->lost < LOST_MIN ? LOST_MIN : report->lost;
    bytes_write_u32(w, report->ssrc);
    bytes_write_u8(w, report->fraction_lost);
    bytes_write_u24(w, (uint32_t)lost & 0xffffff);
    bytes_write_u32(w, report->highest_seq);
    bytes_write_u32(w, report->jitter);
    bytes_write_u32(w, report->last_sr);
    bytes_write_u32(w, report->delay_last_sr);
}

enum rtp_error rtcp_sr_rr_write(struct bytes_writer *w, const struct rtcp_sr_rr *report)
{
    if (report->report_count > RTCP_REPORTS_MAX)
        return RTP_ERR_ARGUMENT;
    size_t begin = rtcp_begin(w, report->has_sender_info ? RTCP_SR : RTCP_RR, report->report_count);
    bytes_write_u32(w, report->ssrc);
    if (report->has_sender_info) {
        bytes_write_u64(w, report->ntp);
        bytes_write_u32(w, report->rtp_ts);
        bytes_write_u32(w, report->packet_count);
        bytes_write_u32(w, report->octet_count);
    }
    for (uint8_t i = 0; i < report->report_count; i++)
        write_report(w, &report->reports[i]);
    return rtcp_end(w, begin);
}

enum rtp_error rtcp_sdes_iter_init(struct rtcp_sdes_iter *iter, const struct rtcp_packet *packet)
{
    if (packet->type != RTCP_SDES)
        return RTP_ERR_TYPE;
    *iter = (struct rtcp_sdes_iter){.chunks_left = packet->count, .error = RTP_OK};
    bytes_reader_init(&iter->reader, packet->body, packet->body_len);
    return RTP_OK;
}

bool rtcp_sdes_next(struct rtcp_sdes_iter *iter, struct rtcp_sdes_item *out)
{
    struct bytes_reader *r = &iter->reader;
    while (bytes_reader_ok(r)) {
        if (!iter->in_chunk) {
            if (iter->chunks_left == 0)
                return false;
            iter->chunks_left--;
            iter->ssrc = bytes_read_u32(r);
            iter->in_chunk = true;
        }
        struct rtcp_sdes_item item = {.ssrc = iter->ssrc, .type = bytes_read_u8(r)};
        if (item.type == 0) {
            /* the list ends with one or more zero bytes, up to the next word; bodies begin on a word */
            iter->in_chunk = false;
            bytes_parse(r, (4 - r->pos % 4) % 4);
            continue;
        }
        item.text_len = bytes_read_u8(r);
        item.text = bytes_parse(r, item.text_len);
        if (bytes_reader_ok(r)) {
            *out = item;
            return true;
        }
    }
    iter->error = RTP_ERR_TRUNCATED;
    return false;
}

enum rtp_error rtcp_sdes_cname_write(struct bytes_writer *w, uint32_t ssrc, const uint8_t *cname, size_t cname_len)
{
    if (cname_len == 0 || cname_len > RTCP_TEXT_MAX)
        return RTP_ERR_ARGUMENT;
    size_t begin = rtcp_begin(w, RTCP_SDES, 1);
    bytes_write_u32(w, ssrc);
    bytes_write_u8(w, RTCP_SDES_CNAME);
    bytes_write_u8(w, (uint8_t)cname_len);
    bytes_write(w, cname, cname_len);
    bytes_reserve(w, 4 - (2 + cname_len) % 4);
    return rtcp_end(w, begin);
}

enum rtp_error rtcp_bye_parse(const struct rtcp_packet *packet, struct rtcp_bye *out)
{
    if (packet->type != RTCP_BYE || packet->count > COUNT_MAX)
        return RTP_ERR_TYPE;
    struct bytes_reader r;
    struct rtcp_bye bye = {.ssrc_count = packet->count};
    bytes_reader_init(&r, packet->body, packet->body_len);
    for (uint8_t i = 0; i < bye.ssrc_count; i++)
        bye.ssrcs[i] = bytes_read_u32(&r);
    if (bytes_reader_left(&r) > 0) {
        bye.reason_len = bytes_read_u8(&r);
        bye.reason = bytes_parse(&r, bye.reason_len);
    }
    if (!bytes_reader_ok(&r))
        return RTP_ERR_TRUNCATED;
    *out = bye;
    return RTP_OK;
}

enum rtp_error rtcp_bye_write(struct bytes_writer *w, const struct rtcp_bye *bye)
{
    if (bye->ssrc_count > COUNT_MAX)
        return RTP_ERR_ARGUMENT;
    size_t begin = rtcp_begin(w, RTCP_BYE, bye->ssrc_count);
    for (uint8_t i = 0; i < bye->ssrc_count; i++)
        bytes_write_u32(w, bye->ssrcs[i]);
    if (bye->reason_len > 0) {
        bytes_write_u8(w, bye->reason_len);
        bytes_write(w, bye->reason, bye->reason_len);
        bytes_reserve(w, (4 - (1 + (size_t)bye->reason_len) % 4) % 4);
    }
    return rtcp_end(w, begin);
}
