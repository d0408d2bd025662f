/* Whole rooms on a virtual clock: what comes in, what goes out, to whom. */
#include "sim.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A participant: a publishing and a receiving session under one pseudonym. */
struct person {
    struct sim_peer *pub;
    struct sim_peer *sub;
    struct sim_stream audio;
    struct sim_stream video;
};

static void arrive(struct sim *sim, struct person *p, const char *pseudonym)
{
    p->pub = sim_publish(sim, pseudonym, 1, 1);
    p->sub = sim_subscribe(sim, pseudonym, 3, 3);
    sim_stream_init(&p->audio, p->pub, 0, false);
    sim_stream_init(&p->video, p->pub, 1, true);
}

/* 30 pictures and 50 audio packets a second; a key frame when one is asked for, as encoders do. */
static void talk(struct sim *sim, struct person *people, size_t count, unsigned ms)
{
    static size_t plis[SIM_PEERS_MAX];
    for (unsigned t = 0; t < ms; t += 10) {
        for (size_t i = 0; i < count; i++) {
            struct person *p = &people[i];
            if (!p->pub->peer)
                continue;
            if (t % 20 == 0)
                sim_frame(&p->audio, false, 1, 0);
            if (t % 30 == 0) {
                size_t now = sim_count_pli(p->pub);
                if (now < plis[i])
                    plis[i] = 0;
                sim_frame(&p->video, p->video.frame == 1 || now > plis[i], 4, 0);
                plis[i] = now;
            }
        }
        sim_run(sim, 10 * SIM_MS);
    }
}

/* Every stream that a peer got is one steady stream: numbers without gaps, times that never run back, and its own
 * marks. Returns the packets seen on that SSRC. */
static size_t check_steady(const struct sim_peer *peer, uint32_t ssrc, uint8_t pt, const char *mid)
{
    const struct sim_packet *before = NULL;
    size_t count = 0;
    for (size_t i = 0; i < peer->rtp_count; i++) {
        const struct sim_packet *p = &peer->rtp[i];
        size_t len = 0;
        if (p->rtp.ssrc != ssrc)
            continue;
        const uint8_t *m = sim_extension(p, SUB_MID, &len);
        CU_ASSERT(m && len == strlen(mid) && memcmp(m, mid, len) == 0);
        CU_ASSERT_EQUAL(p->rtp.pt, pt);
        if (before) {
            CU_ASSERT_EQUAL((uint16_t)(p->rtp.seq - before->rtp.seq), 1);
            CU_ASSERT((int32_t)(p->rtp.ts - before->rtp.ts) >= 0);
        }
        before = p;
        count++;
    }
    return count;
}

static void three_see_and_hear_each_other(void)
{
    struct sim sim;
    struct person people[3];
    sim_open(&sim);
    arrive(&sim, &people[0], "anna");
    arrive(&sim, &people[1], "ben");
    arrive(&sim, &people[2], "cleo");
    talk(&sim, people, 3, 2010);
    for (size_t i = 0; i < 3; i++) {
        const struct sim_peer *sub = people[i].sub;
        /* two others: two slots of each kind are filled, the third stays empty */
        for (size_t slot = 0; slot < 3; slot++) {
            const struct sfu_media *a = &sub->params.media[slot];
            const struct sfu_media *v = &sub->params.media[3 + slot];
            CU_ASSERT_EQUAL(check_steady(sub, a->ssrc, SUB_OPUS, a->mid), slot < 2 ? 101 : 0);
            CU_ASSERT_EQUAL(check_steady(sub, v->ssrc, SUB_RAW, v->mid), slot < 2 ? 67 * 4 : 0);
        }
        CU_ASSERT_EQUAL(sub->rtp_count, 2 * (101 + 67 * 4));
    }
    struct sfu_router_stats stats;
    sfu_router_stats(sim.router, &stats);
    CU_ASSERT_EQUAL(stats.packets_in, 3 * (101 + 67 * 4));
    CU_ASSERT_EQUAL(stats.packets_out, 2 * stats.packets_in);
    CU_ASSERT_EQUAL(stats.malformed, 0);
    CU_ASSERT_EQUAL(stats.rooms, 1);
    CU_ASSERT_EQUAL(stats.peers, 6);
    sim_close(&sim);
}

