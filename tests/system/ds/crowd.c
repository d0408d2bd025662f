/* Calls for a delivery service that is killed again and again: rooms of members, each with the state machine of
 * signaling/client over a WebSocket of its own, who come and go, crash, race each other's commits and talk, until they
 * are told to stop; then all of a room have to be in one epoch and hear each other.
 *
 *     crowd HOST:PORT ROOMS
 *
 * Lines on stdout: `ack ROOM SEQ COMMIT` for each append that was acknowledged (COMMIT: SHA-256 of its bytes, cut); at
 * the end, for which a line on stdin asks, `entry ROOM SEQ COMMIT` for all that any member was sent, and `settled ROOM
 * EPOCH`. Two members that read different entries under one number, or send under different keys of one epoch, or a
 * room that does not settle, end it with exit code 1. Then, or on SIGTERM, it says on stderr why, and where each member
 * stands and what happened to it last. */
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "delivery/connection.h"
#include "sotto/call.h"
#include "wire/envelope.h"

enum {
    MEMBERS = 5, /* of a room; the first two are devices of one user, its admin */
    ADMINS = 2,
    ROOMS_MAX = 16,
    ACT_MS = 150,
    AGAIN_MS = 50, /* until who is gone starts again */
    SETTLE_S = 90,
    TALK_MS = 1000,
    CERTIFICATE_S = 24 * 3600,
    COMMIT_CHARS = 24, /* of the hash that names a commit */
    NOTES = 24,        /* kept of each member */
};

struct room;

/* Something that happened to a member. */
struct note {
    gint64 at_us;
    const char *what; /* a literal; NULL: nothing yet */
    uint64_t number;
};

struct member {
    struct room *room;
    unsigned number;
    struct identity_key root, device;
    uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
    size_t certificate_len;
    struct connection *connection; /* NULL: it does not run */
    struct call *call;
    guint timer, again;
    GHashTable *appends; /* of this connection: request -> commit */
    GHashTable *keys;    /* epoch -> base key, of this life */
    GBytes *state;       /* what its device keeps; NULL: nothing */
    uint8_t highest_group[CALL_GROUP_ID_LEN];
    uint64_t highest_epoch;
    bool deaf;      /* the machine wants another connection */
    unsigned heard; /* whose last words, by bits */
    struct note notes[NOTES];
    unsigned noted;
};

struct room {
    char name[16];
    char *url;
    struct call_link link;
    GHashTable *entries; /* seq -> commit */
    GHashTable *keys;    /* epoch -> base key, of those who send */
    struct member members[MEMBERS];
};

static struct room rooms[ROOMS_MAX];
static unsigned room_count;
static SoupSession *http;
static GMainLoop *loop;
static gint64 ending_us; /* when it was asked for; 0: not yet */

/* --- What is said when it fails ----------------------------------------------------------------------------------- */

static void note(struct member *member, const char *what, uint64_t number)
{
    member->notes[member->noted++ % NOTES] = (struct note){g_get_monotonic_time(), what, number};
}

static void describe(const struct member *member)
{
    fprintf(stderr, "%s %u: ", member->room->name, member->number);
    if (member->call == NULL)
        fputs("does not run", stderr);
    else
        fprintf(stderr, "phase %d, pause %d, epoch %llu, %u members", (int)call_get_phase(member->call),
                (int)call_get_pause(member->call), (unsigned long long)call_epoch(member->call),
                call_member_total(member->call));
    fprintf(stderr, ", heard %x, link %u; s ago:", member->heard, member->room->link.number);
    for (unsigned i = 0; i < NOTES; i++) {
        const struct note *one = &member->notes[(member->noted + i) % NOTES];

        if (one->what != NULL)
            fprintf(stderr, " %.1f %s %llu,", (double)(g_get_monotonic_time() - one->at_us) / G_USEC_PER_SEC, one->what,
                    (unsigned long long)one->number);
    }
    fputc('\n', stderr);
}

