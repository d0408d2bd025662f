/* Calls whose programs die and start again: at any step, after any time, with what they kept and without it. All end in
 * one epoch, and no key is ever sealed under by two lives of one client. What was kept and is not what it should be:
 * test_restart_state.c. */
#include <stdlib.h>
#include <string.h>

#include "mls/messages.h"
#include "restart.h"
#include "seal.h"
#include "unit.h"

static uint32_t own_leaf(const struct sim_client *client)
{
    struct call_member member;
    for (uint32_t i = 0; call_get_member(client->call, i, &member) == CALL_OK; i++)
        if (member.self)
            return member.leaf;
    return UINT32_MAX;
}

/* Whether the commit of the i-th entry takes no key of its sender's message keys. */
static bool is_public(const struct sim *sim, size_t i)
{
    const struct call_link *link = &sim->clients[0].link;
    const struct sim_bytes *box = sim->servers[0].entries[i].commit;
    struct call_room room;
    struct mls_output content = {0};
    struct mls_message message;
    CU_ASSERT_EQUAL_FATAL(call_room_init(&room, link->room, link->number, link->secret), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(call_box_open(&room, CALL_BOX_COMMIT, (struct mls_bytes){box->data, box->len}, &content),
                          CALL_OK);
    const bool found = mls_message_parse(content.data, content.len, &message) == MLS_OK &&
                       message.wire_format == MLS_WIRE_PUBLIC_MESSAGE;
    mls_output_free(&content);
    return found;
}

/* --- Coming back --- */

static void into_its_own_leaf(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const uint32_t leaf = own_leaf(&sim->clients[1]);
    const uint64_t epoch = call_epoch(sim->clients[0].call);
    const size_t entries = sim->servers[0].count;
    restart(sim, 1, 1000);
    gather_settles(sim, 3000);
    CU_ASSERT_TRUE(restart_came_back(&sim->clients[1]));
    CU_ASSERT_EQUAL(own_leaf(&sim->clients[1]), leaf);
    CU_ASSERT_EQUAL(sim->servers[0].count, entries + 1); /* one commit, its own */
    CU_ASSERT_EQUAL(call_epoch(sim->clients[0].call), epoch + 1);
    for (unsigned gone = CALL_GONE_LEFT; gone <= CALL_GONE_KICKED; gone++)
        CU_ASSERT_EQUAL(sim->clients[0].gone[gone], 0);
    CU_ASSERT_TRUE(is_public(sim, entries));
    sim_run_for(sim, 60000); /* and it is heard: nobody is lost */
    gather_settles(sim, 1000);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_RESYNC] + sim->clients[1].warnings[CALL_WARNING_RESYNC], 0);
    sim_free(sim);
}

/* In larger rooms, too; but for who made the last commit, whose next one the others would skip. */
static void each_of_five(void)
{
    unsigned returned = 0;
    for (unsigned i = 0; i < 5; i++) {
        struct sim *sim = restart_call_of(5, restart_usual);
        restart(sim, i, 500);
        gather_settles(sim, 10000);
        returned += restart_came_back(&sim->clients[i]);
        sim_free(sim);
    }
    CU_ASSERT_EQUAL(returned, 4);
}

static void again_and_again(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    for (unsigned n = 0; n < 20; n++) {
        restart(sim, n % 2, 100 * n);
        gather_settles(sim, 10000);
        CU_ASSERT_TRUE(restart_came_back(&sim->clients[n % 2]));
    }
    sim_free(sim);
}

static void alone(void)
{
    struct sim *sim = restart_call_of(1, restart_usual);
    restart(sim, 0, 1000);
    gather_settles(sim, 3000);
    CU_ASSERT_TRUE(restart_came_back(&sim->clients[0]));
    sim_free(sim);
}

