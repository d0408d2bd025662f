/* STUN (RFC 8489) as ICE (RFC 8445) uses it: Binding requests and responses with short-term credentials, always with
 * FINGERPRINT and MESSAGE-INTEGRITY. Bytes in, bytes out; no state. */
#ifndef SFU_STUN_H
#define SFU_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/address.h"
#include "sotto/export.h"

enum {
    SFU_STUN_MAX = 1280,       /* longer messages are refused */
    SFU_STUN_REPLY_MAX = 128,  /* what a response of ours needs at most */
    SFU_STUN_CHECK_MAX = 640,  /* what a request of ours needs at most */
    SFU_STUN_TRANSACTION = 12, /* bytes of a transaction id */
    SFU_STUN_UNKNOWN_MAX = 8,  /* unknown attributes that are remembered */
    SFU_STUN_USERNAME_MAX = 513,
};

enum sfu_stun_class {
    SFU_STUN_REQUEST = 0,
    SFU_STUN_INDICATION = 1,
    SFU_STUN_SUCCESS = 2,
    SFU_STUN_ERROR = 3,
};

enum { SFU_STUN_BINDING = 1 }; /* the only method here */

enum sfu_stun_code {
    SFU_STUN_UNKNOWN_ATTRIBUTE = 420,
    SFU_STUN_ROLE_CONFLICT = 487,
};

/* A message that is well-formed and whose fingerprint is right. Nothing in it is authentic until
 * sfu_stun_authentic() says so. Borrows the datagram. */
struct sfu_stun {
    const uint8_t *data;
    size_t len;
    enum sfu_stun_class class;
    uint16_t method;
    const uint8_t *transaction; /* SFU_STUN_TRANSACTION bytes */
    const uint8_t *username;    /* NULL if there is none */
    size_t username_len;
    size_t integrity_at; /* offset of the MESSAGE-INTEGRITY attribute; 0 if there is none */
    bool use_candidate;
    bool controlling;
    bool controlled;
    uint16_t unknown[SFU_STUN_UNKNOWN_MAX]; /* comprehension-required attributes nobody here knows */
    size_t unknown_count;
};

/* Parses one datagram. False, with nothing written, unless it is a whole STUN message of at most SFU_STUN_MAX bytes
 * with the right FINGERPRINT at its end. Attributes behind MESSAGE-INTEGRITY are ignored (RFC 8489 section 14.5). */
SOTTO_MUST_CHECK bool sfu_stun_parse(struct sfu_stun *stun, const uint8_t *data, size_t len);

/* True if MESSAGE-INTEGRITY is there and right under the password. Constant time in the tag. */
SOTTO_MUST_CHECK bool sfu_stun_authentic(const struct sfu_stun *stun, const char *password);

/* The writers return the message's length, 0 if it does not fit into cap (or the crypto library fails). */

/* A Binding success response with XOR-MAPPED-ADDRESS. */
size_t sfu_stun_write_success(uint8_t *out, size_t cap, const uint8_t transaction[SFU_STUN_TRANSACTION],
                              const struct sfu_address *mapped, const char *password);
/* A Binding error response; unknown attributes are listed for SFU_STUN_UNKNOWN_ATTRIBUTE. */
size_t sfu_stun_write_error(uint8_t *out, size_t cap, const uint8_t transaction[SFU_STUN_TRANSACTION],
                            enum sfu_stun_code code, const uint16_t *unknown, size_t unknown_count,
                            const char *password);
/* A Binding request from the controlled side (RFC 8445 section 7.1). */
size_t sfu_stun_write_check(uint8_t *out, size_t cap, const uint8_t transaction[SFU_STUN_TRANSACTION],
                            const char *username, uint64_t tie_breaker, const char *password);

#endif
