#include "frameflow.h"

void frame_flow_init(struct frame_flow *flow, GstBaseTransform *element, const struct frame_work *work)
{
    *flow = (struct frame_flow){.element = element, .work = work};
}

void frame_flow_reset(struct frame_flow *flow)
{
    flow->gap = FALSE;
}

/* --- What goes out ------------------------------------------------------------------------------------------------ */

/* What the base class keeps account of, for a frame that goes out. */
static GstBuffer *account(struct frame_flow *flow, GstBuffer *frame)
{
    GstSegment *segment = &flow->element->segment;

    if (flow->gap)
        GST_BUFFER_FLAG_SET(frame, GST_BUFFER_FLAG_DISCONT);
    flow->gap = FALSE;
    if (segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(frame))
        segment->position =
            GST_BUFFER_PTS(frame) + (GST_BUFFER_DURATION_IS_VALID(frame) ? GST_BUFFER_DURATION(frame) : 0);
    return frame;
}

static GstFlowReturn push(struct frame_flow *flow, GstBuffer **frames, guint count)
{
    GstPad *src = GST_BASE_TRANSFORM_SRC_PAD(flow->element);
    GstBufferList *list;

    if (count == 0)
        return GST_FLOW_OK;
    if (count == 1)
        return gst_pad_push(src, frames[0]);
    list = gst_buffer_list_new_sized(count);
    for (guint i = 0; i < count; i++)
        gst_buffer_list_add(list, frames[i]);
    return gst_pad_push_list(src, list);
}

GstFlowReturn frame_flow_run(struct frame_flow *flow, GstBuffer **frames, guint count)
{
    GstFlowReturn worked = flow->work->run(flow->element, frames, count), pushed;
    guint out = 0;

    for (guint i = 0; i < count; i++) {
        if (frames[i])
            frames[out++] = account(flow, frames[i]);
        else
            flow->gap = TRUE;
    }
    pushed = push(flow, frames, out);
    return pushed == GST_FLOW_OK ? worked : pushed;
}

GstFlowReturn frame_flow_finish(struct frame_flow *flow)
{
    guint count = flow->count;

    flow->count = 0;
    return count > 0 ? frame_flow_run(flow, flow->waiting, count) : GST_FLOW_OK;
}

/* --- What comes in ------------------------------------------------------------------------------------------------ */

/* What the base class does first with a buffer, and what the element does. *frame is NULL where it went no further. */
static GstFlowReturn submit(struct frame_flow *flow, GstBuffer *buffer, GstBuffer **frame)
{
    GstBaseTransform *element = flow->element;
    GstFlowReturn result = GST_BASE_TRANSFORM_GET_CLASS(element)->submit_input_buffer(
        element, flow->gap || GST_BUFFER_IS_DISCONT(buffer), buffer);

    *frame = NULL;
    if (result == GST_FLOW_OK) {
        *frame = g_steal_pointer(&element->queued_buf);
        if (flow->work->admit)
            result = flow->work->admit(element, frame);
    }
    if (result != GST_FLOW_OK)
        gst_clear_buffer(frame);
    return result;
}

static GstFlowReturn take(struct frame_flow *flow, GstBuffer *buffer)
{
    GstBuffer *frame;
    GstFlowReturn result = submit(flow, buffer, &frame), before;

    if (result == GST_FLOW_OK) {
        if (frame)
            flow->waiting[flow->count++] = gst_buffer_make_writable(frame);
        return flow->count == FRAMES_MAX ? frame_flow_finish(flow) : GST_FLOW_OK;
    }
    before = frame_flow_finish(flow);
    if (result == GST_BASE_TRANSFORM_FLOW_DROPPED) {
        flow->gap = TRUE;
        result = GST_FLOW_OK;
    }
    return before == GST_FLOW_OK ? result : before;
}

GstFlowReturn frame_flow_take(struct frame_flow *flow, GstBuffer *frame)
{
    GstFlowReturn result = take(flow, frame);
    return result == GST_FLOW_OK ? frame_flow_finish(flow) : result;
}

struct taking {
    struct frame_flow *flow;
    GstFlowReturn result;
};

/* Takes the buffer out of its list: what two hold is not written to. */
static gboolean take_next(GstBuffer **buffer, guint i, gpointer user)
{
    struct taking *taking = user;

    (void)i;
    taking->result = take(taking->flow, g_steal_pointer(buffer));
    return taking->result == GST_FLOW_OK;
}

GstFlowReturn frame_flow_take_list(struct frame_flow *flow, GstBufferList *list)
{
    struct taking taking = {.flow = flow, .result = GST_FLOW_OK};

    list = gst_buffer_list_make_writable(list);
    gst_buffer_list_foreach(list, take_next, &taking);
    gst_buffer_list_unref(list);
    return taking.result == GST_FLOW_OK ? frame_flow_finish(flow) : taking.result;
}
