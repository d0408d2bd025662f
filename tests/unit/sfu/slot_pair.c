#include "slot_pair.h"

#include <stdio.h>

#include "unit.h"

void pair_open(struct pair *p, bool with_dd)
{
    sim_open(&p->sim);
    p->pub = sim_publish(&p->sim, "anna", 0, 1);
    p->sub = sim_subscribe(&p->sim, "ben", 0, 1);
    sim_stream_init(&p->video, p->pub, 0, with_dd);
    p->ssrc = p->sub->params.media[0].ssrc;
    p->rtx_ssrc = p->sub->params.media[0].rtx_ssrc;
}

size_t pair_count_ssrc(const struct sim_peer *peer, uint32_t ssrc)
{
    size_t count = 0;
    for (size_t i = 0; i < peer->rtp_count; i++)
        count += peer->rtp[i].rtp.ssrc == ssrc;
    return count;
}

size_t pair_check_descriptors(const struct sim_peer *sub, uint32_t ssrc)
{
    static struct dd_structure structure;
    structure.template_count = 0;
    size_t structures = 0;
    uint16_t highest = 0;
    bool started = false;
    for (size_t i = 0; i < sub->rtp_count; i++) {
        size_t len;
        struct dd_descriptor d;
        const struct sim_packet *p = &sub->rtp[i];
        if (p->rtp.ssrc != ssrc)
            continue;
        const uint8_t *dd = sim_extension(p, SUB_DD, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(dd);
        CU_ASSERT_EQUAL_FATAL(dd_read(dd, len, &structure, &structure, &d), RTP_OK);
        structures += d.has_structure;
        CU_ASSERT(started || d.has_structure);
        if (started)
            CU_ASSERT((int16_t)(d.frame_number - highest) >= 0);
        highest = d.frame_number;
        started = true;
    }
    return structures;
}

void pair_pin(struct sim_peer *sub, const char *mid, const char *publisher, uint32_t max_height, bool paused)
{
    struct sfu_slot_wish wish = {.max_height = max_height, .paused = paused};
    snprintf(wish.mid, sizeof wish.mid, "%s", mid);
    snprintf(wish.publisher, sizeof wish.publisher, "%s", publisher);
    sfu_router_set_slots(sub->sim->router, sub->peer, &wish, 1, sub->sim->now_us);
    sim_run(sub->sim, 0);
}
