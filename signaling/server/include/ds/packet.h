/* What is on its way out: encoded envelopes, shared by all who get them, and a bounded queue of them for each client.
 */
#ifndef DS_PACKET_H
#define DS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"
#include "wire/envelope.h"

enum { DS_HEADROOM = 32 }; /* bytes before the envelope that belong to the transport */

struct ds_packet {
    size_t refs;
    size_t len;
    uint8_t bytes[]; /* DS_HEADROOM, then the envelope */
};

/* Encodes; payload is the length of the byte strings and lists in it, together. NULL without memory, or for what cannot
 * be written. */
struct ds_packet *ds_packet_new(const struct wire_envelope *envelope, size_t payload);
struct ds_packet *ds_packet_ref(struct ds_packet *packet);
/* NULL is allowed. */
void ds_packet_unref(struct ds_packet *packet);
static inline uint8_t *ds_packet_data(struct ds_packet *packet)
{
    return packet->bytes + DS_HEADROOM;
}

struct ds_queue {
    struct ds_packet **ring;
    size_t cap;
    size_t first;
    size_t count;
    size_t bytes;
};

/* Takes a reference. False, and no reference taken, if count or bytes would pass the bounds, or without memory. */
SOTTO_MUST_CHECK bool ds_queue_push(struct ds_queue *queue, struct ds_packet *packet, size_t count_max,
                                    size_t bytes_max);
/* The first, whose reference is the caller's then; NULL if there is none. */
struct ds_packet *ds_queue_pop(struct ds_queue *queue);
/* Drops all of it and its memory; empty afterwards. */
void ds_queue_clear(struct ds_queue *queue);

#endif
