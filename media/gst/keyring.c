#include "gstsotto/keyring.h"

#include <pthread.h> /* not GMutex: thread checkers know these */
#include <string.h>

#include "core/secret.h"
#include "keyring_private.h"

enum {
    CONTEXTS = SFRAME_KINDS * SFRAME_LAYERS,
    EPOCHS_MAX = 4,  /* installed at a time: the one in use, the one before, one to come */
    GRACE_MS = 2000, /* frames in flight under a secret that was replaced */
    SENDER_KEYS = 2, /* the key in use and the one it replaces */
};

/* What a sender's key is derived from. */
struct base_key {
    guint8 *bytes; /* guarded memory, SFRAME_BASE_KEY_MAX; NULL: none */
    gsize len;
};

struct epoch {
    gboolean installed;
    guint64 epoch;
    guint32 leaf_slots;
    struct base_key base;
};

struct ring_sender {
    pthread_mutex_t lock; /* taken before the ring's */
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
    GHashTable *kids; /* that it has opened a frame of; authenticated, so bounded by the receiver's own table */
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
    struct sframe_receiver_stats closed; /* sums of receivers that are gone */
    guint generation;                    /* changes with what is sealed under; never 0 */
    enum sending sending;
    struct base_key shared;
    GHashTable *used; /* digests of every base key there was: none comes twice */
    guint64 start;    /* SFRAME_START_BITS random bits, drawn with each secret */
    struct epoch epochs[EPOCHS_MAX];
    guint64 send_epoch;
    guint32 send_leaf;
};

G_DEFINE_TYPE(SottoKeyRing, sotto_key_ring, G_TYPE_OBJECT)
G_DEFINE_QUARK(sotto_key_ring, sotto_key_ring_error)

static guint64 now_ms(void)
{
    return (guint64)g_get_monotonic_time() / 1000;
}

static gboolean fail(GError **error, int code, const gchar *what)
{
    g_set_error(error, SOTTO_KEY_RING_ERROR, -code, "%s: %s", what, sframe_strerror(code));
    return FALSE;
}

/* --- Memory of keys ----------------------------------------------------------------------------------------------- */

static void base_key_clear(struct base_key *base)
{
    core_secret_free(base->bytes);
    *base = (struct base_key){0};
}

static int base_key_set(struct base_key *base, const guint8 *bytes, gsize len)
{
    guint8 *copy;

    if (len < SFRAME_BASE_KEY_MIN || len > SFRAME_BASE_KEY_MAX)
        return SFRAME_INVALID;
    copy = core_secret_new(SFRAME_BASE_KEY_MAX);
    if (!copy)
        return SFRAME_MEMORY;
    memcpy(copy, bytes, len);
    base_key_clear(base);
    *base = (struct base_key){copy, len};
    return SFRAME_OK;
}

/* --- Receivers ---------------------------------------------------------------------------------------------------- */

static void add_stats(struct sframe_receiver_stats *sum, const struct sframe_receiver *receiver)
{
    struct sframe_receiver_stats one;

    if (!receiver)
        return;
    sframe_receiver_stats(receiver, &one);
    sum->opened += one.opened;
    sum->failed += one.failed;
    sum->replayed += one.replayed;
    sum->late += one.late;
    sum->no_key += one.no_key;
    sum->refused += one.refused;
    sum->keys += one.keys;
    sum->forgery_limit = sum->forgery_limit || one.forgery_limit;
}

static void receiver_close(SottoKeyRing *ring, struct ring_receiver *r)
{
    add_stats(&ring->closed, r->receiver);
    ring->closed.keys = 0;
    ring->closed.forgery_limit = false;
    sframe_receiver_wipe(r->receiver);
    core_secret_free(r->memory);
    g_clear_pointer(&r->kids, g_hash_table_unref);
    *r = (struct ring_receiver){0};
}

