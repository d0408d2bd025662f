/* What a slot sends, as its receiver sees it: DESIGN's "Rewriting a slot", line by line. Its key frames:
 * test_slot_key.c. */
#include "rtp/rtx.h"
#include "select.h"
#include "slot.h"
#include "slot_pair.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* Two publishers in turn fill one slot: one steady stream for the receiver. */
static void switches_between_publishers_are_one_stream(void)
{
    struct sim sim;
    struct sim_stream streams[2];
    sim_open(&sim);
    struct sim_peer *anna = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *ben = sim_publish(&sim, "ben", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "cleo", 0, 1);
    sim_stream_init(&streams[0], anna, 0, true);
    sim_stream_init(&streams[1], ben, 0, true);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&streams[1].structure, DD_L1T3, 1), RTP_OK);
    streams[0].seq = 65500;
    streams[0].frame = 65500;
    streams[1].frame = 9;
    for (int turn = 0; turn < 6; turn++) {
        pair_pin(sub, "v0", turn % 2 ? "ben" : "anna", 0, false);
        for (int i = 0; i < 10; i++) {
            sim_frame(&streams[0], i == 3, 3, 0);
            sim_frame(&streams[1], i == 3, 3, 0);
            sim_run(&sim, 33 * SIM_MS);
        }
    }
    uint32_t ssrc = sub->params.media[0].ssrc;
    CU_ASSERT_EQUAL(pair_check_descriptors(sub, ssrc), 6);
    CU_ASSERT_EQUAL_FATAL(pair_count_ssrc(sub, ssrc), 6 * 7 * 3);
    const struct sim_packet *before = NULL;
    for (size_t i = 0; i < sub->rtp_count; i++) {
        const struct sim_packet *at = &sub->rtp[i];
        if (at->rtp.ssrc != ssrc)
            continue;
        if (before) {
            CU_ASSERT_EQUAL((uint16_t)(at->rtp.seq - before->rtp.seq), 1);
            /* time goes on as it went, also where the source changed: 33 ms a frame, 4 frames at a switch */
            int32_t step = (int32_t)(at->rtp.ts - before->rtp.ts);
            int32_t real = (int32_t)((at->at_us - before->at_us) * 90 / 1000);
            CU_ASSERT(step >= 0 && step - real <= 100 && real - step <= 100);
        }
        before = at;
    }
    sim_close(&sim);
}

/* A late packet of the old source, after the slot went to another. */
static void late_packets_of_the_old_source_are_dropped(void)
{
    struct sim sim;
    struct sim_stream a;
    struct sim_stream b;
    sim_open(&sim);
    struct sim_peer *anna = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *ben = sim_publish(&sim, "ben", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "cleo", 0, 1);
    sim_stream_init(&a, anna, 0, true);
    sim_stream_init(&b, ben, 0, true);
    sim_frame(&b, true, 1, 0);
    pair_pin(sub, "v0", "anna", 0, false);
    sim_frame(&a, true, 3, 0);
    const struct sim_sent *late = sim_make(&a, false, 0, 0, 2, true);
    sim_feed(&a, sim_make(&a, false, 0, 1, 2, true));
    pair_pin(sub, "v0", "ben", 0, false);
    /* of the new one: before its key frame */
    const struct sim_sent *early = sim_make(&b, false, 0, 0, 1, true);
    sim_run(&sim, 0);
    b.frame++;
    sim_frame(&b, true, 2, 0);
    size_t count = sub->rtp_count;
    sim_feed(&a, late);
    sim_feed(&b, early);
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(sub->rtp_count, count);
    CU_ASSERT_EQUAL(pair_check_descriptors(sub, sub->params.media[0].ssrc), 3);
    sim_close(&sim);
}

