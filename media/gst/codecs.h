/* The media that may be sealed: what each is called in caps, in SDP and in the frame's inner header. */
#ifndef GST_CODECS_H
#define GST_CODECS_H

#include <gst/gst.h>

#define SOTTO_CAPS_SFRAME "application/x-sframe"
#define SOTTO_FIELD_ORIGINAL "original-media-type"

/* Caps of everything sframeenc takes, and of everything sframedec gives back. */
#define SOTTO_CAPS_MEDIA                                                                                               \
    "video/x-vp8; video/x-vp9; "                                                                                       \
    "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au; "                                          \
    "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "                                            \
    "audio/x-opus"

/* The same media once sealed. */
#define SOTTO_CAPS_SEALED                                                                                              \
    SOTTO_CAPS_SFRAME ", " SOTTO_FIELD_ORIGINAL                                                                        \
                      "=(string){ video/x-vp8, video/x-vp9, video/x-h264, video/x-av1, audio/x-opus }"

struct sotto_codec {
    guint8 id; /* enum sframe_codec */
    const char *media_type;
    const char *depay_fields; /* of the caps that rtpsframedepay gives, besides the media type */
    const char *media;        /* "video" or "audio" */
    const char *encoding_name;
    guint clock_rate;
};

/* The row, or NULL if there is none. An encoding name is compared without regard to case. */
const struct sotto_codec *sotto_codec_by_media_type(const char *media_type);
const struct sotto_codec *sotto_codec_by_encoding_name(const char *encoding_name);
/* Of media caps (video/x-vp8) or sealed caps (application/x-sframe). */
const struct sotto_codec *sotto_codec_from_caps(const GstCaps *caps);
gboolean sotto_codec_is_video(const struct sotto_codec *codec);
/* What sframeenc makes of caps (direction: unsealed to sealed) and sframedec undoes, structure by structure; all other
 * fields are kept, but for codec_data and streamheader, which are bitstream in the clear. Of these what filter allows,
 * in its order; NULL allows all. Transfer full. */
GstCaps *sotto_caps_seal(const GstCaps *caps, GstCaps *filter);
GstCaps *sotto_caps_unseal(const GstCaps *caps, GstCaps *filter);
/* TRUE if this frame of the codec is one that decoding can start with. Bounded by len, whatever the bytes are. */
gboolean sotto_codec_is_key(const struct sotto_codec *codec, const guint8 *data, gsize len);
/* TRUE if the first bytes of a frame look like this codec's own bitstream. A hint for messages, never for decisions:
 * ciphertext passes now and then. */
gboolean sotto_codec_looks_plain(const struct sotto_codec *codec, const guint8 *data, gsize len);

#endif
