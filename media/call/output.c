#include "output.h"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdio.h>

#include "roster.h"
#include "source.h"

enum {
    PLAYOUT_MS = 160, /* sound is played this long after it was captured here below, so that it can be mixed */
    EOS_WAIT_S = 3,
};

struct voice {
    uint64_t sender;
    GstElement *appsrc;
};

struct call_output {
    GstElement *pipeline;
    GstElement *pictures; /* appsrc */
    GstElement *mixer;
    GstElement *window; /* NULL: there is none */
    void (*closed)(void *user, const char *reason);
    void *user;
    guint bus_watch;
    int width, height; /* pixels of the caps that are set */
    GMutex lock;
    struct voice voices[CALL_PARTICIPANTS_MAX];
    size_t voice_count;
};

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct call_output *output = data;
    GError *error = NULL;
    char *text;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        text =
            output->window != NULL && gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(output->window))
                ? g_strdup_printf("the window is gone: %s", error->message)
                : g_strdup_printf("the recording stops: %s", error->message);
        output->closed(output->user, text);
        g_free(text);
        g_error_free(error);
    }
    return G_SOURCE_CONTINUE;
}

/* The sink that can open a window here; NULL if none can. Not autovideosink: without a screen it tries what draws on
 * bare consoles, which takes seconds, and DirectFB, which crashes. */
static const char *find_window(void)
{
    static const char *const SINKS[] = {"waylandsink", "xvimagesink", "ximagesink"};
    const char *found = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(SINKS) && found == NULL; i++) {
        GstElement *sink = gst_element_factory_make(SINKS[i], NULL);

        if (sink == NULL)
            continue;
        if (gst_element_set_state(sink, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE)
            found = SINKS[i];
        gst_element_set_state(sink, GST_STATE_NULL);
        gst_object_unref(sink);
    }
    if (found == NULL)
        fprintf(stderr,
                "sotto: no window can be opened: is there a screen (DISPLAY, WAYLAND_DISPLAY)? --show none does "
                "without, --snapshot and --record write files\n");
    return found;
}

/* A floor of silence keeps the mixer going while nobody speaks. */
static char *describe(const struct call_args *args, const char *window)
{
    GString *text = g_string_new("appsrc name=pictures ! queue leaky=downstream max-size-buffers=2 ! tee name=grid "
                                 "audiomixer name=mixer ! " CALL_RAW_AUDIO " ! tee name=sound "
                                 "audiotestsrc is-live=true wave=silence samplesperbuffer=960 ! " CALL_RAW_AUDIO
                                 " ! queue ! mixer. ");

    if (window != NULL)
        g_string_append_printf(text,
                               "grid. ! queue leaky=downstream max-size-buffers=2 ! videoconvert ! "
                               "%s name=window sync=false "
                               "sound. ! queue ! audioconvert ! audioresample ! autoaudiosink ",
                               window);
    if (args->record_path != NULL)
        /* one size for all of a Matroska file, however the grid grows */
        g_string_append(text, "grid. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=50 ! videoconvert ! "
                              "videoscale add-borders=true ! "
                              "video/x-raw,width=1280,height=720,pixel-aspect-ratio=1/1 ! "
                              "vp8enc deadline=1 cpu-used=16 threads=1 target-bitrate=1500000 keyframe-max-dist=250 ! "
                              "mux. "
                              "sound. ! queue max-size-time=3000000000 ! audioconvert ! opusenc ! mux. "
                              "matroskamux name=mux ! filesink name=file ");
    return g_string_free(text, FALSE);
}

/* Says so if what people send can be seen and not heard: GStreamer then puts a sink that plays nothing. */
static void open_loudspeaker(struct call_output *output)
{
    GstElement *fake;

    gst_element_set_state(output->pipeline, GST_STATE_READY);
    fake = gst_bin_get_by_name(GST_BIN(output->pipeline), "fake-audio-sink");
    if (fake != NULL) {
        fprintf(stderr, "sotto: there is no loudspeaker: the call is shown and not heard\n");
        gst_object_unref(fake);
    }
}

