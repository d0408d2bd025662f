/* A delivery service that drops, repeats, makes up and lies. */
#include <string.h>

#include "scene.h"
#include "sim_server.h"
#include "unit.h"

/* --- Dropping --- */

static bool no_entries_for_2(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    return client != 2 || envelope->type != WIRE_ENTRY;
}

/* A kick is withheld from one member: the announcement came by the relay, and ten seconds later it pauses. */
static void a_remove_withheld(void)
{
    struct sim *sim = scene_new(4, 4);
    sim->filter = no_entries_for_2;
    scene_kick(sim, 3);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 3);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[2].call), 4);
    CU_ASSERT_EQUAL(sim->clients[2].warnings[CALL_WARNING_KICK], 1);
    sim_run_for(sim, 9000);
    CU_ASSERT_FALSE(sim->clients[2].sending);
    CU_ASSERT_EQUAL(scene_pause(sim, 2), CALL_PAUSE_WITHHELD);
    CU_ASSERT_EQUAL(scene_pause(sim, 1), CALL_PAUSE_NONE);
    sim_free(sim);
}

/* And so is the announcement, while who is kicked goes on speaking to that member: it loses contact with all others,
 * and pauses where those are half of the call or more. */
static void a_remove_and_its_word_withheld(void)
{
    for (unsigned n = 3; n <= 4; n++) {
        struct sim *sim = scene_new(n, n);
        sim_server_copy(sim);
        sim_move(sim, 1, 1);
        sim_move(sim, 2, 1); /* the accomplice, in the past */
        sim_run_for(sim, 500);
        scene_kick(sim, 2);
        sim_run_for(sim, 19000);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), n - 1);
        CU_ASSERT_EQUAL(sim->clients[1].warnings[CALL_WARNING_KICK], 0);
        CU_ASSERT_EQUAL(scene_lost(sim, 1), n - 2);
        CU_ASSERT_EQUAL(scene_pause(sim, 1), n == 3 ? CALL_PAUSE_NONE : CALL_PAUSE_LOST);
        CU_ASSERT_EQUAL(scene_lost(sim, 0), 1);
        sim_free(sim);
    }
}

static bool no_appends_of_0(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    return client != 0 || envelope->type != WIRE_APPEND;
}

/* The admin's kick never gets into the log, and who is kicked hears of it and leaves: the others put it out as one who
 * left. It has not kept its link good by that. */
static void a_kick_overtaken_by_a_goodbye(void)
{
    struct sim *sim = scene_new(5, 5);
    struct call_link link;
    sim->request = no_appends_of_0;
    scene_kick(sim, 3);
    sim_run_for(sim, 100);
    CU_ASSERT_EQUAL(call_leave(sim->clients[3].call), CALL_OK);
    sim_drain(sim, 3);
    sim_run_for(sim, 1700); /* the others give way to the kick for two seconds */
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 5);
    sim_run_for(sim, 10000); /* and pause for nobody who has gone */
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(scene_pause(sim, i), CALL_PAUSE_NONE);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_EQUAL(sim->clients[0].gone[CALL_GONE_LEFT], 1);
    sim->request = NULL;
    sim_run_for(sim, 10000);
    CU_ASSERT_EQUAL(call_get_link(sim->clients[2].call, &link), CALL_OK);
    CU_ASSERT_EQUAL(link.number, 1);
    CU_ASSERT_TRUE(sim->clients[2].sending);
    sim_crash(sim, 3);
    sim_start(sim, 3);
    sim_run_for(sim, 20000);
    CU_ASSERT_EQUAL(scene_phase(sim, 3), CALL_PHASE_LINK_OLD);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    sim_free(sim);
}

static bool no_welcomes(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    (void)client;
    return envelope->type != WIRE_PART || envelope->part.part != WIRE_PART_WELCOME;
}

