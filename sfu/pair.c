#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/seq.h"

struct sfu_pair *sfu_pairs_get(struct sfu_pairs *pairs, const char *room, const char *publisher, const char *subscriber,
                               enum sfu_kind kind)
{
    for (struct sfu_pair *p = pairs->first; p; p = p->next) {
        if (p->stats.kind == kind && strcmp(p->stats.room, room) == 0 && strcmp(p->stats.publisher, publisher) == 0 &&
            strcmp(p->stats.subscriber, subscriber) == 0) {
            if (p->users++ == 0)
                pairs->idle--;
            return p;
        }
    }
    struct sfu_pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    snprintf(pair->stats.room, sizeof pair->stats.room, "%s", room);
    snprintf(pair->stats.publisher, sizeof pair->stats.publisher, "%s", publisher);
    snprintf(pair->stats.subscriber, sizeof pair->stats.subscriber, "%s", subscriber);
    pair->stats.kind = kind;
    pair->users = 1;
    pair->next = pairs->first;
    pairs->first = pair;
    return pair;
}

/* Forgets the oldest pair that nobody uses. */
static void forget_one(struct sfu_pairs *pairs)
{
    struct sfu_pair **last_idle = NULL;
    for (struct sfu_pair **at = &pairs->first; *at; at = &(*at)->next)
        if ((*at)->users == 0)
            last_idle = at;
    if (!last_idle)
        return;
    struct sfu_pair *pair = *last_idle;
    *last_idle = pair->next;
    free(pair);
    pairs->idle--;
}

void sfu_pairs_put(struct sfu_pairs *pairs, struct sfu_pair *pair)
{
    if (!pair || --pair->users > 0)
        return;
    pairs->idle++;
    if (pairs->idle > SFU_PAIRS_IDLE_MAX)
        forget_one(pairs);
}

void sfu_pairs_free(struct sfu_pairs *pairs)
{
    for (struct sfu_pair *p = pairs->first, *next; p; p = next) {
        next = p->next;
        free(p);
    }
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
