/* The number of the room's secret stands outside a box: who has a token can write any, a removed member among them, and
 * fill the log up to its rate. Who comes with the room's link comes in; who comes with an old one is told so, and is
 * led nowhere. */
#include <string.h>

#include "scene.h"
#include "seal.h"
#include "sim_server.h"
#include "unit.h"

enum {
    /* what sotto-ds lets one token append: docs/protocol.md, Limits */
    BURST = 20,
    APPEND_MS = 200,
    NEWCOMER = 4,
    /* within this a newcomer that nobody adds looks at GroupInfos; and somebody is heard who is there */
    ASKS_MS = 3000,
    ASKS_ON = 3,      /* times anew */
    ROUND_TRIPS = 10, /* until it is confirmed */
    HISTORY = 20,     /* entries of members */
    INTERVAL_MS = 5000,
    TURN_MS = 60000,
    SILENT_MS = 10000,
    ASK_MAX_MS = 30000,
    RETRY_MS = 4000,
    JITTER_MS = 30,
};

/* --- Boxes that anybody can write --- */

static struct core_slice made_up(uint8_t *box, size_t len, uint8_t type, uint32_t number)
{
    memset(box, (int)number, len);
    memcpy(box, (const uint8_t[]){1, type, 0, 0, 0, (uint8_t)number}, 6);
    return (struct core_slice){box, len};
}

static void append_made_up(struct sim *sim, uint32_t commit_number, uint32_t info_number)
{
    uint8_t commit[256];
    uint8_t welcome[256];
    uint8_t info[256];
    sim_append_parts(sim, 0, made_up(commit, sizeof commit, CALL_BOX_COMMIT, commit_number),
                     made_up(welcome, sizeof welcome, CALL_BOX_WELCOME, commit_number),
                     made_up(info, sizeof info, CALL_BOX_GROUP_INFO, info_number));
}

/* --- A flood --- */

struct flood {
    unsigned count;
    size_t genuine; /* entries that were there before it */
    bool repeats;   /* nothing but the last of them, with something beside it */
};

/* One more append: made up under the room's secret, the next one, the one before, and what others wrote once more with
 * something beside it. */
static void flood_once(struct sim *sim, struct flood *flood)
{
    const unsigned n = flood->count++;
    uint8_t welcome[256];
    uint8_t info[256];
    if (n % 4 < 3 && !flood->repeats) {
        append_made_up(sim, (uint32_t[]){2, 1, 0}[n % 4], n % 2 ? 2 : 1);
        return;
    }
    const size_t which = flood->repeats ? flood->genuine - 1 : n % flood->genuine;
    const struct sim_bytes *commit = sim->servers[0].entries[which].commit;
    sim_append_parts(sim, 0, (struct core_slice){commit->data, commit->len},
                     made_up(welcome, sizeof welcome, CALL_BOX_WELCOME, 1),
                     made_up(info, sizeof info, CALL_BOX_GROUP_INFO, 2));
}

static void flood_for(struct sim *sim, struct flood *flood, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += APPEND_MS) {
        flood_once(sim, flood);
        sim_run_for(sim, APPEND_MS);
    }
}

static void flood_begin(struct sim *sim, struct flood *flood)
{
    flood->genuine = sim->servers[0].count;
    for (unsigned n = 0; n < BURST; n++)
        flood_once(sim, flood);
}

/* --- The scene --- */

/* Of four one was removed, and has its token still: the room's secret is number 1. A newcomer may be given the link. */
static struct sim *after_a_kick(uint32_t latency_ms, uint64_t seed, bool new_link)
{
    const struct sim_config config = {
        .clients = NEWCOMER + 1, .latency_ms = latency_ms, .jitter_ms = JITTER_MS, .seed = seed};
    struct sim *sim = sim_new(&config);
    scene_gather(sim, 4);
    scene_kick(sim, 3);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL_FATAL(scene_phase(sim, 3), CALL_PHASE_OUT);
    for (unsigned i = 0; i < 3; i++) /* of how they came together */
        sim->clients[i].warnings[CALL_WARNING_RESYNC] = 0;
    if (new_link)
        CU_ASSERT_EQUAL(call_get_link(sim->clients[0].call, &sim->clients[NEWCOMER].link), CALL_OK);
    return sim;
}

