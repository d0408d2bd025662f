/* Reports that the router sends: right counts for publishers, one clock for subscribers. */
#include "reports.h"
#include "sim.h"
#include "slot.h"
#include "unit.h"

#include <string.h>

/* The publisher's own clock: its NTP time at our time now_us. */
static uint64_t ntp_of(uint64_t now_us, int64_t offset_us)
{
    uint64_t us = (uint64_t)((int64_t)now_us + offset_us);
    return (us / 1000000) << 32 | ((us % 1000000) << 32) / 1000000;
}

static void send_sr(struct sim_stream *s, uint64_t ntp, uint32_t ts)
{
    uint8_t data[64];
    struct bytes_writer w;
    struct rtcp_sr_rr sr = {.has_sender_info = true, .ssrc = s->ssrc, .ntp = ntp, .rtp_ts = ts};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &sr), RTP_OK);
    sim_send_rtcp(s->peer, &w);
}

/* The last report about an SSRC in what a peer was sent; false if there is none. */
static bool last_sr(const struct sim_peer *peer, uint32_t ssrc, struct rtcp_sr_rr *out, uint64_t *at_us)
{
    bool found = false;
    for (size_t i = 0; i < peer->rtcp_count; i++) {
        struct rtcp_iter iter;
        struct rtcp_packet packet;
        struct rtcp_sr_rr sr;
        rtcp_iter_init(&iter, peer->rtcp[i].data, peer->rtcp[i].len);
        while (rtcp_next(&iter, &packet)) {
            if (rtcp_sr_rr_read(&packet, &sr) != RTP_OK || !sr.has_sender_info || sr.ssrc != ssrc)
                continue;
            *out = sr;
            *at_us = peer->rtcp[i].at_us;
            found = true;
        }
    }
    return found;
}

static void publishers_learn_what_was_lost(void)
{
    struct sim sim;
    struct sim_stream video;
    struct rtcp_packet packet;
    struct rtcp_sr_rr rr;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 1);
    sim_stream_init(&video, pub, 1, true);
    video.seq = 65500;
    for (int i = 0; i < 100; i++) {
        if (i == 50)
            send_sr(&video, UINT64_C(0x1234567890abcdef), video.ts);
        sim_frame(&video, i == 0, 4, i % 2 ? 1 : 0);
    }
    sim_run(&sim, 1100 * SIM_MS);
    CU_ASSERT_EQUAL_FATAL(sim_count_rtcp(pub, RTCP_RR, 0, &packet) > 0, true);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_read(&packet, &rr), RTP_OK);
    /* find the one with a block: what goes before feedback is empty */
    bool found = false;
    for (size_t i = 0; i < pub->rtcp_count; i++) {
        struct rtcp_iter iter;
        rtcp_iter_init(&iter, pub->rtcp[i].data, pub->rtcp[i].len);
        while (rtcp_next(&iter, &packet)) {
            if (rtcp_sr_rr_read(&packet, &rr) != RTP_OK || rr.report_count == 0)
                continue;
            found = true;
            /* the silent audio m-line has none */
            CU_ASSERT_EQUAL(rr.report_count, 1);
            CU_ASSERT_EQUAL(rr.ssrc, pub->peer->local_ssrc);
            CU_ASSERT_EQUAL(rr.reports[0].ssrc, video.ssrc);
            CU_ASSERT_EQUAL(rr.reports[0].lost, 50);
            CU_ASSERT_EQUAL(rr.reports[0].fraction_lost, 50 * 256 / 400);
            CU_ASSERT_EQUAL(rr.reports[0].highest_seq, 65500u + 399);
            CU_ASSERT_EQUAL(rr.reports[0].last_sr, 0x567890ab);
            CU_ASSERT_EQUAL(rr.reports[0].delay_last_sr, 65536);
        }
        if (found)
            break;
    }
    CU_ASSERT(found);
    /* with our name in it */
    struct rtcp_sdes_iter sdes;
    struct rtcp_sdes_item item;
    CU_ASSERT_FATAL(sim_count_rtcp(pub, RTCP_SDES, 0, &packet) > 0);
    CU_ASSERT_EQUAL_FATAL(rtcp_sdes_iter_init(&sdes, &packet), RTP_OK);
    CU_ASSERT_FATAL(rtcp_sdes_next(&sdes, &item));
    CU_ASSERT_EQUAL(item.ssrc, pub->peer->local_ssrc);
    CU_ASSERT(item.text_len == 5 && memcmp(item.text, "cname", 5) == 0);
    sim_close(&sim);
}

