#include "rtp/stats.h"

/* RFC 3550 A.1. */
enum { SEQ_MOD = 65536, MAX_DROPOUT = 3000, MAX_MISORDER = 100 };
enum { US_PER_S = 1000000 };

void rtp_stats_init(struct rtp_stats *s, uint32_t clock_rate_hz)
{
    *s = (struct rtp_stats){.clock_rate_hz = clock_rate_hz > 0 ? clock_rate_hz : 1};
}

static void start(struct rtp_stats *s, uint16_t seq)
{
    s->started = true;
    s->has_transit = false;
    s->base_seq = seq;
    s->max_seq = seq;
    s->bad_seq_set = false;
    s->cycles = 0;
    s->received = 0;
    s->expected_prior = 0;
    s->received_prior = 0;
}

/* update_seq() of A.1, without its probation: packets that come here are authentic. */
static bool update_seq(struct rtp_stats *s, uint16_t seq)
{
    uint16_t ahead = (uint16_t)(seq - s->max_seq);
    if (!s->started) {
        start(s, seq);
    } else if (ahead < MAX_DROPOUT) {
        if (seq < s->max_seq)
            s->cycles += SEQ_MOD;
        s->max_seq = seq;
    } else if (ahead <= SEQ_MOD - MAX_MISORDER) {
        if (!s->bad_seq_set || seq != s->bad_seq) {
            s->bad_seq = (uint16_t)(seq + 1);
            s->bad_seq_set = true;
            return false;
        }
        start(s, seq);
    }
    s->received++;
    return true;
}

/* A.8: the mean deviation of transit times, J += (|D| - J) / 16, kept times 16. */
static void update_jitter(struct rtp_stats *s, uint32_t ts, uint64_t now_us)
{
    uint64_t arrival = now_us / US_PER_S * s->clock_rate_hz + now_us % US_PER_S * s->clock_rate_hz / US_PER_S;
    uint32_t transit = (uint32_t)arrival - ts;
    uint32_t d = transit - s->transit;
    if (d > INT32_MAX)
        d = 0 - d;
    if (s->has_transit)
        s->jitter_q4 += d - ((s->jitter_q4 + 8) >> 4);
    s->transit = transit;
    s->has_transit = true;
}

bool rtp_stats_receive(struct rtp_stats *s, uint16_t seq, uint32_t ts, uint64_t now_us)
{
    if (!update_seq(s, seq))
        return false;
    update_jitter(s, ts, now_us);
    return true;
}

void rtp_stats_sender_report(struct rtp_stats *s, uint64_t ntp, uint64_t now_us)
{
    s->has_sr = true;
    s->last_sr = (uint32_t)(ntp >> 16);
    s->last_sr_us = now_us;
}

/* In 1/65536 s; a report older than 18 hours is as good as 18 hours old. */
static uint32_t delay_since_sr(const struct rtp_stats *s, uint64_t now_us)
{
    uint64_t delay_us = now_us > s->last_sr_us ? now_us - s->last_sr_us : 0;
    if (delay_us / US_PER_S >= UINT16_MAX)
        return UINT32_MAX;
    return (uint32_t)(delay_us * 65536 / US_PER_S);
}

bool rtp_stats_report(struct rtp_stats *s, uint32_t ssrc, uint64_t now_us, struct rtcp_report *out)
{
    if (!s->started)
        return false;
    uint64_t highest = s->cycles + s->max_seq;
    uint64_t expected = highest - s->base_seq + 1;
    uint64_t expected_interval = expected - s->expected_prior;
    uint64_t received_interval = s->received - s->received_prior;
    /* duplicates can make more packets come than were expected */
    uint64_t lost_interval = expected_interval > received_interval ? expected_interval - received_interval : 0;
    uint64_t fraction = expected_interval > 0 ? (lost_interval << 8) / expected_interval : 0;
    int64_t lost = (int64_t)(expected - s->received);
    if (lost > 0x7fffff)
        lost = 0x7fffff;
    if (lost < -0x800000)
        lost = -0x800000;
    s->expected_prior = expected;
    s->received_prior = s->received;
    *out = (struct rtcp_report){
        .ssrc = ssrc,
        .fraction_lost = (uint8_t)(fraction < 255 ? fraction : 255),
        .lost = (int32_t)lost,
        .highest_seq = (uint32_t)highest,
        .jitter = (uint32_t)(s->jitter_q4 >> 4),
        .last_sr = s->has_sr ? s->last_sr : 0,
        .delay_last_sr = s->has_sr ? delay_since_sr(s, now_us) : 0,
    };
    return true;
}
