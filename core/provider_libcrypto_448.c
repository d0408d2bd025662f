/* X448 and Ed448 by OpenSSL. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/public_key.h"
#include "core/secret.h"

enum { X448_LEN = 56, ED448_LEN = 57, ED448_SIGNATURE_LEN = 114 };

static bool get_public(int type, size_t len, const uint8_t *private_key, uint8_t *public_key)
{
    size_t written = len;
    ERR_set_mark();
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, private_key, len);
    bool ok = key && EVP_PKEY_get_raw_public_key(key, public_key, &written) == 1 && written == len;
    EVP_PKEY_free(key);
    ERR_pop_to_mark();
    return ok;
}

/* --- X448 (RFC 7748) --- */

static bool x448_any(const struct core_dh *dh, const uint8_t *key)
{
    (void)dh;
    (void)key;
    return true;
}

/* The points of small order, in each of their encodings: with them every result is zero, so that nobody can encrypt to
 * who claims one as its key. */
static bool x448_public_ok(const struct core_dh *dh, const uint8_t *key)
{
    enum { HALF = X448_LEN / 2 };
    (void)dh;
    uint8_t low = 0;
    uint8_t high = 0;
    for (size_t i = 1; i < X448_LEN; i++)
        low |= key[i];
    if (low == 0 && key[0] <= 1)
        return false;
    /* p is 2^448 - 2^224 - 1: p - 1 and p, then p + 1 */
    low = 0;
    for (size_t i = 1; i < HALF; i++)
        low |= (uint8_t)~key[i];
    for (size_t i = HALF + 1; i < X448_LEN; i++)
        high |= (uint8_t)~key[i];
    if (high == 0 && low == 0 && key[HALF] == 0xfe && key[0] >= 0xfe)
        return false;
    low = 0;
    for (size_t i = 0; i < HALF; i++)
        low |= key[i];
    return !(high == 0 && low == 0 && key[HALF] == 0xff);
}

static bool x448_public_from(const struct core_dh *dh, const uint8_t *private_key, uint8_t *public_key)
{
    (void)dh;
    return get_public(EVP_PKEY_X448, X448_LEN, private_key, public_key);
}

static bool x448_agree(const struct core_dh *dh, const uint8_t *private_key, const uint8_t *public_key, uint8_t *shared)
{
    (void)dh;
    const uint8_t zero[X448_LEN] = {0};
    size_t written = X448_LEN;
    ERR_set_mark();
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X448, NULL, private_key, X448_LEN);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X448, NULL, public_key, X448_LEN);
    EVP_PKEY_CTX *context = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    bool ok = context && theirs && EVP_PKEY_derive_init(context) == 1 &&
              EVP_PKEY_derive_set_peer(context, theirs) == 1 && EVP_PKEY_derive(context, shared, &written) == 1 &&
              written == X448_LEN;
    /* RFC 9180 section 7.1.4: an all-zero result must be refused */
    ok = ok && !core_equal(shared, zero, X448_LEN);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    ERR_pop_to_mark();
    return ok;
}

const struct core_dh core_libcrypto_x448 = {
    .name = "X448",
    .private_len = X448_LEN,
    .public_len = X448_LEN,
    .shared_len = X448_LEN,
    .private_ok = x448_any,
    .public_from = x448_public_from,
    .public_ok = x448_public_ok,
    .agree = x448_agree,
};

/* --- Ed448 (RFC 8032), no context --- */

static bool ed448_key_init(const struct core_signature *scheme, struct core_signing_key *key,
                           const uint8_t *private_key)
{
    (void)scheme;
    if (!get_public(EVP_PKEY_ED448, ED448_LEN, private_key, key->public_key))
        return false;
    memcpy(key->private_key, private_key, ED448_LEN);
    return true;
}

static bool ed448_generate(const struct core_signature *scheme, struct core_signing_key *key)
{
    uint8_t seed[ED448_LEN];
    bool ok = core_random(seed, sizeof seed) && ed448_key_init(scheme, key, seed);
    core_wipe(seed, sizeof seed);
    return ok;
}

static bool ed448_sign(const struct core_signature *scheme, const struct core_signing_key *key, const uint8_t *message,
                       size_t len, uint8_t *signature, size_t *signature_len)
{
    (void)scheme;
    size_t written = ED448_SIGNATURE_LEN;
    ERR_set_mark();
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED448, NULL, key->private_key, ED448_LEN);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = pair && context && EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
              EVP_DigestSign(context, signature, &written, message, len) == 1 && written == ED448_SIGNATURE_LEN;
    if (ok)
        *signature_len = written;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
    ERR_pop_to_mark();
    return ok;
}

static bool ed448_verify(const struct core_signature *scheme, const uint8_t *public_key, const uint8_t *message,
                         size_t len, const uint8_t *signature, size_t signature_len)
{
    (void)scheme;
    ERR_set_mark();
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED448, NULL, public_key, ED448_LEN);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = key && context && signature_len == ED448_SIGNATURE_LEN &&
              EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(context, signature, signature_len, message, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_pop_to_mark();
    return ok;
}

const struct core_signature core_libcrypto_ed448 = {
    .name = "Ed448",
    .private_len = ED448_LEN,
    .public_len = ED448_LEN,
    .signature_max = ED448_SIGNATURE_LEN,
    .generate = ed448_generate,
    .key_init = ed448_key_init,
    .sign = ed448_sign,
    .verify = ed448_verify,
};
