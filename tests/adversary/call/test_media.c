/* The SFU delays, exchanges and makes up frames, alone and together with somebody who was removed. */
#include <string.h>

#include "media.h"
#include "scene.h"
#include "unit.h"

enum { HELD_MS = 30000, STEP_MS = 500, STEPS = 200 };

/* n of `clients` in a call, whose clocks have nothing to do with each other. */
static struct media *media_call(unsigned n, unsigned clients)
{
    struct sim *sim = scene_empty(clients);
    struct media *media = media_new(sim);
    for (unsigned i = 0; i < clients; i++)
        sim->clients[i].clock_ahead_ms = (uint64_t)i * i * 4000000000;
    scene_gather(sim, n);
    return media;
}

static void media_end(struct media *media)
{
    struct sim *sim = media->sim;
    media_free(media);
    sim_free(sim);
}

/* --- Delay --- */

/* The SFU holds every frame for client 1 back by 30 s, from the first there is: client 1 is shown none of them, through
 * epochs that come and go. Client 2, who gets them at once, sees them all. */
static void delay_from_the_first(void)
{
    struct media *media = media_call(3, 3);
    static struct media_frame frames[STEPS];
    const uint64_t before = call_epoch(media->sim->clients[0].call);
    for (unsigned n = 0; n < STEPS; n++) {
        CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &frames[n]));
        CU_ASSERT_EQUAL(media_open(media, 2, &frames[n], NULL), SFRAME_OK);
        if (n >= HELD_MS / STEP_MS) {
            const int rc = media_open(media, 1, &frames[n - HELD_MS / STEP_MS], NULL);
            CU_ASSERT(rc == SFRAME_LATE || rc == SFRAME_NO_KEY); /* its epoch is over */
        }
        sim_run_for(media->sim, STEP_MS);
    }
    CU_ASSERT_TRUE(call_epoch(media->sim->clients[0].call) > before);
    media_end(media);
}

/* It begins with a clean record, and holds back from some moment on, within an epoch; a silence before makes receivers
 * forget what the frames themselves have shown. */
static void delay_within_an_epoch(void)
{
    struct media *media = media_call(2, 2);
    struct media_frame frame;
    const struct {
        uint32_t held_ms;
        int want;
    } cases[] = {{100, SFRAME_OK}, {2500, SFRAME_OK}, {3500, SFRAME_LATE}, {30000, SFRAME_LATE}, {100, SFRAME_OK}};
    sim_run_for(media->sim, 70000); /* nobody says or shows anything */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t epoch = 0;
        int rc = SFRAME_OK;
        do { /* again, if an epoch ended meanwhile */
            epoch = call_epoch(media->sim->clients[1].call);
            CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &frame));
            sim_run_for(media->sim, cases[i].held_ms);
            rc = media_open(media, 1, &frame, NULL);
        } while (epoch != call_epoch(media->sim->clients[1].call));
        CU_ASSERT_EQUAL(rc, cases[i].want);
        sim_run_for(media->sim, 5000);
    }
    media_end(media);
}

/* --- After a kick --- */

/* Client 3 is removed, and forges with the SFU's help under the keys it had: its own frames open nowhere at once,
 * others' for the two seconds in which frames of those may still be on their way, as they would for any member; then
 * nothing. */
static void forged_under_the_old_keys(void)
{
    struct media *media = media_call(4, 4);
    struct sim *sim = media->sim;
    struct media_frame own;
    struct media_frame others;
    sim_run_for(sim, 20000); /* clocks are known */
    const uint64_t before = call_epoch(sim->clients[3].call);
    const uint32_t leaf_3 = scene_leaf(media->sim, 3);
    const uint32_t leaf_0 = scene_leaf(media->sim, 0);
    media->members[3].keeps = true;
    scene_kick(sim, 3);
    while (call_epoch(sim->clients[1].call) == before)
        sim_run_for(sim, 1);
    const uint64_t merged_ms = sim->now_ms;
    media_forge(media, 3, before, leaf_3, media_clock(media, 3), &own);
    CU_ASSERT_EQUAL(media_open(media, 1, &own, NULL), SFRAME_NO_KEY);
    for (; sim->now_ms < merged_ms + 10000; sim_run_for(sim, 250)) {
        media_forge(media, 3, before, leaf_3, media_clock(media, 3), &own);
        media_forge(media, 3, before, leaf_0, media_clock(media, 0), &others);
        CU_ASSERT_EQUAL(media_open(media, 1, &own, NULL), SFRAME_NO_KEY);
        CU_ASSERT_EQUAL(media_open(media, 1, &others, NULL),
                        sim->now_ms < merged_ms + 2000 ? SFRAME_OK : SFRAME_NO_KEY);
    }
    media_end(media);
}

