/* Who may speak in the room of a delivery service: of all who do, the first that shows that it knows the code. */
#ifndef ID_ROOM_H
#define ID_ROOM_H

#include "accept.h"

enum {
    ID_ROOM_PENDING = 16,    /* runs at once that have not shown it yet; the oldest goes for one more */
    ID_ROOM_STARTS_MAX = 32, /* in all: each costs an answer, and the service takes 40 at once */
};

/* Waits ID_CHANNEL_PEER_S for the new device: *link has its request then (IDENTITY_LINK_ASKED; the caller's to free).
 * What is no message of a run, and who begins one, costs nobody anything; a request whose tag fits none of the runs is
 * the one guess. */
enum id_accepted id_room_accept(const struct id_channel *channel, const char *code, struct identity_link **link);

#endif
