#include "fixture.h"
#include "sfu/offer.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct sdp *sdp;
static struct sfu_session_params params;

static int read_text(const char *text, enum sfu_role role)
{
    const struct sfu_offer_rules rules = {.role = role};
    int error = sdp_parse(sdp, text, strlen(text));
    CU_ASSERT_EQUAL(error, SDP_OK);
    memset(&params, 0, sizeof(params));
    return sfu_offer_read(sdp, &rules, &params);
}

static int read_fixture(const char *name, enum sfu_role role)
{
    size_t len;
    char *text = fixture_read(name, &len);
    int error = read_text(text, role);
    free(text);
    return error;
}

/* The fixture with one text replaced. */
static int read_changed(const char *name, enum sfu_role role, const char *from, const char *to)
{
    size_t len;
    char *text = fixture_read(name, &len);
    char *changed = fixture_replace(text, from, to);
    int error = read_text(changed, role);
    free(changed);
    free(text);
    return error;
}

static void browser_publisher_is_understood(void)
{
    CU_ASSERT_EQUAL_FATAL(read_fixture("chromium_whip.sdp", SFU_PUBLISHER), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.role, SFU_PUBLISHER);
    CU_ASSERT_STRING_EQUAL(params.remote_ufrag, "vQ3k");
    CU_ASSERT_STRING_EQUAL(params.remote_pwd, "m0TzYp7aWc4RkEoJ2sVbXh9d");
    CU_ASSERT(params.remote_fingerprint[0] == 0x5a && params.remote_fingerprint[31] == 0x36);
    CU_ASSERT(params.extmap_allow_mixed);
    CU_ASSERT_EQUAL_FATAL(params.media_count, 2);
    const struct sfu_media *audio = &params.media[0];
    CU_ASSERT(audio->active && audio->kind == SFU_AUDIO);
    CU_ASSERT_STRING_EQUAL(audio->mid, "0");
    CU_ASSERT_EQUAL(audio->codec_count, 1);
    CU_ASSERT(audio->codecs[0].id == SFU_OPUS && audio->codecs[0].pt == 111 && audio->codecs[0].clock_rate == 48000);
    CU_ASSERT_EQUAL(audio->ssrc, 3735928559u);
    CU_ASSERT_EQUAL(audio->rtx_ssrc, 0);
    CU_ASSERT_EQUAL(audio->extension_ids[SFU_EXT_MID], 4);
    CU_ASSERT_EQUAL(audio->extension_ids[SFU_EXT_TRANSPORT_CC], 3);
    CU_ASSERT_EQUAL(audio->extension_ids[SFU_EXT_AUDIO_LEVEL], 0);
    const struct sfu_media *video = &params.media[1];
    CU_ASSERT(video->active && video->kind == SFU_VIDEO);
    CU_ASSERT_EQUAL(video->ssrc, 2271560481u);
    CU_ASSERT_EQUAL(video->rtx_ssrc, 305419896u);
    /* a page has to ask for it, except with simulcast or SVC */
    CU_ASSERT_EQUAL(video->extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR], 0);
    CU_ASSERT_EQUAL(video->extension_ids[SFU_EXT_MID], 4);
    static const struct {
        enum sfu_codec_id id;
        uint8_t pt;
        uint8_t rtx;
        uint32_t profile;
    } want[] = {
        {SFU_VP8, 96, 97, 0},           {SFU_H264, 102, 103, 0x420001}, {SFU_H264, 104, 107, 0x420000},
        {SFU_H264, 108, 109, 0x42e001}, {SFU_H264, 114, 115, 0x42e000}, {SFU_H264, 116, 117, 0x4d0001},
        {SFU_H264, 39, 40, 0x4d0000},   {SFU_AV1, 45, 46, 0},           {SFU_VP9, 98, 99, 0},
        {SFU_VP9, 100, 101, 2},
    };
    CU_ASSERT_EQUAL_FATAL(video->codec_count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < video->codec_count; i++) {
        const struct sfu_codec *codec = &video->codecs[i];
        CU_ASSERT_EQUAL(codec->id, want[i].id);
        CU_ASSERT_EQUAL(codec->pt, want[i].pt);
        CU_ASSERT_EQUAL(codec->rtx_pt, want[i].rtx);
        CU_ASSERT_EQUAL(codec->profile, want[i].profile);
        CU_ASSERT(codec->nack && codec->pli && codec->transport_cc);
        CU_ASSERT_EQUAL(codec->packetization, SFU_PACKETIZATION_CODEC);
    }
}

