/* `sotto id` pins and verify: whom the user knows. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "id/names.h"
#include "qr.h"
#include "request.h"

static const char QR_PREFIX[] = "SOTTO1:";

static bool failed(const char *what, int error)
{
    fprintf(stderr, "sotto: %s: %s\n", what, identity_strerror(error));
    return false;
}

static struct identity_pins *load(const struct id_store *store)
{
    struct identity_pins *pins = NULL;
    size_t len = 0;
    uint8_t *data = malloc(ID_STORE_FILE_MAX);
    enum id_read result = data ? id_store_read(store, "pins", data, ID_STORE_FILE_MAX, &len) : ID_READ_FAILED;
    int error = IDENTITY_OK;
    if (result != ID_READ_FAILED)
        error = result == ID_READ_OK ? identity_pins_read(data, len, &pins) : identity_pins_new(&pins);
    if (error != IDENTITY_OK)
        failed("the pins", error);
    free(data);
    return pins;
}

static bool save(const struct id_store *store, const struct identity_pins *pins)
{
    struct identity_output out = {0};
    int error = identity_pins_write(pins, &out);
    if (error != IDENTITY_OK)
        return failed("the pins", error);
    bool ok = id_store_write(store, "pins", out.data, out.len);
    identity_output_free(&out);
    return ok;
}

static const char *shown(const struct identity_pin *pin)
{
    return pin->petname[0] ? pin->petname : pin->claimed;
}

static void print_user_id(const uint8_t *root_key, size_t bytes)
{
    uint8_t user_id[IDENTITY_USER_ID_LEN];
    if (identity_user_id(root_key, user_id) == IDENTITY_OK)
        id_print_hex(user_id, bytes);
}

static bool is_meant(const struct identity_pin *pin, const char *word)
{
    uint8_t user_id[IDENTITY_USER_ID_LEN];
    return strcmp(pin->petname, word) == 0 || (pin->petname[0] == '\0' && strcmp(pin->claimed, word) == 0) ||
           (identity_user_id(pin->root_key, user_id) == IDENTITY_OK && id_hex_matches(word, user_id));
}

/* The one that is meant; NULL, and told, if it is nobody or several. */
static const struct identity_pin *find(const struct identity_pins *pins, const char *word)
{
    const struct identity_pin *found = NULL;
    for (size_t i = 0; i < identity_pins_count(pins); i++) {
        const struct identity_pin *pin = identity_pins_at(pins, i);
        if (!is_meant(pin, word))
            continue;
        if (found) {
            fprintf(stderr, "sotto: several people are called %s; name one by the user id, see sotto id pins\n", word);
            return NULL;
        }
        found = pin;
    }
    if (!found)
        fprintf(stderr, "sotto: you know nobody called %s; sotto id pins lists whom you know\n", word);
    return found;
}

/* --- pins --- */

static void list(const struct identity_pins *pins)
{
    char date[ID_DATE_LEN];
    for (size_t i = 0; i < identity_pins_count(pins); i++) {
        const struct identity_pin *pin = identity_pins_at(pins, i);
        printf("%-8s  ", pin->verified ? "verified" : "pinned");
        print_user_id(pin->root_key, 8);
        printf("  %s%s%s%s, since %s\n", shown(pin), pin->petname[0] ? " (claims: " : "",
               pin->petname[0] ? pin->claimed : "", pin->petname[0] ? ")" : "", id_date(pin->since_s, date));
    }
    if (identity_pins_count(pins) == 0)
        printf("you know nobody yet; who you meet in calls is kept here\n");
}

static bool read_certificate(const char *path, struct identity_certificate *certificate)
{
    uint8_t data[IDENTITY_CERTIFICATE_MAX];
    size_t len = 0;
    enum id_read result = id_file_read(path, data, sizeof data, &len);
    if (result == ID_READ_ABSENT)
        fprintf(stderr, "sotto: there is no %s\n", path);
    if (result != ID_READ_OK)
        return false;
    int error = identity_certificate_verify(data, len, certificate);
    return error == IDENTITY_OK || failed(path, error);
}

/* Whether it may be pinned under its name; otherwise what the user has to decide is told. */
static bool may_pin(const struct id_request *request, const struct identity_pins *pins,
                    const struct identity_certificate *certificate)
{
    struct identity_judgement judgement;
    identity_pins_judge(pins, certificate->root_key, certificate->name, id_names_confusable, NULL, &judgement);
    if (judgement.pin) {
        fprintf(stderr, "sotto: you know %s already\n", shown(judgement.pin));
        return false;
    }
    if (request->name || judgement.state == IDENTITY_PIN_NEW)
        return true;
    if (judgement.state == IDENTITY_PIN_CHANGED)
        fprintf(stderr,
                "sotto: CHANGED: this is another root than that of %s, whom you know. It is somebody else, or the\n"
                "same person with a new root: ask them by another way. Then either --name gives them a name of\n"
                "your own, or --replace forgets the old root.\n",
                shown(judgement.rival));
    else
        fprintf(stderr,
                "sotto: CONFLICT: %s can be taken for %s, whom you know; --name gives them a name of your own\n",
                certificate->name, shown(judgement.rival));
    return false;
}

