#include "feedback.h"

#include "reports.h"
#include "rtp/rtcp.h"
#include "slot.h"
#include "source.h"

enum {
    NACKS_MAX = 512,                 /* of one NACK at most, which names up to 17 packets in 4 bytes */
    STATUSES_MAX = 4 * SFU_SENT_LEN, /* of one datagram's transport-wide feedback, which can say 65535 in 16 bytes */
};

static void sender_report(struct sfu_peer *peer, const struct rtcp_packet *packet, uint64_t now_us)
{
    struct rtcp_sr_rr sr;
    bool is_rtx;
    if (rtcp_sr_rr_read(packet, &sr) != RTP_OK || !sr.has_sender_info)
        return;
    struct sfu_layer *layer = sfu_source_find(peer, sr.ssrc, &is_rtx);
    if (layer && !is_rtx && layer->started)
        sfu_reports_note_sr(layer, &sr, now_us);
}

static void goodbye(struct sfu_peer *peer, const struct rtcp_packet *packet)
{
    struct rtcp_bye bye;
    if (rtcp_bye_parse(packet, &bye) != RTP_OK)
        return;
    for (size_t i = 0; i < bye.ssrc_count; i++)
        sfu_source_bye(peer, bye.ssrcs[i]);
}

/* The time from our sender report to this answer, less the time the receiver kept it (RFC 3550 section 6.4.1). */
static void measure_rtt(struct sfu_peer *peer, const struct rtcp_report *report, uint64_t now_us)
{
    if (report->last_sr == 0)
        return;
    uint32_t now = (uint32_t)(sfu_reports_ntp(now_us) >> 16);
    int32_t rtt = (int32_t)(now - report->last_sr - report->delay_last_sr);
    if (rtt < 0)
        return;
    uint64_t rtt_us = (uint64_t)rtt * 1000000 >> 16;
    if (rtt_us > SFU_RTT_MAX_US)
        rtt_us = SFU_RTT_MAX_US;
    if (rtt_us < SFU_RTT_MIN_US)
        rtt_us = SFU_RTT_MIN_US;
    peer->rtt_us = (peer->rtt_us * 7 + rtt_us) / 8;
}

static void receiver_report(struct sfu_peer *peer, const struct rtcp_packet *packet, uint64_t now_us)
{
    struct rtcp_sr_rr rr;
    if (rtcp_sr_rr_read(packet, &rr) != RTP_OK)
        return;
    for (size_t i = 0; i < rr.report_count; i++) {
        struct sfu_slot *slot = sfu_slot_find(peer, rr.reports[i].ssrc);
        if (!slot)
            continue;
        measure_rtt(peer, &rr.reports[i], now_us);
        sfu_slot_highest_seen(slot, (uint16_t)rr.reports[i].highest_seq, now_us);
    }
}

static void nack(struct sfu_peer *peer, const struct rtcp_packet *packet, uint64_t now_us)
{
    struct rtcp_nack_iter iter;
    uint16_t seq;
    if (rtcp_nack_iter_init(&iter, packet) != RTP_OK)
        return;
    struct sfu_slot *slot = sfu_slot_find(peer, iter.media_ssrc);
    if (!slot)
        return;
    peer->router->stats.nacks_in++;
    for (size_t n = 0; n < NACKS_MAX && rtcp_nack_next(&iter, &seq); n++)
        (void)sfu_slot_resend(slot, seq, now_us);
}

/* *left: statuses of this datagram that are still looked at. */
static void transport_wide(struct sfu_peer *peer, const struct rtcp_packet *packet, size_t *left, uint64_t now_us)
{
    struct rtcp_twcc twcc;
    struct rtcp_twcc_iter iter;
    struct rtcp_twcc_status status;
    if (rtcp_twcc_parse(packet, &twcc) != RTP_OK)
        return;
    peer->twcc_heard = true;
    rtcp_twcc_iter_init(&iter, &twcc);
    for (; *left > 0 && rtcp_twcc_next(&iter, &status); (*left)--) {
        const struct sfu_sent *sent = &peer->sent[status.seq % SFU_SENT_LEN];
        if (!sent->used || sent->twcc != status.seq)
            continue;
        struct sfu_slot *slot = &peer->slots[sent->slot];
        if (status.received)
            (void)sfu_follow_ack(&slot->follow, sent->seq);
        else if (sfu_follow_wants(&slot->follow, sent->seq))
            (void)sfu_slot_resend(slot, sent->seq, now_us);
    }
}

static void request_key(struct sfu_peer *peer, uint32_t ssrc, uint64_t now_us)
{
    struct sfu_slot *slot = sfu_slot_find(peer, ssrc);
    if (slot && slot->current)
        sfu_source_request_key(slot->current, now_us);
}

static void picture_loss(struct sfu_peer *peer, const struct rtcp_packet *packet, uint64_t now_us)
{
    uint32_t sender;
    uint32_t media;
    if (rtcp_pli_read(packet, &sender, &media) == RTP_OK)
        request_key(peer, media, now_us);
}

static void full_intra_request(struct sfu_peer *peer, const struct rtcp_packet *packet, uint64_t now_us)
{
    struct rtcp_fir_iter iter;
    struct rtcp_fir_entry entry;
    if (rtcp_fir_iter_init(&iter, packet) != RTP_OK)
        return;
    while (rtcp_fir_next(&iter, &entry))
        request_key(peer, entry.ssrc, now_us);
}

static void from_publisher(struct sfu_peer *peer, const struct rtcp_packet *packet, uint64_t now_us)
{
    if (packet->type == RTCP_SR)
        sender_report(peer, packet, now_us);
    else if (packet->type == RTCP_BYE)
        goodbye(peer, packet);
}

static void from_subscriber(struct sfu_peer *peer, const struct rtcp_packet *packet, size_t *statuses_left,
                            uint64_t now_us)
{
    if (packet->type == RTCP_RR || packet->type == RTCP_SR)
        receiver_report(peer, packet, now_us);
    else if (packet->type == RTCP_RTPFB && packet->count == RTCP_FMT_NACK)
        nack(peer, packet, now_us);
    else if (packet->type == RTCP_RTPFB && packet->count == RTCP_FMT_TWCC)
        transport_wide(peer, packet, statuses_left, now_us);
    else if (packet->type == RTCP_PSFB && packet->count == RTCP_FMT_PLI)
        picture_loss(peer, packet, now_us);
    else if (packet->type == RTCP_PSFB && packet->count == RTCP_FMT_FIR)
        full_intra_request(peer, packet, now_us);
}

void sfu_feedback_receive(struct sfu_peer *peer, const uint8_t *data, size_t len, uint64_t now_us)
{
    struct rtcp_iter iter;
    struct rtcp_packet packet;
    size_t statuses_left = STATUSES_MAX;
    /* reduced size is accepted whether negotiated or not: nothing here depends on a report coming first */
    if (rtcp_check(data, len, true) != RTP_OK) {
        peer->router->stats.malformed++;
        return;
    }
    rtcp_iter_init(&iter, data, len);
    while (rtcp_next(&iter, &packet)) {
        if (peer->params.role == SFU_PUBLISHER)
            from_publisher(peer, &packet, now_us);
        else
            from_subscriber(peer, &packet, &statuses_left, now_us);
    }
}
