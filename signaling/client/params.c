#include "params.h"

#include <string.h>

#include "core/public_key.h"
#include "core/secret.h"
#include "mls/messages.h"
#include "sotto/sframe.h"
#include "wire/vector.h"

enum { PARAMS_VERSION = 1, LEAF_VERSION = 1, DATA_VERSION = 1, FLAG_LOCKED = 1 };

static struct core_slice in(struct mls_bytes bytes)
{
    return (struct core_slice){bytes.data, bytes.len};
}

/* --- sotto_call --- */

bool call_params_suite_ok(uint16_t sframe_suite)
{
    const struct sframe_suite *suite = sframe_suite_find(sframe_suite);
    return suite && suite->nt >= 10;
}

static bool parse_room(struct bytes_reader *r, char out[CALL_ROOM_MAX + 1])
{
    const struct core_slice name = wire_parse_vector(r);
    if (!bytes_reader_ok(r) || name.len > CALL_ROOM_MAX || memchr(name.data, 0, name.len))
        return false;
    memcpy(out, name.data, name.len);
    out[name.len] = '\0';
    return call_room_name_ok(out);
}

/* User ids, ascending: so that there is one encoding. */
static bool parse_admins(struct bytes_reader *r, struct call_params *out)
{
    struct bytes_reader list = wire_parse_block(r);
    while (bytes_reader_left(&list) > 0) {
        if (out->admin_count == CALL_ADMINS_MAX)
            return false;
        uint8_t *admin = out->admins[out->admin_count++];
        bytes_read(&list, admin, CALL_USER_ID_LEN);
        if (out->admin_count > 1 && memcmp(admin - CALL_USER_ID_LEN, admin, CALL_USER_ID_LEN) >= 0)
            return false;
    }
    return bytes_reader_done(&list) && out->admin_count > 0;
}

bool call_params_parse(struct core_slice data, struct call_params *out)
{
    struct bytes_reader r;
    struct call_params params = {0};
    bytes_reader_init(&r, data.data, data.len);
    if (bytes_read_u8(&r) != PARAMS_VERSION || !parse_room(&r, params.room))
        return false;
    params.sframe_suite = bytes_read_u16(&r);
    params.profile = bytes_read_u8(&r);
    params.padding = bytes_read_u8(&r);
    const uint8_t flags = bytes_read_u8(&r);
    params.locked = flags & FLAG_LOCKED;
    params.secret_number = bytes_read_u32(&r);
    params.founded_s = bytes_read_u64(&r);
    if (!parse_admins(&r, &params) || !bytes_reader_done(&r) || flags > FLAG_LOCKED ||
        params.padding > CALL_PADDING_MAX || params.profile > SFRAME_PROFILE_RFC9605 ||
        !call_params_suite_ok(params.sframe_suite))
        return false;
    *out = params;
    return true;
}

void call_params_write(struct bytes_writer *w, const struct call_params *params)
{
    bytes_write_u8(w, PARAMS_VERSION);
    wire_write_vector(w, (struct core_slice){(const uint8_t *)params->room, strlen(params->room)});
    bytes_write_u16(w, params->sframe_suite);
    bytes_write_u8(w, params->profile);
    bytes_write_u8(w, params->padding);
    bytes_write_u8(w, params->locked ? FLAG_LOCKED : 0);
    bytes_write_u32(w, params->secret_number);
    bytes_write_u64(w, params->founded_s);
    wire_write_vector(w, (struct core_slice){params->admins[0], params->admin_count * CALL_USER_ID_LEN});
}

bool call_params_is_admin(const struct call_params *params, const uint8_t *user_id)
{
    for (size_t i = 0; i < params->admin_count; i++)
        if (memcmp(params->admins[i], user_id, CALL_USER_ID_LEN) == 0)
            return true;
    return false;
}

bool call_params_add_admin(struct call_params *params, const uint8_t *user_id)
{
    size_t at = 0;
    if (call_params_is_admin(params, user_id))
        return true;
    if (params->admin_count == CALL_ADMINS_MAX)
        return false;
    while (at < params->admin_count && memcmp(params->admins[at], user_id, CALL_USER_ID_LEN) < 0)
        at++;
    memmove(params->admins[at + 1], params->admins[at], (params->admin_count - at) * CALL_USER_ID_LEN);
    memcpy(params->admins[at], user_id, CALL_USER_ID_LEN);
    params->admin_count++;
    return true;
}

