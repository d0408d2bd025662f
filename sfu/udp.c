#include "sfu/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SOCKET_BUFFER = 4 << 20, /* bytes; the system may give less */
    SEGMENTS_MAX = 64,       /* the kernel's UDP_MAX_SEGMENTS */
    SEGMENT_BYTES_MAX = 65000,
};

struct sfu_udp_batch {
    uint8_t data[SFU_UDP_BATCH][SFU_UDP_DATAGRAM] __attribute__((aligned(16)));
    struct sockaddr_storage from[SFU_UDP_BATCH];
    struct iovec iov[SFU_UDP_BATCH];
    struct mmsghdr messages[SFU_UDP_BATCH];
    struct sfu_datagram datagrams[SFU_UDP_BATCH];
};

/* One datagram, or several of one size that the kernel cuts apart. */
struct run {
    size_t first;
    size_t count;
};

union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
};

struct sfu_udp_batch *sfu_udp_batch_new(void)
{
    return calloc(1, sizeof(struct sfu_udp_batch));
}

void sfu_udp_batch_free(struct sfu_udp_batch *batch)
{
    free(batch);
}

int sfu_udp_open(struct sfu_udp *udp, const char *bind_address, uint16_t port)
{
    struct sfu_address address;
    struct sockaddr_storage sa;
    if (!sfu_address_parse(&address, bind_address, port)) {
        errno = EINVAL;
        return -1;
    }
    int family = address.family == 6 ? AF_INET6 : AF_INET;
    socklen_t sa_len = sfu_address_to_sockaddr(&address, family, &sa);
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int size = SOCKET_BUFFER;
    int off = 0;
    /* as much as the system gives: a smaller buffer is no reason not to start */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if ((family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(fd, (const struct sockaddr *)&sa, sa_len) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    *udp = (struct sfu_udp){.fd = fd, .family = family};
    return 0;
}

void sfu_udp_close(struct sfu_udp *udp)
{
    close(udp->fd);
    udp->fd = -1;
}

uint16_t sfu_udp_port(const struct sfu_udp *udp)
{
    struct sockaddr_storage sa;
    struct sfu_address address;
    socklen_t len = sizeof sa;
    memset(&sa, 0, sizeof sa);
    if (getsockname(udp->fd, (struct sockaddr *)&sa, &len) != 0 || !sfu_address_from_sockaddr(&address, &sa))
        return 0;
    return address.port;
}

size_t sfu_udp_receive(struct sfu_udp *udp, struct sfu_udp_batch *batch, struct sfu_datagram **datagrams, bool *more)
{
    for (size_t i = 0; i < SFU_UDP_BATCH; i++) {
        batch->iov[i] = (struct iovec){.iov_base = batch->data[i], .iov_len = SFU_UDP_DATAGRAM};
        batch->messages[i] = (struct mmsghdr){.msg_hdr = {
                                                  .msg_name = &batch->from[i],
                                                  .msg_namelen = sizeof batch->from[i],
                                                  .msg_iov = &batch->iov[i],
                                                  .msg_iovlen = 1,
                                              }};
    }
    int got = recvmmsg(udp->fd, batch->messages, SFU_UDP_BATCH, MSG_DONTWAIT, NULL);
    size_t count = 0;
    for (int i = 0; i < got; i++) {
        const struct mmsghdr *message = &batch->messages[i];
        struct sfu_datagram *datagram = &batch->datagrams[count];
        if ((message->msg_hdr.msg_flags & MSG_TRUNC) || message->msg_len == 0 ||
            !sfu_address_from_sockaddr(&datagram->from, &batch->from[i]))
            continue;
        datagram->data = batch->data[i];
        datagram->len = message->msg_len;
        count++;
    }
    *datagrams = batch->datagrams;
    *more = got == SFU_UDP_BATCH;
    return count;
}

/* Divides datagrams into runs of one size; the last of a run may be shorter. Without segmentation each is its own. */
static size_t find_runs(const struct iovec *datagrams, size_t count, bool segment, struct run *runs)
{
    size_t run_count = 0;
    size_t i = 0;
    while (i < count) {
        size_t size = datagrams[i].iov_len;
        size_t bytes = size;
        size_t n = 1;
        while (segment && i + n < count && n < SEGMENTS_MAX && datagrams[i + n - 1].iov_len == size &&
               datagrams[i + n].iov_len <= size && bytes + datagrams[i + n].iov_len <= SEGMENT_BYTES_MAX) {
            bytes += datagrams[i + n].iov_len;
            n++;
        }
        runs[run_count++] = (struct run){.first = i, .count = n};
        i += n;
    }
    return run_count;
}

static void ask_for_segments(struct msghdr *message, union control *control, size_t size)
{
    memset(control, 0, sizeof *control);
    message->msg_control = control->bytes;
    message->msg_controllen = sizeof control->bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    uint16_t segment = (uint16_t)size;
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(header), &segment, sizeof segment);
}

static bool refuses_segments(int error)
{
    return error == EIO || error == EMSGSIZE || error == EINVAL || error == EOPNOTSUPP;
}

size_t sfu_udp_send(struct sfu_udp *udp, const struct sfu_address *to, const struct iovec *datagrams, size_t count,
                    bool *segment)
{
    struct sockaddr_storage sa;
    struct iovec iov[SFU_UDP_BURST];
    struct run runs[SFU_UDP_BURST];
    struct mmsghdr messages[SFU_UDP_BURST];
    union control controls[SFU_UDP_BURST];
    socklen_t sa_len = sfu_address_to_sockaddr(to, udp->family, &sa);
    if (sa_len == 0 || count > SFU_UDP_BURST)
        return 0;
    memcpy(iov, datagrams, count * sizeof *iov);

    size_t done = 0;
    size_t sent = 0;
    while (done < count) {
        size_t run_count = find_runs(iov + done, count - done, *segment, runs);
        for (size_t i = 0; i < run_count; i++) {
            messages[i] = (struct mmsghdr){.msg_hdr = {
                                               .msg_name = &sa,
                                               .msg_namelen = sa_len,
                                               .msg_iov = iov + done + runs[i].first,
                                               .msg_iovlen = runs[i].count,
                                           }};
            if (runs[i].count > 1)
                ask_for_segments(&messages[i].msg_hdr, &controls[i], iov[done + runs[i].first].iov_len);
        }
        int accepted = sendmmsg(udp->fd, messages, (unsigned)run_count, MSG_DONTWAIT);
        if (accepted > 0) {
            const struct run *last = &runs[accepted - 1];
            done += last->first + last->count;
            sent += last->first + last->count;
        } else if (runs[0].count > 1 && refuses_segments(errno)) {
            *segment = false;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            break;
        } else if (errno != EINTR) {
            /* this one cannot go (too long for the path, unreachable): the others may */
            done += runs[0].count;
        }
    }
    return sent;
}
