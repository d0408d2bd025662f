#include "window.h"

#include <string.h>

static uint64_t *word(struct sfu_window *w, int64_t n)
{
    return &w->bits[(uint64_t)n % SFU_WINDOW_LEN / 64];
}

static uint64_t bit(int64_t n)
{
    return UINT64_C(1) << (uint64_t)n % 64;
}

void sfu_window_advance(struct sfu_window *w, int64_t n)
{
    if (!w->started || n - w->highest >= SFU_WINDOW_LEN) {
        memset(w->bits, 0, sizeof w->bits);
    } else {
        for (int64_t i = w->highest + 1; i <= n; i++)
            *word(w, i) &= ~bit(i);
    }
    if (!w->started || n > w->highest)
        w->highest = n;
    w->started = true;
}

bool sfu_window_mark(struct sfu_window *w, int64_t n)
{
    if (!w->started || n > w->highest)
        sfu_window_advance(w, n);
    if (w->highest - n >= SFU_WINDOW_LEN || (*word(w, n) & bit(n)))
        return false;
    *word(w, n) |= bit(n);
    return true;
}

bool sfu_window_has(const struct sfu_window *w, int64_t n)
{
    if (!w->started || n > w->highest || w->highest - n >= SFU_WINDOW_LEN)
        return false;
    return (w->bits[(uint64_t)n % SFU_WINDOW_LEN / 64] & bit(n)) != 0;
}

uint32_t sfu_window_count_above(const struct sfu_window *w, int64_t n)
{
    uint32_t count = 0;
    if (!w->started)
        return 0;
    int64_t from = w->highest - n >= SFU_WINDOW_LEN ? w->highest - SFU_WINDOW_LEN + 1 : n + 1;
    for (int64_t i = from; i <= w->highest; i++)
        count += sfu_window_has(w, i);
    return count;
}
