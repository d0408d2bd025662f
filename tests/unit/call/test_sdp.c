#include "sdp.h"

#include <string.h>

#include "unit.h"

static const char OFFER[] = "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
                            "m=audio 9 UDP/TLS/RTP/SAVPF 111 96\r\na=rtpmap:111 OPUS/48000/2\r\n"
                            "a=rtpmap:96 rtx/48000\r\na=ssrc:11 cname:x\r\n"
                            "a=mid:audio0\r\na=ice-ufrag:uuuu\r\na=ice-pwd:pppppppppppppppppppppppp\r\n"
                            "m=video 0 UDP/TLS/RTP/SAVPF 112 97\r\na=rtpmap:112 VP8/90000\r\n"
                            "a=rtpmap:97 rtx/90000\r\na=ssrc:22 cname:x\r\na=ssrc:4294967295 cname:x\r\n"
                            "m=video 0 UDP/TLS/RTP/SAVPF 11\r\na=rtpmap:113 VP9/90000\r\na=rtpmap:11 AV1/90000\r\n";

static GstSDPMessage *parse(const char *text)
{
    GstSDPMessage *sdp = NULL;

    CU_ASSERT_EQUAL_FATAL(gst_sdp_message_new_from_text(text, &sdp), GST_SDP_OK);
    return sdp;
}

static const char *packetization(const GstSDPMessage *sdp, guint media, guint n)
{
    return gst_sdp_media_get_attribute_val_n(gst_sdp_message_get_media(sdp, media), "packetization", n);
}

static void each_video_codec_is_raw_and_nothing_else(void)
{
    GstSDPMessage *sdp = parse(OFFER);

    call_sdp_add_packetization(sdp);
    CU_ASSERT_PTR_NULL(packetization(sdp, 0, 0));
    CU_ASSERT_STRING_EQUAL(packetization(sdp, 1, 0), "112 raw");
    CU_ASSERT_PTR_NULL(packetization(sdp, 1, 1)); /* not its retransmissions */
    /* payload type 11 is not the beginning of 113 */
    CU_ASSERT_STRING_EQUAL(packetization(sdp, 2, 0), "11 raw");
    CU_ASSERT_PTR_NULL(packetization(sdp, 2, 1));
    gst_sdp_message_free(sdp);
}

static void an_ssrc_is_found_where_it_is_named(void)
{
    GstSDPMessage *sdp = parse(OFFER);

    CU_ASSERT_EQUAL(call_sdp_find_ssrc(sdp, 11), 0);
    CU_ASSERT_EQUAL(call_sdp_find_ssrc(sdp, 22), 1);
    CU_ASSERT_EQUAL(call_sdp_find_ssrc(sdp, 4294967295u), 1);
    CU_ASSERT_EQUAL(call_sdp_find_ssrc(sdp, 2), -1);
    gst_sdp_message_free(sdp);
}

static void a_session_is_asked_after_by_saying_that_no_candidates_follow(void)
{
    GstSDPMessage *sdp = parse(OFFER);
    char *fragment = call_sdp_no_more_candidates(sdp);

    CU_ASSERT_STRING_EQUAL(fragment, "a=ice-ufrag:uuuu\r\na=ice-pwd:pppppppppppppppppppppppp\r\n"
                                     "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:audio0\r\na=end-of-candidates\r\n");
    g_free(fragment);
    gst_sdp_message_free(sdp);
    sdp = parse("v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    CU_ASSERT_PTR_NULL(call_sdp_no_more_candidates(sdp));
    gst_sdp_message_free(sdp);
}

static void every_codec_has_a_payload_type_of_its_own(void)
{
    for (int i = 0; i < CALL_CODECS; i++) {
        GstCaps *caps = call_sdp_video_caps((enum call_codec)i);
        const GstStructure *s = gst_caps_get_structure(caps, 0);
        gint payload = 0;

        CU_ASSERT_TRUE(gst_structure_get_int(s, "payload", &payload));
        CU_ASSERT_EQUAL(payload, CALL_PAYLOAD_VIDEO + i);
        CU_ASSERT_EQUAL(
            g_ascii_strcasecmp(gst_structure_get_string(s, "encoding-name"), call_codec_name((enum call_codec)i)), 0);
        CU_ASSERT_STRING_EQUAL(gst_structure_get_string(s, "extmap-1"), CALL_URI_DD);
        gst_caps_unref(caps);
    }
    /* room between sound and video, and none of them where webrtcbin starts to number retransmissions */
    CU_ASSERT(CALL_PAYLOAD_OPUS < CALL_PAYLOAD_VIDEO && CALL_PAYLOAD_OPUS > 100);
}

static const struct unit_test TESTS[] = {
    {"each video codec is raw and nothing else", each_video_codec_is_raw_and_nothing_else},
    {"an SSRC is found where it is named", an_ssrc_is_found_where_it_is_named},
    {"a session is asked after by saying that no candidates follow",
     a_session_is_asked_after_by_saying_that_no_candidates_follow},
    {"every codec has a payload type of its own", every_codec_has_a_payload_type_of_its_own},
};

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    return unit_main("call.sdp", TESTS, sizeof(TESTS) / sizeof(TESTS[0]));
}
