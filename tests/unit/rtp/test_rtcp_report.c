#include <string.h>

#include "rtcp_text.h"

static void a_sender_report_worked_by_hand(void)
{
    const struct rtcp_sr_rr sr = {.has_sender_info = true,
                                  .ssrc = 0x01020304,
                                  .ntp = UINT64_C(0x1122334455667788),
                                  .rtp_ts = 0x99aabbcc,
                                  .packet_count = 5,
                                  .octet_count = 600,
                                  .report_count = 1,
                                  .reports = {{.ssrc = 0x0a0b0c0d,
                                               .fraction_lost = 0x80,
                                               .lost = -2,
                                               .highest_seq = 0x00010002,
                                               .jitter = 3,
                                               .last_sr = 0x33445566,
                                               .delay_last_sr = 0x10000}}};
    uint8_t want[52];
    uint8_t out[64];
    struct bytes_writer w;
    size_t want_len = unit_hex("81c8000c"
                               "01020304"
                               "1122334455667788"
                               "99aabbcc"
                               "00000005"
                               "00000258"
                               "0a0b0c0d"
                               "80fffffe"
                               "00010002"
                               "00000003"
                               "33445566"
                               "00010000",
                               want, sizeof want);
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &sr), RTP_OK);
    unit_assert_bytes("SR", out, w.len, want, want_len);
    struct rtcp_packet p = only_packet(out, w.len);
    struct rtcp_sr_rr back;
    CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_read(&p, &back), RTP_OK);
    CU_ASSERT_EQUAL(back.ntp, sr.ntp);
    CU_ASSERT_EQUAL(back.reports[0].lost, -2);
    CU_ASSERT_EQUAL(back.reports[0].delay_last_sr, 0x10000);
}

static void lost_is_clamped_to_24_bits(void)
{
    static const int32_t rows[][2] = {{0, 0},
                                      {-1, -1},
                                      {0x7fffff, 0x7fffff},
                                      {0x800000, 0x7fffff},
                                      {-0x800000, -0x800000},
                                      {-0x800001, -0x800000},
                                      {INT32_MAX, 0x7fffff},
                                      {INT32_MIN, -0x800000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct rtcp_sr_rr rr = {.report_count = 1, .reports = {{.lost = rows[i][0]}}};
        uint8_t out[64];
        struct bytes_writer w;
        struct rtcp_sr_rr back;
        bytes_writer_init(&w, out, sizeof out);
        CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &rr), RTP_OK);
        struct rtcp_packet p = only_packet(out, w.len);
        CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_read(&p, &back), RTP_OK);
        CU_ASSERT_EQUAL(back.reports[0].lost, rows[i][1]);
    }
}

static void reports_round_trip_at_every_count(void)
{
    uint64_t seed = 3;
    for (unsigned count = 0; count <= 31; count++) {
        struct rtcp_sr_rr in = {.has_sender_info = count % 2 == 1, .ssrc = (uint32_t)unit_random(&seed)};
        struct rtcp_sr_rr back;
        uint8_t out[1024];
        struct bytes_writer w;
        in.report_count = (uint8_t)count;
        if (in.has_sender_info)
            in.ntp = unit_random(&seed);
        for (unsigned i = 0; i < count; i++)
            in.reports[i] = (struct rtcp_report){.ssrc = (uint32_t)unit_random(&seed),
                                                 .fraction_lost = (uint8_t)unit_random(&seed),
                                                 .lost = (int32_t)(unit_random(&seed) % 1000),
                                                 .highest_seq = (uint32_t)unit_random(&seed),
                                                 .jitter = (uint32_t)unit_random(&seed),
                                                 .last_sr = (uint32_t)unit_random(&seed),
                                                 .delay_last_sr = (uint32_t)unit_random(&seed)};
        bytes_writer_init(&w, out, sizeof out);
        CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_write(&w, &in), RTP_OK);
        struct rtcp_packet p = only_packet(out, w.len);
        CU_ASSERT_EQUAL_FATAL(rtcp_sr_rr_read(&p, &back), RTP_OK);
        CU_ASSERT_EQUAL(back.has_sender_info, in.has_sender_info);
        CU_ASSERT_EQUAL(back.ntp, in.ntp);
        CU_ASSERT_EQUAL(back.report_count, count);
        CU_ASSERT_EQUAL(memcmp(back.reports, in.reports, sizeof in.reports), 0);
        /* the count says more than is there */
        p.body_len -= 4;
        CU_ASSERT_EQUAL(rtcp_sr_rr_read(&p, &back), RTP_ERR_TRUNCATED);
        p.type = RTCP_SDES;
        CU_ASSERT_EQUAL(rtcp_sr_rr_read(&p, &back), RTP_ERR_TYPE);
    }
    struct rtcp_sr_rr many = {.report_count = 32};
    uint8_t out[1024];
    struct bytes_writer w;
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL(rtcp_sr_rr_write(&w, &many), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(w.len, 0);
}

