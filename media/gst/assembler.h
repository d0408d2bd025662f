/* From packets in sequence order to frames: which packets start, continue and end a frame, and what a gap breaks.
 *
 * A lost packet costs its own frame and no other. Where the packets say start and end themselves (descriptor byte,
 * Dependency Descriptor) that is exact. Where only marker and timestamp are known, the start of a frame behind a gap
 * may be a guess; such a frame is given out as uncertain, and opening it tells (a partial frame never authenticates).
 * Payloads are shared, not copied, until a frame is complete. */
#ifndef GST_ASSEMBLER_H
#define GST_ASSEMBLER_H

#include <gst/base/gstadapter.h>
#include <gst/gst.h>

/* What the packets say of their frame; the first one's counts. */
struct assembler_info {
    gboolean key_known;
    gboolean key;
    gboolean layered; /* the three below are known */
    guint16 frame_number;
    guint8 spatial_id, temporal_id;
};

struct assembler_packet {
    guint32 timestamp;  /* RTP */
    guint lost_before;  /* packets missing between this one and the one before; 0: contiguous */
    gboolean delimited; /* start and end are said by the packet; else they are derived from marker and timestamp */
    gboolean start;
    gboolean end; /* of a packet not delimited: the marker */
    struct assembler_info info;
    GstClockTime pts, dts;
    GstBuffer *payload; /* transfer full */
};

struct assembler_frame {
    GstBuffer *buffer; /* transfer full; timestamps of its first packet */
    gboolean uncertain;
    struct assembler_info info;
};

enum { ASSEMBLER_FRAGMENTS_MAX = 16384 /* of a frame: very small ones must not cost more memory than they say */ };

struct assembler {
    GstAdapter *fragments;
    guint fragment_count; /* of the open frame */
    gsize max_bytes;      /* a longer frame is dropped */
    gboolean assembling;  /* a frame is open */
    gboolean after_end;   /* the packet before this one ended a frame */
    gboolean seen;        /* a packet has been seen since the reset */
    guint32 timestamp;    /* of the packet before */
    gboolean broken_here; /* the frame of that timestamp lost a packet: what is left of it is skipped */
    GstClockTime pts, dts;
    gboolean uncertain;
    struct assembler_info info;
    guint64 dropped; /* frames given up */
};

void assembler_init(struct assembler *a);
void assembler_clear(struct assembler *a);
/* Forgets an open frame and all knowledge of the stream (flush, new SSRC). */
void assembler_reset(struct assembler *a);
/* Takes the next packet. TRUE if it completed a frame, which is then in *frame. */
gboolean assembler_push(struct assembler *a, const struct assembler_packet *packet, struct assembler_frame *frame);

#endif
