/* The ipsec-mb provider against libcrypto's, crosswise. Where there is none, the tests say why and are skipped. */
#include "core/provider.h"
#include "ctr_hmac.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX = 100000,
    AAD_MAX = 2000,
    ALIGNMENTS = 64,
    AEADS = 4,
    SLACK = 64, /* around a text, to see what is written past it */
};

static const struct core_provider *ours;
static uint64_t seed = 20260917;

/* That a primitive is named: its answers were wrong, which no CPU excuses. */
static bool is_wrong_answer(const char *refusal)
{
    const struct core_provider *p = &core_provider_libcrypto;
    const char *const names[] = {p->sha256->name,
                                 p->sha512->name,
                                 p->aes_128_gcm->name,
                                 p->aes_256_gcm->name,
                                 p->aes_128_ctr_hmac_sha256->name,
                                 p->aes_256_ctr_hmac_sha512->name};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(refusal, names[i]) == 0)
            return true;
    return false;
}

static bool present(void)
{
    const char *refusal = NULL;
    ours = core_provider_ipsecmb(&refusal);
    if (!ours) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(refusal);
        CU_ASSERT_FALSE_FATAL(is_wrong_answer(refusal));
        unit_skip("no ipsec-mb provider: %s", refusal);
    }
    return ours != NULL;
}

static void random_bytes(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(unit_random(&seed) >> 24);
}

static size_t random_below(size_t bound)
{
    return (size_t)(unit_random(&seed) >> 16) % bound;
}

/* One AEAD in both providers, with states for each direction. */
struct pair {
    const struct core_aead *aead[2];
    void *sealer[2];
    void *opener[2];
    uint8_t key[CORE_AEAD_KEY_MAX];
};

static void *new_state(const struct core_aead *aead, enum core_direction direction)
{
    void *state = calloc(1, aead->state_size);
    CU_ASSERT_FATAL(state && aead->init(state, direction));
    return state;
}

static void rekey(struct pair *pair)
{
    random_bytes(pair->key, sizeof pair->key);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_FATAL(pair->aead[i]->set_key(pair->sealer[i], pair->key) &&
                        pair->aead[i]->set_key(pair->opener[i], pair->key));
}

static void open_pair(struct pair *pair, int which)
{
    const struct core_provider *providers[2] = {&core_provider_libcrypto, ours};
    for (int i = 0; i < 2; i++) {
        const struct core_provider *p = providers[i];
        const struct core_aead *aeads[AEADS] = {p->aes_128_gcm, p->aes_256_gcm, p->aes_128_ctr_hmac_sha256,
                                                p->aes_256_ctr_hmac_sha512};
        pair->aead[i] = aeads[which];
        pair->sealer[i] = new_state(aeads[which], CORE_SEAL);
        pair->opener[i] = new_state(aeads[which], CORE_OPEN);
    }
    CU_ASSERT_EQUAL(pair->aead[0]->key_len, pair->aead[1]->key_len);
    CU_ASSERT_EQUAL(pair->aead[0]->tag_len, pair->aead[1]->tag_len);
    CU_ASSERT_EQUAL(pair->aead[0]->min_tag_len, pair->aead[1]->min_tag_len);
    rekey(pair);
}

static void close_pair(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        pair->aead[i]->wipe(pair->sealer[i]);
        pair->aead[i]->wipe(pair->opener[i]);
        free(pair->sealer[i]);
        free(pair->opener[i]);
    }
}

struct shape {
    size_t len;
    size_t align;
    size_t aad_len;
    size_t aad_parts; /* 0 to 3 */
    size_t spans;     /* 1 to 3 */
};

static size_t cut_spans(const struct shape *shape, uint8_t *data, struct core_span *spans)
{
    size_t at = 0;
    for (size_t i = 0; i + 1 < shape->spans; i++) {
        size_t n = random_below(shape->len - at + 1);
        spans[i] = (struct core_span){data + at, n};
        at += n;
    }
    spans[shape->spans - 1] = (struct core_span){data + at, shape->len - at};
    return shape->spans;
}

static size_t cut_aad(const struct shape *shape, const uint8_t *data, struct core_slice *slices)
{
    size_t at = 0;
    for (size_t i = 0; i + 1 < shape->aad_parts; i++) {
        size_t n = random_below(shape->aad_len - at + 1);
        slices[i] = (struct core_slice){data + at, n};
        at += n;
    }
    if (shape->aad_parts > 0)
        slices[shape->aad_parts - 1] = (struct core_slice){data + at, shape->aad_len - at};
    return shape->aad_parts;
}

static bool all_are(const uint8_t *data, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] != value)
            return false;
    return true;
}

