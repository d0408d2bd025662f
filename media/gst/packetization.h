/* How a sealed frame is laid out in RTP payloads; both sides must agree on it out of band. */
#ifndef GST_PACKETIZATION_H
#define GST_PACKETIZATION_H

#include <gst/gst.h>

typedef enum {
    SOTTO_PACKETIZATION_RAW,    /* the bare fragment */
    SOTTO_PACKETIZATION_SFRAME, /* one descriptor byte S E T x x x x x, then the fragment */
} SottoPacketization;

#define SOTTO_TYPE_PACKETIZATION (sotto_packetization_get_type())
GType sotto_packetization_get_type(void);

/* The descriptor byte of draft-ietf-avtcore-rtp-sframe-02, section 4. T says what was sealed: 0 is a whole encoded
 * frame, 1 an RTP payload (not made here, refused when received). */
enum {
    SOTTO_DESCRIPTOR_START = 0x80,
    SOTTO_DESCRIPTOR_END = 0x40,
    SOTTO_DESCRIPTOR_PER_PACKET = 0x20,
};

enum {
    /* with RTP header, header extensions, SRTP and RTX a packet then stays below 1200 bytes or so */
    SOTTO_FRAGMENT_MAX = 1150,
    /* what is kept free of the MTU for the fixed RTP header and header extensions */
    SOTTO_RTP_OVERHEAD = 12 + 36,
};

#endif
