/* Key files: a root's or a device's key, encrypted under a passphrase or, where the user wants none, in the clear.
 *
 *     struct {
 *         opaque magic[8] = "SOTTOKEY";
 *         uint16 version = 1;
 *         uint8 kind;
 *         uint8 protection;           // 0: none, 1: Argon2id and ChaCha20-Poly1305
 *         select (protection) {
 *             case 1: uint32 passes; uint32 memory_kib; opaque salt[16];
 *         };
 *         opaque content<V>;          // SecretContent; encrypted, then the tag, all before it being the AAD
 *     } KeyFile;
 *
 *     struct {
 *         opaque seed<V>;
 *         opaque name<V>;
 *         opaque revocations<V>;      // a RevocationList, or nothing
 *     } SecretContent;
 *
 * Each file is sealed with a salt of its own, so with a key of its own, and the nonce can be zero. */
#include <string.h>

#include "core/bytes.h"
#include "core/provider.h"
#include "core/secret.h"
#include "key.h"
#include "wire/vector.h"

enum {
    VERSION = 1,
    PROTECTION_NONE = 0,
    PROTECTION_PASSPHRASE = 1,
    AEAD_KEY_LEN = 32,
    TAG_LEN = 16,
    MEMORY_MIN_KIB = 8,
    CONTENT_MAX = IDENTITY_SECRET_MAX - 64,
};
static const char MAGIC[8] = {'S', 'O', 'T', 'T', 'O', 'K', 'E', 'Y'};

struct file {
    uint8_t kind;
    uint8_t protection;
    struct identity_cost cost;
    const uint8_t *salt;
    struct core_slice aad;
    struct core_slice content;
};

static bool cost_ok(const struct identity_cost *cost)
{
    return cost->passes >= 1 && cost->passes <= IDENTITY_PASSES_MAX && cost->memory_kib >= MEMORY_MIN_KIB &&
           cost->memory_kib <= IDENTITY_MEMORY_MAX_KIB;
}

static bool kind_ok(uint8_t kind)
{
    return kind >= IDENTITY_SECRET_ROOT && kind <= IDENTITY_SECRET_EXPORT;
}

void identity_secret_wipe(struct identity_secret *secret)
{
    core_wipe(secret, sizeof *secret);
}

/* --- The AEAD, keyed by the passphrase --- */

static int aead_init(void *state, enum core_direction direction, const char *passphrase, size_t passphrase_len,
                     const struct identity_cost *cost, const uint8_t *salt)
{
    const struct core_aead *aead = &core_libcrypto_chacha20_poly1305;
    uint8_t key[AEAD_KEY_LEN];
    int error = IDENTITY_CRYPTO;
    if (!core_argon2id_at(cost->passes, cost->memory_kib, passphrase, passphrase_len, salt, key, sizeof key))
        error = IDENTITY_MEMORY;
    else if (aead->init(state, direction) && aead->set_key(state, key))
        error = IDENTITY_OK;
    core_wipe(key, sizeof key);
    return error;
}

/* text[0..len) in place; with TAG_LEN bytes of tag behind it. */
static int crypt(enum core_direction direction, const char *passphrase, size_t passphrase_len,
                 const struct identity_cost *cost, const uint8_t *salt, struct core_slice aad, uint8_t *text,
                 size_t len)
{
    static const uint8_t nonce[CORE_NONCE_LEN];
    const struct core_aead *aead = &core_libcrypto_chacha20_poly1305;
    _Alignas(16) uint8_t state[CORE_AEAD_STATE_MAX] = {0};
    const struct core_span span = {text, len};
    int error = aead_init(state, direction, passphrase, passphrase_len, cost, salt);
    if (error == IDENTITY_OK && direction == CORE_SEAL) {
        error = aead->seal(state, nonce, &aad, 1, &span, 1, text + len, TAG_LEN) ? IDENTITY_OK : IDENTITY_CRYPTO;
    } else if (error == IDENTITY_OK) {
        enum core_opened opened = aead->open(state, nonce, &aad, 1, span, text + len, TAG_LEN);
        error = opened == CORE_OPEN_OK       ? IDENTITY_OK
                : opened == CORE_OPEN_FORGED ? IDENTITY_PASSPHRASE
                                             : IDENTITY_CRYPTO;
    }
    aead->wipe(state);
    core_wipe(state, sizeof state);
    return error;
}

