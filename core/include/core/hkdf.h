/* HKDF (RFC 5869) over a provider's hash. No allocation; intermediate values are wiped. */
#ifndef CORE_HKDF_H
#define CORE_HKDF_H

#include "core/provider.h"

/* HKDF-Extract: the pseudorandom key, ready for core_hkdf_expand. salt may be NULL when salt_len is 0 (RFC 5869
 * section 2.2: then it is a string of zeros, which as an HMAC key is the same as the empty one). */
SOTTO_MUST_CHECK bool core_hkdf_extract(const struct core_hash *hash, const uint8_t *salt, size_t salt_len,
                                        const uint8_t *secret, size_t secret_len, struct core_hmac_key *prk);

/* The same with a salt that was expanded before, by the hash's hmac_init: a third of the work is saved. */
SOTTO_MUST_CHECK bool core_hkdf_extract_by(const struct core_hash *hash, const struct core_hmac_key *salt,
                                           const uint8_t *secret, size_t secret_len, struct core_hmac_key *prk);

enum { CORE_HKDF_INFO_PARTS = 4 };

/* HKDF-Expand: out[0..out_len), at most 255 hashes long. info is the concatenation of up to CORE_HKDF_INFO_PARTS
 * parts. */
SOTTO_MUST_CHECK bool core_hkdf_expand(const struct core_hash *hash, const struct core_hmac_key *prk,
                                       const struct core_slice *info, size_t info_count, uint8_t *out, size_t out_len);

#endif
