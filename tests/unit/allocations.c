#include "allocations.h"

#include <stdbool.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

struct allocations allocations;

static bool refused(size_t size)
{
    allocations.bytes += size;
    return ++allocations.count == allocations.fail_at;
}

void *__wrap_malloc(size_t size)
{
    return refused(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused(count * size) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refused(size) ? NULL : __real_realloc(memory, size);
}
