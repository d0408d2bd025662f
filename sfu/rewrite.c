#include "rewrite.h"

#include <string.h>

enum { TEMPLATE_IDS = 64, TEMPLATE_ID_MASK = 0x3f };
/* A slot empty for longer than this (in ticks) continues as if it had been this long: receivers compare timestamps
 * modulo 2^32, and a step of half the circle would run back. */
enum { STEP_MAX = 1 << 30 };

void sfu_rewrite_init(struct sfu_rewrite *rw, uint16_t first_seq, uint32_t first_ts)
{
    *rw = (struct sfu_rewrite){
        .out_highest = (int64_t)first_seq - 1, .ts_highest = first_ts, .gap_credit = SFU_GAP_CREDIT_MAX};
}

void sfu_rewrite_switch(struct sfu_rewrite *rw, int64_t in_seq, uint32_t in_ts, uint32_t clock_rate, uint64_t now_us)
{
    rw->in_first = in_seq;
    rw->in_highest = in_seq - 1;
    rw->out_first = rw->out_highest + 1;
    rw->skipped = (struct sfu_window){0};
    rw->skipped_count = 0;

    uint64_t step = 0;
    if (rw->started) {
        uint64_t elapsed_us = now_us > rw->ts_highest_us ? now_us - rw->ts_highest_us : 0;
        step = elapsed_us / 1000000 * clock_rate + elapsed_us % 1000000 * clock_rate / 1000000;
        if (step == 0)
            step = 1;
        if (step > STEP_MAX)
            step = STEP_MAX;
    }
    rw->ts_offset = rw->ts_highest + (uint32_t)step - in_ts;
    rw->ts_highest += (uint32_t)step;
    rw->ts_highest_us = now_us;
    rw->clock_rate = clock_rate;
    rw->started = true;
}

void sfu_rewrite_switch_dd(struct sfu_rewrite *rw, uint16_t in_frame, const struct dd_structure *structure)
{
    if (rw->dd_started) {
        rw->frame_offset = (uint16_t)(rw->frame_highest + 1 - in_frame);
        rw->template_shift =
            (uint8_t)((TEMPLATE_IDS + rw->template_end - structure->template_id_offset) % TEMPLATE_IDS);
    } else {
        rw->frame_offset = 0;
        rw->template_shift = 0;
    }
    rw->frame_highest = (uint16_t)(in_frame + rw->frame_offset);
    rw->dd_started = true;
    sfu_rewrite_structure(rw, structure);
}

void sfu_rewrite_structure(struct sfu_rewrite *rw, const struct dd_structure *structure)
{
    rw->template_end =
        (uint8_t)((structure->template_id_offset + rw->template_shift + structure->template_count) % TEMPLATE_IDS);
}

static void credit(struct sfu_rewrite *rw, uint64_t numbers)
{
    uint64_t room = SFU_GAP_CREDIT_MAX - rw->gap_credit;
    rw->gap_credit += (uint32_t)(numbers < room ? numbers : room);
}

bool sfu_rewrite_follows(struct sfu_rewrite *rw, int64_t in_seq, uint64_t now_us)
{
    enum { US_PER_NUMBER = 1000000 / SFU_GAP_RATE };
    uint64_t earned = now_us > rw->gap_us ? (now_us - rw->gap_us) / US_PER_NUMBER : 0;
    credit(rw, earned);
    rw->gap_us += earned * US_PER_NUMBER;
    if (!rw->started)
        return true;
    int64_t gap = in_seq - rw->in_first + rw->out_first - rw->skipped_count - rw->out_highest - 1;
    if (gap <= 0)
        return true;
    if (gap > rw->gap_credit)
        return false;
    rw->gap_credit -= (uint32_t)gap;
    return true;
}

bool sfu_rewrite_seq(struct sfu_rewrite *rw, int64_t in_seq, int64_t *out_seq)
{
    if (!rw->started || in_seq < rw->in_first || sfu_window_has(&rw->skipped, in_seq))
        return false;
    if (rw->in_highest - in_seq >= SFU_WINDOW_LEN)
        return false;
    int64_t left_out = rw->skipped_count;
    if (in_seq < rw->in_highest)
        left_out -= sfu_window_count_above(&rw->skipped, in_seq);
    int64_t out = in_seq - rw->in_first + rw->out_first - left_out;
    if (!sfu_window_mark(&rw->sent, out))
        return false;
    if (in_seq > rw->in_highest) {
        rw->in_highest = in_seq;
        sfu_window_advance(&rw->skipped, in_seq);
    }
    if (out > rw->out_highest)
        rw->out_highest = out;
    else
        credit(rw, 1);
    *out_seq = out;
    return true;
}

void sfu_rewrite_skip(struct sfu_rewrite *rw, int64_t in_seq)
{
    /* a late one already has its gap, which cannot be closed any more */
    if (!rw->started || in_seq <= rw->in_highest)
        return;
    rw->in_highest = in_seq;
    (void)sfu_window_mark(&rw->skipped, in_seq);
    rw->skipped_count++;
}

uint32_t sfu_rewrite_ts(struct sfu_rewrite *rw, uint32_t in_ts, uint64_t now_us)
{
    uint32_t ts = in_ts + rw->ts_offset;
    if (rtp_ts_newer(ts, rw->ts_highest)) {
        rw->ts_highest = ts;
        rw->ts_highest_us = now_us;
    }
    return ts;
}

uint16_t sfu_rewrite_frame(const struct sfu_rewrite *rw, uint16_t in_frame)
{
    return (uint16_t)(in_frame + rw->frame_offset);
}

/* The mandatory fields stand at fixed places: start, end, template id; frame number (A.8.2). */
static void change_mandatory(const struct sfu_rewrite *rw, const uint8_t *data, size_t len, uint8_t *out)
{
    memcpy(out, data, len);
    out[0] = (uint8_t)((data[0] & ~TEMPLATE_ID_MASK) | ((data[0] + rw->template_shift) & TEMPLATE_ID_MASK));
    uint16_t frame = sfu_rewrite_frame(rw, (uint16_t)(data[1] << 8 | data[2]));
    out[1] = (uint8_t)(frame >> 8);
    out[2] = (uint8_t)frame;
}

bool sfu_rewrite_dd(struct sfu_rewrite *rw, const uint8_t *data, size_t len, const struct dd_structure *structure,
                    uint32_t targets, uint8_t *out, size_t cap, size_t *out_len)
{
    if (len < DD_MANDATORY_LEN || len > cap)
        return false;
    uint16_t frame = sfu_rewrite_frame(rw, (uint16_t)(data[1] << 8 | data[2]));
    if (structure) {
        struct dd_change change = {
            .frame_offset = rw->frame_offset,
            .template_offset = rw->template_shift,
            .replace_active_targets = targets != 0,
            .active_targets = targets,
        };
        if (dd_rewrite(data, len, structure, &change, out, cap, out_len) != RTP_OK)
            return false;
    } else {
        change_mandatory(rw, data, len, out);
        *out_len = len;
    }
    if (rtp_seq_newer(frame, rw->frame_highest))
        rw->frame_highest = frame;
    return true;
}
