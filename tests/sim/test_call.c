/* Calls on a virtual clock: whatever upsets them, all that run end up in one epoch. */
#include <string.h>

#include "gather.h"
#include "sotto/sframe.h"
#include "unit.h"

static void one_founds(void)
{
    const struct sim_config config = {.clients = 1, .latency_ms = 20, .seed = 1};
    struct sim *sim = sim_new(&config);
    sim_start(sim, 0);
    gather_settles(sim, 2000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 1);
    sim_free(sim);
}

static void another_is_added(void)
{
    const struct sim_config config = {.clients = 2, .latency_ms = 20, .seed = 1};
    struct sim *sim = sim_new(&config);
    sim_start(sim, 0);
    gather_settles(sim, 2000);
    sim_start(sim, 1);
    gather_settles(sim, 2000);
    CU_ASSERT_EQUAL(call_epoch(sim->clients[0].call), 1);
    sim_free(sim);
}

static void many_come_at_once(void)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const struct sim_config config = {.clients = 20, .latency_ms = 30, .jitter_ms = 40, .seed = seed};
        struct sim *sim = sim_new(&config);
        for (unsigned i = 0; i < config.clients; i++)
            sim_start(sim, i);
        gather_settles(sim, 20000);
        CU_ASSERT_TRUE(call_epoch(sim->clients[0].call) <= 3); /* one, or a few: they are gathered */
        sim_free(sim);
    }
}

/* How frames are sealed is the founder's choice, and everybody's from then on. */
static void the_founder_chooses_the_suite(void)
{
    const struct sim_config config = {
        .clients = 3, .latency_ms = 20, .seed = 3, .sframe_suite = SFRAME_AES_256_GCM_SHA512_128, .padding = 7};
    struct sim *sim = sim_new(&config);
    sim_start(sim, 0);
    gather_settles(sim, 2000);
    sim->config.sframe_suite = 0;
    sim->config.padding = 0;
    sim_start(sim, 1);
    sim_start(sim, 2);
    gather_settles(sim, 10000);
    for (unsigned i = 0; i < 3; i++) {
        const struct sim_epoch *epoch = sim_key(&sim->clients[i], call_epoch(sim->clients[0].call));
        CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
        CU_ASSERT_EQUAL(epoch->suite, SFRAME_AES_256_GCM_SHA512_128);
        CU_ASSERT_EQUAL(epoch->key_len, sframe_suite_find(SFRAME_AES_256_GCM_SHA512_128)->nk);
        CU_ASSERT_EQUAL(epoch->padding, 7);
    }
    sim_free(sim);
}

static void short_tags_found_no_room(void)
{
    const struct sim_config config = {.clients = 1, .seed = 3};
    struct sim *sim = sim_new(&config);
    const struct sim_client *client = &sim->clients[0];
    for (uint16_t suite = 1; suite <= 8; suite++) {
        const bool is_short = sframe_suite_find(suite)->nt < 10;
        const struct call_config with = {.link = &client->link,
                                         .certificate = client->certificate,
                                         .certificate_len = client->certificate_len,
                                         .device_seed = client->device.seed,
                                         .sframe_suite = suite};
        struct call *call = NULL;
        CU_ASSERT_EQUAL(call_new(&with, sim_time(sim, 0), &call), is_short ? CALL_INVALID : CALL_OK);
        call_free(call);
    }
    sim_free(sim);
}

static const struct sim_config usual = {.latency_ms = 30, .jitter_ms = 30, .seed = 11};

static void two_found_at_once(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const struct sim_config config = {.clients = 2, .latency_ms = 50, .jitter_ms = 50, .seed = seed};
        struct sim *sim = sim_new(&config);
        sim_start(sim, 0);
        sim_start(sim, 1);
        gather_settles(sim, 15000);
        CU_ASSERT_TRUE(call_member_total(sim->clients[0].call) == 2);
        sim_free(sim);
    }
}

