/* Connections: what comes in is handed on, what goes out is queued; who breaks a bound is dropped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "daemon/log.h"
#include "hub_internal.h"

#define PER_SECOND(n) (UINT64_C(1000000000) / (n))

const struct ds_limits ds_limits_default = {
    .rooms = 10000,
    .participants = 1000,
    .stored_bytes = UINT64_C(10) << 30,
    .retention_s = 24 * 3600,
    .unfinished_bytes = 256 << 20,
    .unfinished_room_bytes = 32 << 20,
    .room = {.entries = 4096, .bytes = 64 << 20, .welcomes = 64, .group_infos = DS_GROUP_INFOS_MAX},
    .appends = {20, PER_SECOND(5)},
    .append_bytes = {5 << 20, PER_SECOND(256 << 10)},
    .relays = {40, PER_SECOND(10)},
    .relay_bytes = {256 << 10, PER_SECOND(64 << 10)},
    .requests = {200, PER_SECOND(50)},
    .answer_bytes = {16 << 20, PER_SECOND(2 << 20)},
    .messages = {400, PER_SECOND(100)},
};

struct ds_hub *ds_hub_new(const struct ds_hub_config *config, struct ds_time now)
{
    struct ds_hub *hub = calloc(1, sizeof(*hub));
    if (!hub)
        return NULL;
    hub->config = *config;
    hub->now = now;
    hub->forgotten_us = now.now_us;
    TAILQ_INIT(&hub->peers);
    TAILQ_INIT(&hub->doomed);
    TAILQ_INIT(&hub->unfinished);
    TAILQ_INIT(&hub->dirty);
    for (size_t i = 0; i < DS_ROOM_BUCKETS; i++)
        TAILQ_INIT(&hub->rooms[i]);
    if (!core_random((uint8_t *)&hub->seed, sizeof(hub->seed)) || ds_batch_count(hub)) {
        free(hub);
        return NULL;
    }
    return hub;
}

void ds_hub_free(struct ds_hub *hub)
{
    if (!hub)
        return;
    if (hub->open)
        ds_store_rollback(hub->config.store);
    for (size_t i = 0; i < hub->pending_count; i++)
        ds_packet_unref(hub->pending[i].answer);
    ds_rooms_free(hub);
    free(hub);
}

/* --- Out --- */

void ds_wake(struct ds_peer *peer)
{
    if (peer->idle) {
        peer->idle = false;
        peer->taken_us = peer->hub->now.now_us;
    }
    peer->hub->config.wake(peer->hub->config.user, peer->connection);
}

void ds_peer_doom_text(struct ds_peer *peer, uint32_t request, enum wire_refusal code, const char *text)
{
    if (peer->doomed)
        return;
    peer->doomed = code;
    peer->last_request = request;
    peer->last_text = text;
    TAILQ_INSERT_TAIL(&peer->hub->doomed, peer, in_doomed);
}

void ds_peer_doom(struct ds_peer *peer, enum wire_refusal code)
{
    ds_peer_doom_text(peer, 0, code, wire_refusal_text(code));
}

void ds_peer_doom_malformed(struct ds_peer *peer)
{
    peer->hub->stats.malformed++;
    ds_peer_doom(peer, WIRE_REFUSED_MALFORMED);
}

void ds_peer_send(struct ds_peer *peer, struct ds_packet *packet)
{
    if (!packet) {
        ds_peer_doom(peer, WIRE_REFUSED_INTERNAL);
        return;
    }
    if (!peer->doomed) {
        if (ds_queue_push(&peer->queue, packet, DS_QUEUE_PACKETS_MAX, DS_QUEUE_BYTES_MAX)) {
            ds_wake(peer);
        } else {
            peer->hub->stats.dropped_slow++;
            ds_peer_doom(peer, WIRE_REFUSED_SLOW);
        }
    }
    ds_packet_unref(packet);
}

void ds_peer_done(struct ds_peer *peer, uint32_t request)
{
    ds_peer_send(peer, ds_packet_new(&(struct wire_envelope){.type = WIRE_DONE, .request = request}, 0));
}

