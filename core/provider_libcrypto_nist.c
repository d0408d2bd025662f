/* ECDH and ECDSA on the NIST curves by OpenSSL. Its EVP interface would build parameter lists and look up algorithms
 * for each key; the functions below it take scalars and points as they are. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "core/provider.h"
#include "core/public_key.h"
#include "core/secret.h"

struct curve {
    int nid;
    size_t scalar_len; /* of a coordinate too */
    uint8_t first_byte_mask;
    const struct core_hash *hash;
};

enum { P256_LEN = 32, P384_LEN = 48, P521_LEN = 66, P521_MASK = 0x01, UNCOMPRESSED = 4 };

static const struct curve p256 = {NID_X9_62_prime256v1, P256_LEN, 0xff, &core_libcrypto_sha256};
static const struct curve p384 = {NID_secp384r1, P384_LEN, 0xff, &core_libcrypto_sha384};
static const struct curve p521 = {NID_secp521r1, P521_LEN, P521_MASK, &core_libcrypto_sha512};

static size_t point_len(const struct curve *curve)
{
    return 1 + 2 * curve->scalar_len;
}

/* What an operation works with: made and freed together. */
struct work {
    EC_GROUP *group;
    BN_CTX *numbers;
    BIGNUM *scalar;
    EC_POINT *point;
    EC_POINT *result;
};

static bool work_open(struct work *w, const struct curve *curve)
{
    ERR_set_mark();
    *w = (struct work){.group = EC_GROUP_new_by_curve_name(curve->nid)};
    if (!w->group)
        return false;
    w->numbers = BN_CTX_new();
    w->scalar = BN_secure_new();
    w->point = EC_POINT_new(w->group);
    w->result = EC_POINT_new(w->group);
    return w->numbers && w->scalar && w->point && w->result;
}

static void work_close(struct work *w)
{
    EC_POINT_clear_free(w->result);
    EC_POINT_clear_free(w->point);
    BN_clear_free(w->scalar);
    BN_CTX_free(w->numbers);
    EC_GROUP_free(w->group);
    ERR_pop_to_mark(); /* what went wrong is told by our result */
}

/* A scalar from 1 to the order less 1. */
static bool read_scalar(struct work *w, const struct curve *curve, const uint8_t *private_key)
{
    if (!BN_bin2bn(private_key, (int)curve->scalar_len, w->scalar))
        return false;
    BN_set_flags(w->scalar, BN_FLG_CONSTTIME);
    return !BN_is_zero(w->scalar) && BN_cmp(w->scalar, EC_GROUP_get0_order(w->group)) < 0;
}

/* An uncompressed point; OpenSSL checks that it is on the curve, and the curves have prime order. */
static bool read_point(struct work *w, const struct curve *curve, const uint8_t *public_key)
{
    return public_key[0] == UNCOMPRESSED &&
           EC_POINT_oct2point(w->group, w->point, public_key, point_len(curve), w->numbers) == 1;
}

static bool private_ok(const struct core_dh *dh, const uint8_t *private_key)
{
    const struct curve *curve = dh->impl;
    struct work w;
    bool ok = work_open(&w, curve) && read_scalar(&w, curve, private_key);
    work_close(&w);
    return ok;
}

static bool multiply_base(const struct curve *curve, const uint8_t *private_key, uint8_t *public_key)
{
    struct work w;
    bool ok = work_open(&w, curve) && read_scalar(&w, curve, private_key) &&
              EC_POINT_mul(w.group, w.result, w.scalar, NULL, NULL, w.numbers) == 1 &&
              EC_POINT_point2oct(w.group, w.result, POINT_CONVERSION_UNCOMPRESSED, public_key, point_len(curve),
                                 w.numbers) == point_len(curve);
    work_close(&w);
    return ok;
}

static bool public_from(const struct core_dh *dh, const uint8_t *private_key, uint8_t *public_key)
{
    return multiply_base(dh->impl, private_key, public_key);
}

static bool public_ok(const struct core_dh *dh, const uint8_t *public_key)
{
    const struct curve *curve = dh->impl;
    struct work w;
    bool ok = work_open(&w, curve) && read_point(&w, curve, public_key);
    work_close(&w);
    return ok;
}

static bool agree(const struct core_dh *dh, const uint8_t *private_key, const uint8_t *public_key, uint8_t *shared)
{
    const struct curve *curve = dh->impl;
    struct work w;
    BIGNUM *x = NULL;
    bool ok = work_open(&w, curve) && read_scalar(&w, curve, private_key) && read_point(&w, curve, public_key) &&
              EC_POINT_mul(w.group, w.result, NULL, w.point, w.scalar, w.numbers) == 1 &&
              !EC_POINT_is_at_infinity(w.group, w.result);
    ok = ok && (x = BN_secure_new()) != NULL &&
         EC_POINT_get_affine_coordinates(w.group, w.result, x, NULL, w.numbers) == 1 &&
         BN_bn2binpad(x, shared, (int)curve->scalar_len) == (int)curve->scalar_len;
    BN_clear_free(x);
    work_close(&w);
    return ok;
}

/* --- ECDSA: DER signatures (RFC 8446 section 4.2.3) --- */

