/* Asking the sender for a key frame: an upstream force-key-unit event (a PLI, once it reaches an RTP session), not more
 * often than the stream can use it. */
#ifndef GST_KEYUNIT_H
#define GST_KEYUNIT_H

#include <gst/gst.h>

enum { KEY_UNIT_INTERVAL_MS = 500, KEY_UNIT_INTERVAL_MAX_MS = 8000 };

struct key_unit {
    gint64 last_us;    /* monotonic; 0: never asked */
    guint interval_ms; /* until the next request may go out */
};

/* Sends the event from this sink pad, unless the one before was too short a time ago. From request to request the time
 * doubles, up to KEY_UNIT_INTERVAL_MAX_MS: who can make nothing of key frames must not ask for them for ever. TRUE if
 * it was sent. */
gboolean key_unit_request(struct key_unit *k, GstPad *sinkpad);
/* The time until the next request is KEY_UNIT_INTERVAL_MS again. */
void key_unit_hasten(struct key_unit *k);
/* A key frame was of use: the next request may go out at once. */
void key_unit_reset(struct key_unit *k);

#endif