/* What client i is shown of client `of`: members, and whether that one is among them and has left. */
static unsigned shown_as_left(const struct sim *sim, unsigned i, unsigned of)
{
    struct call_member member;
    unsigned left = 0;
    for (uint32_t at = 0; call_get_member(sim->clients[i].call, at, &member) == CALL_OK; at++) {
        const bool is = memcmp(member.user_id, sim->clients[of].content.user_id, CALL_USER_ID_LEN) == 0;
        CU_ASSERT_TRUE(is || !member.left);
        left += is && member.left;
    }
    return left;
}

static void one_leaves(void)
{
    struct sim *sim = gather(4, usual);
    unsigned rosters[4];
    for (unsigned i = 0; i < 4; i++)
        rosters[i] = sim->clients[i].rosters;
    CU_ASSERT_EQUAL(call_leave(sim->clients[2].call), CALL_OK);
    sim_drain(sim, 2);
    /* its word is there before the commit that removes it, and is shown at once */
    sim_run_for(sim, 2 * (usual.latency_ms + usual.jitter_ms) + 20);
    for (unsigned i = 0; i < 4; i++) {
        if (i == 2)
            continue;
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 4);
        CU_ASSERT_EQUAL(shown_as_left(sim, i, 2), 1);
        CU_ASSERT_EQUAL(sim->clients[i].rosters, rosters[i] + 1);
    }
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[2].call), CALL_PHASE_OUT);
    CU_ASSERT_FALSE(sim->clients[2].sending);
    CU_ASSERT_PTR_NULL(sim_key(&sim->clients[2], call_epoch(sim->clients[0].call)));
    gather_settles(sim, 5000);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_LEFT], i != 2);
    CU_ASSERT_EQUAL(shown_as_left(sim, 0, 2), 0);
    sim_free(sim);
}

static void all_leave_but_one(void)
{
    struct sim *sim = gather(5, usual);
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(call_leave(sim->clients[i].call), CALL_OK);
        sim_drain(sim, i);
    }
    gather_settles(sim, 10000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[4].call), 1);
    sim_free(sim);
}

/* Crashes, restarts without any state of MLS: its old leaf is replaced. */
static void one_crashes_and_comes_back(void)
{
    struct sim *sim = gather(4, usual);
    const uint64_t before = call_epoch(sim->clients[0].call);
    sim_crash(sim, 3);
    sim_run_for(sim, 1000);
    sim_start(sim, 3);
    gather_settles(sim, 15000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_TRUE(call_epoch(sim->clients[0].call) > before);
    CU_ASSERT_EQUAL(sim->clients[0].gone[CALL_GONE_REMOVED], 0); /* it came back, it did not go */
    sim_free(sim);
}

static void all_crash_and_come_back(void)
{
    struct sim *sim = gather(3, usual);
    for (unsigned i = 0; i < 3; i++)
        sim_crash(sim, i);
    sim_run_for(sim, 2000);
    for (unsigned i = 0; i < 3; i++)
        sim_start(sim, i);
    gather_settles(sim, 90000);
    sim_free(sim);
}

static void an_admin_kicks(void)
{
    struct sim_config config = usual;
    config.clients = 6;
    struct sim *sim = gather(5, config);
    struct call_link before;
    struct call_link after;
    CU_ASSERT_EQUAL(call_get_link(sim->clients[0].call, &before), CALL_OK);
    CU_ASSERT_EQUAL(call_kick(sim->clients[1].call, sim->clients[3].content.user_id), CALL_FORBIDDEN);
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[3].content.user_id), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, 2000);
    gather_settles(sim, 5000);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[3].call), CALL_PHASE_OUT);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 4);
    CU_ASSERT_EQUAL(sim->clients[1].gone[CALL_GONE_KICKED], 1);
    CU_ASSERT_EQUAL(sim->clients[1].warnings[CALL_WARNING_KICK], 1);
    CU_ASSERT_EQUAL(call_get_link(sim->clients[2].call, &after), CALL_OK);
    CU_ASSERT_EQUAL(after.number, 1);
    CU_ASSERT_NOT_EQUAL(memcmp(before.secret, after.secret, sizeof before.secret), 0);
    /* the old link admits nobody; the new one does */
    sim_start(sim, 5);
    sim_run_for(sim, 15000);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[5].call), CALL_PHASE_LINK_OLD);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 4);
    sim_crash(sim, 5);
    sim->clients[5].link = after;
    sim_start(sim, 5);
    gather_settles(sim, 15000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 5);
    sim_free(sim);
}

