/* The adversary mixes what it likes into a batch of frames: it may change nothing that single calls would not. */
#include "batch.h"
#include "fixture.h"
#include "receiver.h"
#include "sender.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 40, SENDERS = 4, ROUNDS = 60, SUITES = 8, KEPT = 200, ROOM = FIX_FRAME_MAX };

static uint64_t seed = 20261124;

static size_t random_below(size_t bound)
{
    return (size_t)(unit_random(&seed) >> 16) % bound;
}

static struct sframe_batch *new_batch(void)
{
    struct sframe_batch *batch = NULL;
    const size_t size = sframe_batch_size();
    void *memory = malloc(size);
    CU_ASSERT_FATAL(memory && sframe_batch_init(memory, size, &batch) == SFRAME_OK);
    return batch;
}

static void free_batch(struct sframe_batch *batch)
{
    sframe_batch_wipe(batch);
    free(batch);
}

static bool all_zero(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static struct sframe_open_item item_of(uint8_t *bytes, size_t len)
{
    return (struct sframe_open_item){.frame = bytes, .frame_len = len, .error = 77, .opened = {.ctr = 77}};
}

/* --- by hand --- */

static void one_counter_twice(void)
{
    for (uint16_t suite = 1; suite <= SUITES; suite++) {
        struct sframe_batch *batch = new_batch();
        struct sframe_sender *sender = fix_sender(suite, SFRAME_PROFILE_SOTTO);
        struct sframe_receiver *receiver = fix_receiver(suite, SFRAME_PROFILE_SOTTO);
        struct sframe_receiver_stats stats;
        struct fix_frame frame;
        static uint8_t copies[16][ROOM];
        struct sframe_open_item items[16];
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_OK);
        fix_seal_at(sender, 0, &frame); /* the stream is known after it */
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
        fix_seal_at(sender, 0, &frame);
        for (size_t i = 0; i < 16; i++) {
            memcpy(copies[i], frame.bytes, frame.len);
            items[i] = item_of(copies[i], frame.len);
        }
        /* the first two are forged: in the counter's name, they keep no genuine one out */
        copies[0][frame.len - 1] ^= 1;
        copies[1][frame.sealed.head_len] ^= 1;
        CU_ASSERT_EQUAL(sframe_open_batch(batch, receiver, items, 16, FIX_TIME_MS), SFRAME_AUTH);
        for (size_t i = 0; i < 16; i++) {
            CU_ASSERT_EQUAL(items[i].error, i < 2 ? SFRAME_AUTH : i == 2 ? SFRAME_OK : SFRAME_REPLAY);
            CU_ASSERT_EQUAL(items[i].opened.ctr, i == 2 ? 1 : 77);
            if (i == 2) {
                CU_ASSERT(fix_payload_ok(&items[i].opened, 40));
                continue;
            }
            CU_ASSERT(memcmp(copies[i] + frame.sealed.head_len, frame.bytes + frame.sealed.head_len, 38) == 0 ||
                      i < 2 || all_zero(copies[i] + frame.sealed.head_len - 6, 40 + 6));
        }
        sframe_receiver_stats(receiver, &stats);
        CU_ASSERT(stats.opened == 2 && stats.failed == 2 && stats.replayed == 13);
        fix_free_sender(sender);
        fix_free_receiver(receiver);
        free_batch(batch);
    }
}

static void arguments(void)
{
    struct sframe_batch *batch = new_batch();
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_receiver_stats stats;
    uint8_t byte = 0;
    struct sframe_open_item items[] = {item_of(NULL, 5), item_of(&byte, SIZE_MAX), item_of(&byte, 1),
                                       item_of(&byte, 0)};
    items[2].metadata_len = 1;
    CU_ASSERT_EQUAL(sframe_open_batch(NULL, receiver, items, 1, 0), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open_batch(batch, NULL, items, 1, 0), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_open_batch(batch, receiver, NULL, 1, 0), SFRAME_INVALID);
    CU_ASSERT_EQUAL(items[0].error, 77);
    CU_ASSERT_EQUAL(sframe_open_batch(batch, receiver, NULL, 0, 0), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_open_batch(batch, receiver, items, 4, 0), SFRAME_INVALID);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(items[i].error, SFRAME_INVALID);
    CU_ASSERT_EQUAL(items[3].error, SFRAME_HEADER);
    sframe_receiver_stats(receiver, &stats);
    CU_ASSERT_EQUAL(stats.refused, 1); /* a caller's mistake is no frame */
    fix_free_receiver(receiver);
    free_batch(batch);
}