/* The Welcome is never given out: the newcomer comes in by itself. */
static void a_welcome_withheld(void)
{
    struct sim *sim = scene_new(3, 4);
    sim->filter = no_welcomes;
    sim_start(sim, 3);
    gather_settles(sim, 30000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    sim_free(sim);
}

struct late {
    struct sim_bytes *parts[16];
    size_t count;
};

static bool hold_welcomes(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    static uint8_t encoded[1 << 17];
    struct late *late = context;
    struct bytes_writer w;
    if (no_welcomes(NULL, sim, client, envelope))
        return true;
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, envelope);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w) && late->count < sizeof late->parts / sizeof late->parts[0]);
    late->parts[late->count++] = sim_bytes_new(encoded, w.len);
    return false;
}

/* It comes after a minute: to who has long come in by itself, it is nothing any more. */
static void a_welcome_after_a_minute(void)
{
    struct sim *sim = scene_new(3, 4);
    struct late late = {.count = 0};
    sim->filter = hold_welcomes;
    sim->context = &late;
    sim_start(sim, 3);
    gather_settles(sim, 30000);
    sim_run_for(sim, 60000);
    sim->filter = NULL;
    const unsigned resyncs = sim->clients[3].warnings[CALL_WARNING_RESYNC];
    CU_ASSERT_TRUE(late.count > 0);
    for (size_t i = 0; i < late.count; i++) {
        sim_send_down(sim, 3, late.parts[i]);
        sim_bytes_drop(late.parts[i]);
    }
    sim_run_for(sim, 5000);
    CU_ASSERT_EQUAL(sim->clients[3].warnings[CALL_WARNING_RESYNC], resyncs);
    CU_ASSERT_TRUE(sim->clients[3].sending);
    CU_ASSERT_TRUE(sim_agree(sim));
    sim_free(sim);
}

static bool every_third_entry(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    unsigned *count = context;
    (void)sim;
    (void)client;
    return envelope->type != WIRE_ENTRY || ++*count % 3 != 0;
}

/* Entries are pushed with gaps: they are read. Who could not come in meanwhile waits for half a minute by then, and
 * anew for each of three commits that appear. */
static void entries_dropped(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const struct sim_config config = {.clients = 6, .latency_ms = 30, .jitter_ms = 30, .seed = seed};
        struct sim *sim = sim_new(&config);
        unsigned count = 0;
        scene_gather(sim, 4);
        sim->filter = every_third_entry;
        sim->context = &count;
        sim_start(sim, 4);
        sim_run_for(sim, 3000);
        sim_start(sim, 5);
        sim_run_for(sim, 65000);
        sim->filter = NULL;
        sim_break(sim, 1); /* the last of them is only known of by another, or by asking */
        gather_settles(sim, 4 * 30000 + 10000);
        sim_free(sim);
    }
}

static bool no_relay(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    (void)client;
    return envelope->type != WIRE_RELAYED;
}

/* The relay passes nothing on: warned within seconds, paused after a minute, and nobody is shown as lost or gone. */
static void no_word_passed_on(void)
{
    struct sim *sim = scene_new(3, 3);
    sim->filter = no_relay;
    sim_run_for(sim, 13000);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_SERVER], 1);
    CU_ASSERT_EQUAL(scene_lost(sim, 0), 0);
    sim_run_for(sim, 60000);
    CU_ASSERT_EQUAL(scene_pause(sim, 0), CALL_PAUSE_SERVER);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim_free(sim);
}

/* --- Making up --- */

