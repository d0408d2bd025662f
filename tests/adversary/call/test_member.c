/* Members of the call whose clients are patched, and whom the delivery service may help. */
#include <string.h>

#include "patched.h"
#include "scene.h"
#include "seal.h"
#include "sim_server.h"
#include "unit.h"

/* Whether the call is as it was: all agree, in this epoch, these many, and nobody had to come in anew. */
static void nothing_came_of_it(struct sim *sim, uint64_t epoch, unsigned members)
{
    for (unsigned i = 0; i < members; i++) {
        CU_ASSERT_EQUAL(call_epoch(sim->clients[i].call), epoch);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), members);
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
        CU_ASSERT_TRUE(sim->clients[i].sending);
    }
}

/* --- Time --- */

/* A member states a time far ahead in its commit, so that others' certificates would expire: none follows it. */
static void time_far_ahead(void)
{
    static const uint64_t ahead_s[] = {3600 + 60, 11 * 24 * 3600, UINT32_MAX};
    for (size_t k = 0; k < sizeof ahead_s / sizeof ahead_s[0]; k++) {
        struct sim *sim = scene_new(4, 4);
        struct crew patched;
        const uint64_t before = call_epoch(sim->clients[0].call);
        patched_member(&patched, sim, 3);
        const struct crew_commit what = {.time_s = SIM_START_S + sim->now_ms / 1000 + ahead_s[k]};
        patched_commit(&patched, sim, &what);
        sim_run_for(sim, 2000);
        nothing_came_of_it(sim, before, 4);
        crew_wipe(&patched);
        sim_free(sim);
    }
}

/* The hour that a commit may advance it: nobody is put out for that, and the liar's kick undoes it. */
static void time_an_hour_ahead(void)
{
    struct sim *sim = scene_new(4, 5);
    struct crew patched;
    const uint64_t before = call_epoch(sim->clients[0].call);
    patched_member(&patched, sim, 3);
    const struct crew_commit what = {.time_s = SIM_START_S + 3600};
    patched_commit(&patched, sim, &what);
    sim_run_for(sim, 2000);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(call_epoch(sim->clients[i].call), before + 1);
    scene_kick(sim, 3);
    sim_run_for(sim, 5000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_KICKED], 1);
    crew_wipe(&patched);
    sim_free(sim);
}

/* --- Downgrade --- */

/* The admin's own client, patched, says that frames are sealed by less from now on: by another suite, by one with short
 * tags, without what is authentic inside. None follows. */
static void a_downgrade(void)
{
    static const struct {
        uint16_t suite;
        uint8_t profile;
    } cases[] = {{1, 0}, {2, 0}, {3, 0}, {0, 0}, {4, 1}};
    struct sim *sim = scene_new(3, 3);
    struct crew patched;
    struct call_context context;
    sim_run_for(sim, 70000); /* somebody else has committed last: it is no matter of turns */
    const uint64_t before = call_epoch(sim->clients[0].call);
    patched_member(&patched, sim, 0);
    CU_ASSERT_FALSE(call_committed_last(patched.group, mls_group_own_leaf(patched.group)));
    CU_ASSERT_TRUE_FATAL(call_context_parse(mls_group_extensions(patched.group), &context));
    CU_ASSERT_EQUAL(context.params.sframe_suite, 4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct call_params params = context.params;
        struct mls_extension_item items[CALL_EXTENSIONS];
        struct bytes_writer w;
        uint8_t encoded[2048];
        params.sframe_suite = cases[i].suite;
        params.profile = cases[i].profile;
        bytes_writer_init(&w, encoded, sizeof encoded);
        call_params_write(&w, &params);
        call_context_items((struct core_slice){encoded, w.len}, context.revoked, items);
        const struct mls_proposal_config change = {
            .type = MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS, .extensions = items, .extension_count = CALL_EXTENSIONS};
        const struct crew_commit what = {.proposals = &change, .count = 1};
        patched_commit(&patched, sim, &what);
        sim_run_for(sim, 1000);
        nothing_came_of_it(sim, before, 3);
    }
    crew_wipe(&patched);
    sim_free(sim);
}

/* --- Kicks --- */

struct racer {
    struct crew patched;
    struct mls_staged *staged; /* its commit before */
    unsigned races;
    unsigned won;
};