static void upstream_gaps_stay_and_recovered_packets_fill_them(void)
{
    struct pair p;
    pair_open(&p, true);
    sim_frame(&p.video, true, 3, 0);
    uint16_t lost = (uint16_t)(p.video.seq + 1);
    sim_frame(&p.video, false, 3, 2);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 5);
    uint16_t first = p.sub->rtp[0].rtp.seq;
    CU_ASSERT_EQUAL((uint16_t)(p.sub->rtp[4].rtp.seq - first), 5);
    /* the router asks the publisher for it, and what comes as RTX goes out where it belongs */
    struct rtcp_packet packet;
    struct rtcp_nack_iter iter;
    uint16_t asked = 0;
    CU_ASSERT_EQUAL_FATAL(sim_count_rtcp(p.pub, RTCP_RTPFB, RTCP_FMT_NACK, &packet), 1);
    CU_ASSERT_EQUAL_FATAL(rtcp_nack_iter_init(&iter, &packet), RTP_OK);
    CU_ASSERT_EQUAL(iter.media_ssrc, p.video.ssrc);
    CU_ASSERT(rtcp_nack_next(&iter, &asked) && asked == lost);
    CU_ASSERT_FALSE(rtcp_nack_next(&iter, &asked));
    sim_retransmit(&p.video, lost);
    sim_retransmit(&p.video, lost); /* as a probe: the same once more */
    sfu_router_flush(p.sim.router, p.sim.now_us);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 6);
    CU_ASSERT_EQUAL((uint16_t)(p.sub->rtp[5].rtp.seq - first), 4);
    CU_ASSERT_EQUAL(p.sub->rtp[5].rtp.ts, p.sub->rtp[4].rtp.ts);
    CU_ASSERT_EQUAL(p.sub->rtp[5].rtp.ssrc, p.ssrc);
    CU_ASSERT_EQUAL(p.sub->rtp[5].rtp.pt, SUB_RAW);
    sim_close(&p.sim);
}

static void nack_is_answered_by_rtx_with_the_packet_as_rewritten(void)
{
    struct pair p;
    pair_open(&p, true);
    for (int i = 0; i < 5; i++)
        sim_frame(&p.video, i == 0, 4, 0);
    size_t sent = p.sub->rtp_count;
    CU_ASSERT_EQUAL_FATAL(sent, 20);
    uint16_t seqs[] = {p.sub->rtp[3].rtp.seq, p.sub->rtp[17].rtp.seq, (uint16_t)(p.sub->rtp[19].rtp.seq + 5)};
    sim_nack(p.sub, p.ssrc, seqs, 3);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, sent + 2);
    for (size_t i = 0; i < 2; i++) {
        const struct sim_packet *original = &p.sub->rtp[i ? 17 : 3];
        const struct sim_packet *rtx = &p.sub->rtp[sent + i];
        struct rtp_rtx content;
        uint16_t frame[2];
        uint8_t template_id[2];
        size_t len;
        CU_ASSERT_EQUAL(rtx->rtp.ssrc, p.rtx_ssrc);
        CU_ASSERT_EQUAL(rtx->rtp.pt, SUB_RAW_RTX);
        CU_ASSERT_EQUAL(rtx->rtp.ts, original->rtp.ts);
        CU_ASSERT_EQUAL(rtx->rtp.marker, original->rtp.marker);
        CU_ASSERT_EQUAL_FATAL(rtp_rtx_parse(&rtx->rtp, &content), RTP_OK);
        CU_ASSERT_EQUAL(content.osn, seqs[i]);
        unit_assert_bytes("payload", content.payload, content.payload_len, original->rtp.payload,
                          original->rtp.payload_len);
        CU_ASSERT(sim_dd(original, &frame[0], &template_id[0]) && sim_dd(rtx, &frame[1], &template_id[1]));
        CU_ASSERT_EQUAL(frame[0], frame[1]);
        CU_ASSERT_EQUAL(template_id[0], template_id[1]);
        /* a transmission of its own, with a transport-wide number of its own */
        const uint8_t *twcc = sim_extension(rtx, SUB_TWCC, &len);
        CU_ASSERT_FATAL(twcc && len == 2);
        CU_ASSERT_EQUAL((size_t)(twcc[0] << 8 | twcc[1]), sent + i);
    }
    CU_ASSERT_EQUAL((uint16_t)(p.sub->rtp[sent + 1].rtp.seq - p.sub->rtp[sent].rtp.seq), 1);
    /* asked again at once: a round trip has not passed; then a few times more, and no more */
    sim_nack(p.sub, p.ssrc, seqs, 1);
    CU_ASSERT_EQUAL(p.sub->rtp_count, sent + 2);
    for (int i = 0; i < 20; i++) {
        sim_run(&p.sim, 45 * SIM_MS);
        sim_nack(p.sub, p.ssrc, seqs, 1);
    }
    CU_ASSERT_EQUAL(pair_count_ssrc(p.sub, p.rtx_ssrc), 2 + SFU_CACHE_RESENDS - 1);
    /* a NACK about somebody else's stream, or about retransmissions, is nothing */
    sim_nack(p.sub, p.rtx_ssrc, seqs, 3);
    sim_nack(p.sub, p.video.ssrc, seqs, 3);
    CU_ASSERT_EQUAL(pair_count_ssrc(p.sub, p.rtx_ssrc), 2 + SFU_CACHE_RESENDS - 1);
    sim_close(&p.sim);
}