/* --- sotto_leaf --- */

bool call_leaf_read(const struct mls_member *member, struct call_leaf *out)
{
    struct bytes_reader r;
    struct mls_leaf_node node;
    struct mls_bytes data;
    struct call_leaf leaf = {0};
    bytes_reader_init(&r, member->leaf_node.data, member->leaf_node.len);
    mls_leaf_node_parse(&r, &node);
    if (!bytes_reader_done(&r) || !mls_extensions_find(member->extensions, CALL_EXTENSION_LEAF, &data))
        return false;
    leaf.source = node.source;
    bytes_reader_init(&r, data.data, data.len);
    const uint8_t version = bytes_read_u8(&r);
    leaf.time_s = bytes_read_u64(&r);
    leaf.epoch = bytes_read_u64(&r);
    leaf.number = bytes_read_u32(&r);
    bytes_read(&r, leaf.nonce, sizeof leaf.nonce);
    if (!bytes_reader_done(&r) || version != LEAF_VERSION)
        return false;
    *out = leaf;
    return true;
}

void call_leaf_write(struct bytes_writer *w, const struct call_leaf *leaf)
{
    bytes_write_u8(w, LEAF_VERSION);
    bytes_write_u64(w, leaf->time_s);
    bytes_write_u64(w, leaf->epoch);
    bytes_write_u32(w, leaf->number);
    bytes_write(w, leaf->nonce, sizeof leaf->nonce);
}

/* --- sotto_revoked --- */

struct bytes_reader call_revoked_walk(struct core_slice data)
{
    struct bytes_reader r;
    bytes_reader_init(&r, data.data, data.len);
    return r;
}

bool call_revoked_next(struct bytes_reader *r, struct core_slice *list)
{
    if (bytes_reader_left(r) == 0)
        return false;
    *list = wire_parse_vector(r);
    return bytes_reader_ok(r);
}

bool call_revoked_ok(struct core_slice data)
{
    struct bytes_reader r = call_revoked_walk(data);
    struct core_slice list;
    size_t count = 0;
    while (call_revoked_next(&r, &list))
        count++;
    return bytes_reader_done(&r) && count <= CALL_REVOKED_MAX;
}

/* --- The GroupContext's extensions --- */

/* RequiredCapabilities: our three extensions, no proposals, basic credentials. */
static const uint8_t required_capabilities[] = {
    6,
    CALL_EXTENSION_PARAMS >> 8,
    CALL_EXTENSION_PARAMS & 0xff,
    CALL_EXTENSION_REVOKED >> 8,
    CALL_EXTENSION_REVOKED & 0xff,
    CALL_EXTENSION_LEAF >> 8,
    CALL_EXTENSION_LEAF & 0xff,
    0,
    2,
    0,
    MLS_CREDENTIAL_BASIC,
};

void call_context_items(struct core_slice params, struct core_slice revoked,
                        struct mls_extension_item out[CALL_EXTENSIONS])
{
    out[0] = (struct mls_extension_item){MLS_EXTENSION_REQUIRED_CAPABILITIES,
                                         {required_capabilities, sizeof required_capabilities}};
    out[1] = (struct mls_extension_item){CALL_EXTENSION_PARAMS, {params.data, params.len}};
    out[2] = (struct mls_extension_item){CALL_EXTENSION_REVOKED, {revoked.data, revoked.len}};
}

static bool next_is(struct bytes_reader *r, uint16_t type, struct core_slice *data)
{
    struct mls_extension extension;
    if (!mls_extension_next(r, &extension) || extension.type != type)
        return false;
    *data = extension.data;
    return true;
}

bool call_context_parse(struct mls_bytes extensions, struct call_context *out)
{
    struct bytes_reader r = mls_walk(in(extensions));
    struct core_slice required;
    struct core_slice params;
    struct core_slice revoked;
    if (!next_is(&r, MLS_EXTENSION_REQUIRED_CAPABILITIES, &required) || !next_is(&r, CALL_EXTENSION_PARAMS, &params) ||
        !next_is(&r, CALL_EXTENSION_REVOKED, &revoked) || bytes_reader_left(&r) > 0)
        return false;
    if (required.len != sizeof required_capabilities ||
        memcmp(required.data, required_capabilities, sizeof required_capabilities) != 0 || !call_revoked_ok(revoked) ||
        !call_params_parse(params, &out->params))
        return false;
    out->revoked = revoked;
    return true;
}

