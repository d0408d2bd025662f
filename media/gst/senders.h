/* What one sframedec knows of those it hears: the streams it has opened frames of, and the KIDs it could not open.
 * Both tables are bounded, and only what authenticated enters the first. */
#ifndef GST_SENDERS_H
#define GST_SENDERS_H

#include <gst/gst.h>

#include "sotto/sframe.h"

enum {
    SENDERS_MAX = 64,
    REFUSED_MAX = 16, /* KIDs reported; further ones are only counted */
    SENDER_NAME_MAX = 64,
};

struct sender {
    guint64 kid;
    guint64 id; /* sframe_opened.sender: one value per sender */
    guint context;
    guint8 codec;
    guint64 opened;
    guint64 failed;   /* frames under this KID that did not authenticate */
    guint64 heard_at; /* count of all frames opened when its last one was */
    gchar name[SENDER_NAME_MAX + 1];
};

struct senders {
    struct sender list[SENDERS_MAX];
    guint count;
    guint64 opened; /* frames, of all of them */
    guint64 refused[REFUSED_MAX];
    guint refused_count;
};

enum sender_news { SENDER_KNOWN, SENDER_NEW, SENDER_RENAMED };

/* Counts an opened frame for its stream and says what is new. *sender is the entry. In a full table a new stream takes
 * the place of the one not heard for longest, which is new again if it comes back. A name that is no UTF-8 is left out,
 * control characters are replaced. */
enum sender_news senders_opened(struct senders *all, const struct sframe_opened *opened, const struct sender **sender);
/* Counts a frame that did not authenticate. TRUE if frames of this KID were opened before. */
gboolean senders_failed(struct senders *all, guint64 kid);
/* TRUE once per KID, for as many KIDs as are reported at all. */
gboolean senders_report(struct senders *all, guint64 kid);
/* The entry as structure sotto-sframe-sender: kid, sender (guint64), kind, codec, name (string), layer (guint), opened,
 * failed (guint64). Transfer full. */
GstStructure *senders_structure(const struct sender *sender);

#endif