struct call_output *call_output_new(const struct call_args *args, GstClock *clock, GstClockTime base_time,
                                    void (*closed)(void *user, const char *reason), void *user)
{
    struct call_output *output = g_new0(struct call_output, 1);
    const char *window = args->window ? find_window() : NULL;
    GError *error = NULL;
    GstElement *file;
    GstBus *bus;
    char *text;

    if (args->window && window == NULL) {
        g_free(output);
        return NULL;
    }
    text = describe(args, window);
    output->pipeline = gst_parse_launch(text, &error);
    g_free(text);
    if (error != NULL) {
        fprintf(stderr, "sotto: an element of GStreamer is missing: %s\n", error->message);
        g_error_free(error);
        gst_clear_object(&output->pipeline);
        g_free(output);
        return NULL;
    }
    g_mutex_init(&output->lock);
    output->closed = closed;
    output->user = user;
    output->pictures = gst_bin_get_by_name(GST_BIN(output->pipeline), "pictures");
    output->mixer = gst_bin_get_by_name(GST_BIN(output->pipeline), "mixer");
    output->window = gst_bin_get_by_name(GST_BIN(output->pipeline), "window");
    g_object_set(output->pictures, "format", GST_FORMAT_TIME, "is-live", TRUE, "do-timestamp", TRUE, NULL);
    g_object_set(output->mixer, "latency", (guint64)PLAYOUT_MS * GST_MSECOND, NULL);
    file = gst_bin_get_by_name(GST_BIN(output->pipeline), "file");
    if (file != NULL) {
        g_object_set(file, "location", args->record_path, NULL);
        gst_object_unref(file);
    }
    gst_pipeline_use_clock(GST_PIPELINE(output->pipeline), clock);
    gst_element_set_start_time(output->pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(output->pipeline, base_time);
    bus = gst_element_get_bus(output->pipeline);
    output->bus_watch = gst_bus_add_watch(bus, on_message, output);
    gst_object_unref(bus);
    if (output->window != NULL)
        open_loudspeaker(output);
    gst_element_set_state(output->pipeline, GST_STATE_PLAYING);
    return output;
}

void call_output_free(struct call_output *output)
{
    GstBus *bus = gst_element_get_bus(output->pipeline);
    GstMessage *message;

    /* the watch would take the message that is waited for here */
    g_source_remove(output->bus_watch);
    gst_element_send_event(output->pipeline, gst_event_new_eos());
    message = gst_bus_timed_pop_filtered(bus, EOS_WAIT_S * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (message != NULL)
        gst_message_unref(message);
    gst_object_unref(bus);
    gst_element_set_state(output->pipeline, GST_STATE_NULL);
    for (size_t i = 0; i < output->voice_count; i++)
        gst_object_unref(output->voices[i].appsrc);
    gst_clear_object(&output->window);
    gst_object_unref(output->pictures);
    gst_object_unref(output->mixer);
    gst_object_unref(output->pipeline);
    g_mutex_clear(&output->lock);
    g_free(output);
}

static void destroy_surface(gpointer surface)
{
    cairo_surface_destroy(surface);
}

void call_output_picture(struct call_output *output, cairo_surface_t *surface)
{
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    gsize size = (gsize)cairo_image_surface_get_stride(surface) * (gsize)height;

    if (width != output->width || height != output->height) {
        GstCaps *caps = gst_caps_new_simple(
            "video/x-raw", "format", G_TYPE_STRING, G_BYTE_ORDER == G_LITTLE_ENDIAN ? "BGRx" : "xRGB", "width",
            G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate", GST_TYPE_FRACTION, CALL_OUTPUT_RATE, 1, NULL);
        gst_app_src_set_caps(GST_APP_SRC(output->pictures), caps);
        gst_caps_unref(caps);
        output->width = width;
        output->height = height;
    }
    gst_app_src_push_buffer(GST_APP_SRC(output->pictures),
                            gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, cairo_image_surface_get_data(surface),
                                                        size, 0, size, surface, destroy_surface));
}

/* With the lock held. */
static GstElement *add_voice(struct call_output *output, uint64_t sender)
{
    GstElement *appsrc;
    GstCaps *caps;

    if (output->voice_count == CALL_PARTICIPANTS_MAX)
        return NULL;
    appsrc = gst_element_factory_make("appsrc", NULL);
    caps = gst_caps_from_string(CALL_RAW_AUDIO);
    g_object_set(appsrc, "format", GST_FORMAT_TIME, "is-live", TRUE, "caps", caps, "max-bytes", (guint64)0,
                 "max-buffers", (guint64)25, "leaky-type", GST_APP_LEAKY_TYPE_DOWNSTREAM, NULL);
    gst_caps_unref(caps);
    gst_bin_add(GST_BIN(output->pipeline), appsrc);
    gst_element_link(appsrc, output->mixer);
    gst_element_sync_state_with_parent(appsrc);
    output->voices[output->voice_count].sender = sender;
    output->voices[output->voice_count].appsrc = gst_object_ref(appsrc);
    output->voice_count++;
    return appsrc;
}

void call_output_sound(struct call_output *output, uint64_t sender, GstSample *sample)
{
    GstElement *appsrc = NULL;

    g_mutex_lock(&output->lock);
    for (size_t i = 0; i < output->voice_count && appsrc == NULL; i++)
        if (output->voices[i].sender == sender)
            appsrc = output->voices[i].appsrc;
    if (appsrc == NULL)
        appsrc = add_voice(output, sender);
    g_mutex_unlock(&output->lock);
    if (appsrc != NULL)
        gst_app_src_push_buffer(GST_APP_SRC(appsrc), gst_buffer_ref(gst_sample_get_buffer(sample)));
}
