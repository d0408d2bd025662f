#include "ctr_hmac.h"

#include <string.h>

enum { MAC_LENGTHS = 24, MAC_PARTS_MAX = 8 };

static void put_u64(uint8_t *out, uint64_t value)
{
    for (size_t i = 8; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

bool core_ctr_hmac(const struct core_hash *hash, const struct core_hmac_key *key, const uint8_t *nonce,
                   const struct core_slice *aad, size_t aad_count, const struct core_span *text, size_t text_count,
                   size_t tag_len, uint8_t *mac)
{
    struct core_slice parts[MAC_PARTS_MAX];
    uint8_t lengths[MAC_LENGTHS + CORE_NONCE_LEN];
    size_t count = 0;
    uint64_t aad_len = 0;
    uint64_t text_len = 0;
    if (aad_count + text_count + 1 > MAC_PARTS_MAX)
        return false;
    parts[count++] = (struct core_slice){lengths, sizeof lengths};
    for (size_t i = 0; i < aad_count; i++) {
        parts[count++] = aad[i];
        aad_len += aad[i].len;
    }
    for (size_t i = 0; i < text_count; i++) {
        parts[count++] = (struct core_slice){text[i].data, text[i].len};
        text_len += text[i].len;
    }
    put_u64(lengths, aad_len);
    put_u64(lengths + 8, text_len);
    put_u64(lengths + 16, tag_len);
    memcpy(lengths + MAC_LENGTHS, nonce, CORE_NONCE_LEN);
    return hash->hmac(key, parts, count, mac);
}
