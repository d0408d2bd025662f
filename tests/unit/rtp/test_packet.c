#include "rtp/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void datagrams_are_told_apart(void)
{
    static const struct {
        uint8_t bytes[2];
        size_t len;
        enum rtp_class want;
    } rows[] = {
        {{0}, 0, RTP_CLASS_UNKNOWN},        {{0}, 1, RTP_CLASS_STUN},
        {{3, 0}, 2, RTP_CLASS_STUN},        {{4, 0}, 2, RTP_CLASS_UNKNOWN},
        {{16, 0}, 2, RTP_CLASS_UNKNOWN},    {{19, 0}, 2, RTP_CLASS_UNKNOWN},
        {{20, 0}, 2, RTP_CLASS_DTLS},       {{63, 0}, 2, RTP_CLASS_DTLS},
        {{64, 0}, 2, RTP_CLASS_UNKNOWN},    {{127, 0}, 2, RTP_CLASS_UNKNOWN},
        {{128, 0}, 1, RTP_CLASS_UNKNOWN},   {{128, 0}, 2, RTP_CLASS_RTP},
        {{128, 96}, 2, RTP_CLASS_RTP},      {{128, 0x80 | 96}, 2, RTP_CLASS_RTP},
        {{128, 191}, 2, RTP_CLASS_RTP},     {{128, 192}, 2, RTP_CLASS_RTCP},
        {{128, 200}, 2, RTP_CLASS_RTCP},    {{0x81, 206}, 2, RTP_CLASS_RTCP},
        {{191, 223}, 2, RTP_CLASS_RTCP},    {{191, 224}, 2, RTP_CLASS_RTP},
        {{192, 200}, 2, RTP_CLASS_UNKNOWN}, {{255, 255}, 2, RTP_CLASS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(rtp_classify(rows[i].bytes, rows[i].len), rows[i].want);
    CU_ASSERT_EQUAL(rtp_classify(NULL, 0), RTP_CLASS_UNKNOWN);
}

static void a_whole_packet_is_parsed(void)
{
    uint8_t data[128];
    struct rtp_packet p;
    /* padding, extension, 2 CSRCs */
    size_t len = unit_hex("b2e0123411223344aabbccdd"
                          "0000000100000002"
                          "bede0002"
                          "10ff"       /* id 1, 1 byte */
                          "2241424300" /* id 2, 3 bytes; padding */
                          "00"
                          "707172"
                          "000003",
                          data, sizeof data);
    CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(data, len, &p), RTP_OK);
    CU_ASSERT_TRUE(p.marker);
    CU_ASSERT_EQUAL(p.pt, 96);
    CU_ASSERT_EQUAL(p.seq, 0x1234);
    CU_ASSERT_EQUAL(p.ts, 0x11223344);
    CU_ASSERT_EQUAL(p.ssrc, 0xaabbccdd);
    CU_ASSERT_EQUAL(p.csrc_count, 2);
    CU_ASSERT_EQUAL(rtp_packet_csrc(&p, 0), 1);
    CU_ASSERT_EQUAL(rtp_packet_csrc(&p, 1), 2);
    CU_ASSERT_EQUAL(rtp_packet_csrc(&p, 2), 0);
    CU_ASSERT_TRUE(p.has_extension);
    CU_ASSERT_EQUAL(p.extension_profile, 0xbede);
    CU_ASSERT_EQUAL(p.extension_len, 8);
    CU_ASSERT_EQUAL(p.header_len, 32);
    unit_assert_bytes("payload", p.payload, p.payload_len, (const uint8_t *)"pqr", 3);
    CU_ASSERT_EQUAL(p.padding_len, 3);
    CU_ASSERT_EQUAL(p.header_len + p.payload_len + p.padding_len, p.len);
    struct rtp_extension e;
    CU_ASSERT_TRUE_FATAL(rtp_extension_find(&p, 2, &e));
    unit_assert_bytes("element", e.data, e.len, (const uint8_t *)"ABC", 3);
    CU_ASSERT_FALSE(rtp_extension_find(&p, 3, &e));
}

static void every_truncation_of_the_header_is_an_error(void)
{
    uint8_t data[64];
    size_t len = unit_hex("92e0123411223344aabbccdd0000000100000002bede000210ff224142430000", data, sizeof data);
    for (size_t cut = 0; cut < len; cut++) {
        struct rtp_packet p = {.pt = 77};
        /* a copy of exactly this size, so that a read past it is seen */
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact, data, cut);
        CU_ASSERT_EQUAL(rtp_packet_parse(exact, cut, &p), RTP_ERR_TRUNCATED);
        CU_ASSERT_EQUAL(p.pt, 77);
        free(exact);
    }
    struct rtp_packet p;
    CU_ASSERT_EQUAL(rtp_packet_parse(data, len, &p), RTP_OK);
    CU_ASSERT_EQUAL(p.payload_len, 0);
}

