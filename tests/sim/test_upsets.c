/* What upsets a call, one thing at a time, at the worst moment for it: nobody is put out, and all agree again. */
#include <string.h>

#include "gather.h"
#include "unit.h"

/* A call of n of `clients` that has settled. */
static struct sim *seeded_call_of(unsigned n, unsigned clients, uint64_t seed)
{
    const struct sim_config config = {.clients = clients, .latency_ms = 30, .jitter_ms = 30, .seed = seed};
    struct sim *sim = gather(n, config);
    sim_run_for(sim, 3000);
    return sim;
}

static struct sim *call_of(unsigned n, unsigned clients)
{
    return seeded_call_of(n, clients, 17);
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

/* A Welcome that is stored, and that nobody ever gets: its newcomer is in the group, and does not know the group. */
static bool no_welcome(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    unsigned *lost = context;
    (void)sim;
    (void)client;
    if (envelope->type != WIRE_PART || envelope->part.part != WIRE_PART_WELCOME)
        return true;
    ++*lost;
    return false;
}

static void a_welcome_is_lost(void)
{
    struct sim *sim = call_of(3, 4);
    unsigned lost = 0;
    sim->filter = no_welcome;
    sim->context = &lost;
    sim_start(sim, 3);
    gather_settles(sim, 15000);
    CU_ASSERT_TRUE(lost > 0);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_EQUAL(sim->clients[0].gone[CALL_GONE_REMOVED], 0); /* what it was added as was replaced, not removed */
    sim_free(sim);
}

/* One device, two processes: the later one has its place, and the earlier one does not fight for it. */
static void take_its_place(bool by_itself)
{
    struct sim *sim = call_of(4, 5);
    struct sim_client *first = &sim->clients[3];
    struct sim_client *second = &sim->clients[4];
    second->root = first->root;
    second->device = first->device;
    second->content = first->content;
    memcpy(second->certificate, first->certificate, sizeof second->certificate);
    second->certificate_len = first->certificate_len;
    sim_run_for(sim, 65000); /* a turn, so that several may add */
    if (by_itself)
        sim->filter = gather_nobody_adds;
    sim_start(sim, 4);
    sim_run_for(sim, 15000);
    CU_ASSERT_EQUAL(call_get_phase(first->call), CALL_PHASE_OUT);
    CU_ASSERT_EQUAL(call_get_phase(second->call), CALL_PHASE_MEMBER);
    const uint64_t epoch = call_epoch(sim->clients[0].call);
    sim_run_for(sim, 30000);
    CU_ASSERT_TRUE(call_epoch(sim->clients[0].call) <= epoch + 1);
    CU_ASSERT_TRUE(sim_agree(sim));
    sim_free(sim);
}

static void one_device_twice(void)
{
    take_its_place(false);
    take_its_place(true);
}

/* --- Races --- */

/* Two members commit in the same moment, different things: one wins, the other does it again, and both are done. */
static void two_commit_at_once(void)
{
    unsigned rivals = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct sim *sim = seeded_call_of(4, 4, seed);
        struct identity_revocations list = {.number = 1, .created_s = SIM_START_S};
        uint8_t encoded[IDENTITY_REVOCATIONS_MAX];
        size_t len = 0;
        struct call_link link;
        sim_run_for(sim, 65000); /* somebody's turn: the founder may commit again */
        memcpy(list.root_key, sim->clients[3].root.public_key, sizeof list.root_key);
        CU_ASSERT_EQUAL(identity_revocations_add(&list, sim->clients[3].device.public_key), IDENTITY_OK);
        CU_ASSERT_EQUAL(identity_revocations_make(&sim->clients[3].root, &list, encoded, sizeof encoded, &len),
                        IDENTITY_OK);
        const size_t log = sim->servers[0].count;
        CU_ASSERT_EQUAL(call_rotate(sim->clients[0].call), CALL_OK);
        CU_ASSERT_EQUAL(call_revoke(sim->clients[2].call, encoded, len), CALL_OK);
        sim_drain(sim, 0);
        sim_drain(sim, 2);
        sim_run_for(sim, 100);
        rivals += sim->servers[0].count == log + 2; /* both were sent before either was read */
        sim_run_for(sim, 140000); /* who made the call's last commit waits for another's: a turn, at worst */
        CU_ASSERT_TRUE(sim_agree(sim));
        CU_ASSERT_EQUAL(call_get_phase(sim->clients[3].call), CALL_PHASE_OUT);
        CU_ASSERT_EQUAL(call_get_link(sim->clients[1].call, &link), CALL_OK);
        CU_ASSERT_EQUAL(link.number, 1);
        CU_ASSERT_EQUAL(resyncs(sim), 0);
        sim_free(sim);
    }
    CU_ASSERT_TRUE(rivals >= 2); /* else nothing was tried */
}

