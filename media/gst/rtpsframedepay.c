/**
 * SECTION:element-rtpsframedepay
 *
 * Joins RTP packets to sealed frames (application/x-sframe). Frames are found by the Dependency Descriptor where the
 * packets carry it, else by sequence numbers, marker and timestamp. A lost packet costs its own frame only. A frame
 * whose beginning is a guess is flagged as corrupted: sframedec will tell, for a partial frame never authenticates.
 */
#include "rtpsframedepay.h"

#include <gst/rtp/gstrtpbuffer.h>
#include <stdlib.h>
#include <string.h>

#include "assembler.h"
#include "codecs.h"
#include "keyunit.h"
#include "packetization.h"
#include "reorder.h"
#include "rtp/dd.h"
#include "rtphdrextdd.h"

GST_DEBUG_CATEGORY_STATIC(rtpsframedepay_debug);
#define GST_CAT_DEFAULT rtpsframedepay_debug

struct _SottoRtpSframeDepay {
    GstRTPBaseDepayload parent;
    SottoPacketization packetization; /* object lock, as the two below */
    guint reorder_window;
    guint max_frame_size;
    gboolean request_keyframe;
    guint64 frames_dropped; /* the assembler's count */

    /* streaming thread */
    const struct sotto_codec *codec;
    struct dd_structure structure;
    guint8 dd_id; /* of the Dependency Descriptor in these caps; 0: none */
    gboolean ssrc_known;
    guint32 ssrc;
    struct reorder reorder;
    guint lost_carried; /* numbers missing before a packet that was no part of a frame */
    struct assembler assembler;
    gboolean ask_after_loss; /* request_keyframe, as of this packet */
    gboolean key_seen;       /* since the start of the stream; only where the packets tell */
    struct key_unit key_unit;
};

G_DEFINE_TYPE(SottoRtpSframeDepay, sotto_rtp_sframe_depay, GST_TYPE_RTP_BASE_DEPAYLOAD)

enum {
    PROP_0,
    PROP_PACKETIZATION,
    PROP_REORDER_WINDOW,
    PROP_MAX_FRAME_SIZE,
    PROP_REQUEST_KEYFRAME,
    PROP_FRAMES_DROPPED
};

enum {
    BASE_MAX_REORDER = 100, /* the base class's default */
    MAX_FRAME_SIZE_DEFAULT = 8 << 20,
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("application/x-rtp, media=(string)video, clock-rate=(int)90000, "
                    "encoding-name=(string){ VP8, VP9, H264, AV1 }; "
                    "application/x-rtp, media=(string)audio, clock-rate=(int)48000, encoding-name=(string)OPUS"));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_SEALED));

static void packet_free(gpointer data)
{
    struct assembler_packet *packet = data;
    gst_clear_buffer(&packet->payload);
    g_free(packet);
}

static void depay_reset(SottoRtpSframeDepay *self)
{
    reorder_reset(&self->reorder);
    assembler_reset(&self->assembler);
    self->lost_carried = 0;
    self->structure.template_count = 0;
    self->ssrc_known = FALSE;
    self->key_seen = FALSE;
}

/* The id that caps field extmap-ID maps to the Dependency Descriptor; 0 if there is none. */
static guint8 dd_id_from_caps(const GstStructure *s)
{
    for (gint i = 0; i < gst_structure_n_fields(s); i++) {
        const gchar *name = gst_structure_nth_field_name(s, (guint)i);
        const GValue *value = gst_structure_get_value(s, name);
        if (!g_str_has_prefix(name, "extmap-"))
            continue;
        if (GST_VALUE_HOLDS_ARRAY(value) && gst_value_array_get_size(value) >= 2)
            value = gst_value_array_get_value(value, 1); /* direction, URI, attributes */
        if (!G_VALUE_HOLDS_STRING(value) || g_strcmp0(g_value_get_string(value), DD_URI) != 0)
            continue;
        unsigned long id = strtoul(name + strlen("extmap-"), NULL, 10);
        if (id >= 1 && id <= 255)
            return (guint8)id;
    }
    return 0;
}

