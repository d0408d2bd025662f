/* What ipsec-mb leaves on the stack and in a batch's memory. With AES-GCM, a hash of known AAD gives the hash key away,
 * which forges tags; with AES-CTR and HMAC, the tag that a forged frame should have had makes it authentic. */
#include "../remains.h"
#include "core/provider.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_LEN = 16,
    BLOCK_LEN = 16,
    AAD_LEN = 400,
    TEXT_LEN = 100,
    CTR_KEY_LEN = 48,
    ONE_BLOCKS = 2 + TEXT_LEN / BLOCK_LEN + 1, /* of key stream, for one text */
};

static struct {
    const struct core_aead *aead;
    void *state;
    uint8_t aad[AAD_LEN];
    uint8_t text[TEXT_LEN];
    uint8_t tag[CORE_TAG_MAX];
    bool ok;
} s;

/* Blocks of AES-CTR's key stream, which begins at a counter of 0: GCM's with the text is that from the third on. */
static void key_stream(const uint8_t *key, const uint8_t *nonce, uint8_t *out, size_t blocks)
{
    const struct core_aead *ctr = core_provider_libcrypto.aes_128_ctr_hmac_sha256;
    uint8_t ctr_key[CTR_KEY_LEN] = {0};
    uint8_t tag[CORE_TAG_MAX];
    const struct core_span text = {out, blocks * BLOCK_LEN};
    void *state = calloc(1, ctr->state_size);
    memcpy(ctr_key, key, KEY_LEN);
    memset(out, 0, text.len);
    CU_ASSERT_FATAL(state && ctr->init(state, CORE_SEAL) && ctr->set_key(state, ctr_key) &&
                    ctr->seal(state, nonce, NULL, 0, &text, 1, tag, sizeof tag));
    ctr->wipe(state);
    free(state);
}

/* H, the block of zeros encrypted. */
static void hash_key(const uint8_t *key, uint8_t *h)
{
    const uint8_t nonce[CORE_NONCE_LEN] = {0};
    key_stream(key, nonce, h, 1);
}

/* x = x * h (SP 800-38D section 6.3, algorithm 1) */
static void multiply(uint8_t *x, const uint8_t *h)
{
    uint8_t z[BLOCK_LEN] = {0};
    uint8_t v[BLOCK_LEN];
    memcpy(v, h, sizeof v);
    for (size_t bit = 0; bit < 8 * sizeof z; bit++) {
        const bool odd = v[BLOCK_LEN - 1] & 1;
        for (size_t i = 0; x[bit / 8] >> (7 - bit % 8) & 1 && i < sizeof z; i++)
            z[i] ^= v[i];
        for (size_t i = BLOCK_LEN; i-- > 0;)
            v[i] = (uint8_t)(v[i] >> 1 | (i > 0 ? v[i - 1] << 7 : 0));
        if (odd)
            v[0] ^= 0xe1;
    }
    memcpy(x, z, sizeof z);
}

/* Makes up a key. NULL if there is no provider of ours. */
static const struct core_provider *begin(uint8_t *key, size_t len)
{
    const struct core_provider *ours = core_provider_ipsecmb(NULL);
    if (!ours) {
        unit_skip("what stays on the stack was not looked for: no ipsec-mb provider");
        return NULL;
    }
    CU_ASSERT_FATAL(remains_present());
    for (size_t i = 0; i < len; i++)
        key[i] = (uint8_t)(0x35 + 11 * i);
    return ours;
}

static void set_state(const struct core_aead *aead, enum core_direction direction, const uint8_t *key)
{
    s.aead = aead;
    s.state = calloc(1, aead->state_size);
    CU_ASSERT_FATAL(s.state && aead->init(s.state, direction) && aead->set_key(s.state, key));
}

static void in_two_parts(void *ctx)
{
    static const uint8_t nonce[CORE_NONCE_LEN] = {7};
    const struct core_slice aad[] = {{s.aad, AAD_LEN / 3}, {s.aad + AAD_LEN / 3, AAD_LEN - AAD_LEN / 3}};
    const struct core_span text = {s.text, TEXT_LEN};
    (void)ctx;
    s.ok = s.aead->seal(s.state, nonce, aad, 2, &text, 1, s.tag, sizeof s.tag);
}

