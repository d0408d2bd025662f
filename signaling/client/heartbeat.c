/* Messages between members, by the relay: sealed under the epoch and once more under the room's secret. */
#include "clock.h"
#include "core/secret.h"
#include "message.h"
#include "mls/messages.h"
#include "wire/buffer.h"

static struct mls_bytes out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

enum { NONCE_AT = 6 /* in a box */ };

/* --- Sending --- */

static int send_message(struct call *call, const struct call_message *message)
{
    struct call_contact *contact = &call->contact;
    struct bytes_writer w;
    struct mls_output sealed = {0};
    struct mls_output box = {0};
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    wire_buffer_init(&w, 2 * CALL_TEXT_MAX);
    call_message_write(&w, message);
    int rc = bytes_writer_ok(&w) ? CALL_OK : CALL_MEMORY;
    const struct mls_framing framing = {.padding = CALL_MESSAGE_STEP - w.len % CALL_MESSAGE_STEP};
    if (rc == CALL_OK && mls_group_seal(call->group, &framing, out(wire_buffer_slice(&w)), &sealed) != MLS_OK)
        rc = CALL_CRYPTO;
    if (rc == CALL_OK)
        rc = call_box_seal(&call->room, CALL_BOX_RELAY, call_bytes(sealed), &box);
    if (rc == CALL_OK) {
        struct call_sent *sent = &contact->sent[contact->sent_next++ % CALL_SENT_KEPT];
        memcpy(sent->nonce, box.data + NONCE_AT, sizeof sent->nonce);
        sent->at_ms = call->now.ms;
        call_send_relay(call, call_bytes(box));
    }
    wire_buffer_free(&w);
    mls_output_free(&sealed);
    mls_output_free(&box);
    return rc;
}

/* Times of others, in rotation. */
static void fill_echoes(struct call *call, struct call_heartbeat *heartbeat)
{
    const struct call_roster *roster = &call->roster;
    uint32_t *from = &call->contact.echo_from;
    for (uint32_t i = 0; i < roster->count && heartbeat->echo_count < CALL_ECHOES; i++) {
        const uint32_t leaf = (*from + i) % roster->count;
        const struct call_peer *peer = call_peer(call, leaf);
        if (!peer || peer->heard_ms == 0)
            continue;
        heartbeat->echoes[heartbeat->echo_count++] =
            (struct call_echo){leaf, (uint32_t)peer->their_time_ms, (uint32_t)(call->now.ms - peer->heard_ms)};
    }
    if (roster->count > 0)
        *from = (*from + CALL_ECHOES) % roster->count;
}

static void send_heartbeat(struct call *call)
{
    struct call_message message = {.type = CALL_MESSAGE_HEARTBEAT,
                                   .heartbeat = {.counter = ++call->contact.counter,
                                                 .time_ms = call->now.ms,
                                                 .joined_epoch = call->joining.joined_epoch}};
    fill_echoes(call, &message.heartbeat);
    /* one that cannot be sent is as good as one that was lost: the next one comes */
    if (send_message(call, &message) != CALL_OK)
        call->contact.counter--;
}

void call_heartbeat_timer(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return;
    send_heartbeat(call);
    call_timer_set(call, CALL_TIMER_HEARTBEAT, call_interval_ms(call));
}

/* Newcomers wait for a word from everybody, and everybody for one who was cut off. Newcomers' nonces stand in the tree,
 * and so in the epoch's keys: any heartbeat of this epoch answers all of them. It comes out of turn, at a random
 * moment, since everybody sends one. */
void call_heartbeat_answer(struct call *call)
{
    const uint64_t each = 5 * (uint64_t)call->roster.members;
    const uint64_t due = call->now.ms + call_random_below((each < 1000 ? each : 1000) + 1);
    if (call->timers[CALL_TIMER_HEARTBEAT] > due)
        call->timers[CALL_TIMER_HEARTBEAT] = due;
}

int call_send_left(struct call *call)
{
    struct call_message message = {.type = CALL_MESSAGE_LEFT};
    const uint32_t self = mls_group_own_leaf(call->group);
    int rc = call_left_sign(call->seed, mls_group_id(call->group), self, call_peer(call, self)->nonce,
                            message.left_signature);
    return rc == CALL_OK ? send_message(call, &message) : rc;
}

void call_send_kick(struct call *call)
{
    struct call_message message = {.type = CALL_MESSAGE_KICK};
    memcpy(message.kicked, call->commits.wishes.kicked, sizeof message.kicked);
    if (send_message(call, &message) != CALL_OK)
        return; /* the commit itself says it too */
}