static void all_at_once(void)
{
    for (unsigned n = 2; n <= 5; n++) {
        struct sim *sim = restart_call_of(n, restart_usual);
        for (unsigned i = 0; i < n; i++)
            sim_crash(sim, i);
        sim_run_for(sim, 2000);
        for (unsigned i = 0; i < n; i++)
            sim_start(sim, i);
        gather_settles(sim, 60000);
        sim_free(sim);
    }
}

/* Until its own commit is back, an application has nothing to seal or open with, and nobody to show. */
static void nothing_before_its_own_commit(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    sim_crash(sim, 1);
    sim->clients[1].epochs_seen = 0;
    sim->clients[1].cut = true; /* its network comes later */
    sim_start(sim, 1);
    sim_run_for(sim, 15000);
    const struct sim_client *client = &sim->clients[1];
    CU_ASSERT_EQUAL(call_get_phase(client->call), CALL_PHASE_RETURNING);
    CU_ASSERT_EQUAL(call_get_pause(client->call), CALL_PAUSE_JOINING);
    CU_ASSERT_EQUAL(client->epochs_seen, 0);
    CU_ASSERT_FALSE(client->sending);
    CU_ASSERT_EQUAL(call_member_total(client->call), 0);
    CU_ASSERT_EQUAL(own_leaf(client), UINT32_MAX);
    CU_ASSERT_EQUAL(call_say(client->call, "hello", 5, 0), CALL_STATE);
    CU_ASSERT_EQUAL(call_leave(client->call), CALL_STATE);
    sim_uncut(sim, 1);
    gather_settles(sim, 10000);
    CU_ASSERT_TRUE(restart_came_back(client));
    CU_ASSERT_EQUAL(client->epochs_seen, 1);
    sim_free(sim);
}

/* What the state does not say must not be needed: kept for a first connection, refused later. */
static void only_before_it_connects(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct sim_client *client = &sim->clients[1];
    CU_ASSERT_EQUAL(call_restore(client->call, client->state, client->state_len), CALL_STATE);
    gather_settles(sim, 1000);
    sim_free(sim);
}

static void after_any_time(void)
{
    static const uint64_t gaps_ms[] = {0, 40, 1000, 4000, 16000, 90000, 600000, 3 * 3600000};
    for (size_t g = 0; g < sizeof gaps_ms / sizeof gaps_ms[0]; g++)
        for (int lost = 0; lost < 2; lost++) {
            struct sim *sim = restart_call_of(4, restart_usual);
            sim_crash(sim, 2);
            if (lost)
                sim_keep(sim, 2, NULL, 0);
            sim_run_for(sim, gaps_ms[g]);
            sim_start(sim, 2);
            CU_ASSERT_EQUAL(sim->clients[2].restored, lost);
            gather_settles(sim, 60000);
            CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
            sim_free(sim);
        }
}

/* --- Dying at each step --- */

enum step { COMMITS, FOLLOWS, FOUNDS, IS_ADDED, ENTERS, STEPS };

/* Client 0 is about to do something; it dies after n of the events to come. */
static struct sim *begin(enum step step, unsigned others, uint64_t n)
{
    struct sim_config config = restart_usual;
    config.clients = others + 2;
    config.seed = 100 + n;
    struct sim *sim = sim_new(&config);
    const bool is_in = step == COMMITS || step == FOLLOWS;
    if (is_in)
        sim_start(sim, 0);
    for (unsigned i = 1; step != FOUNDS && i <= others; i++) {
        sim_run_for(sim, 1000);
        sim_start(sim, i);
    }
    if (step != FOUNDS)
        gather_settles(sim, 30000);
    sim_run_for(sim, 4000);
    sim->clients[0].dies_at = sim->clients[0].events + n;
    if (step == ENTERS)
        sim->filter = gather_nobody_adds;
    if (!is_in)
        sim_start(sim, 0);
    if (step == COMMITS) {
        const uint8_t *last = sim->clients[others].content.user_id;
        CU_ASSERT_EQUAL(
            others == 1 ? call_set_locked(sim->clients[0].call, true) : call_kick(sim->clients[0].call, last), CALL_OK);
        sim_drain(sim, 0);
    }
    if (step == FOLLOWS)
        sim_start(sim, others + 1);
    return sim;
}

