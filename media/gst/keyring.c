#include "gstsotto/keyring.h"

#include <string.h>

#include "core/provider.h"
#include "core/secret.h"
#include "keyring_state.h"

G_DEFINE_TYPE(SottoKeyRing, sotto_key_ring, G_TYPE_OBJECT)
G_DEFINE_QUARK(sotto_key_ring, sotto_key_ring_error)

static guint keys_added;

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

static void epoch_clear(struct key_ring_epoch *epoch)
{
    base_key_clear(&epoch->base);
    g_clear_pointer(&epoch->leaves, g_free);
    epoch->installed = FALSE;
}

gboolean key_ring_has_leaf(const struct key_ring_epoch *epoch, guint32 leaf)
{
    return leaf < epoch->leaf_slots && (epoch->leaves[leaf / 8] >> leaf % 8 & 1);
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

/* SHA-256 in hex; NULL if the library failed. Not GLib's, which leaves what it hashed in freed memory. */
static gchar *digest_of(const guint8 *bytes, gsize len)
{
    const struct core_slice input = {bytes, len};
    guint8 digest[32];
    GString *hex;

    if (!core_libcrypto_sha256.digest(&input, 1, digest))
        return NULL;
    hex = g_string_sized_new(2 * sizeof(digest));
    for (gsize i = 0; i < sizeof(digest); i++)
        g_string_append_printf(hex, "%02x", digest[i]);
    return g_string_free(hex, FALSE);
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

void key_ring_close_receiver(SottoKeyRing *ring, struct ring_receiver *r)
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
    key_ring_close_receiver(ring, &ring->before);
    ring->before = ring->now;
    ring->before_until_ms = key_ring_now_ms() + GRACE_MS;
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
    held_init(&ring->held);
    ring->generation = 1;
    ring->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void free_sender(struct ring_sender *s)
{
    sframe_sender_wipe(s->sender);
    core_secret_free(s->memory);
    s->sender = NULL;
    s->memory = NULL;
}

/* With the ring's lock held. */
static void clear_keys(SottoKeyRing *ring)
{
    ring->sending = SEND_NOTHING;
    ring->generation++;
    base_key_clear(&ring->shared);
    for (guint i = 0; i < EPOCHS_MAX; i++) {
        epoch_clear(&ring->epochs[i]);
    }
    key_ring_close_receiver(ring, &ring->before);
    key_ring_close_receiver(ring, &ring->now);
    held_expire(&ring->held, G_MAXUINT64);
}

static void sotto_key_ring_finalize(GObject *object)
{
    SottoKeyRing *ring = SOTTO_KEY_RING(object);

    clear_keys(ring);
    for (guint i = 0; i < CONTEXTS; i++) {
        free_sender(&ring->senders[i]);
        key_ring_batch_free(&ring->senders[i].batch);
        pthread_mutex_destroy(&ring->senders[i].lock);
    }
    key_ring_batch_free(&ring->batch);
    g_hash_table_unref(ring->used);
    pthread_mutex_destroy(&ring->lock);
    G_OBJECT_CLASS(sotto_key_ring_parent_class)->finalize(object);
}

static void sotto_key_ring_class_init(SottoKeyRingClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = sotto_key_ring_finalize;
    /**
     * SottoKeyRing::keys-added:
     *
     * There are keys, of an epoch or a secret, that were not there before. Emitted in the thread that added them.
     */
    keys_added =
        g_signal_new("keys-added", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
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
    if (!digest)
        return SFRAME_CRYPTO;
    return g_hash_table_contains(ring->used, digest) ? SFRAME_KEY_REUSED : SFRAME_OK;
}

/* With the ring's lock held. */
static gboolean seals_with(const SottoKeyRing *ring, const guint8 *base_key, gsize base_key_len)
{
    return ring->sending == SEND_SHARED && ring->shared.len == base_key_len &&
           core_equal(ring->shared.bytes, base_key, base_key_len);
}

/* With the ring's lock held. */
static int take_shared(SottoKeyRing *ring, const guint8 *base_key, gsize base_key_len)
{
    gchar *digest = digest_of(base_key, base_key_len);
    struct ring_receiver fresh = {0};
    guint64 start = 0;
    int code = ring->now.receiver && !ring->now.shared ? SFRAME_INVALID : admit(ring, digest);

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
        key_ring_close_receiver(ring, &fresh);
    }
    g_free(digest);
    return code;
}

gboolean sotto_key_ring_set_base_key(SottoKeyRing *ring, const guint8 *base_key, gsize base_key_len, GError **error)
{
    gboolean kept;
    int code;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    kept = seals_with(ring, base_key, base_key_len);
    code = kept ? SFRAME_OK : take_shared(ring, base_key, base_key_len);
    pthread_mutex_unlock(&ring->lock);
    if (code != SFRAME_OK)
        return fail(error, code, "The key cannot be used");
    if (!kept)
        g_signal_emit(ring, keys_added, 0);
    return TRUE;
}

gboolean sotto_key_ring_set_parameters(SottoKeyRing *ring, guint suite, guint profile)
{
    struct ring_receiver fresh = {0};
    gboolean settled = FALSE;
    int code = SFRAME_OK;

    if (suite > G_MAXUINT16 || !sframe_suite_find((guint16)suite) || profile > SFRAME_PROFILE_RFC9605)
        return FALSE;
    /* senders read both under their own locks */
    for (guint i = 0; i < CONTEXTS; i++) {
        pthread_mutex_lock(&ring->senders[i].lock);
        settled = settled || ring->senders[i].generation != 0;
    }
    pthread_mutex_lock(&ring->lock);
    if (suite == ring->suite && profile == ring->profile)
        goto out;
    /* a fresh receiver would open again what this one has opened */
    settled = settled || ring->before.receiver ||
              (ring->now.receiver && (!ring->now.shared || g_hash_table_size(ring->now.kids) > 0));
    if (settled)
        code = SFRAME_INVALID;
    if (code == SFRAME_OK) {
        ring->suite = (guint16)suite;
        ring->profile = (guint8)profile;
        /* some were asked to seal before there was a key */
        for (guint i = 0; i < CONTEXTS; i++)
            free_sender(&ring->senders[i]);
    }
    if (code == SFRAME_OK && ring->shared.bytes) {
        code = receiver_open(ring, &fresh);
        if (code == SFRAME_OK)
            code = sframe_receiver_add_shared(fresh.receiver, ring->shared.bytes, ring->shared.len);
        key_ring_close_receiver(ring, &ring->now);
        if (code == SFRAME_OK) {
            fresh.shared = TRUE;
            ring->now = fresh;
        } else {
            key_ring_close_receiver(ring, &fresh);
        }
    }
out:
    pthread_mutex_unlock(&ring->lock);
    for (guint i = 0; i < CONTEXTS; i++)
        pthread_mutex_unlock(&ring->senders[i].lock);
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
struct key_ring_epoch *key_ring_find_epoch(SottoKeyRing *ring, guint64 epoch)
{
    for (guint i = 0; i < EPOCHS_MAX; i++)
        if (ring->epochs[i].installed && ring->epochs[i].epoch == epoch)
            return &ring->epochs[i];
    return NULL;
}

/* A free place; the one of an epoch with the same low bits first, which its successor replaces. */
static struct key_ring_epoch *place_epoch(SottoKeyRing *ring, guint64 epoch)
{
    struct key_ring_epoch *free_place = NULL;

    for (guint i = 0; i < EPOCHS_MAX; i++) {
        struct key_ring_epoch *e = &ring->epochs[i];
        if (!e->installed)
            free_place = e;
        else if ((e->epoch ^ epoch) % (1 << SFRAME_EPOCH_BITS) == 0)
            return e;
    }
    return free_place;
}

/* Groups take no suite whose tags are shorter than 80 bits. */
static gboolean suite_fits_groups(const SottoKeyRing *ring)
{
    enum { TAG_MIN = 10 };
    return sframe_suite_find(ring->suite)->nt >= TAG_MIN;
}

gboolean sotto_key_ring_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf_slots, const guint8 *leaves,
                                  const guint8 *base_key, gsize base_key_len, GError **error)
{
    struct ring_receiver fresh = {0}, *target;
    struct key_ring_epoch *place;
    gchar *digest;
    int code;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    digest = digest_of(base_key, base_key_len);
    pthread_mutex_lock(&ring->lock);
    place = place_epoch(ring, epoch);
    if (!suite_fits_groups(ring))
        code = SFRAME_SUITE;
    else if (!place)
        code = SFRAME_FULL;
    else
        code = key_ring_find_epoch(ring, epoch) ? SFRAME_KEY_EXISTS : admit(ring, digest);
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
        /* an epoch of the same low bits gave way: what is sealed with it nobody opens any more */
        if (place->installed && ring->sending == SEND_EPOCH && ring->send_epoch == place->epoch) {
            ring->sending = SEND_NOTHING;
            ring->generation++;
        }
        place->installed = TRUE;
        place->epoch = epoch;
        place->leaf_slots = leaf_slots;
        g_free(place->leaves);
        place->leaves = g_memdup2(leaves, (leaf_slots + 7) / 8);
        g_hash_table_add(ring->used, g_steal_pointer(&digest));
        if (target == &fresh)
            receiver_replace(ring, &fresh);
    } else {
        key_ring_close_receiver(ring, &fresh);
    }
    pthread_mutex_unlock(&ring->lock);
    g_free(digest);
    if (code != SFRAME_OK)
        return fail(error, code, "The epoch cannot be installed");
    g_signal_emit(ring, keys_added, 0);
    return TRUE;
}

gboolean sotto_key_ring_use_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error)
{
    const struct key_ring_epoch *e;
    guint64 kid;
    int code = SFRAME_NO_KEY;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    e = key_ring_find_epoch(ring, epoch);
    if (e)
        code = key_ring_has_leaf(e, leaf) ? SFRAME_LEAF : sframe_kid_from_leaf(0, leaf, e->leaf_slots, epoch, &kid);
    /* one that is in use already stays so: taken up anew, it would be refused for a spent key */
    if (code == SFRAME_OK && !(ring->sending == SEND_EPOCH && ring->send_epoch == epoch && ring->send_leaf == leaf)) {
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
    struct key_ring_epoch *e;
    int code = SFRAME_NO_KEY;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    e = key_ring_find_epoch(ring, epoch);
    if (e) {
        epoch_clear(e);
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

gboolean sotto_key_ring_set_clock(SottoKeyRing *ring, guint64 epoch, guint32 leaf, gint64 ahead_ms, GError **error)
{
    int code = SFRAME_NO_KEY;

    g_return_val_if_fail(SOTTO_IS_KEY_RING(ring), FALSE);
    pthread_mutex_lock(&ring->lock);
    if (ring->now.receiver)
        code = sframe_receiver_set_clock(ring->now.receiver, epoch, leaf, ahead_ms);
    pthread_mutex_unlock(&ring->lock);
    return code == SFRAME_OK ? TRUE : fail(error, code, "The clock cannot be set");
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