/* --- against single calls --- */

/* Two receivers that are given the same, one in batches. */
struct twins {
    struct sframe_batch *batch;
    struct sframe_receiver *receivers[2];
    struct sframe_sender *senders[SENDERS];
    struct fix_frame kept[KEPT]; /* to be sent again */
    size_t kept_count;
    uint64_t now_ms;
};

static void open_twins(struct twins *twins, uint16_t suite)
{
    twins->batch = new_batch();
    twins->kept_count = 0;
    twins->now_ms = FIX_TIME_MS;
    for (size_t i = 0; i < 2; i++) {
        /* room for fewer streams than there are senders, so that some are refused */
        twins->receivers[i] = fix_receiver_of(&(struct sframe_receiver_config){.suite = suite, .keys = SENDERS - 1});
        CU_ASSERT_EQUAL(sframe_receiver_add_shared(twins->receivers[i], fix_key, sizeof fix_key), SFRAME_OK);
        /* which KIDs share a quota's bucket, and what a derivation takes of it, is else a receiver's own secret */
        twins->receivers[i]->seed = suite;
        twins->receivers[i]->quota.random = suite;
    }
    for (size_t i = 0; i < SENDERS; i++) {
        twins->senders[i] = fix_sender(suite, SFRAME_PROFILE_SOTTO);
        CU_ASSERT_EQUAL(sframe_sender_add_key(twins->senders[i], fix_kid((unsigned)i % SFRAME_KINDS, 0, i / 2 + 1),
                                              fix_key, sizeof fix_key),
                        SFRAME_OK);
    }
}

static void close_twins(struct twins *twins)
{
    free_batch(twins->batch);
    for (size_t i = 0; i < 2; i++)
        fix_free_receiver(twins->receivers[i]);
    for (size_t i = 0; i < SENDERS; i++)
        fix_free_sender(twins->senders[i]);
}

/* Genuine; again; changed in a bit; cut; from far ahead; late. */
static void next_frame(struct twins *twins, struct fix_frame *frame)
{
    struct sframe_sender *sender = twins->senders[random_below(random_below(6) == 0 ? SENDERS : 2)];
    const size_t how = random_below(16);
    if (how == 0)
        fix_set_ctr(sender->current, sender->current->ctr + (random_below(8) == 0 ? 600 : 1));
    fix_seal(sender, SFRAME_PROFILE_SOTTO, (uint32_t)twins->now_ms - (how == 1 ? 5000u : 0),
             random_below(FIX_PAYLOAD_MAX), frame);
    struct fix_frame *kept = &twins->kept[random_below(KEPT)];
    if (twins->kept_count < KEPT)
        kept = &twins->kept[twins->kept_count++];
    *kept = *frame;
    if (how >= 12)
        *frame = twins->kept[random_below(how == 12 ? twins->kept_count : 1) + (how > 12 ? twins->kept_count - 1 : 0)];
    if (how >= 2 && how <= 4)
        frame->bytes[random_below(frame->len)] ^= (uint8_t)(1u << random_below(8));
    if (how == 5)
        frame->len = random_below(frame->len);
}

