/* The way of a datagram: demultiplexing, STUN, DTLS records and SRTP, past the cookie and the handshake.
 *
 * The input is a list of steps: an operation, a 16-bit length, that many bytes. A true DTLS client stands beside; a
 * step may let its next datagram through with some bytes changed. SRTP is an identity here, so that what stands behind
 * its tag is reached. Nothing may go to a stranger, and nothing may be amplified before the cookie came back. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sfu/transport.h"
#include "test_dtls.h"
#include "test_stun.h"

enum { STEPS_MAX = 64, DATAGRAM_MAX = 2048, QUEUE_MAX = 16, TAG_LEN = 4 };

enum operation { FROM_PEER, FROM_STRANGER, SEALED_STUN, CLIENT_DATAGRAM, WAIT, OPERATIONS };

struct queue {
    uint8_t data[QUEUE_MAX][DATAGRAM_MAX];
    size_t len[QUEUE_MAX];
    size_t first;
    size_t count;
};

static struct sfu_certificate *certificate;
static struct test_identity *identity;
static struct queue from_client;
static struct queue from_server;
static struct sfu_address peer_address;
static struct sfu_address stranger_address;
static uint64_t bytes_in;
static uint64_t bytes_out;

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* What does not fit is lost, as on a network. */
static void push(struct queue *queue, const uint8_t *data, size_t len)
{
    if (queue->count == QUEUE_MAX || len > DATAGRAM_MAX)
        return;
    size_t place = (queue->first + queue->count++) % QUEUE_MAX;
    memcpy(queue->data[place], data, len);
    queue->len[place] = len;
}

static size_t pop(struct queue *queue, uint8_t *out)
{
    if (queue->count == 0)
        return 0;
    size_t len = queue->len[queue->first];
    memcpy(out, queue->data[queue->first], len);
    queue->first = (queue->first + 1) % QUEUE_MAX;
    queue->count--;
    return len;
}

static void client_sends(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    push(&from_client, data, len);
}

static void server_sends(void *user, const struct sfu_address *to, const struct iovec *datagrams, size_t count,
                         bool *segment)
{
    (void)user;
    (void)segment;
    for (size_t i = 0; i < count; i++) {
        must(sfu_address_equal(to, &peer_address));
        bytes_out += datagrams[i].iov_len;
        push(&from_server, datagrams[i].iov_base, datagrams[i].iov_len);
    }
}

/* --- SRTP that takes any tag --- */

struct sfu_srtp {
    int unused;
};

static void identity_start(void)
{
}

static struct sfu_srtp *identity_new(const struct sfu_srtp_keys *keys)
{
    (void)keys;
    return calloc(1, sizeof(struct sfu_srtp));
}

static void identity_free(struct sfu_srtp *srtp)
{
    free(srtp);
}

static int identity_protect(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    (void)srtp;
    memset(packet + *len, 0, TAG_LEN);
    *len += TAG_LEN;
    return SFU_SRTP_OK;
}

static int identity_unprotect(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    (void)srtp;
    (void)packet;
    if (*len < TAG_LEN)
        return SFU_SRTP_MALFORMED;
    *len -= TAG_LEN;
    return SFU_SRTP_OK;
}

static const struct sfu_srtp_ops identity_srtp = {
    .name = "identity",
    .start = identity_start,
    .new = identity_new,
    .free = identity_free,
    .protect_rtp = identity_protect,
    .unprotect_rtp = identity_unprotect,
    .protect_rtcp = identity_protect,
    .unprotect_rtcp = identity_unprotect,
};

/* --- one run --- */

static struct sfu_session_params params = {
    .id = "id",
    .local_ufrag = "a",
    .local_pwd = "the local password",
    .remote_ufrag = "b",
    .remote_pwd = "the remote password",
    .token_expires_s = UINT64_MAX,
};

struct run {
    struct sfu_transport_host host;
    struct sfu_transport *transport; /* NULL once it ended */
    struct test_dtls *client;
    uint64_t now_us;
    bool up;
};

