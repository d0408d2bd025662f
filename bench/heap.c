#include "heap.h"

#include <malloc.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static size_t held;
static size_t peak;

static void *count_in(void *made)
{
    held += malloc_usable_size(made);
    if (held > peak)
        peak = held;
    return made;
}

static void count_out(size_t size)
{
    held -= size < held ? size : held;
}

void *__wrap_malloc(size_t size)
{
    return count_in(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return count_in(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    const size_t before = malloc_usable_size(old);
    void *made = __real_realloc(old, size);
    if (made) {
        count_out(before);
        count_in(made);
    }
    return made;
}

void __wrap_free(void *old)
{
    count_out(malloc_usable_size(old));
    __real_free(old);
}

size_t heap_held(void)
{
    return held;
}

size_t heap_peak_reset(void)
{
    const size_t was = peak;
    peak = held;
    return was;
}
