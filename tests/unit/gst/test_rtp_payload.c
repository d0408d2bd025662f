/* rtpsframepay and rtpsframedepay over frames of random bytes, which is what they see of sealed ones. */
#include <gst/rtp/gstrtpbuffer.h>
#include <string.h>

#include "gstutil.h"

#define VIDEO_CAPS "application/x-sframe, original-media-type=(string)video/x-vp8, width=(int)640, height=(int)360"
#define AUDIO_CAPS "application/x-sframe, original-media-type=(string)audio/x-opus, rate=(int)48000, channels=(int)2"

#define RTP_CAPS "application/x-rtp, payload=(int)96"

enum { FRAMES = 60 };

struct mode {
    const char *name;
    const char *pay, *depay; /* properties */
    gboolean dd;
};

static const struct mode modes[] = {
    {"raw", "", "", FALSE},
    {"raw+dd", "", "", TRUE},
    {"sframe", "packetization=sframe", "packetization=sframe", FALSE},
};

/* The packets that the frames become, and the caps they have. */
static GPtrArray *payload(const struct mode *mode, const char *caps, GPtrArray *frames, GstCaps **rtp_caps)
{
    gchar *line = g_strdup_printf("rtpsframepay %s seqnum-offset=65500 timestamp-offset=4294960000", mode->pay);
    GstHarness *h = gst_harness_new_parse(line);
    GPtrArray *packets;

    gst_harness_set_sink_caps_str(h, mode->dd ? RTP_CAPS ", " DD_EXTMAP : RTP_CAPS);
    gst_harness_set_src_caps_str(h, caps);
    for (guint i = 0; i < frames->len; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(frames, i))), GST_FLOW_OK);
    packets = gstutil_pull_all(h);
    if (rtp_caps)
        *rtp_caps = gst_pad_get_current_caps(h->sinkpad);
    gst_harness_teardown(h);
    g_free(line);
    return packets;
}

static GPtrArray *depayload(const struct mode *mode, GstCaps *caps, GPtrArray *packets, guint window)
{
    gchar *line = g_strdup_printf("rtpsframedepay %s reorder-window=%u", mode->depay, window);
    GstHarness *h = gst_harness_new_parse(line);
    GPtrArray *frames;

    gst_harness_set_src_caps(h, gst_caps_ref(caps));
    for (guint i = 0; i < packets->len; i++)
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
    gst_harness_push_event(h, gst_event_new_eos());
    frames = gstutil_pull_all(h);
    gst_harness_teardown(h);
    g_free(line);
    return frames;
}

static GPtrArray *make_frames(guint count, gsize max_len)
{
    GPtrArray *frames = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
    guint64 state = 99;
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(frames, gstutil_frame(i, 1 + unit_random(&state) % max_len, i * 33 * GST_MSECOND, i % 20 == 0));
    return frames;
}

