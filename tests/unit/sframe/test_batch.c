/* Batches of seals against single calls; what an adversary does to batches of opens is in
 * tests/adversary/sframe/test_batch.c. */
#include "batch.h"
#include "fixture.h"
#include "sender.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS = 40, LEN_MAX = 30000, ALIGNMENTS = 64, PADDING_MAX = 300, LAYERS = 3, SUITES = 8, ROUNDS = 12 };

static uint64_t seed = 20261123;

static size_t random_below(size_t bound)
{
    return (size_t)(unit_random(&seed) >> 16) % bound;
}

static struct sframe_batch *new_batch(const struct core_provider *provider)
{
    struct sframe_batch *batch = NULL;
    /* the largest provider's size serves all */
    const size_t size = sframe_batch_size();
    void *memory = malloc(size);
    CU_ASSERT_FATAL(memory && sframe_batch_init_with(provider, memory, size, &batch) == SFRAME_OK);
    CU_ASSERT_PTR_EQUAL_FATAL(batch, memory);
    return batch;
}

static void free_batch(struct sframe_batch *batch)
{
    sframe_batch_wipe(batch);
    free(batch);
}

static void memory(void)
{
    const size_t size = sframe_batch_size();
    struct sframe_batch *batch = NULL;
    uint8_t *bytes = malloc(size + 16);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_EQUAL(sframe_batch_init(NULL, size, &batch), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_batch_init(bytes, size, NULL), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_batch_init(bytes, size - 1, &batch), SFRAME_SPACE);
    CU_ASSERT_PTR_NULL(batch);
    for (size_t at = 0; at <= 16; at += 16) { /* any alignment of malloc's */
        memset(bytes, 0xee, size + 16);
        CU_ASSERT_EQUAL_FATAL(sframe_batch_init(bytes + at, size, &batch), SFRAME_OK);
        if (at == 0)
            CU_ASSERT(bytes[size] == 0xee);
        sframe_batch_wipe(batch);
        for (size_t i = at; i < at + size; i++)
            if (bytes[i] != 0) {
                CU_FAIL("something is left after a wipe");
                break;
            }
    }
    sframe_batch_wipe(NULL);
    free(bytes);
}

/* --- the same as single calls --- */

/* One frame's buffers, twice: for the batch and for the single call. */
struct twin {
    struct sframe_inner inner;
    uint8_t metadata[100];
    size_t metadata_len;
    size_t payload_len;
    size_t sender;
    uint8_t *buffer[2]; /* head, payload, tail at an alignment of its own */
    size_t align;
};

enum { BUFFER_LEN = SFRAME_HEAD_MAX + ALIGNMENTS + LEN_MAX + PADDING_MAX + SFRAME_TAG_MAX };

static struct twin twins[ITEMS];

static void make_twins(size_t count, size_t senders)
{
    for (size_t i = 0; i < count; i++) {
        struct twin *twin = &twins[i];
        twin->inner = (struct sframe_inner){
            .codec = SFRAME_CODEC_AV1, .capture_ms = (uint32_t)i, .padding = random_below(3) * 99};
        twin->metadata_len = random_below(2) * random_below(sizeof twin->metadata);
        twin->payload_len = random_below(random_below(8) == 0 ? LEN_MAX : random_below(3) == 0 ? 4000 : 300);
        twin->sender = random_below(senders);
        twin->align = random_below(ALIGNMENTS);
        for (size_t b = 0; b < BUFFER_LEN; b++)
            twin->buffer[0][b] = twin->buffer[1][b] = (uint8_t)(unit_random(&seed) >> 32);
        memset(twin->metadata, (int)i, sizeof twin->metadata);
    }
}

static struct sframe_seal_item item_of(struct twin *twin, size_t copy, struct sframe_sender *sender)
{
    uint8_t *payload = twin->buffer[copy] + SFRAME_HEAD_MAX + twin->align;
    return (struct sframe_seal_item){
        .sender = sender,
        .inner = sender->profile == SFRAME_PROFILE_SOTTO ? &twin->inner : NULL,
        .metadata = twin->metadata,
        .metadata_len = twin->metadata_len,
        .head = payload - SFRAME_HEAD_MAX,
        .head_cap = SFRAME_HEAD_MAX,
        .payload = payload,
        .payload_len = twin->payload_len,
        .tail = payload + twin->payload_len,
        .tail_cap = PADDING_MAX + SFRAME_TAG_MAX,
        .error = 77,
    };
}

