/* A publisher's side of the router: which packets are taken, and what is asked of the publisher. */
#include "sim.h"
#include "source.h"
#include "unit.h"

#include <string.h>

static struct sfu_router_stats stats_of(const struct sim *sim)
{
    struct sfu_router_stats stats;
    sfu_router_stats(sim->router, &stats);
    return stats;
}

static void feed_raw(struct sim_peer *peer, const uint8_t *data, size_t len)
{
    uint8_t copy[SFU_PACKET_MAX];
    memcpy(copy, data, len);
    sfu_router_rtp(peer->sim->router, peer->peer, copy, len, peer->sim->now_us);
}

static void malformed_packets_are_counted_and_dropped(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    const struct sim_sent *good = sim_make(&video, true, 0, 0, 1, true);
    struct rtp_packet parsed;
    CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(good->data, good->len, &parsed), RTP_OK);
    for (size_t len = 0; len < parsed.header_len; len++)
        feed_raw(pub, good->data, len);
    CU_ASSERT_EQUAL(stats_of(&sim).malformed, parsed.header_len);
    /* padding that lies */
    uint8_t lying[SFU_PACKET_MAX];
    memcpy(lying, good->data, good->len);
    lying[0] |= 0x20;
    lying[good->len - 1] = 0;
    feed_raw(pub, lying, good->len);
    lying[parsed.header_len + 9] = 11; /* one more than there is */
    feed_raw(pub, lying, parsed.header_len + 10);
    CU_ASSERT_EQUAL(stats_of(&sim).malformed, parsed.header_len + 2);
    /* who only receives does not send media */
    feed_raw(sub, good->data, good->len);
    CU_ASSERT_EQUAL(stats_of(&sim).malformed, parsed.header_len + 3);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 0);
    feed_raw(pub, good->data, good->len);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 1);
    sim_close(&sim);
}

static void an_ssrc_belongs_to_one_transport(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream video;
    struct sim_stream stolen;
    sim_open(&sim);
    struct sim_peer *anna = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "cleo", 0, 2);
    sim_stream_init(&video, anna, 0, true);
    /* another one declares the same SSRCs in its offer, and sends on them */
    sim_publisher_params(&params, "mallory", 0, 1);
    params.media[0].ssrc = anna->params.media[0].ssrc;
    params.media[0].rtx_ssrc = anna->params.media[0].rtx_ssrc;
    struct sim_peer *mallory = sim_join(&sim, &params);
    sim_stream_init(&stolen, mallory, 0, true);
    sim_frame(&stolen, true, 3, 0);
    stolen.mid = "v0";
    stolen.ssrc = video.rtx_ssrc;
    sim_frame(&stolen, true, 3, 0);
    CU_ASSERT_EQUAL(stats_of(&sim).foreign_ssrc, 6);
    CU_ASSERT_EQUAL(sub->rtp_count, 0);
    sim_frame(&video, true, 3, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 3);
    CU_ASSERT_EQUAL(stats_of(&sim).foreign_ssrc, 6);
    /* with the owner gone it is free */
    sim_leave(&sim, anna);
    sim_run(&sim, 300 * SIM_MS);
    stolen.frame++;
    sim_frame(&stolen, true, 3, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 6);
    sim_close(&sim);
}

static void key_frame_requests_are_coalesced(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *subs[3];
    for (size_t i = 0; i < 3; i++)
        subs[i] = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 2, 0);
    sim_run(&sim, 1000 * SIM_MS);
    sim_clear(&sim);
    /* three receivers, 50 requests a second each, for nearly a second */
    for (int i = 0; i < 49; i++) {
        for (size_t s = 0; s < 3; s++)
            sim_pli(subs[s], subs[s]->params.media[0].ssrc);
        sim_run(&sim, 20 * SIM_MS);
    }
    CU_ASSERT_EQUAL(sim_count_pli(pub), 5);
    CU_ASSERT_EQUAL(stats_of(&sim).plis_out, 5);
    uint64_t last = 0;
    for (size_t i = 0; i < pub->rtcp_count; i++) {
        struct rtcp_iter iter;
        struct rtcp_packet packet;
        uint32_t sender;
        uint32_t media;
        rtcp_iter_init(&iter, pub->rtcp[i].data, pub->rtcp[i].len);
        while (rtcp_next(&iter, &packet)) {
            if (rtcp_pli_read(&packet, &sender, &media) != RTP_OK)
                continue;
            CU_ASSERT_EQUAL(media, video.ssrc);
            CU_ASSERT(last == 0 || pub->rtcp[i].at_us - last >= SFU_PLI_INTERVAL_US);
            last = pub->rtcp[i].at_us;
        }
    }
    /* one asked for in the quiet time is not lost */
    sim_run(&sim, 1000 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 6);
    sim_close(&sim);
}

