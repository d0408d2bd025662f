#include "source.h"

#include <gst/app/gstappsink.h>
#include <string.h>

enum {
    BEHIND_MAX_MS = 200, /* later than this, frames are left out instead of sent in a burst */
    AHEAD_BUFFERS = 4,   /* what is decoded ahead bridges the jump back to the file's start */
};

struct call_source {
    GstElement *pipeline;
    GstElement *appsink;
    GstAppSrc *appsrc;
    bool video;
    void (*failed)(void *user, const char *reason);
    void *user;
    guint bus_watch;

    /* streaming thread */
    bool anchored;
    GstClockTime anchor; /* running time of unit 0 */
    uint64_t units;      /* frames or samples handed over since the anchor */
    bool caps_set;

    GMutex lock;
    uint64_t skipped;
    uint64_t round_units; /* handed over since the file's start: a round of none never ends */
};

static GstClockTime unit_time(const struct call_source *source, uint64_t units)
{
    return gst_util_uint64_scale(units, GST_SECOND, source->video ? CALL_FRAME_RATE : CALL_SAMPLE_RATE);
}

/* Running time of the pipeline that is fed, GST_CLOCK_TIME_NONE while it does not run. */
static GstClockTime now(const struct call_source *source)
{
    GstClock *clock = gst_element_get_clock(GST_ELEMENT(source->appsrc));
    GstClockTime base = gst_element_get_base_time(GST_ELEMENT(source->appsrc));
    GstClockTime time = GST_CLOCK_TIME_NONE;

    if (clock != NULL) {
        time = gst_clock_get_time(clock);
        time = time > base ? time - base : 0;
        gst_object_unref(clock);
    }
    return time;
}

/* The time of the next unit: right behind the last one, unless reality has run away. */
static GstClockTime next_time(struct call_source *source)
{
    GstClockTime reality = now(source);
    GstClockTime next = source->anchor + unit_time(source, source->units);

    if (reality == GST_CLOCK_TIME_NONE)
        return source->anchored ? next : 0;
    if (!source->anchored) {
        source->anchored = true;
        source->anchor = reality;
        return reality;
    }
    if (reality > next + BEHIND_MAX_MS * GST_MSECOND) {
        if (source->video) {
            g_mutex_lock(&source->lock);
            source->skipped += gst_util_uint64_scale(reality - next, CALL_FRAME_RATE, GST_SECOND);
            g_mutex_unlock(&source->lock);
        }
        source->anchor += reality - next;
        next = reality;
    }
    return next;
}

static GstFlowReturn on_sample(GstAppSink *appsink, gpointer data)
{
    struct call_source *source = data;
    GstSample *sample = gst_app_sink_pull_sample(appsink);
    GstBuffer *buffer;
    uint64_t units;

    if (sample == NULL)
        return GST_FLOW_EOS;
    if (!source->caps_set) {
        gst_app_src_set_caps(source->appsrc, gst_sample_get_caps(sample));
        source->caps_set = true;
    }
    buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
    units = source->video ? 1 : gst_buffer_get_size(buffer) / sizeof(int16_t);
    GST_BUFFER_PTS(buffer) = next_time(source);
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    source->units += units;
    GST_BUFFER_DURATION(buffer) = unit_time(source, source->units) - unit_time(source, source->units - units);
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC);
    g_mutex_lock(&source->lock);
    source->round_units += units;
    g_mutex_unlock(&source->lock);
    gst_sample_unref(sample);
    /* blocks while the appsrc is full: this is what paces the file */
    return gst_app_src_push_buffer(source->appsrc, buffer);
}

static void fail(struct call_source *source, const char *reason)
{
    if (source->failed != NULL)
        source->failed(source->user, reason);
    source->failed = NULL;
}

