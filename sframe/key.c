#include "key.h"

#include "core/secret.h"
#include "kdf.h"

int sframe_key_derive(const struct sframe_crypto *crypto, struct sframe_key *key, const struct core_hmac_key *secret,
                      uint64_t kid)
{
    uint8_t frame_key[SFRAME_NK_MAX];
    memset(key->salt, 0, sizeof key->salt);
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