static void none_is_asked_for_that_was_not_negotiated(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream video;
    sim_open(&sim);
    sim_publisher_params(&params, "anna", 0, 1);
    params.media[0].codecs[1].pli = false;
    params.media[0].codecs[1].nack = false;
    struct sim_peer *pub = sim_join(&sim, &params);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 3, 2);
    sim_frame(&video, false, 3, 2);
    sim_pli(sub, sub->params.media[0].ssrc);
    sim_run(&sim, 500 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 0);
    CU_ASSERT_EQUAL(sim_count_rtcp(pub, RTCP_RTPFB, RTCP_FMT_NACK, NULL), 0);
    sim_close(&sim);
}

static void losses_are_asked_for_until_they_come_or_too_often(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 3, 0);
    sim_frame(&video, false, 3, 2);
    sim_run(&sim, 3000 * SIM_MS);
    CU_ASSERT_EQUAL(sim_count_rtcp(pub, RTCP_RTPFB, RTCP_FMT_NACK, NULL), SFU_NACK_TRIES);
    /* more missing than can be asked for: a key frame instead */
    sim_clear(&sim);
    for (int i = 0; i < SFU_NACK_MAX + 1; i++)
        (void)sim_make(&video, false, 0, 0, 1, true);
    sim_frame(&video, false, 1, 0);
    sim_run(&sim, 0);
    CU_ASSERT_EQUAL(sim_count_rtcp(pub, RTCP_RTPFB, RTCP_FMT_NACK, NULL), 0);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 1);
    CU_ASSERT(sub->rtp_count > 0);
    sim_close(&sim);
}

static void duplicates_go_out_once(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    const struct sim_sent *packet = sim_make(&video, true, 0, 0, 1, true);
    uint16_t seq = packet->seq;
    for (int i = 0; i < 5; i++)
        sim_feed(&video, packet);
    sim_retransmit(&video, seq);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 1);
    sim_close(&sim);
}

static void retransmissions_are_believed_nearby_only(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 3, 0);
    uint16_t lost = (uint16_t)(video.seq + 1);
    sim_frame(&video, false, 3, 2);
    CU_ASSERT_EQUAL(sub->rtp_count, 5);
    /* a probe: the number of the lost packet, and nothing of it */
    uint8_t probe[SFU_PACKET_MAX];
    uint8_t osn[2] = {(uint8_t)(lost >> 8), (uint8_t)lost};
    size_t len;
    struct rtp_header header = {.pt = PUB_RAW_RTX, .seq = 5, .ts = video.ts, .ssrc = video.rtx_ssrc};
    CU_ASSERT_EQUAL_FATAL(rtp_packet_write(&header, osn, 2, 0, probe, sizeof probe, &len), RTP_OK);
    feed_raw(pub, probe, len);
    /* and one that claims to be far ahead */
    struct sim_sent *far_ahead = &video.sent[(uint16_t)(lost + 5000) % 256];
    *far_ahead = video.sent[lost % 256];
    far_ahead->seq = (uint16_t)(lost + 5000);
    sim_retransmit(&video, far_ahead->seq);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, 5);
    sim_retransmit(&video, lost);
    sim_frame(&video, false, 1, 0);
    CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 7);
    CU_ASSERT_EQUAL((uint16_t)(sub->rtp[6].rtp.seq - sub->rtp[0].rtp.seq), 6);
    sim_close(&sim);
}

static void late_structure_does_not_replace_a_newer_one(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 1, 0);
    struct sim_sent *late = sim_make(&video, true, 0, 0, 1, true);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&video.structure, DD_L1T2, 30), RTP_OK);
    video.frame += 2;
    sim_frame(&video, true, 1, 0);
    const struct sfu_layer *layer = &pub->peer->tracks[0].layers[0];
    CU_ASSERT_EQUAL(layer->structure.template_id_offset, 30);
    sim_feed(&video, late);
    CU_ASSERT_EQUAL(layer->structure.template_id_offset, 30);
    sim_close(&sim);
}

/* The encoder was restarted: its numbers begin anew. Two packets have to say so (RFC 3550 appendix A.1). */
static void a_stream_that_starts_anew_is_a_new_source(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    for (int i = 0; i < 5; i++)
        sim_frame(&video, i == 0, 2, 0);
    size_t before = sub->rtp_count;
    sim_run(&sim, 500 * SIM_MS);
    sim_clear(&sim);
    video.seq = (uint16_t)(video.seq + 20000);
    video.ts += 123456789;
    video.frame = 1;
    sim_frame(&video, true, 1, 0);
    sim_frame(&video, false, 1, 0);
    sim_run(&sim, 0);
    CU_ASSERT_EQUAL(before, 10);
    CU_ASSERT_EQUAL(sub->rtp_count, 0);
    CU_ASSERT_EQUAL(sim_count_pli(pub), 1);
    sim_frame(&video, true, 2, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 2);
    sim_close(&sim);
}

