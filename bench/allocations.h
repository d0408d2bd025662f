/* Allocations of the whole process, its libraries' too: this program's malloc family stands before libc's. */
#ifndef BENCH_ALLOCATIONS_H
#define BENCH_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* So far. Not for several threads. */
uint64_t allocations_count(void);
/* False under sanitizers, which have a malloc of their own. */
bool allocations_counted(void);

#endif