static bool is_confirmed(const struct sim *sim)
{
    return sim->clients[NEWCOMER].confirmed_ms != 0;
}

static void assert_in(struct sim *sim)
{
    CU_ASSERT_TRUE(is_confirmed(sim));
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
}

/* --- The attacks --- */

/* One box is enough to raise the suspicion, and is the newest GroupInfo there is. Nobody adds the newcomer: it comes in
 * by the GroupInfo before that. */
static void one_box(void)
{
    struct sim *sim = after_a_kick(30, 5, true);
    append_made_up(sim, 1, 2);
    sim->filter = gather_nobody_adds;
    sim_start(sim, NEWCOMER);
    for (uint64_t ms = 0; ms < ASKS_MS + INTERVAL_MS + ASKS_MS && !is_confirmed(sim); ms += 100)
        sim_run_for(sim, 100);
    assert_in(sim);
    CU_ASSERT_EQUAL(sim->clients[NEWCOMER].phases[CALL_PHASE_LINK_OLD], 0);
    sim_run_for(sim, SILENT_MS + 1000); /* its user is told of it, once, and nobody else */
    CU_ASSERT_EQUAL(sim->clients[NEWCOMER].warnings[CALL_WARNING_LINK], 1);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_LINK], 0);
    sim_free(sim);
}

/* The service does not say at once what is kept: the newcomer asks again, members first. */
static void one_box_and_no_list(void)
{
    struct sim *sim = after_a_kick(30, 5, true);
    append_made_up(sim, 1, 2);
    sim->filter = gather_nobody_adds;
    sim->servers[0].fetches.refuse_lists = 1;
    sim_start(sim, NEWCOMER);
    for (uint64_t ms = 0; ms < ASKS_MS + INTERVAL_MS + RETRY_MS + 2 * ASKS_MS && !is_confirmed(sim); ms += 100)
        sim_run_for(sim, 100);
    assert_in(sim);
    CU_ASSERT_EQUAL(sim->servers[0].fetches.refuse_lists, 0);
    CU_ASSERT_EQUAL(sim->clients[NEWCOMER].warnings[CALL_WARNING_REFUSED], 0);
    sim_free(sim);
}

static struct sim_bytes *said_under(uint32_t number)
{
    uint8_t box[256];
    uint8_t encoded[512];
    struct bytes_writer w;
    const struct wire_envelope relayed = {.type = WIRE_RELAYED,
                                          .relay = {.payload = made_up(box, sizeof box, CALL_BOX_RELAY, number)}};
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, &relayed);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
    return sim_bytes_new(encoded, w.len);
}

/* A client hears somebody under another secret, as those would be who went on without it. */
static void hears(struct sim *sim, unsigned i, uint32_t number, uint64_t ms)
{
    struct sim_bytes *bytes = said_under(number);
    for (uint64_t passed = 0; passed < ms; passed += INTERVAL_MS) {
        sim_send_down(sim, i, bytes);
        sim_run_for(sim, INTERVAL_MS);
    }
    sim_bytes_drop(bytes);
}

/* Those who have a newer link come to the room long after this member: its user is told then, once; and once more under
 * the next secret of its own room, as who is a stranger to it cannot make that. */
