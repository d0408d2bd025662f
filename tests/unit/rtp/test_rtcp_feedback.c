#include <string.h>

#include "rtcp_text.h"

static void nack_worked_by_hand(void)
{
    const uint16_t seqs[] = {65534, 65535, 0, 14, 15, 100};
    uint8_t want[24];
    uint8_t out[64];
    struct bytes_writer w;
    /* 65534 + 16 = 14 is the last of the first entry's reach, 15 starts the next */
    size_t want_len = unit_hex("81cd00050000000100000002fffe8003000f000000640000", want, sizeof want);
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL_FATAL(rtcp_nack_write(&w, 1, 2, seqs, 6), RTP_OK);
    unit_assert_bytes("NACK", out, w.len, want, want_len);
    struct rtcp_packet p = only_packet(out, w.len);
    struct rtcp_nack_iter iter;
    uint16_t seq = 0;
    CU_ASSERT_EQUAL_FATAL(rtcp_nack_iter_init(&iter, &p), RTP_OK);
    CU_ASSERT_EQUAL(iter.sender_ssrc, 1);
    CU_ASSERT_EQUAL(iter.media_ssrc, 2);
    for (size_t i = 0; i < 6; i++) {
        CU_ASSERT_TRUE(rtcp_nack_next(&iter, &seq));
        CU_ASSERT_EQUAL(seq, seqs[i]);
    }
    CU_ASSERT_FALSE(rtcp_nack_next(&iter, &seq));
    CU_ASSERT_FALSE(rtcp_nack_next(&iter, &seq));
}

static void nack_round_trips(void)
{
    uint64_t seed = 17;
    for (int round = 0; round < 500; round++) {
        uint16_t seqs[100];
        uint8_t out[512];
        struct bytes_writer w;
        size_t count = 1 + unit_random(&seed) % 100;
        uint16_t at = (uint16_t)unit_random(&seed);
        for (size_t i = 0; i < count; i++) {
            at = (uint16_t)(at + 1 + unit_random(&seed) % 24);
            seqs[i] = at;
        }
        bytes_writer_init(&w, out, sizeof out);
        CU_ASSERT_EQUAL_FATAL(rtcp_nack_write(&w, 1, 2, seqs, count), RTP_OK);
        struct rtcp_packet p = only_packet(out, w.len);
        struct rtcp_nack_iter iter;
        uint16_t seq = 0;
        CU_ASSERT_EQUAL_FATAL(rtcp_nack_iter_init(&iter, &p), RTP_OK);
        for (size_t i = 0; i < count; i++) {
            CU_ASSERT_TRUE_FATAL(rtcp_nack_next(&iter, &seq));
            CU_ASSERT_EQUAL(seq, seqs[i]);
        }
        CU_ASSERT_FALSE(rtcp_nack_next(&iter, &seq));
    }
}

static void a_hostile_nack_is_bounded(void)
{
    uint8_t body[8 + 4 * 300];
    memset(body, 0xff, sizeof body);
    struct rtcp_packet p = {.type = RTCP_RTPFB, .count = RTCP_FMT_NACK, .body = body, .body_len = sizeof body};
    struct rtcp_nack_iter iter;
    uint16_t seq;
    size_t count = 0;
    CU_ASSERT_EQUAL_FATAL(rtcp_nack_iter_init(&iter, &p), RTP_OK);
    while (rtcp_nack_next(&iter, &seq))
        count++;
    CU_ASSERT_EQUAL(count, 300 * 17);
    p.body_len = 8;
    CU_ASSERT_EQUAL(rtcp_nack_iter_init(&iter, &p), RTP_ERR_TRUNCATED);
    p.body_len = 4;
    CU_ASSERT_EQUAL(rtcp_nack_iter_init(&iter, &p), RTP_ERR_TRUNCATED);
    p.count = RTCP_FMT_TWCC;
    CU_ASSERT_EQUAL(rtcp_nack_iter_init(&iter, &p), RTP_ERR_TYPE);
    struct bytes_writer w;
    bytes_writer_init(&w, body, sizeof body);
    CU_ASSERT_EQUAL(rtcp_nack_write(&w, 1, 2, NULL, 0), RTP_ERR_ARGUMENT);
}

static void pli(void)
{
    uint8_t want[12];
    uint8_t out[12];
    struct bytes_writer w;
    uint32_t sender = 0;
    uint32_t media = 0;
    size_t want_len = unit_hex("81ce00020000000a0000000b", want, sizeof want);
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL_FATAL(rtcp_pli_write(&w, 10, 11), RTP_OK);
    unit_assert_bytes("PLI", out, w.len, want, want_len);
    struct rtcp_packet p = only_packet(out, w.len);
    CU_ASSERT_EQUAL(rtcp_pli_read(&p, &sender, &media), RTP_OK);
    CU_ASSERT_EQUAL(sender, 10);
    CU_ASSERT_EQUAL(media, 11);
    p.count = RTCP_FMT_FIR;
    CU_ASSERT_EQUAL(rtcp_pli_read(&p, &sender, &media), RTP_ERR_TYPE);
    p.count = RTCP_FMT_PLI;
    p.body_len = 4;
    CU_ASSERT_EQUAL(rtcp_pli_read(&p, &sender, &media), RTP_ERR_TRUNCATED);
    p.type = RTCP_RTPFB;
    CU_ASSERT_EQUAL(rtcp_pli_read(&p, &sender, &media), RTP_ERR_TYPE);
}