static uint8_t plain[TEXT_MAX];
static uint8_t first[TEXT_MAX];
static uint8_t room[SLACK + ALIGNMENTS + TEXT_MAX + SLACK] __attribute__((aligned(64)));

/* Sealed by both, opened by both, at this shape; a forged tag and a forged text open with neither. */
static void check_shape(struct pair *pair, const struct shape *shape)
{
    uint8_t aad[AAD_MAX];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t tags[2][CORE_TAG_MAX];
    uint8_t *text = room + SLACK + shape->align;
    struct core_slice slices[3];
    struct core_span spans[3];
    const size_t tag_len =
        pair->aead[0]->min_tag_len + random_below(pair->aead[0]->tag_len - pair->aead[0]->min_tag_len + 1);
    random_bytes(plain, shape->len);
    random_bytes(aad, shape->aad_len);
    random_bytes(nonce, sizeof nonce);
    const size_t slice_count = cut_aad(shape, aad, slices);
    const struct core_slice whole_aad = {aad, shape->aad_parts > 0 ? shape->aad_len : 0};
    for (int i = 0; i < 2; i++) {
        memset(room, 0xee, sizeof room);
        memcpy(text, plain, shape->len);
        const size_t span_count = cut_spans(shape, text, spans);
        CU_ASSERT_FATAL(
            pair->aead[i]->seal(pair->sealer[i], nonce, slices, slice_count, spans, span_count, tags[i], tag_len));
        CU_ASSERT_FATAL(all_are(room, SLACK, 0xee) && all_are(text + shape->len, SLACK, 0xee));
        if (i == 0)
            memcpy(first, text, shape->len);
    }
    CU_ASSERT_FATAL(memcmp(first, text, shape->len) == 0);
    unit_assert_bytes("tag", tags[1], tag_len, tags[0], tag_len);

    const struct core_span span = {text, shape->len};
    for (int i = 0; i < 2; i++) {
        memcpy(text, first, shape->len);
        CU_ASSERT_EQUAL_FATAL(pair->aead[i]->open(pair->opener[i], nonce, i ? &whole_aad : slices, i ? 1 : slice_count,
                                                  span, tags[!i], tag_len),
                              CORE_OPEN_OK);
        CU_ASSERT_FATAL(memcmp(text, plain, shape->len) == 0);
        CU_ASSERT_FATAL(all_are(room, SLACK, 0xee) && all_are(text + shape->len, SLACK, 0xee));
    }

    memcpy(text, first, shape->len);
    const bool forge_tag = shape->len == 0 || random_below(2) == 0;
    const uint8_t flip = (uint8_t)(1u << random_below(8));
    if (forge_tag)
        tags[0][random_below(tag_len)] ^= flip;
    else
        text[random_below(shape->len)] ^= flip;
    const uint8_t last = shape->len > 0 ? text[shape->len - 1] : 0;
    CU_ASSERT_EQUAL_FATAL(pair->aead[1]->open(pair->opener[1], nonce, slices, slice_count, span, tags[0], tag_len),
                          CORE_OPEN_FORGED);
    /* wiped, or the ciphertext as it was */
    const bool wiped = all_are(text, shape->len, 0);
    const bool cipher = shape->len == 0 || (text[shape->len - 1] == last && memcmp(text, plain, shape->len) != 0);
    CU_ASSERT(wiped || (cipher && pair->aead[1]->min_tag_len < CORE_TAG_MAX));
}

static void every_length_and_alignment(void)
{
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        for (size_t len = 0; len <= 1100; len++) {
            const struct shape shape = {len, len % ALIGNMENTS, len % 40, 1 + len % 2, 1};
            check_shape(&pair, &shape);
            if (len % 50 == 0)
                rekey(&pair);
        }
        for (size_t align = 0; align < ALIGNMENTS; align++) {
            const struct shape shape = {random_below(3000), align, random_below(30), 1, 1 + align % 3};
            check_shape(&pair, &shape);
        }
        close_pair(&pair);
    }
}

static void random_shapes(void)
{
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        for (int i = 0; i < 600; i++) {
            const size_t bound = i % 20 == 0 ? TEXT_MAX + 1 : i % 3 == 0 ? 5000 : 300;
            const struct shape shape = {random_below(bound), random_below(ALIGNMENTS), random_below(AAD_MAX + 1),
                                        random_below(4), 1 + random_below(3)};
            rekey(&pair);
            check_shape(&pair, &shape);
        }
        const struct shape longest = {TEXT_MAX, 1, 17, 1, 1};
        check_shape(&pair, &longest);
        close_pair(&pair);
    }
}

