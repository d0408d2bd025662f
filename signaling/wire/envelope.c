/* Envelopes: a type, a request's number, and fields. What is valid is said once, for parsing and for writing. */
#include "wire/envelope.h"

#include <string.h>

#include "envelope_list.h"
#include "wire/vector.h"

const char *wire_type_text(uint8_t type)
{
    switch (type) {
#define WIRE_TYPE_TEXT(name, value, text)                                                                              \
    case WIRE_##name:                                                                                                  \
        return text;
        WIRE_TYPE_MAP(WIRE_TYPE_TEXT)
#undef WIRE_TYPE_TEXT
    default:
        return "unknown";
    }
}

const char *wire_refusal_text(unsigned code)
{
    switch (code) {
#define WIRE_REFUSAL_TEXT(name, value, text)                                                                           \
    case WIRE_REFUSED_##name:                                                                                          \
        return text;
        WIRE_REFUSAL_MAP(WIRE_REFUSAL_TEXT)
#undef WIRE_REFUSAL_TEXT
    default:
        return "unknown error";
    }
}

bool wire_is_request(uint8_t type)
{
    return type >= WIRE_HELLO && type <= WIRE_CLOSE_ROOM;
}

static bool is_push(uint8_t type)
{
    return type >= WIRE_ENTRY && type <= WIRE_LEFT;
}

/* --- What is valid --- */

static bool fits(struct core_slice s, size_t max)
{
    return s.len > 0 && s.len <= max;
}

static bool is_text(struct core_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] > 0x7e)
            return false;
    return s.len <= WIRE_TEXT_MAX;
}

static bool append_is_valid(const struct wire_append *append)
{
    return fits(append->commit, WIRE_COMMIT_MAX) && (!append->has_welcome || fits(append->welcome, WIRE_WELCOME_MAX)) &&
           (!append->has_group_info || fits(append->group_info, WIRE_GROUP_INFO_MAX));
}

static bool admitted_is_valid(const struct wire_admitted *admitted)
{
    return admitted->oldest > 0 && admitted->oldest - 1 <= admitted->head && wire_id_is_valid(admitted->pseudonym) &&
           wire_seqs_are_valid(admitted->group_infos) && wire_ids_are_valid(admitted->present);
}

static size_t part_max(uint8_t part)
{
    static const size_t max[] = {[WIRE_PART_COMMIT] = WIRE_COMMIT_MAX,
                                 [WIRE_PART_WELCOME] = WIRE_WELCOME_MAX,
                                 [WIRE_PART_GROUP_INFO] = WIRE_GROUP_INFO_MAX};
    return part < sizeof(max) / sizeof(max[0]) ? max[part] : 0;
}

static bool part_is_valid(const struct wire_part_data *part)
{
    return part->seq > 0 && part->total <= part_max(part->part) && part->offset < part->total &&
           fits(part->data, WIRE_PIECE_MAX) && part->data.len <= part->total - part->offset;
}

/* Lists are kept of what is not with every entry. */
static bool is_listed(uint8_t part)
{
    return part == WIRE_PART_WELCOME || part == WIRE_PART_GROUP_INFO;
}

static bool request_is_valid(const struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_HELLO:
        return e->hello.token.len <= WIRE_TOKEN_MAX && wire_id_is_valid(e->hello.room);
    case WIRE_APPEND:
        return append_is_valid(&e->append);
    case WIRE_READ:
        return e->read.max > 0 && e->read.max <= WIRE_PAGE_ENTRIES_MAX;
    case WIRE_FETCH:
        return e->fetch.seq > 0 && e->fetch.offset < part_max(e->fetch.part);
    case WIRE_LIST:
        return is_listed(e->list.part);
    case WIRE_PUT_KEY_PACKAGE:
        return wire_use_is_valid(e->put_key_package.use) && fits(e->put_key_package.key_package, WIRE_KEY_PACKAGE_MAX);
    case WIRE_TAKE_KEY_PACKAGES:
        return (e->take_key_packages.holder.len == 0 || wire_id_is_valid(e->take_key_packages.holder)) &&
               e->take_key_packages.max > 0 && e->take_key_packages.max <= WIRE_TAKE_MAX;
    case WIRE_RELAY:
        return fits(e->relay.payload, WIRE_RELAY_MAX);
    case WIRE_RENEW:
        return fits(e->renew.token, WIRE_TOKEN_MAX);
    case WIRE_KICK:
        return wire_id_is_valid(e->kick.pseudonym);
    default:
        return e->type == WIRE_CLOSE_ROOM;
    }
}

