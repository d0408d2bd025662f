#include "capture.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>

#include "source.h"

enum {
    VIDEO_BIT_RATE = 700 * 1000,
    KEY_INTERVAL = 10 * CALL_FRAME_RATE, /* frames between key frames that nobody asked for */
    KEY_REQUEST_SPACING_MS = 200,
};

struct lane {
    struct call_capture *capture;
    enum call_kind kind;
    GstElement *appsink;
    GstElement *queue; /* gives frames up when the encoder does not keep up */
    struct call_source *source;
    struct call_capture_stats stats; /* under the capture's lock */
    uint64_t taken;                  /* frames the encoder was given */
};

struct call_capture {
    GstElement *pipeline;
    void (*sealed)(void *user, enum call_kind kind, GstBuffer *buffer, GstCaps *caps);
    void (*failed)(void *user, const char *reason);
    void *user;
    guint bus_watch;
    GMutex lock;
    struct lane lanes[CALL_KINDS]; /* of those without appsink there is none */
};

const char *call_kind_name(enum call_kind kind)
{
    return kind == CALL_VIDEO ? "video" : "audio";
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static GstPadProbeReturn count(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct lane *lane = data;
    const char *element = GST_OBJECT_NAME(GST_PAD_PARENT(pad));

    (void)info;
    g_mutex_lock(&lane->capture->lock);
    if (g_str_has_prefix(element, "queue"))
        lane->stats.captured++;
    else if (GST_PAD_IS_SINK(pad))
        lane->taken++;
    else
        lane->stats.encoded++;
    g_mutex_unlock(&lane->capture->lock);
    return GST_PAD_PROBE_OK;
}

static void count_at(struct lane *lane, GstElement *element, const char *pad_name)
{
    GstPad *pad = gst_element_get_static_pad(element, pad_name);

    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count, lane, NULL);
    gst_object_unref(pad);
}

/* --- frames out --------------------------------------------------------------------------------------------------- */

static GstFlowReturn on_sealed(GstAppSink *appsink, gpointer data)
{
    struct lane *lane = data;
    GstSample *sample = gst_app_sink_pull_sample(appsink);
    GstBuffer *buffer;
    GstClockTime time;

    if (sample == NULL)
        return GST_FLOW_EOS;
    g_mutex_lock(&lane->capture->lock);
    lane->stats.sealed++;
    g_mutex_unlock(&lane->capture->lock);
    /* an encoder may have a segment of its own (x264enc starts at 1000 h): only running time means the same everywhere
     */
    time = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                       GST_BUFFER_PTS(gst_sample_get_buffer(sample)));
    buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
    GST_BUFFER_PTS(buffer) = time;
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    lane->capture->sealed(lane->capture->user, lane->kind, buffer, gst_sample_get_caps(sample));
    gst_buffer_unref(buffer);
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct call_capture *capture = data;
    GError *error = NULL;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        capture->failed(capture->user, error->message);
        g_error_free(error);
    }
    return G_SOURCE_CONTINUE;
}

static void source_failed(void *user, const char *reason)
{
    struct lane *lane = user;
    char *text = g_strdup_printf("the %s file cannot be played: %s", call_kind_name(lane->kind), reason);

    lane->capture->failed(lane->capture->user, text);
    g_free(text);
}

/* --- the pipeline ------------------------------------------------------------------------------------------------- */

static const char *video_source(enum call_source_type source)
{
    switch (source) {
    case CALL_SOURCE_COLOUR:
        return "videotestsrc name=videosrc is-live=true pattern=solid-color ! "
               "video/x-raw,format=I420,width=640,height=480,framerate=30/1";
    case CALL_SOURCE_FILE:
        return "appsrc name=videosrc ! clocksync";
    case CALL_SOURCE_DEVICE:
        return "v4l2src name=videosrc ! decodebin ! videoconvert ! videoscale ! videorate ! " CALL_RAW_VIDEO;
    default:
        return "videotestsrc name=videosrc is-live=true pattern=smpte horizontal-speed=3 ! "
               "video/x-raw,format=I420,width=640,height=480,framerate=30/1";
    }
}