static void without_rtx_nothing_is_sent_twice(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    sim_subscriber_params(&params, "ben", 0, 1);
    params.media[0].codecs[1].rtx_pt = 0;
    struct sim_peer *sub = sim_join(&sim, &params);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 4, 0);
    uint16_t seq = sub->rtp[1].rtp.seq;
    sim_nack(sub, params.media[0].ssrc, &seq, 1);
    CU_ASSERT_EQUAL(sub->rtp_count, 4);
    sim_close(&sim);
}

static void open_layers(struct pair *p)
{
    pair_open(p, true);
    CU_ASSERT_EQUAL_FATAL(dd_structure_build(&p->video.structure, DD_L3T3, 0), RTP_OK);
    for (uint8_t s = 0; s < 3; s++)
        CU_ASSERT_EQUAL_FATAL(dd_set_resolution(&p->video.structure, s, 320u << s, 180u << s), RTP_OK);
    p->video.spatial_layers = 3;
}

static void spatial_layers_are_dropped_at_a_key_frame(void)
{
    struct pair p;
    open_layers(&p);
    sim_frame(&p.video, true, 2, 0);
    sim_frame(&p.video, false, 2, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 12);
    sim_run(&p.sim, 300 * SIM_MS);
    pair_pin(p.sub, "v0", "", 400, false);
    CU_ASSERT_EQUAL(sim_count_pli(p.pub), 1);
    /* not before the key frame that was asked for */
    sim_frame(&p.video, false, 2, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 18);
    sim_frame(&p.video, true, 2, 0);
    sim_frame(&p.video, false, 2, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 18 + 8);
    struct dd_structure structure = {0};
    for (size_t i = 0; i < p.sub->rtp_count; i++) {
        const struct sim_packet *packet = &p.sub->rtp[i];
        struct dd_descriptor d;
        size_t len;
        const uint8_t *dd = sim_extension(packet, SUB_DD, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(dd);
        CU_ASSERT_EQUAL_FATAL(dd_read(dd, len, &structure, &structure, &d), RTP_OK);
        /* no gap where layers were left out */
        CU_ASSERT_EQUAL(packet->rtp.seq, (uint16_t)(p.sub->rtp[0].rtp.seq + i));
        /* frame numbers are not compacted: three a picture, as the publisher counts */
        size_t picture = i < 18 ? i / 6 : 3 + (i - 18) / 4;
        size_t layer = i < 18 ? i % 6 / 2 : (i - 18) % 4 / 2;
        CU_ASSERT_EQUAL(d.frame_number, 1 + picture * 3 + layer);
        CU_ASSERT_EQUAL(d.spatial_id, layer);
        /* the mark ends what is left of a picture */
        CU_ASSERT_EQUAL(packet->rtp.marker, i < 18 ? i % 6 == 5 : (i - 18) % 4 == 3);
        if (i == 0)
            CU_ASSERT_FALSE(d.has_active_targets);
        if (i == 18)
            CU_ASSERT_EQUAL(d.active_targets, sfu_select_targets(&structure, 1));
    }
    CU_ASSERT_EQUAL(sfu_select_targets(&structure, 1), 0x1f8);
    /* a publisher that has switched targets off itself: what both leave */
    p.video.active_targets = 0x1d0;
    sim_frame(&p.video, true, 2, 0);
    struct dd_descriptor d;
    size_t len;
    const uint8_t *dd = sim_extension(&p.sub->rtp[18 + 8], SUB_DD, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dd);
    CU_ASSERT_EQUAL_FATAL(dd_read(dd, len, &structure, &structure, &d), RTP_OK);
    CU_ASSERT_EQUAL(d.active_targets, 0x1d0);
    pair_pin(p.sub, "v0", "", 200, false);
    sim_frame(&p.video, true, 2, 0);
    dd = sim_extension(&p.sub->rtp[18 + 8 + 4], SUB_DD, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dd);
    CU_ASSERT_EQUAL_FATAL(dd_read(dd, len, &structure, &structure, &d), RTP_OK);
    CU_ASSERT_EQUAL(d.active_targets, 0x1c0);
    sim_close(&p.sim);
}

/* A structure that needs the two-byte form, and a receiver that knows only one-byte headers (GStreamer 1.22). */
static void two_byte_headers_carry_no_transport_number_to_a_one_byte_peer(void)
{
    for (int mixed = 0; mixed < 2; mixed++) {
        struct sim sim;
        struct sfu_session_params params;
        struct sim_stream video;
        sim_open(&sim);
        struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
        sim_subscriber_params(&params, "ben", 0, 1);
        params.extmap_allow_mixed = mixed;
        struct sim_peer *sub = sim_join(&sim, &params);
        sim_stream_init(&video, pub, 0, true);
        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&video.structure, DD_L3T3, 0), RTP_OK);
        for (int i = 0; i < 4; i++)
            sim_frame(&video, i % 2 == 0, 2, 0);
        uint16_t next = 0;
        CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 8);
        for (size_t i = 0; i < 8; i++) {
            size_t len;
            bool two_byte = i % 4 == 0;
            const uint8_t *twcc = sim_extension(&sub->rtp[i], SUB_TWCC, &len);
            CU_ASSERT_EQUAL(sub->rtp[i].rtp.extension_profile == RTP_PROFILE_TWO_BYTE, two_byte);
            CU_ASSERT_EQUAL(twcc != NULL, mixed || !two_byte);
            /* nothing that is not sent takes a number: a missing one would be reported as lost */
            if (twcc)
                CU_ASSERT_EQUAL(twcc[0] << 8 | twcc[1], next++);
        }
        /* and feedback that cannot name such a packet is not taken for its loss */
        sim_run(&sim, 1000 * SIM_MS);
        CU_ASSERT_EQUAL(sim_count_pli(pub), 0);
        CU_ASSERT_EQUAL(sub->rtp_count, 8);
        sim_close(&sim);
    }
}

