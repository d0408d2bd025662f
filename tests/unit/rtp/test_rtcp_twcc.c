#include <stdlib.h>
#include <string.h>

#include "rtcp_text.h"

enum { PERIOD_64MS = 1 << 24 };

/* base 5, seven statuses, reference 16 x 64 ms; a vector of two-bit symbols: +1 ms, lost, -250 us, +250 us, lost,
 * lost, +500 us */
static const char worked[] = "8fcd0006"
                             "00000001"
                             "00000002"
                             "00050007"
                             "00001003"
                             "d241"
                             "04ffff0102"
                             "00";

static void feedback_worked_by_hand(void)
{
    const int64_t arrivals[] = {1025000, RTCP_TWCC_LOST, 1024750, 1025000, RTCP_TWCC_LOST, RTCP_TWCC_LOST, 1025500};
    uint8_t want[64];
    uint8_t out[64];
    size_t reported = 0;
    size_t want_len = unit_hex(worked, want, sizeof want);
    struct bytes_writer w;
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL_FATAL(rtcp_twcc_write(&w, 1, 2, 3, 5, arrivals, 7, &reported), RTP_OK);
    CU_ASSERT_EQUAL(reported, 7);
    unit_assert_bytes("TWCC", out, w.len, want, want_len);

    struct rtcp_packet p = only_packet(want, want_len);
    struct rtcp_twcc t;
    CU_ASSERT_EQUAL_FATAL(rtcp_twcc_parse(&p, &t), RTP_OK);
    CU_ASSERT(t.sender_ssrc == 1 && t.media_ssrc == 2 && t.base_seq == 5 && t.status_count == 7);
    CU_ASSERT(t.reference_64ms == 16 && t.feedback_count == 3);
    struct rtcp_twcc_iter iter;
    struct rtcp_twcc_status status;
    rtcp_twcc_iter_init(&iter, &t);
    for (uint16_t i = 0; i < 7; i++) {
        CU_ASSERT_TRUE_FATAL(rtcp_twcc_next(&iter, &status));
        CU_ASSERT_EQUAL(status.seq, 5 + i);
        CU_ASSERT_EQUAL(status.received, arrivals[i] != RTCP_TWCC_LOST);
        CU_ASSERT_EQUAL(status.arrival_us, status.received ? arrivals[i] : 0);
    }
    CU_ASSERT_FALSE(rtcp_twcc_next(&iter, &status));
}

static enum rtp_error parse_hex(const char *hex, struct rtcp_twcc *out)
{
    uint8_t data[256];
    size_t len = unit_hex(hex, data, sizeof data);
    struct rtcp_packet p = {.type = RTCP_RTPFB, .count = RTCP_FMT_TWCC, .body = data, .body_len = len};
    return rtcp_twcc_parse(&p, out);
}

