/* The bare calls of ipsec-mb: nonce, AAD and text as long as a frame's, in place, on the ring's buffers. What lies
 * before a text is what its MAC is over besides, so that it is hashed in one piece. */
/* the library's old names for its own; one of them is OpenSSL's, too */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "sframe_hmac.h"
#include "sframe_ways.h"

enum { ALIGN = 64, ROUND_KEYS_LEN = 15 * 16, TAG_MAX = 16 };

struct ctr_hmac_key {
    _Alignas(16) uint8_t round_keys[ROUND_KEYS_LEN];
    _Alignas(16) uint8_t inner_pad[HMAC_LEN_MAX]; /* hash states, for the lanes */
    _Alignas(16) uint8_t outer_pad[HMAC_LEN_MAX];
    struct hmac hmac;
};

union key {
    _Alignas(ALIGN) struct gcm_key_data gcm;
    struct ctr_hmac_key ctr_hmac;
};

struct calls {
    const struct ring *ring;
    IMB_MGR *manager;
    aes_gcm_enc_dec_t gcm_seal;
    aes_gcm_enc_dec_t gcm_open;
    IMB_KEY_SIZE_BYTES key_len;
    IMB_HASH_ALG hash;
    union key *sealing; /* two of each key: as a sender's and a receiver's are, cold if the other's is warm */
    union key *opening;
    uint64_t ctr; /* of the next frame */
    uint8_t macs[RING_BATCH][HMAC_LEN_MAX];
    IMB_JOB jobs[RING_BATCH];
    IMB_JOB ciphers[RING_BATCH];
    ring_nonce counters[RING_BATCH]; /* of ciphers */
};

/* --- AES-GCM --- */

static void gcm_seal(void *state, uint64_t frames)
{
    struct calls *s = state;
    const struct ring *ring = s->ring;
    struct gcm_context_data context;
    for (uint64_t done = 0; done < frames; done += ring->count) {
        size_t key = ring_key_of(ring, s->ctr);
        for (size_t i = 0; i < ring->count; i++, s->ctr++) {
            uint8_t *text = ring_text(ring, i);
            const size_t len = RING_INNER_LEN + ring->len;
            const ring_nonce nonce = ring_nonce_of(s->ctr);
            s->gcm_seal(&s->sealing[key].gcm, &context, text, text, len, (const uint8_t *)&nonce,
                        text - ring->header_len, ring->header_len, text + len, ring->suite->nt);
            key = ring_next_key(ring, key);
        }
    }
}

/* Without the comparison of the tag. */
static void gcm_open(void *state, uint64_t frames)
{
    const struct calls *s = state;
    const struct ring *ring = s->ring;
    struct gcm_context_data context;
    uint8_t tag[TAG_MAX];
    for (uint64_t done = 0; done < frames; done += ring->count) {
        uint64_t ctr = ring_round_before(ring, s->ctr);
        size_t key = ring_key_of(ring, ctr);
        for (size_t i = 0; i < ring->count; i++, ctr++) {
            uint8_t *text = ring_text(ring, i);
            const ring_nonce nonce = ring_nonce_of(ctr);
            s->gcm_open(&s->opening[key].gcm, &context, text, text, RING_INNER_LEN + ring->len, (const uint8_t *)&nonce,
                        text - ring->header_len, ring->header_len, tag, ring->suite->nt);
            key = ring_next_key(ring, key);
        }
    }
}

/* --- AES-CTR with HMAC --- */

static uint8_t *message_of(const struct ring *ring, size_t frame)
{
    return ring_text(ring, frame) - ring->header_len - HMAC_PREFIX;
}

static size_t message_len(const struct ring *ring)
{
    return HMAC_PREFIX + ring->header_len + RING_INNER_LEN + ring->len;
}

/* What all jobs have in common was written once. */
static void cipher_set(struct calls *s, size_t lane, const struct ctr_hmac_key *key, size_t frame, uint64_t ctr)
{
    IMB_JOB *job = &s->ciphers[lane];
    s->counters[lane] = ring_nonce_of(ctr);
    job->enc_keys = key->round_keys;
    job->src = ring_text(s->ring, frame);
    job->dst = ring_text(s->ring, frame);
    job->msg_len_to_cipher_in_bytes = RING_INNER_LEN + s->ring->len;
}

static void ciphers_run(struct calls *s, uint32_t count)
{
    if (IMB_SUBMIT_CIPHER_BURST_NOCHECK(s->manager, s->ciphers, count, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, s->key_len) !=
        count)
        ring_fail("ipsec-mb's CTR");
}

