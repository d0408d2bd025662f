#include "accept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "wire.h"

enum { MS_PER_S = 1000, FRAME_MAX = ID_WIRE_HEAD_LEN + IDENTITY_LINK_MESSAGE_MAX };

struct guest {
    int fd; /* -1: none */
    uint64_t until_ms;
    struct identity_link *link; /* each has keys of its own: one's failing ends no other's run */
    uint8_t in[FRAME_MAX];
    size_t len;
};

struct door {
    const char *code;
    int listener;
    bool complained;
    struct guest guests[ID_ACCEPT_PENDING];
};

/* What came of hearing a guest. */
enum heard { HEARD_MORE_TO_COME, HEARD_NOTHING_OF_USE, HEARD_GUESS, HEARD_CODE };

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MS_PER_S + (uint64_t)now.tv_nsec / 1000000;
}

static void drop(struct guest *guest)
{
    if (guest->fd >= 0)
        close(guest->fd);
    identity_link_free(guest->link);
    *guest = (struct guest){.fd = -1};
}

/* Once: who floods shall not fill a terminal. */
static void turn_away(struct door *door, struct guest *guest)
{
    drop(guest);
    if (!door->complained)
        fprintf(stderr, "sotto: somebody else connects, who is not the new device; waiting on\n");
    door->complained = true;
}

/* --- One guest --- */

/* Bytes that its present message has in all, as far as is known; 0: it is none. */
static size_t frame_len(const struct guest *guest)
{
    struct bytes_reader r;
    if (guest->len < ID_WIRE_HEAD_LEN)
        return ID_WIRE_HEAD_LEN;
    bytes_reader_init(&r, guest->in, ID_WIRE_HEAD_LEN);
    const uint32_t len = bytes_read_u32(&r);
    return len == 0 || len > IDENTITY_LINK_MESSAGE_MAX ? 0 : ID_WIRE_HEAD_LEN + len;
}

/* A socket that was just opened takes a message of this size at once. */
static bool send_at_once(int fd, const uint8_t *data, size_t len)
{
    uint8_t frame[FRAME_MAX];
    struct bytes_writer w;
    bytes_writer_init(&w, frame, sizeof frame);
    bytes_write_u32(&w, (uint32_t)len);
    bytes_write(&w, data, len);
    return bytes_writer_ok(&w) && send(fd, frame, w.len, MSG_NOSIGNAL) == (ssize_t)w.len;
}

static enum heard take_message(struct guest *guest)
{
    uint8_t out[IDENTITY_LINK_MESSAGE_MAX];
    size_t out_len = 0;
    const int error = identity_link_receive(guest->link, guest->in + ID_WIRE_HEAD_LEN, guest->len - ID_WIRE_HEAD_LEN,
                                            out, sizeof out, &out_len);
    guest->len = 0;
    if (error == IDENTITY_CODE)
        return HEARD_GUESS;
    if (error != IDENTITY_OK || (out_len > 0 && !send_at_once(guest->fd, out, out_len)))
        return HEARD_NOTHING_OF_USE;
    return identity_link_state(guest->link) == IDENTITY_LINK_ASKED ? HEARD_CODE : HEARD_MORE_TO_COME;
}

/* Takes what has come, and no byte behind a message: after the code the channel reads on. */
static enum heard hear(struct guest *guest)
{
    for (;;) {
        const size_t need = frame_len(guest);
        if (need == 0)
            return HEARD_NOTHING_OF_USE;
        if (guest->len == need) {
            const enum heard heard = take_message(guest);
            if (heard != HEARD_MORE_TO_COME)
                return heard;
            continue;
        }
        const ssize_t got = recv(guest->fd, guest->in + guest->len, need - guest->len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return HEARD_MORE_TO_COME;
        if (got <= 0)
            return HEARD_NOTHING_OF_USE;
        guest->len += (size_t)got;
    }
}

/* --- All of them --- */

/* A free place, or that of who has come first: the new device needs its place for a moment only. */
static struct guest *place_for_one_more(struct door *door)
{
    struct guest *oldest = &door->guests[0];
    for (size_t i = 0; i < ID_ACCEPT_PENDING; i++) {
        if (door->guests[i].fd < 0)
            return &door->guests[i];
        if (door->guests[i].until_ms < oldest->until_ms)
            oldest = &door->guests[i];
    }
    turn_away(door, oldest);
    return oldest;
}

/* False, and told: nobody can be let in any more. */
static bool let_in(struct door *door)
{
    const int fd = accept4(door->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED))
        return true;
    if (fd < 0) {
        fprintf(stderr, "sotto: accepting: %s\n", strerror(errno));
        return false;
    }
    struct guest *guest = place_for_one_more(door);
    guest->fd = fd;
    guest->until_ms = now_ms() + ID_ACCEPT_HANDSHAKE_S * MS_PER_S;
    if (identity_link_await(door->code, &guest->link) != IDENTITY_OK)
        drop(guest);
    return true;
}

