/* What a client kept over a restart, when it is older, damaged, somebody else's or made up: refused, or of no harm. */
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include "restart.h"
#include "unit.h"
#include "wire/buffer.h"

static void put_back(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    struct sim_client *client = &sim->clients[1];
    size_t len = 0;
    uint8_t *old = restart_copy_state(client, &len);
    restart(sim, 1, 100);
    gather_settles(sim, 5000);
    sim_crash(sim, 1);
    sim_keep(sim, 1, old, len);
    sim_start(sim, 1);
    CU_ASSERT_EQUAL(client->restored, CALL_ROLLBACK);
    gather_settles(sim, 20000);
    CU_ASSERT_TRUE(client->phases[CALL_PHASE_ASKING] > 0);
    free(old);
    sim_free(sim);
}

/* And what else was kept with it, so that nothing here can tell: the log shows a commit of this leaf's that is not
 * known. */
static void put_back_with_all(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    struct sim_client *client = &sim->clients[1];
    size_t len = 0;
    uint8_t *old = restart_copy_state(client, &len);
    const uint64_t highest = client->highest_epoch;
    for (unsigned n = 0; n < 3; n++) {
        restart(sim, 1, 100);
        gather_settles(sim, 20000);
        sim_crash(sim, 1);
        sim_keep(sim, 1, old, len);
        client->highest_epoch = highest;
    }
    sim_start(sim, 1);
    CU_ASSERT_EQUAL(client->restored, CALL_OK);
    gather_settles(sim, 20000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 2);
    free(old);
    sim_free(sim);
}

/* A call that is not connected, for attempts. */
static struct call *fresh(const struct sim *sim, unsigned i, const struct call_link *link)
{
    const struct sim_client *client = &sim->clients[i];
    const struct call_config config = {.link = link,
                                       .certificate = client->certificate,
                                       .certificate_len = client->certificate_len,
                                       .device_seed = client->device.seed};
    struct call *call = NULL;
    CU_ASSERT_EQUAL_FATAL(call_new(&config, sim_time(sim, i), &call), CALL_OK);
    return call;
}

