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
