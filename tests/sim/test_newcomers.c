/* Newcomers whose way in is cut: who was there goes before it has answered, a rotation overtakes what adds them, the
 * delivery service dies again and again. None stays where it can neither send nor get out. */
#include <stdlib.h>
#include <string.h>

#include "gather.h"
#include "unit.h"

static const struct sim_config usual = {.clients = 5, .latency_ms = 30, .jitter_ms = 30, .seed = 5};

static bool is_in(const struct sim *sim, unsigned i)
{
    return sim->clients[i].call && call_get_phase(sim->clients[i].call) == CALL_PHASE_MEMBER;
}

/* --- Those who were there are gone --- */

/* One commit adds two, and half of those who were there do not answer; then nobody is left of them. Neither newcomer
 * was there before the other, and neither needs that: the two, and all who come after them, are the call. Whether one
 * commit did add both. */
static bool added_together(uint64_t seed)
{
    struct sim_config config = usual;
    config.seed = seed;
    struct sim *sim = sim_new(&config);
    for (unsigned i = 2; i < 5; i++) {
        sim_start(sim, i);
        sim_run_for(sim, 200);
    }
    gather_settles(sim, 30000);
    sim_run_for(sim, 65000); /* a turn: others may commit than before */
    sim_crash(sim, 3);
    sim_crash(sim, 4);
    const size_t log = sim->servers[0].count;
    sim_start(sim, 0);
    sim_start(sim, 1);
    for (unsigned n = 0; n < 200 && !(is_in(sim, 0) && is_in(sim, 1)); n++)
        sim_run_for(sim, 20);
    const bool together = sim->servers[0].count == log + 1;
    sim_run_for(sim, 4000);
    for (unsigned i = 0; together && i < 2; i++) { /* two of four answer it: not more than half */
        CU_ASSERT_TRUE(is_in(sim, i));
        CU_ASSERT_EQUAL(call_get_pause(sim->clients[i].call), CALL_PAUSE_UNCONFIRMED);
    }
    sim_crash(sim, 2);
    for (unsigned i = 2; i < 5; i++)
        sim_start(sim, i);
    gather_settles(sim, 60000);
    sim_free(sim);
    return together;
}

static void nobody_is_left(void)
{
    unsigned together = 0;
    for (uint64_t seed = 1; seed <= 8; seed++)
        together += added_together(seed);
    CU_ASSERT_TRUE(together >= 2); /* else nothing was tried */
}

/* Four come in where the two who were there do not follow: each of them hears more than half. But the first of them
 * hears nobody who was there before it, while those who were are members still. */
static void first_beside_the_call(void)
{
    struct sim_config config = usual;
    config.clients = 6;
    struct sim *sim = gather(2, config);
    const struct sim_client *first = &sim->clients[2];
    sim_run_for(sim, 3000);
    gather_beside(sim, 2);
    for (unsigned n = 0; n < 15; n++) {
        CU_ASSERT_FALSE(first->sending);
        sim_run_for(sim, 1000);
    }
    CU_ASSERT_EQUAL(call_member_total(first->call), 6);
    CU_ASSERT_EQUAL(call_get_pause(first->call), CALL_PAUSE_UNCONFIRMED);
    sim_free(sim);
}

/* --- A rotation comes first --- */

struct overtaking {
    struct sim_bytes *commit; /* that adds the newcomer, held back */
    struct sim_bytes *welcome;
};

static struct sim_bytes *copy_of(struct core_slice from)
{
    struct sim_bytes *bytes = malloc(sizeof *bytes + from.len);
    if (!bytes)
        abort();
    bytes->holders = 1;
    bytes->len = from.len;
    memcpy(bytes->data, from.data, from.len);
    return bytes;
}

/* Client 0 hears of nobody who waits: client 1 is to add. */
static bool one_adds(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    return envelope->type != WIRE_KEY_PACKAGES_WAITING || client != 0;
}

static bool overtake(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct overtaking *overtaking = context;
    if (envelope->type != WIRE_APPEND || client != 1 || !envelope->append.has_welcome || overtaking->commit)
        return true;
    overtaking->commit = copy_of(envelope->append.commit);
    overtaking->welcome = copy_of(envelope->append.welcome);
    CU_ASSERT_EQUAL(call_rotate(sim->clients[0].call), CALL_OK);
    sim_drain(sim, 0);
    return false;
}

/* It follows a Welcome into an epoch in which nobody is. All that the others say from then on is sealed under a secret
 * that it does not have, and silence proves nothing: but their commits show that they went on. */
