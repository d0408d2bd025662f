/**
 * SECTION:element-rtpsframepay
 *
 * Cuts sealed frames (application/x-sframe) into RTP packets of equal size, the last one shorter where it does not come
 * out even. A frame is opaque: nothing in it is parsed, so every codec is packetized alike. The last packet of a video
 * frame has the marker; an audio frame is one packet. Frames leave as one buffer list each.
 */
#include "rtpsframepay.h"

#include <gst/rtp/gstrtpbuffer.h>

#include "codecs.h"
#include "packetization.h"

GST_DEBUG_CATEGORY_STATIC(rtpsframepay_debug);
#define GST_CAT_DEFAULT rtpsframepay_debug

struct _SottoRtpSframePay {
    GstRTPBasePayload parent;
    SottoPacketization packetization; /* object lock */
    const struct sotto_codec *codec;
};

G_DEFINE_TYPE(SottoRtpSframePay, sotto_rtp_sframe_pay, GST_TYPE_RTP_BASE_PAYLOAD)

enum { PROP_0, PROP_PACKETIZATION };

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(SOTTO_CAPS_SEALED));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("application/x-rtp, media=(string)video, payload=(int)[ 96, 127 ], clock-rate=(int)90000, "
                    "encoding-name=(string){ VP8, VP9, H264, AV1 }; "
                    "application/x-rtp, media=(string)audio, payload=(int)[ 96, 127 ], clock-rate=(int)48000, "
                    "encoding-name=(string)OPUS"));

static gboolean pay_set_caps(GstRTPBasePayload *base, GstCaps *caps)
{
    SottoRtpSframePay *self = SOTTO_RTP_SFRAME_PAY(base);
    const struct sotto_codec *codec = sotto_codec_from_caps(caps);

    if (!codec)
        return FALSE;
    self->codec = codec;
    gst_rtp_base_payload_set_options(base, codec->media, TRUE, codec->encoding_name, codec->clock_rate);
    if (!sotto_codec_is_video(codec)) /* RFC 7587: always two channels in SDP */
        return gst_rtp_base_payload_set_outcaps(base, "encoding-params", G_TYPE_STRING, "2", NULL);
    if (g_str_equal(codec->encoding_name, "H264"))
        return gst_rtp_base_payload_set_outcaps(base, "packetization-mode", G_TYPE_STRING, "1", NULL);
    return gst_rtp_base_payload_set_outcaps(base, NULL);
}

/* One packet: descriptor byte if there is one, then size bytes of frame from offset, which are shared, not copied. */
static GstBuffer *pay_packet(SottoRtpSframePay *self, GstBuffer *frame, gsize offset, gsize size, gboolean descriptor,
                             gboolean video)
{
    gboolean first = offset == 0, last = offset + size == gst_buffer_get_size(frame);
    GstBuffer *packet =
        gst_rtp_base_payload_allocate_output_buffer(GST_RTP_BASE_PAYLOAD(self), descriptor ? 1 : 0, 0, 0);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    if (descriptor)
        *(guint8 *)gst_rtp_buffer_get_payload(&rtp) =
            (guint8)((first ? SOTTO_DESCRIPTOR_START : 0) | (last ? SOTTO_DESCRIPTOR_END : 0));
    gst_rtp_buffer_set_marker(&rtp, video && last);
    gst_rtp_buffer_unmap(&rtp);

    GST_BUFFER_PTS(packet) = GST_BUFFER_PTS(frame);
    GST_BUFFER_DTS(packet) = GST_BUFFER_DTS(frame);
    GST_BUFFER_DURATION(packet) = GST_BUFFER_DURATION(frame);
    /* offsets are left out: the base class would take them for a count of samples and make RTP time of them, and
     * encoders put there what they like */
    gst_buffer_copy_into(packet, frame, GST_BUFFER_COPY_MEMORY, offset, size);
    if (video && last)
        GST_BUFFER_FLAG_SET(packet, GST_BUFFER_FLAG_MARKER);
    if (!first || GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT))
        GST_BUFFER_FLAG_SET(packet, GST_BUFFER_FLAG_DELTA_UNIT);
    if (first && GST_BUFFER_IS_DISCONT(frame))
        GST_BUFFER_FLAG_SET(packet, GST_BUFFER_FLAG_DISCONT);
    return packet;
}

