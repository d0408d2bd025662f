/* Ciphers by libcrypto: one EVP context per state, made in init, rekeyed and reused after that. Its hashes are in
 * provider_libcrypto_hash.c. */
#include "core/provider.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/secret.h"
#include "ctr_hmac.h"

static bool cipher_init(EVP_CIPHER_CTX **cipher, const EVP_CIPHER *type, enum core_direction direction)
{
    ERR_set_mark();
    *cipher = EVP_CIPHER_CTX_new();
    bool ok = *cipher && EVP_CipherInit_ex(*cipher, type, NULL, NULL, NULL, direction == CORE_SEAL);
    if (!ok) {
        EVP_CIPHER_CTX_free(*cipher);
        *cipher = NULL;
    }
    /* what went wrong is the caller's to know by our result; left here it would be taken for a later call's error */
    ERR_pop_to_mark();
    return ok;
}

/* Empty updates are left out: to EVP a call without output may mean the end. Lengths are int to EVP. */
static bool cipher_update(EVP_CIPHER_CTX *cipher, struct core_span text)
{
    int done = 0;
    if (text.len == 0)
        return true;
    return text.len <= INT_MAX && EVP_CipherUpdate(cipher, text.data, &done, text.data, (int)text.len) &&
           (size_t)done == text.len;
}

/* --- AES-GCM --- */

enum { GCM_TAG_LEN = 16 };

struct gcm {
    EVP_CIPHER_CTX *cipher;
};

static bool gcm_128_init(void *state, enum core_direction direction)
{
    return cipher_init(&((struct gcm *)state)->cipher, EVP_aes_128_gcm(), direction);
}

static bool gcm_256_init(void *state, enum core_direction direction)
{
    return cipher_init(&((struct gcm *)state)->cipher, EVP_aes_256_gcm(), direction);
}

/* The same calls, tag and nonce lengths serve ChaCha20-Poly1305 (RFC 8439). */
static bool chacha_init(void *state, enum core_direction direction)
{
    return cipher_init(&((struct gcm *)state)->cipher, EVP_chacha20_poly1305(), direction);
}

static bool gcm_set_key(void *state, const uint8_t *key)
{
    EVP_CIPHER_CTX *cipher = ((struct gcm *)state)->cipher;
    return cipher && EVP_CipherInit_ex(cipher, NULL, NULL, key, NULL, -1);
}

static bool gcm_start(EVP_CIPHER_CTX *cipher, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count)
{
    int done = 0;
    if (!EVP_CipherInit_ex(cipher, NULL, NULL, NULL, nonce, -1))
        return false;
    for (size_t i = 0; i < aad_count; i++)
        if (aad[i].len > 0 &&
            (aad[i].len > INT_MAX || !EVP_CipherUpdate(cipher, NULL, &done, aad[i].data, (int)aad[i].len)))
            return false;
    return true;
}

static bool gcm_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                     const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    EVP_CIPHER_CTX *cipher = ((struct gcm *)state)->cipher;
    int done = 0;
    bool ok = tag_len == GCM_TAG_LEN && gcm_start(cipher, nonce, aad, aad_count);
    for (size_t i = 0; ok && i < text_count; i++)
        ok = cipher_update(cipher, text[i]);
    return ok && EVP_EncryptFinal_ex(cipher, tag, &done) &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_LEN, tag);
}

static enum core_opened gcm_open(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                                 struct core_span text, const uint8_t *tag, size_t tag_len)
{
    EVP_CIPHER_CTX *cipher = ((struct gcm *)state)->cipher;
    uint8_t expected[GCM_TAG_LEN];
    uint8_t none[1];
    int done = 0;
    if (tag_len != GCM_TAG_LEN)
        return CORE_OPEN_FAILED;
    memcpy(expected, tag, sizeof expected); /* the control takes a pointer that is not const */
    if (!gcm_start(cipher, nonce, aad, aad_count) || !cipher_update(cipher, text) ||
        !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_LEN, expected)) {
        core_wipe(text.data, text.len);
        return CORE_OPEN_FAILED;
    }
    if (EVP_DecryptFinal_ex(cipher, none, &done) > 0)
        return CORE_OPEN_OK;
    core_wipe(text.data, text.len); /* EVP decrypts before it knows */
    return CORE_OPEN_FORGED;
}

static void gcm_wipe(void *state)
{
    struct gcm *gcm = state;
    EVP_CIPHER_CTX_free(gcm->cipher); /* OpenSSL cleanses the key schedule */
    gcm->cipher = NULL;
}

const struct core_aead core_libcrypto_aes_128_gcm = {
    .name = "AES-128-GCM",
    .key_len = 16,
    .tag_len = GCM_TAG_LEN,
    .min_tag_len = GCM_TAG_LEN,
    .state_size = sizeof(struct gcm),
    .init = gcm_128_init,
    .set_key = gcm_set_key,
    .seal = gcm_seal,
    .open = gcm_open,
    .wipe = gcm_wipe,
};

