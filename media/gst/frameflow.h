/* The way of frames through sframeenc and sframedec: one by one or in lists, worked on several at a time. It takes the
 * place of the base class's chain function, which knows no lists; its negotiation and QoS are kept. One stream's, with
 * its lock held. */
#ifndef GST_FRAMEFLOW_H
#define GST_FRAMEFLOW_H

#include <gst/base/gstbasetransform.h>

enum { FRAMES_MAX = 16 }; /* worked on at a time: the lanes of a batch, and what bounds memory and delay */

/* What the element does. */
struct frame_work {
    /* May keep a frame that came (*frame NULL then), or release others that go before it. NULL: there is no such thing.
     * With an error the frame goes no further. */
    GstFlowReturn (*admit)(GstBaseTransform *element, GstBuffer **frame);
    /* Seals or opens writable frames in their order, in place. Those that are refused are let go and become NULL. */
    GstFlowReturn (*run)(GstBaseTransform *element, GstBuffer **frames, guint count);
};

struct frame_flow {
    GstBaseTransform *element;
    const struct frame_work *work;
    GstBuffer *waiting[FRAMES_MAX]; /* that came in, to be worked on together */
    guint count;
    gboolean gap; /* a frame was lost: the next one that goes out is discontinuous */
};

void frame_flow_init(struct frame_flow *flow, GstBaseTransform *element, const struct frame_work *work);
/* For the pad's chain functions. The downstream flow, or why a frame could not be taken; frames behind it go no
 * further, as if they had come one by one. */
GstFlowReturn frame_flow_take(struct frame_flow *flow, GstBuffer *frame);
GstFlowReturn frame_flow_take_list(struct frame_flow *flow, GstBufferList *list);
/* Works on those that wait, and pushes them. */
GstFlowReturn frame_flow_finish(struct frame_flow *flow);
/* Works on frames[0..count), taken over, at most FRAMES_MAX, and pushes what is left of them: one as a buffer, several
 * as a list. */
GstFlowReturn frame_flow_run(struct frame_flow *flow, GstBuffer **frames, guint count);
/* The stream begins anew. */
void frame_flow_reset(struct frame_flow *flow);

#endif
