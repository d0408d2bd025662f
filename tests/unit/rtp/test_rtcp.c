#include "rtp/rtcp.h"

#include <stdlib.h>

#include "unit.h"

/* Walks hex as a compound: the number of packets, and the error it ended with. */
static size_t walk(const char *hex, enum rtp_error *error, struct rtcp_packet *last)
{
    static uint8_t data[256];
    size_t len = unit_hex(hex, data, sizeof data);
    struct rtcp_iter iter;
    struct rtcp_packet packet;
    size_t count = 0;
    rtcp_iter_init(&iter, data, len);
    while (rtcp_next(&iter, &packet)) {
        count++;
        *last = packet;
    }
    CU_ASSERT_FALSE(rtcp_next(&iter, &packet)); /* the end stays the end */
    *error = iter.error;
    return count;
}

static void compounds_are_walked(void)
{
    static const struct {
        const char *hex;
        size_t count;
        enum rtp_error error;
    } rows[] = {
        {"", 0, RTP_OK},
        {"80c90000", 1, RTP_OK},
        {"80c9000100000001", 1, RTP_OK},
        {"80c900010000000180c90000", 2, RTP_OK},
        {"80c9000100000001"
         "81cb000100000002",
         2, RTP_OK},
        /* bounds */
        {"80", 0, RTP_ERR_TRUNCATED},
        {"80c900", 0, RTP_ERR_TRUNCATED},
        {"80c90001000000", 0, RTP_ERR_TRUNCATED},
        {"80c90001", 0, RTP_ERR_TRUNCATED},
        {"80c9ffff00000001", 0, RTP_ERR_TRUNCATED},
        {"80c90001000000010000", 1, RTP_ERR_TRUNCATED},
        /* version */
        {"40c90000", 0, RTP_ERR_VERSION},
        {"00c90000", 0, RTP_ERR_VERSION},
        {"c0c90000", 0, RTP_ERR_VERSION},
        {"80c9000000000000", 1, RTP_ERR_VERSION},
        /* padding: on the last packet only, a multiple of 4, within the body */
        {"a0c900020000000100000004", 1, RTP_OK},
        {"a0c900020000000100000008", 1, RTP_OK},
        {"a0c90002000000010000000c", 0, RTP_ERR_PADDING},
        {"a0c900020000000100000000", 0, RTP_ERR_PADDING},
        {"a0c900020000000100000003", 0, RTP_ERR_PADDING},
        {"a0c90000", 0, RTP_ERR_PADDING},
        {"a0c90002000000010000000480c90000", 0, RTP_ERR_PADDING},
        /* as browsers pad transport feedback */
        {"afcd00020000000100000003", 1, RTP_OK},
        {"afcd0002000000010000000380c90000", 2, RTP_OK},
        {"afcd00020000000100000000", 0, RTP_ERR_PADDING},
        {"afcd00020000000100000009", 0, RTP_ERR_PADDING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum rtp_error error;
        struct rtcp_packet last;
        CU_ASSERT_EQUAL(walk(rows[i].hex, &error, &last), rows[i].count);
        CU_ASSERT_EQUAL(error, rows[i].error);
    }
}

static void header_fields_and_padding_are_split(void)
{
    enum rtp_error error;
    struct rtcp_packet p;
    CU_ASSERT_EQUAL_FATAL(walk("bfce0003000000010000000200000004", &error, &p), 1);
    CU_ASSERT_EQUAL(p.type, RTCP_PSFB);
    CU_ASSERT_EQUAL(p.count, 31);
    CU_ASSERT_EQUAL(p.body_len, 8);
    CU_ASSERT_EQUAL(p.body[7], 2);
    CU_ASSERT_EQUAL_FATAL(walk("afcd000300000001000000020000aa03", &error, &p), 1);
    CU_ASSERT_EQUAL(p.body_len, 9);
}

static void a_datagram_is_checked_whole(void)
{
    static const struct {
        const char *hex;
        enum rtp_error compound;
        enum rtp_error reduced;
    } rows[] = {
        {"", RTP_ERR_TRUNCATED, RTP_ERR_TRUNCATED},
        {"80c9000100000001", RTP_OK, RTP_OK},
        {"80c8000100000001", RTP_OK, RTP_OK},
        {"80c900010000000181ce00020000000100000002", RTP_OK, RTP_OK},
        {"81ce00020000000100000002", RTP_ERR_TYPE, RTP_OK},
        {"80c900010000000181ce000200000001000000", RTP_ERR_TRUNCATED, RTP_ERR_TRUNCATED},
        {"80c9000100000001c1ce00020000000100000002", RTP_ERR_VERSION, RTP_ERR_VERSION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t data[64];
        size_t len = unit_hex(rows[i].hex, data, sizeof data);
        CU_ASSERT_EQUAL(rtcp_check(data, len, false), rows[i].compound);
        CU_ASSERT_EQUAL(rtcp_check(data, len, true), rows[i].reduced);
    }
}

static void feedback_heads(void)
{
    uint8_t body[12];
    struct rtcp_feedback f = {.fci_len = 77};
    size_t len = unit_hex("0000000a0000000b01020304", body, sizeof body);
    struct rtcp_packet p = {.type = RTCP_RTPFB, .count = 9, .body = body, .body_len = len};
    CU_ASSERT_EQUAL_FATAL(rtcp_feedback_parse(&p, &f), RTP_OK);
    CU_ASSERT_EQUAL(f.sender_ssrc, 10);
    CU_ASSERT_EQUAL(f.media_ssrc, 11);
    unit_assert_bytes("fci", f.fci, f.fci_len, body + 8, 4);
    p.body_len = 7;
    CU_ASSERT_EQUAL(rtcp_feedback_parse(&p, &f), RTP_ERR_TRUNCATED);
    p.type = RTCP_APP;
    CU_ASSERT_EQUAL(rtcp_feedback_parse(&p, &f), RTP_ERR_TYPE);
    CU_ASSERT_EQUAL(f.fci_len, 4);
}

/* A packet that does not fit leaves what was written before as it is. */
static void a_compound_is_written_packet_by_packet(void)
{
    const struct rtcp_sr_rr rr = {.ssrc = 1};
    for (size_t cap = 0; cap <= 20; cap++) {
        uint8_t out[20];
        struct bytes_writer w;
        bytes_writer_init(&w, out, cap);
        enum rtp_error first = rtcp_sr_rr_write(&w, &rr);
        enum rtp_error second = rtcp_pli_write(&w, 1, 2);
        CU_ASSERT_EQUAL(first, cap >= 8 ? RTP_OK : RTP_ERR_SPACE);
        CU_ASSERT_EQUAL(second, cap >= 20 ? RTP_OK : RTP_ERR_SPACE);
        CU_ASSERT_EQUAL(w.len, cap >= 20 ? 20 : cap >= 8 ? 8 : 0);
        CU_ASSERT_EQUAL(rtcp_check(out, w.len, false), cap >= 8 ? RTP_OK : RTP_ERR_TRUNCATED);
    }
}

static void bodies_over_the_length_field_are_refused(void)
{
    size_t cap = 600000;
    uint8_t *out = malloc(cap);
    static struct rtcp_fir_entry entries[32767];
    struct bytes_writer w;
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    bytes_writer_init(&w, out, cap);
    CU_ASSERT_EQUAL(rtcp_fir_write(&w, 1, entries, 32767), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(w.len, 0);
    CU_ASSERT_EQUAL(rtcp_fir_write(&w, 1, entries, 32766), RTP_OK);
    CU_ASSERT_EQUAL(rtcp_check(out, w.len, true), RTP_OK);
    free(out);
}

static const struct unit_test tests[] = {
    {"compounds are walked: bounds, versions, padding", compounds_are_walked},
    {"header fields and padding are split off", header_fields_and_padding_are_split},
    {"a datagram is checked whole", a_datagram_is_checked_whole},
    {"feedback heads", feedback_heads},
    {"a compound is written packet by packet and never half of one", a_compound_is_written_packet_by_packet},
    {"a body over the length field is refused", bodies_over_the_length_field_are_refused},
};
UNIT_MAIN("rtp.rtcp", tests)
