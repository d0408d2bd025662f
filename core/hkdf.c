#include "core/hkdf.h"

#include <string.h>

#include "core/secret.h"

bool core_hkdf_extract_by(const struct core_hash *hash, const struct core_hmac_key *salt, const uint8_t *secret,
                          size_t secret_len, struct core_hmac_key *prk)
{
    uint8_t extracted[CORE_HASH_MAX];
    const struct core_slice input = {secret, secret_len};
    bool ok = hash->hmac(salt, &input, 1, extracted) && hash->hmac_init(prk, extracted, hash->len);
    core_wipe(extracted, sizeof extracted);
    return ok;
}

bool core_hkdf_extract(const struct core_hash *hash, const uint8_t *salt, size_t salt_len, const uint8_t *secret,
                       size_t secret_len, struct core_hmac_key *prk)
{
    struct core_hmac_key salt_key;
    bool ok =
        hash->hmac_init(&salt_key, salt, salt_len) && core_hkdf_extract_by(hash, &salt_key, secret, secret_len, prk);
    core_wipe(&salt_key, sizeof salt_key);
    return ok;
}

bool core_hkdf_expand(const struct core_hash *hash, const struct core_hmac_key *prk, const struct core_slice *info,
                      size_t info_count, uint8_t *out, size_t out_len)
{
    if (info_count > CORE_HKDF_INFO_PARTS || out_len > 255 * hash->len)
        return false;
    uint8_t block[CORE_HASH_MAX];
    uint8_t number = 0;
    struct core_slice parts[CORE_HKDF_INFO_PARTS + 2] = {{block, 0}};
    for (size_t i = 0; i < info_count; i++)
        parts[1 + i] = info[i];
    parts[1 + info_count] = (struct core_slice){&number, 1};
    bool ok = true;
    for (size_t done = 0; ok && done < out_len; done += parts[0].len) {
        number++;
        ok = hash->hmac(prk, parts, info_count + 2, block);
        parts[0].len = hash->len;
        if (ok)
            memcpy(out + done, block, out_len - done < hash->len ? out_len - done : hash->len);
    }
    if (!ok)
        core_wipe(out, out_len);
    core_wipe(block, sizeof block);
    return ok;
}
