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
    GArray *met;  /* struct call_member: pinned, but not on disk */
    GArray *list; /* struct person */
    GMutex lock;  /* the epochs: streaming threads read them */
    struct leaves epochs[EPOCHS_KEPT];
    size_t next;
};

/* --- pins --------------------------------------------------------------------------------------------------------- */

static void judge_by_pins(const struct people *people, const struct call_member *member,
                          struct identity_judgement *judgement)
{
    identity_pins_judge(people->pins, member->root_key, member->name, id_names_confusable, NULL, judgement);
}

/* Trust on first use: a root that is met under a name like nobody's is known from now on. */
static void pin(struct people *people, const struct call_member *member)
{
    struct identity_pin pin = {.since_s = (uint64_t)g_get_real_time() / G_USEC_PER_SEC};
    struct identity_judgement judgement;

    judge_by_pins(people, member, &judgement);
    if (judgement.state != IDENTITY_PIN_NEW)
        return;
    memcpy(pin.root_key, member->root_key, sizeof(pin.root_key));
    g_strlcpy(pin.claimed, member->name, sizeof(pin.claimed));
    if (identity_pins_put(people->pins, &pin) != IDENTITY_OK)
        fprintf(stderr, "sotto: %s cannot be pinned\n", member->name);
}

/* As they are on disk now, for sotto id may have changed them, and who was met besides. What is known stays if they
 * cannot be read. */
static bool read_pins(struct people *people, const struct id_store *store)
{
    struct identity_pins *pins = NULL;
    size_t len = 0;
    uint8_t *data = g_malloc(ID_STORE_FILE_MAX);
    int error = IDENTITY_OK;
    enum id_read result = id_store_read(store, "pins", data, ID_STORE_FILE_MAX, &len);

    if (result != ID_READ_FAILED)
        error = result == ID_READ_OK ? identity_pins_read(data, len, &pins) : identity_pins_new(&pins);
    if (error != IDENTITY_OK)
        fprintf(stderr, "sotto: the pins cannot be read: %s\n", identity_strerror(error));
    g_free(data);
    if (pins == NULL)
        return false;
    identity_pins_free(people->pins);
    people->pins = pins;
    for (size_t i = 0; i < people->met->len; i++)
        pin(people, &g_array_index(people->met, struct call_member, i));
    return true;
}

static void keep_met(struct people *people, const struct id_store *store)
{
    struct identity_output out = {0};

    if (people->met->len == 0)
        return;
    if (identity_pins_write(people->pins, &out) == IDENTITY_OK && id_store_write(store, "pins", out.data, out.len))
        g_array_set_size(people->met, 0);
    identity_output_free(&out);
}

struct people *people_new(const char *folder, const uint8_t own_root[IDENTITY_KEY_LEN])
{
    struct people *people = g_new0(struct people, 1);
    struct id_store store;
    bool ok = id_store_open(&store, folder);

    people->folder = g_strdup(folder);
    memcpy(people->own_root, own_root, sizeof(people->own_root));
    people->met = g_array_new(FALSE, FALSE, sizeof(struct call_member));
    people->list = g_array_new(FALSE, TRUE, sizeof(struct person));
    g_mutex_init(&people->lock);
    if (ok) {
        ok = read_pins(people, &store);
        id_store_close(&store);
    }
    if (ok)
        return people;
    people_free(people);
    return NULL;
}

/* Who was met while another program had the folder. */
static void keep_at_last(struct people *people)
{
    struct id_store store;

    if (people->met->len == 0)
        return;
    if (!id_store_try(&store, people->folder)) {
        fprintf(stderr, "sotto: another sotto uses %s: who was met in this call is not pinned\n", store.folder);
        return;
    }
    if (read_pins(people, &store))
        keep_met(people, &store);
    id_store_close(&store);
}

void people_free(struct people *people)
{
    for (size_t i = 0; i < EPOCHS_KEPT; i++)
        g_clear_pointer(&people->epochs[i].senders, g_hash_table_unref);
    keep_at_last(people);
    g_array_unref(people->met);
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

static void judge(const struct people *people, struct person *person)
{
    struct identity_judgement judgement;

    if (memcmp(person->member.root_key, people->own_root, sizeof(people->own_root)) == 0) {
        person->pin = IDENTITY_PIN_VERIFIED;
        g_strlcpy(person->shown, person->member.name, sizeof(person->shown));
        return;
    }
    judge_by_pins(people, &person->member, &judgement);
    person->pin = judgement.state;
    if (judgement.pin != NULL && judgement.pin->petname[0] != '\0')
        g_strlcpy(person->shown, judgement.pin->petname, sizeof(person->shown));
    else if (judgement.rival != NULL)
        g_snprintf(person->shown, sizeof(person->shown), "%s (not the one you know)", person->member.name);
    else
        g_strlcpy(person->shown, person->member.name, sizeof(person->shown));
    if (identity_safety_number(people->own_root, person->member.root_key, person->safety) != IDENTITY_OK)
        person->safety[0] = '\0';
}

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

/* What the user has said of somebody since, in another window, counts at once. That they are pinned does not: who is
 * new in this call stays so to its end. */
static void judge_again(const struct people *people, const struct person *known, struct person *person)
{
    judge(people, person);
    if (person->pin == IDENTITY_PIN_NEW) { /* forgotten meanwhile: as it was */
        person->pin = known->pin;
        memcpy(person->shown, known->shown, sizeof(person->shown));
    } else if (person->pin == IDENTITY_PIN_PINNED && known->pin == IDENTITY_PIN_NEW) {
        person->pin = IDENTITY_PIN_NEW;
    }
}

static void meet(struct people *people, struct person *person)
{
    judge(people, person);
    if (person->pin != IDENTITY_PIN_NEW)
        return;
    pin(people, &person->member); /* who comes next is judged by it */
    g_array_append_val(people->met, person->member);
}

static void judge_all(struct people *people, const struct call *call)
{
    GArray *before = people->list;
    struct person person = {0};

    people->list = g_array_new(FALSE, TRUE, sizeof(struct person));
    for (uint32_t i = 0; call_get_member(call, i, &person.member) == CALL_OK; i++) {
        const struct person *known = known_before(before, &person.member);

        person.sender = sender_of(&person.member);
        if (known != NULL)
            judge_again(people, known, &person);
        else
            meet(people, &person);
        g_array_append_val(people->list, person);
        person = (struct person){0};
    }
    g_array_unref(before);
}

void people_update(struct people *people, const struct call *call)
{
    struct id_store store;
    const bool open = id_store_try(&store, people->folder);
    const bool fresh = open && read_pins(people, &store);

    judge_all(people, call);
    if (fresh)
        keep_met(people, &store);
    if (open)
        id_store_close(&store);
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
