/* Memory of the router: none is taken while packets flow, hostile ones included, and every allocation may fail.
 * What the sim itself takes, by reallocarray, is not counted. */
#include "allocations.h"
#include "sim.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Anything at all: headers that look right with random insides, so that some of it gets far. */
static void hostile(struct sim *sim, uint64_t *random, size_t packets)
{
    for (size_t n = 0; n < packets; n++) {
        uint8_t data[200];
        struct sim_peer *peer = &sim->peers[unit_random(random) % sim->peer_count];
        const struct sfu_media *media = &peer->params.media[unit_random(random) % peer->params.media_count];
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)(unit_random(random) >> 32);
        size_t len = unit_random(random) % sizeof data;
        data[0] = (uint8_t)(0x80 | (data[0] & 0x3f));
        if (unit_random(random) % 2) {
            data[0] = 0x80;
            data[1] = media->codecs[0].pt;
            data[8] = (uint8_t)(media->ssrc >> 24);
            data[9] = (uint8_t)(media->ssrc >> 16);
            data[10] = (uint8_t)(media->ssrc >> 8);
            data[11] = (uint8_t)media->ssrc;
            sfu_router_rtp(sim->router, peer->peer, data, len, sim->now_us);
        } else {
            data[1] = (uint8_t)(200 + data[1] % 8);
            data[2] = 0;
            len &= ~(size_t)3;
            data[3] = (uint8_t)(len / 4 > 0 ? len / 4 - 1 : 0);
            sfu_router_rtcp(sim->router, peer->peer, data, len, sim->now_us);
        }
        if (n % 10 == 0) {
            sim_run(sim, SIM_MS);
            sim_clear(sim);
        }
    }
}

static void packets_take_no_memory(void)
{
    static struct sim sim;
    struct sim_stream audio;
    struct sim_stream video;
    uint64_t random = 3;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    sim_stream_init(&audio, pub, 0, false);
    sim_stream_init(&video, pub, 1, true);
    /* the first packet is the set-up's last step: the slots take their caches */
    sim_frame(&audio, false, 1, 0);
    sim_frame(&video, true, 1, 0);
    size_t before = allocations.count;
    CU_ASSERT(before > 0);
    for (int i = 0; i < 300; i++) {
        sim_frame(&audio, false, 1, 0);
        sim_frame(&video, i % 50 == 0, 4, i % 7 == 0 ? 2 : 0);
        uint16_t seq = sub->rtp[sub->rtp_count - 1].rtp.seq;
        sim_nack(sub, sub->params.media[1].ssrc, &seq, 1);
        sim_run(&sim, 33 * SIM_MS);
    }
    CU_ASSERT_EQUAL(allocations.count, before);
    /* what hostile packets make slots change may take a pair or a cache once more, and no more than that */
    hostile(&sim, &random, 20000);
    before = allocations.count;
    hostile(&sim, &random, 20000);
    CU_ASSERT_EQUAL(allocations.count, before);
    sim_close(&sim);
}

/* A call in which any join may fail; returns how many did. */
static size_t call_with_failures(void)
{
    static struct sim sim;
    size_t failed = 0;
    sim_open(&sim);
    for (size_t i = 0; i < 4; i++) {
        struct sim_peer *p = &sim.peers[sim.peer_count];
        *p = (struct sim_peer){.sim = &sim};
        if (i % 2 == 0)
            sim_publisher_params(&p->params, i ? "ben" : "anna", 1, 1);
        else
            sim_subscriber_params(&p->params, i > 1 ? "ben" : "anna", 2, 2);
        int error = sfu_router_join(sim.router, &p->params, p, sim.now_us, &p->peer);
        CU_ASSERT(error == SFU_JOIN_OK || error == SFU_JOIN_MEMORY);
        if (error != SFU_JOIN_OK) {
            CU_ASSERT_PTR_NULL(p->peer);
            failed++;
            continue;
        }
        sim.peer_count++;
    }
    for (size_t i = 0; i < sim.peer_count; i++) {
        static struct sim_stream s[2];
        if (sim.peers[i].params.role != SFU_PUBLISHER)
            continue;
        for (size_t m = 0; m < 2; m++) {
            sim_stream_init(&s[m], &sim.peers[i], m, m == 1);
            for (int n = 0; n < 5; n++)
                sim_frame(&s[m], n % 2 == 0, 2, 0);
        }
    }
    sim_run(&sim, 2000 * SIM_MS);
    sim_close(&sim);
    return failed;
}

static void every_allocation_may_fail(void)
{
    allocations = (struct allocations){0};
    CU_ASSERT_EQUAL(call_with_failures(), 0);
    size_t all = allocations.count;
    size_t joins_failed = 0;
    CU_ASSERT(all > 15);
    /* the first one is the router itself, without which there is no sim */
    for (size_t n = 2; n <= all; n++) {
        allocations = (struct allocations){.fail_at = n};
        joins_failed += call_with_failures();
        allocations.fail_at = 0;
    }
    CU_ASSERT(joins_failed > 5);
}

static const struct unit_test tests[] = {
    {"packets take no memory, hostile ones neither", packets_take_no_memory},
    {"every allocation may fail", every_allocation_may_fail},
};
UNIT_MAIN("sfu.memory", tests)
