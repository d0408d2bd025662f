/* Messages over TCP, for add-device: each with its length in front, 32 bits. */
#ifndef ID_WIRE_H
#define ID_WIRE_H

#include "channel.h"

enum {
    ID_WIRE_PLACE_MAX = 256,
    ID_WIRE_HEAD_LEN = 4, /* the length before a message */
};

/* A socket that listens at ADDRESS:PORT (port 0: any) and does not block; place says where. -1, and told: none. */
int id_wire_listen(const char *where, int backlog, char place[ID_WIRE_PLACE_MAX]);
/* Over a connected socket, which is the channel's then. False without memory: it is closed. */
bool id_wire_open(int fd, struct id_channel *channel);
bool id_wire_connect(const char *where, struct id_channel *channel);

#endif
