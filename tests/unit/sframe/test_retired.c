/* Streams of a shared secret that make room for others, and what is remembered of them. */
#include "fixture.h"
#include "retired.h"

#include <stdlib.h>

enum { CAP = 5, KEYS = 4, MINUTE_MS = 60000 };

static void entries_are_kept(void)
{
    struct core_arena measure = {0};
    struct sframe_retired retired;
    sframe_retired_layout(&retired, &measure, CAP, 3);
    struct core_arena arena = {.memory = malloc(measure.used), .cap = measure.used};
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena.memory);
    sframe_retired_layout(&retired, &arena, CAP, 3);
    for (uint64_t kid = 0; kid < CAP; kid++) {
        CU_ASSERT_PTR_NULL(sframe_retired_find(&retired, kid));
        CU_ASSERT_FALSE(sframe_retired_full(&retired));
        CU_ASSERT(sframe_retired_put(&retired, kid, (struct sframe_retired_entry){kid + 10, kid + 20}));
    }
    CU_ASSERT_TRUE(sframe_retired_full(&retired));
    CU_ASSERT_FALSE(sframe_retired_put(&retired, CAP, (struct sframe_retired_entry){1, 1}));
    CU_ASSERT_PTR_NULL(sframe_retired_find(&retired, CAP));
    CU_ASSERT(sframe_retired_put(&retired, 2, (struct sframe_retired_entry){99, 98}));
    CU_ASSERT_EQUAL(sframe_retired_find(&retired, 1)->top, 11);
    CU_ASSERT_EQUAL(sframe_retired_find(&retired, 2)->top, 99);
    CU_ASSERT_EQUAL(sframe_retired_find(&retired, 2)->top_ms, 98);
    free(arena.memory);
}

/* A sender starts, seals two frames, and is opened once. */
static int newcomer(struct sframe_receiver *receiver, uint64_t start, uint64_t now_ms, struct fix_frame *second)
{
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, start));
    struct fix_frame first;
    fix_seal_at(sender, (uint32_t)now_ms, &first);
    int rc = fix_open(receiver, &first, now_ms, NULL);
    if (second)
        fix_seal_at(sender, (uint32_t)now_ms, second);
    fix_free_sender(sender);
    return rc;
}

static struct sframe_receiver *small_receiver(void)
{
    struct sframe_receiver *receiver = fix_receiver_of(&(struct sframe_receiver_config){.keys = KEYS});
    CU_ASSERT_EQUAL_FATAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_OK);
    return receiver;
}

static void a_long_call_of_restarting_senders(void)
{
    struct sframe_receiver *receiver = small_receiver();
    struct sframe_receiver_stats stats;
    struct fix_frame waiting;
    uint64_t now_ms = FIX_TIME_MS;
    int rc = SFRAME_OK;
    /* the table, and what is remembered besides */
    for (uint64_t start = 0; start < KEYS + 8 * KEYS; start++, now_ms += MINUTE_MS / KEYS)
        CU_ASSERT_EQUAL(rc = newcomer(receiver, start, now_ms, NULL), SFRAME_OK);
    sframe_receiver_stats(receiver, &stats);
    CU_ASSERT_EQUAL(stats.keys, KEYS);
    /* no room to remember one more: nothing is forgotten for it */
    CU_ASSERT_EQUAL(newcomer(receiver, 1000, now_ms + MINUTE_MS, &waiting), SFRAME_FULL);
    CU_ASSERT_EQUAL(fix_open(receiver, &waiting, now_ms + 2 * MINUTE_MS, NULL), SFRAME_FULL);
    fix_free_receiver(receiver);
}

static void only_the_silent_make_room(void)
{
    struct sframe_receiver *receiver = small_receiver();
    struct sframe_sender *speaker = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, 77));
    struct fix_frame frame;
    struct sframe_opened opened;
    uint64_t now_ms = FIX_TIME_MS;
    fix_seal_at(speaker, (uint32_t)now_ms, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, now_ms, NULL), SFRAME_OK);
    for (uint64_t start = 0; start < KEYS - 1; start++)
        CU_ASSERT_EQUAL(newcomer(receiver, start, now_ms + start, NULL), SFRAME_OK);
    now_ms += MINUTE_MS - 1;
    CU_ASSERT_EQUAL(newcomer(receiver, 100, now_ms, NULL), SFRAME_FULL);
    fix_seal_at(speaker, (uint32_t)now_ms, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, now_ms, NULL), SFRAME_OK);
    now_ms++;
    /* start 0 is silent for a minute now; who was heard first has been heard since */
    CU_ASSERT_EQUAL(newcomer(receiver, 101, now_ms, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(newcomer(receiver, 102, now_ms, NULL), SFRAME_FULL);
    /* a forged frame makes no room, however silent all are */
    struct sframe_sender *forger = fix_sender(0, SFRAME_PROFILE_SOTTO);
    struct sframe_receiver_stats before;
    struct sframe_receiver_stats after;
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(forger, fix_kid(SFRAME_CAMERA, 0, 9), fix_other_key, 16), SFRAME_OK);
    fix_seal_at(forger, (uint32_t)now_ms, &frame);
    sframe_receiver_stats(receiver, &before);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, now_ms + 10 * MINUTE_MS, NULL), SFRAME_AUTH);
    sframe_receiver_stats(receiver, &after);
    CU_ASSERT_EQUAL(before.keys, after.keys);
    fix_seal_at(speaker, (uint32_t)now_ms, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, now_ms, &opened), SFRAME_OK);
    fix_free_sender(forger);
    fix_free_sender(speaker);
    fix_free_receiver(receiver);
}

static void who_comes_back_goes_on(void)
{
    struct sframe_receiver *receiver = small_receiver();
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, 77));
    struct fix_frame frames[40];
    uint64_t now_ms = FIX_TIME_MS;
    for (size_t i = 0; i < 40; i++)
        fix_seal_at(sender, (uint32_t)(i < 30 ? now_ms : now_ms + 3 * MINUTE_MS), &frames[i]);
    for (size_t i = 0; i < 30; i += 2)
        CU_ASSERT_EQUAL(fix_open(receiver, &frames[i], now_ms, NULL), SFRAME_OK);
    for (uint64_t start = 0; start < KEYS; start++)
        CU_ASSERT_EQUAL(newcomer(receiver, start, now_ms + MINUTE_MS, NULL), SFRAME_OK);
    now_ms += 3 * MINUTE_MS;
    /* neither its frames that were opened nor those below them, as long as it is away and after */
    for (size_t i = 0; i <= 28; i++)
        CU_ASSERT_EQUAL(fix_open(receiver, &frames[i], now_ms, NULL), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(fix_open(receiver, &frames[31], now_ms, NULL), SFRAME_OK);
    for (size_t i = 0; i <= 28; i++)
        CU_ASSERT_EQUAL(fix_open(receiver, &frames[i], now_ms, NULL), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(fix_open(receiver, &frames[30], now_ms, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frames[30], now_ms, NULL), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(fix_open(receiver, &frames[39], now_ms, NULL), SFRAME_OK);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"retired streams are remembered, as many as there is room for", entries_are_kept},
    {"senders may start again and again in a long call", a_long_call_of_restarting_senders},
    {"only a stream that was silent for a minute makes room, and only for a genuine frame", only_the_silent_make_room},
    {"a stream that made room goes on where it was; nothing of it opens twice", who_comes_back_goes_on},
};

UNIT_MAIN("sframe.retired", tests)
