#include "fixture.h"
#include "sfu/offer.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const struct sfu_answer_config config = {
    .addresses = {"192.0.2.7", "2001:db8::7"},
    .address_count = 2,
    .port = 5004,
    .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                   "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
};

struct round {
    struct sdp offer;
    struct sdp answer;
    struct sfu_session_params params;
    char *text; /* of the offer */
    char out[65536];
};

static struct round *r;

/* Reads the fixture, answers it, and reads the answer back. */
static void answer(const char *name, enum sfu_role role)
{
    const struct sfu_offer_rules rules = {.role = role};
    struct text_writer w;
    size_t len;
    free(r->text);
    r->text = fixture_read(name, &len);
    memset(&r->params, 0, sizeof(r->params));
    CU_ASSERT_EQUAL_FATAL(sdp_parse(&r->offer, r->text, len), SDP_OK);
    CU_ASSERT_EQUAL_FATAL(sfu_offer_read(&r->offer, &rules, &r->params), SFU_OFFER_OK);
    strcpy(r->params.id, "session");
    strcpy(r->params.local_ufrag, "localufrag");
    strcpy(r->params.local_pwd, "localpassword0123456789");
    strcpy(r->params.cname, "thecname");
    text_writer_init(&w, r->out, sizeof(r->out));
    CU_ASSERT_EQUAL_FATAL(sfu_answer_write(&r->offer, &r->params, &config, &w), SFU_OFFER_OK);
    CU_ASSERT_EQUAL_FATAL(sdp_parse(&r->answer, r->out, w.len), SDP_OK);
}

static size_t count(const struct sdp_media *section, const char *name, const char *value)
{
    size_t n = 0;
    struct sdp_list list = sdp_attributes(&r->answer, section);
    for (size_t i = 0; i < list.count; i++)
        n += text_equal(list.items[i].name, name) && (!value || text_equal(list.items[i].value, value));
    return n;
}

static void every_answer_keeps_the_offers_shape(void)
{
    for (size_t f = 0; f < fixture_count; f++) {
        answer(fixture_names[f], strstr(fixture_names[f], "whip") ? SFU_PUBLISHER : SFU_SUBSCRIBER);
        CU_ASSERT_EQUAL(r->answer.media_count, r->offer.media_count);
        CU_ASSERT_EQUAL(count(NULL, "ice-lite", NULL), 1);
        CU_ASSERT_EQUAL(count(NULL, "group", NULL), 1);
        for (size_t i = 0; i < r->answer.media_count; i++) {
            const struct sdp_media *section = &r->answer.media[i];
            CU_ASSERT(text_same(section->kind, r->offer.media[i].kind));
            CU_ASSERT(text_same(section->proto, r->offer.media[i].proto));
            CU_ASSERT_EQUAL(count(section, "mid", r->params.media[i].mid), 1);
            if (!r->params.media[i].active) {
                CU_ASSERT_EQUAL(section->port, 0);
                CU_ASSERT_EQUAL(count(section, "ice-ufrag", NULL), 0);
                continue;
            }
            CU_ASSERT_EQUAL(section->port, 5004);
            CU_ASSERT_EQUAL(count(section, "setup", "passive"), 1);
            CU_ASSERT_EQUAL(count(section, "rtcp-mux", NULL), 1);
            CU_ASSERT_EQUAL(count(section, "ice-ufrag", "localufrag"), 1);
            CU_ASSERT_EQUAL(count(section, "ice-pwd", "localpassword0123456789"), 1);
            CU_ASSERT_EQUAL(count(section, "fingerprint", NULL), 1);
            CU_ASSERT_EQUAL(count(section, r->params.role == SFU_PUBLISHER ? "recvonly" : "sendonly", NULL), 1);
            CU_ASSERT_EQUAL(count(section, "candidate", NULL), i == 0 ? 2 : 0);
            CU_ASSERT_EQUAL(count(section, "extmap", NULL) > 0,
                            strcmp(fixture_names[f], "webrtcbin_whip_h264.sdp") || i);
        }
    }
}

static void candidates_are_hosts_in_order(void)
{
    answer("webrtcbin_whip_vp8.sdp", SFU_PUBLISHER);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->out, "a=candidate:1 1 udp 2130706431 192.0.2.7 5004 typ host\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r->out, "a=candidate:2 1 udp 2130706175 2001:db8::7 5004 typ host\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r->out, "c=IN IP4 192.0.2.7\r\n"));
}

static void codecs_keep_the_offerers_numbers(void)
{
    answer("chromium_whip.sdp", SFU_PUBLISHER);
    const struct sdp_media *video = &r->answer.media[1];
    CU_ASSERT_EQUAL(video->format_count, 20);
    CU_ASSERT(text_equal(video->formats[0], "96") && text_equal(video->formats[1], "97"));
    CU_ASSERT_EQUAL(count(video, "rtpmap", "96 VP8/90000"), 1);
    CU_ASSERT_EQUAL(count(video, "fmtp", "97 apt=96"), 1);
    CU_ASSERT_EQUAL(count(video, "rtcp-fb", "96 nack pli"), 1);
    CU_ASSERT_EQUAL(count(video, "rtcp-fb", "96 transport-cc"), 1);
    CU_ASSERT_EQUAL(count(video, "rtcp-fb", "96 goog-remb"), 0);
    CU_ASSERT_EQUAL(count(video, "rtpmap", "118 red/90000"), 0);
    CU_ASSERT_EQUAL(count(video, "extmap", "14 urn:ietf:params:rtp-hdrext:toffset"), 0);
    CU_ASSERT_EQUAL(count(video, "extmap", "4 urn:ietf:params:rtp-hdrext:sdes:mid"), 1);
    CU_ASSERT_EQUAL(count(NULL, "extmap-allow-mixed", NULL), 1);
    CU_ASSERT_EQUAL(count(video, "ssrc", NULL), 0);
}