static void test_equal_parts(void)
{
    static const gsize sizes[] = {1, 2, 1149, 1150, 1151, 2300, 2301, 3449, 20000, 100000, 100001};

    for (gsize m = 0; m < G_N_ELEMENTS(modes); m++) {
        GPtrArray *frames = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
        GPtrArray *packets;
        gsize descriptor = strcmp(modes[m].name, "sframe") == 0 ? 1 : 0;
        guint p = 0;

        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
            g_ptr_array_add(frames, gstutil_frame(i, sizes[i], i * GST_SECOND, i == 0));
        packets = payload(&modes[m], VIDEO_CAPS, frames, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
            gsize left = sizes[i], first = 0, last = 0, parts = 0;
            gboolean marker = FALSE;
            while (left > 0 && p < packets->len) {
                GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
                CU_ASSERT_TRUE_FATAL(gst_rtp_buffer_map(g_ptr_array_index(packets, p), GST_MAP_READ, &rtp));
                gsize len = gst_rtp_buffer_get_payload_len(&rtp) - descriptor;
                const guint8 *bytes = gst_rtp_buffer_get_payload(&rtp);
                marker = gst_rtp_buffer_get_marker(&rtp);
                CU_ASSERT_EQUAL(gst_rtp_buffer_get_seq(&rtp), (guint16)(65500 + p));
                CU_ASSERT_EQUAL(gst_rtp_buffer_get_timestamp(&rtp), (guint32)(4294960000u + i * 90000));
                CU_ASSERT_EQUAL(
                    gst_buffer_memcmp(g_ptr_array_index(frames, i), sizes[i] - left, bytes + descriptor, len), 0);
                CU_ASSERT(len <= left);
                if (descriptor)
                    CU_ASSERT_EQUAL(bytes[0], (left == sizes[i] ? 0x80 : 0) | (left == len ? 0x40 : 0));
                left -= len;
                CU_ASSERT_EQUAL(marker, left == 0);
                /* one size until the last: what UDP segmentation takes as one run */
                first = parts == 0 ? len : first;
                CU_ASSERT(left == 0 ? len <= first : len == first);
                last = len;
                parts++;
                p++;
                gst_rtp_buffer_unmap(&rtp);
            }
            CU_ASSERT_EQUAL(left, 0);
            CU_ASSERT(first <= 1150);
            CU_ASSERT_EQUAL(parts, (sizes[i] + 1149) / 1150);
            CU_ASSERT(first - last < parts); /* no smaller than it must be */
        }
        CU_ASSERT_EQUAL(p, packets->len);
        g_ptr_array_unref(packets);
        g_ptr_array_unref(frames);
    }
}

static void test_mtu(void)
{
    const struct mode small = {"raw", "mtu=300", "", TRUE};
    GPtrArray *frames = make_frames(5, 5000), *packets = payload(&small, VIDEO_CAPS, frames, NULL);

    for (guint i = 0; i < packets->len; i++)
        CU_ASSERT(gst_buffer_get_size(g_ptr_array_index(packets, i)) <= 300);
    CU_ASSERT(packets->len > 10);
    g_ptr_array_unref(packets);
    g_ptr_array_unref(frames);
}

static void test_caps(void)
{
    static const struct {
        const char *media, *rtp, *back;
    } rows[] = {
        {"video/x-vp8", "media=(string)video, encoding-name=(string)VP8, clock-rate=(int)90000",
         "original-media-type=(string)video/x-vp8"},
        {"video/x-vp9", "media=(string)video, encoding-name=(string)VP9, clock-rate=(int)90000",
         "original-media-type=(string)video/x-vp9"},
        {"video/x-h264",
         "media=(string)video, encoding-name=(string)H264, clock-rate=(int)90000, packetization-mode=(string)1",
         "original-media-type=(string)video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"},
        {"video/x-av1", "media=(string)video, encoding-name=(string)AV1, clock-rate=(int)90000",
         "original-media-type=(string)video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu"},
        {"audio/x-opus",
         "media=(string)audio, encoding-name=(string)OPUS, clock-rate=(int)48000, encoding-params=(string)2",
         "original-media-type=(string)audio/x-opus, rate=(int)48000, channels=(int)2, channel-mapping-family=(int)0"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gchar *in = g_strdup_printf("application/x-sframe, original-media-type=(string)%s", rows[i].media);
        gchar *want_rtp = g_strdup_printf("application/x-rtp, payload=(int)96, %s", rows[i].rtp);
        gchar *want_back = g_strdup_printf("application/x-sframe, %s", rows[i].back);
        GPtrArray *frames = make_frames(1, 100);
        GstHarness *h = gst_harness_new_parse("rtpsframepay ! rtpsframedepay");
        GstCaps *rtp, *back, *expected;

        g_ptr_array_unref(payload(&modes[0], in, frames, &rtp));
        expected = gst_caps_from_string(want_rtp);
        CU_ASSERT_TRUE(gst_caps_is_subset(rtp, expected));
        CU_ASSERT_TRUE(gst_structure_has_field(gst_caps_get_structure(rtp, 0), "ssrc"));
        gst_caps_unref(expected);
        gst_caps_unref(rtp);

        gst_harness_set_src_caps_str(h, in);
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(frames, 0)));
        back = gst_pad_get_current_caps(h->sinkpad);
        expected = gst_caps_from_string(want_back);
        CU_ASSERT_TRUE(gst_caps_is_equal(back, expected));
        gst_caps_unref(expected);
        gst_caps_unref(back);
        gst_harness_teardown(h);
        g_ptr_array_unref(frames);
        g_free(in);
        g_free(want_rtp);
        g_free(want_back);
    }
}

