#include "daemon/token_issuers.h"

void token_issuers_init(struct token_issuers *issuers)
{
    pthread_mutex_init(&issuers->lock, NULL);
    token_keys_init(&issuers->keys);
}

void token_issuers_wipe(struct token_issuers *issuers)
{
    token_keys_wipe(&issuers->keys);
    pthread_mutex_destroy(&issuers->lock);
}

void token_issuers_set(struct token_issuers *issuers, struct token_keys *keys)
{
    struct token_keys old;
    pthread_mutex_lock(&issuers->lock);
    old = issuers->keys;
    issuers->keys = *keys;
    pthread_mutex_unlock(&issuers->lock);
    token_keys_wipe(&old);
    token_keys_init(keys);
}

int token_issuers_check(struct token_issuers *issuers, const char *audience, const char *text, size_t len,
                        uint64_t now_s, struct token *token)
{
    pthread_mutex_lock(&issuers->lock);
    int error = token_check(&issuers->keys, audience, text, len, now_s, token);
    pthread_mutex_unlock(&issuers->lock);
    return error;
}
