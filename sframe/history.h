/* Fingerprints of keys that were installed, so that none comes twice. */
#ifndef SFRAME_HISTORY_H
#define SFRAME_HISTORY_H

#include "core/arena.h"
#include "kdf.h"

struct sframe_history {
    uint8_t (*seen)[SFRAME_FINGERPRINT_LEN];
    uint32_t cap;
    uint32_t count; /* installed so far; beyond cap only where old ones are forgotten */
};

void sframe_history_init(struct sframe_history *history, struct core_arena *arena, uint32_t cap);
bool sframe_history_has(const struct sframe_history *history, const uint8_t fingerprint[SFRAME_FINGERPRINT_LEN]);
bool sframe_history_full(const struct sframe_history *history);
/* Remembers a fingerprint; when full, in place of the oldest. */
void sframe_history_add(struct sframe_history *history, const uint8_t fingerprint[SFRAME_FINGERPRINT_LEN]);

#endif
