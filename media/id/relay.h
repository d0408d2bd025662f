/* Messages through the relay of a delivery service, for add-device: both devices enter a room that is used for this
 * alone. The service carries what it likes; who it is that speaks, and who is there, is never believed. */
#ifndef ID_RELAY_H
#define ID_RELAY_H

#include "channel.h"

enum { ID_RELAY_PASSED_OVER_MAX = 1000 /* messages in all that are not waited for: then it ends */ };

/* Enters HOST[:PORT][/ROOM], a fresh room if none is named, and announces HOST[:PORT]/ROOM. token: NULL for a service
 * that asks for none. False, and told: it cannot be entered. */
bool id_relay_await(const char *where, const char *token, id_announce *announce, void *context,
                    struct id_channel *channel);
/* Enters HOST[:PORT]/ROOM, where the other device waits. */
bool id_relay_join(const char *where, const char *token, struct id_channel *channel);

#endif
