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

#endif
