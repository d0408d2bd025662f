/* A million forged frames: what they cost, and that nothing of them is remembered. */
#include "fixture.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"
#include "receiver.h"

enum { FORGED = 1000000, PER_MS = 100 /* frames a millisecond, so 100,000 a second */, LEN = 200 };

static uint64_t random_state = 2026;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void forge(uint8_t *frame, uint64_t kid, uint64_t ctr)
{
    size_t len = 0;
    for (size_t i = 0; i < LEN; i += 8) {
        uint64_t noise = unit_random(&random_state);
        memcpy(frame + i, &noise, 8);
    }
    CU_ASSERT_EQUAL_FATAL(sframe_header_write(kid, ctr, frame, LEN, &len), SFRAME_OK);
}

typedef uint64_t (*kid_fn)(uint64_t random);

static uint64_t any_kid(uint64_t random)
{
    return random >> (random & 63);
}

static uint64_t shared_kid(uint64_t random)
{
    return fix_kid((unsigned)(random % SFRAME_KINDS), (unsigned)(random / 8 % SFRAME_LAYERS), random >> 16);
}

static uint64_t member_kid(uint64_t random)
{
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf((unsigned)(random % 20), (uint32_t)(random >> 8) % 64, 64, 1, &kid),
                          SFRAME_OK);
    return kid;
}

static uint64_t ratchet_kid(uint64_t random)
{
    return 1 << 8 | (random & 0xff);
}

static uint64_t the_genuine_kid;

static uint64_t genuine_kid(uint64_t random)
{
    (void)random;
    return the_genuine_kid;
}

/* Forges a million frames beside a genuine sender (and keeps the stream table's state under watch), then lets the
 * genuine one go on. */
static void flood(const char *what, struct sframe_receiver *receiver, struct sframe_sender *genuine, kid_fn kid)
{
    static uint8_t frame[LEN];
    struct fix_frame good;
    struct sframe_opened opened;
    struct sframe_receiver_stats before;
    struct sframe_receiver_stats after;
    fix_seal_at(genuine, 1000, &good);
    CU_ASSERT_EQUAL_FATAL(fix_open(receiver, &good, FIX_TIME_MS, NULL), SFRAME_OK);
    the_genuine_kid = good.sealed.kid;
    const struct sframe_stream *stream = sframe_streams_find(&receiver->streams, good.sealed.kid);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    const struct sframe_replay replay = stream->replay;
    const struct sframe_timeline timeline = *sframe_streams_timeline(&receiver->streams, stream);
    sframe_receiver_stats(receiver, &before);
    size_t live = probe_live();
    size_t in_use = mallinfo2().uordblks;
    const size_t count = probe_present() ? FORGED : FORGED / 20;
    uint64_t spent_ns = 0;
    uint64_t worst_ns = 0;
    uint64_t results[32] = {0};
    probe_start();
    for (size_t i = 0; i < count; i++) {
        forge(frame, kid(unit_random(&random_state)), any_kid(unit_random(&random_state)));
        uint64_t start = now_ns();
        int rc = sframe_open(receiver, NULL, NULL, 0, frame, LEN, FIX_TIME_MS + i / PER_MS, &opened);
        uint64_t ns = now_ns() - start;
        spent_ns += ns;
        worst_ns = ns > worst_ns ? ns : worst_ns;
        results[-rc]++;
    }
    CU_ASSERT_EQUAL(probe_stop().allocations, 0);
    CU_ASSERT_EQUAL(results[0], 0);
    CU_ASSERT_EQUAL(probe_live(), live);
    CU_ASSERT_EQUAL(mallinfo2().uordblks, in_use);
    sframe_receiver_stats(receiver, &after);
    CU_ASSERT_EQUAL(after.keys, before.keys);
    CU_ASSERT_EQUAL(after.opened, before.opened);
    CU_ASSERT_EQUAL(after.failed + after.replayed + after.no_key + after.refused - before.failed - before.replayed -
                        before.no_key - before.refused,
                    count);
    CU_ASSERT(memcmp(&replay, &stream->replay, sizeof replay) == 0);
    CU_ASSERT(memcmp(&timeline, sframe_streams_timeline(&receiver->streams, stream), sizeof timeline) == 0);
    printf("\n    %s: %zu forged frames, %.0f ns each (clock included), worst %.1f us;", what, count,
           (double)spent_ns / (double)count, (double)worst_ns / 1000.0);
    for (int rc = 0; rc < 32; rc++)
        if (results[rc] > 0)
            printf(" %s %llu", sframe_strerror(-rc), (unsigned long long)results[rc]);
    printf("\n");
    /* 5 us each would be half a core at this rate; a derivation and an open are 2 to 3 */
    CU_ASSERT(spent_ns / count < 5000 || !probe_present());
    fix_seal_at(genuine, 1000 + (uint32_t)(count / PER_MS), &good);
    CU_ASSERT_EQUAL(fix_open(receiver, &good, FIX_TIME_MS + count / PER_MS, NULL), SFRAME_OK);
    fix_free_sender(genuine);
    fix_free_receiver(receiver);
}