static gboolean depay_set_caps(GstRTPBaseDepayload *base, GstCaps *caps)
{
    SottoRtpSframeDepay *self = SOTTO_RTP_SFRAME_DEPAY(base);
    const GstStructure *s = gst_caps_get_structure(caps, 0);
    const struct sotto_codec *codec = sotto_codec_by_encoding_name(gst_structure_get_string(s, "encoding-name"));
    GstCaps *src;
    gboolean ok;

    if (!codec)
        return FALSE;
    if (codec != self->codec)
        depay_reset(self);
    self->codec = codec;
    self->dd_id = sotto_codec_is_video(codec) ? dd_id_from_caps(s) : 0;
    base->clock_rate = codec->clock_rate;

    gchar *text = g_strdup_printf(SOTTO_CAPS_SFRAME ", " SOTTO_FIELD_ORIGINAL "=(string)%s%s%s", codec->media_type,
                                  codec->depay_fields ? ", " : "", codec->depay_fields ? codec->depay_fields : "");
    src = gst_caps_from_string(text);
    g_free(text);
    ok = gst_pad_set_caps(GST_RTP_BASE_DEPAYLOAD_SRCPAD(base), src);
    gst_caps_unref(src);
    return ok;
}

/* Start, end and key as the packet's Dependency Descriptor says; FALSE if it has none. Start, end and
 * key do not depend on a structure that may have been lost. */
static gboolean read_descriptor(SottoRtpSframeDepay *self, GstRTPBuffer *rtp, struct assembler_packet *packet)
{
    gpointer data;
    guint len;
    guint8 appbits;
    struct dd_descriptor dd;

    if (self->dd_id == 0)
        return FALSE;
    if (!gst_rtp_buffer_get_extension_onebyte_header(rtp, self->dd_id, 0, &data, &len) &&
        !gst_rtp_buffer_get_extension_twobytes_header(rtp, &appbits, self->dd_id, 0, &data, &len))
        return FALSE;
    packet->info.layered = dd_read(data, len, &self->structure, &self->structure, &dd) == RTP_OK;
    if (!packet->info.layered && dd_peek(data, len, &dd) != RTP_OK)
        return FALSE;
    packet->delimited = TRUE;
    packet->start = dd.start_of_frame;
    packet->end = dd.end_of_frame;
    packet->info.key_known = TRUE;
    packet->info.key = dd.has_structure;
    packet->info.frame_number = dd.frame_number;
    packet->info.spatial_id = dd.spatial_id;
    packet->info.temporal_id = dd.temporal_id;
    return TRUE;
}

/* What the packet says of its frame; NULL if its payload is unusable. */
static struct assembler_packet *read_packet(SottoRtpSframeDepay *self, SottoPacketization packetization,
                                            GstRTPBuffer *rtp)
{
    struct assembler_packet *packet = g_new0(struct assembler_packet, 1);
    guint len = gst_rtp_buffer_get_payload_len(rtp), skip = 0;

    packet->timestamp = gst_rtp_buffer_get_timestamp(rtp);
    packet->pts = GST_BUFFER_PTS(rtp->buffer);
    packet->dts = GST_BUFFER_DTS(rtp->buffer);
    if (!sotto_codec_is_video(self->codec))
        packet->delimited = packet->start = packet->end = TRUE;
    else if (!read_descriptor(self, rtp, packet))
        packet->end = gst_rtp_buffer_get_marker(rtp);

    if (packetization == SOTTO_PACKETIZATION_SFRAME) {
        const guint8 *payload = gst_rtp_buffer_get_payload(rtp);
        if (len < 1 || (payload[0] & SOTTO_DESCRIPTOR_PER_PACKET)) {
            packet_free(packet);
            return NULL;
        }
        packet->delimited = TRUE;
        packet->start = (payload[0] & SOTTO_DESCRIPTOR_START) != 0;
        packet->end = (payload[0] & SOTTO_DESCRIPTOR_END) != 0;
        skip = 1;
    }
    if (len > skip)
        packet->payload = gst_rtp_buffer_get_payload_subbuffer(rtp, skip, len - skip);
    if (!packet->payload) /* padding only: its number counts, its content does not */
        packet->payload = gst_buffer_new();
    return packet;
}

