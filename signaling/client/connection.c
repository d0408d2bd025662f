/* Envelopes to and from the delivery service (wire/envelope.h): requests that wait for an answer, and what is pushed.
 */
#include <stdlib.h>

#include "core/secret.h"
#include "parts.h"
#include "wire/buffer.h"

static struct core_slice in(struct mls_bytes bytes)
{
    return (struct core_slice){bytes.data, bytes.len};
}

static struct mls_bytes out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

/* --- Requests --- */

/* One that waits for its answer. When too many do, the oldest but the append on its way is forgotten: its answer will
 * be passed over. */
static struct call_request *remember(struct call *call, enum call_request_kind kind, uint64_t seq)
{
    struct call_connection *connection = &call->connection;
    size_t slot = connection->requests[0].number == connection->append ? 1 : 0;
    for (size_t i = 0; i < CALL_REQUESTS_MAX; i++) {
        if (connection->requests[i].kind == CALL_ASKED_NOTHING) {
            slot = i;
            break;
        }
        if (connection->requests[i].number < connection->requests[slot].number &&
            connection->requests[i].number != connection->append)
            slot = i;
    }
    if (++connection->last_request == 0)
        connection->last_request = 1;
    connection->requests[slot] =
        (struct call_request){.kind = kind, .number = connection->last_request, .seq = seq, .due_ms = call->now.ms};
    return &connection->requests[slot];
}

static struct call_request forget(struct call *call, uint32_t number)
{
    struct call_connection *connection = &call->connection;
    struct call_request found = {0};
    for (size_t i = 0; i < CALL_REQUESTS_MAX; i++)
        if (connection->requests[i].kind != CALL_ASKED_NOTHING && connection->requests[i].number == number) {
            found = connection->requests[i];
            connection->requests[i] = (struct call_request){0};
            break;
        }
    return found;
}

/* --- Answers that do not come --- */

static void set_due(struct call *call, struct call_request *asked, uint64_t due_ms)
{
    asked->due_ms = due_ms;
    if (call->timers[CALL_TIMER_ANSWER] > due_ms)
        call->timers[CALL_TIMER_ANSWER] = due_ms;
}

/* What is sent goes in order, and an append may be of megabytes: it takes its time, and what is sent after it waits. */
static uint64_t due_after(const struct call *call, size_t len)
{
    const uint64_t slowest_ms = len / CALL_LEAVES_SLOWEST;
    const uint64_t longest_ms = CALL_LEAVES_MS + len / CALL_LEAVES_LONG;
    uint64_t from_ms = call->now.ms;
    for (size_t i = 0; i < CALL_REQUESTS_MAX; i++) {
        const struct call_request *before = &call->connection.requests[i];
        if (before->kind != CALL_ASKED_NOTHING && before->due_ms > from_ms + CALL_ANSWER_MS)
            from_ms = before->due_ms - CALL_ANSWER_MS;
    }
    return from_ms + (slowest_ms < longest_ms ? slowest_ms : longest_ms) + CALL_ANSWER_MS;
}

/* An answer shows that all that was sent before its request is there. What is on its way, and is not answered soon
 * then, is repeated; until then it is not: its second copy would stand in the line behind the first. */
static void is_there_before(struct call *call, uint32_t number)
{
    for (size_t i = 0; i < CALL_REQUESTS_MAX; i++) {
        struct call_request *asked = &call->connection.requests[i];
        if (asked->kind == CALL_ASKED_NOTHING || asked->number >= number)
            continue;
        if (asked->due_ms > call->now.ms + CALL_ANSWER_MS)
            set_due(call, asked, call->now.ms + CALL_ANSWER_MS);
        if (asked->number == call->connection.append && call->timers[CALL_TIMER_APPEND] == CALL_NEVER)
            call_timer_set(call, CALL_TIMER_APPEND, CALL_APPEND_RETRY_MS);
    }
}

uint64_t call_append_left_ms(const struct call *call)
{
    for (size_t i = 0; i < CALL_REQUESTS_MAX; i++) {
        const struct call_request *asked = &call->connection.requests[i];
        if (asked->kind == CALL_ASKED_APPEND && asked->number == call->connection.append)
            return asked->due_ms > call->now.ms ? asked->due_ms - call->now.ms : 0;
    }
    return 0;
}

/* What the first request waits for comes no more: whoever swallows requests and keeps the connection open would have
 * this client wait for ever. */
void call_answer_timer(struct call *call)
{
    const struct call_connection *connection = &call->connection;
    uint64_t first_ms = CALL_NEVER;
    for (size_t i = 0; i < CALL_REQUESTS_MAX; i++)
        if (connection->requests[i].kind != CALL_ASKED_NOTHING && connection->requests[i].due_ms < first_ms)
            first_ms = connection->requests[i].due_ms;
    if (first_ms > call->now.ms) {
        call->timers[CALL_TIMER_ANSWER] = first_ms;
        return;
    }
    call_connection_lost(call);
    call_event_plain(call, CALL_EVENT_RECONNECT);
}

