/* HPKE (RFC 9180) in base mode, single-shot: what MLS asks of it. */
#ifndef MLS_HPKE_H
#define MLS_HPKE_H

#include "mls/suite.h"

enum { MLS_HPKE_INFO_PARTS = 4 };

/* info: the concatenation of up to MLS_HPKE_INFO_PARTS parts, or what mls_hpke_info_hash() made of them. */
struct mls_hpke_info {
    const struct core_slice *parts;
    size_t count;
    const uint8_t *hash; /* NULL: of the parts */
};

/* The info_hash of RFC 9180's key schedule, for one info in many messages. out gets hash->len bytes. MLS_CRYPTO,
 * MLS_INVALID for too many parts. */
SOTTO_MUST_CHECK int mls_hpke_info_hash(const struct mls_suite *suite, struct mls_hpke_info info, uint8_t *out);

/* SealBase to public_key (kem->public_len bytes): kem_output gets kem->output_len bytes, ciphertext
 * plaintext.len + aead->tag_len bytes (it may not overlap the plaintext). seed: NULL for a random one; test vectors
 * bring theirs (kem->seed_len bytes). MLS_KEY, MLS_CRYPTO, MLS_INVALID for too many parts. */
SOTTO_MUST_CHECK int mls_hpke_seal(const struct mls_suite *suite, const uint8_t *seed, const uint8_t *public_key,
                                   struct mls_hpke_info info, struct core_slice aad, struct core_slice plaintext,
                                   uint8_t *kem_output, uint8_t *ciphertext);
/* OpenBase with private_key (and its public_key, or NULL to have it computed): plaintext gets ciphertext.len -
 * aead->tag_len bytes. MLS_AUTH if the ciphertext is forged or for another key, MLS_MALFORMED if it is shorter than a
 * tag or kem_output has another length than the KEM's, MLS_KEY, MLS_CRYPTO. On an error plaintext is wiped. */
SOTTO_MUST_CHECK int mls_hpke_open(const struct mls_suite *suite, const uint8_t *private_key, const uint8_t *public_key,
                                   struct mls_hpke_info info, struct core_slice aad, struct core_slice kem_output,
                                   struct core_slice ciphertext, uint8_t *plaintext);
/* SetupBaseS, then Export: secret gets secret_len bytes. */
SOTTO_MUST_CHECK int mls_hpke_send_export(const struct mls_suite *suite, const uint8_t *seed, const uint8_t *public_key,
                                          struct mls_hpke_info info, struct core_slice exporter_context,
                                          uint8_t *kem_output, uint8_t *secret, size_t secret_len);
/* SetupBaseR, then Export. */
SOTTO_MUST_CHECK int mls_hpke_receive_export(const struct mls_suite *suite, const uint8_t *private_key,
                                             const uint8_t *public_key, struct mls_hpke_info info,
                                             struct core_slice kem_output, struct core_slice exporter_context,
                                             uint8_t *secret, size_t secret_len);

#endif
