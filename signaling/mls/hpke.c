#include "mls/hpke.h"

#include <string.h>

#include "core/bytes.h"
#include "core/secret.h"
#include "labeled.h"
#include "mls/crypto.h"

enum { MODE_BASE = 0 };

/* KeyScheduleContext and the secret of RFC 9180 section 5.1, from which key, nonce and exporter secret come. */
struct schedule {
    const struct mls_suite *suite;
    struct hpke_suite_id id;
    struct core_hmac_key secret;
    uint8_t context[1 + 2 * CORE_HASH_MAX];
    size_t context_len;
};

static struct hpke_suite_id suite_id(const struct mls_suite *suite)
{
    struct hpke_suite_id id;
    struct bytes_writer w;
    bytes_writer_init(&w, id.data, sizeof id.data);
    bytes_write(&w, (const uint8_t *)"HPKE", 4);
    bytes_write_u16(&w, suite->kem->id);
    bytes_write_u16(&w, suite->kdf_id);
    bytes_write_u16(&w, suite->aead_id);
    id.len = w.len;
    return id;
}

int mls_hpke_info_hash(const struct mls_suite *suite, struct mls_hpke_info info, uint8_t *out)
{
    const struct hpke_suite_id id = suite_id(suite);
    if (info.hash) {
        memcpy(out, info.hash, suite->hash->len);
        return MLS_OK;
    }
    if (info.count > HPKE_IKM_PARTS)
        return MLS_INVALID;
    return hpke_labeled_extract(suite->hash, &id, (struct core_slice){0}, "info_hash", info.parts, info.count, out)
               ? MLS_OK
               : MLS_CRYPTO;
}

static int schedule_init(struct schedule *s, const struct mls_suite *suite, const uint8_t *shared_secret,
                         struct mls_hpke_info info)
{
    const struct core_hash *hash = suite->hash;
    const struct core_slice none = {0};
    uint8_t secret[CORE_HASH_MAX];
    s->suite = suite;
    s->id = suite_id(suite);
    s->context[0] = MODE_BASE;
    s->context_len = 1 + 2 * hash->len;
    int rc = mls_hpke_info_hash(suite, info, s->context + 1 + hash->len);
    if (rc != MLS_OK)
        return rc;
    bool ok = hpke_labeled_extract(hash, &s->id, none, "psk_id_hash", NULL, 0, s->context + 1) &&
              hpke_labeled_extract(hash, &s->id, (struct core_slice){shared_secret, suite->kem->secret_len}, "secret",
                                   NULL, 0, secret) &&
              hash->hmac_init(&s->secret, secret, hash->len);
    core_wipe(secret, sizeof secret);
    return ok ? MLS_OK : MLS_CRYPTO;
}

static void schedule_wipe(struct schedule *s)
{
    core_wipe(s, sizeof *s);
}

static bool schedule_expand(const struct schedule *s, const char *label, uint8_t *out, size_t len)
{
    return hpke_labeled_expand(s->suite->hash, &s->id, &s->secret, label,
                               (struct core_slice){s->context, s->context_len}, out, len);
}

/* Both ways end in the same schedule. */
static int setup_sender(struct schedule *s, const struct mls_suite *suite, const uint8_t *seed,
                        const uint8_t *public_key, struct mls_hpke_info info, uint8_t *kem_output)
{
    const struct mls_kem *kem = suite->kem;
    uint8_t random[MLS_KEM_SEED_MAX];
    uint8_t shared_secret[MLS_KEM_SECRET_MAX];
    int rc = MLS_OK;
    if (!seed) {
        if (!core_random(random, kem->seed_len))
            return MLS_CRYPTO;
        seed = random;
    }
    rc = kem->encap(kem, seed, public_key, kem_output, shared_secret);
    if (rc == MLS_OK)
        rc = schedule_init(s, suite, shared_secret, info);
    core_wipe(random, sizeof random);
    core_wipe(shared_secret, sizeof shared_secret);
    return rc;
}

static int setup_receiver(struct schedule *s, const struct mls_suite *suite, const uint8_t *private_key,
                          const uint8_t *public_key, struct mls_hpke_info info, struct core_slice kem_output)
{
    const struct mls_kem *kem = suite->kem;
    uint8_t shared_secret[MLS_KEM_SECRET_MAX];
    if (kem_output.len != kem->output_len)
        return MLS_MALFORMED;
    int rc = kem->decap(kem, private_key, public_key, kem_output.data, shared_secret);
    if (rc == MLS_OK)
        rc = schedule_init(s, suite, shared_secret, info);
    core_wipe(shared_secret, sizeof shared_secret);
    return rc;
}

