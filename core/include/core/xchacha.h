/* XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): an AEAD whose nonces are long enough to be drawn at random, for boxes
 * that many write under one key. No state. */
#ifndef CORE_XCHACHA_H
#define CORE_XCHACHA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum { CORE_XCHACHA_KEY_LEN = 32, CORE_XCHACHA_NONCE_LEN = 24, CORE_XCHACHA_TAG_LEN = 16 };

/* out[0..text_len + CORE_XCHACHA_TAG_LEN) gets the ciphertext and its tag; out may be text. False only if the library
 * below fails. */
SOTTO_MUST_CHECK bool core_xchacha_seal(const uint8_t key[CORE_XCHACHA_KEY_LEN],
                                        const uint8_t nonce[CORE_XCHACHA_NONCE_LEN], const uint8_t *aad, size_t aad_len,
                                        const uint8_t *text, size_t text_len, uint8_t *out);
/* The reverse: out[0..sealed_len - CORE_XCHACHA_TAG_LEN) gets the text. False if it is not genuine or too short;
 * nothing of it is then in out. */
SOTTO_MUST_CHECK bool core_xchacha_open(const uint8_t key[CORE_XCHACHA_KEY_LEN],
                                        const uint8_t nonce[CORE_XCHACHA_NONCE_LEN], const uint8_t *aad, size_t aad_len,
                                        const uint8_t *sealed, size_t sealed_len, uint8_t *out);

#endif
