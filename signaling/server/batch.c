/* One transaction for many requests: while one sync goes on, the next ones gather (group commit). Nothing is answered,
 * pushed or taken for granted before it is on disk. */
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "hub_internal.h"

static void mark_dirty(struct ds_hub *hub, struct ds_room *room)
{
    if (!room->dirty) {
        room->dirty = true;
        TAILQ_INSERT_TAIL(&hub->dirty, room, in_dirty);
    }
}

/* Rooms as they are on disk again. */
static void unstage(struct ds_hub *hub)
{
    struct ds_room *room;
    while ((room = TAILQ_FIRST(&hub->dirty))) {
        TAILQ_REMOVE(&hub->dirty, room, in_dirty);
        room->dirty = false;
        room->staged = room->kept;
        room->staged_infos = room->infos;
    }
}

bool ds_batch_fail(struct ds_hub *hub, struct ds_peer *peer, uint32_t request)
{
    size_t count = hub->pending_count;
    hub->stats.storage_failures++;
    log_event(LOG_LEVEL_ERROR, "storage_failed", "reason", ds_store_problem(hub->config.store), "requests",
              log_number(count + (peer != NULL)).text, NULL);
    ds_store_rollback(hub->config.store);
    hub->open = false;
    hub->batch_bytes = 0;
    hub->pending_count = 0;
    unstage(hub);
    for (size_t i = 0; i < count; i++) {
        struct ds_pending *pending = &hub->pending[i];
        ds_packet_unref(pending->answer);
        if (pending->peer)
            ds_peer_refuse(pending->peer, pending->request, WIRE_REFUSED_STORAGE);
    }
    if (peer)
        ds_peer_refuse(peer, request, WIRE_REFUSED_STORAGE);
    return false;
}

bool ds_batch_stage(struct ds_hub *hub, struct ds_room *room, struct ds_peer *peer, uint32_t request)
{
    if (hub->pending_count == DS_BATCH_REQUESTS_MAX || hub->batch_bytes >= DS_BATCH_BYTES_MAX)
        ds_batch_flush(hub);
    if (!hub->open && ds_store_begin(hub->config.store))
        return ds_batch_fail(hub, peer, request);
    hub->open = true;
    mark_dirty(hub, room);
    if (room->staged.id == 0 && ds_store_add_room(hub->config.store, room->name, hub->now.wall_s, &room->staged))
        return ds_batch_fail(hub, peer, request);
    return true;
}

void ds_batch_answer(struct ds_hub *hub, struct ds_peer *peer, uint32_t request, struct ds_packet *answer,
                     enum ds_effect effect, struct ds_room *room, const char *subject, size_t bytes)
{
    struct ds_pending *pending = &hub->pending[hub->pending_count++];
    *pending = (struct ds_pending){.peer = peer, .request = request, .answer = answer, .effect = effect, .room = room};
    if (subject)
        snprintf(pending->subject, sizeof(pending->subject), "%s", subject);
    hub->batch_bytes += bytes;
}

void ds_batch_drop_peer(struct ds_hub *hub, const struct ds_peer *peer)
{
    for (size_t i = 0; i < hub->pending_count; i++)
        if (hub->pending[i].peer == peer)
            hub->pending[i].peer = NULL;
}

static void end_all(struct ds_room *room, enum wire_refusal code)
{
    struct ds_peer *peer;
    TAILQ_FOREACH(peer, &room->peers, in_room)
    {
        ds_peer_doom(peer, code);
    }
}

static void take_effect(struct ds_pending *pending)
{
    struct ds_member *member;
    switch (pending->effect) {
    case DS_EFFECT_KICK:
        member = ds_room_member(pending->room, pending->subject);
        log_event(LOG_LEVEL_INFO, "kicked", "room", pending->room->name, "pseudonym", pending->subject, NULL);
        if (member && member->peer)
            ds_peer_doom(member->peer, WIRE_REFUSED_KICKED);
        break;
    case DS_EFFECT_CLOSE:
        log_event(LOG_LEVEL_INFO, "room_closed", "room", pending->room->name, NULL);
        ds_room_drop_recent(pending->room);
        end_all(pending->room, WIRE_REFUSED_ROOM_CLOSED);
        break;
    case DS_EFFECT_NONE:
        break;
    }
}

