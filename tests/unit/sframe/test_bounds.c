/* No call of a frame's way reads or writes a byte outside what it is given: everything, contexts included, stands
 * against a page that nobody may touch, at either side in turn. Of other buffers than the ciphers' a sanitizer sees as
 * much; in what is shipped there is none. */
#include <string.h>

#include "batch.h"
#include "fence.h"
#include "fixture.h"
#include "header.h"
#include "inner.h"
#include "receiver.h"
#include "sender.h"

enum {
    SHORT_MAX = 300, /* every length up to it */
    LONG_MAX = 131000,
    METADATA_MAX = 400,
    PADDING_MAX = 40,
    TAIL_MAX = PADDING_MAX + SFRAME_TAG_MAX,
    FRAME_MAX = SFRAME_HEAD_MAX + LONG_MAX + TAIL_MAX,
    ITEMS = 18,             /* more than a run of a batch */
    SIZES_DIFFER = 1 << 16, /* contexts of suites, at most by that */
};

static const size_t long_lens[] = {1200, 4096, 65536, LONG_MAX};
static uint64_t seed = 605;

static size_t random_below(size_t bound)
{
    return (size_t)(unit_random(&seed) >> 16) % bound;
}

static void random_bytes(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(unit_random(&seed) >> 24);
}

/* --- headers --- */

/* The largest value of len bytes; of none, the largest that stands in the config byte. */
static uint64_t value_of(size_t len)
{
    return len == 0 ? SFRAME_FIELD_INLINE_MAX : UINT64_MAX >> (64 - 8 * len);
}

static void check_header(const struct fence *room, const struct fence *out, enum fence_side side, uint64_t kid,
                         uint64_t ctr)
{
    const size_t len = sframe_header_len(kid, ctr);
    size_t *written = (size_t *)(void *)fence_room(out, side, sizeof *written);
    uint8_t *bytes = fence_room(room, side, len);
    uint8_t whole[SFRAME_HEADER_MAX];
    fence_try("a header of %zu bytes", len);
    CU_ASSERT_EQUAL_FATAL(sframe_header_write(kid, ctr, bytes, len, written), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(*written, len);
    memcpy(whole, bytes, len);
    struct sframe_header *header = (struct sframe_header *)(void *)fence_room(out, side, sizeof *header);
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *start = fence_room(room, side, cut);
        memcpy(start, whole, cut);
        fence_try("%zu bytes of a header of %zu", cut, len);
        CU_ASSERT_EQUAL_FATAL(sframe_header_read(start, cut, header), cut < len ? SFRAME_HEADER : SFRAME_OK);
        if (cut < len)
            CU_ASSERT_EQUAL_FATAL(sframe_header_write(kid, ctr, start, cut, &(size_t){0}), SFRAME_SPACE);
    }
    CU_ASSERT(header->kid == kid && header->ctr == ctr && header->len == len);
}

static void headers(void)
{
    const struct fence *room = fence_new("a header", SFRAME_HEADER_MAX);
    const struct fence *out = fence_new("what is told of a header", sizeof(struct sframe_header));
    for (int side = 0; side < FENCE_SIDES; side++)
        for (size_t kid_len = 0; kid_len <= 8; kid_len++)
            for (size_t ctr_len = 0; ctr_len <= 8; ctr_len++)
                check_header(room, out, (enum fence_side)side, value_of(kid_len), value_of(ctr_len));
}

/* Random but for their first byte, which says what follows, and with lengths that fit, or nearly. */
static void place_inner_header(const struct core_span *text, unsigned flags)
{
    random_bytes(text->data, text->len);
    for (size_t i = SFRAME_INNER_FIXED_LEN; i < text->len; i++)
        text->data[i] = random_below(4) ? 0 : (uint8_t)random_below(text->len);
    if (text->len > 0)
        text->data[0] = (uint8_t)(SFRAME_INNER_PLAIN | flags);
}