static int seal_alone(struct sframe_seal_item *item)
{
    return sframe_seal(item->sender, item->inner, item->metadata, item->metadata_len, item->head, item->head_cap,
                       item->payload, item->payload_len, item->tail, item->tail_cap, &item->sealed);
}

static void compare(struct sframe_batch *batch, struct sframe_sender *const senders[2][LAYERS], size_t count)
{
    struct sframe_seal_item items[ITEMS];
    struct sframe_seal_item alone[ITEMS];
    make_twins(count, LAYERS);
    for (size_t i = 0; i < count; i++) {
        items[i] = item_of(&twins[i], 0, senders[0][twins[i].sender]);
        alone[i] = item_of(&twins[i], 1, senders[1][twins[i].sender]);
        if (random_below(20) == 0)
            items[i].tail_cap = alone[i].tail_cap = 3; /* an error between the others */
    }
    const int rc = sframe_seal_batch(batch, items, count);
    int first = SFRAME_OK;
    for (size_t i = 0; i < count; i++) {
        const int want = seal_alone(&alone[i]);
        if (first == SFRAME_OK)
            first = want;
        CU_ASSERT_EQUAL_FATAL(items[i].error, want);
        if (want == SFRAME_OK)
            CU_ASSERT(items[i].sealed.kid == alone[i].sealed.kid && items[i].sealed.ctr == alone[i].sealed.ctr &&
                      items[i].sealed.head_len == alone[i].sealed.head_len &&
                      items[i].sealed.tail_len == alone[i].sealed.tail_len &&
                      items[i].sealed.soft_limit == alone[i].sealed.soft_limit);
        CU_ASSERT_FATAL(memcmp(twins[i].buffer[0], twins[i].buffer[1], BUFFER_LEN) == 0);
    }
    CU_ASSERT_EQUAL(rc, first);
}

static void new_buffers(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        for (size_t copy = 0; copy < 2; copy++) {
            twins[i].buffer[copy] = malloc(BUFFER_LEN);
            CU_ASSERT_PTR_NOT_NULL_FATAL(twins[i].buffer[copy]);
        }
}

static void free_buffers(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        for (size_t copy = 0; copy < 2; copy++)
            free(twins[i].buffer[copy]);
}

static void as_single_calls(void)
{
    const struct core_provider *const providers[] = {core_provider_best(), &core_provider_libcrypto};
    new_buffers();
    for (size_t p = 0; p < 2; p++)
        for (uint16_t suite = 1; suite <= SUITES; suite++) {
            struct sframe_batch *batch = new_batch(providers[p]);
            struct sframe_sender *senders[2][LAYERS];
            for (size_t copy = 0; copy < 2; copy++)
                for (size_t layer = 0; layer < LAYERS; layer++) {
                    senders[copy][layer] = fix_sender(suite, suite % 2 ? SFRAME_PROFILE_SOTTO : SFRAME_PROFILE_RFC9605);
                    CU_ASSERT_EQUAL(sframe_sender_add_key(senders[copy][layer], layer * 1000, fix_key, sizeof fix_key),
                                    SFRAME_OK);
                }
            for (size_t round = 0; round < ROUNDS; round++)
                compare(batch, senders, round == 0 ? ITEMS : random_below(ITEMS) + 1);
            for (size_t copy = 0; copy < 2; copy++)
                for (size_t layer = 0; layer < LAYERS; layer++)
                    fix_free_sender(senders[copy][layer]);
            free_batch(batch);
        }
    free_buffers();
}

/* Senders of all suites in one call. */
static void suites_in_turn(void)
{
    struct sframe_batch *batch = new_batch(core_provider_best());
    struct sframe_sender *senders[2][SUITES];
    struct sframe_seal_item items[ITEMS];
    new_buffers();
    make_twins(ITEMS, 1);
    for (uint16_t suite = 1; suite <= SUITES; suite++)
        for (size_t copy = 0; copy < 2; copy++) {
            senders[copy][suite - 1] = fix_sender(suite, SFRAME_PROFILE_SOTTO);
            CU_ASSERT_EQUAL(sframe_sender_add_key(senders[copy][suite - 1], 5, fix_key, sizeof fix_key), SFRAME_OK);
        }
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = item_of(&twins[i], 0, senders[0][i / 3 % SUITES]);
    CU_ASSERT_EQUAL(sframe_seal_batch(batch, items, ITEMS), SFRAME_OK);
    for (size_t i = 0; i < ITEMS; i++) {
        struct sframe_seal_item alone = item_of(&twins[i], 1, senders[1][i / 3 % SUITES]);
        CU_ASSERT_EQUAL(seal_alone(&alone), SFRAME_OK);
        CU_ASSERT_FATAL(memcmp(twins[i].buffer[0], twins[i].buffer[1], BUFFER_LEN) == 0);
    }
    for (size_t i = 0; i < 2 * SUITES; i++)
        fix_free_sender(senders[i % 2][i / 2]);
    free_buffers();
    free_batch(batch);
}

