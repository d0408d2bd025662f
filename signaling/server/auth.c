#include "ds/auth.h"

#include <stdio.h>

void ds_auth_init(struct ds_auth *auth)
{
    pthread_mutex_init(&auth->lock, NULL);
    token_keys_init(&auth->keys);
}

void ds_auth_wipe(struct ds_auth *auth)
{
    token_keys_wipe(&auth->keys);
    pthread_mutex_destroy(&auth->lock);
}

void ds_auth_set_keys(struct ds_auth *auth, struct token_keys *keys)
{
    struct token_keys old;
    pthread_mutex_lock(&auth->lock);
    old = auth->keys;
    auth->keys = *keys;
    pthread_mutex_unlock(&auth->lock);
    token_keys_wipe(&old);
    token_keys_init(keys);
}

const char *ds_auth_check(void *user, struct core_slice text, uint64_t now_s, struct ds_grant *grant)
{
    struct ds_auth *auth = user;
    struct token token;
    pthread_mutex_lock(&auth->lock);
    int error = token_check(&auth->keys, DS_AUDIENCE, (const char *)text.data, text.len, now_s, &token);
    pthread_mutex_unlock(&auth->lock);
    if (error)
        return token_error_text(error);
    *grant = (struct ds_grant){.signal = (token.rights & TOKEN_SIGNAL) != 0,
                               .admin = (token.rights & TOKEN_ADMIN) != 0,
                               .expires_s = token.expires_s};
    snprintf(grant->room, sizeof(grant->room), "%s", token.room);
    snprintf(grant->subject, sizeof(grant->subject), "%s", token.subject);
    return NULL;
}
