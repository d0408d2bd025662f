/* The way of a datagram: demultiplexing, STUN, DTLS records and SRTP, past the cookie, the handshake and the tag.
 *
 * The input is a byte of variations (enum variation), then a list of steps: an operation, a 16-bit length, that many
 * bytes. A true DTLS client stands beside; a step may let its next datagram through with some bytes changed. A second
 * session shares the host and may claim the first one's addresses. SRTP is an identity here, so that what stands behind
 * its tag is reached: the tag's last byte says what becomes of the packet. Nothing may go to a stranger, nothing may be
 * amplified before the cookie came back, and nobody takes an address that is proven to be another's. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sfu/transport.h"
#include "test_dtls.h"
#include "test_stun.h"

enum { STEPS_MAX = 64, DATAGRAM_MAX = 4096, QUEUE_MAX = 16, PACKETS_MAX = 70, TAG_LEN = 4 };
/* of a tag's last byte */
enum { TAG_REPLAYED = 0xfe, TAG_FORGED = 0xff };

enum variation {
    OTHER_PROFILE = 1,      /* SRTP_AES128_CM_SHA1_80 */
    NO_PROFILE = 2,         /* the client offers no SRTP */
    NO_EXTENDED_SECRET = 4, /* nor RFC 7627 */
    WRONG_FINGERPRINT = 8,  /* the offer named another certificate */
    SHORT_TIMES = 16,       /* sessions end after 4 s of silence */
    SHORT_TOKEN = 32,       /* the token ends after 2 s */
    EXPIRED_TOKEN = 64,     /* it ended before */
};

enum operation {
    FROM_PEER,
    FROM_STRANGER,
    SEALED_STUN,     /* the peer's, sealed under the first session's password */
    CLIENT_DATAGRAM, /* the client's next; of the step's bytes each three are an offset and what to change there */
    WAIT,
    MOVED_STUN,     /* the first byte is one of the peer's addresses; the rest as SEALED_STUN */
    OTHER_STUN,     /* as MOVED_STUN, sealed under the second session's password */
    ANSWER_CHECK,   /* an answer to our last check: one of the peer's addresses, 1 for a wrong seal, then changes */
    RESTART_ICE,    /* the first byte chooses the credentials */
    CLIENT_RECORDS, /* as many application records in one datagram */
    CLIENT_CLOSES,
    SEND_PACKETS, /* media to the peer, each of the step's bytes the length of one */
    RENEW_TOKEN,
    OPERATIONS,
};

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
static struct sfu_address peer_addresses[SFU_TRANSPORT_ADDRESSES + 2]; /* DTLS comes from the first */
static struct sfu_address stranger_address;
static struct sfu_address last_to;       /* where the server sent its last datagram */
static uint8_t last_check[DATAGRAM_MAX]; /* its last Binding request */
static size_t last_check_len;
static bool gluing; /* the client's records go into one datagram */
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
    struct queue *queue = &from_client;
    size_t last = (queue->first + queue->count + QUEUE_MAX - 1) % QUEUE_MAX;
    if (!gluing || queue->count == 0) {
        push(queue, data, len);
    } else if (len <= DATAGRAM_MAX - queue->len[last]) {
        memcpy(queue->data[last] + queue->len[last], data, len);
        queue->len[last] += len;
    }
}

static bool is_peers(const struct sfu_address *address)
{
    for (size_t i = 0; i < sizeof peer_addresses / sizeof peer_addresses[0]; i++)
        if (sfu_address_equal(address, &peer_addresses[i]))
            return true;
    return false;
}

static bool is_check(const uint8_t *data, size_t len)
{
    return len >= 2 && data[0] == 0 && data[1] == 1;
}

