/* The test peer's own STUN, written apart from sfu/stun.c so that each checks the other. */
#ifndef TEST_STUN_H
#define TEST_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_stun {
    const char *username;
    const char *password;
    uint8_t transaction[12];
    bool use_candidate;
    bool controlled;        /* says ICE-CONTROLLED where the truth is ICE-CONTROLLING */
    bool bare;              /* neither PRIORITY nor a role */
    uint16_t extra;         /* one more attribute of this type, if not 0 */
    bool without_integrity; /* what a stranger would send */
    bool without_fingerprint;
};

/* Writes a Binding request into out; ends the program if it does not fit. Returns its length. */
size_t test_stun_request(uint8_t *out, size_t cap, const struct test_stun *request);
/* Computes MESSAGE-INTEGRITY and FINGERPRINT of a message again (where it has them), after a test changed it; without
 * a password only FINGERPRINT. */
void test_stun_reseal(uint8_t *message, size_t len, const char *password);

struct test_stun_reply {
    unsigned class; /* 2 success, 3 error */
    uint8_t transaction[12];
    int error; /* e.g. 487; 0 for none */
    uint16_t unknown[8];
    size_t unknown_count;
    uint8_t ip[16];
    size_t ip_len; /* 4, 16 or 0 for no address */
    uint16_t port;
};

/* True if the message is whole, its fingerprint is right and its integrity is right under the password. */
bool test_stun_read(const uint8_t *message, size_t len, const char *password, struct test_stun_reply *reply);
/* Answers a Binding request with a success response. Returns its length, or 0 if the request is not authentic. */
size_t test_stun_answer(const uint8_t *message, size_t len, const char *password, uint8_t *out, size_t cap);

#endif
