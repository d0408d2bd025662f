/* Heap in use by this program's own objects (what shared libraries allocate is not seen), for benchmarks that are
 * linked with heap.c and the linker's --wrap of malloc, calloc, realloc and free. Not thread-safe. */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stddef.h>

/* Bytes allocated now, as the allocator rounded them. */
size_t heap_held(void);
/* The most that was held since the last call; the peak then starts anew from what is held now. */
size_t heap_peak_reset(void);

#endif
