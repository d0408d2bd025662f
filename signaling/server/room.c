/* Rooms and who is in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "hub_internal.h"

/* FNV-1a from a random start: token holders choose names */
static size_t bucket_of(const struct ds_hub *hub, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ hub->seed;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return (hash >> 32) % DS_ROOM_BUCKETS;
}

struct ds_room *ds_room_find(struct ds_hub *hub, const char *name)
{
    struct ds_room *room;
    TAILQ_FOREACH(room, &hub->rooms[bucket_of(hub, name)], link)
    {
        if (strcmp(room->name, name) == 0)
            return room;
    }
    return NULL;
}

static void free_room(struct ds_hub *hub, struct ds_room *room)
{
    struct ds_member *member = TAILQ_FIRST(&room->members);
    while (member) {
        struct ds_member *next = TAILQ_NEXT(member, link);
        free(member);
        member = next;
    }
    ds_room_drop_recent(room);
    if (room->kept.id == 0)
        hub->unsaved_rooms--;
    TAILQ_REMOVE(&hub->rooms[bucket_of(hub, room->name)], room, link);
    free(room);
}

/* What the store has of it, or a new log. */
static bool load(struct ds_hub *hub, struct ds_room *room, enum wire_refusal *refusal)
{
    int error = ds_store_find_room(hub->config.store, room->name, &room->kept);
    if (error == DS_STORE_NONE) {
        room->kept = (struct ds_store_room){.oldest = 1};
        if (hub->stats.stored_rooms + hub->unsaved_rooms >= hub->config.limits.rooms) {
            *refusal = WIRE_REFUSED_FULL;
            return false;
        }
        error = core_random(room->kept.log_id, sizeof(room->kept.log_id)) ? DS_STORE_OK : DS_STORE_FAILED;
    }
    room->staged = room->kept;
    *refusal = WIRE_REFUSED_STORAGE;
    return error == DS_STORE_OK;
}

struct ds_room *ds_room_get(struct ds_hub *hub, const char *name, enum wire_refusal *refusal)
{
    struct ds_room *room = ds_room_find(hub, name);
    if (room)
        return room;
    room = calloc(1, sizeof(*room));
    if (!room) {
        *refusal = WIRE_REFUSED_INTERNAL;
        return NULL;
    }
    snprintf(room->name, sizeof(room->name), "%s", name);
    TAILQ_INIT(&room->members);
    TAILQ_INIT(&room->peers);
    if (!load(hub, room, refusal)) {
        free(room);
        return NULL;
    }
    hub->unsaved_rooms += room->kept.id == 0;
    TAILQ_INSERT_TAIL(&hub->rooms[bucket_of(hub, name)], room, link);
    return room;
}

/* --- Participants --- */

struct ds_member *ds_room_member(struct ds_room *room, const char *subject)
{
    struct ds_member *member;
    TAILQ_FOREACH(member, &room->members, link)
    {
        if (strcmp(member->subject, subject) == 0)
            return member;
    }
    return NULL;
}

/* Nobody is connected, and no rate is used: forgetting it gives nobody anything. */
static bool is_idle(const struct ds_member *member, uint64_t now_us)
{
    return !member->peer && ds_rate_is_idle(&member->appends, now_us) &&
           ds_rate_is_idle(&member->append_bytes, now_us) && ds_rate_is_idle(&member->relays, now_us) &&
           ds_rate_is_idle(&member->relay_bytes, now_us) && ds_rate_is_idle(&member->requests, now_us) &&
           ds_rate_is_idle(&member->answer_bytes, now_us) && ds_rate_is_idle(&member->messages, now_us);
}

static void sweep_members(struct ds_room *room, uint64_t now_us)
{
    struct ds_member *member = TAILQ_FIRST(&room->members);
    while (member) {
        struct ds_member *next = TAILQ_NEXT(member, link);
        if (is_idle(member, now_us)) {
            TAILQ_REMOVE(&room->members, member, link);
            room->member_count--;
            free(member);
        }
        member = next;
    }
}

struct ds_member *ds_room_admit(struct ds_hub *hub, struct ds_room *room, const char *subject)
{
    struct ds_member *member = ds_room_member(room, subject);
    if (member)
        return member;
    if (room->member_count >= hub->config.limits.participants)
        sweep_members(room, hub->now.now_us);
    if (room->member_count >= hub->config.limits.participants)
        return NULL;
    member = calloc(1, sizeof(*member));
    if (!member)
        return NULL;
    member->room = room;
    snprintf(member->subject, sizeof(member->subject), "%s", subject);
    TAILQ_INSERT_TAIL(&room->members, member, link);
    room->member_count++;
    return member;
}