static void a_locked_room(void)
{
    struct sim_config config = usual;
    config.clients = 3;
    struct sim *sim = gather(2, config);
    CU_ASSERT_EQUAL(call_set_locked(sim->clients[0].call, true), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, 3000);
    sim_start(sim, 2);
    sim_run_for(sim, 10000);
    CU_ASSERT_NOT_EQUAL(call_get_phase(sim->clients[2].call), CALL_PHASE_MEMBER);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 2);
    CU_ASSERT_TRUE(sim->clients[0].knocks + sim->clients[1].knocks > 0);
    bool admitted = false;
    for (unsigned tries = 0; tries < 60 && !admitted; tries++) { /* whoever has its latest key package lets it in */
        for (unsigned i = 0; i < 2; i++) {
            admitted |= call_admit(sim->clients[i].call, sim->clients[2].content.user_id) == CALL_OK;
            sim_drain(sim, i);
        }
        sim_run_for(sim, 1000);
    }
    CU_ASSERT_TRUE(admitted);
    gather_settles(sim, 40000);
    sim_free(sim);
}

static void chat(void)
{
    struct sim *sim = gather(3, usual);
    CU_ASSERT_EQUAL(call_say(sim->clients[1].call, "hello", 5, 60), CALL_OK);
    sim_drain(sim, 1);
    sim_run_for(sim, 500);
    CU_ASSERT_EQUAL(sim->clients[0].chats, 1);
    CU_ASSERT_EQUAL(sim->clients[1].chats, 0);
    CU_ASSERT_STRING_EQUAL(sim->clients[2].chat, "hello");
    sim_free(sim);
}

static void a_server_restarts(void)
{
    struct sim *sim = gather(6, usual);
    sim_server_stop(sim, 0);
    sim_run_for(sim, 3000);
    sim_server_start(sim, 0);
    gather_settles(sim, 10000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 6);
    for (unsigned i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_RESYNC], 0);
    sim_free(sim);
}

static uint64_t relayed(const struct sim *sim)
{
    return sim->servers[0].relayed_in_turn.messages + sim->servers[0].relayed_out_of_turn.messages;
}

/* Heartbeats that it cost are made up for as soon as it is back. */
static void a_short_restart_warns_nobody(void)
{
    struct sim *sim = gather(6, usual);
    sim_server_stop(sim, 0);
    sim_run_for(sim, 900);
    const uint64_t before = relayed(sim);
    sim_server_start(sim, 0);
    sim_run_for(sim, 1500);
    CU_ASSERT_TRUE(relayed(sim) >= before + 6);
    sim_run_for(sim, 12000);
    for (unsigned i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(sim->clients[i].warnings[CALL_WARNING_SERVER], 0);
    sim_free(sim);
}

/* Away while others come, go and renew: it reads on where it was. */
static void one_is_away_for_a_minute(void)
{
    struct sim_config config = usual;
    config.clients = 7;
    struct sim *sim = gather(6, config);
    sim_cut(sim, 5);
    sim_run_for(sim, 5000);
    sim_start(sim, 6);
    sim_run_for(sim, 5000);
    sim_uncut(sim, 5);
    gather_settles(sim, 10000);
    CU_ASSERT_EQUAL(sim->clients[5].warnings[CALL_WARNING_RESYNC], 0);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[5].call), 7);
    sim_free(sim);
}