/* Long AAD in parts goes round the library's own start: around the size of the buffer it is hashed by. */
static void long_aad_in_parts(void)
{
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        for (size_t aad_len = 240; aad_len <= 530; aad_len++) {
            const struct shape shape = {aad_len % 70, aad_len % ALIGNMENTS, aad_len, 3, 1 + aad_len % 2};
            check_shape(&pair, &shape);
        }
        close_pair(&pair);
    }
}

/* --- seal_one and open_one --- */

static core_block block_of(const uint8_t *data, size_t len)
{
    core_block block = {0, 0};
    memcpy(&block, data, len);
    return block;
}

/* Sealed by ipsec-mb's seal_one, as by libcrypto's seal, and opened by it. What follows the AAD does not count. */
static void check_one(struct pair *pair, size_t len, size_t align, size_t aad_len)
{
    uint8_t aad[sizeof(core_block)];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t want[CORE_TAG_MAX];
    uint8_t room_of_tag[CORE_TAG_MAX + 1] = {0};
    uint8_t *tag = room_of_tag + align % 2;
    uint8_t *text = room + SLACK + align;
    const struct core_slice slice = {aad, aad_len};
    const struct core_span alone = {first, len};
    const struct core_span span = {text, len};
    memset(room, 0xee, SLACK + ALIGNMENTS + len + SLACK);
    random_bytes(plain, len);
    random_bytes(aad, sizeof aad);
    random_bytes(nonce, sizeof nonce);
    memcpy(first, plain, len);
    memcpy(text, plain, len);
    CU_ASSERT_FATAL(pair->aead[0]->seal(pair->sealer[0], nonce, &slice, 1, &alone, 1, want, sizeof want));
    CU_ASSERT_FATAL(pair->aead[1]->seal_one(pair->sealer[1], block_of(nonce, sizeof nonce), block_of(aad, sizeof aad),
                                            aad_len, text, len, tag));
    CU_ASSERT_FATAL(memcmp(text, first, len) == 0);
    unit_assert_bytes("tag", tag, sizeof want, want, sizeof want);
    CU_ASSERT_FATAL(all_are(room, SLACK + align, 0xee) && all_are(text + len, SLACK, 0xee));
    CU_ASSERT_FATAL(room_of_tag[align % 2 ? 0 : CORE_TAG_MAX] == 0);
    CU_ASSERT_EQUAL_FATAL(pair->aead[0]->open(pair->opener[0], nonce, &slice, 1, span, tag, sizeof want), CORE_OPEN_OK);
    CU_ASSERT_FATAL(memcmp(text, plain, len) == 0);
}

/* One bit that is wrong, in the tag, the text or the AAD: what was decrypted is wiped. */
static void check_forged_one(const struct core_aead *aead, void *opener, core_block nonce, const uint8_t *aad,
                             size_t aad_len, uint8_t *text, size_t len, const uint8_t *tag)
{
    uint8_t tags[CORE_TAG_MAX];
    uint8_t aads[sizeof(core_block)];
    const uint8_t flip = (uint8_t)(1u << random_below(8));
    const size_t where = random_below(1 + (size_t)(len > 0) + (size_t)(aad_len > 0));
    memcpy(tags, tag, sizeof tags);
    memcpy(aads, aad, sizeof aads);
    if (where == 0)
        tags[random_below(sizeof tags)] ^= flip;
    else if (where == 1 && len > 0)
        text[random_below(len)] ^= flip;
    else
        aads[random_below(aad_len)] ^= flip;
    CU_ASSERT_EQUAL_FATAL(aead->open_one(opener, nonce, block_of(aads, sizeof aads), aad_len, text, len, tags),
                          CORE_OPEN_FORGED);
    CU_ASSERT_FATAL(all_are(text, len, 0));
}

/* Sealed by libcrypto's seal, opened by ipsec-mb's open_one; then forged. What follows the AAD does not count. */
static void check_open_one(struct pair *pair, size_t len, size_t align, size_t aad_len)
{
    uint8_t aad[sizeof(core_block)];
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t room_of_tag[CORE_TAG_MAX + 1];
    uint8_t *tag = room_of_tag + align % 2;
    uint8_t *text = room + SLACK + align;
    const struct core_slice slice = {aad, aad_len};
    const struct core_span alone = {first, len};
    memset(room, 0xee, SLACK + ALIGNMENTS + len + SLACK);
    random_bytes(plain, len);
    random_bytes(aad, sizeof aad);
    random_bytes(nonce, sizeof nonce);
    memcpy(first, plain, len);
    CU_ASSERT_FATAL(pair->aead[0]->seal(pair->sealer[0], nonce, &slice, 1, &alone, 1, tag, CORE_TAG_MAX));
    memcpy(text, first, len);
    CU_ASSERT_EQUAL_FATAL(pair->aead[1]->open_one(pair->opener[1], block_of(nonce, sizeof nonce),
                                                  block_of(aad, sizeof aad), aad_len, text, len, tag),
                          CORE_OPEN_OK);
    CU_ASSERT_FATAL(memcmp(text, plain, len) == 0);
    memcpy(text, first, len);
    check_forged_one(pair->aead[1], pair->opener[1], block_of(nonce, sizeof nonce), aad, aad_len, text, len, tag);
    CU_ASSERT_FATAL(all_are(room, SLACK + align, 0xee) && all_are(text + len, SLACK, 0xee));
}

