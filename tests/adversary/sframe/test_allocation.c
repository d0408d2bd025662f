/* What sealing and opening ask of the C library (nothing), and what happens when it gives no memory. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "core/provider.h"
#include "probe.h"
#include "receiver.h"
#include "sender.h"

enum { FRAMES = 200, PAYLOAD = 20000, COPY_MAX = 512 /* header, key and tag sizes; never a payload */ };

struct call {
    uint16_t suite;
    uint8_t profile;
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    uint8_t *buffer;
    uint64_t frames;
};

static void seal_and_open(struct call *call, struct probe_counts *sealing, struct probe_counts *opening)
{
    uint8_t *payload = call->buffer + SFRAME_HEAD_MAX;
    const struct sframe_inner inner = {
        .codec = SFRAME_CODEC_AV1, .capture_ms = (uint32_t)call->frames * 33, .padding = 100};
    struct sframe_sealed sealed;
    struct sframe_opened opened;
    memset(payload, 0x5a, PAYLOAD);
    probe_start();
    int rc = sframe_seal(call->sender, call->profile == SFRAME_PROFILE_SOTTO ? &inner : NULL, NULL, 0, call->buffer,
                         SFRAME_HEAD_MAX, payload, PAYLOAD, payload + PAYLOAD, 100 + SFRAME_TAG_MAX, &sealed);
    *sealing = probe_stop();
    CU_ASSERT_EQUAL_FATAL(rc, SFRAME_OK);
    if (call->frames % 3 == 2)
        payload[5] ^= 1; /* forged frames must not cost one either */
    const uint64_t now_ms = FIX_TIME_MS + call->frames * 33;
    uint8_t *frame = payload - sealed.head_len;
    const size_t len = sealed.head_len + PAYLOAD + sealed.tail_len;
    probe_start();
    rc = sframe_open(call->receiver, NULL, NULL, 0, frame, len, now_ms, &opened);
    *opening = probe_stop();
    CU_ASSERT_EQUAL(rc, call->frames % 3 == 2 ? SFRAME_AUTH : SFRAME_OK);
    if (rc == SFRAME_OK) {
        CU_ASSERT_PTR_EQUAL(opened.payload, payload); /* in place */
        CU_ASSERT_EQUAL(opened.payload_len, PAYLOAD);
    }
    call->frames++;
}

