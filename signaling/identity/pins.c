/* The pin store: which roots the user knows, by which names.
 *
 *     struct {
 *         opaque root_key<V>;
 *         opaque petname<V>;          // may be empty
 *         opaque claimed<V>;
 *         uint8 verified;             // 0 or 1
 *         uint64 since;
 *         uint64 revocations;
 *     } Pin;
 *
 *     struct {
 *         opaque magic[8] = "SOTTOPIN";
 *         uint16 version = 1;
 *         Pin pins<V>;                // by root_key, strictly ascending
 *         opaque checksum[32];        // SHA-256 of all before it: against disks, not against people
 *     } PinStore; */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/provider.h"
#include "core/secret.h"
#include "sotto/identity.h"
#include "wire/buffer.h"
#include "wire/vector.h"

enum {
    VERSION = 1,
    CHECKSUM_LEN = 32,
    PIN_LEN_MAX = 256,
    STORE_LEN_MAX = IDENTITY_PINS_MAX * PIN_LEN_MAX + 64,
    FIRST_CAPACITY = 16,
};
static const char MAGIC[8] = {'S', 'O', 'T', 'T', 'O', 'P', 'I', 'N'};

struct identity_pins {
    struct identity_pin *pins; /* by root_key, ascending */
    size_t count;
    size_t capacity;
};

void identity_output_free(struct identity_output *output)
{
    core_wipe(output->data, output->len);
    free(output->data);
    *output = (struct identity_output){0};
}

int identity_pins_new(struct identity_pins **out)
{
    struct identity_pins *pins = calloc(1, sizeof *pins);
    if (!pins)
        return IDENTITY_MEMORY;
    *out = pins;
    return IDENTITY_OK;
}

void identity_pins_free(struct identity_pins *pins)
{
    if (pins)
        free(pins->pins);
    free(pins);
}

size_t identity_pins_count(const struct identity_pins *pins)
{
    return pins->count;
}

const struct identity_pin *identity_pins_at(const struct identity_pins *pins, size_t i)
{
    return i < pins->count ? &pins->pins[i] : NULL;
}

