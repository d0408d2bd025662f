/* KIDs whose streams made room for others, and how far their counters had come: so that a stream that comes back goes
 * on where it was, and none of its old frames opens again. Entries are never forgotten; when there is no room for more,
 * no further stream can be retired. */
#ifndef SFRAME_RETIRED_H
#define SFRAME_RETIRED_H

#include <stdbool.h>

#include "index.h"
#include "sotto/export.h"

struct sframe_retired_entry {
    uint64_t top;    /* the highest counter seen */
    uint64_t top_ms; /* when */
};

struct sframe_retired {
    struct sframe_retired_entry *entries;
    uint32_t cap;
    uint32_t count;
    struct sframe_index by_kid;
};

/* Cuts the table from the arena. */
void sframe_retired_layout(struct sframe_retired *retired, struct core_arena *arena, uint32_t cap, uint64_t seed);
bool sframe_retired_full(const struct sframe_retired *retired);
/* The entry of a KID or NULL. */
const struct sframe_retired_entry *sframe_retired_find(const struct sframe_retired *retired, uint64_t kid);
/* Remembers a KID, or how far one that is known has come since. False if it is new and there is no room. */
SOTTO_MUST_CHECK bool sframe_retired_put(struct sframe_retired *retired, uint64_t kid,
                                         struct sframe_retired_entry entry);

#endif
