#include "relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/connection.h"
#include "rendezvous.h"
#include "wire/buffer.h"

enum {
    ENTER_S = 30,
    QUEUED_MAX = 16, /* messages; who floods loses the rest */
};

struct message {
    uint8_t data[IDENTITY_LINK_MESSAGE_MAX];
    size_t len;
};

struct relay {
    SoupSession *http;
    struct connection *connection;
    const char *token;
    struct id_rendezvous place;
    enum id_side side;
    uint32_t request;           /* the last one */
    char self[WIRE_ID_MAX + 1]; /* its pseudonym */
    unsigned others;            /* who are in the room */
    bool admitted, failed;
    bool done; /* the service has the last request */
    /* What the other's side says, until it is asked for: the other device, and whoever likes to be taken for it. */
    struct message queue[QUEUED_MAX];
    size_t queued;
    unsigned passed_over;
};

/* Says why it ends, once. */
G_GNUC_PRINTF(2, 3) static void fail(struct relay *relay, const char *format, ...)
{
    va_list args;
    if (relay->failed)
        return;
    relay->failed = true;
    fputs("sotto: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static void post(struct relay *relay, struct wire_envelope *envelope)
{
    struct bytes_writer w;
    envelope->request = ++relay->request;
    relay->done = false;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, envelope);
    if (bytes_writer_ok(&w))
        connection_send(relay->connection, w.data, w.len);
    else
        fail(relay, "the token is too long for a delivery service, or there is no memory");
    wire_buffer_free(&w);
}

/* --- What comes --- */

static void on_up(void *user)
{
    struct relay *relay = user;
    const char *token = relay->token ? relay->token : "";
    struct wire_envelope hello = {
        .type = WIRE_HELLO,
        .hello = {.token = {(const uint8_t *)token, strlen(token)},
                  .room = {(const uint8_t *)relay->place.room, strlen(relay->place.room)}},
    };
    post(relay, &hello);
}

static void on_down(void *user, const char *reason, bool ended)
{
    (void)ended;
    fail(user, "%s", reason);
}

static bool is_self(const struct relay *relay, struct core_slice id)
{
    return id.len == strlen(relay->self) && memcmp(id.data, relay->self, id.len) == 0;
}

static void take_admitted(struct relay *relay, const struct wire_admitted *admitted)
{
    struct bytes_reader walk = wire_walk(admitted->present);
    struct core_slice id;
    snprintf(relay->self, sizeof relay->self, "%.*s", (int)admitted->pseudonym.len,
             (const char *)admitted->pseudonym.data);
    relay->others = 0;
    while (wire_id_next(&walk, &id))
        relay->others += !is_self(relay, id);
    relay->admitted = true;
}

/* Bounds what strangers say; in time, each wait is. */
static void pass_over(struct relay *relay)
{
    if (++relay->passed_over >= ID_RELAY_PASSED_OVER_MAX)
        fail(relay, "strangers fill the room with messages that are none of add-device: begin again, in another room");
}

static void take_message(struct relay *relay, struct core_slice payload)
{
    enum id_side from;
    struct core_slice message;
    if (!id_payload_parse(payload, &from, &message) || relay->queued == QUEUED_MAX) {
        pass_over(relay);
        return;
    }
    if (from == relay->side)
        return; /* what one sent oneself, given back; or somebody who plays with it */
    struct message *queued = &relay->queue[relay->queued++];
    memcpy(queued->data, message.data, message.len);
    queued->len = message.len;
}

static void take_message_out(struct relay *relay, struct message *out)
{
    *out = relay->queue[0];
    relay->queued--;
    memmove(&relay->queue[0], &relay->queue[1], relay->queued * sizeof relay->queue[0]);
}

static void on_message(void *user, const uint8_t *data, size_t len)
{
    struct relay *relay = user;
    struct wire_envelope in;
    if (relay->failed)
        return;
    if (!wire_envelope_parse(data, len, &in)) {
        fail(relay, "what the delivery service sends makes no sense");
        return;
    }
    switch (in.type) {
    case WIRE_ADMITTED:
        take_admitted(relay, &in.admitted);
        break;
    case WIRE_JOINED:
        relay->others += !is_self(relay, in.presence.pseudonym);
        break;
    case WIRE_RELAYED:
        take_message(relay, in.relay.payload);
        break;
    case WIRE_DONE:
        relay->done = in.request == relay->request;
        break;
    case WIRE_LEFT:
        if (relay->others > 0 && !is_self(relay, in.presence.pseudonym))
            relay->others--;
        break;
    case WIRE_ERROR:
        fail(relay, "the delivery service refuses: %s%s%.*s", wire_refusal_text(in.error.code),
             in.error.text.len > 0 ? ": " : "", (int)in.error.text.len, (const char *)in.error.text.data);
        break;
    default:
        break; /* nothing of this device's concern */
    }
}

/* --- Waiting for it --- */

static gboolean on_time(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_CONTINUE;
}

/* Until `it` is there; false if it is not in time, or never. */
static bool wait_until(struct relay *relay, bool (*there)(const struct relay *relay), int64_t until_us)
{
    const int64_t left_ms = (until_us - g_get_monotonic_time()) / 1000;
    bool late = left_ms <= 0;
    const guint timer = g_timeout_add(late ? 0 : (guint)left_ms, on_time, &late);
    while (!there(relay) && !relay->failed && !late)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    return there(relay) && !relay->failed;
}

static int64_t in_seconds(unsigned seconds)
{
    return g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC;
}

/* The same; and told. */
static bool wait_for(struct relay *relay, bool (*there)(const struct relay *relay), unsigned seconds, const char *it)
{
    const bool is_there = wait_until(relay, there, in_seconds(seconds));
    if (!is_there)
        fail(relay, "waited %u s for %s", seconds, it);
    return is_there;
}

static bool is_admitted(const struct relay *relay)
{
    return relay->admitted;
}

static bool is_done(const struct relay *relay)
{
    return relay->done;
}

static bool has_message(const struct relay *relay)
{
    return relay->queued > 0;
}

static bool has_message_or_none_will_come(const struct relay *relay)
{
    return relay->queued > 0 || relay->others == 0;
}

/* --- A channel --- */

static bool relay_send(void *carrier, const uint8_t *data, size_t len)
{
    struct relay *relay = carrier;
    uint8_t payload[ID_PAYLOAD_LEN];
    id_payload_write(relay->side, data, len, payload);
    struct wire_envelope out = {.type = WIRE_RELAY, .relay = {.payload = {payload, sizeof payload}}};
    post(relay, &out);
    return wait_for(relay, is_done, ID_CHANNEL_MESSAGE_S, "the delivery service");
}

/* Of all that comes the first that is wanted: who else is in the room may say what they like, for as long as it takes
 * the other device. */
static bool relay_receive(void *carrier, const struct id_wanted *wanted, uint8_t *out, size_t cap, size_t *len)
{
    struct relay *relay = carrier;
    struct message message;
    const bool met = wanted->until_us == 0; /* until then anybody may come and go */
    const int64_t until_us = met ? in_seconds(ID_CHANNEL_MESSAGE_S) : wanted->until_us;
    do {
        if (g_get_monotonic_time() >= until_us ||
            !wait_until(relay, met ? has_message_or_none_will_come : has_message, until_us)) {
            fail(relay, "waited %d s for %s", met ? ID_CHANNEL_MESSAGE_S : ID_CHANNEL_PEER_S,
                 met ? "the other device" : "the new device");
            return false;
        }
        /* who has said its last word leaves at once: that is nothing to one who waits for nothing more */
        if (relay->queued == 0) {
            fail(relay, "the other device ended it: look there for the reason");
            return false;
        }
        take_message_out(relay, &message);
        if (message.len <= cap && wanted->is(wanted->context, message.data, message.len)) {
            memcpy(out, message.data, message.len);
            *len = message.len;
            return true;
        }
        pass_over(relay);
    } while (!relay->failed);
    return false;
}

static void relay_close(void *carrier)
{
    struct relay *relay = carrier;
    connection_free(relay->connection);
    g_object_unref(relay->http);
    free(relay);
}

static bool enter(const struct id_rendezvous *place, const char *token, enum id_side side, struct id_channel *channel)
{
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay)
        return false;
    char *url = connection_url(place->host);
    relay->http = soup_session_new_with_options("user-agent", "sotto", NULL);
    relay->token = token;
    relay->place = *place;
    relay->side = side;
    *channel =
        (struct id_channel){.send = relay_send, .receive = relay_receive, .close = relay_close, .carrier = relay};
    const struct connection_config config = {
        .http = relay->http, .url = url, .up = on_up, .message = on_message, .down = on_down, .user = relay};
    relay->connection = connection_new(&config);
    g_free(url);
    return relay->connection && wait_for(relay, is_admitted, ENTER_S, "the delivery service");
}

static bool parse(const char *where, struct id_rendezvous *place)
{
    if (id_rendezvous_parse(where, place))
        return true;
    fprintf(stderr, "sotto: %s: expected a delivery service and a room on it, like call.example:7900/link-0123abcd\n",
            where);
    return false;
}

bool id_relay_await(const char *where, const char *token, id_announce *announce, void *context,
                    struct id_channel *channel)
{
    struct id_rendezvous place;
    char text[ID_WHERE_MAX];
    if (!parse(where, &place) || (place.room[0] == '\0' && !id_rendezvous_draw(&place)) ||
        !enter(&place, token, ID_SIDE_ROOT, channel))
        return false;
    snprintf(text, sizeof text, "%s/%s", place.host, place.room);
    announce(context, text);
    return true;
}

bool id_relay_join(const char *where, const char *token, struct id_channel *channel)
{
    struct id_rendezvous place;
    if (!parse(where, &place) || !enter(&place, token, ID_SIDE_NEW, channel))
        return false;
    const struct relay *relay = channel->carrier;
    if (relay->others == 0)
        fprintf(stderr, "sotto: nobody waits at %s: is it written as on the other device, and does that still wait?\n",
                where);
    return relay->others > 0;
}