static void chunks_of_every_kind(void)
{
#define HEAD "0000000100000002"
    static const struct {
        const char *body;
        enum rtp_error error;
        size_t deltas_len;
    } rows[] = {
        {HEAD "000000dd00000000"
              "00dd",
         RTP_OK, 0}, /* the draft's run of 221 lost */
        {HEAD "0000000300000000"
              "2003"
              "010203",
         RTP_OK, 3}, /* a run of 3 small */
        {HEAD "0000000200000000"
              "400200010002",
         RTP_OK, 4}, /* a run of 2 large */
        {HEAD "0000000200000000"
              "4002000100",
         RTP_ERR_TRUNCATED, 0},
        {HEAD "0000000e00000000"
              "9f1c"
              "0102030405060708",
         RTP_OK, 8}, /* the draft's one-bit vector */
        {HEAD "0000000e00000000"
              "9f1c"
              "01020304050607",
         RTP_ERR_TRUNCATED, 0},
        {HEAD "0000000300000000"
              "9f1c"
              "0102",
         RTP_OK, 2}, /* symbols beyond the count are nothing */
        {HEAD "0000000700000000"
              "d241"
              "04ffff0102",
         RTP_OK, 5},
        {HEAD "0000000700000000"
              "f241"
              "04ffff0102",
         RTP_ERR_FORMAT, 0}, /* the reserved symbol */
        {HEAD "0000000100000000"
              "6001",
         RTP_ERR_FORMAT, 0},
        {HEAD "0000000100000000"
              "c003"
              "00",
         RTP_OK, 0}, /* reserved, but beyond the count */
        {HEAD "0000000000000000"
              "2000",
         RTP_ERR_FORMAT, 0}, /* no status */
        {HEAD "0000000200000000"
              "000000002002"
              "0101",
         RTP_OK, 2}, /* empty runs say nothing */
        {HEAD "0000ffff00000000"
              "1fff1fff1fff1fff1fff1fff1fff1fff"
              "1fff",
         RTP_OK, 0},
        {HEAD "0000ffff00000000"
              "1fff1fff1fff1fff1fff1fff1fff1fff",
         RTP_ERR_TRUNCATED, 0},
        {HEAD "0000ffff00000000"
              "3fff3fff3fff3fff3fff3fff3fff3fff"
              "3fff",
         RTP_ERR_TRUNCATED, 0},
        {HEAD "0000000100000000", RTP_ERR_TRUNCATED, 0},
        {HEAD "00000001000000", RTP_ERR_TRUNCATED, 0},
        {HEAD, RTP_ERR_TRUNCATED, 0},
        {"00000001000000", RTP_ERR_TRUNCATED, 0},
    };
#undef HEAD
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rtcp_twcc t = {.deltas_len = 0};
        CU_ASSERT_EQUAL(parse_hex(rows[i].body, &t), rows[i].error);
        CU_ASSERT_EQUAL(t.deltas_len, rows[i].deltas_len);
    }
    struct rtcp_twcc t;
    struct rtcp_packet p = {.type = RTCP_RTPFB, .count = RTCP_FMT_NACK};
    CU_ASSERT_EQUAL(rtcp_twcc_parse(&p, &t), RTP_ERR_TYPE);
    p = (struct rtcp_packet){.type = RTCP_PSFB, .count = RTCP_FMT_TWCC};
    CU_ASSERT_EQUAL(rtcp_twcc_parse(&p, &t), RTP_ERR_TYPE);
}

static void the_one_bit_vector_of_the_draft(void)
{
    struct rtcp_twcc t;
    struct rtcp_twcc_iter iter;
    struct rtcp_twcc_status status;
    static const char received[] = "01111100011100";
    uint8_t data[64];
    size_t len = unit_hex("00000001000000020000000e000000009f1c0102030405060708", data, sizeof data);
    struct rtcp_packet p = {.type = RTCP_RTPFB, .count = RTCP_FMT_TWCC, .body = data, .body_len = len};
    CU_ASSERT_EQUAL_FATAL(rtcp_twcc_parse(&p, &t), RTP_OK);
    rtcp_twcc_iter_init(&iter, &t);
    for (size_t i = 0; i < 14; i++) {
        CU_ASSERT_TRUE_FATAL(rtcp_twcc_next(&iter, &status));
        CU_ASSERT_EQUAL(status.received, received[i] == '1');
    }
    CU_ASSERT_EQUAL(status.arrival_us, 0);
}

/* Reports the arrivals in as many packets as it takes and checks every status that comes out. */
static void check_reported(const int64_t *arrivals, size_t count, uint16_t base, size_t cap)
{
    uint8_t *out = malloc(cap);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (size_t at = 0; at < count;) {
        struct bytes_writer w;
        size_t reported = 0;
        bytes_writer_init(&w, out, cap);
        CU_ASSERT_EQUAL_FATAL(rtcp_twcc_write(&w, 1, 2, 0, (uint16_t)(base + at), arrivals + at, count - at, &reported),
                              RTP_OK);
        CU_ASSERT_FATAL(reported >= 1 && reported <= count - at);
        CU_ASSERT_EQUAL(w.len % 4, 0);
        struct rtcp_packet p = only_packet(out, w.len);
        struct rtcp_twcc t;
        struct rtcp_twcc_iter iter;
        struct rtcp_twcc_status status;
        CU_ASSERT_EQUAL_FATAL(rtcp_twcc_parse(&p, &t), RTP_OK);
        CU_ASSERT_EQUAL_FATAL(t.status_count, reported);
        rtcp_twcc_iter_init(&iter, &t);
        for (size_t i = 0; i < reported; i++) {
            CU_ASSERT_TRUE_FATAL(rtcp_twcc_next(&iter, &status));
            CU_ASSERT_EQUAL(status.seq, (uint16_t)(base + at + i));
            CU_ASSERT_EQUAL(status.received, arrivals[at + i] != RTCP_TWCC_LOST);
            if (status.received) {
                int64_t period = (int64_t)PERIOD_64MS * 64000;
                int64_t off = (arrivals[at + i] - status.arrival_us) % period;
                off = off > period / 2 ? off - period : off < -period / 2 ? off + period : off;
                CU_ASSERT(off >= -125 && off <= 125);
            }
        }
        CU_ASSERT_FALSE(rtcp_twcc_next(&iter, &status));
        at += reported;
    }
    free(out);
}

