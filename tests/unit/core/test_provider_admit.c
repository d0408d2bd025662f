/* A provider that computes anything wrong is refused, and the refusal names it. */
#include "core/provider.h"
#include "unit.h"

#include <string.h>

/* libcrypto's AES-128-GCM with one thing wrong at a time */
static enum {
    RIGHT,
    TAG,
    TEXT,
    LONG_TEXT,
    PARTS,
    OPENS_FORGED,
    OPENS_NOTHING,
    LEAVES_PLAINTEXT,
    IGNORES_AAD,
    INIT,
    SET_KEY
} wrong;

/* What it is tried with. */
enum { KNOWN_TEXT_MAX = 70001, KNOWN_AAD_MAX = 700 };

static void put_plaintext(struct core_span text)
{
    for (size_t i = 0; i < text.len; i++)
        text.data[i] = (uint8_t)(7 + 31 * i);
}

/* As if the AAD were always the known one. */
static enum core_opened open_whatever_aad(void *state, const uint8_t *nonce, size_t aad_len, struct core_span text,
                                          const uint8_t *tag)
{
    uint8_t aad[KNOWN_AAD_MAX];
    const struct core_slice slice = {aad, aad_len};
    for (size_t i = 0; i < aad_len; i++)
        aad[i] = (uint8_t)(1 + 17 * i);
    return core_libcrypto_aes_128_gcm.open(state, nonce, &slice, 1, text, tag, CORE_TAG_MAX);
}

static bool bad_init(void *state, enum core_direction direction)
{
    return wrong != INIT && core_libcrypto_aes_128_gcm.init(state, direction);
}

static bool bad_set_key(void *state, const uint8_t *key)
{
    return wrong != SET_KEY && core_libcrypto_aes_128_gcm.set_key(state, key);
}

static bool bad_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                     const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    bool last = text_count > 0 && text[text_count - 1].len > 0;
    if (wrong == TEXT && last) /* before the tag is computed over it */
        text[text_count - 1].data[0] ^= 1;
    if (wrong == LONG_TEXT && last && text[0].len > 2000)
        text[0].data[1500] ^= 0x80;
    if (wrong == PARTS && last && text_count > 1)
        text[1].data[0] ^= 1;
    bool ok = core_libcrypto_aes_128_gcm.seal(state, nonce, aad, aad_count, text, text_count, tag, tag_len);
    if (wrong == TAG)
        tag[15] ^= 1;
    return ok;
}

static enum core_opened bad_open(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                                 struct core_span text, const uint8_t *tag, size_t tag_len)
{
    if (wrong == IGNORES_AAD)
        return open_whatever_aad(state, nonce, aad->len, text, tag);
    enum core_opened rc = core_libcrypto_aes_128_gcm.open(state, nonce, aad, aad_count, text, tag, tag_len);
    if (wrong == OPENS_FORGED)
        return CORE_OPEN_OK;
    if (wrong == OPENS_NOTHING)
        return CORE_OPEN_FORGED;
    if (wrong == LEAVES_PLAINTEXT && rc == CORE_OPEN_FORGED)
        put_plaintext(text);
    return rc;
}

static bool bad_hmac(const struct core_hmac_key *key, const struct core_slice *parts, size_t count, uint8_t *out)
{
    bool ok = core_libcrypto_sha512.hmac(key, parts, count, out);
    out[63] ^= 1;
    return ok;
}

static void a_right_provider_is_admitted(void)
{
    const char *refusal = "untouched";
    CU_ASSERT_PTR_EQUAL(core_provider_admit(&core_provider_libcrypto, &refusal), &core_provider_libcrypto);
    CU_ASSERT_STRING_EQUAL(refusal, "untouched");
}

static void a_wrong_cipher_is_refused(void)
{
    struct core_aead aead = core_libcrypto_aes_128_gcm;
    struct core_provider provider = core_provider_libcrypto;
    aead.init = bad_init;
    aead.set_key = bad_set_key;
    aead.seal = bad_seal;
    aead.open = bad_open;
    provider.aes_128_gcm = &aead;
    wrong = RIGHT;
    CU_ASSERT_PTR_EQUAL(core_provider_admit(&provider, NULL), &provider);
    for (wrong = TAG; wrong <= SET_KEY; wrong++) {
        const char *refusal = NULL;
        CU_ASSERT_PTR_NULL(core_provider_admit(&provider, &refusal));
        CU_ASSERT_PTR_EQUAL(refusal, aead.name);
        CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    }
}

static enum { ONE_RIGHT, ONE_TAG, ONE_TEXT, ONE_SHORT_TEXT, ONE_AAD, ONE_REFUSES, ONE_WRONGS } wrong_one;

