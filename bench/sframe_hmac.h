/* HMAC by OpenSSL's plain SHA-2 functions with saved pads: of what needs no vector lanes, the fastest there is. */
#ifndef BENCH_SFRAME_HMAC_H
#define BENCH_SFRAME_HMAC_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HMAC_PREFIX = 36,     /* RFC 9605 section 4.5.1: three lengths and the nonce stand before header and ciphertext */
    HMAC_PREFIX_CTR = 24, /* where the nonce begins */
    HMAC_PAD_INNER = 0x36,
    HMAC_PAD_OUTER = 0x5c,
    HMAC_BLOCK_MAX = 128,
    HMAC_LEN_MAX = 64,
};

/* By the length of its output: SHA-256 (32) or SHA-512 (64). */
struct hmac {
    size_t len;
    union {
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    } inner, outer;
};

/* The key is as long as the output. */
void hmac_open(struct hmac *hmac, const uint8_t *key, size_t len);
/* out gets hmac->len bytes. */
void hmac_make(const struct hmac *hmac, const uint8_t *message, size_t message_len, uint8_t *out);
/* The block that the inner or the outer hash begins with, twice as long as the output. */
void hmac_pad(const uint8_t *key, size_t len, uint8_t pad, uint8_t *block);

#endif
