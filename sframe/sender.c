#include "sender.h"

#include "core/arena.h"
#include "core/secret.h"

enum {
    KEYS_DEFAULT = 4,
    KEY_HISTORY_DEFAULT = 4096,
    KEY_HISTORY_MAX = 1 << 24,
};

static int config_check(const struct core_provider *provider, const struct sframe_sender_config *config,
                        struct sframe_sender *sender)
{
    if (!config || config->profile > SFRAME_PROFILE_RFC9605 || config->key_history > KEY_HISTORY_MAX)
        return SFRAME_INVALID;
    *sender =
        (struct sframe_sender){.profile = config->profile, .key_count = config->keys ? config->keys : KEYS_DEFAULT};
    return sframe_crypto_init(&sender->crypto, provider, config->suite);
}

/* Takes the sender and its tables from the arena: the size is known when it has run over no memory. */
static struct sframe_sender *layout(struct core_arena *arena, const struct sframe_sender_config *config,
                                    const struct sframe_sender *shape)
{
    struct sframe_sender *sender = core_arena_take(arena, 1, sizeof *sender);
    struct sframe_sender_key *keys = core_arena_take_aligned(arena, shape->key_count, sizeof *keys, SFRAME_CACHE_LINE);
    struct sframe_history history;
    sframe_history_init(&history, arena, config->key_history ? config->key_history : KEY_HISTORY_DEFAULT);
    for (size_t i = 0; i < shape->key_count; i++) {
        void *state = core_arena_take(arena, 1, shape->crypto.aead->state_size);
        if (keys)
            keys[i].key.state = state;
    }
    if (sender && !arena->failed) {
        *sender = *shape;
        sender->size = arena->used;
        sender->keys = keys;
        sender->history = history;
    }
    return arena->failed ? NULL : sender;
}

size_t sframe_sender_size(const struct sframe_sender_config *config)
{
    struct sframe_sender shape;
    struct core_arena arena = {0};
    if (config_check(core_provider_best(), config, &shape) != SFRAME_OK)
        return 0;
    (void)layout(&arena, config, &shape);
    return arena.failed ? 0 : arena.used;
}

int sframe_sender_init_with(const struct core_provider *provider, void *memory, size_t len,
                            const struct sframe_sender_config *config, struct sframe_sender **sender)
{
    struct sframe_sender shape;
    struct core_arena arena = {.memory = memory, .cap = len};
    if (!memory || !sender)
        return SFRAME_INVALID;
    int rc = config_check(provider, config, &shape);
    if (rc != SFRAME_OK)
        return rc;
    struct sframe_sender *made = layout(&arena, config, &shape);
    if (!made)
        return SFRAME_SPACE;
    for (size_t i = 0; i < made->key_count; i++)
        if (!made->crypto.aead->init(made->keys[i].key.state, CORE_SEAL)) {
            sframe_sender_wipe(made);
            return SFRAME_MEMORY;
        }
    *sender = made;
    return SFRAME_OK;
}

int sframe_sender_init(void *memory, size_t len, const struct sframe_sender_config *config,
                       struct sframe_sender **sender)
{
    return sframe_sender_init_with(core_provider_best(), memory, len, config, sender);
}

void sframe_sender_wipe(struct sframe_sender *sender)
{
    if (!sender)
        return;
    for (size_t i = 0; i < sender->key_count; i++)
        if (sender->keys[i].key.state)
            sender->crypto.aead->wipe(sender->keys[i].key.state);
    core_wipe(sender, sender->size);
}

static struct sframe_sender_key *find_key(const struct sframe_sender *sender, uint64_t kid)
{
    for (size_t i = 0; i < sender->key_count; i++)
        if (sender->keys[i].used && sender->keys[i].kid == kid)
            return &sender->keys[i];
    return NULL;
}

static struct sframe_sender_key *free_key(const struct sframe_sender *sender)
{
    for (size_t i = 0; i < sender->key_count; i++)
        if (!sender->keys[i].used && sender->keys[i].key.state)
            return &sender->keys[i];
    return NULL;
}

/* A removed key's counter is forgotten; installing the key again would start it at 0 and repeat every nonce. */
int sframe_sender_add_key(struct sframe_sender *sender, uint64_t kid, const uint8_t *base_key, size_t base_key_len)
{
    struct core_hmac_key secret;
    uint8_t fingerprint[SFRAME_FINGERPRINT_LEN];
    if (!sender)
        return SFRAME_INVALID;
    if (find_key(sender, kid))
        return SFRAME_KEY_EXISTS;
    int rc = sframe_secret_init(&sender->crypto, base_key, base_key_len, &secret);
    if (rc != SFRAME_OK)
        return rc;
    rc = sframe_secret_fingerprint(&sender->crypto, &secret, kid, fingerprint);
    if (rc != SFRAME_OK)
        goto out;
    struct sframe_sender_key *key = free_key(sender);
    if (sframe_history_has(&sender->history, fingerprint))
        rc = SFRAME_KEY_REUSED;
    else if (!key || sframe_history_full(&sender->history))
        rc = SFRAME_FULL;
    if (rc != SFRAME_OK)
        goto out;
    rc = sframe_key_derive(&sender->crypto, &key->key, &secret, kid);
    if (rc != SFRAME_OK)
        goto out;
    sframe_history_add(&sender->history, fingerprint);
    bool first = sender->history.count == 1;
    const size_t kid_len = sframe_field_len(kid);
    *key = (struct sframe_sender_key){.head = sframe_head_of_kid(kid, kid_len),
                                      .used = true,
                                      .kid_len = (uint8_t)kid_len,
                                      .kid = kid,
                                      .key = key->key};
    if (first)
        sender->current = key;
out:
    core_wipe(&secret, sizeof secret);
    return rc;
}

int sframe_sender_use_key(struct sframe_sender *sender, uint64_t kid)
{
    struct sframe_sender_key *key = sender ? find_key(sender, kid) : NULL;
    if (!key)
        return sender ? SFRAME_NO_KEY : SFRAME_INVALID;
    sender->current = key;
    return SFRAME_OK;
}

int sframe_sender_remove_key(struct sframe_sender *sender, uint64_t kid)
{
    struct sframe_sender_key *key = sender ? find_key(sender, kid) : NULL;
    if (!key)
        return sender ? SFRAME_NO_KEY : SFRAME_INVALID;
    if (sender->current == key)
        sender->current = NULL;
    struct sframe_key forgotten = key->key;
    core_wipe(key, sizeof *key);
    if (sframe_key_forget(sender->crypto.aead, &forgotten))
        key->key.state = forgotten.state;
    return SFRAME_OK;
}
