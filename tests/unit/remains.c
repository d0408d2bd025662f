#include "remains.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SOTTO_SANITIZED)

bool remains_present(void)
{
    return false;
}

void remains_note(const char *name, const uint8_t *secret)
{
    (void)name;
    (void)secret;
}

void remains_publish(const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
}

void remains_run(void (*operation)(void *ctx), void *ctx)
{
    operation(ctx);
}

size_t remains_found(unsigned places)
{
    (void)places;
    return 0;
}

bool remains_has(const uint8_t *secret, unsigned places)
{
    (void)secret;
    (void)places;
    return false;
}

void remains_end(void)
{
}

#else

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum {
    BLOCKS = 1 << 18,
    NOTES = 1 << 16,
    TABLE = 1 << 18,
    STACK_LEN = 1 << 20,
    MASK = 0xa5,
    REPORTED = 5,
    NAME_LEN = 32
};

/* --- Blocks --- */

static struct block {
    uint8_t *data; /* NULL: an empty place */
    size_t len;
    bool freed;
} blocks[BLOCKS];
static size_t block_count;
static bool keeps;

/* glibc's own names for its allocator */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_memalign(size_t align, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static void die(const char *what)
{
    fprintf(stderr, "remains: %s\n", what);
    abort();
}

static void *made(void *data)
{
    if (!data || !keeps)
        return data;
    if (block_count == BLOCKS)
        die("too many blocks");
    blocks[block_count++] = (struct block){data, malloc_usable_size(data), false};
    return data;
}

static struct block *find_block(const void *data)
{
    for (size_t i = block_count; i-- > 0;)
        if (blocks[i].data == data && !blocks[i].freed)
            return &blocks[i];
    return NULL;
}

/* seen by the libraries */
#pragma GCC visibility push(default)

void *malloc(size_t size)
{
    return made(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return made(__libc_calloc(count, size));
}

void *memalign(size_t align, size_t size)
{
    return made(__libc_memalign(align, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return made(__libc_memalign(align, size));
}

int posix_memalign(void **block, size_t align, size_t size)
{
    void *got = made(__libc_memalign(align, size));
    if (!got)
        return ENOMEM;
    *block = got;
    return 0;
}

void free(void *data)
{
    struct block *block = data ? find_block(data) : NULL;
    if (block)
        block->freed = true;
    else
        __libc_free(data);
}

void *realloc(void *data, size_t size)
{
    struct block *block = data ? find_block(data) : NULL;
    if (!block && data)
        return __libc_realloc(data, size);
    void *moved = malloc(size);
    if (!moved || !data)
        return moved;
    /* made() may have moved on, the block stays in its place */
    memcpy(moved, data, block->len < size ? block->len : size);
    block->freed = true;
    return moved;
}

#pragma GCC visibility pop

/* --- Notes, masked so that they are not found themselves --- */

static struct note {
    char name[NAME_LEN];
    uint8_t masked[REMAINS_LEN];
    bool is_public;
    unsigned found;
} notes[NOTES];
static size_t note_count;
static uint32_t table[TABLE]; /* of notes, by their first eight bytes; 0: empty, else 1 + the note's place */

static uint64_t first_of(const uint8_t *data)
{
    uint64_t first;
    memcpy(&first, data, sizeof first);
    return first;
}

static size_t home(uint64_t first)
{
    return (size_t)(first * UINT64_C(0x9e3779b97f4a7c15) >> 46) % TABLE;
}

static bool matches(const struct note *note, const uint8_t *data)
{
    for (size_t i = 0; i < REMAINS_LEN; i++)
        if ((note->masked[i] ^ MASK) != data[i])
            return false;
    return true;
}

static struct note *find_note(const uint8_t *data)
{
    for (size_t at = home(first_of(data)); table[at]; at = (at + 1) % TABLE)
        if (matches(&notes[table[at] - 1], data))
            return &notes[table[at] - 1];
    return NULL;
}

bool remains_present(void)
{
    keeps = true;
    return true;
}

void remains_note(const char *name, const uint8_t *secret)
{
    size_t at = home(first_of(secret));
    if (find_note(secret))
        return;
    if (note_count == NOTES)
        die("too many secrets");
    struct note *note = &notes[note_count++];
    snprintf(note->name, sizeof note->name, "%s", name);
    for (size_t i = 0; i < REMAINS_LEN; i++)
        note->masked[i] = secret[i] ^ MASK;
    while (table[at])
        at = (at + 1) % TABLE;
    table[at] = (uint32_t)note_count;
}

void remains_publish(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + REMAINS_LEN <= len; i++) {
        struct note *note = find_note(data + i);
        if (note)
            note->is_public = true;
    }
}

/* --- The stack --- */

static _Alignas(64) uint8_t stack[STACK_LEN];
static ucontext_t back;
static ucontext_t there;
static struct {
    void (*operation)(void *ctx);
    void *ctx;
} job;

static void run_job(void)
{
    job.operation(job.ctx);
}

void remains_run(void (*operation)(void *ctx), void *ctx)
{
    memset(stack, 0, sizeof stack);
    job.operation = operation;
    job.ctx = ctx;
    if (getcontext(&there) != 0)
        die("no context");
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    there.uc_link = &back;
    makecontext(&there, run_job, 0);
    if (swapcontext(&back, &there) != 0)
        die("no stack");
}

/* --- The search --- */

static void search(const uint8_t *data, size_t len, enum remains_place place)
{
    for (size_t i = 0; i + REMAINS_LEN <= len; i++) {
        struct note *note = find_note(data + i);
        if (note)
            note->found |= place;
    }
}

static void search_all(unsigned places)
{
    for (size_t i = 0; i < note_count; i++)
        notes[i].found = 0;
    for (size_t i = 0; i < block_count; i++) {
        const enum remains_place place = blocks[i].freed ? REMAINS_FREED : REMAINS_LIVE;
        if (blocks[i].data && places & place)
            search(blocks[i].data, blocks[i].len, place);
    }
    if (places & REMAINS_STACK)
        search(stack, sizeof stack, REMAINS_STACK);
}

size_t remains_found(unsigned places)
{
    size_t found = 0;
    search_all(places);
    for (size_t i = 0; i < note_count; i++) {
        const struct note *note = &notes[i];
        if (!note->found || note->is_public)
            continue;
        if (found++ < REPORTED)
            fprintf(stderr, "remains: %s, number %zu, in%s%s%s\n", note->name, i,
                    note->found & REMAINS_FREED ? " freed memory" : "", note->found & REMAINS_STACK ? " the stack" : "",
                    note->found & REMAINS_LIVE ? " a live block" : "");
    }
    return found;
}

bool remains_has(const uint8_t *secret, unsigned places)
{
    remains_note("asked for", secret);
    search_all(places);
    return find_note(secret)->found != 0;
}

void remains_end(void)
{
    keeps = false;
    for (size_t i = 0; i < block_count; i++)
        if (blocks[i].freed)
            __libc_free(blocks[i].data);
    block_count = 0;
    note_count = 0;
    memset(table, 0, sizeof table);
    memset(stack, 0, sizeof stack);
}

#endif
