/* Ed25519 keys of roots and devices, and what they sign. */
#include "key.h"

#include <string.h>

#include "core/public_key.h"
#include "core/secret.h"
#include "wire/buffer.h"
#include "wire/vector.h"

enum { SIGNED_MAX = IDENTITY_REVOCATIONS_MAX + 64 };

int identity_key_from_seed(const uint8_t seed[IDENTITY_KEY_LEN], struct identity_key *key)
{
    struct core_signing_key pair;
    int error = IDENTITY_CRYPTO;
    if (core_sodium_ed25519.key_init(&core_sodium_ed25519, &pair, seed)) {
        memmove(key->seed, seed, sizeof key->seed);
        memcpy(key->public_key, pair.public_key, sizeof key->public_key);
        error = IDENTITY_OK;
    }
    core_wipe(&pair, sizeof pair);
    return error;
}

int identity_key_new(struct identity_key *key)
{
    uint8_t seed[IDENTITY_KEY_LEN];
    int error = core_random(seed, sizeof seed) ? identity_key_from_seed(seed, key) : IDENTITY_CRYPTO;
    core_wipe(seed, sizeof seed);
    return error;
}

void identity_key_wipe(struct identity_key *key)
{
    core_wipe(key, sizeof *key);
}

int identity_user_id(const uint8_t root_key[IDENTITY_KEY_LEN], uint8_t user_id[IDENTITY_USER_ID_LEN])
{
    static const char label[] = "Sotto 1.0 User";
    const struct core_slice parts[] = {{(const uint8_t *)label, sizeof label - 1}, {root_key, IDENTITY_KEY_LEN}};
    return core_libcrypto_sha256.digest(parts, 2, user_id) ? IDENTITY_OK : IDENTITY_CRYPTO;
}

static void write_signed(struct bytes_writer *w, const char *label, struct core_slice content)
{
    size_t begin = wire_begin_vector(w);
    bytes_write(w, (const uint8_t *)"Sotto 1.0 ", 10);
    bytes_write(w, (const uint8_t *)label, strlen(label));
    wire_end_vector(w, begin);
    wire_write_vector(w, content);
}

int identity_sign(const struct identity_key *key, const char *label, struct core_slice content,
                  uint8_t signature[IDENTITY_SIGNATURE_LEN])
{
    const struct core_signature *scheme = &core_sodium_ed25519;
    uint8_t message[SIGNED_MAX];
    struct core_signing_key pair;
    struct bytes_writer w;
    size_t len = 0;
    bytes_writer_init(&w, message, sizeof message);
    write_signed(&w, label, content);
    if (!bytes_writer_ok(&w))
        return IDENTITY_LIMIT;
    /* found anew: signing with a public key that is not the seed's would give the seed away */
    bool ok = scheme->key_init(scheme, &pair, key->seed) &&
              core_equal(pair.public_key, key->public_key, sizeof key->public_key) &&
              scheme->sign(scheme, &pair, message, w.len, signature, &len) && len == IDENTITY_SIGNATURE_LEN;
    core_wipe(&pair, sizeof pair);
    return ok ? IDENTITY_OK : IDENTITY_CRYPTO;
}

int identity_signature_check(const uint8_t public_key[IDENTITY_KEY_LEN], const char *label, struct core_slice content,
                             struct core_slice signature)
{
    uint8_t message[SIGNED_MAX];
    struct bytes_writer w;
    bytes_writer_init(&w, message, sizeof message);
    write_signed(&w, label, content);
    if (!bytes_writer_ok(&w))
        return IDENTITY_LIMIT;
    return core_sodium_ed25519.verify(&core_sodium_ed25519, public_key, message, w.len, signature.data, signature.len)
               ? IDENTITY_OK
               : IDENTITY_SIGNATURE;
}
