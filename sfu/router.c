#include "sfu/router.h"

#include <stdlib.h>
#include <string.h>

#include "feedback.h"
#include "reports.h"
#include "room.h"
#include "select.h"
#include "slot.h"
#include "source.h"

struct sfu_router *sfu_router_new(const struct sfu_router_config *config)
{
    struct sfu_router *router = calloc(1, sizeof *router);
    if (!router)
        return NULL;
    router->config = *config;
    router->random = config->seed;
    router->due_us = UINT64_MAX;
    return router;
}

static void peer_free(struct sfu_peer *peer)
{
    sfu_slots_close(peer);
    sfu_source_close(peer);
    free(peer);
}

void sfu_router_free(struct sfu_router *router)
{
    if (!router)
        return;
    while (router->rooms)
        /* a room goes with its last peer; the analyzer cannot see it: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        sfu_router_leave(router, router->rooms->peers, 0);
    sfu_pairs_free(&router->pairs);
    free(router);
}

static bool terminated(const char *text, size_t cap)
{
    return memchr(text, '\0', cap) != NULL;
}

/* The SDP side made these; what could still run past an array is refused. */
static bool params_fit(const struct sfu_session_params *params)
{
    if (params->media_count > SFU_MEDIA_MAX || !terminated(params->id, sizeof params->id) ||
        !terminated(params->room, sizeof params->room) || !terminated(params->pseudonym, sizeof params->pseudonym) ||
        !terminated(params->cname, sizeof params->cname))
        return false;
    for (size_t i = 0; i < params->media_count; i++) {
        const struct sfu_media *media = &params->media[i];
        if (media->codec_count > SFU_CODECS_MAX || media->rid_count > SFU_RIDS_MAX ||
            !terminated(media->mid, sizeof media->mid))
            return false;
        for (size_t r = 0; r < media->rid_count; r++)
            if (!terminated(media->rids[r], sizeof media->rids[r]))
                return false;
    }
    return true;
}

int sfu_router_join(struct sfu_router *router, const struct sfu_session_params *params, void *transport,
                    uint64_t now_us, struct sfu_peer **out)
{
    if (!params_fit(params))
        return SFU_JOIN_FULL;
    struct sfu_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return SFU_JOIN_MEMORY;
    peer->router = router;
    peer->params = *params;
    peer->transport = transport;
    peer->local_ssrc = (uint32_t)sfu_random(router);
    peer->rtt_us = SFU_RTT_DEFAULT_US;
    peer->due_us = UINT64_MAX;
    peer->report_us = now_us + SFU_REPORT_INTERVAL_US;
    int error = sfu_room_add(router, peer);
    if (error != SFU_JOIN_OK) {
        free(peer);
        return error;
    }
    if (params->role == SFU_PUBLISHER ? !sfu_source_open(peer) : !sfu_slots_open(peer)) {
        sfu_room_remove(peer);
        peer_free(peer);
        return SFU_JOIN_MEMORY;
    }
    sfu_select_peer(peer, now_us);
    sfu_peer_wake(peer, peer->report_us);
    *out = peer;
    return SFU_JOIN_OK;
}

static void forget_dirty(struct sfu_router *router, const struct sfu_peer *peer)
{
    for (struct sfu_peer **at = &router->dirty; *at; at = &(*at)->next_dirty) {
        if (*at == peer) {
            *at = peer->next_dirty;
            return;
        }
    }
}

void sfu_router_leave(struct sfu_router *router, struct sfu_peer *peer, uint64_t now_us)
{
    struct sfu_room *room = peer->room;
    bool last = room->peer_count == 1;
    for (size_t t = 0; t < peer->track_count; t++)
        while (peer->tracks[t].slots)
            sfu_slot_detach(peer->tracks[t].slots);
    forget_dirty(router, peer);
    sfu_room_remove(peer);
    peer_free(peer);
    if (!last)
        sfu_select_room(room, now_us);
}

void sfu_router_rtp(struct sfu_router *router, struct sfu_peer *from, uint8_t *packet, size_t len, uint64_t now_us)
{
    struct sfu_incoming in;
    router->stats.packets_in++;
    router->stats.bytes_in += len;
    if (from->params.role != SFU_PUBLISHER) {
        router->stats.malformed++;
        return;
    }
    bool accepted = sfu_source_receive(from, packet, len, now_us, &in);
    if (from->arrivals.count > 0)
        sfu_peer_wake(from, from->arrivals_us > now_us ? from->arrivals_us : now_us + SFU_ARRIVALS_REPORT_US);
    if (!accepted)
        return;
    struct sfu_track *track = in.track;
    if (in.codec && in.codec != track->codec) {
        if (track->codec && now_us - track->codec_us < SFU_CHANGE_US)
            return;
        track->codec = in.codec;
        track->codec_us = now_us;
        sfu_select_track_changed(track, now_us);
    } else if (in.codec && in.wakes) {
        sfu_select_room(from->room, now_us);
    }
    track->announced = track->codec != NULL;
    for (struct sfu_slot *slot = track->slots; slot; slot = slot->next)
        sfu_slot_forward(slot, &in);
}

void sfu_router_rtcp(struct sfu_router *router, struct sfu_peer *from, const uint8_t *packet, size_t len,
                     uint64_t now_us)
{
    (void)router;
    sfu_feedback_receive(from, packet, len, now_us);
}

void sfu_router_flush(struct sfu_router *router, uint64_t now_us)
{
    while (router->dirty) {
        struct sfu_peer *peer = router->dirty;
        router->dirty = peer->next_dirty;
        peer->dirty = false;
        if (peer->params.role == SFU_PUBLISHER)
            sfu_peer_wake(peer, sfu_source_tick(peer, now_us));
        else
            sfu_peer_flush(peer);
    }
}

uint64_t sfu_router_next_timeout(const struct sfu_router *router)
{
    return router->due_us;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void tick_peer(struct sfu_peer *peer, uint64_t now_us)
{
    uint64_t next;
    if (peer->params.role == SFU_PUBLISHER) {
        peer->due_us = UINT64_MAX;
        next = earlier(sfu_source_tick(peer, now_us), sfu_reports_tick_publisher(peer, now_us));
    } else {
        if (peer->report_us <= now_us)
            sfu_select_layers(peer, now_us);
        /* whatever was woken so far is looked at below */
        peer->due_us = UINT64_MAX;
        next = sfu_reports_tick_subscriber(peer, now_us);
        for (size_t i = 0; i < peer->slot_count; i++)
            next = earlier(next, sfu_slot_tick(&peer->slots[i], now_us));
    }
    sfu_peer_wake(peer, next);
}

void sfu_router_tick(struct sfu_router *router, uint64_t now_us)
{
    if (router->due_us > now_us)
        return;
    for (struct sfu_room *room = router->rooms; room; room = room->next)
        for (struct sfu_peer *peer = room->peers; peer; peer = peer->next)
            if (peer->due_us <= now_us)
                tick_peer(peer, now_us);
    /* what was resent */
    sfu_router_flush(router, now_us);
    /* only now: peers wake each other */
    router->due_us = UINT64_MAX;
    for (struct sfu_room *room = router->rooms; room; room = room->next)
        for (struct sfu_peer *peer = room->peers; peer; peer = peer->next)
            router->due_us = earlier(router->due_us, peer->due_us);
}

void sfu_router_set_slots(struct sfu_router *router, struct sfu_peer *peer, const struct sfu_slot_wish *wishes,
                          size_t count, uint64_t now_us)
{
    (void)router;
    if (peer->params.role != SFU_SUBSCRIBER)
        return;
    sfu_select_wishes(peer, wishes, count, now_us);
    sfu_peer_wake(peer, now_us);
}

void sfu_router_stats(const struct sfu_router *router, struct sfu_router_stats *stats)
{
    *stats = router->stats;
}

void sfu_router_forwarded(const struct sfu_router *router,
                          void (*visit)(void *user, const struct sfu_forward_stats *stats), void *user)
{
    for (const struct sfu_pair *pair = router->pairs.first; pair; pair = pair->next)
        if (pair->stats.packets > 0)
            visit(user, &pair->stats);
}