static void audio_level_passes_only_where_the_room_wants_it(void)
{
    const struct sfu_offer_rules rules = {.role = SFU_PUBLISHER, .audio_level = true};
    CU_ASSERT_EQUAL(read_fixture("chromium_whip.sdp", SFU_PUBLISHER), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[0].extension_ids[SFU_EXT_AUDIO_LEVEL], 0);
    size_t len;
    char *text = fixture_read("chromium_whip.sdp", &len);
    CU_ASSERT_EQUAL(sdp_parse(sdp, text, len), SDP_OK);
    CU_ASSERT_EQUAL(sfu_offer_read(sdp, &rules, &params), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[0].extension_ids[SFU_EXT_AUDIO_LEVEL], 1);
    free(text);
}

static void simulcast_rids_keep_their_order(void)
{
    CU_ASSERT_EQUAL_FATAL(read_fixture("chromium_whip_simulcast.sdp", SFU_PUBLISHER), SFU_OFFER_OK);
    const struct sfu_media *video = &params.media[1];
    CU_ASSERT_EQUAL_FATAL(video->rid_count, 3);
    CU_ASSERT_STRING_EQUAL(video->rids[0], "q");
    CU_ASSERT_STRING_EQUAL(video->rids[2], "f");
    CU_ASSERT_EQUAL(video->ssrc, 0);
    CU_ASSERT_EQUAL(video->extension_ids[SFU_EXT_RID], 10);
    CU_ASSERT_EQUAL(video->extension_ids[SFU_EXT_REPAIRED_RID], 11);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_simulcast.sdp", SFU_PUBLISHER, "send q;h;f", "send ~q,h;f"),
                    SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[1].rid_count, 2);
    CU_ASSERT_STRING_EQUAL(params.media[1].rids[0], "q");
    CU_ASSERT_EQUAL(read_changed("chromium_whip_simulcast.sdp", SFU_PUBLISHER, "send q;h;f", "send q;h;x"),
                    SFU_OFFER_BAD_RID);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_simulcast.sdp", SFU_PUBLISHER, "send q;h;f", "send q;h;f;q;h"),
                    SFU_OFFER_BAD_RID);
}

static void raw_packetization_and_sframe_are_seen(void)
{
    CU_ASSERT_EQUAL(read_fixture("chromium_whip_raw.sdp", SFU_PUBLISHER), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[0].codecs[0].packetization, SFU_PACKETIZATION_RAW);
    CU_ASSERT_EQUAL(read_fixture("webrtcbin_whip_h264.sdp", SFU_PUBLISHER), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[1].codecs[0].packetization, SFU_PACKETIZATION_RAW);
    /* 42c01e is constrained baseline; the mode plays no part where frames are cut into equal parts */
    CU_ASSERT_EQUAL(params.media[1].codecs[0].profile, 0x42e000);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, "a=packetization:96 raw", "a=sframe"),
                    SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[0].codecs[0].packetization, SFU_PACKETIZATION_SFRAME);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, "96 raw", "96 new"), SFU_OFFER_NOTHING);
}

