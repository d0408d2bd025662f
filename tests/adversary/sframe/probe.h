/* Counts what a piece of code asks of the C library, and makes allocations fail: this program's malloc family, locks
 * and copies stand in front of libc's for every library in the process. Not for sanitizer builds, which do that
 * themselves; there probe_present() is false and every count is 0. One thread at a time. */
#ifndef TESTS_PROBE_H
#define TESTS_PROBE_H

#include <stdbool.h>
#include <stddef.h>

struct probe_counts {
    size_t allocations;  /* malloc, calloc, realloc, aligned_alloc, posix_memalign */
    size_t locks;        /* mutexes and reader-writer locks taken */
    size_t largest_copy; /* bytes of the largest memcpy or memmove */
};

bool probe_present(void);
/* Counts from 0 between the two. */
void probe_start(void);
struct probe_counts probe_stop(void);
/* Blocks allocated and not freed. */
size_t probe_live(void);
/* From now on, the n-th allocation (from 0) fails, and with `on` every later one too; n = SIZE_MAX: none. */
void probe_fail(size_t n, bool on);
/* Whether one has failed since. */
bool probe_failed(void);

#endif
