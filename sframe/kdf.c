#include "kdf.h"

#include <string.h>

#include "core/bytes.h"
#include "core/hkdf.h"
#include "core/secret.h"

enum { KID_LEN = 8, SUITE_LEN = 2 };

#define LITERAL(text)                                                                                                  \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

static bool base_key_ok(const uint8_t *base_key, size_t len)
{
    return base_key && len >= SFRAME_BASE_KEY_MIN && len <= SFRAME_BASE_KEY_MAX;
}

int sframe_secret_init(const struct sframe_crypto *crypto, const uint8_t *base_key, size_t base_key_len,
                       struct core_hmac_key *secret)
{
    if (!base_key_ok(base_key, base_key_len))
        return SFRAME_INVALID;
    if (!core_hkdf_extract_by(crypto->hash, &crypto->no_salt, base_key, base_key_len, secret)) {
        core_wipe(secret, sizeof *secret);
        return SFRAME_CRYPTO;
    }
    return SFRAME_OK;
}

/* HKDF-Expand(secret, label || KID as 8 bytes || suite as 2 bytes, len) */
static bool expand(const struct sframe_crypto *crypto, const struct core_hmac_key *secret, struct core_slice label,
                   uint64_t kid, uint8_t *out, size_t len)
{
    uint8_t numbers[KID_LEN + SUITE_LEN];
    struct bytes_writer w;
    bytes_writer_init(&w, numbers, sizeof numbers);
    bytes_write_u64(&w, kid);
    bytes_write_u16(&w, crypto->suite->id);
    const struct core_slice info[] = {label, {numbers, sizeof numbers}};
    return core_hkdf_expand(crypto->hash, secret, info, 2, out, len);
}

int sframe_secret_expand(const struct sframe_crypto *crypto, const struct core_hmac_key *secret, uint64_t kid,
                         uint8_t *key, uint8_t *salt)
{
    static const struct core_slice key_label = LITERAL("SFrame 1.0 Secret key ");
    static const struct core_slice salt_label = LITERAL("SFrame 1.0 Secret salt ");
    if (expand(crypto, secret, key_label, kid, key, crypto->suite->nk) &&
        expand(crypto, secret, salt_label, kid, salt, crypto->suite->nn))
        return SFRAME_OK;
    core_wipe(key, crypto->suite->nk);
    core_wipe(salt, crypto->suite->nn);
    return SFRAME_CRYPTO;
}

int sframe_secret_fingerprint(const struct sframe_crypto *crypto, const struct core_hmac_key *secret, uint64_t kid,
                              uint8_t out[SFRAME_FINGERPRINT_LEN])
{
    static const struct core_slice label = LITERAL("Sotto 1.0 key fingerprint ");
    return expand(crypto, secret, label, kid, out, SFRAME_FINGERPRINT_LEN) ? SFRAME_OK : SFRAME_CRYPTO;
}

int sframe_ratchet_step(const struct sframe_crypto *crypto, const uint8_t *base_key, size_t base_key_len, uint8_t *next)
{
    static const struct core_slice label = LITERAL("SFrame 1.0 Ratchet");
    struct core_hmac_key secret;
    int rc = sframe_secret_init(crypto, base_key, base_key_len, &secret);
    if (rc == SFRAME_OK && !core_hkdf_expand(crypto->hash, &secret, &label, 1, next, crypto->suite->nh))
        rc = SFRAME_CRYPTO;
    core_wipe(&secret, sizeof secret);
    return rc;
}

/* The public functions take a suite's row; a copy of one is as good, its id decides. */
static int crypto_of(const struct sframe_suite *suite, struct sframe_crypto *crypto)
{
    if (!suite || suite->id == 0)
        return SFRAME_INVALID;
    return sframe_crypto_init(crypto, &core_provider_libcrypto, suite->id) == SFRAME_OK ? SFRAME_OK : SFRAME_INVALID;
}

int sframe_derive(const struct sframe_suite *suite, uint64_t kid, const uint8_t *base_key, size_t base_key_len,
                  uint8_t *key, uint8_t *salt)
{
    struct sframe_crypto crypto;
    struct core_hmac_key secret;
    uint8_t new_key[SFRAME_NK_MAX];
    uint8_t new_salt[CORE_NONCE_LEN];
    int rc = key && salt ? crypto_of(suite, &crypto) : SFRAME_INVALID;
    if (rc != SFRAME_OK)
        return rc;
    rc = sframe_secret_init(&crypto, base_key, base_key_len, &secret);
    if (rc == SFRAME_OK)
        rc = sframe_secret_expand(&crypto, &secret, kid, new_key, new_salt);
    if (rc == SFRAME_OK) {
        memcpy(key, new_key, crypto.suite->nk);
        memcpy(salt, new_salt, crypto.suite->nn);
    }
    core_wipe(&secret, sizeof secret);
    core_wipe(new_key, sizeof new_key);
    core_wipe(new_salt, sizeof new_salt);
    return rc;
}

int sframe_ratchet(const struct sframe_suite *suite, const uint8_t *base_key, size_t base_key_len, uint8_t *next)
{
    struct sframe_crypto crypto;
    uint8_t stepped[CORE_HASH_MAX];
    int rc = next ? crypto_of(suite, &crypto) : SFRAME_INVALID;
    if (rc != SFRAME_OK)
        return rc;
    rc = sframe_ratchet_step(&crypto, base_key, base_key_len, stepped);
    if (rc == SFRAME_OK)
        memcpy(next, stepped, crypto.suite->nh);
    core_wipe(stepped, sizeof stepped);
    return rc;
}