static void packetization_raw_is_mirrored(void)
{
    answer("chromium_whip_raw.sdp", SFU_PUBLISHER);
    CU_ASSERT_EQUAL(count(&r->answer.media[0], "packetization", "96 raw"), 1);
    answer("chromium_whip.sdp", SFU_PUBLISHER);
    CU_ASSERT_EQUAL(count(&r->answer.media[1], "packetization", NULL), 0);
}

static void simulcast_is_received(void)
{
    answer("chromium_whip_simulcast.sdp", SFU_PUBLISHER);
    CU_ASSERT_EQUAL(count(&r->answer.media[1], "simulcast", "recv q;h;f"), 1);
    CU_ASSERT_EQUAL(count(&r->answer.media[1], "rid", "h recv"), 1);
}

static void slots_name_their_ssrcs_and_streams(void)
{
    answer("webrtcbin_whep_slots.sdp", SFU_SUBSCRIBER);
    char line[128];
    for (size_t i = 0; i < r->answer.media_count; i++) {
        const struct sdp_media *section = &r->answer.media[i];
        const struct sfu_media *media = &r->params.media[i];
        snprintf(line, sizeof(line), "%u cname:thecname", media->ssrc);
        CU_ASSERT_EQUAL(count(section, "ssrc", line), 1);
        snprintf(line, sizeof(line), "%u msid:slot-%s slot-%s", media->ssrc, media->mid, media->mid);
        CU_ASSERT_EQUAL(count(section, "ssrc", line), 1);
        snprintf(line, sizeof(line), "FID %u %u", media->ssrc, media->rtx_ssrc);
        CU_ASSERT_EQUAL(count(section, "ssrc-group", line), media->kind == SFU_VIDEO);
        snprintf(line, sizeof(line), "slot-%s slot-%s", media->mid, media->mid);
        CU_ASSERT_EQUAL(count(section, "msid", line), 1);
        CU_ASSERT_EQUAL(count(section, "ssrc", NULL), media->kind == SFU_VIDEO ? 4 : 2);
    }
}

static void a_refused_section_leaves_the_bundle(void)
{
    answer("chromium_whep_slots.sdp", SFU_SUBSCRIBER);
    CU_ASSERT_EQUAL(count(NULL, "group", "BUNDLE 0 1 2 3 4 5"), 1);
    CU_ASSERT(text_equal(r->answer.media[6].formats[0], "webrtc-datachannel"));
}

static void too_little_room_is_an_error(void)
{
    answer("chromium_whip.sdp", SFU_PUBLISHER);
    size_t need = strlen(r->out);
    char *out = malloc(need + 1);
    struct text_writer w;
    text_writer_init(&w, out, need + 1);
    CU_ASSERT_EQUAL(sfu_answer_write(&r->offer, &r->params, &config, &w), SFU_OFFER_OK);
    text_writer_init(&w, out, need);
    CU_ASSERT_EQUAL(sfu_answer_write(&r->offer, &r->params, &config, &w), SFU_OFFER_TOO_LARGE);
    free(out);
}

static void fragments_answer_a_restart(void)
{
    struct text_writer w;
    answer("chromium_whip.sdp", SFU_PUBLISHER);
    text_writer_init(&w, r->out, sizeof(r->out));
    CU_ASSERT_EQUAL(sfu_answer_write_fragment(sfu_session_tagged_media(&r->params), "localufrag",
                                              "localpassword0123456789", &config, &w),
                    SFU_OFFER_OK);
    struct text_slice ufrag;
    struct text_slice pwd;
    CU_ASSERT_EQUAL(sdp_parse_fragment(&r->answer, r->out, w.len), SDP_OK);
    CU_ASSERT(sfu_offer_credentials(&r->answer, &ufrag, &pwd));
    CU_ASSERT(text_equal(ufrag, "localufrag"));
    CU_ASSERT_EQUAL(count(&r->answer.media[0], "mid", "0"), 1);
    CU_ASSERT_EQUAL(count(&r->answer.media[0], "candidate", NULL), 2);
}

static const struct unit_test tests[] = {
    {"every answer keeps the offer's shape", every_answer_keeps_the_offers_shape},
    {"candidates are hosts in order", candidates_are_hosts_in_order},
    {"codecs keep the offerer's numbers", codecs_keep_the_offerers_numbers},
    {"packetization raw is mirrored", packetization_raw_is_mirrored},
    {"simulcast is received", simulcast_is_received},
    {"slots name their SSRCs and streams", slots_name_their_ssrcs_and_streams},
    {"a refused section leaves the bundle", a_refused_section_leaves_the_bundle},
    {"too little room is an error", too_little_room_is_an_error},
    {"fragments answer a restart", fragments_answer_a_restart},
};

int main(void)
{
    r = calloc(1, sizeof(*r));
    int code = r ? unit_main("sfu.answer", tests, sizeof(tests) / sizeof(tests[0])) : 1;
    if (r)
        free(r->text);
    free(r);
    return code;
}