static void subscribers_get_reports_soon_and_every_second(void)
{
    struct sim sim;
    struct sim_stream audio;
    struct rtcp_sr_rr sr;
    uint64_t at_us = 0;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 2, 2);
    sim_stream_init(&audio, pub, 0, false);
    uint64_t start_us = sim.now_us;
    for (int i = 0; i < 300; i++) {
        sim_frame(&audio, false, 1, 0);
        sim_run(&sim, 20 * SIM_MS);
        if (i == 10) {
            CU_ASSERT_FATAL(last_sr(sub, sub->params.media[0].ssrc, &sr, &at_us));
            CU_ASSERT_EQUAL(at_us - start_us, SFU_FIRST_REPORT_US);
        }
    }
    CU_ASSERT_EQUAL(sim_count_rtcp(sub, RTCP_SR, 0, NULL), 6);
    CU_ASSERT_FATAL(last_sr(sub, sub->params.media[0].ssrc, &sr, &at_us));
    /* the packet of that very instant came after it */
    CU_ASSERT_EQUAL(sr.packet_count, (at_us - start_us) / (20 * SIM_MS));
    CU_ASSERT_EQUAL(sr.octet_count, sr.packet_count * 80);
    /* under the name that the answer gave the slot's stream */
    struct rtcp_packet packet;
    struct rtcp_sdes_iter sdes;
    struct rtcp_sdes_item item;
    CU_ASSERT_EQUAL(sim_count_rtcp(sub, RTCP_SDES, 0, &packet), 6);
    CU_ASSERT_EQUAL_FATAL(rtcp_sdes_iter_init(&sdes, &packet), RTP_OK);
    CU_ASSERT_FATAL(rtcp_sdes_next(&sdes, &item));
    CU_ASSERT_EQUAL(item.ssrc, sub->params.media[0].ssrc);
    CU_ASSERT(item.text_len == 5 && memcmp(item.text, "cname", 5) == 0);
    /* empty slots have nothing to report */
    CU_ASSERT_FALSE(last_sr(sub, sub->params.media[1].ssrc, &sr, &at_us));
    CU_ASSERT_FALSE(last_sr(sub, sub->params.media[2].ssrc, &sr, &at_us));
    sim_close(&sim);
}

/* Who hears nothing for longer knows that the server is gone. */
static void subscribers_to_whom_nobody_sends_hear_from_us(void)
{
    struct sim sim;
    struct rtcp_packet packet;
    struct rtcp_sr_rr rr;
    sim_open(&sim);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 2, 2);
    sim_run(&sim, 3500 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_rtcp(sub, RTCP_SR, 0, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(sim_count_rtcp(sub, RTCP_RR, 0, &packet), 3);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_read(&packet, &rr), RTP_OK);
    CU_ASSERT_EQUAL(rr.ssrc, sub->peer->local_ssrc);
    CU_ASSERT_EQUAL(rr.report_count, 0);
    /* a compound packet names its sender (RFC 3550 section 6.1) */
    CU_ASSERT_EQUAL(sim_count_rtcp(sub, RTCP_SDES, 0, NULL), 3);
    sim_close(&sim);
}