static void get_link(struct sim *sim)
{
    struct call_link link;
    if (sim->clients[1].call && call_get_link(sim->clients[1].call, &link) == CALL_OK)
        sim->clients[0].link = link;
}

static bool dies_at(enum step step, unsigned others, uint64_t n, bool lost)
{
    struct sim *sim = begin(step, others, n);
    for (unsigned i = 0; sim->clients[0].call && i < 600; i++)
        sim_run_for(sim, 10);
    const bool died = !sim->clients[0].call;
    if (died) {
        sim_run_for(sim, 300);
        if (lost) {
            sim_keep(sim, 0, NULL, 0);
            get_link(sim); /* a new one may be in what was lost: somebody tells it */
        }
        sim_start(sim, 0);
        sim->filter = NULL;
        gather_settles(sim, 60000);
    }
    sim_free(sim);
    return died;
}

static void at_each_step(enum step step)
{
    for (unsigned others = 1; others <= 3; others += 2)
        for (int lost = 0; lost < 2; lost++) {
            uint64_t n = 1;
            while (n < 60 && dies_at(step, others, n, lost))
                n++;
            CU_ASSERT_TRUE(n > 8); /* it had many steps to die at */
        }
}

static void when_it_commits(void)
{
    at_each_step(COMMITS);
}

static void when_it_follows(void)
{
    at_each_step(FOLLOWS);
}

static void when_it_founds(void)
{
    at_each_step(FOUNDS);
}

static void when_it_is_added(void)
{
    at_each_step(IS_ADDED);
}

static void when_it_enters(void)
{
    at_each_step(ENTERS);
}

/* --- Its own commit --- */

/* It never left: after the restart it does, with what the user wanted in it. */
static void one_that_never_left(void)
{
    struct sim_config config = restart_usual;
    config.clients = 3;
    struct sim *sim = restart_call_of(2, config);
    const struct held held = restart_hold_commit(sim);
    sim_run_for(sim, 500);
    sim_start(sim, 0);
    gather_settles(sim, 10000);
    CU_ASSERT_TRUE(restart_came_back(&sim->clients[0]));
    sim_start(sim, 2); /* the room is locked by now */
    sim_run_for(sim, 10000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[1].call), 2);
    CU_ASSERT_NOT_EQUAL(call_get_phase(sim->clients[2].call), CALL_PHASE_MEMBER);
    free(held.commit);
    sim_free(sim);
}

/* It won, and was never seen to: read back after the restart it is followed, and counts for no epoch of this life. */
static void one_that_won(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct held held = restart_hold_commit(sim);
    const uint64_t epoch = call_epoch(sim->clients[1].call);
    sim_append(sim, 0, held.commit, held.len);
    sim_run_for(sim, 500);
    CU_ASSERT_EQUAL(call_epoch(sim->clients[1].call), epoch + 1);
    sim->clients[0].epochs_seen = 0;
    sim_start(sim, 0);
    gather_settles(sim, 10000);
    CU_ASSERT_TRUE(restart_came_back(&sim->clients[0]));
    CU_ASSERT_EQUAL(call_epoch(sim->clients[1].call), epoch + 2);
    CU_ASSERT_EQUAL(sim->clients[0].epochs_seen, 1);
    free(held.commit);
    sim_free(sim);
}

/* Another won meanwhile, and the delivery service shows this one only afterwards: it is nothing any more. */
static void one_that_comes_after_anothers(void)
{
    struct sim_config config = restart_usual;
    config.clients = 3;
    struct sim *sim = restart_call_of(2, config);
    const struct held held = restart_hold_commit(sim);
    const uint64_t epoch = call_epoch(sim->clients[1].call);
    sim_start(sim, 2);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL(call_epoch(sim->clients[1].call), epoch + 1);
    sim_append(sim, 0, held.commit, held.len);
    sim_start(sim, 0);
    gather_settles(sim, 10000);
    CU_ASSERT_TRUE(restart_came_back(&sim->clients[0]));
    sim_append(sim, 0, held.commit, held.len);
    sim_run_for(sim, 2000);
    gather_settles(sim, 1000);
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_RESYNC], 0);
    free(held.commit);
    sim_free(sim);
}