static bool add(const struct id_request *request, struct identity_pins *pins)
{
    struct identity_certificate certificate;
    struct identity_pin pin = {.since_s = request->now_s};
    if (!read_certificate(request->add, &certificate))
        return false;
    if (request->replace) {
        const struct identity_pin *old = find(pins, request->replace);
        if (!old)
            return false;
        identity_pins_remove(pins, old->root_key);
    }
    if (!may_pin(request, pins, &certificate))
        return false;
    memcpy(pin.root_key, certificate.root_key, IDENTITY_KEY_LEN);
    memcpy(pin.claimed, certificate.name, sizeof pin.claimed);
    if (request->name && snprintf(pin.petname, sizeof pin.petname, "%s", request->name) > IDENTITY_NAME_MAX)
        return failed("--name", IDENTITY_NAME);
    int error = identity_pins_put(pins, &pin);
    if (error != IDENTITY_OK)
        return failed(shown(&pin), error);
    printf("pinned   %s, ", shown(&pin));
    print_user_id(pin.root_key, 8);
    printf(" ...; not verified: sotto id verify\n");
    return true;
}

static bool rename_pin(const struct id_request *request, struct identity_pins *pins)
{
    const struct identity_pin *found = find(pins, request->rename);
    if (!found)
        return false;
    struct identity_pin pin = *found;
    if (snprintf(pin.petname, sizeof pin.petname, "%s", request->name) > IDENTITY_NAME_MAX)
        return failed("--name", IDENTITY_NAME);
    int error = identity_pins_put(pins, &pin);
    return error == IDENTITY_OK || failed(request->name, error);
}

static bool forget(const struct id_request *request, struct identity_pins *pins)
{
    const struct identity_pin *found = find(pins, request->forget);
    return found && identity_pins_remove(pins, found->root_key);
}

int id_pins(struct id_request *request)
{
    const int changes = (request->add != NULL) + (request->rename != NULL) + (request->forget != NULL);
    if (changes > 1 || (request->replace && !request->add) || (request->rename && !request->name)) {
        fprintf(stderr, "sotto: one of --add FILE [--replace USER], --rename USER --name NAME, --forget USER\n");
        return 2;
    }
    struct identity_pins *pins = id_store_lock(&request->store) ? load(&request->store) : NULL;
    if (!pins)
        return 1;
    bool ok = true;
    if (changes == 0)
        list(pins);
    else
        ok = (request->add      ? add(request, pins)
              : request->rename ? rename_pin(request, pins)
                                : forget(request, pins)) &&
             save(&request->store, pins);
    identity_pins_free(pins);
    return ok ? 0 : 1;
}

/* --- verify --- */

/* The digits of what was typed or scanned: groups, or the QR code's text. */
static bool same_number(const char *typed, const char *number)
{
    size_t digits = 0;
    if (strncmp(typed, QR_PREFIX, sizeof QR_PREFIX - 1) == 0)
        typed += sizeof QR_PREFIX - 1;
    for (; *typed; typed++) {
        if (isspace((unsigned char)*typed))
            continue;
        if (digits >= IDENTITY_SAFETY_NUMBER_DIGITS || *typed != number[digits])
            return false;
        digits++;
    }
    return digits == IDENTITY_SAFETY_NUMBER_DIGITS;
}

static bool draw(const char *number)
{
    char text[sizeof QR_PREFIX + IDENTITY_SAFETY_NUMBER_DIGITS];
    for (size_t i = 0; i < IDENTITY_SAFETY_NUMBER_DIGITS; i += 5)
        printf("%.5s%s", number + i, (i / 5) % 4 == 3 ? "\n" : " ");
    snprintf(text, sizeof text, "%s%s", QR_PREFIX, number);
    printf("\n");
    if (id_qr_draw(stdout, text, isatty(STDOUT_FILENO)))
        return true;
    fprintf(stderr, "sotto: no QR code can be drawn\n");
    return false;
}

static bool mark(const struct id_request *request, struct identity_pins *pins, struct identity_pin pin)
{
    pin.verified = true;
    int error = identity_pins_put(pins, &pin);
    if (error != IDENTITY_OK)
        return failed(shown(&pin), error);
    if (!save(&request->store, pins))
        return false;
    printf("verified %s\n", shown(&pin));
    return true;
}

static bool verify(const struct id_request *request, struct identity_pins *pins, const struct id_self *self)
{
    char number[IDENTITY_SAFETY_NUMBER_DIGITS + 1];
    const struct identity_pin *pin = find(pins, request->word);
    if (!pin)
        return false;
    int error = identity_safety_number(self->certificate.root_key, pin->root_key, number);
    if (error != IDENTITY_OK)
        return failed("the safety number", error);
    if (request->code && !same_number(request->code, number)) {
        fprintf(stderr,
                "sotto: THE NUMBERS DIFFER: one of you sees another root than the other's. Somebody may be between "
                "you.\n");
        return false;
    }
    if (request->code || request->yes)
        return mark(request, pins, *pin);
    printf("%s and %s (%s):\n\n", self->certificate.name, shown(pin), pin->verified ? "verified" : "not verified yet");
    if (!draw(number))
        return false;
    printf("\nCompare it with what sotto id verify shows on the other's screen, face to face or by a way that\n"
           "nobody can have changed. The same on both: sotto id verify \"%s\" --yes\n",
           request->word);
    return true;
}

int id_verify(struct id_request *request)
{
    struct id_self self;
    struct identity_pins *pins = NULL;
    bool ok = id_store_lock(&request->store) && id_self_need(&request->store, &self) &&
              (pins = load(&request->store)) && verify(request, pins, &self);
    identity_pins_free(pins);
    return ok ? 0 : 1;
}