/* The payload that came in under a publisher's numbering. */
static void payloads_arrive_unchanged(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *sub = sim_subscribe(&sim, "ben", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    uint16_t first = video.seq;
    for (int i = 0; i < 20; i++)
        sim_frame(&video, i == 0, 5, 0);
    CU_ASSERT_EQUAL_FATAL(sub->rtp_count, 100);
    for (size_t i = 0; i < 100; i++) {
        struct rtp_packet in;
        const struct sim_sent *sent = &video.sent[(uint16_t)(first + i) % 256];
        CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(sent->data, sent->len, &in), RTP_OK);
        unit_assert_bytes("payload", sub->rtp[i].rtp.payload, sub->rtp[i].rtp.payload_len, in.payload, in.payload_len);
        CU_ASSERT_EQUAL(sub->rtp[i].rtp.marker, i % 5 == 4);
    }
    sim_close(&sim);
}

static void nobody_gets_their_own(void)
{
    struct sim sim;
    struct person anna;
    sim_open(&sim);
    arrive(&sim, &anna, "anna");
    struct sim_peer *second = sim_subscribe(&sim, "anna", 1, 1);
    talk(&sim, &anna, 1, 300);
    CU_ASSERT_EQUAL(anna.sub->rtp_count, 0);
    CU_ASSERT_EQUAL(second->rtp_count, 0);
    sim_close(&sim);
}

static void rooms_are_apart(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sim_stream audio;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 1, 0);
    sim_subscriber_params(&params, "ben", 1, 1);
    snprintf(params.room, sizeof params.room, "%s", "elsewhere");
    struct sim_peer *sub = sim_join(&sim, &params);
    sim_stream_init(&audio, pub, 0, false);
    for (int i = 0; i < 10; i++)
        sim_frame(&audio, false, 1, 0);
    CU_ASSERT_EQUAL(sub->rtp_count, 0);
    sim_close(&sim);
}

static void late_joiner_asks_for_a_key_frame_and_starts_with_it(void)
{
    struct sim sim;
    struct person people[2];
    sim_open(&sim);
    arrive(&sim, &people[0], "anna");
    talk(&sim, people, 1, 1000);
    sim_clear(&sim);
    arrive(&sim, &people[1], "ben");
    uint64_t joined = sim.now_us;
    sim_run(&sim, 0);
    CU_ASSERT_EQUAL(sim_count_pli(people[0].pub), 1);
    CU_ASSERT_EQUAL_FATAL(people[0].pub->rtcp_count > 0, true);
    CU_ASSERT_EQUAL(people[0].pub->rtcp[people[0].pub->rtcp_count - 1].at_us, joined);
    sim_frame(&people[0].video, false, 4, 0);
    CU_ASSERT_EQUAL(people[1].sub->rtp_count, 0);
    sim_frame(&people[0].video, true, 4, 0);
    CU_ASSERT_EQUAL(people[1].sub->rtp_count, 4);
    sim_close(&sim);
}

static void key_frame_is_asked_for_until_it_comes(void)
{
    struct sim sim;
    struct person people[2];
    sim_open(&sim);
    arrive(&sim, &people[0], "anna");
    talk(&sim, people, 1, 300);
    sim_clear(&sim);
    arrive(&sim, &people[1], "ben");
    /* nothing but frames that nobody can begin with */
    for (int i = 0; i < 100; i++) {
        sim_frame(&people[0].video, false, 1, 0);
        sim_run(&sim, 10 * SIM_MS);
    }
    size_t asked = sim_count_pli(people[0].pub);
    CU_ASSERT(asked >= 3 && asked <= 5);
    sim_frame(&people[0].video, true, 1, 0);
    for (int i = 0; i < 100; i++) {
        sim_frame(&people[0].video, false, 1, 0);
        sim_run(&sim, 10 * SIM_MS);
    }
    CU_ASSERT_EQUAL(sim_count_pli(people[0].pub), asked);
    sim_close(&sim);
}

