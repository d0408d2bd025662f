/* Joining where the delivery service gives nothing out for a while: a part that is refused for now is waited for, and
 * is not taken for one that is missing. */
#include "sim.h"
#include "unit.h"

enum { LATENCY_MS = 20, ROUND_TRIP_MS = 2 * LATENCY_MS };

static struct sim *room_of_one(unsigned refuse, uint32_t retry_after_ms)
{
    const struct sim_config config = {.clients = 2, .latency_ms = LATENCY_MS, .seed = 5};
    struct sim *sim = sim_new(&config);
    sim_start(sim, 0);
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 2000), UINT64_MAX);
    sim->servers[0].fetches = (struct sim_fetches){.refuse = refuse, .retry_after_ms = retry_after_ms};
    return sim;
}

static void a_welcome_is_waited_for(void)
{
    /* longer than a joiner waits before it would come in by itself */
    static const uint32_t waits_ms[] = {700, 3500, 9000};
    for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        struct sim *sim = room_of_one(1, waits_ms[i]);
        const struct sim_fetches *fetches = &sim->servers[0].fetches;
        sim_start(sim, 1);
        CU_ASSERT_NOT_EQUAL(sim_settle(sim, 20000), UINT64_MAX);
        CU_ASSERT_EQUAL(fetches->refuse, 0);
        CU_ASSERT(fetches->given_ms >= fetches->refused_ms + waits_ms[i]);
        CU_ASSERT(fetches->given_ms <= fetches->refused_ms + waits_ms[i] + ROUND_TRIP_MS);
        /* the founding and its Add, whose Welcome it took: it did not come in by itself */
        CU_ASSERT_EQUAL(fetches->given_seq, 2);
        CU_ASSERT_EQUAL(sim->servers[0].count, 2);
        sim_free(sim);
    }
}

/* Nobody is there to add it. */
static void a_group_info_is_waited_for(void)
{
    static const uint32_t waits_ms[] = {700, 3500, 9000};
    for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        struct sim *sim = room_of_one(2, waits_ms[i]);
        const struct sim_fetches *fetches = &sim->servers[0].fetches;
        sim_cut(sim, 0);
        sim_start(sim, 1);
        /* at most three seconds and round trips until it comes in by itself, two refusals, and its commit; hello, and
         * the founding, before that */
        sim_run_for(sim, 3000 + 2 * waits_ms[i] + 10 * ROUND_TRIP_MS);
        CU_ASSERT_EQUAL(fetches->refuse, 0);
        CU_ASSERT(fetches->given_ms >= fetches->refused_ms + waits_ms[i]);
        CU_ASSERT_EQUAL(sim->servers[0].count, 2);
        sim_uncut(sim, 0);
        CU_ASSERT_NOT_EQUAL(sim_settle(sim, 10000), UINT64_MAX);
        sim_free(sim);
    }
}

/* It has the joiner wait, but not for ever. */
static void no_wait_is_endless(void)
{
    struct sim *sim = room_of_one(1, UINT32_MAX);
    sim_start(sim, 1);
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 60000), UINT64_MAX);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"a Welcome that is refused for now is asked for when the service says", a_welcome_is_waited_for},
    {"and so is a GroupInfo", a_group_info_is_waited_for},
    {"a wait without end is cut short", no_wait_is_endless},
};

UNIT_MAIN("client.fetch", tests)
