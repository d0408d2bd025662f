/* A room: the sessions that see each other. */
#ifndef SFU_ROOM_H
#define SFU_ROOM_H

#include "peer.h"

struct sfu_room {
    struct sfu_room *next;
    char name[SFU_ID_MAX];
    struct sfu_peer *peers;
    uint32_t peer_count;
};

/* The room of that name; NULL if there is none. */
struct sfu_room *sfu_room_find(struct sfu_router *router, const char *name);
/* Adds a peer to the room its params name, which is made if need be. Errors: enum sfu_join_error. */
int sfu_room_add(struct sfu_router *router, struct sfu_peer *peer);
/* Takes a peer out; the last one takes its room along. */
void sfu_room_remove(struct sfu_peer *peer);
/* True if another peer of the room owns this SSRC. */
bool sfu_room_ssrc_is_foreign(const struct sfu_peer *peer, uint32_t ssrc);

#endif
