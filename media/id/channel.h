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

/* Which message is waited for. */
struct id_wanted {
    bool (*is)(const void *context, const uint8_t *data, size_t len);
    const void *context;
    /* By the monotonic clock, where it is not known yet whether anybody is there; 0: for ID_CHANNEL_MESSAGE_S. */
    int64_t until_us;
};

struct id_channel {
    bool (*send)(void *carrier, const uint8_t *data, size_t len);
    /* out[0..cap): the next message that is wanted; where nobody but the other device can send any, the next one */
    bool (*receive)(void *carrier, const struct id_wanted *wanted, uint8_t *out, size_t cap, size_t *len);
    void (*close)(void *carrier);
    void *carrier; /* NULL: it is not open */
};

/* Told where the other device finds this one, in words for its command line. */
typedef void id_announce(void *context, const char *where);

#endif