static void other_versions_are_refused(void)
{
    uint8_t data[12] = {0};
    struct rtp_packet p;
    for (unsigned version = 0; version < 4; version++) {
        data[0] = (uint8_t)(version << 6);
        CU_ASSERT_EQUAL(rtp_packet_parse(data, sizeof data, &p), version == 2 ? RTP_OK : RTP_ERR_VERSION);
    }
}

static void padding_that_lies_is_refused(void)
{
    static const struct {
        size_t rest;   /* bytes after the header */
        uint8_t count; /* the last of them */
        enum rtp_error want;
        size_t payload_len;
    } rows[] = {
        {0, 0, RTP_ERR_PADDING, 0},  {1, 0, RTP_ERR_PADDING, 0},
        {1, 1, RTP_OK, 0},           {1, 2, RTP_ERR_PADDING, 0},
        {4, 0, RTP_ERR_PADDING, 0},  {4, 1, RTP_OK, 3},
        {4, 4, RTP_OK, 0},           {4, 5, RTP_ERR_PADDING, 0},
        {4, 16, RTP_ERR_PADDING, 0}, {4, 255, RTP_ERR_PADDING, 0},
        {255, 255, RTP_OK, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[12 + 255] = {0xa0, 96};
        struct rtp_packet p;
        if (rows[i].rest > 0)
            data[12 + rows[i].rest - 1] = rows[i].count;
        CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(data, 12 + rows[i].rest, &p), rows[i].want);
        if (rows[i].want == RTP_OK) {
            CU_ASSERT_EQUAL(p.payload_len, rows[i].payload_len);
            CU_ASSERT_EQUAL(p.padding_len, rows[i].count);
        }
    }
}