static int receiver_open(const SottoKeyRing *ring, struct ring_receiver *r)
{
    const struct sframe_receiver_config config = {.suite = ring->suite, .profile = ring->profile};
    gsize size = sframe_receiver_size(&config);
    struct ring_receiver made = {.memory = core_secret_new(size)};
    int error;

    if (!made.memory)
        return SFRAME_MEMORY;
    error = sframe_receiver_init(made.memory, size, &config, &made.receiver);
    if (error) {
        core_secret_free(made.memory);
        return error;
    }
    made.kids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    *r = made;
    return SFRAME_OK;
}

/* fresh takes over; frames in flight under the keys before are opened for a while. */
static void receiver_replace(SottoKeyRing *ring, struct ring_receiver *fresh)
{
    receiver_close(ring, &ring->before);
    ring->before = ring->now;
    ring->before_until_ms = now_ms() + GRACE_MS;
    ring->now = *fresh;
}

/* --- The ring ----------------------------------------------------------------------------------------------------- */

SottoKeyRing *sotto_key_ring_new(guint suite, guint profile)
{
    SottoKeyRing *ring;

    if (suite == 0)
        suite = SFRAME_SUITE_DEFAULT;
    if (suite > G_MAXUINT16 || !sframe_suite_find((guint16)suite) || profile > SFRAME_PROFILE_RFC9605)
        return NULL;
    ring = g_object_new(SOTTO_TYPE_KEY_RING, NULL);
    ring->suite = (guint16)suite;
    ring->profile = (guint8)profile;
    return ring;
}

guint sotto_key_ring_suite(SottoKeyRing *ring)
{
    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), 0);
    return ring->suite;
}

guint sotto_key_ring_profile(SottoKeyRing *ring)
{
    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), 0);
    return ring->profile;
}

static void sotto_key_ring_init(SottoKeyRing *ring)
{
    pthread_mutex_init(&ring->lock, NULL);
    for (guint i = 0; i < CONTEXTS; i++)
        pthread_mutex_init(&ring->senders[i].lock, NULL);
    ring->generation = 1;
    ring->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* With the ring's lock held. */
static void clear_keys(SottoKeyRing *ring)
{
    ring->sending = SEND_NOTHING;
    ring->generation++;
    base_key_clear(&ring->shared);
    for (guint i = 0; i < EPOCHS_MAX; i++) {
        base_key_clear(&ring->epochs[i].base);
        ring->epochs[i].installed = FALSE;
    }
    receiver_close(ring, &ring->before);
    receiver_close(ring, &ring->now);
}

static void sotto_key_ring_finalize(GObject *object)
{
    SottoKeyRing *ring = SOTTO_KEY_RING(object);

    clear_keys(ring);
    for (guint i = 0; i < CONTEXTS; i++) {
        sframe_sender_wipe(ring->senders[i].sender);
        core_secret_free(ring->senders[i].memory);
        pthread_mutex_destroy(&ring->senders[i].lock);
    }
    g_hash_table_unref(ring->used);
    pthread_mutex_destroy(&ring->lock);
    G_OBJECT_CLASS(sotto_key_ring_parent_class)->finalize(object);
}

static void sotto_key_ring_class_init(SottoKeyRingClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = sotto_key_ring_finalize;
}

void sotto_key_ring_clear(SottoKeyRing *ring)
{
    g_return_if_fail(SOTTO_IS_KEY_RING(ring));
    pthread_mutex_lock(&ring->lock);
    clear_keys(ring);
    pthread_mutex_unlock(&ring->lock);
    /* senders drop theirs now, not with a next frame that may never come */
    for (guint i = 0; i < CONTEXTS; i++) {
        struct ring_sender *s = &ring->senders[i];
        pthread_mutex_lock(&s->lock);
        if (s->has_key && sframe_sender_remove_key(s->sender, s->kid) == SFRAME_OK)
            s->has_key = FALSE;
        pthread_mutex_unlock(&s->lock);
    }
}

gboolean sotto_key_ring_has_sender_key(SottoKeyRing *ring)
{
    gboolean has;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    has = ring->sending != SEND_NOTHING;
    pthread_mutex_unlock(&ring->lock);
    return has;
}

gboolean sotto_key_ring_has_receive_key(SottoKeyRing *ring)
{
    gboolean has;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    has = ring->now.receiver != NULL;
    pthread_mutex_unlock(&ring->lock);
    return has;
}

/* --- A shared secret ---------------------------------------------------------------------------------------------- */

static int draw_start(guint64 *start)
{
    guint64 bits;

    if (!core_random((guint8 *)&bits, sizeof(bits)))
        return SFRAME_CRYPTO;
    *start = bits >> (64 - SFRAME_START_BITS);
    return SFRAME_OK;
}

/* A new receiver has new replay windows: under an old key it would take old frames again. */
static int admit(const SottoKeyRing *ring, const gchar *digest)
{
    return g_hash_table_contains(ring->used, digest) ? SFRAME_KEY_REUSED : SFRAME_OK;
}

gboolean sotto_key_ring_set_base_key(SottoKeyRing *ring, const guint8 *base_key, gsize base_key_len, GError **error)
{
    struct ring_receiver fresh = {0};
    guint64 start = 0;
    gchar *digest;
    int code;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, base_key, base_key_len);
    pthread_mutex_lock(&ring->lock);
    code = ring->now.receiver && !ring->now.shared ? SFRAME_INVALID : admit(ring, digest);
    if (code == SFRAME_OK)
        code = draw_start(&start);
    if (code == SFRAME_OK)
        code = receiver_open(ring, &fresh);
    if (code == SFRAME_OK)
        code = sframe_receiver_add_shared(fresh.receiver, base_key, base_key_len);
    if (code == SFRAME_OK)
        code = base_key_set(&ring->shared, base_key, base_key_len);
    if (code == SFRAME_OK) {
        fresh.shared = TRUE;
        receiver_replace(ring, &fresh);
        ring->start = start;
        ring->sending = SEND_SHARED;
        ring->generation++;
        g_hash_table_add(ring->used, g_steal_pointer(&digest));
    } else {
        receiver_close(ring, &fresh);
    }
    pthread_mutex_unlock(&ring->lock);
    g_free(digest);
    return code == SFRAME_OK ? TRUE : fail(error, code, "The key cannot be used");
}

