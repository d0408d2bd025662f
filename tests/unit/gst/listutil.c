#include "listutil.h"

#include "gstutil.h"
#include "sotto/sframe.h"

enum { LEAVES = 8, FIRST_EPOCH = 5 };

void listutil_add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 own_leaf)
{
    const guint8 leaves = (guint8) ~(1u << own_leaf);
    guint8 key[16] = "an epoch's key: ";

    key[15] = (guint8)epoch;
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(ring, epoch, LEAVES, &leaves, key, sizeof(key), NULL));
}

SottoKeyRing *listutil_ring(guint32 leaf, guint suite, guint profile)
{
    SottoKeyRing *ring = sotto_key_ring_new(suite, profile);

    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    listutil_add_epoch(ring, FIRST_EPOCH, leaf);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ring, FIRST_EPOCH, leaf, NULL));
    return ring;
}

static void on_refused(GstElement *element, guint64 kid, gint error, gboolean fragment, GString *refused)
{
    (void)element;
    g_string_append_printf(refused, "%" G_GINT64_MODIFIER "x %s %d\n", kid, sframe_strerror(error), fragment);
}

static GstPadProbeReturn count_list(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct watched *w = data;
    (void)pad;
    w->lists++;
    w->largest = MAX(w->largest, gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info)));
    return GST_PAD_PROBE_OK;
}

void listutil_watch(struct watched *w, const char *line, SottoKeyRing *ring, const char *caps)
{
    GstPad *src;

    *w = (struct watched){.h = gstutil_harness(line, caps), .refused = g_string_new(NULL)};
    w->bus = gstutil_watch(w->h);
    if (ring)
        g_object_set(w->h->element, "key-ring", ring, NULL);
    g_clear_object(&ring);
    if (g_signal_lookup("refused", G_OBJECT_TYPE(w->h->element)))
        g_signal_connect(w->h->element, "refused", G_CALLBACK(on_refused), w->refused);
    src = gst_element_get_static_pad(w->h->element, "src");
    gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER_LIST, count_list, w, NULL);
    gst_object_unref(src);
}

void listutil_unwatch(struct watched *w)
{
    gstutil_unwatch(w->h, w->bus);
    gst_harness_teardown(w->h);
    g_string_free(w->refused, TRUE);
}

GstHarness *listutil_voice(const char *line, SottoKeyRing *ring, const char *caps)
{
    GstHarness *h = gstutil_harness(line, caps);

    g_object_set(h->element, "key-ring", ring, NULL);
    g_object_unref(ring);
    return h;
}

GstBufferList *listutil_frames(guint count)
{
    GstBufferList *list = gst_buffer_list_new();

    for (guint i = 0; i < count; i++)
        gst_buffer_list_add(list, gstutil_vp8_frame(i, 100 + i, i == 0));
    return list;
}

GstBufferList *listutil_pull(GstHarness *h)
{
    GstBufferList *list = gst_buffer_list_new();
    GstBuffer *buffer;

    while ((buffer = gst_harness_try_pull(h)))
        gst_buffer_list_add(list, buffer);
    return list;
}

gboolean listutil_is_discont(GstBuffer *taken)
{
    gboolean discont = taken && GST_BUFFER_IS_DISCONT(taken);

    CU_ASSERT_PTR_NOT_NULL(taken);
    gst_clear_buffer(&taken);
    return discont;
}
