/* HMAC-SHA1 (RFC 2104), which STUN's MESSAGE-INTEGRITY asks for and nothing else here uses. */
#ifndef CORE_HMAC_SHA1_H
#define CORE_HMAC_SHA1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum { CORE_HMAC_SHA1_LEN = 20 };

/* Writes the HMAC of data under key to out. False only if the crypto library fails; out is then untouched.
 * Thread-safe. */
SOTTO_MUST_CHECK bool core_hmac_sha1(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
                                     uint8_t out[CORE_HMAC_SHA1_LEN]);

#endif
