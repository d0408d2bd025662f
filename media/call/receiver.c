#include "receiver.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>

#include "gstsotto/frame.h"
#include "peer.h"
#include "sdp.h"
#include "sotto/sframe.h"

#include <gst/webrtc/webrtc.h>

enum {
    JITTER_MS = 100,              /* how long a missing packet is waited for */
    KEY_REQUEST_SPACING_MS = 500, /* between requests for the same stream */
    CHAINS_MAX = 4 * CALL_SLOTS_MAX,
    SESSION_BPS = 1500 * 1000, /* from which RTCP's share is reckoned */
};

/* What stands behind one pad of webrtcbin's: rtpsframedepay ! sframedec ! appsink. */
struct chain {
    struct call_receiver *receiver;
    unsigned slot;
    guint ssrc;
    enum call_kind kind;
    GstElement *depay, *open, *appsink;
    gint64 key_asked_us; /* under the receiver's lock */
    uint64_t sender;     /* of the last frame that opened; under the receiver's lock */
};

struct call_receiver {
    struct call_receiver_config config;
    GstElement *pipeline;
    GstElement *webrtcbin;
    struct call_peer *peer;
    guint bus_watch;
    GMutex lock;
    struct chain *chains[CHAINS_MAX];
    size_t chain_count;
};

/* --- frames ------------------------------------------------------------------------------------------------------- */

static enum call_refusal refusal_of(gint error, gboolean fragment)
{
    if (error == SFRAME_REPLAY)
        return CALL_REFUSED_REPLAY;
    if (error == SFRAME_LATE || error == SFRAME_TIME_BACK)
        return CALL_REFUSED_LATE;
    if (fragment)
        return CALL_REFUSED_INCOMPLETE;
    if (error == SFRAME_AUTH || error == SFRAME_NO_KEY || error == SFRAME_QUOTA)
        return CALL_REFUSED_KEY;
    return CALL_REFUSED_OTHER;
}

/* Whose frame it is; a sender of 0 if that is nobody in the call. *index: its place among the stream's. */
static bool resolve(const struct chain *chain, guint64 kid, guint64 ctr, uint64_t *sender, uint64_t *index)
{
    const struct call_receiver_frames *frames = &chain->receiver->config.frames;
    bool shown;

    *sender = *index = 0;
    shown = frames->resolve(frames->user, kid, ctr, sender, index);
    frames->received(frames->user, *sender, chain->kind);
    return shown;
}

static void on_refused(GstElement *open, guint64 kid, gint error, gboolean fragment, gpointer data)
{
    const struct chain *chain = data;
    const struct call_receiver_frames *frames = &chain->receiver->config.frames;
    uint64_t sender, index;

    (void)open;
    resolve(chain, kid, 0, &sender, &index);
    frames->refused(frames->user, sender, chain->kind, chain->slot, refusal_of(error, fragment));
}

static enum call_codec codec_from_caps(const GstCaps *caps)
{
    static const char *const TYPES[CALL_CODECS] = {"video/x-vp8", "video/x-vp9", "video/x-h264", "video/x-av1"};
    const char *name = gst_structure_get_name(gst_caps_get_structure(caps, 0));

    for (int i = 0; i < CALL_CODECS; i++)
        if (strcmp(TYPES[i], name) == 0)
            return (enum call_codec)i;
    return CALL_CODECS;
}

