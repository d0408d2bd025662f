/* The key ring's work: sealing and opening frames with the keys it has at that moment. */
#include <time.h>

#include "core/secret.h"
#include "keyring_state.h"

guint64 key_ring_now_ms(void)
{
    struct timespec now;

    /* The monotonic clock stands still while the machine sleeps, but other senders' counters and clocks go on: after an
     * hour's sleep their frames would be far ahead of the time that seemed to have passed, and be refused for minutes.
     */
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return (guint64)g_get_monotonic_time() / 1000;
    return (guint64)now.tv_sec * 1000 + (guint64)now.tv_nsec / 1000000;
}

/* --- Several at once ---------------------------------------------------------------------------------------------- */

static void batch_make(struct ring_batch *b)
{
    gsize size = sframe_batch_size();

    /* not locked memory: nothing secret is there between calls, and a process has little of that, for its keys */
    b->memory = g_try_malloc(size);
    if (b->memory && sframe_batch_init(b->memory, size, &b->batch) != SFRAME_OK)
        key_ring_batch_free(b);
}

/* For so many frames; NULL: they are done one by one. */
static struct sframe_batch *batch_for(struct ring_batch *b, gsize count)
{
    if (count < 2)
        return NULL;
    if (!b->batch)
        batch_make(b);
    return b->batch;
}

void key_ring_batch_free(struct ring_batch *b)
{
    sframe_batch_wipe(b->batch);
    g_free(b->memory);
    *b = (struct ring_batch){0};
}

/* --- Sealing ------------------------------------------------------------------------------------------------------ */

static int sender_ensure(const SottoKeyRing *ring, struct ring_sender *s)
{
    const struct sframe_sender_config config = {
        .suite = ring->suite, .profile = ring->profile, .keys = SENDER_KEYS, .key_history = SENDER_KEY_HISTORY};
    gsize size;
    void *memory;
    int error;

    if (s->sender)
        return SFRAME_OK;
    size = sframe_sender_size(&config);
    memory = core_secret_new(size);
    if (!memory)
        return SFRAME_MEMORY;
    error = sframe_sender_init(memory, size, &config, &s->sender);
    if (error) {
        core_secret_free(memory);
        return error;
    }
    s->memory = memory;
    return SFRAME_OK;
}

/* With the ring's lock held: the KID and base key that a sender of this context uses now. */
static int sending_key(SottoKeyRing *ring, guint context, guint64 *kid, const struct base_key **base)
{
    const struct key_ring_epoch *e;

    switch (ring->sending) {
    case SEND_SHARED:
        *base = &ring->shared;
        return sframe_kid_from_start(context, ring->start, kid);
    case SEND_EPOCH:
        e = key_ring_find_epoch(ring, ring->send_epoch);
        if (!e)
            return SFRAME_NO_KEY;
        *base = &e->base;
        return sframe_kid_from_leaf(context, ring->send_leaf, e->leaf_slots, e->epoch, kid);
    default:
        return SFRAME_NO_KEY;
    }
}

/* Brings a sender to the ring's present keys. With the sender's lock held. */
static int sender_follow(SottoKeyRing *ring, guint context, struct ring_sender *s)
{
    const struct base_key *base;
    guint64 kid;
    int error;

    pthread_mutex_lock(&ring->lock);
    if (s->generation == ring->generation) {
        error = s->has_key ? SFRAME_OK : SFRAME_NO_KEY;
        goto out;
    }
    if (s->has_key) {
        s->has_key = FALSE;
        error = sframe_sender_remove_key(s->sender, s->kid);
        if (error)
            goto out;
    }
    error = sending_key(ring, context, &kid, &base);
    if (error == SFRAME_OK)
        error = sframe_sender_add_key(s->sender, kid, base->bytes, base->len);
    if (error == SFRAME_OK)
        error = sframe_sender_use_key(s->sender, kid);
    if (error == SFRAME_OK) {
        s->has_key = TRUE;
        s->kid = kid;
        s->generation = ring->generation;
    }
out:
    pthread_mutex_unlock(&ring->lock);
    return error;
}