/* Of every length, every alignment with every length of AAD, and any. */
static void each_one(void (*check)(struct pair *pair, size_t len, size_t align, size_t aad_len))
{
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        const bool one = pair.aead[1]->min_tag_len == CORE_TAG_MAX; /* AES-GCM */
        CU_ASSERT_EQUAL(pair.aead[1]->seal_one != NULL, one);
        CU_ASSERT_EQUAL(pair.aead[1]->open_one != NULL, one);
        for (size_t len = 0; one && len <= 1100; len++) {
            check(&pair, len, len % ALIGNMENTS, len % (sizeof(core_block) + 1));
            if (len % 50 == 0)
                rekey(&pair);
        }
        for (size_t align = 0; one && align < ALIGNMENTS; align++)
            for (size_t aad_len = 0; aad_len <= sizeof(core_block); aad_len++)
                check(&pair, random_below(100), align, aad_len);
        for (int i = 0; one && i < 200; i++)
            check(&pair, random_below(i % 20 ? 5000 : TEXT_MAX + 1), random_below(ALIGNMENTS),
                  random_below(sizeof(core_block) + 1));
        close_pair(&pair);
    }
}

static void one_at_once(void)
{
    each_one(check_one);
}

static void one_opened_at_once(void)
{
    each_one(check_open_one);
}

/* To `to` in its block. */
static void move(void **state, uint8_t *block, size_t to, size_t size)
{
    memmove(block + to, *state, size);
    *state = block + to;
}

static void a_state_may_be_moved(void)
{
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        const size_t size = pair.aead[1]->state_size;
        uint8_t *blocks[2] = {aligned_alloc(64, (size + 256) / 64 * 64), aligned_alloc(64, (size + 256) / 64 * 64)};
        void *const kept[2] = {pair.sealer[1], pair.opener[1]};
        CU_ASSERT_FATAL(blocks[0] && blocks[1]);
        for (size_t step = 0; step < 12; step++) {
            const size_t to = step * 5 % 12 / 3 * 16; /* 0 to 48, up and down */
            move(&pair.sealer[1], blocks[0], to, size);
            move(&pair.opener[1], blocks[1], to, size);
            if (pair.aead[1]->seal_one && step % 2) {
                check_one(&pair, step % 3 * 50, 3, 10);
                check_open_one(&pair, step % 3 * 50, 3, 10);
            }
            const struct shape shape = {300, 3, 10, 1, 1};
            check_shape(&pair, &shape);
        }
        pair.sealer[1] = kept[0];
        pair.opener[1] = kept[1];
        free(blocks[0]);
        free(blocks[1]);
        close_pair(&pair);
    }
}

/* Forgetting a key is giving the state another: nothing of the old one may stay, also after a move. */
static void a_new_key_leaves_nothing_of_the_old(void)
{
    static const uint8_t zeros[CORE_AEAD_KEY_MAX];
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        const struct core_aead *aead = pair.aead[1];
        uint8_t *blocks[2];
        for (int i = 0; i < 2; i++) {
            blocks[i] = aligned_alloc(64, (aead->state_size + 127) / 64 * 64);
            CU_ASSERT_FATAL(blocks[i] && aead->init(blocks[i], CORE_SEAL));
        }
        CU_ASSERT(aead->set_key(blocks[0], pair.key));
        memmove(blocks[0] + 16, blocks[0], aead->state_size);
        CU_ASSERT(aead->set_key(blocks[0] + 16, zeros));
        memmove(blocks[0], blocks[0] + 16, aead->state_size);
        CU_ASSERT(aead->set_key(blocks[0], zeros) && aead->set_key(blocks[1], zeros));
        unit_assert_bytes("state", blocks[0], aead->state_size, blocks[1], aead->state_size);
        for (int i = 0; i < 2; i++) {
            aead->wipe(blocks[i]);
            CU_ASSERT(all_are(blocks[i], aead->state_size, 0));
            aead->wipe(blocks[i]); /* a state of zeros */
            CU_ASSERT_FALSE(aead->set_key(blocks[i], zeros));
            free(blocks[i]);
        }
        close_pair(&pair);
    }
}

