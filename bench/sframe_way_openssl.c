/* OpenSSL's bare calls on the ring's buffers: with contexts that are kept, and HMAC's pads, or all made anew for each
 * frame, as its manual pages show it. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "sframe_hmac.h"
#include "sframe_ways.h"

enum { KEY_MAX = HMAC_LEN_MAX };

struct key {
    EVP_CIPHER_CTX *sealing;
    EVP_CIPHER_CTX *opening;
    struct hmac seal_hmac; /* two of each key: as a sender's and a receiver's are, cold if the other's is warm */
    struct hmac open_hmac;
    uint8_t bytes[KEY_MAX];
};

struct calls {
    const struct ring *ring;
    EVP_CIPHER *cipher;
    EVP_MAC *mac;
    const char *digest;
    struct key *keys;
    bool fresh;   /* contexts are made for each frame */
    uint64_t ctr; /* of the next frame */
};

static void must(int ok)
{
    if (ok != 1)
        ring_fail("OpenSSL");
}

/* --- ciphers --- */

static EVP_CIPHER_CTX *new_cipher(const struct calls *s, const struct key *key, int seals)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    must(cipher && EVP_CipherInit_ex(cipher, s->cipher, NULL, key->bytes, NULL, seals));
    return cipher;
}

/* A frame through the cipher; its tag is written or compared. */
static void gcm(const struct calls *s, EVP_CIPHER_CTX *cipher, size_t frame, const uint8_t *nonce, int seals)
{
    const struct ring *ring = s->ring;
    uint8_t *text = ring_text(ring, frame);
    const int len = (int)(RING_INNER_LEN + ring->len);
    int done = 0;
    must(EVP_CipherInit_ex(cipher, NULL, NULL, NULL, nonce, seals));
    if (!seals)
        must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, ring->suite->nt, text + len));
    must(EVP_CipherUpdate(cipher, NULL, &done, text - ring->header_len, (int)ring->header_len));
    must(EVP_CipherUpdate(cipher, text, &done, text, len));
    must(EVP_CipherFinal_ex(cipher, text + len, &done));
    if (seals)
        must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, ring->suite->nt, text + len));
}

static void ctr(const struct calls *s, EVP_CIPHER_CTX *cipher, size_t frame, const uint8_t *nonce)
{
    uint8_t *text = ring_text(s->ring, frame);
    int done = 0;
    must(EVP_CipherInit_ex(cipher, NULL, NULL, NULL, nonce, 1));
    must(EVP_CipherUpdate(cipher, text, &done, text, (int)(RING_INNER_LEN + s->ring->len)));
}

/* --- HMAC, over what lies before the text besides --- */

static void mac(const struct calls *s, const struct key *key, const struct hmac *kept, size_t frame, uint8_t *out)
{
    const struct ring *ring = s->ring;
    const uint8_t *message = ring_text(ring, frame) - ring->header_len - HMAC_PREFIX;
    const size_t len = HMAC_PREFIX + ring->header_len + RING_INNER_LEN + ring->len;
    if (!s->fresh) {
        hmac_make(kept, message, len, out);
        return;
    }
    size_t out_len = 0;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)s->digest, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(s->mac);
    must(context && EVP_MAC_init(context, key->bytes, ring->suite->nh, parameters));
    must(EVP_MAC_update(context, message, len));
    must(EVP_MAC_final(context, out, &out_len, HMAC_LEN_MAX));
    EVP_MAC_CTX_free(context);
}

/* --- frames --- */

static void seal_frame(const struct calls *s, const struct key *key, size_t frame, uint64_t counter)
{
    const struct ring *ring = s->ring;
    uint8_t *tag = ring_payload(ring, frame) + ring->len;
    const ring_nonce words = ring_nonce_of(counter);
    const uint8_t *nonce = (const uint8_t *)&words;
    uint8_t digest[HMAC_LEN_MAX];
    EVP_CIPHER_CTX *cipher = s->fresh ? new_cipher(s, key, 1) : key->sealing;
    if (ring->suite->nka == 0) {
        gcm(s, cipher, frame, nonce, 1);
    } else {
        ctr(s, cipher, frame, nonce);
        mac(s, key, &key->seal_hmac, frame, digest);
        memcpy(tag, digest, ring->suite->nt);
    }
    if (s->fresh)
        EVP_CIPHER_CTX_free(cipher);
}

