#include "receiver.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/secret.h"

enum {
    KEYS_DEFAULT = 1024,
    KEYS_MAX = 1 << 24,
    MAX_DELAY_DEFAULT_MS = 3000,
    JITTER_DEFAULT_MS = 1000,
    TIME_BOUND_MAX_MS = 1 << 30, /* differences of capture times are signed 32-bit */
    HISTORY_LEN = 4096,          /* removed keys that are remembered */
    RETIRED_PER_KEY = 8,         /* a long call has more streams, one after the other, than it has at a time */
};

static int config_check(const struct core_provider *provider, const struct sframe_receiver_config *config,
                        struct sframe_receiver *receiver)
{
    if (!config || config->profile > SFRAME_PROFILE_RFC9605 || config->keys > KEYS_MAX ||
        config->max_delay_ms > TIME_BOUND_MAX_MS || config->jitter_ms > TIME_BOUND_MAX_MS)
        return SFRAME_INVALID;
    memset(receiver, 0, sizeof *receiver);
    receiver->profile = config->profile;
    receiver->max_delay_ms = config->max_delay_ms ? config->max_delay_ms : MAX_DELAY_DEFAULT_MS;
    receiver->jitter_ms = config->jitter_ms ? config->jitter_ms : JITTER_DEFAULT_MS;
    const int rc = sframe_crypto_init(&receiver->crypto, provider, config->suite);
    receiver->expects = rc == SFRAME_OK && receiver->crypto.aead->open_one &&
                        receiver->crypto.suite->nt == receiver->crypto.aead->tag_len &&
                        receiver->profile == SFRAME_PROFILE_SOTTO;
    return rc;
}

/* Takes the receiver's tables from the arena; run over no memory it measures. shape stands outside the arena. */
static struct sframe_receiver *layout(struct core_arena *arena, const struct sframe_receiver_config *config,
                                      struct sframe_receiver *shape)
{
    struct sframe_receiver *receiver = core_arena_take(arena, 1, sizeof *receiver);
    const uint32_t keys = config->keys ? config->keys : KEYS_DEFAULT;
    sframe_streams_layout(&shape->streams, arena, keys, shape->crypto.aead, shape->seed);
    sframe_retired_layout(&shape->retired, arena, keys * RETIRED_PER_KEY, shape->seed);
    sframe_history_init(&shape->history, arena, HISTORY_LEN);
    shape->scratch.state = core_arena_take(arena, 1, shape->crypto.aead->state_size);
    shape->size = arena->used;
    if (!receiver || arena->failed)
        return NULL;
    *receiver = *shape;
    return receiver;
}

size_t sframe_receiver_size(const struct sframe_receiver_config *config)
{
    struct sframe_receiver shape;
    struct core_arena arena = {0};
    if (config_check(core_provider_best(), config, &shape) != SFRAME_OK)
        return 0;
    (void)layout(&arena, config, &shape);
    return arena.failed ? 0 : arena.used;
}

int sframe_receiver_init_with(const struct core_provider *provider, void *memory, size_t len,
                              const struct sframe_receiver_config *config, struct sframe_receiver **receiver)
{
    struct sframe_receiver shape;
    struct core_arena arena = {.memory = memory, .cap = len};
    if (!memory || !receiver)
        return SFRAME_INVALID;
    int rc = config_check(provider, config, &shape);
    if (rc != SFRAME_OK)
        return rc;
    if (!core_random((uint8_t *)&shape.seed, sizeof shape.seed))
        return SFRAME_CRYPTO;
    struct sframe_receiver *made = layout(&arena, config, &shape);
    core_wipe(&shape, sizeof shape);
    if (!made)
        return SFRAME_SPACE;
    sframe_quota_init(&made->quota, made->seed);
    const struct core_aead *aead = made->crypto.aead;
    /* all cipher states now: a sender that turns up in mid-call must not cost an allocation */
    bool ok = aead->init(made->scratch.state, CORE_OPEN);
    for (uint32_t i = 0; ok && i < made->streams.cap; i++)
        ok = aead->init(made->streams.slots[i].key.state, CORE_OPEN);
    if (!ok) {
        sframe_receiver_wipe(made);
        return SFRAME_MEMORY;
    }
    *receiver = made;
    return SFRAME_OK;
}

int sframe_receiver_init(void *memory, size_t len, const struct sframe_receiver_config *config,
                         struct sframe_receiver **receiver)
{
    return sframe_receiver_init_with(core_provider_best(), memory, len, config, receiver);
}

void sframe_epoch_free(struct sframe_epoch *epoch)
{
    if (!epoch)
        return;
    free(epoch->clocks);
    core_wipe(epoch, sizeof *epoch);
    free(epoch);
}

void sframe_receiver_wipe(struct sframe_receiver *receiver)
{
    if (!receiver)
        return;
    for (size_t i = 0; i < SFRAME_EPOCHS; i++)
        sframe_epoch_free(receiver->epochs[i]);
    receiver->crypto.aead->wipe(receiver->scratch.state);
    for (uint32_t i = 0; i < receiver->streams.cap; i++)
        receiver->crypto.aead->wipe(receiver->streams.slots[i].key.state);
    core_wipe(receiver, receiver->size);
}

void sframe_receiver_stats(const struct sframe_receiver *receiver, struct sframe_receiver_stats *stats)
{
    if (!receiver || !stats)
        return;
    *stats = receiver->stats;
    stats->keys = receiver->streams.count;
}