static bool bad_seal_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text, size_t text_len,
                         uint8_t *tag)
{
    const struct core_slice slice = {(const uint8_t *)&aad, wrong_one == ONE_AAD && aad_len > 15 ? 15 : aad_len};
    const struct core_span span = {text, text_len};
    const bool ok = core_libcrypto_aes_128_gcm.seal(state, (const uint8_t *)&nonce, &slice, 1, &span, 1, tag, 16);
    if (wrong_one == ONE_TAG)
        tag[15] ^= 1;
    if (wrong_one == ONE_TEXT && text_len > 2000)
        text[1500] ^= 1;
    if (wrong_one == ONE_SHORT_TEXT && text_len == 1)
        text[0] ^= 1;
    return ok && wrong_one != ONE_REFUSES;
}

static enum {
    OPEN_ONE_RIGHT,
    OPEN_ONE_FORGED,
    OPEN_ONE_NOTHING,
    OPEN_ONE_NO_SHORT,
    OPEN_ONE_LONG_TEXT,
    OPEN_ONE_HALF_A_TAG,
    OPEN_ONE_ANY_AAD,
    OPEN_ONE_CUT_AAD,
    OPEN_ONE_LEAVES_PLAINTEXT,
    OPEN_ONE_LEAVES_A_BYTE,
    OPEN_ONE_FAILS,
    OPEN_ONE_WRONGS
} wrong_open_one;

/* As if a tag's last byte were not compared. */
static enum core_opened open_by_half_a_tag(void *state, const uint8_t *nonce, const struct core_slice *aad,
                                           struct core_span text, const uint8_t *tag)
{
    static uint8_t sealed[KNOWN_TEXT_MAX];
    uint8_t guess[CORE_TAG_MAX];
    enum core_opened rc = CORE_OPEN_FORGED;
    memcpy(sealed, text.data, text.len);
    memcpy(guess, tag, sizeof guess);
    for (unsigned last = 0; rc != CORE_OPEN_OK && last < 256; last++) {
        guess[CORE_TAG_MAX - 1] = (uint8_t)last;
        memcpy(text.data, sealed, text.len);
        rc = core_libcrypto_aes_128_gcm.open(state, nonce, aad, 1, text, guess, sizeof guess);
    }
    return rc;
}

/* What it makes of a forgery. */
static enum core_opened bad_refusal(struct core_span text)
{
    if (wrong_open_one == OPEN_ONE_LEAVES_PLAINTEXT)
        put_plaintext(text);
    if (wrong_open_one == OPEN_ONE_LEAVES_A_BYTE && text.len > 0)
        text.data[text.len - 1] = 0x42;
    switch (wrong_open_one) {
    case OPEN_ONE_FORGED:
        return CORE_OPEN_OK;
    case OPEN_ONE_FAILS:
        return CORE_OPEN_FAILED;
    default:
        return CORE_OPEN_FORGED;
    }
}

static enum core_opened bad_open_one(void *state, core_block nonce, core_block aad, size_t aad_len, uint8_t *text,
                                     size_t text_len, const uint8_t *tag)
{
    const uint8_t *nonce_bytes = (const uint8_t *)&nonce;
    const struct core_slice slice = {(const uint8_t *)&aad,
                                     wrong_open_one == OPEN_ONE_CUT_AAD && aad_len > 15 ? 15 : aad_len};
    const struct core_span span = {text, text_len};
    if (wrong_open_one == OPEN_ONE_HALF_A_TAG)
        return open_by_half_a_tag(state, nonce_bytes, &slice, span, tag);
    if (wrong_open_one == OPEN_ONE_ANY_AAD)
        return open_whatever_aad(state, nonce_bytes, aad_len, span, tag);
    if (core_libcrypto_aes_128_gcm.open(state, nonce_bytes, &slice, 1, span, tag, CORE_TAG_MAX) != CORE_OPEN_OK)
        return bad_refusal(span);
    if (wrong_open_one == OPEN_ONE_LONG_TEXT && text_len > 2000)
        text[1500] ^= 1;
    const bool refuses = wrong_open_one == OPEN_ONE_NOTHING || (wrong_open_one == OPEN_ONE_NO_SHORT && text_len == 1);
    return refuses ? CORE_OPEN_FORGED : CORE_OPEN_OK;
}

static void a_wrong_short_way_of_opening_is_refused(void)
{
    struct core_aead aead = core_libcrypto_aes_128_gcm;
    struct core_provider provider = core_provider_libcrypto;
    aead.open_one = bad_open_one;
    provider.aes_128_gcm = &aead;
    CU_ASSERT_PTR_EQUAL(core_provider_admit(&provider, NULL), &provider);
    for (wrong_open_one = OPEN_ONE_FORGED; wrong_open_one < OPEN_ONE_WRONGS; wrong_open_one++) {
        const char *refusal = NULL;
        CU_ASSERT_PTR_NULL(core_provider_admit(&provider, &refusal));
        CU_ASSERT_PTR_EQUAL(refusal, aead.name);
    }
}

