#include "sender.h"

#include <gst/app/gstappsrc.h>
#include <gst/rtp/gstrtphdrext.h>
#include <gst/video/video.h>
#include <stdio.h>

#include "peer.h"
#include "sdp.h"

#include <gst/webrtc/webrtc.h>

enum {
    /* frames that may wait for the network; older ones make room */
    WAITING_AUDIO = 25,
    WAITING_VIDEO = 8,
    AGE_MAX_MS = 250, /* when a frame is sent */
};

struct call_sender {
    GstElement *pipeline;
    GstElement *appsrcs[CALL_KINDS];
    struct call_peer *peer;
    void (*up)(void *user);
    void (*down)(void *user, const char *reason, enum call_retry retry);
    void (*want_key)(void *user);
    void *user;
    guint bus_watch;
};

static GstPadProbeReturn on_upstream(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct call_sender *sender = data;

    (void)pad;
    if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info)))
        sender->want_key(sender->user);
    return GST_PAD_PROBE_OK;
}

/* What waited for the connection is not sent: to the receivers it would look as if the frames after it came from the
 * future, and they would refuse those. */
static GstPadProbeReturn on_packets(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct call_sender *sender = data;
    GstClock *clock = gst_element_get_clock(sender->pipeline);
    GstBuffer *buffer = NULL;
    GstClockTime now = GST_CLOCK_TIME_NONE;

    (void)pad;
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
        buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    else if (gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info)) > 0)
        buffer = gst_buffer_list_get(GST_PAD_PROBE_INFO_BUFFER_LIST(info), 0);
    if (clock != NULL) {
        now = gst_clock_get_time(clock) - gst_element_get_base_time(sender->pipeline);
        gst_object_unref(clock);
    }
    if (buffer != NULL && now != GST_CLOCK_TIME_NONE && GST_BUFFER_PTS_IS_VALID(buffer) &&
        now > GST_BUFFER_PTS(buffer) + AGE_MAX_MS * GST_MSECOND)
        return GST_PAD_PROBE_DROP;
    return GST_PAD_PROBE_OK;
}

static void peer_up(void *user)
{
    struct call_sender *sender = user;

    sender->up(sender->user);
}

static void peer_down(void *user, const char *reason, enum call_retry retry)
{
    struct call_sender *sender = user;

    sender->down(sender->user, reason, retry);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct call_sender *sender = data;
    GError *error = NULL;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        sender->down(sender->user, error->message, CALL_RETRY_LATER);
        g_error_free(error);
    }
    return G_SOURCE_CONTINUE;
}

static bool add_descriptor(GstElement *pay)
{
    GstElement *extension = gst_element_factory_make("rtphdrextdd", NULL);

    if (extension == NULL) {
        fprintf(stderr, "sotto: the element rtphdrextdd is missing\n");
        return false;
    }
    gst_rtp_header_extension_set_id(GST_RTP_HEADER_EXTENSION(extension), CALL_EXTENSION_DD);
    g_signal_emit_by_name(pay, "add-extension", extension);
    gst_object_unref(extension);
    return true;
}