/* Lists the ids an extension gives out, as text: "1:3 2:0". */
static enum rtp_error walk(uint16_t profile, const char *hex, char *out, size_t cap)
{
    uint8_t data[64];
    size_t len = unit_hex(hex, data, sizeof data);
    uint8_t *exact = malloc(len > 0 ? len : 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
    memcpy(exact, data, len);
    struct rtp_packet p = {
        .has_extension = true, .extension_profile = profile, .extension = exact, .extension_len = len};
    struct rtp_extension_iter iter;
    struct rtp_extension e;
    size_t used = 0;
    out[0] = '\0';
    rtp_extension_iter_init(&iter, &p);
    while (rtp_extension_next(&iter, &e))
        used += (size_t)snprintf(out + used, cap - used, "%s%u:%zu", used ? " " : "", e.id, e.len);
    CU_ASSERT_FALSE(rtp_extension_next(&iter, &e)); /* the end stays the end */
    free(exact);
    return iter.error;
}

static void extension_forms(void)
{
    static const struct {
        uint16_t profile;
        const char *hex;
        const char *ids;
        enum rtp_error error;
    } rows[] = {
        /* one-byte form */
        {0xbede, "", "", RTP_OK},
        {0xbede, "00000000", "", RTP_OK},
        {0xbede, "10aa0000", "1:1", RTP_OK},
        {0xbede, "0010aa00", "1:1", RTP_OK},
        {0xbede, "10aa20bb", "1:1 2:1", RTP_OK},
        {0xbede, "e2aabbcc", "14:3", RTP_OK},
        {0xbede, "1f000102030405060708090a0b0c0d0e0f000000", "1:16", RTP_OK},
        {0xbede, "10aaf020", "1:1", RTP_OK},            /* id 15 ends it */
        {0xbede, "f4aabbcc", "", RTP_OK},               /* whatever its length says */
        {0xbede, "10aa0120bb000000", "1:1", RTP_OK},    /* a padding byte with a length ends it too */
        {0xbede, "13aabbcc", "", RTP_ERR_EXTENSION},    /* 4 declared, 3 there */
        {0xbede, "10aa2fbb", "1:1", RTP_ERR_EXTENSION}, /* the first stands */
        {0xbede, "00000010", "", RTP_ERR_EXTENSION},    /* no data at all */
        /* two-byte form */
        {0x1000, "", "", RTP_OK},
        {0x1000, "00000000", "", RTP_OK},
        {0x1000, "0100ff00", "1:0 255:0", RTP_OK},
        {0x1000, "01000200", "1:0 2:0", RTP_OK},
        {0x1000, "0f01aa00", "15:1", RTP_OK},        /* 15 is an id like any other */
        {0x100f, "ff02aabb", "255:2", RTP_OK},       /* appbits are ignored */
        {0x1000, "0001aa01", "", RTP_ERR_EXTENSION}, /* 1 byte of padding, then id 1 with 0xaa bytes */
        {0x1000, "0103aabb", "", RTP_ERR_EXTENSION},
        {0x1000, "00000001", "", RTP_ERR_EXTENSION}, /* no length */
        /* another profile has no elements */
        {0x1010, "0103aabb", "", RTP_OK},
        {0x0000, "13aabbcc", "", RTP_OK},
        {0xbedf, "13aabbcc", "", RTP_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char ids[64];
        enum rtp_error error = walk(rows[i].profile, rows[i].hex, ids, sizeof ids);
        CU_ASSERT_EQUAL(error, rows[i].error);
        CU_ASSERT_STRING_EQUAL(ids, rows[i].ids);
    }
}

static void a_truncated_element_spoils_the_packet(void)
{
    uint8_t data[64];
    struct rtp_packet p;
    size_t len = unit_hex("9060000100000000000000aabede000110aa2fbb7071", data, sizeof data);
    CU_ASSERT_EQUAL(rtp_packet_parse(data, len, &p), RTP_ERR_EXTENSION);
    data[13] = 0xdf; /* in a profile that is not RFC 8285's they are no elements */
    CU_ASSERT_EQUAL(rtp_packet_parse(data, len, &p), RTP_OK);
    CU_ASSERT_EQUAL(p.extension_len, 4);
}

static void the_one_byte_form_is_chosen_when_it_fits(void)
{
    static const struct {
        uint8_t id;
        size_t len;
        bool one_byte;
    } rows[] = {{1, 1, true},  {14, 16, true}, {15, 1, false},  {255, 1, false},
                {1, 0, false}, {1, 17, false}, {1, 255, false}, {14, 255, false}};
    uint8_t value[255];
    memset(value, 0x5a, sizeof value);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct rtp_extension elements[] = {{.id = 3, .data = value, .len = 2},
                                                 {.id = rows[i].id, .data = value, .len = rows[i].len}};
        struct rtp_header h = {.pt = 96, .extensions = elements, .extension_count = 2};
        uint8_t out[512];
        size_t len = 0;
        CU_ASSERT_EQUAL(rtp_extensions_fit_one_byte(elements, 2), rows[i].one_byte);
        CU_ASSERT_EQUAL_FATAL(rtp_header_write(&h, out, sizeof out, &len), RTP_OK);
        CU_ASSERT_EQUAL(len, rtp_header_size(&h));
        CU_ASSERT_EQUAL(len % 4, 0);
        struct rtp_packet p;
        struct rtp_extension e;
        CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(out, len, &p), RTP_OK);
        CU_ASSERT_EQUAL(p.extension_profile, rows[i].one_byte ? 0xbede : 0x1000);
        CU_ASSERT_TRUE_FATAL(rtp_extension_find(&p, rows[i].id, &e));
        unit_assert_bytes("element", e.data, e.len, value, rows[i].len);
    }
}

