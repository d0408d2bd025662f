#include "batch.h"

#include "core/arena.h"
#include "core/secret.h"

static struct sframe_batch *layout(struct core_arena *arena, const struct core_provider *provider)
{
    struct sframe_batch *batch = core_arena_take(arena, 1, sizeof *batch);
    void *workspace = provider->workspace_size ? core_arena_take(arena, 1, provider->workspace_size()) : NULL;
    if (!batch || arena->failed)
        return NULL;
    *batch = (struct sframe_batch){arena->used, provider, workspace};
    return batch;
}

size_t sframe_batch_size(void)
{
    struct core_arena arena = {0};
    (void)layout(&arena, core_provider_best());
    return arena.failed ? 0 : arena.used;
}

int sframe_batch_init_with(const struct core_provider *provider, void *memory, size_t len, struct sframe_batch **batch)
{
    struct core_arena arena = {.memory = memory, .cap = len};
    if (!memory || !batch)
        return SFRAME_INVALID;
    struct sframe_batch *made = layout(&arena, provider);
    if (!made)
        return SFRAME_SPACE;
    if (made->workspace && !provider->workspace_init(made->workspace)) {
        sframe_batch_wipe(made);
        return SFRAME_CRYPTO;
    }
    *batch = made;
    return SFRAME_OK;
}

int sframe_batch_init(void *memory, size_t len, struct sframe_batch **batch)
{
    return sframe_batch_init_with(core_provider_best(), memory, len, batch);
}

void sframe_batch_wipe(struct sframe_batch *batch)
{
    if (batch)
        core_wipe(batch, batch->size);
}
