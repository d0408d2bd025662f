#include "wire/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "wire/buffer.h"
#include "wire/vector.h"

static struct core_slice text(const char *s)
{
    return (struct core_slice){(const uint8_t *)s, strlen(s)};
}

/* One of each type, and what it is on the wire: written by hand from docs/protocol.md. */
static const struct sample {
    uint8_t type;
    const char *hex;
} samples[] = {
    {WIRE_HELLO, "01 00000001 03 746f6b 03 746561 0000000000000007"},
    {WIRE_APPEND, "02 00000002 000102030405060708090a0b0c0d0e0f 02 c0c1 01 01 e1 01 01 e2"},
    {WIRE_APPEND, "02 00000002 000102030405060708090a0b0c0d0e0f 02 c0c1 00 00"},
    {WIRE_READ, "03 00000003 0000000000000007 0100"},
    {WIRE_FETCH, "04 00000004 0000000000000007 02 0003fffe"},
    {WIRE_LIST, "05 00000005 02"},
    {WIRE_PUT_KEY_PACKAGE, "06 00000006 01 02 a1a2"},
    {WIRE_TAKE_KEY_PACKAGES, "07 00000007 00 0100"},
    {WIRE_TAKE_KEY_PACKAGES, "07 00000007 03 702d31 0001"},
    {WIRE_RELAY, "08 00000008 02 b1b2"},
    {WIRE_RENEW, "09 00000009 03 746f6b"},
    {WIRE_KICK, "0a 0000000a 03 702d31"},
    {WIRE_CLOSE_ROOM, "0b 0000000b"},
    {WIRE_ADMITTED, "81 00000001 000102030405060708090a0b0c0d0e0f 0000000000000001 0000000000000007 0000003c 0002"
                    "0014 000000c8 0028 00000064 000003e8 03 702d31 10 0000000000000003 0000000000000007"
                    "08 03 702d31 03 702d32"},
    {WIRE_APPENDED, "82 00000002 0000000000000008"},
    {WIRE_ENTRIES, "83 00000003 0000000000000009 18 0000000000000007 00 01 01 c1 0000000000000008 01 01 01 c2"},
    {WIRE_ENTRIES, "83 00000003 0000000000000000 00"},
    {WIRE_PART, "84 00000004 0000000000000007 02 00000009 00000007 02 e2e3"},
    {WIRE_SEQS, "85 00000005 02 10 0000000000000003 0000000000000007"},
    {WIRE_KEY_PACKAGES, "87 00000007 0000 07 03 702d31 01 01 a1"},
    {WIRE_DONE, "88 00000006"},
    {WIRE_ERROR, "8f 00000002 0005 000000c8 04 74657874"},
    {WIRE_ERROR, "8f 00000000 000d 00000000 00"},
    {WIRE_ENTRY, "91 00000000 0000000000000008 01 01 02 c0c1"},
    {WIRE_RELAYED, "92 00000000 02 b1b2"},
    {WIRE_KEY_PACKAGES_WAITING, "93 00000000 0003"},
    {WIRE_JOINED, "94 00000000 03 702d31"},
    {WIRE_LEFT, "95 00000000 03 702d31"},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]), SAMPLE_MAX = 256 };

/* Hex with blanks between fields. */
static size_t unhex(const char *hex, uint8_t *out)
{
    char packed[2 * SAMPLE_MAX + 1];
    size_t len = 0;
    for (; *hex; hex++)
        if (*hex != ' ')
            packed[len++] = *hex;
    packed[len] = 0;
    return unit_hex(packed, out, SAMPLE_MAX);
}

static bool parses(const char *hex)
{
    uint8_t data[SAMPLE_MAX];
    struct wire_envelope e;
    return wire_envelope_parse(data, unhex(hex, data), &e);
}