static void somebody_comes_later(void)
{
    struct sim *sim = after_a_kick(30, 5, true);
    const unsigned *warned = &sim->clients[1].warnings[CALL_WARNING_LINK];
    sim_run_for(sim, TURN_MS);
    hears(sim, 1, 2, INTERVAL_MS); /* once, and once more after a while: that may be anything */
    sim_run_for(sim, 2 * SILENT_MS);
    hears(sim, 1, 3, INTERVAL_MS);
    sim_run_for(sim, 2 * SILENT_MS);
    CU_ASSERT_EQUAL(*warned, 0);
    hears(sim, 1, 2, SILENT_MS + 2 * INTERVAL_MS);
    CU_ASSERT_EQUAL(*warned, 1);
    hears(sim, 1, 7, TURN_MS);
    CU_ASSERT_EQUAL(*warned, 1);
    sim_run_for(sim, 2 * SILENT_MS);
    scene_kick(sim, 2);
    sim_run_for(sim, INTERVAL_MS);
    hears(sim, 1, 8, 2 * SILENT_MS);
    CU_ASSERT_EQUAL(*warned, 2);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_LINK], 0);
    CU_ASSERT_EQUAL(sim->clients[1].warnings[CALL_WARNING_RESYNC], 0);
    sim_free(sim);
}

/* All that a token may append, before the newcomer comes and while it asks: its Welcome is as soon there as without,
 * from far away too. */
static void a_flood(uint32_t latency_ms, uint64_t seed, bool repeats)
{
    struct sim *sim = after_a_kick(latency_ms, seed, true);
    struct flood flood = {.repeats = repeats};
    sim_run_for(sim, TURN_MS + INTERVAL_MS); /* the last entry is of the new secret */
    flood_begin(sim, &flood);
    sim_start(sim, NEWCOMER);
    /* at the worst moment for what waits for its turn */
    sim_run_for(sim, 4 * latency_ms);
    for (unsigned n = 0; n < BURST; n++)
        flood_once(sim, &flood);
    for (uint64_t ms = 0; ms < ASKS_MS + 8 * latency_ms && !is_confirmed(sim); ms += APPEND_MS)
        flood_for(sim, &flood, APPEND_MS);
    assert_in(sim);
    CU_ASSERT_EQUAL(sim->clients[NEWCOMER].phases[CALL_PHASE_ENTERING], 0);
    sim_free(sim);
}

static void a_flood_near_and_far(void)
{
    for (uint64_t seed = 7; seed < 10; seed++) {
        a_flood(30, seed, false);
        a_flood(300, seed, false);
    }
}

/* Commits that are genuine, once more, each with a Welcome that is not. */
static void a_flood_of_repeats(void)
{
    for (uint64_t seed = 7; seed < 10; seed++) {
        a_flood(30, seed, true);
        a_flood(150, seed, true);
    }
}

static void repeat(struct sim *sim, size_t entry)
{
    const struct sim_bytes *commit = sim->servers[0].entries[entry].commit;
    uint8_t welcome[256];
    sim_append_parts(sim, 0, (struct core_slice){commit->data, commit->len},
                     made_up(welcome, sizeof welcome, CALL_BOX_WELCOME, 1), (struct core_slice){0});
}

/* A room with a history, and somebody who has just come to it. */
static struct sim *after_a_while(uint32_t latency_ms)
{
    struct sim *sim = after_a_kick(latency_ms, 5, true);
    const size_t kicked = sim->servers[0].count;
    sim_run_for(sim, (BURST + 2) * TURN_MS);
    CU_ASSERT_FATAL(sim->servers[0].count >= kicked + BURST);
    sim_start(sim, NEWCOMER);
    while (scene_phase(sim, NEWCOMER) != CALL_PHASE_ASKING)
        sim_run_for(sim, 1);
    return sim;
}

static void assert_in_by_its_welcome(struct sim *sim)
{
    for (uint64_t ms = 0; ms < ASKS_MS && !is_confirmed(sim); ms += 100)
        sim_run_for(sim, 100);
    assert_in(sim);
    CU_ASSERT_EQUAL(sim->clients[NEWCOMER].phases[CALL_PHASE_ENTERING], 0);
    sim_free(sim);
}

/* What was said under this secret so far once more, in its order, so that each seems the first of its epoch to who has
 * just come: as many as a token may append at once, before a member's Welcome can be there. */