static bool answer_is_valid(const struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_ADMITTED:
        return admitted_is_valid(&e->admitted);
    case WIRE_APPENDED:
        return e->appended.seq > 0;
    case WIRE_ENTRIES:
        return wire_entries_are_valid(e->entries.list, e->entries.head);
    case WIRE_PART:
        return part_is_valid(&e->part);
    case WIRE_SEQS:
        return is_listed(e->seqs.part) && wire_seqs_are_valid(e->seqs.list);
    case WIRE_KEY_PACKAGES:
        return wire_key_packages_are_valid(e->key_packages.list);
    case WIRE_ERROR:
        return e->error.code > 0 && is_text(e->error.text);
    case WIRE_ENTRY:
        return wire_entry_is_valid(&e->entry);
    case WIRE_RELAYED:
        return fits(e->relay.payload, WIRE_RELAY_MAX);
    case WIRE_JOINED:
    case WIRE_LEFT:
        return wire_id_is_valid(e->presence.pseudonym);
    default:
        return e->type == WIRE_DONE || e->type == WIRE_KEY_PACKAGES_WAITING;
    }
}

static bool is_valid(const struct wire_envelope *e)
{
    if (is_push(e->type) ? e->request != 0 : e->request == 0 && e->type != WIRE_ERROR)
        return false;
    return wire_is_request(e->type) ? request_is_valid(e) : answer_is_valid(e);
}

/* --- Fields --- */

static void append_parse(struct bytes_reader *r, struct wire_append *append)
{
    bytes_read(r, append->append_id, sizeof(append->append_id));
    append->commit = wire_parse_vector(r);
    append->has_welcome = wire_read_present(r);
    append->welcome = append->has_welcome ? wire_parse_vector(r) : (struct core_slice){0};
    append->has_group_info = wire_read_present(r);
    append->group_info = append->has_group_info ? wire_parse_vector(r) : (struct core_slice){0};
}

static void append_write(struct bytes_writer *w, const struct wire_append *append)
{
    bytes_write(w, append->append_id, sizeof(append->append_id));
    wire_write_vector(w, append->commit);
    wire_write_present(w, append->has_welcome);
    if (append->has_welcome)
        wire_write_vector(w, append->welcome);
    wire_write_present(w, append->has_group_info);
    if (append->has_group_info)
        wire_write_vector(w, append->group_info);
}

static void admitted_parse(struct bytes_reader *r, struct wire_admitted *admitted)
{
    bytes_read(r, admitted->log_id, sizeof(admitted->log_id));
    admitted->oldest = bytes_read_u64(r);
    admitted->head = bytes_read_u64(r);
    admitted->token_left_s = bytes_read_u32(r);
    admitted->waiting = bytes_read_u16(r);
    admitted->limits.append_burst = bytes_read_u16(r);
    admitted->limits.append_interval_ms = bytes_read_u32(r);
    admitted->limits.relay_burst = bytes_read_u16(r);
    admitted->limits.relay_interval_ms = bytes_read_u32(r);
    admitted->limits.participants = bytes_read_u32(r);
    admitted->pseudonym = wire_parse_vector(r);
    admitted->group_infos = wire_parse_vector(r);
    admitted->present = wire_parse_vector(r);
}