static GstFlowReturn on_opened(GstAppSink *appsink, gpointer data)
{
    struct chain *chain = data;
    GstSample *sample = gst_app_sink_pull_sample(appsink);
    struct call_opened_frame frame;
    guint64 kid, ctr;
    bool shown;

    if (sample == NULL)
        return GST_FLOW_EOS;
    frame = (struct call_opened_frame){
        .kind = chain->kind,
        .codec = chain->kind == CALL_VIDEO ? codec_from_caps(gst_sample_get_caps(sample)) : CALL_VP8,
        .key = !GST_BUFFER_FLAG_IS_SET(gst_sample_get_buffer(sample), GST_BUFFER_FLAG_DELTA_UNIT),
        .slot = chain->slot,
        .buffer = gst_sample_get_buffer(sample),
    };
    /* authenticated: the KID is in the AEAD's data */
    shown = sotto_frame_origin(frame.buffer, &kid, &ctr) && resolve(chain, kid, ctr, &frame.sender, &frame.index);
    g_mutex_lock(&chain->receiver->lock);
    chain->sender = frame.sender;
    g_mutex_unlock(&chain->receiver->lock);
    if (frame.codec < CALL_CODECS && shown)
        chain->receiver->config.frames.opened(chain->receiver->config.frames.user, &frame);
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

void call_receiver_request_key(struct call_receiver *receiver, uint64_t sender)
{
    gint64 now_us = g_get_monotonic_time();
    GstElement *appsink = NULL;

    g_mutex_lock(&receiver->lock);
    for (size_t i = receiver->chain_count; i-- > 0;) {
        struct chain *chain = receiver->chains[i];
        if (chain->kind != CALL_VIDEO || chain->sender != sender)
            continue;
        if (now_us - chain->key_asked_us > KEY_REQUEST_SPACING_MS * G_GINT64_CONSTANT(1000)) {
            chain->key_asked_us = now_us;
            appsink = gst_object_ref(chain->appsink);
        }
        break;
    }
    g_mutex_unlock(&receiver->lock);
    if (appsink != NULL) {
        gst_element_send_event(appsink, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
        gst_object_unref(appsink);
    }
}

/* --- pads --------------------------------------------------------------------------------------------------------- */

/* Where the frames of this SSRC belong, as the server's answer says. */
static unsigned slot_of_ssrc(struct call_receiver *receiver, guint ssrc)
{
    GstWebRTCSessionDescription *remote = NULL;
    int slot = -1;

    g_object_get(receiver->webrtcbin, "remote-description", &remote, NULL);
    if (remote != NULL) {
        slot = call_sdp_find_ssrc(remote->sdp, ssrc);
        gst_webrtc_session_description_free(remote);
    }
    return slot < 0 ? CALL_SLOTS_MAX : (unsigned)slot;
}

static void chain_remove(struct chain *chain)
{
    GstElement *elements[] = {chain->depay, chain->open, chain->appsink};

    for (size_t i = 0; i < G_N_ELEMENTS(elements); i++) {
        gst_element_set_locked_state(elements[i], TRUE);
        gst_element_set_state(elements[i], GST_STATE_NULL);
        gst_bin_remove(GST_BIN(chain->receiver->pipeline), elements[i]);
    }
    g_free(chain);
}

/* webrtcbin forgets a slot that was idle and then gives it a new pad: the old one's elements go. */
static struct chain *take_predecessor(struct call_receiver *receiver, guint ssrc)
{
    struct chain *found = NULL;

    for (size_t i = 0; i < receiver->chain_count; i++) {
        if (receiver->chains[i]->ssrc == ssrc) {
            found = receiver->chains[i];
            receiver->chains[i] = receiver->chains[--receiver->chain_count];
            break;
        }
    }
    return found;
}

static GstElement *add_element(struct call_receiver *receiver, const char *name)
{
    GstElement *element = gst_element_factory_make(name, NULL);

    gst_bin_add(GST_BIN(receiver->pipeline), element);
    return element;
}

static void on_pad_added(GstElement *webrtcbin, GstPad *pad, gpointer data)
{
    struct call_receiver *receiver = data;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const GstStructure *structure = caps != NULL ? gst_caps_get_structure(caps, 0) : NULL;
    GstAppSinkCallbacks callbacks = {.new_sample = on_opened};
    struct chain *chain, *predecessor;
    GstPad *sink;

    (void)webrtcbin;
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC || structure == NULL)
        goto out;
    chain = g_new0(struct chain, 1);
    chain->receiver = receiver;
    gst_structure_get_uint(structure, "ssrc", &chain->ssrc);
    chain->slot = slot_of_ssrc(receiver, chain->ssrc);
    chain->kind = g_strcmp0(gst_structure_get_string(structure, "media"), "video") == 0 ? CALL_VIDEO : CALL_AUDIO;
    g_mutex_lock(&receiver->lock);
    predecessor = take_predecessor(receiver, chain->ssrc);
    if (receiver->chain_count == CHAINS_MAX) {
        g_mutex_unlock(&receiver->lock);
        g_free(chain);
        goto out;
    }
    chain->depay = add_element(receiver, "rtpsframedepay");
    chain->open = add_element(receiver, "sframedec");
    chain->appsink = add_element(receiver, "appsink");
    receiver->chains[receiver->chain_count++] = chain;
    g_mutex_unlock(&receiver->lock);
    if (predecessor != NULL)
        chain_remove(predecessor);
    /* a sink that waited for its first frame would hold up the pipeline that already plays */
    g_object_set(chain->appsink, "sync", FALSE, "async", FALSE, NULL);
    gst_app_sink_set_callbacks(GST_APP_SINK(chain->appsink), &callbacks, chain, NULL);
    g_signal_connect(chain->open, "refused", G_CALLBACK(on_refused), chain);
    gst_element_link_many(chain->depay, chain->open, chain->appsink, NULL);
    gst_element_sync_state_with_parent(chain->appsink);
    gst_element_sync_state_with_parent(chain->open);
    gst_element_sync_state_with_parent(chain->depay);
    sink = gst_element_get_static_pad(chain->depay, "sink");
    gst_pad_link(pad, sink);
    gst_object_unref(sink);
out:
    if (caps != NULL)
        gst_caps_unref(caps);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void peer_up(void *user)
{
    struct call_receiver *receiver = user;

    receiver->config.up(receiver->config.user);
}

static void peer_down(void *user, const char *reason, enum call_retry retry)
{
    struct call_receiver *receiver = user;

    receiver->config.down(receiver->config.user, reason, retry);
}

/* The slot an sframedec stands behind; false if it is gone. */
static bool slot_of_element(struct call_receiver *receiver, const GstObject *element, unsigned *slot,
                            enum call_kind *kind)
{
    bool found = false;

    g_mutex_lock(&receiver->lock);
    for (size_t i = 0; i < receiver->chain_count && !found; i++) {
        if (GST_OBJECT(receiver->chains[i]->open) == element) {
            *slot = receiver->chains[i]->slot;
            *kind = receiver->chains[i]->kind;
            found = true;
        }
    }
    g_mutex_unlock(&receiver->lock);
    return found;
}

static void on_element_message(struct call_receiver *receiver, GstMessage *message)
{
    const GstStructure *structure = gst_message_get_structure(message);
    const char *name = gst_structure_get_string(structure, "name");
    gboolean plain = FALSE;
    guint64 sender;
    unsigned slot;
    enum call_kind kind;

    if (gst_structure_has_name(structure, "sotto-sframe-sender")) {
        if (name != NULL && name[0] != '\0' && gst_structure_get_uint64(structure, "sender", &sender))
            receiver->config.frames.named(receiver->config.frames.user, sender, name);
    } else if (gst_structure_has_name(structure, "sotto-sframe-refused")) {
        gst_structure_get_boolean(structure, "plain", &plain);
        if (plain && slot_of_element(receiver, GST_MESSAGE_SRC(message), &slot, &kind))
            receiver->config.frames.plain(receiver->config.frames.user, kind, slot);
    }
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    struct call_receiver *receiver = data;
    GError *error = NULL;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT)
        on_element_message(receiver, message);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        receiver->config.down(receiver->config.user, error->message, CALL_RETRY_LATER);
        g_error_free(error);
    }
    return G_SOURCE_CONTINUE;
}