/* --- Sending --- */

/* The length of what is sent. */
static size_t send(struct call *call, const struct wire_envelope *envelope)
{
    struct bytes_writer w;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, envelope);
    const size_t len = w.len;
    if (bytes_writer_ok(&w))
        call_event_push(call, CALL_EVENT_SEND, out(wire_buffer_slice(&w)), (struct mls_bytes){0});
    wire_buffer_free(&w);
    return len;
}

/* NULL if it is not sent: without a connection. */
static struct call_request *request(struct call *call, struct wire_envelope *envelope, enum call_request_kind kind,
                                    uint64_t seq)
{
    if (!call->connection.up || (!call->connection.admitted && kind != CALL_ASKED_HELLO))
        return NULL;
    struct call_request *asked = remember(call, kind, seq);
    envelope->request = asked->number;
    set_due(call, asked, due_after(call, send(call, envelope)));
    return asked;
}

void call_send_read(struct call *call, uint64_t from)
{
    struct wire_envelope envelope = {.type = WIRE_READ, .read = {.from = from, .max = CALL_PAGE}};
    request(call, &envelope, CALL_ASKED_PAGE, from);
}

/* --- Parts, piece by piece --- */

static struct call_pieces *pieces_of(struct call *call, enum wire_part part)
{
    return part == WIRE_PART_WELCOME ? &call->connection.welcome : &call->connection.info;
}

static void drop_pieces(struct call_pieces *pieces)
{
    free(pieces->data); /* sealed */
    *pieces = (struct call_pieces){0};
}

static void fetch_from(struct call *call, uint64_t seq, enum wire_part part, size_t offset)
{
    struct wire_envelope envelope = {.type = WIRE_FETCH,
                                     .fetch = {.seq = seq, .part = (uint8_t)part, .offset = (uint32_t)offset}};
    request(call, &envelope, part == WIRE_PART_WELCOME ? CALL_ASKED_WELCOME : CALL_ASKED_INFO, seq);
    pieces_of(call, part)->request = envelope.request;
}

void call_send_fetch(struct call *call, uint64_t seq, enum wire_part part)
{
    drop_pieces(pieces_of(call, part));
    fetch_from(call, seq, part, 0);
}

void call_send_list(struct call *call)
{
    struct wire_envelope envelope = {.type = WIRE_LIST, .list = {.part = WIRE_PART_GROUP_INFO}};
    request(call, &envelope, CALL_ASKED_LIST, 0);
}

static bool add_piece(struct call_pieces *pieces, const struct wire_part_data *piece)
{
    if (piece->offset != pieces->len || (pieces->data && piece->total != pieces->total))
        return false;
    if (!pieces->data && !(pieces->data = malloc(piece->total)))
        return false;
    pieces->total = piece->total;
    memcpy(pieces->data + pieces->len, piece->data.data, piece->data.len);
    pieces->len += piece->data.len;
    return true;
}

/* What a service puts together wrongly does not open: it is sealed as a whole. */
static void take_piece(struct call *call, const struct call_request *asked, const struct wire_part_data *piece)
{
    const enum wire_part part = asked->kind == CALL_ASKED_WELCOME ? WIRE_PART_WELCOME : WIRE_PART_GROUP_INFO;
    struct call_pieces *pieces = pieces_of(call, part);
    if (asked->number != pieces->request)
        return; /* begun anew since */
    if (piece->seq != asked->seq || piece->part != part || !add_piece(pieces, piece)) {
        drop_pieces(pieces);
        call_joining_missing(call, part);
        return;
    }
    if (pieces->len < pieces->total) {
        if (call_joining_goes_on(call, part))
            fetch_from(call, asked->seq, part, pieces->len);
        else
            drop_pieces(pieces);
        return;
    }
    const struct call_pieces whole = *pieces;
    *pieces = (struct call_pieces){0};
    (part == WIRE_PART_WELCOME ? call_welcomes_take : call_joining_info)(call, asked->seq,
                                                                         (struct mls_bytes){whole.data, whole.len});
    free(whole.data);
}

/* --- Other requests --- */

