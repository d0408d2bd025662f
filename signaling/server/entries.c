/* The log: appending, reading, fetching, pushing; and the relay, which keeps nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub_internal.h"

static bool may_request(struct ds_peer *peer, uint32_t request)
{
    return ds_peer_may(peer, request, &peer->member->requests, &peer->hub->config.limits.requests, 1);
}

/* --- Appending --- */

/* The same participant's same append id, and nobody else's; the database does not say who appended what. */
static bool append_key(const struct ds_peer *peer, const struct wire_append *append,
                       uint8_t key[DS_STORE_APPEND_KEY_LEN])
{
    uint8_t digest[CORE_HASH_MAX];
    const struct core_slice parts[] = {
        {(const uint8_t *)peer->member->subject, strlen(peer->member->subject) + 1},
        {append->append_id, sizeof(append->append_id)},
    };
    if (!core_provider_libcrypto.sha256->digest(parts, 2, digest))
        return false;
    memcpy(key, digest, DS_STORE_APPEND_KEY_LEN);
    return true;
}

/* The participant's entry whose GroupInfo goes for one more of its own; 0: it has fewer. */
static uint64_t instead_of(const struct ds_infos *infos, const char *subject)
{
    size_t own = 0;
    for (size_t i = infos->count; i-- > 0;)
        if (strcmp(infos->of[i].subject, subject) == 0 && ++own == DS_GROUP_INFOS_EACH)
            return infos->of[i].seq;
    return 0;
}

static void note_info(struct ds_infos *infos, uint64_t seq, const char *subject, uint64_t instead)
{
    const struct ds_infos before = *infos;
    infos->count = 0;
    for (size_t i = before.count == DS_GROUP_INFOS_MAX && instead == 0 ? 1 : 0; i < before.count; i++)
        if (before.of[i].seq != instead)
            infos->of[infos->count++] = before.of[i];
    infos->of[infos->count].seq = seq;
    snprintf(infos->of[infos->count++].subject, sizeof(infos->of[0].subject), "%s", subject);
}

void ds_on_append(struct ds_peer *peer, uint32_t request, const struct wire_append *append)
{
    struct ds_hub *hub = peer->hub;
    struct ds_room *room = peer->member->room;
    const struct ds_limits *limits = &hub->config.limits;
    size_t bytes = append->commit.len + append->welcome.len + append->group_info.len;
    uint8_t key[DS_STORE_APPEND_KEY_LEN];
    uint64_t seq = 0;
    if (!ds_peer_may(peer, request, &peer->member->appends, &limits->appends, 1) ||
        !ds_peer_may(peer, request, &peer->member->append_bytes, &limits->append_bytes, bytes))
        return;
    if (!append_key(peer, append, key)) {
        ds_peer_refuse(peer, request, WIRE_REFUSED_INTERNAL);
        return;
    }
    if (!ds_batch_stage(hub, room, peer, request))
        return;
    const struct ds_store_bounds bounds = ds_batch_bounds(hub, room);
    const char *subject = peer->member->subject;
    const uint64_t instead = append->has_group_info ? instead_of(&room->staged_infos, subject) : 0;
    uint64_t head = room->staged.head;
    int error = ds_store_append(hub->config.store, &room->staged, key, append, instead, &bounds, hub->now.wall_s, &seq);
    if (error) {
        if (error == DS_STORE_OVER)
            ds_batch_over(hub, peer, request);
        else
            ds_batch_fail(hub, peer, request);
        return;
    }
    if (append->has_group_info && room->staged.head > head)
        note_info(&room->staged_infos, seq, subject, instead);
    hub->stats.appends++;
    hub->stats.append_bytes += bytes;
    hub->stats.repeated_appends += room->staged.head == head;
    ds_batch_answer(
        hub, peer, request,
        ds_packet_new(&(struct wire_envelope){.type = WIRE_APPENDED, .request = request, .appended = {seq}}, 0),
        DS_EFFECT_NONE, room, NULL, bytes);
}

/* --- Reading --- */

struct page {
    struct bytes_writer list;
    size_t count;
    size_t max;
};

static bool add_to_page(void *user, const struct wire_entry *entry)
{
    struct page *page = user;
    size_t len = page->list.len;
    wire_entry_write(&page->list, entry);
    if (!bytes_writer_ok(&page->list)) {
        page->list.failed = false; /* full: what was written before is whole */
        page->list.len = len;
        return false;
    }
    return ++page->count < page->max;
}

void ds_on_read(struct ds_peer *peer, uint32_t request, const struct wire_read *read)
{
    struct ds_hub *hub = peer->hub;
    const struct ds_store_room *kept = &peer->member->room->kept;
    uint64_t from = read->from < kept->oldest ? kept->oldest : read->from;
    struct page page = {.max = read->max};
    int error = DS_STORE_OK;
    if (!may_request(peer, request))
        return;
    uint8_t *data = malloc(WIRE_LIST_MAX);
    if (!data) {
        ds_peer_refuse(peer, request, WIRE_REFUSED_INTERNAL);
        return;
    }
    bytes_writer_init(&page.list, data, WIRE_LIST_MAX);
    if (from <= kept->head)
        error = ds_store_read(hub->config.store, kept->id, from, kept->head, add_to_page, &page);
    if (error)
        ds_peer_refuse(peer, request, WIRE_REFUSED_STORAGE);
    else if (ds_peer_may(peer, request, &peer->member->answer_bytes, &hub->config.limits.answer_bytes, page.list.len))
        ds_peer_send(peer, ds_packet_new(&(struct wire_envelope){.type = WIRE_ENTRIES,
                                                                 .request = request,
                                                                 .entries = {kept->head, {data, page.list.len}}},
                                         page.list.len));
    free(data);
}