static void every_type_both_ways(void)
{
    bool seen[256] = {false};
    for (size_t i = 0; i < SAMPLES; i++) {
        uint8_t data[SAMPLE_MAX];
        uint8_t written[SAMPLE_MAX];
        struct wire_envelope e;
        struct bytes_writer w;
        size_t len = unhex(samples[i].hex, data);
        if (!wire_envelope_parse(data, len, &e)) {
            CU_FAIL("a sample is refused");
            printf("  %s\n", samples[i].hex);
            continue;
        }
        CU_ASSERT_EQUAL(e.type, samples[i].type);
        seen[e.type] = true;
        bytes_writer_init(&w, written, sizeof(written));
        wire_envelope_write(&w, &e);
        CU_ASSERT(bytes_writer_ok(&w));
        unit_assert_bytes(wire_type_text(e.type), written, w.len, data, len);
    }
#define CHECK_SEEN(name, value, words)                                                                                 \
    CU_ASSERT(seen[value]);                                                                                            \
    CU_ASSERT_STRING_EQUAL(wire_type_text(value), words);                                                              \
    CU_ASSERT_EQUAL(wire_is_request(value), (value) < 0x80);
    WIRE_TYPE_MAP(CHECK_SEEN)
#undef CHECK_SEEN
    CU_ASSERT_STRING_EQUAL(wire_type_text(0x86), "unknown");
}

static void fields_are_where_they_belong(void)
{
    uint8_t data[SAMPLE_MAX];
    struct wire_envelope e;
    struct bytes_reader r;
    struct wire_entry entry;
    struct wire_key_package package;
    struct core_slice id;
    uint64_t seq = 0;
    CU_ASSERT(wire_envelope_parse(data, unhex(samples[0].hex, data), &e));
    CU_ASSERT(e.request == 1 && e.hello.token.len == 3 && memcmp(e.hello.room.data, "tea", 3) == 0 &&
              e.hello.from == 7);
    CU_ASSERT(wire_envelope_parse(data, unhex(samples[1].hex, data), &e));
    CU_ASSERT(e.append.append_id[15] == 15 && e.append.commit.len == 2 && e.append.welcome.data[0] == 0xe1 &&
              e.append.group_info.data[0] == 0xe2);
    CU_ASSERT(wire_envelope_parse(data, unhex(samples[13].hex, data), &e));
    CU_ASSERT(e.admitted.oldest == 1 && e.admitted.head == 7 && e.admitted.token_left_s == 60 &&
              e.admitted.waiting == 2);
    CU_ASSERT(e.admitted.limits.append_burst == 20 && e.admitted.limits.append_interval_ms == 200 &&
              e.admitted.limits.relay_burst == 40 && e.admitted.limits.relay_interval_ms == 100 &&
              e.admitted.limits.participants == 1000);
    r = wire_walk(e.admitted.group_infos);
    CU_ASSERT(wire_seq_next(&r, &seq) && seq == 3 && wire_seq_next(&r, &seq) && seq == 7 && !wire_seq_next(&r, &seq));
    r = wire_walk(e.admitted.present);
    CU_ASSERT(wire_id_next(&r, &id) && wire_id_next(&r, &id) && memcmp(id.data, "p-2", 3) == 0 &&
              !wire_id_next(&r, &id));
    CU_ASSERT(wire_envelope_parse(data, unhex(samples[15].hex, data), &e));
    r = wire_walk(e.entries.list);
    CU_ASSERT(wire_entry_next(&r, &entry) && entry.seq == 7 && !entry.has_welcome && entry.has_group_info);
    CU_ASSERT(wire_entry_next(&r, &entry) && entry.seq == 8 && entry.has_welcome && entry.commit.data[0] == 0xc2);
    CU_ASSERT(!wire_entry_next(&r, &entry));
    CU_ASSERT(wire_envelope_parse(data, unhex(samples[19].hex, data), &e));
    r = wire_walk(e.key_packages.list);
    CU_ASSERT(wire_key_package_next(&r, &package) && package.use == WIRE_USE_WAITING && package.holder.len == 3);
    CU_ASSERT(!wire_key_package_next(&r, &package));
}

