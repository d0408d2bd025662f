/* sframeenc and sframedec: the stream around lists of buffers, and the memory in them. */
#include <gst/base/gstbasetransform.h>

#include "gstutil.h"
#include "listutil.h"

/* --- The stream around lists --- */

/* How many go out, and which is the first with the flag; -1: none. */
static gint first_discont(GstHarness *h, guint count)
{
    gint first = -1;

    for (guint i = 0; i < count; i++)
        if (listutil_is_discont(gst_harness_try_pull(h)) && first < 0)
            first = (gint)i;
    CU_ASSERT_EQUAL(gst_harness_buffers_in_queue(h), 0);
    return first;
}

static void test_gaps_between_lists_and_buffers(void)
{
    struct watched enc, dec;
    GstBufferList *sealed;
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    listutil_watch(&enc, "sframeenc", NULL, VP8);
    listutil_watch(&dec, "sframedec key=" KEY, NULL, SEALED_VP8);
    /* a list is lost: the next buffer says so, and no other */
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, listutil_frames(3)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gstutil_stat(enc.h, "no-key"), 3);
    CU_ASSERT_EQUAL(gstutil_count_messages(enc.bus, GST_MESSAGE_WARNING, NULL, NULL), 1);
    g_object_set(enc.h->element, "key", KEY, NULL);
    CU_ASSERT_TRUE(listutil_is_discont(gstutil_push_one(enc.h, gstutil_vp8_frame(1, 100, TRUE))));
    CU_ASSERT_FALSE(listutil_is_discont(gstutil_push_one(enc.h, gstutil_vp8_frame(2, 100, FALSE))));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, listutil_frames(3)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(first_discont(enc.h, 3), -1);

    /* a buffer is lost: the next in a list says so; then the last of a list, and the next list does */
    gst_harness_push(dec.h, gstutil_frame(1, 100, 0, FALSE));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, listutil_frames(3)), GST_FLOW_OK);
    sealed = listutil_pull(enc.h);
    gst_buffer_list_add(sealed, gstutil_frame(2, 100, 0, FALSE));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, sealed), GST_FLOW_OK);
    CU_ASSERT_EQUAL(first_discont(dec.h, 3), 0);
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, listutil_frames(3)), GST_FLOW_OK);
    sealed = listutil_pull(enc.h);
    gst_buffer_list_insert(sealed, 1, gstutil_frame(2, 100, 0, FALSE));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, gst_buffer_list_ref(sealed)), GST_FLOW_OK);
    CU_ASSERT_TRUE(listutil_is_discont(gst_harness_try_pull(dec.h)));
    CU_ASSERT_EQUAL(first_discont(dec.h, 2), 0);
    /* a gap is no matter of what comes after a flush */
    CU_ASSERT_EQUAL(gst_harness_push(enc.h, gstutil_half_nowhere(gstutil_vp8_frame(8, 90, FALSE))), GST_FLOW_OK);
    gst_harness_push_event(enc.h, gst_event_new_flush_start());
    gst_harness_push_event(enc.h, gst_event_new_flush_stop(FALSE));
    gst_harness_push_event(enc.h, gst_event_new_segment(&segment));
    CU_ASSERT_FALSE(listutil_is_discont(gstutil_push_one(enc.h, gstutil_vp8_frame(8, 90, FALSE))));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, sealed), GST_FLOW_OK);
    gst_harness_push_event(dec.h, gst_event_new_flush_start());
    gst_harness_push_event(dec.h, gst_event_new_flush_stop(FALSE));
    gst_harness_push_event(dec.h, gst_event_new_segment(&segment));
    CU_ASSERT_FALSE(
        listutil_is_discont(gstutil_push_one(dec.h, gstutil_push_one(enc.h, gstutil_vp8_frame(9, 90, FALSE)))));
    listutil_unwatch(&enc);
    listutil_unwatch(&dec);
}

static void test_what_is_left_of_a_list(void)
{
    struct watched dec;
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    GstBufferList *list = gst_buffer_list_new();

    listutil_watch(&dec, "sframedec key=" KEY, NULL, SEALED_VP8);
    /* nothing, of nothing */
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, list), GST_FLOW_OK);
    /* one goes on as a buffer */
    list = gst_buffer_list_new();
    gst_buffer_list_add(list, gstutil_frame(1, 100, 0, FALSE));
    gst_buffer_list_add(list, gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE)));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, list), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec.h), 1);
    CU_ASSERT_EQUAL(dec.lists, 0);
    /* forty as lists of what is worked on at once */
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(40)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, listutil_pull(enc)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec.h), 41);
    CU_ASSERT_EQUAL(dec.lists, 3);
    CU_ASSERT_EQUAL(dec.largest, AT_ONCE);
    gst_harness_teardown(enc);
    listutil_unwatch(&dec);
}

