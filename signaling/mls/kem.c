/* DHKEM (RFC 9180 section 4.1) over core's Diffie-Hellman groups. */
#include <string.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "labeled.h"
#include "mls/suite.h"

_Static_assert((int)CORE_DH_PRIVATE_MAX <= (int)MLS_KEM_PRIVATE_MAX, "a DH private key is a KEM's");
_Static_assert((int)CORE_DH_PUBLIC_MAX <= (int)MLS_KEM_PUBLIC_MAX, "a DH public key is a KEM's");
_Static_assert((int)CORE_DH_PUBLIC_MAX <= (int)MLS_KEM_OUTPUT_MAX, "a DH public key is a KEM's output");

static struct hpke_suite_id suite_id(const struct mls_kem *kem)
{
    struct hpke_suite_id id;
    struct bytes_writer w;
    bytes_writer_init(&w, id.data, sizeof id.data);
    bytes_write(&w, (const uint8_t *)"KEM", 3);
    bytes_write_u16(&w, kem->id);
    id.len = w.len;
    return id;
}

/* LabeledExtract("", label, ikm), ready for expanding. */
static bool extract(const struct mls_kem *kem, const struct hpke_suite_id *id, const char *label, struct core_slice ikm,
                    struct core_hmac_key *prk)
{
    uint8_t extracted[CORE_HASH_MAX];
    bool ok = hpke_labeled_extract(kem->hash, id, (struct core_slice){0}, label, &ikm, 1, extracted) &&
              kem->hash->hmac_init(prk, extracted, kem->hash->len);
    core_wipe(extracted, sizeof extracted);
    return ok;
}

/* RFC 9180 section 7.1.3: where not every string is a private key, candidates until one is. */
static int derive_private(const struct mls_kem *kem, const struct hpke_suite_id *id, const struct core_hmac_key *prk,
                          uint8_t *private_key)
{
    const struct core_dh *dh = kem->dh;
    if (!dh->first_byte_mask)
        return hpke_labeled_expand(kem->hash, id, prk, "sk", (struct core_slice){0}, private_key, dh->private_len)
                   ? MLS_OK
                   : MLS_CRYPTO;
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        const uint8_t counter = (uint8_t)i;
        if (!hpke_labeled_expand(kem->hash, id, prk, "candidate", (struct core_slice){&counter, 1}, private_key,
                                 dh->private_len))
            return MLS_CRYPTO;
        private_key[0] &= dh->first_byte_mask;
        if (dh->private_ok(dh, private_key))
            return MLS_OK;
    }
    return MLS_CRYPTO;
}

/* The private half of DeriveKeyPair. */
static int dh_derive_private(const struct mls_kem *kem, const uint8_t *ikm, size_t ikm_len, uint8_t *private_key)
{
    const struct hpke_suite_id id = suite_id(kem);
    struct core_hmac_key prk;
    int rc = extract(kem, &id, "dkp_prk", (struct core_slice){ikm, ikm_len}, &prk) ? MLS_OK : MLS_CRYPTO;
    if (rc == MLS_OK)
        rc = derive_private(kem, &id, &prk, private_key);
    core_wipe(&prk, sizeof prk);
    return rc;
}

static int dh_derive(const struct mls_kem *kem, const uint8_t *ikm, size_t ikm_len, uint8_t *private_key,
                     uint8_t *public_key)
{
    int rc = dh_derive_private(kem, ikm, ikm_len, private_key);
    if (rc == MLS_OK && !kem->dh->public_from(kem->dh, private_key, public_key))
        rc = MLS_CRYPTO;
    if (rc != MLS_OK)
        core_wipe(private_key, kem->private_len);
    return rc;
}

static int dh_derive_each(const struct mls_kem *kem, const struct mls_kem_pair *pairs, size_t count, size_t ikm_len)
{
    struct core_dh_pair keys[CORE_DH_PAIRS_MAX];
    int rc = count <= CORE_DH_PAIRS_MAX ? MLS_OK : MLS_INVALID;
    for (size_t i = 0; rc == MLS_OK && i < count; i++) {
        keys[i] = (struct core_dh_pair){pairs[i].private_key, pairs[i].public_key};
        rc = dh_derive_private(kem, pairs[i].ikm, ikm_len, pairs[i].private_key);
    }
    if (rc == MLS_OK && !kem->dh->public_from_each(kem->dh, keys, count))
        rc = MLS_CRYPTO;
    return rc;
}

