/* Puts packets back into sequence order and drops duplicates, where no jitter buffer has done so.
 *
 * A packet that is missing is waited for until the window behind it is full; it is then counted as lost. With a window
 * of 0 nothing waits: a packet older than the newest is dropped. Bounded by REORDER_WINDOW_MAX packets. */
#ifndef GST_REORDER_H
#define GST_REORDER_H

#include <glib.h>

enum { REORDER_WINDOW_MAX = 256 };

struct reorder {
    guint window; /* packets, 0 to REORDER_WINDOW_MAX */
    gboolean started;
    guint16 next;  /* the sequence number that comes out next */
    guint waiting; /* packets held */
    guint lost;    /* numbers skipped since the last packet came out */
    gpointer slots[REORDER_WINDOW_MAX];
    GDestroyNotify destroy;
    guint64 late; /* packets dropped as duplicate or too late */
};

void reorder_init(struct reorder *r, GDestroyNotify destroy);
/* Drops what is held and starts anew with the next packet. */
void reorder_reset(struct reorder *r);
/* Takes a packet (transfer full); it is destroyed if it is a duplicate or too late. A number far from all others is a
 * sender that started anew: what was held is dropped, and the packet comes out as if one before it were missing. */
void reorder_push(struct reorder *r, guint16 seq, gpointer packet);
/* The next packet in order (transfer full), or NULL if one must be waited for. *lost: numbers missing before it.
 * drain: wait for nothing (end of stream). */
gpointer reorder_pop(struct reorder *r, gboolean drain, guint *lost);

#endif
