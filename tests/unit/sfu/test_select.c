/* Who fills which slot, and with which layer. */
#include "select.h"
#include "sim.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

enum { PUBLISHERS = 4 };

struct world {
    struct sim sim;
    struct sim_peer *pubs[PUBLISHERS];
    struct sim_stream video[PUBLISHERS];
};

/* Four publishers, anna to dora, with one camera each, all sending. */
static void world_open(struct world *w)
{
    static const char *const names[PUBLISHERS] = {"anna", "ben", "cleo", "dora"};
    sim_open(&w->sim);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        w->pubs[i] = sim_publish(&w->sim, names[i], 0, 1);
        sim_stream_init(&w->video[i], w->pubs[i], 0, true);
        sim_frame(&w->video[i], true, 1, 0);
    }
}

static void all_send(struct world *w)
{
    for (size_t i = 0; i < PUBLISHERS; i++)
        if (w->pubs[i]->peer)
            sim_frame(&w->video[i], true, 1, 0);
    sim_run(&w->sim, 300 * SIM_MS);
}

/* Who is in the slots, by first letters, '-' for a free one. */
static const char *shown(const struct sim_peer *sub)
{
    static char text[SFU_MEDIA_MAX + 1];
    size_t i = 0;
    for (; i < sub->peer->slot_count; i++) {
        const struct sfu_track *track = sub->peer->slots[i].track;
        text[i] = track ? track->publisher->params.pseudonym[0] : '-';
    }
    text[i] = '\0';
    return text;
}

static struct sfu_slot_wish wish(const char *mid, const char *publisher, bool paused)
{
    struct sfu_slot_wish w = {.paused = paused};
    snprintf(w.mid, sizeof w.mid, "%s", mid);
    snprintf(w.publisher, sizeof w.publisher, "%s", publisher);
    return w;
}

static void set(struct sim_peer *sub, const struct sfu_slot_wish *wishes, size_t count)
{
    sfu_router_set_slots(sub->sim->router, sub->peer, wishes, count, sub->sim->now_us);
}

static void slots_fill_in_order_and_stay(void)
{
    struct world w;
    world_open(&w);
    struct sim_peer *sub = sim_subscribe(&w.sim, "zoe", 0, 3);
    CU_ASSERT_STRING_EQUAL(shown(sub), "abc");
    all_send(&w);
    CU_ASSERT_STRING_EQUAL(shown(sub), "abc");
    sim_leave(&w.sim, w.pubs[1]);
    CU_ASSERT_STRING_EQUAL(shown(sub), "adc");
    sim_leave(&w.sim, w.pubs[0]);
    CU_ASSERT_STRING_EQUAL(shown(sub), "-dc");
    /* who never sent anything takes no slot; the first packet gets one */
    struct sim_peer *eve = sim_publish(&w.sim, "eve", 0, 1);
    struct sim_stream video;
    sim_stream_init(&video, eve, 0, true);
    CU_ASSERT_STRING_EQUAL(shown(sub), "-dc");
    sim_frame(&video, true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "edc");
    sim_close(&w.sim);
}

static void own_media_takes_no_slot(void)
{
    struct world w;
    world_open(&w);
    struct sim_peer *sub = sim_subscribe(&w.sim, "ben", 0, 4);
    CU_ASSERT_STRING_EQUAL(shown(sub), "acd-");
    /* not by a pin either */
    struct sfu_slot_wish pin = wish("v3", "ben", false);
    set(sub, &pin, 1);
    CU_ASSERT_STRING_EQUAL(shown(sub), "acd-");
    sim_close(&w.sim);
}