/* For every single packet of a stream: losing it costs the frame it belongs to, and nothing else. */
static void test_each_single_loss(void)
{
    for (gsize m = 0; m < G_N_ELEMENTS(modes); m++) {
        GstCaps *caps;
        GPtrArray *frames = make_frames(12, 4000), *packets = payload(&modes[m], VIDEO_CAPS, frames, &caps);

        for (guint lost = 0; lost < packets->len; lost++) {
            GPtrArray *through = g_ptr_array_new();
            guint32 lost_time = gstutil_timestamp(g_ptr_array_index(packets, lost));
            guint next = 0;

            for (guint i = 0; i < packets->len; i++)
                if (i != lost)
                    g_ptr_array_add(through, g_ptr_array_index(packets, i));
            GPtrArray *back = depayload(&modes[m], caps, through, 0);
            for (guint i = 0; i < frames->len; i++) {
                GstBuffer *frame = g_ptr_array_index(frames, i);
                gboolean hit = lost_time == (guint32)(4294960000u + GST_BUFFER_PTS(frame) * 9 / 100000);
                GstBuffer *got = next < back->len ? g_ptr_array_index(back, next) : NULL;
                if (got && gstutil_same_bytes(got, frame)) {
                    CU_ASSERT_FALSE(hit);
                    CU_ASSERT_EQUAL(GST_BUFFER_PTS(got), GST_BUFFER_PTS(frame));
                    next++;
                } else {
                    CU_ASSERT_TRUE(hit);
                    /* what is left of it may come out only as a guess, and only where packets say too little */
                    if (got && GST_BUFFER_FLAG_IS_SET(got, GST_BUFFER_FLAG_CORRUPTED) &&
                        strcmp(modes[m].name, "raw") == 0 && GST_BUFFER_PTS(got) == GST_BUFFER_PTS(frame))
                        next++;
                }
            }
            CU_ASSERT_EQUAL(next, back->len);
            g_ptr_array_unref(back);
            g_ptr_array_unref(through);
        }
        gst_caps_unref(caps);
        g_ptr_array_unref(packets);
        g_ptr_array_unref(frames);
    }
}

/* Frames all of whose packets arrived must come out, bit for bit and in order; no other may, unless it is flagged. */
static guint check_path(const struct mode *mode, const char *media, gsize max_len, const struct gstutil_path *path)
{
    GstCaps *caps;
    GPtrArray *frames = make_frames(FRAMES, max_len), *packets = payload(mode, media, frames, &caps);
    gboolean *arrived = g_new0(gboolean, packets->len);
    GPtrArray *through = gstutil_send(path, packets, arrived);
    GPtrArray *back = depayload(mode, caps, through, path->reorder_span);
    guint next = 0, p = 0, whole = 0;

    for (guint i = 0; i < frames->len; i++) {
        GstBuffer *frame = g_ptr_array_index(frames, i);
        guint32 time = gstutil_timestamp(g_ptr_array_index(packets, p));
        gboolean complete = TRUE;
        while (p < packets->len && gstutil_timestamp(g_ptr_array_index(packets, p)) == time)
            complete = arrived[p++] && complete;
        whole += complete ? 1 : 0;
        while (next < back->len && GST_BUFFER_FLAG_IS_SET(g_ptr_array_index(back, next), GST_BUFFER_FLAG_CORRUPTED) &&
               !gstutil_same_bytes(g_ptr_array_index(back, next), frame) &&
               GST_BUFFER_PTS(g_ptr_array_index(back, next)) <= GST_BUFFER_PTS(frame))
            next++;
        if (next < back->len && gstutil_same_bytes(g_ptr_array_index(back, next), frame)) {
            CU_ASSERT_TRUE(complete);
            next++;
        } else {
            CU_ASSERT_FALSE(complete);
        }
    }
    while (next < back->len && GST_BUFFER_FLAG_IS_SET(g_ptr_array_index(back, next), GST_BUFFER_FLAG_CORRUPTED))
        next++;
    CU_ASSERT_EQUAL(next, back->len);
    CU_ASSERT(path->loss_percent > 0 || whole == FRAMES);
    g_free(arrived);
    gst_caps_unref(caps);
    g_ptr_array_unref(back);
    g_ptr_array_unref(through);
    g_ptr_array_unref(packets);
    g_ptr_array_unref(frames);
    return whole;
}

