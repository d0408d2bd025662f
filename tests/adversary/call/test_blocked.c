/* Somebody who may append, but has no link, writes into a room before anybody has founded it. */
#include <string.h>

#include "scene.h"
#include "unit.h"

static void append_garbage(struct sim *sim)
{
    static const uint8_t junk[300] = {0xff, 1, 2, 3};
    static const uint8_t box[300] = {1, 1, 0, 0, 0, 0, 7}; /* the head of one that this link might open */
    sim_append(sim, 0, junk, sizeof junk);
    sim_append(sim, 0, box, sizeof box);
}

/* Who comes cannot know whose entries these are, and founds no room beside them. The next room is as good. */
static void garbage_is_first(void)
{
    struct sim *sim = scene_empty(2);
    append_garbage(sim);
    const size_t log = sim->servers[0].count;
    sim_start(sim, 0);
    sim_run_for(sim, 30000);
    CU_ASSERT_EQUAL(scene_phase(sim, 0), CALL_PHASE_LINK_OLD);
    CU_ASSERT_FALSE(sim->clients[0].sending);
    CU_ASSERT_EQUAL(sim->servers[0].count, log);
    sim_crash(sim, 0);
    sim_move(sim, 0, 1); /* a room that is empty: another name, or the operator has closed this one */
    sim_move(sim, 1, 1);
    sim_start(sim, 0);
    sim_start(sim, 1);
    gather_settles(sim, 15000);
    sim_free(sim);
}

static bool race(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    bool *raced = context;
    (void)client;
    if (envelope->type == WIRE_APPEND && !*raced) {
        *raced = true;
        append_garbage(sim);
    }
    return true;
}

/* It comes between the founder's look at the log and its founding: that stops nobody. */
static void garbage_races_the_founding(void)
{
    struct sim *sim = scene_empty(2);
    bool raced = false;
    sim->request = race;
    sim->context = &raced;
    sim_start(sim, 0);
    sim_run_for(sim, 2000);
    CU_ASSERT_TRUE(raced);
    CU_ASSERT_EQUAL(scene_phase(sim, 0), CALL_PHASE_MEMBER);
    sim_start(sim, 1);
    gather_settles(sim, 15000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 2);
    sim_free(sim);
}

/* Why nobody founds beside entries that do not open: they may be a call's, whose link was replaced since. Whoever was
 * given the old link would be alone there with those who were kicked, and take it for the room. */
static void an_old_link_founds_nothing_beside_the_call(void)
{
    struct sim *sim = scene_empty(3);
    for (unsigned i = 0; i < 2; i++) { /* of a link that was replaced before this log began */
        sim->clients[i].link.number = 1;
        sim->clients[i].link.secret[0] ^= 1;
        sim_start(sim, i);
        sim_run_for(sim, 1000);
    }
    gather_settles(sim, 15000);
    sim_start(sim, 2);
    sim_run_for(sim, 30000);
    CU_ASSERT_EQUAL(scene_phase(sim, 2), CALL_PHASE_LINK_OLD);
    CU_ASSERT_FALSE(sim->clients[2].sending);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 2);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"garbage in an empty room: nobody founds beside it, and another room serves", garbage_is_first},
    {"garbage that races a founding stops nobody", garbage_races_the_founding},
    {"an old link founds nothing beside the call", an_old_link_founds_nothing_beside_the_call},
};
UNIT_MAIN("adversary.call.blocked", tests)
