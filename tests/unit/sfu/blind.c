#include "blind.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { PEOPLE = 3, STEP_MS = 10, STEPS = 250 };

struct person {
    struct sim_peer *pub;
    struct sim_peer *sub;
    struct sim_stream audio;
    struct sim_stream video;
    size_t plis;
    size_t nacks;
    size_t seen;
};

static void arrive(struct sim *sim, struct person *p, size_t index)
{
    static const char *const names[PEOPLE] = {"anna", "ben", "cleo"};
    p->pub = sim_publish(sim, names[index], 1, 1);
    p->sub = sim_subscribe(sim, names[index], 2, 2);
    p->sub->silent = index == 2;
    sim_stream_init(&p->audio, p->pub, 0, false);
    /* the second one is a browser without descriptors, the third sends spatial layers */
    sim_stream_init(&p->video, p->pub, 1, index != 1);
    p->audio.mid = "a0";
    if (index == 2) {
        if (dd_structure_build(&p->video.structure, DD_L3T3, 3) != RTP_OK)
            return;
        for (uint8_t s = 0; s < 3; s++)
            if (dd_set_resolution(&p->video.structure, s, 320u << s, 180u << s) != RTP_OK)
                return;
        p->video.spatial_layers = 3;
    }
}

/* Answers what the router asks a publisher for. */
static void answer(struct person *p, uint64_t *random)
{
    size_t nacks = sim_count_rtcp(p->pub, RTCP_RTPFB, RTCP_FMT_NACK, NULL);
    struct rtcp_packet last;
    struct rtcp_nack_iter iter;
    uint16_t seq;
    if (nacks == p->nacks)
        return;
    p->nacks = nacks;
    (void)sim_count_rtcp(p->pub, RTCP_RTPFB, RTCP_FMT_NACK, &last);
    if (rtcp_nack_iter_init(&iter, &last) != RTP_OK || iter.media_ssrc != p->video.ssrc)
        return;
    while (rtcp_nack_next(&iter, &seq))
        if (p->video.sent[seq % 256].seq == seq && unit_random(random) % 4)
            sim_retransmit(&p->video, seq);
}

/* What a receiver on a bad line says. */
static void complain(struct person *p, uint64_t *random)
{
    for (; p->seen < p->sub->rtp_count; p->seen++) {
        const struct rtp_packet *packet = &p->sub->rtp[p->seen].rtp;
        uint64_t dice = unit_random(random) % 200;
        if (dice < 10)
            sim_nack(p->sub, packet->ssrc, &packet->seq, 1);
        if (dice == 11)
            sim_pli(p->sub, packet->ssrc);
    }
}

void blind_run(struct sim *sim)
{
    static struct person people[PEOPLE];
    static const char *const pins[] = {"", "anna", "ben", "cleo"};
    uint64_t random = 42;
    memset(people, 0, sizeof people);
    for (unsigned step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < PEOPLE; i++) {
            struct person *p = &people[i];
            if (step == i * 30)
                arrive(sim, p, i);
            if (!p->pub || !p->pub->peer)
                continue;
            if (step % 2 == 0)
                sim_frame(&p->audio, false, 1, unit_random(&random) % 20 == 0);
            if (step % 3 == 0) {
                size_t plis = sim_count_pli(p->pub);
                uint32_t drop = unit_random(&random) % 4 ? 0 : 1u << unit_random(&random) % 4;
                sim_frame(&p->video, p->video.frame == 1 || plis != p->plis, 4, drop);
                p->plis = plis;
            }
            answer(p, &random);
            complain(p, &random);
            if (step % 40 == 35) {
                struct sfu_slot_wish wish = {.mid = "v0", .paused = unit_random(&random) % 4 == 0};
                wish.max_height = unit_random(&random) % 2 ? 360 : 0;
                snprintf(wish.publisher, sizeof wish.publisher, "%s", pins[unit_random(&random) % 4]);
                sfu_router_set_slots(sim->router, p->sub->peer, &wish, 1, sim->now_us);
            }
        }
        if (step == STEPS - 50)
            sim_leave(sim, people[0].pub);
        sim_run(sim, STEP_MS * SIM_MS);
    }
}