static const char *video_encoder(enum call_codec codec)
{
    switch (codec) {
    case CALL_VP9:
        return "vp9enc name=videoenc deadline=1 cpu-used=9 threads=1 lag-in-frames=0 end-usage=cbr ! video/x-vp9";
    case CALL_H264:
        return "x264enc name=videoenc speed-preset=ultrafast tune=zerolatency threads=1 ! "
               "video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline";
    case CALL_AV1:
        /* the element's own quantizer range is 0 to 0, by which libaom can keep no rate */
        return "av1enc name=videoenc usage-profile=realtime cpu-used=10 threads=1 lag-in-frames=0 end-usage=cbr "
               "min-quantizer=10 max-quantizer=56 ! "
               "av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu";
    default:
        return "vp8enc name=videoenc deadline=1 cpu-used=16 threads=1 lag-in-frames=0 end-usage=cbr ! video/x-vp8";
    }
}

static void set_up_encoder(GstElement *encoder, enum call_codec codec)
{
    guint64 spacing = KEY_REQUEST_SPACING_MS * GST_MSECOND;

    g_object_set(encoder, "min-force-key-unit-interval", spacing, NULL);
    /* GStreamer 1.22's av1enc makes no key frame when asked: so it makes one each second */
    if (codec == CALL_H264)
        g_object_set(encoder, "bitrate", VIDEO_BIT_RATE / 1000, "key-int-max", KEY_INTERVAL, NULL);
    else if (codec == CALL_AV1)
        g_object_set(encoder, "target-bitrate", VIDEO_BIT_RATE / 1000, "keyframe-max-dist", CALL_FRAME_RATE, NULL);
    else
        g_object_set(encoder, "target-bitrate", VIDEO_BIT_RATE, "keyframe-max-dist", KEY_INTERVAL, NULL);
}

static char *describe(const struct call_args *args)
{
    GString *text = g_string_new(NULL);

    if (args->video != CALL_SOURCE_NONE)
        g_string_append_printf(text,
                               "%s ! queue name=queuevideo leaky=downstream max-size-buffers=3 max-size-bytes=0 "
                               "max-size-time=0 ! %s ! sframeenc name=videoseal ! appsink name=videoout sync=false ",
                               video_source(args->video), video_encoder(args->codec));
    if (args->audio != CALL_SOURCE_NONE)
        g_string_append_printf(
            text,
            "%s ! queue name=queueaudio leaky=downstream max-size-buffers=10 max-size-bytes=0 max-size-time=0 ! "
            "opusenc name=audioenc bitrate=32000 bitrate-type=cbr frame-size=20 audio-type=voice ! "
            "sframeenc name=audioseal ! appsink name=audioout sync=false ",
            args->audio == CALL_SOURCE_FILE ? "appsrc name=audiosrc ! clocksync"
                                            : "audiotestsrc name=audiosrc is-live=true volume=0.05 "
                                              "samplesperbuffer=960 ! " CALL_RAW_AUDIO);
    return g_string_free(text, FALSE);
}

static GstElement *child(struct call_capture *capture, const char *kind, const char *what)
{
    char *name = g_strconcat(kind, what, NULL);
    GstElement *element = gst_bin_get_by_name(GST_BIN(capture->pipeline), name);

    g_free(name);
    return element;
}

static void set_up_lane(struct call_capture *capture, enum call_kind kind, const struct call_args *args)
{
    struct lane *lane = &capture->lanes[kind];
    const char *name = call_kind_name(kind);
    GstAppSinkCallbacks callbacks = {.new_sample = on_sealed};
    GstElement *source, *encoder, *seal;

    lane->capture = capture;
    lane->kind = kind;
    lane->appsink = child(capture, name, "out");
    lane->queue = child(capture, "queue", name);
    source = child(capture, name, "src");
    encoder = child(capture, name, "enc");
    seal = child(capture, name, "seal");
    gst_app_sink_set_callbacks(GST_APP_SINK(lane->appsink), &callbacks, lane, NULL);
    /* where members make the keys, their certificates name them */
    if (args->name[0] != '\0')
        g_object_set(seal, "display-name", args->name, NULL);
    if (kind == CALL_VIDEO) {
        set_up_encoder(encoder, args->codec);
        if (args->video == CALL_SOURCE_COLOUR)
            g_object_set(source, "foreground-color", 0xff000000 | args->video_colour, NULL);
        if (args->video == CALL_SOURCE_DEVICE)
            g_object_set(source, "device", args->video_path, NULL);
    }
    count_at(lane, lane->queue, "sink");
    count_at(lane, encoder, "sink");
    count_at(lane, encoder, "src");
    if ((kind == CALL_VIDEO ? args->video : args->audio) == CALL_SOURCE_FILE)
        lane->source = call_source_new(kind == CALL_VIDEO ? args->video_path : args->audio_path, kind == CALL_VIDEO,
                                       GST_APP_SRC(source), source_failed, lane);
    gst_object_unref(source);
    gst_object_unref(encoder);
    gst_object_unref(seal);
}

