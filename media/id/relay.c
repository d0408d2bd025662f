#include "relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/connection.h"
#include "rendezvous.h"
#include "wire/buffer.h"

enum { ENTER_S = 30 };

struct relay {
    SoupSession *http;
    struct connection *connection;
    const char *token;
    struct id_rendezvous place;
    enum id_side side;
    uint32_t request;                          /* the last one */
    bool admitted, alone, heard, gone, failed; /* gone: the other has left */
    bool done;                                 /* the service has the last request */
    /* The other's message, until it is asked for. It has its turn only after an answer: there is never a second one. */
    uint8_t message[IDENTITY_LINK_MESSAGE_MAX];
    size_t message_len;
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

static bool others_in(struct core_slice present, struct core_slice own)
{
    struct bytes_reader walk = wire_walk(present);
    struct core_slice id;
    while (wire_id_next(&walk, &id))
        if (id.len != own.len || memcmp(id.data, own.data, id.len) != 0)
            return true;
    return false;
}

static void take_message(struct relay *relay, struct core_slice payload)
{
    enum id_side from;
    struct core_slice message;
    const bool ok = id_payload_parse(payload, &from, &message);
    if (ok && from == relay->side)
        return; /* what one sent oneself, given back; or a service that plays with it */
    if (!ok || relay->message_len > 0) {
        fail(relay, "what comes through the delivery service is no message of add-device");
        return;
    }
    memcpy(relay->message, message.data, message.len);
    relay->message_len = message.len;
    relay->heard = true;
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
        relay->admitted = true;
        relay->alone = !others_in(in.admitted.present, in.admitted.pseudonym);
        break;
    case WIRE_RELAYED:
        take_message(relay, in.relay.payload);
        break;
    case WIRE_DONE:
        relay->done = in.request == relay->request;
        break;
    case WIRE_LEFT:
        /* where the root's device waits, anybody may come and go before a word is said */
        relay->gone = relay->gone || relay->side == ID_SIDE_NEW || relay->heard;
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

/* Until `it` is there; false, and told, if it never is. */
static bool wait_for(struct relay *relay, bool (*there)(const struct relay *relay), guint seconds, const char *it)
{
    bool late = false;
    guint timer = g_timeout_add_seconds(seconds, on_time, &late);
    while (!there(relay) && !relay->failed && !late)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    if (late && !there(relay))
        fail(relay, "waited %u s for %s", seconds, it);
    return there(relay) && !relay->failed;
}

static bool is_admitted(const struct relay *relay)
{
    return relay->admitted;
}

static bool is_done(const struct relay *relay)
{
    return relay->done;
}

static bool has_message_or_none_will_come(const struct relay *relay)
{
    return relay->message_len > 0 || relay->gone;
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

static bool relay_receive(void *carrier, uint8_t *out, size_t cap, size_t *len)
{
    struct relay *relay = carrier;
    const bool first = relay->side == ID_SIDE_ROOT && !relay->heard;
    if (!wait_for(relay, has_message_or_none_will_come, first ? ID_CHANNEL_PEER_S : ID_CHANNEL_MESSAGE_S,
                  first ? "the new device" : "the other device"))
        return false;
    /* who has said its last word leaves at once: that is nothing to one who waits for nothing more */
    if (relay->message_len == 0)
        fail(relay, "the other device ended it: look there for the reason");
    if (relay->message_len == 0 || relay->message_len > cap)
        return false;
    memcpy(out, relay->message, relay->message_len);
    *len = relay->message_len;
    relay->message_len = 0;
    return true;
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
    if (relay->alone)
        fprintf(stderr, "sotto: nobody waits at %s: is it written as on the other device, and does that still wait?\n",
                where);
    return !relay->alone;
}
