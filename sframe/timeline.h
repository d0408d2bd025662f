/* The capture times of one sender: bounds a frame's age, and keeps time from running back.
 *
 * The sender's clock is known only by its frames: the least (arrival - capture) of the last minute stands for no delay.
 * All kinds of a sender share its clock. */
#ifndef SFRAME_TIMELINE_H
#define SFRAME_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "sotto/sframe.h"

struct sframe_timeline {
    bool known;                        /* an estimate stands */
    uint8_t frames;                    /* accepted since then, up to a few */
    uint8_t kinds;                     /* bit set: newest[kind] stands */
    uint64_t last_ms;                  /* arrival of the newest accepted frame */
    uint64_t turn_ms;                  /* when the older half minute began to be forgotten */
    uint32_t least;                    /* least delay since turn_ms, modulo 2^32 */
    uint32_t least_before;             /* of the half minute before that */
    uint32_t newest[SFRAME_KINDS + 1]; /* capture time, by kind; the last for streams of no known kind */
};

enum {
    SFRAME_TIMELINE_HALF_MS = 30000, /* the estimate remembers the current and the previous half minute */
    SFRAME_TIMELINE_SETTLING = 3,    /* frames until the estimate is held against a sender */
};

/* sframe_timeline_take of any frame. */
int sframe_timeline_take_any(struct sframe_timeline *timeline, unsigned kind, uint32_t capture_ms, uint64_t now_ms,
                             uint32_t max_delay_ms, uint32_t jitter_ms);

/* Takes in an authentic frame: SFRAME_OK, or SFRAME_LATE, SFRAME_TIME_BACK, SFRAME_JUMP for a capture time further
 * ahead than time has gone on, which change nothing. */
static inline int sframe_timeline_take(struct sframe_timeline *timeline, unsigned kind, uint32_t capture_ms,
                                       uint64_t now_ms, uint32_t max_delay_ms, uint32_t jitter_ms)
{
    const uint32_t delay = (uint32_t)now_ms - capture_ms;
    /* as most are: nothing but the newest times changes */
    const bool settled = timeline->frames >= SFRAME_TIMELINE_SETTLING && now_ms >= timeline->last_ms &&
                         now_ms - timeline->turn_ms < SFRAME_TIMELINE_HALF_MS;
    if (settled && delay - timeline->least <= max_delay_ms && delay - timeline->least_before <= max_delay_ms &&
        timeline->kinds >> kind & 1 && (int32_t)(capture_ms - timeline->newest[kind]) >= 0) {
        timeline->last_ms = now_ms;
        timeline->newest[kind] = capture_ms;
        return SFRAME_OK;
    }
    return sframe_timeline_take_any(timeline, kind, capture_ms, now_ms, max_delay_ms, jitter_ms);
}

#endif
