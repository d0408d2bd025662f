/* A delivery service that delays, and one that does so together with the SFU. */
#include <stdlib.h>
#include <string.h>

#include "media.h"
#include "scene.h"
#include "sim_server.h"
#include "unit.h"

/* --- A relay that is late --- */

enum { LATE_MAX = 4096 };

/* What client 1 gets late. */
struct late {
    uint64_t by_ms;
    bool own_too; /* what it has sent itself */
    bool to_all;  /* and not client 1 alone */
    unsigned sender;
    struct {
        uint64_t at_ms;
        unsigned client;
        struct sim_bytes *bytes;
    } held[LATE_MAX];
    size_t first;
    size_t count;
};

static bool note_sender(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct late *late = context;
    (void)sim;
    (void)envelope;
    late->sender = client;
    return true;
}

static bool hold_relayed(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct late *late = context;
    uint8_t encoded[8192];
    struct bytes_writer w;
    if (envelope->type != WIRE_RELAYED || late->by_ms == 0 || (client != 1 && !late->to_all) ||
        (client == late->sender && !late->own_too))
        return true;
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, envelope);
    CU_ASSERT_FATAL(bytes_writer_ok(&w) && late->count < LATE_MAX);
    const uint64_t at_ms = sim->now_ms + late->by_ms;
    const uint64_t last_ms = late->count > 0 ? late->held[late->count - 1].at_ms : 0;
    late->held[late->count].at_ms = at_ms > last_ms ? at_ms : last_ms;
    late->held[late->count].client = client;
    late->held[late->count++].bytes = sim_bytes_new(encoded, w.len);
    return false;
}

/* As sim_run_for(), while what is due is passed on. */
static void run_for(struct sim *sim, struct late *late, uint64_t ms)
{
    const uint64_t until = sim->now_ms + ms;
    while (sim->now_ms < until) {
        sim_run_for(sim, 10);
        for (; late->first < late->count && late->held[late->first].at_ms <= sim->now_ms; late->first++) {
            const unsigned client = late->held[late->first].client;
            if (sim->clients[client].connected)
                sim_send_down(sim, client, late->held[late->first].bytes);
            sim_bytes_drop(late->held[late->first].bytes);
        }
    }
}

static struct late *late_new(struct sim *sim)
{
    struct late *late = calloc(1, sizeof *late);
    CU_ASSERT_PTR_NOT_NULL_FATAL(late);
    sim->filter = hold_relayed;
    sim->request = note_sender;
    sim->context = late;
    return late;
}

static void late_free(struct late *late)
{
    while (late->first < late->count)
        sim_bytes_drop(late->held[late->first++].bytes);
    free(late);
}

/* What client 1's user sees. */
struct seen {
    unsigned shown; /* frames */
    unsigned refused;
    unsigned lost; /* members */
    enum call_pause pause;
    bool warned;
};

/* --- Clocks --- */

static const struct call_member *member_at(const struct sim *sim, unsigned i, uint32_t leaf, struct call_member *member)
{
    for (uint32_t k = 0; call_get_member(sim->clients[i].call, k, member) == CALL_OK; k++)
        if (member->leaf == leaf)
            return member;
    CU_FAIL_FATAL("no such leaf");
    return NULL;
}

/* Each knows each other's clock to some hundredths of a second after two intervals, whatever they are set to. */
static void clocks_are_known(void)
{
    struct sim *sim = scene_empty(4);
    struct media *media = media_new(sim);
    struct call_member member;
    for (unsigned i = 0; i < 4; i++)
        sim->clients[i].clock_ahead_ms = (uint64_t)i * 3000000007;
    scene_gather(sim, 4);
    sim_run_for(sim, 12000);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 4; k++)
            if (i != k && member_at(sim, i, scene_leaf(sim, k), &member)) {
                const int64_t ahead = (int64_t)(sim->clients[k].clock_ahead_ms - sim->clients[i].clock_ahead_ms);
                CU_ASSERT_TRUE(member.clock_known);
                CU_ASSERT_TRUE(member.clock_offset_ms - ahead < 60 && ahead - member.clock_offset_ms < 60);
            }
    media_free(media);
    sim_free(sim);
}

