/* Providers of cryptographic primitives: const tables of functions with their sizes.
 *
 * A state lives in the caller's memory (state_size bytes, aligned as by malloc) and may be moved by memcpy. Only init
 * may allocate; set_key, seal, open and every hash never do, nor do they take a lock. A state is used by one thread at
 * a time. Functions return false if the library below fails, which for sizes in range means it is broken. */
#ifndef CORE_PROVIDER_H
#define CORE_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

enum {
    CORE_HASH_MAX = 64,
    CORE_AEAD_KEY_MAX = 96,
    CORE_NONCE_LEN = 12, /* of every AEAD here */
    CORE_TAG_MAX = 16,
    CORE_AEAD_STATE_MAX = 1152,
};

struct core_slice {
    const uint8_t *data;
    size_t len;
};

/* Bytes that are overwritten in place. */
struct core_span {
    uint8_t *data;
    size_t len;
};

/* An HMAC key, expanded once: holds the hash states after the inner and the outer pad. Secret: wipe it. */
struct core_hmac_key {
    _Alignas(16) uint8_t state[448];
};

enum { CORE_HMAC_SHORT_ROOM = 256, CORE_HMAC_SHORT_MAX = CORE_HMAC_SHORT_ROOM - 9 /* what pads it */ };

struct core_hash {
    const char *name;
    size_t len; /* bytes of output */
    SOTTO_MUST_CHECK bool (*hmac_init)(struct core_hmac_key *key, const uint8_t *secret, size_t len);
    /* out gets the MAC of the concatenated parts, `len` bytes. */
    SOTTO_MUST_CHECK bool (*hmac)(const struct core_hmac_key *key, const struct core_slice *parts, size_t count,
                                  uint8_t *out);
    /* The same for one message of at most CORE_HMAC_SHORT_MAX bytes, sooner: it is padded where it stands, in a buffer
     * of CORE_HMAC_SHORT_ROOM. NULL: there is no such way. */
    SOTTO_MUST_CHECK bool (*hmac_short)(const struct core_hmac_key *key, uint8_t *message, size_t len, uint8_t *out);
    /* out gets the plain hash of the concatenated parts. */
    SOTTO_MUST_CHECK bool (*digest)(const struct core_slice *parts, size_t count, uint8_t *out);
};

enum core_direction { CORE_SEAL, CORE_OPEN };
enum core_opened { CORE_OPEN_OK = 0, CORE_OPEN_FORGED, CORE_OPEN_FAILED /* the library failed */ };

enum { CORE_BATCH_MAX = 16 };

/* One of several texts that are sealed or opened together: what the single calls take, and what they return. */
struct core_aead_job {
    void *state;
    const uint8_t *nonce;
    const struct core_slice *aad;
    size_t aad_count;
    const struct core_span *text;
    size_t text_count;       /* to open: 1 */
    uint8_t *tag;            /* to seal */
    const uint8_t *expected; /* to open: the tag that came */
    size_t tag_len;
    enum core_opened result; /* of sealing: CORE_OPEN_OK or CORE_OPEN_FAILED */
};

/* Sixteen bytes in a register, in the order of memory. */
typedef uint64_t core_block __attribute__((vector_size(16)));

