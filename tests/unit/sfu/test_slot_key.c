/* Slots and key frames: where they begin, and that the receiver gets the key frame. */
#include "rtp/rtx.h"
#include "slot.h"
#include "slot_pair.h"
#include "unit.h"

static void starts_at_a_key_frame_and_stays_in_place(void)
{
    struct pair p;
    pair_open(&p, true);
    sim_frame(&p.video, false, 3, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 0);
    sim_frame(&p.video, true, 3, 0);
    sim_frame(&p.video, false, 3, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 6);
    CU_ASSERT_EQUAL(pair_check_descriptors(p.sub, p.ssrc), 1);
    sim_close(&p.sim);
}

/* The second packet of the key frame comes first: it went to nobody, so this key frame is no place to begin. */
static void does_not_start_in_a_reordered_key_frame(void)
{
    struct pair p;
    pair_open(&p, true);
    const struct sim_sent *first = sim_make(&p.video, true, 0, 0, 2, true);
    const struct sim_sent *second = sim_make(&p.video, true, 0, 1, 2, true);
    sim_feed(&p.video, second);
    sim_feed(&p.video, first);
    sim_run(&p.sim, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 0);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 1);
    p.video.frame++;
    sim_frame(&p.video, true, 2, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 2);
    sim_close(&p.sim);
}

static void without_descriptor_starts_at_the_next_frame_and_asks(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    sim_stream_init(&video, pub, 0, false);
    sim_feed(&video, sim_make(&video, true, 0, 0, 3, true));
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_feed(&video, sim_make(&video, true, 0, 1, 3, true));
    sim_feed(&video, sim_make(&video, true, 0, 2, 3, true));
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 0);
    video.ts += video.ts_step;
    sim_frame(&video, false, 3, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 3);
    sim_run(&sim, 0);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 1);
    /* who is there from the stream's first packet on gets that */
    struct pair p;
    pair_open(&p, false);
    sim_frame(&p.video, true, 3, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 3);
    CU_ASSERT_EQUAL(p.sub->rtp[0].rtp.pt, SUB_VP8);
    sim_close(&p.sim);
    sim_close(&sim);
}

/* Feedback says that a part of the key frame is lost: that part goes out again. */
static void lost_part_of_a_key_frame_is_resent(void)
{
    struct pair p;
    pair_open(&p, true);
    p.sub->silent = true;
    sim_frame(&p.video, true, 5, 0);
    sim_run(&p.sim, 20 * SIM_MS);
    sim_twcc(p.sub, 0, 0x0a);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 7);
    for (size_t i = 0; i < 2; i++) {
        struct rtp_rtx content;
        CU_ASSERT_EQUAL(p.sub->rtp[5 + i].rtp.ssrc, p.rtx_ssrc);
        CU_ASSERT_EQUAL_FATAL(rtp_rtx_parse(&p.sub->rtp[5 + i].rtp, &content), RTP_OK);
        CU_ASSERT_EQUAL(content.osn, p.sub->rtp[i ? 3 : 1].rtp.seq);
    }
    /* acknowledged as retransmissions: done, nothing is asked for */
    sim_twcc(p.sub, 5, 0);
    sim_run(&p.sim, 1000 * SIM_MS);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 7);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 0);
    sim_close(&p.sim);
}

/* The receiver is silent: after a round trip and 100 ms the key frame goes out again and another one is asked for. */
static void silence_after_a_key_frame_is_loss(void)
{
    struct pair p;
    pair_open(&p, true);
    p.sub->silent = true;
    sim_frame(&p.video, true, 5, 0);
    sim_run(&p.sim, SFU_RTT_DEFAULT_US + SFU_FOLLOW_SLACK_US - 1);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 5);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 0);
    sim_run(&p.sim, 1);
    CU_ASSERT_EQUAL(pair_count_ssrc(p.sub, p.rtx_ssrc), 5);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 1);
    /* a receiver that never says anything is left alone in the end */
    for (int i = 0; i < 200; i++) {
        sim_frame(&p.video, false, 1, 0);
        sim_run(&p.sim, 33 * SIM_MS);
    }
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 3);
    sim_close(&p.sim);
    /* one that did report before gets more of it */
    pair_open(&p, true);
    sim_frame(&p.video, true, 5, 0);
    sim_run(&p.sim, 500 * SIM_MS);
    p.sub->silent = true;
    sim_frame(&p.video, true, 5, 0);
    sim_run(&p.sim, 5000 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), SFU_FOLLOW_TRIES);
    sim_close(&p.sim);
}

