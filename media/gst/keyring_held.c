/* The key ring's frames of epochs to come: which are worth holding, and when they can be opened. */
#include "keyring_state.h"

/* Commits may come in quick succession; what names an epoch further ahead is of one long past, or made up. */
enum { EPOCHS_AHEAD = 4, EPOCHS_MASK = (1 << SFRAME_EPOCH_BITS) - 1 };

static const struct key_ring_epoch *newest_epoch(const SottoKeyRing *ring)
{
    const struct key_ring_epoch *newest = NULL;

    for (guint i = 0; i < EPOCHS_MAX; i++)
        if (ring->epochs[i].installed && (!newest || newest->epoch < ring->epochs[i].epoch))
            newest = &ring->epochs[i];
    return newest;
}

/* Whether a KID is of an epoch that comes next, and of a leaf that is in the newest one. The coming tree may have more
 * leaves or fewer, and then the KID's leaf has other bits: one that is misread is only counted to a wrong leaf, or not
 * held. Opening decides whose it is. */
static gboolean is_to_come(const SottoKeyRing *ring, guint64 kid, guint32 *leaf)
{
    const struct key_ring_epoch *newest = newest_epoch(ring);
    guint64 ahead, slots = 1;

    if (!newest)
        return FALSE;
    ahead = (kid - newest->epoch) & EPOCHS_MASK;
    if (ahead == 0 || ahead > EPOCHS_AHEAD)
        return FALSE;
    while (slots < newest->leaf_slots)
        slots *= 2;
    *leaf = (guint32)(kid >> SFRAME_EPOCH_BITS & (slots - 1));
    return key_ring_has_leaf(newest, *leaf);
}

enum ring_hold sotto_key_ring_hold(SottoKeyRing *ring, struct held_owner *owner, guint64 kid, GstBuffer *frame)
{
    enum ring_hold hold = RING_HOLD_NOT;
    guint32 leaf;

    pthread_mutex_lock(&ring->lock);
    if (is_to_come(ring, kid, &leaf)) {
        guint64 at_ms = key_ring_now_ms();
        held_expire(&ring->held, at_ms);
        hold = held_put(&ring->held, owner, kid, leaf, frame, at_ms) ? RING_HOLD_HELD : RING_HOLD_FULL;
    }
    pthread_mutex_unlock(&ring->lock);
    return hold;
}

static gboolean is_installed(gpointer user, guint64 kid)
{
    const SottoKeyRing *ring = user;

    for (guint i = 0; i < EPOCHS_MAX; i++)
        if (ring->epochs[i].installed && ((ring->epochs[i].epoch ^ kid) & EPOCHS_MASK) == 0)
            return TRUE;
    return FALSE;
}

GstBuffer *sotto_key_ring_take_held(SottoKeyRing *ring, struct held_owner *owner, struct held_owner *news)
{
    guint64 at_ms = key_ring_now_ms();
    GstBuffer *frame;

    pthread_mutex_lock(&ring->lock);
    held_expire(&ring->held, at_ms);
    frame = held_take(&ring->held, owner, is_installed, ring);
    *news = *owner;
    owner->expired = 0;
    pthread_mutex_unlock(&ring->lock);
    return frame;
}

void sotto_key_ring_drop_held(SottoKeyRing *ring, struct held_owner *owner)
{
    pthread_mutex_lock(&ring->lock);
    held_drop(&ring->held, owner);
    pthread_mutex_unlock(&ring->lock);
}
