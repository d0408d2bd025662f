/* The Dependency Descriptor that rtpsframepay puts on packets through rtphdrextdd, and what depayloaders make of it. */
#include <gst/rtp/gstrtpbuffer.h>
#include <string.h>

#include "gstutil.h"
#include "rtp/dd.h"
#include "rtphdrextdd.h"

#define CAPS_NO_SIZE "application/x-sframe, original-media-type=(string)video/x-vp9"
#define CAPS_SIZE CAPS_NO_SIZE ", width=(int)640, height=(int)360"
#define RTP_CAPS "application/x-rtp, payload=(int)96, " DD_EXTMAP
#define DEPAY_CAPS RTP_CAPS ", media=(string)video, encoding-name=(string)VP9, clock-rate=(int)90000"

static gsize read_dd(GstBuffer *packet, struct dd_structure *structure, struct dd_descriptor *d)
{
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gpointer data;
    guint len = 0;

    CU_ASSERT_TRUE_FATAL(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
    CU_ASSERT_TRUE_FATAL(gst_rtp_buffer_get_extension_onebyte_header(&rtp, 5, 0, &data, &len));
    CU_ASSERT_EQUAL(dd_read(data, len, structure, structure, d), RTP_OK);
    gst_rtp_buffer_unmap(&rtp);
    return len;
}

static GPtrArray *pay(const char *caps, guint count)
{
    GstHarness *h = gst_harness_new("rtpsframepay");
    GPtrArray *packets;

    gst_harness_set_sink_caps_str(h, RTP_CAPS);
    gst_harness_set_src_caps_str(h, caps);
    for (guint i = 0; i < count; i++)
        gst_harness_push(h, gstutil_frame(i, 2500, i * 33 * GST_MSECOND, i % 4 == 0));
    packets = gstutil_pull_all(h);
    gst_harness_teardown(h);
    return packets;
}

static void test_written(void)
{
    GPtrArray *packets = pay(CAPS_SIZE, 9);
    struct dd_structure structure = {0};
    struct dd_descriptor d;
    guint16 first = 0;

    CU_ASSERT_EQUAL_FATAL(packets->len, 27);
    for (guint i = 0; i < packets->len; i++) {
        guint frame = i / 3;
        gboolean key = frame % 4 == 0, start = i % 3 == 0;
        gsize len = read_dd(g_ptr_array_index(packets, i), &structure, &d);
        if (i == 0)
            first = d.frame_number;
        CU_ASSERT_EQUAL(d.start_of_frame, start);
        CU_ASSERT_EQUAL(d.end_of_frame, i % 3 == 2);
        CU_ASSERT_EQUAL(d.frame_number, (guint16)(first + frame));
        CU_ASSERT_EQUAL(d.has_structure, key && start);
        CU_ASSERT_EQUAL(len, key && start ? 13 : 3);
        CU_ASSERT_EQUAL(d.fdiff_count, key ? 0 : 1);
        if (!key)
            CU_ASSERT_EQUAL(d.fdiffs[0], 1);
    }
    CU_ASSERT_TRUE(structure.has_resolutions);
    CU_ASSERT_EQUAL(structure.width_minus_1[0], 639);
    CU_ASSERT_EQUAL(structure.height_minus_1[0], 359);
    g_ptr_array_unref(packets);

    packets = pay(CAPS_NO_SIZE, 1);
    memset(&structure, 0, sizeof(structure));
    CU_ASSERT_EQUAL(read_dd(g_ptr_array_index(packets, 0), &structure, &d), 9);
    CU_ASSERT_FALSE(structure.has_resolutions);
    g_ptr_array_unref(packets);
}

static void test_key_frames_restored(void)
{
    GPtrArray *packets = pay(CAPS_SIZE, 9);
    GstHarness *h = gst_harness_new("rtpsframedepay");
    GPtrArray *frames;

    gst_harness_set_src_caps_str(h, DEPAY_CAPS);
    for (guint i = 0; i < packets->len; i++)
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
    frames = gstutil_pull_all(h);
    CU_ASSERT_EQUAL_FATAL(frames->len, 9);
    for (guint i = 0; i < 9; i++) {
        GstBuffer *frame = g_ptr_array_index(frames, i);
        GstCustomMeta *meta = gst_buffer_get_custom_meta(frame, SOTTO_META_DD);
        guint number;
        CU_ASSERT_EQUAL(GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT), i % 4 != 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(meta);
        CU_ASSERT_TRUE(gst_structure_get_uint(gst_custom_meta_get_structure(meta), "frame-number", &number));
        CU_ASSERT_EQUAL(number, i + 1);
    }
    g_ptr_array_unref(frames);
    g_ptr_array_unref(packets);
    gst_harness_teardown(h);
}

static void test_key_unit_requested(void)
{
    GPtrArray *packets = pay(CAPS_SIZE, 9);
    GstHarness *h = gst_harness_new("rtpsframedepay");

    gst_harness_set_src_caps_str(h, DEPAY_CAPS);
    for (guint i = 3; i < 12; i++) /* frames 1 to 3 are no key frames: asked once, not thrice */
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(h), 1);
    for (guint i = 12; i < packets->len; i++)
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(h), 0);
    gst_harness_teardown(h);

    h = gst_harness_new("rtpsframedepay");
    gst_harness_set_src_caps_str(h, DEPAY_CAPS);
    for (guint i = 0; i < packets->len; i++)
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(h), 0);
    gst_harness_teardown(h);
    g_ptr_array_unref(packets);
}

