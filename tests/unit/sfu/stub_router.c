#include "stub_router.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sfu/router.h"

enum { PEERS_MAX = 64 };

struct sfu_peer {
    void *transport;
    char room[SFU_ID_MAX];
    uint8_t data[SFU_BURST_MAX][SFU_PACKET_MAX + SFU_SRTP_TAILROOM];
    struct sfu_out_packet burst[SFU_BURST_MAX];
    size_t count;
};

struct sfu_router {
    const struct sfu_router_ops *ops;
    struct sfu_peer *peers[PEERS_MAX];
    size_t count;
    struct sfu_router_stats stats;
};

static struct {
    atomic_uint_fast64_t joined, left, rtp, rtcp, wishes, flushes;
    atomic_int refusal;
} seen;

struct stub_router_seen stub_router_seen(void)
{
    return (struct stub_router_seen){.joined = seen.joined,
                                     .left = seen.left,
                                     .rtp = seen.rtp,
                                     .rtcp = seen.rtcp,
                                     .wishes = seen.wishes,
                                     .flushes = seen.flushes};
}

void stub_router_refuse(int error)
{
    seen.refusal = error;
}

struct sfu_router *sfu_router_new(const struct sfu_router_config *config)
{
    struct sfu_router *router = calloc(1, sizeof *router);
    if (router)
        router->ops = config->ops;
    return router;
}

void sfu_router_free(struct sfu_router *router)
{
    free(router);
}

int sfu_router_join(struct sfu_router *router, const struct sfu_session_params *params, void *transport,
                    uint64_t now_us, struct sfu_peer **peer)
{
    (void)now_us;
    if (seen.refusal || router->count == PEERS_MAX)
        return seen.refusal ? seen.refusal : SFU_JOIN_FULL;
    struct sfu_peer *added = calloc(1, sizeof *added);
    if (!added)
        return SFU_JOIN_MEMORY;
    added->transport = transport;
    memcpy(added->room, params->room, sizeof added->room);
    router->peers[router->count++] = added;
    seen.joined++;
    *peer = added;
    return SFU_JOIN_OK;
}

void sfu_router_leave(struct sfu_router *router, struct sfu_peer *peer, uint64_t now_us)
{
    (void)now_us;
    for (size_t i = 0; i < router->count; i++)
        if (router->peers[i] == peer)
            router->peers[i] = router->peers[--router->count];
    free(peer);
    seen.left++;
}

static void send_burst(struct sfu_router *router, struct sfu_peer *peer)
{
    if (peer->count > 0)
        router->ops->send_rtp(peer->transport, peer->burst, peer->count);
    router->stats.packets_out += peer->count;
    peer->count = 0;
}

void sfu_router_rtp(struct sfu_router *router, struct sfu_peer *from, uint8_t *packet, size_t len, uint64_t now_us)
{
    (void)now_us;
    seen.rtp++;
    router->stats.packets_in++;
    for (size_t i = 0; i < router->count; i++) {
        struct sfu_peer *to = router->peers[i];
        if (to == from || strcmp(to->room, from->room) != 0 || len > SFU_PACKET_MAX)
            continue;
        if (to->count == SFU_BURST_MAX)
            send_burst(router, to);
        memcpy(to->data[to->count], packet, len);
        to->burst[to->count] = (struct sfu_out_packet){.data = to->data[to->count], .len = len};
        to->count++;
    }
}

void sfu_router_rtcp(struct sfu_router *router, struct sfu_peer *from, const uint8_t *packet, size_t len,
                     uint64_t now_us)
{
    uint8_t copy[SFU_PACKET_MAX + SFU_SRTP_TAILROOM + 4];
    (void)now_us;
    seen.rtcp++;
    if (len > SFU_PACKET_MAX)
        return;
    /* back to where it came from */
    memcpy(copy, packet, len);
    router->ops->send_rtcp(from->transport, copy, len);
}

void sfu_router_flush(struct sfu_router *router, uint64_t now_us)
{
    (void)now_us;
    seen.flushes++;
    for (size_t i = 0; i < router->count; i++)
        send_burst(router, router->peers[i]);
}

uint64_t sfu_router_next_timeout(const struct sfu_router *router)
{
    (void)router;
    return UINT64_MAX;
}

void sfu_router_tick(struct sfu_router *router, uint64_t now_us)
{
    (void)router;
    (void)now_us;
}

void sfu_router_set_slots(struct sfu_router *router, struct sfu_peer *peer, const struct sfu_slot_wish *wishes,
                          size_t count, uint64_t now_us)
{
    (void)router;
    (void)peer;
    (void)wishes;
    (void)now_us;
    seen.wishes += count;
}

void sfu_router_stats(const struct sfu_router *router, struct sfu_router_stats *stats)
{
    *stats = router->stats;
    stats->peers = (uint32_t)router->count;
}

void sfu_router_forwarded(const struct sfu_router *router,
                          void (*visit)(void *user, const struct sfu_forward_stats *stats), void *user)
{
    for (size_t i = 0; i < router->count; i++) {
        struct sfu_forward_stats stats = {.packets = i};
        visit(user, &stats);
    }
}
