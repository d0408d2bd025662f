#include "fixture.h"
#include "receiver.h"

#include <stdlib.h>
#include <string.h>

enum { GENERATION = 5 };

/* A sender that ratchets, as RFC 9605 section 5.1 says. */
struct ratcheting {
    struct sframe_sender *sender;
    uint8_t base_key[CORE_HASH_MAX];
    size_t len;
    unsigned bits;
    uint64_t step;
};

static void ratchet_start(struct ratcheting *r, unsigned bits)
{
    r->sender = fix_sender_of(&(struct sframe_sender_config){.keys = 2, .key_history = 1024});
    memcpy(r->base_key, fix_key, sizeof fix_key);
    r->len = sizeof fix_key;
    r->bits = bits;
    r->step = 0;
}

static uint64_t ratchet_kid(const struct ratcheting *r)
{
    return (uint64_t)GENERATION << r->bits | (r->step & ((1u << r->bits) - 1));
}

/* A frame of the step that the sender stands at. */
static void ratchet_seal(struct ratcheting *r, struct fix_frame *frame)
{
    const uint64_t kid = ratchet_kid(r);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_add_key(r->sender, kid, r->base_key, r->len), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_use_key(r->sender, kid), SFRAME_OK);
    fix_seal_at(r->sender, 0, frame);
    CU_ASSERT_EQUAL_FATAL(sframe_sender_remove_key(r->sender, kid), SFRAME_OK);
}

static void ratchet_on(struct ratcheting *r)
{
    const struct sframe_suite *suite = sframe_suite_find(SFRAME_SUITE_DEFAULT);
    CU_ASSERT_EQUAL_FATAL(sframe_ratchet(suite, r->base_key, r->len, r->base_key), SFRAME_OK);
    r->len = suite->nh;
    r->step++;
}

static void a_ratchet_follows(void)
{
    for (unsigned bits = 1; bits <= 8; bits++) {
        struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
        struct ratcheting r;
        struct fix_frame frames[30];
        struct sframe_opened opened;
        struct sframe_receiver_stats stats;
        ratchet_start(&r, bits);
        CU_ASSERT_EQUAL(
            sframe_receiver_add_ratchet(receiver, (uint64_t)GENERATION << bits, bits, fix_key, sizeof fix_key),
            SFRAME_OK);
        for (int i = 0; i < 30; i++) {
            ratchet_seal(&r, &frames[i]);
            CU_ASSERT_EQUAL_FATAL(fix_open(receiver, &frames[i], FIX_TIME_MS, &opened), SFRAME_OK);
            CU_ASSERT_EQUAL(opened.sender, GENERATION);
            CU_ASSERT_EQUAL(opened.context, 0);
            CU_ASSERT_EQUAL(fix_open(receiver, &frames[i], FIX_TIME_MS, NULL), SFRAME_REPLAY);
            /* the step before is there, and remembers; older ones are gone */
            if (i >= 1 && bits > 1)
                CU_ASSERT_EQUAL(fix_open(receiver, &frames[i - 1], FIX_TIME_MS, NULL), SFRAME_REPLAY);
            if (i >= 2)
                CU_ASSERT_NOT_EQUAL(fix_open(receiver, &frames[i - 2], FIX_TIME_MS, NULL), SFRAME_OK);
            sframe_receiver_stats(receiver, &stats);
            CU_ASSERT_EQUAL(stats.keys, i == 0 || bits == 1 ? 1 : 2);
            ratchet_on(&r);
        }
        fix_free_sender(r.sender);
        fix_free_receiver(receiver);
    }
}

static void a_ratchet_leaps_and_keeps_the_step_before(void)
{
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct ratcheting r;
    struct fix_frame first;
    struct fix_frame late;
    struct fix_frame frame;
    ratchet_start(&r, 3);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, GENERATION << 3, 3, fix_key, sizeof fix_key), SFRAME_OK);
    ratchet_seal(&r, &first);
    CU_ASSERT_EQUAL(fix_open(receiver, &first, FIX_TIME_MS, NULL), SFRAME_OK);
    for (int i = 0; i < 6; i++)
        ratchet_on(&r);
    ratchet_seal(&r, &late); /* comes after the next step's */
    struct ratcheting next = r;
    ratchet_on(&next);
    ratchet_seal(&next, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &late, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    /* a leap back is a leap of eight ahead at most, and not authentic */
    CU_ASSERT_EQUAL(fix_open(receiver, &first, FIX_TIME_MS, NULL), SFRAME_AUTH);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    fix_free_sender(r.sender);
    fix_free_receiver(receiver);
}

/* A late joiner gets the key of a later step. */
static void a_ratchet_from_a_later_step(void)
{
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct ratcheting r;
    struct fix_frame frame;
    ratchet_start(&r, 4);
    for (int i = 0; i < 13; i++)
        ratchet_on(&r);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, ratchet_kid(&r), 4, r.base_key, r.len), SFRAME_OK);
    for (int i = 0; i < 10; i++) {
        ratchet_seal(&r, &frame);
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
        ratchet_on(&r);
    }
    fix_free_sender(r.sender);
    fix_free_receiver(receiver);
}

