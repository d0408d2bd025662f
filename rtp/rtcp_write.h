/* Frames one RTCP packet around what a *_write function puts between. */
#ifndef RTP_RTCP_WRITE_H
#define RTP_RTCP_WRITE_H

#include "rtp/rtcp.h"

/* Writes the header and returns where the packet began. */
size_t rtcp_begin(struct bytes_writer *w, uint8_t type, uint8_t count);
/* Fills the length in (the body is a multiple of 4 by now). If anything did not fit, the writer's length is what it was
 * before rtcp_begin and RTP_ERR_SPACE is returned; a body over 65535 words is RTP_ERR_ARGUMENT and taken back too. */
SOTTO_MUST_CHECK enum rtp_error rtcp_end(struct bytes_writer *w, size_t begin);

#endif
