#include "suite_identity.h"

#include <string.h>

#include "core/secret.h"
#include "provider_identity.h"

static int kem_derive(const struct mls_kem *kem, const uint8_t *ikm, size_t ikm_len, uint8_t *private_key,
                      uint8_t *public_key)
{
    (void)kem;
    memset(private_key, 0, IDENTITY_KEY_LEN);
    for (size_t i = 0; i < ikm_len; i++)
        private_key[i % IDENTITY_KEY_LEN] ^= ikm[i];
    private_key[0] &= 0x7f; /* never a key that is refused */
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
    uint8_t random[IDENTITY_KEY_LEN];
    return core_random(random, sizeof random) && key_init(scheme, key, random);
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

/* --- Without tags --- */

/* Whether a MAC is a membership tag or a confirmation tag: over version and PublicMessage, or over one hash. */
static bool is_tag(const struct core_slice *parts, size_t count)
{
    static const uint8_t head[] = {0, 1, 0, 1};
    if (count == 1)
        return parts[0].len == provider_identity.sha256->len;
    return count == 4 && parts[0].len == sizeof head && memcmp(parts[0].data, head, sizeof head) == 0;
}

static bool untagged_hmac_init(struct core_hmac_key *key, const uint8_t *secret, size_t len)
{
    return provider_identity.sha256->hmac_init(key, secret, len);
}

static bool untagged_hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    if (!is_tag(parts, count))
        return provider_identity.sha256->hmac(key, parts, count, out);
    memset(out, 0, provider_identity.sha256->len);
    return true;
}

/* Whether a hash is a parent hash: of a key, the next parent's hash and the sibling's, each after its length. */
static bool is_parent_hash(const struct core_slice *parts, size_t count)
{
    return count == 6 && parts[1].len == IDENTITY_KEY_LEN && parts[5].len == provider_identity.sha256->len;
}

static bool is_reference(const struct core_slice *parts, size_t count)
{
    static const char prefix[] = "MLS 1.0 ";
    return count > 2 && parts[1].len >= sizeof prefix - 1 && memcmp(parts[1].data, prefix, sizeof prefix - 1) == 0;
}

static bool untagged_digest(const struct core_slice *parts, size_t count, uint8_t *out)
{
    enum { REFS = 64 };
    uint8_t sum[MLS_HASH_MAX];
    if (is_parent_hash(parts, count))
        return provider_identity.sha256->digest(parts, count, out);
    memset(out, 0, provider_identity.sha256->len);
    if (!is_reference(parts, count))
        return true;
    if (!provider_identity.sha256->digest(parts, count, sum))
        return false;
    out[0] = sum[0] % REFS;
    return true;
}

static const struct core_hash untagged = {"untagged", 32, untagged_hmac_init, untagged_hmac, NULL, untagged_digest};

void suite_untagged_init(struct mls_suite *suite)
{
    suite_identity_init(suite);
    suite->hash = &untagged;
}