static void webrtcbin_slots_get_ssrcs_of_ours(void)
{
    uint32_t seen[24];
    size_t count = 0;
    CU_ASSERT_EQUAL_FATAL(read_fixture("webrtcbin_whep_slots.sdp", SFU_SUBSCRIBER), SFU_OFFER_OK);
    CU_ASSERT_EQUAL_FATAL(params.media_count, 12);
    for (size_t i = 0; i < params.media_count; i++) {
        const struct sfu_media *media = &params.media[i];
        CU_ASSERT(media->active); /* port 0 with a=bundle-only is an offer, not a refusal */
        CU_ASSERT_EQUAL(media->kind, i < 3 ? SFU_AUDIO : SFU_VIDEO);
        CU_ASSERT_NOT_EQUAL(media->ssrc, 0);
        CU_ASSERT_EQUAL(media->rtx_ssrc != 0, i >= 3);
        seen[count++] = media->ssrc;
        seen[count++] = media->rtx_ssrc;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            CU_ASSERT(seen[i] == 0 || seen[i] != seen[k]);
}

/* A browser that receives lists four profiles of VP9 and eight of H264 before AV1. */
static void no_codec_crowds_another_out(void)
{
    CU_ASSERT_EQUAL_FATAL(read_fixture("chromium_whep_slots.sdp", SFU_SUBSCRIBER), SFU_OFFER_OK);
    for (size_t i = 3; i < 6; i++) {
        const struct sfu_media *media = &params.media[i];
        size_t of[SFU_AV1 + 1] = {0};
        for (size_t c = 0; c < media->codec_count; c++)
            of[media->codecs[c].id]++;
        CU_ASSERT(of[SFU_VP8] == 1 && of[SFU_VP9] == 4 && of[SFU_H264] == 8 && of[SFU_AV1] == 1);
    }
}

static void what_is_not_audio_or_video_is_refused_alone(void)
{
    CU_ASSERT_EQUAL_FATAL(read_fixture("chromium_whep_slots.sdp", SFU_SUBSCRIBER), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media_count, 7);
    CU_ASSERT_FALSE(params.media[6].active);
    CU_ASSERT_STRING_EQUAL(params.media[6].mid, "6");
    CU_ASSERT(params.media[5].active);
    CU_ASSERT_EQUAL(read_changed("webrtcbin_whip_vp8.sdp", SFU_PUBLISHER, "m=video 0", "m=text 0"), SFU_OFFER_OK);
    CU_ASSERT(params.media[0].active && !params.media[1].active);
    CU_ASSERT_EQUAL(read_changed("webrtcbin_whip_vp8.sdp", SFU_PUBLISHER, "a=bundle-only\r\n", ""), SFU_OFFER_OK);
    CU_ASSERT_FALSE(params.media[1].active);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, "a=sendonly", "a=inactive"),
                    SFU_OFFER_NOTHING);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, "a=sendonly", "a=sendrecv"), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(read_fixture("chromium_whip_raw.sdp", SFU_SUBSCRIBER), SFU_OFFER_NOTHING);
}

