/* From base keys to frame keys (RFC 9605 sections 4.4.2 and 5.1). */
#ifndef SFRAME_KDF_H
#define SFRAME_KDF_H

#include "suite.h"

enum { SFRAME_FINGERPRINT_LEN = 16, SFRAME_NK_MAX = CORE_AEAD_KEY_MAX };

/* sframe_secret = HKDF-Extract("", base_key), kept as an HMAC key for the expansions below. */
SOTTO_MUST_CHECK int sframe_secret_init(const struct sframe_crypto *crypto, const uint8_t *base_key,
                                        size_t base_key_len, struct core_hmac_key *secret);
/* key gets nk bytes, salt nn bytes. */
SOTTO_MUST_CHECK int sframe_secret_expand(const struct sframe_crypto *crypto, const struct core_hmac_key *secret,
                                          uint64_t kid, uint8_t *key, uint8_t *salt);
/* A value that recognises (kid, base key) and tells nothing of the key. */
SOTTO_MUST_CHECK int sframe_secret_fingerprint(const struct sframe_crypto *crypto, const struct core_hmac_key *secret,
                                               uint64_t kid, uint8_t out[SFRAME_FINGERPRINT_LEN]);
/* sframe_ratchet over a given provider. */
SOTTO_MUST_CHECK int sframe_ratchet_step(const struct sframe_crypto *crypto, const uint8_t *base_key,
                                         size_t base_key_len, uint8_t *next);

#endif
