/* What real encoders put out, through sframeenc, rtpsframepay, a network, rtpsframedepay and sframedec: every frame
 * that lost no packet comes back bit for bit, at its running time, no other does, and nothing of any leaves in the
 * clear. */
#include <gst/app/gstappsink.h>
#include <string.h>

#include "gstutil.h"

struct media {
    GstCaps *caps;
    GstSegment segment;
    GPtrArray *frames;
};

static struct media encode(const char *line)
{
    struct media media = {.frames = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref)};
    GError *error = NULL;
    GstElement *pipeline = gst_parse_launch(line, &error);
    GstElement *sink;
    GstSample *sample;

    if (error)
        printf("%s\n", error->message);
    CU_ASSERT_PTR_NULL_FATAL(error);
    sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    while ((sample = gst_app_sink_pull_sample(GST_APP_SINK(sink)))) {
        if (!media.caps)
            media.caps = gst_caps_ref(gst_sample_get_caps(sample));
        media.segment = *gst_sample_get_segment(sample);
        g_ptr_array_add(media.frames, gst_buffer_ref(gst_sample_get_buffer(sample)));
        gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
    CU_ASSERT_PTR_NOT_NULL_FATAL(media.caps);
    return media;
}

static void free_media(struct media *media)
{
    gst_clear_caps(&media->caps);
    g_ptr_array_unref(media->frames);
}

struct mode {
    const char *properties;
    gboolean dd;
};
static const struct mode modes[] = {{"", FALSE}, {"", TRUE}, {"packetization=sframe", TRUE}};

static GstHarness *harness_with_segment(const char *line, GstCaps *caps, const GstSegment *segment)
{
    GstHarness *h = gst_harness_new_parse(line);
    gst_harness_set_src_caps(h, gst_caps_ref(caps));
    gst_harness_push_event(h, gst_event_new_segment(segment));
    return h;
}

static GPtrArray *seal(const struct mode *mode, const struct media *media, guint *last_packet, GstCaps **rtp_caps)
{
    gchar *line = g_strdup_printf("sframeenc key=" KEY " display-name=Ann ! rtpsframepay %s", mode->properties);
    GstHarness *h = gst_harness_new_parse(line);
    GPtrArray *packets = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
    GstBuffer *packet;

    gst_harness_set_sink_caps_str(h, mode->dd ? "application/x-rtp, " DD_EXTMAP : "application/x-rtp");
    gst_harness_set_src_caps(h, gst_caps_ref(media->caps));
    gst_harness_push_event(h, gst_event_new_segment(&media->segment));
    for (guint i = 0; i < media->frames->len; i++) {
        CU_ASSERT_EQUAL(gst_harness_push(h, gst_buffer_copy(g_ptr_array_index(media->frames, i))), GST_FLOW_OK);
        while ((packet = gst_harness_try_pull(h)))
            g_ptr_array_add(packets, packet);
        last_packet[i] = packets->len;
    }
    *rtp_caps = gst_pad_get_current_caps(h->sinkpad);
    gst_harness_teardown(h);
    g_free(line);
    return packets;
}

static guint64 running_time(GstHarness *h, GstBuffer *buffer)
{
    GstEvent *event = gst_pad_get_sticky_event(h->sinkpad, GST_EVENT_SEGMENT, 0);
    const GstSegment *segment;
    guint64 time;

    gst_event_parse_segment(event, &segment);
    time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    gst_event_unref(event);
    return time;
}

static guint64 stat(GstElement *bin, const char *name)
{
    GstElement *dec = gst_bin_get_by_name(GST_BIN(bin), "dec");
    GstStructure *stats;
    guint64 value = G_MAXUINT64;

    g_object_get(dec, "stats", &stats, NULL);
    gst_structure_get_uint64(stats, name, &value);
    gst_structure_free(stats);
    gst_object_unref(dec);
    return value;
}

