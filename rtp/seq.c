#include "rtp/seq.h"

int16_t rtp_seq_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

bool rtp_seq_newer(uint16_t a, uint16_t b)
{
    return rtp_seq_diff(a, b) > 0;
}

int32_t rtp_ts_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

bool rtp_ts_newer(uint32_t a, uint32_t b)
{
    return rtp_ts_diff(a, b) > 0;
}

int64_t rtp_seq_peek(const struct rtp_seq_unwrapper *u, uint16_t seq)
{
    return u->started ? u->highest + rtp_seq_diff(seq, (uint16_t)(uint64_t)u->highest) : seq;
}

int64_t rtp_seq_unwrap(struct rtp_seq_unwrapper *u, uint16_t seq)
{
    int64_t extended = rtp_seq_peek(u, seq);
    if (!u->started || extended > u->highest)
        *u = (struct rtp_seq_unwrapper){.started = true, .highest = extended};
    return extended;
}

int64_t rtp_ts_peek(const struct rtp_ts_unwrapper *u, uint32_t ts)
{
    return u->started ? u->highest + rtp_ts_diff(ts, (uint32_t)(uint64_t)u->highest) : ts;
}

int64_t rtp_ts_unwrap(struct rtp_ts_unwrapper *u, uint32_t ts)
{
    int64_t extended = rtp_ts_peek(u, ts);
    if (!u->started || extended > u->highest)
        *u = (struct rtp_ts_unwrapper){.started = true, .highest = extended};
    return extended;
}
