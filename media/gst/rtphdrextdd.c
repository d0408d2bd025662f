/**
 * SECTION:element-rtphdrextdd
 *
 * The Dependency Descriptor (AV1 RTP specification, appendix A), which tells forwarders and receivers where frames
 * start and end, which are key frames and what depends on what, whatever the codec and though it is encrypted. Writing
 * describes one layer (L1T1); reading takes any structure.
 */
#include "rtphdrextdd.h"

#include <string.h>

#include "rtp/dd.h"

GST_DEBUG_CATEGORY_STATIC(rtphdrextdd_debug);
#define GST_CAT_DEFAULT rtphdrextdd_debug

enum {
    TEMPLATE_KEY = 0, /* of L1T1: refers to nothing */
    TEMPLATE_DELTA = 1,
    L1T1_LEN_MAX = 13, /* structure and one resolution */
};

struct _SottoRtpHdrextDd {
    GstRTPHeaderExtension parent;
    /* writing */
    struct dd_structure own;
    gboolean mid_frame; /* the packet before did not end its frame */
    gboolean key;
    guint16 frame_number; /* of the frame last started */
    /* reading */
    struct dd_structure known;
};

G_DEFINE_TYPE(SottoRtpHdrextDd, sotto_rtp_hdrext_dd, GST_TYPE_RTP_HEADER_EXTENSION)

static void register_meta(void)
{
    static const gchar *no_tags[] = {NULL};
    static gsize done;
    if (g_once_init_enter(&done)) {
        gst_meta_register_custom(SOTTO_META_DD, no_tags, NULL, NULL, NULL);
        g_once_init_leave(&done, 1);
    }
}

void sotto_dd_meta_add(GstBuffer *buffer, gboolean key, guint frame_number, guint spatial_id, guint temporal_id)
{
    GstCustomMeta *meta;

    register_meta();
    if (gst_buffer_get_custom_meta(buffer, SOTTO_META_DD))
        return;
    meta = gst_buffer_add_custom_meta(buffer, SOTTO_META_DD);
    gst_structure_set(gst_custom_meta_get_structure(meta), "key", G_TYPE_BOOLEAN, key, "frame-number", G_TYPE_UINT,
                      frame_number, "spatial-id", G_TYPE_UINT, spatial_id, "temporal-id", G_TYPE_UINT, temporal_id,
                      NULL);
}

static GstRTPHeaderExtensionFlags dd_supported_flags(GstRTPHeaderExtension *ext)
{
    (void)ext;
    return GST_RTP_HEADER_EXTENSION_ONE_BYTE | GST_RTP_HEADER_EXTENSION_TWO_BYTE;
}

static gsize dd_max_size(GstRTPHeaderExtension *ext, const GstBuffer *input)
{
    (void)ext;
    (void)input;
    return L1T1_LEN_MAX;
}

static gboolean dd_sink_caps(GstRTPHeaderExtension *ext, const GstCaps *caps)
{
    SottoRtpHdrextDd *self = SOTTO_RTP_HDREXT_DD(ext);
    const GstStructure *s = gst_caps_get_structure(caps, 0);
    gint width, height;

    if (dd_structure_build(&self->own, DD_L1T1, 0) != RTP_OK)
        return FALSE;
    if (gst_structure_get_int(s, "width", &width) && gst_structure_get_int(s, "height", &height) && width > 0 &&
        height > 0 && dd_set_resolution(&self->own, 0, (guint)width, (guint)height) != RTP_OK)
        GST_WARNING_OBJECT(self, "%d x %d is no size a descriptor can tell", width, height);
    return TRUE;
}

static gboolean has_marker(GstBuffer *packet)
{
    guint8 byte = 0;
    /* the second byte of the fixed RTP header; the payloader has written it */
    return gst_buffer_extract(packet, 1, &byte, 1) == 1 && (byte & 0x80) != 0;
}

static gssize dd_write_packet(GstRTPHeaderExtension *ext, const GstBuffer *input, GstRTPHeaderExtensionFlags flags,
                              GstBuffer *output, guint8 *data, gsize size)
{
    SottoRtpHdrextDd *self = SOTTO_RTP_HDREXT_DD(ext);
    struct dd_descriptor d = {.start_of_frame = !self->mid_frame, .end_of_frame = has_marker(output)};
    size_t len;

    (void)flags;
    if (d.start_of_frame) {
        self->frame_number++;
        self->key = !GST_BUFFER_FLAG_IS_SET(input, GST_BUFFER_FLAG_DELTA_UNIT);
    }
    d.frame_number = self->frame_number;
    d.has_structure = d.start_of_frame && self->key;
    if (dd_use_template(&d, &self->own, self->key ? TEMPLATE_KEY : TEMPLATE_DELTA) != RTP_OK ||
        dd_write(&d, &self->own, data, size, &len) != RTP_OK)
        return -1;
    self->mid_frame = !d.end_of_frame;
    return (gssize)len;
}

static gboolean dd_read_packet(GstRTPHeaderExtension *ext, GstRTPHeaderExtensionFlags flags, const guint8 *data,
                               gsize size, GstBuffer *buffer)
{
    SottoRtpHdrextDd *self = SOTTO_RTP_HDREXT_DD(ext);
    struct dd_descriptor d;
    enum rtp_error error = dd_read(data, size, &self->known, &self->known, &d);

    (void)flags;
    if (error == RTP_OK)
        sotto_dd_meta_add(buffer, d.fdiff_count == 0, d.frame_number, d.spatial_id, d.temporal_id);
    else /* a lost structure is no fault of this packet; the frame itself may still be whole */
        GST_DEBUG_OBJECT(self, "descriptor of %" G_GSIZE_FORMAT " bytes: %s", size, rtp_error_text(error));
    return TRUE;
}

static void sotto_rtp_hdrext_dd_class_init(SottoRtpHdrextDdClass *klass)
{
    GstRTPHeaderExtensionClass *ext_class = GST_RTP_HEADER_EXTENSION_CLASS(klass);

    GST_DEBUG_CATEGORY_INIT(rtphdrextdd_debug, "rtphdrextdd", 0, "Dependency Descriptor RTP header extension");
    ext_class->get_supported_flags = dd_supported_flags;
    ext_class->get_max_size = dd_max_size;
    ext_class->set_non_rtp_sink_caps = dd_sink_caps;
    ext_class->write = dd_write_packet;
    ext_class->read = dd_read_packet;
    gst_rtp_header_extension_class_set_uri(ext_class, DD_URI);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Dependency Descriptor RTP header extension",
                                          GST_RTP_HDREXT_ELEMENT_CLASS,
                                          "Tells start, end, key frame and layers of frames that are encrypted (AV1 "
                                          "RTP specification, appendix A); writes L1T1, reads any structure",
                                          "The Sotto authors");
    register_meta();
}

static void sotto_rtp_hdrext_dd_init(SottoRtpHdrextDd *self)
{
    if (dd_structure_build(&self->own, DD_L1T1, 0) != RTP_OK)
        GST_ERROR_OBJECT(self, "no L1T1 structure");
}
