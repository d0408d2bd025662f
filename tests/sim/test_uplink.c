/* Appends over lines that take long to send them. What is on its way is not sent a second time over the connection that
 * it is on, unless the delivery service shows that it has it and does not answer. */
#include <string.h>

#include "gather.h"
#include "parts.h"
#include "unit.h"
#include "wire/buffer.h"

enum { LATENCY_MS = 20, APPENDS_MAX = 8, HEARTBEAT_MAX = 1024 };

/* What the service is asked to append by one client. */
struct appends {
    unsigned client;
    bool alone;       /* nobody else's are stored */
    unsigned swallow; /* so many are neither stored nor answered */
    unsigned count;
    struct {
        uint8_t id[WIRE_APPEND_ID_LEN];
        uint32_t request;
        uint64_t at_ms;
        size_t len;
    } seen[APPENDS_MAX];
};

static bool see_append(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct appends *appends = context;
    if (envelope->type != WIRE_APPEND)
        return true;
    if (client != appends->client)
        return !appends->alone;
    CU_ASSERT_FATAL(appends->count < APPENDS_MAX);
    const struct wire_append *append = &envelope->append;
    memcpy(appends->seen[appends->count].id, append->append_id, WIRE_APPEND_ID_LEN);
    appends->seen[appends->count].request = envelope->request;
    appends->seen[appends->count].at_ms = sim->now_ms;
    appends->seen[appends->count++].len = append->commit.len + append->welcome.len + append->group_info.len;
    return appends->count > appends->swallow;
}

/* A call of n, settled; client 0, its admin, has a line of so many bytes a second, and makes a commit. */
static struct sim *one_commits(unsigned n, uint32_t bytes_s, struct appends *appends)
{
    const struct sim_config config = {.latency_ms = LATENCY_MS, .seed = 7, .shared_verdicts = true};
    struct sim *sim = gather(n, config);
    sim_run_for(sim, 3000);
    appends->client = 0;
    sim->request = see_append;
    sim->context = appends;
    sim->clients[0].uplink_bytes_s = bytes_s;
    CU_ASSERT_EQUAL(call_set_locked(sim->clients[0].call, true), CALL_OK);
    sim_drain(sim, 0);
    return sim;
}

static void until_asked(struct sim *sim, const struct appends *appends, unsigned count, uint64_t max_ms)
{
    const uint64_t until_ms = sim->now_ms + max_ms;
    while (appends->count < count && sim->now_ms < until_ms)
        sim_run_for(sim, 10);
    CU_ASSERT_EQUAL_FATAL(appends->count, count);
}

/* How often the first of them was sent. */
static unsigned copies(const struct appends *appends)
{
    unsigned n = 0;
    for (unsigned i = 0; i < appends->count; i++)
        n += memcmp(appends->seen[i].id, appends->seen[0].id, WIRE_APPEND_ID_LEN) == 0;
    return n;
}

static void sent_once(unsigned n, uint32_t bytes_s, uint64_t at_least_ms)
{
    struct appends appends = {.alone = true};
    struct sim *sim = one_commits(n, bytes_s, &appends);
    const struct sim_client *slow = &sim->clients[0];
    const uint64_t session = slow->session;
    const uint64_t bytes = slow->uplink_bytes;
    until_asked(sim, &appends, 1, 60000);
    CU_ASSERT(appends.seen[0].len * 1000 / bytes_s >= at_least_ms);
    /* beside it, a heartbeat every five seconds */
    CU_ASSERT(slow->uplink_bytes - bytes < appends.seen[0].len + 5 * HEARTBEAT_MAX);
    sim_run_for(sim, 5000);
    CU_ASSERT_EQUAL(copies(&appends), 1);
    CU_ASSERT_EQUAL(slow->session, session);
    gather_settles(sim, 1000);
    sim_free(sim);
}

static void what_takes_long_to_leave(void)
{
    sent_once(2, 300, 10000); /* within the time that every answer has */
}

/* For longer than that, as it is large. */
static void what_is_large(void)
{
    sent_once(40, 2100, 15000);
}

/* A commit that the service swallows while it answers what is sent later. */
static void what_is_swallowed(void)
{
    struct appends appends = {.swallow = 1};
    struct sim *sim = one_commits(2, 0, &appends);
    const struct sim_client *one = &sim->clients[0];
    const uint64_t session = one->session;
    const uint64_t start_ms = sim->now_ms;
    until_asked(sim, &appends, 2, 30000);
    CU_ASSERT_EQUAL(copies(&appends), 2);
    CU_ASSERT_EQUAL(one->session, session); /* over the same connection: nothing of it is in the line any more */
    CU_ASSERT(sim->now_ms - start_ms < 5000 + 4000 + 1000); /* the next heartbeat, and the patience after it */
    gather_settles(sim, 1000);
    sim_free(sim);
}

