/* The tag of AES-CTR with HMAC (RFC 9605 section 4.5.1), for the providers that make that suite of two parts. */
#ifndef CORE_CTR_HMAC_H
#define CORE_CTR_HMAC_H

#include "core/provider.h"

/* mac gets HMAC(key, len(aad) || len(text) || tag_len || nonce || aad || text), hash->len bytes, untruncated. False for
 * more than seven parts, or if the hash fails. */
SOTTO_MUST_CHECK bool core_ctr_hmac(const struct core_hash *hash, const struct core_hmac_key *key, const uint8_t *nonce,
                                    const struct core_slice *aad, size_t aad_count, const struct core_span *text,
                                    size_t text_count, size_t tag_len, uint8_t *mac);

#endif
