/* X25519 and Ed25519 by libsodium, whose code for them is faster than OpenSSL's and allocates nothing. sodium_init()
 * chooses that code; it is idempotent and thread-safe, so each call makes sure of it. */
#include <sodium.h>
#include <string.h>

#include "core/curve25519_map.h"
#include "core/public_key.h"
#include "core/secret.h"

/* --- X25519 (RFC 7748) --- */

static bool x25519_any(const struct core_dh *dh, const uint8_t *key)
{
    (void)dh;
    (void)key;
    return true;
}

/* The points of small order, in each of their encodings: with them every result is zero, so that nobody can encrypt to
 * who claims one as its key. The highest bit is not part of the number (RFC 7748 section 5). */
static bool x25519_public_ok(const struct core_dh *dh, const uint8_t *key)
{
    enum { LAST = crypto_scalarmult_curve25519_BYTES - 1, SIGN = 0x80 };
    static const uint8_t small[][crypto_scalarmult_curve25519_BYTES] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
         0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    };
    (void)dh;
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        if (memcmp(key, small[i], LAST) == 0 && (key[LAST] & ~SIGN) == small[i][LAST])
            return false;
    /* p - 1, p and p + 1: 2^255 - 20 to 2^255 - 18 */
    bool high = (key[LAST] & ~SIGN) == 0x7f;
    for (size_t i = 1; i < LAST; i++)
        high = high && key[i] == 0xff;
    return !(high && key[0] >= 0xec && key[0] <= 0xee);
}

static bool x25519_public_from(const struct core_dh *dh, const uint8_t *private_key, uint8_t *public_key)
{
    (void)dh;
    return sodium_init() >= 0 && crypto_scalarmult_curve25519_base(public_key, private_key) == 0;
}

/* RFC 7748 section 5 */
static void clamp(uint8_t scalar[CURVE25519_LEN])
{
    scalar[0] &= 248;
    scalar[CURVE25519_LEN - 1] = (scalar[CURVE25519_LEN - 1] & 127) | 64;
}

/* libsodium multiplies edwards25519's base point, from a table, in half the time that the ladder takes; coming back to
 * curve25519 costs an inversion, which many points share. */
static bool x25519_public_from_each(const struct core_dh *dh, const struct core_dh_pair *pairs, size_t count)
{
    (void)dh;
    uint8_t points[CORE_DH_PAIRS_MAX][CURVE25519_LEN];
    uint8_t *u[CORE_DH_PAIRS_MAX];
    uint8_t scalar[CURVE25519_LEN];
    bool ok = count <= CORE_DH_PAIRS_MAX && sodium_init() >= 0;
    for (size_t i = 0; ok && i < count; i++) {
        memcpy(scalar, pairs[i].private_key, sizeof scalar);
        clamp(scalar); /* libsodium would, but refuses a scalar of zero */
        ok = crypto_scalarmult_ed25519_base(points[i], scalar) == 0;
        u[i] = pairs[i].public_key;
    }
    core_wipe(scalar, sizeof scalar);
    return ok && curve25519_map(points, count, u);
}

static bool x25519_agree(const struct core_dh *dh, const uint8_t *private_key, const uint8_t *public_key,
                         uint8_t *shared)
{
    (void)dh;
    /* refuses the points of small order, whose result is zero */
    return sodium_init() >= 0 && crypto_scalarmult_curve25519(shared, private_key, public_key) == 0;
}

const struct core_dh core_sodium_x25519 = {
    .name = "X25519",
    .private_len = crypto_scalarmult_curve25519_SCALARBYTES,
    .public_len = crypto_scalarmult_curve25519_BYTES,
    .shared_len = crypto_scalarmult_curve25519_BYTES,
    .private_ok = x25519_any,
    .public_from = x25519_public_from,
    .public_from_each = x25519_public_from_each,
    .public_ok = x25519_public_ok,
    .agree = x25519_agree,
};

/* --- Ed25519 (RFC 8032); libsodium's secret key is the seed, then the public key --- */

static bool ed25519_key_init(const struct core_signature *scheme, struct core_signing_key *key,
                             const uint8_t *private_key)
{
    (void)scheme;
    uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES];
    bool ok = sodium_init() >= 0 && crypto_sign_ed25519_seed_keypair(key->public_key, pair, private_key) == 0;
    if (ok)
        memcpy(key->private_key, private_key, crypto_sign_ed25519_SEEDBYTES);
    core_wipe(pair, sizeof pair);
    return ok;
}

static bool ed25519_generate(const struct core_signature *scheme, struct core_signing_key *key)
{
    uint8_t seed[crypto_sign_ed25519_SEEDBYTES];
    bool ok = core_random(seed, sizeof seed) && ed25519_key_init(scheme, key, seed);
    core_wipe(seed, sizeof seed);
    return ok;
}

static bool ed25519_sign(const struct core_signature *scheme, const struct core_signing_key *key,
                         const uint8_t *message, size_t len, uint8_t *signature, size_t *signature_len)
{
    (void)scheme;
    uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES];
    memcpy(pair, key->private_key, crypto_sign_ed25519_SEEDBYTES);
    memcpy(pair + crypto_sign_ed25519_SEEDBYTES, key->public_key, crypto_sign_ed25519_PUBLICKEYBYTES);
    bool ok = sodium_init() >= 0 && crypto_sign_ed25519_detached(signature, NULL, message, len, pair) == 0;
    if (ok)
        *signature_len = crypto_sign_ed25519_BYTES;
    core_wipe(pair, sizeof pair);
    return ok;
}

static bool ed25519_verify(const struct core_signature *scheme, const uint8_t *public_key, const uint8_t *message,
                           size_t len, const uint8_t *signature, size_t signature_len)
{
    (void)scheme;
    return signature_len == crypto_sign_ed25519_BYTES && sodium_init() >= 0 &&
           crypto_sign_ed25519_verify_detached(signature, message, len, public_key) == 0;
}

const struct core_signature core_sodium_ed25519 = {
    .name = "Ed25519",
    .private_len = crypto_sign_ed25519_SEEDBYTES,
    .public_len = crypto_sign_ed25519_PUBLICKEYBYTES,
    .signature_max = crypto_sign_ed25519_BYTES,
    .generate = ed25519_generate,
    .key_init = ed25519_key_init,
    .sign = ed25519_sign,
    .verify = ed25519_verify,
};