/* Two come from outside, on the same GroupInfo. */
static void two_come_from_outside(void)
{
    unsigned rivals = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const struct sim_config config = {.clients = 5, .latency_ms = 400, .jitter_ms = 100, .seed = seed};
        struct sim *sim = sim_new(&config);
        for (unsigned i = 0; i < 3; i++) {
            sim_start(sim, i);
            sim_run_for(sim, i == 0 ? 3000 : 50);
        }
        gather_settles(sim, 60000);
        sim->filter = gather_nobody_adds;
        const uint64_t epoch = call_epoch(sim->clients[0].call);
        const size_t log = sim->servers[0].count;
        sim_start(sim, 3);
        sim_start(sim, 4);
        gather_settles(sim, 60000);
        rivals += sim->servers[0].count - log > call_epoch(sim->clients[0].call) - epoch;
        CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 5);
        sim_free(sim);
    }
    CU_ASSERT_TRUE(rivals >= 2); /* else nothing was tried */
}

/* Whose commits came too late leave GroupInfos of groups in which nobody is: who comes next does not build on those. */
static void three_come_from_outside(void)
{
    for (uint64_t seed = 1; seed <= 25; seed++) {
        const struct sim_config config = {.clients = 5, .latency_ms = 150, .jitter_ms = 40, .seed = seed};
        struct sim *sim = sim_new(&config);
        uint64_t random = seed;
        for (unsigned i = 0; i < 2; i++) {
            sim_start(sim, i);
            sim_run_for(sim, i == 0 ? 3000 : 50);
        }
        gather_settles(sim, 60000);
        sim_run_for(sim, 50000 + unit_random(&random) % 20000);
        sim->filter = gather_nobody_adds;
        for (unsigned i = 2; i < 5; i++) {
            sim_start(sim, i);
            sim_run_for(sim, unit_random(&random) % 600);
        }
        gather_settles(sim, 30000);
        sim_free(sim);
    }
}

/* Three come in where the two who were there do not follow. They are the more, and hear each other: yet they evict
 * nobody, and send nothing; and when they hear of the others, they go there. */
static void the_more_beside_the_call(void)
{
    struct sim *sim = call_of(2, 5);
    gather_beside(sim, 2);
    for (unsigned n = 0; n < 300; n++) {
        sim_run_for(sim, 1000);
        for (unsigned i = 2; i < 5; i++) {
            CU_ASSERT_FALSE(sim->clients[i].sending);
            CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_REMOVED], 0);
        }
    }
    sim->filter = NULL;
    for (unsigned i = 2; i < 5; i++)
        sim_move(sim, i, 0);
    gather_settles(sim, 60000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 5);
    sim_free(sim);
}

/* --- A committer that dies --- */

enum death { BEFORE_ITS_APPEND, BEFORE_THE_ACK, BEFORE_ITS_MERGE, AFTER_ITS_MERGE };

struct killer {
    enum death when;
    unsigned committer; /* UINT32_MAX: nobody has committed yet */
    bool dead;
};

static bool on_request(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct killer *killer = context;
    if (envelope->type != WIRE_APPEND || killer->committer != UINT32_MAX)
        return true;
    killer->committer = client;
    if (killer->when != BEFORE_ITS_APPEND)
        return true;
    killer->dead = true;
    sim_crash(sim, client);
    return false;
}

static bool on_push(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct killer *killer = context;
    if (envelope->type != WIRE_ENTRY || killer->committer == UINT32_MAX || killer->dead)
        return true;
    if (killer->when == BEFORE_THE_ACK) { /* it is stored, and nothing has reached anybody */
        killer->dead = true;
        sim_crash(sim, killer->committer);
    }
    return killer->when != BEFORE_ITS_MERGE || client != killer->committer; /* the acknowledgement alone gets through */
}

static void the_committer_dies(enum death when)
{
    struct sim *sim = call_of(5, 6);
    struct killer killer = {.when = when, .committer = UINT32_MAX};
    const uint64_t epoch = call_epoch(sim->clients[0].call);
    sim->request = on_request;
    sim->filter = on_push;
    sim->context = &killer;
    sim_start(sim, 5);
    while (killer.committer == UINT32_MAX)
        sim_run_for(sim, 10);
    sim_run_for(sim, 200); /* what was on its way arrives */
    if (!killer.dead) {
        CU_ASSERT_EQUAL(call_epoch(sim->clients[killer.committer].call) > epoch, when == AFTER_ITS_MERGE);
        killer.dead = true;
        sim_crash(sim, killer.committer);
    }
    sim->request = sim->filter = NULL;
    /* all others have the newcomer among them, and one key */
    const unsigned one = killer.committer == 0 ? 1 : 0;
    sim_run_for(sim, 12000);
    for (unsigned i = 0; i < 6; i++) {
        if (i == killer.committer)
            continue;
        const struct sim_epoch *key = sim_key(&sim->clients[i], call_epoch(sim->clients[i].call));
        const struct sim_epoch *other = sim_key(&sim->clients[one], call_epoch(sim->clients[i].call));
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 6);
        CU_ASSERT_TRUE(sim->clients[i].sending);
        CU_ASSERT_TRUE(key && other && memcmp(key->key, other->key, key->key_len) == 0);
    }
    CU_ASSERT_EQUAL(resyncs(sim), 0);
    sim_start(sim, killer.committer);
    gather_settles(sim, 15000);
    sim_free(sim);
}

