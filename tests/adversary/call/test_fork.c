/* A delivery service that shows different logs to different people. */
#include "scene.h"
#include "unit.h"

/* Two halves of a call are led apart: within three intervals both users see who is lost, and nothing is sent. */
static void partition(void)
{
    struct sim *sim = scene_new(4, 4);
    sim_server_copy(sim);
    sim_move(sim, 2, 1);
    sim_move(sim, 3, 1);
    sim_run_for(sim, 16000);
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(scene_lost(sim, i), 2);
        CU_ASSERT_EQUAL(scene_pause(sim, i), CALL_PAUSE_LOST);
        CU_ASSERT_FALSE(sim->clients[i].sending);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 4); /* lost, never "left" */
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_LEFT], 0);
    }
    sim_free(sim);
}

/* The fewer are cut off: they pause; the others go on, and see who is lost. */
static void a_few_led_away(void)
{
    struct sim *sim = scene_new(5, 5);
    sim_server_copy(sim);
    sim_move(sim, 4, 1);
    sim_run_for(sim, 16000);
    CU_ASSERT_EQUAL(scene_pause(sim, 4), CALL_PAUSE_LOST);
    CU_ASSERT_EQUAL(scene_lost(sim, 4), 4);
    CU_ASSERT_EQUAL(scene_pause(sim, 0), CALL_PAUSE_NONE);
    CU_ASSERT_EQUAL(scene_lost(sim, 0), 1);
    sim_free(sim);
}

/* A newcomer is shown the log as it was before somebody was kicked, and that somebody is there to welcome it. */
static void newcomer_rolled_back(void)
{
    struct sim *sim = scene_new(4, 5);
    sim_server_copy(sim);
    sim_move(sim, 3, 1); /* the accomplice stays in the past */
    sim_run_for(sim, 500);
    scene_kick(sim, 3);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim->clients[4].server = 1;
    sim_start(sim, 4);
    for (unsigned n = 0; n < 60; n++) {
        sim_run_for(sim, 1000);
        CU_ASSERT_FALSE(sim->clients[4].sending);
    }
    if (scene_phase(sim, 4) == CALL_PHASE_MEMBER)
        CU_ASSERT_EQUAL(scene_pause(sim, 4), CALL_PAUSE_UNCONFIRMED);
    sim_free(sim);
}

/* Somebody who was in the call crashes, and is led into its past. */
static void rejoiner_rolled_back(void)
{
    struct sim *sim = scene_new(3, 4);
    sim_server_copy(sim);
    sim_start(sim, 3);
    gather_settles(sim, 10000);
    const uint64_t highest = sim->clients[2].highest_epoch;
    CU_ASSERT_TRUE(highest >= 2);
    sim_crash(sim, 2);
    sim->clients[2].server = 1;
    sim_start(sim, 2);
    for (unsigned n = 0; n < 30; n++) {
        sim_run_for(sim, 1000);
        CU_ASSERT_FALSE(sim->clients[2].sending);
    }
    CU_ASSERT_TRUE(sim->clients[2].warnings[CALL_WARNING_ROLLBACK] > 0);
    sim_free(sim);
}

/* What a user would read aloud. */
static void read_code(const struct sim *sim, unsigned i, struct identity_call_code *code)
{
    struct identity_call_digest digest;
    CU_ASSERT_EQUAL_FATAL(call_get_digest(sim->clients[i].call, &digest), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(identity_call_code(&digest, code), IDENTITY_OK);
}

/* Each is told that nobody is there. Neither sees the other, and the codes they would read aloud differ. */
static void two_groups_of_one_room(void)
{
    struct sim *sim = scene_new(1, 2);
    struct identity_call_code codes[2];
    sim->clients[1].server = 1;
    sim_start(sim, 1);
    sim_run_for(sim, 3000);
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 1);
        read_code(sim, i, &codes[i]);
    }
    CU_ASSERT_STRING_NOT_EQUAL(codes[0].digits, codes[1].digits);
    sim_free(sim);
}

static void codes_are_the_same_otherwise(void)
{
    struct sim *sim = scene_new(3, 3);
    struct identity_call_code first;
    struct identity_call_code code;
    read_code(sim, 0, &first);
    sim_run_for(sim, 70000); /* somebody has renewed its path: the roster is the same, and so is the code */
    for (unsigned i = 0; i < 3; i++) {
        read_code(sim, i, &code);
        CU_ASSERT_STRING_EQUAL(code.digits, first.digits);
    }
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"partition: both sides see lost contact within three intervals, and pause", partition},
    {"a few led away pause, the others see them lost", a_few_led_away},
    {"a newcomer in a rolled-back log sends nothing", newcomer_rolled_back},
    {"a rejoiner does not enter a past it has seen beyond", rejoiner_rolled_back},
    {"two groups of one room have two codes", two_groups_of_one_room},
    {"members of one group have one code, as long as the roster is", codes_are_the_same_otherwise},
};
UNIT_MAIN("adversary.call.fork", tests)