/* Without the publisher's reports, arrival is all there is to go by. */
static void report_times_follow_arrival(void)
{
    struct sim sim;
    struct sim_stream audio;
    struct rtcp_sr_rr sr;
    uint64_t at_us;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 0);
    sim_stream_init(&audio, pub, 0, false);
    sim_frame(&audio, false, 1, 0);
    uint64_t start_us = sim.now_us;
    sim_run(&sim, 2500 * SIM_MS);
    CU_ASSERT_FATAL(last_sr(sub, sub->params.media[0].ssrc, &sr, &at_us));
    CU_ASSERT_EQUAL(sr.ntp, sfu_reports_ntp(at_us));
    CU_ASSERT_EQUAL(sr.rtp_ts - sub->rtp[0].rtp.ts, (at_us - start_us) * 48 / 1000);
    sim_close(&sim);
}

/* Sound and picture captured at the same instant have the same time on our clock, whatever delay either had on its way
 * to us and whatever the publisher's clock shows. */
static void sound_and_picture_stay_together(void)
{
    struct sim sim;
    struct sim_stream audio;
    struct sim_stream video;
    struct rtcp_sr_rr sr[2];
    uint64_t at_us[2];
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 1);
    sim_stream_init(&audio, pub, 0, false);
    sim_stream_init(&video, pub, 1, true);
    const int64_t clock_us = INT64_C(3900000000) * 1000000;
    uint64_t captured_us = sim.now_us;
    /* the sound comes 40 ms after it was captured, the picture 300 ms after */
    uint32_t audio_ts = audio.ts;
    uint32_t video_ts = video.ts;
    sim_run(&sim, 40 * SIM_MS);
    sim_frame(&audio, false, 1, 0);
    send_sr(&audio, ntp_of(captured_us, clock_us), audio_ts);
    sim_run(&sim, 260 * SIM_MS);
    sim_frame(&video, true, 1, 0);
    send_sr(&video, ntp_of(captured_us, clock_us), video_ts);
    sim_run(&sim, 1000 * SIM_MS);
    CU_ASSERT_FATAL(last_sr(sub, sub->params.media[0].ssrc, &sr[0], &at_us[0]));
    CU_ASSERT_FATAL(last_sr(sub, sub->params.media[1].ssrc, &sr[1], &at_us[1]));
    CU_ASSERT_EQUAL(sr[0].ntp, sr[1].ntp);
    /* a receiver's view: how long before the report each packet was captured, in us */
    int64_t audio_age_us = (int32_t)(sr[0].rtp_ts - sub->rtp[0].rtp.ts) * INT64_C(1000) / 48;
    int64_t video_age_us = (int32_t)(sr[1].rtp_ts - sub->rtp[1].rtp.ts) * INT64_C(1000) / 90;
    CU_ASSERT_EQUAL(sub->rtp[1].rtp.ssrc, sub->params.media[1].ssrc);
    CU_ASSERT(audio_age_us - video_age_us < 1000 && video_age_us - audio_age_us < 1000);
    sim_close(&sim);
}

/* The least delay is nearest to the truth; a drift is followed slowly, a clock set anew at once. */
static void publishers_clock_is_followed(void)
{
    struct sim sim;
    struct sim_stream audio;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 0);
    sim_stream_init(&audio, pub, 0, false);
    sim_frame(&audio, false, 1, 0);
    const int64_t clock_us = INT64_C(1000000000000);
    static const struct {
        int64_t delay_us;
        int64_t least_us;
        int64_t most_us;
    } steps[] = {
        {80000, 79999, 80001},       {20000, 19999, 20001}, {36000, 20900, 21100},
        {5000000, 4999999, 5000001}, {30000, 29999, 30001},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        send_sr(&audio, ntp_of(sim.now_us - (uint64_t)steps[i].delay_us + 10000000, clock_us), audio.ts);
        int64_t delay_us = pub->peer->clock_offset_us + clock_us + 10000000;
        CU_ASSERT(delay_us >= steps[i].least_us && delay_us <= steps[i].most_us);
    }
    sim_close(&sim);
}