struct ds_packet *ds_error_packet(uint32_t request, enum wire_refusal code, uint64_t wait_us, const char *text)
{
    uint64_t wait_ms = (wait_us + 999) / 1000;
    return ds_packet_new(
        &(struct wire_envelope){.type = WIRE_ERROR,
                                .request = request,
                                .error = {.code = (uint16_t)code,
                                          .retry_after_ms = wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms,
                                          .text = ds_text(text)}},
        strlen(text));
}

void ds_peer_refuse_text(struct ds_peer *peer, uint32_t request, enum wire_refusal code, uint64_t wait_us,
                         const char *text)
{
    ds_peer_send(peer, ds_error_packet(request, code, wait_us, text));
}

void ds_peer_refuse(struct ds_peer *peer, uint32_t request, enum wire_refusal code)
{
    ds_peer_refuse_text(peer, request, code, 0, wire_refusal_text(code));
}

bool ds_peer_may(struct ds_peer *peer, uint32_t request, struct ds_bucket *bucket, const struct ds_rate *rate,
                 uint64_t units)
{
    uint64_t wait_us = 0;
    if (ds_rate_take(bucket, rate, units, peer->hub->now.now_us, &wait_us))
        return true;
    peer->hub->stats.rate_limited++;
    ds_peer_refuse_text(peer, request, WIRE_REFUSED_RATE_LIMITED, wait_us,
                        wire_refusal_text(WIRE_REFUSED_RATE_LIMITED));
    return false;
}

/* What was said to be ended is ended here: nothing else walks over a room's peers then. Leaving may doom others, who
 * are sent that. */
void ds_end_doomed(struct ds_hub *hub)
{
    struct ds_peer *peer;
    while ((peer = TAILQ_FIRST(&hub->doomed))) {
        TAILQ_REMOVE(&hub->doomed, peer, in_doomed);
        log_event(LOG_LEVEL_INFO, "ended", "room", peer->member ? peer->member->room->name : NULL, "pseudonym",
                  peer->member ? peer->member->subject : NULL, "reason", peer->last_text, NULL);
        ds_room_leave(peer);
        ds_queue_clear(&peer->queue);
        peer->ending = peer->doomed;
        struct ds_packet *last =
            ds_error_packet(peer->last_request, (enum wire_refusal)peer->ending, 0, peer->last_text);
        if (last && !ds_queue_push(&peer->queue, last, 1, DS_QUEUE_BYTES_MAX))
            ds_queue_clear(&peer->queue); /* the close code says the same */
        ds_packet_unref(last);
        ds_wake(peer);
    }
}

/* --- In --- */

struct ds_peer *ds_peer_new(struct ds_hub *hub, void *connection, const char *name, struct ds_time now)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t random[12];
    struct ds_peer *peer = calloc(1, sizeof(*peer));
    hub->now = now;
    if (!peer)
        return NULL;
    peer->hub = hub;
    peer->connection = connection;
    peer->opened_us = now.now_us;
    peer->idle = true;
    if (name) {
        snprintf(peer->name, sizeof(peer->name), "%s", name);
    } else {
        if (!core_random(random, sizeof(random))) {
            free(peer);
            return NULL;
        }
        for (size_t i = 0; i < sizeof(random); i++)
            peer->name[i] = letters[random[i] % 32];
    }
    TAILQ_INSERT_TAIL(&hub->peers, peer, in_hub);
    hub->stats.connections++;
    if (hub->draining) {
        ds_peer_doom(peer, WIRE_REFUSED_DRAINING);
        ds_end_doomed(hub);
    }
    return peer;
}

