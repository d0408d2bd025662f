/* Any bytes as a device certificate and as a revocation list, signed by a root of the target's own, so that the parsers
 * are passed: what verifies is made again, and must be the same bytes. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "key.h"

enum { ROOT_KEY_AT = 3, SIGNED_TAIL = 2 + IDENTITY_SIGNATURE_LEN, ROOM = IDENTITY_REVOCATIONS_MAX + 64 };

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_certificate(const struct identity_key *root, const uint8_t *data, size_t len)
{
    struct identity_certificate parsed;
    struct identity_certificate verified;
    uint8_t again[IDENTITY_CERTIFICATE_MAX];
    size_t again_len = 0;
    int error = identity_certificate_verify(data, len, &verified);
    must(error != IDENTITY_CRYPTO);
    must(identity_certificate_parse(data, len, &parsed) == (error == IDENTITY_SIGNATURE ? IDENTITY_OK : error));
    if (error != IDENTITY_OK)
        return;
    must(memcmp(&parsed, &verified, sizeof parsed) == 0);
    must(identity_same_device(data, len, data, len) && identity_successor(data, len, data, len));
    must(identity_certificate_make(root, &parsed, again, sizeof again, &again_len) == IDENTITY_OK);
    must(again_len == len && memcmp(again, data, len) == 0);
}

static void check_revocations(const struct identity_key *root, const uint8_t *data, size_t len)
{
    struct identity_revocations list;
    struct identity_revocations held = {0};
    uint8_t again[IDENTITY_REVOCATIONS_MAX];
    size_t again_len = 0;
    if (identity_revocations_verify(data, len, &list) != IDENTITY_OK)
        return;
    for (size_t i = 0; i < list.count; i++)
        must(identity_revocations_has(&list, list.devices[i]));
    must(identity_revocations_merge(&held, &list, NULL) == IDENTITY_OK);
    must(identity_revocations_make(root, &held, again, sizeof again, &again_len) == IDENTITY_OK);
    must(again_len == len && memcmp(again, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[IDENTITY_KEY_LEN] = {1};
    struct identity_key root;
    uint8_t bytes[ROOM];
    if (size < 1 || size - 1 > ROOM)
        return 0;
    const size_t len = size - 1;
    const bool is_list = data[0] & 1;
    memcpy(bytes, data + 1, len);
    must(identity_key_from_seed(seed, &root) == IDENTITY_OK);
    if (len >= ROOT_KEY_AT + IDENTITY_KEY_LEN + SIGNED_TAIL) {
        const struct core_slice content = {bytes, len - SIGNED_TAIL};
        memcpy(bytes + ROOT_KEY_AT, root.public_key, IDENTITY_KEY_LEN);
        must(identity_sign(&root, is_list ? "RevocationList" : "DeviceCertificate", content,
                           bytes + len - IDENTITY_SIGNATURE_LEN) == IDENTITY_OK);
    }
    if (is_list)
        check_revocations(&root, bytes, len);
    else
        check_certificate(&root, bytes, len);
    return 0;
}
