/* Steady frames, by sframe_seal, against the general way, by sframe_seal_batch: of two senders with the same keys each
 * goes one of them, and everything is the same, byte for byte. */
#include "steady.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum {
    HEAD = 64,
    LEN_MAX = 1500,
    TAIL = 64,
    WARM = 300, /* frames after which counters are of two bytes and credit is long */
    TOO_LONG = SFRAME_FRAME_MAX + 1,
};

static uint64_t seed = 605;

static size_t random_below(size_t bound)
{
    return (size_t)(unit_random(&seed) >> 16) % bound;
}

/* --- Two senders --- */

struct twins {
    struct sframe_sender *steady;
    struct sframe_sender *general;
    struct sframe_batch *batch;
};

static struct sframe_sender *new_sender(const struct core_provider *provider, const struct sframe_sender_config *config)
{
    struct sframe_sender *sender = NULL;
    const size_t size = sframe_sender_size(config); /* the larger provider's */
    void *memory = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init_with(provider, memory, size, config, &sender), SFRAME_OK);
    return sender;
}

static struct twins new_twins(const struct core_provider *provider, uint16_t suite, uint8_t profile, uint64_t kid)
{
    const struct sframe_sender_config config = {.suite = suite, .profile = profile, .keys = 3, .key_history = 200};
    const size_t size = sframe_batch_size();
    struct twins twins = {new_sender(provider, &config), new_sender(provider, &config), NULL};
    CU_ASSERT_EQUAL_FATAL(sframe_batch_init(malloc(size), size, &twins.batch), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(twins.steady, kid, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(twins.general, kid, fix_key, sizeof fix_key), SFRAME_OK);
    return twins;
}

static void free_twins(struct twins *twins)
{
    fix_free_sender(twins->steady);
    fix_free_sender(twins->general);
    sframe_batch_wipe(twins->batch);
    free(twins->batch);
}

/* --- One frame, twice --- */

enum shape {
    PLAIN,
    TAIL_APART, /* which is as steady */
    PADDED,
    WITH_TLV,
    WITH_METADATA,
    HEAD_APART,
    HEAD_BEFORE, /* in one buffer, with a gap */
    HEAD_SHORT,
    TAIL_SHORT,
    NO_CODEC,
    NO_INNER,
    NO_HEAD,
    NO_TAIL,
    TOO_LONG_A_PAYLOAD,
    LENGTH_WRAPS,
    SHAPES
};

struct room {
    uint8_t apart[HEAD];
    uint8_t whole[HEAD + LEN_MAX + TAIL];
    uint8_t tail[TAIL];
};

static struct room rooms[2];
static struct sframe_inner inner;

static struct sframe_seal_item item_of(struct sframe_sender *sender, struct room *room, enum shape shape, size_t len)
{
    uint8_t *payload = room->whole + HEAD;
    struct sframe_seal_item item = {.sender = sender,
                                    .inner = &inner,
                                    .metadata = fix_key,
                                    .head = room->whole,
                                    .head_cap = HEAD,
                                    .payload = payload,
                                    .payload_len = len,
                                    .tail = payload + len,
                                    .tail_cap = TAIL,
                                    .sealed = {.ctr = 77}};
    switch (shape) {
    case TAIL_APART:
        item.tail = room->tail;
        break;
    case WITH_METADATA:
        item.metadata_len = sizeof fix_key;
        break;
    case HEAD_APART:
        item.head = room->apart;
        break;
    case HEAD_BEFORE:
        item.head_cap--;
        break;
    case HEAD_SHORT: /* by one byte */
        item.head_cap = sframe_header_len(sender->current->kid, sender->current->ctr) + sframe_inner_len(&inner) - 1;
        item.head = payload - item.head_cap;
        break;
    case TAIL_SHORT:
        item.tail_cap = sender->crypto.suite->nt - 1u;
        break;
    case NO_INNER:
        item.inner = NULL;
        break;
    case NO_HEAD: /* nonsense that adds up */
        item.head = NULL;
        item.head_cap = (uintptr_t)payload;
        break;
    case NO_TAIL:
        item.tail = NULL;
        break;
    case TOO_LONG_A_PAYLOAD:
        item.payload_len = TOO_LONG;
        break;
    case LENGTH_WRAPS: /* with the inner header */
        item.payload_len = SIZE_MAX - 2;
        break;
    default:
        break;
    }
    return item;
}

static void make_inner(enum shape shape)
{
    static const uint8_t tlv[] = {SFRAME_TLV_NAME, 3, 'a', 'b', 'c'};
    inner = (struct sframe_inner){.codec = (uint8_t)(1 + random_below(SFRAME_CODEC_DATA)),
                                  .capture_ms = (uint32_t)unit_random(&seed)};
    if (shape == PADDED)
        inner.padding = 1 + random_below(20);
    if (shape == NO_CODEC)
        inner.codec = SFRAME_CODEC_ANY;
    if (shape == WITH_TLV) {
        inner.tlv = tlv;
        inner.tlv_len = sizeof tlv;
    }
}

static int seal_steady(const struct sframe_seal_item *item, struct sframe_sealed *sealed)
{
    return sframe_seal(item->sender, item->inner, item->metadata, item->metadata_len, item->head, item->head_cap,
                       item->payload, item->payload_len, item->tail, item->tail_cap, sealed);
}

/* Seals it by both. All is the same: the result, what it tells, every byte around, and what is left of the key. */
static int both(const struct twins *twins, enum shape shape, size_t len)
{
    make_inner(shape);
    for (size_t i = 0; i < sizeof rooms[0]; i++)
        ((uint8_t *)&rooms[0])[i] = (uint8_t)(unit_random(&seed) >> 32);
    rooms[1] = rooms[0];
    const struct sframe_seal_item steady = item_of(twins->steady, &rooms[0], shape, len);
    struct sframe_seal_item general = item_of(twins->general, &rooms[1], shape, len);
    struct sframe_sealed sealed = steady.sealed;
    if (shape == NO_HEAD)
        general.head_cap = HEAD; /* the other room's payload is elsewhere */
    const int rc = seal_steady(&steady, &sealed);
    CU_ASSERT_EQUAL_FATAL(rc, sframe_seal_batch(twins->batch, &general, 1));
    CU_ASSERT_FATAL(sealed.kid == general.sealed.kid && sealed.ctr == general.sealed.ctr &&
                    sealed.head_len == general.sealed.head_len && sealed.tail_len == general.sealed.tail_len &&
                    sealed.soft_limit == general.sealed.soft_limit);
    CU_ASSERT_FATAL(memcmp(&rooms[0], &rooms[1], sizeof rooms[0]) == 0);
    const struct sframe_sender_key *a = twins->steady->current;
    const struct sframe_sender_key *b = twins->general->current;
    CU_ASSERT_FATAL(a->ctr == b->ctr && a->blocks - a->credit == b->blocks - b->credit && a->kid == b->kid);
    return rc;
}

static void set_ctrs(const struct twins *twins, uint64_t ctr)
{
    fix_set_ctr(twins->steady->current, ctr);
    fix_set_ctr(twins->general->current, ctr);
}

static void set_blocks(const struct twins *twins, uint64_t blocks)
{
    fix_set_blocks(twins->steady->current, blocks);
    fix_set_blocks(twins->general->current, blocks);
}

/* The frames after these are steady, if plain. */
static void warm(const struct twins *twins)
{
    for (size_t i = 0; i < WARM; i++)
        CU_ASSERT_EQUAL_FATAL(both(twins, PLAIN, 20), SFRAME_OK);
    CU_ASSERT_FATAL(twins->steady->current->credit > 0);
}

/* --- The same as the general way --- */

static void random_frames(void)
{
    const struct core_provider *const providers[] = {core_provider_best(), fix_provider_steady(),
                                                     &core_provider_libcrypto};
    for (size_t p = 0; p < 3; p++)
        for (uint16_t suite = SFRAME_AES_128_CTR_HMAC_SHA256_80; suite <= SFRAME_AES_256_CTR_HMAC_SHA512_32; suite++) {
            struct twins twins = new_twins(providers[p], suite, SFRAME_PROFILE_SOTTO, 0x12345);
            for (size_t i = 0; i < 2000; i++)
                (void)both(&twins, random_below(3) ? PLAIN : (enum shape)random_below(SHAPES), random_below(LEN_MAX));
            free_twins(&twins);
        }
}

/* Nearly all frames that can be steady are. */
static void most_are_steady(void)
{
    for (uint16_t suite = SFRAME_AES_128_GCM_SHA256_128; suite <= SFRAME_AES_256_GCM_SHA512_128; suite++) {
        struct twins twins = new_twins(fix_provider_steady(), suite, SFRAME_PROFILE_SOTTO, 5);
        warm(&twins);
        const size_t before = fix_steady_seals;
        for (size_t i = 0; i < 1000; i++)
            CU_ASSERT_EQUAL_FATAL(both(&twins, i % 2 ? PLAIN : TAIL_APART, 160), SFRAME_OK);
        CU_ASSERT(fix_steady_seals - before > 990);
        free_twins(&twins);
    }
}

/* KIDs and counters of every length, also where these grow. A steady frame's header is a word at most. */
static void lengths_of_headers(void)
{
    static const uint64_t ctrs[] = {0, 250, (1 << 16) - 40, (1 << 24) - 40};
    for (size_t kid_len = 0; kid_len <= sizeof(uint64_t); kid_len++)
        for (size_t c = 0; c < sizeof ctrs / sizeof ctrs[0]; c++) {
            const uint64_t kid = kid_len == 0 ? 6 : UINT64_C(0x81b2c3d4e5f60718) >> (64 - 8 * kid_len);
            struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, kid);
            set_ctrs(&twins, ctrs[c]);
            bool any = false;
            for (size_t i = 0; i < 100; i++) {
                const size_t before = fix_steady_seals;
                const size_t header_len = sframe_header_len(kid, twins.steady->current->ctr);
                CU_ASSERT_EQUAL_FATAL(both(&twins, PLAIN, random_below(40)), SFRAME_OK);
                CU_ASSERT_FATAL(fix_steady_seals == before || header_len <= sizeof(uint64_t));
                any |= fix_steady_seals > before;
            }
            CU_ASSERT_EQUAL(any, 1 + kid_len + sframe_field_len(ctrs[c] | 8) <= sizeof(uint64_t));
            free_twins(&twins);
        }
}

