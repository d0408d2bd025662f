/* Messages that come in part. Only an append may be long: its bytes are held for all clients together and for each
 * room within bounds, and each message has its time. */
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "hub_internal.h"

enum { US_PER_S = 1000000 };

static size_t message_max(const struct ds_peer *peer)
{
    const struct ds_partial *partial = &peer->partial;
    if (!peer->member)
        return WIRE_HELLO_MAX;
    return partial->head_len > 0 && partial->head[0] == WIRE_APPEND ? WIRE_ENVELOPE_MAX : WIRE_REQUEST_MAX;
}

/* --- What is held --- */

/* What counts towards the bounds that are shared: only large ones, so that nobody's large ones keep out anybody's short
 * ones. */
static size_t shared(size_t cap)
{
    return cap > WIRE_REQUEST_MAX ? cap : 0;
}

/* Counts what a peer holds now. */
static void hold(struct ds_peer *peer, uint8_t *data, size_t cap)
{
    struct ds_partial *partial = &peer->partial;
    struct ds_hub *hub = peer->hub;
    const size_t before = shared(partial->cap);
    const size_t after = shared(cap);
    if (!before && after)
        TAILQ_INSERT_TAIL(&hub->unfinished, peer, in_unfinished);
    if (before && !after)
        TAILQ_REMOVE(&hub->unfinished, peer, in_unfinished);
    if (before != after) {
        hub->unfinished_bytes += after - before; /* modulo 2^64, so it may shrink too */
        peer->member->room->unfinished_bytes += after - before;
    }
    hub->stats.unfinished_bytes += cap - partial->cap;
    if (partial->data)
        core_wipe(partial->data, partial->cap); /* it may hold a token */
    free(partial->data);
    partial->data = data;
    partial->cap = cap;
}

void ds_partial_drop(struct ds_peer *peer)
{
    hold(peer, NULL, 0);
    peer->partial = (struct ds_partial){.data = NULL};
}

/* Answers a message before it is whole; its rest is dropped as it comes. */
static void refuse(struct ds_peer *peer)
{
    struct ds_partial *partial = &peer->partial;
    struct bytes_reader r;
    bytes_reader_init(&r, partial->head, partial->head_len);
    bytes_read_u8(&r);
    const uint32_t request = bytes_read_u32(&r);
    hold(peer, NULL, 0);
    partial->refused = true;
    peer->hub->stats.refused_unfinished++;
    if (!bytes_reader_ok(&r) || request == 0)
        ds_peer_doom(peer, WIRE_REFUSED_INTERNAL);
    else
        ds_peer_refuse_text(peer, request, WIRE_REFUSED_RATE_LIMITED, (uint64_t)DS_MESSAGE_RETRY_S * US_PER_S,
                            "too many large messages have come in part");
}

static uint64_t age_us(const struct ds_peer *peer)
{
    return peer->hub->now.now_us - peer->partial.begun_us;
}

/* Whose message gives way to a peer's, in a room (NULL: in all): the oldest that has had its turn, else the largest
 * that holds more than twice what the peer's will; NULL: none. So a short message always finds place, who sends slowly
 * keeps nobody out, and of those that are alike what was begun first at a usual pace is finished. */
static struct ds_peer *who_gives_way(const struct ds_peer *to, size_t cap, const struct ds_room *room)
{
    const size_t length = to->partial.expected > cap ? to->partial.expected : cap;
    struct ds_peer *largest = NULL;
    struct ds_peer *peer;
    TAILQ_FOREACH(peer, &to->hub->unfinished, in_unfinished)
    {
        if (peer == to || (room && peer->member->room != room))
            continue;
        if (age_us(peer) >= (uint64_t)DS_MESSAGE_TURN_S * US_PER_S)
            return peer;
        if (peer->partial.cap / 2 > length && (!largest || peer->partial.cap > largest->partial.cap))
            largest = peer;
    }
    return largest;
}

/* Whether a peer's message may hold so much. */
static bool make_place(const struct ds_peer *peer, size_t cap)
{
    const struct ds_hub *hub = peer->hub;
    const struct ds_room *room = peer->member->room;
    const struct ds_limits *limits = &hub->config.limits;
    const size_t more = shared(cap) - shared(peer->partial.cap);
    struct ds_peer *other;
    while (room->unfinished_bytes + more > limits->unfinished_room_bytes) {
        if (!(other = who_gives_way(peer, cap, room)))
            return false;
        refuse(other);
    }
    while (hub->unfinished_bytes + more > limits->unfinished_bytes) {
        if (!(other = who_gives_way(peer, cap, NULL)))
            return false;
        refuse(other);
    }
    return true;
}

/* False without memory, or where others hold all that may be. */
static bool keep(struct ds_peer *peer, const uint8_t *data, size_t len)
{
    struct ds_partial *partial = &peer->partial;
    const size_t need = partial->len + len;
    if (need > partial->cap) {
        const size_t max = message_max(peer);
        const size_t twice = 2 * partial->cap > need ? 2 * partial->cap : need;
        const size_t cap = twice < max ? twice : max;
        if (shared(cap) && !make_place(peer, cap))
            return false;
        uint8_t *more = malloc(cap);
        if (!more)
            return false;
        if (partial->len > 0)
            memcpy(more, partial->data, partial->len);
        hold(peer, more, cap);
    }
    memcpy(partial->data + partial->len, data, len);
    return true;
}

/* --- What comes --- */

static void read_head(struct ds_partial *partial, const uint8_t *data, size_t len)
{
    while (len > 0 && partial->head_len < sizeof(partial->head)) {
        partial->head[partial->head_len++] = *data++;
        len--;
    }
}

static void take(struct ds_peer *peer, const uint8_t *data, size_t len, bool last)
{
    struct ds_partial *partial = &peer->partial;
    if (last && partial->len == 0) { /* most come whole */
        ds_peer_receive(peer, data, len);
        return;
    }
    if (!partial->refused && len > 0 && !keep(peer, data, len))
        refuse(peer);
    partial->len += len;
    if (last && !partial->refused)
        ds_peer_receive(peer, partial->data, partial->len);
}

void ds_peer_fragment(struct ds_peer *peer, const uint8_t *data, size_t len, size_t announced, bool last,
                      struct ds_time now)
{
    struct ds_partial *partial = &peer->partial;
    peer->hub->now = now;
    if (peer->doomed)
        return;
    if (!partial->begun) {
        partial->begun = true;
        partial->begun_us = now.now_us;
    }
    read_head(partial, data, len);
    partial->expected = partial->len + len + announced;
    if (len > message_max(peer) - partial->len)
        ds_peer_doom_malformed(peer);
    else
        take(peer, data, len, last);
    if (last)
        ds_partial_drop(peer);
    ds_end_doomed(peer->hub);
}

bool ds_partial_is_late(const struct ds_peer *peer)
{
    const struct ds_partial *partial = &peer->partial;
    const uint64_t allowed_us =
        (uint64_t)DS_MESSAGE_TIMEOUT_S * US_PER_S + (uint64_t)partial->len * US_PER_S / DS_MESSAGE_RATE;
    return partial->begun && age_us(peer) >= allowed_us;
}
