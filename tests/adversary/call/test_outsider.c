/* Who has no right to come in, or none any more. */
#include <string.h>

#include "scene.h"
#include "unit.h"

/* A ghost: the server brings in somebody with an identity of its own and a valid certificate, who does not know the
 * room's secret. It finds nothing that it can open; nothing that it sends opens. */
static void a_ghost_without_the_secret(void)
{
    struct sim *sim = scene_new(3, 4);
    memset(sim->clients[3].link.secret, 5, CALL_SECRET_LEN);
    sim_start(sim, 3);
    for (unsigned n = 0; n < 30; n++) {
        sim_run_for(sim, 1000);
        CU_ASSERT_FALSE(sim->clients[3].sending);
    }
    CU_ASSERT_EQUAL(scene_phase(sim, 3), CALL_PHASE_LINK_OLD);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim_free(sim);
}

/* Who was kicked comes again, with the link it had: and with it, whoever else has that link. */
static void the_kicked_come_again(void)
{
    struct sim *sim = scene_new(4, 5);
    const uint64_t before = call_epoch(sim->clients[0].call);
    scene_kick(sim, 3);
    sim_run_for(sim, 3000);
    CU_ASSERT_EQUAL(scene_phase(sim, 3), CALL_PHASE_OUT);
    CU_ASSERT_PTR_NULL(sim_key(&sim->clients[3], before + 1));
    sim_crash(sim, 3);
    sim_start(sim, 3);
    sim_start(sim, 4);
    sim_run_for(sim, 30000);
    for (unsigned i = 3; i < 5; i++) {
        CU_ASSERT_EQUAL(scene_phase(sim, i), CALL_PHASE_LINK_OLD);
        CU_ASSERT_FALSE(sim->clients[i].sending);
    }
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(call_member_total(sim->clients[i].call), 3);
        CU_ASSERT_EQUAL(sim->clients[i].gone[CALL_GONE_KICKED], 1);
    }
    sim_free(sim);
}

/* Who asked to come in before the kick is not added after it: invitations die with the secret. */
static void who_asked_before_a_kick(void)
{
    struct sim *sim = scene_new(4, 5);
    sim_start(sim, 4);
    sim_run_for(sim, 130); /* its key package has arrived */
    scene_kick(sim, 3);
    sim_run_for(sim, 30000);
    CU_ASSERT_EQUAL(scene_phase(sim, 3), CALL_PHASE_OUT);
    const uint32_t members = call_member_total(sim->clients[0].call);
    CU_ASSERT_TRUE(members == 3 || members == 4);
    /* either it was added before the kick, and stays; or it needs the new link */
    CU_ASSERT_EQUAL(scene_phase(sim, 4), members == 4 ? CALL_PHASE_MEMBER : CALL_PHASE_LINK_OLD);
    sim_free(sim);
}

/* A clock that is days ahead: its owner's commits are still taken, and nobody's certificate dies of it. */
static void a_clock_far_ahead(void)
{
    struct sim *sim = scene_new(2, 3);
    sim->clients[2].clock_skew_s = 8 * 24 * 3600;
    sim_start(sim, 2);
    gather_settles(sim, 15000);
    sim_run_for(sim, 400000); /* it commits in its turn */
    gather_settles(sim, 5000);
    CU_ASSERT_EQUAL(call_member_total(sim->clients[0].call), 3);
    sim_free(sim);
}

static const struct unit_test tests[] = {
    {"a ghost without the room's secret stays outside", a_ghost_without_the_secret},
    {"the kicked do not come back by the old link, nor does anybody", the_kicked_come_again},
    {"invitations die with the secret", who_asked_before_a_kick},
    {"a clock far ahead harms nobody", a_clock_far_ahead},
};
UNIT_MAIN("adversary.call.outsider", tests)