static void repeats_in_order(void)
{
    struct sim *sim = after_a_while(30);
    const size_t count = sim->servers[0].count;
    for (size_t i = count - BURST; i < count; i++)
        repeat(sim, i);
    assert_in_by_its_welcome(sim);
}

/* As many in the moment in which a member's Welcome comes, while another is looked at; or such as open for nobody. */
static void appended_with_its_welcome(uint32_t latency_ms, bool made_up)
{
    struct sim *sim = after_a_while(latency_ms);
    size_t known = sim->servers[0].count;
    const size_t last = known - 1;
    for (uint64_t ms = 0; sim->servers[0].count == known; ms++) {
        if (ms % APPEND_MS == 0) {
            repeat(sim, last);
            known++;
        }
        sim_run_for(sim, 1);
    }
    for (unsigned n = 0; n < BURST; n++)
        if (made_up)
            append_made_up(sim, 1, 1);
        else
            repeat(sim, last);
    assert_in_by_its_welcome(sim);
}

/* How far the newcomer is decides whether another one is looked at in that moment. */
static void repeats_at_the_worst_moment(void)
{
    for (uint32_t latency_ms = 60; latency_ms <= 240; latency_ms += 30)
        appended_with_its_welcome(latency_ms, false);
}

static void made_up_at_the_worst_moment(void)
{
    for (uint32_t latency_ms = 60; latency_ms <= 240; latency_ms += 30)
        appended_with_its_welcome(latency_ms, true);
}

/* --- The attacks, and nobody adds the newcomer --- */

/* A flood of GroupInfos, by what the commits beside them seem to be to who has just come. */
struct kind {
    void (*append)(struct sim *sim, struct flood *flood);
    bool from_within; /* of what was said, once the newcomer has come */
    /* at most: on, while members seem to be at work, and until one is heard under the link's secret */
    uint64_t asking_ms;
};

static void of_nothing(struct sim *sim, struct flood *flood)
{
    (void)flood;
    append_made_up(sim, 2, 1);
}

static void of_a_rotation(struct sim *sim, struct flood *flood)
{
    (void)flood;
    append_made_up(sim, 0, 1);
}

/* What was said under this secret so far, in its order, and then the last of it again and again. */
static void of_history(struct sim *sim, struct flood *flood)
{
    const size_t back = flood->count < HISTORY ? HISTORY - flood->count++ : 1;
    const struct sim_bytes *commit = sim->servers[0].entries[flood->genuine - back].commit;
    uint8_t info[256];
    sim_append_parts(sim, 0, (struct core_slice){commit->data, commit->len}, (struct core_slice){0},
                     made_up(info, sizeof info, CALL_BOX_GROUP_INFO, 1));
}

static bool members_append_nothing(void *context, struct sim *sim, unsigned client,
                                   const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    return client == NEWCOMER || envelope->type != WIRE_APPEND;
}

/* Two of what is kept are made up, and always the newest; of what the newcomer sees come, nearly all is. It goes
 * through what is kept, and comes in by what members have appended before. */
static void nobody_adds_in(const struct kind *kind, uint32_t latency_ms, uint64_t seed)
{
    struct sim *sim = after_a_kick(latency_ms, seed, true);
    const size_t kicked = sim->servers[0].count;
    while (kind->from_within && sim->servers[0].count < kicked + HISTORY)
        sim_run_for(sim, 1000);
    struct flood flood = {.genuine = sim->servers[0].count};
    sim->filter = gather_nobody_adds;
    sim->request = members_append_nothing;
    sim_run_for(sim, 1000); /* what they have appended is followed */
    const uint64_t epoch = call_epoch(sim->clients[0].call);
    for (unsigned n = 0; !kind->from_within && n < BURST; n++)
        kind->append(sim, &flood);
    sim_start(sim, NEWCOMER);
    while (scene_phase(sim, NEWCOMER) != CALL_PHASE_ASKING)
        sim_run_for(sim, 1);
    for (unsigned n = 0; kind->from_within && n < BURST; n++)
        kind->append(sim, &flood);
    /* three do not open, and one does */
    const uint64_t most_ms = kind->asking_ms + (uint64_t)(2 * latency_ms + JITTER_MS) * ROUND_TRIPS;
    for (uint64_t ms = 0; ms < most_ms && !is_confirmed(sim); ms += APPEND_MS) {
        kind->append(sim, &flood);
        sim_run_for(sim, APPEND_MS);
    }
    assert_in(sim);
    CU_ASSERT_EQUAL(call_epoch(sim->clients[0].call), epoch + 1);
    sim_free(sim);
}