static void server_sends(void *user, const struct sfu_address *to, const struct iovec *datagrams, size_t count,
                         bool *segment)
{
    (void)user;
    (void)segment;
    for (size_t i = 0; i < count; i++) {
        must(is_peers(to));
        last_to = *to;
        bytes_out += datagrams[i].iov_len;
        push(&from_server, datagrams[i].iov_base, datagrams[i].iov_len);
        if (is_check(datagrams[i].iov_base, datagrams[i].iov_len)) {
            must(datagrams[i].iov_len <= sizeof last_check);
            memcpy(last_check, datagrams[i].iov_base, datagrams[i].iov_len);
            last_check_len = datagrams[i].iov_len;
        }
    }
}

/* --- SRTP whose tag says what becomes of the packet --- */

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

/* A packet of one byte stands for one that cannot be sealed. */
static int identity_protect(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    (void)srtp;
    if (*len < 2)
        return SFU_SRTP_MALFORMED;
    memset(packet + *len, 0, TAG_LEN);
    *len += TAG_LEN;
    return SFU_SRTP_OK;
}

static int identity_unprotect(struct sfu_srtp *srtp, uint8_t *packet, size_t *len)
{
    (void)srtp;
    if (*len < TAG_LEN)
        return SFU_SRTP_MALFORMED;
    if (packet[*len - 1] == TAG_FORGED)
        return SFU_SRTP_AUTHENTICATION;
    if (packet[*len - 1] == TAG_REPLAYED)
        return SFU_SRTP_REPLAY;
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
};

static const struct sfu_session_params other_params = {
    .id = "other",
    .local_ufrag = "c",
    .local_pwd = "the other's password",
    .remote_ufrag = "d",
    .remote_pwd = "the other's remote password",
    .token_expires_s = UINT64_MAX,
};

static const struct sfu_ice_credentials restarts[] = {
    {"e", "the next password", "f", "the next remote password"},
    {"a", "the same fragment", "f", "with another password"},
    {"", "no fragment", "f", "the remote password"},
    {"g", "", "f", "no password before this"},
    {"c", "the other's fragment", "f", "the remote password"},
};

struct run {
    struct sfu_transport_host host;
    struct sfu_transport *transport; /* NULL once it ended */
    struct sfu_transport *other;     /* as well */
    struct test_dtls *client;
    const char *local_pwd;
    const char *remote_pwd;
    uint64_t now_us;
    bool up;
};

static void end(struct run *run, struct sfu_transport *transport)
{
    if (transport == run->transport)
        run->transport = NULL;
    else
        run->other = NULL;
    sfu_transport_free(transport);
}

/* The other session was heard from there: it may not be where the first one's media goes. */
static void must_be_apart(struct run *run, const struct sfu_address *from)
{
    uint8_t data[32] = {0};
    struct sfu_out_packet packet = {.data = data, .len = 16};
    sfu_transport_send_rtp(run->transport, &packet, 1);
    must(!sfu_address_equal(&last_to, from));
}