/* It was merged, and media were sealed in its epoch; what was kept is from before. It is merged once more, and not one
 * frame is sealed in its epoch once more. */
static void one_that_was_merged_and_used(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    struct sim_client *client = &sim->clients[0];
    const uint64_t epoch = call_epoch(client->call);
    CU_ASSERT_EQUAL(call_set_locked(client->call, true), CALL_OK);
    call_advance(client->call, sim_time(sim, 0));
    sim_drain(sim, 0); /* it is on its way, and kept */
    CU_ASSERT_EQUAL_FATAL(call_epoch(client->call), epoch);
    size_t len = 0;
    uint8_t *before = restart_copy_state(client, &len);
    sim_run_for(sim, 1000);
    CU_ASSERT_EQUAL(client->sending_epoch, epoch + 1);
    sim_crash(sim, 0);
    sim_keep(sim, 0, before, len);
    client->highest_epoch = epoch;
    sim_start(sim, 0);
    CU_ASSERT_EQUAL(client->restored, CALL_OK);
    gather_settles(sim, 10000);
    CU_ASSERT_TRUE(client->sending_epoch > epoch + 1);
    free(before);
    sim_free(sim);
}

/* --- What happened meanwhile --- */

static void the_room_got_a_new_link(void)
{
    struct sim_config config = restart_usual;
    config.clients = 4;
    struct sim *sim = restart_call_of(4, config);
    struct call_link link;
    sim_crash(sim, 2);
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[3].content.user_id), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, 5000);
    sim_start(sim, 2); /* by the old link: it has followed */
    gather_settles(sim, 10000);
    CU_ASSERT_TRUE(restart_came_back(&sim->clients[2]));
    CU_ASSERT_EQUAL(call_get_link(sim->clients[2].call, &link), CALL_OK);
    CU_ASSERT_EQUAL(link.number, 1);
    sim_free(sim);
}

static void it_was_kicked(void)
{
    struct sim *sim = restart_call_of(4, restart_usual);
    struct call_link link;
    sim_crash(sim, 3);
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[3].content.user_id), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, 5000);
    size_t len = 0;
    uint8_t *state = restart_copy_state(&sim->clients[3], &len);
    sim_start(sim, 3);
    sim_run_for(sim, 20000);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[3].call), CALL_PHASE_LINK_OLD);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    CU_ASSERT_EQUAL(sim->clients[3].state_len, 0); /* nothing is kept of it any more */
    sim_crash(sim, 3);
    /* somebody gives it the new one: what it kept says nothing about that */
    CU_ASSERT_EQUAL(call_get_link(sim->clients[0].call, &link), CALL_OK);
    sim->clients[3].link = link;
    sim_keep(sim, 3, state, len);
    sim_start(sim, 3);
    CU_ASSERT_EQUAL(sim->clients[3].restored, CALL_LINK);
    gather_settles(sim, 20000);
    free(state);
    sim_free(sim);
}

static void the_room_was_closed(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    sim_crash(sim, 0);
    sim_crash(sim, 1);
    sim_close_room(sim);
    sim_start(sim, 1);
    gather_settles(sim, 5000);
    CU_ASSERT_EQUAL(sim->clients[1].phases[CALL_PHASE_FOUNDING], 1);
    sim_start(sim, 0);
    gather_settles(sim, 10000);
    sim_free(sim);
}

