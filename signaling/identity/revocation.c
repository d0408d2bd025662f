/* Revocation lists: made, read, compared.
 *
 *     struct {
 *         uint16 scheme = 1;
 *         opaque root_key<V>;
 *         uint64 number;          // from 1
 *         uint64 created;
 *         opaque devices<V>;      // keys of 32 bytes, strictly ascending
 *         opaque signature<V>;    // by the root, "RevocationList", over all before it
 *     } RevocationList; */
#include <string.h>

#include "core/bytes.h"
#include "key.h"
#include "wire/vector.h"

enum { SCHEME = 1, DEVICES_LEN_MAX = IDENTITY_REVOKED_MAX * IDENTITY_KEY_LEN };
static const char LABEL[] = "RevocationList";
_Static_assert(sizeof((struct identity_revocations *)0)->devices == DEVICES_LEN_MAX, "devices stand without gaps");

static bool ascending(const uint8_t *devices, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (memcmp(devices + (i - 1) * IDENTITY_KEY_LEN, devices + i * IDENTITY_KEY_LEN, IDENTITY_KEY_LEN) >= 0)
            return false;
    return true;
}

/* Where the device is, or would be entered. */
static size_t place(const struct identity_revocations *list, const uint8_t *device_key)
{
    size_t i = 0;
    while (i < list->count && memcmp(list->devices[i], device_key, IDENTITY_KEY_LEN) < 0)
        i++;
    return i;
}

bool identity_revocations_has(const struct identity_revocations *list, const uint8_t device_key[IDENTITY_KEY_LEN])
{
    size_t i = place(list, device_key);
    return i < list->count && memcmp(list->devices[i], device_key, IDENTITY_KEY_LEN) == 0;
}

int identity_revocations_add(struct identity_revocations *list, const uint8_t device_key[IDENTITY_KEY_LEN])
{
    if (identity_revocations_has(list, device_key))
        return IDENTITY_OK;
    if (list->count >= IDENTITY_REVOKED_MAX)
        return IDENTITY_LIMIT;
    size_t i = place(list, device_key);
    memmove(list->devices[i + 1], list->devices[i], (list->count - i) * IDENTITY_KEY_LEN);
    memcpy(list->devices[i], device_key, IDENTITY_KEY_LEN);
    list->count++;
    return IDENTITY_OK;
}

int identity_revocations_make(const struct identity_key *root, const struct identity_revocations *list, uint8_t *out,
                              size_t cap, size_t *len)
{
    uint8_t signature[IDENTITY_SIGNATURE_LEN];
    uint8_t encoded[IDENTITY_REVOCATIONS_MAX];
    struct bytes_writer w;
    if (list->number == 0 || list->count > IDENTITY_REVOKED_MAX || !ascending(list->devices[0], list->count))
        return IDENTITY_INVALID;
    bytes_writer_init(&w, encoded, sizeof encoded);
    bytes_write_u16(&w, SCHEME);
    wire_write_vector(&w, (struct core_slice){root->public_key, IDENTITY_KEY_LEN});
    bytes_write_u64(&w, list->number);
    bytes_write_u64(&w, list->created_s);
    wire_write_vector(&w, (struct core_slice){list->devices[0], list->count * IDENTITY_KEY_LEN});
    int error = identity_sign(root, LABEL, (struct core_slice){encoded, w.len}, signature);
    if (error != IDENTITY_OK)
        return error;
    wire_write_vector(&w, (struct core_slice){signature, sizeof signature});
    if (!bytes_writer_ok(&w) || w.len > cap)
        return IDENTITY_SPACE;
    memcpy(out, encoded, w.len);
    *len = w.len;
    return IDENTITY_OK;
}

int identity_revocations_verify(const uint8_t *data, size_t len, struct identity_revocations *out)
{
    struct bytes_reader r;
    if (len > IDENTITY_REVOCATIONS_MAX)
        return IDENTITY_LIMIT;
    bytes_reader_init(&r, data, len);
    uint16_t scheme = bytes_read_u16(&r);
    if (!bytes_reader_ok(&r))
        return IDENTITY_MALFORMED;
    if (scheme != SCHEME)
        return IDENTITY_SCHEME;
    struct core_slice root_key = wire_parse_vector(&r);
    uint64_t number = bytes_read_u64(&r);
    uint64_t created_s = bytes_read_u64(&r);
    struct core_slice devices = wire_parse_vector(&r);
    const struct core_slice content = {data, r.pos};
    struct core_slice signature = wire_parse_vector(&r);
    if (!bytes_reader_done(&r) || root_key.len != IDENTITY_KEY_LEN || devices.len % IDENTITY_KEY_LEN != 0 ||
        signature.len != IDENTITY_SIGNATURE_LEN || number == 0)
        return IDENTITY_MALFORMED;
    if (devices.len > DEVICES_LEN_MAX)
        return IDENTITY_LIMIT;
    if (!ascending(devices.data, devices.len / IDENTITY_KEY_LEN))
        return IDENTITY_MALFORMED;
    int error = identity_signature_check(root_key.data, LABEL, content, signature);
    if (error != IDENTITY_OK)
        return error;
    memset(out, 0, sizeof *out);
    memcpy(out->root_key, root_key.data, IDENTITY_KEY_LEN);
    out->number = number;
    out->created_s = created_s;
    out->count = devices.len / IDENTITY_KEY_LEN;
    memcpy(out->devices, devices.data, devices.len);
    return IDENTITY_OK;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a > b ? 1 : a < b ? -1 : 0;
}

int identity_revocations_compare(const struct identity_revocations *a, const struct identity_revocations *b)
{
    int order = compare_numbers(a->number, b->number);
    if (order == 0)
        order = compare_numbers(a->count, b->count);
    if (order == 0)
        order = memcmp(a->devices, b->devices, a->count * IDENTITY_KEY_LEN);
    if (order == 0)
        order = compare_numbers(a->created_s, b->created_s);
    return order;
}

int identity_revocations_merge(struct identity_revocations *held, const struct identity_revocations *received,
                               bool *changed)
{
    if (held->number != 0 && memcmp(held->root_key, received->root_key, IDENTITY_KEY_LEN) != 0)
        return IDENTITY_ROOT;
    bool newer = identity_revocations_compare(received, held) > 0;
    if (newer)
        *held = *received;
    if (changed)
        *changed = newer;
    return IDENTITY_OK;
}