/* Returns the number of frames that lost no packet. */
static guint round_trip(const struct media *media, const struct mode *mode, const struct gstutil_path *path)
{
    guint *last_packet = g_new0(guint, media->frames->len);
    GstCaps *rtp_caps;
    GPtrArray *packets = seal(mode, media, last_packet, &rtp_caps);
    gboolean *arrived = g_new0(gboolean, packets->len);
    GPtrArray *through = gstutil_send(path, packets, arrived);
    gchar *line = g_strdup_printf("rtpsframedepay %s reorder-window=%u ! sframedec name=dec key=" KEY, mode->properties,
                                  path->reorder_span);
    GstHarness *h = harness_with_segment(line, rtp_caps, &media->segment);
    guint next = 0, p = 0, whole = 0, wrong = 0;
    GPtrArray *back;

    for (guint i = 0; i < through->len; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, gst_buffer_ref(g_ptr_array_index(through, i))), GST_FLOW_OK);
    gst_harness_push_event(h, gst_event_new_eos());
    back = gstutil_pull_all(h);
    for (guint i = 0; i < media->frames->len; i++) {
        GstBuffer *frame = g_ptr_array_index(media->frames, i), *got;
        gboolean complete = TRUE;
        for (; p < last_packet[i]; p++)
            complete = complete && arrived[p];
        if (!complete)
            continue;
        whole++;
        got = next < back->len ? g_ptr_array_index(back, next++) : NULL;
        if (!got || !gstutil_same_bytes(got, frame) ||
            running_time(h, got) !=
                gst_segment_to_running_time(&media->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(frame)) ||
            GST_BUFFER_FLAG_IS_SET(got, GST_BUFFER_FLAG_DELTA_UNIT) !=
                GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT))
            wrong++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(next, whole);
    CU_ASSERT_EQUAL(back->len, whole);
    CU_ASSERT_EQUAL(stat(h->element, "opened"), whole);
    CU_ASSERT_EQUAL(stat(h->element, "failed"), 0);
    CU_ASSERT_EQUAL(stat(h->element, "refused"), 0);
    GstCaps *caps = gst_pad_get_current_caps(h->sinkpad);
    CU_ASSERT_TRUE(gst_caps_can_intersect(caps, media->caps));
    gst_caps_unref(caps);

    g_ptr_array_unref(back);
    gst_harness_teardown(h);
    g_free(line);
    g_ptr_array_unref(through);
    g_free(arrived);
    g_ptr_array_unref(packets);
    gst_caps_unref(rtp_caps);
    g_free(last_packet);
    return whole;
}

static void all_paths(const struct media *media, guint frames)
{
    static const guint losses[] = {0, 5, 30};

    CU_ASSERT_EQUAL_FATAL(media->frames->len, frames);
    for (gsize m = 0; m < G_N_ELEMENTS(modes); m++) {
        guint whole[3] = {0};
        for (gsize l = 0; l < G_N_ELEMENTS(losses); l++)
            for (guint64 seed = 1; seed <= 2; seed++) {
                struct gstutil_path path = {.loss_percent = losses[l], .seed = 100 * l + seed};
                whole[l] += round_trip(media, &modes[m], &path);
                path.duplicate_percent = 5;
                path.reorder_span = 6;
                whole[l] += round_trip(media, &modes[m], &path);
            }
        CU_ASSERT_EQUAL(whole[0], 4 * frames);
        CU_ASSERT(whole[1] < whole[0] && whole[2] < whole[1] && whole[2] > 0);
    }
}

/* --- Nothing of a frame leaves in the clear ------------------------------------------------------------------------
 */

enum { RUN = 16, DISTINCT = 8 };

static gboolean worth_looking_for(const guint8 *run)
{
    gboolean seen[256] = {FALSE};
    guint distinct = 0;
    for (guint i = 0; i < RUN; i++) {
        distinct += !seen[run[i]];
        seen[run[i]] = TRUE;
    }
    return distinct >= DISTINCT;
}

static guint run_hash(gconstpointer run)
{
    guint32 words[RUN / 4];
    memcpy(words, run, RUN);
    return words[0] ^ words[1] * 31 ^ words[2] * 1009 ^ words[3] * 65537;
}

static gboolean run_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, RUN) == 0;
}

