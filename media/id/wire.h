/* Messages over TCP, for add-device: each with its length in front, 32 bits. What goes wrong is told on standard
 * error. */
#ifndef ID_WIRE_H
#define ID_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_WIRE_CONNECT_S = 600 /* seconds to wait for the other device */, ID_WIRE_MESSAGE_S = 60 };

/* Listens at ADDRESS:PORT (port 0: any), gives where in words to `announce`, and waits for one connection. -1: none. */
int id_wire_accept(const char *where, void (*announce)(void *context, const char *where), void *context);
int id_wire_connect(const char *where);
bool id_wire_send(int fd, const uint8_t *data, size_t len);
/* out[0..cap) */
bool id_wire_receive(int fd, uint8_t *out, size_t cap, size_t *len);

#endif
