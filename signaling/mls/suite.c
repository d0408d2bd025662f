#include "mls/suite.h"

/* RFC 9180 section 7 */
enum { KDF_SHA256 = 1, KDF_SHA384 = 2, KDF_SHA512 = 3 };
enum { AEAD_AES_128_GCM = 1, AEAD_AES_256_GCM = 2, AEAD_CHACHA20_POLY1305 = 3 };

static const struct mls_suite rows[] = {
    {MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519, "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", &mls_kem_x25519,
     KDF_SHA256, AEAD_AES_128_GCM, &core_libcrypto_sha256, &core_libcrypto_aes_128_gcm, &core_sodium_ed25519},
    {MLS_128_DHKEMP256_AES128GCM_SHA256_P256, "MLS_128_DHKEMP256_AES128GCM_SHA256_P256", &mls_kem_p256, KDF_SHA256,
     AEAD_AES_128_GCM, &core_libcrypto_sha256, &core_libcrypto_aes_128_gcm, &core_libcrypto_ecdsa_p256},
    {MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
     &mls_kem_x25519, KDF_SHA256, AEAD_CHACHA20_POLY1305, &core_libcrypto_sha256, &core_libcrypto_chacha20_poly1305,
     &core_sodium_ed25519},
    {MLS_256_DHKEMX448_AES256GCM_SHA512_ED448, "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448", &mls_kem_x448, KDF_SHA512,
     AEAD_AES_256_GCM, &core_libcrypto_sha512, &core_libcrypto_aes_256_gcm, &core_libcrypto_ed448},
    {MLS_256_DHKEMP521_AES256GCM_SHA512_P521, "MLS_256_DHKEMP521_AES256GCM_SHA512_P521", &mls_kem_p521, KDF_SHA512,
     AEAD_AES_256_GCM, &core_libcrypto_sha512, &core_libcrypto_aes_256_gcm, &core_libcrypto_ecdsa_p521},
    {MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_ED448, "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448", &mls_kem_x448,
     KDF_SHA512, AEAD_CHACHA20_POLY1305, &core_libcrypto_sha512, &core_libcrypto_chacha20_poly1305,
     &core_libcrypto_ed448},
    {MLS_256_DHKEMP384_AES256GCM_SHA384_P384, "MLS_256_DHKEMP384_AES256GCM_SHA384_P384", &mls_kem_p384, KDF_SHA384,
     AEAD_AES_256_GCM, &core_libcrypto_sha384, &core_libcrypto_aes_256_gcm, &core_libcrypto_ecdsa_p384},
};

const struct mls_suites mls_suites_rfc9420 = {rows, sizeof rows / sizeof rows[0]};

const struct mls_suite *mls_suite_find(const struct mls_suites *suites, uint16_t id)
{
    if (!suites)
        suites = &mls_suites_rfc9420;
    for (size_t i = 0; i < suites->count; i++)
        if (suites->rows[i].id == id)
            return &suites->rows[i];
    return NULL;
}
