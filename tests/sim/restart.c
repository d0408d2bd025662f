#include "restart.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

const struct sim_config restart_usual = {.latency_ms = 30, .jitter_ms = 30, .seed = 11, .keeps = true};

struct sim *restart_call_of(unsigned n, struct sim_config config)
{
    struct sim *sim = gather(n, config);
    sim_run_for(sim, 4000);
    gather_settles(sim, 1000);
    return sim;
}

void restart(struct sim *sim, unsigned i, uint64_t after_ms)
{
    sim_crash(sim, i);
    sim_run_for(sim, after_ms);
    sim_start(sim, i);
}

bool restart_came_back(const struct sim_client *client)
{
    return client->restored == CALL_OK && client->phases[CALL_PHASE_RETURNING] == 1 &&
           client->phases[CALL_PHASE_ASKING] == 0 && client->phases[CALL_PHASE_ENTERING] == 0;
}

static uint8_t *copy_of(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len);
    if (!copy)
        abort();
    memcpy(copy, data, len);
    return copy;
}

struct held restart_hold_commit(struct sim *sim)
{
    struct held held = {0};
    struct call_event event;
    struct wire_envelope envelope;
    CU_ASSERT_EQUAL_FATAL(call_set_locked(sim->clients[0].call, true), CALL_OK);
    call_advance(sim->clients[0].call, sim_time(sim, 0));
    while (call_next_event(sim->clients[0].call, &event)) {
        if (event.type == CALL_EVENT_STATE)
            sim_keep(sim, 0, event.data, event.len);
        if (event.type != CALL_EVENT_SEND || !wire_envelope_parse(event.data, event.len, &envelope) ||
            envelope.type != WIRE_APPEND)
            continue;
        free(held.commit);
        held.len = envelope.append.commit.len;
        held.commit = copy_of(envelope.append.commit.data, held.len);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(held.commit);
    sim_crash(sim, 0);
    return held;
}

uint8_t *restart_copy_state(const struct sim_client *client, size_t *len)
{
    *len = client->state_len;
    return copy_of(client->state, client->state_len);
}