/* Each frame is told of its soft limit, and none goes beyond the hard one. */
static void limits_of_frames(void)
{
    const uint64_t limit = sframe_suite_find(SFRAME_SUITE_DEFAULT)->seal_limit;
    const uint64_t starts[] = {sframe_soft_limit(limit) - 30, sframe_soft_limit(limit), limit - 30};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, 5);
        int rc = SFRAME_OK;
        warm(&twins);
        set_ctrs(&twins, starts[i]);
        for (size_t frame = 0; frame < 60; frame++)
            rc = both(&twins, PLAIN, random_below(5));
        CU_ASSERT_EQUAL(rc, starts[i] == limit - 30 ? SFRAME_KEY_EXHAUSTED : SFRAME_OK);
        free_twins(&twins);
    }
}

static void limits_of_blocks(void)
{
    const uint64_t limit = sframe_suite_find(SFRAME_SUITE_DEFAULT)->block_limit;
    const uint64_t starts[] = {sframe_soft_limit(limit) - 500, sframe_soft_limit(limit), limit - 500};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, 5);
        int rc = SFRAME_OK;
        warm(&twins);
        set_blocks(&twins, starts[i]);
        for (size_t frame = 0; frame < 200; frame++)
            rc = both(&twins, PLAIN, random_below(200));
        CU_ASSERT_EQUAL(rc, starts[i] == limit - 500 ? SFRAME_KEY_EXHAUSTED : SFRAME_OK);
        free_twins(&twins);
    }
}