/* Turns away whose time is over; when the next one's is, at the latest at end_ms. */
static uint64_t turn_away_late(struct door *door, uint64_t end_ms)
{
    const uint64_t now = now_ms();
    uint64_t next = end_ms;
    for (size_t i = 0; i < ID_ACCEPT_PENDING; i++) {
        struct guest *guest = &door->guests[i];
        if (guest->fd >= 0 && guest->until_ms <= now)
            turn_away(door, guest);
        else if (guest->fd >= 0 && guest->until_ms < next)
            next = guest->until_ms;
    }
    return next;
}

static enum id_accepted open_to(struct guest *guest, struct id_channel *channel, struct identity_link **link)
{
    const int fd = guest->fd;
    guest->fd = -1;
    if (fcntl(fd, F_SETFL, 0) != 0 || !id_wire_open(fd, channel))
        return ID_ACCEPT_FAILED;
    *link = guest->link;
    guest->link = NULL;
    return ID_ACCEPTED;
}

static enum id_accepted wait_at(struct door *door, struct id_channel *channel, struct identity_link **link)
{
    const uint64_t end_ms = now_ms() + (uint64_t)ID_CHANNEL_PEER_S * MS_PER_S;
    for (;;) {
        struct pollfd fds[ID_ACCEPT_PENDING + 1] = {{.fd = door->listener, .events = POLLIN}};
        const uint64_t next_ms = turn_away_late(door, end_ms);
        const uint64_t now = now_ms();
        if (now >= end_ms) {
            fprintf(stderr, "sotto: waited %d s for the new device\n", ID_CHANNEL_PEER_S);
            return ID_ACCEPT_FAILED;
        }
        for (size_t i = 0; i < ID_ACCEPT_PENDING; i++)
            fds[i + 1] = (struct pollfd){.fd = door->guests[i].fd, .events = POLLIN};
        if (poll(fds, ID_ACCEPT_PENDING + 1, next_ms > now ? (int)(next_ms - now) : 0) < 0) {
            if (errno == EINTR)
                continue;
            fprintf(stderr, "sotto: waiting for the new device: %s\n", strerror(errno));
            return ID_ACCEPT_FAILED;
        }
        for (size_t i = 0; i < ID_ACCEPT_PENDING; i++) {
            struct guest *guest = &door->guests[i];
            const enum heard heard = fds[i + 1].revents ? hear(guest) : HEARD_MORE_TO_COME;
            if (heard == HEARD_GUESS)
                return ID_ACCEPT_GUESSED;
            if (heard == HEARD_CODE)
                return open_to(guest, channel, link);
            if (heard == HEARD_NOTHING_OF_USE)
                turn_away(door, guest);
        }
        if (fds[0].revents && !let_in(door))
            return ID_ACCEPT_FAILED;
    }
}

enum id_accepted id_accept(const char *where, const char *code, id_announce *announce, void *context,
                           struct id_channel *channel, struct identity_link **link)
{
    char place[ID_WIRE_PLACE_MAX];
    struct door door = {.code = code, .listener = id_wire_listen(where, ID_ACCEPT_PENDING, place)};
    enum id_accepted result = ID_ACCEPT_FAILED;
    for (size_t i = 0; i < ID_ACCEPT_PENDING; i++)
        door.guests[i].fd = -1;
    if (door.listener >= 0) {
        announce(context, place);
        result = wait_at(&door, channel, link);
        close(door.listener);
    }
    for (size_t i = 0; i < ID_ACCEPT_PENDING; i++)
        drop(&door.guests[i]);
    return result;
}