static void parse_of_write_is_the_identity(void)
{
    uint64_t seed = 11;
    for (int round = 0; round < 2000; round++) {
        uint32_t csrcs[RTP_CSRCS_MAX];
        struct rtp_extension elements[8];
        uint8_t values[8][40];
        uint8_t payload[64];
        uint8_t out[1024];
        struct rtp_header h = {.marker = unit_random(&seed) % 2 == 1,
                               .pt = (uint8_t)(unit_random(&seed) % 128),
                               .seq = (uint16_t)unit_random(&seed),
                               .ts = (uint32_t)unit_random(&seed),
                               .ssrc = (uint32_t)unit_random(&seed),
                               .csrcs = csrcs,
                               .csrc_count = unit_random(&seed) % 16,
                               .extensions = elements,
                               .extension_count = unit_random(&seed) % 9};
        bool small = unit_random(&seed) % 2 == 1;
        for (size_t i = 0; i < h.csrc_count; i++)
            csrcs[i] = (uint32_t)unit_random(&seed);
        for (size_t i = 0; i < h.extension_count; i++) {
            for (size_t j = 0; j < sizeof values[i]; j++)
                values[i][j] = (uint8_t)unit_random(&seed);
            elements[i] = (struct rtp_extension){.id = (uint8_t)(1 + unit_random(&seed) % (small ? 14 : 255)),
                                                 .data = values[i],
                                                 .len = small ? 1 + unit_random(&seed) % 16 : unit_random(&seed) % 41};
        }
        for (size_t i = 0; i < sizeof payload; i++)
            payload[i] = (uint8_t)unit_random(&seed);
        size_t payload_len = unit_random(&seed) % 65;
        uint8_t padding_len = (uint8_t)(unit_random(&seed) % 3 == 0 ? unit_random(&seed) % 256 : 0);
        size_t len;
        CU_ASSERT_EQUAL_FATAL(rtp_packet_write(&h, payload, payload_len, padding_len, out, sizeof out, &len), RTP_OK);

        struct rtp_packet p;
        CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(out, len, &p), RTP_OK);
        CU_ASSERT(p.marker == h.marker && p.pt == h.pt && p.seq == h.seq && p.ts == h.ts && p.ssrc == h.ssrc);
        CU_ASSERT_EQUAL_FATAL(p.csrc_count, h.csrc_count);
        for (size_t i = 0; i < h.csrc_count; i++)
            CU_ASSERT_EQUAL(rtp_packet_csrc(&p, i), csrcs[i]);
        struct rtp_extension_iter iter;
        struct rtp_extension e;
        rtp_extension_iter_init(&iter, &p);
        for (size_t i = 0; i < h.extension_count; i++) {
            CU_ASSERT_TRUE_FATAL(rtp_extension_next(&iter, &e));
            CU_ASSERT_EQUAL(e.id, elements[i].id);
            unit_assert_bytes("element", e.data, e.len, elements[i].data, elements[i].len);
        }
        CU_ASSERT_FALSE(rtp_extension_next(&iter, &e));
        unit_assert_bytes("payload", p.payload, p.payload_len, payload, payload_len);
        CU_ASSERT_EQUAL(p.padding_len, padding_len);
        /* one byte less is never enough, and nothing is written beyond */
        out[len - 1] = 0xcc;
        CU_ASSERT_EQUAL(rtp_packet_write(&h, payload, payload_len, padding_len, out, len - 1, &len), RTP_ERR_SPACE);
        CU_ASSERT_EQUAL(out[len - 1], 0xcc);
    }
}

static void payload_may_lie_in_the_output(void)
{
    const uint8_t value[2] = {1, 2};
    const struct rtp_extension element = {.id = 1, .data = value, .len = 2};
    const struct rtp_header h = {.pt = 100, .seq = 9, .extensions = &element, .extension_count = 1};
    for (size_t at = 0; at <= 40; at++) {
        uint8_t out[64] = {0};
        size_t len;
        struct rtp_packet p;
        memcpy(out + at, "forward me", 10);
        CU_ASSERT_EQUAL_FATAL(rtp_packet_write(&h, out + at, 10, 2, out, sizeof out, &len), RTP_OK);
        CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(out, len, &p), RTP_OK);
        unit_assert_bytes("payload", p.payload, p.payload_len, (const uint8_t *)"forward me", 10);
    }
}