static void give(struct run *run, const struct sfu_address *from, const uint8_t *data, size_t len)
{
    /* of its own size, so that a read past its end is seen */
    uint8_t *copy = malloc(len ? len : 1);
    struct sfu_input input;
    must(copy != NULL);
    memcpy(copy, data, len);
    if (from == &peer_address)
        bytes_in += len;
    sfu_transport_input(&run->host, from, copy, len, run->now_us, &input);
    must((input.transport == NULL) == (input.kind == SFU_INPUT_DROPPED));
    if (input.kind == SFU_INPUT_RTP || input.kind == SFU_INPUT_RTCP)
        must(run->up && input.data == copy && input.len + TAG_LEN == len);
    if (input.kind == SFU_INPUT_UP) {
        must(!run->up);
        run->up = true;
    }
    if (input.kind == SFU_INPUT_ENDED) {
        sfu_transport_free(input.transport);
        run->transport = NULL;
    }
    free(copy);
}

/* The client reads all that was sent to it, which may make it send. */
static void client_reads(struct run *run)
{
    uint8_t data[DATAGRAM_MAX];
    for (size_t len = pop(&from_server, data); len > 0; len = pop(&from_server, data))
        if (data[0] >= 20 && data[0] <= 63)
            (void)test_dtls_receive(run->client, data, len);
}

/* The client's next datagram; of the step's bytes each three are an offset and what to change there. */
static void give_changed(struct run *run, struct bytes_reader *step)
{
    uint8_t data[DATAGRAM_MAX];
    client_reads(run);
    size_t len = pop(&from_client, data);
    while (len > 0 && bytes_reader_left(step) >= 3) {
        size_t at = bytes_read_u16(step);
        data[at % len] ^= bytes_read_u8(step);
    }
    if (len > 0)
        give(run, &peer_address, data, len);
}

static void take_step(struct run *run, enum operation operation, struct bytes_reader *step)
{
    uint8_t data[DATAGRAM_MAX];
    enum sfu_session_end end;
    size_t len = bytes_reader_left(step);
    if (len > sizeof data)
        return;
    switch (operation) {
    case FROM_PEER:
        bytes_read(step, data, len);
        give(run, &peer_address, data, len);
        break;
    case FROM_STRANGER:
        bytes_read(step, data, len);
        /* a stranger does not know the password: what is sealed is the peer's */
        give(run, &stranger_address, data, len);
        break;
    case SEALED_STUN:
        bytes_read(step, data, len);
        test_stun_reseal(data, len, params.local_pwd);
        give(run, &peer_address, data, len);
        break;
    case CLIENT_DATAGRAM:
        give_changed(run, step);
        break;
    case WAIT:
        run->now_us += 1000ull * bytes_read_u16(step);
        if (!sfu_transport_tick(run->transport, run->now_us, &end)) {
            sfu_transport_free(run->transport);
            run->transport = NULL;
        }
        break;
    case OPERATIONS:
        break;
    }
}

static void start(struct run *run)
{
    if (!certificate) {
        certificate = sfu_certificate_new();
        identity = test_identity_new();
        must(certificate && sfu_address_parse(&peer_address, "192.0.2.1", 7) &&
             sfu_address_parse(&stranger_address, "198.51.100.1", 8));
        test_identity_fingerprint(identity, params.remote_fingerprint);
    }
    from_client.count = 0;
    from_server.count = 0;
    bytes_in = 0;
    bytes_out = 0;
    *run =
        (struct run){.host = {.certificate = certificate, .srtp = &identity_srtp, .send = server_sends}, .now_us = 1};
    must(sfu_transport_host_init(&run->host, 1));
    run->transport = sfu_transport_new(&run->host, &params, run->now_us, 0);
    struct test_dtls_config config = {.identity = identity, .profiles = "SRTP_AEAD_AES_128_GCM", .send = client_sends};
    run->client = test_dtls_new(&config);
    must(run->transport && run->client);
    (void)test_dtls_start(run->client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader r;
    struct run run;
    start(&run);
    bytes_reader_init(&r, data, size);
    for (int i = 0; i < STEPS_MAX && run.transport && bytes_reader_left(&r) >= 3; i++) {
        enum operation operation = (enum operation)(bytes_read_u8(&r) % OPERATIONS);
        size_t len = bytes_read_u16(&r);
        size_t left = bytes_reader_left(&r);
        struct bytes_reader step = bytes_parse_block(&r, len < left ? len : left);
        take_step(&run, operation, &step);
        must(bytes_out <= SFU_TRANSPORT_FACTOR * bytes_in + SFU_TRANSPORT_CREDIT || run.up);
    }
    sfu_transport_free(run.transport);
    test_dtls_free(run.client);
    sfu_transport_host_wipe(&run.host);
    return 0;
}
