/* Every way to make a sender repeat a (key, nonce), and a receiver forget what it has seen. */
#include "fixture.h"

#include <string.h>

#include "sender.h"

static void the_same_key_twice(void)
{
    struct sframe_sender *sender = fix_sender_kid(5);
    struct fix_frame frame;
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_KEY_EXISTS);
    fix_seal_at(sender, 0, &frame);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.ctr, 1); /* the refused key did not start the counter again */
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_other_key, sizeof fix_other_key), SFRAME_KEY_EXISTS);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.ctr, 2);
    fix_free_sender(sender);
}

static void removed_and_added_again(void)
{
    struct sframe_sender *sender = fix_sender_kid(5);
    struct fix_frame frame;
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(sframe_sender_remove_key(sender, 5), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_remove_key(sender, 5), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_KEY_REUSED);
    /* with another key it may come, but is not used before it is told to */
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_other_key, sizeof fix_other_key), SFRAME_OK);
    struct sframe_sealed sealed;
    uint8_t room[SFRAME_HEAD_MAX];
    uint8_t tail[SFRAME_TAG_MAX];
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8};
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, room, sizeof room, NULL, 0, tail, sizeof tail, &sealed),
                    SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_sender_use_key(sender, 5), SFRAME_OK);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.ctr, 0);
    /* the same key under another KID is another key */
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 6, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_remove_key(sender, 5), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_KEY_REUSED);
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_other_key, sizeof fix_other_key), SFRAME_KEY_REUSED);
    fix_free_sender(sender);
}

/* A sender that cannot remember any more refuses keys, rather than forget one. */
static void a_full_memory_of_keys(void)
{
    struct sframe_sender *sender = fix_sender(0, SFRAME_PROFILE_SOTTO); /* remembers 32 */
    uint8_t key[16] = {0};
    for (key[0] = 0; key[0] < 32; key[0]++) {
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 1, key, sizeof key), SFRAME_OK);
        CU_ASSERT_EQUAL(sframe_sender_remove_key(sender, 1), SFRAME_OK);
    }
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 1, key, sizeof key), SFRAME_FULL);
    for (key[0] = 0; key[0] < 32; key[0]++)
        CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 1, key, sizeof key), SFRAME_KEY_REUSED);
    fix_free_sender(sender);
}

static void a_spent_counter(void)
{
    const uint64_t limit = sframe_suite_find(SFRAME_SUITE_DEFAULT)->seal_limit;
    struct sframe_sender *sender = fix_sender_kid(5);
    struct fix_frame frame;
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8};
    uint8_t room[SFRAME_HEAD_MAX];
    uint8_t tail[SFRAME_TAG_MAX];
    struct sframe_sealed sealed = {.ctr = 99};
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_FALSE(frame.sealed.soft_limit);
    fix_set_ctr(&sender->keys[0], limit - limit / 4 - 2);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_FALSE(frame.sealed.soft_limit);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT(frame.sealed.soft_limit);
    fix_set_ctr(&sender->keys[0], limit - 1);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.ctr, limit - 1);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, room, sizeof room, NULL, 0, tail, sizeof tail, &sealed),
                        SFRAME_KEY_EXHAUSTED);
    CU_ASSERT_EQUAL(sealed.ctr, 99); /* out parameters on success only */
    /* nor does it wrap */
    fix_set_ctr(&sender->keys[0], UINT64_MAX);
    CU_ASSERT_EQUAL(sframe_seal(sender, &inner, NULL, 0, room, sizeof room, NULL, 0, tail, sizeof tail, &sealed),
                    SFRAME_KEY_EXHAUSTED);
    CU_ASSERT_EQUAL(sender->keys[0].ctr, UINT64_MAX);
    /* a new key goes on */
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 6, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_use_key(sender, 6), SFRAME_OK);
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(frame.sealed.kid, 6);
    fix_free_sender(sender);
}

static void spent_blocks(void)
{
    const uint64_t limit = sframe_suite_find(SFRAME_SUITE_DEFAULT)->block_limit;
    struct sframe_sender *sender = fix_sender_kid(5);
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8};
    uint8_t room[SFRAME_HEAD_MAX];
    uint8_t tail[SFRAME_TAG_MAX];
    uint8_t payload[26] = {0}; /* with the inner header two blocks, the header a third, the frame itself */
    struct sframe_sealed sealed;
    fix_set_blocks(&sender->keys[0], limit - 4);
    CU_ASSERT_EQUAL(
        sframe_seal(sender, &inner, NULL, 0, room, sizeof room, payload, sizeof payload, tail, sizeof tail, &sealed),
        SFRAME_OK);
    CU_ASSERT(sealed.soft_limit);
    CU_ASSERT_EQUAL(sender->keys[0].blocks, limit);
    CU_ASSERT_EQUAL(
        sframe_seal(sender, &inner, NULL, 0, room, sizeof room, payload, sizeof payload, tail, sizeof tail, &sealed),
        SFRAME_KEY_EXHAUSTED);
    fix_free_sender(sender);
}

static void receivers_remember_too(void)
{
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    struct sframe_sender *sender = fix_sender_kid(5);
    struct fix_frame frame;
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_other_key, sizeof fix_other_key), SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    CU_ASSERT_EQUAL(sframe_receiver_remove_key(receiver, 5), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_KEY_REUSED);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_other_key, sizeof fix_other_key), SFRAME_OK);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_AUTH);
    fix_free_sender(sender);
    fix_free_receiver(receiver);

    static const uint8_t members[] = {0x0f};
    receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 5, 4, members, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 5, 4, members, fix_key, sizeof fix_key), SFRAME_KEY_REUSED);
    CU_ASSERT_EQUAL(sframe_receiver_remove_epoch(receiver, 5), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 5, 4, members, fix_key, sizeof fix_key), SFRAME_KEY_REUSED);
    /* another number, but the same KIDs and keys */
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 5 + 256, 4, members, fix_key, sizeof fix_key),
                    SFRAME_KEY_REUSED);
    fix_free_receiver(receiver);
}

/* The secret would bring a removed sender back with an empty window. */
static void a_shared_secrets_sender_cannot_be_forgotten(void)
{
    const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
    struct sframe_receiver *receiver = fix_receiver_shared();
    struct sframe_sender *sender = fix_sender_kid(kid);
    struct fix_frame frame;
    fix_seal_at(sender, 0, &frame);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_receiver_remove_key(receiver, kid), SFRAME_NO_KEY);
    CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_key, sizeof fix_key), SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(sframe_receiver_add_shared(receiver, fix_other_key, sizeof fix_other_key), SFRAME_KEY_EXISTS);
    CU_ASSERT_EQUAL(fix_open(receiver, &frame, FIX_TIME_MS, NULL), SFRAME_REPLAY);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"the same key twice: refused, and the counter goes on", the_same_key_twice},
    {"a key removed and added again: refused; another key under its KID: taken", removed_and_added_again},
    {"a sender whose memory of keys is full takes no more", a_full_memory_of_keys},
    {"a spent counter seals nothing and does not wrap", a_spent_counter},
    {"a key's block limit ends it too", spent_blocks},
    {"a receiver does not take back a key whose window it forgot", receivers_remember_too},
    {"a sender known by the shared secret is not forgotten", a_shared_secrets_sender_cannot_be_forgotten},
};

UNIT_MAIN("adversary.sframe.keys", tests)