gboolean sotto_key_ring_set_parameters(SottoKeyRing *ring, guint suite, guint profile)
{
    struct ring_receiver fresh = {0};
    gboolean sealed = FALSE;
    int code = SFRAME_OK;

    if (suite > G_MAXUINT16 || !sframe_suite_find((guint16)suite) || profile > SFRAME_PROFILE_RFC9605)
        return FALSE;
    for (guint i = 0; i < CONTEXTS; i++) {
        pthread_mutex_lock(&ring->senders[i].lock);
        sealed = sealed || ring->senders[i].sender;
        pthread_mutex_unlock(&ring->senders[i].lock);
    }
    pthread_mutex_lock(&ring->lock);
    if (sealed || (ring->now.receiver && !ring->now.shared))
        code = SFRAME_INVALID;
    if (code == SFRAME_OK) {
        ring->suite = (guint16)suite;
        ring->profile = (guint8)profile;
    }
    if (code == SFRAME_OK && ring->shared.bytes) {
        code = receiver_open(ring, &fresh);
        if (code == SFRAME_OK)
            code = sframe_receiver_add_shared(fresh.receiver, ring->shared.bytes, ring->shared.len);
        receiver_close(ring, &ring->before);
        receiver_close(ring, &ring->now);
        if (code == SFRAME_OK) {
            fresh.shared = TRUE;
            ring->now = fresh;
        } else {
            receiver_close(ring, &fresh);
        }
    }
    pthread_mutex_unlock(&ring->lock);
    return code == SFRAME_OK;
}

gboolean sotto_key_ring_set_secret(SottoKeyRing *ring, const gchar *secret, GError **error)
{
    guint8 base_key[SOTTO_BASE_KEY_LEN];
    gboolean ok;
    int code;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    code = sotto_base_key_from_secret(secret, base_key);
    if (code != SFRAME_OK)
        return fail(error, code, "The secret cannot be used");
    ok = sotto_key_ring_set_base_key(ring, base_key, sizeof(base_key), error);
    core_wipe(base_key, sizeof(base_key));
    return ok;
}

