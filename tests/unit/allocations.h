/* What a test's program allocates, and what it is refused: malloc, calloc and realloc are interposed at link time, by
 * unit_counts_allocations() in CMake. */
#ifndef TESTS_ALLOCATIONS_H
#define TESTS_ALLOCATIONS_H

#include <stddef.h>

struct allocations {
    size_t count;
    size_t bytes;   /* asked for, given back or not */
    size_t fail_at; /* the allocation, counted from 1, that fails; 0: none */
};

/* Set it to zeros to count anew. */
extern struct allocations allocations;

#endif