static void garbage(void)
{
    struct sim *sim = scene_new(3, 4);
    uint8_t junk[256] = {1, 2, 0, 0, 0, 0}; /* looks like a commit's box */
    for (unsigned n = 0; n < 300; n++) {
        memset(junk + 6, (int)n, sizeof junk - 6);
        junk[0] = (uint8_t)(n % 3);
        sim_append(sim, 0, junk, n % 5 == 0 ? 1 : sizeof junk);
        if (n == 150)
            sim_start(sim, 3);
        sim_run_for(sim, 20);
    }
    gather_settles(sim, 20000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
    sim_free(sim);
}

/* Every entry there is comes a second time, and a third: nothing happens. */
static void replayed_entries(void)
{
    struct sim *sim = scene_new(4, 4);
    sim_run_for(sim, 120000); /* some updates */
    gather_settles(sim, 3000);
    const uint64_t before = call_epoch(sim->clients[0].call);
    const size_t count = sim->servers[0].count;
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < count; i++) {
            const struct sim_bytes *commit = sim->servers[0].entries[i].commit;
            sim_append(sim, 0, commit->data, commit->len);
        }
    sim_run_for(sim, 1000);
    CU_ASSERT_EQUAL(call_epoch(sim->clients[0].call), before);
    gather_settles(sim, 3000);
    sim_free(sim);
}

/* "p-1 has left", says the delivery service: nobody believes it. */
static void false_presence(void)
{
    struct sim *sim = scene_new(3, 3);
    const struct wire_envelope left = {.type = WIRE_LEFT, .presence = {.pseudonym = {(const uint8_t *)"p-1", 3}}};
    uint8_t encoded[64];
    struct bytes_writer w;
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, &left);
    struct sim_bytes *bytes = sim_bytes_new(encoded, w.len);
    for (unsigned n = 0; n < 20; n++) {
        sim_send_down(sim, 0, bytes);
        sim_send_down(sim, 2, bytes);
        sim_run_for(sim, 1000);
    }
    sim_bytes_drop(bytes);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    CU_ASSERT_EQUAL(scene_lost(sim, 0), 0);
    CU_ASSERT_TRUE(sim_agree(sim));
    sim_free(sim);
}

static bool keep_packages(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_bytes **kept = context;
    (void)client;
    if (envelope->type == WIRE_KEY_PACKAGES_WAITING && !*kept)
        *kept = sim_bytes_hold(sim->servers[0].waiting[2]);
    return true;
}

/* A member's key package of long ago is given out again, to put the member out: it is not taken. */
static void an_old_package_once_more(uint64_t seed)
{
    const struct sim_config config = {.clients = 4, .latency_ms = 30, .jitter_ms = 30, .seed = seed};
    struct sim *sim = sim_new(&config);
    scene_gather(sim, 2);
    struct sim_bytes *kept = NULL;
    sim->filter = keep_packages;
    sim->context = &kept;
    sim_start(sim, 2);
    gather_settles(sim, 10000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    sim_run_for(sim, 5000);
    sim_start(sim, 3); /* somebody asks, and the old package lies beside the new one */
    sim->servers[0].waiting[2] = sim_bytes_hold(kept);
    gather_settles(sim, 15000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_EQUAL(scene_phase(sim, 2), CALL_PHASE_MEMBER);
    CU_ASSERT_EQUAL(sim->clients[2].warnings[CALL_WARNING_RESYNC], 0);
    sim_bytes_drop(kept);
    sim_free(sim);
}

/* Whose turn it is to take packages is drawn: its own member would not take it anyway. */
static void an_old_key_package(void)
{
    for (uint64_t seed = 5; seed < 11; seed++)
        an_old_package_once_more(seed);
}

static const struct unit_test tests[] = {
    {"a kick withheld from one member pauses it after ten seconds", a_remove_withheld},
    {"so is its announcement: contact is lost, and pauses what half of the call cannot hear",
     a_remove_and_its_word_withheld},
    {"who leaves before its kick has no good link by that", a_kick_overtaken_by_a_goodbye},
    {"a Welcome that is withheld is done without", a_welcome_withheld},
    {"one that comes after a minute is nothing any more", a_welcome_after_a_minute},
    {"entries that are dropped are read", entries_dropped},
    {"a relay that passes nothing on is noticed, and loses nobody", no_word_passed_on},
    {"garbage in the log is skipped by all", garbage},
    {"entries that are repeated do nothing", replayed_entries},
    {"presence hints remove nobody", false_presence},
    {"an old key package puts nobody out", an_old_key_package},
};
UNIT_MAIN("adversary.call.withhold", tests)