/* Who says nothing for three intervals and misses its turn is removed, by somebody. */
static void the_silent_are_removed(void)
{
    struct sim *sim = gather(5, usual);
    sim_crash(sim, 4);
    sim_run_for(sim, 12000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 5);
    gather_settles(sim, 330000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    CU_ASSERT_EQUAL(sim->clients[0].gone[CALL_GONE_REMOVED], 1);
    sim_free(sim);
}

static void lost_contact_pauses_until_the_user_goes_on(void)
{
    struct sim *sim = gather(2, usual);
    sim_crash(sim, 1);
    sim_run_for(sim, 18000);
    CU_ASSERT_EQUAL(call_get_pause(sim->clients[0].call), CALL_PAUSE_LOST);
    CU_ASSERT_FALSE(sim->clients[0].sending);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 2);
    CU_ASSERT_EQUAL(call_go_on(sim->clients[0].call), CALL_OK);
    sim_drain(sim, 0);
    gather_settles(sim, 3000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 1);
    sim_free(sim);
}

static bool no_append_of_0(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    return client != 0 || envelope->type != WIRE_APPEND;
}

/* An admin announces a kick, and dies before it could commit it. */
static void a_kick_that_never_comes(void)
{
    struct sim *sim = gather(4, usual);
    sim->request = no_append_of_0;
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[3].content.user_id), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, usual.latency_ms + usual.jitter_ms); /* the announcement is there */
    sim_crash(sim, 0);
    sim_run_for(sim, 11000);
    for (unsigned i = 1; i < 4; i++)
        CU_ASSERT_EQUAL(call_get_pause(sim->clients[i].call), CALL_PAUSE_WITHHELD);
    CU_ASSERT_EQUAL(call_go_on(sim->clients[1].call), CALL_OK);
    sim_drain(sim, 1);
    CU_ASSERT_TRUE(sim->clients[1].sending);
    sim_free(sim);
}

/* The delivery service is gone: warned at once, paused after a minute, and nobody is lost for it. */
static void a_dead_server_is_noticed(void)
{
    struct sim *sim = gather(3, usual);
    sim_server_stop(sim, 0);
    sim_run_for(sim, 10000);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_SERVER], 1);
    CU_ASSERT_EQUAL(call_get_pause(sim->clients[0].call), CALL_PAUSE_NONE);
    sim_run_for(sim, 60000);
    CU_ASSERT_EQUAL(call_get_pause(sim->clients[0].call), CALL_PAUSE_SERVER);
    struct call_member member;
    CU_ASSERT_EQUAL(call_get_member(sim->clients[0].call, 1, &member), CALL_OK);
    CU_ASSERT_FALSE(member.lost);
    sim_server_start(sim, 0);
    gather_settles(sim, 15000);
    sim_run_for(sim, 500); /* told with the next look at it */
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_SERVER_OVER], 1);
    sim_free(sim);
}

/* Ten minutes of nothing: everybody renews its path in turn, one every 300 s / N. */
static void turns(void)
{
    struct sim *sim = gather(10, usual);
    const uint64_t before = call_epoch(sim->clients[0].call);
    const size_t log = sim->servers[0].count;
    unsigned resyncs = 0;
    for (unsigned i = 0; i < 10; i++)
        resyncs += sim->clients[i].warnings[CALL_WARNING_RESYNC];
    sim_run_for(sim, 600000);
    const uint64_t epochs = call_epoch(sim->clients[0].call) - before;
    CU_ASSERT_TRUE(epochs >= 18 && epochs <= 22);
    CU_ASSERT_EQUAL(sim->servers[0].count, log + epochs); /* and no commit in vain */
    gather_settles(sim, 3000);
    for (unsigned i = 0; i < 10; i++)
        resyncs -= sim->clients[i].warnings[CALL_WARNING_RESYNC];
    CU_ASSERT_EQUAL(resyncs, 0);
    sim_free(sim);
}

/* Keys of an epoch live for the grace, and no longer. */
static void old_keys_die(void)
{
    struct sim *sim = gather(3, usual);
    const uint64_t before = call_epoch(sim->clients[0].call);
    CU_ASSERT_EQUAL(call_leave(sim->clients[2].call), CALL_OK);
    sim_drain(sim, 2);
    while (call_epoch(sim->clients[0].call) == before)
        sim_run_for(sim, 10);
    CU_ASSERT_PTR_NOT_NULL(sim_key(&sim->clients[0], before));
    CU_ASSERT_EQUAL(sim->clients[0].sending_epoch, before + 1); /* at once: somebody went */
    sim_run_for(sim, 1900);
    CU_ASSERT_PTR_NOT_NULL(sim_key(&sim->clients[0], before));
    sim_run_for(sim, 200);
    CU_ASSERT_PTR_NULL(sim_key(&sim->clients[0], before));
    sim_free(sim);
}

