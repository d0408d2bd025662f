#include "ds/packet.h"

#include <stdlib.h>

enum { FIELDS_MAX = 512, RING_FIRST = 16 };

struct ds_packet *ds_packet_new(const struct wire_envelope *envelope, size_t payload)
{
    size_t cap = payload + FIELDS_MAX;
    struct ds_packet *packet = malloc(sizeof(*packet) + DS_HEADROOM + cap);
    struct bytes_writer w;
    if (!packet)
        return NULL;
    *packet = (struct ds_packet){.refs = 1};
    bytes_writer_init(&w, ds_packet_data(packet), cap);
    wire_envelope_write(&w, envelope);
    if (!bytes_writer_ok(&w)) {
        free(packet);
        return NULL;
    }
    packet->len = w.len;
    return packet;
}

struct ds_packet *ds_packet_ref(struct ds_packet *packet)
{
    packet->refs++;
    return packet;
}

void ds_packet_unref(struct ds_packet *packet)
{
    if (packet && --packet->refs == 0)
        free(packet);
}

static bool grow(struct ds_queue *queue)
{
    size_t cap = queue->cap ? 2 * queue->cap : RING_FIRST;
    struct ds_packet **ring = malloc(cap * sizeof(struct ds_packet *));
    if (!ring)
        return false;
    for (size_t i = 0; i < queue->count; i++)
        ring[i] = queue->ring[(queue->first + i) % queue->cap];
    free(queue->ring);
    queue->ring = ring;
    queue->cap = cap;
    queue->first = 0;
    return true;
}

bool ds_queue_push(struct ds_queue *queue, struct ds_packet *packet, size_t count_max, size_t bytes_max)
{
    if (queue->count >= count_max || packet->len > bytes_max || queue->bytes > bytes_max - packet->len ||
        (queue->count == queue->cap && !grow(queue)))
        return false;
    queue->ring[(queue->first + queue->count++) % queue->cap] = ds_packet_ref(packet);
    queue->bytes += packet->len;
    return true;
}

struct ds_packet *ds_queue_pop(struct ds_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    struct ds_packet *packet = queue->ring[queue->first];
    queue->first = (queue->first + 1) % queue->cap;
    queue->count--;
    queue->bytes -= packet->len;
    return packet;
}

void ds_queue_clear(struct ds_queue *queue)
{
    struct ds_packet *packet;
    while ((packet = ds_queue_pop(queue)))
        ds_packet_unref(packet);
    free(queue->ring);
    *queue = (struct ds_queue){.ring = NULL};
}