/* Each key keeps its own credit; one that is removed takes it along. */
static void keys_in_turn(void)
{
    struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, 0);
    struct sframe_sender *const senders[] = {twins.steady, twins.general};
    uint8_t key[16] = {0};
    for (unsigned round = 0; round < 300; round++) {
        const uint64_t kid = random_below(3) * 300;
        const bool renewed = round < 3 || random_below(3) == 0;
        key[0] = (uint8_t)round;
        key[1] = (uint8_t)(round >> 8);
        for (size_t i = 0; renewed && i < 2; i++) {
            const int removed = sframe_sender_remove_key(senders[i], kid);
            CU_ASSERT_FATAL(removed == SFRAME_OK || removed == SFRAME_NO_KEY);
            CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(senders[i], kid, key, sizeof key), SFRAME_OK);
        }
        const int rc = sframe_sender_use_key(senders[0], kid);
        CU_ASSERT_EQUAL_FATAL(sframe_sender_use_key(senders[1], kid), rc);
        for (size_t i = random_below(60); rc == SFRAME_OK && i > 0; i--)
            CU_ASSERT_EQUAL_FATAL(both(&twins, random_below(20) ? PLAIN : PADDED, random_below(60)), SFRAME_OK);
    }
    free_twins(&twins);
}

/* --- What a steady frame is not --- */