static void fir(void)
{
    const struct rtcp_fir_entry entries[] = {{.ssrc = 0x11, .seq = 1}, {.ssrc = 0x22, .seq = 255}};
    uint8_t want[28];
    uint8_t out[28];
    struct bytes_writer w;
    size_t want_len = unit_hex("84ce00060000000a00000000000000110100000000000022ff000000", want, sizeof want);
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL_FATAL(rtcp_fir_write(&w, 10, entries, 2), RTP_OK);
    unit_assert_bytes("FIR", out, w.len, want, want_len);
    struct rtcp_packet p = only_packet(out, w.len);
    struct rtcp_fir_iter iter;
    struct rtcp_fir_entry entry;
    CU_ASSERT_EQUAL_FATAL(rtcp_fir_iter_init(&iter, &p), RTP_OK);
    CU_ASSERT_EQUAL(iter.sender_ssrc, 10);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_TRUE_FATAL(rtcp_fir_next(&iter, &entry));
        CU_ASSERT_EQUAL(entry.ssrc, entries[i].ssrc);
        CU_ASSERT_EQUAL(entry.seq, entries[i].seq);
    }
    CU_ASSERT_FALSE(rtcp_fir_next(&iter, &entry));
    p.body_len = 20;
    CU_ASSERT_EQUAL(rtcp_fir_iter_init(&iter, &p), RTP_ERR_TRUNCATED);
    p.body_len = 8;
    CU_ASSERT_EQUAL(rtcp_fir_iter_init(&iter, &p), RTP_ERR_TRUNCATED);
    p.type = RTCP_RTPFB;
    CU_ASSERT_EQUAL(rtcp_fir_iter_init(&iter, &p), RTP_ERR_TYPE);
    CU_ASSERT_EQUAL(rtcp_fir_write(&w, 10, entries, 0), RTP_ERR_ARGUMENT);
}

static void remb(void)
{
    static const struct {
        const char *fci;
        enum rtp_error error;
        uint64_t bitrate_bps;
        uint8_t ssrc_count;
    } rows[] = {
        {"52454d4201000001000000aa", RTP_OK, 1, 1},
        {"52454d420103ffff000000aa", RTP_OK, 262143, 1},
        {"52454d420106a120000000aa", RTP_OK, 344640, 1}, /* exponent 1, mantissa 172320 */
        {"52454d4200b80001", RTP_OK, UINT64_C(1) << 46, 0},
        {"52454d4200fc0001", RTP_OK, UINT64_C(1) << 63, 0},
        {"52454d4200fc0002", RTP_ERR_FORMAT, 0, 0},
        {"52454d4200ffffff", RTP_ERR_FORMAT, 0, 0},
        {"52454d4202000001000000aa", RTP_ERR_TRUNCATED, 0, 0},
        {"52454d42ff000001000000aa", RTP_ERR_TRUNCATED, 0, 0},
        {"52454d42", RTP_ERR_TRUNCATED, 0, 0},
        {"", RTP_ERR_TRUNCATED, 0, 0},
        {"52454d4301000001000000aa", RTP_ERR_TYPE, 0, 0}, /* another application's */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[64] = {0, 0, 0, 9};
        size_t len = 8 + unit_hex(rows[i].fci, body + 8, sizeof body - 8);
        struct rtcp_packet p = {.type = RTCP_PSFB, .count = RTCP_FMT_AFB, .body = body, .body_len = len};
        struct rtcp_remb out = {0};
        CU_ASSERT_EQUAL(rtcp_remb_parse(&p, &out), rows[i].error);
        CU_ASSERT_EQUAL(out.bitrate_bps, rows[i].bitrate_bps);
        CU_ASSERT_EQUAL(out.ssrc_count, rows[i].ssrc_count);
        if (rows[i].error == RTP_OK)
            CU_ASSERT_EQUAL(out.sender_ssrc, 9);
        if (out.ssrc_count == 1)
            CU_ASSERT_EQUAL(out.ssrcs[3], 0xaa);
        p.count = RTCP_FMT_PLI;
        CU_ASSERT_EQUAL(rtcp_remb_parse(&p, &out), RTP_ERR_TYPE);
    }
}

static const struct unit_test tests[] = {
    {"a NACK worked by hand, across the wrap", nack_worked_by_hand},
    {"a NACK's numbers come out as they went in", nack_round_trips},
    {"a hostile NACK asks for 17 numbers an entry at most", a_hostile_nack_is_bounded},
    {"picture loss indications", pli},
    {"full intra requests", fir},
    {"REMB bit rates, to the edge of 64 bits", remb},
};
UNIT_MAIN("rtp.rtcp_feedback", tests)
