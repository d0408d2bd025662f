#include "history.h"

#include <string.h>

void sframe_history_init(struct sframe_history *history, struct core_arena *arena, uint32_t cap)
{
    *history = (struct sframe_history){.seen = core_arena_take(arena, cap, SFRAME_FINGERPRINT_LEN), .cap = cap};
}

bool sframe_history_full(const struct sframe_history *history)
{
    return history->count >= history->cap;
}

bool sframe_history_has(const struct sframe_history *history, const uint8_t fingerprint[SFRAME_FINGERPRINT_LEN])
{
    uint32_t filled = sframe_history_full(history) ? history->cap : history->count;
    /* fingerprints are no secret: whoever holds two of them learns only that keys are equal */
    for (uint32_t i = 0; i < filled; i++)
        if (memcmp(history->seen[i], fingerprint, SFRAME_FINGERPRINT_LEN) == 0)
            return true;
    return false;
}

void sframe_history_add(struct sframe_history *history, const uint8_t fingerprint[SFRAME_FINGERPRINT_LEN])
{
    memcpy(history->seen[history->count % history->cap], fingerprint, SFRAME_FINGERPRINT_LEN);
    history->count++;
    if (history->count == 2 * history->cap)
        history->count = history->cap;
}
