/* The issuers' keys that tokens are checked with while a daemon serves: they may change, from any thread. */
#ifndef DAEMON_TOKEN_ISSUERS_H
#define DAEMON_TOKEN_ISSUERS_H

#include <pthread.h>

#include "daemon/token.h"

struct token_issuers {
    pthread_mutex_t lock;
    struct token_keys keys;
};

/* Starts with no key: then every token is refused. */
void token_issuers_init(struct token_issuers *issuers);
void token_issuers_wipe(struct token_issuers *issuers);
/* Takes what keys holds instead of what was there, and leaves keys empty. Safe from any thread. */
void token_issuers_set(struct token_issuers *issuers, struct token_keys *keys);
/* As token_check(). Safe from any thread. */
SOTTO_MUST_CHECK int token_issuers_check(struct token_issuers *issuers, const char *audience, const char *text,
                                         size_t len, uint64_t now_s, struct token *token);

#endif
