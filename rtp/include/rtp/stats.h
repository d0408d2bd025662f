/* Reception statistics of one source for receiver reports (RFC 3550 section 6.4.1, appendices A.1, A.3, A.8). */
#ifndef RTP_STATS_H
#define RTP_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp/rtcp.h"

struct rtp_stats {
    uint32_t clock_rate_hz;
    bool started;
    bool has_transit;
    uint16_t max_seq;
    uint16_t bad_seq; /* the number that would confirm that the source restarted */
    bool bad_seq_set;
    uint64_t cycles; /* wraps, times 65536 */
    uint32_t base_seq;
    uint64_t received;
    uint64_t expected_prior;
    uint64_t received_prior;
    uint32_t transit;
    uint64_t jitter_q4; /* in timestamp units, times 16 */
    uint64_t last_sr_us;
    uint32_t last_sr; /* the middle 32 bits of the last sender report's NTP time */
    bool has_sr;
};

/* Starts a source; clock_rate_hz is its RTP clock (0 counts as 1: jitter means nothing then). */
void rtp_stats_init(struct rtp_stats *s, uint32_t clock_rate_hz);
/* Counts a packet that arrived at now_us (any monotonic clock). Only authenticated packets may come here. A jump of
 * 3000 or more is not believed until the packet after it confirms that the source restarted (A.1).
 * Returns false if the packet was not counted. */
bool rtp_stats_receive(struct rtp_stats *s, uint16_t seq, uint32_t ts, uint64_t now_us);
/* Notes a sender report of this source that arrived at now_us. */
void rtp_stats_sender_report(struct rtp_stats *s, uint64_t ntp, uint64_t now_us);
/* Fills a report block and starts a new interval for the fraction lost. False (nothing written) if no packet came yet.
 */
bool rtp_stats_report(struct rtp_stats *s, uint32_t ssrc, uint64_t now_us, struct rtcp_report *out);

#endif
