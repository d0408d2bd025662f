/* RTCP that peers send: what it changes, and what it must not. (NACK, PLI and key frames followed: test_slot.c and
 * test_source.c.) */
#include "feedback.h"
#include "reports.h"
#include "sim.h"
#include "slot.h"
#include "unit.h"

#include <string.h>

struct call {
    struct sim sim;
    struct sim_peer *pub;
    struct sim_peer *sub;
    struct sim_stream video;
};

static void call_open(struct call *c)
{
    sim_open(&c->sim);
    c->pub = sim_publish(&c->sim, "anna", 0, 1);
    c->sub = sim_subscribe(&c->sim, "ben", 0, 1);
    sim_stream_init(&c->video, c->pub, 0, true);
    for (int i = 0; i < 5; i++)
        sim_frame(&c->video, i == 0, 3, 0);
    sim_run(&c->sim, 300 * SIM_MS);
    sim_clear(&c->sim);
}

static struct sfu_router_stats stats_of(const struct sim *sim)
{
    struct sfu_router_stats stats;
    sfu_router_stats(sim->router, &stats);
    return stats;
}

static void report(struct call *c, uint32_t last_sr, uint32_t delay)
{
    uint8_t data[64];
    struct bytes_writer w;
    struct rtcp_sr_rr rr = {.ssrc = 1, .report_count = 1};
    rr.reports[0] =
        (struct rtcp_report){.ssrc = c->sub->params.media[0].ssrc, .last_sr = last_sr, .delay_last_sr = delay};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &rr), RTP_OK);
    sim_send_rtcp(c->sub, &w);
}

static void round_trips_are_measured_within_bounds(void)
{
    struct call c;
    call_open(&c);
    CU_ASSERT_EQUAL(c.sub->peer->rtt_us, SFU_RTT_DEFAULT_US);
    /* 20 ms there and back, kept 500 ms by the receiver */
    for (int i = 0; i < 60; i++) {
        uint32_t sent = (uint32_t)(sfu_reports_ntp(c.sim.now_us) >> 16);
        sim_run(&c.sim, 520 * SIM_MS);
        report(&c, sent, 65536 / 2);
    }
    CU_ASSERT(c.sub->peer->rtt_us > 19000 && c.sub->peer->rtt_us < 21000);
    /* no report of ours answered, or one from the future: no measure */
    uint64_t before = c.sub->peer->rtt_us;
    report(&c, 0, 0);
    report(&c, (uint32_t)(sfu_reports_ntp(c.sim.now_us) >> 16) + 65536, 0);
    CU_ASSERT_EQUAL(c.sub->peer->rtt_us, before);
    for (int i = 0; i < 100; i++)
        report(&c, (uint32_t)(sfu_reports_ntp(c.sim.now_us) >> 16) - 100 * 65536, 0);
    CU_ASSERT(c.sub->peer->rtt_us <= SFU_RTT_MAX_US);
    for (int i = 0; i < 200; i++)
        report(&c, (uint32_t)(sfu_reports_ntp(c.sim.now_us) >> 16), 0);
    CU_ASSERT(c.sub->peer->rtt_us >= SFU_RTT_MIN_US && c.sub->peer->rtt_us < 2 * SFU_RTT_MIN_US);
    sim_close(&c.sim);
}

static void fir_asks_as_pli_does(void)
{
    struct call c;
    uint8_t data[64];
    struct bytes_writer w;
    call_open(&c);
    struct rtcp_fir_entry entries[2] = {{.ssrc = 12345}, {.ssrc = c.sub->params.media[0].ssrc, .seq = 1}};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_fir_write(&w, 1, entries, 1), RTP_OK);
    sim_send_rtcp(c.sub, &w);
    CU_ASSERT_EQUAL(sim_count_pli(c.pub), 0);
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_fir_write(&w, 1, entries, 2), RTP_OK);
    sim_send_rtcp(c.sub, &w);
    CU_ASSERT_EQUAL(sim_count_pli(c.pub), 1);
    sim_close(&c.sim);
}

static void malformed_compounds_change_nothing(void)
{
    struct call c;
    uint8_t data[256];
    struct bytes_writer w;
    const uint16_t seq = 1;
    call_open(&c);
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_pli_write(&w, 1, c.sub->params.media[0].ssrc), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(rtcp_nack_write(&w, 1, c.sub->params.media[0].ssrc, &seq, 1), RTP_OK);
    uint64_t malformed = 0;
    for (size_t len = 0; len < w.len; len++) {
        if (len == 12)
            continue; /* the first packet alone is whole */
        sfu_router_rtcp(c.sim.router, c.sub->peer, data, len, c.sim.now_us);
        CU_ASSERT_EQUAL(stats_of(&c.sim).malformed, ++malformed);
    }
    CU_ASSERT_EQUAL(sim_count_pli(c.pub), 0);
    CU_ASSERT_EQUAL(stats_of(&c.sim).nacks_in, 0);
    sfu_router_rtcp(c.sim.router, c.sub->peer, data, w.len, c.sim.now_us);
    CU_ASSERT_EQUAL(sim_count_pli(c.pub), 1);
    CU_ASSERT_EQUAL(stats_of(&c.sim).nacks_in, 1);
    sim_close(&c.sim);
}