static void begin_anew(struct call_source *source)
{
    bool empty;

    g_mutex_lock(&source->lock);
    empty = source->round_units == 0;
    source->round_units = 0;
    g_mutex_unlock(&source->lock);
    if (empty) {
        fail(source, source->video ? "it holds no video" : "it holds no sound");
    } else if (!gst_element_seek_simple(source->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0)) {
        /* not every container can seek */
        gst_element_set_state(source->pipeline, GST_STATE_READY);
        gst_element_set_state(source->pipeline, GST_STATE_PLAYING);
    }
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct call_source *source = data;
    GError *error = NULL;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        begin_anew(source);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        fail(source, error->message);
        g_error_free(error);
    }
    return G_SOURCE_CONTINUE;
}

/* One picture needs no second core. */
static void on_element(GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user)
{
    (void)bin;
    (void)sub_bin;
    (void)user;
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-threads") != NULL)
        g_object_set(element, "max-threads", 1, NULL);
}

/* A film's other streams are not decoded for nothing. */
static gboolean on_stream(GstElement *decodebin, GstPad *pad, GstCaps *caps, gpointer data)
{
    const struct call_source *source = data;
    const char *type = gst_structure_get_name(gst_caps_get_structure(caps, 0));

    (void)decodebin;
    (void)pad;
    return !g_str_has_prefix(type, source->video ? "audio/" : "video/");
}

struct call_source *call_source_new(const char *path, bool video, GstAppSrc *appsrc,
                                    void (*failed)(void *user, const char *reason), void *user)
{
    struct call_source *source = g_new0(struct call_source, 1);
    GstAppSinkCallbacks callbacks = {.new_sample = on_sample};
    GstElement *element;
    GstBus *bus;

    g_mutex_init(&source->lock);
    source->video = video;
    source->appsrc = gst_object_ref(appsrc);
    source->failed = failed;
    source->user = user;
    g_object_set(appsrc, "format", GST_FORMAT_TIME, "is-live", TRUE, "block", TRUE, "max-bytes", (guint64)0,
                 "max-buffers", (guint64)AHEAD_BUFFERS, NULL);
    source->pipeline = gst_parse_launch(
        video ? "filesrc name=file ! decodebin name=decode ! videoconvert ! videoscale ! videorate ! " CALL_RAW_VIDEO
                " ! appsink name=out sync=false max-buffers=2"
              : "filesrc name=file ! decodebin name=decode ! audioconvert ! audioresample ! " CALL_RAW_AUDIO
                " ! audiobuffersplit output-buffer-duration=1/50 ! appsink name=out sync=false max-buffers=2",
        NULL);
    g_signal_connect(source->pipeline, "deep-element-added", G_CALLBACK(on_element), NULL);
    element = gst_bin_get_by_name(GST_BIN(source->pipeline), "file");
    g_object_set(element, "location", path, NULL);
    gst_object_unref(element);
    element = gst_bin_get_by_name(GST_BIN(source->pipeline), "decode");
    g_signal_connect(element, "autoplug-continue", G_CALLBACK(on_stream), source);
    gst_object_unref(element);
    source->appsink = gst_bin_get_by_name(GST_BIN(source->pipeline), "out");
    gst_app_sink_set_callbacks(GST_APP_SINK(source->appsink), &callbacks, source, NULL);
    bus = gst_element_get_bus(source->pipeline);
    source->bus_watch = gst_bus_add_watch(bus, on_message, source);
    gst_object_unref(bus);
    return source;
}

bool call_source_start(struct call_source *source)
{
    return gst_element_set_state(source->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

void call_source_free(struct call_source *source)
{
    g_source_remove(source->bus_watch);
    gst_element_set_state(source->pipeline, GST_STATE_NULL);
    gst_object_unref(source->appsink);
    gst_object_unref(source->pipeline);
    gst_object_unref(source->appsrc);
    g_mutex_clear(&source->lock);
    g_free(source);
}

uint64_t call_source_skipped(struct call_source *source)
{
    uint64_t skipped;

    g_mutex_lock(&source->lock);
    skipped = source->skipped;
    g_mutex_unlock(&source->lock);
    return skipped;
}