struct core_aead {
    const char *name;
    size_t key_len;
    size_t tag_len; /* the longest tag; shorter ones are truncations where min_tag_len allows it */
    size_t min_tag_len;
    size_t state_size;
    SOTTO_MUST_CHECK bool (*init)(void *state, enum core_direction direction);
    /* Replaces the key (key_len bytes) and its schedule. False for a state that was wiped. */
    SOTTO_MUST_CHECK bool (*set_key)(void *state, const uint8_t *key);
    /* Encrypts the spans in place, as one text; writes tag_len bytes of tag. On false the spans' content is undefined:
     * wipe it. */
    SOTTO_MUST_CHECK bool (*seal)(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                                  const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len);
    /* Decrypts text in place if the tag is right. Otherwise text is wiped or still ciphertext, never plaintext. */
    SOTTO_MUST_CHECK enum core_opened (*open)(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                              size_t aad_count, struct core_span text, const uint8_t *tag,
                                              size_t tag_len);
    /* As seal, of one span, an AAD of up to 16 bytes and a tag of CORE_TAG_MAX, which most calls are, with little that
     * goes through memory. nonce: zeros beyond CORE_NONCE_LEN; of aad, aad_len bytes count. On false text and tag are
     * wiped. NULL: it would be no faster. */
    SOTTO_MUST_CHECK bool (*seal_one)(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text,
                                      size_t text_len, uint8_t *tag);
    /* As open, of the same. */
    SOTTO_MUST_CHECK enum core_opened (*open_one)(void *state, core_block nonce, core_block aad, size_t aad_len,
                                                  uint8_t *text, size_t text_len, const uint8_t *tag);
    /* Wipes the key and frees what init allocated. A state of zeros is allowed. */
    void (*wipe)(void *state);
    /* Up to CORE_BATCH_MAX jobs of this AEAD at once, each as by a single call; their texts must not overlap.
     * workspace: of the provider this row belongs to. NULL: no faster than one by one. */
    void (*seal_batch)(void *workspace, struct core_aead_job *jobs, size_t count);
    void (*open_batch)(void *workspace, struct core_aead_job *jobs, size_t count);
};

/* The jobs (any number) in batches, or, if the AEAD has none or workspace is NULL, one by one. */
void core_aead_seal_batch(const struct core_aead *aead, void *workspace, struct core_aead_job *jobs, size_t count);
void core_aead_open_batch(const struct core_aead *aead, void *workspace, struct core_aead_job *jobs, size_t count);

struct core_provider {
    const char *name;
    const struct core_hash *sha256;
    const struct core_hash *sha512;
    const struct core_aead *aes_128_gcm;
    const struct core_aead *aes_256_gcm;
    /* RFC 9605 section 4.5.1: AES-CTR, then HMAC over lengths, nonce, AAD and ciphertext */
    const struct core_aead *aes_128_ctr_hmac_sha256;
    const struct core_aead *aes_256_ctr_hmac_sha512;
    /* What its AEADs' batches work in: memory of the caller's, aligned as by malloc, that is not moved and that one
     * thread at a time uses. Holds nothing secret between batches. init may take a millisecond; false if the library
     * fails. NULL: there are no batches. */
    size_t (*workspace_size)(void);
    bool (*workspace_init)(void *workspace);
};

/* OpenSSL 3's libcrypto: everywhere. */
extern const struct core_provider core_provider_libcrypto;
/* Intel's ipsec-mb, or NULL: it was not built in, the CPU lacks what it needs, or it did not pass core_provider_admit.
 * *refusal (if refusal is not NULL) gets a text that says which, or NULL where there is a provider. The first call in a
 * process looks and tests (some milliseconds, allocates); the answer never changes after that. Any thread may call. */
const struct core_provider *core_provider_ipsecmb(const char **refusal);
/* The fastest provider of this machine: ipsec-mb, or else libcrypto. Never NULL. */
const struct core_provider *core_provider_best(void);
/* Computes known answers with each of a provider's primitives: candidate if all are right, else NULL, and *refusal
 * names a primitive that is wrong (untouched otherwise). refusal may be NULL. */
const struct core_provider *core_provider_admit(const struct core_provider *candidate, const char **refusal);
/* Rows by name, for tables that are constants. */
extern const struct core_hash core_libcrypto_sha256;
extern const struct core_hash core_libcrypto_sha384;
extern const struct core_hash core_libcrypto_sha512;
extern const struct core_aead core_libcrypto_aes_128_gcm;
extern const struct core_aead core_libcrypto_aes_256_gcm;
extern const struct core_aead core_libcrypto_chacha20_poly1305;

#endif