static void give(struct run *run, const struct sfu_address *from, const uint8_t *data, size_t len)
{
    /* of its own size, so that a read past its end is seen */
    uint8_t *copy = malloc(len ? len : 1);
    struct sfu_input input;
    must(copy != NULL);
    memcpy(copy, data, len);
    if (from != &stranger_address)
        bytes_in += len;
    sfu_transport_input(&run->host, from, copy, len, run->now_us, &input);
    must((input.transport == NULL) == (input.kind == SFU_INPUT_DROPPED));
    must(input.kind == SFU_INPUT_DROPPED || from != &stranger_address);
    if (input.kind == SFU_INPUT_RTP || input.kind == SFU_INPUT_RTCP)
        must(run->up && input.transport == run->transport && input.data == copy && input.len + TAG_LEN == len);
    if (input.kind == SFU_INPUT_UP) {
        must(!run->up && input.transport == run->transport);
        run->up = true;
    }
    if (run->up && run->transport && input.transport && input.transport == run->other)
        must_be_apart(run, from);
    if (input.kind == SFU_INPUT_ENDED)
        end(run, input.transport);
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

/* Of the step's bytes each three are an offset and what to change there. */
static void change(uint8_t *data, size_t len, struct bytes_reader *step)
{
    while (len > 0 && bytes_reader_left(step) >= 3) {
        size_t at = bytes_read_u16(step);
        data[at % len] ^= bytes_read_u8(step);
    }
}

static void give_clients(struct run *run, struct bytes_reader *step)
{
    uint8_t data[DATAGRAM_MAX];
    client_reads(run);
    size_t len = pop(&from_client, data);
    change(data, len, step);
    if (len > 0)
        give(run, &peer_addresses[0], data, len);
}

static const struct sfu_address *one_of_peers(struct bytes_reader *step)
{
    return &peer_addresses[bytes_read_u8(step) % (sizeof peer_addresses / sizeof peer_addresses[0])];
}

static void give_sealed(struct run *run, const struct sfu_address *from, struct bytes_reader *step,
                        const char *password)
{
    uint8_t data[DATAGRAM_MAX];
    size_t len = bytes_reader_left(step);
    bytes_read(step, data, len);
    test_stun_reseal(data, len, password);
    give(run, from, data, len);
}

static void answer_check(struct run *run, struct bytes_reader *step)
{
    uint8_t data[256];
    const struct sfu_address *from = one_of_peers(step);
    const bool forged = bytes_read_u8(step) == 1;
    size_t len = test_stun_answer(last_check, last_check_len, run->remote_pwd, data, sizeof data);
    change(data, len, step);
    test_stun_reseal(data, len, forged ? "a guess" : run->remote_pwd);
    if (len > 0)
        give(run, from, data, len);
}

static void restart(struct run *run, struct bytes_reader *step)
{
    const struct sfu_ice_credentials *credentials = &restarts[bytes_read_u8(step) % 5];
    if (!sfu_transport_restart_ice(run->transport, credentials))
        return;
    must(credentials->local_ufrag[0] && credentials->local_pwd[0] && strcmp(credentials->local_ufrag, "c") != 0);
    run->local_pwd = credentials->local_pwd;
    run->remote_pwd = credentials->remote_pwd;
}

static void client_writes(struct run *run, struct bytes_reader *step)
{
    gluing = true;
    for (unsigned n = bytes_read_u8(step); n > 0; n--)
        test_dtls_write(run->client);
    gluing = false;
}

static void send_packets(struct run *run, struct bytes_reader *step)
{
    static uint8_t data[PACKETS_MAX][UINT8_MAX + SFU_SRTP_TAILROOM];
    struct sfu_out_packet packets[PACKETS_MAX];
    size_t count = 0;
    for (; count < PACKETS_MAX && bytes_reader_left(step) > 0; count++)
        packets[count] = (struct sfu_out_packet){.data = data[count], .len = bytes_read_u8(step)};
    sfu_transport_send_rtp(run->transport, packets, count);
    if (count > 0)
        sfu_transport_send_rtcp(run->transport, data[0], packets[0].len % UINT8_MAX);
}

static void wait(struct run *run, struct bytes_reader *step)
{
    enum sfu_session_end reason;
    run->now_us += 1000ull * bytes_read_u16(step);
    if (sfu_transport_next_timeout(run->transport) <= run->now_us &&
        !sfu_transport_tick(run->transport, run->now_us, &reason))
        end(run, run->transport);
    if (run->other && !sfu_transport_tick(run->other, run->now_us, &reason))
        end(run, run->other);
}

static void take_step(struct run *run, enum operation operation, struct bytes_reader *step)
{
    uint8_t data[DATAGRAM_MAX];
    size_t len = bytes_reader_left(step);
    if (len > sizeof data)
        return;
    switch (operation) {
    case FROM_PEER:
    case FROM_STRANGER:
        /* a stranger does not know the password: what is sealed is the peer's */
        bytes_read(step, data, len);
        give(run, operation == FROM_PEER ? &peer_addresses[0] : &stranger_address, data, len);
        break;
    case SEALED_STUN:
        give_sealed(run, &peer_addresses[0], step, run->local_pwd);
        break;
    case CLIENT_DATAGRAM:
        give_clients(run, step);
        break;
    case WAIT:
        wait(run, step);
        break;
    case MOVED_STUN:
        give_sealed(run, one_of_peers(step), step, run->local_pwd);
        break;
    case OTHER_STUN:
        give_sealed(run, one_of_peers(step), step, other_params.local_pwd);
        break;
    case ANSWER_CHECK:
        answer_check(run, step);
        break;
    case RESTART_ICE:
        restart(run, step);
        break;
    case CLIENT_RECORDS:
        client_writes(run, step);
        break;
    case CLIENT_CLOSES:
        test_dtls_close(run->client);
        break;
    case SEND_PACKETS:
        send_packets(run, step);
        break;
    case RENEW_TOKEN:
        sfu_transport_renew(run->transport, bytes_read_u8(step), run->now_us, run->now_us / 1000000);
        break;
    case OPERATIONS:
        break;
    }
}

static void set_up(void)
{
    certificate = sfu_certificate_new();
    identity = test_identity_new();
    must(certificate && sfu_address_parse(&stranger_address, "198.51.100.1", 8));
    for (size_t i = 0; i < sizeof peer_addresses / sizeof peer_addresses[0]; i++)
        must(sfu_address_parse(&peer_addresses[i], i % 2 ? "2001:db8::1" : "192.0.2.1", (uint16_t)(7 + i)));
}

static void start(struct run *run, unsigned variation)
{
    if (!certificate)
        set_up();
    from_client.count = 0;
    from_server.count = 0;
    last_check_len = 0;
    bytes_in = 0;
    bytes_out = 0;
    *run = (struct run){.host = {.certificate = certificate, .srtp = &identity_srtp, .send = server_sends},
                        .local_pwd = params.local_pwd,
                        .remote_pwd = params.remote_pwd,
                        .now_us = 1};
    run->host.idle_timeout_us = variation & SHORT_TIMES ? 4000000 : 0;
    test_identity_fingerprint(identity, params.remote_fingerprint);
    params.remote_fingerprint[0] ^= variation & WRONG_FINGERPRINT ? 1 : 0;
    params.token_expires_s = variation & SHORT_TOKEN ? 3 : UINT64_MAX;
    must(sfu_transport_host_init(&run->host, 2));
    run->transport = sfu_transport_new(&run->host, &params, run->now_us, variation & EXPIRED_TOKEN ? UINT64_MAX : 1);
    run->other = sfu_transport_new(&run->host, &other_params, run->now_us, 1);
    must(run->transport && run->other && !sfu_transport_new(&run->host, &params, run->now_us, 1));
    struct test_dtls_config config = {.identity = identity,
                                      .profiles = variation & OTHER_PROFILE ? "SRTP_AES128_CM_SHA1_80"
                                                                            : "SRTP_AEAD_AES_128_GCM",
                                      .without_extended_master_secret = (variation & NO_EXTENDED_SECRET) != 0,
                                      .send = client_sends};
    if (variation & NO_PROFILE)
        config.profiles = NULL;
    run->client = test_dtls_new(&config);
    must(run->client);
    (void)test_dtls_start(run->client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader r;
    struct run run;
    bytes_reader_init(&r, data, size);
    start(&run, bytes_read_u8(&r));
    for (int i = 0; i < STEPS_MAX && run.transport && bytes_reader_left(&r) >= 3; i++) {
        enum operation operation = (enum operation)(bytes_read_u8(&r) % OPERATIONS);
        size_t len = bytes_read_u16(&r);
        size_t left = bytes_reader_left(&r);
        struct bytes_reader step = bytes_parse_block(&r, len < left ? len : left);
        take_step(&run, operation, &step);
        must(bytes_out <= SFU_TRANSPORT_FACTOR * bytes_in + 2 * SFU_TRANSPORT_CREDIT || run.up);
    }
    sfu_transport_free(run.transport);
    sfu_transport_free(run.other);
    test_dtls_free(run.client);
    sfu_transport_host_wipe(&run.host);
    return 0;
}