void ds_peer_free(struct ds_peer *peer, struct ds_time now)
{
    struct ds_hub *hub = peer->hub;
    hub->now = now;
    if (peer->member)
        log_event(LOG_LEVEL_INFO, "left", "room", peer->member->room->name, "pseudonym", peer->member->subject, NULL);
    ds_room_leave(peer);
    ds_batch_drop_peer(hub, peer);
    if (peer->doomed && !peer->ending)
        TAILQ_REMOVE(&hub->doomed, peer, in_doomed);
    TAILQ_REMOVE(&hub->peers, peer, in_hub);
    hub->stats.connections--;
    ds_queue_clear(&peer->queue);
    free(peer);
    ds_end_doomed(hub);
}

bool ds_peer_is_admitted(const struct ds_peer *peer)
{
    return peer->member != NULL;
}

static void dispatch(struct ds_peer *peer, const struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_APPEND:
        ds_on_append(peer, e->request, &e->append);
        return;
    case WIRE_READ:
        ds_on_read(peer, e->request, &e->read);
        return;
    case WIRE_FETCH:
        ds_on_fetch(peer, e->request, &e->fetch);
        return;
    case WIRE_LIST:
        ds_on_list(peer, e->request, &e->list);
        return;
    case WIRE_PUT_KEY_PACKAGE:
        ds_on_put(peer, e->request, &e->put_key_package);
        return;
    case WIRE_TAKE_KEY_PACKAGES:
        ds_on_take(peer, e->request, &e->take_key_packages);
        return;
    case WIRE_RELAY:
        ds_on_relay(peer, e->request, &e->relay);
        return;
    case WIRE_RENEW:
        ds_on_renew(peer, e->request, &e->renew);
        return;
    case WIRE_KICK:
        ds_on_kick(peer, e->request, &e->kick);
        return;
    case WIRE_CLOSE_ROOM:
        ds_on_close_room(peer, e->request);
        return;
    default: /* a second hello */
        ds_peer_doom(peer, WIRE_REFUSED_NOT_ADMITTED);
    }
}

void ds_peer_receive(struct ds_peer *peer, const uint8_t *data, size_t len)
{
    struct ds_hub *hub = peer->hub;
    struct wire_envelope e;
    if (!wire_envelope_parse(data, len, &e) || !wire_is_request(e.type)) {
        ds_peer_doom_malformed(peer);
    } else if (peer->member) {
        ds_rate_charge(&peer->member->messages, &hub->config.limits.messages, 1, hub->now.now_us);
        dispatch(peer, &e);
    } else if (e.type == WIRE_HELLO && !peer->greeted) {
        peer->greeted = true;
        ds_on_hello(peer, e.request, &e.hello);
    } else {
        ds_peer_doom(peer, WIRE_REFUSED_NOT_ADMITTED);
    }
}

void ds_peer_malformed(struct ds_peer *peer, struct ds_time now)
{
    peer->hub->now = now;
    ds_peer_doom_malformed(peer);
    ds_end_doomed(peer->hub);
}

uint64_t ds_peer_pause_us(const struct ds_peer *peer, struct ds_time now)
{
    if (peer->queue.bytes > DS_QUEUE_PAUSE)
        return UINT64_MAX;
    return peer->member ? ds_rate_owed_us(&peer->member->messages, &peer->hub->config.limits.messages, now.now_us) : 0;
}

struct ds_packet *ds_peer_next(struct ds_peer *peer, struct ds_time now)
{
    struct ds_hub *hub = peer->hub;
    hub->now = now;
    peer->taken_us = now.now_us;
    struct ds_packet *packet = ds_queue_pop(&peer->queue);
    if (!packet)
        packet = ds_next_waiting(peer);
    if (!packet)
        packet = ds_next_entry(peer);
    if (!packet && peer->doomed && !peer->ending) {
        ds_end_doomed(hub);
        packet = ds_queue_pop(&peer->queue);
    }
    peer->idle = packet == NULL;
    return packet;
}

unsigned ds_peer_ending(const struct ds_peer *peer)
{
    return peer->ending;
}

/* --- Time --- */

void ds_hub_flush(struct ds_hub *hub, struct ds_time now)
{
    hub->now = now;
    ds_batch_flush(hub);
    ds_end_doomed(hub);
}

