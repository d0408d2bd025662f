/* A frame's bytes in one piece, to work on in place. */
#ifndef GST_FRAMEMAP_H
#define GST_FRAMEMAP_H

#include <gst/gst.h>

/* Maps the whole of a buffer that is writable, for reading and writing; gst_buffer_unmap ends it. FALSE if that cannot
 * be done, also where gst_buffer_map says that it was: with several memories that cannot be made one it gives an empty
 * piece (GStreamer 1.22), and a frame of which nothing was sealed would keep its bytes. */
gboolean frame_map(GstBuffer *frame, GstMapInfo *map);

#endif