struct fetched {
    struct ds_peer *peer;
    uint32_t request;
    const struct wire_fetch *fetch;
};

/* A piece, so that others have their turn on a slow connection, and little waits for it. */
static void send_part(void *user, struct core_slice whole)
{
    const struct fetched *to = user;
    struct ds_peer *peer = to->peer;
    const uint32_t offset = to->fetch->offset;
    if (offset >= whole.len) {
        ds_peer_refuse(peer, to->request, WIRE_REFUSED_NOT_FOUND);
        return;
    }
    struct core_slice data = {whole.data + offset, whole.len - offset};
    if (data.len > WIRE_PIECE_MAX)
        data.len = WIRE_PIECE_MAX;
    /* The whole part was read for it. An end of a few bytes costs as much as any piece: else who asks for that alone
     * would have the database read a hundred times what it pays for. */
    const size_t cost = whole.len < WIRE_PIECE_MAX ? whole.len : WIRE_PIECE_MAX;
    if (!ds_peer_may(peer, to->request, &peer->member->answer_bytes, &peer->hub->config.limits.answer_bytes, cost))
        return;
    ds_peer_send(peer, ds_packet_new(&(struct wire_envelope){.type = WIRE_PART,
                                                             .request = to->request,
                                                             .part = {.seq = to->fetch->seq,
                                                                      .part = to->fetch->part,
                                                                      .total = (uint32_t)whole.len,
                                                                      .offset = offset,
                                                                      .data = data}},
                                     data.len));
}

void ds_on_fetch(struct ds_peer *peer, uint32_t request, const struct wire_fetch *fetch)
{
    const struct ds_store_room *kept = &peer->member->room->kept;
    struct fetched to = {peer, request, fetch};
    int error = DS_STORE_NONE;
    if (!may_request(peer, request))
        return;
    if (fetch->seq >= kept->oldest && fetch->seq <= kept->head)
        error =
            ds_store_fetch(peer->hub->config.store, kept->id, fetch->seq, (enum wire_part)fetch->part, send_part, &to);
    if (error)
        ds_peer_refuse(peer, request, error == DS_STORE_NONE ? WIRE_REFUSED_NOT_FOUND : WIRE_REFUSED_STORAGE);
}

void ds_on_list(struct ds_peer *peer, uint32_t request, const struct wire_list *list)
{
    const struct ds_store_room *kept = &peer->member->room->kept;
    uint64_t seqs[WIRE_SEQS_MAX];
    uint8_t data[WIRE_SEQS_MAX * 8];
    struct bytes_writer w;
    size_t count = 0;
    if (!may_request(peer, request))
        return;
    if (kept->id != 0 && ds_store_list(peer->hub->config.store, kept->id, (enum wire_part)list->part, kept->head,
                                       WIRE_SEQS_MAX, seqs, &count)) {
        ds_peer_refuse(peer, request, WIRE_REFUSED_STORAGE);
        return;
    }
    bytes_writer_init(&w, data, sizeof(data));
    for (size_t i = 0; i < count; i++)
        wire_seq_write(&w, seqs[i]);
    ds_peer_send(
        peer, ds_packet_new(
                  &(struct wire_envelope){.type = WIRE_SEQS, .request = request, .seqs = {list->part, {data, w.len}}},
                  w.len));
}

/* --- Pushing --- */

static bool make_packet(void *user, const struct wire_entry *entry)
{
    struct ds_packet **packet = user;
    *packet = ds_packet_new(&(struct wire_envelope){.type = WIRE_ENTRY, .entry = *entry}, entry->commit.len);
    return false;
}

/* All who follow a log ask for the same entries at about the same time: they are encoded once. */
static struct ds_packet *entry_packet(struct ds_hub *hub, struct ds_room *room, uint64_t seq)
{
    size_t at = seq % DS_RECENT_ENTRIES;
    struct ds_packet *packet = NULL;
    if (room->recent[at] && room->recent_seq[at] == seq)
        return ds_packet_ref(room->recent[at]);
    if (ds_store_read(hub->config.store, room->kept.id, seq, seq, make_packet, &packet) || !packet)
        return NULL;
    if (packet->len <= DS_RECENT_BYTES_MAX) {
        ds_packet_unref(room->recent[at]);
        room->recent[at] = ds_packet_ref(packet);
        room->recent_seq[at] = seq;
    }
    return packet;
}

struct ds_packet *ds_next_entry(struct ds_peer *peer)
{
    struct ds_room *room = peer->member ? peer->member->room : NULL;
    if (!room || peer->next_seq > room->kept.head)
        return NULL;
    if (peer->next_seq < room->kept.oldest)
        peer->next_seq = room->kept.oldest;
    struct ds_packet *packet = entry_packet(peer->hub, room, peer->next_seq);
    if (!packet) {
        ds_peer_doom(peer, WIRE_REFUSED_STORAGE);
        return NULL;
    }
    peer->next_seq++;
    peer->hub->stats.entries_pushed++;
    return packet;
}

/* --- The relay --- */

void ds_on_relay(struct ds_peer *peer, uint32_t request, const struct wire_relay *relay)
{
    struct ds_hub *hub = peer->hub;
    const struct ds_limits *limits = &hub->config.limits;
    if (!ds_peer_may(peer, request, &peer->member->relays, &limits->relays, 1) ||
        !ds_peer_may(peer, request, &peer->member->relay_bytes, &limits->relay_bytes, relay->payload.len))
        return;
    hub->stats.relays++;
    ds_peer_done(peer, request);
    ds_room_push(peer->member->room,
                 ds_packet_new(&(struct wire_envelope){.type = WIRE_RELAYED, .relay = *relay}, relay->payload.len),
                 NULL);
}