void ds_room_enter(struct ds_peer *peer, struct ds_member *member)
{
    struct ds_room *room = member->room;
    bool replaces = member->peer != NULL;
    if (replaces) {
        struct ds_peer *before = member->peer;
        ds_waiting_drop(before);
        ds_partial_drop(before);
        TAILQ_REMOVE(&room->peers, before, in_room);
        room->peer_count--;
        before->member = NULL; /* so that leaving tells nobody */
        ds_peer_doom(before, WIRE_REFUSED_REPLACED);
    }
    member->peer = peer;
    peer->member = member;
    peer->waiting_seen = room->waiting_version;
    TAILQ_INSERT_TAIL(&room->peers, peer, in_room);
    room->peer_count++;
    if (!replaces)
        ds_room_push_presence(room, WIRE_JOINED, member->subject, peer);
}

void ds_room_leave(struct ds_peer *peer)
{
    struct ds_member *member = peer->member;
    ds_partial_drop(peer);
    if (!member)
        return;
    struct ds_room *room = member->room;
    ds_waiting_drop(peer);
    TAILQ_REMOVE(&room->peers, peer, in_room);
    room->peer_count--;
    member->peer = NULL;
    peer->member = NULL;
    room->left_us = peer->hub->now.now_us;
    ds_room_push_presence(room, WIRE_LEFT, member->subject, NULL);
}

/* --- All rooms --- */

/* The time of its last use is kept, so that it is not forgotten before its time. */
static void touch(struct ds_hub *hub, struct ds_room *room)
{
    if (ds_batch_stage(hub, room, NULL, 0) && ds_store_touch_room(hub->config.store, room->kept.id, hub->now.wall_s))
        ds_batch_fail(hub, NULL, 0);
}

static void sweep_room(struct ds_hub *hub, struct ds_room *room)
{
    sweep_members(room, hub->now.now_us);
    if (room->member_count > 0 || room->dirty)
        return;
    if (room->kept.id != 0 && !room->touched) {
        /* gone with the next tick, once that is on disk (or could not be written) */
        room->touched = true;
        touch(hub, room);
        return;
    }
    ds_room_drop_recent(room);
    /* who comes back at once is who it was */
    if (room->infos.count > 0 && hub->now.now_us - room->left_us < UINT64_C(1000000) * DS_INFOS_LIFE_S)
        return;
    free_room(hub, room);
}

void ds_rooms_sweep(struct ds_hub *hub)
{
    for (size_t i = 0; i < DS_ROOM_BUCKETS; i++) {
        struct ds_room *room = TAILQ_FIRST(&hub->rooms[i]);
        while (room) {
            struct ds_room *next = TAILQ_NEXT(room, link);
            if (room->peer_count == 0)
                sweep_room(hub, room);
            else
                room->touched = false;
            room = next;
        }
    }
}

void ds_rooms_free(struct ds_hub *hub)
{
    for (size_t i = 0; i < DS_ROOM_BUCKETS; i++) {
        struct ds_room *room = TAILQ_FIRST(&hub->rooms[i]);
        while (room) {
            struct ds_room *next = TAILQ_NEXT(room, link);
            free_room(hub, room);
            room = next;
        }
    }
}

/* --- To all --- */

void ds_room_push(struct ds_room *room, struct ds_packet *packet, const struct ds_peer *except)
{
    struct ds_peer *peer;
    TAILQ_FOREACH(peer, &room->peers, in_room)
    {
        if (peer != except)
            ds_peer_send(peer, packet ? ds_packet_ref(packet) : NULL);
    }
    ds_packet_unref(packet);
}

void ds_room_push_presence(struct ds_room *room, enum wire_type type, const char *subject, const struct ds_peer *except)
{
    ds_room_push(
        room,
        ds_packet_new(&(struct wire_envelope){.type = (uint8_t)type, .presence = {ds_text(subject)}}, strlen(subject)),
        except);
}

void ds_room_wake(struct ds_room *room)
{
    struct ds_peer *peer;
    TAILQ_FOREACH(peer, &room->peers, in_room)
    {
        ds_wake(peer);
    }
}

void ds_room_drop_recent(struct ds_room *room)
{
    for (size_t i = 0; i < DS_RECENT_ENTRIES; i++) {
        ds_packet_unref(room->recent[i]);
        room->recent[i] = NULL;
    }
}
