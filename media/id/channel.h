/* What add-device speaks over, whoever carries it: messages to and from the other device, one at a time in turn. What
 * goes wrong is told on standard error. */
#ifndef ID_CHANNEL_H
#define ID_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ID_CHANNEL_PEER_S = 600,   /* seconds to wait for the other device to appear */
    ID_CHANNEL_MESSAGE_S = 60, /* and for each of its messages */
};

struct id_channel {
    bool (*send)(void *carrier, const uint8_t *data, size_t len);
    /* out[0..cap) */
    bool (*receive)(void *carrier, uint8_t *out, size_t cap, size_t *len);
    void (*close)(void *carrier);
    void *carrier; /* NULL: it is not open */
};

/* Told where the other device finds this one, in words for its command line. */
typedef void id_announce(void *context, const char *where);

#endif