static void crypt(struct calls *s, const struct ctr_hmac_key *key, size_t frame, uint64_t ctr)
{
    cipher_set(s, 0, key, frame, ctr);
    ciphers_run(s, 1);
}

static void ciphers_open(struct calls *s)
{
    for (size_t i = 0; i < RING_BATCH; i++) {
        IMB_JOB *job = &s->ciphers[i];
        job->key_len_in_bytes = s->key_len;
        job->iv = (const uint8_t *)&s->counters[i];
        job->iv_len_in_bytes = sizeof s->counters[i];
        job->cipher_mode = IMB_CIPHER_CNTR;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->hash_alg = IMB_AUTH_NULL;
    }
}

static void put_nonce(const struct ring *ring, size_t frame, uint64_t ctr)
{
    memcpy(message_of(ring, frame) + HMAC_PREFIX_CTR, &ctr, sizeof ctr);
}

static void ctr_hmac_seal(void *state, uint64_t frames)
{
    struct calls *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += ring->count) {
        size_t at = ring_key_of(ring, s->ctr);
        for (size_t i = 0; i < ring->count; i++, s->ctr++) {
            const struct ctr_hmac_key *key = &s->sealing[at].ctr_hmac;
            put_nonce(ring, i, s->ctr);
            crypt(s, key, i, s->ctr);
            hmac_make(&key->hmac, message_of(ring, i), message_len(ring), s->macs[0]);
            memcpy(ring_payload(ring, i) + ring->len, s->macs[0], ring->suite->nt);
            at = ring_next_key(ring, at);
        }
    }
}

static void ctr_hmac_open(void *state, uint64_t frames)
{
    struct calls *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += ring->count) {
        uint64_t ctr = ring_round_before(ring, s->ctr);
        size_t at = ring_key_of(ring, ctr);
        for (size_t i = 0; i < ring->count; i++, ctr++) {
            const struct ctr_hmac_key *key = &s->opening[at].ctr_hmac;
            hmac_make(&key->hmac, message_of(ring, i), message_len(ring), s->macs[0]);
            crypt(s, key, i, ctr);
            at = ring_next_key(ring, at);
        }
    }
}

/* --- the same with sixteen MACs at a time --- */

static void lane_set(struct calls *s, size_t lane, const struct ctr_hmac_key *key, size_t frame)
{
    IMB_JOB *job = &s->jobs[lane];
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
    job->hash_alg = s->hash;
    job->src = message_of(s->ring, frame);
    job->msg_len_to_hash_in_bytes = message_len(s->ring);
    job->auth_tag_output = s->macs[lane];
    job->auth_tag_output_len_in_bytes = s->ring->suite->nh;
    job->u.HMAC._hashed_auth_key_xor_ipad = key->inner_pad;
    job->u.HMAC._hashed_auth_key_xor_opad = key->outer_pad;
}

static void lanes_run(struct calls *s)
{
    if (IMB_SUBMIT_HASH_BURST_NOCHECK(s->manager, s->jobs, RING_BATCH, s->hash) != RING_BATCH)
        ring_fail("ipsec-mb's HMAC");
}

/* By the words that the library has just written them in: a wider load waits until they have reached the cache, which
 * would add 13 ns to the 118 of a frame of 160 B. */
static void put_tag(uint8_t *to, const uint8_t *mac, size_t len)
{
    uint32_t word;
    size_t done = 0;
    for (; len - done >= sizeof word; done += sizeof word) {
        memcpy(&word, mac + done, sizeof word);
        memcpy(to + done, &word, sizeof word);
    }
    for (; done < len; done++)
        to[done] = mac[done];
}

static void lanes_seal(void *state, uint64_t frames)
{
    struct calls *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += RING_BATCH) {
        const size_t first = done % ring->count;
        size_t at = ring_key_of(ring, s->ctr);
        for (size_t lane = 0; lane < RING_BATCH; lane++, s->ctr++) {
            const struct ctr_hmac_key *key = &s->sealing[at].ctr_hmac;
            put_nonce(ring, first + lane, s->ctr);
            cipher_set(s, lane, key, first + lane, s->ctr);
            lane_set(s, lane, key, first + lane);
            at = ring_next_key(ring, at);
        }
        ciphers_run(s, RING_BATCH);
        lanes_run(s);
        for (size_t lane = 0; lane < RING_BATCH; lane++)
            put_tag(ring_payload(ring, first + lane) + ring->len, s->macs[lane], ring->suite->nt);
    }
}