static void a_rotation_comes_first(void)
{
    struct overtaking overtaking = {0};
    struct sim *sim = sim_new(&usual);
    const struct sim_client *late = &sim->clients[2];
    gather_in(sim, 2);
    sim_run_for(sim, 3000);
    sim->filter = one_adds;
    sim->request = overtake;
    sim->context = &overtaking;
    sim_start(sim, 2);
    for (unsigned n = 0; n < 100 && !overtaking.commit; n++)
        sim_run_for(sim, 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(overtaking.commit);
    sim_run_for(sim, 200); /* the rotation is there */
    sim_append_parts(sim, 0, (struct core_slice){overtaking.commit->data, overtaking.commit->len},
                     (struct core_slice){overtaking.welcome->data, overtaking.welcome->len},
                     (struct core_slice){NULL, 0});
    sim_run_for(sim, 1000);
    CU_ASSERT_TRUE(is_in(sim, 2));
    for (unsigned n = 0; n < 1200 && is_in(sim, 2); n++) {
        CU_ASSERT_FALSE(late->sending);
        sim_run_for(sim, 100);
    }
    sim_run_for(sim, 5000);
    CU_ASSERT_EQUAL(call_get_phase(late->call), CALL_PHASE_LINK_OLD); /* which is the truth, and can be helped */
    free(overtaking.commit);
    free(overtaking.welcome);
    sim_free(sim);
}

/* --- A rotation that lost its race --- */

struct loser {
    bool captured;
    struct sim_bytes *commit;
    struct sim_bytes *info; /* under a secret that never comes into force */
};

static bool capture_rotation(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct loser *loser = context;
    (void)sim;
    if (envelope->type != WIRE_APPEND || client != 0 || loser->captured)
        return true;
    loser->captured = true;
    loser->commit = copy_of(envelope->append.commit);
    loser->info = copy_of(envelope->append.group_info);
    return false;
}

/* Another commit was first, and who wanted the rotation died before it could try again. Its GroupInfo is the newest
 * there is, and of a later secret than the link's. Whoever comes, and is added by nobody, comes in by the one before.
 */
static void a_rotation_loses_its_race(void)
{
    struct sim_config config = usual;
    config.clients = 4;
    struct loser loser = {0};
    struct sim *sim = gather(3, config);
    sim_run_for(sim, 3000);
    sim->request = capture_rotation;
    sim->context = &loser;
    CU_ASSERT_EQUAL(call_rotate(sim->clients[0].call), CALL_OK);
    sim_drain(sim, 0);
    for (unsigned n = 0; n < 3500 && !loser.captured; n++)
        sim_run_for(sim, 20); /* it may have to let another commit first */
    CU_ASSERT_PTR_NOT_NULL_FATAL(loser.info);
    sim_crash(sim, 0);
    const uint64_t before = call_epoch(sim->clients[1].call);
    sim_run_for(sim, 65000); /* it is somebody's turn */
    CU_ASSERT_TRUE(call_epoch(sim->clients[1].call) > before);
    sim_append_parts(sim, 0, (struct core_slice){loser.commit->data, loser.commit->len}, (struct core_slice){NULL, 0},
                     (struct core_slice){loser.info->data, loser.info->len});
    sim->filter = gather_nobody_adds;
    sim_start(sim, 3);
    sim_run_for(sim, 20000); /* it may have to come in twice, if another commit goes before its own */
    CU_ASSERT_TRUE(is_in(sim, 3));
    CU_ASSERT_EQUAL(sim->clients[3].phases[CALL_PHASE_LINK_OLD], 0);
    gather_settles(sim, 20000);
    free(loser.commit);
    free(loser.info);
    sim_free(sim);
}

/* --- No connection lasts --- */

/* It waits 1 to 3 s for somebody to add it, and no connection lasts a second: it goes on where it was. */
static void the_service_dies_every_second(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim_config config = usual;
        config.seed = seed;
        struct sim *sim = gather(2, config);
        sim->filter = gather_nobody_adds;
        sim_start(sim, 2);
        for (unsigned n = 0; n < 20 && !is_in(sim, 2); n++) {
            sim_run_for(sim, 900);
            sim_server_stop(sim, 0);
            sim_run_for(sim, 50);
            sim_server_start(sim, 0);
        }
        CU_ASSERT_TRUE(is_in(sim, 2));
        sim->filter = NULL;
        gather_settles(sim, 10000);
        sim_free(sim);
    }
}

/* --- Far away --- */

/* Almost a second for each round trip, and to add somebody takes three of them: nobody loses patience meanwhile, and
 * makes a commit against the one that would bring it in. */
static void all_are_far_away(void)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (unsigned n = 2; n <= 4; n++) {
            const struct sim_config config = {.latency_ms = 400, .jitter_ms = 100, .seed = seed};
            struct sim *sim = gather(n, config);
            CU_ASSERT(sim->now_ms < 12000);
            for (unsigned i = 0; i < n; i++)
                CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
            sim_free(sim);
        }
}

static const struct unit_test tests[] = {
    {"who were added together confirm each other once nobody is left of those who were there", nobody_is_left},
    {"who was first beside the call sends nothing, however many follow it", first_beside_the_call},
    {"who followed a commit that a rotation overtook finds that out", a_rotation_comes_first},
    {"the newest GroupInfo is a rotation's that lost its race: the link is good", a_rotation_loses_its_race},
    {"who asks to be let in gets in over connections that last less than it waits", the_service_dies_every_second},
    {"who is far away waits for members who are as far away", all_are_far_away},
};

UNIT_MAIN("client.newcomers", tests)
