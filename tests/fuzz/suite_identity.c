#include "suite_identity.h"

#include <string.h>

#include "provider_identity.h"

static int kem_derive(const struct mls_kem *kem, const uint8_t *ikm, size_t ikm_len, uint8_t *private_key,
                      uint8_t *public_key)
{
    (void)kem;
    memset(private_key, 0, IDENTITY_KEY_LEN);
    for (size_t i = 0; i < ikm_len; i++)
        private_key[i % IDENTITY_KEY_LEN] ^= ikm[i];
    memcpy(public_key, private_key, IDENTITY_KEY_LEN);
    return MLS_OK;
}

static int kem_public_from(const struct mls_kem *kem, const uint8_t *private_key, uint8_t *public_key)
{
    (void)kem;
    memcpy(public_key, private_key, IDENTITY_KEY_LEN);
    return MLS_OK;
}

static int kem_public_check(const struct mls_kem *kem, const uint8_t *public_key)
{
    (void)kem;
    return public_key[0] == 0xff ? MLS_KEY : MLS_OK;
}

static int kem_encap(const struct mls_kem *kem, const uint8_t *seed, const uint8_t *public_key, uint8_t *output,
                     uint8_t *secret)
{
    memcpy(output, seed, IDENTITY_KEY_LEN);
    memset(secret, 0, IDENTITY_KEY_LEN);
    return kem_public_check(kem, public_key);
}

static int kem_decap(const struct mls_kem *kem, const uint8_t *private_key, const uint8_t *public_key,
                     const uint8_t *output, uint8_t *secret)
{
    (void)private_key;
    (void)public_key;
    memset(secret, 0, IDENTITY_KEY_LEN);
    return kem_public_check(kem, output);
}

static const struct mls_kem kem_identity = {
    .private_len = IDENTITY_KEY_LEN,
    .public_len = IDENTITY_KEY_LEN,
    .output_len = IDENTITY_KEY_LEN,
    .secret_len = IDENTITY_KEY_LEN,
    .seed_len = IDENTITY_KEY_LEN,
    .derive = kem_derive,
    .public_from = kem_public_from,
    .public_check = kem_public_check,
    .encap = kem_encap,
    .decap = kem_decap,
};

static bool key_init(const struct core_signature *scheme, struct core_signing_key *key, const uint8_t *private_key)
{
    (void)scheme;
    memcpy(key->private_key, private_key, IDENTITY_KEY_LEN);
    memcpy(key->public_key, private_key, IDENTITY_KEY_LEN);
    return true;
}

static bool generate(const struct core_signature *scheme, struct core_signing_key *key)
{
    static const uint8_t fixed[IDENTITY_KEY_LEN] = {1};
    return key_init(scheme, key, fixed);
}

static bool sign(const struct core_signature *scheme, const struct core_signing_key *key, const uint8_t *message,
                 size_t len, uint8_t *signature, size_t *signature_len)
{
    (void)scheme;
    (void)key;
    (void)message;
    (void)len;
    memset(signature, 0, IDENTITY_SIGNATURE_LEN);
    *signature_len = IDENTITY_SIGNATURE_LEN;
    return true;
}

static bool verify(const struct core_signature *scheme, const uint8_t *public_key, const uint8_t *message, size_t len,
                   const uint8_t *signature, size_t signature_len)
{
    static const uint8_t zeros[IDENTITY_SIGNATURE_LEN];
    (void)scheme;
    (void)public_key;
    (void)message;
    (void)len;
    return signature_len == sizeof zeros && memcmp(signature, zeros, sizeof zeros) == 0;
}

static const struct core_signature signature_identity = {
    .name = "identity",
    .private_len = IDENTITY_KEY_LEN,
    .public_len = IDENTITY_KEY_LEN,
    .signature_max = IDENTITY_SIGNATURE_LEN,
    .generate = generate,
    .key_init = key_init,
    .sign = sign,
    .verify = verify,
};

void suite_identity_init(struct mls_suite *suite)
{
    *suite = (struct mls_suite){
        .id = SUITE_IDENTITY,
        .name = "identity",
        .kem = &kem_identity,
        .hash = provider_identity.sha256,
        .aead = provider_identity.aes_128_gcm,
        .signature = &signature_identity,
    };
}
