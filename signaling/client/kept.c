#include "kept.h"

#include <stdlib.h>

#include "core/hkdf.h"
#include "core/secret.h"
#include "wire/buffer.h"
#include "wire/vector.h"

enum {
    VERSION = 1,
    MAGIC_LEN = 4,
    NONCE_AT = MAGIC_LEN + 1,
    HEAD_LEN = NONCE_AT + CORE_XCHACHA_NONCE_LEN,
};

_Static_assert((int)MLS_STATE_KEY_LEN == (int)CORE_XCHACHA_KEY_LEN, "one key for both");

static const uint8_t magic[MAGIC_LEN] = {'S', 'C', 'A', 'L'};

static struct core_slice text(const char *s)
{
    return (struct core_slice){(const uint8_t *)s, strlen(s)};
}

/* --- Contents --- */

/* struct { uint32 number; opaque secret[16]; opaque log_id[16]; uint64 next; opaque group<V>;
 *          optional<struct { opaque append_id[16]; opaque commit<V>; opaque welcome<V>; opaque group_info<V>; }>; } */
void call_kept_write(struct bytes_writer *w, const struct call_kept *kept)
{
    bytes_write_u32(w, kept->number);
    bytes_write(w, kept->secret, sizeof kept->secret);
    bytes_write(w, kept->log_id, sizeof kept->log_id);
    bytes_write_u64(w, kept->next);
    wire_write_vector(w, kept->group);
    wire_write_present(w, kept->has_commit);
    if (!kept->has_commit)
        return;
    bytes_write(w, kept->append_id, sizeof kept->append_id);
    wire_write_vector(w, kept->commit);
    wire_write_vector(w, kept->welcome);
    wire_write_vector(w, kept->info);
}

bool call_kept_parse(struct core_slice plain, struct call_kept *out)
{
    struct call_kept kept = {0};
    struct bytes_reader r;
    bytes_reader_init(&r, plain.data, plain.len);
    kept.number = bytes_read_u32(&r);
    bytes_read(&r, kept.secret, sizeof kept.secret);
    bytes_read(&r, kept.log_id, sizeof kept.log_id);
    kept.next = bytes_read_u64(&r);
    kept.group = wire_parse_vector(&r);
    kept.has_commit = wire_read_present(&r);
    if (kept.has_commit) {
        bytes_read(&r, kept.append_id, sizeof kept.append_id);
        kept.commit = wire_parse_vector(&r);
        kept.welcome = wire_parse_vector(&r);
        kept.info = wire_parse_vector(&r);
    }
    const bool ok = bytes_reader_done(&r) && kept.next > 0 && kept.commit.len <= WIRE_COMMIT_MAX &&
                    kept.welcome.len <= WIRE_WELCOME_MAX && kept.info.len <= WIRE_GROUP_INFO_MAX;
    if (ok)
        *out = kept;
    core_wipe(&kept, sizeof kept);
    return ok;
}

/* --- Sealing --- */

int call_kept_key(const uint8_t seed[IDENTITY_KEY_LEN], struct core_slice room, uint8_t key[CORE_XCHACHA_KEY_LEN])
{
    struct core_hmac_key prk;
    const struct core_slice salt = text("sotto call state v1");
    const struct core_hash *hash = &core_libcrypto_sha256;
    const bool ok = core_hkdf_extract(hash, salt.data, salt.len, seed, IDENTITY_KEY_LEN, &prk) &&
                    core_hkdf_expand(hash, &prk, &room, 1, key, CORE_XCHACHA_KEY_LEN);
    core_wipe(&prk, sizeof prk);
    return ok ? CALL_OK : CALL_CRYPTO;
}

static int seal(struct bytes_writer *w, const uint8_t *key)
{
    if (!bytes_reserve(w, CORE_XCHACHA_TAG_LEN))
        return CALL_MEMORY;
    uint8_t *plain = w->data + HEAD_LEN;
    const size_t len = w->len - HEAD_LEN - CORE_XCHACHA_TAG_LEN;
    return core_xchacha_seal(key, w->data + NONCE_AT, w->data, HEAD_LEN, plain, len, plain) ? CALL_OK : CALL_CRYPTO;
}

int call_kept_seal(const uint8_t key[CORE_XCHACHA_KEY_LEN], const struct call_kept *kept, struct mls_output *state)
{
    uint8_t nonce[CORE_XCHACHA_NONCE_LEN];
    struct bytes_writer w;
    if (!core_random(nonce, sizeof nonce))
        return CALL_CRYPTO;
    wire_buffer_init(&w, CALL_STATE_MAX);
    bytes_write(&w, magic, sizeof magic);
    bytes_write_u8(&w, VERSION);
    bytes_write(&w, nonce, sizeof nonce);
    call_kept_write(&w, kept);
    int rc = seal(&w, key);
    uint8_t *copy = rc == CALL_OK ? malloc(w.len) : NULL;
    if (rc == CALL_OK && !copy)
        rc = CALL_MEMORY;
    if (copy) {
        memcpy(copy, w.data, w.len);
        *state = (struct mls_output){copy, w.len};
    }
    wire_buffer_free(&w);
    return rc;
}

int call_kept_open(const uint8_t key[CORE_XCHACHA_KEY_LEN], struct mls_bytes state, struct mls_output *plain)
{
    struct bytes_reader r;
    bytes_reader_init(&r, state.data, state.len);
    const uint8_t *head = bytes_parse(&r, HEAD_LEN);
    const size_t len = bytes_reader_left(&r);
    const uint8_t *sealed = bytes_parse(&r, len);
    if (!head || state.len > CALL_STATE_MAX || len < CORE_XCHACHA_TAG_LEN || memcmp(head, magic, sizeof magic) != 0 ||
        head[MAGIC_LEN] != VERSION)
        return CALL_MALFORMED;
    uint8_t *opened = malloc(len);
    if (!opened)
        return CALL_MEMORY;
    if (!core_xchacha_open(key, head + NONCE_AT, head, HEAD_LEN, sealed, len, opened)) {
        free(opened);
        return CALL_AUTH;
    }
    *plain = (struct mls_output){opened, len - CORE_XCHACHA_TAG_LEN};
    return CALL_OK;
}