static void pure_updates_switch_later(void)
{
    struct sim *sim = gather(3, usual);
    const uint64_t before = call_epoch(sim->clients[0].call);
    while (call_epoch(sim->clients[0].call) == before)
        sim_run_for(sim, 10);
    CU_ASSERT_EQUAL(sim->clients[0].sending_epoch, before);
    sim_run_for(sim, 480);
    CU_ASSERT_EQUAL(sim->clients[0].sending_epoch, before);
    sim_run_for(sim, 40);
    CU_ASSERT_EQUAL(sim->clients[0].sending_epoch, before + 1);
    sim_run_for(sim, 2400);
    CU_ASSERT_PTR_NOT_NULL(sim_key(&sim->clients[0], before));
    sim_run_for(sim, 200);
    CU_ASSERT_PTR_NULL(sim_key(&sim->clients[0], before));
    sim_free(sim);
}

/* A link's room can be entered by GroupInfo alone, if nobody adds. */
static void by_external_commit(void)
{
    struct sim_config config = usual;
    config.clients = 4;
    struct sim *sim = gather(3, config);
    sim_run_for(sim, 3000);
    sim->filter = gather_nobody_adds;
    sim_start(sim, 3);
    sim_run_for(sim, 900);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[3].call), CALL_PHASE_ASKING);
    gather_settles(sim, 8000);
    sim_free(sim);
}

