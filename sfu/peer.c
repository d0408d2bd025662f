#include "peer.h"

#include <string.h>

uint64_t sfu_random(struct sfu_router *router)
{
    /* splitmix64: spreads one seed over many starting numbers, which need not be secret */
    uint64_t x = router->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void sfu_peer_wake(struct sfu_peer *peer, uint64_t at_us)
{
    if (at_us < peer->due_us)
        peer->due_us = at_us;
    if (at_us < peer->router->due_us)
        peer->router->due_us = at_us;
}

void sfu_peer_mark(struct sfu_peer *peer)
{
    if (peer->dirty)
        return;
    peer->dirty = true;
    peer->next_dirty = peer->router->dirty;
    peer->router->dirty = peer;
}

uint8_t *sfu_peer_reserve(struct sfu_peer *peer)
{
    if (peer->burst->count == SFU_BURST_MAX)
        sfu_peer_flush(peer);
    return peer->burst->bytes[peer->burst->count];
}

void sfu_peer_commit(struct sfu_peer *peer, size_t len)
{
    struct sfu_burst *burst = peer->burst;
    burst->packets[burst->count] = (struct sfu_out_packet){.data = burst->bytes[burst->count], .len = len};
    burst->count++;
    peer->router->stats.packets_out++;
    peer->router->stats.bytes_out += len;
    sfu_peer_mark(peer);
}

void sfu_peer_flush(struct sfu_peer *peer)
{
    if (!peer->burst || peer->burst->count == 0)
        return;
    peer->router->config.ops->send_rtp(peer->transport, peer->burst->packets, peer->burst->count);
    peer->burst->count = 0;
}

void sfu_peer_send_rtcp(struct sfu_peer *peer, const uint8_t *data, size_t len)
{
    /* SRTCP adds its index beside the tag */
    uint8_t packet[SFU_RTCP_MAX + SFU_SRTP_TAILROOM + 4];
    if (len == 0 || len > SFU_RTCP_MAX)
        return;
    memcpy(packet, data, len);
    peer->router->config.ops->send_rtcp(peer->transport, packet, len);
}