static void hash_of_long_aad(void)
{
    uint8_t key[KEY_LEN];
    uint8_t h[BLOCK_LEN];
    uint8_t hash[BLOCK_LEN] = {0};
    uint8_t reversed[BLOCK_LEN];
    const struct core_provider *ours = begin(key, sizeof key);
    if (!ours)
        return;
    for (size_t i = 0; i < AAD_LEN; i++)
        s.aad[i] = (uint8_t)(3 * i);
    hash_key(key, h);
    for (size_t i = 0; i < AAD_LEN; i++) {
        hash[i % BLOCK_LEN] ^= s.aad[i];
        if (i % BLOCK_LEN == BLOCK_LEN - 1)
            multiply(hash, h);
    }
    for (size_t i = 0; i < BLOCK_LEN; i++)
        reversed[i] = hash[BLOCK_LEN - 1 - i];
    set_state(ours->aes_128_gcm, CORE_SEAL, key);
    remains_note("the hash key", h);
    remains_note("the AAD's hash", hash);
    remains_note("the AAD's hash, reversed", reversed);
    remains_run(in_two_parts, NULL);
    CU_ASSERT(s.ok);
    CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
    s.aead->wipe(s.state);
    free(s.state);
    remains_end();
}

static void note_both_ways(const char *name, const uint8_t *block)
{
    uint8_t reversed[BLOCK_LEN];
    for (size_t i = 0; i < BLOCK_LEN; i++)
        reversed[i] = block[BLOCK_LEN - 1 - i];
    remains_note(name, block);
    remains_note(name, reversed);
}

static void by_seal_one(void *ctx)
{
    (void)ctx;
    s.ok = s.aead->seal_one(s.state, (core_block){7, 0}, (core_block){3, 0}, 4, s.text, TEXT_LEN, s.tag);
}

/* Seals zeros, which leaves the key stream, and notes what may stay of that and of the tag. The text's last block is
 * not whole: what is left of its key stream is what a longer text would be encrypted by. */
static void seal_and_note(const uint8_t key[KEY_LEN], uint8_t stream[ONE_BLOCKS * BLOCK_LEN])
{
    static const uint8_t nonce[CORE_NONCE_LEN] = {7};
    uint8_t hash[BLOCK_LEN];
    key_stream(key, nonce, stream, ONE_BLOCKS);
    memset(s.text, 0, sizeof s.text);
    by_seal_one(NULL);
    CU_ASSERT_FATAL(s.ok && memcmp(s.text, stream + 2 * BLOCK_LEN, TEXT_LEN) == 0);
    for (size_t i = 0; i < BLOCK_LEN; i++)
        hash[i] = s.tag[i] ^ stream[BLOCK_LEN + i];
    note_both_ways("what the hash is encrypted by", stream + BLOCK_LEN);
    note_both_ways("the last block of key stream", stream + (ONE_BLOCKS - 1) * BLOCK_LEN);
    note_both_ways("the hash", hash);
}

/* Whether it is the library that wipes it, as it may be built to, or we. */
static void stream_and_hash_of_one(void)
{
    uint8_t key[KEY_LEN];
    uint8_t stream[ONE_BLOCKS * BLOCK_LEN];
    const struct core_provider *ours = begin(key, sizeof key);
    if (!ours)
        return;
    set_state(ours->aes_128_gcm, CORE_SEAL, key);
    seal_and_note(key, stream);
    memset(s.text, 0, sizeof s.text);
    remains_run(by_seal_one, NULL);
    CU_ASSERT(s.ok);
    CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
    s.aead->wipe(s.state);
    free(s.state);
    remains_end();
}

static void by_open_one(void *ctx)
{
    const enum core_opened want = *(const enum core_opened *)ctx;
    s.ok = s.aead->open_one(s.state, (core_block){7, 0}, (core_block){3, 0}, 4, s.text, TEXT_LEN, s.tag) == want;
}

static void opened_one(enum core_opened want)
{
    remains_run(by_open_one, &want);
    CU_ASSERT(s.ok);
    CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
}