static void pins_move_and_replace(void)
{
    struct world w;
    world_open(&w);
    struct sim_peer *sub = sim_subscribe(&w.sim, "zoe", 0, 3);
    struct sfu_slot_wish wishes[] = {wish("v0", "dora", false), wish("nowhere", "anna", false)};
    set(sub, wishes, 2);
    /* dora takes the first slot; anna, whom she drove out, finds none free */
    CU_ASSERT_STRING_EQUAL(shown(sub), "dbc");
    /* who is shown elsewhere moves; the slot that becomes free is filled */
    wishes[0] = wish("v0", "cleo", false);
    set(sub, wishes, 1);
    CU_ASSERT_STRING_EQUAL(shown(sub), "cba");
    /* a pin on nobody leaves the slot empty, for whoever bears that name */
    wishes[0] = wish("v0", "nobody", false);
    set(sub, wishes, 1);
    CU_ASSERT_STRING_EQUAL(shown(sub), "-ba");
    /* without wishes it is like any other */
    set(sub, NULL, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "cba");
    sim_close(&w.sim);
}

static void pinned_publisher_is_waited_for(void)
{
    struct world w;
    struct sim_stream video;
    world_open(&w);
    struct sim_peer *sub = sim_subscribe(&w.sim, "zoe", 0, 2);
    struct sfu_slot_wish pin = wish("v1", "eve", false);
    set(sub, &pin, 1);
    CU_ASSERT_STRING_EQUAL(shown(sub), "a-");
    struct sim_peer *eve = sim_publish(&w.sim, "eve", 0, 1);
    sim_stream_init(&video, eve, 0, true);
    sim_frame(&video, true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "ae");
    sim_close(&w.sim);
}

static void paused_free_slot_is_not_filled(void)
{
    struct world w;
    world_open(&w);
    struct sim_peer *sub = sim_subscribe(&w.sim, "zoe", 0, 5);
    CU_ASSERT_STRING_EQUAL(shown(sub), "abcd-");
    struct sfu_slot_wish wishes[] = {wish("v1", "", true), wish("v4", "", true)};
    set(sub, wishes, 2);
    CU_ASSERT_STRING_EQUAL(shown(sub), "abcd-");
    struct sim_peer *eve = sim_publish(&w.sim, "eve", 0, 1);
    struct sim_stream video;
    sim_stream_init(&video, eve, 0, true);
    sim_frame(&video, true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "abcd-");
    set(sub, wishes, 1);
    CU_ASSERT_STRING_EQUAL(shown(sub), "abcde");
    sim_close(&w.sim);
}

static void nobody_takes_all_slots(void)
{
    struct sim sim;
    struct sim_stream video[4];
    sim_open(&sim);
    struct sim_peer *many = sim_publish(&sim, "anna", 0, 3);
    struct sim_peer *one = sim_publish(&sim, "ben", 0, 1);
    for (size_t i = 0; i < 4; i++) {
        sim_stream_init(&video[i], i < 3 ? many : one, i < 3 ? i : 0, true);
        sim_frame(&video[i], true, 1, 0);
    }
    CU_ASSERT_STRING_EQUAL(shown(sim_subscribe(&sim, "zoe", 0, 2)), "ab");
    CU_ASSERT_STRING_EQUAL(shown(sim_subscribe(&sim, "yann", 0, 4)), "abaa");
    sim_close(&sim);
}

static void only_what_the_slot_can_carry(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream plain;
    struct sim_stream raw;
    sim_open(&sim);
    struct sim_peer *anna = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *ben = sim_publish(&sim, "ben", 0, 1);
    sim_stream_init(&plain, anna, 0, false);
    sim_stream_init(&raw, ben, 0, true);
    sim_frame(&plain, true, 1, 0);
    sim_frame(&raw, true, 1, 0);
    sim_subscriber_params(&params, "zoe", 2, 2);
    /* the first video slot takes raw packets alone, the second none of the two */
    params.media[2].codecs[0] = params.media[2].codecs[1];
    params.media[2].codec_count = 1;
    params.media[3].codecs[0].profile = 5;
    params.media[3].codecs[1].id = SFU_VP9;
    struct sim_peer *sub = sim_join(&sim, &params);
    CU_ASSERT_STRING_EQUAL(shown(sub), "--b-");
    /* a publisher that changes to what a slot cannot carry leaves it */
    sim_run(&sim, 300 * SIM_MS);
    raw.pt = PUB_VP8;
    raw.has_dd = false;
    sim_frame(&raw, true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "----");
    sim_run(&sim, 300 * SIM_MS);
    plain.pt = PUB_RAW;
    plain.has_dd = true;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&plain.structure, DD_L1T1, 0), RTP_OK);
    sim_frame(&plain, true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "--a-");
    sim_close(&sim);
}