/* A client's clock leaps an hour ahead, as no clock should: the others know it again, and see it. */
static void a_clock_that_leaps(void)
{
    struct sim *sim = scene_empty(3);
    struct media *media = media_new(sim);
    struct media_frame frame;
    struct call_member member;
    scene_gather(sim, 3);
    sim_run_for(sim, 12000);
    sim->clients[2].clock_ahead_ms += 3600000;
    sim_drain(sim, 2);
    sim_run_for(sim, 15000);
    member_at(sim, 0, scene_leaf(sim, 2), &member);
    CU_ASSERT_TRUE(member.clock_known);
    CU_ASSERT_TRUE(member.clock_offset_ms > 3600000 - 60 && member.clock_offset_ms < 3600000 + 60);
    CU_ASSERT_EQUAL(scene_lost(sim, 0), 0);
    CU_ASSERT_TRUE_FATAL(media_seal(media, 2, &frame));
    CU_ASSERT_EQUAL(media_open(media, 0, &frame, NULL), SFRAME_OK);
    media_free(media);
    sim_free(sim);
}

/* A newcomer sees what is sent now from its first moment on, and what is old not even then: one heartbeat is enough,
 * long before the first echo. */
static void a_newcomer_at_once(void)
{
    struct sim *sim = scene_empty(3);
    struct media *media = media_new(sim);
    struct media_frame frame;
    struct call_member member;
    unsigned shown = 0;
    unsigned refused = 0;
    sim->clients[0].clock_ahead_ms = 77777777777;
    scene_gather(sim, 2);
    sim_start(sim, 2);
    while (scene_phase(sim, 2) != CALL_PHASE_MEMBER)
        sim_run_for(sim, 10);
    const uint32_t leaf = scene_leaf(sim, 0);
    for (unsigned n = 0; n < 200; n++, sim_run_for(sim, 10)) {
        if (!member_at(sim, 2, leaf, &member)->confirmed || member.clock_known)
            continue;
        media_forge(media, 0, call_epoch(sim->clients[0].call), leaf, media_clock(media, 0) - 3500, &frame);
        refused += media_open(media, 2, &frame, NULL) == SFRAME_LATE;
        CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &frame));
        CU_ASSERT_EQUAL(media_open(media, 2, &frame, NULL), SFRAME_OK);
        shown++;
    }
    CU_ASSERT_TRUE(shown > 0);
    CU_ASSERT_EQUAL(refused, shown);
    media_free(media);
    sim_free(sim);
}

/* --- Together with the SFU --- */

/* Client 1 comes, and whatever others say to it comes late by as much, from the first word on; and so do their frames,
 * so that nothing is late by comparison. */
static void all_late(uint64_t by_ms, bool own_too, struct seen *seen)
{
    enum { STEP_MS = 500, FRAMES = 240 };
    static struct media_frame frames[FRAMES];
    struct sim *sim = scene_empty(4);
    struct media *media = media_new(sim);
    struct late *late = late_new(sim);
    sim_start(sim, 0);
    sim_run_for(sim, 1000);
    sim_start(sim, 2);
    sim_start(sim, 3);
    gather_settles(sim, 20000);
    late->by_ms = by_ms;
    late->own_too = own_too;
    sim_start(sim, 1);
    *seen = (struct seen){0};
    for (unsigned n = 0; n < FRAMES; n++) {
        CU_ASSERT_TRUE_FATAL(media_seal(media, 0, &frames[n]));
        if (n >= FRAMES / 2) { /* it has been there for a minute */
            const int rc = media_open(media, 1, &frames[n - by_ms / STEP_MS], NULL);
            seen->shown += rc == SFRAME_OK;
            seen->refused += rc == SFRAME_LATE;
        }
        run_for(sim, late, STEP_MS);
    }
    seen->lost = scene_lost(sim, 1);
    seen->pause = scene_pause(sim, 1);
    seen->warned =
        sim->clients[1].warnings[CALL_WARNING_SERVER] > 0 && sim->clients[1].warnings[CALL_WARNING_SERVER_OVER] == 0;
    /* there and back takes as long from where the others are: they see it of client 1, and go on */
    CU_ASSERT_EQUAL(scene_lost(sim, 0), by_ms > 5000);
    CU_ASSERT_EQUAL(scene_pause(sim, 0), CALL_PAUSE_NONE);
    late_free(late);
    media_free(media);
    sim_free(sim);
}