static void damaged(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct held held = restart_hold_commit(sim); /* so that a commit is in it */
    struct sim_client *client = &sim->clients[0];
    struct call *call = fresh(sim, 0, &client->link);
    size_t len = 0;
    uint8_t *state = restart_copy_state(client, &len);
    unsigned taken = 0;
    for (size_t cut = 0; cut < len; cut++)
        taken += call_restore(call, state, cut) != (cut < 45 ? CALL_MALFORMED : CALL_AUTH);
    CU_ASSERT_EQUAL(taken, 0);
    for (size_t bit = 0; bit < 8 * len; bit += bit < 8 * 64 ? 1 : 7) {
        state[bit / 8] ^= (uint8_t)(1 << bit % 8);
        taken += call_restore(call, state, len) != (bit < 8 * 5 ? CALL_MALFORMED : CALL_AUTH);
        state[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_EQUAL(taken, 0);
    CU_ASSERT_EQUAL(call_get_phase(call), CALL_PHASE_OUTSIDE);
    CU_ASSERT_EQUAL(call_restore(call, state, len), CALL_OK); /* the control */
    CU_ASSERT_EQUAL(call_restore(call, state, len), CALL_STATE);
    call_free(call);
    state[len / 2] ^= 1;
    sim_keep(sim, 0, state, len);
    sim_start(sim, 0);
    CU_ASSERT_EQUAL(client->restored, CALL_AUTH);
    gather_settles(sim, 20000); /* and it comes in anew */
    free(state);
    free(held.commit);
    sim_free(sim);
}

static void of_somebody_else(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct sim_client *client = &sim->clients[0];
    struct call_link link = client->link;
    struct call *call = fresh(sim, 1, &link);
    CU_ASSERT_EQUAL(call_restore(call, client->state, client->state_len), CALL_AUTH);
    call_free(call);
    link.room[0] = 'T';
    call = fresh(sim, 0, &link);
    CU_ASSERT_EQUAL(call_restore(call, client->state, client->state_len), CALL_AUTH);
    call_free(call);
    link = client->link;
    link.secret[0] ^= 1;
    call = fresh(sim, 0, &link);
    CU_ASSERT_EQUAL(call_restore(call, client->state, client->state_len), CALL_LINK);
    call_free(call);
    link = client->link;
    link.number++;
    call = fresh(sim, 0, &link);
    CU_ASSERT_EQUAL(call_restore(call, client->state, client->state_len), CALL_LINK);
    call_free(call);
    sim_free(sim);
}

/* Client i's state as its owner might have made it: opened, to be changed, and sealed again. */
struct opened {
    uint8_t key[MLS_STATE_KEY_LEN];
    struct mls_output plain;
    struct call_kept kept;
};

static struct opened open_state(const struct sim *sim, unsigned i)
{
    const struct sim_client *client = &sim->clients[i];
    const struct core_slice room = {(const uint8_t *)client->link.room, strlen(client->link.room)};
    struct opened opened = {0};
    CU_ASSERT_EQUAL_FATAL(call_kept_key(client->device.seed, room, opened.key), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(
        call_kept_open(opened.key, (struct mls_bytes){client->state, client->state_len}, &opened.plain), CALL_OK);
    CU_ASSERT_FATAL(call_kept_parse((struct core_slice){opened.plain.data, opened.plain.len}, &opened.kept));
    return opened;
}

static int restore_changed(const struct sim *sim, unsigned i, const struct call_link *link,
                           const struct call_kept *kept)
{
    const struct core_slice room = {(const uint8_t *)link->room, strlen(link->room)};
    uint8_t key[MLS_STATE_KEY_LEN];
    struct mls_output state = {0};
    struct call *call = fresh(sim, i, link);
    CU_ASSERT_EQUAL_FATAL(call_kept_key(sim->clients[i].device.seed, room, key), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(call_kept_seal(key, kept, &state), CALL_OK);
    const int rc = call_restore(call, state.data, state.len);
    CU_ASSERT_EQUAL(call_get_phase(call), rc == CALL_OK ? CALL_PHASE_RETURNING : CALL_PHASE_OUTSIDE);
    mls_output_free(&state);
    call_free(call);
    return rc;
}

/* The group and what is staged of it, under another key. */
static struct mls_output seal_group_for(const struct opened *from, const struct core_slice room, const uint8_t *seed,
                                        bool with_staged)
{
    uint8_t key[MLS_STATE_KEY_LEN];
    struct mls_group *group = NULL;
    struct mls_staged *staged = NULL;
    struct mls_output sealed = {0};
    const struct mls_policy policy = {0};
    CU_ASSERT_EQUAL_FATAL(call_kept_key(seed, room, key), CALL_OK);
    CU_ASSERT_EQUAL_FATAL(mls_group_load((struct mls_bytes){from->kept.group.data, from->kept.group.len},
                                         (struct mls_bytes){from->key, sizeof from->key}, NULL, &policy, &group,
                                         &staged),
                          MLS_OK);
    CU_ASSERT_EQUAL_FATAL(
        mls_group_save(group, with_staged ? staged : NULL, (struct mls_bytes){key, sizeof key}, &sealed), MLS_OK);
    mls_staged_free(staged);
    mls_group_free(group);
    return sealed;
}

static struct core_slice slice(struct mls_output output)
{
    return (struct core_slice){output.data, output.len};
}

static void behind_the_seal(void)
{
    struct sim *sim = restart_call_of(2, restart_usual);
    const struct held held = restart_hold_commit(sim);
    const struct sim_client *client = &sim->clients[0];
    const struct core_slice room = {(const uint8_t *)client->link.room, strlen(client->link.room)};
    const struct opened own = open_state(sim, 0);
    const struct opened others = open_state(sim, 1);
    struct call_link elsewhere = client->link;
    struct call_kept kept = own.kept;
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_OK); /* the control */
    kept.next = 0;
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_MALFORMED);
    kept = own.kept;
    kept.number++; /* of a secret that the group does not have yet */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_MALFORMED);
    kept = own.kept;
    kept.has_commit = false; /* but one is staged */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_MALFORMED);
    kept = own.kept;
    kept.commit = kept.info; /* another box */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_TYPE);
    const struct sim_bytes *entry = sim->servers[0].entries[sim->servers[0].count - 1].commit;
    kept.commit = (struct core_slice){entry->data, entry->len}; /* another commit */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_MALFORMED);
    struct mls_output group = seal_group_for(&own, room, client->device.seed, false);
    kept = own.kept;
    kept.group = slice(group); /* a commit, and none is staged */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_MALFORMED);
    mls_output_free(&group);
    group = seal_group_for(&others, room, client->device.seed, false);
    kept = others.kept;
    kept.group = slice(group); /* a member's, but another's */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_CREDENTIAL);
    kept.group = others.kept.group; /* under a key that is not this device's */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &client->link, &kept), CALL_AUTH);
    mls_output_free(&group);
    elsewhere.room[0] = 'T';
    group = seal_group_for(&own, (struct core_slice){(const uint8_t *)elsewhere.room, strlen(elsewhere.room)},
                           client->device.seed, true);
    kept = own.kept;
    kept.group = slice(group); /* of another room */
    CU_ASSERT_EQUAL(restore_changed(sim, 0, &elsewhere, &kept), CALL_MALFORMED);
    mls_output_free(&group);
    for (size_t len = 0; len < own.plain.len; len++) { /* nothing that is cut is whole */
        struct call_kept cut;
        CU_ASSERT_FALSE_FATAL(call_kept_parse((struct core_slice){own.plain.data, len}, &cut));
    }
    struct mls_output opened[] = {own.plain, others.plain};
    mls_output_free(&opened[0]);
    mls_output_free(&opened[1]);
    free(held.commit);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"state that is older than the highest epoch is refused", put_back},
    {"state that is put back, and nothing tells, repeats no key", put_back_with_all},
    {"state cut anywhere and any bit flipped is refused, and changes nothing", damaged},
    {"state of another device, room or secret is refused", of_somebody_else},
    {"state with anything wrong behind its seal is refused", behind_the_seal},
};

UNIT_MAIN("client.restart_state", tests)