int call_say(struct call *call, const char *text, size_t len, uint32_t vanish_s)
{
    if (len == 0 || len > CALL_TEXT_MAX)
        return CALL_INVALID;
    const struct call_message message = {
        .type = CALL_MESSAGE_CHAT,
        .chat = {.time_ms = call->now.ms, .vanish_s = vanish_s, .text = {(const uint8_t *)text, len}}};
    return send_message(call, &message);
}

/* --- Taking --- */

static void take_heartbeat(struct call *call, uint32_t leaf, struct call_peer *peer,
                           const struct call_heartbeat *heartbeat)
{
    struct call_contact *contact = &call->contact;
    if (peer->heard && heartbeat->counter <= peer->counter)
        return;
    const bool news = !peer->heard || peer->lost;
    call_clock_heard(call, leaf, peer, heartbeat);
    peer->heard = true;
    peer->earlier = heartbeat->joined_epoch < call->joining.joined_epoch;
    peer->later = heartbeat->joined_epoch > call->joining.joined_epoch;
    if (call_clock_is_fresh(call, peer, heartbeat))
        peer->heard_at = contact->clock_ms;
    peer->counter = heartbeat->counter;
    peer->their_time_ms = heartbeat->time_ms;
    peer->heard_ms = call->now.ms;
    contact->unopened_since = 0;
    if (news)
        call_contact_judge(call);
}

static void take_left(struct call *call, uint32_t leaf, struct call_peer *peer, const uint8_t *signature)
{
    if (!call_left_verify(peer->signature_key, mls_group_id(call->group), leaf, peer->nonce, signature))
        return;
    if (!peer->leaving)
        call_event_plain(call, CALL_EVENT_ROSTER);
    peer->leaving = true;
    memcpy(peer->left_signature, signature, sizeof peer->left_signature);
    call_commits_want(call, false);
}

static void take_kick(struct call *call, const struct call_peer *by, const uint8_t *kicked)
{
    if (!call_params_is_admin(&call->params, by->certificate.user_id) || !call_user_present(call, kicked))
        return;
    call_kicks_announced(call, kicked);
    call->commits.deferred_until = call->now.ms + CALL_DEFER_MS;
    struct call_event *event = call_event_push(call, CALL_EVENT_WARNING, (struct mls_bytes){0}, (struct mls_bytes){0});
    event->warning = CALL_WARNING_KICK;
    memcpy(event->user_id, kicked, sizeof event->user_id);
    memcpy(event->by, by->certificate.user_id, sizeof event->by);
}

static void take_chat(struct call *call, uint32_t leaf, const struct call_peer *peer, const struct call_chat *chat)
{
    const uint64_t vanish_ms = (uint64_t)chat->vanish_s * 1000;
    const uint64_t age = call_clock_age_ms(call, peer, chat->time_ms);
    /* what comes after its time is never shown, whoever held it back */
    if (vanish_ms != 0 && age >= vanish_ms)
        return;
    struct call_event *event = call_event_push(call, CALL_EVENT_CHAT, out(chat->text), (struct mls_bytes){0});
    event->leaf = leaf;
    event->vanish_ms = vanish_ms != 0 ? vanish_ms - age : 0;
    memcpy(event->user_id, peer->certificate.user_id, sizeof event->user_id);
}

static void take_message(struct call *call, uint32_t leaf, struct core_slice data)
{
    struct call_message message;
    struct call_peer *peer = call_peer(call, leaf);
    if (!peer || !call_message_parse(data, &message))
        return;
    switch (message.type) {
    case CALL_MESSAGE_HEARTBEAT:
        take_heartbeat(call, leaf, peer, &message.heartbeat);
        return;
    case CALL_MESSAGE_LEFT:
        take_left(call, leaf, peer, message.left_signature);
        return;
    case CALL_MESSAGE_KICK:
        take_kick(call, peer, message.kicked);
        return;
    default:
        take_chat(call, leaf, peer, &message.chat);
        return;
    }
}

/* --- What cannot be opened yet --- */

static void drop_held(struct call_contact *contact, size_t i)
{
    contact->held_bytes -= contact->held[i].message.len;
    mls_output_free(&contact->held[i].message);
    contact->held_count--;
    memmove(&contact->held[i], &contact->held[i + 1], (contact->held_count - i) * sizeof contact->held[0]);
}

void call_held_wipe(struct call *call)
{
    while (call->contact.held_count > 0)
        drop_held(&call->contact, call->contact.held_count - 1);
}

