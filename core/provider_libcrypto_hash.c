/* SHA-2 and HMAC (RFC 2104) by libcrypto. OpenSSL's 3.0 EVP interface allocates for each HMAC message (it duplicates
 * the digest's state), so these use the plain SHA-2 functions, which keep their state in a struct and still use the
 * CPU's SHA instructions. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/provider.h"

#include <endian.h>
#include <openssl/sha.h>
#include <string.h>

#include "core/secret.h"

struct hmac_sha256 {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

struct hmac_sha512 {
    SHA512_CTX inner;
    SHA512_CTX outer;
};

_Static_assert(sizeof(struct hmac_sha256) <= sizeof(struct core_hmac_key), "an HMAC key holds two SHA-256 states");
_Static_assert(sizeof(struct hmac_sha512) <= sizeof(struct core_hmac_key), "an HMAC key holds two SHA-512 states");

enum { PAD_INNER = 0x36, PAD_OUTER = 0x5c, PADDING_FIRST = 0x80 };

static void xor_pad(uint8_t *block, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++)
        block[i] ^= value;
}

/* --- SHA-256 --- */

enum { PADDING_MIN = 1 + sizeof(uint64_t), PADDING_MAX = SHA256_CBLOCK + PADDING_MIN - 1 };

_Static_assert(CORE_HMAC_SHORT_MAX + PADDING_MIN <= CORE_HMAC_SHORT_ROOM && CORE_HMAC_SHORT_ROOM % SHA256_CBLOCK == 0,
               "a short message is padded within its buffer");

/* What follows a message of len bytes to fill its last block (FIPS 180-4 section 5.1.1). Returns its length.
 * SHA256_Final does that too, but wipes its own block each time, which in an HMAC is once too often. */
static size_t sha256_pad(uint64_t len, uint8_t *padding)
{
    const uint64_t bits = htobe64(8 * len);
    const size_t room = SHA256_CBLOCK - (size_t)(len % SHA256_CBLOCK);
    const size_t padding_len = room < PADDING_MIN ? room + SHA256_CBLOCK : room;
    padding[0] = PADDING_FIRST;
    memset(padding + 1, 0, padding_len - PADDING_MIN);
    memcpy(padding + padding_len - sizeof bits, &bits, sizeof bits);
    return padding_len;
}

static void sha256_put(const SHA256_CTX *hash, uint8_t *digest)
{
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH / sizeof(uint32_t); i++) {
        const uint32_t word = htobe32(hash->h[i]);
        memcpy(digest + i * sizeof word, &word, sizeof word);
    }
}

static bool hmac_sha256_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    struct hmac_sha256 *hmac = (struct hmac_sha256 *)(void *)key->state;
    uint8_t block[SHA256_CBLOCK] = {0};
    bool ok = true;
    if (len > sizeof block)
        ok = SHA256_Init(&hmac->inner) && SHA256_Update(&hmac->inner, secret, len) && SHA256_Final(block, &hmac->inner);
    else if (len > 0)
        memcpy(block, secret, len);
    xor_pad(block, sizeof block, PAD_INNER);
    ok = ok && SHA256_Init(&hmac->inner) && SHA256_Update(&hmac->inner, block, sizeof block);
    xor_pad(block, sizeof block, PAD_INNER ^ PAD_OUTER);
    ok = ok && SHA256_Init(&hmac->outer) && SHA256_Update(&hmac->outer, block, sizeof block);
    core_wipe(block, sizeof block);
    return ok;
}

/* The outer hash: of the inner one, whose message is all in the state, it is one block. Wipes the state. */
static void hmac_sha256_finish(const struct hmac_sha256 *hmac, SHA256_CTX *hash, uint8_t *out)
{
    uint8_t block[SHA256_CBLOCK];
    sha256_put(hash, block);
    (void)sha256_pad(SHA256_CBLOCK + SHA256_DIGEST_LENGTH, block + SHA256_DIGEST_LENGTH);
    *hash = hmac->outer;
    SHA256_Transform(hash, block);
    sha256_put(hash, out);
    core_wipe_inline(hash, sizeof *hash);
    core_wipe_inline(block, SHA256_DIGEST_LENGTH);
}

static bool hmac_sha256(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    const struct hmac_sha256 *hmac = (const struct hmac_sha256 *)(const void *)key->state;
    SHA256_CTX hash = hmac->inner;
    uint64_t len = SHA256_CBLOCK; /* the key's */
    uint8_t padding[PADDING_MAX];
    bool ok = true;
    for (size_t i = 0; ok && i < count; len += parts[i++].len)
        ok = parts[i].len == 0 || SHA256_Update(&hash, parts[i].data, parts[i].len);
    ok = ok && SHA256_Update(&hash, padding, sha256_pad(len, padding));
    hmac_sha256_finish(hmac, &hash, out);
    return ok;
}