/* Nothing is sent later by who is not a member yet: what it waits for is overdue, and goes over another connection. The
 * newcomer does not give its attempt up while that is under way. */
static void a_newcomers_is_swallowed(void)
{
    const struct sim_config config = {.clients = 2, .latency_ms = LATENCY_MS, .seed = 7};
    struct appends appends = {.client = 1, .swallow = 1};
    struct sim *sim = gather(1, config);
    sim_cut(sim, 0);
    sim->request = see_append;
    sim->context = &appends;
    sim_start(sim, 1);
    until_asked(sim, &appends, 1, 10000);
    struct sim_client *newcomer = &sim->clients[1];
    const uint64_t session = newcomer->session;
    newcomer->uplink_bytes_s = 215;
    until_asked(sim, &appends, 2, 60000);
    CU_ASSERT_EQUAL(copies(&appends), 2);
    CU_ASSERT_NOT_EQUAL(newcomer->session, session);
    CU_ASSERT(appends.seen[1].at_ms - appends.seen[0].at_ms > 30000); /* when an attempt that nothing moves ends */
    sim_run_for(sim, 2 * LATENCY_MS);
    CU_ASSERT_EQUAL(call_get_phase(newcomer->call), CALL_PHASE_MEMBER);
    CU_ASSERT_EQUAL(newcomer->phases[CALL_PHASE_ENTERING], 1);
    sim_free(sim);
}

/* The way back into one's own leaf is a commit too: longer on its way than who comes back waits for the group. */
static void who_comes_back(void)
{
    const struct sim_config config = {.latency_ms = LATENCY_MS, .seed = 7, .keeps = true};
    struct appends appends = {.client = 1};
    struct sim *sim = gather(2, config);
    sim_run_for(sim, 5000);
    sim_crash(sim, 1);
    sim->request = see_append;
    sim->context = &appends;
    struct sim_client *slow = &sim->clients[1];
    slow->uplink_bytes_s = 250;
    sim_start(sim, 1);
    const uint64_t start_ms = sim->now_ms;
    until_asked(sim, &appends, 1, 60000);
    CU_ASSERT(sim->now_ms - start_ms > 10000);
    gather_settles(sim, 20000);
    CU_ASSERT_EQUAL(copies(&appends), 1);
    CU_ASSERT_EQUAL(slow->phases[CALL_PHASE_ASKING] + slow->phases[CALL_PHASE_ENTERING], 0);
    sim_free(sim);
}

static void answer(struct sim *sim, unsigned client, uint32_t request)
{
    const struct wire_envelope appended = {
        .type = WIRE_APPENDED, .request = request, .appended = {.seq = sim->servers[0].count + 1}};
    struct bytes_writer w;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, &appended);
    CU_ASSERT_EQUAL(call_receive(sim->clients[client].call, w.data, w.len, sim_time(sim, client)), CALL_OK);
    wire_buffer_free(&w);
    sim_drain(sim, client);
}

/* A member's commit is given up, as it begins anew; while it enters from outside, the answer to that commit comes. */
static void a_late_answer(void)
{
    struct appends appends = {.alone = true, .swallow = 2};
    struct sim *sim = one_commits(2, 0, &appends);
    struct call *call = sim->clients[0].call;
    until_asked(sim, &appends, 1, 1000);
    call_resync(call);
    sim_drain(sim, 0);
    until_asked(sim, &appends, 2, 10000);
    CU_ASSERT_EQUAL(copies(&appends), 1);
    answer(sim, 0, appends.seen[0].request);
    CU_ASSERT_EQUAL(call_get_phase(call), CALL_PHASE_ENTERING);
    answer(sim, 0, appends.seen[1].request);
    CU_ASSERT_EQUAL(call_get_phase(call), CALL_PHASE_MEMBER);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"what takes long to leave is sent once", what_takes_long_to_leave},
    {"what is large is waited for the longer, over the same connection", what_is_large},
    {"what is swallowed is sent again, once something that was sent later is answered", what_is_swallowed},
    {"a newcomer whose commit is swallowed sends it over another connection, and waits for it",
     a_newcomers_is_swallowed},
    {"who comes back over a slow line comes back into its own leaf", who_comes_back},
    {"an answer to what was given up brings nobody in", a_late_answer},
};
UNIT_MAIN("client.uplink", tests)