static void hold(struct call *call, struct mls_output *message)
{
    struct call_contact *contact = &call->contact;
    while (contact->held_count > 0 &&
           (contact->held_count == CALL_HELD_MAX || contact->held_bytes + message->len > CALL_HELD_BYTES_MAX))
        drop_held(contact, 0);
    contact->held[contact->held_count++] = (struct call_held){*message, call->now.ms};
    contact->held_bytes += message->len;
    *message = (struct mls_output){0};
}

enum opened { OPENED, NOT_YET, NEVER };

static enum opened open_message(struct call *call, struct mls_bytes message)
{
    struct mls_message parsed;
    struct mls_received received = {0};
    if (mls_message_parse(message.data, message.len, &parsed) != MLS_OK ||
        parsed.wire_format != MLS_WIRE_PRIVATE_MESSAGE ||
        parsed.private_message.content_type != MLS_CONTENT_APPLICATION)
        return NEVER;
    if (call->phase != CALL_PHASE_MEMBER)
        return NOT_YET;
    if (!call_same(parsed.private_message.group_id.data, parsed.private_message.group_id.len,
                   mls_group_id(call->group).data, mls_group_id(call->group).len))
        return NEVER;
    const uint64_t epoch = mls_group_epoch(call->group);
    if (parsed.private_message.epoch > epoch)
        return NOT_YET; /* one of the epoch before opens for a while yet */
    if (parsed.private_message.epoch < call->joining.joined_epoch &&
        call->now.ms - call->joining.joined_ms > CALL_GRACE_REMOVED_MS)
        call_contact_unopened(call); /* somebody has not followed this client's coming */
    const int rc = mls_group_process(call->group, message, call->now.unix_s, &received);
    if (rc == MLS_OK && received.kind == MLS_RECEIVED_APPLICATION)
        take_message(call, received.sender, (struct core_slice){received.data.data, received.data.len});
    mls_received_free(&received);
    /* a newcomer's group may have gone on without those who were there */
    if (rc != MLS_OK && parsed.private_message.epoch >= call->joining.joined_epoch &&
        parsed.private_message.epoch < epoch && !call->contact.confirmed)
        call_contact_unopened(call);
    /* of this epoch, and yet under other keys: somebody took another commit for it */
    if (rc == MLS_AUTH && parsed.private_message.epoch == epoch)
        return NOT_YET;
    return rc == MLS_OK ? OPENED : NEVER;
}

void call_held_retry(struct call *call)
{
    struct call_contact *contact = &call->contact;
    for (size_t i = 0; i < contact->held_count;) {
        if (open_message(call, call_bytes(contact->held[i].message)) == NOT_YET) {
            i++;
            continue;
        }
        if (call->phase != CALL_PHASE_MEMBER)
            return;
        drop_held(contact, i);
    }
}

void call_held_expire(struct call *call)
{
    while (call->contact.held_count > 0 && call->contact.held[0].since_ms + CALL_HELD_MS < call->now.ms)
        drop_held(&call->contact, 0);
}

/* --- The relay --- */

/* The message of one's own that came back; NULL: it is another's. */
static const struct call_sent *find_own(const struct call_contact *contact, struct mls_bytes box)
{
    if (box.len < CALL_BOX_OVERHEAD)
        return NULL;
    for (size_t i = 0; i < CALL_SENT_KEPT; i++)
        if (memcmp(contact->sent[i].nonce, box.data + NONCE_AT, CORE_XCHACHA_NONCE_LEN) == 0)
            return &contact->sent[i];
    return NULL;
}

void call_relayed(struct call *call, struct mls_bytes box)
{
    struct call_contact *contact = &call->contact;
    struct mls_output content = {0};
    const struct call_sent *own = find_own(contact, box);
    if (own) {
        /* when it was sent, not when it came back: what is passed on late is as good as not passed on */
        if (own->at_ms > contact->last_echo_ms)
            contact->last_echo_ms = own->at_ms;
        return;
    }
    if (call->phase == CALL_PHASE_OUT || call->phase == CALL_PHASE_LINK_OLD)
        return;
    if (call_box_open(&call->room, CALL_BOX_RELAY, box, &content) != CALL_OK) {
        call_retreat_relayed(call, box);
        call_log_number(call, box);
        return;
    }
    call->log.heard_ms = call->now.ms;
    if (open_message(call, call_bytes(content)) == NOT_YET) {
        call_contact_unopened(call);
        hold(call, &content);
    }
    mls_output_free(&content);
}
