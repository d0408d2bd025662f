/* One packet of a compound, from bytes or hex. */
#ifndef TESTS_RTCP_TEXT_H
#define TESTS_RTCP_TEXT_H

#include "rtp/rtcp.h"
#include "unit.h"

/* The only packet in data; anything else ends the test. */
static inline struct rtcp_packet only_packet(const uint8_t *data, size_t len)
{
    struct rtcp_iter iter;
    struct rtcp_packet packet;
    struct rtcp_packet more;
    rtcp_iter_init(&iter, data, len);
    CU_ASSERT_TRUE_FATAL(rtcp_next(&iter, &packet));
    CU_ASSERT_FALSE_FATAL(rtcp_next(&iter, &more));
    CU_ASSERT_EQUAL_FATAL(iter.error, RTP_OK);
    return packet;
}

#endif