/* Whenever an admin's append reaches the server, the racer's next commit goes into the log before it. */
static bool race(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct racer *racer = context;
    const struct crew_commit plain = {0};
    if (envelope->type != WIRE_APPEND || client != 0)
        return true;
    if (racer->staged && call_epoch(sim->clients[1].call) == mls_staged_epoch(racer->staged)) {
        CU_ASSERT_EQUAL(mls_group_merge(racer->patched.group, racer->staged), MLS_OK);
        racer->staged = NULL;
        racer->won++;
    }
    mls_staged_free(racer->staged);
    CU_ASSERT_EQUAL_FATAL(crew_commit(&racer->patched, &plain, &racer->staged), MLS_OK);
    patched_append(&racer->patched, sim, mls_staged_message(racer->staged));
    racer->races++;
    return true;
}

/* It is kicked, and every time its own commit is in the log first, which makes the kick one of an epoch that is over.
 * It gains one epoch by that, and no second one. */
static void out_races_its_kick(void)
{
    struct sim *sim = scene_new(4, 4);
    struct racer racer = {0};
    patched_member(&racer.patched, sim, 3);
    sim->request = race;
    sim->context = &racer;
    scene_kick(sim, 3);
    sim_run_for(sim, 6000);
    CU_ASSERT_EQUAL(racer.races, 2);
    CU_ASSERT_EQUAL(racer.won, 1);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 3);
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_KICKED], 1);
    }
    mls_staged_free(racer.staged);
    crew_wipe(&racer.patched);
    sim_free(sim);
}

/* Whatever anybody appends, the racer has just come back from outside, into the epoch that it was made in. */
static bool come_back_first(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct racer *racer = context;
    struct mls_output commit = {0};
    (void)client;
    if (envelope->type != WIRE_APPEND)
        return true;
    const uint32_t leaf = mls_group_own_leaf(racer->patched.group);
    racer->patched.nonce[0]++; /* another stay */
    CU_ASSERT_EQUAL_FATAL(crew_join_external(&racer->patched, &racer->patched, &leaf, 0, &commit), MLS_OK);
    patched_append(&racer->patched, sim, crew_bytes(commit));
    mls_output_free(&commit);
    racer->races++;
    return true;
}

/* It comes back from outside whenever the kick is to be logged, as often as it likes: turns do not bound that. Then
 * nobody speaks before it any more, neither who heard of the kick nor who made it, until it has come to pass. */
static void comes_back_before_its_kick(void)
{
    struct sim *sim = scene_new(4, 4);
    struct racer racer = {0};
    const uint64_t before = call_epoch(sim->clients[0].call);
    patched_member(&racer.patched, sim, 3);
    sim->request = come_back_first;
    sim->context = &racer;
    scene_kick(sim, 3);
    sim_run_for(sim, 11000);
    CU_ASSERT_TRUE(racer.races > 3);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(call_epoch(sim->clients[i].call) > before + 3); /* they follow it */
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 4);
        CU_ASSERT_EQUAL(scene_pause(sim, i), CALL_PAUSE_WITHHELD);
        CU_ASSERT_FALSE(sim->clients[i].sending);
    }
    sim->request = NULL; /* it is late once */
    sim_run_for(sim, 5000);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 3);
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_KICKED], 1);
        CU_ASSERT_TRUE(sim->clients[i].sending);
    }
    crew_wipe(&racer.patched);
    sim_free(sim);
}

static bool keep_package(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_bytes **kept = context;
    (void)sim;
    if (client == 3 && envelope->type == WIRE_PUT_KEY_PACKAGE && !*kept)
        *kept = sim_bytes_new(envelope->put_key_package.key_package.data, envelope->put_key_package.key_package.len);
    return true;
}

/* A member removes another and adds it again in the same commit, by the key package that it once came in with: to all
 * it looks like its return. Its client is not put out by that: it says so, and is back within seconds. */
