/* What the same bytes cost otherwise, whatever the suite: copied, and by libsodium's two AEADs. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sframe_ways.h"

struct bystander {
    const struct ring *ring;
    crypto_aead_aes256gcm_state *gcm; /* or NULL */
    uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
    uint64_t ctr; /* of the next frame */
    uint8_t *copy;
};

static void *new_bystander(const struct ring *ring)
{
    struct bystander *s = calloc(1, sizeof *s);
    if (!s || sodium_init() < 0)
        ring_fail("libsodium");
    s->ring = ring;
    return s;
}

static void tear_down(void *state)
{
    struct bystander *s = state;
    free(s->gcm);
    free(s->copy);
    free(s);
}

/* --- copying --- */

static size_t frame_len(const struct ring *ring)
{
    return ring->header_len + RING_INNER_LEN + ring->len + ring->suite->nt;
}

static void *set_up_memcpy(const struct ring *ring, const char **absence)
{
    (void)absence;
    struct bystander *s = new_bystander(ring);
    s->copy = malloc(frame_len(ring));
    if (!s->copy)
        ring_fail("memory");
    return s;
}

static void copy(void *state, uint64_t frames)
{
    const struct bystander *s = state;
    const size_t len = frame_len(s->ring);
    for (uint64_t done = 0; done < frames; done += s->ring->count) {
        for (size_t i = 0; i < s->ring->count; i++) {
            memcpy(s->copy, ring_text(s->ring, i) - s->ring->header_len, len);
            __asm__ volatile("" : : "r"(s->copy) : "memory"); /* every copy counts as read */
        }
    }
}

/* --- libsodium --- */

static void *set_up_gcm(const struct ring *ring, const char **absence)
{
    struct bystander *s = new_bystander(ring);
    if (!crypto_aead_aes256gcm_is_available()) {
        *absence = "the CPU has no AES instructions that libsodium knows";
        tear_down(s);
        return NULL;
    }
    s->gcm = aligned_alloc(_Alignof(crypto_aead_aes256gcm_state), sizeof *s->gcm);
    if (!s->gcm || crypto_aead_aes256gcm_beforenm(s->gcm, s->key) != 0)
        ring_fail("libsodium");
    return s;
}

static void *set_up_chacha(const struct ring *ring, const char **absence)
{
    (void)absence;
    return new_bystander(ring);
}

static int seal_frame(const struct bystander *s, uint8_t *text, const uint8_t *nonce)
{
    const struct ring *ring = s->ring;
    const size_t len = RING_INNER_LEN + ring->len;
    const uint8_t *aad = text - ring->header_len;
    uint8_t *tag = text + len;
    if (s->gcm)
        return crypto_aead_aes256gcm_encrypt_detached_afternm(text, tag, NULL, text, len, aad, ring->header_len, NULL,
                                                              nonce, s->gcm);
    return crypto_aead_chacha20poly1305_ietf_encrypt_detached(text, tag, NULL, text, len, aad, ring->header_len, NULL,
                                                              nonce, s->key);
}

static int open_frame(const struct bystander *s, uint8_t *text, const uint8_t *nonce)
{
    const struct ring *ring = s->ring;
    const size_t len = RING_INNER_LEN + ring->len;
    const uint8_t *aad = text - ring->header_len;
    const uint8_t *tag = text + len;
    if (s->gcm)
        return crypto_aead_aes256gcm_decrypt_detached_afternm(text, NULL, text, len, tag, aad, ring->header_len, nonce,
                                                              s->gcm);
    return crypto_aead_chacha20poly1305_ietf_decrypt_detached(text, NULL, text, len, tag, aad, ring->header_len, nonce,
                                                              s->key);
}

static void sodium_seal(void *state, uint64_t frames)
{
    struct bystander *s = state;
    for (uint64_t done = 0; done < frames; done += s->ring->count) {
        for (size_t i = 0; i < s->ring->count; i++, s->ctr++) {
            const ring_nonce nonce = ring_nonce_of(s->ctr);
            if (seal_frame(s, ring_text(s->ring, i), (const uint8_t *)&nonce) != 0)
                ring_fail("libsodium");
        }
    }
}

static void sodium_open(void *state, uint64_t frames)
{
    const struct bystander *s = state;
    for (uint64_t done = 0; done < frames; done += s->ring->count) {
        uint64_t ctr = ring_round_before(s->ring, s->ctr);
        for (size_t i = 0; i < s->ring->count; i++, ctr++) {
            const ring_nonce nonce = ring_nonce_of(ctr);
            if (open_frame(s, ring_text(s->ring, i), (const uint8_t *)&nonce) != 0)
                ring_fail("libsodium");
        }
    }
}

const struct way way_memcpy = {"memcpy", true, set_up_memcpy, copy, copy, tear_down};
const struct way way_sodium_gcm = {"libsodium AES-256-GCM", true, set_up_gcm, sodium_seal, sodium_open, tear_down};
const struct way way_sodium_chacha = {
    "libsodium ChaCha20-Poly1305", true, set_up_chacha, sodium_seal, sodium_open, tear_down};
