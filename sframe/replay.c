#include "replay.h"

#include <string.h>

enum { WORD_BITS = 64, MS_PER_S = 1000 };

_Static_assert((SFRAME_WINDOW_AUDIO & (SFRAME_WINDOW_AUDIO - 1)) == 0 &&
                   (SFRAME_WINDOW_VIDEO & (SFRAME_WINDOW_VIDEO - 1)) == 0,
               "a counter's place in a window is a mask away");

void sframe_replay_init(struct sframe_replay *replay, uint32_t size, uint32_t rate, bool late_start)
{
    memset(replay, 0, sizeof *replay);
    replay->size = size;
    replay->rate = rate;
    replay->low_open = late_start;
}

void sframe_replay_resume(struct sframe_replay *replay, uint64_t top, uint64_t top_ms)
{
    replay->high = (struct sframe_window){.used = true, .top = top, .top_ms = top_ms, .written = top};
    memset(replay->high.bits, 0xff, sizeof replay->high.bits);
}

static uint64_t place(const struct sframe_replay *replay, uint64_t ctr)
{
    return ctr & (replay->size - 1);
}

/* Of a counter in the window. */
static bool seen(const struct sframe_replay *replay, const struct sframe_window *window, uint64_t ctr)
{
    uint64_t bit = place(replay, ctr);
    return ctr > window->written || (window->bits[bit / WORD_BITS] >> bit % WORD_BITS & 1);
}

static bool below(const struct sframe_replay *replay, const struct sframe_window *window, uint64_t ctr)
{
    return ctr < window->top && window->top - ctr >= replay->size;
}

/* A jump of up to the slack is loss. More must have had the time: a counter cannot run faster than a sender makes
 * frames. */
static bool too_far(const struct sframe_replay *replay, const struct sframe_window *window, uint64_t ctr,
                    uint64_t now_ms)
{
    uint64_t elapsed = now_ms > window->top_ms ? now_ms - window->top_ms : 0;
    uint64_t slack = sframe_replay_slack(replay);
    uint64_t earned =
        elapsed > UINT64_MAX / MS_PER_S / replay->rate ? UINT64_MAX - slack : elapsed * replay->rate / MS_PER_S;
    return ctr > window->top && ctr - window->top > slack + earned;
}

static int check_window(const struct sframe_replay *replay, const struct sframe_window *window, uint64_t ctr,
                        uint64_t now_ms)
{
    if (ctr > window->top)
        return too_far(replay, window, ctr, now_ms) ? SFRAME_JUMP : SFRAME_OK;
    return below(replay, window, ctr) || seen(replay, window, ctr) ? SFRAME_REPLAY : SFRAME_OK;
}

/* True if the low window is responsible for this counter. */
static bool is_low(const struct sframe_replay *replay, uint64_t ctr)
{
    return below(replay, &replay->high, ctr) && replay->low_limit > 0 && ctr <= replay->low_limit &&
           (replay->low.used || replay->low_open);
}

int sframe_replay_check_any(const struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms)
{
    if (!replay->high.used)
        return SFRAME_OK;
    if (!is_low(replay, ctr))
        return check_window(replay, &replay->high, ctr, now_ms);
    return replay->low.used ? check_window(replay, &replay->low, ctr, now_ms) : SFRAME_OK;
}

static void start(struct sframe_window *window, uint64_t ctr, uint64_t now_ms)
{
    *window = (struct sframe_window){.used = true, .top = ctr, .top_ms = now_ms, .written = ctr};
}

static void set(const struct sframe_replay *replay, struct sframe_window *window, uint64_t ctr)
{
    uint64_t bit = place(replay, ctr);
    window->bits[bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
}

static void write_down(const struct sframe_replay *replay, struct sframe_window *window)
{
    if (window->top - window->written >= replay->size) {
        memset(window->bits, 0xff, sizeof window->bits);
        window->written = window->top;
    }
    while (window->written < window->top)
        set(replay, window, ++window->written);
}

static void mark(const struct sframe_replay *replay, struct sframe_window *window, uint64_t ctr, uint64_t now_ms)
{
    write_down(replay, window);
    if (ctr > window->top) {
        if (ctr - window->top >= replay->size)
            memset(window->bits, 0, sizeof window->bits);
        else
            for (uint64_t skipped = window->top + 1; skipped < ctr; skipped++)
                window->bits[place(replay, skipped) / WORD_BITS] &= ~(UINT64_C(1) << skipped % WORD_BITS);
        window->top = ctr;
        window->top_ms = now_ms;
        window->written = ctr;
    }
    set(replay, window, ctr);
}

void sframe_replay_commit_any(struct sframe_replay *replay, uint64_t ctr, uint64_t now_ms)
{
    if (replay->high.used && is_low(replay, ctr)) {
        if (!replay->low.used)
            start(&replay->low, ctr, now_ms);
        mark(replay, &replay->low, ctr, now_ms);
        return;
    }
    bool far = replay->high.used && ctr > replay->high.top && ctr - replay->high.top >= replay->size;
    if (far)
        replay->low = replay->high;
    if (far || !replay->high.used) {
        start(&replay->high, ctr, now_ms);
        /* what lies below this window when it begins has never been covered by it */
        replay->low_limit = ctr >= replay->size ? ctr - replay->size : 0;
    }
    mark(replay, &replay->high, ctr, now_ms);
}
