#include "core/xchacha.h"

#include <sodium.h>

_Static_assert(CORE_XCHACHA_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                   CORE_XCHACHA_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                   CORE_XCHACHA_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "libsodium's sizes");

bool core_xchacha_seal(const uint8_t key[CORE_XCHACHA_KEY_LEN], const uint8_t nonce[CORE_XCHACHA_NONCE_LEN],
                       const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len, uint8_t *out)
{
    return sodium_init() >= 0 &&
           crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, text, text_len, aad, aad_len, NULL, nonce, key) == 0;
}

bool core_xchacha_open(const uint8_t key[CORE_XCHACHA_KEY_LEN], const uint8_t nonce[CORE_XCHACHA_NONCE_LEN],
                       const uint8_t *aad, size_t aad_len, const uint8_t *sealed, size_t sealed_len, uint8_t *out)
{
    return sealed_len >= CORE_XCHACHA_TAG_LEN && sodium_init() >= 0 &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, sealed_len, aad, aad_len, nonce, key) ==
               0;
}
