/* Whose frames are whose, and who is not played: over a roster that stands in for the call's. */
#include "people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "home.h"
#include "sotto/sframe.h"
#include "unit.h"

enum { SLOTS = 4, CAMERA = 4 };

static struct call_member members[SLOTS];
static size_t member_count;
static uint64_t present;

int __wrap_call_get_member(const struct call *call, uint32_t i, struct call_member *member);
uint64_t __wrap_call_epoch(const struct call *call);

int __wrap_call_get_member(const struct call *call, uint32_t i, struct call_member *member)
{
    (void)call;
    if (i >= member_count)
        return CALL_USER;
    *member = members[i];
    return CALL_OK;
}

uint64_t __wrap_call_epoch(const struct call *call)
{
    (void)call;
    return present;
}

static void put(size_t i, uint32_t leaf, const char *name, uint8_t root)
{
    members[i] = (struct call_member){.leaf = leaf};
    memset(members[i].root_key, root, sizeof members[i].root_key);
    memset(members[i].user_id, root, sizeof members[i].user_id);
    snprintf(members[i].name, sizeof members[i].name, "%s", name);
    snprintf(members[i].device, sizeof members[i].device, "laptop");
    member_count = i + 1;
}

static struct people *open_people(const char *folder)
{
    static const uint8_t own_root[IDENTITY_KEY_LEN] = {1};
    struct people *people = people_new(folder, own_root);
    CU_ASSERT_PTR_NOT_NULL_FATAL(people);
    return people;
}

static void enter(struct people *people, uint64_t epoch)
{
    present = epoch;
    people_epoch_added(people, epoch, SLOTS);
    people_update(people, NULL);
}

static bool resolve(struct people *people, uint32_t leaf, uint64_t epoch, uint64_t ctr, uint64_t *sender,
                    uint64_t *index)
{
    uint64_t kid = 0;
    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(CAMERA, leaf, SLOTS, epoch, &kid), SFRAME_OK);
    return people_resolve(people, kid, ctr, sender, index);
}

static void a_kid_names_one_member_over_all_epochs(void)
{
    char folder[HOME_MAX];
    uint64_t ada = 0, again = 0, ben = 0, first = 0, later = 0;
    home_make(folder);
    struct people *people = open_people(folder);
    put(0, 0, "Ada", 2);
    put(1, 3, "Ben", 3);
    enter(people, 5);
    CU_ASSERT_TRUE(resolve(people, 0, 5, 900, &ada, &first));
    CU_ASSERT_TRUE(resolve(people, 3, 5, 0, &ben, &first));
    CU_ASSERT_NOT_EQUAL(ada, ben);
    CU_ASSERT_TRUE(resolve(people, 0, 5, 900, &ada, &first));
    enter(people, 6);
    CU_ASSERT_TRUE(resolve(people, 0, 6, 0, &again, &later));
    CU_ASSERT_EQUAL(ada, again);
    CU_ASSERT_TRUE(later > first);                           /* although the counter began anew */
    CU_ASSERT_FALSE(resolve(people, 1, 6, 0, &ada, &first)); /* nobody's leaf */
    CU_ASSERT_FALSE(resolve(people, 0, 7, 0, &ada, &first)); /* nobody's epoch */
    people_epoch_removed(people, 5);
    CU_ASSERT_FALSE(resolve(people, 0, 5, 901, &ada, &first));
    people_free(people);
    home_remove(folder);
}

static void a_leaf_that_changed_hands_is_still_the_old_ones_in_the_old_epoch(void)
{
    char folder[HOME_MAX];
    uint64_t ada = 0, cleo = 0, before = 0, index = 0;
    home_make(folder);
    struct people *people = open_people(folder);
    put(0, 2, "Ada", 2);
    enter(people, 5);
    CU_ASSERT_TRUE(resolve(people, 2, 5, 0, &ada, &index));
    put(0, 2, "Cleo", 4);
    enter(people, 6);
    CU_ASSERT_TRUE(resolve(people, 2, 5, 1, &before, &index));
    CU_ASSERT_TRUE(resolve(people, 2, 6, 0, &cleo, &index));
    CU_ASSERT_EQUAL(before, ada);
    CU_ASSERT_NOT_EQUAL(cleo, ada);
    people_free(people);
    home_remove(folder);
}

static void another_root_under_a_known_name_is_not_played(void)
{
    char folder[HOME_MAX];
    uint64_t sender = 0, index = 0;
    char text[256];
    home_make(folder);
    struct people *people = open_people(folder);
    put(0, 0, "Ada", 2);
    enter(people, 5);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_NEW);
    CU_ASSERT_TRUE(resolve(people, 0, 5, 0, &sender, &index));
    people_free(people);
    /* the same folder another day: Ada is pinned, and somebody else says to be her */
    people = open_people(folder);
    put(0, 0, "Ada", 2);
    put(1, 1, "Ada", 9);
    enter(people, 8);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_PINNED);
    CU_ASSERT_EQUAL(people_at(people, 1)->pin, IDENTITY_PIN_CHANGED);
    CU_ASSERT_TRUE(resolve(people, 0, 8, 0, &sender, &index));
    CU_ASSERT_FALSE(resolve(people, 1, 8, 0, &sender, &index));
    people_describe(people_at(people, 1), text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "CHANGED"));
    /* and the name alone means her */
    CU_ASSERT_PTR_EQUAL(people_find(people, "Ada"), people_at(people, 0));
    people_free(people);
    home_remove(folder);
}