static void test_lossy_paths(void)
{
    static const guint losses[] = {0, 5, 30};
    guint whole = 0, sent = 0;

    for (gsize m = 0; m < G_N_ELEMENTS(modes); m++)
        for (gsize l = 0; l < G_N_ELEMENTS(losses); l++)
            for (guint64 seed = 1; seed <= 10; seed++) {
                struct gstutil_path path = {.loss_percent = losses[l], .seed = seed};
                whole += check_path(&modes[m], VIDEO_CAPS, 4000, &path);
                whole += check_path(&modes[m], AUDIO_CAPS, 300, &path);
                path.duplicate_percent = 10;
                path.reorder_span = 8;
                whole += check_path(&modes[m], VIDEO_CAPS, 4000, &path);
                whole += check_path(&modes[m], AUDIO_CAPS, 300, &path);
                sent += 4 * FRAMES;
            }
    /* the paths really lost something, and not everything */
    CU_ASSERT(whole < sent * 9 / 10 && whole > sent / 2);
}

static void test_new_ssrc(void)
{
    GstCaps *caps;
    GPtrArray *frames = make_frames(4, 4000), *packets = payload(&modes[0], VIDEO_CAPS, frames, &caps);
    GPtrArray *second = payload(&modes[0], VIDEO_CAPS, frames, NULL); /* another random SSRC, the same numbers */
    GPtrArray *both = g_ptr_array_new(), *back;

    for (guint i = 0; i < packets->len; i++)
        g_ptr_array_add(both, g_ptr_array_index(packets, i));
    for (guint i = 0; i < second->len; i++)
        g_ptr_array_add(both, g_ptr_array_index(second, i));
    back = depayload(&modes[0], caps, both, 0);
    CU_ASSERT_EQUAL_FATAL(back->len, 8);
    for (guint i = 0; i < 8; i++)
        CU_ASSERT_TRUE(gstutil_same_bytes(g_ptr_array_index(back, i), g_ptr_array_index(frames, i % 4)));
    g_ptr_array_unref(back);
    g_ptr_array_unref(both);
    g_ptr_array_unref(second);
    g_ptr_array_unref(packets);
    g_ptr_array_unref(frames);
    gst_caps_unref(caps);
}

static void test_flush(void)
{
    GstCaps *caps;
    GPtrArray *frames = make_frames(6, 4000), *packets = payload(&modes[2], VIDEO_CAPS, frames, &caps);
    GstHarness *h = gst_harness_new_parse("rtpsframedepay packetization=sframe reorder-window=8");
    GPtrArray *back;

    gst_harness_set_src_caps(h, gst_caps_ref(caps));
    gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, 0)));
    gst_harness_push_event(h, gst_event_new_flush_start());
    gst_harness_push_event(h, gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    /* the same numbers again are no duplicates behind a flush */
    for (guint i = 0; i < packets->len; i++)
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(packets, i)));
    back = gstutil_pull_all(h);
    CU_ASSERT_EQUAL(back->len, frames->len);
    g_ptr_array_unref(back);
    gst_harness_teardown(h);
    g_ptr_array_unref(packets);
    g_ptr_array_unref(frames);
    gst_caps_unref(caps);
}

