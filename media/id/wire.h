/* Messages over TCP, for add-device: each with its length in front, 32 bits. */
#ifndef ID_WIRE_H
#define ID_WIRE_H

#include "channel.h"

/* Listens at ADDRESS:PORT (port 0: any), announces where, and waits for one connection. False, and told: none. */
bool id_wire_accept(const char *where, id_announce *announce, void *context, struct id_channel *channel);
bool id_wire_connect(const char *where, struct id_channel *channel);

#endif
