/* The UDP socket of a worker: datagrams in by batches, bursts out to one destination. Never blocks. */
#ifndef SFU_UDP_H
#define SFU_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "sfu/address.h"
#include "sotto/export.h"

enum {
    SFU_UDP_BATCH = 64,      /* datagrams received at once */
    SFU_UDP_DATAGRAM = 2048, /* bytes of the longest datagram that is taken */
    SFU_UDP_BURST = 64,      /* datagrams sent at once */
};

struct sfu_udp {
    int fd;
    int family;
};

struct sfu_datagram {
    uint8_t *data; /* SFU_UDP_DATAGRAM bytes of room */
    size_t len;
    struct sfu_address from;
};

/* The room for a batch, made once. */
struct sfu_udp_batch;
struct sfu_udp_batch *sfu_udp_batch_new(void);
void sfu_udp_batch_free(struct sfu_udp_batch *batch);

/* Binds to a numeric address; port 0 is any. "::" takes IPv4 too. 0, or -1 with errno set. */
SOTTO_MUST_CHECK int sfu_udp_open(struct sfu_udp *udp, const char *bind_address, uint16_t port);
void sfu_udp_close(struct sfu_udp *udp);
/* The port in use. */
uint16_t sfu_udp_port(const struct sfu_udp *udp);

/* Takes what has come, at most SFU_UDP_BATCH datagrams; those too long are dropped. *datagrams is the batch's, until
 * the next call. Returns their number. *more is set if there may be more. */
size_t sfu_udp_receive(struct sfu_udp *udp, struct sfu_udp_batch *batch, struct sfu_datagram **datagrams, bool *more);

/* Sends up to SFU_UDP_BURST datagrams to one destination. Runs of one size go to the kernel as one buffer (UDP GSO)
 * while *segment is true; where the path refuses that, *segment becomes false and they go one by one. What the socket
 * has no room for is dropped. Returns the number sent. */
size_t sfu_udp_send(struct sfu_udp *udp, const struct sfu_address *to, const struct iovec *datagrams, size_t count,
                    bool *segment);

#endif
