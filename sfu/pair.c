#include "pair.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/seq.h"

enum {
    BUCKETS = 8192, /* of the index: a room of 400 with 12 slots each has about 5000 pairs */
    KEY_LEN = offsetof(struct sfu_forward_stats, kind) + sizeof(enum sfu_kind),
};
_Static_assert(offsetof(struct sfu_forward_stats, kind) == 3 * SFU_ID_MAX, "the key has no padding");

static void push(struct sfu_pairs *pairs, struct sfu_pair *pair)
{
    pair->next = pairs->first;
    if (pair->next)
        pair->next->previous = pair;
    pairs->first = pair;
}

static void forget(struct sfu_pairs *pairs, struct sfu_pair *pair)
{
    if (pair->next)
        pair->next->previous = pair->previous;
    if (pair->previous)
        pair->previous->next = pair->next;
    else
        pairs->first = pair->next;
    sfu_index_remove(&pairs->index, &pair->node);
    free(pair);
}

static void idle_add(struct sfu_pairs *pairs, struct sfu_pair *pair)
{
    pair->previous_idle = pairs->last_idle;
    pair->next_idle = NULL;
    if (pairs->last_idle)
        pairs->last_idle->next_idle = pair;
    else
        pairs->first_idle = pair;
    pairs->last_idle = pair;
    pairs->idle++;
}

static void idle_remove(struct sfu_pairs *pairs, struct sfu_pair *pair)
{
    if (pair->next_idle)
        pair->next_idle->previous_idle = pair->previous_idle;
    else
        pairs->last_idle = pair->previous_idle;
    if (pair->previous_idle)
        pair->previous_idle->next_idle = pair->next_idle;
    else
        pairs->first_idle = pair->next_idle;
    pairs->idle--;
}

struct sfu_pair *sfu_pairs_get(struct sfu_pairs *pairs, const char *room, const char *publisher, const char *subscriber,
                               enum sfu_kind kind)
{
    struct sfu_forward_stats names = {.kind = kind}; /* zero behind the strings, so that bytes can be compared */
    snprintf(names.room, sizeof names.room, "%s", room);
    snprintf(names.publisher, sizeof names.publisher, "%s", publisher);
    snprintf(names.subscriber, sizeof names.subscriber, "%s", subscriber);
    if (!pairs->index.buckets && !sfu_index_init(&pairs->index, BUCKETS))
        return NULL;
    struct sfu_index_node *node = sfu_index_find(&pairs->index, &names, KEY_LEN);
    if (node) {
        struct sfu_pair *found = node->owner;
        if (found->users++ == 0)
            idle_remove(pairs, found);
        return found;
    }
    struct sfu_pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    pair->stats = names;
    pair->users = 1;
    push(pairs, pair);
    sfu_index_add(&pairs->index, &pair->node, &pair->stats, KEY_LEN, pair);
    return pair;
}

void sfu_pairs_put(struct sfu_pairs *pairs, struct sfu_pair *pair)
{
    if (!pair || --pair->users > 0)
        return;
    idle_add(pairs, pair);
    if (pairs->idle > SFU_PAIRS_IDLE_MAX) {
        struct sfu_pair *oldest = pairs->first_idle;
        idle_remove(pairs, oldest);
        forget(pairs, oldest);
    }
}

void sfu_pairs_free(struct sfu_pairs *pairs)
{
    for (struct sfu_pair *p = pairs->first, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    sfu_index_wipe(&pairs->index);
    *pairs = (struct sfu_pairs){0};
}

static bool seen(const struct sfu_frames *f, uint32_t id)
{
    size_t count = f->recent_count < SFU_FRAMES_RECENT ? f->recent_count : SFU_FRAMES_RECENT;
    for (size_t i = 0; i < count; i++)
        if (f->recent[i] == id)
            return true;
    return false;
}

static void remember(struct sfu_frames *f, uint32_t id)
{
    f->recent[f->recent_count++ % SFU_FRAMES_RECENT] = id;
}

uint32_t sfu_frames_sent(struct sfu_frames *f, uint32_t id, bool end)
{
    uint32_t count = 0;
    if (!f->started || rtp_ts_newer(id, f->newest)) {
        count += f->started && !f->counted;
        f->started = true;
        f->newest = id;
        f->counted = false;
        remember(f, id);
    } else if (id != f->newest) {
        /* a late packet: its frame is counted already unless this is the first of it to come */
        if (seen(f, id))
            return 0;
        remember(f, id);
        return 1;
    }
    if (end && !f->counted) {
        f->counted = true;
        count++;
    }
    return count;
}
