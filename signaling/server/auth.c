#include "ds/auth.h"

#include <stdio.h>

const char *ds_auth_check(void *user, struct core_slice text, uint64_t now_s, struct ds_grant *grant)
{
    struct token token;
    int error = token_issuers_check(user, DS_AUDIENCE, (const char *)text.data, text.len, now_s, &token);
    if (error)
        return token_error_text(error);
    *grant = (struct ds_grant){.signal = (token.rights & TOKEN_SIGNAL) != 0,
                               .admin = (token.rights & TOKEN_ADMIN) != 0,
                               .expires_s = token.expires_s};
    snprintf(grant->room, sizeof(grant->room), "%s", token.room);
    snprintf(grant->subject, sizeof(grant->subject), "%s", token.subject);
    return NULL;
}
