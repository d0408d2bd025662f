#include "codecs.h"

#include <string.h>

#include "sotto/sframe.h"

static const struct sotto_codec codecs[] = {
    {SFRAME_CODEC_VP8, "video/x-vp8", NULL, "video", "VP8", 90000},
    {SFRAME_CODEC_VP9, "video/x-vp9", NULL, "video", "VP9", 90000},
    {SFRAME_CODEC_H264, "video/x-h264", "stream-format=(string)byte-stream, alignment=(string)au", "video", "H264",
     90000},
    {SFRAME_CODEC_AV1, "video/x-av1", "stream-format=(string)obu-stream, alignment=(string)tu", "video", "AV1", 90000},
    {SFRAME_CODEC_OPUS, "audio/x-opus", "rate=(int)48000, channels=(int)2, channel-mapping-family=(int)0", "audio",
     "OPUS", 48000},
};

const struct sotto_codec *sotto_codec_by_media_type(const char *media_type)
{
    for (gsize i = 0; media_type && i < G_N_ELEMENTS(codecs); i++)
        if (strcmp(codecs[i].media_type, media_type) == 0)
            return &codecs[i];
    return NULL;
}

const struct sotto_codec *sotto_codec_by_encoding_name(const char *encoding_name)
{
    for (gsize i = 0; encoding_name && i < G_N_ELEMENTS(codecs); i++)
        if (g_ascii_strcasecmp(codecs[i].encoding_name, encoding_name) == 0)
            return &codecs[i];
    return NULL;
}

const struct sotto_codec *sotto_codec_from_caps(const GstCaps *caps)
{
    if (!caps || gst_caps_get_size(caps) == 0)
        return NULL;
    const GstStructure *s = gst_caps_get_structure(caps, 0);
    if (gst_structure_has_name(s, SOTTO_CAPS_SFRAME))
        return sotto_codec_by_media_type(gst_structure_get_string(s, SOTTO_FIELD_ORIGINAL));
    return sotto_codec_by_media_type(gst_structure_get_name(s));
}

gboolean sotto_codec_is_video(const struct sotto_codec *codec)
{
    return codec->media[0] == 'v';
}

/* --- Caps --------------------------------------------------------------------------------------------------------- */

/* out: transfer full. */
static GstCaps *filtered(GstCaps *out, GstCaps *filter)
{
    GstCaps *both;

    if (!filter)
        return out;
    both = gst_caps_intersect_full(filter, out, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(out);
    return both;
}

GstCaps *sotto_caps_seal(const GstCaps *caps, GstCaps *filter)
{
    GstCaps *sealed = gst_caps_new_empty();

    for (guint i = 0; i < gst_caps_get_size(caps); i++) {
        GstStructure *s = gst_structure_copy(gst_caps_get_structure(caps, i));
        gst_structure_set(s, SOTTO_FIELD_ORIGINAL, G_TYPE_STRING, gst_structure_get_name(s), NULL);
        gst_structure_set_name(s, SOTTO_CAPS_SFRAME);
        gst_structure_remove_fields(s, "codec_data", "streamheader", NULL);
        gst_caps_append_structure(sealed, s);
    }
    return filtered(sealed, filter);
}

/* Appends s as media_type, without what only sealed caps have. */
static void append_unsealed(GstCaps *caps, const GstStructure *s, const gchar *media_type)
{
    GstStructure *copy = gst_structure_copy(s);

    gst_structure_set_name(copy, media_type);
    gst_structure_remove_field(copy, SOTTO_FIELD_ORIGINAL);
    gst_caps_append_structure(caps, copy);
}

GstCaps *sotto_caps_unseal(const GstCaps *caps, GstCaps *filter)
{
    GstCaps *media = gst_caps_new_empty();

    for (guint i = 0; i < gst_caps_get_size(caps); i++) {
        const GstStructure *s = gst_caps_get_structure(caps, i);
        const GValue *original = gst_structure_get_value(s, SOTTO_FIELD_ORIGINAL);

        if (original && GST_VALUE_HOLDS_LIST(original)) {
            for (guint v = 0; v < gst_value_list_get_size(original); v++)
                append_unsealed(media, s, g_value_get_string(gst_value_list_get_value(original, v)));
        } else if (original && G_VALUE_HOLDS_STRING(original)) {
            append_unsealed(media, s, g_value_get_string(original));
        } else if (!original) {
            for (gsize c = 0; c < G_N_ELEMENTS(codecs); c++)
                append_unsealed(media, s, codecs[c].media_type);
        }
    }
    return filtered(media, filter);
}

/* --- Bitstreams --------------------------------------------------------------------------------------------------- */

static gboolean vp9_is_key(guint8 first)
{
    /* marker (2 bits), profile (2, and a reserved one in profile 3), show_existing_frame, frame_type */
    guint shift = (first & 0x30) == 0x30 ? 1 : 2;
    return first >> 6 == 2 && (first >> (shift + 1) & 1) == 0 && (first >> shift & 1) == 0;
}

static gboolean h264_is_key(const guint8 *data, gsize len)
{
    enum { NAL_IDR = 5 };
    for (gsize i = 0; i + 3 < len; i++)
        if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1 && (data[i + 3] & 0x1f) == NAL_IDR)
            return TRUE;
    return FALSE;
}