/* Each side's feedback means nothing from the other. */
static void roles_are_kept_apart(void)
{
    struct call c;
    uint8_t data[128];
    struct bytes_writer w;
    call_open(&c);
    sim_pli(c.pub, c.video.ssrc);
    sim_pli(c.pub, c.sub->params.media[0].ssrc);
    CU_ASSERT_EQUAL(sim_count_pli(c.pub), 0);
    struct rtcp_bye bye = {.ssrc_count = 1, .ssrcs = {c.video.ssrc}};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_bye_write(&w, &bye), RTP_OK);
    sim_send_rtcp(c.sub, &w);
    sim_frame(&c.video, false, 3, 0);
    CU_ASSERT_EQUAL(c.sub->rtp_count, 3);
    struct rtcp_sr_rr sr = {.has_sender_info = true, .ssrc = c.video.ssrc, .ntp = 1};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &sr), RTP_OK);
    sim_send_rtcp(c.sub, &w);
    CU_ASSERT_FALSE(c.pub->peer->tracks[0].layers[0].has_sr);
    /* the clock of retransmissions is another stream's */
    sr.ssrc = c.video.rtx_ssrc;
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &sr), RTP_OK);
    sim_send_rtcp(c.pub, &w);
    CU_ASSERT_FALSE(c.pub->peer->tracks[0].layers[0].has_sr);
    sr.ssrc = c.video.ssrc;
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &sr), RTP_OK);
    sim_send_rtcp(c.pub, &w);
    CU_ASSERT(c.pub->peer->tracks[0].layers[0].has_sr);
    sim_close(&c.sim);
}

/* All numbers there are, again and again: what goes out stays within what went out before, times the resends. */
static void nack_floods_are_bounded(void)
{
    struct call c;
    uint16_t seqs[350];
    call_open(&c);
    uint16_t seq = 0;
    for (int round = 0; round < 400; round++) {
        for (size_t i = 0; i < 350; i++)
            seqs[i] = seq++;
        sim_nack(c.sub, c.sub->params.media[0].ssrc, seqs, 350);
        sim_run(&c.sim, SIM_MS);
    }
    CU_ASSERT(stats_of(&c.sim).retransmitted <= 15 * SFU_CACHE_RESENDS);
    CU_ASSERT(stats_of(&c.sim).retransmitted > 0);
    sim_close(&c.sim);
}

/* Transport-wide feedback can speak of 65535 packets in a few bytes, and of more than were ever sent: one datagram
 * does not keep the router busy for long. */
static void feedback_on_too_many_packets_is_not_read_to_its_end(void)
{
    static const uint8_t flood[] = {0x8f, 205,  0,    8,    0,    0,    0,    1,    0,    0,    0,    0,
                                    0x80, 0,    0xff, 0xf8, 0,    0,    0,    0,    0x1f, 0xff, 0x1f, 0xff,
                                    0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff};
    struct sim sim;
    struct sim_stream video;
    uint8_t data[256];
    struct bytes_writer w;
    const int64_t arrivals[3] = {1000, 1000, 1000};
    size_t len;
    size_t reported;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sub->silent = true;
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 3, 0);
    const struct sfu_follow *follow = &sub->peer->slots[0].follow;
    const uint8_t *twcc = sim_extension(&sub->rtp[0], SUB_TWCC, &len);
    CU_ASSERT_FATAL(twcc && sub->rtp_count == 3 && follow->active);
    for (int floods = 1; floods >= 0; floods--) {
        bytes_writer_init(&w, data, sizeof data);
        for (int i = 0; i < floods; i++)
            bytes_write(&w, flood, sizeof flood);
        CU_ASSERT_EQUAL_FATAL(rtcp_twcc_write(&w, 1, 0, 0, (uint16_t)(twcc[0] << 8 | twcc[1]), arrivals, 3, &reported),
                              RTP_OK);
        sim_send_rtcp(sub, &w);
        CU_ASSERT_EQUAL(follow->active, floods > 0);
    }
    CU_ASSERT_EQUAL(stats_of(&sim).malformed, 0);
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"round trips are measured, within bounds", round_trips_are_measured_within_bounds},
    {"FIR asks as PLI does", fir_asks_as_pli_does},
    {"malformed compounds change nothing", malformed_compounds_change_nothing},
    {"each side's feedback means nothing from the other", roles_are_kept_apart},
    {"floods of NACKs are bounded", nack_floods_are_bounded},
    {"feedback on too many packets is not read to its end", feedback_on_too_many_packets_is_not_read_to_its_end},
};
UNIT_MAIN("sfu.feedback", tests)