static void inner_headers(void)
{
    enum { FLAGS = 8, ROUNDS = 32 };
    const struct fence *room = fence_new("a decrypted frame", SHORT_MAX);
    const struct fence *out = fence_new("what is read of it", sizeof(struct sframe_inner));
    for (int side = 0; side < FENCE_SIDES; side++)
        for (size_t len = 0; len <= SHORT_MAX; len++)
            for (unsigned round = 0; round < ROUNDS; round++) {
                struct sframe_inner *inner =
                    (struct sframe_inner *)(void *)fence_room(out, (enum fence_side)side, sizeof *inner);
                const struct core_span text = {fence_room(room, (enum fence_side)side, len), len};
                struct core_span payload;
                place_inner_header(&text, round % FLAGS);
                fence_try("an inner header in %zu bytes", len);
                if (sframe_inner_parse(text, inner, &payload) == SFRAME_OK)
                    CU_ASSERT_FATAL(payload.data >= text.data && payload.len <= len &&
                                    payload.data + payload.len + inner->padding == text.data + len);
            }
}

static void tlv_blocks(void)
{
    const struct fence *room = fence_new("a TLV block", SFRAME_TLV_MAX);
    for (int side = 0; side < FENCE_SIDES; side++)
        for (size_t len = 0; len <= SFRAME_TLV_MAX; len++)
            for (int round = 0; round < 20; round++) {
                const uint8_t *value;
                size_t value_len;
                uint8_t *tlv = fence_room(room, (enum fence_side)side, len);
                const struct sframe_inner inner = {.tlv = tlv, .tlv_len = len};
                for (size_t i = 0; i < len; i++)
                    tlv[i] = (uint8_t)random_below(round + 2);
                fence_try("a TLV block of %zu bytes", len);
                if (sframe_tlv_find(&inner, 1, &value, &value_len) == SFRAME_OK)
                    CU_ASSERT_FATAL(value >= tlv && value + value_len <= tlv + len);
            }
}

static void keys(void)
{
    const struct fence *base = fence_new("a base key", SFRAME_BASE_KEY_MAX);
    const struct fence *key_room = fence_new("a key", CORE_AEAD_KEY_MAX);
    const struct fence *salt_room = fence_new("a salt", CORE_NONCE_LEN);
    for (int side = 0; side < FENCE_SIDES; side++)
        for (uint16_t id = SFRAME_AES_128_CTR_HMAC_SHA256_80; id <= SFRAME_AES_256_CTR_HMAC_SHA512_32; id++)
            for (size_t len = SFRAME_BASE_KEY_MIN; len <= SFRAME_BASE_KEY_MAX; len++) {
                const struct sframe_suite *suite = sframe_suite_find(id);
                uint8_t *secret = fence_room(base, (enum fence_side)side, len);
                memset(secret, 3, len);
                fence_try("a base key of %zu bytes, %s", len, suite->name);
                CU_ASSERT_EQUAL_FATAL(sframe_derive(suite, 9, secret, len,
                                                    fence_room(key_room, (enum fence_side)side, suite->nk),
                                                    fence_room(salt_room, (enum fence_side)side, suite->nn)),
                                      SFRAME_OK);
                CU_ASSERT_EQUAL_FATAL(
                    sframe_ratchet(suite, secret, len, fence_room(key_room, (enum fence_side)side, suite->nh)),
                    SFRAME_OK);
            }
}

/* --- frames --- */

/* Where one frame's buffers stand. */
struct seat {
    const struct fence *head;
    const struct fence *payload;
    const struct fence *tail;
    const struct fence *metadata;
    const struct fence *frame;
    size_t payload_len;
    size_t frame_len;
    uint8_t sealed[FRAME_MAX]; /* the frame, to be put anywhere */
};

static struct seat seats[ITEMS];
static const struct fence *inner_room, *tlv_room, *sealed_room, *opened_room, *expect_room, *items_room;

