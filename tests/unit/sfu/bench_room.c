/* What joining and leaving cost in a large room: everybody publishes a microphone and a camera and has 3 audio and 9
 * video slots. On a virtual clock and without sockets; the times are the thread's CPU time. */
#include "rtp/packet.h"
#include "sfu/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PARTICIPANTS_MAX = 1000, AUDIO_SLOTS = 3, VIDEO_SLOTS = 9, ROUNDS = 16, PT_AUDIO = 111, PT_VIDEO = 96 };

static void drop_rtp(void *transport, struct sfu_out_packet *packets, size_t count)
{
    (void)transport, (void)packets, (void)count;
}

static void drop_rtcp(void *transport, uint8_t *data, size_t len)
{
    (void)transport, (void)data, (void)len;
}

struct bench {
    struct sfu_router *router;
    struct sfu_peer *publishers[PARTICIPANTS_MAX];
    struct sfu_peer *subscribers[PARTICIPANTS_MAX];
    uint64_t now_us;
    unsigned sessions;
    uint16_t seq;
};

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void add_media(struct sfu_session_params *params, enum sfu_kind kind, uint32_t ssrc)
{
    struct sfu_media *m = &params->media[params->media_count++];
    *m = (struct sfu_media){.kind = kind, .active = true, .ssrc = ssrc, .codec_count = 1};
    snprintf(m->mid, sizeof m->mid, "m%zu", params->media_count);
    m->codecs[0] = kind == SFU_AUDIO ? (struct sfu_codec){.id = SFU_OPUS, .pt = PT_AUDIO, .clock_rate = 48000}
                                     : (struct sfu_codec){.id = SFU_VP8, .pt = PT_VIDEO, .clock_rate = 90000};
}

static uint32_t ssrc_of(unsigned participant, unsigned media)
{
    return 1 + participant * 16 + media;
}

static struct sfu_peer *join(struct bench *bench, enum sfu_role role, unsigned participant)
{
    struct sfu_session_params params = {.role = role};
    struct sfu_peer *peer;
    bool publisher = role == SFU_PUBLISHER;
    snprintf(params.id, sizeof params.id, "session%u", bench->sessions++);
    snprintf(params.room, sizeof params.room, "room");
    snprintf(params.pseudonym, sizeof params.pseudonym, "participant%u", participant);
    for (unsigned i = 0; i < (publisher ? 1 : AUDIO_SLOTS); i++)
        add_media(&params, SFU_AUDIO, ssrc_of(participant, i) | (publisher ? 0 : 1u << 31));
    for (unsigned i = 0; i < (publisher ? 1 : VIDEO_SLOTS); i++)
        add_media(&params, SFU_VIDEO, ssrc_of(participant, AUDIO_SLOTS + i) | (publisher ? 0 : 1u << 31));
    if (sfu_router_join(bench->router, &params, bench, bench->now_us, &peer) != SFU_JOIN_OK)
        abort();
    return peer;
}

/* A packet of each of a publisher's media: to the router it is there from then on. */
static void speak(struct bench *bench, unsigned participant)
{
    static const uint8_t payload[100];
    uint8_t data[SFU_PACKET_MAX];
    size_t len;
    for (unsigned video = 0; video < 2; video++) {
        struct rtp_header header = {.pt = video ? PT_VIDEO : PT_AUDIO,
                                    .seq = bench->seq,
                                    .ts = bench->seq,
                                    .ssrc = ssrc_of(participant, video ? AUDIO_SLOTS : 0)};
        if (rtp_packet_write(&header, payload, sizeof payload, 0, data, sizeof data, &len) != RTP_OK)
            abort();
        sfu_router_rtp(bench->router, bench->publishers[participant], data, len, bench->now_us);
    }
    sfu_router_flush(bench->router, bench->now_us);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void report(unsigned count, const char *what, uint64_t *ns)
{
    qsort(ns, ROUNDS, sizeof *ns, compare);
    printf("%u participants, %-34s median %9.1f us, worst %9.1f us\n", count, what, (double)ns[ROUNDS / 2] / 1e3,
           (double)ns[ROUNDS - 1] / 1e3);
}

static void run(unsigned count)
{
    static const struct sfu_router_ops ops = {.send_rtp = drop_rtp, .send_rtcp = drop_rtcp};
    static struct bench bench;
    static uint64_t ns[5][ROUNDS];
    const struct sfu_router_config config = {.ops = &ops, .max_rooms = 1, .max_peers_per_room = 2 * count + 2};
    bench = (struct bench){.router = sfu_router_new(&config), .now_us = 1000000};
    if (!bench.router)
        abort();
    for (unsigned i = 0; i < count; i++) {
        bench.publishers[i] = join(&bench, SFU_PUBLISHER, i);
        bench.subscribers[i] = join(&bench, SFU_SUBSCRIBER, i);
        speak(&bench, i);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* who came first is shown by everybody, and whoever follows moves up into the slots */
        unsigned i = round;
        bench.now_us += 20000;
        bench.seq++;
        uint64_t start = cpu_ns();
        sfu_router_leave(bench.router, bench.publishers[i], bench.now_us);
        uint64_t left = cpu_ns();
        bench.publishers[i] = join(&bench, SFU_PUBLISHER, i);
        uint64_t joined = cpu_ns();
        speak(&bench, i);
        uint64_t spoken = cpu_ns();
        sfu_router_leave(bench.router, bench.subscribers[i], bench.now_us);
        uint64_t subscriber_left = cpu_ns();
        bench.subscribers[i] = join(&bench, SFU_SUBSCRIBER, i);
        uint64_t subscriber_joined = cpu_ns();
        ns[0][round] = left - start;
        ns[1][round] = joined - left;
        ns[2][round] = spoken - joined;
        ns[3][round] = subscriber_left - spoken;
        ns[4][round] = subscriber_joined - subscriber_left;
    }
    static const char *const names[] = {"a publisher leaves", "a publisher joins", "its first packets",
                                        "a subscriber leaves", "a subscriber joins"};
    for (size_t i = 0; i < 5; i++)
        report(count, names[i], ns[i]);
    sfu_router_free(bench.router);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        fprintf(stderr, "usage: %s [PARTICIPANTS]\n", argv[0]);
        return 2;
    }
    unsigned count = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (count > PARTICIPANTS_MAX || (argc == 2 && count < ROUNDS)) {
        fprintf(stderr, "%d to %d participants\n", ROUNDS, PARTICIPANTS_MAX);
        return 2;
    }
    run(count ? count : 200);
    if (!count)
        run(400);
    return 0;
}