/* Who leaves keeps nothing: its next start is another stay. */
static void it_left(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    CU_ASSERT_TRUE(sim->clients[1].state_len > 0);
    CU_ASSERT_EQUAL(call_leave(sim->clients[1].call), CALL_OK);
    sim_drain(sim, 1);
    CU_ASSERT_EQUAL(sim->clients[1].state_len, 0);
    sim_crash(sim, 1);
    sim_run_for(sim, 1000);
    sim_start(sim, 1);
    gather_settles(sim, 10000);
    CU_ASSERT_EQUAL(sim->clients[1].restored, 1);
    sim_free(sim);
}

static bool no_entries(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)sim;
    return client != *(const unsigned *)context || envelope->type != WIRE_ENTRY;
}

/* The delivery service shows it nothing: it asks to be added before long, and has sealed nothing. */
static void its_commit_is_withheld(void)
{
    unsigned victim = 1;
    struct sim *sim = restart_call_of(2, restart_usual);
    sim_crash(sim, victim);
    sim->filter = no_entries;
    sim->context = &victim;
    sim_start(sim, victim);
    sim_run_for(sim, 9000);
    CU_ASSERT_EQUAL(call_get_phase(sim->clients[victim].call), CALL_PHASE_RETURNING);
    sim_run_for(sim, 2000);
    CU_ASSERT_TRUE(sim->clients[victim].phases[CALL_PHASE_ASKING] > 0);
    CU_ASSERT_FALSE(sim->clients[victim].sending);
    sim->filter = NULL;
    gather_settles(sim, 60000);
    sim_free(sim);
}

/* Somebody was kicked while it was away. It is shown the log from before that, with who was kicked in it: it comes back
 * into that past, and gives its media to nobody there. */
static void into_a_past_with_who_was_kicked(void)
{
    struct sim *sim = restart_call_of(4, restart_usual);
    struct sim_client *victim = &sim->clients[1];
    sim_crash(sim, 1);
    sim_cut(sim, 3);
    sim_server_copy(sim);
    CU_ASSERT_EQUAL(call_kick(sim->clients[0].call, sim->clients[3].content.user_id), CALL_OK);
    sim_drain(sim, 0);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim_uncut(sim, 3);
    sim_move(sim, 3, 1);
    victim->server = 1;
    sim_start(sim, 1);
    for (unsigned n = 0; n < 120; n++) {
        sim_run_for(sim, 500);
        CU_ASSERT_FALSE(victim->sending);
    }
    CU_ASSERT_TRUE(restart_came_back(victim));
    CU_ASSERT_EQUAL(call_get_pause(victim->call), CALL_PAUSE_UNCONFIRMED);
    /* nor does it keep what nobody has confirmed: started again where the others are it learns that the link is old */
    CU_ASSERT_EQUAL(victim->state_len, 0);
    sim_crash(sim, 3);
    sim_crash(sim, 1);
    victim->server = 0;
    sim_start(sim, 1);
    sim_run_for(sim, 20000);
    CU_ASSERT_EQUAL(call_get_phase(victim->call), CALL_PHASE_LINK_OLD);
    sim_free(sim);
}

/* Contact with half of them is lost: who knows in which group they are. Once they are heard, it is kept again. */
static void without_contact(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct sim_client *client = &sim->clients[0];
    CU_ASSERT_TRUE(client->state_len > 0);
    sim_crash(sim, 1);
    sim_run_for(sim, 20000);
    CU_ASSERT_EQUAL(call_get_pause(client->call), CALL_PAUSE_LOST);
    CU_ASSERT_EQUAL(client->state_len, 0);
    sim_start(sim, 1);
    gather_settles(sim, 20000);
    CU_ASSERT_TRUE(client->state_len > 0);
    sim_free(sim);
}

/* --- At random --- */