static void cname_at_every_length(void)
{
    uint8_t name[256];
    memset(name, 'n', sizeof name);
    for (size_t len = 0; len <= 256; len++) {
        uint8_t out[300];
        struct bytes_writer w;
        bytes_writer_init(&w, out, sizeof out);
        enum rtp_error error = rtcp_sdes_cname_write(&w, 0xabcd, name, len);
        CU_ASSERT_EQUAL(error, len == 0 || len == 256 ? RTP_ERR_ARGUMENT : RTP_OK);
        if (error != RTP_OK)
            continue;
        struct rtcp_packet p = only_packet(out, w.len);
        struct rtcp_sdes_iter iter;
        struct rtcp_sdes_item item;
        CU_ASSERT_EQUAL_FATAL(rtcp_sdes_iter_init(&iter, &p), RTP_OK);
        CU_ASSERT_TRUE_FATAL(rtcp_sdes_next(&iter, &item));
        CU_ASSERT_EQUAL(item.ssrc, 0xabcd);
        CU_ASSERT_EQUAL(item.type, RTCP_SDES_CNAME);
        unit_assert_bytes("CNAME", item.text, item.text_len, name, len);
        CU_ASSERT_FALSE(rtcp_sdes_next(&iter, &item));
        CU_ASSERT_EQUAL(iter.error, RTP_OK);
        CU_ASSERT_EQUAL(p.body[p.body_len - 1], 0); /* the list is ended */
    }
}

/* Walks hex as the body of an SDES with so many chunks: "ssrc/type/length ...". */
static void source_descriptions(void)
{
    static const struct {
        uint8_t count;
        const char *body;
        size_t items;
        enum rtp_error error;
    } rows[] = {
        {0, "", 0, RTP_OK},
        {1, "0000000100000000", 0, RTP_OK},
        {1, "000000010101610000000000", 1, RTP_OK},
        {1, "0000000101026162020162000000000000", 2, RTP_OK},
        {2, "00000001010161000000000201016200", 2, RTP_OK},
        {2, "0000000101016100", 1, RTP_ERR_TRUNCATED},
        {1, "", 0, RTP_ERR_TRUNCATED},
        {1, "00000001", 0, RTP_ERR_TRUNCATED},
        {1, "0000000101ff6162", 0, RTP_ERR_TRUNCATED},
        {1, "0000000101026162", 1, RTP_ERR_TRUNCATED}, /* the list does not end */
        {1, "0000000101036162", 0, RTP_ERR_TRUNCATED},
        {31, "0000000100000000", 0, RTP_ERR_TRUNCATED},
        {1, "00000001010000000000000001016100", 1, RTP_OK}, /* what follows the chunks is ignored */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[64];
        size_t len = unit_hex(rows[i].body, body, sizeof body);
        struct rtcp_packet p = {.type = RTCP_SDES, .count = rows[i].count, .body = body, .body_len = len};
        struct rtcp_sdes_iter iter;
        struct rtcp_sdes_item item;
        size_t items = 0;
        CU_ASSERT_EQUAL_FATAL(rtcp_sdes_iter_init(&iter, &p), RTP_OK);
        while (rtcp_sdes_next(&iter, &item))
            items++;
        CU_ASSERT_EQUAL(items, rows[i].items);
        CU_ASSERT_EQUAL(iter.error, rows[i].error);
    }
    struct rtcp_packet p = {.type = RTCP_BYE};
    struct rtcp_sdes_iter iter;
    CU_ASSERT_EQUAL(rtcp_sdes_iter_init(&iter, &p), RTP_ERR_TYPE);
}

static void goodbyes(void)
{
    for (unsigned reason_len = 0; reason_len <= 255; reason_len++) {
        uint8_t reason[255];
        uint8_t out[512];
        struct bytes_writer w;
        struct rtcp_bye back;
        memset(reason, 'r', sizeof reason);
        const struct rtcp_bye bye = {
            .ssrc_count = 2, .ssrcs = {7, 8}, .reason = reason, .reason_len = (uint8_t)reason_len};
        bytes_writer_init(&w, out, sizeof out);
        CU_ASSERT_EQUAL_FATAL(rtcp_bye_write(&w, &bye), RTP_OK);
        struct rtcp_packet p = only_packet(out, w.len);
        CU_ASSERT_EQUAL_FATAL(rtcp_bye_parse(&p, &back), RTP_OK);
        CU_ASSERT_EQUAL(back.ssrc_count, 2);
        CU_ASSERT_EQUAL(back.ssrcs[1], 8);
        unit_assert_bytes("reason", back.reason, back.reason_len, reason, reason_len);
    }
    uint8_t body[16];
    struct rtcp_bye bye = {.ssrc_count = 32};
    struct bytes_writer w;
    bytes_writer_init(&w, body, sizeof body);
    CU_ASSERT_EQUAL(rtcp_bye_write(&w, &bye), RTP_ERR_ARGUMENT);
    size_t len = unit_hex("000000070000000803aabb00", body, sizeof body);
    struct rtcp_packet p = {.type = RTCP_BYE, .count = 3, .body = body, .body_len = 8};
    CU_ASSERT_EQUAL(rtcp_bye_parse(&p, &bye), RTP_ERR_TRUNCATED);
    p.count = 2;
    p.body_len = len - 1; /* the reason says 3, 2 are there */
    CU_ASSERT_EQUAL(rtcp_bye_parse(&p, &bye), RTP_ERR_TRUNCATED);
    p.body_len = len;
    CU_ASSERT_EQUAL(rtcp_bye_parse(&p, &bye), RTP_OK);
    p.type = RTCP_RR;
    CU_ASSERT_EQUAL(rtcp_bye_parse(&p, &bye), RTP_ERR_TYPE);
}

static const struct unit_test tests[] = {
    {"a sender report worked by hand", a_sender_report_worked_by_hand},
    {"the count of lost packets is clamped to 24 bits", lost_is_clamped_to_24_bits},
    {"reports round-trip at every count, and lying counts are refused", reports_round_trip_at_every_count},
    {"a CNAME of every length is written and found", cname_at_every_length},
    {"source descriptions, whole and cut", source_descriptions},
    {"goodbyes with a reason of every length", goodbyes},
};
UNIT_MAIN("rtp.rtcp_report", tests)