/* Each once, between steady ones. */
static void each_shape(void)
{
    static const struct {
        enum shape shape;
        int want;
        bool steady;
    } rows[] = {
        {PLAIN, SFRAME_OK, true},
        {TAIL_APART, SFRAME_OK, true},
        {PADDED, SFRAME_OK, false},
        {WITH_TLV, SFRAME_OK, false},
        {WITH_METADATA, SFRAME_OK, false},
        {HEAD_APART, SFRAME_OK, false},
        {HEAD_BEFORE, SFRAME_OK, false},
        {HEAD_SHORT, SFRAME_SPACE, false},
        {TAIL_SHORT, SFRAME_SPACE, false},
        {NO_CODEC, SFRAME_INVALID, false},
        {NO_INNER, SFRAME_INVALID, false},
        {NO_HEAD, SFRAME_INVALID, false},
        {NO_TAIL, SFRAME_INVALID, false},
        {TOO_LONG_A_PAYLOAD, SFRAME_INVALID, false},
        {LENGTH_WRAPS, SFRAME_INVALID, false},
    };
    struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, 5);
    warm(&twins);
    set_ctrs(&twins, 1 << 16); /* whose credit would pay for the longest */
    CU_ASSERT_EQUAL(sizeof rows / sizeof rows[0], SHAPES);
    for (size_t i = 0; i < SHAPES; i++) {
        CU_ASSERT_EQUAL_FATAL(both(&twins, PLAIN, 50), SFRAME_OK);
        CU_ASSERT_FATAL(twins.steady->current->credit > 1 << 23);
        const size_t before = fix_steady_seals;
        CU_ASSERT_EQUAL(both(&twins, rows[i].shape, 50), rows[i].want);
        CU_ASSERT_EQUAL(fix_steady_seals > before, rows[i].steady);
    }
    free_twins(&twins);
}

/* The longest there is memory for: longer than the limit, which credit would pay for. */
static void too_long(void)
{
    struct sframe_sender *sender = new_sender(fix_provider_steady(), &(struct sframe_sender_config){.key_history = 1});
    uint8_t *buffer = calloc(1, HEAD + (size_t)TOO_LONG + SFRAME_TAG_MAX);
    struct sframe_sealed sealed;
    CU_ASSERT_PTR_NOT_NULL_FATAL(buffer);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_OK);
    make_inner(PLAIN);
    fix_set_ctr(sender->current, 1 << 16);
    for (size_t len = TOO_LONG - 3; len <= TOO_LONG; len++)
        CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, buffer, HEAD, buffer + HEAD, len, buffer + HEAD + len,
                                    SFRAME_TAG_MAX, &sealed),
                        len <= SFRAME_FRAME_MAX ? SFRAME_OK : SFRAME_INVALID);
    CU_ASSERT_EQUAL(buffer[0], 0);
    free(buffer);
    fix_free_sender(sender);
}

static void no_sender_no_key_no_result(void)
{
    struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, 5);
    struct sframe_sealed sealed;
    warm(&twins);
    make_inner(PLAIN);
    struct sframe_seal_item item = item_of(twins.steady, &rooms[0], PLAIN, 50);
    CU_ASSERT_EQUAL(seal_steady(&item, NULL), SFRAME_INVALID);
    item.sender = NULL;
    CU_ASSERT_EQUAL(seal_steady(&item, &sealed), SFRAME_INVALID);
    item.sender = twins.steady;
    CU_ASSERT_EQUAL(sframe_sender_remove_key(twins.steady, 5), SFRAME_OK);
    CU_ASSERT_EQUAL(seal_steady(&item, &sealed), SFRAME_NO_KEY);
    free_twins(&twins);
}