const struct core_aead core_libcrypto_aes_256_gcm = {
    .name = "AES-256-GCM",
    .key_len = 32,
    .tag_len = GCM_TAG_LEN,
    .min_tag_len = GCM_TAG_LEN,
    .state_size = sizeof(struct gcm),
    .init = gcm_256_init,
    .set_key = gcm_set_key,
    .seal = gcm_seal,
    .open = gcm_open,
    .wipe = gcm_wipe,
};

const struct core_aead core_libcrypto_chacha20_poly1305 = {
    .name = "ChaCha20-Poly1305",
    .key_len = 32,
    .tag_len = GCM_TAG_LEN,
    .min_tag_len = GCM_TAG_LEN,
    .state_size = sizeof(struct gcm),
    .init = chacha_init,
    .set_key = gcm_set_key,
    .seal = gcm_seal,
    .open = gcm_open,
    .wipe = gcm_wipe,
};

/* --- AES-CTR with HMAC (RFC 9605 section 4.5.1) --- */

enum { CTR_IV_LEN = 16 };

struct ctr_hmac {
    struct core_ctr_hmac mac;
    EVP_CIPHER_CTX *cipher;
    size_t cipher_key_len;
};

_Static_assert(sizeof(struct ctr_hmac) <= CORE_AEAD_STATE_MAX, "the largest state");

static bool ctr_crypt(const void *state, const uint8_t *nonce, const struct core_span *text, size_t text_count)
{
    const struct ctr_hmac *s = state;
    uint8_t counter[CTR_IV_LEN] = {0};
    memcpy(counter, nonce, CORE_NONCE_LEN);
    bool ok = EVP_CipherInit_ex(s->cipher, NULL, NULL, NULL, counter, -1);
    for (size_t i = 0; ok && i < text_count; i++)
        ok = cipher_update(s->cipher, text[i]);
    return ok;
}

static bool ctr_hmac_init(struct ctr_hmac *state, const EVP_CIPHER *type, const struct core_hash *hash,
                          size_t cipher_key_len)
{
    state->mac.hash = hash;
    state->mac.crypt = ctr_crypt;
    state->cipher_key_len = cipher_key_len;
    /* in counter mode both directions encrypt the counter */
    return cipher_init(&state->cipher, type, CORE_SEAL);
}

static bool ctr_128_init(void *state, enum core_direction direction)
{
    (void)direction;
    return ctr_hmac_init(state, EVP_aes_128_ctr(), &core_libcrypto_sha256, 16);
}

static bool ctr_256_init(void *state, enum core_direction direction)
{
    (void)direction;
    return ctr_hmac_init(state, EVP_aes_256_ctr(), &core_libcrypto_sha512, 32);
}

static bool ctr_set_key(void *state, const uint8_t *key)
{
    struct ctr_hmac *s = state;
    /* "The encryption subkey comprises the first Nka bytes and the authentication subkey comprises the remaining Nh" */
    return s->cipher && EVP_CipherInit_ex(s->cipher, NULL, NULL, key, NULL, -1) &&
           s->mac.hash->hmac_init(&s->mac.key, key + s->cipher_key_len, s->mac.hash->len);
}

static void ctr_wipe(void *state)
{
    struct ctr_hmac *s = state;
    EVP_CIPHER_CTX_free(s->cipher);
    core_wipe(s, sizeof *s);
}

static const struct core_aead aes_128_ctr_hmac_sha256 = {
    .name = "AES-128-CTR-HMAC-SHA256",
    .key_len = 16 + 32,
    .tag_len = CORE_TAG_MAX,
    .min_tag_len = CORE_CTR_HMAC_TAG_MIN,
    .state_size = sizeof(struct ctr_hmac),
    .init = ctr_128_init,
    .set_key = ctr_set_key,
    .seal = core_ctr_hmac_seal,
    .open = core_ctr_hmac_open,
    .wipe = ctr_wipe,
};

static const struct core_aead aes_256_ctr_hmac_sha512 = {
    .name = "AES-256-CTR-HMAC-SHA512",
    .key_len = 32 + 64,
    .tag_len = CORE_TAG_MAX,
    .min_tag_len = CORE_CTR_HMAC_TAG_MIN,
    .state_size = sizeof(struct ctr_hmac),
    .init = ctr_256_init,
    .set_key = ctr_set_key,
    .seal = core_ctr_hmac_seal,
    .open = core_ctr_hmac_open,
    .wipe = ctr_wipe,
};

const struct core_provider core_provider_libcrypto = {
    .name = "libcrypto",
    .sha256 = &core_libcrypto_sha256,
    .sha512 = &core_libcrypto_sha512,
    .aes_128_gcm = &core_libcrypto_aes_128_gcm,
    .aes_256_gcm = &core_libcrypto_aes_256_gcm,
    .aes_128_ctr_hmac_sha256 = &aes_128_ctr_hmac_sha256,
    .aes_256_ctr_hmac_sha512 = &aes_256_ctr_hmac_sha512,
};