static void test_key_unit_after_loss(void)
{
    GPtrArray *packets = pay(CAPS_SIZE, 9);

    for (guint on = 0; on < 2; on++) {
        GstHarness *h = gst_harness_new("rtpsframedepay");
        g_object_set(h->element, "request-keyframe", on, NULL);
        gst_harness_set_src_caps_str(h, DEPAY_CAPS);
        for (guint i = 0; i < 10; i++) /* frame 1 loses a packet, frame 2 another */
            if (i != 4 && i != 8)
                gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
        CU_ASSERT_EQUAL(gstutil_key_unit_requests(h), on);
        gst_harness_teardown(h);
    }
    g_ptr_array_unref(packets);
}

static GstRTPHeaderExtension *new_extension(void)
{
    GstRTPHeaderExtension *ext = gst_rtp_header_extension_create_from_uri(DD_URI);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ext);
    gst_rtp_header_extension_set_id(ext, 5);
    return ext;
}

static void test_reads_any(void)
{
    static const enum dd_mode all[] = {DD_L1T2, DD_L1T3, DD_L2T1, DD_S2T1, DD_L3T3};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        GstRTPHeaderExtension *ext = new_extension();
        struct dd_structure structure;
        struct dd_descriptor d = {.start_of_frame = true, .has_structure = true, .frame_number = 777};
        guint8 bytes[DD_LEN_MAX];
        size_t len;
        guint number;

        CU_ASSERT_EQUAL_FATAL(dd_structure_build(&structure, all[i], 11), RTP_OK);
        for (guint8 t = 0; t < structure.template_count; t++) {
            GstBuffer *buffer = gst_buffer_new();
            gint spatial, temporal;
            d.has_structure = t == 0;
            CU_ASSERT_EQUAL_FATAL(dd_use_template(&d, &structure, t), RTP_OK);
            CU_ASSERT_EQUAL_FATAL(dd_write(&d, &structure, bytes, sizeof(bytes), &len), RTP_OK);
            CU_ASSERT_TRUE(gst_rtp_header_extension_read(ext, GST_RTP_HEADER_EXTENSION_TWO_BYTE, bytes, len, buffer));
            GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, SOTTO_META_DD);
            CU_ASSERT_PTR_NOT_NULL_FATAL(meta);
            const GstStructure *s = gst_custom_meta_get_structure(meta);
            gst_structure_get(s, "frame-number", G_TYPE_UINT, &number, "spatial-id", G_TYPE_UINT, &spatial,
                              "temporal-id", G_TYPE_UINT, &temporal, NULL);
            CU_ASSERT_EQUAL(number, 777);
            CU_ASSERT_EQUAL(spatial, structure.templates[t].spatial_id);
            CU_ASSERT_EQUAL(temporal, structure.templates[t].temporal_id);
            gst_buffer_unref(buffer);
        }
        gst_object_unref(ext);
    }
}

static void test_malformed(void)
{
    GstRTPHeaderExtension *ext = new_extension();
    guint64 state = 5;
    guint8 bytes[40];

    for (guint i = 0; i < 20000; i++) {
        gsize len = 1 + unit_random(&state) % sizeof(bytes);
        GstBuffer *buffer = gst_buffer_new();
        for (gsize b = 0; b < len; b++)
            bytes[b] = (guint8)unit_random(&state);
        gst_rtp_header_extension_read(ext, GST_RTP_HEADER_EXTENSION_TWO_BYTE, bytes, len, buffer);
        gst_buffer_unref(buffer);
    }
    gst_object_unref(ext);
}

static const struct unit_test tests[] = {
    {"packets carry start, end, frame number and, on key frames, the L1T1 structure", test_written},
    {"depayloading restores which frames are key frames", test_key_frames_restored},
    {"a stream that starts without a key frame asks for one, once", test_key_unit_requested},
    {"a lost frame asks for a key frame where that is wished", test_key_unit_after_loss},
    {"structures of any layering are read", test_reads_any},
    {"malformed descriptors do no harm", test_malformed},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.rtphdrextdd", tests, G_N_ELEMENTS(tests));
}
