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
    uint64_t last_ms;                  /* arrival of the newest accepted frame */
    uint64_t turn_ms;                  /* when the older half minute began to be forgotten */
    uint32_t least;                    /* least delay since turn_ms, modulo 2^32 */
    uint32_t least_before;             /* of the half minute before that */
    uint32_t newest[SFRAME_KINDS + 1]; /* capture time, by kind; the last for streams of no known kind */
    uint8_t kinds;                     /* bit set: newest[kind] stands */
};

/* Takes in an authentic frame: SFRAME_OK, or SFRAME_LATE, SFRAME_TIME_BACK, SFRAME_JUMP for a capture time further
 * ahead than time has gone on, which change nothing. */
int sframe_timeline_take(struct sframe_timeline *timeline, unsigned kind, uint32_t capture_ms, uint64_t now_ms,
                         uint32_t max_delay_ms, uint32_t jitter_ms);

#endif
