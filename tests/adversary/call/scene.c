#include "scene.h"

#include "unit.h"

struct sim *scene_empty(unsigned clients)
{
    const struct sim_config config = {.clients = clients, .latency_ms = 30, .jitter_ms = 30, .seed = 5};
    return sim_new(&config);
}

void scene_gather(struct sim *sim, unsigned n)
{
    gather_in(sim, n);
    sim_run_for(sim, 3000);
}

struct sim *scene_new(unsigned n, unsigned clients)
{
    struct sim *sim = scene_empty(clients);
    scene_gather(sim, n);
    return sim;
}

enum call_pause scene_pause(const struct sim *sim, unsigned i)
{
    return call_get_pause(sim->clients[i].call);
}

enum call_phase scene_phase(const struct sim *sim, unsigned i)
{
    return call_get_phase(sim->clients[i].call);
}

unsigned scene_lost(const struct sim *sim, unsigned i)
{
    struct call_member member;
    unsigned lost = 0;
    for (uint32_t k = 0; call_get_member(sim->clients[i].call, k, &member) == CALL_OK; k++)
        lost += member.lost;
    return lost;
}

uint32_t scene_leaf(const struct sim *sim, unsigned i)
{
    struct call_member member;
    for (uint32_t k = 0; call_get_member(sim->clients[i].call, k, &member) == CALL_OK; k++)
        if (member.self)
            return member.leaf;
    CU_FAIL_FATAL("not a member");
    return 0;
}

void scene_kick(struct sim *sim, unsigned i)
{
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[i].content.user_id), CALL_OK);
    sim_drain(sim, 0);
}