/* Tags that are shorter than any that is registered, and states that were wiped, fail; they seal nothing. */
static void refusals(void)
{
    uint8_t text[32] = {1};
    uint8_t tag[CORE_TAG_MAX + 1] = {0};
    const uint8_t nonce[CORE_NONCE_LEN] = {0};
    const struct core_span span = {text, sizeof text};
    if (!present())
        return;
    for (int which = 0; which < AEADS; which++) {
        struct pair pair;
        open_pair(&pair, which);
        const struct core_aead *aead = pair.aead[1];
        for (size_t len = 0; len < aead->min_tag_len; len++) {
            for (int i = 0; i < 2; i++) {
                CU_ASSERT_FALSE(pair.aead[i]->seal(pair.sealer[i], nonce, NULL, 0, &span, 1, tag, len));
                CU_ASSERT_EQUAL(pair.aead[i]->open(pair.opener[i], nonce, NULL, 0, span, tag, len), CORE_OPEN_FAILED);
            }
        }
        aead->wipe(pair.sealer[1]);
        aead->wipe(pair.opener[1]);
        CU_ASSERT_FALSE(aead->seal(pair.sealer[1], nonce, NULL, 0, &span, 1, tag, CORE_TAG_MAX));
        CU_ASSERT_EQUAL(aead->open(pair.opener[1], nonce, NULL, 0, span, tag, CORE_TAG_MAX), CORE_OPEN_FAILED);
        close_pair(&pair);
    }
}

/* Wherever it stands, also where its key data would need no moving. */
static void one_refused(void)
{
    const core_block block = {0, 0};
    uint8_t text[32];
    uint8_t tag[CORE_TAG_MAX + 1];
    if (!present())
        return;
    const struct core_aead *const aeads[] = {ours->aes_128_gcm, ours->aes_256_gcm};
    for (int which = 0; which < 2; which++) {
        uint8_t *states = aligned_alloc(64, (aeads[which]->state_size + 127) / 64 * 64);
        CU_ASSERT_PTR_NOT_NULL_FATAL(states);
        for (size_t at = 0; at < 64; at += 16) {
            CU_ASSERT_FATAL(aeads[which]->init(states + at, CORE_SEAL));
            aeads[which]->wipe(states + at);
            memset(text, 1, sizeof text);
            memset(tag, 1, sizeof tag);
            CU_ASSERT_FALSE(aeads[which]->seal_one(states + at, block, block, 10, text, sizeof text, tag));
            CU_ASSERT(all_are(text, sizeof text, 0) && all_are(tag, CORE_TAG_MAX, 0) && tag[CORE_TAG_MAX] == 1);
        }
        free(states);
    }
}

/* It tells of no forgery: nothing was looked at. */
static void none_opened(void)
{
    const core_block block = {0, 0};
    const uint8_t tag[CORE_TAG_MAX] = {0};
    uint8_t text[32];
    if (!present())
        return;
    const struct core_aead *const aeads[] = {ours->aes_128_gcm, ours->aes_256_gcm};
    for (int which = 0; which < 2; which++) {
        uint8_t *states = aligned_alloc(64, (aeads[which]->state_size + 127) / 64 * 64);
        CU_ASSERT_PTR_NOT_NULL_FATAL(states);
        for (size_t at = 0; at < 64; at += 16) {
            CU_ASSERT_FATAL(aeads[which]->init(states + at, CORE_OPEN));
            aeads[which]->wipe(states + at);
            memset(text, 1, sizeof text);
            CU_ASSERT_EQUAL(aeads[which]->open_one(states + at, block, block, 10, text, sizeof text, tag),
                            CORE_OPEN_FAILED);
            CU_ASSERT(all_are(text, sizeof text, 1));
        }
        free(states);
    }
}

/* --- batches --- */

/* The longest texts are too long for all of a batch to be hashed together, of sixteen of them. */
enum { JOBS_MAX = 40, JOB_TEXT_MAX = 170000, GUARD = 64 };
enum { JOB_AAD_MAX = 40, JOB_ROOM = SLACK + JOB_AAD_MAX + ALIGNMENTS + JOB_TEXT_MAX + SLACK };

enum lengths { MIXED, ALIKE, LONG };

static size_t random_len(enum lengths lengths)
{
    switch (lengths) {
    case ALIKE:
        return 1200 + random_below(20);
    case LONG:
        return JOB_TEXT_MAX - random_below(20);
    default:
        return random_below(random_below(40) == 0 ? 30000 : random_below(4) == 0 ? 3000 : 300);
    }
}