static bool is_loaded(void *user, int64_t id)
{
    struct ds_hub *hub = user;
    struct ds_room *room;
    for (size_t i = 0; i < DS_ROOM_BUCKETS; i++)
        TAILQ_FOREACH(room, &hub->rooms[i], link)
        {
            if (room->kept.id == id)
                return true;
        }
    return false;
}

/* Rooms that nobody has used for long; a few at a time, so that calls do not wait for it. */
static void forget_rooms(struct ds_hub *hub)
{
    enum { AT_ONCE = 16 };
    struct ds_store *store = hub->config.store;
    size_t count = 0;
    uint64_t wall_s = hub->now.wall_s;
    uint64_t before = wall_s > hub->config.limits.retention_s ? wall_s - hub->config.limits.retention_s : 0;
    if (hub->now.now_us - hub->forgotten_us < UINT64_C(1000000) * DS_FORGET_INTERVAL_S)
        return;
    hub->forgotten_us = hub->now.now_us;
    ds_batch_flush(hub);
    int error = ds_store_begin(store);
    if (!error)
        error = ds_store_forget_rooms(store, before, wall_s, AT_ONCE, is_loaded, hub, &count);
    if (!error)
        error = ds_store_commit(store);
    if (error) {
        hub->stats.storage_failures++;
        log_event(LOG_LEVEL_ERROR, "storage_failed", "reason", ds_store_problem(store), NULL);
        ds_store_rollback(store);
    }
    if ((error || count > 0) && ds_batch_count(hub))
        hub->stats.storage_failures++;
    if (count == AT_ONCE) /* there may be more: go on with the next tick */
        hub->forgotten_us -= UINT64_C(1000000) * DS_FORGET_INTERVAL_S;
}

void ds_hub_tick(struct ds_hub *hub, struct ds_time now)
{
    struct ds_peer *peer;
    hub->now = now;
    TAILQ_FOREACH(peer, &hub->peers, in_hub)
    {
        if (!peer->member && !peer->doomed && now.now_us - peer->opened_us >= UINT64_C(1000000) * DS_HELLO_TIMEOUT_S)
            ds_peer_doom(peer, WIRE_REFUSED_NOT_ADMITTED);
        if (peer->member && peer->expires_s <= now.wall_s)
            ds_peer_doom(peer, WIRE_REFUSED_EXPIRED);
        if (!peer->idle && !peer->doomed && now.now_us - peer->taken_us >= UINT64_C(1000000) * DS_STUCK_TIMEOUT_S) {
            hub->stats.dropped_slow++;
            ds_peer_doom(peer, WIRE_REFUSED_SLOW);
        }
        if (!peer->doomed && ds_partial_is_late(peer)) {
            hub->stats.dropped_late++;
            ds_peer_doom_text(peer, 0, WIRE_REFUSED_SLOW, "a message took too long to come");
        }
        if (peer->waiting.data && peer->waiting.until_s <= now.wall_s)
            ds_waiting_drop(peer);
    }
    ds_end_doomed(hub);
    ds_rooms_sweep(hub);
    forget_rooms(hub);
    ds_end_doomed(hub);
}

void ds_hub_drain(struct ds_hub *hub, struct ds_time now)
{
    struct ds_peer *peer;
    hub->now = now;
    ds_batch_flush(hub);
    hub->draining = true;
    TAILQ_FOREACH(peer, &hub->peers, in_hub)
    {
        ds_peer_doom(peer, WIRE_REFUSED_DRAINING);
    }
    ds_end_doomed(hub);
}

void ds_hub_stats(const struct ds_hub *hub, struct ds_stats *stats)
{
    struct ds_room *room;
    *stats = hub->stats;
    stats->participants = stats->rooms = 0;
    for (size_t i = 0; i < DS_ROOM_BUCKETS; i++)
        TAILQ_FOREACH(room, &hub->rooms[i], link)
        {
            stats->rooms++;
            stats->participants += room->peer_count;
        }
}
