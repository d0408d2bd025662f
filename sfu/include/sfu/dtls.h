/* DTLS 1.2 server for DTLS-SRTP (RFC 5764, RFC 8827 section 6.5): datagrams in, datagrams out, keys at the end.
 *
 * The peer must show the certificate whose SHA-256 fingerprint its offer named, and prove by a cookie that it hears us
 * before it gets a flight (RFC 6347 section 4.2.1). Extended master secret is required. No renegotiation, no tickets,
 * no session cache. */
#ifndef SFU_DTLS_H
#define SFU_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/session.h"
#include "sfu/srtp.h"
#include "sotto/export.h"

enum {
    SFU_DTLS_MTU = 1200,  /* bytes of a datagram at most */
    SFU_DTLS_COOKIE = 16, /* bytes of a cookie */
};

/* The daemon's identity: a self-signed ECDSA P-256 certificate and what DTLS needs around it. Not changed after it was
 * made; may be shared by threads. */
struct sfu_certificate;
/* NULL if the crypto library fails. */
struct sfu_certificate *sfu_certificate_new(void);
/* Transports must be gone. NULL is allowed. */
void sfu_certificate_free(struct sfu_certificate *certificate);
/* SHA-256 over its DER, for a=fingerprint. */
void sfu_certificate_fingerprint(const struct sfu_certificate *certificate, uint8_t out[SFU_FINGERPRINT_LEN]);

enum sfu_dtls_state {
    SFU_DTLS_HANDSHAKE,
    SFU_DTLS_UP,
    SFU_DTLS_CLOSED,            /* the peer sent close_notify */
    SFU_DTLS_WRONG_FINGERPRINT, /* the peer's certificate is not the one its offer named */
    SFU_DTLS_FAILED,            /* anything else: no common profile, too many timeouts, alerts */
};

struct sfu_dtls;
/* What a transport does for its DTLS; none of it may call back into the struct sfu_dtls. */
struct sfu_dtls_ops {
    /* Sends one datagram to where media goes. */
    void (*send)(void *user, const uint8_t *datagram, size_t len);
    /* Writes the cookie of the address that send() sends to; false if it cannot. */
    bool (*make_cookie)(void *user, uint8_t cookie[SFU_DTLS_COOKIE]);
    /* True if the cookie is one that was made, so that the peer hears us at that address. */
    bool (*check_cookie)(void *user, const uint8_t cookie[SFU_DTLS_COOKIE]);
};

/* NULL without memory. The certificate and ops must outlive it. */
struct sfu_dtls *sfu_dtls_new(const struct sfu_certificate *certificate,
                              const uint8_t remote_fingerprint[SFU_FINGERPRINT_LEN], const struct sfu_dtls_ops *ops,
                              void *user);
/* Wipes and frees; sends nothing. NULL is allowed. */
void sfu_dtls_free(struct sfu_dtls *dtls);

enum sfu_dtls_state sfu_dtls_state(const struct sfu_dtls *dtls);
/* Handles a datagram; application data is thrown away. */
enum sfu_dtls_state sfu_dtls_receive(struct sfu_dtls *dtls, const uint8_t *datagram, size_t len, uint64_t now_us);
/* When sfu_dtls_tick wants to be called next; UINT64_MAX for never. */
uint64_t sfu_dtls_next_timeout(const struct sfu_dtls *dtls);
/* Retransmits what is due. */
enum sfu_dtls_state sfu_dtls_tick(struct sfu_dtls *dtls, uint64_t now_us);
/* Exports the SRTP keys (RFC 5764 section 4.2), seen from the server. False unless the state is SFU_DTLS_UP; keys is
 * written on success only and is the caller's to wipe. */
SOTTO_MUST_CHECK bool sfu_dtls_keys(struct sfu_dtls *dtls, struct sfu_srtp_keys *keys);
/* Sends close_notify if the handshake was done. */
void sfu_dtls_close(struct sfu_dtls *dtls);

#endif