static void describe_all(void)
{
    for (unsigned i = 0; i < room_count; i++)
        for (unsigned k = 0; k < MEMBERS; k++)
            describe(&rooms[i].members[k]);
}

static void G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    describe_all();
    exit(1);
}

static gboolean on_term(gpointer unused)
{
    (void)unused;
    fail("told to end");
}

static struct call_time now(void)
{
    return (struct call_time){(uint64_t)g_get_monotonic_time() / 1000, (uint64_t)g_get_real_time() / G_USEC_PER_SEC};
}

/* --- What all have to agree on ------------------------------------------------------------------------------------ */

static char *name_of(struct core_slice commit)
{
    char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, commit.data, commit.len);

    hash[COMMIT_CHARS] = '\0';
    return hash;
}

/* Takes value. */
static void agree(GHashTable *table, uint64_t number, char *value, const struct member *member, const char *what)
{
    const char *known = g_hash_table_lookup(table, &number);

    if (known == NULL) {
        g_hash_table_insert(table, g_memdup2(&number, sizeof(number)), value);
        return;
    }
    if (strcmp(known, value) != 0)
        fail("%s: member %u has another %s %llu than those before: %s, not %s", member->room->name, member->number,
             what, (unsigned long long)number, value, known);
    g_free(value);
}

static void take_entry(struct member *member, const struct wire_entry *entry)
{
    agree(member->room->entries, entry->seq, name_of(entry->commit), member, "entry");
}

static void take_key(struct member *member, const struct call_event *event)
{
    g_hash_table_insert(member->keys, g_memdup2(&event->epoch, sizeof(event->epoch)),
                        g_compute_checksum_for_data(G_CHECKSUM_SHA256, event->data, event->len));
}

/* Who sends has been confirmed. A newcomer may come in by a commit that lost its race, and have keys of nobody else's,
 * until it is not confirmed and tries the next. */
static void use_key(struct member *member, uint64_t epoch)
{
    const char *key = g_hash_table_lookup(member->keys, &epoch);

    if (key == NULL)
        fail("%s: member %u is to send under an epoch without a key", member->room->name, member->number);
    agree(member->room->keys, epoch, g_strdup(key), member, "key for epoch");
}

/* --- One member --------------------------------------------------------------------------------------------------- */

static void start(struct member *member);

static void stop(struct member *member)
{
    connection_free(member->connection);
    member->connection = NULL;
    call_free(member->call);
    member->call = NULL;
    g_hash_table_remove_all(member->keys);
    if (member->timer != 0)
        g_source_remove(member->timer);
    member->timer = 0;
}

static gboolean on_again(gpointer data)
{
    struct member *member = data;

    member->again = 0;
    stop(member);
    start(member);
    return G_SOURCE_REMOVE;
}

static void start_again(struct member *member)
{
    if (member->again == 0)
        member->again = g_timeout_add(AGAIN_MS, on_again, member);
}

static void forget_state(struct member *member)
{
    g_clear_pointer(&member->state, g_bytes_unref);
}

static void send(struct member *member, const struct call_event *event)
{
    struct wire_envelope envelope;

    if (!wire_envelope_parse(event->data, event->len, &envelope))
        fail("%s: member %u sends what is no envelope", member->room->name, member->number);
    if (envelope.type == WIRE_APPEND)
        g_hash_table_insert(member->appends, GUINT_TO_POINTER(envelope.request), name_of(envelope.append.commit));
    connection_send(member->connection, event->data, event->len);
}

