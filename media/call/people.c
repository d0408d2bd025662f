#include "people.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id/names.h"
#include "sotto/sframe.h"

enum {
    EPOCHS_KEPT = 8,     /* as many as the key ring has at a time, and some */
    INDEX_CTR_BITS = 32, /* frames under one key: fewer than 2^32 */
    WORD_MIN = 8,
};

/* Who seals in which leaf of an epoch. */
struct leaves {
    bool used;
    uint64_t epoch;
    uint32_t slots;
    GHashTable *senders; /* leaf -> struct origin */
};

struct origin {
    uint64_t sender;
    bool shown;
};

struct people {
    char *folder;
    uint8_t own_root[IDENTITY_KEY_LEN];
    struct identity_pins *pins;
    GArray *list; /* struct person */
    GMutex lock;  /* the epochs: streaming threads read them */
    struct leaves epochs[EPOCHS_KEPT];
    size_t next;
};

/* --- pins --------------------------------------------------------------------------------------------------------- */

static bool read_pins(struct people *people)
{
    struct id_store store;
    size_t len = 0;
    uint8_t *data = g_malloc(ID_STORE_FILE_MAX);
    int error = IDENTITY_OK;
    enum id_read result = ID_READ_FAILED;

    if (id_store_open(&store, people->folder)) {
        result = id_store_read(&store, "pins", data, ID_STORE_FILE_MAX, &len);
        id_store_close(&store);
    }
    if (result != ID_READ_FAILED)
        error = result == ID_READ_OK ? identity_pins_read(data, len, &people->pins) : identity_pins_new(&people->pins);
    if (error != IDENTITY_OK)
        fprintf(stderr, "sotto: the pins cannot be read: %s\n", identity_strerror(error));
    g_free(data);
    return people->pins != NULL;
}

static void write_pins(struct people *people)
{
    struct id_store store;
    struct identity_output out = {0};

    if (identity_pins_write(people->pins, &out) == IDENTITY_OK && id_store_open(&store, people->folder)) {
        id_store_write(&store, "pins", out.data, out.len);
        id_store_close(&store);
    }
    identity_output_free(&out);
}

/* Trust on first use: a root that is met under a name like nobody's is known from now on. */
static bool pin(struct people *people, const struct call_member *member)
{
    struct identity_pin pin = {.since_s = (uint64_t)g_get_real_time() / G_USEC_PER_SEC};

    memcpy(pin.root_key, member->root_key, sizeof(pin.root_key));
    g_strlcpy(pin.claimed, member->name, sizeof(pin.claimed));
    return identity_pins_put(people->pins, &pin) == IDENTITY_OK;
}

struct people *people_new(const char *folder, const uint8_t own_root[IDENTITY_KEY_LEN])
{
    struct people *people = g_new0(struct people, 1);

    people->folder = g_strdup(folder);
    memcpy(people->own_root, own_root, sizeof(people->own_root));
    people->list = g_array_new(FALSE, TRUE, sizeof(struct person));
    g_mutex_init(&people->lock);
    if (!read_pins(people)) {
        people_free(people);
        return NULL;
    }
    return people;
}

void people_free(struct people *people)
{
    for (size_t i = 0; i < EPOCHS_KEPT; i++)
        g_clear_pointer(&people->epochs[i].senders, g_hash_table_unref);
    g_array_unref(people->list);
    identity_pins_free(people->pins);
    g_mutex_clear(&people->lock);
    g_free(people->folder);
    g_free(people);
}

/* --- epochs ------------------------------------------------------------------------------------------------------- */

static void fill(const struct people *people, struct leaves *leaves)
{
    g_hash_table_remove_all(leaves->senders);
    for (size_t i = 0; i < people->list->len; i++) {
        const struct person *person = &g_array_index(people->list, struct person, i);
        struct origin *origin = g_new(struct origin, 1);

        *origin = (struct origin){person->sender, person->pin != IDENTITY_PIN_CHANGED};
        g_hash_table_insert(leaves->senders, GUINT_TO_POINTER(person->member.leaf), origin);
    }
}

static void forget(struct leaves *leaves)
{
    g_clear_pointer(&leaves->senders, g_hash_table_unref);
    leaves->used = false;
}

