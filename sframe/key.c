#include "key.h"

#include <endian.h>
#include <string.h>

#include "core/secret.h"
#include "kdf.h"

int sframe_key_derive(const struct sframe_crypto *crypto, struct sframe_key *key, const struct core_hmac_key *secret,
                      uint64_t kid)
{
    uint8_t frame_key[SFRAME_NK_MAX];
    int rc = sframe_secret_expand(crypto, secret, kid, frame_key, key->salt);
    if (rc == SFRAME_OK && !crypto->aead->set_key(key->state, frame_key))
        rc = SFRAME_CRYPTO;
    core_wipe(frame_key, sizeof frame_key);
    return rc;
}

/* A key of zeros overwrites the key schedule where it stands. */
bool sframe_key_forget(const struct core_aead *aead, struct sframe_key *key)
{
    static const uint8_t zeros[CORE_AEAD_KEY_MAX];
    core_wipe(key->salt, sizeof key->salt);
    if (aead->set_key(key->state, zeros))
        return true;
    aead->wipe(key->state);
    return false;
}

/* A nonce, written at once: the ciphers load it at once, and a load over several recent stores waits for all of them.
 */
typedef uint32_t nonce_words __attribute__((vector_size(16)));

union nonce {
    nonce_words words;
    uint8_t bytes[CORE_NONCE_LEN];
};

/* nonce = salt XOR CTR as a big-endian integer of nn bytes */
static void make_nonce(const struct sframe_key *key, uint64_t ctr, union nonce *nonce)
{
    uint32_t salt[CORE_NONCE_LEN / sizeof(uint32_t)];
    memcpy(salt, key->salt, sizeof salt);
    nonce->words =
        (nonce_words){salt[0], salt[1] ^ htobe32((uint32_t)(ctr >> 32)), salt[2] ^ htobe32((uint32_t)ctr), 0};
}

int sframe_key_seal(const struct sframe_crypto *crypto, struct sframe_key *key, const struct sframe_frame *frame,
                    const struct core_span *text, size_t text_count, uint8_t *tag)
{
    union nonce nonce;
    make_nonce(key, frame->ctr, &nonce);
    return crypto->aead->seal(key->state, nonce.bytes, frame->aad, SFRAME_AAD_PARTS, text, text_count, tag,
                              crypto->suite->nt)
               ? SFRAME_OK
               : SFRAME_CRYPTO;
}

int sframe_key_open(const struct sframe_crypto *crypto, struct sframe_key *key, const struct sframe_frame *frame,
                    struct core_span text, const uint8_t *tag)
{
    union nonce nonce;
    make_nonce(key, frame->ctr, &nonce);
    switch (crypto->aead->open(key->state, nonce.bytes, frame->aad, SFRAME_AAD_PARTS, text, tag, crypto->suite->nt)) {
    case CORE_OPEN_OK:
        return SFRAME_OK;
    case CORE_OPEN_FORGED:
        return SFRAME_AUTH;
    default:
        return SFRAME_CRYPTO;
    }
}
