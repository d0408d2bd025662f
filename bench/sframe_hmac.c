#include "sframe_hmac.h"

#include <string.h>

#include "sframe_ring.h"

void hmac_pad(const uint8_t *key, size_t len, uint8_t pad, uint8_t *block)
{
    memset(block, pad, 2 * len);
    for (size_t i = 0; i < len; i++)
        block[i] ^= key[i];
}

void hmac_open(struct hmac *hmac, const uint8_t *key, size_t len)
{
    uint8_t inner[HMAC_BLOCK_MAX];
    uint8_t outer[HMAC_BLOCK_MAX];
    int ok = 0;
    hmac->len = len;
    hmac_pad(key, len, HMAC_PAD_INNER, inner);
    hmac_pad(key, len, HMAC_PAD_OUTER, outer);
    if (len == SHA256_DIGEST_LENGTH)
        ok = SHA256_Init(&hmac->inner.sha256) && SHA256_Update(&hmac->inner.sha256, inner, 2 * len) &&
             SHA256_Init(&hmac->outer.sha256) && SHA256_Update(&hmac->outer.sha256, outer, 2 * len);
    else
        ok = SHA512_Init(&hmac->inner.sha512) && SHA512_Update(&hmac->inner.sha512, inner, 2 * len) &&
             SHA512_Init(&hmac->outer.sha512) && SHA512_Update(&hmac->outer.sha512, outer, 2 * len);
    if (!ok)
        ring_fail("SHA-2");
}

static void make_256(const struct hmac *hmac, const uint8_t *message, size_t message_len, uint8_t *out)
{
    SHA256_CTX hash = hmac->inner.sha256;
    SHA256_Update(&hash, message, message_len);
    SHA256_Final(out, &hash);
    hash = hmac->outer.sha256;
    SHA256_Update(&hash, out, SHA256_DIGEST_LENGTH);
    SHA256_Final(out, &hash);
}

static void make_512(const struct hmac *hmac, const uint8_t *message, size_t message_len, uint8_t *out)
{
    SHA512_CTX hash = hmac->inner.sha512;
    SHA512_Update(&hash, message, message_len);
    SHA512_Final(out, &hash);
    hash = hmac->outer.sha512;
    SHA512_Update(&hash, out, SHA512_DIGEST_LENGTH);
    SHA512_Final(out, &hash);
}

void hmac_make(const struct hmac *hmac, const uint8_t *message, size_t message_len, uint8_t *out)
{
    if (hmac->len == SHA256_DIGEST_LENGTH)
        make_256(hmac, message, message_len, out);
    else
        make_512(hmac, message, message_len, out);
}