static void goodbye_ends_the_stream_and_frees_its_ssrc(void)
{
    struct sim sim;
    struct sim_stream video;
    uint8_t data[64];
    struct bytes_writer w;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *other = sim_publish(&sim, "mallory", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 2, 0);
    struct rtcp_bye bye = {.ssrc_count = 1, .ssrcs = {video.ssrc}};
    bytes_writer_init(&w, data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtcp_bye_write(&w, &bye), RTP_OK);
    /* nobody says goodbye for another */
    sim_send_rtcp(other, &w);
    sim_frame(&video, false, 2, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 4);
    sim_run(&sim, 300 * SIM_MS);
    sim_send_rtcp(pub, &w);
    sim_frame(&video, false, 2, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 4);
    /* a new stream of the same m-line, under another SSRC */
    video.ssrc += 5;
    video.mid = "v0";
    sim_run(&sim, 300 * SIM_MS);
    sim_frame(&video, true, 2, 0);
    CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 6);
    CU_ASSERT_EQUAL((uint16_t)(sub->rtp[4].rtp.seq - sub->rtp[3].rtp.seq), 1);
    sim_close(&sim);
}

/* Another SSRC or codec with every packet: the room is looked at anew a few times a second at most. */
static void flapping_costs_the_room_little(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "mallory", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 1, 0);
    sim_run(&sim, 300 * SIM_MS);
    const struct sfu_layer *layer = &pub->peer->tracks[0].layers[0];
    video.mid = "v0";
    for (int i = 0; i < 1000; i++) {
        video.ssrc += 1000;
        video.pt = i % 2 ? PUB_VP8 : PUB_RAW;
        sim_frame(&video, true, 1, 0);
        sim_run(&sim, SIM_MS);
    }
    CU_ASSERT(layer->epoch >= 3 && layer->epoch <= 6);
    CU_ASSERT(sub->rtp_count < 20);
    sim_close(&sim);
}

/* RFC 6464 has one byte. A longer element would go on to every receiver, in a header not all of them can read. */
static void audio_levels_of_another_length_are_dropped(void)
{
    struct sim sim;
    uint8_t level[32] = {0x85};
    uint8_t packet[128];
    size_t len;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 0);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 1, 0);
    for (uint16_t i = 0; i < 3; i++) {
        const size_t lens[] = {1, 2, sizeof level};
        struct rtp_extension e = {.id = PUB_LEVEL, .data = level, .len = lens[i]};
        struct rtp_header header = {
            .pt = PUB_OPUS, .seq = i, .ssrc = pub->params.media[0].ssrc, .extensions = &e, .extension_count = 1};
        CU_ASSERT_EQUAL_FATAL(rtp_packet_write(&header, level, 20, 0, packet, sizeof packet, &len), RTP_OK);
        sfu_router_rtp(sim.router, pub->peer, packet, len, sim.now_us);
    }
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 3);
    CU_ASSERT_PTR_NOT_NULL(sim_extension(&sub->rtp[0], SUB_LEVEL, &len));
    CU_ASSERT_PTR_NULL(sim_extension(&sub->rtp[1], SUB_LEVEL, &len));
    CU_ASSERT_PTR_NULL(sim_extension(&sub->rtp[2], SUB_LEVEL, &len));
    CU_ASSERT_EQUAL(sub->rtp[2].rtp.extension_profile, RTP_PROFILE_ONE_BYTE);
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"malformed packets are counted and dropped", malformed_packets_are_counted_and_dropped},
    {"an SSRC belongs to one transport", an_ssrc_belongs_to_one_transport},
    {"key frame requests are coalesced: one in 200 ms per source", key_frame_requests_are_coalesced},
    {"nothing is asked for that was not negotiated", none_is_asked_for_that_was_not_negotiated},
    {"losses are asked for until they come, but not for ever", losses_are_asked_for_until_they_come_or_too_often},
    {"duplicates go out once", duplicates_go_out_once},
    {"retransmissions are believed nearby only", retransmissions_are_believed_nearby_only},
    {"a late structure does not replace a newer one", late_structure_does_not_replace_a_newer_one},
    {"a stream that starts anew is a new source", a_stream_that_starts_anew_is_a_new_source},
    {"a goodbye ends the stream and frees its SSRC", goodbye_ends_the_stream_and_frees_its_ssrc},
    {"flapping between SSRCs and codecs costs the room little", flapping_costs_the_room_little},
    {"audio levels of another length than one byte are dropped", audio_levels_of_another_length_are_dropped},
};
UNIT_MAIN("sfu.source", tests)
