#include "peer.h"
#include "sim.h"
#include "unit.h"

#include <string.h>

/* A packet the sim can read: version 2, and a number of its own. */
static void put(struct sfu_peer *peer, uint16_t seq)
{
    uint8_t *data = sfu_peer_reserve(peer);
    memset(data, 0, 20);
    data[0] = 0x80;
    data[2] = (uint8_t)(seq >> 8);
    data[3] = (uint8_t)seq;
    sfu_peer_commit(peer, 20);
}

static void bursts_keep_order_and_split_when_full(void)
{
    struct sim sim;
    sim_open(&sim);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    for (uint16_t i = 0; i < 2 * SFU_BURST_MAX + 3; i++)
        put(sub->peer, i);
    CU_ASSERT_EQUAL(sub->bursts, 2);
    CU_ASSERT_EQUAL(sub->rtp_count, 2 * SFU_BURST_MAX);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->bursts, 3);
    CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 2 * SFU_BURST_MAX + 3);
    for (uint16_t i = 0; i < 2 * SFU_BURST_MAX + 3; i++)
        CU_ASSERT_EQUAL(sub->rtp[i].rtp.seq, i);
    /* nothing gathered, nothing sent */
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->bursts, 3);
    sim_close(&sim);
}

/* Reserved and not committed: the next one takes the place. */
static void reserved_packet_may_be_dropped(void)
{
    struct sim sim;
    sim_open(&sim);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    (void)sfu_peer_reserve(sub->peer);
    put(sub->peer, 5);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 1);
    sim_close(&sim);
}

static void leaving_with_a_burst_gathered_is_safe(void)
{
    struct sim sim;
    sim_open(&sim);
    struct sim_peer *a = sim_subscribe(&sim, "ben", 1, 1);
    struct sim_peer *b = sim_subscribe(&sim, "cleo", 1, 1);
    put(a->peer, 1);
    put(b->peer, 2);
    put(a->peer, 3);
    sim_leave(&sim, a);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(a->rtp_count, 0);
    CU_ASSERT_EQUAL(b->rtp_count, 1);
    sim_close(&sim);
}

static void waking_only_brings_nearer(void)
{
    struct sim sim;
    sim_open(&sim);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    uint64_t due_us = sfu_router_next_timeout(sim.router);
    sfu_peer_wake(sub->peer, due_us + 5);
    CU_ASSERT_EQUAL(sfu_router_next_timeout(sim.router), due_us);
    sfu_peer_wake(sub->peer, due_us - 5);
    CU_ASSERT_EQUAL(sfu_router_next_timeout(sim.router), due_us - 5);
    /* ticked then, it goes back to its own next time */
    sfu_router_tick(sim.router, due_us - 5);
    CU_ASSERT_EQUAL(sfu_router_next_timeout(sim.router), due_us);
    sim_close(&sim);
}

static void oversized_rtcp_is_not_sent(void)
{
    struct sim sim;
    static const uint8_t data[SFU_RTCP_MAX + 4];
    sim_open(&sim);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    sfu_peer_send_rtcp(sub->peer, data, sizeof data);
    sfu_peer_send_rtcp(sub->peer, data, 0);
    CU_ASSERT_EQUAL(sub->rtcp_count, 0);
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"bursts keep order and split when full", bursts_keep_order_and_split_when_full},
    {"a reserved packet may be dropped", reserved_packet_may_be_dropped},
    {"leaving with a burst gathered is safe", leaving_with_a_burst_gathered_is_safe},
    {"waking only brings a timer nearer", waking_only_brings_nearer},
    {"oversized or empty RTCP is not sent", oversized_rtcp_is_not_sent},
};
UNIT_MAIN("sfu.peer", tests)