static void dies_before_its_append(void)
{
    the_committer_dies(BEFORE_ITS_APPEND);
}

static void dies_before_the_ack(void)
{
    the_committer_dies(BEFORE_THE_ACK);
}

static void dies_before_its_merge(void)
{
    the_committer_dies(BEFORE_ITS_MERGE);
}

static void dies_after_its_merge(void)
{
    the_committer_dies(AFTER_ITS_MERGE);
}

/* --- Certificates at the edge --- */

/* Client 3 comes with a certificate that ends so long from now; the members' clocks are 10 s apart. Whether it is let
 * in or not: all decide alike. Returns whether it was. */
static bool at_the_edge(int64_t left_s, bool by_itself)
{
    struct sim *sim = seeded_call_of(3, 4, (uint64_t)(left_s + 100));
    struct sim_client *late = &sim->clients[3];
    for (unsigned i = 0; i < 3; i++)
        sim->clients[i].clock_skew_s = 5 * (int64_t)i;
    sim_run_for(sim, 125000); /* two of them have renewed their paths: the group's time is theirs */
    late->clock_skew_s = -60; /* so that it does not see itself expired */
    late->content.expires_s = (uint64_t)(SIM_START_S + (int64_t)sim->now_ms / 1000 + left_s);
    CU_ASSERT_EQUAL(identity_certificate_make(&late->root, &late->content, late->certificate, sizeof late->certificate,
                                              &late->certificate_len),
                    IDENTITY_OK);
    if (by_itself)
        sim->filter = gather_nobody_adds;
    sim_start(sim, 3);
    sim_run_for(sim, 6000);
    const bool in = call_member_total(sim->clients[0].call) == 4;
    const struct sim_epoch *key = sim_key(&sim->clients[0], call_epoch(sim->clients[0].call));
    for (unsigned i = 1; i < 3; i++) {
        const struct sim_epoch *other = sim_key(&sim->clients[i], call_epoch(sim->clients[i].call));
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), in ? 4 : 3);
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
        CU_ASSERT_TRUE(key && other && key->epoch == other->epoch && memcmp(key->key, other->key, key->key_len) == 0);
    }
    sim_free(sim);
    return in;
}

static void a_certificate_ends_as_it_is_committed(void)
{
    for (unsigned by_itself = 0; by_itself < 2; by_itself++) {
        unsigned in = 0;
        unsigned tried = 0;
        for (int64_t left_s = -12; left_s <= 12; left_s++, tried++)
            in += at_the_edge(left_s, by_itself);
        CU_ASSERT_TRUE(in > 0 && in < tried); /* the edge lies between */
    }
}

/* --- Gaps --- */

/* Away so long, with nothing kept but the highest epoch; others come and go meanwhile. */
static void back_after(uint64_t away_ms)
{
    struct sim *sim = call_of(4, 6);
    sim_crash(sim, 3);
    for (unsigned n = 0; n < 12; n++) {
        const unsigned i = 4 + n % 2;
        sim_start(sim, i);
        sim_run_for(sim, 5000 + away_ms / 12);
        if (call_leave(sim->clients[i].call) == CALL_OK)
            sim_drain(sim, i);
        sim_run_for(sim, 100);
        sim_crash(sim, i);
    }
    sim_run_for(sim, 3000);
    const uint64_t before = call_epoch(sim->clients[0].call);
    sim_start(sim, 3);
    gather_settles(sim, 20000);
    CU_ASSERT_TRUE(call_epoch(sim->clients[3].call) > before);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_EQUAL(resyncs(sim), 0);
    sim_free(sim);
}

static void back_after_a_gap(void)
{
    back_after(0);      /* more commits than GroupInfos that are told of */
    back_after(600000); /* and removed meanwhile */
}

static const struct unit_test tests[] = {
    {"who came in by itself is not put out by the key package that it had posted", in_by_two_ways},
    {"a lost Welcome is made up for", a_welcome_is_lost},
    {"of one device's two processes the later is in, and they do not fight", one_device_twice},
    {"of two commits at once one wins, and the other is made again", two_commit_at_once},
    {"two come from outside at once, and both get in", two_come_from_outside},
    {"three who come from outside at once build on no group that nobody is in", three_come_from_outside},
    {"newcomers beside the call evict nobody, though they are the more, and find it", the_more_beside_the_call},
    {"a committer dies before its append arrives", dies_before_its_append},
    {"a committer dies before its append is acknowledged", dies_before_the_ack},
    {"a committer dies before it could merge its commit", dies_before_its_merge},
    {"a committer dies after it merged its commit", dies_after_its_merge},
    {"a certificate that ends as it is committed divides nobody", a_certificate_ends_as_it_is_committed},
    {"who was away, and kept nothing, comes back", back_after_a_gap},
};

UNIT_MAIN("client.upsets", tests)
