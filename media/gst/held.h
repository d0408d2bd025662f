/* Frames that came before the keys of their epoch: kept for a moment, within bounds for each sender's leaf and for all
 * together, and given back in the order they came in.
 *
 * Nothing in such a frame is authenticated yet, so whoever can send packets can fill this; hence the bounds, and that
 * frames which can be opened never wait for these. Time is a parameter; one thread at a time. */
#ifndef GST_HELD_H
#define GST_HELD_H

#include <gst/gst.h>

enum {
    HELD_MS = 500,
    /* of one leaf: what it sends in that time at some 20 Mbit/s, and as sound and pictures in several layers */
    HELD_LEAF_FRAMES = 128,
    HELD_LEAF_BYTES = 1 << 20,
    HELD_FRAMES = 1024,
    HELD_BYTES = 8 << 20,
};

/* Who put frames in, and takes them out: one decoder. Zeroed at first. */
struct held_owner {
    guint frames;           /* that it has in here */
    guint64 expired;        /* frames that were given up since it last asked */
    guint64 expired_newest; /* KID of the newest of those */
};

struct held {
    GQueue frames; /* struct held_frame, in order of arrival */
    gsize bytes;
};

void held_init(struct held *held);
/* Lets every frame go; their owners are not told. */
void held_clear(struct held *held);
/* Keeps a frame until now_ms + HELD_MS. TRUE: buffer is taken over. FALSE: there is no room; it stays the caller's.
 * Counted are the bytes that the buffer keeps in memory. */
gboolean held_put(struct held *held, struct held_owner *owner, guint64 kid, guint32 leaf, GstBuffer *buffer,
                  guint64 now_ms);
/* The owner's oldest frame that is ready, says ready(); NULL if there is none. Transfer full. */
GstBuffer *held_take(struct held *held, struct held_owner *owner, gboolean (*ready)(gpointer user, guint64 kid),
                     gpointer user);
/* Lets go of frames whose time is over, and tells their owners. */
void held_expire(struct held *held, guint64 now_ms);
/* Lets go of the owner's frames, and forgets what it was to be told. */
void held_drop(struct held *held, struct held_owner *owner);

#endif
