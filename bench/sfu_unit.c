/* A router among its transports, as a worker drives it: batches in, bursts out. */
#include <stdlib.h>
#include <string.h>

#include "rtp/packet.h"
#include "sfu/srtp.h"
#include "sfu/udp.h"
#include "sfu_parts.h"

/* One session's transport: what the worker's does of SRTP and sending. */
struct line {
    struct sfu_unit *unit;
    struct sfu_srtp *srtp; /* NULL: in the clear */
    struct sfu_udp sink;   /* where a receiver listens */
    struct sfu_address sink_address;
    bool segment;
    struct sfu_out_packet last;
};

struct sfu_unit {
    enum sfu_way way;
    size_t count;
    struct sfu_feed feed;
    struct sfu_router *router;
    struct sfu_peer *peer; /* the publisher */
    struct line publisher;
    struct line receivers[SFU_RECEIVERS_MAX];
    struct sfu_udp socket;
    struct sfu_udp_batch *batch;
};

static const struct sfu_srtp_ops *const srtp = &sfu_srtp_libsrtp2;

static void send_rtp(void *transport, struct sfu_out_packet *packets, size_t count)
{
    struct line *line = transport;
    struct iovec datagrams[SFU_BURST_MAX];
    if (line->srtp)
        for (size_t i = 0; i < count; i++)
            sfu_must(srtp->protect_rtp(line->srtp, packets[i].data, &packets[i].len) == SFU_SRTP_OK);
    line->last = packets[count - 1];
    if (line->unit->way != SFU_SENT)
        return;
    for (size_t i = 0; i < count; i++)
        datagrams[i] = (struct iovec){.iov_base = packets[i].data, .iov_len = packets[i].len};
    sfu_must(sfu_udp_send(&line->unit->socket, &line->sink_address, datagrams, count, &line->segment) == count);
}

static void send_rtcp(void *transport, uint8_t *data, size_t len)
{
    const struct line *line = transport;
    if (line->srtp)
        sfu_must(srtp->protect_rtcp(line->srtp, data, &len) == SFU_SRTP_OK);
}

void sfu_unit_prepare(struct sfu_unit *unit)
{
    struct sfu_router_stats stats;
    sfu_router_stats(unit->router, &stats);
    sfu_must(stats.packets_in == unit->feed.count && stats.packets_out == unit->feed.count * unit->count);
    for (size_t i = 0; unit->way == SFU_SENT && i < unit->count; i++) {
        struct sfu_datagram *datagrams;
        for (bool more = true; more;)
            (void)sfu_udp_receive(&unit->receivers[i].sink, unit->batch, &datagrams, &more);
    }
    sfu_feed_next(&unit->feed);
}

void sfu_unit_run(struct sfu_unit *unit, uint64_t packets)
{
    const uint64_t now_us = unit->feed.now_us;
    for (uint64_t i = 0; i < packets; i++) {
        struct sfu_out_packet *packet = &unit->feed.packets[i];
        if (unit->publisher.srtp)
            sfu_must(srtp->unprotect_rtp(unit->publisher.srtp, packet->data, &packet->len) == SFU_SRTP_OK);
        sfu_router_rtp(unit->router, unit->peer, packet->data, packet->len, now_us);
    }
    sfu_router_flush(unit->router, now_us);
    if (now_us >= sfu_router_next_timeout(unit->router))
        sfu_router_tick(unit->router, now_us);
    sfu_router_flush(unit->router, now_us);
}

static void open_line(struct sfu_unit *unit, struct line *line)
{
    line->unit = unit;
    line->segment = true;
    if (unit->way != SFU_CLEAR)
        line->srtp = sfu_srtp_end(&sfu_key_in, &sfu_key_out);
    if (unit->way == SFU_SENT)
        sfu_must(sfu_udp_open(&line->sink, "127.0.0.1", 0) == 0 &&
                 sfu_address_parse(&line->sink_address, "127.0.0.1", sfu_udp_port(&line->sink)));
}

static void close_line(struct line *line)
{
    srtp->free(line->srtp);
    if (line->unit->way == SFU_SENT)
        sfu_udp_close(&line->sink);
}

/* What went out last is what came in last, under the receiver's key. */
static void check_line(const struct line *line, const struct sfu_out_packet *sent)
{
    struct sfu_out_packet got = line->last;
    struct rtp_packet a;
    struct rtp_packet b;
    if (line->srtp) {
        struct sfu_srtp *receiver = sfu_srtp_end(&sfu_key_out, &sfu_key_in);
        sfu_must(srtp->unprotect_rtp(receiver, got.data, &got.len) == SFU_SRTP_OK);
        srtp->free(receiver);
    }
    sfu_must(rtp_packet_parse(got.data, got.len, &a) == RTP_OK &&
             rtp_packet_parse(sent->data, sent->len, &b) == RTP_OK);
    sfu_must(a.payload_len == b.payload_len && memcmp(a.payload, b.payload, a.payload_len) == 0);
}

struct sfu_unit *sfu_unit_new(enum sfu_way way, size_t receivers)
{
    static const struct sfu_router_ops ops = {.send_rtp = send_rtp, .send_rtcp = send_rtcp};
    const struct sfu_router_config config = {.ops = &ops, .max_rooms = 1, .max_peers_per_room = SFU_RECEIVERS_MAX + 1};
    struct sfu_unit *unit = calloc(1, sizeof *unit);
    sfu_must(unit != NULL);
    *unit = (struct sfu_unit){.way = way, .count = receivers, .router = sfu_router_new(&config)};
    sfu_feed_init(&unit->feed, way != SFU_CLEAR);
    unit->batch = sfu_udp_batch_new();
    sfu_must(unit->router != NULL && unit->batch != NULL);
    sfu_must(way != SFU_SENT || sfu_udp_open(&unit->socket, "127.0.0.1", 0) == 0);
    open_line(unit, &unit->publisher);
    unit->peer = sfu_member_join(unit->router, &sfu_camera, &unit->publisher, unit->feed.now_us);
    for (size_t i = 0; i < receivers; i++) {
        const struct sfu_member member = {
            .role = SFU_SUBSCRIBER, .number = 1 + (unsigned)i, .video = 1, .resends = true};
        open_line(unit, &unit->receivers[i]);
        sfu_member_join(unit->router, &member, &unit->receivers[i], unit->feed.now_us);
    }
    sfu_unit_prepare(unit);
    sfu_unit_run(unit, SFU_FEED_BATCH);
    for (size_t i = 0; i < receivers; i++)
        check_line(&unit->receivers[i], &unit->feed.packets[SFU_FEED_BATCH - 1]);
    return unit;
}

void sfu_unit_free(struct sfu_unit *unit)
{
    sfu_router_free(unit->router);
    for (size_t i = 0; i < unit->count; i++)
        close_line(&unit->receivers[i]);
    close_line(&unit->publisher);
    if (unit->way == SFU_SENT)
        sfu_udp_close(&unit->socket);
    sfu_udp_batch_free(unit->batch);
    sfu_feed_wipe(&unit->feed);
    free(unit);
}