static void silent_one_gives_way_only_to_a_waiting_one(void)
{
    struct world w;
    world_open(&w);
    struct sim_peer *sub = sim_subscribe(&w.sim, "zoe", 0, 2);
    CU_ASSERT_STRING_EQUAL(shown(sub), "ab");
    /* nobody sends for long: nothing changes */
    sim_run(&w.sim, 10000 * SIM_MS);
    CU_ASSERT_STRING_EQUAL(shown(sub), "ab");
    /* anna is back first; then cleo, who finds ben silent */
    sim_frame(&w.video[0], true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "ab");
    sim_frame(&w.video[2], true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "ac");
    sim_frame(&w.video[1], true, 1, 0);
    CU_ASSERT_STRING_EQUAL(shown(sub), "ac");
    sim_close(&w.sim);
}

/* Two layers of one camera, learnt by MID and RID; heights by their structures, rates by what comes. */
struct simulcast {
    struct sim sim;
    struct sim_peer *pub;
    struct sim_peer *sub;
    struct sim_stream high;
    struct sim_stream low;
};

static void simulcast_open(struct simulcast *s, bool with_heights)
{
    struct sfu_session_params params;
    sim_open(&s->sim);
    sim_publisher_params(&params, "anna", 0, 1);
    params.media[0].ssrc = params.media[0].rtx_ssrc = 0;
    snprintf(params.media[0].rids[0], sizeof params.media[0].rids[0], "%s", "h");
    snprintf(params.media[0].rids[1], sizeof params.media[0].rids[1], "%s", "l");
    params.media[0].rid_count = 2;
    s->pub = sim_join(&s->sim, &params);
    s->sub = sim_subscribe(&s->sim, "zoe", 0, 1);
    sim_stream_init(&s->high, s->pub, 0, true);
    sim_stream_init(&s->low, s->pub, 0, true);
    s->high.ssrc = 1;
    s->low.ssrc = 2;
    s->high.mid = s->low.mid = "v0";
    s->high.rid = "h";
    s->low.rid = "l";
    s->low.packet_len = 100;
    s->low.frame = 5000;
    s->low.seq = 40000;
    if (with_heights) {
        CU_ASSERT_EQUAL_FATAL(dd_set_resolution(&s->high.structure, 0, 1280, 720), RTP_OK);
        CU_ASSERT_EQUAL_FATAL(dd_set_resolution(&s->low.structure, 0, 320, 180), RTP_OK);
    }
}

static void simulcast_run(struct simulcast *s, unsigned pictures, bool high_too)
{
    static size_t seen;
    for (unsigned i = 0; i < pictures; i++) {
        size_t plis = sim_count_pli(s->pub);
        bool key = plis != seen || s->low.frame == 5000;
        seen = plis;
        sim_frame(&s->low, key, 1, 0);
        if (high_too)
            sim_frame(&s->high, key, 3, 0);
        sim_run(&s->sim, 33 * SIM_MS);
    }
}

static char layer_shown(const struct simulcast *s)
{
    const struct sfu_layer *layer = s->sub->peer->slots[0].current;
    return layer ? layer->rid[0] : '-';
}