/* As `sotto id verify NAME --yes` does it, beside the call. */
static void verify_beside(const char *folder, uint8_t root)
{
    struct id_store store;
    struct identity_pins *pins = NULL;
    struct identity_output out = {0};
    uint8_t key[IDENTITY_KEY_LEN];
    size_t len = 0;
    uint8_t *data = malloc(ID_STORE_FILE_MAX);
    CU_ASSERT_FATAL(data && id_store_try(&store, folder));
    CU_ASSERT_EQUAL_FATAL(id_store_read(&store, "pins", data, ID_STORE_FILE_MAX, &len), ID_READ_OK);
    CU_ASSERT_EQUAL_FATAL(identity_pins_read(data, len, &pins), IDENTITY_OK);
    memset(key, root, sizeof key);
    const struct identity_pin *found = identity_pins_find(pins, key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    struct identity_pin pin = *found;
    pin.verified = true;
    CU_ASSERT_EQUAL(identity_pins_put(pins, &pin), IDENTITY_OK);
    CU_ASSERT_EQUAL(identity_pins_write(pins, &out), IDENTITY_OK);
    CU_ASSERT(id_store_write(&store, "pins", out.data, out.len));
    id_store_close(&store);
    identity_output_free(&out);
    identity_pins_free(pins);
    free(data);
}

static void who_is_verified_in_a_call_stays_so(void)
{
    char folder[HOME_MAX];
    home_make(folder);
    struct people *people = open_people(folder);
    put(0, 0, "Ada", 2);
    enter(people, 5);
    people_update(people, NULL);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_NEW); /* all through the call */
    verify_beside(folder, 2);
    put(1, 1, "Ben", 3);
    enter(people, 6);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_VERIFIED);
    CU_ASSERT_EQUAL(people_at(people, 1)->pin, IDENTITY_PIN_NEW);
    people_free(people);
    people = open_people(folder);
    enter(people, 7);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_VERIFIED);
    CU_ASSERT_EQUAL(people_at(people, 1)->pin, IDENTITY_PIN_PINNED);
    people_free(people);
    home_remove(folder);
}

/* Another program has the folder, for as long as a person takes to type a passphrase. */
static void nobody_is_waited_for(void)
{
    char folder[HOME_MAX];
    struct id_store other;
    home_make(folder);
    struct people *people = open_people(folder);
    CU_ASSERT_FATAL(id_store_open(&other, folder));
    put(0, 0, "Ada", 2);
    enter(people, 5);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_NEW);
    put(1, 1, "Ada", 9); /* known already, though not on disk */
    enter(people, 6);
    CU_ASSERT_EQUAL(people_at(people, 1)->pin, IDENTITY_PIN_CHANGED);
    id_store_close(&other);
    put(2, 2, "Ada", 8);
    enter(people, 7);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_NEW);
    CU_ASSERT_EQUAL(people_at(people, 1)->pin, IDENTITY_PIN_CHANGED);
    CU_ASSERT_EQUAL(people_at(people, 2)->pin, IDENTITY_PIN_CHANGED);
    /* and who was met while it had it again is pinned at the end */
    CU_ASSERT_FATAL(id_store_open(&other, folder));
    put(3, 3, "Ben", 3);
    enter(people, 8);
    id_store_close(&other);
    people_free(people);
    people = open_people(folder);
    enter(people, 9);
    CU_ASSERT_EQUAL(people_at(people, 0)->pin, IDENTITY_PIN_PINNED);
    CU_ASSERT_EQUAL(people_at(people, 1)->pin, IDENTITY_PIN_CHANGED);
    CU_ASSERT_EQUAL(people_at(people, 2)->pin, IDENTITY_PIN_CHANGED);
    CU_ASSERT_EQUAL(people_at(people, 3)->pin, IDENTITY_PIN_PINNED);
    people_free(people);
    home_remove(folder);
}

static const struct unit_test TESTS[] = {
    {"who is verified beside a call stays so, and is so at once", who_is_verified_in_a_call_stays_so},
    {"a call waits for nobody who has the folder, and loses nobody who was met", nobody_is_waited_for},
    {"a KID names one member over all epochs", a_kid_names_one_member_over_all_epochs},
    {"a leaf that changed hands is still the old one's in the old epoch",
     a_leaf_that_changed_hands_is_still_the_old_ones_in_the_old_epoch},
    {"another root under a known name is not played", another_root_under_a_known_name_is_not_played},
};

UNIT_MAIN("call.people", TESTS)
