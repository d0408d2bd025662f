/* What the plugin's tests share: the elements registered, frames of known content, and a path that loses packets. */
#ifndef TESTS_GSTUTIL_H
#define TESTS_GSTUTIL_H

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include "unit.h"

#define DD_EXTMAP                                                                                                      \
    "extmap-5=(string)\"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\""

/* gst_init and the elements, once. */
void gstutil_init(void);

/* A frame of len bytes that depend on seed. */
GstBuffer *gstutil_frame(guint seed, gsize len, GstClockTime pts, gboolean key);

/* Appends memory that cannot be mapped, as that of some devices: the frame cannot be had in one piece. */
GstBuffer *gstutil_half_nowhere(GstBuffer *frame);

/* Every buffer that a harness has put out so far. Free with g_ptr_array_unref. */
GPtrArray *gstutil_pull_all(GstHarness *h);
/* TRUE if both hold the same bytes. */
gboolean gstutil_same_bytes(GstBuffer *a, GstBuffer *b);

/* Fields of an RTP packet. */
guint16 gstutil_seq(GstBuffer *packet);
guint32 gstutil_timestamp(GstBuffer *packet);
gboolean gstutil_marker(GstBuffer *packet);

/* What happens to packets on their way. */
struct gstutil_path {
    guint loss_percent;
    guint duplicate_percent;
    guint reorder_span; /* packets but the first are displaced by less than this */
    guint64 seed;
};

/* The packets that arrive, in order of arrival (new references). arrived[i]: packet i came through. */
GPtrArray *gstutil_send(const struct gstutil_path *path, GPtrArray *packets, gboolean *arrived);

/* --- Around sframeenc and sframedec --- */

#define KEY "00112233445566778899aabbccddeeff"
#define VP8 "video/x-vp8, width=(int)640, height=(int)360"
#define SEALED_VP8 "application/x-sframe, original-media-type=(string)video/x-vp8, width=(int)640, height=(int)360"
#define OPUS "audio/x-opus, rate=(int)48000, channels=(int)2, channel-mapping-family=(int)0"
#define SEALED_OPUS                                                                                                    \
    "application/x-sframe, original-media-type=(string)audio/x-opus, rate=(int)48000, channels=(int)2, "               \
    "channel-mapping-family=(int)0"

/* A VP8 frame as far as these elements look: the low bit of its first byte says whether it is a key frame. */
GstBuffer *gstutil_vp8_frame(guint seed, gsize len, gboolean key);
/* Around one element, h->element, or a chain of them. */
GstHarness *gstutil_harness(const char *line, const char *caps);
/* Pushes a frame (transfer full); what comes out at once, or NULL. */
GstBuffer *gstutil_push_one(GstHarness *h, GstBuffer *frame);
/* A count of the element's stats property. */
guint64 gstutil_stat(GstHarness *h, const char *name);
/* Collects the element's messages until gstutil_unwatch. */
GstBus *gstutil_watch(GstHarness *h);
void gstutil_unwatch(GstHarness *h, GstBus *bus);
/* Takes all messages and counts those of a type (and name, if not NULL); the last one's structure goes to *last, if
 * that is not NULL. */
guint gstutil_count_messages(GstBus *bus, GstMessageType type, const char *name, GstStructure **last);
/* Takes all upstream events and counts the requests for a key frame. */
guint gstutil_key_unit_requests(GstHarness *h);

#endif
