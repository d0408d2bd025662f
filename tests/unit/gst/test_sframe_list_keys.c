/* sframeenc and sframedec: keys that change between lists of buffers, come after them, and are shared. */
#include "gstsotto/frame.h"
#include "gstutil.h"
#include "listutil.h"

static void test_keys_change_between_lists(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);

    for (guint round = 0; round < 4; round++) {
        gchar *next = g_strdup_printf("%032x", round + 1);
        GstBufferList *both;
        GstBuffer *late;

        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(20)), GST_FLOW_OK);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, listutil_pull(enc)), GST_FLOW_OK);
        /* in one list, those of the new key and one that comes late */
        late = gstutil_push_one(enc, gstutil_vp8_frame(1, 100, FALSE));
        g_object_set(enc->element, "key", next, NULL);
        g_object_set(dec->element, "key", next, NULL);
        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(5)), GST_FLOW_OK);
        both = listutil_pull(enc);
        gst_buffer_list_insert(both, 2, late);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, both), GST_FLOW_OK);
        CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), (round + 1) * 26);
        g_free(next);
    }
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* Many frames, and one of them told of a gap, come before the keys of their epoch. */
static void test_held_from_lists(void)
{
    enum { AHEAD = 40, GAP_AT = 7 };
    SottoKeyRing *from = listutil_ring(SENDER, 1, 0), *to = listutil_ring(RECEIVER, 1, 0);
    GstHarness *enc = listutil_voice("sframeenc", g_object_ref(from), VP8),
               *dec = listutil_voice("sframedec", g_object_ref(to), SEALED_VP8);
    GstBuffer *good = gstutil_push_one(enc, gstutil_vp8_frame(0, 100, TRUE)), *frame;
    GstBufferList *ahead;

    listutil_add_epoch(from, 6, SENDER);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(from, 6, SENDER, NULL));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, listutil_frames(AHEAD)), GST_FLOW_OK);
    ahead = listutil_pull(enc);
    GST_BUFFER_FLAG_SET(gst_buffer_list_get(ahead, GAP_AT), GST_BUFFER_FLAG_DISCONT);
    CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, ahead), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "held"), AHEAD);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    /* what goes out next comes after the gap, too */
    CU_ASSERT_TRUE(listutil_is_discont(gstutil_push_one(dec, good)));
    listutil_add_epoch(to, 6, RECEIVER);
    for (guint i = 0; i < AHEAD; i++) {
        guint64 kid, ctr = AHEAD;

        frame = gst_harness_pull(dec);
        CU_ASSERT_TRUE(sotto_frame_origin(frame, &kid, &ctr));
        CU_ASSERT_EQUAL(ctr, i);
        CU_ASSERT_EQUAL(listutil_is_discont(frame), i == GAP_AT);
    }
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
    g_object_unref(from);
    g_object_unref(to);
}

/* within a replay window, for they are opened in another order */
enum { THREADS = 4, LISTS = 20, IN_LIST = 20 };

static gpointer push_lists(gpointer data)
{
    GstHarness *h = data;

    for (guint i = 0; i < LISTS; i++)
        CU_ASSERT_EQUAL(gst_pad_push_list(h->srcpad, listutil_frames(IN_LIST)), GST_FLOW_OK);
    return NULL;
}

static void test_elements_at_once(void)
{
    SottoKeyRing *from = listutil_ring(SENDER, 1, 0), *to = listutil_ring(RECEIVER, 1, 0);
    GstHarness *enc[THREADS], *dec = listutil_voice("sframedec", to, SEALED_VP8);
    GThread *threads[THREADS];

    for (guint i = 0; i < THREADS; i++) {
        /* some of one stream, whose counters they share */
        enc[i] = listutil_voice(i % 2 ? "sframeenc kind=screen" : "sframeenc", g_object_ref(from), VP8);
        threads[i] = g_thread_new(NULL, push_lists, enc[i]);
    }
    for (guint i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, listutil_pull(enc[i])), GST_FLOW_OK);
        gst_harness_teardown(enc[i]);
    }
    /* a counter used twice would be a replay */
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), THREADS * LISTS * IN_LIST);
    gst_harness_teardown(dec);
    g_object_unref(from);
}

static const struct unit_test tests[] = {
    {"keys change between lists, and within what arrives", test_keys_change_between_lists},
    {"lists that come before their keys are held, and come out in order", test_held_from_lists},
    {"elements of one ring seal lists at once", test_elements_at_once},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_list_keys", tests, G_N_ELEMENTS(tests));
}