/* --- MLS epochs --------------------------------------------------------------------------------------------------- */

/* With the ring's lock held. */
static struct epoch *find_epoch(SottoKeyRing *ring, guint64 epoch)
{
    for (guint i = 0; i < EPOCHS_MAX; i++)
        if (ring->epochs[i].installed && ring->epochs[i].epoch == epoch)
            return &ring->epochs[i];
    return NULL;
}

/* A free place; the one of an epoch with the same low bits first, which its successor replaces. */
static struct epoch *place_epoch(SottoKeyRing *ring, guint64 epoch)
{
    struct epoch *free_place = NULL;

    for (guint i = 0; i < EPOCHS_MAX; i++) {
        struct epoch *e = &ring->epochs[i];
        if (!e->installed)
            free_place = e;
        else if ((e->epoch ^ epoch) % (1 << SFRAME_EPOCH_BITS) == 0)
            return e;
    }
    return free_place;
}

gboolean sotto_key_ring_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf_slots, const guint8 *leaves,
                                  const guint8 *base_key, gsize base_key_len, GError **error)
{
    struct ring_receiver fresh = {0}, *target;
    struct epoch *place;
    gchar *digest;
    int code;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, base_key, base_key_len);
    pthread_mutex_lock(&ring->lock);
    place = place_epoch(ring, epoch);
    code = !place ? SFRAME_FULL : find_epoch(ring, epoch) ? SFRAME_KEY_EXISTS : admit(ring, digest);
    target = ring->now.receiver && !ring->now.shared ? &ring->now : &fresh;
    if (code == SFRAME_OK && target == &fresh)
        code = receiver_open(ring, &fresh);
    if (code == SFRAME_OK)
        code = sframe_receiver_add_epoch(target->receiver, epoch, leaf_slots, leaves, base_key, base_key_len);
    if (code == SFRAME_OK) {
        code = base_key_set(&place->base, base_key, base_key_len);
        if (code != SFRAME_OK && sframe_receiver_remove_epoch(target->receiver, epoch) != SFRAME_OK)
            g_warning("an epoch that was half installed could not be removed");
    }
    if (code == SFRAME_OK) {
        place->installed = TRUE;
        place->epoch = epoch;
        place->leaf_slots = leaf_slots;
        g_hash_table_add(ring->used, g_steal_pointer(&digest));
        if (target == &fresh)
            receiver_replace(ring, &fresh);
    } else {
        receiver_close(ring, &fresh);
    }
    pthread_mutex_unlock(&ring->lock);
    g_free(digest);
    return code == SFRAME_OK ? TRUE : fail(error, code, "The epoch cannot be installed");
}

gboolean sotto_key_ring_use_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error)
{
    const struct epoch *e;
    guint64 kid;
    int code = SFRAME_NO_KEY;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    e = find_epoch(ring, epoch);
    if (e)
        code = sframe_kid_from_leaf(0, leaf, e->leaf_slots, epoch, &kid);
    if (code == SFRAME_OK) {
        ring->sending = SEND_EPOCH;
        ring->send_epoch = epoch;
        ring->send_leaf = leaf;
        ring->generation++;
    }
    pthread_mutex_unlock(&ring->lock);
    return code == SFRAME_OK ? TRUE : fail(error, code, "The epoch cannot be used");
}

gboolean sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error)
{
    struct epoch *e;
    int code = SFRAME_NO_KEY;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    e = find_epoch(ring, epoch);
    if (e) {
        base_key_clear(&e->base);
        e->installed = FALSE;
        code = sframe_receiver_remove_epoch(ring->now.receiver, epoch);
        if (ring->sending == SEND_EPOCH && ring->send_epoch == epoch) {
            ring->sending = SEND_NOTHING;
            ring->generation++;
        }
    }
    pthread_mutex_unlock(&ring->lock);
    return code == SFRAME_OK ? TRUE : fail(error, code, "The epoch cannot be removed");
}

