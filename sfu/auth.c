#include "sfu/auth.h"

#include <string.h>

#include "daemon/local.h"
#include "daemon/text.h"

int sfu_auth_check(struct token_issuers *issuers, const struct http_request *request, uint64_t now_s,
                   struct token *token)
{
    struct text_slice bearer = token_of_authorization(request->authorization);
    return token_issuers_check(issuers, SFU_AUDIENCE, bearer.data, bearer.len, now_s, token);
}

bool sfu_auth_allows(const struct token *token, enum sfu_role role)
{
    return (token->rights & (role == SFU_PUBLISHER ? TOKEN_PUBLISH : TOKEN_SUBSCRIBE)) != 0;
}

bool sfu_auth_is_local(const struct http_request *request)
{
    return daemon_is_local(request->from_loopback, request->host, request->origin);
}

bool sfu_auth_dev_token(const struct http_request *request, const char *room, struct token *token)
{
    struct token made = {.rights = TOKEN_PUBLISH | TOKEN_SUBSCRIBE, .expires_s = UINT64_MAX};
    struct text_slice query = text_of(request->query);
    bool named = false;
    while (query.len > 0 && !named) {
        struct text_slice value = text_take(&query, '&');
        named = text_equal(text_take(&value, '='), "name");
        if (named &&
            (!token_id_is_valid(value.data, value.len) || !text_copy(value, made.subject, sizeof(made.subject))))
            return false;
    }
    if (!text_copy(text_of(room), made.room, sizeof(made.room)) || (!named && !text_random(made.subject, 12, "-_")))
        return false;
    *token = made;
    return true;
}
