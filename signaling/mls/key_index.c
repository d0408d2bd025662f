#include "key_index.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

enum { CAP_FIRST = 16 };
#define EMPTY UINT32_MAX

/* Two 64-bit words into one, each bit of the result depending on all bits of both. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    const wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t tag_of(const struct key_index *index, enum key_kind kind, struct core_slice key)
{
    uint64_t hash = index->seed[0] ^ ((uint64_t)key.len << 1 | kind);
    for (size_t i = 0; i < key.len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, key.data + i, key.len - i < 8 ? key.len - i : 8);
        hash = fold(hash ^ word, index->seed[1]);
    }
    return (uint32_t)(hash ^ hash >> 32);
}

bool key_index_seed(struct key_index *index)
{
    if (!core_random((uint8_t *)index->seed, sizeof index->seed))
        return false;
    index->seed[1] |= 1; /* not zero */
    return true;
}

void key_index_free(struct key_index *index)
{
    free(index->slots);
    *index = (struct key_index){0};
}

static void place(struct key_index *index, struct key_slot slot)
{
    size_t at = slot.tag & (index->cap - 1);
    while (index->slots[at].id != EMPTY)
        at = (at + 1) & (index->cap - 1);
    index->slots[at] = slot;
}

bool key_index_reserve(struct key_index *index, size_t more)
{
    size_t cap = index->cap ? index->cap : CAP_FIRST;
    while (cap - cap / 4 <= index->count + more) /* never over three quarters full */
        cap *= 2;
    if (cap == index->cap)
        return true;
    struct key_index grown = *index;
    grown.slots = malloc(cap * sizeof *grown.slots);
    if (!grown.slots)
        return false;
    grown.cap = cap;
    memset(grown.slots, 0xff, cap * sizeof *grown.slots);
    for (size_t i = 0; i < index->cap; i++)
        if (index->slots[i].id != EMPTY)
            place(&grown, index->slots[i]);
    free(index->slots);
    *index = grown;
    return true;
}

void key_index_insert(struct key_index *index, uint32_t node, enum key_kind kind, struct core_slice key)
{
    place(index, (struct key_slot){tag_of(index, kind, key), node << 1 | kind});
    index->count++;
}

void key_index_remove(struct key_index *index, uint32_t node, enum key_kind kind, struct core_slice key)
{
    if (index->cap == 0)
        return;
    const size_t mask = index->cap - 1;
    size_t hole = tag_of(index, kind, key) & mask;
    while (index->slots[hole].id != EMPTY && index->slots[hole].id != (node << 1 | kind))
        hole = (hole + 1) & mask;
    if (index->slots[hole].id == EMPTY)
        return;
    /* what follows moves up unless it would then stand before its place */
    for (size_t at = (hole + 1) & mask; index->slots[at].id != EMPTY; at = (at + 1) & mask) {
        const size_t home = index->slots[at].tag & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole].id = EMPTY;
    index->count--;
}

bool key_index_find(const struct key_index *index, enum key_kind kind, struct core_slice key, key_match_fn match,
                    const void *ctx, uint32_t *node)
{
    if (index->cap == 0)
        return false;
    const uint32_t tag = tag_of(index, kind, key);
    for (size_t at = tag & (index->cap - 1); index->slots[at].id != EMPTY; at = (at + 1) & (index->cap - 1)) {
        const struct key_slot slot = index->slots[at];
        if (slot.tag == tag && (slot.id & 1) == kind && match(ctx, slot.id >> 1, kind, key)) {
            *node = slot.id >> 1;
            return true;
        }
    }
    return false;
}
