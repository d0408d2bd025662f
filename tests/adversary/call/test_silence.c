/* A delivery service that lets connections stand and answers nothing, or nothing of one kind, for a minute. */
#include "scene.h"
#include "unit.h"

enum { SILENT_MS = 60000, ALL = 0 };

struct silence {
    uint64_t until_ms;
    int type; /* of the requests that are swallowed */
};

static bool swallow(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    const struct silence *silence = context;
    (void)client;
    return sim->now_ms >= silence->until_ms || (silence->type != ALL && silence->type != (int)envelope->type);
}

/* Nobody comes in, nobody sends; when it answers again, all are in by themselves. */
static void from_the_first(void)
{
    struct sim *sim = scene_empty(3);
    struct silence silence = {.until_ms = SILENT_MS};
    sim->request = swallow;
    sim->context = &silence;
    for (unsigned i = 0; i < 3; i++)
        sim_start(sim, i);
    while (sim->now_ms < SILENT_MS) {
        sim_run_for(sim, 1000);
        for (unsigned i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL(scene_phase(sim, i), CALL_PHASE_OUTSIDE);
            CU_ASSERT_FALSE(sim->clients[i].sending);
        }
    }
    gather_settles(sim, 60000);
    sim_free(sim);
}

/* In mid-call: warned, paused after a minute, nobody lost; and then it goes on. */
static void in_mid_call(void)
{
    struct sim *sim = scene_new(3, 3);
    struct silence silence = {.until_ms = sim->now_ms + SILENT_MS + 10000};
    sim->request = swallow;
    sim->context = &silence;
    sim_run_for(sim, SILENT_MS + 9000);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(sim->clients[i].warnings[CALL_WARNING_SERVER] > 0);
        CU_ASSERT_EQUAL(scene_pause(sim, i), CALL_PAUSE_SERVER);
        CU_ASSERT_EQUAL(scene_lost(sim, i), 0);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 3);
    }
    gather_settles(sim, 60000);
    sim_free(sim);
}

/* It answers everything but one kind of request, of two members and three who come: whichever it is, all end in one
 * epoch. */
static void one_kind(void)
{
    for (int type = WIRE_HELLO; type <= WIRE_RELAY; type++) {
        struct sim *sim = scene_new(2, 5);
        struct silence silence = {.until_ms = sim->now_ms + SILENT_MS, .type = type};
        if (!wire_is_request((uint8_t)type)) {
            sim_free(sim);
            continue;
        }
        sim->request = swallow;
        sim->context = &silence;
        for (unsigned i = 2; i < 5; i++)
            sim_start(sim, i);
        sim_run_for(sim, SILENT_MS);
        gather_settles(sim, 90000);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 5);
        sim_free(sim);
    }
}

static const struct unit_test tests[] = {
    {"answers nobody for a minute, from the first: all wait outside, then come in", from_the_first},
    {"answers nobody for a minute in mid-call: a warning, a pause, nobody lost", in_mid_call},
    {"swallows one kind of request for a minute: all end in one epoch", one_kind},
};
UNIT_MAIN("adversary.call.silence", tests)