/* --- Sealing --- */

static int write_content(struct bytes_writer *w, const struct identity_secret *secret)
{
    uint8_t list[IDENTITY_REVOCATIONS_MAX];
    size_t list_len = 0;
    const size_t name_len = strnlen(secret->name, sizeof secret->name);
    if (!identity_name_ok(secret->name, name_len, IDENTITY_NAME_MAX))
        return IDENTITY_NAME;
    if (secret->revocations.number != 0) {
        if (secret->kind == IDENTITY_SECRET_DEVICE ||
            memcmp(secret->revocations.root_key, secret->key.public_key, IDENTITY_KEY_LEN) != 0)
            return IDENTITY_INVALID;
        int error = identity_revocations_make(&secret->key, &secret->revocations, list, sizeof list, &list_len);
        if (error != IDENTITY_OK)
            return error;
    }
    wire_write_vector(w, (struct core_slice){secret->key.seed, IDENTITY_KEY_LEN});
    wire_write_vector(w, (struct core_slice){(const uint8_t *)secret->name, name_len});
    wire_write_vector(w, (struct core_slice){list, list_len});
    return bytes_writer_ok(w) ? IDENTITY_OK : IDENTITY_SPACE;
}

int identity_secret_seal(const struct identity_secret *secret, const char *passphrase, size_t passphrase_len,
                         const struct identity_cost *cost, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t content[CONTENT_MAX + TAG_LEN];
    uint8_t file[IDENTITY_SECRET_MAX];
    uint8_t salt[CORE_ARGON2ID_SALT_LEN];
    struct bytes_writer inner;
    struct bytes_writer w;
    int error = IDENTITY_INVALID;
    bytes_writer_init(&inner, content, CONTENT_MAX);
    bytes_writer_init(&w, file, sizeof file);
    if (!kind_ok(secret->kind) ||
        (passphrase && (passphrase_len == 0 || passphrase_len > IDENTITY_PASSPHRASE_MAX || !cost_ok(cost))))
        goto out;
    error = write_content(&inner, secret);
    if (error != IDENTITY_OK)
        goto out;
    bytes_write(&w, (const uint8_t *)MAGIC, sizeof MAGIC);
    bytes_write_u16(&w, VERSION);
    bytes_write_u8(&w, secret->kind);
    bytes_write_u8(&w, passphrase ? PROTECTION_PASSPHRASE : PROTECTION_NONE);
    if (passphrase) {
        error = IDENTITY_CRYPTO;
        if (!core_random(salt, sizeof salt))
            goto out;
        bytes_write_u32(&w, cost->passes);
        bytes_write_u32(&w, cost->memory_kib);
        bytes_write(&w, salt, sizeof salt);
        error = crypt(CORE_SEAL, passphrase, passphrase_len, cost, salt, (struct core_slice){file, w.len}, content,
                      inner.len);
        if (error != IDENTITY_OK)
            goto out;
    }
    wire_write_vector(&w, (struct core_slice){content, inner.len + (passphrase ? TAG_LEN : 0)});
    error = IDENTITY_SPACE;
    if (!bytes_writer_ok(&w) || w.len > cap)
        goto out;
    memcpy(out, file, w.len);
    *len = w.len;
    error = IDENTITY_OK;
out:
    core_wipe(content, sizeof content);
    core_wipe(file, sizeof file);
    return error;
}

/* --- Opening --- */

