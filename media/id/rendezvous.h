/* Where two devices of a user meet on a delivery service, and how their messages stand in its relay's payloads. */
#ifndef ID_RENDEZVOUS_H
#define ID_RENDEZVOUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/provider.h"
#include "sotto/identity.h"
#include "wire/envelope.h"

enum {
    ID_HOST_MAX = 255,
    ID_PAYLOAD_LEN = 4096, /* of each payload: it shows nothing of what is in it */
    ID_WHERE_MAX = ID_HOST_MAX + 1 + WIRE_ID_MAX + 1,
};

struct id_rendezvous {
    char host[ID_HOST_MAX + 1]; /* with a port or without */
    char room[WIRE_ID_MAX + 1]; /* empty: none is named yet */
};

/* HOST, HOST:PORT, and either with /ROOM. False if it is none. */
bool id_rendezvous_parse(const char *text, struct id_rendezvous *out);
/* A room of its own for one linking: "link-" and 40 random bits, in letters and digits that are not taken for each
 * other. It is no secret. False: no randomness. */
bool id_rendezvous_draw(struct id_rendezvous *rendezvous);

/* The sides of a linking, as payloads name them: a relay gives back what one sends. */
enum id_side { ID_SIDE_NEW = 1, ID_SIDE_ROOT = 2 };

/*     struct { uint8 from; opaque message<V>; } and zeros.
 * message[0..len): IDENTITY_LINK_MESSAGE_MAX at most. */
void id_payload_write(enum id_side from, const uint8_t *message, size_t len, uint8_t out[ID_PAYLOAD_LEN]);
/* False if it is malformed. The message is borrowed. */
bool id_payload_parse(struct core_slice payload, enum id_side *from, struct core_slice *message);

#endif