static void extensions_and_payload_types_are_the_receivers(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream audio;
    struct sim_stream video;
    size_t len;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 1);
    sim_subscriber_params(&params, "ben", 1, 1);
    struct sim_peer *sub = sim_join(&sim, &params);
    /* and one that negotiated nothing */
    sim_subscriber_params(&params, "cleo", 1, 1);
    memset(params.media[0].extension_ids, 0, sizeof params.media[0].extension_ids);
    memset(params.media[1].extension_ids, 0, sizeof params.media[1].extension_ids);
    struct sim_peer *bare = sim_join(&sim, &params);
    sim_stream_init(&audio, pub, 0, false);
    sim_stream_init(&video, pub, 1, true);
    audio.mid = "a0";
    sim_frame(&audio, false, 1, 0);
    sim_frame(&video, true, 1, 0);
    CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 2);
    CU_ASSERT_EQUAL(sub->rtp[0].rtp.pt, SUB_OPUS);
    CU_ASSERT_EQUAL(sub->rtp[1].rtp.pt, SUB_RAW);
    const uint8_t *level = sim_extension(&sub->rtp[0], SUB_LEVEL, &len);
    CU_ASSERT(level && len == 1 && level[0] == 0x85);
    CU_ASSERT_PTR_NOT_NULL(sim_extension(&sub->rtp[1], SUB_DD, &len));
    for (uint8_t id = PUB_MID; id <= PUB_RRID; id++)
        for (size_t i = 0; i < 2; i++)
            CU_ASSERT_PTR_NULL(sim_extension(&sub->rtp[i], id, &len));
    CU_ASSERT_EQUAL_FATAL(bare->rtp_count, 2);
    CU_ASSERT_FALSE(bare->rtp[0].rtp.has_extension);
    CU_ASSERT_FALSE(bare->rtp[1].rtp.has_extension);
    sim_close(&sim);
}