static void make_rooms(void)
{
    if (inner_room)
        return;
    for (struct seat *seat = seats; seat < seats + ITEMS; seat++) {
        seat->head = fence_new("a head", SFRAME_HEAD_MAX);
        seat->payload = fence_new("a payload", LONG_MAX);
        seat->tail = fence_new("a tail", TAIL_MAX);
        seat->metadata = fence_new("metadata", METADATA_MAX);
        seat->frame = fence_new("a frame", FRAME_MAX);
    }
    inner_room = fence_new("an inner header", sizeof(struct sframe_inner));
    tlv_room = fence_new("a TLV block", SFRAME_TLV_MAX);
    sealed_room = fence_new("what is told of a sealed frame", sizeof(struct sframe_sealed));
    opened_room = fence_new("what is told of an opened frame", sizeof(struct sframe_opened));
    expect_room = fence_new("what is expected", sizeof(struct sframe_expect));
    items_room = fence_new("items", ITEMS * (sizeof(struct sframe_seal_item) + sizeof(struct sframe_open_item)));
}

struct setting {
    const struct core_provider *provider;
    const struct sframe_suite *suite;
    enum sframe_profile profile;
    enum fence_side side;
    void (*run)(struct setting *setting);
    bool joined; /* head, payload and tail are one buffer */
    uint64_t kid;
    uint64_t ctr; /* of the next frame */
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    struct sframe_batch *batch;
};

static uint8_t pattern(size_t i, size_t len)
{
    return (uint8_t)(i * 13 + len);
}

/* An inner header of the kind that frames of len bytes have here: plain, padded, with TLVs, with both. */
static const struct sframe_inner *place_inner(const struct setting *setting, size_t len)
{
    struct sframe_inner *inner = (struct sframe_inner *)(void *)fence_room(inner_room, setting->side, sizeof *inner);
    const size_t tlv_len = len % 4 < 2 ? 0 : 2 + len % 60;
    uint8_t *tlv = fence_room(tlv_room, setting->side, tlv_len);
    if (setting->profile == SFRAME_PROFILE_RFC9605)
        return NULL;
    memset(tlv, 'n', tlv_len);
    if (tlv_len > 0) {
        tlv[0] = SFRAME_TLV_NAME;
        tlv[1] = (uint8_t)(tlv_len - 2);
    }
    *inner = (struct sframe_inner){.codec = SFRAME_CODEC_VP8,
                                   .capture_ms = FIX_TIME_MS,
                                   .padding = len % 2 * (1 + len % PADDING_MAX),
                                   .tlv = tlv_len > 0 ? tlv : NULL,
                                   .tlv_len = tlv_len};
    return inner;
}

/* What sframe_seal takes for the next frame: no byte of room is too many. */
static struct sframe_seal_item place(struct setting *setting, struct seat *seat, size_t len)
{
    const struct sframe_inner *inner = place_inner(setting, len);
    const size_t head_len = sframe_header_len(setting->kid, setting->ctr++) + (inner ? sframe_inner_len(inner) : 0);
    const size_t tail_len = (inner ? inner->padding : 0) + setting->suite->nt;
    struct sframe_seal_item item = {.sender = setting->sender,
                                    .inner = inner,
                                    .metadata_len = len * 7 % METADATA_MAX,
                                    .head_cap = head_len,
                                    .payload_len = len,
                                    .tail_cap = tail_len};
    if (setting->joined) {
        item.head = fence_room(seat->frame, setting->side, head_len + len + tail_len);
        item.payload = item.head + head_len;
        item.tail = item.payload + len;
        item.metadata_len = 0;
    } else {
        item.head = fence_room(seat->head, setting->side, head_len);
        item.payload = fence_room(seat->payload, setting->side, len);
        item.tail = fence_room(seat->tail, setting->side, tail_len);
    }
    uint8_t *metadata = fence_room(seat->metadata, setting->side, item.metadata_len);
    memset(metadata, 0x3e, item.metadata_len);
    item.metadata = metadata;
    for (size_t i = 0; i < len; i++)
        item.payload[i] = pattern(i, len);
    return item;
}

static void keep(struct seat *seat, const struct sframe_seal_item *item)
{
    memcpy(seat->sealed, item->head, item->head_cap);
    memcpy(seat->sealed + item->head_cap, item->payload, item->payload_len);
    memcpy(seat->sealed + item->head_cap + item->payload_len, item->tail, item->tail_cap);
    seat->payload_len = item->payload_len;
    seat->frame_len = item->head_cap + item->payload_len + item->tail_cap;
}