/* --- failure --- */

static size_t seals_left;

/* Works some times, then fails after it has written something. */
static bool breaking_seal(void *state, const uint8_t *nonce, const struct core_slice *aad, size_t aad_count,
                          const struct core_span *text, size_t text_count, uint8_t *tag, size_t tag_len)
{
    if (seals_left > 0) {
        seals_left--;
        return core_provider_best()->aes_128_gcm->seal(state, nonce, aad, aad_count, text, text_count, tag, tag_len);
    }
    text[0].data[0] ^= 0xff;
    memset(tag, 0x33, tag_len);
    return false;
}

static void a_failure_is_one_items_own(void)
{
    struct sframe_batch *batch = new_batch(core_provider_best());
    struct sframe_sender *sender = fix_sender_kid(5);
    struct core_aead breaking = *sender->crypto.aead;
    const struct core_aead *whole = sender->crypto.aead;
    const struct sframe_inner inner = {.codec = 2, .padding = 3};
    static const uint8_t zeros[SFRAME_HEAD_MAX];
    static uint8_t buffers[5][SFRAME_HEAD_MAX + 40 + 100];
    struct sframe_seal_item items[5];
    struct fix_frame frame;
    breaking.seal = breaking_seal;
    breaking.seal_batch = NULL;
    sender->crypto.aead = &breaking;
    for (size_t i = 0; i < 5; i++) {
        memset(buffers[i], 0x42, sizeof buffers[i]);
        items[i] = (struct sframe_seal_item){.sender = i == 1 ? NULL : sender,
                                             .inner = &inner,
                                             .head = buffers[i],
                                             .head_cap = SFRAME_HEAD_MAX,
                                             .payload = buffers[i] + SFRAME_HEAD_MAX,
                                             .payload_len = 40,
                                             .tail = buffers[i] + SFRAME_HEAD_MAX + 40,
                                             .tail_cap = 100,
                                             .sealed = {.ctr = 77}};
    }
    seals_left = 2;
    CU_ASSERT_EQUAL(sframe_seal_batch(batch, items, 5), SFRAME_INVALID); /* the first that failed */
    static const int want[] = {SFRAME_OK, SFRAME_INVALID, SFRAME_OK, SFRAME_CRYPTO, SFRAME_CRYPTO};
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(items[i].error, want[i]);
        if (want[i] == SFRAME_CRYPTO)
            unit_assert_bytes("payload, padding and tag", items[i].payload, 40 + 3 + 16, zeros, 40 + 3 + 16);
        if (want[i] != SFRAME_OK)
            CU_ASSERT_EQUAL(items[i].sealed.ctr, 77);
    }
    /* four counters are spent, and a fifth where the cipher is all that fails */
    CU_ASSERT_EQUAL(sframe_seal_batch(batch, &items[2], 1), SFRAME_CRYPTO);
    sender->crypto.aead = whole;
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.ctr, 5);
    CU_ASSERT_EQUAL(sframe_seal_batch(NULL, items, 1), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_seal_batch(batch, NULL, 1), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_seal_batch(batch, NULL, 0), SFRAME_OK);
    fix_free_sender(sender);
    free_batch(batch);
}

/* The limit falls inside a batch. */
static void a_key_ends_within(void)
{
    struct sframe_batch *batch = new_batch(core_provider_best());
    struct sframe_sender *sender = fix_sender_kid(5);
    struct sframe_seal_item items[4];
    new_buffers();
    make_twins(4, 1);
    fix_set_ctr(sender->current, sframe_suite_find(SFRAME_SUITE_DEFAULT)->seal_limit - 2);
    for (size_t i = 0; i < 4; i++)
        items[i] = item_of(&twins[i], 0, sender);
    CU_ASSERT_EQUAL(sframe_seal_batch(batch, items, 4), SFRAME_KEY_EXHAUSTED);
    CU_ASSERT(items[0].error == SFRAME_OK && items[1].error == SFRAME_OK && items[1].sealed.soft_limit);
    for (size_t i = 2; i < 4; i++) {
        CU_ASSERT_EQUAL(items[i].error, SFRAME_KEY_EXHAUSTED);
        CU_ASSERT(memcmp(twins[i].buffer[0], twins[i].buffer[1], BUFFER_LEN) == 0);
    }
    free_buffers();
    fix_free_sender(sender);
    free_batch(batch);
}

