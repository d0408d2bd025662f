/* Key packages: those that wait to be added, in memory, and those in stock, in the store. */
#include <stdlib.h>
#include <string.h>

#include "hub_internal.h"

/* Everybody is told the number once it can be written: of a storm of joiners each hears as much as it can take. */
static void changed(struct ds_room *room)
{
    room->waiting_version++;
    ds_room_wake(room);
}

void ds_waiting_drop(struct ds_peer *peer)
{
    if (!peer->waiting.data)
        return;
    free(peer->waiting.data);
    peer->waiting.data = NULL;
    if (peer->member) {
        peer->member->room->waiting_count--;
        changed(peer->member->room);
    }
}

struct ds_packet *ds_next_waiting(struct ds_peer *peer)
{
    const struct ds_room *room = peer->member ? peer->member->room : NULL;
    if (!room || peer->waiting_seen == room->waiting_version)
        return NULL;
    peer->waiting_seen = room->waiting_version;
    return ds_packet_new(&(struct wire_envelope){.type = WIRE_KEY_PACKAGES_WAITING, .waiting = {room->waiting_count}},
                         0);
}

/* --- Putting --- */

static void put_waiting(struct ds_peer *peer, uint32_t request, struct core_slice data)
{
    struct ds_hub *hub = peer->hub;
    uint8_t *copy = malloc(data.len);
    if (!copy) {
        ds_peer_refuse(peer, request, WIRE_REFUSED_INTERNAL);
        return;
    }
    memcpy(copy, data.data, data.len);
    if (peer->waiting.data)
        free(peer->waiting.data);
    else
        peer->member->room->waiting_count++;
    peer->waiting = (struct ds_waiting){copy, data.len, hub->now.wall_s + DS_WAITING_LIFE_S, ++hub->waiting_order};
    ds_peer_done(peer, request);
    changed(peer->member->room);
}

static void put_in_stock(struct ds_peer *peer, uint32_t request, const struct wire_put_key_package *put)
{
    struct ds_hub *hub = peer->hub;
    struct ds_room *room = peer->member->room;
    if (!ds_batch_stage(hub, room, peer, request))
        return;
    const struct ds_store_bounds bounds = ds_batch_bounds(hub, room);
    int error = ds_store_put_key_package(hub->config.store, &room->staged, peer->member->subject,
                                         (enum wire_use)put->use, put->key_package, DS_ONE_USE_MAX, &bounds);
    if (error == DS_STORE_NONE)
        ds_peer_refuse(peer, request, WIRE_REFUSED_FULL);
    else if (error == DS_STORE_OVER)
        ds_batch_over(hub, peer, request);
    else if (error)
        ds_batch_fail(hub, peer, request);
    else
        ds_batch_answer(hub, peer, request,
                        ds_packet_new(&(struct wire_envelope){.type = WIRE_DONE, .request = request}, 0),
                        DS_EFFECT_NONE, room, NULL, put->key_package.len);
}

void ds_on_put(struct ds_peer *peer, uint32_t request, const struct wire_put_key_package *put)
{
    if (!ds_peer_may(peer, request, &peer->member->requests, &peer->hub->config.limits.requests, 1))
        return;
    peer->hub->stats.key_packages++;
    if (put->use == WIRE_USE_WAITING)
        put_waiting(peer, request, put->key_package);
    else
        put_in_stock(peer, request, put);
}

/* --- Taking --- */

static struct ds_packet *taken_packet(const struct ds_room *room, uint32_t request, struct core_slice list)
{
    return ds_packet_new(&(struct wire_envelope){.type = WIRE_KEY_PACKAGES,
                                                 .request = request,
                                                 .key_packages = {room->waiting_count, list}},
                         list.len);
}

/* Who has waited longest; NULL if nobody waits. */
static struct ds_peer *first_waiting(struct ds_room *room)
{
    struct ds_peer *first = NULL;
    struct ds_peer *peer;
    TAILQ_FOREACH(peer, &room->peers, in_room)
    {
        if (peer->waiting.data && (!first || peer->waiting.order < first->waiting.order))
            first = peer;
    }
    return first;
}

static void take_waiting(struct ds_peer *peer, uint32_t request, uint16_t max)
{
    struct ds_room *room = peer->member->room;
    struct bytes_writer list;
    struct ds_peer *holder;
    uint8_t *data = malloc(WIRE_LIST_MAX);
    if (!data) {
        ds_peer_refuse(peer, request, WIRE_REFUSED_INTERNAL);
        return;
    }
    bytes_writer_init(&list, data, WIRE_LIST_MAX);
    for (size_t count = 0; count < max && (holder = first_waiting(room)); count++) {
        size_t len = list.len;
        wire_key_package_write(&list, &(struct wire_key_package){ds_text(holder->member->subject),
                                                                 WIRE_USE_WAITING,
                                                                 {holder->waiting.data, holder->waiting.len}});
        if (!bytes_writer_ok(&list)) {
            list.len = len; /* full: the others wait on */
            break;
        }
        ds_waiting_drop(holder);
    }
    ds_peer_send(peer, taken_packet(room, request, (struct core_slice){data, list.len}));
    free(data);
}

struct taken {
    const struct ds_room *room;
    uint32_t request;
    struct ds_packet *packet;
};

static void make_taken(void *user, const struct wire_key_package *package)
{
    uint8_t data[WIRE_KEY_PACKAGE_MAX + 128];
    struct taken *taken = user;
    struct bytes_writer list;
    bytes_writer_init(&list, data, sizeof(data));
    wire_key_package_write(&list, package);
    if (bytes_writer_ok(&list))
        taken->packet = taken_packet(taken->room, taken->request, (struct core_slice){data, list.len});
}

/* One of use once is gone from the disk before it is given out. */
static void take_of_holder(struct ds_peer *peer, uint32_t request, const char *holder)
{
    struct ds_hub *hub = peer->hub;
    struct ds_room *room = peer->member->room;
    struct taken taken = {room, request, NULL};
    int error = DS_STORE_NONE;
    if (room->staged.id != 0) {
        if (!ds_batch_stage(hub, room, peer, request))
            return;
        error = ds_store_take_key_package(hub->config.store, &room->staged, holder, make_taken, &taken);
    }
    if (error == DS_STORE_NONE) {
        ds_peer_send(peer, taken_packet(room, request, (struct core_slice){NULL, 0}));
    } else if (error) {
        ds_packet_unref(taken.packet);
        ds_batch_fail(hub, peer, request);
    } else {
        ds_batch_answer(hub, peer, request, taken.packet, DS_EFFECT_NONE, room, NULL, WIRE_KEY_PACKAGE_MAX);
    }
}

void ds_on_take(struct ds_peer *peer, uint32_t request, const struct wire_take_key_packages *take)
{
    char holder[WIRE_ID_MAX + 1] = "";
    if (!ds_peer_may(peer, request, &peer->member->requests, &peer->hub->config.limits.requests, 1))
        return;
    if (take->holder.len == 0) {
        take_waiting(peer, request, take->max);
        return;
    }
    memcpy(holder, take->holder.data, take->holder.len);
    take_of_holder(peer, request, holder);
}
