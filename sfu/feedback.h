/* RTCP from the peers: sender reports and goodbyes of publishers; receiver reports, NACKs, key frame requests and
 * transport-wide feedback of subscribers. */
#ifndef SFU_FEEDBACK_H
#define SFU_FEEDBACK_H

#include "peer.h"

/* Takes one compound packet. Every packet in it is about sources or slots of this peer, or is ignored. */
void sfu_feedback_receive(struct sfu_peer *peer, const uint8_t *data, size_t len, uint64_t now_us);

#endif