static int parse_file(const uint8_t *data, size_t len, struct file *file)
{
    struct bytes_reader r;
    if (len > IDENTITY_SECRET_MAX)
        return IDENTITY_MALFORMED;
    bytes_reader_init(&r, data, len);
    const uint8_t *magic = bytes_parse(&r, sizeof MAGIC);
    uint16_t version = bytes_read_u16(&r);
    if (!bytes_reader_ok(&r) || memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return IDENTITY_MALFORMED;
    if (version != VERSION)
        return IDENTITY_SCHEME;
    *file = (struct file){.kind = bytes_read_u8(&r)};
    file->protection = bytes_read_u8(&r);
    if (bytes_reader_ok(&r) && (!kind_ok(file->kind) || file->protection > PROTECTION_PASSPHRASE))
        return IDENTITY_SCHEME;
    if (file->protection == PROTECTION_PASSPHRASE) {
        file->cost.passes = bytes_read_u32(&r);
        file->cost.memory_kib = bytes_read_u32(&r);
        file->salt = bytes_parse(&r, CORE_ARGON2ID_SALT_LEN);
    }
    file->aad = (struct core_slice){data, r.pos};
    file->content = wire_parse_vector(&r);
    if (!bytes_reader_done(&r))
        return IDENTITY_MALFORMED;
    if (file->protection == PROTECTION_PASSPHRASE) {
        if (!cost_ok(&file->cost))
            return IDENTITY_LIMIT;
        if (file->content.len < TAG_LEN)
            return IDENTITY_MALFORMED;
    }
    return file->content.len > CONTENT_MAX + TAG_LEN ? IDENTITY_MALFORMED : IDENTITY_OK;
}

int identity_secret_peek(const uint8_t *data, size_t len, uint8_t *kind, bool *encrypted)
{
    struct file file;
    int error = parse_file(data, len, &file);
    if (error != IDENTITY_OK)
        return error;
    *kind = file.kind;
    *encrypted = file.protection == PROTECTION_PASSPHRASE;
    return IDENTITY_OK;
}

static int read_content(const uint8_t *content, size_t len, uint8_t kind, struct identity_secret *secret)
{
    struct bytes_reader r;
    bytes_reader_init(&r, content, len);
    struct core_slice seed = wire_parse_vector(&r);
    struct core_slice name = wire_parse_vector(&r);
    struct core_slice list = wire_parse_vector(&r);
    if (!bytes_reader_done(&r) || seed.len != IDENTITY_KEY_LEN)
        return IDENTITY_MALFORMED;
    if (!identity_name_ok((const char *)name.data, name.len, IDENTITY_NAME_MAX))
        return IDENTITY_MALFORMED;
    int error = identity_key_from_seed(seed.data, &secret->key);
    if (error != IDENTITY_OK)
        return error;
    if (list.len > 0) {
        error = identity_revocations_verify(list.data, list.len, &secret->revocations);
        if (error == IDENTITY_OK &&
            (kind == IDENTITY_SECRET_DEVICE ||
             memcmp(secret->revocations.root_key, secret->key.public_key, IDENTITY_KEY_LEN) != 0))
            error = IDENTITY_MALFORMED;
        if (error != IDENTITY_OK)
            return error;
    }
    secret->kind = kind;
    memcpy(secret->name, name.data, name.len);
    return IDENTITY_OK;
}

int identity_secret_open(const uint8_t *data, size_t len, uint8_t kind, const char *passphrase, size_t passphrase_len,
                         struct identity_secret *out)
{
    uint8_t content[CONTENT_MAX + TAG_LEN];
    struct identity_secret secret = {0};
    struct file file;
    int error = parse_file(data, len, &file);
    if (error != IDENTITY_OK)
        return error;
    if (file.kind != kind)
        return IDENTITY_INVALID;
    size_t content_len = file.content.len;
    if (content_len > 0)
        memcpy(content, file.content.data, content_len);
    if (file.protection == PROTECTION_PASSPHRASE) {
        error = IDENTITY_INVALID;
        if (!passphrase || passphrase_len == 0 || passphrase_len > IDENTITY_PASSPHRASE_MAX)
            goto out;
        content_len -= TAG_LEN;
        error = crypt(CORE_OPEN, passphrase, passphrase_len, &file.cost, file.salt, file.aad, content, content_len);
        if (error != IDENTITY_OK)
            goto out;
    }
    error = read_content(content, content_len, kind, &secret);
    if (error == IDENTITY_OK)
        *out = secret;
out:
    core_wipe(content, sizeof content);
    identity_secret_wipe(&secret);
    return error;
}
