/* What the tests of lists of buffers share: key rings of one call, elements that are watched, lists of frames. */
#ifndef TESTS_LISTUTIL_H
#define TESTS_LISTUTIL_H

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include "gstsotto/keyring.h"

/* Leaves of the call's tree, which has eight; and how many frames the elements work on at a time. */
enum { SENDER = 3, RECEIVER = 1, STRANGER = 5, AT_ONCE = 16 };

/* Keys of an epoch, the same in all rings. */
void listutil_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 own_leaf);
/* A leaf's ring of its own, of epoch 5. */
SottoKeyRing *listutil_ring(guint32 leaf, guint suite, guint profile);
/* A harness around an element of this ring, which is taken over. */
GstHarness *listutil_voice(const char *line, SottoKeyRing *ring, const char *caps);

/* An element, and what is seen of it. */
struct watched {
    GstHarness *h;
    GstBus *bus;
    GString *refused;     /* a line of each refused signal */
    guint lists, largest; /* that went out, and the buffers in one */
};

/* Takes the ring over; NULL: none. */
void listutil_watch(struct watched *w, const char *line, SottoKeyRing *ring, const char *caps);
void listutil_unwatch(struct watched *w);

/* VP8, the first a key frame. */
GstBufferList *listutil_frames(guint count);
/* A list of what the harness has put out. */
GstBufferList *listutil_pull(GstHarness *h);
/* Whether it tells of a gap before it; takes the buffer over, which must be one. */
gboolean listutil_is_discont(GstBuffer *taken);

#endif
