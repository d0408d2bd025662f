/* deserialization.json: the lengths of vectors, read and written. */
#include "mls_case.h"
#include "wire/vector.h"

static void run(struct mls_case *c)
{
    const struct core_slice header = mls_case_hex(c, c->json, "vlbytes_header");
    const uint64_t length = mls_case_u64(c, c->json, "length");
    uint8_t written[8];
    struct bytes_writer w;
    struct bytes_reader r;
    bytes_reader_init(&r, header.data, header.len);
    mls_case_check(c, "length", wire_read_length(&r) == length && bytes_reader_done(&r));
    bytes_writer_init(&w, written, sizeof written);
    wire_write_length(&w, length);
    mls_case_same(c, "vlbytes_header", header, written, w.len);
}

static const char *const members[] = {"vlbytes_header", "length", NULL};

const struct mls_schema mls_schema_deserialization = {"deserialization", members, run};