struct job_case {
    uint8_t *room;
    uint8_t *first; /* libcrypto's, alone */
    uint8_t nonce[CORE_NONCE_LEN];
    uint8_t aads[2][JOB_AAD_MAX]; /* the same twice */
    uint8_t tags[2][CORE_TAG_MAX];
    struct core_slice slices[3];
    struct core_span spans[3];
    struct core_span whole;
    size_t slice_count;
    size_t span_count;
    int key; /* of two */
    bool forged;
};

static struct job_case cases[JOBS_MAX];

/* The AAD's parts: one after the other, the last right before the text; or so, but elsewhere; or each elsewhere. */
static void place_aad(struct job_case *c, const struct shape *shape)
{
    random_bytes(c->aads[0], sizeof c->aads[0]);
    memcpy(c->aads[1], c->aads[0], sizeof c->aads[0]);
    uint8_t *before = c->whole.data - shape->aad_len;
    const size_t where = random_below(3);
    if (where == 0)
        memcpy(before, c->aads[0], shape->aad_len);
    c->slice_count = cut_aad(shape, where == 0 ? before : c->aads[0], c->slices);
    if (where == 2 && c->slice_count > 1)
        c->slices[1].data += sizeof c->aads[0];
}

/* A case's text, sealed by libcrypto in `first`, as plaintext in its room. */
static void make_case(struct pair *pairs, struct job_case *c, size_t tag_len, enum lengths lengths)
{
    const struct shape shape = {random_len(lengths), random_below(ALIGNMENTS), random_below(JOB_AAD_MAX),
                                random_below(4), 1 + random_below(3)};
    memset(c->room, 0xee, SLACK + JOB_AAD_MAX + ALIGNMENTS + shape.len + SLACK);
    c->key = (int)random_below(2);
    c->forged = random_below(5) == 0;
    c->whole = (struct core_span){c->room + SLACK + JOB_AAD_MAX + shape.align, shape.len};
    random_bytes(c->whole.data, shape.len);
    random_bytes(c->nonce, sizeof c->nonce);
    memcpy(c->first, c->whole.data, shape.len);
    place_aad(c, &shape);
    c->span_count = cut_spans(&shape, c->whole.data, c->spans);
    const struct core_span alone = {c->first, shape.len};
    CU_ASSERT_FATAL(pairs[c->key].aead[0]->seal(pairs[c->key].sealer[0], c->nonce, c->slices, c->slice_count, &alone, 1,
                                                c->tags[0], tag_len));
}

static struct core_aead_job job_of(struct job_case *c, size_t tag_len)
{
    return (struct core_aead_job){.nonce = c->nonce,
                                  .aad = c->slices,
                                  .aad_count = c->slice_count,
                                  .tag_len = tag_len,
                                  .result = (enum core_opened)77};
}

static void check_batch(struct pair *pairs, void *workspace, size_t count, enum lengths lengths)
{
    const struct core_aead *aead = pairs[0].aead[1];
    const size_t tag_len = aead->min_tag_len + random_below(aead->tag_len - aead->min_tag_len + 1);
    static uint8_t plains[JOBS_MAX][JOB_TEXT_MAX];
    struct core_aead_job jobs[JOBS_MAX];
    for (size_t i = 0; i < count; i++) {
        struct job_case *c = &cases[i];
        make_case(pairs, c, tag_len, lengths);
        memcpy(plains[i], c->whole.data, c->whole.len);
        jobs[i] = job_of(c, tag_len);
        jobs[i].state = pairs[c->key].sealer[1];
        jobs[i].text = c->spans;
        jobs[i].text_count = c->span_count;
        jobs[i].tag = c->tags[1];
    }
    core_aead_seal_batch(aead, workspace, jobs, count);
    for (size_t i = 0; i < count; i++) {
        struct job_case *c = &cases[i];
        CU_ASSERT_EQUAL_FATAL(jobs[i].result, CORE_OPEN_OK);
        CU_ASSERT_FATAL(memcmp(c->whole.data, c->first, c->whole.len) == 0);
        CU_ASSERT_FATAL(all_are(c->room, SLACK, 0xee) && all_are(c->whole.data + c->whole.len, SLACK, 0xee));
        unit_assert_bytes("tag", c->tags[1], tag_len, c->tags[0], tag_len);
        if (c->forged)
            c->tags[0][random_below(tag_len)] ^= (uint8_t)(1u << random_below(8));
        jobs[i] = job_of(c, tag_len);
        jobs[i].state = pairs[c->key].opener[1];
        jobs[i].text = &c->whole;
        jobs[i].text_count = 1;
        jobs[i].expected = c->tags[0];
    }
    core_aead_open_batch(aead, workspace, jobs, count);
    for (size_t i = 0; i < count; i++) {
        const struct job_case *c = &cases[i];
        CU_ASSERT_EQUAL_FATAL(jobs[i].result, c->forged ? CORE_OPEN_FORGED : CORE_OPEN_OK);
        if (!c->forged)
            CU_ASSERT_FATAL(memcmp(c->whole.data, plains[i], c->whole.len) == 0);
        if (c->forged) /* wiped, or the ciphertext as it was */
            CU_ASSERT_FATAL(all_are(c->whole.data, c->whole.len, 0) ||
                            memcmp(c->whole.data, c->first, c->whole.len) == 0);
        CU_ASSERT_FATAL(all_are(c->room, SLACK, 0xee) && all_are(c->whole.data + c->whole.len, SLACK, 0xee));
    }
}

