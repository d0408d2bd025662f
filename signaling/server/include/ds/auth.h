/* Tokens of clients, checked with the issuers' public keys, which may change while it runs. */
#ifndef DS_AUTH_H
#define DS_AUTH_H

#include <pthread.h>

#include "daemon/token.h"
#include "ds/hub.h"

#define DS_AUDIENCE "sotto-ds"

struct ds_auth {
    pthread_mutex_t lock;
    struct token_keys keys;
};

/* Starts with no key: then every token is refused. */
void ds_auth_init(struct ds_auth *auth);
void ds_auth_wipe(struct ds_auth *auth);
/* Replaces the issuers' keys; takes what keys holds and leaves it empty. Safe from any thread. */
void ds_auth_set_keys(struct ds_auth *auth, struct token_keys *keys);
/* The hub's check_token; user is a struct ds_auth. */
const char *ds_auth_check(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant);

#endif
