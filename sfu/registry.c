#include "sfu/registry.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "daemon/text.h"

bool sfu_registry_init(struct sfu_registry *registry, size_t cap)
{
    *registry = (struct sfu_registry){.cap = cap};
    registry->entries = calloc(cap, sizeof(*registry->entries));
    return registry->entries != NULL;
}

void sfu_registry_wipe(struct sfu_registry *registry)
{
    free(registry->entries);
    *registry = (struct sfu_registry){.entries = NULL};
}

struct sfu_registered *sfu_registry_add(struct sfu_registry *registry)
{
    for (size_t i = 0; i < registry->cap; i++) {
        struct sfu_registered *entry = &registry->entries[i];
        if (!entry->used) {
            *entry = (struct sfu_registered){.used = true};
            registry->count++;
            return entry;
        }
    }
    return NULL;
}

void sfu_registry_remove(struct sfu_registry *registry, struct sfu_registered *entry)
{
    *entry = (struct sfu_registered){.used = false};
    registry->count--;
}

struct sfu_registered *sfu_registry_find(const struct sfu_registry *registry, const char *id)
{
    char padded[SFU_ID_MAX] = {0};
    struct sfu_registered *found = NULL;
    if (!text_copy(text_of(id), padded, sizeof(padded)))
        return NULL;
    for (size_t i = 0; i < registry->cap; i++) {
        struct sfu_registered *entry = &registry->entries[i];
        if (entry->used && core_equal((const uint8_t *)entry->id, (const uint8_t *)padded, SFU_ID_MAX))
            found = entry;
    }
    return found;
}

struct sfu_registered *sfu_registry_find_participant(const struct sfu_registry *registry, const char *room,
                                                     const char *pseudonym, enum sfu_role role)
{
    for (size_t i = 0; i < registry->cap; i++) {
        struct sfu_registered *entry = &registry->entries[i];
        if (entry->used && entry->role == role && strcmp(entry->room, room) == 0 &&
            strcmp(entry->pseudonym, pseudonym) == 0)
            return entry;
    }
    return NULL;
}

struct sfu_registered *sfu_registry_visit(struct sfu_registry *registry)
{
    for (size_t i = 0; i < registry->cap; i++) {
        struct sfu_registered *entry = &registry->entries[registry->next_to_visit];
        registry->next_to_visit = (registry->next_to_visit + 1) % registry->cap;
        if (entry->used)
            return entry;
    }
    return NULL;
}
