/* AES-CTR with HMAC, many at once by ipsec-mb: their texts by one call, their MACs in the lanes of a vector register.
 */
#ifndef CORE_IPSECMB_LANES_H
#define CORE_IPSECMB_LANES_H

#include "ctr_hmac.h"

enum { CORE_AES_BLOCK_LEN = 16, CORE_AES_ROUND_KEYS_MAX = 15 };

/* The first member of a state. Secret: wipe it. */
struct core_lanes_state {
    struct core_ctr_hmac mac;
    uint64_t cipher_key_len;
    _Alignas(16) uint8_t round_keys[CORE_AES_ROUND_KEYS_MAX * CORE_AES_BLOCK_LEN];
    /* the HMAC key as the library takes it: the hash states after the inner and the outer pad */
    _Alignas(16) uint8_t inner[CORE_HASH_MAX];
    _Alignas(16) uint8_t outer[CORE_HASH_MAX];
};

/* A counter, written at once: the library loads it at once, and a load over several recent stores waits for all. */
union core_aes_counter {
    uint32_t __attribute__((vector_size(CORE_AES_BLOCK_LEN))) words;
    uint8_t bytes[CORE_AES_BLOCK_LEN];
};

static inline union core_aes_counter core_aes_counter(const uint8_t *nonce, uint32_t block)
{
    uint32_t words[CORE_NONCE_LEN / sizeof(uint32_t)];
    memcpy(words, nonce, sizeof words);
    return (union core_aes_counter){.words = {words[0], words[1], words[2], htobe32(block)}};
}

/* workspace_size and workspace_init of struct core_provider. */
size_t core_lanes_size(void);
SOTTO_MUST_CHECK bool core_lanes_init(void *workspace);

/* seal_batch and open_batch of struct core_aead, with SHA-256 and with SHA-512. */
void core_lanes_seal_256(void *workspace, struct core_aead_job *jobs, size_t count);
void core_lanes_open_256(void *workspace, struct core_aead_job *jobs, size_t count);
void core_lanes_seal_512(void *workspace, struct core_aead_job *jobs, size_t count);
void core_lanes_open_512(void *workspace, struct core_aead_job *jobs, size_t count);

#endif