static void a_flood_and_nobody_adds(void)
{
    static const struct kind kinds[] = {{flood_once, false, ASKS_MS + ASKS_ON * ASKS_MS},
                                        {of_nothing, false, ASKS_MS + INTERVAL_MS + ASKS_MS},
                                        {of_a_rotation, false, ASKS_MS},
                                        {of_history, true, ASKS_MS + ASKS_ON * ASKS_MS}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            nobody_adds_in(&kinds[i], 30, seed);
            nobody_adds_in(&kinds[i], 300, seed);
        }
}

/* --- An old link --- */

static void assert_told(struct sim *sim, uint64_t within_ms)
{
    const struct sim_client *newcomer = &sim->clients[NEWCOMER];
    for (uint64_t ms = 0; ms < within_ms && scene_phase(sim, NEWCOMER) != CALL_PHASE_LINK_OLD; ms += 100) {
        sim_run_for(sim, 100);
        CU_ASSERT_FALSE(newcomer->sending);
        CU_ASSERT_FALSE(is_confirmed(sim));
    }
    CU_ASSERT_EQUAL(scene_phase(sim, NEWCOMER), CALL_PHASE_LINK_OLD);
}

/* GroupInfos of the old secret are still there, and open. Nobody is heard under it: they are not entered. */
static void an_old_link(void)
{
    struct sim *sim = after_a_kick(30, 5, false);
    const size_t log = sim->servers[0].count;
    CU_ASSERT_PTR_NOT_NULL(sim->servers[0].entries[log - 2].info);
    sim_start(sim, NEWCOMER);
    assert_told(sim, SILENT_MS + ASKS_MS + 1000);
    CU_ASSERT_EQUAL(sim->servers[0].count, log);
    CU_ASSERT_EQUAL(sim->clients[NEWCOMER].phases[CALL_PHASE_MEMBER], 0);
    sim_free(sim);
}

struct recorded {
    struct sim_bytes *relayed; /* a member's word from before the kick, as it came */
};

static bool record(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct recorded *recorded = context;
    struct bytes_writer w;
    uint8_t encoded[2048];
    (void)sim;
    if (client == 3 && envelope->type == WIRE_RELAYED && !recorded->relayed) {
        bytes_writer_init(&w, encoded, sizeof encoded);
        wire_envelope_write(&w, envelope);
        CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
        recorded->relayed = sim_bytes_new(encoded, w.len);
    }
    return true;
}

/* Who was removed repeats what members once said under the old secret, as if they were there. The newcomer tries, finds
 * nobody, and gives nothing to anybody; once that ends it is told. */