static void arrivals_come_out_as_they_went_in(void)
{
    uint64_t seed = 21;
    static int64_t arrivals[400];
    for (int round = 0; round < 600; round++) {
        size_t count = 1 + unit_random(&seed) % 400;
        int64_t now = (int64_t)(unit_random(&seed) % (UINT64_C(1) << 45));
        unsigned loss = (unsigned)(unit_random(&seed) % 4) * 25;
        unsigned spread = (unsigned)(unit_random(&seed) % 3);
        for (size_t i = 0; i < count; i++) {
            static const uint64_t gaps_us[] = {300, 70000, 2000000};
            now += (int64_t)(unit_random(&seed) % gaps_us[spread]);
            /* some are reordered */
            int64_t arrival = unit_random(&seed) % 10 == 0 && now > 1000 ? now - 1000 : now;
            arrivals[i] = unit_random(&seed) % 100 < loss ? RTCP_TWCC_LOST : arrival;
        }
        check_reported(arrivals, count, (uint16_t)unit_random(&seed), 24 + unit_random(&seed) % 1200);
    }
}

static void long_runs_and_long_gaps(void)
{
    static int64_t arrivals[70000];
    for (size_t i = 0; i < 70000; i++)
        arrivals[i] = RTCP_TWCC_LOST;
    check_reported(arrivals, 70000, 60000, 1200);
    for (size_t i = 0; i < 70000; i++)
        arrivals[i] = (int64_t)i * 250;
    check_reported(arrivals, 70000, 1, 100000);
    /* exactly what a delta can say, and a tick more */
    static const struct {
        int64_t step_ticks;
        size_t reported;
    } rows[] = {{0, 2}, {255, 2}, {256, 2}, {-1, 2}, {32767, 2}, {32768, 1}, {-32768, 2}, {-32769, 1}, {1000000, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int64_t two[] = {64000000, 64000000 + rows[i].step_ticks * 250};
        uint8_t out[64];
        size_t reported = 0;
        struct bytes_writer w;
        bytes_writer_init(&w, out, sizeof out);
        CU_ASSERT_EQUAL(rtcp_twcc_write(&w, 1, 2, 0, 0, two, 2, &reported), RTP_OK);
        CU_ASSERT_EQUAL(reported, rows[i].reported);
        check_reported(two, 2, 0, 100);
    }
}

static void what_cannot_be_reported_is_refused(void)
{
    uint8_t out[64];
    size_t reported = 9;
    struct bytes_writer w;
    int64_t arrivals[] = {100, -1};
    bytes_writer_init(&w, out, sizeof out);
    CU_ASSERT_EQUAL(rtcp_twcc_write(&w, 1, 2, 0, 0, arrivals, 0, &reported), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(rtcp_twcc_write(&w, 1, 2, 0, 0, arrivals, 2, &reported), RTP_ERR_ARGUMENT);
    for (size_t cap = 0; cap < 24; cap++) {
        bytes_writer_init(&w, out, cap);
        CU_ASSERT_EQUAL(rtcp_twcc_write(&w, 1, 2, 0, 0, arrivals, 1, &reported), RTP_ERR_SPACE);
        CU_ASSERT_EQUAL(w.len, 0);
    }
    CU_ASSERT_EQUAL(reported, 9);
    bytes_writer_init(&w, out, 24);
    CU_ASSERT_EQUAL(rtcp_twcc_write(&w, 1, 2, 0, 0, arrivals, 1, &reported), RTP_OK);
    CU_ASSERT_EQUAL(reported, 1);
}

static const struct unit_test tests[] = {
    {"feedback worked by hand, both ways", feedback_worked_by_hand},
    {"chunks of every kind, lying counts, missing deltas", chunks_of_every_kind},
    {"the draft's one-bit vector", the_one_bit_vector_of_the_draft},
    {"arrivals come out as they went in, to 125 us", arrivals_come_out_as_they_went_in},
    {"long runs and long gaps", long_runs_and_long_gaps},
    {"what cannot be reported is refused", what_cannot_be_reported_is_refused},
};
UNIT_MAIN("rtp.rtcp_twcc", tests)
