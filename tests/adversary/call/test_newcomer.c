/* What a newcomer is led into, and what is led in as one. */
#include <string.h>

#include "patched.h"
#include "scene.h"
#include "seal.h"
#include "sim_server.h"
#include "unit.h"

/* --- A ghost by a Welcome --- */

struct host {
    struct crew patched;
    struct crew ghost;
    unsigned welcomes;
};

/* Whoever asks to be added is first welcomed by the accomplice: into a group with a ghost in it. */
static bool welcome_with_ghost(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct host *host = context;
    struct mls_output package = {0};
    struct mls_output commit = {0};
    struct mls_output welcome = {0};
    struct mls_staged *staged = NULL;
    (void)client;
    if (envelope->type != WIRE_PUT_KEY_PACKAGE)
        return true;
    const struct core_slice box = envelope->put_key_package.key_package;
    CU_ASSERT_EQUAL_FATAL(
        call_box_open(&host->patched.room, CALL_BOX_KEY_PACKAGE, (struct mls_bytes){box.data, box.len}, &package),
        CALL_OK);
    const struct mls_proposal_config adds[] = {{.type = MLS_PROPOSAL_ADD, .key_package = crew_bytes(package)},
                                               crew_add(&host->ghost)};
    const struct crew_commit what = {.proposals = adds, .count = 2};
    CU_ASSERT_EQUAL_FATAL(crew_commit(&host->patched, &what, &staged), MLS_OK);
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&host->patched.room, CALL_BOX_COMMIT, mls_staged_message(staged), &commit),
                          CALL_OK);
    CU_ASSERT_EQUAL_FATAL(call_box_seal(&host->patched.room, CALL_BOX_WELCOME, mls_staged_welcome(staged), &welcome),
                          CALL_OK);
    sim_append_parts(sim, 0, (struct core_slice){commit.data, commit.len},
                     (struct core_slice){welcome.data, welcome.len}, (struct core_slice){NULL, 0});
    host->welcomes++;
    mls_staged_free(staged);
    mls_output_free(&package);
    mls_output_free(&commit);
    mls_output_free(&welcome);
    return true;
}

/* The newcomer does not go in there, nor do the members follow; it is added by an honest one, and sees no ghost. */
static void a_ghost_by_welcome(void)
{
    for (unsigned kind = 0; kind < 2; kind++) {
        struct sim *sim = scene_new(3, 5);
        struct host host = {0};
        patched_member(&host.patched, sim, 2);
        patched_stranger(&host.ghost, sim, 4);
        if (kind == 0)
            patched_made_up(&host.ghost, sim, 1);
        else
            patched_copied(&host.ghost, sim, 1);
        crew_new_package(&host.ghost, 0);
        sim->request = welcome_with_ghost;
        sim->context = &host;
        sim_start(sim, 3);
        for (unsigned n = 0; n < 100; n++) {
            sim_run_for(sim, 100);
            CU_ASSERT_TRUE(call_member_total(sim->clients[3].call) != 5);
        }
        gather_settles(sim, 20000);
        CU_ASSERT_TRUE(host.welcomes > 0);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[3].call), 4);
        crew_wipe(&host.patched);
        crew_wipe(&host.ghost);
        sim_free(sim);
    }
}

/* --- A ghost by a key package --- */

static void tell_waiting(struct sim *sim, uint16_t count)
{
    const struct wire_envelope waiting = {.type = WIRE_KEY_PACKAGES_WAITING, .waiting = {.waiting = count}};
    uint8_t encoded[64];
    struct bytes_writer w;
    bytes_writer_init(&w, encoded, sizeof encoded);
    wire_envelope_write(&w, &waiting);
    struct sim_bytes *bytes = sim_bytes_new(encoded, w.len);
    for (unsigned i = 0; i < 3; i++)
        sim_send_down(sim, i, bytes);
    sim_bytes_drop(bytes);
}

/* The delivery service posts one of its own, with a valid certificate, as if somebody asked: in a box under a secret
 * that it guessed, in one copied from elsewhere, and in none. Nobody is added. */
