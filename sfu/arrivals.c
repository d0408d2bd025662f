#include "arrivals.h"

#include <string.h>

void sfu_arrivals_note(struct sfu_arrivals *a, uint16_t seq, uint32_t ssrc, uint64_t now_us)
{
    bool first = !a->unwrapper.started;
    int64_t n = rtp_seq_unwrap(&a->unwrapper, seq);
    if (first || n - a->base >= SFU_ARRIVALS_MAX) {
        /* a jump this far tells nothing about what lies between */
        a->base = n;
        a->count = 0;
    }
    if (n < a->base)
        return;
    size_t at = (size_t)(n - a->base);
    while (a->count <= at)
        a->at_us[a->count++] = RTCP_TWCC_LOST;
    if (a->at_us[at] == RTCP_TWCC_LOST)
        a->at_us[at] = (int64_t)now_us;
    a->media_ssrc = ssrc;
}

bool sfu_arrivals_write(struct sfu_arrivals *a, uint32_t sender_ssrc, struct bytes_writer *w)
{
    size_t reported = 0;
    if (a->count == 0 || rtcp_twcc_write(w, sender_ssrc, a->media_ssrc, a->reports, (uint16_t)(uint64_t)a->base,
                                         a->at_us, a->count, &reported) != RTP_OK)
        return false;
    a->reports++;
    a->base += (int64_t)reported;
    a->count -= reported;
    memmove(a->at_us, a->at_us + reported, a->count * sizeof a->at_us[0]);
    return true;
}