static bool payload_right(const struct seat *seat, const struct sframe_opened *opened)
{
    bool right = opened->payload_len == seat->payload_len;
    for (size_t i = 0; right && i < opened->payload_len; i++)
        right = opened->payload[i] == pattern(i, opened->payload_len);
    return right;
}

/* Opens the frame's first bytes, len of them. */
static int open_cut(const struct setting *setting, const struct seat *seat, const struct sframe_seal_item *item,
                    size_t len)
{
    struct sframe_opened *opened =
        (struct sframe_opened *)(void *)fence_room(opened_room, setting->side, sizeof *opened);
    struct sframe_expect *expect =
        (struct sframe_expect *)(void *)fence_room(expect_room, setting->side, sizeof *expect);
    uint8_t *frame = fence_room(seat->frame, setting->side, len);
    memcpy(frame, seat->sealed, len);
    *expect = (struct sframe_expect){.codec = item->inner ? SFRAME_CODEC_VP8 : SFRAME_CODEC_ANY};
    fence_try("%zu bytes of a frame of %zu, %s, %s", len, seat->frame_len, setting->suite->name,
              setting->provider->name);
    const int rc =
        sframe_open(setting->receiver, expect, item->metadata, item->metadata_len, frame, len, FIX_TIME_MS, opened);
    if (rc == SFRAME_OK)
        CU_ASSERT_FATAL(payload_right(seat, opened));
    return rc;
}

/* Returns its counter. */
static uint64_t seal_one(struct setting *setting, const struct sframe_seal_item *item)
{
    struct sframe_sealed *sealed =
        (struct sframe_sealed *)(void *)fence_room(sealed_room, setting->side, sizeof *sealed);
    fence_try("to seal %zu bytes, %s, %s", item->payload_len, setting->suite->name, setting->provider->name);
    CU_ASSERT_EQUAL_FATAL(sframe_seal(item->sender, item->inner, item->metadata, item->metadata_len, item->head,
                                      item->head_cap, item->payload, item->payload_len, item->tail, item->tail_cap,
                                      sealed),
                          SFRAME_OK);
    CU_ASSERT_FATAL(sealed->head_len == item->head_cap && sealed->tail_len == item->tail_cap);
    return sealed->ctr;
}

