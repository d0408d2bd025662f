#include "wire.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/bytes.h"

struct wire {
    int fd;
};

static int failed(const char *what, const char *where)
{
    fprintf(stderr, "sotto: %s %s: %s\n", what, where, strerror(errno));
    return -1;
}

/* ADDRESS:PORT, [ADDRESS]:PORT; NULL, and told, if it is neither. freeaddrinfo() it. */
static struct addrinfo *resolve(const char *where, bool passive)
{
    char host[ID_WIRE_PLACE_MAX];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(where, ':');
    size_t len = colon ? (size_t)(colon - where) : 0;
    if (!colon || len == 0 || len >= sizeof host || colon[1] == '\0') {
        fprintf(stderr, "sotto: %s: expected an address and a port, like 192.0.2.1:7900\n", where);
        return NULL;
    }
    const bool brackets = where[0] == '[' && where[len - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? len - 2 : len), where + brackets);
    int error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error == 0)
        return found;
    fprintf(stderr, "sotto: %s: %s\n", where, gai_strerror(error));
    return NULL;
}

static bool wait_for(int fd, short events, int seconds, const char *what)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int ready = 0;
    do
        ready = poll(&poll_fd, 1, seconds * 1000);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        fprintf(stderr, "sotto: waited %d s for %s\n", seconds, what);
    else if (ready < 0)
        failed("waiting for", what);
    return ready > 0;
}

static bool place_of(int fd, char out[ID_WIRE_PLACE_MAX])
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[ID_WIRE_PLACE_MAX / 2];
    char port[16];
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    snprintf(out, ID_WIRE_PLACE_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    return true;
}

static bool send_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        if (!wait_for(fd, POLLOUT, ID_CHANNEL_MESSAGE_S, "the other device"))
            return false;
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return failed("sending to", "the other device") >= 0;
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool wire_send(void *carrier, const uint8_t *data, size_t len)
{
    const struct wire *wire = carrier;
    uint8_t head[ID_WIRE_HEAD_LEN];
    struct bytes_writer w;
    bytes_writer_init(&w, head, sizeof head);
    bytes_write_u32(&w, (uint32_t)len);
    return send_all(wire->fd, head, sizeof head) && send_all(wire->fd, data, len);
}

static bool receive_all(int fd, uint8_t *out, size_t len)
{
    while (len > 0) {
        if (!wait_for(fd, POLLIN, ID_CHANNEL_MESSAGE_S, "the other device"))
            return false;
        ssize_t got = recv(fd, out, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed("receiving from", "the other device") >= 0;
        if (got == 0) {
            fprintf(stderr, "sotto: the other device ended it: look there for the reason\n");
            return false;
        }
        out += got;
        len -= (size_t)got;
    }
    return true;
}

static bool wire_receive(void *carrier, const struct id_wanted *wanted, uint8_t *out, size_t cap, size_t *len)
{
    const struct wire *wire = carrier;
    uint8_t head[ID_WIRE_HEAD_LEN];
    struct bytes_reader r;
    (void)wanted; /* it is the other device that speaks here, and nobody else */
    if (!receive_all(wire->fd, head, sizeof head))
        return false;
    bytes_reader_init(&r, head, sizeof head);
    uint32_t announced = bytes_read_u32(&r);
    if (announced == 0 || announced > cap) {
        fprintf(stderr, "sotto: what the other device sends is no message of add-device\n");
        return false;
    }
    *len = announced;
    return receive_all(wire->fd, out, announced);
}

static void wire_close(void *carrier)
{
    struct wire *wire = carrier;
    close(wire->fd);
    free(wire);
}

bool id_wire_open(int fd, struct id_channel *channel)
{
    struct wire *wire = malloc(sizeof *wire);
    if (!wire) {
        close(fd);
        return false;
    }
    wire->fd = fd;
    *channel = (struct id_channel){.send = wire_send, .receive = wire_receive, .close = wire_close, .carrier = wire};
    return true;
}

int id_wire_listen(const char *where, int backlog, char place[ID_WIRE_PLACE_MAX])
{
    const int on = 1;
    struct addrinfo *address = resolve(where, true);
    if (!address)
        return -1;
    int listener = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, address->ai_addr, address->ai_addrlen) != 0 || listen(listener, backlog) != 0 ||
        !place_of(listener, place)) {
        failed("listening at", where);
        if (listener >= 0)
            close(listener);
        listener = -1;
    }
    freeaddrinfo(address);
    return listener;
}

bool id_wire_connect(const char *where, struct id_channel *channel)
{
    struct addrinfo *first = resolve(where, false);
    int fd = -1;
    for (const struct addrinfo *a = first; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            int error = errno;
            close(fd);
            fd = -1;
            errno = error;
        }
    }
    if (first && fd < 0)
        failed("connecting to", where);
    if (first)
        freeaddrinfo(first);
    return fd >= 0 && id_wire_open(fd, channel);
}
