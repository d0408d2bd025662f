/* What is known of a frame that sframedec has opened, beside its content. */
#ifndef GSTSOTTO_FRAME_H
#define GSTSOTTO_FRAME_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* The KID and the counter of the frame in this buffer. Both were authenticated with it: who sealed it under which key
 * (docs/frame-format.md) and as which of its frames. FALSE if it does not come from sframedec. */
gboolean sotto_frame_origin(GstBuffer *buffer, guint64 *kid, guint64 *ctr);

G_END_DECLS

#endif
