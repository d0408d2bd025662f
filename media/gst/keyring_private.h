/* What sframeenc and sframedec ask of the key ring. */
#ifndef GST_KEYRING_PRIVATE_H
#define GST_KEYRING_PRIVATE_H

#include "gstsotto/keyring.h"
#include "sotto/sframe.h"

/* The clock that frames are stamped and judged by, in ms: it goes on while the machine sleeps. */
guint64 key_ring_now_ms(void);

/* Seals one frame of a stream and layer as sframe_seal does. The ring keeps one sender per context for its whole life,
 * however often elements come and go, so no counter ever starts again under the same key.
 * Errors as sframe_seal; SFRAME_NO_KEY while the ring has none; SFRAME_CONTEXT. */
int sotto_key_ring_seal(SottoKeyRing *ring, guint context, const struct sframe_inner *inner, guint8 *head,
                        gsize head_cap, guint8 *payload, gsize payload_len, guint8 *tail, gsize tail_cap,
                        struct sframe_sealed *sealed);

/* Opens one frame as sframe_open does, with the ring's receiver. Errors as sframe_open. */
int sotto_key_ring_open(SottoKeyRing *ring, const struct sframe_expect *expect, guint8 *frame, gsize frame_len,
                        struct sframe_opened *opened);

/* Changes suite and profile of a ring with which nothing was sealed or opened yet; a shared secret is kept. FALSE
 * otherwise. */
gboolean sotto_key_ring_set_parameters(SottoKeyRing *ring, guint suite, guint profile);

/* TRUE once a key has seen its suite's limit of frames that do not authenticate. */
gboolean sotto_key_ring_forgery_limit(SottoKeyRing *ring);

enum { SOTTO_BASE_KEY_LEN = 32 };
/* The base key of a shared secret: 32 hex digits through HKDF, anything else through Argon2id. Writes
 * SOTTO_BASE_KEY_LEN bytes. SFRAME_INVALID (empty), SFRAME_CRYPTO. */
int sotto_base_key_from_secret(const gchar *secret, guint8 *base_key);

#endif