static void admitted_write(struct bytes_writer *w, const struct wire_admitted *admitted)
{
    bytes_write(w, admitted->log_id, sizeof(admitted->log_id));
    bytes_write_u64(w, admitted->oldest);
    bytes_write_u64(w, admitted->head);
    bytes_write_u32(w, admitted->token_left_s);
    bytes_write_u16(w, admitted->waiting);
    bytes_write_u16(w, admitted->limits.append_burst);
    bytes_write_u32(w, admitted->limits.append_interval_ms);
    bytes_write_u16(w, admitted->limits.relay_burst);
    bytes_write_u32(w, admitted->limits.relay_interval_ms);
    bytes_write_u32(w, admitted->limits.participants);
    wire_write_vector(w, admitted->pseudonym);
    wire_write_vector(w, admitted->group_infos);
    wire_write_vector(w, admitted->present);
}

static void request_parse(struct bytes_reader *r, struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_HELLO:
        e->hello.token = wire_parse_vector(r);
        e->hello.room = wire_parse_vector(r);
        e->hello.from = bytes_read_u64(r);
        break;
    case WIRE_APPEND:
        append_parse(r, &e->append);
        break;
    case WIRE_READ:
        e->read.from = bytes_read_u64(r);
        e->read.max = bytes_read_u16(r);
        break;
    case WIRE_FETCH:
        e->fetch.seq = bytes_read_u64(r);
        e->fetch.part = bytes_read_u8(r);
        e->fetch.offset = bytes_read_u32(r);
        break;
    case WIRE_LIST:
        e->list.part = bytes_read_u8(r);
        break;
    case WIRE_PUT_KEY_PACKAGE:
        e->put_key_package.use = bytes_read_u8(r);
        e->put_key_package.key_package = wire_parse_vector(r);
        break;
    case WIRE_TAKE_KEY_PACKAGES:
        e->take_key_packages.holder = wire_parse_vector(r);
        e->take_key_packages.max = bytes_read_u16(r);
        break;
    case WIRE_RELAY:
        e->relay.payload = wire_parse_vector(r);
        break;
    case WIRE_RENEW:
        e->renew.token = wire_parse_vector(r);
        break;
    case WIRE_KICK:
        e->kick.pseudonym = wire_parse_vector(r);
        break;
    default: /* WIRE_CLOSE_ROOM has no fields, and what is no type is not valid */
        break;
    }
}

static void request_write(struct bytes_writer *w, const struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_HELLO:
        wire_write_vector(w, e->hello.token);
        wire_write_vector(w, e->hello.room);
        bytes_write_u64(w, e->hello.from);
        break;
    case WIRE_APPEND:
        append_write(w, &e->append);
        break;
    case WIRE_READ:
        bytes_write_u64(w, e->read.from);
        bytes_write_u16(w, e->read.max);
        break;
    case WIRE_FETCH:
        bytes_write_u64(w, e->fetch.seq);
        bytes_write_u8(w, e->fetch.part);
        bytes_write_u32(w, e->fetch.offset);
        break;
    case WIRE_LIST:
        bytes_write_u8(w, e->list.part);
        break;
    case WIRE_PUT_KEY_PACKAGE:
        bytes_write_u8(w, e->put_key_package.use);
        wire_write_vector(w, e->put_key_package.key_package);
        break;
    case WIRE_TAKE_KEY_PACKAGES:
        wire_write_vector(w, e->take_key_packages.holder);
        bytes_write_u16(w, e->take_key_packages.max);
        break;
    case WIRE_RELAY:
        wire_write_vector(w, e->relay.payload);
        break;
    case WIRE_RENEW:
        wire_write_vector(w, e->renew.token);
        break;
    case WIRE_KICK:
        wire_write_vector(w, e->kick.pseudonym);
        break;
    default:
        break;
    }
}