static void padding_is_left_out_without_a_gap(void)
{
    struct pair p;
    pair_open(&p, true);
    sim_frame(&p.video, true, 1, 0);
    for (int i = 0; i < 3; i++) {
        /* padding alone, under the media's own SSRC, as senders without RTX probe */
        uint8_t probe[300];
        size_t len;
        struct rtp_header header = {.pt = PUB_RAW, .seq = p.video.seq++, .ts = p.video.ts, .ssrc = p.video.ssrc};
        CU_ASSERT_EQUAL_FATAL(rtp_packet_write(&header, NULL, 0, 255, probe, sizeof probe, &len), RTP_OK);
        sfu_router_rtp(p.sim.router, p.pub->peer, probe, len, p.sim.now_us);
    }
    sim_frame(&p.video, false, 1, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 2);
    CU_ASSERT_EQUAL((uint16_t)(p.sub->rtp[1].rtp.seq - p.sub->rtp[0].rtp.seq), 1);
    sim_close(&p.sim);
}

static void padding_behind_a_payload_is_not_forwarded(void)
{
    struct pair p;
    pair_open(&p, false);
    uint8_t packet[400];
    uint8_t payload[100] = {1, 2, 3};
    size_t len;
    struct rtp_header header = {.pt = PUB_VP8, .seq = 1, .ts = 1, .ssrc = p.video.ssrc};
    CU_ASSERT_EQUAL_FATAL(rtp_packet_write(&header, payload, 100, 200, packet, sizeof packet, &len), RTP_OK);
    sfu_router_rtp(p.sim.router, p.pub->peer, packet, len, p.sim.now_us);
    sfu_router_flush(p.sim.router, p.sim.now_us);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 1);
    CU_ASSERT_EQUAL(p.sub->rtp[0].rtp.padding_len, 0);
    unit_assert_bytes("payload", p.sub->rtp[0].rtp.payload, p.sub->rtp[0].rtp.payload_len, payload, 100);
    sim_close(&p.sim);
}

/* Long enough that sequence numbers, frame numbers and timestamps wrap, with loss and reordering on the way. */
static void everything_wraps(void)
{
    struct pair p;
    pair_open(&p, true);
    uint64_t random = 11;
    uint16_t last_frame = 0;
    size_t frames = 0;
    p.video.ts_step = 90000;
    p.video.packet_len = 20;
    for (int i = 0; i < 70000; i++) {
        bool swap = unit_random(&random) % 10 == 0;
        const struct sim_sent *first = sim_make(&p.video, i % 100 == 0, 0, 0, 2, true);
        const struct sim_sent *second = sim_make(&p.video, false, 0, 1, 2, true);
        sim_feed(&p.video, swap && i % 100 ? second : first);
        if (unit_random(&random) % 20)
            sim_feed(&p.video, swap && i % 100 ? first : second);
        p.video.ts += p.video.ts_step;
        p.video.frame++;
        p.sim.now_us += 1000 * SIM_MS;
        sfu_router_flush(p.sim.router, p.sim.now_us);
        for (size_t k = 0; k < p.sub->rtp_count; k++) {
            uint16_t frame;
            uint8_t template_id;
            CU_ASSERT_FATAL(sim_dd(&p.sub->rtp[k], &frame, &template_id));
            if (frames++ > 0 && (uint16_t)(frame - last_frame) > 1)
                CU_FAIL_FATAL("frame numbers do not go on");
            last_frame = frame;
        }
        p.sub->rtp_count = 0;
    }
    CU_ASSERT(frames > 130000);
    CU_ASSERT_EQUAL(last_frame, (uint16_t)70000);
    sim_close(&p.sim);
}