static void push_frame(SottoRtpSframeDepay *self, const struct assembler_frame *frame)
{
    GstRTPBaseDepayload *base = GST_RTP_BASE_DEPAYLOAD(self);

    if (frame->uncertain)
        GST_BUFFER_FLAG_SET(frame->buffer, GST_BUFFER_FLAG_CORRUPTED);
    if (frame->info.layered)
        sotto_dd_meta_add(frame->buffer, frame->info.key, frame->info.frame_number, frame->info.spatial_id,
                          frame->info.temporal_id);
    if (frame->info.key_known && !frame->info.key)
        GST_BUFFER_FLAG_SET(frame->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    if (frame->info.key_known && frame->info.key) {
        self->key_seen = TRUE;
        key_unit_reset(&self->key_unit);
    }
    if (frame->info.key_known && !self->key_seen)
        key_unit_request(&self->key_unit, GST_RTP_BASE_DEPAYLOAD_SINKPAD(base));
    gst_rtp_base_depayload_push(base, frame->buffer);
}

static void pop_packets(SottoRtpSframeDepay *self, gboolean drain)
{
    struct assembler_packet *packet;
    struct assembler_frame frame;
    guint lost;
    guint64 dropped = self->assembler.dropped;

    while ((packet = reorder_pop(&self->reorder, drain, &lost))) {
        packet->lost_before = lost + self->lost_carried;
        self->lost_carried = 0;
        if (gst_buffer_get_size(packet->payload) == 0 && !packet->start && !packet->end) {
            /* RTP padding between frames: contiguous, and no part of one */
            self->lost_carried = packet->lost_before;
            packet_free(packet);
            continue;
        }
        gboolean complete = assembler_push(&self->assembler, packet, &frame);
        g_free(packet); /* the payload was taken */
        if (complete)
            push_frame(self, &frame);
    }
    GST_OBJECT_LOCK(self);
    self->frames_dropped = self->assembler.dropped;
    GST_OBJECT_UNLOCK(self);
    if (self->assembler.dropped > dropped && self->ask_after_loss && sotto_codec_is_video(self->codec))
        key_unit_request(&self->key_unit, GST_RTP_BASE_DEPAYLOAD_SINKPAD(self));
}

static GstBuffer *depay_process(GstRTPBaseDepayload *base, GstRTPBuffer *rtp)
{
    SottoRtpSframeDepay *self = SOTTO_RTP_SFRAME_DEPAY(base);
    guint32 ssrc = gst_rtp_buffer_get_ssrc(rtp);
    SottoPacketization packetization;
    struct assembler_packet *packet;

    GST_OBJECT_LOCK(self);
    packetization = self->packetization;
    self->ask_after_loss = self->request_keyframe;
    self->reorder.window = self->reorder_window;
    self->assembler.max_bytes = self->max_frame_size;
    GST_OBJECT_UNLOCK(self);

    if (self->ssrc_known && ssrc != self->ssrc)
        depay_reset(self);
    self->ssrc_known = TRUE;
    self->ssrc = ssrc;

    packet = read_packet(self, packetization, rtp);
    if (packet)
        reorder_push(&self->reorder, gst_rtp_buffer_get_seq(rtp), packet);
    pop_packets(self, FALSE);
    return NULL;
}

static gboolean depay_handle_event(GstRTPBaseDepayload *base, GstEvent *event)
{
    SottoRtpSframeDepay *self = SOTTO_RTP_SFRAME_DEPAY(base);

    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS)
        pop_packets(self, TRUE);
    else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
        depay_reset(self);
    return GST_RTP_BASE_DEPAYLOAD_CLASS(sotto_rtp_sframe_depay_parent_class)->handle_event(base, event);
}

