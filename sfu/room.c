#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

struct sfu_room *sfu_room_find(struct sfu_router *router, const char *name)
{
    for (struct sfu_room *room = router->rooms; room; room = room->next)
        if (strcmp(room->name, name) == 0)
            return room;
    return NULL;
}

static bool has_session(const struct sfu_router *router, const char *id)
{
    for (const struct sfu_room *room = router->rooms; room; room = room->next)
        for (const struct sfu_peer *peer = room->peers; peer; peer = peer->next)
            if (strcmp(peer->params.id, id) == 0)
                return true;
    return false;
}

int sfu_room_add(struct sfu_router *router, struct sfu_peer *peer)
{
    if (has_session(router, peer->params.id))
        return SFU_JOIN_DUPLICATE;
    struct sfu_room *room = sfu_room_find(router, peer->params.room);
    if (room ? room->peer_count >= router->config.max_peers_per_room
             : router->stats.rooms >= router->config.max_rooms || router->config.max_peers_per_room == 0)
        return SFU_JOIN_FULL;
    if (!room) {
        room = calloc(1, sizeof *room);
        if (!room)
            return SFU_JOIN_MEMORY;
        snprintf(room->name, sizeof room->name, "%s", peer->params.room);
        room->next = router->rooms;
        router->rooms = room;
        router->stats.rooms++;
    }
    peer->room = room;
    /* at the end: who came first is looked at first */
    struct sfu_peer **end = &room->peers;
    while (*end)
        end = &(*end)->next;
    *end = peer;
    room->peer_count++;
    router->stats.peers++;
    return SFU_JOIN_OK;
}

void sfu_room_remove(struct sfu_peer *peer)
{
    struct sfu_router *router = peer->router;
    struct sfu_room *room = peer->room;
    for (struct sfu_peer **at = &room->peers; *at; at = &(*at)->next) {
        if (*at == peer) {
            *at = peer->next;
            break;
        }
    }
    router->stats.peers--;
    peer->room = NULL;
    if (--room->peer_count > 0)
        return;
    for (struct sfu_room **at = &router->rooms; *at; at = &(*at)->next) {
        if (*at == room) {
            *at = room->next;
            break;
        }
    }
    router->stats.rooms--;
    free(room);
}

bool sfu_room_ssrc_is_foreign(const struct sfu_peer *peer, uint32_t ssrc)
{
    bool is_rtx;
    for (const struct sfu_peer *other = peer->room->peers; other; other = other->next)
        if (other != peer && sfu_source_find(other, ssrc, &is_rtx))
            return true;
    return false;
}