/* Runs a sender's and a receiver's whole life; false if something said it had no memory, with everything released. */
static bool whole_life(const struct core_provider *provider, uint16_t suite)
{
    static const uint8_t members[] = {0xff};
    const struct sframe_sender_config sender_config = {.suite = suite, .keys = 2, .key_history = 8};
    const struct sframe_receiver_config receiver_config = {.suite = suite, .keys = 3};
    struct sframe_sender *sender = NULL;
    struct sframe_receiver *receiver = NULL;
    void *sender_memory = malloc(sframe_sender_size(&sender_config));
    void *receiver_memory = malloc(sframe_receiver_size(&receiver_config));
    struct fix_frame frame;
    uint64_t kid = 0;
    bool ok = sender_memory && receiver_memory;
    int rc = SFRAME_OK;
    if (ok)
        rc = sframe_sender_init_with(provider, sender_memory, sframe_sender_size(&sender_config), &sender_config,
                                     &sender);
    if (ok && rc == SFRAME_OK)
        rc = sframe_receiver_init_with(provider, receiver_memory, sframe_receiver_size(&receiver_config),
                                       &receiver_config, &receiver);
    if (ok && rc == SFRAME_OK)
        rc = sframe_kid_from_leaf(4, 1, 8, 1, &kid);
    if (ok && rc == SFRAME_OK)
        rc = sframe_sender_add_key(sender, kid, fix_key, sizeof fix_key);
    if (ok && rc == SFRAME_OK)
        rc = sframe_receiver_add_epoch(receiver, 1, 8, members, fix_key, sizeof fix_key);
    if (ok && rc == SFRAME_OK) {
        fix_seal_at(sender, 0, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    }
    if (rc != SFRAME_OK) {
        CU_ASSERT(rc == SFRAME_MEMORY || rc == SFRAME_CRYPTO);
        ok = false;
    }
    sframe_sender_wipe(sender);
    sframe_receiver_wipe(receiver);
    free(sender_memory);
    free(receiver_memory);
    return ok;
}

static void nothing_on_the_frame_path(void)
{
    if (!probe_present())
        return;
    /* the probe works: a cipher state is allocated in libcrypto */
    CU_ASSERT(whole_life(&core_provider_libcrypto, SFRAME_SUITE_DEFAULT));
    probe_start();
    CU_ASSERT(whole_life(&core_provider_libcrypto, SFRAME_SUITE_DEFAULT));
    CU_ASSERT(probe_stop().allocations >= 9);
    for (uint16_t suite = 1; suite <= 8; suite++)
        for (uint8_t profile = 0; profile <= SFRAME_PROFILE_RFC9605; profile++) {
            struct call call = {.suite = suite, .profile = profile};
            call.receiver = fix_receiver(suite, profile);
            call.buffer = malloc(SFRAME_HEAD_MAX + PAYLOAD + 100 + SFRAME_TAG_MAX);
            CU_ASSERT_PTR_NOT_NULL_FATAL(call.buffer);
            CU_ASSERT_EQUAL(sframe_receiver_add_shared(call.receiver, fix_key, sizeof fix_key), SFRAME_OK);
            size_t live = probe_live();
            for (uint64_t start = 0; start < 5; start++) {
                /* each sender's first frame makes a stream */
                call.sender = fix_sender(suite, profile);
                CU_ASSERT_EQUAL(
                    sframe_sender_add_key(call.sender, fix_kid(SFRAME_CAMERA, 0, start), fix_key, sizeof fix_key),
                    SFRAME_OK);
                for (int i = 0; i < FRAMES / 5; i++) {
                    struct probe_counts sealing;
                    struct probe_counts opening;
                    seal_and_open(&call, &sealing, &opening);
                    CU_ASSERT_EQUAL_FATAL(sealing.allocations, 0);
                    CU_ASSERT_EQUAL_FATAL(opening.allocations, 0);
                    CU_ASSERT_EQUAL_FATAL(sealing.locks, 0);
                    CU_ASSERT_EQUAL_FATAL(opening.locks, 0);
                    CU_ASSERT_FATAL(sealing.largest_copy <= COPY_MAX);
                    CU_ASSERT_FATAL(opening.largest_copy <= COPY_MAX);
                }
                fix_free_sender(call.sender);
            }
            CU_ASSERT_EQUAL(probe_live(), live);
            free(call.buffer);
            fix_free_receiver(call.receiver);
        }
}

/* A ratchet's steps and an epoch's streams come on the frame path too. */
static void nothing_for_ratchets_and_epochs(void)
{
    static const uint8_t members[] = {0xff};
    struct sframe_sender *sender = fix_sender(0, SFRAME_PROFILE_SOTTO);
    struct sframe_receiver *ratchets = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct sframe_receiver *epochs = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    const struct sframe_suite *suite = sframe_suite_find(SFRAME_SUITE_DEFAULT);
    struct fix_frame frame;
    uint8_t base_key[32];
    size_t len = sizeof fix_key;
    memcpy(base_key, fix_key, sizeof fix_key);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(ratchets, 3 << 4, 4, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(epochs, 9, 8, members, fix_key, sizeof fix_key), SFRAME_OK);
    for (uint64_t step = 0; step < 40; step++) {
        const uint64_t kid = 3 << 4 | (step & 15);
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid, base_key, len), step < 32 ? SFRAME_OK : SFRAME_FULL);
        if (step >= 32)
            break;
        CU_ASSERT_EQUAL(sframe_sender_use_key(sender, kid), SFRAME_OK);
        fix_seal_at(sender, (uint32_t)step * 33, &frame);
        probe_start();
        int rc = fix_open(ratchets, &frame, FIX_TIME_MS + step * 33, NULL);
        CU_ASSERT_EQUAL(probe_stop().allocations, 0);
        CU_ASSERT_EQUAL(rc, SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_sender_remove_key(sender, kid), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_ratchet(suite, base_key, len, base_key), SFRAME_OK);
        len = suite->nh;
    }
    fix_free_sender(sender);
    for (uint32_t leaf = 0; leaf < 8; leaf++) {
        uint64_t kid = 0;
        CU_ASSERT_EQUAL(sframe_kid_from_leaf(1, leaf, 8, 9, &kid), SFRAME_OK);
        sender = fix_sender_kid(kid);
        fix_seal_at(sender, 0, &frame);
        probe_start();
        int rc = fix_open(epochs, &frame, FIX_TIME_MS, NULL);
        CU_ASSERT_EQUAL(probe_stop().allocations, 0);
        CU_ASSERT_EQUAL(rc, SFRAME_OK);
        fix_free_sender(sender);
    }
    fix_free_receiver(ratchets);
    fix_free_receiver(epochs);
}