/* Without inner headers nothing is steady, and there is none to be written. */
static void the_other_profile(void)
{
    struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_RFC9605, 5);
    const size_t before = fix_steady_seals;
    for (size_t i = 0; i < WARM; i++)
        CU_ASSERT_EQUAL_FATAL(both(&twins, NO_INNER, 20), SFRAME_OK);
    CU_ASSERT_EQUAL(both(&twins, PLAIN, 20), SFRAME_INVALID);
    CU_ASSERT_EQUAL(fix_steady_seals, before);
    free_twins(&twins);
}

/* A frame is told on success only; its counter is spent before. */
static void a_cipher_that_fails(void)
{
    static const uint8_t zeros[SFRAME_INNER_FIXED_LEN + 50 + SFRAME_TAG_MAX];
    struct twins twins = new_twins(fix_provider_steady(), 0, SFRAME_PROFILE_SOTTO, 5);
    struct sframe_sealed sealed = {.ctr = 77};
    warm(&twins);
    make_inner(PLAIN);
    const struct sframe_seal_item item = item_of(twins.steady, &rooms[0], PLAIN, 50);
    const uint64_t ctr = twins.steady->current->ctr;
    const size_t before = fix_steady_seals;
    fix_steady_seals_break = true;
    CU_ASSERT_EQUAL(seal_steady(&item, &sealed), SFRAME_CRYPTO);
    fix_steady_seals_break = false;
    CU_ASSERT_EQUAL(fix_steady_seals, before + 1);
    CU_ASSERT(twins.steady->current->ctr == ctr + 1 && sealed.ctr == 77);
    unit_assert_bytes("text and tag", item.payload - SFRAME_INNER_FIXED_LEN, sizeof zeros, zeros, sizeof zeros);
    CU_ASSERT_EQUAL(seal_steady(&item, &sealed), SFRAME_OK);
    CU_ASSERT_EQUAL(sealed.ctr, ctr + 1);
    free_twins(&twins);
}

/* The same of this process's own cipher: one whose state was wiped. */
static void a_wiped_cipher(void)
{
    static const uint8_t zeros[SFRAME_INNER_FIXED_LEN + 50 + SFRAME_TAG_MAX];
    struct sframe_sender *sender = fix_sender_kid(5);
    struct fix_frame frame;
    struct sframe_sealed sealed = {.ctr = 77};
    for (uint32_t i = 0; i < WARM; i++)
        fix_seal_at(sender, i, &frame);
    CU_ASSERT_EQUAL(sender->current->credit > 0, sender->crypto.aead->seal_one != NULL);
    make_inner(PLAIN);
    const struct sframe_seal_item item = item_of(sender, &rooms[0], PLAIN, 50);
    memset(&rooms[0], 0x42, sizeof rooms[0]);
    sender->crypto.aead->wipe(sender->current->key.state);
    CU_ASSERT_EQUAL(seal_steady(&item, &sealed), SFRAME_CRYPTO);
    CU_ASSERT(sender->current->ctr == WARM + 1 && sealed.ctr == 77);
    unit_assert_bytes("text and tag", item.payload - SFRAME_INNER_FIXED_LEN, sizeof zeros, zeros, sizeof zeros);
    fix_free_sender(sender);
}

static const struct unit_test tests[] = {
    {"random frames are the general way's, byte for byte", random_frames},
    {"nearly all plain frames are steady", most_are_steady},
    {"headers of every length, and counters that grow", lengths_of_headers},
    {"limits of frames, soft and hard", limits_of_frames},
    {"limits of blocks, soft and hard", limits_of_blocks},
    {"keys in turn, some removed and added again", keys_in_turn},
    {"what a steady frame is not, each between steady ones", each_shape},
    {"a frame beyond the longest is refused, whatever credit would pay for", too_long},
    {"without a sender, a key, or room for the result", no_sender_no_key_no_result},
    {"frames without inner headers are not steady", the_other_profile},
    {"a cipher that fails spends the counter and tells nothing", a_cipher_that_fails},
    {"a wiped cipher leaves neither text nor tag", a_wiped_cipher},
};

UNIT_MAIN("sframe.steady", tests)
