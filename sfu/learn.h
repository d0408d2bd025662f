/* Which layer an SSRC belongs to that a publisher has not used before: by the offer, by MID and RID, or by a payload
 * type that only one m-line has (RFC 8843 section 9.2). */
#ifndef SFU_LEARN_H
#define SFU_LEARN_H

#include "source.h"

/* Binds the SSRCs that the offer declares for this layer's m-line, unless another peer of the room owns them. */
void sfu_learn_declared(struct sfu_layer *layer);

/* Finds the layer for a packet with an unknown SSRC, which nobody else of the room owns, and binds the SSRC to it.
 * *is_rtx tells whether as its retransmissions. NULL if the packet does not say where it belongs. */
struct sfu_layer *sfu_learn(struct sfu_peer *peer, const struct rtp_packet *packet, uint64_t now_us, bool *is_rtx);

#endif