/* How soon after one report the next may go, NACKs with it, follows from the session's bandwidth (RFC 4585
 * section 3.5), which is guessed from what has come in: at a call's start, from nothing, so that what is lost then
 * would be asked for too late. */
static void on_element(GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user)
{
    GstElementFactory *factory = gst_element_get_factory(element);

    (void)bin;
    (void)sub_bin;
    (void)user;
    if (factory != NULL && strcmp(GST_OBJECT_NAME(factory), "rtpsession") == 0)
        g_object_set(element, "bandwidth", (gdouble)SESSION_BPS, NULL);
}

static void add_slot(GstElement *webrtcbin, GstCaps *caps)
{
    GstWebRTCRTPTransceiver *transceiver = NULL;

    g_signal_emit_by_name(webrtcbin, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps,
                          &transceiver);
    g_object_set(transceiver, "do-nack", TRUE, NULL);
    gst_object_unref(transceiver);
    gst_caps_unref(caps);
}

struct call_receiver *call_receiver_new(const struct call_receiver_config *config)
{
    struct call_receiver *receiver = g_new0(struct call_receiver, 1);
    struct call_peer_config peer = {
        .http = config->http,
        .url = config->url,
        .token = config->token,
        .up = peer_up,
        .down = peer_down,
        .user = receiver,
    };
    GstBus *bus;

    receiver->config = *config;
    g_mutex_init(&receiver->lock);
    receiver->pipeline = gst_pipeline_new(NULL);
    gst_pipeline_use_clock(GST_PIPELINE(receiver->pipeline), config->clock);
    gst_element_set_start_time(receiver->pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(receiver->pipeline, config->base_time);
    gst_element_set_context(receiver->pipeline, config->key_ring);
    bus = gst_element_get_bus(receiver->pipeline);
    receiver->bus_watch = gst_bus_add_watch(bus, on_message, receiver);
    gst_object_unref(bus);
    receiver->webrtcbin = add_element(receiver, "webrtcbin");
    g_object_set(receiver->webrtcbin, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", JITTER_MS, NULL);
    g_signal_connect(receiver->webrtcbin, "deep-element-added", G_CALLBACK(on_element), NULL);
    g_signal_connect(receiver->webrtcbin, "pad-added", G_CALLBACK(on_pad_added), receiver);
    peer.pipeline = receiver->pipeline;
    peer.webrtcbin = receiver->webrtcbin;
    receiver->peer = call_peer_new(&peer);
    for (int i = 0; i < CALL_AUDIO_SLOTS; i++)
        add_slot(receiver->webrtcbin, call_sdp_audio_caps());
    for (int codec = 0; codec < CALL_CODECS; codec++)
        for (int i = 0; i < CALL_VIDEO_SLOTS; i++)
            add_slot(receiver->webrtcbin, call_sdp_video_caps((enum call_codec)codec));
    gst_element_set_state(receiver->pipeline, GST_STATE_PLAYING);
    return receiver;
}

void call_receiver_free(struct call_receiver *receiver, void (*closed)(void *user), void *user)
{
    call_peer_free(receiver->peer, closed, user);
    g_source_remove(receiver->bus_watch);
    gst_element_set_state(receiver->pipeline, GST_STATE_NULL);
    for (size_t i = 0; i < receiver->chain_count; i++)
        g_free(receiver->chains[i]);
    gst_object_unref(receiver->pipeline);
    g_mutex_clear(&receiver->lock);
    g_free(receiver);
}

bool call_receiver_is_up(const struct call_receiver *receiver)
{
    return call_peer_is_up(receiver->peer);
}