/* Every run of 16 bytes of the frames, at offsets divisible by 8, is looked for at every offset of what left. */
static guint runs_found(GPtrArray *frames, GPtrArray *left)
{
    GHashTable *runs = g_hash_table_new_full(run_hash, run_equal, g_free, NULL);
    guint found = 0;
    GstMapInfo map;

    for (guint i = 0; i < frames->len; i++) {
        gst_buffer_map(g_ptr_array_index(frames, i), &map, GST_MAP_READ);
        for (gsize at = 0; at + RUN <= map.size; at += RUN / 2)
            if (worth_looking_for(map.data + at))
                g_hash_table_add(runs, g_memdup2(map.data + at, RUN));
        gst_buffer_unmap(g_ptr_array_index(frames, i), &map);
    }
    CU_ASSERT(g_hash_table_size(runs) > 500);
    for (guint i = 0; i < left->len; i++) {
        gst_buffer_map(g_ptr_array_index(left, i), &map, GST_MAP_READ);
        for (gsize at = 0; at + RUN <= map.size; at++)
            found += g_hash_table_contains(runs, map.data + at);
        gst_buffer_unmap(g_ptr_array_index(left, i), &map);
    }
    g_hash_table_unref(runs);
    return found;
}

static void nothing_in_the_clear(const struct media *media)
{
    guint *last_packet = g_new0(guint, media->frames->len);
    GstCaps *caps;
    GPtrArray *packets = seal(&modes[1], media, last_packet, &caps), *plain = g_ptr_array_new();

    CU_ASSERT_EQUAL(runs_found(media->frames, packets), 0);
    /* the same search finds frames that were not sealed */
    for (guint i = 0; i < media->frames->len; i++)
        g_ptr_array_add(plain, g_ptr_array_index(media->frames, i));
    CU_ASSERT(runs_found(media->frames, plain) > 500);
    g_ptr_array_unref(plain);
    g_ptr_array_unref(packets);
    gst_caps_unref(caps);
    g_free(last_packet);
}

#define PICTURE(count)                                                                                                 \
    "videotestsrc num-buffers=" #count " pattern=ball ! "                                                              \
    "video/x-raw, format=I420, width=640, height=360, framerate=30/1 ! "

static void run(const char *line, guint frames)
{
    struct media media = encode(line);
    all_paths(&media, frames);
    nothing_in_the_clear(&media);
    free_media(&media);
}

static void test_vp8(void)
{
    run(PICTURE(60) "vp8enc deadline=1 target-bitrate=3000000 keyframe-max-dist=20 ! appsink name=sink sync=false", 60);
}

static void test_vp9(void)
{
    run(PICTURE(40) "vp9enc deadline=1 cpu-used=8 lag-in-frames=0 target-bitrate=3000000 keyframe-max-dist=20 ! "
                    "appsink name=sink sync=false",
        40);
}

static void test_h264(void)
{
    /* with B-frames, and the time stamps that begin at 1000 h so that none is negative */
    struct media media = encode(PICTURE(60) "x264enc speed-preset=ultrafast bframes=2 bitrate=3000 key-int-max=20 ! "
                                            "video/x-h264, stream-format=byte-stream, alignment=au ! "
                                            "appsink name=sink sync=false");
    CU_ASSERT(GST_BUFFER_PTS((GstBuffer *)g_ptr_array_index(media.frames, 0)) >= 1000 * 3600 * GST_SECOND);
    all_paths(&media, 60);
    nothing_in_the_clear(&media);
    free_media(&media);
}

static void test_av1(void)
{
    run("videotestsrc num-buffers=24 pattern=ball ! video/x-raw, format=I420, width=320, height=180, framerate=30/1 ! "
        "av1enc cpu-used=8 usage-profile=realtime lag-in-frames=0 target-bitrate=2000 keyframe-max-dist=12 ! "
        "av1parse ! video/x-av1, stream-format=obu-stream, alignment=tu ! appsink name=sink sync=false",
        24);
}

static void test_opus(void)
{
    run("audiotestsrc num-buffers=100 samplesperbuffer=960 wave=pink-noise ! audio/x-raw, rate=48000, channels=2 ! "
        "opusenc bitrate=64000 frame-size=20 ! appsink name=sink sync=false",
        101);
}

static const struct unit_test tests[] = {
    {"VP8", test_vp8}, {"VP9", test_vp9}, {"H264, from 1000 h on", test_h264}, {"AV1", test_av1}, {"Opus", test_opus},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.media_roundtrip", tests, G_N_ELEMENTS(tests));
}