/* Batches: the memory they work in is made before. */
static void nothing_in_batches(void)
{
    enum { ITEMS = 20, LEN = 1200 };
    static uint8_t buffers[ITEMS][SFRAME_HEAD_MAX + LEN + SFRAME_TAG_MAX];
    struct sframe_batch *batch = NULL;
    void *memory = malloc(sframe_batch_size());
    CU_ASSERT_FATAL(memory && sframe_batch_init(memory, sframe_batch_size(), &batch) == SFRAME_OK);
    for (uint16_t suite = 1; suite <= 8; suite++) {
        struct sframe_sender *sender = fix_sender(suite, SFRAME_PROFILE_RFC9605);
        struct sframe_receiver *receiver = fix_receiver(suite, SFRAME_PROFILE_RFC9605);
        struct sframe_seal_item seals[ITEMS];
        struct sframe_open_item opens[ITEMS];
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_OK);
        for (size_t i = 0; i < ITEMS; i++)
            seals[i] = (struct sframe_seal_item){.sender = sender,
                                                 .head = buffers[i],
                                                 .head_cap = SFRAME_HEAD_MAX,
                                                 .payload = buffers[i] + SFRAME_HEAD_MAX,
                                                 .payload_len = LEN,
                                                 .tail = buffers[i] + SFRAME_HEAD_MAX + LEN,
                                                 .tail_cap = SFRAME_TAG_MAX};
        probe_start();
        int rc = sframe_seal_batch(batch, seals, ITEMS);
        struct probe_counts counts = probe_stop();
        CU_ASSERT(rc == SFRAME_OK && counts.allocations == 0 && counts.locks == 0);
        for (size_t i = 0; i < ITEMS; i++)
            opens[i] =
                (struct sframe_open_item){.frame = seals[i].payload - seals[i].sealed.head_len,
                                          .frame_len = seals[i].sealed.head_len + LEN + seals[i].sealed.tail_len};
        opens[3].frame[30] ^= 1;
        probe_start();
        rc = sframe_open_batch(batch, receiver, opens, ITEMS, FIX_TIME_MS);
        counts = probe_stop();
        CU_ASSERT(rc == SFRAME_AUTH && counts.allocations == 0 && counts.locks == 0);
        fix_free_sender(sender);
        fix_free_receiver(receiver);
    }
    sframe_batch_wipe(batch);
    free(memory);
}

static void fail_in_turn(const struct core_provider *provider, uint16_t suite, bool on, size_t least)
{
    size_t n = 0;
    bool done = false;
    CU_ASSERT(whole_life(provider, suite)); /* what OpenSSL keeps for itself is there after this */
    size_t live = probe_live();
    for (; !done && n < 500; n++) {
        probe_fail(n, on);
        bool lived = whole_life(provider, suite);
        done = !probe_failed();
        CU_ASSERT(lived || !done);
        probe_fail(SIZE_MAX, false);
        CU_ASSERT_EQUAL_FATAL(probe_live(), live);
    }
    CU_ASSERT(done); /* in the end no allocation failed */
    CU_ASSERT(n > least);
    CU_ASSERT(whole_life(provider, suite));
}

static void every_allocation_fails_in_turn(void)
{
    if (!probe_present())
        return;
    for (uint16_t suite = 1; suite <= 8; suite++)
        for (int on = 0; on <= 1; on++) {
            fail_in_turn(&core_provider_libcrypto, suite, on, 8);
            fail_in_turn(core_provider_best(), suite, on, 3);
        }
}

static const struct unit_test tests[] = {
    {"sealing and opening allocate, lock and copy nothing", nothing_on_the_frame_path},
    {"ratchet steps and new streams allocate nothing", nothing_for_ratchets_and_epochs},
    {"batches allocate and lock nothing", nothing_in_batches},
    {"each allocation may fail: an error, nothing lost", every_allocation_fails_in_turn},
};

UNIT_MAIN("adversary.sframe.allocation", tests)