static void nonsense_in_a_report_changes_nothing(void)
{
    struct sim sim;
    struct sim_stream audio;
    struct rtcp_sr_rr sr;
    uint64_t at_us;
    uint64_t random = 6;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 0);
    sim_stream_init(&audio, pub, 0, false);
    for (int i = 0; i < 500; i++) {
        sim_frame(&audio, false, 1, 0);
        send_sr(&audio, unit_random(&random), (uint32_t)unit_random(&random));
        sim_run(&sim, 20 * SIM_MS);
        if (last_sr(sub, sub->params.media[0].ssrc, &sr, &at_us)) {
            int32_t apart = (int32_t)(sr.rtp_ts - sub->rtp[sub->rtp_count - 1].rtp.ts);
            CU_ASSERT(apart <= 11 * SIM_AUDIO_RATE && apart >= -11 * SIM_AUDIO_RATE);
        }
    }
    sim_close(&sim);
}

static void arrivals_are_reported_to_the_publisher(void)
{
    struct sim sim;
    struct sim_stream video;
    struct rtcp_packet packet;
    struct rtcp_twcc twcc;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    size_t statuses = 0;
    for (int i = 0; i < 30; i++) {
        sim_frame(&video, i == 0, 4, 0);
        sim_run(&sim, 33 * SIM_MS);
    }
    sim_run(&sim, 100 * SIM_MS);
    for (size_t i = 0; i < pub->rtcp_count; i++) {
        struct rtcp_iter iter;
        rtcp_iter_init(&iter, pub->rtcp[i].data, pub->rtcp[i].len);
        while (rtcp_next(&iter, &packet)) {
            if (rtcp_twcc_parse(&packet, &twcc) != RTP_OK)
                continue;
            CU_ASSERT_EQUAL(twcc.base_seq, statuses);
            statuses += twcc.status_count;
        }
    }
    CU_ASSERT_EQUAL(statuses, 120);
    size_t reports = sim_count_rtcp(pub, RTCP_RTPFB, RTCP_FMT_TWCC, NULL);
    CU_ASSERT(reports >= 10 && reports <= 25);
    /* nothing comes: nothing is reported */
    sim_run(&sim, 5000 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_rtcp(pub, RTCP_RTPFB, RTCP_FMT_TWCC, NULL), reports);
    sim_close(&sim);
}

/* More slots than fit one packet. */
static void many_slots_take_several_packets(void)
{
    struct sim sim;
    struct sim_stream audio[16];
    struct rtcp_sr_rr sr;
    uint64_t at_us;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 16, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 16, 0);
    memset(sub->peer->params.cname, 'x', SFU_CNAME_MAX - 1);
    for (size_t i = 0; i < 16; i++) {
        sim_stream_init(&audio[i], pub, i, false);
        sim_frame(&audio[i], false, 1, 0);
    }
    sim_run(&sim, 200 * SIM_MS);
    CU_ASSERT_EQUAL(sub->rtcp_count, 2);
    for (size_t i = 0; i < 16; i++)
        CU_ASSERT(last_sr(sub, sub->params.media[i].ssrc, &sr, &at_us));
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"publishers learn what was lost", publishers_learn_what_was_lost},
    {"subscribers get reports soon, then every second", subscribers_get_reports_soon_and_every_second},
    {"subscribers to whom nobody sends hear from us", subscribers_to_whom_nobody_sends_hear_from_us},
    {"without the publisher's reports, times follow arrival", report_times_follow_arrival},
    {"sound and picture stay together", sound_and_picture_stay_together},
    {"the publisher's clock is followed", publishers_clock_is_followed},
    {"nonsense in a report changes nothing", nonsense_in_a_report_changes_nothing},
    {"arrivals are reported to the publisher, each once", arrivals_are_reported_to_the_publisher},
    {"many slots take several packets", many_slots_take_several_packets},
};
UNIT_MAIN("sfu.reports", tests)
