#include "sdp.h"

#include <string.h>

static bool is_media_codec(const GstSDPMedia *media, const char *payload)
{
    /* a=rtpmap:<pt> <name>/<clock rate> */
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *attribute = gst_sdp_media_get_attribute(media, i);
        size_t len = strlen(payload);

        if (strcmp(attribute->key, "rtpmap") != 0 || attribute->value == NULL ||
            strncmp(attribute->value, payload, len) != 0 || attribute->value[len] != ' ')
            continue;
        return g_ascii_strncasecmp(attribute->value + len + 1, "rtx/", 4) != 0;
    }
    return false;
}

void call_sdp_add_packetization(GstSDPMessage *sdp)
{
    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); i++) {
        GstSDPMedia *media = (GstSDPMedia *)gst_sdp_message_get_media(sdp, i);

        if (strcmp(gst_sdp_media_get_media(media), "video") != 0)
            continue;
        for (guint j = 0; j < gst_sdp_media_formats_len(media); j++) {
            const char *payload = gst_sdp_media_get_format(media, j);

            if (is_media_codec(media, payload)) {
                char *value = g_strdup_printf("%s raw", payload);
                gst_sdp_media_add_attribute(media, "packetization", value);
                g_free(value);
            }
        }
    }
}

char *call_sdp_no_more_candidates(const GstSDPMessage *offer)
{
    const GstSDPMedia *media = gst_sdp_message_medias_len(offer) > 0 ? gst_sdp_message_get_media(offer, 0) : NULL;
    const char *ufrag = media != NULL ? gst_sdp_media_get_attribute_val(media, "ice-ufrag") : NULL;
    const char *pwd = media != NULL ? gst_sdp_media_get_attribute_val(media, "ice-pwd") : NULL;
    const char *mid = media != NULL ? gst_sdp_media_get_attribute_val(media, "mid") : NULL;

    if (ufrag == NULL || pwd == NULL || mid == NULL)
        return NULL;
    return g_strdup_printf("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\nm=%s 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%s\r\n"
                           "a=end-of-candidates\r\n",
                           ufrag, pwd, gst_sdp_media_get_media(media), mid);
}

GstCaps *call_sdp_audio_caps(void)
{
    return gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "audio", "encoding-name", G_TYPE_STRING,
                               "OPUS", "clock-rate", G_TYPE_INT, 48000, "encoding-params", G_TYPE_STRING, "2",
                               "payload", G_TYPE_INT, CALL_PAYLOAD_OPUS, "extmap-2", G_TYPE_STRING, CALL_URI_MID, NULL);
}

GstCaps *call_sdp_video_caps(enum call_codec codec)
{
    static const char *const NAMES[CALL_CODECS] = {"VP8", "VP9", "H264", "AV1"};
    GstCaps *caps = gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "video", "encoding-name",
                                        G_TYPE_STRING, NAMES[codec], "clock-rate", G_TYPE_INT, 90000, "payload",
                                        G_TYPE_INT, CALL_PAYLOAD_VIDEO + (int)codec, "extmap-1", G_TYPE_STRING,
                                        CALL_URI_DD, "extmap-2", G_TYPE_STRING, CALL_URI_MID, NULL);

    if (codec == CALL_H264)
        gst_caps_set_simple(caps, "profile-level-id", G_TYPE_STRING, "42e01f", "packetization-mode", G_TYPE_STRING, "1",
                            "level-asymmetry-allowed", G_TYPE_STRING, "1", NULL);
    return caps;
}

int call_sdp_find_ssrc(const GstSDPMessage *sdp, guint ssrc)
{
    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); i++) {
        const GstSDPMedia *media = gst_sdp_message_get_media(sdp, i);
        const char *value;

        for (guint j = 0; (value = gst_sdp_media_get_attribute_val_n(media, "ssrc", j)) != NULL; j++)
            if (g_ascii_strtoull(value, NULL, 10) == ssrc)
                return (int)i;
    }
    return -1;
}
