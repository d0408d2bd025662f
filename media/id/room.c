#include "room.h"

#include <glib.h>
#include <stdio.h>

struct room {
    struct identity_link *next; /* which nobody has begun yet */
    struct identity_link *runs[ID_ROOM_PENDING];
    unsigned started;
};

struct message {
    uint8_t data[IDENTITY_LINK_MESSAGE_MAX];
    size_t len;
};

static bool is_of_use(const void *context, const uint8_t *data, size_t len)
{
    const struct room *room = context;
    bool is = identity_link_expects(room->next, data, len);
    for (size_t i = 0; i < ID_ROOM_PENDING; i++)
        is |= room->runs[i] && identity_link_expects(room->runs[i], data, len);
    return is;
}

static bool told(int error)
{
    if (error != IDENTITY_OK)
        fprintf(stderr, "sotto: add-device: %s\n", identity_strerror(error));
    return error == IDENTITY_OK;
}

/* One begins a run; false, and told: it ends here. */
static bool begin(struct room *room, const struct id_channel *channel, const char *code, const struct message *start)
{
    struct message reply;
    struct identity_link **place = &room->runs[room->started % ID_ROOM_PENDING];
    if (room->started++ == ID_ROOM_STARTS_MAX) {
        fprintf(stderr,
                "sotto: too many others begin in this room, who are not the new device; begin again, in another\n");
        return false;
    }
    if (!told(identity_link_receive(room->next, start->data, start->len, reply.data, sizeof reply.data, &reply.len)))
        return false;
    identity_link_free(*place);
    *place = room->next;
    room->next = NULL;
    return told(identity_link_await(code, &room->next)) && channel->send(channel->carrier, reply.data, reply.len);
}

/* A request fits one run at most: its tag is of one key. */
static enum id_accepted judge(struct room *room, const struct message *request, struct identity_link **link)
{
    struct message none;
    for (size_t i = 0; i < ID_ROOM_PENDING; i++) {
        if (!room->runs[i])
            continue;
        const int error =
            identity_link_receive(room->runs[i], request->data, request->len, none.data, sizeof none.data, &none.len);
        if (error == IDENTITY_CODE)
            continue;
        if (!told(error))
            return ID_ACCEPT_FAILED;
        *link = room->runs[i];
        room->runs[i] = NULL;
        return ID_ACCEPTED;
    }
    return ID_ACCEPT_GUESSED;
}

enum id_accepted id_room_accept(const struct id_channel *channel, const char *code, struct identity_link **link)
{
    struct room room = {0};
    struct message in;
    const struct id_wanted wanted = {
        .is = is_of_use,
        .context = &room,
        .until_us = g_get_monotonic_time() + (int64_t)ID_CHANNEL_PEER_S * G_USEC_PER_SEC,
    };
    enum id_accepted result = ID_ACCEPT_FAILED;
    bool on = told(identity_link_await(code, &room.next));
    while (on && channel->receive(channel->carrier, &wanted, in.data, sizeof in.data, &in.len)) {
        if (identity_link_expects(room.next, in.data, in.len)) {
            on = begin(&room, channel, code, &in);
        } else {
            result = judge(&room, &in, link);
            on = false;
        }
    }
    identity_link_free(room.next);
    for (size_t i = 0; i < ID_ROOM_PENDING; i++)
        identity_link_free(room.runs[i]);
    return result;
}