/* Hashes of keys and the right tags pass through a batch's memory; none of it stays there. */
static void nothing_secret_stays(void)
{
    for (uint16_t suite = 1; suite <= 6; suite += 5) {
        struct sframe_batch *batch = new_batch(core_provider_best());
        const struct sframe_sender_config config = {.suite = suite, .profile = SFRAME_PROFILE_RFC9605, .keys = 1};
        struct sframe_sender *sender = fix_sender_of(&config);
        struct sframe_seal_item items[16];
        const size_t state_size = sender->crypto.aead->state_size;
        new_buffers();
        make_twins(16, 1);
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_OK);
        for (size_t i = 0; i < 16; i++) {
            twins[i].payload_len = 1000 + i;
            items[i] = item_of(&twins[i], 0, sender);
        }
        CU_ASSERT_EQUAL(sframe_seal_batch(batch, items, 16), SFRAME_OK);
        /* every 16 bytes of the key's state that are not zeros or a pattern of few values */
        const uint8_t *state = sender->current->key.state;
        for (size_t at = 0; at + 16 <= state_size; at += 8) {
            bool seen[256] = {false};
            unsigned values = 0;
            for (size_t i = 0; i < 16; i++) {
                values += !seen[state[at + i]];
                seen[state[at + i]] = true;
            }
            if (values >= 12)
                CU_ASSERT_PTR_NULL(memmem(batch, batch->size, state + at, 16));
        }
        free_buffers();
        fix_free_sender(sender);
        free_batch(batch);
    }
}

/* A tag as it came, or the first word of its hash as lanes have it: words of the machine, those of one hash apart. */
static bool has_tag(const struct sframe_batch *batch, const uint8_t *tag, size_t tag_len, size_t word_len)
{
    uint8_t word[8];
    for (size_t i = 0; i < word_len; i++)
        word[i] = tag[word_len - 1 - i];
    return memmem(batch, batch->size, tag, tag_len) || memmem(batch, batch->size, word, word_len);
}

/* Forged frames' right tags, with which they would be authentic, do not stay either: lanes full and not. */
static void no_right_tag_stays(void)
{
    enum { BATCH = 16, LEN = 700 };
    static struct fix_frame frames[BATCH];
    for (uint16_t suite = 1; suite <= 6; suite += 5)
        for (size_t count = 6; count <= BATCH; count += 5) {
            struct sframe_batch *batch = new_batch(core_provider_best());
            struct sframe_sender *sender = fix_sender(suite, SFRAME_PROFILE_SOTTO);
            struct sframe_receiver *receiver = fix_receiver(suite, SFRAME_PROFILE_SOTTO);
            const size_t nt = sframe_suite_find(suite)->nt;
            struct sframe_open_item items[BATCH];
            uint8_t right[BATCH][SFRAME_TAG_MAX];
            CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_OK);
            CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_OK);
            for (size_t i = 0; i < count; i++) {
                fix_seal(sender, SFRAME_PROFILE_SOTTO, FIX_TIME_MS, LEN, &frames[i]);
                uint8_t *tag = frames[i].bytes + frames[i].len - nt;
                memcpy(right[i], tag, nt);
                tag[0] ^= 1;
                items[i] = (struct sframe_open_item){.frame = frames[i].bytes, .frame_len = frames[i].len};
            }
            CU_ASSERT_EQUAL(sframe_open_batch(batch, receiver, items, count, FIX_TIME_MS), SFRAME_AUTH);
            for (size_t i = 0; i < count; i++) {
                CU_ASSERT_EQUAL(items[i].error, SFRAME_AUTH);
                CU_ASSERT_FALSE(has_tag(batch, right[i], nt, suite == 1 ? 4 : 8));
            }
            fix_free_sender(sender);
            fix_free_receiver(receiver);
            free_batch(batch);
        }
}

static const struct unit_test tests[] = {
    {"memory: size, alignment, and nothing left after a wipe", memory},
    {"a batch seals as single calls do: sizes, alignments, layers", as_single_calls},
    {"senders of all suites in one batch", suites_in_turn},
    {"a frame that fails is wiped, its counter spent, the others sealed", a_failure_is_one_items_own},
    {"a key that ends within a batch seals no more", a_key_ends_within},
    {"nothing secret stays in a batch's memory", nothing_secret_stays},
    {"nor the right tags of forged frames", no_right_tag_stays},
};

UNIT_MAIN("sframe.batch", tests)