void call_send_append(struct call *call, const uint8_t *append_id, struct mls_output commit, struct mls_output welcome,
                      struct mls_output info)
{
    struct wire_envelope envelope = {.type = WIRE_APPEND,
                                     .append = {.commit = in(call_bytes(commit)),
                                                .has_welcome = welcome.len > 0,
                                                .has_group_info = info.len > 0,
                                                .welcome = in(call_bytes(welcome)),
                                                .group_info = in(call_bytes(info))}};
    memcpy(envelope.append.append_id, append_id, WIRE_APPEND_ID_LEN);
    struct call_request *asked = request(call, &envelope, CALL_ASKED_APPEND, 0);
    if (!asked)
        return;
    memcpy(asked->append_id, append_id, WIRE_APPEND_ID_LEN);
    call->connection.append = asked->number;
    call_timer_stop(call, CALL_TIMER_APPEND);
}

void call_append_forget(struct call *call)
{
    call->connection.append = 0;
    call_timer_stop(call, CALL_TIMER_APPEND);
}

void call_send_package(struct call *call, struct mls_bytes box)
{
    struct wire_envelope envelope = {.type = WIRE_PUT_KEY_PACKAGE,
                                     .put_key_package = {.use = WIRE_USE_WAITING, .key_package = in(box)}};
    request(call, &envelope, CALL_ASKED_PUT, 0);
}

void call_send_take(struct call *call)
{
    struct wire_envelope envelope = {.type = WIRE_TAKE_KEY_PACKAGES, .take_key_packages = {.max = CALL_ADDS_MAX}};
    request(call, &envelope, CALL_ASKED_TAKE, 0);
}

void call_send_relay(struct call *call, struct mls_bytes box)
{
    struct wire_envelope envelope = {.type = WIRE_RELAY, .relay = {.payload = in(box)}};
    request(call, &envelope, CALL_ASKED_RELAY, 0);
}

int call_renew(struct call *call, const uint8_t *token, size_t token_len)
{
    struct wire_envelope envelope = {.type = WIRE_RENEW, .renew = {.token = {token, token_len}}};
    int rc = call_token_set(call, token, token_len);
    if (rc == CALL_OK)
        request(call, &envelope, CALL_ASKED_RENEW, 0);
    return rc;
}

/* --- Up and down --- */

void call_connected(struct call *call, struct call_time now)
{
    call_advance(call, now);
    if (call->phase == CALL_PHASE_OUT || call->phase == CALL_PHASE_LINK_OLD)
        return;
    call_connection_lost(call);
    call->connection.up = true;
    call->connection.hello_ms = call->now.ms;
    /* who asks is told too what came meanwhile: its Welcome may be among it */
    const uint64_t from = call->phase == CALL_PHASE_ASKING ? call->log.head + 1 : call->log.next;
    struct wire_envelope envelope = {
        .type = WIRE_HELLO,
        .hello = {.token = in(call_bytes(call->token)), .room = call_room_name(&call->room), .from = from}};
    request(call, &envelope, CALL_ASKED_HELLO, from);
}

void call_connection_lost(struct call *call)
{
    call->connection.up = call->connection.admitted = false;
    memset(call->connection.requests, 0, sizeof call->connection.requests);
    drop_pieces(&call->connection.welcome);
    drop_pieces(&call->connection.info);
    call_timer_stop(call, CALL_TIMER_ANSWER);
    call_append_forget(call); /* what is on its way goes with the next one */
    call->log.reading = false;
    call->joining.fetching = false;
    call_joining_disconnected(call);
    call->returning.appended = false;
    call->commits.taking = call->commits.waiting = false;
}

void call_disconnected(struct call *call, struct call_time now)
{
    call_advance(call, now);
    call_connection_lost(call);
}

/* --- What comes --- */

static void take_admitted(struct call *call, const struct wire_admitted *admitted, uint64_t from)
{
    struct call_connection *connection = &call->connection;
    const bool other_log =
        connection->log_known && memcmp(connection->log_id, admitted->log_id, sizeof connection->log_id) != 0;
    const uint64_t took_ms = call->now.ms - connection->hello_ms;
    connection->admitted = true;
    connection->round_trip_ms = took_ms < CALL_ROUND_TRIP_MAX_MS ? took_ms : CALL_ROUND_TRIP_MAX_MS;
    connection->log_known = true;
    memcpy(connection->log_id, admitted->log_id, sizeof connection->log_id);
    if (other_log) { /* its numbers mean nothing any more */
        call->log.next = call->log.head = call->log.ended = call->log.info_count = call->log.number = 0;
        call->log.misled = false;
    }
    if (other_log && from > 0) { /* nor does this one, from which on its entries were asked for */
        call_connection_lost(call);
        call_event_plain(call, CALL_EVENT_RECONNECT);
        return;
    }
    call_log_admitted(call, admitted);
    call_joining_connected(call);
    call_commits_connected(call);
    /* heartbeats were lost meanwhile: nobody shall wait for the next in turn to know that we are back, nor we to know
     * that what we say is passed on */
    if (call->phase == CALL_PHASE_MEMBER)
        call_heartbeat_answer(call);
    if (admitted->waiting > 0)
        call_commits_waiting(call, admitted->waiting);
}