void people_epoch_added(struct people *people, uint64_t epoch, uint32_t leaf_slots)
{
    struct leaves *leaves = &people->epochs[people->next];

    g_mutex_lock(&people->lock);
    forget(leaves);
    *leaves = (struct leaves){true, epoch, leaf_slots, g_hash_table_new_full(NULL, NULL, NULL, g_free)};
    fill(people, leaves);
    people->next = (people->next + 1) % EPOCHS_KEPT;
    g_mutex_unlock(&people->lock);
}

void people_epoch_removed(struct people *people, uint64_t epoch)
{
    g_mutex_lock(&people->lock);
    for (size_t i = 0; i < EPOCHS_KEPT; i++)
        if (people->epochs[i].used && people->epochs[i].epoch == epoch)
            forget(&people->epochs[i]);
    g_mutex_unlock(&people->lock);
}

static unsigned bits_of(uint32_t slots)
{
    unsigned bits = 0;

    while (slots > UINT32_C(1) << bits)
        bits++;
    return bits;
}

bool people_resolve(struct people *people, uint64_t kid, uint64_t ctr, uint64_t *sender, uint64_t *index)
{
    const uint64_t low = UINT64_C(1) << SFRAME_EPOCH_BITS;
    const struct origin *origin = NULL;
    const struct leaves *newest = NULL;

    g_mutex_lock(&people->lock);
    for (size_t i = 0; i < EPOCHS_KEPT; i++) {
        const struct leaves *leaves = &people->epochs[i];

        if (leaves->used && leaves->epoch % low == kid % low && (newest == NULL || newest->epoch < leaves->epoch))
            newest = leaves;
    }
    if (newest != NULL) {
        const uint64_t leaf = kid / low & ((UINT64_C(1) << bits_of(newest->slots)) - 1);

        origin = g_hash_table_lookup(newest->senders, GUINT_TO_POINTER((guint)leaf));
    }
    if (origin != NULL) {
        *sender = origin->sender;
        *index = (newest->epoch << INDEX_CTR_BITS) + ctr;
    }
    const bool ok = origin != NULL && origin->shown;
    g_mutex_unlock(&people->lock);
    return ok;
}

/* --- the roster --------------------------------------------------------------------------------------------------- */

static uint64_t sender_of(const struct call_member *member)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize len = sizeof(digest);
    uint64_t sender = 0;

    g_checksum_update(sum, member->user_id, sizeof(member->user_id));
    g_checksum_update(sum, (const guchar *)member->device, (gssize)strlen(member->device));
    g_checksum_update(sum, (const guchar *)&member->leaf, sizeof(member->leaf));
    g_checksum_get_digest(sum, digest, &len);
    memcpy(&sender, digest, sizeof(sender));
    g_checksum_free(sum);
    return sender;
}

/* Returns whether the pins have changed. */
static bool judge(struct people *people, struct person *person)
{
    struct identity_judgement judgement;
    bool pinned = false;

    if (memcmp(person->member.root_key, people->own_root, sizeof(people->own_root)) == 0) {
        person->pin = IDENTITY_PIN_VERIFIED;
        g_strlcpy(person->shown, person->member.name, sizeof(person->shown));
        return false;
    }
    identity_pins_judge(people->pins, person->member.root_key, person->member.name, id_names_confusable, NULL,
                        &judgement);
    person->pin = judgement.state;
    if (judgement.pin != NULL && judgement.pin->petname[0] != '\0')
        g_strlcpy(person->shown, judgement.pin->petname, sizeof(person->shown));
    else if (judgement.rival != NULL)
        g_snprintf(person->shown, sizeof(person->shown), "%s (not the one you know)", person->member.name);
    else
        g_strlcpy(person->shown, person->member.name, sizeof(person->shown));
    if (person->pin == IDENTITY_PIN_NEW)
        pinned = pin(people, &person->member);
    if (identity_safety_number(people->own_root, person->member.root_key, person->safety) != IDENTITY_OK)
        person->safety[0] = '\0';
    return pinned;
}

/* What was judged before stays: an answer does not change under the user's eyes. */
static const struct person *known_before(const GArray *before, const struct call_member *member)
{
    for (size_t i = 0; i < before->len; i++) {
        const struct person *person = &g_array_index(before, struct person, i);

        if (memcmp(person->member.root_key, member->root_key, sizeof(member->root_key)) == 0 &&
            strcmp(person->member.name, member->name) == 0)
            return person;
    }
    return NULL;
}

