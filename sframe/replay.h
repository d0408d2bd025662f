/* The replay windows of one stream.
 *
 * The counters a stream has used are covered by a high window, which follows the newest frame, and where the counter
 * once jumped further than a window by a low one, which goes on from before the jump: a single forged far counter (any
 * member can make one) must not lock out the frames that continue from the old one. Windows never forget a counter
 * without refusing everything that they do not cover any more. */
#ifndef SFRAME_REPLAY_H
#define SFRAME_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "sotto/sframe.h"

enum {
    SFRAME_WINDOW_AUDIO = 128,
    SFRAME_WINDOW_VIDEO = 1024,
    SFRAME_WINDOW_WORDS = SFRAME_WINDOW_VIDEO / 64,
};

struct sframe_window {
    uint64_t top;     /* the highest counter seen */
    uint64_t top_ms;  /* when */
    uint64_t written; /* the highest one that bits knows of: of those after it, up to top, none is missing */
    bool used;
    uint64_t bits[SFRAME_WINDOW_WORDS]; /* ring: counter modulo the size */
};

struct sframe_replay {
    uint32_t size; /* SFRAME_WINDOW_*: a power of two */
    uint32_t rate; /* frames per second that a jump may claim for the time elapsed */
    struct sframe_window high;
    struct sframe_window low;
    uint64_t low_limit; /* counters up to this one belong to the low window; 0: none do */
    bool low_open;      /* and the low window has not begun: the first of them starts it */
};

/* rate: as above. late_start: counters before the first frame's window are accepted (the frame's age is bounded by
 * other means). */
void sframe_replay_init(struct sframe_replay *replay, uint32_t size, uint32_t rate, bool late_start);
/* A window that begins as one left off: everything up to top, seen at top_ms, counts as seen. After sframe_replay_init.
 */
void sframe_replay_resume(struct sframe_replay *replay, uint64_t top, uint64_t top_ms);
/* sframe_replay_check and sframe_replay_commit of any counter. */
int sframe_replay_check_any(const struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms);
void sframe_replay_commit_any(struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms);

/* How far a counter may jump whatever the time: three quarters of a window, so that after a forged jump the sender's
 * next frames still fall in the window. */
static inline uint64_t sframe_replay_slack(const struct sframe_replay *replay)
{
    return replay->size - replay->size / 4;
}

/* Whether a frame of this counter may be opened: SFRAME_OK, SFRAME_REPLAY or SFRAME_JUMP. Changes nothing. */
static inline int sframe_replay_check(const struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms)
{
    const struct sframe_window *high = &replay->high;
    if (high->used && ctr > high->top && ctr - high->top <= sframe_replay_slack(replay)) /* as most are */
        return SFRAME_OK;
    return sframe_replay_check_any(replay, ctr, now_ms);
}

/* sframe_replay_commit of the counter after the highest one: of a run without a gap only its end is written down. */
static inline void sframe_replay_commit_next(struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms)
{
    replay->high.top = ctr;
    replay->high.top_ms = now_ms;
}

/* Marks a counter that passed the check, once its frame is authentic. */
static inline void sframe_replay_commit(struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms)
{
    const struct sframe_window *high = &replay->high;
    if (high->used && ctr > high->top && ctr - high->top == 1) /* as most are */
        sframe_replay_commit_next(replay, ctr, now_ms);
    else
        sframe_replay_commit_any(replay, ctr, now_ms);
}

#endif
