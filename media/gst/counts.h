/* What has become of the frames that came to a decoder. */
#ifndef GST_COUNTS_H
#define GST_COUNTS_H

#include "senders.h"

struct counts {
    guint64 opened, failed, replayed, late, no_key, refused, incomplete;
    guint64 held, expired, overflowed; /* the latter two are in no_key, too */
};

/* Counts a frame that was refused for this (enum sframe_error). */
void counts_refused(struct counts *counts, int error);
/* Structure sotto-sframedec-stats: these, and senders, an array. Transfer full. */
GstStructure *counts_structure(const struct counts *counts, const struct senders *senders);

#endif