static GstFlowReturn pay_handle_buffer(GstRTPBasePayload *base, GstBuffer *frame)
{
    SottoRtpSframePay *self = SOTTO_RTP_SFRAME_PAY(base);
    gsize left = gst_buffer_get_size(frame), offset = 0, room, parts, part;
    guint mtu = GST_RTP_BASE_PAYLOAD_MTU(base);
    gboolean video = sotto_codec_is_video(self->codec), descriptor;

    GST_OBJECT_LOCK(self);
    descriptor = self->packetization == SOTTO_PACKETIZATION_SFRAME;
    GST_OBJECT_UNLOCK(self);

    room = mtu > SOTTO_RTP_OVERHEAD + 1 ? mtu - SOTTO_RTP_OVERHEAD - (descriptor ? 1 : 0) : 1;
    if (video)
        room = MIN(room, SOTTO_FRAGMENT_MAX);
    if (left == 0 || (!video && left > room)) {
        GST_ELEMENT_WARNING(self, STREAM, ENCODE, ("A frame of %" G_GSIZE_FORMAT " bytes cannot be sent", left),
                            ("an audio frame must fit one packet, and no frame is empty"));
        gst_buffer_unref(frame);
        return GST_FLOW_OK;
    }

    parts = (left + room - 1) / room;
    GstBufferList *list = gst_buffer_list_new_sized((guint)parts);
    /* as few as fit, and exactly equal but for the last: so a forwarder can hand a frame to the kernel as one run of
     * UDP segments, of which only the last may be shorter */
    part = (left + parts - 1) / parts;
    while (left > 0) {
        gsize size = MIN(left, part);
        gst_buffer_list_add(list, pay_packet(self, frame, offset, size, descriptor, video));
        offset += size;
        left -= size;
    }
    gst_buffer_unref(frame);
    return gst_rtp_base_payload_push_list(base, list);
}

static void pay_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    SottoRtpSframePay *self = SOTTO_RTP_SFRAME_PAY(object);
    if (id != PROP_PACKETIZATION) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    GST_OBJECT_LOCK(self);
    self->packetization = (SottoPacketization)g_value_get_enum(value);
    GST_OBJECT_UNLOCK(self);
}

static void pay_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    SottoRtpSframePay *self = SOTTO_RTP_SFRAME_PAY(object);
    if (id != PROP_PACKETIZATION) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    GST_OBJECT_LOCK(self);
    g_value_set_enum(value, (gint)self->packetization);
    GST_OBJECT_UNLOCK(self);
}

static void sotto_rtp_sframe_pay_class_init(SottoRtpSframePayClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
    GstRTPBasePayloadClass *pay_class = GST_RTP_BASE_PAYLOAD_CLASS(klass);

    GST_DEBUG_CATEGORY_INIT(rtpsframepay_debug, "rtpsframepay", 0, "RTP payloader for SFrame");
    object_class->set_property = pay_set_property;
    object_class->get_property = pay_get_property;
    pay_class->set_caps = pay_set_caps;
    pay_class->handle_buffer = pay_handle_buffer;

    g_object_class_install_property(
        object_class, PROP_PACKETIZATION,
        g_param_spec_enum("packetization", "Packetization",
                          "How frames are laid out in packets; both sides must use the same", SOTTO_TYPE_PACKETIZATION,
                          SOTTO_PACKETIZATION_RAW,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_set_static_metadata(element_class, "RTP SFrame payloader", "Codec/Payloader/Network/RTP",
                                          "Cuts SFrame (RFC 9605) encrypted frames of any codec into RTP packets of "
                                          "equal size, without looking into them",
                                          "The Sotto authors");
    gst_type_mark_as_plugin_api(SOTTO_TYPE_PACKETIZATION, (GstPluginAPIFlags)0);
}

static void sotto_rtp_sframe_pay_init(SottoRtpSframePay *self)
{
    self->packetization = SOTTO_PACKETIZATION_RAW;
}
