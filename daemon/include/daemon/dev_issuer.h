/* The issuer inside a daemon that runs with --dev: a key pair that is made at start, lives in memory and dies with the
 * process. So tokens can be tried against a server for trying, and no key is left to leak. */
#ifndef DAEMON_DEV_ISSUER_H
#define DAEMON_DEV_ISSUER_H

#include "daemon/token.h"

struct dev_issuer;

#define DEV_ISSUER_ERRORS(X)                                                                                           \
    X(DEV_ISSUER_NOT_JSON, -1, "the body is not a JSON object")                                                        \
    X(DEV_ISSUER_UNKNOWN, -2, "a claim is none of room, sub, allow and fpr")                                           \
    X(DEV_ISSUER_ROOM, -3, "room must be 1 to 63 letters, digits, '-', '_' or '.'")                                    \
    X(DEV_ISSUER_SUBJECT, -4, "sub must be 1 to 63 letters, digits, '-', '_' or '.'")                                  \
    X(DEV_ISSUER_ALLOW, -5, "allow must be an array of publish, subscribe, signal and admin")                          \
    X(DEV_ISSUER_FINGERPRINT, -6, "fpr must be a SHA-256 fingerprint: 32 hex pairs with colons")                       \
    X(DEV_ISSUER_FAILED, -7, "the system makes no random bytes or signature")

enum dev_issuer_error {
    DEV_ISSUER_OK = 0,
#define X(name, value, text) name = value,
    DEV_ISSUER_ERRORS(X)
#undef X
};
/* A sentence for an error; never NULL. */
const char *dev_issuer_error_text(int error);

/* NULL if the system makes no key. */
struct dev_issuer *dev_issuer_new(void);
/* Wipes the key. NULL is allowed. */
void dev_issuer_free(struct dev_issuer *issuer);
/* Adds the public half to what token_check takes. Returns a token_error. */
SOTTO_MUST_CHECK int dev_issuer_add_key(const struct dev_issuer *issuer, struct token_keys *keys);
/* Answers a request for a token: body is a JSON object of the claims that are wanted. room must be there; sub is random
 * without it, allow is everything but admin. It lives an hour from now_s. Returns a dev_issuer_error. Whether the one
 * who asks may have a token is the caller's to know: only with --dev, only this machine. */
SOTTO_MUST_CHECK int dev_issuer_mint(const struct dev_issuer *issuer, struct text_slice body, uint64_t now_s,
                                     char out[TOKEN_MAX + 1]);

#endif
