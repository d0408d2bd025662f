#include "provider_identity.h"

#include <string.h>

/* Hashes keep a checksum, so that different keys give different fingerprints. */
static bool hmac_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    memset(key, 0, sizeof *key);
    for (size_t i = 0; i < len; i++)
        key->state[i % 8] = (uint8_t)(key->state[i % 8] * 31 + secret[i]);
    return true;
}

static bool hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out,
                 size_t len)
{
    memset(out, 0, len);
    memcpy(out, key->state, 8);
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < parts[p].len; i++)
            out[i % 16] = (uint8_t)(out[i % 16] * 31 + parts[p].data[i]);
    return true;
}

static bool hmac_256(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    return hmac(key, parts, count, out, 32);
}

static bool hmac_512(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    return hmac(key, parts, count, out, 64);
}

static bool digest_256(const struct core_slice *parts, size_t count, uint8_t *out)
{
    static const struct core_hmac_key none;
    return hmac(&none, parts, count, out, 32);
}

static bool digest_512(const struct core_slice *parts, size_t count, uint8_t *out)
{
    static const struct core_hmac_key none;
    return hmac(&none, parts, count, out, 64);
}

static const struct core_hash hash_256 = {"identity-256", 32, hmac_init, hmac_256, NULL, digest_256};
static const struct core_hash hash_512 = {"identity-512", 64, hmac_init, hmac_512, NULL, digest_512};

static bool init(void *state, enum core_direction direction)
{
    (void)state;
    (void)direction;
    return true;
}

static bool set_key(void *state, const uint8_t *key)
{
    (void)state;
    (void)key;
    return true;
}

static bool seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                 const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    (void)state;
    (void)nonce;
    (void)aad;
    (void)aad_count;
    (void)text;
    (void)text_count;
    memset(tag, 0, tag_len);
    return true;
}

static bool seal_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text, size_t text_len,
                     uint8_t *tag)
{
    (void)state;
    (void)nonce;
    (void)aad;
    (void)aad_len;
    (void)text;
    (void)text_len;
    memset(tag, 0, CORE_TAG_MAX);
    return true;
}

static enum core_opened open(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                             struct core_span text, const uint8_t *tag, size_t tag_len)
{
    (void)state;
    (void)nonce;
    (void)aad;
    (void)aad_count;
    (void)text;
    for (size_t i = 0; i < tag_len; i++)
        if (tag[i] != 0)
            return CORE_OPEN_FORGED;
    return CORE_OPEN_OK;
}

static enum core_opened open_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text,
                                 size_t text_len, const uint8_t *tag)
{
    const struct core_slice slice = {(const uint8_t *)&aad, aad_len};
    return open(state, (const uint8_t *)&nonce, &slice, 1, (struct core_span){text, text_len}, tag, CORE_TAG_MAX);
}

static void wipe(void *state)
{
    (void)state;
}

#define IDENTITY(bytes)                                                                                                \
    {                                                                                                                  \
        .name = "identity", .key_len = (bytes), .tag_len = CORE_TAG_MAX, .min_tag_len = 1, .state_size = 8,            \
        .init = init, .set_key = set_key, .seal = seal, .open = open, .seal_one = seal_one, .open_one = open_one,      \
        .wipe = wipe                                                                                                   \
    }

static const struct core_aead identity_16 = IDENTITY(16);
static const struct core_aead identity_32 = IDENTITY(32);
static const struct core_aead identity_48 = IDENTITY(48);
static const struct core_aead identity_96 = IDENTITY(96);

const struct core_provider provider_identity = {
    .name = "identity",
    .sha256 = &hash_256,
    .sha512 = &hash_512,
    .aes_128_gcm = &identity_16,
    .aes_256_gcm = &identity_32,
    .aes_128_ctr_hmac_sha256 = &identity_48,
    .aes_256_ctr_hmac_sha512 = &identity_96,
};