/* One frame, also cut off: everywhere if it is one of some, else where its tag begins and at a place or two. */
static void run_one(struct setting *setting, size_t len)
{
    struct seat *seat = &seats[0];
    const struct sframe_seal_item item = place(setting, seat, len);
    const uint64_t ctr = seal_one(setting, &item);
    keep(seat, &item);
    const size_t step = len % 100 == 0 ? 1 : 1 + random_below(seat->frame_len);
    if (ctr > 0) /* a newcomer is tried only so often */
        for (size_t cut = 0; cut < seat->frame_len && cut <= SHORT_MAX; cut += step)
            CU_ASSERT_NOT_EQUAL_FATAL(open_cut(setting, seat, &item, cut), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(open_cut(setting, seat, &item, seat->frame_len), SFRAME_OK);
}

/* Frames together, every fourth cut off somewhere. */
static void run_batch(struct setting *setting, size_t len)
{
    struct sframe_seal_item *seals =
        (struct sframe_seal_item *)(void *)fence_room(items_room, setting->side, ITEMS * sizeof *seals);
    struct sframe_seal_item sealed[ITEMS];
    for (size_t i = 0; i < ITEMS; i++)
        seals[i] = place(setting, &seats[i], len);
    fence_try("to seal %d of %zu bytes, %s, %s", ITEMS, len, setting->suite->name, setting->provider->name);
    CU_ASSERT_EQUAL_FATAL(sframe_seal_batch(setting->batch, seals, ITEMS), SFRAME_OK);
    memcpy(sealed, seals, sizeof sealed);
    struct sframe_open_item *opens =
        (struct sframe_open_item *)(void *)fence_room(items_room, setting->side, ITEMS * sizeof *opens);
    for (size_t i = 0; i < ITEMS; i++) {
        struct seat *seat = &seats[i];
        keep(seat, &sealed[i]);
        const size_t cut = i % 4 == 3 ? random_below(seat->frame_len) : seat->frame_len;
        uint8_t *frame = fence_room(seat->frame, setting->side, cut);
        memcpy(frame, seat->sealed, cut);
        opens[i] = (struct sframe_open_item){
            .metadata = sealed[i].metadata, .metadata_len = sealed[i].metadata_len, .frame = frame, .frame_len = cut};
    }
    fence_try("to open %d of %zu bytes, %s, %s", ITEMS, len, setting->suite->name, setting->provider->name);
    CU_ASSERT_NOT_EQUAL_FATAL(sframe_open_batch(setting->batch, setting->receiver, opens, ITEMS, FIX_TIME_MS),
                              SFRAME_OK);
    for (size_t i = 0; i < ITEMS; i++) {
        CU_ASSERT_EQUAL_FATAL(opens[i].error == SFRAME_OK, i % 4 != 3);
        CU_ASSERT_FATAL(i % 4 == 3 || payload_right(&seats[i], &opens[i].opened));
    }
}

static void run_all(struct setting *setting)
{
    for (int joined = 0; joined < 2; joined++) {
        setting->joined = joined;
        for (size_t len = 0; len <= SHORT_MAX; len++) {
            run_one(setting, len);
            if (len % 3 == 0)
                run_batch(setting, len);
        }
        for (size_t i = 0; i < sizeof long_lens / sizeof long_lens[0]; i++) {
            run_one(setting, long_lens[i]);
            run_batch(setting, long_lens[i]);
        }
    }
}

/* Also forged and cut off, which changes nothing. */
static void open_expected(const struct setting *setting, struct seat *seat, const struct sframe_seal_item *item)
{
    uint8_t *last = &seat->sealed[seat->frame_len - 1];
    CU_ASSERT_NOT_EQUAL_FATAL(open_cut(setting, seat, item, random_below(seat->frame_len)), SFRAME_OK);
    *last ^= 1;
    CU_ASSERT_EQUAL_FATAL(open_cut(setting, seat, item, seat->frame_len), SFRAME_AUTH);
    *last ^= 1;
    CU_ASSERT_EQUAL_FATAL(open_cut(setting, seat, item, seat->frame_len), SFRAME_OK);
}

/* Steady frames, whose header is stored as a word however long it is, with no byte of room before or behind them; they
 * are opened as expected, which loads as much. */
static void run_steady(struct setting *setting)
{
    static const uint64_t ctrs[] = {8, 300, 70000};
    setting->joined = true;
    for (size_t c = 0; c < sizeof ctrs / sizeof ctrs[0]; c++) {
        fix_set_ctr(setting->sender->current, ctrs[c]);
        setting->ctr = ctrs[c];
        struct sframe_replay *replay = &setting->receiver->streams.last->replay;
        replay->rate = UINT32_MAX; /* so that a counter may jump */
        replay->high.top_ms = 0;
        for (size_t len = 0; len <= SHORT_MAX; len += 4) { /* whose inner headers are plain */
            const struct sframe_seal_item item = place(setting, &seats[0], len);
            (void)seal_one(setting, &item);
            keep(&seats[0], &item);
            open_expected(setting, &seats[0], &item);
        }
    }
}

/* --- contexts --- */

/* As near to the page after it as what is aligned as by malloc can be. */
static void *context_room(const struct fence **fence, const char *name, enum fence_side side, size_t *size)
{
    const size_t unit = _Alignof(max_align_t);
    *size = (*size + unit - 1) / unit * unit;
    if (!*fence)
        *fence = fence_new(name, *size + SIZES_DIFFER);
    return fence_room(*fence, side, *size);
}

static void with_contexts(struct setting *setting)
{
    static const struct fence *sender_room, *receiver_room, *batch_room, *key_room;
    const struct sframe_sender_config sender_config = {
        .suite = setting->suite->id, .profile = (uint8_t)setting->profile, .keys = 1, .key_history = 8};
    const struct sframe_receiver_config receiver_config = {
        .suite = setting->suite->id, .profile = (uint8_t)setting->profile, .keys = 8};
    const enum fence_side side = setting->side;
    const size_t key_len = SFRAME_BASE_KEY_MIN + setting->suite->id;
    size_t size = sframe_sender_size(&sender_config);
    void *memory = context_room(&sender_room, "a sender", side, &size);
    fence_try("contexts, %s, %s", setting->suite->name, setting->provider->name);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_init_with(setting->provider, memory, size, &sender_config, &setting->sender),
                          SFRAME_OK);
    size = sframe_receiver_size(&receiver_config);
    memory = context_room(&receiver_room, "a receiver", side, &size);
    CU_ASSERT_EQUAL_FATAL(
        sframe_receiver_init_with(setting->provider, memory, size, &receiver_config, &setting->receiver), SFRAME_OK);
    size = sframe_batch_size();
    memory = context_room(&batch_room, "a batch", side, &size);
    CU_ASSERT_EQUAL_FATAL(sframe_batch_init_with(setting->provider, memory, size, &setting->batch), SFRAME_OK);
    if (!key_room)
        key_room = fence_new("a base key", SFRAME_BASE_KEY_MAX);
    uint8_t *key = fence_room(key_room, side, key_len);
    memset(key, 0x77, key_len);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(setting->sender, setting->kid, key, key_len), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_add_key(setting->receiver, setting->kid, key, key_len), SFRAME_OK);
    setting->run(setting);
    sframe_sender_wipe(setting->sender);
    sframe_receiver_wipe(setting->receiver);
    sframe_batch_wipe(setting->batch);
}

