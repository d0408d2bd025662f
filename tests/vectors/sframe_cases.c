/* The cases of the SFrame working group's vectors. */
#include "sframe_cases.h"

#include <stdlib.h>
#include <string.h>

#include "kdf.h"
#include "key.h"
#include "vector_file.h"

static bool same_rest(const char *what, const struct vector_bytes *a, const struct vector_bytes *b, size_t skip)
{
    return skip <= a->len && vector_same(what, b, a->data + skip, a->len - skip);
}

/* --- header: kid and ctr to encoded, and back --- */

bool sframe_case_header(const json_t *object)
{
    static const char *const names[] = {"encoded"};
    struct vector_fields fields;
    struct sframe_header header;
    uint8_t encoded[SFRAME_HEADER_MAX];
    uint64_t kid = 0;
    uint64_t ctr = 0;
    size_t len = 0;
    bool ok = vector_fields_read(object, names, 1, &fields) && vector_u64(object, "kid", &kid) &&
              vector_u64(object, "ctr", &ctr) &&
              sframe_header_write(kid, ctr, encoded, sizeof encoded, &len) == SFRAME_OK &&
              len == sframe_header_len(kid, ctr) && vector_same("encoded", &fields.at[0], encoded, len) &&
              sframe_header_read(fields.at[0].data, fields.at[0].len, &header) == SFRAME_OK && header.kid == kid &&
              header.ctr == ctr && header.len == len;
    vector_fields_free(&fields);
    return ok;
}

bool sframe_case_suite(const json_t *object, struct sframe_crypto *crypto)
{
    uint64_t id = 0;
    return vector_u64(object, "cipher_suite", &id) && id > 0 && id <= UINT16_MAX &&
           sframe_crypto_init(crypto, &core_provider_libcrypto, (uint16_t)id) == SFRAME_OK;
}

/* --- aes_ctr_hmac: the compound AEAD alone --- */

enum { CTR_KEY, CTR_ENC_KEY, CTR_AUTH_KEY, CTR_NONCE, CTR_AAD, CTR_PT, CTR_CT, CTR_FIELDS };

static bool seal_and_open(const struct sframe_crypto *crypto, const struct vector_bytes *at)
{
    const struct core_aead *aead = crypto->aead;
    const size_t nt = crypto->suite->nt;
    const struct core_slice aad = {at[CTR_AAD].data, at[CTR_AAD].len};
    bool ok = false;
    void *state = calloc(1, aead->state_size);
    uint8_t *buffer = calloc(1, at[CTR_PT].len + nt);
    if (!state || !buffer)
        goto out;
    memcpy(buffer, at[CTR_PT].data, at[CTR_PT].len);
    const struct core_span text = {buffer, at[CTR_PT].len};
    uint8_t *tag = buffer + at[CTR_PT].len;
    ok = aead->init(state, CORE_SEAL) && aead->set_key(state, at[CTR_KEY].data) &&
         aead->seal(state, at[CTR_NONCE].data, &aad, 1, &text, 1, tag, nt) &&
         vector_same("ct", &at[CTR_CT], buffer, at[CTR_PT].len + nt);
    aead->wipe(state);
    ok = ok && aead->init(state, CORE_OPEN) && aead->set_key(state, at[CTR_KEY].data) &&
         aead->open(state, at[CTR_NONCE].data, &aad, 1, text, tag, nt) == CORE_OPEN_OK &&
         vector_same("opened", &at[CTR_PT], buffer, at[CTR_PT].len);
    aead->wipe(state);
out:
    free(state);
    free(buffer);
    return ok;
}

bool sframe_case_ctr(const json_t *object)
{
    static const char *const names[CTR_FIELDS] = {"key", "enc_key", "auth_key", "nonce", "aad", "pt", "ct"};
    struct vector_fields fields;
    struct sframe_crypto crypto;
    bool ok = vector_fields_read(object, names, CTR_FIELDS, &fields) && sframe_case_suite(object, &crypto) &&
              crypto.suite->nka > 0;
    ok = ok && fields.at[CTR_KEY].len == crypto.suite->nk && fields.at[CTR_NONCE].len == crypto.suite->nn &&
         vector_same("enc_key", &fields.at[CTR_ENC_KEY], fields.at[CTR_KEY].data, crypto.suite->nka) &&
         same_rest("auth_key", &fields.at[CTR_KEY], &fields.at[CTR_AUTH_KEY], crypto.suite->nka) &&
         seal_and_open(&crypto, fields.at);
    vector_fields_free(&fields);
    return ok;
}

/* --- sframe: whole frames, with everything they come from --- */

enum { SF_BASE, SF_KEY_LABEL, SF_SALT_LABEL, SF_SECRET, SF_KEY, SF_SALT, SF_META, SF_NONCE, SF_AAD, SF_PT, SF_CT };

static bool check_label(const char *what, const struct vector_bytes *want, const char *text, uint64_t kid, uint16_t id)
{
    uint8_t label[64];
    size_t len = strlen(text);
    memcpy(label, text, len);
    for (unsigned i = 0; i < 8; i++)
        label[len++] = (uint8_t)(kid >> (56 - 8 * i));
    label[len++] = (uint8_t)(id >> 8);
    label[len++] = (uint8_t)id;
    return vector_same(what, want, label, len);
}