/* A state that was wiped, and tags that are too long or too short, between others. */
static void check_refused(struct pair *pairs, void *workspace)
{
    const struct core_aead *aead = pairs[0].aead[1];
    struct core_aead_job jobs[8];
    void *wiped = new_state(aead, CORE_SEAL);
    aead->wipe(wiped);
    for (size_t i = 0; i < 8; i++) {
        make_case(pairs, &cases[i], aead->tag_len, ALIKE);
        jobs[i] = job_of(&cases[i], aead->tag_len);
        jobs[i].state = i == 3 ? wiped : pairs[cases[i].key].sealer[1];
        jobs[i].text = cases[i].spans;
        jobs[i].text_count = cases[i].span_count;
        jobs[i].tag = cases[i].tags[1];
        if (i == 5)
            jobs[i].tag_len = CORE_HASH_MAX + 1;
        if (i == 6)
            jobs[i].tag_len = aead->min_tag_len - 1;
    }
    core_aead_seal_batch(aead, workspace, jobs, 8);
    for (size_t i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(jobs[i].result, i == 3 || i == 5 || i == 6 ? CORE_OPEN_FAILED : CORE_OPEN_OK);
    free(wiped);
}

static void batches(void)
{
    if (!present())
        return;
    const size_t size = ours->workspace_size();
    uint8_t *workspace = malloc(size + GUARD);
    CU_ASSERT_FATAL(workspace && ours->workspace_init(workspace));
    memset(workspace + size, 0xee, GUARD);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        cases[i].room = malloc(JOB_ROOM);
        cases[i].first = malloc(JOB_TEXT_MAX);
        CU_ASSERT_FATAL(cases[i].room && cases[i].first);
    }
    for (int which = 0; which < AEADS; which++) {
        struct pair pairs[2];
        open_pair(&pairs[0], which);
        open_pair(&pairs[1], which);
        for (size_t count = 0; count <= JOBS_MAX; count += count < 18 ? 1 : 11) {
            check_batch(pairs, workspace, count, count % 3 == 1 ? ALIKE : MIXED);
            rekey(&pairs[count % 2]);
        }
        for (size_t count = 7; count <= 17; count += 5)
            check_batch(pairs, workspace, count, LONG);
        CU_ASSERT(all_are(workspace + size, GUARD, 0xee));
        check_refused(pairs, workspace);
        close_pair(&pairs[0]);
        close_pair(&pairs[1]);
    }
    for (size_t i = 0; i < JOBS_MAX; i++) {
        free(cases[i].room);
        free(cases[i].first);
    }
    free(workspace);
}

/* Fails after it has written something. */
static bool breaking_crypt(const void *state, const uint8_t *nonce, const struct core_span *text, size_t text_count)
{
    (void)state;
    (void)nonce;
    (void)text_count;
    memset(text->data, 0x33, text->len / 2);
    return false;
}

