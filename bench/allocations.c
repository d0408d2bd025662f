#include "allocations.h"

#include <stdlib.h>

static uint64_t count;

uint64_t allocations_count(void)
{
    return count;
}

#ifdef SOTTO_SANITIZED
bool allocations_counted(void)
{
    return false;
}
#else
bool allocations_counted(void)
{
    return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t members, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t align, size_t size);

void *malloc(size_t size)
{
    count++;
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
    count++;
    return __libc_calloc(members, size);
}

void *realloc(void *block, size_t size)
{
    count++;
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    count++;
    return __libc_memalign(align, size);
}
#endif
