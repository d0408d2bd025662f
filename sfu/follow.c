#include "follow.h"

#include <string.h>

#include "rtp/seq.h"

void sfu_follow_start(struct sfu_follow *f, int64_t first, uint32_t ts, uint64_t now_us)
{
    uint8_t tries = f->active ? f->tries : 0;
    *f =
        (struct sfu_follow){.active = true, .first = first, .last = first, .ts = ts, .sent_us = now_us, .tries = tries};
}

static bool has(const struct sfu_follow *f, int64_t at)
{
    return (f->acked[at / 64] >> (at % 64) & 1) != 0;
}

static bool finish_if_all(struct sfu_follow *f)
{
    if (!f->complete)
        return false;
    for (int64_t at = 0; at <= f->last - f->first; at++)
        if (!has(f, at))
            return false;
    *f = (struct sfu_follow){0};
    return true;
}

void sfu_follow_sent(struct sfu_follow *f, int64_t seq, uint32_t ts, bool end, uint64_t now_us)
{
    if (!f->active || seq < f->first)
        return;
    if (ts == f->ts) {
        f->sent_us = now_us;
        if (seq - f->first >= SFU_FOLLOW_PACKETS)
            return;
        if (seq > f->last)
            f->last = seq;
    }
    if (end || ts != f->ts)
        f->complete = true;
    /* what was acknowledged while more could still come */
    (void)finish_if_all(f);
}

/* The place of a number the receiver named; -1 if it is not one of the frame's. */
static int64_t place(const struct sfu_follow *f, uint16_t seq)
{
    if (!f->active)
        return -1;
    int64_t at = rtp_seq_diff(seq, (uint16_t)(uint64_t)f->first);
    return at >= 0 && at <= f->last - f->first ? at : -1;
}

bool sfu_follow_ack(struct sfu_follow *f, uint16_t seq)
{
    int64_t at = place(f, seq);
    if (at < 0)
        return false;
    f->acked[at / 64] |= UINT64_C(1) << (at % 64);
    return finish_if_all(f);
}

bool sfu_follow_ack_up_to(struct sfu_follow *f, uint16_t seq)
{
    if (!f->active || rtp_seq_diff(seq, (uint16_t)(uint64_t)f->first) < 0)
        return false;
    int64_t last = f->first + rtp_seq_diff(seq, (uint16_t)(uint64_t)f->first);
    for (int64_t n = f->first; n <= f->last && n <= last; n++)
        f->acked[(n - f->first) / 64] |= UINT64_C(1) << ((n - f->first) % 64);
    return finish_if_all(f);
}

bool sfu_follow_wants(const struct sfu_follow *f, uint16_t seq)
{
    int64_t at = place(f, seq);
    return at >= 0 && !has(f, at);
}

uint64_t sfu_follow_deadline(const struct sfu_follow *f, uint64_t rtt_us)
{
    return f->active ? f->sent_us + rtt_us + SFU_FOLLOW_SLACK_US : UINT64_MAX;
}
