#include "core/hmac_sha1.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "core/secret.h"

bool core_hmac_sha1(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
                    uint8_t out[CORE_HMAC_SHA1_LEN])
{
    if (key_len > INT_MAX)
        return false;
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;
    bool ok = HMAC(EVP_sha1(), key, (int)key_len, data, len, mac, &mac_len) && mac_len == CORE_HMAC_SHA1_LEN;
    if (ok)
        memcpy(out, mac, CORE_HMAC_SHA1_LEN);
    core_wipe(mac, sizeof mac);
    return ok;
}