static void leaver_frees_slots_for_the_next(void)
{
    struct sim sim;
    struct person people[3];
    sim_open(&sim);
    arrive(&sim, &people[0], "anna");
    arrive(&sim, &people[1], "ben");
    struct sim_peer *sub = sim_subscribe(&sim, "dora", 1, 1);
    talk(&sim, people, 2, 300);
    size_t before = sub->rtp_count;
    CU_ASSERT(before > 0);
    /* dora sees anna; when anna goes, ben comes in on the same streams, which go on steadily */
    sim_leave(&sim, people[0].pub);
    sim_leave(&sim, people[0].sub);
    talk(&sim, people, 2, 300);
    CU_ASSERT(sub->rtp_count > before);
    CU_ASSERT(check_steady(sub, sub->params.media[0].ssrc, SUB_OPUS, "a0") > 25);
    CU_ASSERT(check_steady(sub, sub->params.media[1].ssrc, SUB_RAW, "v0") > 70);
    sim_close(&sim);
}

static void last_one_takes_the_room_along(void)
{
    struct sim sim;
    struct person anna;
    struct sfu_router_stats stats;
    sim_open(&sim);
    arrive(&sim, &anna, "anna");
    sim_leave(&sim, anna.sub);
    sim_leave(&sim, anna.pub);
    sfu_router_stats(sim.router, &stats);
    CU_ASSERT_EQUAL(stats.rooms, 0);
    CU_ASSERT_EQUAL(stats.peers, 0);
    sim_run(&sim, 5000 * SIM_MS);
    sim_close(&sim);
}

static void join_is_bounded(void)
{
    struct sim sim;
    struct sfu_session_params params;
    struct sfu_peer *peer;
    sim_open(&sim);
    sim_publisher_params(&params, "anna", 1, 1);
    (void)sim_join(&sim, &params);
    CU_ASSERT_EQUAL(sfu_router_join(sim.router, &params, NULL, 0, &peer), SFU_JOIN_DUPLICATE);
    for (size_t i = 1; i < SIM_PEERS_MAX; i++)
        (void)sim_publish(&sim, "anna", 1, 1);
    sim_publisher_params(&params, "anna", 1, 1);
    CU_ASSERT_EQUAL(sfu_router_join(sim.router, &params, NULL, 0, &peer), SFU_JOIN_FULL);
    const char *const rooms[] = {"r1", "r2", "r3", "r4"};
    for (size_t i = 0; i < 4; i++) {
        sim_publisher_params(&params, "anna", 1, 1);
        snprintf(params.room, sizeof params.room, "%s", rooms[i]);
        CU_ASSERT_EQUAL(sfu_router_join(sim.router, &params, NULL, 0, &peer), i < 3 ? SFU_JOIN_OK : SFU_JOIN_FULL);
    }
    sim_close(&sim);
}

static void over_media(struct sfu_session_params *params)
{
    params->media_count = SFU_MEDIA_MAX + 1;
}

static void over_codecs(struct sfu_session_params *params)
{
    params->media[0].codec_count = SFU_CODECS_MAX + 1;
}

static void over_rids(struct sfu_session_params *params)
{
    params->media[0].rid_count = SFU_RIDS_MAX + 1;
}

static void endless_room(struct sfu_session_params *params)
{
    memset(params->room, 'x', sizeof params->room);
}

static void endless_mid(struct sfu_session_params *params)
{
    memset(params->media[0].mid, 'x', sizeof params->media[0].mid);
}

/* In a room with places left, so that nothing else refuses them. */
static void params_past_their_arrays_are_refused(void)
{
    static void (*const changes[])(struct sfu_session_params *) = {over_media, over_codecs, over_rids, endless_room,
                                                                   endless_mid};
    struct sim sim;
    struct sfu_session_params params;
    struct sfu_peer *peer;
    sim_open(&sim);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sim_publisher_params(&params, "anna", 1, 1);
        changes[i](&params);
        CU_ASSERT_EQUAL(sfu_router_join(sim.router, &params, NULL, 0, &peer), SFU_JOIN_FULL);
    }
    sim_publisher_params(&params, "anna", 1, 1);
    (void)sim_join(&sim, &params);
    sim_close(&sim);
}

