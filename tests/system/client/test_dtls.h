/* The test peer's DTLS client: datagrams in, datagrams out, SRTP keying material at the end. */
#ifndef TEST_DTLS_H
#define TEST_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum test_profile { TEST_AES128_CM_SHA1_80 = 1, TEST_AEAD_AES_128_GCM = 7 };

/* A self-signed certificate. The make functions end the program if they fail. */
struct test_identity;
struct test_identity *test_identity_new(void);
void test_identity_free(struct test_identity *identity);
/* SHA-256 over the certificate, for the offer's a=fingerprint. */
void test_identity_fingerprint(const struct test_identity *identity, uint8_t out[32]);

struct test_dtls_config {
    const struct test_identity *identity; /* NULL: shows no certificate */
    const uint8_t *remote_fingerprint;    /* 32 bytes the server's certificate must have; NULL: any */
    const char *profiles;                 /* OpenSSL's names; NULL for none */
    bool without_extended_master_secret;
    void (*send)(void *user, const uint8_t *datagram, size_t len);
    void *user;
};

enum test_dtls_state { TEST_DTLS_HANDSHAKE, TEST_DTLS_UP, TEST_DTLS_CLOSED, TEST_DTLS_FAILED };

struct test_dtls;
struct test_dtls *test_dtls_new(const struct test_dtls_config *config);
void test_dtls_free(struct test_dtls *dtls);
/* Sends the ClientHello. */
enum test_dtls_state test_dtls_start(struct test_dtls *dtls);
enum test_dtls_state test_dtls_receive(struct test_dtls *dtls, const uint8_t *datagram, size_t len);
/* Retransmits if it is time to. */
enum test_dtls_state test_dtls_tick(struct test_dtls *dtls);
enum test_dtls_state test_dtls_state(const struct test_dtls *dtls);
/* Sends a byte of application data, which nobody reads; nothing before the handshake is done. */
void test_dtls_write(struct test_dtls *dtls);
void test_dtls_close(struct test_dtls *dtls);

struct test_srtp_keys {
    enum test_profile profile;
    uint8_t client[30]; /* master key, then salt */
    uint8_t server[30];
    size_t len; /* 28 or 30 */
};
bool test_dtls_keys(struct test_dtls *dtls, struct test_srtp_keys *keys);

#endif