static void with_a_shared_secret(void)
{
    const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_A);
    flood("random KIDs", fix_receiver_shared(), fix_sender_kid(kid), any_kid);
    flood("random senders of a shared secret", fix_receiver_shared(), fix_sender_kid(kid), shared_kid);
    flood("a known sender", fix_receiver_shared(), fix_sender_kid(kid), genuine_kid);
}

static void in_a_group(void)
{
    static const uint8_t members[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 64, members, fix_key, sizeof fix_key), SFRAME_OK);
    flood("members of an epoch", receiver, fix_sender_kid(member_kid(7 << 8)), member_kid);
}

static void ahead_on_a_ratchet(void)
{
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    CU_ASSERT_EQUAL(sframe_receiver_add_ratchet(receiver, 1 << 8, 8, fix_key, sizeof fix_key), SFRAME_OK);
    flood("steps of a ratchet", receiver, fix_sender_kid(1 << 8), ratchet_kid);
}

/* A newcomer among 100,000 forged frames a second gets in within moments, though most of its frames meet an empty
 * quota in the worst case: forgeries of its very own KID. */
static void newcomer(const char *what, bool own_kid, uint64_t bound_ms)
{
    struct sframe_receiver *receiver = fix_receiver_shared();
    const uint64_t kid = fix_kid(SFRAME_CAMERA, 0, FIX_START_B);
    struct sframe_sender *sender = fix_sender_kid(kid);
    static uint8_t frame[LEN];
    struct sframe_opened opened;
    struct fix_frame good;
    uint64_t waited_ms = 0;
    uint64_t ms = 0;
    bool in = false;
    for (; !in && ms < 20000; ms++) {
        for (size_t i = 0; i < PER_MS; i++) {
            forge(frame, own_kid ? kid : shared_kid(unit_random(&random_state)), 5);
            CU_ASSERT_NOT_EQUAL(sframe_open(receiver, NULL, NULL, 0, frame, LEN, FIX_TIME_MS + ms, &opened), SFRAME_OK);
            /* 50 frames a second from the newcomer, after the flood has been going for a second */
            if (ms >= 1000 && ms % 20 == 0 && i == unit_random(&random_state) % PER_MS && !in) {
                fix_seal_at(sender, (uint32_t)ms, &good);
                in = fix_open(receiver, &good, FIX_TIME_MS + ms, NULL) == SFRAME_OK;
                waited_ms = ms - 1000;
            }
        }
    }
    printf("\n    %s: a newcomer was let in after %llu ms\n", what, (unsigned long long)waited_ms);
    CU_ASSERT(in);
    CU_ASSERT(waited_ms <= bound_ms);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static void a_newcomer_among_forgeries(void)
{
    newcomer("forged KIDs at random", false, 10000);
}

/* A flood on one sender's group of the quota does not touch another's. */
static void a_flood_on_one_member_leaves_the_others(void)
{
    static const uint8_t members[] = {0x0f};
    struct sframe_receiver *receiver = fix_receiver(0, SFRAME_PROFILE_SOTTO);
    static uint8_t frame[LEN];
    struct sframe_opened opened;
    struct fix_frame good;
    uint64_t flooded = 0;
    CU_ASSERT_EQUAL(sframe_receiver_add_epoch(receiver, 1, 4, members, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_kid_from_leaf(4, 0, 4, 1, &flooded), SFRAME_OK);
    int last = SFRAME_OK;
    for (int i = 0; i < 1000; i++) {
        forge(frame, flooded, 1);
        last = sframe_open(receiver, NULL, NULL, 0, frame, LEN, FIX_TIME_MS, &opened);
    }
    CU_ASSERT_EQUAL(last, SFRAME_QUOTA);
    for (uint32_t leaf = 1; leaf < 4; leaf++) {
        uint64_t kid = 0;
        CU_ASSERT_EQUAL(sframe_kid_from_leaf(4, leaf, 4, 1, &kid), SFRAME_OK);
        struct sframe_sender *sender = fix_sender_kid(kid);
        fix_seal_at(sender, 0, &good);
        CU_ASSERT_EQUAL(fix_open(receiver, &good, FIX_TIME_MS, NULL), SFRAME_OK);
        fix_free_sender(sender);
    }
    /* and the flooded one waits for one token */
    struct sframe_sender *sender = fix_sender_kid(flooded);
    fix_seal_at(sender, 0, &good);
    CU_ASSERT_EQUAL(fix_open(receiver, &good, FIX_TIME_MS, NULL), SFRAME_QUOTA);
    CU_ASSERT_EQUAL(fix_open(receiver, &good, FIX_TIME_MS + 75, NULL), SFRAME_OK);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

/* The limit of forgeries is reported; the key stays good. */
static void the_forgery_limit_spoils_no_key(void)
{
    struct sframe_receiver *receiver = fix_receiver(SFRAME_AES_128_CTR_HMAC_SHA256_32, SFRAME_PROFILE_SOTTO);
    struct sframe_sender *sender = fix_sender(SFRAME_AES_128_CTR_HMAC_SHA256_32, SFRAME_PROFILE_SOTTO);
    const uint64_t limit = sframe_suite_find(SFRAME_AES_128_CTR_HMAC_SHA256_32)->forgery_limit;
    static uint8_t frame[LEN];
    struct sframe_opened opened;
    struct sframe_receiver_stats stats;
    struct fix_frame good;
    CU_ASSERT_EQUAL(sframe_receiver_add_key(receiver, 5, fix_key, sizeof fix_key), SFRAME_OK);
    CU_ASSERT_EQUAL(sframe_sender_add_key(sender, 5, fix_key, sizeof fix_key), SFRAME_OK);
    for (uint64_t i = 0; i < 2 * limit; i++) {
        sframe_receiver_stats(receiver, &stats);
        CU_ASSERT_EQUAL_FATAL(stats.forgery_limit, i >= limit);
        forge(frame, 5, 900);
        CU_ASSERT_EQUAL(sframe_open(receiver, NULL, NULL, 0, frame, LEN, FIX_TIME_MS, &opened), SFRAME_AUTH);
    }
    fix_seal_at(sender, 0, &good);
    CU_ASSERT_EQUAL(fix_open(receiver, &good, FIX_TIME_MS, NULL), SFRAME_OK);
    fix_free_sender(sender);
    fix_free_receiver(receiver);
}

static const struct unit_test tests[] = {
    {"a million forged frames on a shared secret leave no trace", with_a_shared_secret},
    {"a million forged frames on a group leave no trace", in_a_group},
    {"a million forged frames on a ratchet leave no trace", ahead_on_a_ratchet},
    {"a newcomer among forgeries gets in", a_newcomer_among_forgeries},
    {"a flood on one member leaves the others", a_flood_on_one_member_leaves_the_others},
    {"the limit of forgeries is reported and spoils no key", the_forgery_limit_spoils_no_key},
};

UNIT_MAIN("adversary.sframe.flood", tests)