static void put_out_by_its_own_package(void)
{
    struct sim *sim = scene_new(3, 4);
    struct sim_bytes *kept = NULL;
    struct crew patched;
    struct mls_output package = {0};
    sim->request = keep_package;
    sim->context = &kept;
    sim_start(sim, 3);
    gather_settles(sim, 10000);
    sim->request = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    sim_run_for(sim, 70000); /* somebody has renewed its path */
    patched_member(&patched, sim, 2);
    CU_ASSERT_FALSE(call_committed_last(patched.group, mls_group_own_leaf(patched.group)));
    CU_ASSERT_EQUAL_FATAL(
        call_box_open(&patched.room, CALL_BOX_KEY_PACKAGE, (struct mls_bytes){kept->data, kept->len}, &package),
        CALL_OK);
    const struct mls_proposal_config proposals[] = {crew_remove(scene_leaf(sim, 3)),
                                                    {.type = MLS_PROPOSAL_ADD, .key_package = crew_bytes(package)}};
    const struct crew_commit what = {.proposals = proposals, .count = 2};
    patched_commit(&patched, sim, &what);
    sim_run_for(sim, 1000);
    CU_ASSERT_EQUAL(sim->clients[3].warnings[CALL_WARNING_RESYNC], 1);
    gather_settles(sim, 60000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_EQUAL(sim->clients[0].gone[CALL_GONE_REMOVED], 0);
    mls_output_free(&package);
    sim_bytes_drop(kept);
    crew_wipe(&patched);
    sim_free(sim);
}

/* --- Ghosts --- */

/* A member adds a second leaf for a user who is there, without that user's root: with a certificate that another root
 * signed, and with one copied from that user, whose key it has not. Neither is followed. */
static void a_ghost_by_add(void)
{
    struct sim *sim = scene_new(3, 5);
    struct crew patched;
    struct crew ghost;
    const uint64_t before = call_epoch(sim->clients[0].call);
    patched_member(&patched, sim, 2);
    for (unsigned kind = 0; kind < 2; kind++) {
        patched_stranger(&ghost, sim, 4);
        if (kind == 0)
            patched_made_up(&ghost, sim, 1);
        if (kind == 1)
            patched_copied(&ghost, sim, 1);
        crew_new_package(&ghost, 0);
        const struct mls_proposal_config add = crew_add(&ghost);
        const struct crew_commit what = {.proposals = &add, .count = 1};
        patched_commit(&patched, sim, &what);
        crew_wipe(&ghost);
        sim_run_for(sim, 1000);
        nothing_came_of_it(sim, before, 3);
    }
    crew_wipe(&patched);
    sim_free(sim);
}

/* The same by an external commit, with the room's secret and without any member's help. */
static void a_ghost_by_external_commit(void)
{
    struct sim *sim = scene_new(3, 5);
    struct crew member;
    struct crew ghost;
    const uint64_t before = call_epoch(sim->clients[0].call);
    patched_member(&member, sim, 2);
    for (unsigned kind = 0; kind < 4; kind++) {
        struct mls_output commit = {0};
        patched_stranger(&ghost, sim, 4);
        if (kind % 2 == 0)
            patched_made_up(&ghost, sim, 1);
        else
            patched_copied(&ghost, sim, 1);
        /* beside user 1, or in its place */
        const uint32_t victim = scene_leaf(sim, 1);
        CU_ASSERT_EQUAL_FATAL(crew_join_external(&ghost, &member, kind < 2 ? NULL : &victim, 0, &commit), MLS_OK);
        patched_append(&ghost, sim, crew_bytes(commit));
        mls_output_free(&commit);
        crew_wipe(&ghost);
        sim_run_for(sim, 1000);
        nothing_came_of_it(sim, before, 3);
    }
    crew_wipe(&member);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"a member's time far ahead is followed by nobody", time_far_ahead},
    {"one an hour ahead puts nobody out, and goes with the liar", time_an_hour_ahead},
    {"a downgrade of suite or profile is followed by nobody, not even an admin's", a_downgrade},
    {"who out-races its kick does so once", out_races_its_kick},
    {"who comes back before each kick is heard by nobody who knows of it", comes_back_before_its_kick},
    {"who is removed and added again by its own key package is back", put_out_by_its_own_package},
    {"a ghost that a member adds is followed by nobody", a_ghost_by_add},
    {"nor is one that comes by an external commit", a_ghost_by_external_commit},
};
UNIT_MAIN("adversary.call.member", tests)