static void answer_parse(struct bytes_reader *r, struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_ADMITTED:
        admitted_parse(r, &e->admitted);
        break;
    case WIRE_APPENDED:
        e->appended.seq = bytes_read_u64(r);
        break;
    case WIRE_ENTRIES:
        e->entries.head = bytes_read_u64(r);
        e->entries.list = wire_parse_vector(r);
        break;
    case WIRE_PART:
        e->part.seq = bytes_read_u64(r);
        e->part.part = bytes_read_u8(r);
        e->part.total = bytes_read_u32(r);
        e->part.offset = bytes_read_u32(r);
        e->part.data = wire_parse_vector(r);
        break;
    case WIRE_SEQS:
        e->seqs.part = bytes_read_u8(r);
        e->seqs.list = wire_parse_vector(r);
        break;
    case WIRE_KEY_PACKAGES:
        e->key_packages.waiting = bytes_read_u16(r);
        e->key_packages.list = wire_parse_vector(r);
        break;
    case WIRE_ERROR:
        e->error.code = bytes_read_u16(r);
        e->error.retry_after_ms = bytes_read_u32(r);
        e->error.text = wire_parse_vector(r);
        break;
    case WIRE_ENTRY:
        wire_entry_parse(r, &e->entry);
        break;
    case WIRE_RELAYED:
        e->relay.payload = wire_parse_vector(r);
        break;
    case WIRE_KEY_PACKAGES_WAITING:
        e->waiting.waiting = bytes_read_u16(r);
        break;
    case WIRE_JOINED:
    case WIRE_LEFT:
        e->presence.pseudonym = wire_parse_vector(r);
        break;
    default: /* WIRE_DONE has no fields */
        break;
    }
}

static void answer_write(struct bytes_writer *w, const struct wire_envelope *e)
{
    switch (e->type) {
    case WIRE_ADMITTED:
        admitted_write(w, &e->admitted);
        break;
    case WIRE_APPENDED:
        bytes_write_u64(w, e->appended.seq);
        break;
    case WIRE_ENTRIES:
        bytes_write_u64(w, e->entries.head);
        wire_write_vector(w, e->entries.list);
        break;
    case WIRE_PART:
        bytes_write_u64(w, e->part.seq);
        bytes_write_u8(w, e->part.part);
        bytes_write_u32(w, e->part.total);
        bytes_write_u32(w, e->part.offset);
        wire_write_vector(w, e->part.data);
        break;
    case WIRE_SEQS:
        bytes_write_u8(w, e->seqs.part);
        wire_write_vector(w, e->seqs.list);
        break;
    case WIRE_KEY_PACKAGES:
        bytes_write_u16(w, e->key_packages.waiting);
        wire_write_vector(w, e->key_packages.list);
        break;
    case WIRE_ERROR:
        bytes_write_u16(w, e->error.code);
        bytes_write_u32(w, e->error.retry_after_ms);
        wire_write_vector(w, e->error.text);
        break;
    case WIRE_ENTRY:
        wire_entry_write(w, &e->entry);
        break;
    case WIRE_RELAYED:
        wire_write_vector(w, e->relay.payload);
        break;
    case WIRE_KEY_PACKAGES_WAITING:
        bytes_write_u16(w, e->waiting.waiting);
        break;
    case WIRE_JOINED:
    case WIRE_LEFT:
        wire_write_vector(w, e->presence.pseudonym);
        break;
    default:
        break;
    }
}

/* --- Envelopes --- */

bool wire_envelope_parse(const uint8_t *data, size_t len, struct wire_envelope *out)
{
    struct bytes_reader r;
    struct wire_envelope e;
    memset(&e, 0, sizeof(e)); /* all of the union */
    bytes_reader_init(&r, data, len);
    e.type = bytes_read_u8(&r);
    e.request = bytes_read_u32(&r);
    if (wire_is_request(e.type))
        request_parse(&r, &e);
    else
        answer_parse(&r, &e);
    if (!bytes_reader_done(&r) || !is_valid(&e))
        return false;
    *out = e;
    return true;
}

void wire_envelope_write(struct bytes_writer *w, const struct wire_envelope *envelope)
{
    if (!is_valid(envelope)) {
        w->failed = true;
        return;
    }
    bytes_write_u8(w, envelope->type);
    bytes_write_u32(w, envelope->request);
    if (wire_is_request(envelope->type))
        request_write(w, envelope);
    else
        answer_write(w, envelope);
}