static void lanes_open(void *state, uint64_t frames)
{
    struct calls *s = state;
    const struct ring *ring = s->ring;
    for (uint64_t done = 0; done < frames; done += RING_BATCH) {
        const struct ctr_hmac_key *keys[RING_BATCH];
        const size_t first = done % ring->count;
        const uint64_t ctr = ring_round_before(ring, s->ctr) + first;
        size_t at = ring_key_of(ring, ctr);
        for (size_t lane = 0; lane < RING_BATCH; lane++) {
            keys[lane] = &s->opening[at].ctr_hmac;
            put_nonce(ring, first + lane, ctr + lane);
            lane_set(s, lane, keys[lane], first + lane);
            at = ring_next_key(ring, at);
        }
        lanes_run(s);
        for (size_t lane = 0; lane < RING_BATCH; lane++)
            cipher_set(s, lane, keys[lane], first + lane, ctr + lane);
        ciphers_run(s, RING_BATCH);
    }
}

/* --- set-up --- */

static void expand(const struct calls *s, const uint8_t *bytes, union key *key)
{
    const struct sframe_suite *suite = s->ring->suite;
    _Alignas(16) uint8_t inverse[ROUND_KEYS_LEN]; /* for decryption, which counter mode has none of */
    uint8_t block[HMAC_BLOCK_MAX];
    const bool small = s->key_len == IMB_KEY_128_BYTES;
    if (suite->nka == 0) {
        if (small)
            IMB_AES128_GCM_PRE(s->manager, bytes, &key->gcm);
        else
            IMB_AES256_GCM_PRE(s->manager, bytes, &key->gcm);
        return;
    }
    const hash_one_block_t hash_block = small ? s->manager->sha256_one_block : s->manager->sha512_one_block;
    (small ? s->manager->keyexp_128 : s->manager->keyexp_256)(bytes, key->ctr_hmac.round_keys, inverse);
    hmac_open(&key->ctr_hmac.hmac, bytes, suite->nh);
    hmac_pad(bytes, suite->nh, HMAC_PAD_INNER, block);
    hash_block(block, key->ctr_hmac.inner_pad);
    hmac_pad(bytes, suite->nh, HMAC_PAD_OUTER, block);
    hash_block(block, key->ctr_hmac.outer_pad);
}

static void *set_up(const struct ring *ring, const char **absence)
{
    if (!core_provider_ipsecmb(absence))
        return NULL;
    const bool small = ring->suite->nh == SHA256_DIGEST_LENGTH;
    struct calls *s = calloc(1, sizeof *s);
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (!s || !manager)
        ring_fail("memory");
    init_mb_mgr_auto(manager, NULL);
    s->ring = ring;
    s->manager = manager;
    s->gcm_seal = small ? manager->gcm128_enc : manager->gcm256_enc;
    s->gcm_open = small ? manager->gcm128_dec : manager->gcm256_dec;
    s->key_len = small ? IMB_KEY_128_BYTES : IMB_KEY_256_BYTES;
    s->hash = small ? IMB_AUTH_HMAC_SHA_256 : IMB_AUTH_HMAC_SHA_512;
    ciphers_open(s);
    s->sealing = aligned_alloc(ALIGN, ring->keys * sizeof *s->sealing);
    s->opening = aligned_alloc(ALIGN, ring->keys * sizeof *s->opening);
    if (!s->sealing || !s->opening)
        ring_fail("memory");
    for (size_t i = 0; i < ring->keys; i++) {
        uint8_t bytes[HMAC_LEN_MAX] = {0};
        memcpy(bytes, &i, sizeof i);
        expand(s, bytes, &s->sealing[i]);
        s->opening[i] = s->sealing[i];
    }
    return s;
}

static void *set_up_lanes(const struct ring *ring, const char **absence)
{
    return ring->suite->nka > 0 ? set_up(ring, absence) : NULL;
}

static void calls_seal(void *state, uint64_t frames)
{
    const struct calls *s = state;
    (s->ring->suite->nka > 0 ? ctr_hmac_seal : gcm_seal)(state, frames);
}

static void calls_open(void *state, uint64_t frames)
{
    const struct calls *s = state;
    (s->ring->suite->nka > 0 ? ctr_hmac_open : gcm_open)(state, frames);
}

static void tear_down(void *state)
{
    struct calls *s = state;
    free_mb_mgr(s->manager);
    free(s->sealing);
    free(s->opening);
    free(s);
}

const struct way way_calls_ipsecmb = {"ipsec-mb calls", false, set_up, calls_seal, calls_open, tear_down};
const struct way way_lanes_ipsecmb = {"ipsec-mb, 16 lanes", false, set_up_lanes, lanes_seal, lanes_open, tear_down};