gboolean sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error)
{
    int code = SFRAME_NO_KEY;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    if (ring->now.receiver)
        code = sframe_receiver_remove_leaf(ring->now.receiver, epoch, leaf);
    pthread_mutex_unlock(&ring->lock);
    return code == SFRAME_OK ? TRUE : fail(error, code, "The leaf cannot be removed");
}

/* --- Sealing ------------------------------------------------------------------------------------------------------ */

static int sender_ensure(const SottoKeyRing *ring, struct ring_sender *s)
{
    const struct sframe_sender_config config = {.suite = ring->suite, .profile = ring->profile, .keys = SENDER_KEYS};
    gsize size = sframe_sender_size(&config);
    void *memory;
    int error;

    if (s->sender)
        return SFRAME_OK;
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
    const struct epoch *e;

    switch (ring->sending) {
    case SEND_SHARED:
        *base = &ring->shared;
        return sframe_kid_from_start(context, ring->start, kid);
    case SEND_EPOCH:
        e = find_epoch(ring, ring->send_epoch);
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
        receiver_close(ring, &ring->before);
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
    guint64 at_ms = now_ms();
    struct ring_receiver *r;
    int error = SFRAME_NO_KEY;

    pthread_mutex_lock(&ring->lock);
    r = receiver_for(ring, frame, frame_len, at_ms);
    if (r->receiver)
        error = sframe_open(r->receiver, expect, NULL, 0, frame, frame_len, at_ms, opened);
    if (error == SFRAME_OK && !g_hash_table_contains(r->kids, &opened->kid))
        g_hash_table_add(r->kids, g_memdup2(&opened->kid, sizeof(opened->kid)));
    pthread_mutex_unlock(&ring->lock);
    return error;
}

/* --- What it has seen --------------------------------------------------------------------------------------------- */

static struct sframe_receiver_stats sum_stats(SottoKeyRing *ring)
{
    struct sframe_receiver_stats sum;

    pthread_mutex_lock(&ring->lock);
    sum = ring->closed;
    add_stats(&sum, ring->before.receiver);
    add_stats(&sum, ring->now.receiver);
    pthread_mutex_unlock(&ring->lock);
    return sum;
}

gboolean sotto_key_ring_forgery_limit(SottoKeyRing *ring)
{
    return sum_stats(ring).forgery_limit;
}

GstStructure *sotto_key_ring_stats(SottoKeyRing *ring)
{
    struct sframe_receiver_stats sum;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), NULL);
    sum = sum_stats(ring);
    return gst_structure_new("sotto-keyring-stats", "opened", G_TYPE_UINT64, (guint64)sum.opened, "failed",
                             G_TYPE_UINT64, (guint64)sum.failed, "replayed", G_TYPE_UINT64, (guint64)sum.replayed,
                             "late", G_TYPE_UINT64, (guint64)sum.late, "no-key", G_TYPE_UINT64, (guint64)sum.no_key,
                             "refused", G_TYPE_UINT64, (guint64)sum.refused, "streams", G_TYPE_UINT, (guint)sum.keys,
                             "forgery-limit", G_TYPE_BOOLEAN, (gboolean)sum.forgery_limit, NULL);
}

/* --- Context ------------------------------------------------------------------------------------------------------ */

GstContext *sotto_key_ring_context_new(SottoKeyRing *ring)
{
    GstContext *context;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), NULL);
    context = gst_context_new(SOTTO_KEY_RING_CONTEXT, TRUE);
    gst_structure_set(gst_context_writable_structure(context), "key-ring", SOTTO_TYPE_KEY_RING, ring, NULL);
    return context;
}

SottoKeyRing *sotto_key_ring_from_context(GstContext *context)
{
    SottoKeyRing *ring = NULL;

    g_return_val_if_fail(GST_IS_CONTEXT(context), NULL);
    if (!gst_context_has_context_type(context, SOTTO_KEY_RING_CONTEXT))
        return NULL;
    gst_structure_get(gst_context_get_structure(context), "key-ring", SOTTO_TYPE_KEY_RING, &ring, NULL);
    return ring;
}
