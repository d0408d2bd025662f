/* Cipher suites (RFC 9420 section 17.1) as rows of const tables: their primitives and sizes.
 *
 * Nothing here depends on the code points: a row with another KEM, or with other code points, is as good as the
 * built-in ones wherever a `const struct mls_suite *` is taken. */
#ifndef MLS_SUITE_H
#define MLS_SUITE_H

#include "core/provider.h"
#include "core/public_key.h"
#include "sotto/mls.h"

enum {
    MLS_HASH_MAX = CORE_HASH_MAX,
    /* of any KEM a row may have: X-Wing's would fit */
    MLS_KEM_PRIVATE_MAX = 96,
    MLS_KEM_PUBLIC_MAX = 1216,
    MLS_KEM_OUTPUT_MAX = 1120,
    MLS_KEM_SEED_MAX = 96,
    MLS_KEM_SECRET_MAX = 64,
    MLS_AEAD_KEY_MAX = 32,
};

/* A key pair to be derived: from ikm, private_len and public_len bytes. */
struct mls_kem_pair {
    const uint8_t *ikm;
    uint8_t *private_key;
    uint8_t *public_key;
};

/* A key encapsulation mechanism (RFC 9180 section 4). Its functions give MLS_OK, MLS_KEY (a key or KEM output is no
 * valid one) or MLS_CRYPTO, and write nothing usable on an error. */
struct mls_kem {
    uint16_t id; /* RFC 9180 section 7.1 */
    size_t private_len;
    size_t public_len;
    size_t output_len;
    size_t secret_len;
    size_t seed_len; /* random bytes that encap takes */
    /* DeriveKeyPair: the same key pair from the same bytes. */
    SOTTO_MUST_CHECK int (*derive)(const struct mls_kem *kem, const uint8_t *ikm, size_t ikm_len, uint8_t *private_key,
                                   uint8_t *public_key);
    /* derive for each of at most CORE_DH_PAIRS_MAX pairs, from ikm_len bytes each; NULL where together they cost as
     * much as one by one. */
    SOTTO_MUST_CHECK int (*derive_each)(const struct mls_kem *kem, const struct mls_kem_pair *pairs, size_t count,
                                        size_t ikm_len);
    SOTTO_MUST_CHECK int (*public_from)(const struct mls_kem *kem, const uint8_t *private_key, uint8_t *public_key);
    SOTTO_MUST_CHECK int (*public_check)(const struct mls_kem *kem, const uint8_t *public_key);
    SOTTO_MUST_CHECK int (*encap)(const struct mls_kem *kem, const uint8_t *seed, const uint8_t *public_key,
                                  uint8_t *output, uint8_t *secret);
    /* public_key: the private key's own, or NULL to have it computed. */
    SOTTO_MUST_CHECK int (*decap)(const struct mls_kem *kem, const uint8_t *private_key, const uint8_t *public_key,
                                  const uint8_t *output, uint8_t *secret);
    /* what the DHKEMs are made of */
    const struct core_dh *dh;
    const struct core_hash *hash;
};

extern const struct mls_kem mls_kem_x25519;
extern const struct mls_kem mls_kem_x448;
extern const struct mls_kem mls_kem_p256;
extern const struct mls_kem mls_kem_p384;
extern const struct mls_kem mls_kem_p521;

/* Derives each pair, by the KEM's derive_each or one by one. On an error all the private keys are wiped. */
SOTTO_MUST_CHECK int mls_kem_derive_each(const struct mls_kem *kem, const struct mls_kem_pair *pairs, size_t count,
                                         size_t ikm_len);

struct mls_suite {
    uint16_t id;
    const char *name;
    const struct mls_kem *kem;
    uint16_t kdf_id;  /* RFC 9180 section 7.2 */
    uint16_t aead_id; /* RFC 9180 section 7.3 */
    const struct core_hash *hash;
    const struct core_aead *aead;
    const struct core_signature *signature;
};

/* A caller's table of suites. */
struct mls_suites {
    const struct mls_suite *rows;
    size_t count;
};

/* The seven of RFC 9420. */
extern const struct mls_suites mls_suites_rfc9420;

/* The row with the code point, or NULL. suites NULL: RFC 9420's. */
const struct mls_suite *mls_suite_find(const struct mls_suites *suites, uint16_t id);

#endif
