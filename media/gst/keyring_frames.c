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

int sotto_key_ring_seal(SottoKeyRing *ring, guint context, const struct sframe_inner *inner, guint8 *head,
                        gsize head_cap, guint8 *payload, gsize payload_len, guint8 *tail, gsize tail_cap,
                        struct sframe_sealed *sealed)
{
    struct ring_sender *s;
    int error;

    if (context >= CONTEXTS)
        return SFRAME_CONTEXT;
    s = &ring->senders[context];
    pthread_mutex_lock(&s->lock);
    error = sender_ensure(ring, s);
    if (error == SFRAME_OK)
        error = sender_follow(ring, context, s);
    if (error == SFRAME_OK)
        error = sframe_seal(s->sender, ring->profile == SFRAME_PROFILE_SOTTO ? inner : NULL, NULL, 0, head, head_cap,
                            payload, payload_len, tail, tail_cap, sealed);
    pthread_mutex_unlock(&s->lock);
    return error;
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

int sotto_key_ring_open(SottoKeyRing *ring, const struct sframe_expect *expect, guint8 *frame, gsize frame_len,
                        struct sframe_opened *opened)
{
    guint64 at_ms = key_ring_now_ms();
    struct ring_receiver *r;
    int error = SFRAME_NO_KEY;

    pthread_mutex_lock(&ring->lock);
    r = receiver_for(ring, frame, frame_len, at_ms);
    if (r->receiver)
        error = sframe_open(r->receiver, expect, NULL, 0, frame, frame_len, at_ms, opened);
    if (error == SFRAME_OK && r->shared && !g_hash_table_contains(r->kids, &opened->kid))
        g_hash_table_add(r->kids, g_memdup2(&opened->kid, sizeof(opened->kid)));
    pthread_mutex_unlock(&ring->lock);
    return error;
}
