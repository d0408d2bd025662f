/* When a publisher's packets came, by their transport-wide numbers: what its congestion control is told.
 * Zero-initialise. */
#ifndef SFU_ARRIVALS_H
#define SFU_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/rtcp.h"
#include "rtp/seq.h"

enum {
    SFU_ARRIVALS_MAX = 512, /* numbers between two reports; older ones are forgotten */
    SFU_ARRIVALS_REPORT_US = 50000,
};

struct sfu_arrivals {
    struct rtp_seq_unwrapper unwrapper;
    int64_t base; /* the first number not reported yet */
    size_t count; /* numbers from base on that are known of, lost ones included */
    int64_t at_us[SFU_ARRIVALS_MAX];
    uint32_t media_ssrc;
    uint8_t reports;
};

void sfu_arrivals_note(struct sfu_arrivals *a, uint16_t seq, uint32_t ssrc, uint64_t now_us);
/* Appends one feedback packet about as many numbers as fit. False if there is nothing to report or no room. */
bool sfu_arrivals_write(struct sfu_arrivals *a, uint32_t sender_ssrc, struct bytes_writer *w);

#endif