static bool check_derivation(const struct sframe_crypto *crypto, uint64_t kid, uint64_t ctr,
                             const struct vector_bytes *at)
{
    const struct sframe_suite *suite = crypto->suite;
    struct core_hmac_key empty;
    const struct core_slice base_key = {at[SF_BASE].data, at[SF_BASE].len};
    uint8_t secret[CORE_HASH_MAX];
    uint8_t key[SFRAME_NK_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    if (!crypto->hash->hmac_init(&empty, NULL, 0) || !crypto->hash->hmac(&empty, &base_key, 1, secret) ||
        !vector_same("sframe_secret", &at[SF_SECRET], secret, suite->nh))
        return false;
    if (!check_label("sframe_key_label", &at[SF_KEY_LABEL], "SFrame 1.0 Secret key ", kid, suite->id) ||
        !check_label("sframe_salt_label", &at[SF_SALT_LABEL], "SFrame 1.0 Secret salt ", kid, suite->id))
        return false;
    if (sframe_derive(suite, kid, at[SF_BASE].data, at[SF_BASE].len, key, nonce) != SFRAME_OK ||
        !vector_same("sframe_key", &at[SF_KEY], key, suite->nk) ||
        !vector_same("sframe_salt", &at[SF_SALT], nonce, suite->nn))
        return false;
    for (unsigned i = 0; i < 8; i++)
        nonce[suite->nn - 1u - i] ^= (uint8_t)(ctr >> 8 * i);
    return vector_same("nonce", &at[SF_NONCE], nonce, suite->nn);
}

/* Seals through the key of one KID, which the sender uses too, at the counter the case asks for. */
static bool check_seal(const struct sframe_crypto *crypto, uint64_t kid, uint64_t ctr, const struct vector_bytes *at)
{
    struct sframe_key key = {.state = calloc(1, crypto->aead->state_size)};
    struct core_hmac_key secret;
    const size_t pt_len = at[SF_PT].len;
    size_t header_len = 0;
    bool ok = false;
    uint8_t *frame = calloc(1, SFRAME_HEADER_MAX + pt_len + SFRAME_TAG_MAX);
    uint8_t *aad = calloc(1, SFRAME_HEADER_MAX + at[SF_META].len);
    if (!key.state || !frame || !aad ||
        sframe_header_write(kid, ctr, frame, SFRAME_HEADER_MAX, &header_len) != SFRAME_OK)
        goto out;
    memcpy(aad, frame, header_len);
    memcpy(aad + header_len, at[SF_META].data, at[SF_META].len);
    memcpy(frame + header_len, at[SF_PT].data, pt_len);
    const struct core_span text = {frame + header_len, pt_len};
    const struct sframe_frame parts = {ctr, {{frame, header_len}, {at[SF_META].data, at[SF_META].len}}};
    ok = vector_same("aad", &at[SF_AAD], aad, header_len + at[SF_META].len) &&
         crypto->aead->init(key.state, CORE_SEAL) &&
         sframe_secret_init(crypto, at[SF_BASE].data, at[SF_BASE].len, &secret) == SFRAME_OK &&
         sframe_key_derive(crypto, &key, &secret, kid) == SFRAME_OK &&
         sframe_key_seal(crypto, &key, &parts, &text, 1, frame + header_len + pt_len) == SFRAME_OK &&
         vector_same("ct", &at[SF_CT], frame, header_len + pt_len + crypto->suite->nt);
    crypto->aead->wipe(key.state);
out:
    free(key.state);
    free(frame);
    free(aad);
    return ok;
}

/* Opens the published frame as an application would. */
static bool check_open(const struct sframe_crypto *crypto, uint64_t kid, uint64_t ctr, const struct vector_bytes *at)
{
    const struct sframe_receiver_config config = {
        .suite = crypto->suite->id, .profile = SFRAME_PROFILE_RFC9605, .keys = 1};
    struct sframe_receiver *receiver = NULL;
    struct sframe_opened opened;
    size_t size = sframe_receiver_size(&config);
    void *memory = malloc(size);
    bool ok = memory && sframe_receiver_init(memory, size, &config, &receiver) == SFRAME_OK;
    ok = ok && sframe_receiver_add_key(receiver, kid, at[SF_BASE].data, at[SF_BASE].len) == SFRAME_OK &&
         sframe_open(receiver, NULL, at[SF_META].data, at[SF_META].len, at[SF_CT].data, at[SF_CT].len, 0, &opened) ==
             SFRAME_OK &&
         opened.kid == kid && opened.ctr == ctr &&
         vector_same("opened", &at[SF_PT], opened.payload, opened.payload_len);
    sframe_receiver_wipe(receiver);
    free(memory);
    return ok;
}

bool sframe_case_frame(const json_t *object)
{
    static const char *const names[] = {"base_key",
                                        "sframe_key_label",
                                        "sframe_salt_label",
                                        "sframe_secret",
                                        "sframe_key",
                                        "sframe_salt",
                                        "metadata",
                                        "nonce",
                                        "aad",
                                        "pt",
                                        "ct"};
    struct vector_fields fields;
    struct sframe_crypto crypto;
    uint64_t kid = 0;
    uint64_t ctr = 0;
    bool ok = vector_fields_read(object, names, sizeof names / sizeof names[0], &fields) &&
              sframe_case_suite(object, &crypto) && vector_u64(object, "kid", &kid) &&
              vector_u64(object, "ctr", &ctr) && check_derivation(&crypto, kid, ctr, fields.at) &&
              check_seal(&crypto, kid, ctr, fields.at) && check_open(&crypto, kid, ctr, fields.at);
    vector_fields_free(&fields);
    return ok;
}
