/* key_states < KEYS > STATES: what the ciphers of this machine make of keys. Each item of both is a 4-byte length
 * (big-endian) and bytes. Of an item "H" and an HMAC key: its expanded state. Of an item "G" and an AES-128-GCM key:
 * the table of the powers of GHASH's key, as it stands in a cipher's state behind the round keys. Prints the provider's
 * name on stderr; with one that keeps its tables elsewhere than in the state, nothing comes of "G". */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/provider.h"

enum { ITEM_MAX = 256, AES_128_LEN = 16, ROUND_KEYS_LEN = 176 };

static void put(const uint8_t *data, size_t len)
{
    const uint32_t be = htonl((uint32_t)len);

    fwrite(&be, sizeof be, 1, stdout);
    fwrite(data, 1, len, stdout);
}

static void put_hmac(const uint8_t *secret, size_t len)
{
    struct core_hmac_key key = {0};

    if (core_provider_best()->sha256->hmac_init(&key, secret, len))
        put(key.state, sizeof key.state);
}

static void put_ghash(const uint8_t *key)
{
    static _Alignas(64) uint8_t state[CORE_AEAD_STATE_MAX];
    const struct core_aead *aead = core_provider_best()->aes_128_gcm;
    const uint8_t *found;

    memset(state, 0, sizeof state);
    if (!aead->init(state, CORE_SEAL) || !aead->set_key(state, key))
        return;
    found = memmem(state, aead->state_size, key, AES_128_LEN);
    if (found != NULL)
        put(found + ROUND_KEYS_LEN, (size_t)(state + aead->state_size - found) - ROUND_KEYS_LEN);
    aead->wipe(state);
}

int main(void)
{
    uint8_t item[ITEM_MAX];
    uint32_t be;

    fprintf(stderr, "%s\n", core_provider_best()->name);
    while (fread(&be, sizeof be, 1, stdin) == 1) {
        const size_t len = ntohl(be);

        if (len < 1 || len > sizeof item || fread(item, 1, len, stdin) != len)
            return 2;
        if (item[0] == 'H')
            put_hmac(item + 1, len - 1);
        else if (item[0] == 'G' && len == 1 + AES_128_LEN)
            put_ghash(item + 1);
        else
            return 2;
    }
    return fflush(stdout) == 0 ? 0 : 2;
}
