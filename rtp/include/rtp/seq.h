/* Numbers that wrap: 16-bit sequence numbers and 32-bit timestamps (RFC 3550 section 5.1, RFC 1982 arithmetic). */
#ifndef RTP_SEQ_H
#define RTP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far a is ahead of b, -32768 to 32767; exactly half way round counts as behind. */
int16_t rtp_seq_diff(uint16_t a, uint16_t b);
/* True if a comes after b. */
bool rtp_seq_newer(uint16_t a, uint16_t b);
/* The same for timestamps. */
int32_t rtp_ts_diff(uint32_t a, uint32_t b);
bool rtp_ts_newer(uint32_t a, uint32_t b);

/* Extends 16-bit sequence numbers to 64 bits, relative to the highest one so far. Zero-initialise. */
struct rtp_seq_unwrapper {
    bool started;
    int64_t highest;
};

/* The extended number without remembering it: for a packet not yet authenticated. The first one is the number itself;
 * one that comes before it in a later packet is negative if it wrapped. */
int64_t rtp_seq_peek(const struct rtp_seq_unwrapper *u, uint16_t seq);
/* The extended number; a higher one becomes the new reference. */
int64_t rtp_seq_unwrap(struct rtp_seq_unwrapper *u, uint16_t seq);

/* Extends 32-bit timestamps to 64 bits in the same way. Zero-initialise. */
struct rtp_ts_unwrapper {
    bool started;
    int64_t highest;
};

int64_t rtp_ts_peek(const struct rtp_ts_unwrapper *u, uint32_t ts);
int64_t rtp_ts_unwrap(struct rtp_ts_unwrapper *u, uint32_t ts);

#endif
