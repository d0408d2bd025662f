#include "rtp/rtx.h"

#include <string.h>

#include "unit.h"

static void a_retransmission_carries_the_original(void)
{
    uint8_t out[64];
    size_t len;
    struct rtp_packet p;
    struct rtp_rtx rtx;
    const struct rtp_header h = {.marker = true, .pt = 97, .seq = 5, .ts = 1000, .ssrc = 0x99};
    CU_ASSERT_EQUAL_FATAL(rtp_rtx_write(&h, 0xfffe, (const uint8_t *)"abc", 3, out, sizeof out, &len), RTP_OK);
    uint8_t want[17];
    unit_hex("80e10005000003e800000099fffe616263", want, sizeof want);
    unit_assert_bytes("retransmission", out, len, want, sizeof want);
    CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(out, len, &p), RTP_OK);
    CU_ASSERT_EQUAL_FATAL(rtp_rtx_parse(&p, &rtx), RTP_OK);
    CU_ASSERT_EQUAL(rtx.osn, 0xfffe);
    unit_assert_bytes("payload", rtx.payload, rtx.payload_len, (const uint8_t *)"abc", 3);
}

static void short_payloads_have_no_number(void)
{
    const uint8_t bytes[2] = {0x12, 0x34};
    struct rtp_rtx rtx = {.osn = 7};
    for (size_t n = 0; n < 2; n++) {
        const struct rtp_packet p = {.payload = bytes, .payload_len = n, .padding_len = 1};
        CU_ASSERT_EQUAL(rtp_rtx_parse(&p, &rtx), RTP_ERR_TRUNCATED);
        CU_ASSERT_EQUAL(rtx.osn, 7);
    }
    const struct rtp_packet p = {.payload = bytes, .payload_len = 2};
    CU_ASSERT_EQUAL_FATAL(rtp_rtx_parse(&p, &rtx), RTP_OK);
    CU_ASSERT_EQUAL(rtx.osn, 0x1234);
    CU_ASSERT_EQUAL(rtx.payload_len, 0);
}

static void the_payload_may_lie_in_the_output(void)
{
    const struct rtp_header h = {.pt = 97};
    for (size_t at = 0; at < 30; at++) {
        uint8_t out[48] = {0};
        size_t len;
        struct rtp_packet p;
        struct rtp_rtx rtx;
        memcpy(out + at, "0123456789abcdef", 16);
        CU_ASSERT_EQUAL_FATAL(rtp_rtx_write(&h, 1, out + at, 16, out, sizeof out, &len), RTP_OK);
        CU_ASSERT_EQUAL_FATAL(rtp_packet_parse(out, len, &p), RTP_OK);
        CU_ASSERT_EQUAL_FATAL(rtp_rtx_parse(&p, &rtx), RTP_OK);
        unit_assert_bytes("payload", rtx.payload, rtx.payload_len, (const uint8_t *)"0123456789abcdef", 16);
    }
}

static void room_is_checked(void)
{
    struct rtp_header h = {.pt = 97};
    uint8_t out[17] = {0};
    size_t len = 3;
    for (size_t cap = 0; cap < 17; cap++)
        CU_ASSERT_EQUAL(rtp_rtx_write(&h, 1, (const uint8_t *)"abc", 3, out, cap, &len), RTP_ERR_SPACE);
    CU_ASSERT_EQUAL(rtp_rtx_write(&h, 1, out, SIZE_MAX, out, sizeof out, &len), RTP_ERR_SPACE);
    h.pt = 200;
    CU_ASSERT_EQUAL(rtp_rtx_write(&h, 1, (const uint8_t *)"abc", 3, out, sizeof out, &len), RTP_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(len, 3);
}

static const struct unit_test tests[] = {
    {"a retransmission carries the original's number and payload", a_retransmission_carries_the_original},
    {"a payload under two bytes has no number", short_payloads_have_no_number},
    {"the payload may lie in the output", the_payload_may_lie_in_the_output},
    {"room and arguments are checked", room_is_checked},
};
UNIT_MAIN("rtp.rtx", tests)