static void take(struct member *member, const struct call_event *event)
{
    unsigned from;

    switch (event->type) {
    case CALL_EVENT_SEND:
        send(member, event);
        break;
    case CALL_EVENT_RECONNECT:
        member->deaf = true;
        break;
    case CALL_EVENT_PHASE:
        note(member, "phase", (uint64_t)event->phase);
        if (event->phase == CALL_PHASE_OUT || event->phase == CALL_PHASE_LINK_OLD) {
            forget_state(member);
            start_again(member);
        }
        break;
    case CALL_EVENT_EPOCH_ADDED:
        note(member, "epoch", event->epoch);
        take_key(member, event);
        break;
    case CALL_EVENT_SEND_WITH:
        note(member, "sends with", event->epoch);
        use_key(member, event->epoch);
        break;
    case CALL_EVENT_SEND_STOPPED:
        note(member, "pause", (uint64_t)event->pause);
        break;
    case CALL_EVENT_WARNING:
        note(member, "warning", (uint64_t)event->warning);
        break;
    case CALL_EVENT_CHAT:
        if (event->len == 5 && sscanf((const char *)event->data, "end %1u", &from) == 1 && from < MEMBERS)
            member->heard |= 1u << from;
        break;
    case CALL_EVENT_LINK: {
        struct call_link link;

        if (call_get_link(member->call, &link) == CALL_OK && link.number >= member->room->link.number)
            member->room->link = link;
        break;
    }
    case CALL_EVENT_HIGHEST:
        memcpy(member->highest_group, event->group_id, sizeof(member->highest_group));
        member->highest_epoch = event->epoch;
        break;
    case CALL_EVENT_STATE:
        forget_state(member);
        if (event->len > 0)
            member->state = g_bytes_new(event->data, event->len);
        break;
    default:
        break;
    }
}

static gboolean on_time(gpointer data);

static void pump(struct member *member)
{
    struct call_event event;
    uint64_t timeout_ms;

    while (call_next_event(member->call, &event))
        take(member, &event);
    if (member->timer != 0)
        g_source_remove(member->timer);
    timeout_ms = call_timeout(member->call);
    member->timer = 0;
    if (timeout_ms != UINT64_MAX) {
        uint64_t now_ms = now().ms;

        member->timer =
            g_timeout_add((guint)MIN(timeout_ms > now_ms ? timeout_ms - now_ms : 0, G_MAXINT), on_time, member);
    }
    if (member->deaf) {
        member->deaf = false;
        connection_reset(member->connection, "no answer");
    }
}

static gboolean on_time(gpointer data)
{
    struct member *member = data;

    member->timer = 0;
    call_advance(member->call, now());
    pump(member);
    return G_SOURCE_REMOVE;
}

static void on_up(void *user)
{
    struct member *member = user;

    note(member, "up", 0);
    g_hash_table_remove_all(member->appends);
    call_connected(member->call, now());
    pump(member);
}

static void on_down(void *user, const char *reason, bool ended)
{
    struct member *member = user;

    if (ended)
        fail("%s: member %u is sent away: %s", member->room->name, member->number, reason);
    note(member, "down", 0);
    call_disconnected(member->call, now());
    pump(member);
}

static void on_message(void *user, const uint8_t *data, size_t len)
{
    struct member *member = user;
    struct wire_envelope envelope;
    const char *commit;

    if (!wire_envelope_parse(data, len, &envelope))
        fail("%s: member %u is sent what is no envelope", member->room->name, member->number);
    if (envelope.type == WIRE_APPENDED) {
        commit = g_hash_table_lookup(member->appends, GUINT_TO_POINTER(envelope.request));
        if (commit == NULL)
            fail("%s: member %u is told of an append that it never made", member->room->name, member->number);
        printf("ack %s %llu %s\n", member->room->name, (unsigned long long)envelope.appended.seq, commit);
    } else if (envelope.type == WIRE_ENTRY) {
        take_entry(member, &envelope.entry);
    } else if (envelope.type == WIRE_ENTRIES) {
        struct bytes_reader r = wire_walk(envelope.entries.list);
        struct wire_entry entry;

        while (wire_entry_next(&r, &entry))
            take_entry(member, &entry);
    }
    if (call_receive(member->call, data, len, now()) != CALL_OK)
        fail("%s: member %u does not understand a %s", member->room->name, member->number,
             wire_type_text(envelope.type));
    pump(member);
}

