#include "reports.h"

#include <string.h>

#include "slot.h"
#include "source.h"

/* 1900 to 1970, in seconds: only so that an NTP time is never 0, which would mean "none" in a report. */
#define NTP_EPOCH_S UINT64_C(2208988800)

enum {
    CLOCK_SMOOTHING = 16,
    CLOCK_STEP_US = 1000000,                  /* a clock this far off was set anew */
    SR_TRUST_US = 10000000,                   /* a sender report this far from the packets' arrival is nonsense */
    SR_ROOM = 28 + 8 + 2 + SFU_CNAME_MAX + 4, /* bytes of a sender report and its CNAME */
};

uint64_t sfu_reports_ntp(uint64_t now_us)
{
    uint64_t seconds = now_us / 1000000 + NTP_EPOCH_S;
    uint64_t fraction = ((now_us % 1000000) << 32) / 1000000;
    return seconds << 32 | fraction;
}

static int64_t ntp_to_us(uint64_t ntp)
{
    return (int64_t)((ntp >> 32) * 1000000 + ((ntp & UINT32_MAX) * 1000000 >> 32));
}

static bool write_cname(const struct sfu_peer *peer, uint32_t ssrc, struct bytes_writer *w)
{
    size_t len = strlen(peer->params.cname);
    return len == 0 || rtcp_sdes_cname_write(w, ssrc, (const uint8_t *)peer->params.cname, len) == RTP_OK;
}

bool sfu_reports_prefix(const struct sfu_peer *peer, struct bytes_writer *w)
{
    struct rtcp_sr_rr rr = {.ssrc = peer->local_ssrc};
    return rtcp_sr_rr_write(w, &rr) == RTP_OK && write_cname(peer, peer->local_ssrc, w);
}

void sfu_reports_note_sr(struct sfu_layer *layer, const struct rtcp_sr_rr *sr, uint64_t now_us)
{
    struct sfu_peer *publisher = layer->track->publisher;
    rtp_stats_sender_report(&layer->stats, sr->ntp, now_us);
    layer->has_sr = true;
    layer->sr_ts = sr->rtp_ts;
    layer->sr_ntp_us = ntp_to_us(sr->ntp);
    /* the least delay is nearest to the truth; a slow drift is followed */
    int64_t offset_us = (int64_t)now_us - layer->sr_ntp_us;
    int64_t change_us = offset_us - publisher->clock_offset_us;
    if (!publisher->has_clock || change_us < 0 || change_us > CLOCK_STEP_US)
        publisher->clock_offset_us = offset_us;
    else
        publisher->clock_offset_us += change_us / CLOCK_SMOOTHING;
    publisher->has_clock = true;
}

static void write_receiver_report(struct sfu_peer *publisher, uint64_t now_us)
{
    struct rtcp_sr_rr rr = {.ssrc = publisher->local_ssrc};
    for (size_t t = 0; t < publisher->track_count; t++) {
        for (size_t l = 0; l < publisher->tracks[t].layer_count; l++) {
            struct sfu_layer *layer = &publisher->tracks[t].layers[l];
            if (layer->bound && layer->started && rr.report_count < RTCP_REPORTS_MAX &&
                rtp_stats_report(&layer->stats, layer->ssrc, now_us, &rr.reports[rr.report_count]))
                rr.report_count++;
        }
    }
    uint8_t data[SFU_RTCP_MAX];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    if (rtcp_sr_rr_write(&w, &rr) != RTP_OK || !write_cname(publisher, publisher->local_ssrc, &w))
        return;
    sfu_peer_send_rtcp(publisher, data, w.len);
}

static void send_arrivals(struct sfu_peer *publisher)
{
    while (publisher->arrivals.count > 0) {
        uint8_t data[SFU_RTCP_MAX];
        struct bytes_writer w;
        bytes_writer_init(&w, data, sizeof data);
        if (!sfu_reports_prefix(publisher, &w) || !sfu_arrivals_write(&publisher->arrivals, publisher->local_ssrc, &w))
            return;
        sfu_peer_send_rtcp(publisher, data, w.len);
    }
}

