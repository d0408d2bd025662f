/* AES-CTR with HMAC (RFC 9605 section 4.5.1), for the providers that make that suite of two parts: what is the same
 * whoever encrypts. */
#ifndef CORE_CTR_HMAC_H
#define CORE_CTR_HMAC_H

#include "core/provider.h"

enum { CORE_CTR_HMAC_PARTS = 8, CORE_CTR_HMAC_PREFIX = 24 + CORE_NONCE_LEN, CORE_CTR_HMAC_START = 128 };

/* The first member of a provider's state. */
struct core_ctr_hmac {
    const struct core_hash *hash; /* NULL in a state that was wiped */
    /* Encrypts or decrypts the spans in place, as one text. */
    bool (*crypt)(const void *state, const uint8_t *nonce, const struct core_span *text, size_t text_count);
    struct core_hmac_key key;
};

/* What the tag is a MAC of: len(aad) || len(text) || tag_len || nonce || aad || text. Borrows all of them, and points
 * into itself. Its first block or two are one part (a multiple of any hash's block, if there is so much): a hash that
 * is given small parts copies each, and then waits for them. So text is not changed after this. */
struct core_ctr_hmac_message {
    uint8_t start[CORE_CTR_HMAC_START];
    struct core_slice parts[CORE_CTR_HMAC_PARTS];
    size_t count;
    uint64_t len;
};

/* False if aad and text have more than seven parts. */
SOTTO_MUST_CHECK bool core_ctr_hmac_message(struct core_ctr_hmac_message *message, const uint8_t *nonce,
                                            const struct core_slice *aad, size_t aad_count,
                                            const struct core_span *text, size_t text_count, size_t tag_len);

/* seal and open of struct core_aead. */
SOTTO_MUST_CHECK bool core_ctr_hmac_seal(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                         size_t aad_count, const struct core_span *text, size_t text_count,
                                         uint8_t *tag, size_t tag_len);
SOTTO_MUST_CHECK enum core_opened core_ctr_hmac_open(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                                     size_t aad_count, struct core_span text, const uint8_t *tag,
                                                     size_t tag_len);
/* The end of opening: text is decrypted if mac begins with the tag. */
SOTTO_MUST_CHECK enum core_opened core_ctr_hmac_finish(const struct core_ctr_hmac *state, const uint8_t *nonce,
                                                       struct core_span text, const uint8_t *mac, const uint8_t *tag,
                                                       size_t tag_len);

#endif
