/* SottoKeyRing: the keys of one call, shared by every sframeenc and sframedec of it.
 *
 * It holds the call's one receiver, behind a mutex, so that a frame replayed into another element, slot or stream is
 * caught; and the base secret or MLS epochs from which senders get their keys. Keys go in and never come out.
 *
 * Elements find the ring by their key-ring property, else by their key property (a ring of their own), else by the
 * GstContext of type SOTTO_KEY_RING_CONTEXT, which an application sets on its pipeline:
 *
 *     SottoKeyRing *ring = sotto_key_ring_new(0, 0);
 *     sotto_key_ring_set_secret(ring, secret, &error);
 *     GstContext *context = sotto_key_ring_context_new(ring);
 *     gst_element_set_context(pipeline, context);
 *
 * Thread safety: every function may be called from any thread at any time. Errors are of SOTTO_KEY_RING_ERROR; their
 * codes are the negated values of enum sframe_error. */
#ifndef GSTSOTTO_KEYRING_H
#define GSTSOTTO_KEYRING_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define SOTTO_TYPE_KEY_RING (sotto_key_ring_get_type())
G_DECLARE_FINAL_TYPE(SottoKeyRing, sotto_key_ring, SOTTO, KEY_RING, GObject)

#define SOTTO_KEY_RING_CONTEXT "sotto.keyring"
#define SOTTO_KEY_RING_ERROR (sotto_key_ring_error_quark())
GQuark sotto_key_ring_error_quark(void);

/* A ring without keys. suite: enum sframe_suite_id, 0 for the default; profile: enum sframe_profile. NULL if either is
 * unknown. Everything sealed and opened with the ring is of this suite and profile. */
SottoKeyRing *sotto_key_ring_new(guint suite, guint profile);
/* Changes suite and profile of a ring with which nothing was sealed or opened yet; a shared secret is kept. FALSE, with
 * no change, if they are unknown or others are settled. */
gboolean sotto_key_ring_set_parameters(SottoKeyRing *ring, guint suite, guint profile);
guint sotto_key_ring_suite(SottoKeyRing *ring);
guint sotto_key_ring_profile(SottoKeyRing *ring);

/* --- Calls keyed by a shared secret ------------------------------------------------------------------------------- */

/* Replaces the call's shared secret. 32 hex digits (as from `openssl rand -hex 16`) are 128 random bits and taken
 * through HKDF; anything else is a typed password and goes through Argon2id (64 MiB, some 0.1 s). Senders change to it
 * with their next frame, under a new KID; frames under the secret before are opened for 2 s more. No change if it is
 * the one in use. FALSE for an empty secret, for one that this ring has had before that (its replay windows are
 * forgotten, so old frames would open again), for a ring that has epochs, and if the cryptographic library fails. */
gboolean sotto_key_ring_set_secret(SottoKeyRing *ring, const gchar *secret, GError **error);
/* The same with a base key made elsewhere (16 to 256 bytes, copied; the caller wipes its own). */
gboolean sotto_key_ring_set_base_key(SottoKeyRing *ring, const guint8 *base_key, gsize base_key_len, GError **error);

/* --- Calls keyed by MLS (RFC 9605 section 5.2) -------------------------------------------------------------------- */

/* Installs an epoch for receiving: see sframe_receiver_add_epoch for leaf_slots and leaves. base_key is copied. Eight
 * at a time; a shared secret that was there is replaced. FALSE for the suites with tags under 80 bits (2, 3, 7 and 8),
 * and for a base key that this ring has had before. */
gboolean sotto_key_ring_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf_slots, const guint8 *leaves,
                                  const guint8 *base_key, gsize base_key_len, GError **error);
/* Seals as this leaf of this epoch, which must be installed, from each sender's next frame on. FALSE for a leaf that is
 * somebody else's: two who seal as one would repeat nonces. No change if it is the
 * one in use; one that was used before another is not taken up again: its counters are spent. */
gboolean sotto_key_ring_use_epoch(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error);
/* Wipes an epoch's keys, or one leaf's of it, for receiving. If it is the one sealed with, nothing is sealed until
 * another is used. */
gboolean sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error);
gboolean sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error);

/* How far a leaf's clock is ahead of this machine's (CLOCK_BOOTTIME, which stamps frames), as far as is known: see
 * sframe_receiver_set_clock. By it frames of this leaf and epoch are judged late from now on. FALSE: no such leaf, or
 * out of memory. */
gboolean sotto_key_ring_set_clock(SottoKeyRing *ring, guint64 epoch, guint32 leaf, gint64 ahead_ms, GError **error);

/* Wipes every key. Nothing is sealed or opened until there are others, epochs or a secret. */
void sotto_key_ring_clear(SottoKeyRing *ring);
/* TRUE if a sender could seal a frame now. */
gboolean sotto_key_ring_has_sender_key(SottoKeyRing *ring);
/* TRUE if there is any key to open frames with. */
gboolean sotto_key_ring_has_receive_key(SottoKeyRing *ring);

/* The receiver's counters for the whole call: structure "sotto-keyring-stats" with opened, failed, replayed, late,
 * no-key, refused (guint64), streams (guint), forgery-limit (gboolean). Transfer full. */
GstStructure *sotto_key_ring_stats(SottoKeyRing *ring);

/* --- Finding it --------------------------------------------------------------------------------------------------- */

/* A persistent context that carries the ring (which it refs). Transfer full. */
GstContext *sotto_key_ring_context_new(SottoKeyRing *ring);
/* The ring in a context of type SOTTO_KEY_RING_CONTEXT (transfer full), or NULL. */
SottoKeyRing *sotto_key_ring_from_context(GstContext *context);

G_END_DECLS

#endif
