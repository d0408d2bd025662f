/* Tokens of clients, checked with the issuers' public keys, which may change while it runs. */
#ifndef DS_AUTH_H
#define DS_AUTH_H

#include "daemon/token_issuers.h"
#include "ds/hub.h"

#define DS_AUDIENCE "sotto-ds"

/* The hub's check_token; user is a struct token_issuers. */
const char *ds_auth_check(void *user, struct core_slice token, uint64_t now_s, struct ds_grant *grant);

#endif