static void what_is_cut_or_too_long_is_refused(void)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        uint8_t data[SAMPLE_MAX + 1] = {0};
        struct wire_envelope e = {.request = 77};
        size_t len = unhex(samples[i].hex, data);
        for (size_t cut = 0; cut < len; cut++)
            CU_ASSERT_FALSE(wire_envelope_parse(data, cut, &e));
        data[len] = 0;
        CU_ASSERT_FALSE(wire_envelope_parse(data, len + 1, &e));
        CU_ASSERT_EQUAL(e.request, 77);
    }
}

static void malformed_ones_are_refused(void)
{
    static const char *const malformed[] = {
        "00 00000001",
        "0c 00000001",
        "86 00000001",
        "96 00000000",
        "88 00000000",                                                 /* an answer to nothing */
        "0b 00000000",                                                 /* a request without a number */
        "94 00000001 03 702d31",                                       /* a push with one */
        "01 00000001 00 00 0000000000000000",                          /* hello without a room */
        "01 00000001 00 03 746f2f 0000000000000000",                   /* room "to/" */
        "01 00000001 00 01 2e 0000000000000000",                       /* room "." */
        "01 00000001 00 02 2e2e 0000000000000000",                     /* room ".." */
        "01 00000001 4000 03 746561 0000000000000000",                 /* a length in two bytes */
        "02 00000002 000102030405060708090a0b0c0d0e0f 00 00 00",       /* no commit */
        "02 00000002 000102030405060708090a0b0c0d0e0f 01 c0 01 00 00", /* an empty welcome */
        "02 00000002 000102030405060708090a0b0c0d0e0f 01 c0 00 01 00", /* an empty GroupInfo */
        "02 00000002 000102030405060708090a0b0c0d0e0f 01 c0 02 01 e1 00",
        "03 00000003 0000000000000007 0000",                               /* no entry wanted */
        "03 00000003 0000000000000007 0101",                               /* 257 wanted */
        "04 00000004 0000000000000000 02 00000000",                        /* entry 0 */
        "04 00000004 0000000000000007 03 00000000",                        /* an unknown part */
        "04 00000004 0000000000000007 02 00200000",                        /* from behind any end */
        "05 00000005 00",                                                  /* commits are not listed */
        "06 00000006 00 01 a1",                                            /* unknown uses */
        "06 00000006 04 01 a1",                                            /* */
        "06 00000006 01 00",                                               /* nothing to put */
        "07 00000007 00 0000",                                             /* none wanted */
        "07 00000007 00 0101",                                             /* 257 wanted */
        "07 00000007 01 2f 0001",                                          /* holder "/" */
        "08 00000008 00",                                                  /* nothing to relay */
        "09 00000009 00",                                                  /* no token */
        "0a 0000000a 00",                                                  /* nobody */
        "82 00000002 0000000000000000",                                    /* entry 0 */
        "83 00000003 0000000000000007 0c 0000000000000007 00 01 01 c1 00", /* half an entry */
        "83 00000003 0000000000000006 0c 0000000000000007 00 01 01 c1",    /* behind the head */
        "83 00000003 0000000000000009 18 0000000000000007 00 01 01 c1 0000000000000009 01 01 01 c2", /* a gap */
        "83 00000003 0000000000000009 18 0000000000000007 00 01 01 c1 0000000000000007 01 01 01 c2", /* twice */
        "84 00000004 0000000000000007 02 00000001 00000000 00",      /* an empty piece */
        "84 00000004 0000000000000007 02 00000000 00000000 01 e1",   /* of an empty part */
        "84 00000004 0000000000000007 02 00000008 00000008 01 e1",   /* one that begins behind its end */
        "84 00000004 0000000000000007 02 00000008 00000007 02 e1e2", /* one that goes on behind it */
        "84 00000004 0000000000000007 02 00200001 00000000 01 e1",   /* of a part that is too large */
        "84 00000004 0000000000000007 00 00040001 00000000 01 e1",
        "84 00000004 0000000000000007 03 00000001 00000000 01 e1", /* of an unknown one */
        "85 00000005 02 10 0000000000000007 0000000000000003",     /* falling */
        "85 00000005 02 08 0000000000000000",                      /* entry 0 */
        "85 00000005 02 07 00000000000000",                        /* half a number */
        "87 00000007 0000 07 03 702d31 00 01 a1",                  /* an unknown use */
        "8f 00000002 0000 00000000 00",                            /* error 0 */
        "8f 00000002 0001 00000000 01 1b",                         /* an escape character */
        "91 00000000 0000000000000000 01 01 02 c0c1",              /* entry 0 */
        "94 00000000 00",                                          /* nobody */
        /* admitted: oldest 0, and oldest more than one after the head */
        "81 00000001 000102030405060708090a0b0c0d0e0f 0000000000000000 0000000000000007 0000003c 0002"
        "0014 000000c8 0028 00000064 000003e8 03 702d31 00 00",
        "81 00000001 000102030405060708090a0b0c0d0e0f 0000000000000009 0000000000000007 0000003c 0002"
        "0014 000000c8 0028 00000064 000003e8 03 702d31 00 00",
    };
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        bool refused = !parses(malformed[i]);
        CU_ASSERT(refused);
        if (!refused)
            printf("  %s\n", malformed[i]);
    }
    CU_ASSERT(parses("81 00000001 000102030405060708090a0b0c0d0e0f 0000000000000008 0000000000000007 0000003c 0002"
                     "0014 000000c8 0028 00000064 000003e8 03 702d31 00 00"));
}

