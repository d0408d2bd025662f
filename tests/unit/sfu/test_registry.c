#include "sfu/registry.h"
#include "unit.h"

#include <string.h>

static struct sfu_registered *add(struct sfu_registry *registry, const char *id, const char *room,
                                  const char *pseudonym, enum sfu_role role)
{
    struct sfu_registered *entry = sfu_registry_add(registry);
    if (entry) {
        strcpy(entry->id, id);
        strcpy(entry->room, room);
        strcpy(entry->pseudonym, pseudonym);
        entry->role = role;
    }
    return entry;
}

static void sessions_are_found_by_their_whole_id(void)
{
    struct sfu_registry registry;
    CU_ASSERT_FATAL(sfu_registry_init(&registry, 4));
    struct sfu_registered *one = add(&registry, "abc", "r", "p", SFU_PUBLISHER);
    struct sfu_registered *two = add(&registry, "abcd", "r", "p", SFU_SUBSCRIBER);
    CU_ASSERT_PTR_EQUAL(sfu_registry_find(&registry, "abc"), one);
    CU_ASSERT_PTR_EQUAL(sfu_registry_find(&registry, "abcd"), two);
    CU_ASSERT_PTR_NULL(sfu_registry_find(&registry, "ab"));
    CU_ASSERT_PTR_NULL(sfu_registry_find(&registry, ""));
    CU_ASSERT_PTR_NULL(
        sfu_registry_find(&registry, "0123456789012345678901234567890123456789012345678901234567890123456789"));
    sfu_registry_remove(&registry, one);
    CU_ASSERT_PTR_NULL(sfu_registry_find(&registry, "abc"));
    CU_ASSERT_EQUAL(registry.count, 1);
    sfu_registry_wipe(&registry);
}

static void a_participant_is_room_name_and_role(void)
{
    struct sfu_registry registry;
    CU_ASSERT_FATAL(sfu_registry_init(&registry, 4));
    struct sfu_registered *one = add(&registry, "1", "r", "p", SFU_PUBLISHER);
    CU_ASSERT_PTR_EQUAL(sfu_registry_find_participant(&registry, "r", "p", SFU_PUBLISHER), one);
    CU_ASSERT_PTR_NULL(sfu_registry_find_participant(&registry, "r", "p", SFU_SUBSCRIBER));
    CU_ASSERT_PTR_NULL(sfu_registry_find_participant(&registry, "s", "p", SFU_PUBLISHER));
    CU_ASSERT_PTR_NULL(sfu_registry_find_participant(&registry, "r", "q", SFU_PUBLISHER));
    sfu_registry_wipe(&registry);
}

static void it_holds_as_many_as_it_was_made_for(void)
{
    struct sfu_registry registry;
    CU_ASSERT_FATAL(sfu_registry_init(&registry, 2));
    struct sfu_registered *one = add(&registry, "1", "r", "p", SFU_PUBLISHER);
    CU_ASSERT_PTR_NOT_NULL(add(&registry, "2", "r", "q", SFU_PUBLISHER));
    CU_ASSERT_PTR_NULL(sfu_registry_add(&registry));
    sfu_registry_remove(&registry, one);
    struct sfu_registered *again = sfu_registry_add(&registry);
    CU_ASSERT_PTR_NOT_NULL(again);
    CU_ASSERT_STRING_EQUAL(again->pseudonym, "");
    sfu_registry_wipe(&registry);
}

static void visits_go_round(void)
{
    struct sfu_registry registry;
    CU_ASSERT_FATAL(sfu_registry_init(&registry, 5));
    CU_ASSERT_PTR_NULL(sfu_registry_visit(&registry));
    struct sfu_registered *one = add(&registry, "1", "r", "p", SFU_PUBLISHER);
    struct sfu_registered *two = add(&registry, "2", "r", "q", SFU_PUBLISHER);
    struct sfu_registered *first = sfu_registry_visit(&registry);
    struct sfu_registered *second = sfu_registry_visit(&registry);
    CU_ASSERT(first != second && (first == one || first == two) && (second == one || second == two));
    CU_ASSERT_PTR_EQUAL(sfu_registry_visit(&registry), first);
    sfu_registry_wipe(&registry);
}

static const struct unit_test tests[] = {
    {"sessions are found by their whole id", sessions_are_found_by_their_whole_id},
    {"a participant is room, name and role", a_participant_is_room_name_and_role},
    {"it holds as many as it was made for", it_holds_as_many_as_it_was_made_for},
    {"visits go round", visits_go_round},
};
UNIT_MAIN("sfu.registry", tests)
