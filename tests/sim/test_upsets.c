/* What upsets a call, one thing at a time, at the worst moment for it: nobody is put out, and all agree again. */
#include <string.h>

#include "sim.h"
#include "unit.h"

static void settles(struct sim *sim, uint64_t max_ms)
{
    const uint64_t took = sim_settle(sim, max_ms);
    CU_ASSERT_NOT_EQUAL(took, UINT64_MAX);
    if (took == UINT64_MAX)
        sim_print(sim);
}

/* A call of n of `clients` that has settled. */
static struct sim *call_of(unsigned n, unsigned clients)
{
    const struct sim_config config = {.clients = clients, .latency_ms = 30, .jitter_ms = 30, .seed = 17};
    struct sim *sim = sim_new(&config);
    for (unsigned i = 0; i < n; i++) {
        sim_start(sim, i);
        sim_run_for(sim, i == 0 ? 1000 : 50);
    }
    settles(sim, 30000);
    sim_run_for(sim, 3000);
    return sim;
}

static unsigned resyncs(const struct sim *sim)
{
    unsigned n = 0;
    for (unsigned i = 0; i < sim->config.clients; i++)
        n += sim->clients[i].warnings[CALL_WARNING_RESYNC];
    return n;
}

/* --- Joining --- */

static bool only_from_outside(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    return envelope->type != WIRE_APPEND || call_get_phase(sim->clients[client].call) == CALL_PHASE_ENTERING;
}

/* Its key package was taken, and its taker's commit is late: it comes in by itself. Then the taker tries again. */
static void in_by_two_ways(void)
{
    struct sim *sim = call_of(3, 4);
    sim->request = only_from_outside;
    sim_start(sim, 3);
    for (unsigned n = 0; n < 100 && call_get_phase(sim->clients[3].call) != CALL_PHASE_MEMBER; n++)
        sim_run_for(sim, 100);
    sim->request = NULL;
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[3].call), CALL_PHASE_MEMBER);
    sim_run_for(sim, 10000);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[3].call), CALL_PHASE_MEMBER);
    CU_ASSERT_TRUE(sim_agree(sim));
    CU_ASSERT_EQUAL(resyncs(sim), 0);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"who came in by itself is not put out by the key package that it had posted", in_by_two_ways},
};

UNIT_MAIN("client.upsets", tests)