static void what_cannot_be_expressed_is_refused(void)
{
    uint8_t value[256] = {0};
    uint8_t out[64];
    size_t len = 5;
    struct rtp_extension element = {.id = 0, .data = value, .len = 1};
    struct rtp_header h = {.pt = 128};
    CU_ASSERT_EQUAL(rtp_header_write(&h, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    h = (struct rtp_header){.csrc_count = 16};
    CU_ASSERT_EQUAL(rtp_header_write(&h, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    h = (struct rtp_header){.extensions = &element, .extension_count = 1};
    CU_ASSERT_EQUAL(rtp_header_write(&h, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    element = (struct rtp_extension){.id = 1, .data = value, .len = 256};
    CU_ASSERT_EQUAL(rtp_packet_write(&h, NULL, 0, 0, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    h = (struct rtp_header){.pt = 1};
    CU_ASSERT_EQUAL(rtp_packet_write(&h, value, SIZE_MAX, 0, out, sizeof out, &len), RTP_ERR_SPACE);
    CU_ASSERT_EQUAL(len, 5);
}

static void too_much_extension_is_refused(void)
{
    static const uint8_t value[255];
    static struct rtp_extension many[1100];
    struct rtp_header h = {.extensions = many, .extension_count = 1020};
    for (size_t i = 0; i < 1100; i++)
        many[i] = (struct rtp_extension){.id = 20, .data = value, .len = 255};
    CU_ASSERT_EQUAL(rtp_header_size(&h), 12 + 4 + 262140); /* 65535 words exactly */
    h.extension_count = 1021;
    CU_ASSERT_EQUAL(rtp_header_size(&h), 0);
}

static void fields_are_set_in_place(void)
{
    uint8_t data[12];
    uint8_t want[12];
    size_t len = unit_hex("80e0123411223344aabbccdd", data, sizeof data);
    rtp_set_marker(data, false);
    rtp_set_pt(data, 0xff);
    rtp_set_seq(data, 0xfffe);
    rtp_set_ts(data, 0x01020304);
    rtp_set_ssrc(data, 0x05060708);
    unit_hex("807ffffe0102030405060708", want, sizeof want);
    unit_assert_bytes("header", data, len, want, sizeof want);
    rtp_set_marker(data, true);
    rtp_set_pt(data, 5);
    CU_ASSERT_EQUAL(data[1], 0x85);
}

static void every_error_has_a_text(void)
{
#define HAS_TEXT(name, text) CU_ASSERT_STRING_EQUAL(rtp_error_text(name), text);
    RTP_ERRORS(HAS_TEXT)
#undef HAS_TEXT
    CU_ASSERT_STRING_EQUAL(rtp_error_text((enum rtp_error)1000), "unknown error");
}

static const struct unit_test tests[] = {
    {"datagrams on one port are told apart", datagrams_are_told_apart},
    {"a packet with everything in it is parsed", a_whole_packet_is_parsed},
    {"every truncation of the header is an error", every_truncation_of_the_header_is_an_error},
    {"versions other than 2 are refused", other_versions_are_refused},
    {"padding that lies is refused", padding_that_lies_is_refused},
    {"both extension forms, their padding, ends and truncations", extension_forms},
    {"a truncated extension element spoils the packet", a_truncated_element_spoils_the_packet},
    {"the one-byte form is chosen exactly when all fits it", the_one_byte_form_is_chosen_when_it_fits},
    {"parsing what was written gives the same packet", parse_of_write_is_the_identity},
    {"the payload may lie anywhere in the output", payload_may_lie_in_the_output},
    {"what cannot be expressed is refused", what_cannot_be_expressed_is_refused},
    {"more than 65535 words of extension are refused", too_much_extension_is_refused},
    {"fields are set in place", fields_are_set_in_place},
    {"every error has a text", every_error_has_a_text},
};
UNIT_MAIN("rtp.packet", tests)
