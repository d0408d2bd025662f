#include "labeled.h"

#include <string.h>

#include "core/bytes.h"
#include "core/hkdf.h"
#include "core/secret.h"

static const char version[] = "HPKE-v1";

enum { VERSION_LEN = sizeof version - 1 };

bool hpke_labeled_extract(const struct core_hash *hash, const struct hpke_suite_id *id, struct core_slice salt,
                          const char *label, const struct core_slice *ikm, size_t ikm_count, uint8_t *out)
{
    struct core_hmac_key key;
    struct core_slice parts[3 + HPKE_IKM_PARTS] = {
        {(const uint8_t *)version, VERSION_LEN}, {id->data, id->len}, {(const uint8_t *)label, strlen(label)}};
    if (ikm_count > HPKE_IKM_PARTS)
        return false;
    for (size_t i = 0; i < ikm_count; i++)
        parts[3 + i] = ikm[i];
    bool ok = hash->hmac_init(&key, salt.data, salt.len) && hash->hmac(&key, parts, 3 + ikm_count, out);
    core_wipe(&key, sizeof key);
    return ok;
}

bool hpke_labeled_expand(const struct core_hash *hash, const struct hpke_suite_id *id, const struct core_hmac_key *prk,
                         const char *label, struct core_slice info, uint8_t *out, size_t out_len)
{
    uint8_t head[2 + VERSION_LEN + HPKE_SUITE_ID_MAX];
    struct bytes_writer w;
    bytes_writer_init(&w, head, sizeof head);
    bytes_write_u16(&w, (uint16_t)out_len);
    bytes_write(&w, (const uint8_t *)version, VERSION_LEN);
    bytes_write(&w, id->data, id->len);
    const struct core_slice parts[] = {{head, w.len}, {(const uint8_t *)label, strlen(label)}, info};
    return out_len <= UINT16_MAX && bytes_writer_ok(&w) && core_hkdf_expand(hash, prk, parts, 3, out, out_len);
}