static bool hmac_sha256_short(const struct core_hmac_key *key, uint8_t *message, size_t len, uint8_t *out)
{
    const struct hmac_sha256 *hmac = (const struct hmac_sha256 *)(const void *)key->state;
    SHA256_CTX hash = hmac->inner;
    if (len > CORE_HMAC_SHORT_MAX)
        return false;
    bool ok = SHA256_Update(&hash, message, len + sha256_pad(SHA256_CBLOCK + len, message + len));
    hmac_sha256_finish(hmac, &hash, out);
    return ok;
}

/* --- SHA-512 --- */

/* SHA-384 is SHA-512 with another start and a shorter result; the state knows which it is. */
static bool hmac_wide_init(struct core_hmac_key *key, int (*start)(SHA512_CTX *), const uint8_t *secret, size_t len)
{
    struct hmac_sha512 *hmac = (struct hmac_sha512 *)(void *)key->state;
    uint8_t block[SHA512_CBLOCK] = {0};
    bool ok = true;
    if (len > sizeof block)
        ok = start(&hmac->inner) && SHA512_Update(&hmac->inner, secret, len) && SHA512_Final(block, &hmac->inner);
    else if (len > 0)
        memcpy(block, secret, len);
    xor_pad(block, sizeof block, PAD_INNER);
    ok = ok && start(&hmac->inner) && SHA512_Update(&hmac->inner, block, sizeof block);
    xor_pad(block, sizeof block, PAD_INNER ^ PAD_OUTER);
    ok = ok && start(&hmac->outer) && SHA512_Update(&hmac->outer, block, sizeof block);
    core_wipe(block, sizeof block);
    return ok;
}

static bool hmac_sha384_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    return hmac_wide_init(key, SHA384_Init, secret, len);
}

static bool hmac_sha512_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    return hmac_wide_init(key, SHA512_Init, secret, len);
}

static bool hmac_wide(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    const struct hmac_sha512 *hmac = (const struct hmac_sha512 *)(const void *)key->state;
    SHA512_CTX hash = hmac->inner;
    const size_t digest_len = hash.md_len;
    uint8_t digest[SHA512_DIGEST_LENGTH];
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = parts[i].len == 0 || SHA512_Update(&hash, parts[i].data, parts[i].len);
    ok = ok && SHA512_Final(digest, &hash);
    hash = hmac->outer;
    ok = ok && SHA512_Update(&hash, digest, digest_len) && SHA512_Final(out, &hash);
    core_wipe(&hash, sizeof hash);
    core_wipe(digest, sizeof digest);
    return ok;
}

/* --- SHA-2 alone --- */

static bool digest_sha256(const struct core_slice *parts, size_t count, uint8_t *out)
{
    SHA256_CTX hash;
    bool ok = SHA256_Init(&hash);
    for (size_t i = 0; ok && i < count; i++)
        ok = parts[i].len == 0 || SHA256_Update(&hash, parts[i].data, parts[i].len);
    ok = ok && SHA256_Final(out, &hash);
    core_wipe(&hash, sizeof hash); /* what is hashed may be secret */
    return ok;
}

static bool digest_wide(int (*start)(SHA512_CTX *), const struct core_slice *parts, size_t count, uint8_t *out)
{
    SHA512_CTX hash;
    bool ok = start(&hash);
    for (size_t i = 0; ok && i < count; i++)
        ok = parts[i].len == 0 || SHA512_Update(&hash, parts[i].data, parts[i].len);
    ok = ok && SHA512_Final(out, &hash);
    core_wipe(&hash, sizeof hash);
    return ok;
}

static bool digest_sha384(const struct core_slice *parts, size_t count, uint8_t *out)
{
    return digest_wide(SHA384_Init, parts, count, out);
}

static bool digest_sha512(const struct core_slice *parts, size_t count, uint8_t *out)
{
    return digest_wide(SHA512_Init, parts, count, out);
}

const struct core_hash core_libcrypto_sha256 = {"SHA-256",   SHA256_DIGEST_LENGTH, hmac_sha256_init,
                                                hmac_sha256, hmac_sha256_short,    digest_sha256};
const struct core_hash core_libcrypto_sha384 = {"SHA-384", SHA384_DIGEST_LENGTH, hmac_sha384_init, hmac_wide,
                                                NULL,      digest_sha384};
const struct core_hash core_libcrypto_sha512 = {"SHA-512", SHA512_DIGEST_LENGTH, hmac_sha512_init, hmac_wide,
                                                NULL,      digest_sha512};