static void open_frame(const struct calls *s, const struct key *key, size_t frame, uint64_t counter)
{
    const struct ring *ring = s->ring;
    const ring_nonce words = ring_nonce_of(counter);
    const uint8_t *nonce = (const uint8_t *)&words;
    uint8_t digest[HMAC_LEN_MAX];
    EVP_CIPHER_CTX *cipher = s->fresh ? new_cipher(s, key, 0) : key->opening;
    if (ring->suite->nka == 0) {
        gcm(s, cipher, frame, nonce, 0);
    } else {
        mac(s, key, &key->open_hmac, frame, digest);
        must(CRYPTO_memcmp(digest, ring_payload(ring, frame) + ring->len, ring->suite->nt) == 0);
        ctr(s, cipher, frame, nonce);
    }
    if (s->fresh)
        EVP_CIPHER_CTX_free(cipher);
}

static void calls_seal(void *state, uint64_t frames)
{
    struct calls *s = state;
    for (uint64_t done = 0; done < frames; done += s->ring->count) {
        size_t key = ring_key_of(s->ring, s->ctr);
        for (size_t i = 0; i < s->ring->count; i++, s->ctr++) {
            seal_frame(s, &s->keys[key], i, s->ctr);
            key = ring_next_key(s->ring, key);
        }
    }
}

static void calls_open(void *state, uint64_t frames)
{
    const struct calls *s = state;
    for (uint64_t done = 0; done < frames; done += s->ring->count) {
        uint64_t counter = ring_round_before(s->ring, s->ctr);
        size_t key = ring_key_of(s->ring, counter);
        for (size_t i = 0; i < s->ring->count; i++, counter++) {
            open_frame(s, &s->keys[key], i, counter);
            key = ring_next_key(s->ring, key);
        }
    }
}

/* --- set-up --- */

static struct calls *new_calls(const struct ring *ring, bool fresh)
{
    static const char *const names[2][2] = {{"AES-128-GCM", "AES-256-GCM"}, {"AES-128-CTR", "AES-256-CTR"}};
    const bool large = ring->suite->nh == SHA512_DIGEST_LENGTH;
    struct calls *s = calloc(1, sizeof *s);
    if (!s)
        ring_fail("memory");
    *s = (struct calls){.ring = ring,
                        .cipher = EVP_CIPHER_fetch(NULL, names[ring->suite->nka > 0][large], NULL),
                        .mac = EVP_MAC_fetch(NULL, "HMAC", NULL),
                        .digest = large ? "SHA512" : "SHA256",
                        .keys = calloc(ring->keys, sizeof *s->keys),
                        .fresh = fresh};
    must(s->cipher && s->mac && s->keys);
    for (size_t i = 0; i < ring->keys; i++) {
        struct key *key = &s->keys[i];
        memcpy(key->bytes, &i, sizeof i);
        key->sealing = fresh ? NULL : new_cipher(s, key, 1);
        key->opening = fresh ? NULL : new_cipher(s, key, 0);
        hmac_open(&key->seal_hmac, key->bytes, ring->suite->nh);
        hmac_open(&key->open_hmac, key->bytes, ring->suite->nh);
    }
    return s;
}

static void *set_up_kept(const struct ring *ring, const char **absence)
{
    (void)absence;
    return new_calls(ring, false);
}

static void *set_up_fresh(const struct ring *ring, const char **absence)
{
    (void)absence;
    return new_calls(ring, true);
}

static void tear_down(void *state)
{
    struct calls *s = state;
    for (size_t i = 0; i < s->ring->keys; i++) {
        EVP_CIPHER_CTX_free(s->keys[i].sealing);
        EVP_CIPHER_CTX_free(s->keys[i].opening);
    }
    EVP_CIPHER_free(s->cipher);
    EVP_MAC_free(s->mac);
    free(s->keys);
    free(s);
}

const struct way way_calls_openssl = {"OpenSSL calls", false, set_up_kept, calls_seal, calls_open, tear_down};
const struct way way_fresh_openssl = {
    "OpenSSL, context per frame", true, set_up_fresh, calls_seal, calls_open, tear_down};