static void same_stats(const struct twins *twins)
{
    struct sframe_receiver_stats stats[2];
    memset(stats, 0, sizeof stats);
    for (size_t i = 0; i < 2; i++)
        sframe_receiver_stats(twins->receivers[i], &stats[i]);
    CU_ASSERT_FATAL(stats[0].opened == stats[1].opened && stats[0].failed == stats[1].failed &&
                    stats[0].replayed == stats[1].replayed && stats[0].late == stats[1].late &&
                    stats[0].no_key == stats[1].no_key && stats[0].refused == stats[1].refused &&
                    stats[0].keys == stats[1].keys);
}

static void same_opened(const struct sframe_opened *a, const struct sframe_opened *b)
{
    CU_ASSERT_FATAL(a->kid == b->kid && a->ctr == b->ctr && a->context == b->context && a->sender == b->sender &&
                    a->payload_len == b->payload_len && a->inner.codec == b->inner.codec &&
                    a->inner.capture_ms == b->inner.capture_ms && memcmp(a->payload, b->payload, a->payload_len) == 0);
}

static size_t one_batch(struct twins *twins, const struct sframe_expect *expects, size_t count)
{
    static struct fix_frame frames[FRAMES];
    static uint8_t bytes[2][FRAMES][ROOM];
    struct sframe_open_item items[FRAMES];
    int first = SFRAME_OK;
    size_t opened = 0;
    for (size_t i = 0; i < count; i++) {
        next_frame(twins, &frames[i]);
        for (size_t copy = 0; copy < 2; copy++)
            memcpy(bytes[copy][i], frames[i].bytes, frames[i].len);
        items[i] = item_of(bytes[0][i], frames[i].len);
        items[i].expect = random_below(10) == 0 ? &expects[random_below(2)] : NULL;
    }
    const int rc = sframe_open_batch(twins->batch, twins->receivers[0], items, count, twins->now_ms);
    for (size_t i = 0; i < count; i++) {
        struct sframe_opened alone = {0};
        const int want = sframe_open(twins->receivers[1], items[i].expect, NULL, 0, bytes[1][i], frames[i].len,
                                     twins->now_ms, &alone);
        if (first == SFRAME_OK)
            first = want;
        CU_ASSERT_EQUAL_FATAL(items[i].error, want);
        if (want == SFRAME_OK) {
            same_opened(&items[i].opened, &alone);
            opened++;
            continue;
        }
        CU_ASSERT_EQUAL(items[i].opened.ctr, 77);
        /* as it came, or wiped: of a text of some length both are told from plaintext */
        if (frames[i].len > 100)
            CU_ASSERT(memcmp(bytes[0][i], frames[i].bytes, frames[i].len) == 0 ||
                      all_zero(bytes[0][i] + SFRAME_HEADER_MAX, frames[i].len - SFRAME_HEADER_MAX - SFRAME_TAG_MAX));
    }
    CU_ASSERT_EQUAL_FATAL(rc, first);
    same_stats(twins);
    return opened;
}

static void as_single_calls(void)
{
    static const struct sframe_expect expects[] = {{.kinds = 1u << SFRAME_CAMERA}, {.codec = SFRAME_CODEC_AV1}};
    static struct twins twins;
    for (uint16_t suite = 1; suite <= SUITES; suite++) {
        size_t opened = 0;
        open_twins(&twins, suite);
        for (size_t round = 0; round < ROUNDS; round++) {
            opened += one_batch(&twins, expects, random_below(FRAMES) + 1);
            twins.now_ms += random_below(round % 8 == 0 ? 70000 : 40);
        }
        CU_ASSERT(opened > 100);
        struct sframe_receiver_stats stats;
        sframe_receiver_stats(twins.receivers[0], &stats);
        CU_ASSERT(stats.failed > 10 && stats.replayed > 10 && stats.late > 3 && stats.refused > 3);
        close_twins(&twins);
    }
}

static const struct unit_test tests[] = {
    {"of a counter in one batch one frame opens, and forged ones keep it not out", one_counter_twice},
    {"what a batch is not given is refused, and no frame", arguments},
    {"a batch opens as single calls do: forged, repeated, cut, far ahead, late, new, too many", as_single_calls},
};

UNIT_MAIN("adversary.sframe.batch", tests)