static void start(struct member *member)
{
    struct call_config config = {.link = &member->room->link,
                                 .certificate = member->certificate,
                                 .certificate_len = member->certificate_len,
                                 .device_seed = member->device.seed,
                                 .keeps = true,
                                 .highest_epoch = member->highest_epoch};
    struct connection_config connection = {
        .http = http, .up = on_up, .message = on_message, .down = on_down, .user = member};
    char *url = g_strdup_printf("%s?name=%s-%u", member->room->url, member->room->name, member->number);

    memcpy(config.highest_group, member->highest_group, sizeof(config.highest_group));
    if (call_new(&config, now(), &member->call) != CALL_OK)
        fail("%s: member %u cannot be made", member->room->name, member->number);
    note(member, "starts", config.link->number);
    /* an old state, or one under another link, costs a way round: it is not an error */
    if (member->state != NULL) {
        gsize len = 0;
        const uint8_t *state = g_bytes_get_data(member->state, &len);

        if (call_restore(member->call, state, len) != CALL_OK)
            forget_state(member);
    }
    connection.url = url;
    member->connection = connection_new(&connection);
    g_free(url);
    pump(member);
}

/* --- What they do ------------------------------------------------------------------------------------------------- */

static bool is_in(const struct member *member)
{
    return member->call != NULL && call_get_phase(member->call) == CALL_PHASE_MEMBER;
}

/* Both at once: of two commits for one epoch one wins. */
static void admins_race(struct room *room)
{
    for (unsigned i = 0; i < ADMINS; i++)
        if (is_in(&room->members[i]) && call_rotate(room->members[i].call) == CALL_OK)
            pump(&room->members[i]);
}

static void leave(struct member *member)
{
    if (call_leave(member->call) == CALL_OK)
        pump(member); /* its last event starts it again */
}

static gboolean act(gpointer data)
{
    struct room *room = data;
    struct member *member = &room->members[g_random_int_range(0, MEMBERS)];
    unsigned in = 0;

    if (ending_us != 0)
        return G_SOURCE_REMOVE;
    for (unsigned i = 0; i < MEMBERS; i++)
        in += is_in(&room->members[i]);
    if (in == MEMBERS && g_random_boolean())
        admins_race(room);
    else if (in >= MEMBERS - 1 && is_in(member)) {
        switch (g_random_int_range(0, 4)) {
        case 0:
            leave(member);
            break;
        case 1: /* a crash: nobody is told */
            note(member, "crashes", 0);
            stop(member);
            start_again(member);
            break;
        default:
            if (call_say(member->call, "hello", 5, 0) == CALL_OK)
                pump(member);
            break;
        }
    }
    return G_SOURCE_CONTINUE;
}

/* --- The end ------------------------------------------------------------------------------------------------------ */

static bool is_of_one_mind(const struct room *room)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        const struct member *member = &room->members[i];

        if (!is_in(member) || call_get_pause(member->call) != CALL_PAUSE_NONE ||
            call_member_total(member->call) != MEMBERS || call_epoch(member->call) != call_epoch(room->members[0].call))
            return false;
    }
    return true;
}

static bool have_talked(const struct room *room)
{
    for (unsigned i = 0; i < MEMBERS; i++)
        if ((room->members[i].heard | 1u << i) != (1u << MEMBERS) - 1)
            return false;
    return true;
}

static void talk(struct room *room)
{
    char text[16];

    for (unsigned i = 0; i < MEMBERS; i++) {
        snprintf(text, sizeof(text), "end %u", i);
        if (call_say(room->members[i].call, text, 5, 0) == CALL_OK)
            pump(&room->members[i]);
    }
}

static gboolean settle(gpointer unused)
{
    unsigned settled = 0;

    (void)unused;
    for (unsigned i = 0; i < room_count; i++) {
        if (is_of_one_mind(&rooms[i]) && have_talked(&rooms[i]))
            settled++;
        else if (is_of_one_mind(&rooms[i]))
            talk(&rooms[i]);
    }
    if (settled == room_count) {
        g_main_loop_quit(loop);
        return G_SOURCE_REMOVE;
    }
    if (g_get_monotonic_time() - ending_us > SETTLE_S * G_USEC_PER_SEC)
        fail("%u of %u rooms did not settle", room_count - settled, room_count);
    return G_SOURCE_CONTINUE;
}