static GstStateChangeReturn depay_change_state(GstElement *element, GstStateChange transition)
{
    GstStateChangeReturn ret =
        GST_ELEMENT_CLASS(sotto_rtp_sframe_depay_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        depay_reset(SOTTO_RTP_SFRAME_DEPAY(element));
    return ret;
}

static void depay_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    SottoRtpSframeDepay *self = SOTTO_RTP_SFRAME_DEPAY(object);
    guint window;

    switch (id) {
    case PROP_PACKETIZATION:
        GST_OBJECT_LOCK(self);
        self->packetization = (SottoPacketization)g_value_get_enum(value);
        GST_OBJECT_UNLOCK(self);
        break;
    case PROP_REORDER_WINDOW:
        window = g_value_get_uint(value);
        GST_OBJECT_LOCK(self);
        self->reorder_window = window;
        GST_OBJECT_UNLOCK(self);
        /* the base class would drop what is to be put back into order */
        g_object_set(self, "max-reorder", window > 0 ? 0 : BASE_MAX_REORDER, NULL);
        break;
    case PROP_MAX_FRAME_SIZE:
        GST_OBJECT_LOCK(self);
        self->max_frame_size = g_value_get_uint(value);
        GST_OBJECT_UNLOCK(self);
        break;
    case PROP_REQUEST_KEYFRAME:
        GST_OBJECT_LOCK(self);
        self->request_keyframe = g_value_get_boolean(value);
        GST_OBJECT_UNLOCK(self);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void depay_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    SottoRtpSframeDepay *self = SOTTO_RTP_SFRAME_DEPAY(object);

    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROP_PACKETIZATION:
        g_value_set_enum(value, (gint)self->packetization);
        break;
    case PROP_REORDER_WINDOW:
        g_value_set_uint(value, self->reorder_window);
        break;
    case PROP_MAX_FRAME_SIZE:
        g_value_set_uint(value, self->max_frame_size);
        break;
    case PROP_REQUEST_KEYFRAME:
        g_value_set_boolean(value, self->request_keyframe);
        break;
    case PROP_FRAMES_DROPPED:
        g_value_set_uint64(value, self->frames_dropped);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    GST_OBJECT_UNLOCK(self);
}

static void depay_finalize(GObject *object)
{
    SottoRtpSframeDepay *self = SOTTO_RTP_SFRAME_DEPAY(object);
    reorder_reset(&self->reorder);
    assembler_clear(&self->assembler);
    G_OBJECT_CLASS(sotto_rtp_sframe_depay_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object_class)
{
    g_object_class_install_property(
        object_class, PROP_PACKETIZATION,
        g_param_spec_enum("packetization", "Packetization",
                          "How frames are laid out in packets; both sides must use the same", SOTTO_TYPE_PACKETIZATION,
                          SOTTO_PACKETIZATION_RAW,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        object_class, PROP_REORDER_WINDOW,
        g_param_spec_uint("reorder-window", "Reorder window",
                          "Packets that may arrive before a missing one is given up. 0: a jitter buffer upstream "
                          "puts them in order, and an old packet is dropped",
                          0, REORDER_WINDOW_MAX - 1, 0,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        object_class, PROP_MAX_FRAME_SIZE,
        g_param_spec_uint("max-frame-size", "Maximum frame size", "Bytes above which a frame is dropped", 1, G_MAXINT,
                          MAX_FRAME_SIZE_DEFAULT, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
    g_object_class_install_property(
        object_class, PROP_REQUEST_KEYFRAME,
        g_param_spec_boolean("request-keyframe", "Request key frame",
                             "Ask upstream for a key frame when a frame was dropped, at growing intervals until one "
                             "comes. A stream that starts without a key frame asks in any case",
                             FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
    g_object_class_install_property(object_class, PROP_FRAMES_DROPPED,
                                    g_param_spec_uint64("frames-dropped", "Frames dropped",
                                                        "Frames given up because a packet of theirs was lost", 0,
                                                        G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void sotto_rtp_sframe_depay_class_init(SottoRtpSframeDepayClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
    GstRTPBaseDepayloadClass *depay_class = GST_RTP_BASE_DEPAYLOAD_CLASS(klass);

    GST_DEBUG_CATEGORY_INIT(rtpsframedepay_debug, "rtpsframedepay", 0, "RTP depayloader for SFrame");
    object_class->set_property = depay_set_property;
    object_class->get_property = depay_get_property;
    object_class->finalize = depay_finalize;
    element_class->change_state = depay_change_state;
    depay_class->set_caps = depay_set_caps;
    depay_class->process_rtp_packet = depay_process;
    depay_class->handle_event = depay_handle_event;

    install_properties(object_class);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_set_static_metadata(element_class, "RTP SFrame depayloader", "Codec/Depayloader/Network/RTP",
                                          "Joins RTP packets to SFrame (RFC 9605) encrypted frames of any codec, "
                                          "without looking into them",
                                          "The Sotto authors");
    gst_type_mark_as_plugin_api(SOTTO_TYPE_PACKETIZATION, (GstPluginAPIFlags)0);
}

static void sotto_rtp_sframe_depay_init(SottoRtpSframeDepay *self)
{
    reorder_init(&self->reorder, packet_free);
    assembler_init(&self->assembler);
    self->max_frame_size = MAX_FRAME_SIZE_DEFAULT;
}