static void a_ghost_by_key_package(void)
{
    struct sim *sim = scene_new(3, 5);
    struct crew ghost;
    static const uint8_t guess[CALL_SECRET_LEN] = {9};
    const uint64_t before = call_epoch(sim->clients[0].call);
    patched_stranger(&ghost, sim, 4);
    crew_new_package(&ghost, 0);
    for (unsigned kind = 0; kind < 3; kind++) {
        struct mls_output box = {0};
        CU_ASSERT_EQUAL_FATAL(call_room_init(&ghost.room, kind == 1 ? "another" : sim->clients[0].link.room, 0,
                                             kind == 1 ? sim->clients[0].link.secret : guess),
                              CALL_OK);
        CU_ASSERT_EQUAL_FATAL(call_box_seal(&ghost.room, CALL_BOX_KEY_PACKAGE, crew_bytes(ghost.package), &box),
                              CALL_OK);
        sim_bytes_drop(sim->servers[0].waiting[4]);
        sim->servers[0].waiting[4] =
            kind == 2 ? sim_bytes_new(ghost.package.data, ghost.package.len) : sim_bytes_new(box.data, box.len);
        mls_output_free(&box);
        /* somebody genuine asks too, so that all are taken */
        if (kind == 2)
            sim_start(sim, 3);
        else
            tell_waiting(sim, 1);
        sim_run_for(sim, 5000);
        CU_ASSERT_PTR_NULL(sim->servers[0].waiting[4]); /* it was taken */
        CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), kind == 2 ? 4 : 3);
        if (kind < 2)
            CU_ASSERT_EQUAL(call_epoch(sim->clients[0].call), before);
    }
    gather_settles(sim, 10000);
    crew_wipe(&ghost);
    sim_free(sim);
}

/* --- Key packages exchanged --- */

/* How many leaves client `by` sees of user i. */
static unsigned seen_times(const struct sim *sim, unsigned by, unsigned i)
{
    struct call_member member;
    unsigned times = 0;
    for (uint32_t k = 0; call_get_member(sim->clients[by].call, k, &member) == CALL_OK; k++)
        times += memcmp(member.user_id, sim->clients[i].content.user_id, sizeof member.user_id) == 0;
    return times;
}

static bool exchange_packages(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    struct sim_bytes **waiting = sim->servers[0].waiting;
    (void)context;
    (void)client;
    if (envelope->type == WIRE_TAKE_KEY_PACKAGES && waiting[2] && waiting[3]) {
        /* 2's is given out as 2's and as 3's, 3's never */
        sim_bytes_drop(waiting[3]);
        waiting[3] = sim_bytes_hold(waiting[2]);
    }
    return true;
}

/* Each is added once, under the name that its own certificate has; whose package is kept back comes in by itself. */
static void key_packages_exchanged(void)
{
    struct sim *sim = scene_new(2, 4);
    sim->request = exchange_packages;
    sim_start(sim, 2);
    sim_start(sim, 3);
    gather_settles(sim, 30000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(seen_times(sim, 0, i), 1);
    sim_free(sim);
}

/* --- An old GroupInfo --- */

static bool no_packages(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope)
{
    (void)context;
    (void)sim;
    (void)client;
    return envelope->type != WIRE_TAKE_KEY_PACKAGES;
}

/* Whoever comes is shown an old GroupInfo for each there is, and added by nobody: what it makes of it is skipped by
 * all, and it sends nothing. Shown a true one, it is in. */
static void an_old_group_info(void)
{
    struct sim *sim = scene_new(3, 4);
    sim_run_for(sim, 200000); /* updates */
    struct sim_server *server = &sim->servers[0];
    struct sim_bytes *old = NULL;
    for (size_t i = 0; i + 2 < server->count && !old; i++)
        old = server->entries[i].info;
    CU_ASSERT_PTR_NOT_NULL_FATAL(old);
    sim_server_copy(sim); /* the second keeps the truth */
    const size_t count = server->count;
    for (size_t i = 0; i < count; i++)
        if (server->entries[i].info && server->entries[i].info != old) {
            sim_bytes_drop(server->entries[i].info);
            server->entries[i].info = sim_bytes_hold(old);
        }
    sim->request = no_packages;
    sim_start(sim, 3);
    for (unsigned n = 0; n < 20; n++) {
        sim_run_for(sim, 500);
        CU_ASSERT_FALSE(sim->clients[3].sending);
        CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    }
    CU_ASSERT_EQUAL(sim->clients[0].warnings[CALL_WARNING_RESYNC], 0);
    for (size_t i = 0; i < count; i++)
        if (server->entries[i].info) {
            sim_bytes_drop(server->entries[i].info);
            server->entries[i].info = sim_bytes_hold(sim->servers[1].entries[i].info);
        }
    gather_settles(sim, 90000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 4);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"a ghost in a Welcome's group keeps the newcomer out of it", a_ghost_by_welcome},
    {"a ghost's key package adds nobody", a_ghost_by_key_package},
    {"key packages that are exchanged add each once, as who it is", key_packages_exchanged},
    {"an old GroupInfo leads nobody in", an_old_group_info},
};
UNIT_MAIN("adversary.call.newcomer", tests)