/* appsrc ! rtpsframepay ! webrtcbin, on an m-line of its own that only sends. */
static bool add_lane(struct call_sender *sender, GstElement *webrtcbin, enum call_kind kind, enum call_codec codec)
{
    GstElement *appsrc = gst_element_factory_make("appsrc", NULL);
    GstElement *pay = gst_element_factory_make("rtpsframepay", NULL);
    GstWebRTCRTPTransceiver *transceiver = NULL;
    GstPad *from, *to;
    bool ok;

    if (appsrc == NULL || pay == NULL) {
        fprintf(stderr, "sotto: the element %s is missing\n", appsrc == NULL ? "appsrc" : "rtpsframepay");
        gst_clear_object(&appsrc);
        gst_clear_object(&pay);
        return false;
    }
    gst_bin_add_many(GST_BIN(sender->pipeline), appsrc, pay, NULL);
    g_object_set(appsrc, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes", (guint64)0, "max-buffers",
                 (guint64)(kind == CALL_VIDEO ? WAITING_VIDEO : WAITING_AUDIO), "leaky-type",
                 GST_APP_LEAKY_TYPE_DOWNSTREAM, NULL);
    g_object_set(pay, "pt", (guint)(kind == CALL_VIDEO ? CALL_PAYLOAD_VIDEO + (int)codec : CALL_PAYLOAD_OPUS), NULL);
    /* offsets of encoded buffers count bytes, not samples: RTP time comes from the timestamps */
    g_object_set(pay, "perfect-rtptime", FALSE, NULL);
    if (kind == CALL_VIDEO && !add_descriptor(pay))
        return false;
    from = gst_element_get_static_pad(appsrc, "src");
    gst_pad_add_probe(from, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, sender, NULL);
    gst_object_unref(from);
    from = gst_element_get_static_pad(pay, "src");
    to = gst_element_request_pad_simple(webrtcbin, "sink_%u");
    ok = gst_element_link(appsrc, pay) && gst_pad_link(from, to) == GST_PAD_LINK_OK;
    gst_pad_add_probe(to, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packets, sender, NULL);
    g_object_get(to, "transceiver", &transceiver, NULL);
    g_object_set(transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack", TRUE, NULL);
    gst_object_unref(transceiver);
    gst_object_unref(from);
    gst_object_unref(to);
    sender->appsrcs[kind] = gst_object_ref(appsrc);
    return ok;
}

struct call_sender *call_sender_new(const struct call_sender_config *config)
{
    struct call_sender *sender = g_new0(struct call_sender, 1);
    GstElement *webrtcbin = gst_element_factory_make("webrtcbin", NULL);
    struct call_peer_config peer = {
        .http = config->http,
        .url = config->url,
        .token = config->token,
        .webrtcbin = webrtcbin,
        .waits = true, /* for the caps of the first frames */
        .expects_reports = true,
        .up = peer_up,
        .down = peer_down,
        .user = sender,
    };
    GstBus *bus;
    bool ok = true;

    sender->up = config->up;
    sender->down = config->down;
    sender->want_key = config->want_key;
    sender->user = config->user;
    if (webrtcbin == NULL) {
        fprintf(stderr, "sotto: GStreamer's element webrtcbin is missing\n");
        g_free(sender);
        return NULL;
    }
    sender->pipeline = gst_pipeline_new(NULL);
    gst_pipeline_use_clock(GST_PIPELINE(sender->pipeline), config->clock);
    gst_element_set_start_time(sender->pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(sender->pipeline, config->base_time);
    g_object_set(webrtcbin, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
    gst_bin_add(GST_BIN(sender->pipeline), webrtcbin);
    bus = gst_element_get_bus(sender->pipeline);
    sender->bus_watch = gst_bus_add_watch(bus, on_message, sender);
    gst_object_unref(bus);
    peer.pipeline = sender->pipeline;
    sender->peer = call_peer_new(&peer);
    for (int kind = 0; kind < CALL_KINDS && ok; kind++)
        if (config->kinds[kind])
            ok = add_lane(sender, webrtcbin, (enum call_kind)kind, config->codec);
    if (!ok) {
        call_sender_free(sender, NULL, NULL);
        return NULL;
    }
    gst_element_set_state(sender->pipeline, GST_STATE_PLAYING);
    return sender;
}

void call_sender_free(struct call_sender *sender, void (*closed)(void *user), void *user)
{
    call_peer_free(sender->peer, closed, user);
    g_source_remove(sender->bus_watch);
    gst_element_set_state(sender->pipeline, GST_STATE_NULL);
    for (int kind = 0; kind < CALL_KINDS; kind++)
        gst_clear_object(&sender->appsrcs[kind]);
    gst_object_unref(sender->pipeline);
    g_free(sender);
}

void call_sender_push(struct call_sender *sender, enum call_kind kind, GstBuffer *buffer, GstCaps *caps)
{
    GstAppSrc *appsrc = GST_APP_SRC(sender->appsrcs[kind]);

    if (appsrc == NULL)
        return;
    call_peer_begin(sender->peer);
    gst_app_src_set_caps(appsrc, caps);
    gst_app_src_push_buffer(appsrc, gst_buffer_ref(buffer));
}

bool call_sender_is_up(const struct call_sender *sender)
{
    return call_peer_is_up(sender->peer);
}
