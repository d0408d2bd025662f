#include "gather.h"

#include "unit.h"

void gather_settles(struct sim *sim, uint64_t max_ms)
{
    const uint64_t took = sim_settle(sim, max_ms);
    CU_ASSERT_NOT_EQUAL(took, UINT64_MAX);
    CU_ASSERT_EQUAL(sim->repeats, 0);
    if (took == UINT64_MAX)
        sim_print(sim);
}

void gather_in(struct sim *sim, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sim_start(sim, i);
        sim_run_for(sim, i == 0 ? 1000 : 50);
    }
    gather_settles(sim, 30000);
}

struct sim *gather(unsigned n, struct sim_config config)
{
    config.clients = config.clients ? config.clients : n;
    struct sim *sim = sim_new(&config);
    gather_in(sim, n);
    return sim;
}

bool gather_nobody_adds(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    (void)client;
    return envelope->type != WIRE_KEY_PACKAGES_WAITING;
}

void gather_beside(struct sim *sim, unsigned first)
{
    sim_server_copy(sim);
    sim->filter = gather_nobody_adds;
    for (unsigned i = first; i < sim->config.clients; i++) {
        sim_move(sim, i, 1);
        sim_start(sim, i);
        sim_run_for(sim, 5000);
    }
}