static void layers_by_height(void)
{
    struct simulcast s;
    struct sfu_slot_wish small = {.mid = "v0", .max_height = 360};
    simulcast_open(&s, true);
    simulcast_run(&s, 60, true);
    CU_ASSERT_EQUAL(layer_shown(&s), 'h');
    set(s.sub, &small, 1);
    CU_ASSERT_EQUAL(layer_shown(&s), 'h'); /* until the other's key frame */
    simulcast_run(&s, 60, true);
    CU_ASSERT_EQUAL(layer_shown(&s), 'l');
    set(s.sub, NULL, 0);
    simulcast_run(&s, 60, true);
    CU_ASSERT_EQUAL(layer_shown(&s), 'h');
    /* the camera's line got worse: the high layer stops */
    simulcast_run(&s, 150, false);
    CU_ASSERT_EQUAL(layer_shown(&s), 'l');
    /* one steady stream through all of it */
    const struct sim_packet *before = NULL;
    struct dd_structure structure = {0};
    for (size_t i = 0; i < s.sub->rtp_count; i++) {
        const struct sim_packet *p = &s.sub->rtp[i];
        struct dd_descriptor d;
        size_t len;
        const uint8_t *dd = sim_extension(p, SUB_DD, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(dd);
        CU_ASSERT_EQUAL_FATAL(dd_read(dd, len, &structure, &structure, &d), RTP_OK);
        if (before) {
            CU_ASSERT_EQUAL((uint16_t)(p->rtp.seq - before->rtp.seq), 1);
            CU_ASSERT((int32_t)(p->rtp.ts - before->rtp.ts) >= 0);
        }
        before = p;
    }
    CU_ASSERT(s.sub->rtp_count > 400);
    sim_close(&s.sim);
}

static void layers_by_rate_when_heights_are_unknown(void)
{
    struct simulcast s;
    simulcast_open(&s, false);
    simulcast_run(&s, 120, true);
    CU_ASSERT_EQUAL(layer_shown(&s), 'h');
    sim_close(&s.sim);
}

static void spatial_limit_by_the_table(void)
{
    static const struct {
        uint32_t max_height;
        uint8_t limit;
    } cases[] = {{0, SFU_SPATIAL_ALL},   {1, 0}, {180, 0}, {359, 0}, {360, 1}, {719, 1}, {720, SFU_SPATIAL_ALL},
                 {4000, SFU_SPATIAL_ALL}};
    struct dd_structure s;
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&s, DD_L3T3, 0), RTP_OK);
    CU_ASSERT_EQUAL(sfu_select_spatial(&s, 180), SFU_SPATIAL_ALL);
    for (uint8_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL_FATAL(dd_set_resolution(&s, i, 320u << i, 180u << i), RTP_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(sfu_select_spatial(&s, cases[i].max_height), cases[i].limit);
    CU_ASSERT_EQUAL(sfu_select_targets(&s, 0), 0x1c0);
    CU_ASSERT_EQUAL(sfu_select_targets(&s, 1), 0x1f8);
    CU_ASSERT_EQUAL(sfu_select_targets(&s, 2), 0x1ff);
}

static const struct unit_test tests[] = {
    {"slots fill in order and stay as they are", slots_fill_in_order_and_stay},
    {"own media takes no slot", own_media_takes_no_slot},
    {"pins move and replace", pins_move_and_replace},
    {"a pinned publisher is waited for", pinned_publisher_is_waited_for},
    {"a paused free slot is not filled", paused_free_slot_is_not_filled},
    {"nobody takes all slots while another waits", nobody_takes_all_slots},
    {"a slot shows only what it can carry", only_what_the_slot_can_carry},
    {"a silent one gives way, but only to a waiting one", silent_one_gives_way_only_to_a_waiting_one},
    {"layers by height, and what is there", layers_by_height},
    {"layers by rate when heights are unknown", layers_by_rate_when_heights_are_unknown},
    {"the spatial limit and its targets, by the table", spatial_limit_by_the_table},
};
UNIT_MAIN("sfu.select", tests)