/* One that is right, whose tag everybody knows, and a forgery of it, whose right tag nobody may learn. */
static void tag_stream_and_hash_of_one_opened(void)
{
    uint8_t key[KEY_LEN];
    uint8_t stream[ONE_BLOCKS * BLOCK_LEN];
    const struct core_provider *ours = begin(key, sizeof key);
    if (!ours)
        return;
    set_state(ours->aes_128_gcm, CORE_SEAL, key);
    seal_and_note(key, stream);
    s.aead->wipe(s.state);
    CU_ASSERT_FATAL(s.aead->init(s.state, CORE_OPEN) && s.aead->set_key(s.state, key));
    opened_one(CORE_OPEN_OK);
    CU_ASSERT(s.text[0] == 0 && memcmp(s.text, s.text + 1, TEXT_LEN - 1) == 0);
    note_both_ways("the right tag", s.tag);
    memcpy(s.text, stream + 2 * BLOCK_LEN, TEXT_LEN);
    s.tag[0] ^= 1;
    opened_one(CORE_OPEN_FORGED);
    s.aead->wipe(s.state);
    free(s.state);
    remains_end();
}

/* --- several at once --- */

static struct {
    struct core_aead_job jobs[CORE_BATCH_MAX];
    uint8_t texts[CORE_BATCH_MAX][TEXT_LEN];
    struct core_span spans[CORE_BATCH_MAX];
    uint8_t right[CORE_BATCH_MAX][CORE_TAG_MAX];
    uint8_t wrong[CORE_TAG_MAX];
    uint8_t *workspace;
    size_t count;
} b;

static void open_forged(void *ctx)
{
    (void)ctx;
    core_aead_open_batch(s.aead, b.workspace, b.jobs, b.count);
}

static void make_jobs(size_t count)
{
    static const uint8_t nonce[CORE_NONCE_LEN] = {7};
    b.count = count;
    for (size_t i = 0; i < count; i++) {
        memset(b.texts[i], (int)(3 * i + 1), TEXT_LEN);
        b.spans[i] = (struct core_span){b.texts[i], TEXT_LEN};
        CU_ASSERT_FATAL(s.aead->seal(s.state, nonce, NULL, 0, &b.spans[i], 1, b.right[i], sizeof b.right[i]));
        b.jobs[i] = (struct core_aead_job){.state = s.state,
                                           .nonce = nonce,
                                           .text = &b.spans[i],
                                           .text_count = 1,
                                           .expected = b.wrong,
                                           .tag_len = CORE_TAG_MAX};
    }
}

static void right_tags_of_a_batch(void)
{
    static const size_t counts[] = {2, CORE_BATCH_MAX}; /* made one by one, and together */
    uint8_t key[CTR_KEY_LEN];
    const struct core_provider *ours = begin(key, sizeof key);
    if (!ours)
        return;
    set_state(ours->aes_128_ctr_hmac_sha256, CORE_OPEN, key);
    b.workspace = malloc(ours->workspace_size());
    CU_ASSERT_FATAL(b.workspace && ours->workspace_init(b.workspace));
    for (size_t i = 0; i < 2; i++) {
        make_jobs(counts[i]);
        remains_note("the first right tag", b.right[0]);
        remains_note("the last right tag", b.right[b.count - 1]);
        remains_run(open_forged, NULL);
        for (size_t job = 0; job < b.count; job++)
            CU_ASSERT_EQUAL(b.jobs[job].result, CORE_OPEN_FORGED);
        CU_ASSERT_EQUAL(remains_found(REMAINS_STACK), 0);
        for (size_t job = 0; job < b.count; job++)
            CU_ASSERT_PTR_NULL(memmem(b.workspace, ours->workspace_size(), b.right[job], CORE_TAG_MAX));
        remains_end();
    }
    s.aead->wipe(s.state);
    free(s.state);
    free(b.workspace);
}

static const struct unit_test tests[] = {
    {"nothing of the right tags of a batch of forgeries", right_tags_of_a_batch},
    {"nothing of the key stream or the hash of one text at once", stream_and_hash_of_one},
    {"nor of one opened at once, nor the right tag of a forgery", tag_stream_and_hash_of_one_opened},
    {"nothing of the hash of a long AAD in parts", hash_of_long_aad},
};

UNIT_MAIN("core.ipsecmb_wipe", tests)
