/* Envelopes between client and delivery service: what is parsed is written again, and must be the same bytes; lists can
 * be walked to their end. */
#include <stdlib.h>
#include <string.h>

#include "wire/buffer.h"
#include "wire/envelope.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_lists(const struct wire_envelope *e)
{
    struct bytes_reader r = {0};
    struct wire_entry entry;
    struct wire_key_package package;
    struct core_slice id;
    uint64_t seq;
    if (e->type == WIRE_ENTRIES) {
        r = wire_walk(e->entries.list);
        while (wire_entry_next(&r, &entry))
            must(entry.seq <= e->entries.head && entry.commit.len > 0);
    } else if (e->type == WIRE_KEY_PACKAGES) {
        r = wire_walk(e->key_packages.list);
        while (wire_key_package_next(&r, &package))
            must(wire_id_is_valid(package.holder));
    } else if (e->type == WIRE_ADMITTED) {
        r = wire_walk(e->admitted.group_infos);
        while (wire_seq_next(&r, &seq))
            must(seq > 0);
        must(bytes_reader_done(&r));
        r = wire_walk(e->admitted.present);
        while (wire_id_next(&r, &id))
            must(wire_id_is_valid(id));
    }
    must(bytes_reader_done(&r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_envelope e;
    struct bytes_writer w;
    if (!wire_envelope_parse(data, size, &e))
        return 0;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, &e);
    must(bytes_writer_ok(&w) && w.len == size && memcmp(w.data, data, size) == 0);
    wire_buffer_free(&w);
    check_lists(&e);
    return 0;
}
