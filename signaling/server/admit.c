/* Who may be here: hello, renew, and what admins do. */
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "daemon/log.h"
#include "hub_internal.h"

/* What the token says, if it is for this room. False: *why not. */
static bool read_token(const struct ds_peer *peer, struct core_slice token, struct core_slice room,
                       struct ds_grant *grant, const char **why)
{
    const struct ds_hub *hub = peer->hub;
    if (hub->config.dev && token.len == 0) {
        *grant = (struct ds_grant){.signal = true, .admin = true, .expires_s = UINT64_MAX};
        memcpy(grant->room, room.data, room.len);
        memcpy(grant->subject, peer->name, sizeof(grant->subject));
        return true;
    }
    *why = hub->config.check_token(hub->config.user, token, hub->now.wall_s, grant);
    if (!*why && (strlen(grant->room) != room.len || memcmp(grant->room, room.data, room.len) != 0))
        *why = "the token is for another room";
    return *why == NULL;
}

static uint32_t seconds_left(uint64_t expires_s, uint64_t now_s)
{
    if (expires_s == UINT64_MAX)
        return DS_UNLIMITED_S;
    uint64_t left = expires_s > now_s ? expires_s - now_s : 0;
    return left < DS_UNLIMITED_S ? (uint32_t)left : DS_UNLIMITED_S - 1;
}

