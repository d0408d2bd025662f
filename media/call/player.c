#include "player.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "source.h"

enum { WAITING_MAX = 30 /* frames before a decoder that does not keep up */ };

struct call_player {
    struct call_player_config config;
    GstElement *pipeline;
    GstElement *appsrc;
    int64_t last_us;
    gint failed; /* atomic */
};

static const struct decoder {
    const char *caps;
    const char *elements;
} DECODERS[CALL_CODECS] = {
    [CALL_VP8] = {"video/x-vp8", "vp8dec threads=1"},
    [CALL_VP9] = {"video/x-vp9", "vp9dec threads=1"},
    [CALL_H264] = {"video/x-h264,stream-format=byte-stream,alignment=au", "h264parse ! avdec_h264 max-threads=1"},
    [CALL_AV1] = {"video/x-av1,stream-format=obu-stream,alignment=tu", "av1parse ! av1dec"},
};

static GstFlowReturn on_decoded(GstAppSink *appsink, gpointer data)
{
    struct call_player *player = data;
    GstSample *sample = gst_app_sink_pull_sample(appsink);

    if (sample == NULL)
        return GST_FLOW_EOS;
    player->config.decoded(player->config.user, player->config.sender, player->config.kind, sample);
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static GstPadProbeReturn on_upstream(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct call_player *player = data;

    (void)pad;
    if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info)))
        player->config.want_key(player->config.user, player->config.sender);
    return GST_PAD_PROBE_OK;
}

static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct call_player *player = data;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        g_atomic_int_set(&player->failed, 1);
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static char *describe(const struct call_player_config *config)
{
    if (config->kind == CALL_AUDIO)
        return g_strdup("appsrc name=in ! opusdec ! audioconvert ! audioresample ! " CALL_RAW_AUDIO
                        " ! appsink name=out sync=false");
    return g_strdup_printf("appsrc name=in ! %s ! appsink name=out sync=false", DECODERS[config->codec].elements);
}

struct call_player *call_player_new(const struct call_player_config *config)
{
    struct call_player *player;
    GstAppSinkCallbacks callbacks = {.new_sample = on_decoded};
    char *text = describe(config);
    GError *error = NULL;
    GstElement *pipeline = gst_parse_launch(text, &error);
    GstElement *appsink;
    GstCaps *caps;
    GstPad *pad;
    GstBus *bus;

    g_free(text);
    if (error != NULL) {
        g_error_free(error);
        gst_clear_object(&pipeline);
        return NULL;
    }
    player = g_new0(struct call_player, 1);
    player->config = *config;
    player->pipeline = pipeline;
    player->last_us = g_get_monotonic_time();
    player->appsrc = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    caps =
        gst_caps_from_string(config->kind == CALL_AUDIO ? "audio/x-opus,channel-mapping-family=0,channels=1,rate=48000"
                                                        : DECODERS[config->codec].caps);
    g_object_set(player->appsrc, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes", (guint64)0,
                 "max-buffers", (guint64)WAITING_MAX, "leaky-type", GST_APP_LEAKY_TYPE_DOWNSTREAM, NULL);
    gst_caps_unref(caps);
    pad = gst_element_get_static_pad(player->appsrc, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, player, NULL);
    gst_object_unref(pad);
    appsink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    gst_app_sink_set_callbacks(GST_APP_SINK(appsink), &callbacks, player, NULL);
    gst_object_unref(appsink);
    bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(bus, on_message, player, NULL);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    return player;
}

void call_player_free(struct call_player *player)
{
    gst_element_set_state(player->pipeline, GST_STATE_NULL);
    gst_object_unref(player->appsrc);
    gst_object_unref(player->pipeline);
    g_free(player);
}

void call_player_push(struct call_player *player, GstBuffer *frame)
{
    player->last_us = g_get_monotonic_time();
    gst_app_src_push_buffer(GST_APP_SRC(player->appsrc), gst_buffer_ref(frame));
}

bool call_player_failed(struct call_player *player)
{
    return g_atomic_int_get(&player->failed) != 0;
}

enum call_codec call_player_codec(const struct call_player *player)
{
    return player->config.codec;
}

int64_t call_player_last_us(const struct call_player *player)
{
    return player->last_us;
}
