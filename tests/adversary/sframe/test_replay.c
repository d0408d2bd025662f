/* The adversary sends genuine frames again, or with a counter from far ahead. */
#include "fixture.h"

#include <stdlib.h>

#include "sender.h"

enum { LATER_FRAMES = 10000 };

static void at_once(void)
{
    struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, FIX_START_A));
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct fix_frame frame;
    struct sframe_receiver_stats stats;
    for (uint32_t i = 0; i < 50; i++) {
        fix_seal_at(sender, i * 33, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + i * 33, NULL), SFRAME_OK);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + i * 33, NULL), SFRAME_REPLAY);
    }
    sframe_receiver_stats(receiver, &stats);
    CU_ASSERT_EQUAL(stats.opened, 50);
    CU_ASSERT_EQUAL(stats.replayed, 50);
    CU_ASSERT_EQUAL(stats.keys, 1);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

/* Each kept frame again, after many later ones, for every kind and both profiles. */
static void after_ten_thousand(void)
{
    for (unsigned kind = 0; kind < SFRAME_KINDS; kind++)
        for (uint8_t profile = 0; profile <= SFRAME_PROFILE_RFC9605; profile++) {
            const uint64_t kid = fix_kid(kind, 0, FIX_START_A);
            struct sframe_sender *sender = fix_sender(0, profile);
            struct sframe_receiver *receiver = fix_receiver(0, profile);
            struct fix_frame *kept = calloc(100, sizeof *kept);
            struct fix_frame frame;
            CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
            CU_ASSERT_EQUAL(sframe_sender_add_key(sender, kid, fix_key, sizeof fix_key), SFRAME_OK);
            CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_OK);
            for (uint32_t i = 0; i < LATER_FRAMES; i++) {
                fix_seal(sender, profile, i, 20, &frame);
                CU_ASSERT_EQUAL_FATAL(fix_open(receiver, &frame, FIX_TIME_MS + i, NULL), SFRAME_OK);
                if (i % (LATER_FRAMES / 100) == 0)
                    kept[i / (LATER_FRAMES / 100)] = frame;
            }
            for (size_t i = 0; i < 100; i++)
                CU_ASSERT_EQUAL(fix_open(receiver, &kept[i], FIX_TIME_MS + LATER_FRAMES, NULL), SFRAME_REPLAY);
            free(kept);
            fix_free_sender(sender);
            fix_free_receiver(receiver);
        }
}

/* A member that knows the keys forges one frame of another member with a counter far ahead, at any time. The genuine
 * frames before and after must all open. */
static void one_far_counter(uint64_t silence_ms, uint64_t jump, bool first)
{
    const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
    struct sframe_sender *genuine = fix_sender_kid(kid);
    struct sframe_sender *forger = fix_sender_kid(kid);
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct fix_frame frame;
    uint32_t t = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        fix_seal_at(genuine, t, &frame);
        if (!first || i > 2000)
            CU_ASSERT_EQUAL_FATAL(fix_open(receiver, &frame, FIX_TIME_MS + t, NULL), SFRAME_OK);
        if (i == 2000) {
            if (silence_ms > 0)
                t += (uint32_t)silence_ms;
            fix_set_ctr(&forger->keys[0], 2001 + jump);
            fix_seal_at(forger, t, &frame);
            int rc = fix_open(receiver, &frame, FIX_TIME_MS + t, NULL);
            CU_ASSERT(rc == SFRAME_OK || rc == SFRAME_JUMP);
            CU_ASSERT_NOT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t, NULL), SFRAME_OK);
        }
        t += 33;
    }
    fix_free_sender(genuine);
    fix_free_sender(forger);
    fix_free_receiver(receiver);
}

static void one_forged_far_counter(void)
{
    static const uint64_t jumps[] = {1, 500, 767, 768, 1000, 1023, 1024, 1025, 2000, 10000, 50000, 1000000, 4000000000};
    static const uint64_t silences[] = {0, 1000, 10000, 100000};
    for (size_t j = 0; j < sizeof jumps / sizeof jumps[0]; j++)
        for (size_t s = 0; s < sizeof silences / sizeof silences[0]; s++) {
            /* the genuine counter passes the forged one in mid-run where the jump is short: that one frame is lost */
            if (jumps[j] < 3000)
                continue;
            one_far_counter(silences[s], jumps[j], false);
        }
    for (size_t j = 0; j < sizeof jumps / sizeof jumps[0]; j++)
        if (jumps[j] >= 3000)
            one_far_counter(0, jumps[j], true);
}

/* A short jump costs exactly the one genuine frame whose counter was taken. */
static void a_forged_near_counter_costs_one_frame(void)
{
    static const uint64_t jumps[] = {1, 500, 767, 768, 1000, 1023, 1024, 1025, 2000};
    for (size_t j = 0; j < sizeof jumps / sizeof jumps[0]; j++) {
        const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
        struct sframe_sender *genuine = fix_sender_kid(kid);
        struct sframe_sender *forger = fix_sender_kid(kid);
        struct sframe_receiver *receiver = fix_receiver_shared();
        struct fix_frame frame;
        size_t lost = 0;
        uint32_t t = 0;
        for (uint32_t i = 0; i < 6000; i++, t += 33) {
            fix_seal_at(genuine, t, &frame);
            lost += fix_open(receiver, &frame, FIX_TIME_MS + t, NULL) != SFRAME_OK;
            if (i == 2000) {
                t += 10000;
                fix_set_ctr(&forger->keys[0], i + jumps[j]);
                fix_seal_at(forger, t, &frame);
                CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS + t, NULL), SFRAME_OK);
            }
        }
        CU_ASSERT_EQUAL(lost, 1);
        fix_free_sender(genuine);
        fix_free_sender(forger);
        fix_free_receiver(receiver);
    }
}

static const struct unit_test tests[] = {
    {"a frame opens once", at_once},
    {"a frame does not open again after 10,000 later ones", after_ten_thousand},
    {"one forged far counter locks nobody out", one_forged_far_counter},
    {"one forged near counter costs its own frame alone", a_forged_near_counter_costs_one_frame},
};

UNIT_MAIN("adversary.sframe.replay", tests)