static GstPadProbeReturn refuse_all(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    (void)pad;
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = *(const GstFlowReturn *)data;
    gst_mini_object_unref(GST_PAD_PROBE_INFO_DATA(info));
    return GST_PAD_PROBE_HANDLED;
}

static gulong end_behind(GstHarness *h, const GstFlowReturn *flow)
{
    return gst_pad_add_probe(GST_BASE_TRANSFORM_SRC_PAD(h->element),
                             GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, refuse_all, (gpointer)flow,
                             NULL);
}

static void test_flow_comes_back(void)
{
    static const GstFlowReturn flows[] = {GST_FLOW_EOS, GST_FLOW_ERROR, GST_FLOW_FLUSHING};
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8), *avc;

    for (gsize i = 0; i < G_N_ELEMENTS(flows); i++) {
        GstBufferList *sealed;
        gulong probe;

        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(40)), GST_FLOW_OK);
        sealed = listutil_pull(enc);
        probe = end_behind(dec, &flows[i]);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, sealed), flows[i]);
        gst_pad_remove_probe(GST_BASE_TRANSFORM_SRC_PAD(dec->element), probe);
        probe = end_behind(enc, &flows[i]);
        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(40)), flows[i]);
        gst_pad_remove_probe(GST_BASE_TRANSFORM_SRC_PAD(enc->element), probe);
        /* the rest of the list was let be */
        CU_ASSERT_EQUAL(gstutil_stat(enc, "sealed"), (i + 1) * (40 + AT_ONCE));
        CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), (i + 1) * AT_ONCE);
    }
    gst_harness_push_event(enc, gst_event_new_flush_start());
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(2)), GST_FLOW_FLUSHING);
    avc = gst_harness_new_parse("sframeenc key=" KEY);
    gst_harness_set_src_caps_str(avc, "video/x-h264, stream-format=(string)avc, alignment=(string)au");
    CU_ASSERT_EQUAL(gst_pad_push_list(avc->srcpad, listutil_frames(2)), GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown(avc);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_position(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    gint64 at = -1;

    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(5)), GST_FLOW_OK);
    CU_ASSERT_TRUE(gst_pad_query_position(GST_BASE_TRANSFORM_SRC_PAD(enc->element), GST_FORMAT_TIME, &at));
    CU_ASSERT_EQUAL(at, 4 * 33 * GST_MSECOND);
    gst_harness_teardown(enc);
}

/* --- Memory --- */

static void test_memory_that_cannot_be_mapped(void)
{
    struct watched enc, dec;
    GstBufferList *list = listutil_frames(6);

    listutil_watch(&enc, "sframeenc key=" KEY, NULL, VP8);
    listutil_watch(&dec, "sframedec key=" KEY, NULL, SEALED_VP8);
    /* is not sealed, and keeps nobody back */
    gst_buffer_list_insert(list, 2, gstutil_half_nowhere(gstutil_vp8_frame(9, 100, FALSE)));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, list), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gstutil_stat(enc.h, "sealed"), 6);
    CU_ASSERT_EQUAL(gstutil_stat(enc.h, "failed"), 1);
    /* what came before it is opened, and it ends the stream */
    list = listutil_pull(enc.h);
    CU_ASSERT_EQUAL_FATAL(gst_buffer_list_length(list), 6);
    CU_ASSERT_TRUE(GST_BUFFER_IS_DISCONT(gst_buffer_list_get(list, 2)));
    gst_buffer_list_insert(list, 4, gstutil_half_nowhere(gstutil_vp8_frame(9, 100, FALSE)));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, list), GST_FLOW_ERROR);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec.h), 4);
    CU_ASSERT_EQUAL(gstutil_stat(dec.h, "opened"), 4);
    CU_ASSERT_EQUAL(gstutil_count_messages(dec.bus, GST_MESSAGE_ERROR, NULL, NULL), 1);
    listutil_unwatch(&enc);
    listutil_unwatch(&dec);
}

/* Frames 0 to 5: one twice, one in parts, one read-only, one whose memory another buffer has. */
static GstBufferList *held_in_many_ways(GstBuffer **twin)
{
    static const guint8 constant[700] = {0x11, 1, 2, 3};
    GstBufferList *list = gst_buffer_list_new();
    GstBuffer *frame = gstutil_vp8_frame(1, 500, TRUE);

    gst_buffer_list_add(list, gst_buffer_ref(frame));
    gst_buffer_list_add(list, frame);
    gst_buffer_list_add(list, gst_buffer_append(gstutil_vp8_frame(2, 300, FALSE), gstutil_frame(3, 900, 0, FALSE)));
    gst_buffer_list_add(list, gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)constant,
                                                          sizeof(constant), 0, sizeof(constant), NULL, NULL));
    frame = gstutil_vp8_frame(4, 2000, FALSE);
    gst_buffer_list_add(list, gst_buffer_copy_region(frame, GST_BUFFER_COPY_ALL, 100, 1000));
    gst_buffer_list_add(list, gst_buffer_copy(frame));
    *twin = frame;
    return list;
}

