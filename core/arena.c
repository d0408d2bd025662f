#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

void *core_arena_take(struct core_arena *arena, size_t count, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (arena->failed || (size > 0 && count > (SIZE_MAX / 2 - align - arena->used) / size)) {
        arena->failed = true;
        return NULL;
    }
    size_t start = arena->used;
    size_t len = (count * size + align - 1) / align * align;
    if (arena->memory && len > arena->cap - start) {
        arena->failed = true;
        return NULL;
    }
    arena->used = start + len;
    if (!arena->memory)
        return NULL;
    memset(arena->memory + start, 0, len);
    return arena->memory + start;
}

void *core_arena_take_aligned(struct core_arena *arena, size_t count, size_t size, size_t align)
{
    unsigned char *before = core_arena_take(arena, 1, align);
    unsigned char *parts = core_arena_take(arena, count, size);
    return before && parts ? parts - ((uintptr_t)parts & (align - 1)) : NULL;
}