static void seal_items(struct sframe_batch *batch, struct sframe_seal_item *items, gsize count)
{
    if (batch) {
        int first_error = sframe_seal_batch(batch, items, count);
        (void)first_error; /* each item has its own */
        return;
    }
    for (struct sframe_seal_item *i = items; i < items + count; i++)
        i->error = sframe_seal(i->sender, i->inner, i->metadata, i->metadata_len, i->head, i->head_cap, i->payload,
                               i->payload_len, i->tail, i->tail_cap, &i->sealed);
}

void sotto_key_ring_seal(SottoKeyRing *ring, guint context, struct sframe_seal_item *items, gsize count)
{
    struct ring_sender *s = &ring->senders[context < CONTEXTS ? context : 0];
    int error = SFRAME_CONTEXT;

    pthread_mutex_lock(&s->lock);
    if (context < CONTEXTS)
        error = sender_ensure(ring, s);
    if (error == SFRAME_OK)
        error = sender_follow(ring, context, s);
    for (gsize i = 0; i < count; i++) {
        items[i].error = error;
        items[i].sender = s->sender;
        if (ring->profile != SFRAME_PROFILE_SOTTO)
            items[i].inner = NULL;
    }
    if (error == SFRAME_OK)
        seal_items(batch_for(&s->batch, count), items, count);
    pthread_mutex_unlock(&s->lock);
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

/* With the ring's lock held: the receiver for a frame. A sender draws a new start with each secret, so a KID that the
 * receiver before has opened frames of is never one of the new secret. */
static struct ring_receiver *receiver_for(SottoKeyRing *ring, const guint8 *frame, gsize frame_len, guint64 at_ms)
{
    struct sframe_header header;
    gint64 kid;

    if (!ring->before.receiver)
        return &ring->now;
    if (at_ms >= ring->before_until_ms) {
        key_ring_close_receiver(ring, &ring->before);
        return &ring->now;
    }
    if (sframe_header_read(frame, frame_len, &header) != SFRAME_OK)
        return &ring->now;
    kid = (gint64)header.kid;
    return g_hash_table_contains(ring->before.kids, &kid) ? &ring->before : &ring->now;
}

/* Opens frames that are all one receiver's. With the ring's lock held. */
static void open_items(SottoKeyRing *ring, const struct ring_receiver *r, struct sframe_open_item *items, gsize count,
                       guint64 at_ms)
{
    struct sframe_batch *batch = r->receiver ? batch_for(&ring->batch, count) : NULL;

    if (batch) {
        int first_error = sframe_open_batch(batch, r->receiver, items, count, at_ms);
        (void)first_error; /* each item has its own */
        return;
    }
    for (struct sframe_open_item *i = items; i < items + count; i++)
        i->error = r->receiver ? sframe_open(r->receiver, i->expect, i->metadata, i->metadata_len, i->frame,
                                             i->frame_len, at_ms, &i->opened)
                               : SFRAME_NO_KEY;
}

void sotto_key_ring_open(SottoKeyRing *ring, struct sframe_open_item *items, gsize count)
{
    guint64 at_ms = key_ring_now_ms();
    gsize run;

    pthread_mutex_lock(&ring->lock);
    for (gsize at = 0; at < count; at += run) {
        struct ring_receiver *r = receiver_for(ring, items[at].frame, items[at].frame_len, at_ms);

        for (run = 1; at + run < count; run++)
            if (receiver_for(ring, items[at + run].frame, items[at + run].frame_len, at_ms) != r)
                break;
        open_items(ring, r, items + at, run, at_ms);
        for (gsize i = at; i < at + run; i++)
            if (items[i].error == SFRAME_OK && r->shared && !g_hash_table_contains(r->kids, &items[i].opened.kid))
                g_hash_table_add(r->kids, g_memdup2(&items[i].opened.kid, sizeof(items[i].opened.kid)));
    }
    pthread_mutex_unlock(&ring->lock);
}
