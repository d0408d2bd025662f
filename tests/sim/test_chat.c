/* Chat on a virtual clock: how long a message may still be shown when it comes, and what its size tells a server. */
#include <string.h>

#include "sim.h"
#include "unit.h"

enum { LATENCY_MS = 50 };

/* A call of three whose members have heard each other's clocks. */
static struct sim *call_of_three(void)
{
    const struct sim_config config = {.clients = 3, .latency_ms = LATENCY_MS, .seed = 5};
    struct sim *sim = sim_new(&config);
    for (unsigned i = 0; i < config.clients; i++) {
        sim_start(sim, i);
        sim_run_for(sim, 1000);
    }
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 30000), UINT64_MAX);
    sim_run_for(sim, 15000);
    return sim;
}

static void say(struct sim *sim, unsigned i, const char *text, uint32_t vanish_s)
{
    CU_ASSERT_EQUAL(call_say(sim->clients[i].call, text, strlen(text), vanish_s), CALL_OK);
    sim_drain(sim, i);
}

/* --- Vanishing --- */

static void what_is_left_of_its_time(void)
{
    struct sim *sim = call_of_three();
    say(sim, 1, "gone soon", 10);
    sim_run_for(sim, 1000);
    for (unsigned i = 0; i < 3; i += 2) {
        CU_ASSERT_STRING_EQUAL(sim->clients[i].chat, "gone soon");
        /* it was under way for twice the latency, to the server and on; clocks are known a few times less exactly */
        CU_ASSERT(sim->clients[i].chat_vanish_ms <= 10000 - 2 * LATENCY_MS);
        CU_ASSERT(sim->clients[i].chat_vanish_ms >= 10000 - 20 * LATENCY_MS);
    }
    say(sim, 1, "stays", 0);
    sim_run_for(sim, 1000);
    CU_ASSERT_STRING_EQUAL(sim->clients[0].chat, "stays");
    CU_ASSERT_EQUAL(sim->clients[0].chat_vanish_ms, 0);
    sim_free(sim);
}

static void who_gets_it_late_has_it_for_less_long(void)
{
    struct sim *sim = call_of_three();
    sim->config.latency_ms = 2500; /* there, and on from the server */
    say(sim, 1, "late", 12);
    sim_run_for(sim, 6000);
    CU_ASSERT_STRING_EQUAL(sim->clients[0].chat, "late");
    CU_ASSERT(sim->clients[0].chat_vanish_ms > 0 && sim->clients[0].chat_vanish_ms <= 7500);
    sim_free(sim);
}

static void what_comes_after_its_time_is_nobodys(void)
{
    struct sim *sim = call_of_three();
    sim->config.latency_ms = 2500;
    say(sim, 1, "too late", 3);
    say(sim, 1, "in time", 30); /* the control: it goes the same way */
    sim_run_for(sim, 6000);
    for (unsigned i = 0; i < 3; i += 2) {
        CU_ASSERT_EQUAL(sim->clients[i].chats, 1);
        CU_ASSERT_STRING_EQUAL(sim->clients[i].chat, "in time");
    }
    sim_free(sim);
}

static void who_comes_back_is_told_nothing_again(void)
{
    struct sim *sim = call_of_three();
    say(sim, 1, "once", 600);
    sim_run_for(sim, 1000);
    CU_ASSERT_EQUAL(sim->clients[2].chats, 1);
    sim_crash(sim, 2);
    sim->clients[2].chats = 0;
    sim_start(sim, 2);
    CU_ASSERT_NOT_EQUAL(sim_settle(sim, 60000), UINT64_MAX);
    sim_run_for(sim, 10000);
    CU_ASSERT_EQUAL(sim->clients[2].chats, 0);
    sim_free(sim);
}

/* --- Sizes --- */

static bool is_bucket(size_t size)
{
    return size >= 256 && size <= 16384 && (size & (size - 1)) == 0;
}

/* What a text of this length is sent to the relay as. */
static size_t size_of(struct sim *sim, size_t len, uint32_t vanish_s)
{
    char text[CALL_TEXT_MAX] = {0};
    struct call *call = sim->clients[0].call;
    struct call_event event;
    size_t size = 0;
    memset(text, 'x', len);
    CU_ASSERT_EQUAL(call_say(call, text, len, vanish_s), CALL_OK);
    while (call_next_event(call, &event)) {
        struct wire_envelope envelope;
        CU_ASSERT_EQUAL_FATAL(event.type, CALL_EVENT_SEND);
        CU_ASSERT_FATAL(wire_envelope_parse(event.data, event.len, &envelope));
        CU_ASSERT_EQUAL_FATAL(envelope.type, WIRE_RELAY);
        CU_ASSERT_EQUAL(size, 0);
        size = envelope.relay.payload.len;
    }
    CU_ASSERT(is_bucket(size));
    return size;
}

static bool heartbeats_too(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)sim;
    (void)client;
    if (envelope->type == WIRE_RELAYED) {
        CU_ASSERT(is_bucket(envelope->relay.payload.len));
        ++*(unsigned *)context;
    }
    return true;
}

static void sizes_fall_into_buckets(void)
{
    static const struct {
        size_t from, to;
    } buckets[] = {{1, 200}, {300, 700}, {800, 1700}, {1900, 3700}, {3900, CALL_TEXT_MAX}};
    struct sim *sim = call_of_three();
    unsigned heard = 0;
    size_t before = 0;
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        const size_t from = size_of(sim, buckets[i].from, 0);
        CU_ASSERT_EQUAL(size_of(sim, buckets[i].to, 0), from);
        CU_ASSERT_EQUAL(size_of(sim, buckets[i].from, 30), from); /* nor does it show that it vanishes */
        CU_ASSERT(from > before);
        before = from;
    }
    sim->filter = heartbeats_too;
    sim->context = &heard;
    sim_run_for(sim, 20000);
    CU_ASSERT(heard > 12);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"what is left of a message's time is told, its way taken off", what_is_left_of_its_time},
    {"who gets it late has it for less long", who_gets_it_late_has_it_for_less_long},
    {"what comes after its time is shown to nobody", what_comes_after_its_time_is_nobodys},
    {"who comes back is told nothing again", who_comes_back_is_told_nothing_again},
    {"sizes fall into buckets, whatever is said and for however long", sizes_fall_into_buckets},
};
UNIT_MAIN("client.chat", tests)
