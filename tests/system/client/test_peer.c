#include "test_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "test_stun.h"

enum { DATAGRAM_MAX = 2048, CHECK_INTERVAL_MS = 50 };

struct test_peer {
    struct test_peer_config config;
    int fd;
    struct test_dtls *dtls;
    srtp_t inbound;
    srtp_t outbound;
    uint8_t last[DATAGRAM_MAX];
    size_t last_len;
    uint64_t sent;
    uint64_t received;
    unsigned to_spare;
    unsigned to_lose;
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connect_socket(const char *host, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    need(is_v4 || inet_pton(AF_INET6, host, &v6.sin6_addr) == 1, host);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    need(fd >= 0, "socket");
    int rc = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4) : connect(fd, (struct sockaddr *)&v6, sizeof v6);
    need(rc == 0, "connect");
    return fd;
}

void test_peer_send_raw(struct test_peer *peer, const uint8_t *data, size_t len)
{
    /* the server may be gone: that is the caller's to notice */
    if (send(peer->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len)
        peer->sent += len;
    if (data != peer->last && len <= sizeof peer->last) {
        memcpy(peer->last, data, len);
        peer->last_len = len;
    }
}

static void send_datagram(void *user, const uint8_t *datagram, size_t len)
{
    test_peer_send_raw(user, datagram, len);
}

struct test_peer *test_peer_open(const struct test_peer_config *config)
{
    static bool started;
    /* fails where the SFU's own objects are in the process and have started it */
    if (!started)
        (void)srtp_init();
    started = true;
    struct test_peer *peer = calloc(1, sizeof *peer);
    need(peer, "memory");
    peer->config = *config;
    peer->fd = connect_socket(config->host, config->port);
    struct test_dtls_config dtls = {
        .identity = config->identity,
        .remote_fingerprint = config->remote_fingerprint,
        .profiles = config->profile == TEST_AEAD_AES_128_GCM ? "SRTP_AEAD_AES_128_GCM" : "SRTP_AES128_CM_SHA1_80",
        .send = send_datagram,
        .user = peer,
    };
    peer->dtls = test_dtls_new(&dtls);
    return peer;
}

void test_peer_close(struct test_peer *peer)
{
    if (!peer)
        return;
    test_dtls_close(peer->dtls);
    test_dtls_free(peer->dtls);
    if (peer->inbound)
        srtp_dealloc(peer->inbound);
    if (peer->outbound)
        srtp_dealloc(peer->outbound);
    close(peer->fd);
    free(peer);
}

void test_peer_consent(struct test_peer *peer)
{
    char username[520];
    uint8_t message[DATAGRAM_MAX];
    struct test_stun request = {.username = username, .password = peer->config.remote_pwd, .use_candidate = true};
    snprintf(username, sizeof username, "%s:%s", peer->config.remote_ufrag, peer->config.local_ufrag);
    need(getrandom(request.transaction, sizeof request.transaction, 0) == sizeof request.transaction, "getrandom");
    test_peer_send_raw(peer, message, test_stun_request(message, sizeof message, &request));
}

size_t test_peer_receive_raw(struct test_peer *peer, uint8_t *out, size_t cap, int limit_ms)
{
    struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
    if (poll(&ready, 1, limit_ms < 0 ? 0 : limit_ms) != 1)
        return 0;
    ssize_t len = recv(peer->fd, out, cap, MSG_DONTWAIT);
    if (len <= 0)
        return 0;
    peer->received += (uint64_t)len;
    return (size_t)len;
}

/* True if the datagram was a Binding request of the server, which is answered. */
static bool answer_check(struct test_peer *peer, const uint8_t *data, size_t len)
{
    uint8_t answer[256];
    size_t answer_len = 0;
    if (data[0] == 0 && peer->config.local_pwd)
        answer_len = test_stun_answer(data, len, peer->config.local_pwd, answer, sizeof answer);
    if (answer_len)
        test_peer_send_raw(peer, answer, answer_len);
    return answer_len > 0;
}

bool test_peer_check(struct test_peer *peer, int limit_ms)
{
    int64_t end = now_ms() + limit_ms;
    while (now_ms() < end) {
        uint8_t data[DATAGRAM_MAX];
        struct test_stun_reply reply;
        test_peer_consent(peer);
        size_t len = test_peer_receive_raw(peer, data, sizeof data, CHECK_INTERVAL_MS);
        if (len && test_stun_read(data, len, peer->config.remote_pwd, &reply) && reply.class == 2)
            return true;
        if (len)
            (void)answer_check(peer, data, len);
    }
    return false;
}

static srtp_t direction(const struct test_srtp_keys *keys, uint8_t *key, srtp_ssrc_type_t type)
{
    srtp_policy_t policy;
    memset(&policy, 0, sizeof policy);
    if (keys->profile == TEST_AEAD_AES_128_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    }
    policy.ssrc.type = type;
    policy.key = key;
    policy.window_size = 1024;
    srtp_t out = NULL;
    need(srtp_create(&out, &policy) == srtp_err_status_ok, "srtp_create");
    return out;
}

static bool loses(struct test_peer *peer)
{
    if (peer->to_spare > 0) {
        peer->to_spare--;
        return false;
    }
    if (peer->to_lose == 0)
        return false;
    peer->to_lose--;
    return true;
}

bool test_peer_handshake(struct test_peer *peer, int limit_ms)
{
    int64_t end = now_ms() + limit_ms;
    enum test_dtls_state state = test_dtls_start(peer->dtls);
    while (state == TEST_DTLS_HANDSHAKE && now_ms() < end) {
        uint8_t data[DATAGRAM_MAX];
        size_t len = test_peer_receive_raw(peer, data, sizeof data, CHECK_INTERVAL_MS);
        if (len && data[0] >= 20 && data[0] <= 63 && !loses(peer))
            state = test_dtls_receive(peer->dtls, data, len);
        else if (len && data[0] < 4)
            (void)answer_check(peer, data, len);
        else if (!len)
            state = test_dtls_tick(peer->dtls);
    }
    struct test_srtp_keys keys;
    if (state != TEST_DTLS_UP || !test_dtls_keys(peer->dtls, &keys))
        return false;
    peer->outbound = direction(&keys, keys.client, ssrc_any_outbound);
    peer->inbound = direction(&keys, keys.server, ssrc_any_inbound);
    return true;
}

bool test_peer_connect(struct test_peer *peer, int limit_ms)
{
    return test_peer_check(peer, limit_ms) && test_peer_handshake(peer, limit_ms);
}

void test_peer_move(struct test_peer *peer)
{
    close(peer->fd);
    peer->fd = connect_socket(peer->config.host, peer->config.port);
}

void test_peer_lose(struct test_peer *peer, unsigned spared, unsigned count)
{
    peer->to_spare = spared;
    peer->to_lose = count;
}

static bool send_protected(struct test_peer *peer, const uint8_t *packet, size_t len,
                           srtp_err_status_t (*protect)(srtp_t, void *, int *))
{
    uint8_t copy[DATAGRAM_MAX];
    int copy_len = (int)len;
    need(len + SRTP_MAX_TRAILER_LEN + 4 <= sizeof copy, "packet size");
    memcpy(copy, packet, len);
    if (!peer->outbound || protect(peer->outbound, copy, &copy_len) != srtp_err_status_ok)
        return false;
    test_peer_send_raw(peer, copy, (size_t)copy_len);
    return true;
}

bool test_peer_send_rtp(struct test_peer *peer, const uint8_t *packet, size_t len)
{
    return send_protected(peer, packet, len, srtp_protect);
}

bool test_peer_send_rtcp(struct test_peer *peer, const uint8_t *packet, size_t len)
{
    return send_protected(peer, packet, len, srtp_protect_rtcp);
}

const uint8_t *test_peer_last_sent(const struct test_peer *peer, size_t *len)
{
    *len = peer->last_len;
    return peer->last;
}

/* What a datagram is, with its plain bytes in data[0..*len). */
static enum test_event take(struct test_peer *peer, uint8_t *data, size_t *len)
{
    if (data[0] < 4)
        return answer_check(peer, data, *len) ? TEST_NOTHING : TEST_STUN;
    if (data[0] >= 20 && data[0] <= 63) {
        enum test_dtls_state state = test_dtls_receive(peer->dtls, data, *len);
        return state == TEST_DTLS_CLOSED || state == TEST_DTLS_FAILED ? TEST_CLOSED : TEST_NOTHING;
    }
    if (data[0] < 128 || data[0] > 191 || *len < 8 || !peer->inbound)
        return TEST_REJECTED;
    bool rtcp = data[1] >= 192 && data[1] <= 223;
    int plain_len = (int)*len;
    srtp_err_status_t status =
        rtcp ? srtp_unprotect_rtcp(peer->inbound, data, &plain_len) : srtp_unprotect(peer->inbound, data, &plain_len);
    if (status != srtp_err_status_ok)
        return TEST_REJECTED;
    *len = (size_t)plain_len;
    return rtcp ? TEST_RTCP : TEST_RTP;
}

enum test_event test_peer_receive(struct test_peer *peer, uint8_t *out, size_t cap, size_t *len, int limit_ms)
{
    int64_t end = now_ms() + limit_ms;
    for (;;) {
        uint8_t data[DATAGRAM_MAX];
        int64_t left = end - now_ms();
        size_t data_len = test_peer_receive_raw(peer, data, sizeof data, left > 0 ? (int)left : 0);
        if (data_len == 0 && left <= 0)
            return TEST_NOTHING;
        enum test_event event = data_len ? take(peer, data, &data_len) : TEST_NOTHING;
        if (event == TEST_NOTHING)
            continue;
        need(data_len <= cap, "room for a packet");
        memcpy(out, data, data_len);
        *len = data_len;
        return event;
    }
}

enum test_dtls_state test_peer_dtls_state(const struct test_peer *peer)
{
    return test_dtls_state(peer->dtls);
}

uint64_t test_peer_bytes_sent(const struct test_peer *peer)
{
    return peer->sent;
}

uint64_t test_peer_bytes_received(const struct test_peer *peer)
{
    return peer->received;
}

uint16_t test_peer_port(const struct test_peer *peer)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    memset(&sa, 0, sizeof sa);
    need(getsockname(peer->fd, (struct sockaddr *)&sa, &len) == 0, "getsockname");
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, &sa, sizeof v4);
    memcpy(&v6, &sa, sizeof v6);
    return ntohs(sa.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
}