static void a_wrong_short_way_is_refused(void)
{
    struct core_aead aead = core_libcrypto_aes_128_gcm;
    struct core_provider provider = core_provider_libcrypto;
    aead.seal_one = bad_seal_one;
    provider.aes_128_gcm = &aead;
    CU_ASSERT_PTR_EQUAL(core_provider_admit(&provider, NULL), &provider);
    for (wrong_one = ONE_TAG; wrong_one < ONE_WRONGS; wrong_one++) {
        const char *refusal = NULL;
        CU_ASSERT_PTR_NULL(core_provider_admit(&provider, &refusal));
        CU_ASSERT_PTR_EQUAL(refusal, aead.name);
    }
}

static enum { BATCH_RIGHT, BATCH_TAG, BATCH_LONG, BATCH_RESULT, BATCH_OPENS_FORGED, BATCH_SKIPS } wrong_batch;

static void bad_seal_batch(void *workspace, struct core_aead_job *jobs, size_t count)
{
    (void)workspace;
    core_aead_seal_batch(&core_libcrypto_aes_128_gcm, NULL, jobs, count);
    if (wrong_batch == BATCH_TAG)
        jobs[count - 1].tag[3] ^= 1;
    if (wrong_batch == BATCH_LONG && jobs[count - 1].text->len > UINT16_MAX) /* as if lengths had 16 bits */
        jobs[count - 1].tag[3] ^= 1;
    if (wrong_batch == BATCH_RESULT)
        jobs[count / 2].result = CORE_OPEN_FAILED;
}

static void bad_open_batch(void *workspace, struct core_aead_job *jobs, size_t count)
{
    (void)workspace;
    core_aead_open_batch(&core_libcrypto_aes_128_gcm, NULL, jobs, wrong_batch == BATCH_SKIPS ? count - 1 : count);
    for (size_t i = 0; i < count && wrong_batch >= BATCH_OPENS_FORGED; i++)
        jobs[i].result = CORE_OPEN_OK;
}

static size_t small_size(void)
{
    return 1;
}

static bool small_init(void *workspace)
{
    (void)workspace;
    return true;
}

static bool no_init(void *workspace)
{
    (void)workspace;
    return false;
}

static void a_wrong_batch_is_refused(void)
{
    struct core_aead aead = core_libcrypto_aes_128_gcm;
    struct core_provider provider = core_provider_libcrypto;
    aead.seal_batch = bad_seal_batch;
    aead.open_batch = bad_open_batch;
    provider.aes_128_gcm = &aead;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL)); /* batches, but nothing they work in */
    provider.workspace_size = small_size;
    provider.workspace_init = no_init;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    provider.workspace_init = small_init;
    CU_ASSERT_PTR_EQUAL(core_provider_admit(&provider, NULL), &provider);
    for (wrong_batch = BATCH_TAG; wrong_batch <= BATCH_SKIPS; wrong_batch++) {
        const char *refusal = NULL;
        CU_ASSERT_PTR_NULL(core_provider_admit(&provider, &refusal));
        CU_ASSERT_PTR_EQUAL(refusal, aead.name);
    }
    wrong_batch = BATCH_RIGHT;
    aead.open_batch = NULL; /* one without the other */
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
}

/* Each place of the table is looked at: swapped for another right primitive it is wrong. */
static void every_place_is_tested(void)
{
    const struct core_provider right = core_provider_libcrypto;
    struct core_provider provider = right;
    provider.aes_256_gcm = right.aes_128_gcm;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    provider = right;
    provider.aes_256_gcm = &core_libcrypto_chacha20_poly1305;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    provider = right;
    provider.aes_128_ctr_hmac_sha256 = right.aes_256_ctr_hmac_sha512;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    provider = right;
    provider.aes_256_ctr_hmac_sha512 = right.aes_128_ctr_hmac_sha256;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    provider = right;
    provider.sha256 = &core_libcrypto_sha384;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
    struct core_hash hash = core_libcrypto_sha512;
    hash.hmac = bad_hmac;
    provider = right;
    provider.sha512 = &hash;
    CU_ASSERT_PTR_NULL(core_provider_admit(&provider, NULL));
}

static void the_best_is_one_that_was_admitted(void)
{
    const char *refusal = "none";
    const struct core_provider *ipsecmb = core_provider_ipsecmb(&refusal);
    CU_ASSERT_PTR_EQUAL(core_provider_best(), ipsecmb ? ipsecmb : &core_provider_libcrypto);
    CU_ASSERT((ipsecmb == NULL) == (refusal != NULL));
    if (ipsecmb)
        CU_ASSERT_PTR_EQUAL(core_provider_admit(ipsecmb, NULL), ipsecmb);
}

static const struct unit_test tests[] = {
    {"a right provider is admitted", a_right_provider_is_admitted},
    {"one wrong in any way is refused, and named", a_wrong_cipher_is_refused},
    {"one whose seal_one is wrong is refused", a_wrong_short_way_is_refused},
    {"one whose open_one is wrong is refused", a_wrong_short_way_of_opening_is_refused},
    {"one whose batches are wrong is refused", a_wrong_batch_is_refused},
    {"each primitive of the table is tested", every_place_is_tested},
    {"the best provider is ipsec-mb if admitted, else libcrypto", the_best_is_one_that_was_admitted},
};

UNIT_MAIN("core.provider_admit", tests)
