/* Which of the last 1024 numbers of a stream were marked: finds duplicates and counts what was left out.
 * Numbers are extended (rtp/seq.h), so nothing wraps here. Zero-initialise. */
#ifndef SFU_WINDOW_H
#define SFU_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum { SFU_WINDOW_LEN = 1024 };

struct sfu_window {
    bool started;
    int64_t highest; /* meaningful when started */
    uint64_t bits[SFU_WINDOW_LEN / 64];
};

/* Moves the window's head to n, unmarked; nothing happens if n is not above the head. */
void sfu_window_advance(struct sfu_window *w, int64_t n);
/* Marks n. False if it is marked already or has left the window. */
bool sfu_window_mark(struct sfu_window *w, int64_t n);
/* True if n is marked. */
bool sfu_window_has(const struct sfu_window *w, int64_t n);
/* How many numbers above n are marked. */
uint32_t sfu_window_count_above(const struct sfu_window *w, int64_t n);

#endif
