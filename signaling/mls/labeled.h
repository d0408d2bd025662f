/* HPKE's labelled extract and expand (RFC 9180 section 4). */
#ifndef MLS_LABELED_H
#define MLS_LABELED_H

#include "core/provider.h"

enum { HPKE_SUITE_ID_MAX = 10 };

/* "KEM" or "HPKE" with the code points after it. */
struct hpke_suite_id {
    uint8_t data[HPKE_SUITE_ID_MAX];
    size_t len;
};

enum { HPKE_IKM_PARTS = 4 };

/* The extracted key's bytes: hash->len of them. ikm: up to HPKE_IKM_PARTS parts. */
SOTTO_MUST_CHECK bool hpke_labeled_extract(const struct core_hash *hash, const struct hpke_suite_id *id,
                                           struct core_slice salt, const char *label, const struct core_slice *ikm,
                                           size_t ikm_count, uint8_t *out);
/* prk: hash->len bytes, as an HMAC key. */
SOTTO_MUST_CHECK bool hpke_labeled_expand(const struct core_hash *hash, const struct hpke_suite_id *id,
                                          const struct core_hmac_key *prk, const char *label, struct core_slice info,
                                          uint8_t *out, size_t out_len);

#endif
