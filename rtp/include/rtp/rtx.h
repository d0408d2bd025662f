/* Retransmission packets (RFC 4588 section 4): the payload begins with the original sequence number (OSN). */
#ifndef RTP_RTX_H
#define RTP_RTX_H

#include "rtp/packet.h"

enum { RTP_RTX_OSN_LEN = 2 };

/* What a retransmission carries; payload borrows from the packet. */
struct rtp_rtx {
    uint16_t osn;
    const uint8_t *payload; /* the original payload */
    size_t payload_len;
};

/* Reads the OSN of a packet known (by payload type or SSRC) to be a retransmission. A packet of padding alone, which
 * senders use for probing, has none.
 * Errors: RTP_ERR_TRUNCATED (fewer than two payload bytes). */
SOTTO_MUST_CHECK enum rtp_error rtp_rtx_parse(const struct rtp_packet *packet, struct rtp_rtx *out);

/* Writes the retransmission of a packet: the header (with the RTX stream's own pt, seq and ssrc, and the original's
 * timestamp, marker and extensions), the OSN, the original payload. payload may lie in out.
 * Errors: as rtp_packet_write. */
SOTTO_MUST_CHECK enum rtp_error rtp_rtx_write(const struct rtp_header *header, uint16_t osn, const uint8_t *payload,
                                              size_t payload_len, uint8_t *out, size_t cap, size_t *len);

#endif
