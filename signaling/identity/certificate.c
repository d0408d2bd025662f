/* Device certificates: made, read, judged.
 *
 *     struct {
 *         uint16 scheme = 1;
 *         opaque root_key<V>;
 *         opaque device_key<V>;
 *         opaque name<V>;
 *         opaque device<V>;
 *         uint64 created;
 *         uint64 expires;
 *         opaque signature<V>;    // by the root, "DeviceCertificate", over all before it
 *     } DeviceCertificate;
 *
 * The user id is not in it: it is the hash of the root's key, and what is computed cannot disagree. */
#include <string.h>

#include "core/bytes.h"
#include "key.h"
#include "wire/vector.h"

enum { SCHEME = 1 };
static const char LABEL[] = "DeviceCertificate";

/* A certificate's parts, borrowed. */
struct parts {
    uint16_t scheme;
    struct core_slice root_key;
    struct core_slice device_key;
    struct core_slice name;
    struct core_slice device;
    uint64_t created_s;
    uint64_t expires_s;
    struct core_slice content; /* what is signed */
    struct core_slice signature;
};

static int check_lifetime(uint64_t created_s, uint64_t expires_s)
{
    return created_s < expires_s && expires_s - created_s <= IDENTITY_CERTIFICATE_LIFE_S ? IDENTITY_OK
                                                                                         : IDENTITY_LIFETIME;
}

static int parse(const uint8_t *data, size_t len, struct parts *parts)
{
    struct bytes_reader r;
    if (len > IDENTITY_CERTIFICATE_MAX)
        return IDENTITY_MALFORMED;
    bytes_reader_init(&r, data, len);
    parts->scheme = bytes_read_u16(&r);
    if (!bytes_reader_ok(&r))
        return IDENTITY_MALFORMED;
    if (parts->scheme != SCHEME)
        return IDENTITY_SCHEME;
    parts->root_key = wire_parse_vector(&r);
    parts->device_key = wire_parse_vector(&r);
    parts->name = wire_parse_vector(&r);
    parts->device = wire_parse_vector(&r);
    parts->created_s = bytes_read_u64(&r);
    parts->expires_s = bytes_read_u64(&r);
    parts->content = (struct core_slice){data, r.pos};
    parts->signature = wire_parse_vector(&r);
    if (!bytes_reader_done(&r) || parts->root_key.len != IDENTITY_KEY_LEN ||
        parts->device_key.len != IDENTITY_KEY_LEN || parts->signature.len != IDENTITY_SIGNATURE_LEN)
        return IDENTITY_MALFORMED;
    if (memcmp(parts->root_key.data, parts->device_key.data, IDENTITY_KEY_LEN) == 0)
        return IDENTITY_KEY;
    if (!identity_name_ok((const char *)parts->name.data, parts->name.len, IDENTITY_NAME_MAX) ||
        !identity_name_ok((const char *)parts->device.data, parts->device.len, IDENTITY_DEVICE_MAX))
        return IDENTITY_NAME;
    return check_lifetime(parts->created_s, parts->expires_s);
}

static int read_parts(const struct parts *parts, struct identity_certificate *out)
{
    struct identity_certificate certificate = {.created_s = parts->created_s, .expires_s = parts->expires_s};
    int error = identity_user_id(parts->root_key.data, certificate.user_id);
    if (error != IDENTITY_OK)
        return error;
    memcpy(certificate.root_key, parts->root_key.data, IDENTITY_KEY_LEN);
    memcpy(certificate.device_key, parts->device_key.data, IDENTITY_KEY_LEN);
    memcpy(certificate.name, parts->name.data, parts->name.len);
    memcpy(certificate.device, parts->device.data, parts->device.len);
    *out = certificate;
    return IDENTITY_OK;
}

