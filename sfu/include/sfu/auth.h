/* Who a request comes from and what it may do: by its bearer token, or with --dev by being from this machine. */
#ifndef SFU_AUTH_H
#define SFU_AUTH_H

#include "daemon/token_issuers.h"
#include "sfu/http.h"
#include "sfu/session.h"
#include "sotto/export.h"

/* What a token's "aud" must hold, where it has one. */
#define SFU_AUDIENCE "sotto-sfu"

/* Reads `Authorization: Bearer ...` at the time now_s. Returns a token_error; token is written on success only. */
SOTTO_MUST_CHECK int sfu_auth_check(struct token_issuers *issuers, const struct http_request *request, uint64_t now_s,
                                    struct token *token);

/* Whether a token lets its holder publish, or subscribe. */
bool sfu_auth_allows(const struct token *token, enum sfu_role role);

/* True if the request comes from this machine and was meant for it: its peer is a loopback address, and so are its Host
 * and its Origin, if it has one. A web page from elsewhere cannot bring that about, nor a name that points here. */
bool sfu_auth_is_local(const struct http_request *request);
/* What --dev takes for a token where none is shown: everything allowed, the pseudonym from ?name= or random. False if
 * the name cannot be one, or the system has no random bytes. */
SOTTO_MUST_CHECK bool sfu_auth_dev_token(const struct http_request *request, const char *room, struct token *token);

#endif