/* The key and the first nonce: a single-shot context uses no other. */
struct content_key {
    uint8_t key[MLS_AEAD_KEY_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
};

static int content_key(const struct schedule *s, struct content_key *out)
{
    return schedule_expand(s, "key", out->key, s->suite->aead->key_len) &&
                   schedule_expand(s, "base_nonce", out->nonce, sizeof out->nonce)
               ? MLS_OK
               : MLS_CRYPTO;
}

int mls_hpke_seal(const struct mls_suite *suite, const uint8_t *seed, const uint8_t *public_key,
                  struct mls_hpke_info info, struct core_slice aad, struct core_slice plaintext, uint8_t *kem_output,
                  uint8_t *ciphertext)
{
    struct schedule s = {0};
    struct content_key key;
    int rc = setup_sender(&s, suite, seed, public_key, info, kem_output);
    if (rc == MLS_OK)
        rc = content_key(&s, &key);
    if (rc == MLS_OK) {
        if (plaintext.len)
            memcpy(ciphertext, plaintext.data, plaintext.len);
        rc = mls_aead_seal(suite, key.key, key.nonce, aad, ciphertext, plaintext.len);
    }
    schedule_wipe(&s);
    core_wipe(&key, sizeof key);
    return rc;
}

int mls_hpke_open(const struct mls_suite *suite, const uint8_t *private_key, const uint8_t *public_key,
                  struct mls_hpke_info info, struct core_slice aad, struct core_slice kem_output,
                  struct core_slice ciphertext, uint8_t *plaintext)
{
    struct schedule s = {0};
    struct content_key key;
    const size_t tag_len = suite->aead->tag_len;
    if (ciphertext.len < tag_len)
        return MLS_MALFORMED;
    const size_t len = ciphertext.len - tag_len;
    int rc = setup_receiver(&s, suite, private_key, public_key, info, kem_output);
    if (rc == MLS_OK)
        rc = content_key(&s, &key);
    if (rc == MLS_OK) {
        if (len)
            memcpy(plaintext, ciphertext.data, len);
        rc = mls_aead_open(suite, key.key, key.nonce, aad, plaintext, len, ciphertext.data + len);
    }
    if (rc != MLS_OK)
        core_wipe(plaintext, len);
    schedule_wipe(&s);
    core_wipe(&key, sizeof key);
    return rc;
}

/* RFC 9180 section 5.3 */
static int export_secret(const struct schedule *s, struct core_slice exporter_context, uint8_t *secret, size_t len)
{
    const struct core_hash *hash = s->suite->hash;
    uint8_t exporter[CORE_HASH_MAX];
    struct core_hmac_key key;
    bool ok = schedule_expand(s, "exp", exporter, hash->len) && hash->hmac_init(&key, exporter, hash->len) &&
              hpke_labeled_expand(hash, &s->id, &key, "sec", exporter_context, secret, len);
    core_wipe(exporter, sizeof exporter);
    core_wipe(&key, sizeof key);
    return ok ? MLS_OK : MLS_CRYPTO;
}

int mls_hpke_send_export(const struct mls_suite *suite, const uint8_t *seed, const uint8_t *public_key,
                         struct mls_hpke_info info, struct core_slice exporter_context, uint8_t *kem_output,
                         uint8_t *secret, size_t secret_len)
{
    struct schedule s = {0};
    int rc = setup_sender(&s, suite, seed, public_key, info, kem_output);
    if (rc == MLS_OK)
        rc = export_secret(&s, exporter_context, secret, secret_len);
    schedule_wipe(&s);
    return rc;
}

int mls_hpke_receive_export(const struct mls_suite *suite, const uint8_t *private_key, const uint8_t *public_key,
                            struct mls_hpke_info info, struct core_slice kem_output, struct core_slice exporter_context,
                            uint8_t *secret, size_t secret_len)
{
    struct schedule s = {0};
    int rc = setup_receiver(&s, suite, private_key, public_key, info, kem_output);
    if (rc == MLS_OK)
        rc = export_secret(&s, exporter_context, secret, secret_len);
    schedule_wipe(&s);
    return rc;
}