uint64_t sfu_reports_tick_publisher(struct sfu_peer *publisher, uint64_t now_us)
{
    if (publisher->report_us <= now_us) {
        write_receiver_report(publisher, now_us);
        publisher->report_us = now_us + SFU_REPORT_INTERVAL_US;
    }
    if (publisher->arrivals.count > 0 && publisher->arrivals_us <= now_us) {
        send_arrivals(publisher);
        publisher->arrivals_us = now_us + SFU_ARRIVALS_REPORT_US;
    }
    uint64_t next = publisher->report_us;
    if (publisher->arrivals.count > 0 && publisher->arrivals_us < next)
        next = publisher->arrivals_us;
    return next;
}

static int64_t ticks(int64_t us, uint32_t rate)
{
    return us * (int64_t)rate / 1000000;
}

/* The slot's RTP time at now_us. */
static uint32_t rtp_time(const struct sfu_slot *slot, uint64_t now_us)
{
    const struct sfu_rewrite *rw = &slot->rewrite;
    const struct sfu_layer *layer = slot->current;
    int64_t since_us = (int64_t)(now_us - rw->ts_highest_us);
    uint32_t by_arrival = rw->ts_highest + (uint32_t)ticks(since_us, rw->clock_rate);
    if (!layer || !layer->has_sr || !layer->track->publisher->has_clock)
        return by_arrival;
    since_us = (int64_t)now_us - (layer->sr_ntp_us + layer->track->publisher->clock_offset_us);
    if (since_us > SR_TRUST_US || since_us < -SR_TRUST_US)
        return by_arrival;
    uint32_t by_report = layer->sr_ts + rw->ts_offset + (uint32_t)ticks(since_us, rw->clock_rate);
    int64_t apart = (int32_t)(by_report - by_arrival);
    return apart <= ticks(SR_TRUST_US, rw->clock_rate) && apart >= -ticks(SR_TRUST_US, rw->clock_rate) ? by_report
                                                                                                       : by_arrival;
}

/* With nothing to report an empty receiver report (RFC 3550 section 6.4.2): a subscriber to whom nobody sends can tell
 * that we are there. */
static void send_sender_reports(struct sfu_peer *subscriber, uint64_t now_us)
{
    uint8_t data[SFU_RTCP_MAX];
    struct bytes_writer w;
    bool any = false;
    bytes_writer_init(&w, data, sizeof data);
    for (size_t i = 0; i < subscriber->slot_count; i++) {
        const struct sfu_slot *slot = &subscriber->slots[i];
        if (!slot->current || slot->packets == 0)
            continue;
        if (w.cap - w.len < SR_ROOM) {
            sfu_peer_send_rtcp(subscriber, data, w.len);
            bytes_writer_init(&w, data, sizeof data);
        }
        struct rtcp_sr_rr sr = {
            .has_sender_info = true,
            .ssrc = slot->media->ssrc,
            .ntp = sfu_reports_ntp(now_us),
            .rtp_ts = rtp_time(slot, now_us),
            .packet_count = slot->packets,
            .octet_count = slot->octets,
        };
        if (rtcp_sr_rr_write(&w, &sr) != RTP_OK || !write_cname(subscriber, slot->media->ssrc, &w))
            return;
        any = true;
    }
    if (!any && !sfu_reports_prefix(subscriber, &w))
        return;
    sfu_peer_send_rtcp(subscriber, data, w.len);
}

uint64_t sfu_reports_tick_subscriber(struct sfu_peer *subscriber, uint64_t now_us)
{
    if (subscriber->report_us <= now_us) {
        send_sender_reports(subscriber, now_us);
        subscriber->report_us = now_us + SFU_REPORT_INTERVAL_US;
    }
    return subscriber->report_us;
}