/* The second of three, which is too long to be decrypted with the others. */
static void a_failure_leaves_nothing_of_its_text(void)
{
    enum { LONGER_THAN_ALL_MESSAGES = 3 << 20, SHORT = 100 };
    static const size_t lens[] = {SHORT, LONGER_THAN_ALL_MESSAGES, SHORT};
    static const uint8_t nonce[CORE_NONCE_LEN] = {7};
    static uint8_t texts[3][LONGER_THAN_ALL_MESSAGES];
    struct core_aead_job jobs[3];
    struct core_span spans[3];
    uint8_t tags[3][CORE_TAG_MAX];
    struct pair pair;
    if (!present())
        return;
    void *workspace = malloc(ours->workspace_size());
    CU_ASSERT_FATAL(workspace && ours->workspace_init(workspace));
    open_pair(&pair, 2);
    const struct core_aead *aead = pair.aead[1];
    CU_ASSERT_PTR_NOT_NULL_FATAL(aead->open_batch);
    void *breaking = malloc(aead->state_size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(breaking);
    memcpy(breaking, pair.opener[1], aead->state_size);
    ((struct core_ctr_hmac *)breaking)->crypt = breaking_crypt;
    for (size_t i = 0; i < 3; i++) {
        spans[i] = (struct core_span){texts[i], lens[i]};
        memset(texts[i], 0x42, lens[i]);
        CU_ASSERT_FATAL(aead->seal(pair.sealer[1], nonce, NULL, 0, &spans[i], 1, tags[i], CORE_TAG_MAX));
        jobs[i] = (struct core_aead_job){.state = i == 1 ? breaking : pair.opener[1],
                                         .nonce = nonce,
                                         .text = &spans[i],
                                         .text_count = 1,
                                         .expected = tags[i],
                                         .tag_len = CORE_TAG_MAX};
    }
    core_aead_open_batch(aead, workspace, jobs, 3);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(jobs[i].result, i == 1 ? CORE_OPEN_FAILED : CORE_OPEN_OK);
        CU_ASSERT(all_are(texts[i], lens[i], i == 1 ? 0 : 0x42));
    }
    aead->wipe(breaking);
    free(breaking);
    close_pair(&pair);
    free(workspace);
}

/* --- threads: the library's manager is shared --- */

enum { THREADS = 4, ROUNDS = 300 };

static void *seal_alone(void *arg)
{
    uint64_t *digest = arg;
    const struct core_provider *p = core_provider_best();
    const struct core_aead *aeads[] = {p->aes_128_ctr_hmac_sha256, p->aes_128_gcm};
    uint8_t key[CORE_AEAD_KEY_MAX] = {(uint8_t)*digest};
    uint8_t text[700];
    *digest = 0;
    for (size_t a = 0; a < 2; a++) {
        void *state = calloc(1, aeads[a]->state_size);
        if (!state || !aeads[a]->init(state, CORE_SEAL) || !aeads[a]->set_key(state, key))
            return NULL;
        memset(text, 0, sizeof text);
        for (uint32_t i = 0; i < ROUNDS; i++) {
            uint8_t nonce[CORE_NONCE_LEN] = {0};
            uint8_t tag[CORE_TAG_MAX];
            uint64_t word;
            const struct core_span span = {text, sizeof text - i % 64};
            memcpy(nonce, &i, sizeof i);
            if (!aeads[a]->seal(state, nonce, NULL, 0, &span, 1, tag, CORE_TAG_MAX))
                return NULL;
            memcpy(&word, tag, sizeof word);
            *digest = *digest * 31 + word;
        }
        aeads[a]->wipe(state);
        free(state);
    }
    return arg;
}

static void threads_do_not_meet(void)
{
    pthread_t threads[THREADS];
    uint64_t together[THREADS];
    if (!present())
        return;
    for (uint64_t i = 0; i < THREADS; i++) {
        together[i] = i;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, seal_alone, &together[i]), 0);
    }
    for (uint64_t i = 0; i < THREADS; i++) {
        void *done = NULL;
        uint64_t alone = i;
        CU_ASSERT_EQUAL(pthread_join(threads[i], &done), 0);
        CU_ASSERT_PTR_NOT_NULL(done);
        CU_ASSERT_PTR_NOT_NULL(seal_alone(&alone));
        CU_ASSERT_EQUAL(alone, together[i]);
    }
}

static const struct unit_test tests[] = {
    {"a cipher that fails within a batch leaves nothing of its text", a_failure_leaves_nothing_of_its_text},
    {"threads that ask and seal at once get what each gets alone", threads_do_not_meet},
    {"as libcrypto: every length and alignment", every_length_and_alignment},
    {"as libcrypto: random keys, lengths, parts", random_shapes},
    {"as libcrypto: long AAD in parts", long_aad_in_parts},
    {"as libcrypto: one text at once, every length and alignment", one_at_once},
    {"as libcrypto: one text opened at once, or refused", one_opened_at_once},
    {"a state may be moved", a_state_may_be_moved},
    {"a new key leaves nothing of the old", a_new_key_leaves_nothing_of_the_old},
    {"batches as libcrypto alone: counts, lengths, alignments, parts, keys, forgeries", batches},
    {"a short tag and a wiped state are refused", refusals},
    {"a wiped state seals nothing at once, and what it was given is wiped", one_refused},
    {"a wiped state opens nothing at once", none_opened},
};

UNIT_MAIN("core.provider_ipsecmb", tests)
