/* Public-key primitives as const tables: Diffie-Hellman groups and signature schemes.
 *
 * Keys are fixed-length byte strings in the encodings of RFC 7748 and RFC 8032 for the Edwards and Montgomery curves,
 * and for the NIST curves big-endian scalars and uncompressed points. Functions are given their own row first; they
 * keep no state between calls and are thread-safe; on false they have written nothing that may be used. */
#ifndef CORE_PUBLIC_KEY_H
#define CORE_PUBLIC_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum {
    CORE_DH_PRIVATE_MAX = 66,
    CORE_DH_PUBLIC_MAX = 133,
    CORE_DH_SHARED_MAX = 66,
    CORE_SIGN_PRIVATE_MAX = 66,
    CORE_SIGN_PUBLIC_MAX = 133,
    CORE_SIGNATURE_MAX = 144, /* ECDSA over P-521, in DER */
    CORE_DH_PAIRS_MAX = 32,
};

struct core_dh_pair {
    const uint8_t *private_key;
    uint8_t *public_key;
};

struct core_dh {
    const char *name;
    size_t private_len;
    size_t public_len;
    size_t shared_len;
    /* Whether private_len random bytes are a private key once the first is masked with this; 0 if every string is one
     * (RFC 9180 section 7.1.3). */
    uint8_t first_byte_mask;
    /* Whether the bytes are a private key at all: a scalar from 1 to the order less 1. */
    SOTTO_MUST_CHECK bool (*private_ok)(const struct core_dh *dh, const uint8_t *private_key);
    SOTTO_MUST_CHECK bool (*public_from)(const struct core_dh *dh, const uint8_t *private_key, uint8_t *public_key);
    /* public_from of each of at most CORE_DH_PAIRS_MAX pairs; NULL where together they cost as much as one by one. */
    SOTTO_MUST_CHECK bool (*public_from_each)(const struct core_dh *dh, const struct core_dh_pair *pairs, size_t count);
    /* Whether the bytes are a point of the curve that one can agree with: for X25519 and X448 every string is, but the
     * few of small order. */
    SOTTO_MUST_CHECK bool (*public_ok)(const struct core_dh *dh, const uint8_t *public_key);
    /* False too for a public key that is not a point, and where the result would be the neutral element. */
    SOTTO_MUST_CHECK bool (*agree)(const struct core_dh *dh, const uint8_t *private_key, const uint8_t *public_key,
                                   uint8_t *shared);
    const void *impl; /* the provider's own */
};

/* A private key with the public key it was found to have: signing with any other would give the private key away. */
struct core_signing_key {
    uint8_t private_key[CORE_SIGN_PRIVATE_MAX];
    uint8_t public_key[CORE_SIGN_PUBLIC_MAX];
};

struct core_signature {
    const char *name;
    size_t private_len;
    size_t public_len;
    size_t signature_max;
    bool scalar_keys; /* private keys are big-endian numbers: elsewhere they may come without their leading zeros */
    /* A fresh key pair. */
    SOTTO_MUST_CHECK bool (*generate)(const struct core_signature *scheme, struct core_signing_key *key);
    /* From private_len bytes. Secret: wipe it. */
    SOTTO_MUST_CHECK bool (*key_init)(const struct core_signature *scheme, struct core_signing_key *key,
                                      const uint8_t *private_key);
    /* signature gets at most signature_max bytes, *signature_len of them used. */
    SOTTO_MUST_CHECK bool (*sign)(const struct core_signature *scheme, const struct core_signing_key *key,
                                  const uint8_t *message, size_t len, uint8_t *signature, size_t *signature_len);
    /* True only for a genuine signature of the whole message. */
    SOTTO_MUST_CHECK bool (*verify)(const struct core_signature *scheme, const uint8_t *public_key,
                                    const uint8_t *message, size_t len, const uint8_t *signature, size_t signature_len);
    const void *impl; /* the provider's own */
};

/* libsodium's */
extern const struct core_dh core_sodium_x25519;
extern const struct core_signature core_sodium_ed25519;
/* OpenSSL's */
extern const struct core_dh core_libcrypto_x448;
extern const struct core_dh core_libcrypto_p256;
extern const struct core_dh core_libcrypto_p384;
extern const struct core_dh core_libcrypto_p521;
extern const struct core_signature core_libcrypto_ed448;
extern const struct core_signature core_libcrypto_ecdsa_p256; /* with SHA-256 */
extern const struct core_signature core_libcrypto_ecdsa_p384; /* with SHA-384 */
extern const struct core_signature core_libcrypto_ecdsa_p521; /* with SHA-512 */

#endif