static void an_old_link_and_old_words(void)
{
    const struct sim_config config = {.clients = NEWCOMER + 1, .latency_ms = 30, .jitter_ms = 30, .seed = 5};
    struct recorded recorded = {0};
    struct sim *sim = sim_new(&config);
    sim->filter = record;
    sim->context = &recorded;
    scene_gather(sim, 4);
    sim_run_for(sim, INTERVAL_MS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(recorded.relayed);
    scene_kick(sim, 3);
    sim_run_for(sim, 3000);
    sim_start(sim, NEWCOMER);
    for (unsigned n = 0; n < 120; n++) {
        sim_run_for(sim, 500);
        sim_send_down(sim, NEWCOMER, recorded.relayed);
        CU_ASSERT_FALSE(sim->clients[NEWCOMER].sending);
        CU_ASSERT_FALSE(is_confirmed(sim));
    }
    CU_ASSERT_TRUE(sim->clients[NEWCOMER].phases[CALL_PHASE_ENTERING] > 0);
    assert_told(sim, 2 * SILENT_MS + ASK_MAX_MS);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim_bytes_drop(recorded.relayed);
    sim_free(sim);
}

/* Who was removed has the old secret, and says something under it that nobody can tell from a member's word from
 * outside. The newcomer tries, and after three intervals in which nobody confirmed it takes that for no sign any more.
 */
static void an_old_link_and_made_up_words(void)
{
    static const uint8_t nothing[64];
    struct sim *sim = after_a_kick(30, 5, false);
    const struct call_link *link = &sim->clients[NEWCOMER].link;
    struct call_room room;
    struct mls_output box = {0};
    uint8_t encoded[1024];
    struct bytes_writer w;
    CU_ASSERT_EQUAL_FATAL(call_room_init(&room, link->room, link->number, link->secret), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&room, CALL_BOX_RELAY, (struct mls_bytes){nothing, sizeof nothing}, &box),
                          CALL_OK);
    const struct wire_envelope relayed = {.type = WIRE_RELAYED, .relay = {.payload = {box.data, box.len}}};
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, &relayed);
    CU_ASSERT_TRUE_FATAL(bytes_writer_ok(&w));
    struct sim_bytes *bytes = sim_bytes_new(encoded, w.len);
    sim_start(sim, NEWCOMER);
    for (unsigned n = 0; n < 60; n++) {
        sim_run_for(sim, 500);
        sim_send_down(sim, NEWCOMER, bytes);
        CU_ASSERT_FALSE(sim->clients[NEWCOMER].sending);
    }
    CU_ASSERT_TRUE(sim->clients[NEWCOMER].phases[CALL_PHASE_MEMBER] > 0);
    CU_ASSERT_EQUAL(scene_phase(sim, NEWCOMER), CALL_PHASE_LINK_OLD);
    sim_bytes_drop(bytes);
    mls_output_free(&box);
    sim_free(sim);
}

/* A flood changes nothing of it. */
static void an_old_link_in_a_flood(void)
{
    struct sim *sim = after_a_kick(30, 5, false);
    struct flood flood = {0};
    const struct sim_client *newcomer = &sim->clients[NEWCOMER];
    flood_begin(sim, &flood);
    sim_start(sim, NEWCOMER);
    for (uint64_t ms = 0; ms < SILENT_MS + ASKS_MS + 1000; ms += APPEND_MS) {
        flood_for(sim, &flood, APPEND_MS);
        CU_ASSERT_FALSE(newcomer->sending);
    }
    assert_told(sim, 0);
    CU_ASSERT_EQUAL(newcomer->phases[CALL_PHASE_MEMBER], 0);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"one box of a later secret keeps nobody out", one_box},
    {"nor where the service does not say what else there is", one_box_and_no_list},
    {"who goes on under a later secret is told of to who has been there for long, once", somebody_comes_later},
    {"nor does a flood of them, as fast as a token may append", a_flood_near_and_far},
    {"nor a flood of what others wrote, with made-up Welcomes beside it", a_flood_of_repeats},
    {"nor what was said so far once more, in its order", repeats_in_order},
    {"nor what others wrote, in the moment in which the genuine Welcome comes", repeats_at_the_worst_moment},
    {"nor what opens for nobody, in that moment", made_up_at_the_worst_moment},
    {"a flood of GroupInfos, and nobody adds the newcomer: it comes in within seconds", a_flood_and_nobody_adds},
    {"an old link ends within seconds, and enters no group of the old secret", an_old_link},
    {"nor does it in a flood", an_old_link_in_a_flood},
    {"an old link, and the removed repeat what was said under it: nothing is sent", an_old_link_and_old_words},
    {"an old link, and the removed say something under it: it ends all the same", an_old_link_and_made_up_words},
};
UNIT_MAIN("adversary.call.later", tests)