/* --- Authenticated data of commits --- */

bool call_commit_data_parse(struct core_slice data, struct call_commit_data *out)
{
    struct bytes_reader r;
    out->count = 0;
    if (data.len == 0)
        return true;
    bytes_reader_init(&r, data.data, data.len);
    const uint8_t version = bytes_read_u8(&r);
    struct bytes_reader list = wire_parse_block(&r);
    if (!bytes_reader_done(&r) || version != DATA_VERSION)
        return false;
    while (bytes_reader_left(&list) > 0) {
        if (out->count == CALL_LEFT_MAX)
            return false;
        struct call_left *left = &out->left[out->count++];
        left->leaf = bytes_read_u32(&list);
        bytes_read(&list, left->signature, sizeof left->signature);
        if (out->count > 1 && left[-1].leaf >= left->leaf)
            return false;
    }
    return bytes_reader_done(&list) && out->count > 0;
}

void call_commit_data_write(struct bytes_writer *w, const struct call_commit_data *data)
{
    if (data->count == 0)
        return;
    bytes_write_u8(w, DATA_VERSION);
    const size_t begin = wire_begin_vector(w);
    for (size_t i = 0; i < data->count; i++) {
        bytes_write_u32(w, data->left[i].leaf);
        bytes_write(w, data->left[i].signature, sizeof data->left[i].signature);
    }
    wire_end_vector(w, begin);
}

const struct call_left *call_commit_data_find(const struct call_commit_data *data, uint32_t leaf)
{
    for (size_t i = 0; i < data->count; i++)
        if (data->left[i].leaf == leaf)
            return &data->left[i];
    return NULL;
}

/* What a leaver signs. */
static size_t left_text(struct mls_bytes group_id, uint32_t leaf, const uint8_t nonce[CALL_NONCE_LEN], uint8_t *out,
                        size_t cap)
{
    struct bytes_writer w;
    bytes_writer_init(&w, out, cap);
    bytes_write(&w, (const uint8_t *)"sotto left", 10);
    wire_write_vector(&w, in(group_id));
    bytes_write_u32(&w, leaf);
    bytes_write(&w, nonce, CALL_NONCE_LEN);
    return bytes_writer_ok(&w) ? w.len : 0;
}

enum { LEFT_TEXT_MAX = 10 + 4 + MLS_GROUP_ID_MAX + 4 + CALL_NONCE_LEN };

int call_left_sign(const uint8_t *seed, struct mls_bytes group_id, uint32_t leaf, const uint8_t nonce[CALL_NONCE_LEN],
                   uint8_t signature[CALL_SIGNATURE_LEN])
{
    const struct core_signature *scheme = &core_sodium_ed25519;
    struct core_signing_key key;
    uint8_t text[LEFT_TEXT_MAX];
    uint8_t made[CORE_SIGNATURE_MAX];
    size_t made_len = 0;
    const size_t len = left_text(group_id, leaf, nonce, text, sizeof text);
    const bool ok = len > 0 && scheme->key_init(scheme, &key, seed) &&
                    scheme->sign(scheme, &key, text, len, made, &made_len) && made_len == CALL_SIGNATURE_LEN;
    core_wipe(&key, sizeof key);
    if (!ok)
        return CALL_CRYPTO;
    memcpy(signature, made, CALL_SIGNATURE_LEN);
    return CALL_OK;
}

bool call_left_verify(const uint8_t *signature_key, struct mls_bytes group_id, uint32_t leaf,
                      const uint8_t nonce[CALL_NONCE_LEN], const uint8_t signature[CALL_SIGNATURE_LEN])
{
    uint8_t text[LEFT_TEXT_MAX];
    const size_t len = left_text(group_id, leaf, nonce, text, sizeof text);
    return len > 0 &&
           core_sodium_ed25519.verify(&core_sodium_ed25519, signature_key, text, len, signature, CALL_SIGNATURE_LEN);
}