static gboolean on_stdin(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    (void)channel;
    (void)condition;
    (void)data;
    ending_us = g_get_monotonic_time();
    g_timeout_add(TALK_MS, settle, NULL);
    return G_SOURCE_REMOVE;
}

static void report(const struct room *room)
{
    GHashTableIter iter;
    gpointer seq, commit;

    g_hash_table_iter_init(&iter, room->entries);
    while (g_hash_table_iter_next(&iter, &seq, &commit))
        printf("entry %s %llu %s\n", room->name, (unsigned long long)*(uint64_t *)seq, (const char *)commit);
    printf("settled %s %llu\n", room->name, (unsigned long long)call_epoch(room->members[0].call));
}

/* --- The beginning ------------------------------------------------------------------------------------------------ */

static void make_member(struct room *room, unsigned number)
{
    struct member *member = &room->members[number];
    struct identity_certificate content = {.created_s = now().unix_s - 60};

    member->room = room;
    member->number = number;
    member->appends = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    member->keys = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    if (number > 0 && number < ADMINS)
        member->root = room->members[0].root;
    else if (identity_key_new(&member->root) != IDENTITY_OK)
        fail("no root key");
    if (identity_key_new(&member->device) != IDENTITY_OK)
        fail("no device key");
    memcpy(content.device_key, member->device.public_key, sizeof(content.device_key));
    snprintf(content.name, sizeof(content.name), "user %u", number < ADMINS ? 0 : number);
    snprintf(content.device, sizeof(content.device), "device %u", number);
    content.expires_s = content.created_s + CERTIFICATE_S;
    if (identity_certificate_make(&member->root, &content, member->certificate, sizeof(member->certificate),
                                  &member->certificate_len) != IDENTITY_OK)
        fail("no certificate");
}

static void make_room(struct room *room, unsigned number, const char *host)
{
    snprintf(room->name, sizeof(room->name), "room-%u", number);
    room->url = connection_url(host);
    if (call_link_new(host, room->name, &room->link) != CALL_OK)
        fail("no link");
    room->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    room->keys = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    for (unsigned i = 0; i < MEMBERS; i++)
        make_member(room, i);
    for (unsigned i = 0; i < MEMBERS; i++)
        start(&room->members[i]);
    g_timeout_add(ACT_MS, act, room);
}

static void end_room(struct room *room)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &room->members[i];

        stop(member);
        if (member->again != 0)
            g_source_remove(member->again);
        forget_state(member);
        g_hash_table_unref(member->appends);
        g_hash_table_unref(member->keys);
    }
    g_hash_table_unref(room->entries);
    g_hash_table_unref(room->keys);
    g_free(room->url);
}

int main(int argc, char **argv)
{
    GIOChannel *channel;

    room_count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (room_count == 0 || room_count > ROOMS_MAX) {
        fprintf(stderr, "usage: crowd HOST:PORT ROOMS\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    loop = g_main_loop_new(NULL, FALSE);
    http = soup_session_new_with_options("max-conns", ROOMS_MAX * MEMBERS * 2, "max-conns-per-host",
                                         ROOMS_MAX * MEMBERS * 2, "timeout", 10, NULL);
    for (unsigned i = 0; i < room_count; i++)
        make_room(&rooms[i], i, argv[1]);
    channel = g_io_channel_unix_new(0);
    g_io_add_watch(channel, G_IO_IN | G_IO_HUP, on_stdin, NULL);
    g_unix_signal_add(SIGTERM, on_term, NULL);
    g_main_loop_run(loop);
    for (unsigned i = 0; i < room_count; i++)
        report(&rooms[i]);
    for (unsigned i = 0; i < room_count; i++)
        end_room(&rooms[i]);
    g_io_channel_unref(channel);
    g_object_unref(http);
    g_main_loop_unref(loop);
    return 0;
}