/* Whether an envelope can be written; whether parsing agrees is checked with the limits switched off by hand. */
static bool writes(const struct wire_envelope *e, size_t *len)
{
    struct bytes_writer w;
    struct wire_envelope back;
    wire_buffer_init(&w, 2 * WIRE_ENVELOPE_MAX);
    wire_envelope_write(&w, e);
    bool ok = bytes_writer_ok(&w);
    if (ok)
        CU_ASSERT(wire_envelope_parse(w.data, w.len, &back) && back.type == e->type && back.request == e->request);
    *len = w.len;
    wire_buffer_free(&w);
    return ok;
}

static void byte_strings_are_held_to_their_limits(void)
{
    uint8_t *bytes = calloc(1, WIRE_GROUP_INFO_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', WIRE_GROUP_INFO_MAX + 1);
    struct wire_envelope e[] = {
        {.type = WIRE_HELLO, .request = 1, .hello = {.room = text("tea")}},
        {.type = WIRE_HELLO, .request = 1},
        {.type = WIRE_APPEND, .request = 1},
        {.type = WIRE_APPEND, .request = 1, .append = {.commit = text("c"), .has_welcome = true}},
        {.type = WIRE_APPEND, .request = 1, .append = {.commit = text("c"), .has_group_info = true}},
        {.type = WIRE_PUT_KEY_PACKAGE, .request = 1, .put_key_package = {.use = WIRE_USE_ONE_USE}},
        {.type = WIRE_RELAY, .request = 1},
        {.type = WIRE_RENEW, .request = 1},
        {.type = WIRE_KICK, .request = 1},
        {.type = WIRE_TAKE_KEY_PACKAGES, .request = 1, .take_key_packages = {.max = 1}},
        {.type = WIRE_PART, .request = 1, .part = {.seq = 1, .part = WIRE_PART_COMMIT, .total = WIRE_COMMIT_MAX}},
        {.type = WIRE_PART, .request = 1, .part = {.seq = 1, .part = WIRE_PART_WELCOME, .total = WIRE_WELCOME_MAX}},
        {.type = WIRE_PART,
         .request = 1,
         .part = {.seq = 1, .part = WIRE_PART_GROUP_INFO, .total = WIRE_GROUP_INFO_MAX, .offset = 1}},
        {.type = WIRE_ENTRY, .entry = {.seq = 1}},
        {.type = WIRE_RELAYED},
        {.type = WIRE_ERROR, .error = {.code = WIRE_REFUSED_FULL}},
    };
    const struct {
        struct core_slice *field;
        size_t max;
    } limits[] = {
        {&e[0].hello.token, WIRE_TOKEN_MAX},
        {&e[1].hello.room, WIRE_ID_MAX},
        {&e[2].append.commit, WIRE_COMMIT_MAX},
        {&e[3].append.welcome, WIRE_WELCOME_MAX},
        {&e[4].append.group_info, WIRE_GROUP_INFO_MAX},
        {&e[5].put_key_package.key_package, WIRE_KEY_PACKAGE_MAX},
        {&e[6].relay.payload, WIRE_RELAY_MAX},
        {&e[7].renew.token, WIRE_TOKEN_MAX},
        {&e[8].kick.pseudonym, WIRE_ID_MAX},
        {&e[9].take_key_packages.holder, WIRE_ID_MAX},
        {&e[10].part.data, WIRE_PIECE_MAX},
        {&e[11].part.data, WIRE_PIECE_MAX},
        {&e[12].part.data, WIRE_PIECE_MAX},
        {&e[13].entry.commit, WIRE_COMMIT_MAX},
        {&e[14].relay.payload, WIRE_RELAY_MAX},
        {&e[15].error.text, WIRE_TEXT_MAX},
    };
    for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++) {
        size_t len;
        *limits[i].field = (struct core_slice){bytes, limits[i].max};
        CU_ASSERT(writes(&e[i], &len) && len <= WIRE_ENVELOPE_MAX);
        *limits[i].field = (struct core_slice){bytes, limits[i].max + 1};
        CU_ASSERT_FALSE(writes(&e[i], &len));
    }
    free(bytes);
}