static bool key_init(const struct core_signature *scheme, struct core_signing_key *key, const uint8_t *private_key)
{
    const struct curve *curve = scheme->impl;
    if (!multiply_base(curve, private_key, key->public_key))
        return false;
    memcpy(key->private_key, private_key, curve->scalar_len);
    return true;
}

static bool generate(const struct core_signature *scheme, struct core_signing_key *key)
{
    const struct curve *curve = scheme->impl;
    uint8_t candidate[CORE_SIGN_PRIVATE_MAX];
    enum { TRIES = 256 }; /* each succeeds with more than 1/2; P-521's and P-256's nearly always */
    bool ok = false;
    for (unsigned i = 0; !ok && i < TRIES && core_random(candidate, curve->scalar_len); i++) {
        candidate[0] &= curve->first_byte_mask;
        ok = key_init(scheme, key, candidate);
    }
    core_wipe(candidate, sizeof candidate);
    return ok;
}

static bool sign(const struct core_signature *scheme, const struct core_signing_key *key, const uint8_t *message,
                 size_t len, uint8_t *signature, size_t *signature_len)
{
    const struct curve *curve = scheme->impl;
    const struct core_slice part = {message, len};
    uint8_t digest[CORE_HASH_MAX];
    unsigned written = 0;
    ERR_set_mark();
    BIGNUM *scalar = BN_secure_new();
    EC_KEY *pair = EC_KEY_new_by_curve_name(curve->nid);
    bool ok = scalar && pair && curve->hash->digest(&part, 1, digest) &&
              BN_bin2bn(key->private_key, (int)curve->scalar_len, scalar) && EC_KEY_set_private_key(pair, scalar) &&
              (size_t)ECDSA_size(pair) <= CORE_SIGNATURE_MAX &&
              ECDSA_sign(0, digest, (int)curve->hash->len, signature, &written, pair) == 1;
    if (ok)
        *signature_len = written;
    EC_KEY_free(pair);
    BN_clear_free(scalar);
    ERR_pop_to_mark();
    return ok;
}

static bool verify(const struct core_signature *scheme, const uint8_t *public_key, const uint8_t *message, size_t len,
                   const uint8_t *signature, size_t signature_len)
{
    const struct curve *curve = scheme->impl;
    const struct core_slice part = {message, len};
    uint8_t digest[CORE_HASH_MAX];
    if (public_key[0] != UNCOMPRESSED || signature_len > CORE_SIGNATURE_MAX)
        return false;
    ERR_set_mark();
    EC_KEY *key = EC_KEY_new_by_curve_name(curve->nid);
    bool ok = key && curve->hash->digest(&part, 1, digest) &&
              EC_KEY_oct2key(key, public_key, point_len(curve), NULL) == 1 &&
              ECDSA_verify(0, digest, (int)curve->hash->len, signature, (int)signature_len, key) == 1;
    EC_KEY_free(key);
    ERR_pop_to_mark();
    return ok;
}

/* --- the rows --- */

const struct core_dh core_libcrypto_p256 = {
    .name = "P-256",
    .private_len = P256_LEN,
    .public_len = 1 + 2 * P256_LEN,
    .shared_len = P256_LEN,
    .first_byte_mask = 0xff,
    .private_ok = private_ok,
    .public_from = public_from,
    .public_ok = public_ok,
    .agree = agree,
    .impl = &p256,
};

const struct core_dh core_libcrypto_p384 = {
    .name = "P-384",
    .private_len = P384_LEN,
    .public_len = 1 + 2 * P384_LEN,
    .shared_len = P384_LEN,
    .first_byte_mask = 0xff,
    .private_ok = private_ok,
    .public_from = public_from,
    .public_ok = public_ok,
    .agree = agree,
    .impl = &p384,
};

const struct core_dh core_libcrypto_p521 = {
    .name = "P-521",
    .private_len = P521_LEN,
    .public_len = 1 + 2 * P521_LEN,
    .shared_len = P521_LEN,
    .first_byte_mask = P521_MASK,
    .private_ok = private_ok,
    .public_from = public_from,
    .public_ok = public_ok,
    .agree = agree,
    .impl = &p521,
};

const struct core_signature core_libcrypto_ecdsa_p256 = {
    .name = "ECDSA P-256 SHA-256",
    .private_len = P256_LEN,
    .public_len = 1 + 2 * P256_LEN,
    .signature_max = CORE_SIGNATURE_MAX,
    .scalar_keys = true,
    .generate = generate,
    .key_init = key_init,
    .sign = sign,
    .verify = verify,
    .impl = &p256,
};

const struct core_signature core_libcrypto_ecdsa_p384 = {
    .name = "ECDSA P-384 SHA-384",
    .private_len = P384_LEN,
    .public_len = 1 + 2 * P384_LEN,
    .signature_max = CORE_SIGNATURE_MAX,
    .scalar_keys = true,
    .generate = generate,
    .key_init = key_init,
    .sign = sign,
    .verify = verify,
    .impl = &p384,
};

const struct core_signature core_libcrypto_ecdsa_p521 = {
    .name = "ECDSA P-521 SHA-512",
    .private_len = P521_LEN,
    .public_len = 1 + 2 * P521_LEN,
    .signature_max = CORE_SIGNATURE_MAX,
    .scalar_keys = true,
    .generate = generate,
    .key_init = key_init,
    .sign = sign,
    .verify = verify,
    .impl = &p521,
};
