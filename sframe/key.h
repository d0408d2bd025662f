/* The key and salt of one KID, ready to seal or open (RFC 9605 sections 4.4.3 and 4.4.4). */
#ifndef SFRAME_KEY_H
#define SFRAME_KEY_H

#include <endian.h>
#include <string.h>

#include "suite.h"

enum { SFRAME_CACHE_LINE = 64 };

/* A nonce, written at once: the ciphers load it at once, and a load over several recent stores waits for all of them.
 */
typedef uint32_t sframe_nonce_words __attribute__((vector_size(16)));

union sframe_nonce {
    sframe_nonce_words words;
    uint8_t bytes[CORE_NONCE_LEN];
};

struct sframe_key {
    uint8_t salt[sizeof(sframe_nonce_words)]; /* beyond a nonce's length, zeros */
    void *state; /* of the suite's AEAD, in the context's memory; its cipher state is made once and rekeyed */
};

enum { SFRAME_AAD_PARTS = 2 };

/* A frame in parts: header and metadata are authenticated, the spans are one text. */
struct sframe_frame {
    uint64_t ctr;
    struct core_slice
        aad[SFRAME_AAD_PARTS]; /* header, metadata; as ciphers take them, since a copy would cost a wait */
};

/* Without metadata there is only the header: ciphers take one part sooner than two. */
static inline size_t sframe_aad_count(const struct sframe_frame *frame)
{
    return frame->aad[1].len > 0 ? SFRAME_AAD_PARTS : 1;
}

/* Sets key and salt from a secret of sframe_secret_init. No allocation. SFRAME_CRYPTO. */
SOTTO_MUST_CHECK int sframe_key_derive(const struct sframe_crypto *crypto, struct sframe_key *key,
                                       const struct core_hmac_key *secret, uint64_t kid);
/* Wipes key and salt; the cipher state stays, to be given another key. False if it could not be kept: it is freed. */
bool sframe_key_forget(const struct core_aead *aead, struct sframe_key *key);
/* nonce = salt XOR CTR as a big-endian integer of nn bytes; then zeros */
static inline sframe_nonce_words sframe_nonce_of(const struct sframe_key *key, uint64_t ctr)
{
    const sframe_nonce_words zeros = {0, 0, 0, 0};
    const sframe_nonce_words counter = (sframe_nonce_words)(core_block){htobe64(ctr), 0};
    sframe_nonce_words salt;
    memcpy(&salt, key->salt, sizeof salt);
    return salt ^ __builtin_shufflevector(counter, zeros, 4, 0, 1, 4);
}

static inline void sframe_nonce_make(const struct sframe_key *key, uint64_t ctr, union sframe_nonce *nonce)
{
    nonce->words = sframe_nonce_of(key, ctr);
}

/* Seals text in place and writes the suite's nt bytes of tag. SFRAME_CRYPTO: the text's content is undefined. */
__attribute__((always_inline)) SOTTO_MUST_CHECK static inline int
sframe_key_seal(const struct sframe_crypto *crypto, struct sframe_key *key, const struct sframe_frame *frame,
                const struct core_span *text, size_t text_count, uint8_t *tag)
{
    /* its own, so that inline the rest of the frame need not be in memory */
    const struct core_slice aad[SFRAME_AAD_PARTS] = {frame->aad[0], frame->aad[1]};
    union sframe_nonce nonce;
    sframe_nonce_make(key, frame->ctr, &nonce);
    return crypto->aead->seal(key->state, nonce.bytes, aad, sframe_aad_count(frame), text, text_count, tag,
                              crypto->suite->nt)
               ? SFRAME_OK
               : SFRAME_CRYPTO;
}

static inline int sframe_opened_error(enum core_opened opened)
{
    switch (opened) {
    case CORE_OPEN_OK:
        return SFRAME_OK;
    case CORE_OPEN_FORGED:
        return SFRAME_AUTH;
    default:
        return SFRAME_CRYPTO;
    }
}

/* Opens text in place. SFRAME_AUTH, SFRAME_CRYPTO: the text is wiped or still ciphertext. */
__attribute__((always_inline)) SOTTO_MUST_CHECK static inline int
sframe_key_open(const struct sframe_crypto *crypto, struct sframe_key *key, const struct sframe_frame *frame,
                struct core_span text, const uint8_t *tag)
{
    const struct core_slice aad[SFRAME_AAD_PARTS] = {frame->aad[0], frame->aad[1]};
    union sframe_nonce nonce;
    sframe_nonce_make(key, frame->ctr, &nonce);
    return sframe_opened_error(
        crypto->aead->open(key->state, nonce.bytes, aad, sframe_aad_count(frame), text, tag, crypto->suite->nt));
}

/* The same with a header alone, of 8 bytes at most, by an AEAD that has open_one. */
__attribute__((always_inline)) SOTTO_MUST_CHECK static inline int
sframe_key_open_one(const struct sframe_crypto *crypto, struct sframe_key *key, uint64_t ctr, uint64_t header,
                    size_t header_len, struct core_span text, const uint8_t *tag)
{
    return sframe_opened_error(crypto->aead->open_one(key->state, (core_block)sframe_nonce_of(key, ctr),
                                                      (core_block){header, 0}, header_len, text.data, text.len, tag));
}

#endif
