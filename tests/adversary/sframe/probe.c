#undef _FORTIFY_SOURCE /* memcpy is defined below */
#include "probe.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SOTTO_SANITIZED)

bool probe_present(void)
{
    return false;
}

void probe_start(void)
{
}

struct probe_counts probe_stop(void)
{
    return (struct probe_counts){0};
}

size_t probe_live(void)
{
    return 0;
}

void probe_fail(size_t n, bool on)
{
    (void)n;
    (void)on;
}

bool probe_failed(void)
{
    return false;
}

#else

static struct probe_counts counts;
static bool counting;
static size_t live;
static size_t fail_at = SIZE_MAX;
static bool fail_on;
static bool failed;

bool probe_present(void)
{
    return true;
}

void probe_start(void)
{
    counts = (struct probe_counts){0};
    counting = true;
}

struct probe_counts probe_stop(void)
{
    counting = false;
    return counts;
}

size_t probe_live(void)
{
    return live;
}

void probe_fail(size_t n, bool on)
{
    fail_at = n;
    fail_on = on;
    failed = false;
}

bool probe_failed(void)
{
    return failed;
}

static bool allowed(void)
{
    counts.allocations += counting;
    if (fail_at == SIZE_MAX)
        return true;
    if (fail_at > 0) {
        fail_at--;
        return true;
    }
    if (!fail_on)
        fail_at = SIZE_MAX;
    failed = true;
    errno = ENOMEM;
    return false;
}

static void *made(void *block)
{
    live += block != NULL;
    return block;
}

/* seen by the libraries */
#pragma GCC visibility push(default)

/* glibc's own names for its allocator */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *block);

void *malloc(size_t size)
{
    return allowed() ? made(__libc_malloc(size)) : NULL;
}

void *calloc(size_t count, size_t size)
{
    return allowed() ? made(__libc_calloc(count, size)) : NULL;
}

void *realloc(void *block, size_t size)
{
    if (!allowed())
        return NULL;
    void *moved = __libc_realloc(block, size);
    live += !block && moved;
    live -= block && size == 0 && !moved;
    return moved;
}

void *memalign(size_t align, size_t size)
{
    return allowed() ? made(__libc_memalign(align, size)) : NULL;
}

void *aligned_alloc(size_t align, size_t size)
{
    return allowed() ? made(__libc_memalign(align, size)) : NULL;
}

int posix_memalign(void **block, size_t align, size_t size)
{
    void *got = allowed() ? made(__libc_memalign(align, size)) : NULL;
    if (!got)
        return ENOMEM;
    *block = got;
    return 0;
}

void free(void *block)
{
    live -= block != NULL;
    __libc_free(block);
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

#define LOCK(name, type)                                                                                               \
    int name(type *lock)                                                                                               \
    {                                                                                                                  \
        static int (*real)(type *);                                                                                    \
        if (!real)                                                                                                     \
            *(void **)(void *)&real = next(#name);                                                                     \
        counts.locks += counting;                                                                                      \
        return real(lock);                                                                                             \
    }
LOCK(pthread_mutex_lock, pthread_mutex_t)
LOCK(pthread_mutex_trylock, pthread_mutex_t)
LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)

static void copied(size_t len)
{
    if (counting && len > counts.largest_copy)
        counts.largest_copy = len;
}

/* An empty statement the compiler cannot see through: it would make a call to memcpy of the loop. */
#define NO_IDIOM() __asm__ volatile("" ::: "memory")

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    copied(len);
    for (size_t i = 0; i < len; i++) {
        t[i] = f[i];
        NO_IDIOM();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    copied(len);
    for (size_t done = 0; done < len; done++) {
        size_t i = t < f ? done : len - 1 - done;
        t[i] = f[i];
        NO_IDIOM();
    }
    return to;
}

void *__memcpy_chk(void *to, const void *from, size_t len, size_t cap);
void *__memcpy_chk(void *to, const void *from, size_t len, size_t cap)
{
    (void)cap;
    return memcpy(to, from, len);
}

void *__memmove_chk(void *to, const void *from, size_t len, size_t cap);
void *__memmove_chk(void *to, const void *from, size_t len, size_t cap)
{
    (void)cap;
    return memmove(to, from, len);
}

#pragma GCC visibility pop

#endif