struct call_capture *call_capture_new(const struct call_capture_config *config)
{
    struct call_capture *capture = g_new0(struct call_capture, 1);
    GError *error = NULL;
    char *text = describe(config->args);
    GstBus *bus;

    g_mutex_init(&capture->lock);
    capture->sealed = config->sealed;
    capture->failed = config->failed;
    capture->user = config->user;
    /* somebody who only watches and listens has nothing to capture */
    capture->pipeline = text[0] != '\0' ? gst_parse_launch(text, &error) : gst_pipeline_new(NULL);
    g_free(text);
    if (error != NULL) {
        fprintf(stderr, "sotto: an element of GStreamer is missing: %s\n", error->message);
        g_error_free(error);
        gst_clear_object(&capture->pipeline);
        g_mutex_clear(&capture->lock);
        g_free(capture);
        return NULL;
    }
    gst_element_set_context(capture->pipeline, config->key_ring);
    bus = gst_element_get_bus(capture->pipeline);
    capture->bus_watch = gst_bus_add_watch(bus, on_message, capture);
    gst_object_unref(bus);
    if (config->args->video != CALL_SOURCE_NONE)
        set_up_lane(capture, CALL_VIDEO, config->args);
    if (config->args->audio != CALL_SOURCE_NONE)
        set_up_lane(capture, CALL_AUDIO, config->args);
    return capture;
}

bool call_capture_start(struct call_capture *capture)
{
    if (gst_element_set_state(capture->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return false;
    for (int i = 0; i < CALL_KINDS; i++)
        if (capture->lanes[i].source != NULL && !call_source_start(capture->lanes[i].source))
            return false;
    return true;
}

void call_capture_free(struct call_capture *capture)
{
    /* first what is fed, so that a reader blocked on a full appsrc comes free */
    gst_element_set_state(capture->pipeline, GST_STATE_NULL);
    for (int i = 0; i < CALL_KINDS; i++) {
        struct lane *lane = &capture->lanes[i];
        if (lane->source != NULL)
            call_source_free(lane->source);
        gst_clear_object(&lane->appsink);
        gst_clear_object(&lane->queue);
    }
    g_source_remove(capture->bus_watch);
    gst_object_unref(capture->pipeline);
    g_mutex_clear(&capture->lock);
    g_free(capture);
}

bool call_capture_has(const struct call_capture *capture, enum call_kind kind)
{
    return capture->lanes[kind].appsink != NULL;
}

GstElement *call_capture_pipeline(struct call_capture *capture)
{
    return capture->pipeline;
}

void call_capture_set_padding(struct call_capture *capture, unsigned multiple)
{
    for (int kind = 0; kind < CALL_KINDS; kind++) {
        GstElement *seal;

        if (!call_capture_has(capture, (enum call_kind)kind))
            continue;
        seal = child(capture, call_kind_name((enum call_kind)kind), "seal");
        g_object_set(seal, "padding", multiple, NULL);
        gst_object_unref(seal);
    }
}

void call_capture_request_key(struct call_capture *capture)
{
    struct lane *lane = &capture->lanes[CALL_VIDEO];

    if (lane->appsink != NULL)
        gst_element_send_event(lane->appsink,
                               gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void call_capture_stats(struct call_capture *capture, enum call_kind kind, struct call_capture_stats *stats)
{
    struct lane *lane = &capture->lanes[kind];
    guint waiting = 0;
    uint64_t skipped = lane->source != NULL ? call_source_skipped(lane->source) : 0;

    memset(stats, 0, sizeof(*stats));
    if (lane->appsink == NULL)
        return;
    g_object_get(lane->queue, "current-level-buffers", &waiting, NULL);
    g_mutex_lock(&capture->lock);
    *stats = lane->stats;
    /* what waits in the queue is neither encoded nor lost */
    if (stats->captured > lane->taken + waiting)
        stats->dropped = stats->captured - lane->taken - waiting;
    g_mutex_unlock(&capture->lock);
    stats->captured += skipped;
    stats->dropped += skipped;
}