static void thirty_seconds_late(void)
{
    struct seen seen;
    all_late(30000, false, &seen);
    CU_ASSERT_EQUAL(seen.shown, 0);
    CU_ASSERT_TRUE(seen.refused > 0);
    CU_ASSERT_EQUAL(seen.lost, 3);
    CU_ASSERT_EQUAL(seen.pause, CALL_PAUSE_LOST);
    /* nor what it says itself comes back in time: that is the server's doing, and nobody is lost for it */
    all_late(30000, true, &seen);
    CU_ASSERT_EQUAL(seen.shown, 0);
    CU_ASSERT_TRUE(seen.refused > 0);
    CU_ASSERT_TRUE(seen.warned);
    CU_ASSERT_EQUAL(seen.lost, 0);
}

/* The two can hide some seconds: how many is what the threat model says. */
static void what_stays_hidden(void)
{
    struct seen seen;
    all_late(4500, false, &seen);
    CU_ASSERT_TRUE(seen.shown > 0);
    CU_ASSERT_EQUAL(seen.lost, 0);
    all_late(5500, false, &seen);
    CU_ASSERT_EQUAL(seen.shown, 0);
    CU_ASSERT_EQUAL(seen.lost, 3);
}

/* Heartbeats come in time at first, and then 30 s late: so late they are no sign of life. */
static void late_from_some_moment_on(void)
{
    struct sim *sim = scene_new(3, 3);
    struct late *late = late_new(sim);
    run_for(sim, late, 12000);
    late->by_ms = 30000;
    run_for(sim, late, 60000);
    CU_ASSERT_EQUAL(scene_lost(sim, 1), 2);
    CU_ASSERT_EQUAL(scene_pause(sim, 1), CALL_PAUSE_LOST);
    CU_ASSERT_EQUAL(scene_lost(sim, 0), 0);
    late->by_ms = 0;
    run_for(sim, late, 40000);
    CU_ASSERT_EQUAL(scene_lost(sim, 1), 0);
    CU_ASSERT_EQUAL(scene_pause(sim, 1), CALL_PAUSE_NONE);
    late_free(late);
    sim_free(sim);
}

/* One that is ten seconds slow in all it relays, for all alike: a warning that stays; and half a second is nothing. */
static void a_slow_server(void)
{
    struct sim *sim = scene_new(3, 3);
    struct late *late = late_new(sim);
    late->own_too = late->to_all = true;
    late->by_ms = 500;
    run_for(sim, late, 60000);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_SERVER], 0);
    CU_ASSERT_EQUAL(scene_lost(sim, 0), 0);
    late->by_ms = 10000;
    run_for(sim, late, 60000);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_SERVER], 1);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_SERVER_OVER], 0);
    late_free(late);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"clocks are known after two intervals", clocks_are_known},
    {"a clock that leaps is known again", a_clock_that_leaps},
    {"a newcomer sees what is new at once, and what is old never", a_newcomer_at_once},
    {"30 s from the first word and frame on: nothing is shown, contact is lost", thirty_seconds_late},
    {"what the two can hide is bounded", what_stays_hidden},
    {"heartbeats that come late are no sign of life", late_from_some_moment_on},
    {"a relay that is slow is warned of", a_slow_server},
};
UNIT_MAIN("adversary.call.delay", tests)