/* Whether the same may be answered otherwise later. */
static bool is_for_now(uint16_t code)
{
    return code == WIRE_REFUSED_RATE_LIMITED || code == WIRE_REFUSED_STORAGE || code == WIRE_REFUSED_INTERNAL;
}

static void take_error(struct call *call, const struct call_request *asked, const struct wire_error *error)
{
    const uint64_t retry_ms = error->retry_after_ms ? error->retry_after_ms : 1000;
    switch (asked->kind) {
    case CALL_ASKED_WELCOME:
    case CALL_ASKED_INFO: {
        const enum wire_part part = asked->kind == CALL_ASKED_WELCOME ? WIRE_PART_WELCOME : WIRE_PART_GROUP_INFO;
        if (is_for_now(error->code))
            call_joining_later(call, part, retry_ms);
        else
            call_joining_missing(call, part);
        return;
    }
    case CALL_ASKED_APPEND:
        if (asked->number != call->connection.append)
            return; /* given up, or repeated already */
        if (error->code == WIRE_REFUSED_RATE_LIMITED || error->code == WIRE_REFUSED_STORAGE) {
            call_timer_set(call, CALL_TIMER_APPEND, retry_ms);
            return;
        }
        call_timer_set(call, CALL_TIMER_APPEND, CALL_APPEND_RETRY_MS);
        break;
    case CALL_ASKED_TAKE:
        call->commits.taking = false;
        break;
    case CALL_ASKED_PAGE:
        call->log.reading = false; /* asked for again with the next tick */
        return;
    case CALL_ASKED_LIST:
        return; /* nothing comes of this attempt */
    case CALL_ASKED_RELAY:
        return; /* relayed messages may be lost */
    default:
        break;
    }
    call_warn(call, CALL_WARNING_REFUSED, error->code);
}

static void take_answer(struct call *call, const struct wire_envelope *envelope)
{
    const struct call_request asked = forget(call, envelope->request);
    if (asked.kind != CALL_ASKED_NOTHING)
        is_there_before(call, asked.number);
    if (envelope->type == WIRE_ERROR) {
        take_error(call, &asked, &envelope->error);
        return;
    }
    switch (asked.kind) {
    case CALL_ASKED_HELLO:
        if (envelope->type == WIRE_ADMITTED)
            take_admitted(call, &envelope->admitted, asked.seq);
        return;
    case CALL_ASKED_PAGE:
        call->log.reading = false;
        if (envelope->type == WIRE_ENTRIES)
            call_log_page(call, &envelope->entries);
        return;
    case CALL_ASKED_WELCOME:
    case CALL_ASKED_INFO:
        if (envelope->type == WIRE_PART)
            take_piece(call, &asked, &envelope->part);
        return;
    case CALL_ASKED_LIST:
        if (envelope->type == WIRE_SEQS && envelope->seqs.part == WIRE_PART_GROUP_INFO)
            call_joining_listed(call, envelope->seqs.list);
        return;
    case CALL_ASKED_TAKE:
        call->commits.taking = false;
        if (envelope->type == WIRE_KEY_PACKAGES)
            call_commits_packages(call, &envelope->key_packages);
        return;
    case CALL_ASKED_APPEND:
        if (asked.number == call->connection.append)
            call_timer_stop(call, CALL_TIMER_APPEND);
        if (envelope->type == WIRE_APPENDED)
            call_joining_appended(call, asked.append_id, envelope->appended.seq);
        return;
    default: /* that it was done: the log and the relay show it */
        return;
    }
}

int call_receive(struct call *call, const uint8_t *data, size_t len, struct call_time now)
{
    struct wire_envelope envelope;
    call_advance(call, now);
    if (!call->connection.up)
        return CALL_OK; /* of a connection that is gone */
    if (!wire_envelope_parse(data, len, &envelope) || wire_is_request(envelope.type))
        return CALL_MALFORMED;
    if (envelope.request != 0)
        take_answer(call, &envelope);
    else if (!call->connection.admitted && envelope.type != WIRE_ERROR)
        return CALL_MALFORMED;
    else if (envelope.type == WIRE_ENTRY)
        call_log_entry(call, &envelope.entry);
    else if (envelope.type == WIRE_RELAYED)
        call_relayed(call, out(envelope.relay.payload));
    else if (envelope.type == WIRE_KEY_PACKAGES_WAITING)
        call_commits_waiting(call, envelope.waiting.waiting);
    else if (envelope.type == WIRE_ERROR)
        call_warn(call, CALL_WARNING_REFUSED, envelope.error.code);
    return CALL_OK;
}