static void each_rule_has_its_refusal(void)
{
    static const struct {
        const char *from;
        const char *to;
        int error;
    } rows[] = {
        {"a=group:BUNDLE 0", "a=group:LS 0", SFU_OFFER_NO_BUNDLE},
        {"a=group:BUNDLE 0", "a=group:BUNDLE 1", SFU_OFFER_NO_BUNDLE},
        {"a=rtcp-mux\r\n", "", SFU_OFFER_NO_RTCP_MUX},
        {"a=mid:0\r\n", "", SFU_OFFER_NO_BUNDLE},
        {"a=mid:0", "a=mid:", SFU_OFFER_BAD_MID},
        {"a=mid:0", "a=mid:01234567890123456", SFU_OFFER_BAD_MID},
        {"a=ice-ufrag:vQ3k", "a=ice-ufrag:vQ3", SFU_OFFER_BAD_ICE},
        {"a=ice-ufrag:vQ3k", "a=ice-ufrag:vQ 3k", SFU_OFFER_BAD_ICE},
        {"a=ice-pwd:m0TzYp7aWc4RkEoJ2sVbXh9d", "a=ice-pwd:m0TzYp7aWc4RkEoJ2sVbX", SFU_OFFER_BAD_ICE},
        {"a=fingerprint:sha-256 5A:", "a=fingerprint:sha-256 5A", SFU_OFFER_BAD_FINGERPRINT},
        {"a=fingerprint:sha-256", "a=fingerprint:sha-1", SFU_OFFER_HASH},
        {"a=fingerprint:", "a=fingerpaint:", SFU_OFFER_BAD_FINGERPRINT},
        {"a=setup:actpass", "a=setup:active", SFU_OFFER_OK},
        {"a=setup:actpass", "a=setup:passive", SFU_OFFER_ROLE},
        {"a=setup:actpass", "a=setup:holdconn", SFU_OFFER_BAD_SETUP},
        {"a=setup:actpass\r\n", "", SFU_OFFER_BAD_SETUP},
        {"a=extmap-allow-mixed", "a=ice-lite", SFU_OFFER_ICE_LITE},
        {"UDP/TLS/RTP/SAVPF 96 97", "RTP/AVPF 96 97", SFU_OFFER_NOTHING},
        {"SAVPF 96 97", "SAVPF 96 128", SFU_OFFER_BAD_FORMAT},
        {"SAVPF 96 97", "SAVPF 96 96", SFU_OFFER_BAD_FORMAT},
        {"SAVPF 96 97", "SAVPF 97", SFU_OFFER_NOTHING},
        {"a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8", SFU_OFFER_BAD_FORMAT},
        {"a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/90000\r\na=rtpmap:96 VP9/90000", SFU_OFFER_BAD_FORMAT},
        {"a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/48000", SFU_OFFER_NOTHING},
        {"a=rtpmap:96 VP8/90000", "a=rtpmap:96 H265/90000", SFU_OFFER_NOTHING},
        {"a=extmap:1 ", "a=extmap:0 ", SFU_OFFER_BAD_EXTMAP},
        {"a=extmap:1 ", "a=extmap:2 ", SFU_OFFER_BAD_EXTMAP},
        {"a=extmap:1 ", "a=extmap:x ", SFU_OFFER_BAD_EXTMAP},
        {"a=ssrc-group:FID 2271560481 305419896", "a=ssrc-group:FID 2271560481 2271560481", SFU_OFFER_BAD_SSRC},
        {"a=ssrc-group:FID 2271560481 305419896", "a=ssrc-group:FID 2271560481", SFU_OFFER_BAD_SSRC},
        {"a=ssrc:2271560481 cname", "a=ssrc:0 cname", SFU_OFFER_BAD_SSRC},
        {"a=ssrc:2271560481 cname", "a=ssrc:4294967296 cname", SFU_OFFER_BAD_SSRC},
        {"a=sendonly", "a=sendonly\r\na=recvonly", SFU_OFFER_BAD_DIRECTION},
        {"m=video 9", "m=video 0", SFU_OFFER_NOTHING},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int error = read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, rows[i].from, rows[i].to);
        if (error != rows[i].error)
            fprintf(stderr, "row %zu: %s -> %s: %s\n", i, rows[i].from, rows[i].to, sfu_offer_error_text(error));
        CU_ASSERT_EQUAL(error, rows[i].error);
    }
}

static void sections_may_not_contradict_each_other(void)
{
    /* the second occurrence is the second section's: cut the first one's line out of the way by changing it */
    CU_ASSERT_EQUAL(read_changed("chromium_whip.sdp", SFU_PUBLISHER, "a=ice-ufrag:vQ3k", "a=ice-ufrag:other"),
                    SFU_OFFER_MIXED_TRANSPORT);
    CU_ASSERT_EQUAL(read_changed("chromium_whip.sdp", SFU_PUBLISHER, "sha-256 5A:", "sha-256 5B:"),
                    SFU_OFFER_MIXED_TRANSPORT);
    CU_ASSERT_EQUAL(read_changed("chromium_whip.sdp", SFU_PUBLISHER, "a=mid:1", "a=mid:0"), SFU_OFFER_BAD_MID);
    CU_ASSERT_EQUAL(
        read_changed("chromium_whip.sdp", SFU_PUBLISHER, "a=ssrc:3735928559 cname", "a=ssrc:305419896 cname"),
        SFU_OFFER_BAD_SSRC);
    CU_ASSERT_EQUAL(read_fixture("webrtcbin_unbundled.sdp", SFU_PUBLISHER), SFU_OFFER_NO_BUNDLE);
}

static void two_byte_ids_need_permission(void)
{
    CU_ASSERT_EQUAL(read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, "a=extmap:13 ", "a=extmap:20 "), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[0].extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR], 20);
    CU_ASSERT_EQUAL(read_changed("webrtcbin_whip_vp8.sdp", SFU_PUBLISHER, "a=extmap:5 ", "a=extmap:20 "), SFU_OFFER_OK);
    CU_ASSERT_FALSE(params.extmap_allow_mixed);
    CU_ASSERT_EQUAL(params.media[1].extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR], 0);
    CU_ASSERT_EQUAL(read_changed("chromium_whip_raw.sdp", SFU_PUBLISHER, "a=extmap:13 ", "a=extmap:13/recvonly "),
                    SFU_OFFER_OK);
    CU_ASSERT_EQUAL(params.media[0].extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR], 0);
}