static void frames_of(const struct core_provider *provider)
{
    make_rooms();
    for (uint16_t suite = SFRAME_AES_128_CTR_HMAC_SHA256_80; suite <= SFRAME_AES_256_CTR_HMAC_SHA512_32; suite++)
        for (int profile = SFRAME_PROFILE_SOTTO; profile <= SFRAME_PROFILE_RFC9605; profile++)
            for (int side = 0; side < FENCE_SIDES; side++) {
                struct setting setting = {.provider = provider,
                                          .suite = sframe_suite_find(suite),
                                          .profile = (enum sframe_profile)profile,
                                          .side = (enum fence_side)side,
                                          .run = run_all,
                                          .kid = value_of((suite + (size_t)profile * 4) % 9)};
                with_contexts(&setting);
            }
}

static void frames_by_libcrypto(void)
{
    frames_of(&core_provider_libcrypto);
}

static void frames_by_ipsecmb(void)
{
    const char *refusal = NULL;
    const struct core_provider *provider = core_provider_ipsecmb(&refusal);
    if (provider)
        frames_of(provider);
    else
        unit_skip("no ipsec-mb provider: %s", refusal);
}

static void steady_frames_of(const struct core_provider *provider)
{
    make_rooms();
    for (size_t kid_len = 0; kid_len <= 6; kid_len++)
        for (int side = 0; side < FENCE_SIDES; side++) {
            struct setting setting = {.provider = provider,
                                      .suite = sframe_suite_find(SFRAME_SUITE_DEFAULT),
                                      .profile = SFRAME_PROFILE_SOTTO,
                                      .side = (enum fence_side)side,
                                      .run = run_steady,
                                      .kid = value_of(kid_len)};
            with_contexts(&setting);
        }
}

static void steady_frames(void)
{
    const size_t seals = fix_steady_seals;
    const size_t opens = fix_steady_opens;
    steady_frames_of(fix_provider_steady());
    CU_ASSERT(fix_steady_seals - seals > 2000);
    CU_ASSERT(fix_steady_opens - opens > 5000); /* two of each frame at least */
    steady_frames_of(core_provider_best());
}

static const struct unit_test tests[] = {
    {"headers are written and read inside their bytes", headers},
    {"inner headers are read inside their bytes", inner_headers},
    {"TLV blocks are searched inside their bytes", tlv_blocks},
    {"keys are derived inside their bytes", keys},
    {"steady frames stay inside what they are given, however short their headers", steady_frames},
    {"frames by libcrypto stay inside what they are given, whole and cut off", frames_by_libcrypto},
    {"frames by ipsec-mb stay inside what they are given, whole and cut off", frames_by_ipsecmb},
};

UNIT_MAIN("sframe.bounds", tests)