static void expect_same_list(GPtrArray *got, GstBufferList *want)
{
    CU_ASSERT_EQUAL_FATAL(got->len, gst_buffer_list_length(want));
    for (guint i = 0; i < got->len; i++)
        CU_ASSERT_TRUE(gstutil_same_bytes(g_ptr_array_index(got, i), gst_buffer_list_get(want, i)));
    g_ptr_array_unref(got);
}

/* kept: somebody else has the list, too. */
static void seal_and_open_many_ways(gboolean kept)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *twin, *before;
    GstBufferList *list = held_in_many_ways(&twin), *copy = gst_buffer_list_copy_deep(list), *sealed, *sealed_copy;

    before = gst_buffer_copy_deep(twin);
    if (kept)
        gst_buffer_list_ref(list);
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, list), GST_FLOW_OK);
    sealed = listutil_pull(enc);
    sealed_copy = gst_buffer_list_copy_deep(sealed);
    if (kept)
        gst_buffer_list_ref(sealed);
    CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, sealed), GST_FLOW_OK);
    expect_same_list(gstutil_pull_all(dec), copy);
    CU_ASSERT_TRUE(gstutil_same_bytes(twin, before));
    for (guint i = 0; kept && i < gst_buffer_list_length(copy); i++) {
        CU_ASSERT_TRUE(gstutil_same_bytes(gst_buffer_list_get(list, i), gst_buffer_list_get(copy, i)));
        CU_ASSERT_TRUE(gstutil_same_bytes(gst_buffer_list_get(sealed, i), gst_buffer_list_get(sealed_copy, i)));
    }
    if (kept) {
        gst_buffer_list_unref(list);
        gst_buffer_list_unref(sealed);
    }
    gst_buffer_list_unref(copy);
    gst_buffer_list_unref(sealed_copy);
    gst_buffer_unref(twin);
    gst_buffer_unref(before);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_what_others_hold_is_not_overwritten(void)
{
    seal_and_open_many_ways(FALSE);
    seal_and_open_many_ways(TRUE);
}

/* However the base class may be driven: nothing passes as it came. */
static void test_nothing_passes_unsealed(void)
{
    GstHarness *enc = gstutil_harness("sframeenc", VP8), *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBaseTransform *e = GST_BASE_TRANSFORM(enc->element), *d = GST_BASE_TRANSFORM(dec->element);
    GstBuffer *frame = gstutil_vp8_frame(1, 100, TRUE), *before = gst_buffer_copy_deep(frame);

    gst_harness_push(enc, gstutil_vp8_frame(1, 100, TRUE));
    gst_harness_push(dec, gstutil_vp8_frame(1, 100, TRUE));
    CU_ASSERT_FALSE_FATAL(gst_base_transform_is_passthrough(e));
    CU_ASSERT_FALSE_FATAL(gst_base_transform_is_passthrough(d));
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(e)->transform_ip(e, frame), GST_BASE_TRANSFORM_FLOW_DROPPED);
    g_object_set(enc->element, "key", KEY, NULL);
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(e)->transform_ip(e, frame), GST_FLOW_OK);
    CU_ASSERT_FALSE(gstutil_same_bytes(frame, before));
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(d)->transform_ip(d, frame), GST_FLOW_OK);
    CU_ASSERT_TRUE(gstutil_same_bytes(frame, before));
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(d)->transform_ip(d, frame), GST_BASE_TRANSFORM_FLOW_DROPPED);
    gst_buffer_unref(frame);
    gst_buffer_unref(before);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static const struct unit_test tests[] = {
    {"a gap passes from lists to buffers and back, once", test_gaps_between_lists_and_buffers},
    {"what is left of a list goes on as lists of sixteen, one as a buffer", test_what_is_left_of_a_list},
    {"flow from downstream ends a list, and comes back", test_flow_comes_back},
    {"the position is that of the last frame", test_position},
    {"a frame that cannot be mapped keeps none before it back", test_memory_that_cannot_be_mapped},
    {"what others hold is not overwritten", test_what_others_hold_is_not_overwritten},
    {"nothing passes as it came, however the base class is driven", test_nothing_passes_unsealed},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_list_flow", tests, G_N_ELEMENTS(tests));
}
