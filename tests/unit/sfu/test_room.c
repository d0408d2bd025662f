#include "room.h"
#include "sim.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct sim_peer *join(struct sim *sim, const char *room, const char *pseudonym)
{
    struct sfu_session_params params;
    sim_publisher_params(&params, pseudonym, 1, 1);
    snprintf(params.room, sizeof params.room, "%s", room);
    return sim_join(sim, &params);
}

static void rooms_come_and_go_with_their_peers(void)
{
    struct sim sim;
    sim_open(&sim);
    CU_ASSERT_PTR_NULL(sfu_room_find(sim.router, "a"));
    struct sim_peer *p[3] = {join(&sim, "a", "x"), join(&sim, "b", "x"), join(&sim, "a", "y")};
    struct sfu_room *a = sfu_room_find(sim.router, "a");
    struct sfu_room *b = sfu_room_find(sim.router, "b");
    CU_ASSERT_FATAL(a && b);
    CU_ASSERT_EQUAL(a->peer_count, 2);
    /* who came first is first */
    CU_ASSERT_PTR_EQUAL(a->peers, p[0]->peer);
    CU_ASSERT_PTR_EQUAL(a->peers->next, p[2]->peer);
    sim_leave(&sim, p[0]);
    CU_ASSERT_PTR_EQUAL(a->peers, p[2]->peer);
    sim_leave(&sim, p[2]);
    CU_ASSERT_PTR_NULL(sfu_room_find(sim.router, "a"));
    CU_ASSERT_PTR_EQUAL(sfu_room_find(sim.router, "b"), b);
    sim_close(&sim);
}

static void an_ssrc_is_foreign_within_its_room_only(void)
{
    struct sim sim;
    sim_open(&sim);
    struct sim_peer *a = join(&sim, "a", "x");
    struct sim_peer *other = join(&sim, "a", "y");
    struct sim_peer *elsewhere = join(&sim, "b", "z");
    uint32_t ssrc = a->params.media[1].ssrc;
    uint32_t rtx = a->params.media[1].rtx_ssrc;
    CU_ASSERT_FALSE(sfu_room_ssrc_is_foreign(a->peer, ssrc));
    CU_ASSERT(sfu_room_ssrc_is_foreign(other->peer, ssrc));
    CU_ASSERT(sfu_room_ssrc_is_foreign(other->peer, rtx));
    CU_ASSERT_FALSE(sfu_room_ssrc_is_foreign(other->peer, ssrc + 7));
    CU_ASSERT_FALSE(sfu_room_ssrc_is_foreign(elsewhere->peer, ssrc));
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"rooms come and go with their peers", rooms_come_and_go_with_their_peers},
    {"an SSRC is foreign within its room only", an_ssrc_is_foreign_within_its_room_only},
};
UNIT_MAIN("sfu.room", tests)
