/* A key ring's state, shared by the files that install keys and that seal and open frames. */
#ifndef GST_KEYRING_STATE_H
#define GST_KEYRING_STATE_H

#include <pthread.h> /* not GMutex: thread checkers know these */

#include "held.h"
#include "keyring_private.h"

enum {
    CONTEXTS = SFRAME_KINDS * SFRAME_LAYERS,
    EPOCHS_MAX = 8,               /* installed at a time: as many as a call has alive while commits come in rows */
    GRACE_MS = 2000,              /* frames in flight under a secret that was replaced */
    SENDER_KEYS = 2,              /* the key in use and the one it replaces */
    SENDER_KEY_HISTORY = 1 << 15, /* keys in a sender's life: 45 h of an epoch every 5 s */
};

/* What a sender's key is derived from. */
struct base_key {
    guint8 *bytes; /* guarded memory, SFRAME_BASE_KEY_MAX; NULL: none */
    gsize len;
};

struct key_ring_epoch {
    gboolean installed;
    guint64 epoch;
    guint32 leaf_slots;
    guint8 *leaves; /* bit i, low bits first: leaf i is somebody else's */
    struct base_key base;
};

/* What several frames at once are worked on in; made with the first that come together. */
struct ring_batch {
    struct sframe_batch *batch; /* NULL: none yet */
    void *memory;
};

struct ring_sender {
    pthread_mutex_t lock; /* taken before the ring's; several in the order of their contexts */
    struct ring_batch batch;
    struct sframe_sender *sender;
    void *memory;
    guint generation; /* of the ring's keys that this sender uses */
    gboolean has_key;
    guint64 kid;
};

struct ring_receiver {
    struct sframe_receiver *receiver; /* NULL: none */
    void *memory;
    gboolean shared;  /* keyed by a shared secret, not by epochs */
    GHashTable *kids; /* if shared: that it has opened a frame of; authenticated, so bounded as its streams are */
};

enum sending { SEND_NOTHING, SEND_SHARED, SEND_EPOCH };

struct _SottoKeyRing {
    GObject parent;
    guint16 suite;
    guint8 profile;
    struct ring_sender senders[CONTEXTS];

    pthread_mutex_t lock;             /* what follows */
    struct ring_receiver now, before; /* before: of the keys replaced last, until before_until_ms */
    guint64 before_until_ms;
    struct ring_batch batch;             /* both receivers' */
    struct sframe_receiver_stats closed; /* sums of receivers that are gone */
    guint generation;                    /* changes with what is sealed under; never 0 */
    enum sending sending;
    struct base_key shared;
    GHashTable *used; /* digests of every base key there was: none comes twice */
    guint64 start;    /* SFRAME_START_BITS random bits, drawn with each secret */
    struct key_ring_epoch epochs[EPOCHS_MAX];
    guint64 send_epoch;
    guint32 send_leaf;
    struct held held; /* frames of epochs to come */
};

void key_ring_batch_free(struct ring_batch *batch);

/* What follows with the ring's lock held. */
struct key_ring_epoch *key_ring_find_epoch(SottoKeyRing *ring, guint64 epoch);
/* Whether a leaf of the epoch is somebody else's. */
gboolean key_ring_has_leaf(const struct key_ring_epoch *epoch, guint32 leaf);
/* Wipes a receiver; what it has counted stays in the ring's statistics. */
void key_ring_close_receiver(SottoKeyRing *ring, struct ring_receiver *receiver);

#endif