/* A user's root says that a device is lost: it is removed, and does not come back. */
static void a_device_is_revoked(void)
{
    struct sim *sim = gather(4, usual);
    struct identity_revocations list = {.number = 1, .created_s = SIM_START_S};
    uint8_t encoded[IDENTITY_REVOCATIONS_MAX];
    size_t len = 0;
    memcpy(list.root_key, sim->clients[2].root.public_key, sizeof list.root_key);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_add(&list, sim->clients[2].device.public_key), IDENTITY_OK);
    CU_ASSERT_EQUAL_FATAL(identity_revocations_make(&sim->clients[2].root, &list, encoded, sizeof encoded, &len),
                          IDENTITY_OK);
    CU_ASSERT_EQUAL(call_revoke(sim->clients[1].call, encoded, len), CALL_OK);
    encoded[len - 1] ^= 1;
    CU_ASSERT_EQUAL(call_revoke(sim->clients[1].call, encoded, len), CALL_INVALID);
    sim_drain(sim, 1);
    sim_run_for(sim, 10000);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[2].call), CALL_PHASE_OUT);
    gather_settles(sim, 3000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim_crash(sim, 2);
    sim_start(sim, 2);
    sim_run_for(sim, 20000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    CU_ASSERT_FALSE(sim->clients[2].sending);
    sim_free(sim);
}

/* A certificate about to expire is followed by the next one, in mid-call. */
static void a_certificate_is_renewed(void)
{
    struct sim *sim = gather(2, usual);
    struct sim_client *client = &sim->clients[1];
    struct identity_certificate content = client->content;
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t len = 0;
    content.created_s++;
    CU_ASSERT_EQUAL_FATAL(identity_certificate_make(&client->root, &content, certificate, sizeof certificate, &len),
                          IDENTITY_OK);
    CU_ASSERT_EQUAL(call_set_certificate(sim->clients[0].call, certificate, len), CALL_CREDENTIAL); /* not its own */
    CU_ASSERT_EQUAL(call_set_certificate(client->call, certificate, len), CALL_OK);
    CU_ASSERT_EQUAL(call_set_certificate(client->call, client->certificate, client->certificate_len),
                    CALL_CREDENTIAL); /* older */
    const uint64_t before = call_epoch(client->call);
    sim_run_for(sim, 140000);
    CU_ASSERT_TRUE(call_epoch(client->call) >= before + 2);
    gather_settles(sim, 3000);
    sim_free(sim);
}

/* Upsets at random, then quiet. */
static void upset(struct sim *sim, uint64_t *random)
{
    const unsigned i = (unsigned)(unit_random(random) % sim->config.clients);
    struct sim_client *client = &sim->clients[i];
    switch (unit_random(random) % 8) {
    case 0:
    case 1:
        if (client->call)
            sim_crash(sim, i);
        else
            sim_start(sim, i);
        break;
    case 2:
        if (client->call && call_leave(client->call) == CALL_OK) {
            sim_drain(sim, i);
            sim_crash(sim, i);
        }
        break;
    case 3:
    case 4:
        sim_break(sim, i);
        break;
    case 5:
        sim_server_stop(sim, 0);
        sim_run_for(sim, 500);
        sim_server_start(sim, 0);
        break;
    default:
        if (!client->call)
            sim_start(sim, i);
        break;
    }
    sim_run_for(sim, unit_random(random) % 1500);
}

static void after_upsets(unsigned clients, unsigned upsets, uint64_t seed, uint32_t latency_ms)
{
    const struct sim_config config = {.clients = clients,
                                      .latency_ms = latency_ms,
                                      .jitter_ms = latency_ms / 2 + 1,
                                      .breaks_permyriad = 5,
                                      .seed = seed};
    struct sim *sim = gather(clients, config);
    uint64_t random = seed * 77 + 1;
    for (unsigned n = 0; n < upsets; n++)
        upset(sim, &random);
    for (unsigned i = 0; i < clients; i++)
        if (!sim->clients[i].call)
            sim_start(sim, i);
    const uint64_t took = sim_settle(sim, 300000);
    CU_ASSERT_NOT_EQUAL(took, UINT64_MAX);
    if (took == UINT64_MAX) {
        printf("seed %llu\n", (unsigned long long)seed);
        sim_print(sim);
    }
    sim_free(sim);
}

static void five_upset(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        after_upsets(5, 20, seed, 20);
}

static void twenty_upset(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        after_upsets(20, 40, seed, 50);
}

static const struct unit_test tests[] = {
    {"the first to come founds the room", one_founds},
    {"who asks is added", another_is_added},
    {"twenty who come at once are added by few commits", many_come_at_once},
    {"of two who found at once one joins the other", two_found_at_once},
    {"the founder chooses how frames are sealed", the_founder_chooses_the_suite},
    {"nobody founds a room with tags under 80 bits", short_tags_found_no_room},
    {"one leaves, and is shown as left", one_leaves},
    {"all leave but one", all_leave_but_one},
    {"one crashes and comes back in its own place", one_crashes_and_comes_back},
    {"all crash and come back", all_crash_and_come_back},
    {"an admin kicks, and the old link admits nobody", an_admin_kicks},
    {"into a locked room somebody is let in", a_locked_room},
    {"chat arrives", chat},
    {"the delivery service restarts, and nobody notices", a_server_restarts},
    {"a short restart of the delivery service warns nobody", a_short_restart_warns_nobody},
    {"one is away for a while, and reads on", one_is_away_for_a_minute},
    {"the silent are removed", the_silent_are_removed},
    {"half lost pauses, until the user goes on", lost_contact_pauses_until_the_user_goes_on},
    {"a kick that never comes pauses, until the user goes on", a_kick_that_never_comes},
    {"a delivery service that is gone pauses after a minute, and loses nobody", a_dead_server_is_noticed},
    {"paths are renewed in turn, and no commit is made in vain", turns},
    {"after somebody went, old keys die within two seconds", old_keys_die},
    {"after an update senders change over later, and old keys die within three seconds", pure_updates_switch_later},
    {"whom nobody adds comes in by itself", by_external_commit},
    {"a revoked device is removed, and does not come back", a_device_is_revoked},
    {"a certificate is renewed in mid-call", a_certificate_is_renewed},
    {"five, upset at random, end in one epoch", five_upset},
    {"twenty, upset at random, end in one epoch", twenty_upset},
};

UNIT_MAIN("client.call", tests)
