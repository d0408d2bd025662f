/* A small WebRTC-like peer for tests: one connected UDP socket, ICE checks, a DTLS client, SRTP by libsrtp2.
 * Single-threaded; every call that waits has a limit in milliseconds and answers the server's ICE checks meanwhile.
 * What cannot fail in a sane test ends the program. */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test_dtls.h"

struct test_peer_config {
    const char *host; /* the SFU's, numeric */
    uint16_t port;
    /* as in the offer and its answer: the check's USERNAME is remote_ufrag:local_ufrag under remote_pwd */
    const char *local_ufrag;
    const char *local_pwd;
    const char *remote_ufrag;
    const char *remote_pwd;
    const uint8_t *remote_fingerprint;    /* 32 bytes; NULL: any certificate will do */
    const struct test_identity *identity; /* whose fingerprint the offer named */
    enum test_profile profile;
};

struct test_peer;
/* Opens the socket; sends nothing. The strings and identity must outlive the peer. */
struct test_peer *test_peer_open(const struct test_peer_config *config);
/* Sends close_notify if DTLS is up, then closes. */
void test_peer_close(struct test_peer *peer);

/* One Binding request with USE-CANDIDATE, repeated every 50 ms until answered. False if it is not. */
bool test_peer_check(struct test_peer *peer, int limit_ms);
/* The DTLS handshake and SRTP set-up. False if it fails or the time is up. */
bool test_peer_handshake(struct test_peer *peer, int limit_ms);
/* Both of the above. */
bool test_peer_connect(struct test_peer *peer, int limit_ms);
/* Sends one Binding request and waits for nothing: consent. */
void test_peer_consent(struct test_peer *peer);
/* From now on a new socket, that is another source address; DTLS and SRTP stay. */
void test_peer_move(struct test_peer *peer);

/* Loses `count` datagrams of the handshake that come in, once `spared` have been let through. */
void test_peer_lose(struct test_peer *peer, unsigned spared, unsigned count);

/* Protects a copy of the packet and sends it. False if SRTP refuses (a repeated sequence number). */
bool test_peer_send_rtp(struct test_peer *peer, const uint8_t *packet, size_t len);
bool test_peer_send_rtcp(struct test_peer *peer, const uint8_t *packet, size_t len);
/* The last datagram that was sent, to be sent again or changed by test_peer_send_raw. */
const uint8_t *test_peer_last_sent(const struct test_peer *peer, size_t *len);
/* Sends bytes as they are. */
void test_peer_send_raw(struct test_peer *peer, const uint8_t *data, size_t len);

enum test_event {
    TEST_NOTHING,  /* within the limit */
    TEST_RTP,      /* unprotected, in out */
    TEST_RTCP,     /* unprotected, in out */
    TEST_STUN,     /* an answer to test_peer_consent, in out */
    TEST_CLOSED,   /* close_notify or a fatal alert */
    TEST_REJECTED, /* a datagram that SRTP refused or nobody knows */
};
enum test_event test_peer_receive(struct test_peer *peer, uint8_t *out, size_t cap, size_t *len, int limit_ms);
/* One datagram as it comes. Its length, 0 if none came in time. */
size_t test_peer_receive_raw(struct test_peer *peer, uint8_t *out, size_t cap, int limit_ms);

enum test_dtls_state test_peer_dtls_state(const struct test_peer *peer);
/* Bytes of datagrams sent and received so far. */
uint64_t test_peer_bytes_sent(const struct test_peer *peer);
uint64_t test_peer_bytes_received(const struct test_peer *peer);
/* The local UDP port. */
uint16_t test_peer_port(const struct test_peer *peer);

#endif
