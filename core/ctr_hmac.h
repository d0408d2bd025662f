/* AES-CTR with HMAC (RFC 9605 section 4.5.1), for the providers that make that suite of two parts: what is the same
 * whoever encrypts. */
#ifndef CORE_CTR_HMAC_H
#define CORE_CTR_HMAC_H

#include <endian.h>
#include <string.h>

#include "core/provider.h"

enum {
    CORE_CTR_HMAC_PARTS = 8,
    CORE_CTR_HMAC_PREFIX = 24 + CORE_NONCE_LEN,
    CORE_CTR_HMAC_TAG_MIN = 4, /* the shortest of RFC 9605 section 4.5 */
};

/* Whether a tag can be so long. Anything at all would have a tag of no bytes. */
static inline bool core_ctr_hmac_can_tag(const struct core_hash *hash, size_t tag_len)
{
    return hash && tag_len >= CORE_CTR_HMAC_TAG_MIN && tag_len <= hash->len;
}

/* Mostly there is one: no loop then. */
static inline uint64_t core_slices_len(const struct core_slice *slices, size_t count)
{
    uint64_t len = 0;
    if (__builtin_expect(count == 1, true))
        return slices->len;
    for (size_t i = 0; i < count; i++)
        len += slices[i].len;
    return len;
}

static inline uint64_t core_spans_len(const struct core_span *spans, size_t count)
{
    uint64_t len = 0;
    if (__builtin_expect(count == 1, true))
        return spans->len;
    for (size_t i = 0; i < count; i++)
        len += spans[i].len;
    return len;
}

/* The first member of a provider's state. */
struct core_ctr_hmac {
    const struct core_hash *hash; /* NULL in a state that was wiped */
    /* Encrypts or decrypts the spans in place, as one text. */
    bool (*crypt)(const void *state, const uint8_t *nonce, const struct core_span *text, size_t text_count);
    struct core_hmac_key key;
};

static inline void core_put_u64(uint8_t *out, uint64_t value)
{
    const uint64_t big = htobe64(value);
    memcpy(out, &big, sizeof big);
}

/* What stands before AAD and text: len(aad) || len(text) || tag_len || nonce. */
static inline void core_ctr_hmac_put_prefix(uint8_t *out, uint64_t aad_len, uint64_t text_len, size_t tag_len,
                                            const uint8_t *nonce)
{
    core_put_u64(out, aad_len);
    core_put_u64(out + 8, text_len);
    core_put_u64(out + 16, tag_len);
    memcpy(out + 24, nonce, CORE_NONCE_LEN);
}

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
/* seal and open of struct core_aead. */
SOTTO_MUST_CHECK bool core_ctr_hmac_seal(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                         size_t aad_count, const struct core_span *text, size_t text_count,
                                         uint8_t *tag, size_t tag_len);
SOTTO_MUST_CHECK enum core_opened core_ctr_hmac_open(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                                     size_t aad_count, struct core_span text, const uint8_t *tag,
                                                     size_t tag_len);

#endif