int mls_kem_derive_each(const struct mls_kem *kem, const struct mls_kem_pair *pairs, size_t count, size_t ikm_len)
{
    int rc = MLS_OK;
    if (kem->derive_each && count > 1)
        rc = kem->derive_each(kem, pairs, count, ikm_len);
    else
        for (size_t i = 0; rc == MLS_OK && i < count; i++)
            rc = kem->derive(kem, pairs[i].ikm, ikm_len, pairs[i].private_key, pairs[i].public_key);
    for (size_t i = 0; rc != MLS_OK && i < count; i++)
        core_wipe(pairs[i].private_key, kem->private_len);
    return rc;
}

static int dh_public_from(const struct mls_kem *kem, const uint8_t *private_key, uint8_t *public_key)
{
    return kem->dh->public_from(kem->dh, private_key, public_key) ? MLS_OK : MLS_KEY;
}

static int dh_public_check(const struct mls_kem *kem, const uint8_t *public_key)
{
    return kem->dh->public_ok(kem->dh, public_key) ? MLS_OK : MLS_KEY;
}

/* ExtractAndExpand(dh, kem_context), kem_context being the KEM's output and the recipient's public key. */
static bool extract_and_expand(const struct mls_kem *kem, const uint8_t *shared, const uint8_t *output,
                               const uint8_t *public_key, uint8_t *secret)
{
    const struct hpke_suite_id id = suite_id(kem);
    struct core_hmac_key prk;
    uint8_t context[2 * CORE_DH_PUBLIC_MAX];
    const size_t len = kem->dh->public_len;
    memcpy(context, output, len);
    memcpy(context + len, public_key, len);
    bool ok = extract(kem, &id, "eae_prk", (struct core_slice){shared, kem->dh->shared_len}, &prk) &&
              hpke_labeled_expand(kem->hash, &id, &prk, "shared_secret", (struct core_slice){context, 2 * len}, secret,
                                  kem->secret_len);
    core_wipe(&prk, sizeof prk);
    return ok;
}

static int dh_encap(const struct mls_kem *kem, const uint8_t *seed, const uint8_t *public_key, uint8_t *output,
                    uint8_t *secret)
{
    uint8_t ephemeral[CORE_DH_PRIVATE_MAX];
    uint8_t shared[CORE_DH_SHARED_MAX];
    int rc = dh_derive(kem, seed, kem->seed_len, ephemeral, output);
    if (rc == MLS_OK && !kem->dh->agree(kem->dh, ephemeral, public_key, shared))
        rc = MLS_KEY;
    if (rc == MLS_OK && !extract_and_expand(kem, shared, output, public_key, secret))
        rc = MLS_CRYPTO;
    core_wipe(ephemeral, sizeof ephemeral);
    core_wipe(shared, sizeof shared);
    return rc;
}

static int dh_decap(const struct mls_kem *kem, const uint8_t *private_key, const uint8_t *public_key,
                    const uint8_t *output, uint8_t *secret)
{
    uint8_t own[CORE_DH_PUBLIC_MAX];
    uint8_t shared[CORE_DH_SHARED_MAX];
    int rc = MLS_OK;
    if (!public_key) {
        rc = dh_public_from(kem, private_key, own);
        public_key = own;
    }
    if (rc == MLS_OK && !kem->dh->agree(kem->dh, private_key, output, shared))
        rc = MLS_KEY;
    if (rc == MLS_OK && !extract_and_expand(kem, shared, output, public_key, secret))
        rc = MLS_CRYPTO;
    core_wipe(shared, sizeof shared);
    return rc;
}

/* RFC 9180 section 7.1: Nsecret, Nenc, Npk, Nsk; the seed is as long as the private key. */
#define DHKEM(id_, dh_, hash_, each_, secret_, public_, private_)                                                      \
    {                                                                                                                  \
        .id = (id_), .private_len = (private_), .public_len = (public_), .output_len = (public_),                      \
        .secret_len = (secret_), .seed_len = (private_), .derive = dh_derive, .derive_each = (each_),                  \
        .public_from = dh_public_from, .public_check = dh_public_check, .encap = dh_encap, .decap = dh_decap,          \
        .dh = &(dh_), .hash = &(hash_)                                                                                 \
    }

const struct mls_kem mls_kem_p256 = DHKEM(0x0010, core_libcrypto_p256, core_libcrypto_sha256, NULL, 32, 65, 32);
const struct mls_kem mls_kem_p384 = DHKEM(0x0011, core_libcrypto_p384, core_libcrypto_sha384, NULL, 48, 97, 48);
const struct mls_kem mls_kem_p521 = DHKEM(0x0012, core_libcrypto_p521, core_libcrypto_sha512, NULL, 64, 133, 66);
const struct mls_kem mls_kem_x25519 =
    DHKEM(0x0020, core_sodium_x25519, core_libcrypto_sha256, dh_derive_each, 32, 32, 32);
const struct mls_kem mls_kem_x448 = DHKEM(0x0021, core_libcrypto_x448, core_libcrypto_sha512, NULL, 64, 56, 56);
