#include "learn.h"
#include "sim.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A publisher without declared SSRCs; media[0] audio, media[1] video. */
static struct sim_peer *publish_undeclared(struct sim *sim, size_t video, size_t rids)
{
    static const char *const names[] = {"h", "m", "l"};
    struct sfu_session_params params;
    sim_publisher_params(&params, "anna", 1, video);
    for (size_t i = 0; i < params.media_count; i++)
        params.media[i].ssrc = params.media[i].rtx_ssrc = 0;
    for (size_t i = 0; i < rids; i++) {
        snprintf(params.media[1].rids[i], sizeof params.media[1].rids[i], "%s", names[i]);
        params.media[1].rid_count++;
    }
    return sim_join(sim, &params);
}

static void stream(struct sim_stream *s, struct sim_peer *peer, size_t media, uint32_t ssrc, const char *mid,
                   const char *rid)
{
    sim_stream_init(s, peer, media, peer->params.media[media].kind == SFU_VIDEO);
    s->ssrc = ssrc;
    s->mid = mid;
    s->rid = rid;
}

static void by_mid(void)
{
    struct sim sim;
    struct sim_stream first;
    struct sim_stream second;
    sim_open(&sim);
    struct sim_peer *pub = publish_undeclared(&sim, 2, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 2);
    stream(&first, pub, 1, 11, "v0", NULL);
    stream(&second, pub, 2, 22, "v1", NULL);
    sim_frame(&second, true, 1, 0);
    sim_frame(&first, true, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 2);
    CU_ASSERT_EQUAL(pub->peer->tracks[1].layers[0].ssrc, 11);
    CU_ASSERT_EQUAL(pub->peer->tracks[2].layers[0].ssrc, 22);
    /* from then on without the extension */
    first.mid = NULL;
    sim_frame(&first, false, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 3);
    sim_close(&sim);
}

static void by_a_payload_type_that_only_one_has(void)
{
    struct sim sim;
    struct sim_stream audio;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = publish_undeclared(&sim, 2, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 2);
    stream(&audio, pub, 0, 11, NULL, NULL);
    stream(&video, pub, 1, 22, NULL, NULL);
    sim_frame(&audio, false, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 1);
    /* two m-lines have it: it says nothing */
    sim_frame(&video, true, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 1);
    /* a stream that is alive does not give way to it */
    audio.ssrc = 12;
    sim_run(&sim, 500 * SIM_MS);
    sim_frame(&audio, false, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 1);
    sim_run(&sim, 2000 * SIM_MS);
    sim_frame(&audio, false, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 2);
    sim_close(&sim);
}

static void by_rid(void)
{
    struct sim sim;
    struct sim_stream layers[3];
    struct sim_stream none;
    static const char *const rids[] = {"l", "h", "x"};
    sim_open(&sim);
    struct sim_peer *pub = publish_undeclared(&sim, 1, 3);
    stream(&none, pub, 1, 99, "v0", NULL);
    sim_frame(&none, true, 1, 0);
    for (size_t i = 0; i < 3; i++) {
        stream(&layers[i], pub, 1, (uint32_t)(31 + i), "v0", rids[i]);
        sim_frame(&layers[i], true, 1, 0);
    }
    const struct sfu_track *track = &pub->peer->tracks[1];
    CU_ASSERT_EQUAL_FATAL(track->layer_count, 3);
    CU_ASSERT(track->layers[0].bound && track->layers[0].ssrc == 32);
    CU_ASSERT_FALSE(track->layers[1].bound);
    CU_ASSERT(track->layers[2].bound && track->layers[2].ssrc == 31);
    sim_close(&sim);
}

static void retransmissions_by_mid_and_repaired_rid(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = publish_undeclared(&sim, 1, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    stream(&video, pub, 1, 41, "v0", NULL);
    video.rtx_ssrc = 42;
    sim_frame(&video, true, 3, 2);
    CU_ASSERT_EQUAL(sub->rtp_count, 2);
    sim_retransmit(&video, (uint16_t)(video.seq - 2));
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 3);
    bool is_rtx;
    CU_ASSERT_PTR_EQUAL(sfu_source_find(pub->peer, 42, &is_rtx), &pub->peer->tracks[1].layers[0]);
    CU_ASSERT(is_rtx);
    CU_ASSERT_PTR_EQUAL(sfu_source_find(pub->peer, 41, &is_rtx), &pub->peer->tracks[1].layers[0]);
    CU_ASSERT_FALSE(is_rtx);
    CU_ASSERT_PTR_NULL(sfu_source_find(pub->peer, 43, &is_rtx));
    sim_close(&sim);
}

static void what_says_nothing_is_dropped(void)
{
    struct sim sim;
    struct sim_stream s;
    sim_open(&sim);
    struct sim_peer *pub = publish_undeclared(&sim, 1, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    stream(&s, pub, 1, 51, "nowhere", NULL);
    s.pt = 77;
    sim_frame(&s, true, 1, 0);
    s.mid = "v0"; /* the m-line, but not one of its payload types */
    sim_frame(&s, true, 1, 0);
    CU_ASSERT_FALSE(pub->peer->tracks[1].layers[0].bound);
    CU_ASSERT_EQUAL(sub->rtp_count, 0);
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"by MID", by_mid},
    {"by a payload type that only one m-line has, unless the stream lives", by_a_payload_type_that_only_one_has},
    {"by RID", by_rid},
    {"retransmissions too", retransmissions_by_mid_and_repaired_rid},
    {"what says nothing is dropped", what_says_nothing_is_dropped},
};
UNIT_MAIN("sfu.learn", tests)
