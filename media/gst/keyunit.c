#include "keyunit.h"

#include <gst/video/video.h>

gboolean key_unit_request(struct key_unit *k, GstPad *sinkpad)
{
    gint64 now_us = g_get_monotonic_time();

    if (k->last_us != 0 && now_us - k->last_us < k->interval_ms * G_TIME_SPAN_MILLISECOND)
        return FALSE;
    k->interval_ms = k->last_us == 0 ? KEY_UNIT_INTERVAL_MS : MIN(2 * k->interval_ms, KEY_UNIT_INTERVAL_MAX_MS);
    k->last_us = now_us;
    return gst_pad_push_event(sinkpad, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void key_unit_hasten(struct key_unit *k)
{
    k->interval_ms = KEY_UNIT_INTERVAL_MS;
}

void key_unit_reset(struct key_unit *k)
{
    *k = (struct key_unit){0};
}
