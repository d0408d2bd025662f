/* Hostile RTP, RTCP and wishes into a room of three publishers and three subscribers. The sim around the router ends
 * the program if anything it sends is malformed, an (SSRC, sequence number) leaves twice, or a timer stands still.
 *
 * Input: records of one byte (low 3 bits: which peer; next 2: what), two bytes of length, and the data: an RTP packet,
 * an RTCP packet, milliseconds that pass, or a wish. */
#include "core/bytes.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PEERS = 6, RECORDS_MAX = 400 };
enum what { RTP, RTCP, TIME, WISH };

static void wish(struct sim_peer *peer, const uint8_t *data, size_t len)
{
    static const char *const publishers[] = {"", "anna", "ben", "cleo"};
    struct sfu_slot_wish w = {0};
    if (len < 2)
        return;
    snprintf(w.mid, sizeof w.mid, "%c%u", data[0] & 1 ? 'v' : 'a', data[0] >> 1 & 1);
    snprintf(w.publisher, sizeof w.publisher, "%s", publishers[data[0] >> 2 & 3]);
    w.paused = (data[0] & 0x10) != 0;
    w.max_height = data[1] * UINT32_C(8);
    sfu_router_set_slots(peer->sim->router, peer->peer, &w, 1, peer->sim->now_us);
}

/* The session goes and comes again. */
static void rejoin(struct sim *sim, struct sim_peer *peer)
{
    sfu_router_leave(sim->router, peer->peer, sim->now_us);
    peer->used_count = 0;
    if (sfu_router_join(sim->router, &peer->params, peer, sim->now_us, &peer->peer) != SFU_JOIN_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sim sim;
    static const char *const names[] = {"anna", "ben", "cleo"};
    struct bytes_reader r;
    sim_open(&sim);
    for (size_t i = 0; i < 3; i++) {
        struct sfu_session_params params;
        sim_publisher_params(&params, names[i], 1, 1);
        if (i == 1) { /* simulcast, learnt by MID and RID */
            params.media[1].ssrc = params.media[1].rtx_ssrc = 0;
            params.media[1].rid_count = 2;
            snprintf(params.media[1].rids[0], sizeof params.media[1].rids[0], "%s", "h");
            snprintf(params.media[1].rids[1], sizeof params.media[1].rids[1], "%s", "l");
        }
        (void)sim_join(&sim, &params);
        sim_subscriber_params(&params, names[i], 2, 2);
        params.extmap_allow_mixed = i != 0;
        sim_join(&sim, &params)->silent = i == 2;
    }
    bytes_reader_init(&r, data, size);
    for (size_t n = 0; n < RECORDS_MAX; n++) {
        uint8_t head = bytes_read_u8(&r);
        size_t len = bytes_read_u16(&r);
        const uint8_t *record = bytes_parse(&r, len);
        struct sim_peer *peer = &sim.peers[(head & 7) % PEERS];
        uint8_t packet[SFU_PACKET_MAX];
        if (!bytes_reader_ok(&r) || len > sizeof packet)
            break;
        switch ((enum what)(head >> 3 & 3)) {
        case RTP:
            if (len > 0)
                memcpy(packet, record, len);
            sfu_router_rtp(sim.router, peer->peer, packet, len, sim.now_us);
            break;
        case RTCP:
            sfu_router_rtcp(sim.router, peer->peer, record, len, sim.now_us);
            break;
        case TIME:
            sim_run(&sim, len > 0 ? record[0] * (uint64_t)SIM_MS : 0);
            sim_clear(&sim);
            break;
        case WISH:
            if (len == 0)
                rejoin(&sim, peer);
            else
                wish(peer, record, len);
            break;
        }
    }
    sim_run(&sim, 3000 * SIM_MS);
    sim_close(&sim);
    return 0;
}
