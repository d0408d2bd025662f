/* What is said of a frame that cannot be opened. */
#ifndef GST_REFUSAL_H
#define GST_REFUSAL_H

#include <gst/gst.h>

#include "codecs.h"

/* What there is to know of a frame before opening overwrites it. */
struct glimpse {
    guint64 kid;    /* 0 if there is no header */
    gboolean plain; /* it looks like media that were never encrypted */
};

struct glimpse refusal_glimpse(const struct sotto_codec *codec, const guint8 *frame, gsize len);
/* Errors (enum sframe_error) that another key might have spared. */
gboolean refusal_wants_key(int error);
/* A replayed or late frame is everyday life on a network; everything else is worth a word. */
gboolean refusal_worth_a_report(int error);
/* Once per KID: a warning that people understand, and an element message for programs. */
void refusal_report(GstElement *element, int error, const struct glimpse *glimpse);

#endif