static guint lists;

static GstPadProbeReturn count_list(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    (void)pad;
    (void)info;
    (void)data;
    lists++;
    return GST_PAD_PROBE_OK;
}

static void test_one_list_per_frame(void)
{
    GstHarness *h = gst_harness_new("rtpsframepay");
    GPtrArray *frames = make_frames(7, 9000);
    GstPad *src = gst_element_get_static_pad(h->element, "src");

    lists = 0;
    gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER_LIST, count_list, NULL, NULL);
    gst_harness_set_src_caps_str(h, VIDEO_CAPS);
    for (guint i = 0; i < frames->len; i++)
        gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(frames, i)));
    CU_ASSERT_EQUAL(lists, 7);
    gst_object_unref(src);
    gst_harness_teardown(h);
    g_ptr_array_unref(frames);
}

static void test_audio_that_fits_no_packet(void)
{
    GstHarness *h = gst_harness_new("rtpsframepay");

    gst_harness_set_src_caps_str(h, AUDIO_CAPS);
    CU_ASSERT_EQUAL(gst_harness_push(h, gstutil_frame(1, 1300, 0, TRUE)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), 1);
    GstBuffer *packet = gst_harness_pull(h);
    CU_ASSERT_FALSE(gstutil_marker(packet)); /* RFC 7587: only behind silence */
    gst_buffer_unref(packet);
    CU_ASSERT_EQUAL(gst_harness_push(h, gstutil_frame(2, 1400, 0, TRUE)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), 1);
    gst_harness_teardown(h);
}

static void test_per_packet_descriptor_is_refused(void)
{
    GstCaps *caps;
    GPtrArray *frames = make_frames(1, 100), *packets = payload(&modes[2], VIDEO_CAPS, frames, &caps), *back;
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

    gst_rtp_buffer_map(g_ptr_array_index(packets, 0), GST_MAP_READWRITE, &rtp);
    *(guint8 *)gst_rtp_buffer_get_payload(&rtp) |= 0x20;
    gst_rtp_buffer_unmap(&rtp);
    back = depayload(&modes[2], caps, packets, 0);
    CU_ASSERT_EQUAL(back->len, 0);
    g_ptr_array_unref(back);
    g_ptr_array_unref(packets);
    g_ptr_array_unref(frames);
    gst_caps_unref(caps);
}

/* x264enc starts at 1000 h and says so in its segment. */
static void test_time_is_running_time(void)
{
    GstHarness *h = gst_harness_new_parse("rtpsframepay timestamp-offset=0");
    GstClockTime start = 1000 * 3600 * GST_SECOND;
    GstSegment segment;

    gst_harness_set_src_caps_str(h, VIDEO_CAPS);
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = segment.position = start;
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    gst_harness_push(h, gstutil_frame(1, 100, start + 2 * GST_SECOND, TRUE));
    GstBuffer *packet = gst_harness_pull(h);
    CU_ASSERT_EQUAL(gstutil_timestamp(packet), 180000);
    CU_ASSERT_EQUAL(GST_BUFFER_PTS(packet), start + 2 * GST_SECOND);
    gst_buffer_unref(packet);
    gst_harness_teardown(h);
}