/* The first place whose root key is not below this one. */
static size_t place(const struct identity_pins *pins, const uint8_t *root_key)
{
    size_t low = 0;
    size_t high = pins->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(pins->pins[middle].root_key, root_key, IDENTITY_KEY_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct identity_pins *pins, size_t i, const uint8_t *root_key)
{
    return i < pins->count && memcmp(pins->pins[i].root_key, root_key, IDENTITY_KEY_LEN) == 0;
}

const struct identity_pin *identity_pins_find(const struct identity_pins *pins,
                                              const uint8_t root_key[IDENTITY_KEY_LEN])
{
    size_t i = place(pins, root_key);
    return is_at(pins, i, root_key) ? &pins->pins[i] : NULL;
}

/* --- Changing --- */

static bool text_ok(const char text[IDENTITY_NAME_MAX + 1])
{
    return identity_name_ok(text, strnlen(text, IDENTITY_NAME_MAX + 1), IDENTITY_NAME_MAX);
}

static int check_pin(const struct identity_pins *pins, const struct identity_pin *pin)
{
    if (!text_ok(pin->claimed))
        return IDENTITY_NAME;
    if (pin->petname[0] == '\0')
        return IDENTITY_OK;
    if (!text_ok(pin->petname))
        return IDENTITY_NAME;
    for (size_t i = 0; i < pins->count; i++)
        if (strcmp(pins->pins[i].petname, pin->petname) == 0 &&
            memcmp(pins->pins[i].root_key, pin->root_key, IDENTITY_KEY_LEN) != 0)
            return IDENTITY_TAKEN;
    return IDENTITY_OK;
}

static int insert(struct identity_pins *pins, size_t i, const struct identity_pin *pin)
{
    if (pins->count >= IDENTITY_PINS_MAX)
        return IDENTITY_LIMIT;
    if (pins->count == pins->capacity) {
        size_t capacity = pins->capacity ? pins->capacity * 2 : FIRST_CAPACITY;
        struct identity_pin *larger = realloc(pins->pins, capacity * sizeof *larger);
        if (!larger)
            return IDENTITY_MEMORY;
        pins->pins = larger;
        pins->capacity = capacity;
    }
    memmove(&pins->pins[i + 1], &pins->pins[i], (pins->count - i) * sizeof *pins->pins);
    pins->pins[i] = *pin;
    pins->count++;
    return IDENTITY_OK;
}

int identity_pins_put(struct identity_pins *pins, const struct identity_pin *pin)
{
    const struct identity_pin copy = *pin; /* it may be borrowed from the store itself */
    size_t i = place(pins, copy.root_key);
    int error = check_pin(pins, &copy);
    if (error != IDENTITY_OK)
        return error;
    if (!is_at(pins, i, copy.root_key))
        return insert(pins, i, &copy);
    pins->pins[i] = copy;
    return IDENTITY_OK;
}

bool identity_pins_remove(struct identity_pins *pins, const uint8_t root_key[IDENTITY_KEY_LEN])
{
    size_t i = place(pins, root_key);
    if (!is_at(pins, i, root_key))
        return false;
    pins->count--;
    memmove(&pins->pins[i], &pins->pins[i + 1], (pins->count - i) * sizeof *pins->pins);
    return true;
}

/* --- Judging --- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool differ_in_capitals_only(void *context, const char *a, const char *b)
{
    (void)context;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool is_or(const struct identity_pin *pin, const char *name, identity_confusable *like, void *context)
{
    return (pin->petname[0] && like(context, pin->petname, name)) || like(context, pin->claimed, name);
}

static bool same_text(void *context, const char *a, const char *b)
{
    (void)context;
    return strcmp(a, b) == 0;
}

/* The first pin but `own` that has such a name; NULL: none. */
static const struct identity_pin *find_rival(const struct identity_pins *pins, const struct identity_pin *own,
                                             const char *name, identity_confusable *like, void *context)
{
    for (size_t i = 0; i < pins->count; i++)
        if (&pins->pins[i] != own && is_or(&pins->pins[i], name, like, context))
            return &pins->pins[i];
    return NULL;
}

void identity_pins_judge(const struct identity_pins *pins, const uint8_t root_key[IDENTITY_KEY_LEN], const char *name,
                         identity_confusable *confusable, void *context, struct identity_judgement *out)
{
    const struct identity_pin *pin = identity_pins_find(pins, root_key);
    *out = (struct identity_judgement){.pin = pin};
    if (pin)
        out->state = pin->verified ? IDENTITY_PIN_VERIFIED : IDENTITY_PIN_PINNED;
    else
        out->state = IDENTITY_PIN_NEW;
    if (pin && strcmp(pin->claimed, name) == 0)
        return; /* what the user accepted once is no news */
    out->rival = find_rival(pins, pin, name, same_text, NULL);
    if (out->rival)
        out->state = pin ? IDENTITY_PIN_CONFLICT : IDENTITY_PIN_CHANGED;
    else if ((out->rival = find_rival(pins, pin, name, confusable ? confusable : differ_in_capitals_only, context)))
        out->state = IDENTITY_PIN_CONFLICT;
}

/* --- As bytes --- */

static bool read_text(struct bytes_reader *r, bool may_be_empty, char out[IDENTITY_NAME_MAX + 1])
{
    struct core_slice text = wire_parse_vector(r);
    if (!bytes_reader_ok(r) ||
        (!identity_name_ok((const char *)text.data, text.len, IDENTITY_NAME_MAX) && !(may_be_empty && text.len == 0)))
        return false;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static int read_pin(struct bytes_reader *r, struct identity_pins *pins)
{
    struct identity_pin pin = {0};
    struct core_slice root_key = wire_parse_vector(r);
    if (!bytes_reader_ok(r) || root_key.len != IDENTITY_KEY_LEN)
        return IDENTITY_MALFORMED;
    memcpy(pin.root_key, root_key.data, IDENTITY_KEY_LEN);
    if (!read_text(r, true, pin.petname) || !read_text(r, false, pin.claimed))
        return IDENTITY_MALFORMED;
    uint8_t verified = bytes_read_u8(r);
    pin.verified = verified;
    pin.since_s = bytes_read_u64(r);
    pin.revocations = bytes_read_u64(r);
    if (!bytes_reader_ok(r) || verified > 1)
        return IDENTITY_MALFORMED;
    if (pins->count > 0 && memcmp(pins->pins[pins->count - 1].root_key, pin.root_key, IDENTITY_KEY_LEN) >= 0)
        return IDENTITY_MALFORMED;
    return insert(pins, pins->count, &pin);
}

int identity_pins_read(const uint8_t *data, size_t len, struct identity_pins **out)
{
    uint8_t checksum[CHECKSUM_LEN];
    struct identity_pins *pins = NULL;
    struct bytes_reader r;
    if (len > STORE_LEN_MAX)
        return IDENTITY_LIMIT;
    bytes_reader_init(&r, data, len);
    const uint8_t *magic = bytes_parse(&r, sizeof MAGIC);
    uint16_t version = bytes_read_u16(&r);
    if (!bytes_reader_ok(&r) || memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return IDENTITY_MALFORMED;
    if (version != VERSION)
        return IDENTITY_SCHEME;
    struct bytes_reader entries = wire_parse_block(&r);
    const struct core_slice content = {data, r.pos};
    const uint8_t *stored = bytes_parse(&r, CHECKSUM_LEN);
    if (!bytes_reader_done(&r))
        return IDENTITY_MALFORMED;
    if (!core_libcrypto_sha256.digest(&content, 1, checksum))
        return IDENTITY_CRYPTO;
    if (memcmp(checksum, stored, CHECKSUM_LEN) != 0)
        return IDENTITY_MALFORMED;
    int error = identity_pins_new(&pins);
    while (error == IDENTITY_OK && bytes_reader_left(&entries) > 0)
        error = read_pin(&entries, pins);
    if (error == IDENTITY_OK)
        *out = pins;
    else
        identity_pins_free(pins);
    return error;
}

static void write_text(struct bytes_writer *w, const char *text)
{
    wire_write_vector(w, (struct core_slice){(const uint8_t *)text, strlen(text)});
}

int identity_pins_write(const struct identity_pins *pins, struct identity_output *out)
{
    uint8_t checksum[CHECKSUM_LEN];
    struct bytes_writer w;
    wire_buffer_init(&w, STORE_LEN_MAX);
    bytes_write(&w, (const uint8_t *)MAGIC, sizeof MAGIC);
    bytes_write_u16(&w, VERSION);
    size_t begin = wire_begin_vector(&w);
    for (size_t i = 0; i < pins->count; i++) {
        const struct identity_pin *pin = &pins->pins[i];
        wire_write_vector(&w, (struct core_slice){pin->root_key, IDENTITY_KEY_LEN});
        write_text(&w, pin->petname);
        write_text(&w, pin->claimed);
        bytes_write_u8(&w, pin->verified);
        bytes_write_u64(&w, pin->since_s);
        bytes_write_u64(&w, pin->revocations);
    }
    wire_end_vector(&w, begin);
    const struct core_slice content = wire_buffer_slice(&w);
    bool hashed = bytes_writer_ok(&w) && core_libcrypto_sha256.digest(&content, 1, checksum);
    bytes_write(&w, checksum, sizeof checksum);
    int error = hashed && bytes_writer_ok(&w) ? IDENTITY_OK : hashed ? IDENTITY_MEMORY : IDENTITY_CRYPTO;
    if (error == IDENTITY_OK)
        *out = (struct identity_output){w.data, w.len};
    else
        wire_buffer_free(&w);
    return error;
}