/* A publisher that jumps as far as A.1 of RFC 3550 believes: a receiver that loses eleven such packets would guess the
 * rollover counter wrong. */
static void far_jumps_close_up_and_begin_at_a_key_frame(void)
{
    struct pair p;
    pair_open(&p, true);
    p.video.seq = 30000;
    sim_frame(&p.video, true, 1, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 1);
    uint16_t last = p.sub->rtp[0].rtp.seq;
    for (int i = 0; i < 100; i++) {
        p.video.seq = (uint16_t)(p.video.seq + 2998);
        sim_frame(&p.video, true, 1, 0);
        CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, (size_t)i + 2);
        CU_ASSERT_EQUAL(p.sub->rtp[i + 1].rtp.seq, (uint16_t)(last + 1));
        last = p.sub->rtp[i + 1].rtp.seq;
    }
    CU_ASSERT_EQUAL(pair_check_descriptors(p.sub, p.ssrc), 101);
    /* in the midst of a group nothing goes out until a key frame, which is asked for */
    p.video.seq = (uint16_t)(p.video.seq + 2998);
    sim_frame(&p.video, false, 1, 0);
    CU_ASSERT_EQUAL(p.sub->rtp_count, 101);
    sim_run(&p.sim, 1000 * SIM_MS);
    CU_ASSERT(sim_count_pli(p.pub) > 0);
    size_t count = p.sub->rtp_count;
    sim_frame(&p.video, true, 1, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, count + 1);
    CU_ASSERT_EQUAL(p.sub->rtp[count].rtp.seq, (uint16_t)(last + 1));
    sim_close(&p.sim);
}

/* Packets that come in and cannot go out (too long with this receiver's extensions) leave no gap either. */
static void what_cannot_be_written_leaves_no_gap(void)
{
    struct pair p;
    pair_open(&p, false);
    sim_frame(&p.video, true, 1, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, 1);
    uint16_t last = p.sub->rtp[0].rtp.seq;
    p.video.packet_len = SFU_PACKET_MAX - RTP_HEADER_MIN - 10;
    for (int i = 0; i < 50; i++)
        sim_frame(&p.video, false, 1, 0);
    struct sfu_router_stats stats;
    sfu_router_stats(p.sim.router, &stats);
    CU_ASSERT_EQUAL(stats.malformed, 50);
    p.video.packet_len = SIM_PACKET_LEN;
    size_t count = p.sub->rtp_count;
    sim_frame(&p.video, false, 1, 0);
    CU_ASSERT_EQUAL_FATAL(p.sub->rtp_count, count + 1);
    CU_ASSERT_EQUAL(p.sub->rtp[count].rtp.seq, (uint16_t)(last + 1));
    sim_close(&p.sim);
}

static const struct unit_test tests[] = {
    {"switches between publishers are one steady stream", switches_between_publishers_are_one_stream},
    {"late packets of the old source are dropped", late_packets_of_the_old_source_are_dropped},
    {"upstream gaps stay, recovered packets fill them", upstream_gaps_stay_and_recovered_packets_fill_them},
    {"a NACK is answered by RTX with the packet as rewritten", nack_is_answered_by_rtx_with_the_packet_as_rewritten},
    {"without RTX nothing is sent twice", without_rtx_nothing_is_sent_twice},
    {"spatial layers are dropped at a key frame: targets, marks, no gaps", spatial_layers_are_dropped_at_a_key_frame},
    {"two-byte headers carry no TWCC number to a one-byte peer",
     two_byte_headers_carry_no_transport_number_to_a_one_byte_peer},
    {"extensions and payload types are the receiver's", extensions_and_payload_types_are_the_receivers},
    {"padding is left out without a gap", padding_is_left_out_without_a_gap},
    {"padding behind a payload is not forwarded", padding_behind_a_payload_is_not_forwarded},
    {"far jumps close up and begin at a key frame", far_jumps_close_up_and_begin_at_a_key_frame},
    {"what cannot be written leaves no gap", what_cannot_be_written_leaves_no_gap},
    {"numbers, frames and times wrap", everything_wraps},
};
UNIT_MAIN("sfu.slot", tests)