static void the_largest_envelopes_fit_their_limits(void)
{
    uint8_t *bytes = calloc(1, WIRE_GROUP_INFO_MAX);
    size_t len;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    memset(bytes, 'x', WIRE_GROUP_INFO_MAX);
    struct wire_envelope append = {.type = WIRE_APPEND,
                                   .request = 1,
                                   .append = {.commit = {bytes, WIRE_COMMIT_MAX},
                                              .has_welcome = true,
                                              .welcome = {bytes, WIRE_WELCOME_MAX},
                                              .has_group_info = true,
                                              .group_info = {bytes, WIRE_GROUP_INFO_MAX}}};
    CU_ASSERT(writes(&append, &len) && len <= WIRE_ENVELOPE_MAX);
    struct wire_envelope hello = {
        .type = WIRE_HELLO, .request = 1, .hello = {{bytes, WIRE_TOKEN_MAX}, {bytes, WIRE_ID_MAX}, UINT64_MAX}};
    CU_ASSERT(writes(&hello, &len) && len <= WIRE_HELLO_MAX);
    free(bytes);
}

static void lists_are_held_to_their_counts(void)
{
    struct bytes_writer w;
    struct wire_envelope e = {.type = WIRE_SEQS, .request = 1, .seqs = {.part = WIRE_PART_WELCOME}};
    size_t len;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    for (uint64_t i = 1; i <= WIRE_SEQS_MAX + 1; i++) {
        wire_seq_write(&w, i);
        e.seqs.list = wire_buffer_slice(&w);
        CU_ASSERT_EQUAL(writes(&e, &len), i <= WIRE_SEQS_MAX);
    }
    wire_buffer_free(&w);
    e = (struct wire_envelope){.type = WIRE_ENTRIES, .request = 1, .entries = {.head = 1000}};
    for (uint64_t i = 1; i <= WIRE_PAGE_ENTRIES_MAX + 1; i++) {
        wire_entry_write(&w, &(struct wire_entry){.seq = i, .commit = text("c")});
        e.entries.list = wire_buffer_slice(&w);
        CU_ASSERT_EQUAL(writes(&e, &len), i <= WIRE_PAGE_ENTRIES_MAX);
    }
    wire_buffer_free(&w);
    e = (struct wire_envelope){.type = WIRE_KEY_PACKAGES, .request = 1};
    for (uint64_t i = 1; i <= WIRE_TAKE_MAX + 1; i++) {
        wire_key_package_write(&w, &(struct wire_key_package){text("p"), WIRE_USE_WAITING, text("k")});
        e.key_packages.list = wire_buffer_slice(&w);
        CU_ASSERT_EQUAL(writes(&e, &len), i <= WIRE_TAKE_MAX);
    }
    wire_buffer_free(&w);
    e = (struct wire_envelope){.type = WIRE_ADMITTED, .request = 1, .admitted = {.oldest = 1, .pseudonym = text("p")}};
    for (uint64_t i = 1; i <= WIRE_PRESENT_MAX + 1; i++) {
        wire_id_write(&w, text("p"));
        e.admitted.present = wire_buffer_slice(&w);
        if (i >= WIRE_PRESENT_MAX)
            CU_ASSERT_EQUAL(writes(&e, &len), i <= WIRE_PRESENT_MAX);
    }
    wire_buffer_free(&w);
}

