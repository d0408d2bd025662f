/* What sframedec attaches to the frames that it opened, for gstsotto/frame.h. */
#ifndef GST_FRAMEMETA_H
#define GST_FRAMEMETA_H

#include <gst/gst.h>

/* To a buffer that is writable. In place of what was attached before. */
void frame_meta_set(GstBuffer *buffer, guint64 kid, guint64 ctr);

#endif