static void bursts_gather_a_batch_per_receiver(void)
{
    struct sim sim;
    struct sim_stream video;
    sim_open(&sim);
    struct sim_peer *pub = sim_publish(&sim, "anna", 0, 1);
    struct sim_peer *a = sim_subscribe(&sim, "ben", 0, 1);
    struct sim_peer *b = sim_subscribe(&sim, "cleo", 0, 1);
    sim_stream_init(&video, pub, 0, true);
    sim_frame(&video, true, 20, 0);
    CU_ASSERT_EQUAL(a->bursts, 1);
    CU_ASSERT_EQUAL(b->bursts, 1);
    /* a batch larger than a burst is split, in order */
    sim_clear(&sim);
    sim_frame(&video, false, 20, 0);
    sim_frame(&video, false, 20, 0);
    CU_ASSERT_EQUAL(a->bursts, 2);
    sim_clear(&sim);
    for (size_t i = 0; i < 70; i++)
        sim_feed(&video, sim_make(&video, false, 0, i, 70, true));
    sfu_router_flush(sim.router, sim.now_us);
    CU_ASSERT_EQUAL(a->bursts, 2);
    CU_ASSERT_EQUAL(check_steady(a, a->params.media[0].ssrc, SUB_RAW, "v0"), 70);
    sim_close(&sim);
}

struct totals {
    const char *publisher;
    const char *subscriber;
    uint64_t frames[2];
    uint64_t packets[2];
    uint64_t bytes[2];
    size_t pairs;
};

static void add_pair(void *user, const struct sfu_forward_stats *stats)
{
    struct totals *t = user;
    t->pairs++;
    if (strcmp(stats->publisher, t->publisher) != 0 || strcmp(stats->subscriber, t->subscriber) != 0)
        return;
    CU_ASSERT_STRING_EQUAL(stats->room, "room");
    t->frames[stats->kind] += stats->frames;
    t->packets[stats->kind] += stats->packets;
    t->bytes[stats->kind] += stats->bytes;
}

static void frames_are_counted_per_pair_and_outlive_the_sessions(void)
{
    struct sim sim;
    struct person people[3];
    sim_open(&sim);
    arrive(&sim, &people[0], "anna");
    arrive(&sim, &people[1], "ben");
    arrive(&sim, &people[2], "cleo");
    talk(&sim, people, 3, 990);
    for (size_t i = 0; i < 3; i++) {
        sim_leave(&sim, people[i].pub);
        sim_leave(&sim, people[i].sub);
    }
    struct totals t = {.publisher = "ben", .subscriber = "cleo"};
    sfu_router_forwarded(sim.router, add_pair, &t);
    CU_ASSERT_EQUAL(t.pairs, 3 * 2 * 2);
    CU_ASSERT_EQUAL(t.frames[SFU_AUDIO], 50);
    CU_ASSERT_EQUAL(t.packets[SFU_AUDIO], 50);
    CU_ASSERT_EQUAL(t.frames[SFU_VIDEO], 33);
    CU_ASSERT_EQUAL(t.packets[SFU_VIDEO], 132);
    CU_ASSERT(t.bytes[SFU_VIDEO] > 132 * SIM_PACKET_LEN);
    sim_close(&sim);
}

static const struct unit_test tests[] = {
    {"three participants see and hear each other, as steady streams", three_see_and_hear_each_other},
    {"payloads arrive unchanged, markers in place", payloads_arrive_unchanged},
    {"a participant never gets its own media", nobody_gets_their_own},
    {"rooms are apart", rooms_are_apart},
    {"a late joiner asks for a key frame at once and starts with it",
     late_joiner_asks_for_a_key_frame_and_starts_with_it},
    {"a key frame is asked for until it comes", key_frame_is_asked_for_until_it_comes},
    {"a leaver's slots go to the next, and the streams go on", leaver_frees_slots_for_the_next},
    {"the last one takes the room along", last_one_takes_the_room_along},
    {"rooms, peers and params are bounded", join_is_bounded},
    {"params that run past their arrays are refused", params_past_their_arrays_are_refused},
    {"a batch goes out as one burst per receiver", bursts_gather_a_batch_per_receiver},
    {"frames are counted per pair and outlive the sessions", frames_are_counted_per_pair_and_outlive_the_sessions},
};
UNIT_MAIN("sfu.router", tests)