/* A packet of nothing but RTP padding stands where one was lost just before: the loss must not be forgotten over it. */
static void test_padding_behind_a_loss(void)
{
    GstCaps *caps;
    GPtrArray *frames = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref), *packets, *through, *back;
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

    for (guint i = 0; i < 3; i++)
        g_ptr_array_add(frames, gstutil_frame(i, 4400, i * 33 * GST_MSECOND, TRUE)); /* four packets each */
    packets = payload(&modes[0], VIDEO_CAPS, frames, &caps);
    CU_ASSERT_EQUAL_FATAL(packets->len, 12);
    through = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
    for (guint i = 0; i < packets->len; i++)
        if (i != 5)
            g_ptr_array_add(through, gst_buffer_copy_deep(g_ptr_array_index(packets, i)));
    gst_rtp_buffer_map(g_ptr_array_index(through, 5), GST_MAP_READWRITE, &rtp);
    gsize header = gst_rtp_buffer_get_header_len(&rtp);
    gst_rtp_buffer_unmap(&rtp);
    gst_buffer_set_size(g_ptr_array_index(through, 5), (gssize)header);
    back = depayload(&modes[0], caps, through, 0);
    CU_ASSERT_EQUAL_FATAL(back->len, 2);
    CU_ASSERT_TRUE(gstutil_same_bytes(g_ptr_array_index(back, 0), g_ptr_array_index(frames, 0)));
    CU_ASSERT_TRUE(gstutil_same_bytes(g_ptr_array_index(back, 1), g_ptr_array_index(frames, 2)));
    g_ptr_array_unref(back);
    g_ptr_array_unref(through);
    g_ptr_array_unref(packets);
    g_ptr_array_unref(frames);
    gst_caps_unref(caps);
}

/* Packets of which any byte may be any other: nothing breaks, and what comes out is no longer than what went in. */
static void test_hostile_packets(void)
{
    for (gsize m = 0; m < G_N_ELEMENTS(modes); m++) {
        GstCaps *caps;
        GPtrArray *frames = make_frames(20, 4000), *packets = payload(&modes[m], VIDEO_CAPS, frames, &caps);
        gchar *line = g_strdup_printf("rtpsframedepay %s reorder-window=16 max-frame-size=5000", modes[m].depay);
        GstHarness *h = gst_harness_new_parse(line);
        guint64 state = 3 + m, in = 0, out = 0;
        GstBuffer *frame;

        gst_harness_set_src_caps(h, gst_caps_ref(caps));
        for (guint i = 0; i < 20000; i++) {
            GstBuffer *packet = gst_buffer_copy_deep(g_ptr_array_index(packets, unit_random(&state) % packets->len));
            guint changes = (guint)(unit_random(&state) % 4);
            for (guint c = 0; c < changes; c++) {
                guint8 byte = (guint8)unit_random(&state);
                gst_buffer_fill(packet, unit_random(&state) % MIN(40, gst_buffer_get_size(packet)), &byte, 1);
            }
            if (unit_random(&state) % 8 == 0)
                gst_buffer_set_size(packet, (gssize)(unit_random(&state) % gst_buffer_get_size(packet)));
            in += gst_buffer_get_size(packet);
            CU_ASSERT_EQUAL(gst_harness_push(h, packet), GST_FLOW_OK);
            while ((frame = gst_harness_try_pull(h))) {
                CU_ASSERT(gst_buffer_get_size(frame) <= 5000);
                out += gst_buffer_get_size(frame);
                gst_buffer_unref(frame);
            }
        }
        CU_ASSERT(out > 0 && out <= in);
        gst_harness_teardown(h);
        g_free(line);
        gst_caps_unref(caps);
        g_ptr_array_unref(packets);
        g_ptr_array_unref(frames);
    }
}

static const struct unit_test tests[] = {
    {"frames are cut into equal parts of 1150 bytes at most, the last shorter and with the marker", test_equal_parts},
    {"a smaller MTU is kept", test_mtu},
    {"caps name the codec on RTP and restore it behind", test_caps},
    {"losing any one packet costs its own frame alone", test_each_single_loss},
    {"frames not hit by loss arrive bit for bit, also reordered and duplicated", test_lossy_paths},
    {"another SSRC is another stream", test_new_ssrc},
    {"a flush forgets what was begun", test_flush},
    {"a frame leaves as one buffer list", test_one_list_per_frame},
    {"an audio frame is one packet or none", test_audio_that_fits_no_packet},
    {"packets encrypted one by one are refused", test_per_packet_descriptor_is_refused},
    {"RTP time is running time", test_time_is_running_time},
    {"a packet of padding hides no loss", test_padding_behind_a_loss},
    {"hostile packets do no harm", test_hostile_packets},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.rtp_payload", tests, G_N_ELEMENTS(tests));
}