static void upset(struct sim *sim, uint64_t *random, uint8_t **old, size_t *old_len)
{
    const unsigned i = (unsigned)(unit_random(random) % sim->config.clients);
    struct sim_client *client = &sim->clients[i];
    if (client->call && unit_random(random) % 2)
        client->dies_at = client->events + 1 + unit_random(random) % 8;
    else if (client->call)
        sim_crash(sim, i);
    sim_run_for(sim, unit_random(random) % 1500);
    if (!client->call) {
        switch (unit_random(random) % 8) {
        case 0:
            sim_keep(sim, i, NULL, 0);
            break;
        case 1: /* an earlier one is put back, and nothing can tell */
            if (old[i]) {
                sim_keep(sim, i, old[i], old_len[i]);
                memset(client->highest_group, 0, sizeof client->highest_group);
            }
            break;
        case 2:
            if (client->state) {
                free(old[i]);
                old[i] = restart_copy_state(client, &old_len[i]);
            }
            break;
        default:
            break;
        }
        sim_start(sim, i);
    }
    sim_run_for(sim, unit_random(random) % 3000);
}

static void after_upsets(unsigned clients, unsigned upsets, uint64_t seed)
{
    uint8_t *old[8] = {0};
    size_t old_len[8];
    struct sim_config config = restart_usual;
    config.seed = seed;
    struct sim *sim = restart_call_of(clients, config);
    uint64_t random = seed * 77 + 1;
    for (unsigned n = 0; n < upsets; n++)
        upset(sim, &random, old, old_len);
    for (unsigned i = 0; i < clients; i++) {
        sim->clients[i].dies_at = 0;
        if (!sim->clients[i].call)
            sim_start(sim, i);
        free(old[i]);
    }
    gather_settles(sim, 300000);
    sim_free(sim);
}

static void upset_at_random(void)
{
    for (uint64_t seed = 1; seed <= 30; seed++)
        after_upsets(2 + seed % 4, 30, seed);
}

/* The control: an application that goes on sealing with what it had before it died is caught. */
static void who_repeats_is_caught(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct sim_epoch key = *sim_key(&sim->clients[1], call_epoch(sim->clients[1].call));
    restart(sim, 1, 100);
    CU_ASSERT_EQUAL(sim->repeats, 0);
    sim_use_key(sim, 1, &key);
    CU_ASSERT_EQUAL(sim->repeats, 1);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"who restarts comes back into its own leaf, by one commit", into_its_own_leaf},
    {"so does each of five, but for the last who committed", each_of_five},
    {"so does who restarts again and again", again_and_again},
    {"so does who was alone", alone},
    {"all restart at once", all_at_once},
    {"until its own commit is back it has no keys and no roster", nothing_before_its_own_commit},
    {"state is taken before the first connection alone", only_before_it_connects},
    {"after any time, with state and without, all end in one epoch", after_any_time},
    {"a committer dies at each step", when_it_commits},
    {"a member dies at each step of following another's commit", when_it_follows},
    {"a founder dies at each step", when_it_founds},
    {"a joiner dies at each step of being added", when_it_is_added},
    {"a joiner dies at each step of an external commit", when_it_enters},
    {"a commit that was kept and never left is sent after the restart", one_that_never_left},
    {"a commit that won unseen is followed, and begins no media", one_that_won},
    {"a commit that comes after another's is nothing", one_that_comes_after_anothers},
    {"a commit that was merged and used is merged again, and its keys are not", one_that_was_merged_and_used},
    {"a rotation while it was away is followed", the_room_got_a_new_link},
    {"who was kicked while it was away is not back, but by the new link", it_was_kicked},
    {"a room that was closed since is founded anew", the_room_was_closed},
    {"who leaves keeps nothing", it_left},
    {"a commit that is withheld keeps nobody waiting for good", its_commit_is_withheld},
    {"who has lost contact keeps nothing, until it is heard again", without_contact},
    {"it comes back into a past with who was kicked since, and sends nothing", into_a_past_with_who_was_kicked},
    {"killed and restarted at random with any state, nobody repeats a key", upset_at_random},
    {"the control: who seals under a former life's key is caught", who_repeats_is_caught},
};

UNIT_MAIN("client.restart", tests)