/* Client 3 is removed. Its client is patched: it wipes nothing, and the SFU goes on sending it every packet. Of what is
 * sealed from the next epoch on it opens nothing, with no key it ever had under any leaf and epoch. */
static void the_removed_keeps_every_key(void)
{
    struct media *media = media_call(4, 4);
    struct sim *sim = media->sim;
    struct media_frame frame;
    unsigned frames = 0;
    sim_run_for(sim, 150000); /* some updates: it has keys of several epochs */
    media->members[3].keeps = true;
    CU_ASSERT_TRUE(media_seal(media, 0, &frame));
    CU_ASSERT_EQUAL(media_open(media, 3, &frame, NULL), SFRAME_OK);
    scene_kick(sim, 3);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL(scene_phase(sim, 3), CALL_PHASE_OUT);
    for (; frames < 300; sim_run_for(sim, 1000))
        for (unsigned i = 0; i < 3; i++, frames++) {
            CU_ASSERT_TRUE(media_seal(media, i, &frame));
            CU_ASSERT_EQUAL(media_open(media, (i + 1) % 3, &frame, NULL), SFRAME_OK);
            CU_ASSERT_NOT_EQUAL(media_open(media, 3, &frame, NULL), SFRAME_OK);
        }
    /* nor if it takes an old key for the new epoch's */
    const struct media_member *removed = &media->members[3];
    CU_ASSERT_TRUE(media_seal(media, 0, &frame));
    for (size_t k = 0; k < removed->key_count; k++)
        CU_ASSERT_EQUAL(media_try(media, &removed->keys[k], call_epoch(sim->clients[0].call), &frame), SFRAME_AUTH);
    media_end(media);
}

/* --- Whose frames --- */

/* The SFU feeds client 1 frames of client 2 as client 0's: in another slot they are client 2's all the same, and with
 * another KID written over theirs they do not open. */
static void one_members_frames_as_anothers(void)
{
    struct media *media = media_call(3, 3);
    struct media_frame of_0;
    struct media_frame of_2;
    struct sframe_header header;
    uint32_t leaf = UINT32_MAX;
    CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &of_0));
    CU_ASSERT_TRUE_FATAL(media_seal(media, 2, &of_2));
    struct media_frame crossed = of_2;
    CU_ASSERT_EQUAL(sframe_header_read(of_0.bytes, of_0.len, &header), SFRAME_OK);
    const size_t head_0 = header.len;
    CU_ASSERT_EQUAL(sframe_header_read(of_2.bytes, of_2.len, &header), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(header.len, head_0);
    memcpy(crossed.bytes, of_0.bytes, head_0);
    CU_ASSERT_EQUAL(media_open(media, 1, &crossed, NULL), SFRAME_AUTH);
    CU_ASSERT_EQUAL(media_open(media, 1, &of_2, &leaf), SFRAME_OK);
    CU_ASSERT_EQUAL(leaf, scene_leaf(media->sim, 2));
    CU_ASSERT_EQUAL(media_open(media, 1, &of_0, &leaf), SFRAME_OK);
    CU_ASSERT_EQUAL(leaf, scene_leaf(media->sim, 0));
    media_end(media);
}

/* What is not encrypted is no frame, whatever it looks like, and however the SFU came by it. */
static void media_in_the_clear(void)
{
    struct media *media = media_call(2, 2);
    struct media_frame sealed;
    struct media_frame clear = {.len = 100};
    CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &sealed));
    for (unsigned first = 0; first < 256; first++) {
        memset(clear.bytes, (int)(first * 7), clear.len);
        clear.bytes[0] = (uint8_t)first;
        CU_ASSERT_NOT_EQUAL(media_open(media, 1, &clear, NULL), SFRAME_OK);
    }
    /* with the header of a genuine frame before it, too */
    memcpy(clear.bytes, sealed.bytes, 4);
    CU_ASSERT_NOT_EQUAL(media_open(media, 1, &clear, NULL), SFRAME_OK);
    CU_ASSERT_EQUAL(media_open(media, 1, &sealed, NULL), SFRAME_OK);
    media_end(media);
}

static const struct unit_test tests[] = {
    {"frames held back 30 s from the first on are not shown", delay_from_the_first},
    {"nor those held back within an epoch", delay_within_an_epoch},
    {"who was removed forges its own frames no more, and others' for two seconds", forged_under_the_old_keys},
    {"who was removed opens nothing of the next epoch, whatever it kept", the_removed_keeps_every_key},
    {"one member's frames are not taken for another's", one_members_frames_as_anothers},
    {"media in the clear are not shown", media_in_the_clear},
};
UNIT_MAIN("adversary.call.media", tests)
