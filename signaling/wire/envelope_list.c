/* What envelopes are made of: ids, and lists of numbers, entries and key packages. */
#include "envelope_list.h"
#include "wire/vector.h"

static bool is_id_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

bool wire_id_is_valid(struct core_slice id)
{
    if (id.len == 0 || id.len > WIRE_ID_MAX)
        return false;
    bool dots = id.len <= 2;
    for (size_t i = 0; i < id.len; i++) {
        if (!is_id_character(id.data[i]))
            return false;
        dots = dots && id.data[i] == '.';
    }
    return !dots;
}

bool wire_entry_is_valid(const struct wire_entry *entry)
{
    return entry->seq > 0 && entry->commit.len > 0 && entry->commit.len <= WIRE_COMMIT_MAX;
}

bool wire_key_package_is_valid(const struct wire_key_package *package)
{
    return wire_id_is_valid(package->holder) && wire_use_is_valid(package->use) && package->key_package.len > 0 &&
           package->key_package.len <= WIRE_KEY_PACKAGE_MAX;
}

bool wire_use_is_valid(uint8_t use)
{
    return use >= WIRE_USE_WAITING && use <= WIRE_USE_LAST_RESORT;
}

/* --- One element --- */

void wire_entry_parse(struct bytes_reader *r, struct wire_entry *entry)
{
    *entry = (struct wire_entry){.seq = bytes_read_u64(r)};
    entry->has_welcome = wire_read_present(r);
    entry->has_group_info = wire_read_present(r);
    entry->commit = wire_parse_vector(r);
}

void wire_entry_write(struct bytes_writer *w, const struct wire_entry *entry)
{
    if (!wire_entry_is_valid(entry)) {
        w->failed = true;
        return;
    }
    bytes_write_u64(w, entry->seq);
    wire_write_present(w, entry->has_welcome);
    wire_write_present(w, entry->has_group_info);
    wire_write_vector(w, entry->commit);
}

static void key_package_parse(struct bytes_reader *r, struct wire_key_package *package)
{
    *package = (struct wire_key_package){.holder = wire_parse_vector(r)};
    package->use = bytes_read_u8(r);
    package->key_package = wire_parse_vector(r);
}

void wire_key_package_write(struct bytes_writer *w, const struct wire_key_package *package)
{
    if (!wire_key_package_is_valid(package)) {
        w->failed = true;
        return;
    }
    wire_write_vector(w, package->holder);
    bytes_write_u8(w, package->use);
    wire_write_vector(w, package->key_package);
}

void wire_seq_write(struct bytes_writer *w, uint64_t seq)
{
    bytes_write_u64(w, seq);
}

void wire_id_write(struct bytes_writer *w, struct core_slice id)
{
    if (wire_id_is_valid(id))
        wire_write_vector(w, id);
    else
        w->failed = true;
}

/* --- Walks --- */

struct bytes_reader wire_walk(struct core_slice list)
{
    struct bytes_reader r;
    bytes_reader_init(&r, list.data, list.len);
    return r;
}

bool wire_seq_next(struct bytes_reader *r, uint64_t *seq)
{
    if (bytes_reader_left(r) == 0)
        return false;
    *seq = bytes_read_u64(r);
    return bytes_reader_ok(r);
}

bool wire_id_next(struct bytes_reader *r, struct core_slice *id)
{
    if (bytes_reader_left(r) == 0)
        return false;
    *id = wire_parse_vector(r);
    return bytes_reader_ok(r);
}

bool wire_entry_next(struct bytes_reader *r, struct wire_entry *entry)
{
    if (bytes_reader_left(r) == 0)
        return false;
    wire_entry_parse(r, entry);
    return bytes_reader_ok(r);
}

bool wire_key_package_next(struct bytes_reader *r, struct wire_key_package *package)
{
    if (bytes_reader_left(r) == 0)
        return false;
    key_package_parse(r, package);
    return bytes_reader_ok(r);
}

/* --- Whole lists --- */

bool wire_seqs_are_valid(struct core_slice list)
{
    struct bytes_reader r = wire_walk(list);
    uint64_t seq;
    uint64_t last = 0;
    size_t count = 0;
    while (wire_seq_next(&r, &seq)) {
        if (seq <= last || ++count > WIRE_SEQS_MAX)
            return false;
        last = seq;
    }
    return bytes_reader_done(&r);
}

bool wire_ids_are_valid(struct core_slice list)
{
    struct bytes_reader r = wire_walk(list);
    struct core_slice id;
    size_t count = 0;
    while (wire_id_next(&r, &id))
        if (!wire_id_is_valid(id) || ++count > WIRE_PRESENT_MAX)
            return false;
    return bytes_reader_done(&r);
}

bool wire_entries_are_valid(struct core_slice list, uint64_t head)
{
    struct bytes_reader r = wire_walk(list);
    struct wire_entry entry;
    uint64_t last = 0;
    size_t count = 0;
    while (wire_entry_next(&r, &entry)) {
        bool follows = count == 0 || (entry.seq > last && entry.seq - last == 1);
        if (!wire_entry_is_valid(&entry) || !follows || entry.seq > head || ++count > WIRE_PAGE_ENTRIES_MAX)
            return false;
        last = entry.seq;
    }
    return bytes_reader_done(&r) && list.len <= WIRE_LIST_MAX;
}

bool wire_key_packages_are_valid(struct core_slice list)
{
    struct bytes_reader r = wire_walk(list);
    struct wire_key_package package;
    size_t count = 0;
    while (wire_key_package_next(&r, &package))
        if (!wire_key_package_is_valid(&package) || ++count > WIRE_TAKE_MAX)
            return false;
    return bytes_reader_done(&r) && list.len <= WIRE_LIST_MAX;
}
