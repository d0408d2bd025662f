/* Cuts one block of the caller's memory into parts. The same code run with no memory adds up the size, so that a size
 * function and an init function cannot disagree. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct core_arena {
    unsigned char *memory; /* aligned as by malloc; NULL to only measure */
    size_t cap;
    size_t used;
    bool failed; /* memory was too small, or a size overflowed */
};

/* The next count * size bytes, aligned as by malloc and zeroed; NULL when measuring or after a failure. */
void *core_arena_take(struct core_arena *arena, size_t count, size_t size);

/* The same at a multiple of align, a power of two and at least malloc's. Takes align bytes more. */
void *core_arena_take_aligned(struct core_arena *arena, size_t count, size_t size, size_t align);

#endif