/* --- What rooms may hold --- */

/* Half of what may be stored is divided among as many rooms as may be, or as there are, so that no room's bytes stop
 * another's call; the other half is for what rooms hold beyond their shares. */
static uint64_t share_of(const struct ds_hub *hub)
{
    return hub->config.limits.stored_bytes / 2 / hub->shares;
}

static uint64_t beyond(const struct ds_hub *hub, const struct ds_store_room *room)
{
    const uint64_t share = share_of(hub);
    return room->bytes > share ? room->bytes - share : 0;
}

struct ds_store_bounds ds_batch_bounds(const struct ds_hub *hub, const struct ds_room *room)
{
    const struct ds_limits *limits = &hub->config.limits;
    const uint64_t share = share_of(hub);
    const uint64_t all = limits->stored_bytes - share * hub->shares;
    const struct ds_room *other;
    uint64_t taken = hub->beyond_bytes;
    TAILQ_FOREACH(other, &hub->dirty, in_dirty)
    {
        taken += beyond(hub, &other->staged) - beyond(hub, &other->kept); /* modulo 2^64, so it may shrink too */
    }
    taken -= beyond(hub, &room->staged);
    struct ds_store_bounds bounds = limits->room;
    const uint64_t allowed = share + (all > taken ? all - taken : 0);
    if (allowed < bounds.bytes)
        bounds.bytes = allowed;
    return bounds;
}

void ds_batch_over(struct ds_hub *hub, struct ds_peer *peer, uint32_t request)
{
    hub->stats.refused_full++;
    ds_peer_refuse_text(peer, request, WIRE_REFUSED_FULL, (uint64_t)DS_FULL_RETRY_S * 1000000,
                        "no place for so many bytes more in this room");
}

int ds_batch_count(struct ds_hub *hub)
{
    struct ds_store_totals totals;
    const uint64_t allowed = hub->config.limits.rooms;
    int error = ds_store_totals(hub->config.store, 0, &totals);
    const uint64_t shares = !error && totals.rooms > allowed ? totals.rooms : allowed;
    if (!error)
        error = ds_store_totals(hub->config.store, hub->config.limits.stored_bytes / 2 / shares, &totals);
    if (error)
        return error;
    hub->shares = shares; /* a room more comes only where that many are not there */
    hub->stats.stored_rooms = totals.rooms;
    hub->stats.stored_bytes = totals.bytes;
    hub->beyond_bytes = totals.beyond;
    return DS_STORE_OK;
}

/* --- The end of a transaction --- */

/* What is on disk now holds for everybody. */
static void adopt(struct ds_hub *hub)
{
    struct ds_room *room;
    while ((room = TAILQ_FIRST(&hub->dirty))) {
        bool news = room->staged.head > room->kept.head;
        TAILQ_REMOVE(&hub->dirty, room, in_dirty);
        room->dirty = false;
        if (room->kept.id == 0) {
            hub->unsaved_rooms--;
            hub->stats.stored_rooms++;
        }
        hub->stats.stored_bytes += room->staged.bytes - room->kept.bytes;
        hub->beyond_bytes += beyond(hub, &room->staged) - beyond(hub, &room->kept);
        room->kept = room->staged;
        room->infos = room->staged_infos;
        if (news)
            ds_room_wake(room);
    }
}

void ds_batch_flush(struct ds_hub *hub)
{
    if (!hub->open)
        return;
    if (ds_store_commit(hub->config.store)) {
        ds_batch_fail(hub, NULL, 0);
        return;
    }
    size_t count = hub->pending_count;
    hub->open = false;
    hub->batch_bytes = 0;
    hub->pending_count = 0;
    hub->stats.commits++;
    /* answers first: an appender learns its entry's number before the entry comes */
    for (size_t i = 0; i < count; i++) {
        if (hub->pending[i].peer)
            ds_peer_send(hub->pending[i].peer, hub->pending[i].answer);
        else
            ds_packet_unref(hub->pending[i].answer);
    }
    adopt(hub);
    for (size_t i = 0; i < count; i++)
        take_effect(&hub->pending[i]);
}
