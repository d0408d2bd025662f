/* AES-CTR with HMAC (RFC 9605 section 4.5.1), for the providers that make that suite of two parts: what is the same
 * whoever encrypts. */
#ifndef CORE_CTR_HMAC_H
#define CORE_CTR_HMAC_H

#include "core/provider.h"

enum { CORE_CTR_HMAC_PARTS = 8, CORE_CTR_HMAC_PREFIX = 24 + CORE_NONCE_LEN };

/* The first member of a provider's state. */
struct core_ctr_hmac {
    const struct core_hash *hash; /* NULL in a state that was wiped */
    /* Encrypts or decrypts the spans in place, as one text. */
    bool (*crypt)(const void *state, const uint8_t *nonce, const struct core_span *text, size_t text_count);
    struct core_hmac_key key;
};

/* What the tag is a MAC of: len(aad) || len(text) || tag_len || nonce || aad || text. Borrows all of them, and points
 * into itself. Its start is one part, and a short message is all in it: a hash that is given small parts copies each,
 * and then waits for them. */
struct core_ctr_hmac_message {
    uint8_t start[CORE_HMAC_SHORT_ROOM];
    struct core_slice parts[CORE_CTR_HMAC_PARTS];
    size_t count;
    uint64_t len;
};

/* Begins with all that stands before the text, of which only the length is asked. False if aad and text have more than
 * seven parts. */
SOTTO_MUST_CHECK bool core_ctr_hmac_begin(struct core_ctr_hmac_message *message, const uint8_t *nonce,
                                          const struct core_slice *aad, size_t aad_count, const struct core_span *text,
                                          size_t text_count, size_t tag_len);
/* The ciphertext, which is not changed after this. */
void core_ctr_hmac_add(struct core_ctr_hmac_message *message, const struct core_span *text, size_t text_count);
/* Its whole MAC, which is a secret: wipe it. */
SOTTO_MUST_CHECK bool core_ctr_hmac_make(const struct core_ctr_hmac *state, struct core_ctr_hmac_message *message,
                                         uint8_t *mac);

/* All of it, for a job by itself. */
SOTTO_MUST_CHECK bool core_ctr_hmac_of(const struct core_aead_job *job, uint8_t *mac);
/* The message in one piece, for many at once: its length; its bytes at out, whose end is returned. */
uint64_t core_ctr_hmac_len(const struct core_aead_job *job);
uint8_t *core_ctr_hmac_put(const struct core_aead_job *job, uint8_t *out);

/* seal and open of struct core_aead. */
SOTTO_MUST_CHECK bool core_ctr_hmac_seal(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                         size_t aad_count, const struct core_span *text, size_t text_count,
                                         uint8_t *tag, size_t tag_len);
SOTTO_MUST_CHECK enum core_opened core_ctr_hmac_open(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                                     size_t aad_count, struct core_span text, const uint8_t *tag,
                                                     size_t tag_len);

#endif
