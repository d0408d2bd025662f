/* Who is in a call keyed by its members: what their certificates claim, what the user's pins say of that, and whose
 * frames are whose. */
#ifndef PEOPLE_H
#define PEOPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "id/store.h"
#include "sotto/call.h"

enum {
    PEOPLE_SHOWN_MAX = 2 * CALL_NAME_MAX, /* bytes of a name as it is shown */
    PEOPLE_SAFETY_MAX = IDENTITY_SAFETY_NUMBER_DIGITS + 1,
};

struct person {
    struct call_member member;
    uint64_t sender; /* one value for a device in a leaf, whatever the epoch */
    enum identity_pin_state pin;
    char shown[PEOPLE_SHOWN_MAX + 1]; /* the petname, or the name it claims */
    char safety[PEOPLE_SAFETY_MAX];   /* with this user; empty for the user's own devices */
};

struct people;

/* folder: of the identity (NULL: the usual one), whose pins are read, and written when somebody is met for the first
 * time; where another program has the folder just then, later, and not after people_free(). NULL, with a reason on
 * stderr, if they cannot be read. own_root: this user's. */
struct people *people_new(const char *folder, const uint8_t own_root[IDENTITY_KEY_LEN]);
void people_free(struct people *people);

/* An epoch's keys are there, or gone: who seals in it is known from here on. Any thread may ask meanwhile. */
void people_epoch_added(struct people *people, uint64_t epoch, uint32_t leaf_slots);
void people_epoch_removed(struct people *people, uint64_t epoch);
/* The members are others than before, or the user's pins may be. Whoever is new is pinned, unless the name is
 * another's. Never waits. */
void people_update(struct people *people, const struct call *call);

size_t people_count(const struct people *people);
const struct person *people_at(const struct people *people, size_t i);
/* By the name that is shown, or the first digits of the user id, eight at least. NULL: nobody, or several users. */
const struct person *people_find(const struct people *people, const char *word);
/* What stands beside the name: new, pinned, verified, changed, "not NAME whom you know". */
void people_describe(const struct person *person, char *out, size_t cap);

/* Whose frame a KID claims, and its place in the order of that stream's frames over all epochs. False for what nobody
 * in the call seals, and for users who are shown nothing of until the user has decided. Any thread. */
bool people_resolve(struct people *people, uint64_t kid, uint64_t ctr, uint64_t *sender, uint64_t *index);

/* The roster, for --stats. */
json_t *people_json(const struct people *people);

#endif
