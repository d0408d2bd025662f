/* Asking the sender for a key frame: an upstream force-key-unit event (a PLI, once it reaches an RTP session), not more
 * often than the stream can use it. */
#ifndef GST_KEYUNIT_H
#define GST_KEYUNIT_H

#include <gst/gst.h>

enum { KEY_UNIT_INTERVAL_MS = 500 };

struct key_unit {
    gint64 last_us; /* monotonic; 0: never asked */
};

/* Sends the event from this sink pad, unless one was sent less than KEY_UNIT_INTERVAL_MS ago. TRUE if it was sent. */
gboolean key_unit_request(struct key_unit *k, GstPad *sinkpad);

#endif
