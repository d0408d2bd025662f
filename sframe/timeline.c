#include "timeline.h"

enum {
    HALF_MS = SFRAME_TIMELINE_HALF_MS,
    FORGET_MS = 2 * HALF_MS, /* after this much silence it starts anew */
    CATCH_UP = 2,            /* a sender may gain half of the time it was silent */
    SETTLING = SFRAME_TIMELINE_SETTLING,
    KINDS = SFRAME_KINDS + 1, /* with the unknown one */
};

_Static_assert(KINDS <= 8, "kinds fit the bit set");

/* Differences of times modulo 2^32; with a bound of 2^31 ms (24 days) they are signed. */
static int64_t difference(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static uint64_t since(uint64_t then_ms, uint64_t now_ms)
{
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

static bool stands(const struct sframe_timeline *timeline, uint64_t now_ms)
{
    return timeline->known && since(timeline->last_ms, now_ms) < FORGET_MS;
}

static uint32_t least(const struct sframe_timeline *timeline)
{
    return difference(timeline->least, timeline->least_before) < 0 ? timeline->least : timeline->least_before;
}

/* Changes nothing. */
static inline int check(const struct sframe_timeline *timeline, unsigned kind, uint32_t capture_ms, uint64_t now_ms,
                        uint32_t max_delay_ms, uint32_t jitter_ms)
{
    if (!stands(timeline, now_ms))
        return SFRAME_OK;
    int64_t delay = difference((uint32_t)now_ms - capture_ms, least(timeline));
    if (delay > (int64_t)max_delay_ms)
        return SFRAME_LATE;
    /* One forged far capture time must not make every genuine frame look late: it may take no more of the bound than
     * leaves genuine frames their jitter. But a sender's first frame has often waited for its transport, the second
     * not. */
    int64_t room = max_delay_ms > 2 * (int64_t)jitter_ms ? (int64_t)max_delay_ms - jitter_ms : jitter_ms;
    if (timeline->frames >= SETTLING && -delay > room + (int64_t)(since(timeline->last_ms, now_ms) / CATCH_UP))
        return SFRAME_JUMP;
    if (timeline->kinds >> kind & 1 && difference(capture_ms, timeline->newest[kind]) < -(int64_t)jitter_ms)
        return SFRAME_TIME_BACK;
    return SFRAME_OK;
}

static inline void commit(struct sframe_timeline *timeline, unsigned kind, uint32_t capture_ms, uint64_t now_ms)
{
    uint32_t delay = (uint32_t)now_ms - capture_ms;
    if (!stands(timeline, now_ms))
        *timeline = (struct sframe_timeline){
            .known = true, .last_ms = now_ms, .turn_ms = now_ms, .least = delay, .least_before = delay};
    if (since(timeline->turn_ms, now_ms) >= HALF_MS) {
        timeline->least_before = timeline->least;
        timeline->least = delay;
        timeline->turn_ms = now_ms;
    }
    if (difference(delay, timeline->least) < 0)
        timeline->least = delay;
    if (now_ms > timeline->last_ms)
        timeline->last_ms = now_ms;
    if (timeline->frames < SETTLING)
        timeline->frames++;
    if (!(timeline->kinds >> kind & 1) || difference(capture_ms, timeline->newest[kind]) > 0)
        timeline->newest[kind] = capture_ms;
    timeline->kinds |= (uint8_t)(1u << kind);
}

int sframe_timeline_take_any(struct sframe_timeline *timeline, unsigned kind, uint32_t capture_ms, uint64_t now_ms,
                             uint32_t max_delay_ms, uint32_t jitter_ms)
{
    int rc = check(timeline, kind, capture_ms, now_ms, max_delay_ms, jitter_ms);
    if (rc == SFRAME_OK)
        commit(timeline, kind, capture_ms, now_ms);
    return rc;
}