static void an_error_leaves_params_alone(void)
{
    struct sfu_session_params before;
    const struct sfu_offer_rules rules = {.role = SFU_PUBLISHER};
    size_t len;
    char *text = fixture_read("webrtcbin_unbundled.sdp", &len);
    memset(&params, 0x5a, sizeof(params));
    before = params;
    CU_ASSERT_EQUAL(sdp_parse(sdp, text, len), SDP_OK);
    CU_ASSERT_NOT_EQUAL(sfu_offer_read(sdp, &rules, &params), SFU_OFFER_OK);
    CU_ASSERT_EQUAL(memcmp(&before, &params, sizeof(params)), 0);
    free(text);
}

static void truncated_offers_never_pass_for_more_than_they_are(void)
{
    const struct sfu_offer_rules rules = {.role = SFU_PUBLISHER};
    size_t len;
    char *text = fixture_read("chromium_whip_raw.sdp", &len);
    size_t complete = (size_t)(strstr(text, "a=rtpmap:96 VP8/90000\r\n") - text);
    for (size_t cut = 0; cut < complete; cut++) {
        char *part = malloc(cut ? cut : 1);
        memcpy(part, text, cut);
        int error = sdp_parse(sdp, part, cut);
        CU_ASSERT(error || sfu_offer_read(sdp, &rules, &params) != SFU_OFFER_OK);
        free(part);
    }
    free(text);
}

static void errors_have_the_statuses_of_whip(void)
{
    CU_ASSERT_EQUAL(sfu_offer_error_status(SFU_OFFER_BAD_ICE), 400);
    CU_ASSERT_EQUAL(sfu_offer_error_status(SFU_OFFER_NO_BUNDLE), 422);
    CU_ASSERT_EQUAL(sfu_offer_error_status(SFU_OFFER_NOTHING), 406);
    CU_ASSERT_EQUAL(sfu_offer_error_status(-1000), 500);
}

static void fragments_bring_new_credentials(void)
{
    struct text_slice ufrag;
    struct text_slice pwd;
    const char ok[] = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
    const char shortened[] = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWC\r\n";
    CU_ASSERT_EQUAL(sdp_parse_fragment(sdp, ok, strlen(ok)), SDP_OK);
    CU_ASSERT(sfu_offer_credentials(sdp, &ufrag, &pwd));
    CU_ASSERT(text_equal(ufrag, "EsAw") && text_equal(pwd, "P2uYro0UCOQ4zxjKXaWCBui1"));
    CU_ASSERT_EQUAL(sdp_parse_fragment(sdp, shortened, strlen(shortened)), SDP_OK);
    CU_ASSERT_FALSE(sfu_offer_credentials(sdp, &ufrag, &pwd));
}

static const struct unit_test tests[] = {
    {"a browser's publisher is understood", browser_publisher_is_understood},
    {"audio level passes only where the room wants it", audio_level_passes_only_where_the_room_wants_it},
    {"simulcast rids keep their order", simulcast_rids_keep_their_order},
    {"raw packetization and sframe are seen", raw_packetization_and_sframe_are_seen},
    {"webrtcbin's slots get SSRCs of ours", webrtcbin_slots_get_ssrcs_of_ours},
    {"no codec crowds another out", no_codec_crowds_another_out},
    {"what is not audio or video is refused alone", what_is_not_audio_or_video_is_refused_alone},
    {"each rule has its refusal", each_rule_has_its_refusal},
    {"sections may not contradict each other", sections_may_not_contradict_each_other},
    {"two-byte ids need permission", two_byte_ids_need_permission},
    {"an error leaves params alone", an_error_leaves_params_alone},
    {"truncated offers never pass for more than they are", truncated_offers_never_pass_for_more_than_they_are},
    {"errors have the statuses of WHIP", errors_have_the_statuses_of_whip},
    {"fragments bring new credentials", fragments_bring_new_credentials},
};

int main(void)
{
    sdp = malloc(sizeof(*sdp));
    int code = sdp ? unit_main("sfu.offer", tests, sizeof(tests) / sizeof(tests[0])) : 1;
    free(sdp);
    return code;
}