static uint16_t at_most_u16(uint64_t value)
{
    return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

static uint32_t to_ms(uint64_t interval_ns)
{
    uint64_t ms = interval_ns / 1000000;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* NULL: the list cannot be read, or memory is short. */
static struct ds_packet *admitted_packet(const struct ds_peer *peer, uint32_t request)
{
    enum { ID_BYTES = WIRE_ID_MAX + 1, SEQ_BYTES = 8 };
    const struct ds_room *room = peer->member->room;
    const struct ds_limits *limits = &peer->hub->config.limits;
    struct ds_packet *packet = NULL;
    struct bytes_writer seqs;
    struct bytes_writer present;
    uint8_t seq_bytes[WIRE_SEQS_MAX * SEQ_BYTES];
    uint64_t numbers[WIRE_SEQS_MAX];
    size_t count = 0;
    const struct ds_peer *other;
    uint8_t *ids = malloc(room->peer_count * ID_BYTES);
    if (!ids || (room->kept.id != 0 && ds_store_list(peer->hub->config.store, room->kept.id, WIRE_PART_GROUP_INFO,
                                                     room->kept.head, WIRE_SEQS_MAX, numbers, &count)))
        goto out;
    bytes_writer_init(&seqs, seq_bytes, sizeof(seq_bytes));
    for (size_t i = 0; i < count; i++)
        wire_seq_write(&seqs, numbers[i]);
    bytes_writer_init(&present, ids, room->peer_count * ID_BYTES);
    TAILQ_FOREACH(other, &room->peers, in_room)
    {
        wire_id_write(&present, ds_text(other->member->subject));
    }
    struct wire_envelope e = {
        .type = WIRE_ADMITTED,
        .request = request,
        .admitted = {.oldest = room->kept.oldest,
                     .head = room->kept.head,
                     .token_left_s = seconds_left(peer->expires_s, peer->hub->now.wall_s),
                     .waiting = room->waiting_count,
                     .limits = {.append_burst = at_most_u16(limits->appends.burst),
                                .append_interval_ms = to_ms(limits->appends.interval_ns),
                                .relay_burst = at_most_u16(limits->relays.burst),
                                .relay_interval_ms = to_ms(limits->relays.interval_ns),
                                .participants = limits->participants},
                     .pseudonym = ds_text(peer->member->subject),
                     .group_infos = {seqs.data, seqs.len},
                     .present = {present.data, present.len}},
    };
    memcpy(e.admitted.log_id, room->kept.log_id, sizeof(e.admitted.log_id));
    if (bytes_writer_ok(&seqs) && bytes_writer_ok(&present))
        packet = ds_packet_new(&e, seqs.len + present.len);
out:
    free(ids);
    return packet;
}

/* Whether somebody may enter a room now; otherwise why not. */
static bool may_enter(struct ds_hub *hub, const struct ds_room *room, const char *subject, enum wire_refusal *refusal)
{
    *refusal = WIRE_REFUSED_ROOM_CLOSED;
    if (room->kept.closed_until_s > hub->now.wall_s)
        return false;
    int banned = room->kept.id == 0 ? DS_STORE_NONE
                                    : ds_store_find_ban(hub->config.store, room->kept.id, subject, hub->now.wall_s);
    *refusal = banned == DS_STORE_OK ? WIRE_REFUSED_KICKED : WIRE_REFUSED_STORAGE;
    return banned == DS_STORE_NONE;
}

void ds_on_hello(struct ds_peer *peer, uint32_t request, const struct wire_hello *hello)
{
    struct ds_hub *hub = peer->hub;
    struct ds_grant grant;
    const char *why = NULL;
    enum wire_refusal refusal;
    if (!read_token(peer, hello->token, hello->room, &grant, &why)) {
        hub->stats.refused_tokens++;
        ds_peer_doom_text(peer, request, WIRE_REFUSED_TOKEN, why);
        return;
    }
    if (!grant.signal) {
        ds_peer_doom_text(peer, request, WIRE_REFUSED_FORBIDDEN, "the token does not have the right signal");
        return;
    }
    struct ds_room *room = ds_room_get(hub, grant.room, &refusal);
    if (!room || !may_enter(hub, room, grant.subject, &refusal)) {
        ds_peer_doom_text(peer, request, refusal, wire_refusal_text(refusal));
        return;
    }
    struct ds_member *member = ds_room_admit(hub, room, grant.subject);
    if (!member) {
        ds_peer_doom_text(peer, request, WIRE_REFUSED_FULL, "the room is full");
        return;
    }
    peer->admin = grant.admin;
    peer->expires_s = grant.expires_s;
    peer->next_seq = hello->from == 0 ? room->kept.head + 1 : hello->from;
    ds_room_enter(peer, member);
    log_event(LOG_LEVEL_INFO, "admitted", "room", room->name, "pseudonym", member->subject, NULL);
    ds_peer_send(peer, admitted_packet(peer, request));
}

void ds_on_renew(struct ds_peer *peer, uint32_t request, const struct wire_renew *renew)
{
    struct ds_hub *hub = peer->hub;
    struct ds_grant grant;
    const char *why = NULL;
    if (!ds_peer_may(peer, request, &peer->member->requests, &hub->config.limits.requests, 1))
        return;
    bool ok = read_token(peer, renew->token, ds_text(peer->member->room->name), &grant, &why);
    if (ok && strcmp(grant.subject, peer->member->subject) != 0)
        why = "the token is for another participant";
    else if (ok && !grant.signal)
        why = "the token does not have the right signal";
    if (why) {
        hub->stats.refused_tokens++;
        ds_peer_refuse_text(peer, request, WIRE_REFUSED_TOKEN, 0, why);
        return;
    }
    peer->admin = grant.admin;
    peer->expires_s = grant.expires_s;
    ds_peer_done(peer, request);
}

/* --- Admins --- */

static bool is_admin(struct ds_peer *peer, uint32_t request)
{
    if (!ds_peer_may(peer, request, &peer->member->requests, &peer->hub->config.limits.requests, 1))
        return false;
    if (!peer->admin)
        ds_peer_refuse(peer, request, WIRE_REFUSED_FORBIDDEN);
    return peer->admin;
}

static struct ds_packet *done_packet(uint32_t request)
{
    return ds_packet_new(&(struct wire_envelope){.type = WIRE_DONE, .request = request}, 0);
}

void ds_on_kick(struct ds_peer *peer, uint32_t request, const struct wire_kick *kick)
{
    struct ds_hub *hub = peer->hub;
    struct ds_room *room = peer->member->room;
    char subject[WIRE_ID_MAX + 1] = "";
    memcpy(subject, kick->pseudonym.data, kick->pseudonym.len);
    if (!is_admin(peer, request) || !ds_batch_stage(hub, room, peer, request))
        return;
    if (ds_store_ban(hub->config.store, room->staged.id, subject, hub->now.wall_s + DS_BAN_S)) {
        ds_batch_fail(hub, peer, request);
        return;
    }
    ds_batch_answer(hub, peer, request, done_packet(request), DS_EFFECT_KICK, room, subject, sizeof(subject));
}

void ds_on_close_room(struct ds_peer *peer, uint32_t request)
{
    struct ds_hub *hub = peer->hub;
    struct ds_room *room = peer->member->room;
    uint8_t log_id[WIRE_LOG_ID_LEN];
    if (!is_admin(peer, request))
        return;
    if (!core_random(log_id, sizeof(log_id))) {
        ds_peer_refuse(peer, request, WIRE_REFUSED_INTERNAL);
        return;
    }
    if (!ds_batch_stage(hub, room, peer, request))
        return;
    memcpy(room->staged.log_id, log_id, sizeof(log_id));
    if (ds_store_close_room(hub->config.store, &room->staged, hub->now.wall_s + DS_BAN_S)) {
        ds_batch_fail(hub, peer, request);
        return;
    }
    room->staged_infos.count = 0;
    ds_batch_answer(hub, peer, request, done_packet(request), DS_EFFECT_CLOSE, room, NULL, 0);
}
