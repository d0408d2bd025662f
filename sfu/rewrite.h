/* How a slot's stream is numbered (DESIGN: "Rewriting a slot"): sequence numbers, timestamps and the Dependency
 * Descriptor's numbers stay one steady stream for the receiver, whatever sources fill the slot in turn.
 *
 * Between two switches every mapping is an addition. At a switch the new source continues where the old one ended. */
#ifndef SFU_REWRITE_H
#define SFU_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp/dd.h"
#include "rtp/seq.h"
#include "window.h"

/* How far a slot's numbers may run ahead of what is sent. A receiver that loses a step of 2^15 or more guesses the SRTP
 * rollover counter wrong (RFC 3711 section 3.3.1) and opens nothing from then on; before gaps add up to that, its
 * consent (30 s) is over. */
enum {
    SFU_GAP_CREDIT_MAX = 512, /* numbers missing at once: NACKs ask for half as many */
    SFU_GAP_RATE = 1000,      /* numbers missing a second */
};

struct sfu_rewrite {
    uint32_t clock_rate;
    bool started; /* a source was switched in, ever */

    int64_t in_first;          /* the source's number at the switch; earlier ones belong to nobody */
    int64_t in_highest;        /* of this source */
    int64_t out_first;         /* what in_first became */
    int64_t out_highest;       /* of all sources */
    struct sfu_window skipped; /* the source's numbers that were left out on purpose */
    int64_t skipped_count;
    struct sfu_window sent; /* numbers given out: none is ever given out twice */
    uint32_t gap_credit;    /* how many more may stay out, whatever the source */
    uint64_t gap_us;        /* up to when the credit has grown */

    uint32_t ts_offset;
    uint32_t ts_highest;
    uint64_t ts_highest_us; /* when the packet with ts_highest came */

    bool dd_started;
    uint16_t frame_offset;
    uint16_t frame_highest;
    uint8_t template_shift;
    uint8_t template_end; /* one past the last template id given out */
};

/* Starts a slot whose first packet shall have these numbers. */
void sfu_rewrite_init(struct sfu_rewrite *rw, uint16_t first_seq, uint32_t first_ts);

/* Lets a source in: its packet in_seq (extended by the source's own unwrapper) with timestamp in_ts comes next.
 * The timestamp advances by the time since the last frame, by one tick at least. */
void sfu_rewrite_switch(struct sfu_rewrite *rw, int64_t in_seq, uint32_t in_ts, uint32_t clock_rate, uint64_t now_us);
/* The same for the Dependency Descriptor of a key frame: the frame number continues at the highest plus one, and the
 * structure's template ids move to a range apart from the one before. */
void sfu_rewrite_switch_dd(struct sfu_rewrite *rw, uint16_t in_frame, const struct dd_structure *structure);
/* The same source sends a structure again: its ids have to stay clear of the next switch. */
void sfu_rewrite_structure(struct sfu_rewrite *rw, const struct dd_structure *structure);

/* Whether in_seq may be numbered as the source does, with a gap for what has not come. If so the gap is charged, and
 * the number has to be taken by sfu_rewrite_seq next; what fills a gap later is credited. False: the gap is farther
 * than losses explain; the source has to be switched in anew, which closes it. */
bool sfu_rewrite_follows(struct sfu_rewrite *rw, int64_t in_seq, uint64_t now_us);
/* The outgoing number of in_seq. False if it must not be sent: from before the switch, left out before, too late, or
 * sent already. */
bool sfu_rewrite_seq(struct sfu_rewrite *rw, int64_t in_seq, int64_t *out_seq);
/* Leaves in_seq out on purpose: the numbers after it close up. What was lost on the way stays a gap. */
void sfu_rewrite_skip(struct sfu_rewrite *rw, int64_t in_seq);

uint32_t sfu_rewrite_ts(struct sfu_rewrite *rw, uint32_t in_ts, uint64_t now_us);

/* Rewrites a descriptor data[0..len) into out[0..cap). structure is the one in force at the source, NULL if this
 * descriptor cannot be read (its structure was lost and may yet come): then only its frame number and template id
 * change. targets: the decode targets still forwarded, put in where the frame carries a structure or a bitmask;
 * 0: all. False if the result does not fit or the descriptor is too short. */
bool sfu_rewrite_dd(struct sfu_rewrite *rw, const uint8_t *data, size_t len, const struct dd_structure *structure,
                    uint32_t targets, uint8_t *out, size_t cap, size_t *out_len);
/* What an incoming frame number becomes. */
uint16_t sfu_rewrite_frame(const struct sfu_rewrite *rw, uint16_t in_frame);

#endif