static void generations(void)
{
    struct sframe_receiver *receiver =
        fix_receiver_of(&(struct sframe_receiver_config){.keys = SFRAME_RATCHETS_MAX + 5});
    uint8_t key[16] = {0};
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 0, 0, key, sizeof key), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 0, 9, key, sizeof key), SFRAME_INVALID);
    for (key[0] = 0; key[0] < SFRAME_RATCHETS_MAX; key[0]++)
        CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, (uint64_t)key[0] << 4, 4, key, sizeof key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 1000 << 4, 4, key, sizeof key), SFRAME_FULL);
    /* the same generation, or one of another width over the same KIDs */
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 3 << 4 | 1, 4, key, sizeof key), SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 3 << 4, 2, key, sizeof key), SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 0, 8, key, sizeof key), SFRAME_KEY_EXISTS);
    /* a generation is removed by any of its KIDs, and does not come back */
    CU_ASSERT_EQUAL(sframe_receiver_remove_key(receiver, 3 << 4 | 9), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_remove_key(receiver, 3 << 4), SFRAME_NO_KEY);
    key[0] = 3;
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 3 << 4, 4, key, sizeof key), SFRAME_KEY_REUSED);
    key[0] = 200;
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 3 << 4, 4, key, sizeof key), SFRAME_OK);
    fix_free_receiver(receiver);
}

static void bad_arguments(void)
{
    static const uint8_t members[] = {0xff};
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 1, fix_key, 15), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 1, NULL, 16), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_key, 15), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 0, members, fix_key, 16), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, (1u << 30) + 1, members, fix_key, 16), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 8, NULL, fix_key, 16), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 8, members, fix_key, 15), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(NULL, 1, fix_key, 16), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_remove_key(receiver, 1), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 1, 0), SFRAME_NO_KEY);
    /* none of these decided what keys the receiver takes */
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 8, members, fix_key, 16), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 1, 8), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 1, UINT32_MAX), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 257, 0), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_remove_leaf(receiver, 1, 7), SFRAME_OK);
    /* clocks are of leaves that are there */
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(NULL, 1, 0, 0), SFRAME_INVALID);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, 1, 8, 0), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, 1, UINT32_MAX, 0), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, 1, 7, 0), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, 2, 0, 0), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, 257, 0, 0), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_set_clock(receiver, 1, 6, INT64_MIN), SFRAME_OK);
    fix_free_receiver(receiver);
}

static void a_full_receiver(void)
{
    struct sframe_receiver *receiver = fix_receiver_of(&(struct sframe_receiver_config){.keys = 2});
    struct sframe_receiver *shared = fix_receiver_of(&(struct sframe_receiver_config){.keys = 2});
    struct fix_frame frame;
    for (uint64_t kid = 0; kid < 3; kid++)
        CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, kid, fix_key, 16), kid < 2 ? SFRAME_OK : SFRAME_FULL);
    CU_ASSERT_EQUAL(sframe_receiver_remove_key(receiver, 0), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 2, fix_key, 16), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_shared(shared, fix_key, 16), SFRAME_OK);
    for (uint64_t start = 0; start < 3; start++) {
        struct sframe_sender *sender = fix_sender_kid(fix_kid(SFRAME_CAMERA, 0, start));
        fix_seal_at(sender, 0, &frame);
        CU_ASSERT_EQUAL(fix_open(shared, &frame, FIX_TIME_MS, NULL), start < 2 ? SFRAME_OK : SFRAME_FULL);
        fix_free_sender(sender);
    }
    fix_free_receiver(receiver);
    fix_free_receiver(shared);
}

/* A forged frame is refused for lack of room, not because it was tried: nothing is derived for it. */
static void a_full_receiver_tries_nobody(void)
{
    static const uint8_t members[] = {0xff};
    struct sframe_receiver *receiver = fix_receiver_of(&(struct sframe_receiver_config){.keys = 2});
    struct fix_frame frame;
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 8, members, fix_key, 16), SFRAME_OK);
    for (uint32_t leaf = 0; leaf < 4; leaf++) {
        uint64_t kid = 0;
        CU_ASSERT_EQUAL(sframe_kid_from_leaf(0, leaf, 8, 1, &kid), SFRAME_OK);
        struct sframe_sender *sender = fix_sender_kid(kid);
        fix_seal_at(sender, 0, &frame);
        if (leaf == 3)
            frame.bytes[frame.len - 1] ^= 1;
        CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), leaf < 2 ? SFRAME_OK : SFRAME_FULL);
        fix_free_sender(sender);
    }
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"a receiver follows a ratchet, of any width, round and round", a_ratchet_follows},
    {"a ratchet leaps ahead and keeps the step before", a_ratchet_leaps_and_keeps_the_step_before},
    {"a ratchet may begin at a later step", a_ratchet_from_a_later_step},
    {"generations: how many, which overlap, none twice", generations},
    {"bad arguments are refused and decide nothing", bad_arguments},
    {"a full receiver takes no more", a_full_receiver},
    {"a full receiver tries nobody's frames", a_full_receiver_tries_nobody},
};

UNIT_MAIN("sframe.receiver_keys", tests)
