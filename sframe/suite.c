#include "suite.h"

#include "header.h"

/* Limits per key, after draft-irtf-cfrg-aead-limits, single key. Confidentiality: frames plus blocks sealed stay below
 * 2^36, where AES as a permutation in counter mode gives an advantage of 2^-57 (that draft's AES-GCM bound, and for
 * CTR+HMAC the same PRP/PRF switch). Forgeries, of frames up to 2^22 blocks: GCM p * 2^127 / 2^22 at p = 2^-57; a
 * truncated HMAC p * 2^tag bits, at p = 2^-57 for 80 bits, 2^-40 for 64 and 2^-20 for 32, which is all that these can
 * give. */
#define BLOCK_LIMIT (UINT64_C(1) << 36)
#define SEAL_LIMIT (UINT64_C(1) << 32)

_Static_assert(SEAL_LIMIT >> 8 * (sizeof(union sframe_head) - 9) == 0,
               "a sealed frame's header is no longer than a head");

static const struct sframe_suite suites[] = {
    {SFRAME_AES_128_CTR_HMAC_SHA256_80, "AES_128_CTR_HMAC_SHA256_80", 32, 16, 48, 12, 10, SEAL_LIMIT, UINT64_C(1) << 23,
     BLOCK_LIMIT},
    {SFRAME_AES_128_CTR_HMAC_SHA256_64, "AES_128_CTR_HMAC_SHA256_64", 32, 16, 48, 12, 8, SEAL_LIMIT, UINT64_C(1) << 24,
     BLOCK_LIMIT},
    {SFRAME_AES_128_CTR_HMAC_SHA256_32, "AES_128_CTR_HMAC_SHA256_32", 32, 16, 48, 12, 4, SEAL_LIMIT, UINT64_C(1) << 12,
     BLOCK_LIMIT},
    {SFRAME_AES_128_GCM_SHA256_128, "AES_128_GCM_SHA256_128", 32, 0, 16, 12, 16, SEAL_LIMIT, UINT64_C(1) << 48,
     BLOCK_LIMIT},
    {SFRAME_AES_256_GCM_SHA512_128, "AES_256_GCM_SHA512_128", 64, 0, 32, 12, 16, SEAL_LIMIT, UINT64_C(1) << 48,
     BLOCK_LIMIT},
    {SFRAME_AES_256_CTR_HMAC_SHA512_80, "AES_256_CTR_HMAC_SHA512_80", 64, 32, 96, 12, 10, SEAL_LIMIT, UINT64_C(1) << 23,
     BLOCK_LIMIT},
    {SFRAME_AES_256_CTR_HMAC_SHA512_64, "AES_256_CTR_HMAC_SHA512_64", 64, 32, 96, 12, 8, SEAL_LIMIT, UINT64_C(1) << 24,
     BLOCK_LIMIT},
    {SFRAME_AES_256_CTR_HMAC_SHA512_32, "AES_256_CTR_HMAC_SHA512_32", 64, 32, 96, 12, 4, SEAL_LIMIT, UINT64_C(1) << 12,
     BLOCK_LIMIT},
};

const struct sframe_suite *sframe_suite_find(uint16_t id)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

int sframe_crypto_init(struct sframe_crypto *crypto, const struct core_provider *provider, uint16_t id)
{
    const struct sframe_suite *suite = sframe_suite_find(id ? id : SFRAME_SUITE_DEFAULT);
    if (!suite)
        return SFRAME_SUITE;
    bool small = suite->nh == 32;
    crypto->provider = provider;
    crypto->suite = suite;
    crypto->hash = small ? provider->sha256 : provider->sha512;
    if (suite->nka > 0)
        crypto->aead = small ? provider->aes_128_ctr_hmac_sha256 : provider->aes_256_ctr_hmac_sha512;
    else
        crypto->aead = small ? provider->aes_128_gcm : provider->aes_256_gcm;
    return crypto->hash->hmac_init(&crypto->no_salt, NULL, 0) ? SFRAME_OK : SFRAME_CRYPTO;
}

const char *sframe_provider_name(void)
{
    return core_provider_best()->name;
}