static void lists_are_held_to_their_sizes(void)
{
    uint8_t *bytes = calloc(1, WIRE_COMMIT_MAX);
    struct bytes_writer w;
    size_t len;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    struct wire_envelope e = {.type = WIRE_ENTRIES, .request = 1, .entries = {.head = 9}};
    wire_buffer_init(&w, 2 * WIRE_ENVELOPE_MAX);
    for (uint64_t i = 1; i <= 2; i++) {
        wire_entry_write(&w, &(struct wire_entry){.seq = i, .commit = {bytes, WIRE_LIST_MAX / 2 - 14 + i - 1}});
        e.entries.list = wire_buffer_slice(&w);
        CU_ASSERT_EQUAL(writes(&e, &len), i == 1); /* the second is one byte too long */
    }
    CU_ASSERT_EQUAL(w.len, WIRE_LIST_MAX + 1);
    wire_buffer_free(&w);
    e = (struct wire_envelope){.type = WIRE_KEY_PACKAGES, .request = 1};
    for (uint64_t i = 1; i <= 32; i++) {
        wire_key_package_write(&w,
                               &(struct wire_key_package){text("p"), WIRE_USE_WAITING, {bytes, WIRE_KEY_PACKAGE_MAX}});
        e.key_packages.list = wire_buffer_slice(&w);
        CU_ASSERT_EQUAL(writes(&e, &len), i < 32);
    }
    wire_buffer_free(&w);
    free(bytes);
}

static void elements_that_are_not_valid_are_not_written(void)
{
    struct bytes_writer w;
    wire_buffer_init(&w, WIRE_ENVELOPE_MAX);
    wire_entry_write(&w, &(struct wire_entry){.seq = 0, .commit = text("c")});
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    wire_buffer_free(&w);
    wire_id_write(&w, text("a b"));
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    wire_buffer_free(&w);
    wire_key_package_write(&w, &(struct wire_key_package){text("p"), 9, text("k")});
    CU_ASSERT_FALSE(bytes_writer_ok(&w));
    wire_buffer_free(&w);
}

static void every_refusal_has_a_text(void)
{
#define CHECK_TEXT(name, value, words) CU_ASSERT_STRING_EQUAL(wire_refusal_text(value), words);
    WIRE_REFUSAL_MAP(CHECK_TEXT)
#undef CHECK_TEXT
    CU_ASSERT_STRING_EQUAL(wire_refusal_text(0), "unknown error");
}

static const struct unit_test tests[] = {
    {"every type is written as it was parsed", every_type_both_ways},
    {"each field is where the document says", fields_are_where_they_belong},
    {"what is cut, or goes on, is refused", what_is_cut_or_too_long_is_refused},
    {"malformed envelopes are refused", malformed_ones_are_refused},
    {"byte strings are held to their limits, written and parsed", byte_strings_are_held_to_their_limits},
    {"the largest envelopes fit their limits", the_largest_envelopes_fit_their_limits},
    {"lists are held to their counts", lists_are_held_to_their_counts},
    {"lists are held to their sizes", lists_are_held_to_their_sizes},
    {"elements that are not valid are not written", elements_that_are_not_valid_are_not_written},
    {"every refusal has a text", every_refusal_has_a_text},
};
UNIT_MAIN("wire.envelope", tests)
