/* What sframeenc and sframedec ask of the key ring. */
#ifndef GST_KEYRING_PRIVATE_H
#define GST_KEYRING_PRIVATE_H

#include "gstsotto/keyring.h"
#include "held.h"
#include "sotto/sframe.h"

/* The clock that frames are stamped and judged by, in ms: it goes on while the machine sleeps. */
guint64 key_ring_now_ms(void);

/* Seals frames of one stream and layer in their order, each as sframe_seal does, several of them as one batch. The ring
 * sets each item's sender, and takes its inner header out where its profile has none. It keeps one sender per context
 * for its whole life, however often elements come and go, so no counter ever starts again under the same key.
 * Each item has its error, as from sframe_seal; SFRAME_NO_KEY while the ring has none; SFRAME_CONTEXT. */
void sotto_key_ring_seal(SottoKeyRing *ring, guint context, struct sframe_seal_item *items, gsize count);

/* Opens frames in their order with the ring's receiver, each as sframe_open does, several of them as one batch. Each
 * item has its error, as from sframe_open. */
void sotto_key_ring_open(SottoKeyRing *ring, struct sframe_open_item *items, gsize count);

/* What to do with a frame whose KID is this. */
enum ring_hold {
    RING_HOLD_NOT,  /* open it: its epoch has keys, or will have none */
    RING_HOLD_HELD, /* kept: it is of an epoch to come, and of a leaf that is in the call now */
    RING_HOLD_FULL, /* the same, but there is no room */
};

/* Keeps the frame of an epoch whose keys are not there yet, for HELD_MS at most; takes it over with RING_HOLD_HELD. The
 * bounds are held.h's. */
enum ring_hold sotto_key_ring_hold(SottoKeyRing *ring, struct held_owner *owner, guint64 kid, GstBuffer *frame);
/* The owner's oldest frame whose epoch has keys by now (transfer full), or NULL. *news: what is left, and what was
 * given up since the call before. */
GstBuffer *sotto_key_ring_take_held(SottoKeyRing *ring, struct held_owner *owner, struct held_owner *news);
/* Lets the owner's frames go. Before it ends, or changes its ring. */
void sotto_key_ring_drop_held(SottoKeyRing *ring, struct held_owner *owner);

/* TRUE once a key has seen its suite's limit of frames that do not authenticate. */
gboolean sotto_key_ring_forgery_limit(SottoKeyRing *ring);

enum { SOTTO_BASE_KEY_LEN = 32 };
/* The base key of a shared secret: 32 hex digits through HKDF, anything else through Argon2id. Writes
 * SOTTO_BASE_KEY_LEN bytes. SFRAME_INVALID (empty), SFRAME_CRYPTO. */
int sotto_base_key_from_secret(const gchar *secret, guint8 *base_key);

#endif