void people_update(struct people *people, const struct call *call)
{
    GArray *before = people->list;
    bool pins_changed = false;
    struct person person = {0};

    people->list = g_array_new(FALSE, TRUE, sizeof(struct person));
    for (uint32_t i = 0; call_get_member(call, i, &person.member) == CALL_OK; i++) {
        const struct person *known = known_before(before, &person.member);

        person.sender = sender_of(&person.member);
        if (known != NULL) {
            person.pin = known->pin;
            memcpy(person.shown, known->shown, sizeof(person.shown));
            memcpy(person.safety, known->safety, sizeof(person.safety));
        } else {
            pins_changed |= judge(people, &person);
        }
        g_array_append_val(people->list, person);
        person = (struct person){0};
    }
    g_array_unref(before);
    if (pins_changed)
        write_pins(people);
    g_mutex_lock(&people->lock);
    for (size_t i = 0; i < EPOCHS_KEPT; i++)
        if (people->epochs[i].used && people->epochs[i].epoch == call_epoch(call))
            fill(people, &people->epochs[i]);
    g_mutex_unlock(&people->lock);
}

size_t people_count(const struct people *people)
{
    return people->list->len;
}

const struct person *people_at(const struct people *people, size_t i)
{
    return i < people->list->len ? &g_array_index(people->list, struct person, i) : NULL;
}

static bool is_meant(const struct person *person, const char *word)
{
    char hex[2 * CALL_USER_ID_LEN + 1];

    for (size_t i = 0; i < CALL_USER_ID_LEN; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", person->member.user_id[i]);
    return strcmp(person->shown, word) == 0 || (strlen(word) >= WORD_MIN && g_str_has_prefix(hex, word));
}

const struct person *people_find(const struct people *people, const char *word)
{
    const struct person *found = NULL;

    for (size_t i = 0; i < people->list->len; i++) {
        const struct person *person = people_at(people, i);

        if (!is_meant(person, word))
            continue;
        if (found != NULL && memcmp(found->member.user_id, person->member.user_id, CALL_USER_ID_LEN) != 0)
            return NULL;
        found = person;
    }
    return found;
}

static const char *pin_name(enum identity_pin_state pin)
{
    switch (pin) {
    case IDENTITY_PIN_NEW:
        return "new to you";
    case IDENTITY_PIN_PINNED:
        return "pinned";
    case IDENTITY_PIN_VERIFIED:
        return "verified";
    case IDENTITY_PIN_CHANGED:
        return "CHANGED: another root under a name you know; nothing of it is played";
    case IDENTITY_PIN_CONFLICT:
        return "CONFLICT: the name is like one you know";
    }
    return "unknown";
}

void people_describe(const struct person *person, char *out, size_t cap)
{
    g_snprintf(out, cap, "%s (%s): %s%s%s%s", person->shown, person->member.device,
               person->member.self ? "you" : pin_name(person->pin), person->member.admin ? ", admin" : "",
               person->member.self || person->member.confirmed ? "" : ", not heard yet",
               person->member.left   ? ", left"
               : person->member.lost ? ", LOST CONTACT"
                                     : "");
}

json_t *people_json(const struct people *people)
{
    json_t *array = json_array();

    for (size_t i = 0; i < people->list->len; i++) {
        const struct person *person = people_at(people, i);
        char sender[17];
        json_t *object = json_object();

        g_snprintf(sender, sizeof(sender), "%" G_GINT64_MODIFIER "x", person->sender);
        json_object_set_new(object, "name", json_string(person->shown));
        json_object_set_new(object, "device", json_string(person->member.device));
        json_object_set_new(object, "sender", json_string(sender));
        json_object_set_new(object, "self", json_boolean(person->member.self));
        json_object_set_new(object, "admin", json_boolean(person->member.admin));
        json_object_set_new(object, "pin", json_string(pin_name(person->pin)));
        json_object_set_new(object, "safety_number", person->safety[0] ? json_string(person->safety) : json_null());
        json_array_append_new(array, object);
    }
    return array;
}
