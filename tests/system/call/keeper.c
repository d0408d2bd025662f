#include "keeper.h"

#include <stdbool.h>

#include "group.h"
#include "gstsotto/keyring.h"
#include "people.h"

struct group *__real_group_new(const struct group_config *config);
struct group *__wrap_group_new(const struct group_config *config);
gboolean __real_sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error);
gboolean __wrap_sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error);
gboolean __real_sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error);
gboolean __wrap_sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error);
void __real_people_epoch_removed(struct people *people, uint64_t epoch);
void __wrap_people_epoch_removed(struct people *people, uint64_t epoch);

static bool keeps;

void keeper_enable(void)
{
    keeps = true;
}

static void stay(void *user)
{
    (void)user;
}

struct group *__wrap_group_new(const struct group_config *config)
{
    struct group_config changed = *config;

    if (keeps)
        changed.ended = stay;
    return __real_group_new(&changed);
}

gboolean __wrap_sotto_key_ring_remove_epoch(SottoKeyRing *ring, guint64 epoch, GError **error)
{
    return keeps || __real_sotto_key_ring_remove_epoch(ring, epoch, error);
}

gboolean __wrap_sotto_key_ring_remove_leaf(SottoKeyRing *ring, guint64 epoch, guint32 leaf, GError **error)
{
    return keeps || __real_sotto_key_ring_remove_leaf(ring, epoch, leaf, error);
}

/* whose frames those keys open is kept as well, so that what opened would be counted */
void __wrap_people_epoch_removed(struct people *people, uint64_t epoch)
{
    if (!keeps)
        __real_people_epoch_removed(people, epoch);
}