/* Feedback on numbers that were not given out yet, or long ago. */
static void feedback_on_other_numbers_acknowledges_nothing(void)
{
    struct pair p;
    uint8_t data[128];
    struct bytes_writer w;
    size_t reported;
    pair_open(&p, true);
    p.sub->silent = true;
    sim_frame(&p.video, true, 5, 0);
    const int64_t arrivals[5] = {1000, 1000, 1000, 1000, 1000};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_twcc_write(&w, 1, 0, 0, SFU_SENT_LEN, arrivals, 5, &reported), RTP_OK);
    sim_send_rtcp(p.sub, &w);
    sim_run(&p.sim, 300 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 1);
    sim_close(&p.sim);
}

static void receiver_without_transport_feedback_is_followed_by_its_reports(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    sim_subscriber_params(&params, "ben", 0, 1);
    params.media[0].extension_ids[SFU_EXT_TRANSPORT_CC] = 0;
    struct sim_peer *sub = sim_join(&sim, &params);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 3, 0);
    sim_run(&sim, 500 * SIM_MS);
    /* no report yet says nothing */
    CU_ASSERT_EQUAL(sim_count_pli(pub), 0);
    struct rtcp_sr_rr rr = {.ssrc = 1, .report_count = 1};
    uint8_t data[128];
    struct bytes_writer w;
    rr.reports[0] = (struct rtcp_report){.ssrc = params.media[0].ssrc, .highest_seq = sub->rtp[0].rtp.seq};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &rr), RTP_OK);
    sim_send_rtcp(sub, &w);
    /* only the first packet of the key frame arrived: the others again, and another key frame */
    CU_ASSERT_EQUAL(pair_count_ssrc(sub, params.media[0].rtx_ssrc), 2);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 1);
    rr.reports[0].highest_seq = sub->rtp[2].rtp.seq;
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &rr), RTP_OK);
    sim_send_rtcp(sub, &w);
    sim_run(&sim, 2000 * SIM_MS);
    sim_send_rtcp(sub, &w);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 1);
    sim_close(&sim);
}

static void pause_stops_and_resuming_waits_for_a_key_frame(void)
{
    struct pair p;
    pair_open(&p, true);
    sim_frame(&p.video, true, 2, 0);
    sim_run(&p.sim, 400 * SIM_MS);
    pair_pin(p.sub, "v0", "", 0, true);
    sim_frame(&p.video, false, 2, 0);
    sim_frame(&p.video, true, 2, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 2);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 0);
    sim_run(&p.sim, 1000 * SIM_MS);
    pair_pin(p.sub, "v0", "", 0, false);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 1);
    sim_frame(&p.video, false, 2, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 2);
    sim_frame(&p.video, true, 2, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 4);
    CU_ASSERT_EQUAL((uint16_t)(p.sub->rtp[2].rtp.seq - p.sub->rtp[1].rtp.seq), 1);
    CU_ASSERT_EQUAL(p.sub->rtp[2].rtp.ts - p.sub->rtp[1].rtp.ts, 1400 * 90);
    CU_ASSERT_EQUAL(pair_check_descriptors(p.sub, p.ssrc), 2);
    sim_close(&p.sim);
}

static const struct unit_test tests[] = {
    {"a slot starts at a key frame", starts_at_a_key_frame_and_stays_in_place},
    {"it does not start in a reordered key frame", does_not_start_in_a_reordered_key_frame},
    {"without descriptor it starts at the next frame and asks", without_descriptor_starts_at_the_next_frame_and_asks},
    {"a lost part of a key frame is resent", lost_part_of_a_key_frame_is_resent},
    {"silence after a key frame is loss", silence_after_a_key_frame_is_loss},
    {"feedback on other numbers acknowledges nothing", feedback_on_other_numbers_acknowledges_nothing},
    {"without transport feedback, reports are followed",
     receiver_without_transport_feedback_is_followed_by_its_reports},
    {"a pause stops, resuming waits for a key frame", pause_stops_and_resuming_waits_for_a_key_frame},
};
UNIT_MAIN("sfu.slot_key", tests)