static gboolean av1_is_key(const guint8 *data, gsize len)
{
    enum { OBU_SEQUENCE_HEADER = 1, LEB128_MAX = 8 };
    gsize pos = 0;

    /* a sequence header stands in every temporal unit that decoding can start with */
    while (pos < len) {
        guint8 header = data[pos++];
        guint64 size = 0;
        guint n = 0;
        guint8 byte = 0x80;

        if ((header >> 3 & 15) == OBU_SEQUENCE_HEADER)
            return TRUE;
        if (header & 4)
            pos++;
        if (!(header & 2))
            return FALSE; /* without a size it is the last one */
        for (; n < LEB128_MAX && pos < len && (byte & 0x80); n++) {
            byte = data[pos++];
            size |= (guint64)(byte & 0x7f) << (7 * n);
        }
        if ((byte & 0x80) || pos >= len || size > len - pos)
            return FALSE;
        pos += (gsize)size;
    }
    return FALSE;
}

gboolean sotto_codec_is_key(const struct sotto_codec *codec, const guint8 *data, gsize len)
{
    if (len == 0)
        return FALSE;
    switch (codec->id) {
    case SFRAME_CODEC_VP8:
        return (data[0] & 1) == 0;
    case SFRAME_CODEC_VP9:
        return vp9_is_key(data[0]);
    case SFRAME_CODEC_H264:
        return h264_is_key(data, len);
    case SFRAME_CODEC_AV1:
        return av1_is_key(data, len);
    default:
        return TRUE;
    }
}

gboolean sotto_codec_looks_plain(const struct sotto_codec *codec, const guint8 *data, gsize len)
{
    static const guint8 vp8_start[] = {0x9d, 0x01, 0x2a};
    static const guint8 h264_start[] = {0x00, 0x00, 0x01};

    switch (codec->id) {
    case SFRAME_CODEC_VP8:
        /* a key frame's start code stands behind its 3-byte tag, and a payload descriptor of up to 6 bytes may
         * stand in front of that when a plain RTP stream is read as a raw one */
        for (gsize at = 3; at < 10 && at + sizeof(vp8_start) <= len; at++)
            if (memcmp(data + at, vp8_start, sizeof(vp8_start)) == 0)
                return TRUE;
        return FALSE;
    case SFRAME_CODEC_VP9:
        /* frame marker 2, profile 0, a key frame that is shown, then the sync code */
        for (gsize at = 0; at < 8 && at + 4 <= len; at++)
            if ((data[at] & 0xf0) == 0x80 && data[at + 1] == 0x49 && data[at + 2] == 0x83 && data[at + 3] == 0x42)
                return TRUE;
        return FALSE;
    case SFRAME_CODEC_H264:
        return len >= 4 && (memcmp(data, h264_start, 3) == 0 || memcmp(data + 1, h264_start, 3) == 0);
    case SFRAME_CODEC_AV1:
        /* an empty temporal delimiter OBU */
        return len >= 2 && data[0] == 0x12 && data[1] == 0x00;
    default:
        return FALSE;
    }
}