int identity_certificate_make(const struct identity_key *root, const struct identity_certificate *content, uint8_t *out,
                              size_t cap, size_t *len)
{
    uint8_t signature[IDENTITY_SIGNATURE_LEN];
    uint8_t encoded[IDENTITY_CERTIFICATE_MAX];
    struct bytes_writer w;
    const struct core_slice name = {(const uint8_t *)content->name, strnlen(content->name, sizeof content->name)};
    const struct core_slice device = {(const uint8_t *)content->device,
                                      strnlen(content->device, sizeof content->device)};
    if (!identity_name_ok(content->name, name.len, IDENTITY_NAME_MAX) ||
        !identity_name_ok(content->device, device.len, IDENTITY_DEVICE_MAX))
        return IDENTITY_NAME;
    if (memcmp(root->public_key, content->device_key, IDENTITY_KEY_LEN) == 0)
        return IDENTITY_KEY;
    int error = check_lifetime(content->created_s, content->expires_s);
    if (error != IDENTITY_OK)
        return error;
    bytes_writer_init(&w, encoded, sizeof encoded);
    bytes_write_u16(&w, SCHEME);
    wire_write_vector(&w, (struct core_slice){root->public_key, IDENTITY_KEY_LEN});
    wire_write_vector(&w, (struct core_slice){content->device_key, IDENTITY_KEY_LEN});
    wire_write_vector(&w, name);
    wire_write_vector(&w, device);
    bytes_write_u64(&w, content->created_s);
    bytes_write_u64(&w, content->expires_s);
    error = identity_sign(root, LABEL, (struct core_slice){encoded, w.len}, signature);
    if (error != IDENTITY_OK)
        return error;
    wire_write_vector(&w, (struct core_slice){signature, sizeof signature});
    if (!bytes_writer_ok(&w) || w.len > cap)
        return IDENTITY_SPACE;
    memcpy(out, encoded, w.len);
    *len = w.len;
    return IDENTITY_OK;
}

/* Reads, checks what is signed, and only then fills *out. */
static int verify(const uint8_t *data, size_t len, struct parts *parts)
{
    int error = parse(data, len, parts);
    return error == IDENTITY_OK
               ? identity_signature_check(parts->root_key.data, LABEL, parts->content, parts->signature)
               : error;
}

int identity_certificate_verify(const uint8_t *data, size_t len, struct identity_certificate *out)
{
    struct parts parts;
    int error = verify(data, len, &parts);
    return error == IDENTITY_OK ? read_parts(&parts, out) : error;
}

int identity_certificate_parse(const uint8_t *data, size_t len, struct identity_certificate *out)
{
    struct parts parts;
    int error = parse(data, len, &parts);
    return error == IDENTITY_OK ? read_parts(&parts, out) : error;
}

int identity_certificate_current(const struct identity_certificate *certificate, uint64_t now_s)
{
    if (now_s >= certificate->expires_s)
        return IDENTITY_EXPIRED;
    if (certificate->created_s > now_s && certificate->created_s - now_s > IDENTITY_CLOCK_SKEW_S)
        return IDENTITY_NOT_YET;
    return IDENTITY_OK;
}

int identity_credential_check(const uint8_t *credential, size_t credential_len, const uint8_t *signature_key,
                              size_t signature_key_len, uint64_t at_s, struct identity_certificate *out)
{
    struct parts parts;
    int error = verify(credential, credential_len, &parts);
    if (error != IDENTITY_OK)
        return error;
    if (signature_key_len != IDENTITY_KEY_LEN || memcmp(signature_key, parts.device_key.data, IDENTITY_KEY_LEN) != 0)
        return IDENTITY_DEVICE;
    if (at_s >= parts.expires_s)
        return IDENTITY_EXPIRED;
    return out ? read_parts(&parts, out) : IDENTITY_OK;
}

static bool same_root(const struct parts *a, const struct parts *b)
{
    return memcmp(a->root_key.data, b->root_key.data, IDENTITY_KEY_LEN) == 0;
}

static bool same_device(const struct parts *a, const struct parts *b)
{
    return same_root(a, b) && memcmp(a->device_key.data, b->device_key.data, IDENTITY_KEY_LEN) == 0;
}

bool identity_same_device(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    struct parts x;
    struct parts y;
    return parse(a, a_len, &x) == IDENTITY_OK && parse(b, b_len, &y) == IDENTITY_OK && same_device(&x, &y);
}

bool identity_same_user(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    struct parts x;
    struct parts y;
    return parse(a, a_len, &x) == IDENTITY_OK && parse(b, b_len, &y) == IDENTITY_OK && same_root(&x, &y);
}

bool identity_successor(const uint8_t *old_credential, size_t old_len, const uint8_t *new_credential, size_t new_len)
{
    struct parts was;
    struct parts is;
    if (parse(old_credential, old_len, &was) != IDENTITY_OK || parse(new_credential, new_len, &is) != IDENTITY_OK ||
        !same_device(&was, &is))
        return false;
    return is.created_s > was.created_s || (old_len == new_len && memcmp(old_credential, new_credential, old_len) == 0);
}
