/* A POST's or PATCH's body: as an offer in both roles, as a fragment and as slot wishes. What is accepted must be
 * within its bounds, and its answer must be a description of the same shape. */
#include <stdlib.h>
#include <string.h>

#include "sfu/offer.h"
#include "sfu/slots.h"

static struct sdp offer;
static struct sdp answer;
static char text[256 * 1024];

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_media(const struct sfu_media *media, enum sfu_role role)
{
    must(memchr(media->mid, 0, sizeof(media->mid)) != NULL);
    if (!media->active) {
        return;
    }
    must(media->mid[0] != 0 && media->codec_count > 0 && media->codec_count <= SFU_CODECS_MAX);
    must(media->rid_count <= SFU_RIDS_MAX);
    must(role == SFU_PUBLISHER || media->ssrc != 0);
    for (size_t i = 0; i < media->codec_count; i++) {
        must(media->codecs[i].pt < 128 && media->codecs[i].rtx_pt < 128);
        for (size_t k = 0; k < i; k++) {
            must(media->codecs[i].pt != media->codecs[k].pt);
        }
    }
    for (size_t e = 0; e < SFU_EXT_COUNT; e++) {
        must(media->extension_ids[e] != 15);
    }
}

static void try_role(enum sfu_role role, bool audio_level)
{
    static const struct sfu_answer_config config = {
        .addresses = {"192.0.2.7"}, .address_count = 1, .port = 5004, .fingerprint = "00:11"};
    const struct sfu_offer_rules rules = {.role = role, .audio_level = audio_level};
    static struct sfu_session_params params;
    struct text_writer w;
    memset(&params, 0, sizeof(params));
    strcpy(params.local_ufrag, "ufrag");
    strcpy(params.local_pwd, "0123456789012345678901");
    if (sfu_offer_read(&offer, &rules, &params) != SFU_OFFER_OK) {
        must(params.media_count == 0);
        return;
    }
    must(params.media_count == offer.media_count && sfu_session_tagged_media(&params) != NULL);
    for (size_t i = 0; i < params.media_count; i++) {
        check_media(&params.media[i], role);
    }
    text_writer_init(&w, text, sizeof(text));
    if (sfu_answer_write(&offer, &params, &config, &w) != SFU_OFFER_OK) {
        return;
    }
    /* an offer's lines may be so long that the answer's pass the parser's bound; nothing else is wrong with it */
    int error = sdp_parse(&answer, text, w.len);
    must(error == SDP_OK || error == SDP_LINE_TOO_LONG || error == SDP_TOO_LONG);
    must(error != SDP_OK || answer.media_count == offer.media_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sfu_slot_wish wishes[SFU_MEDIA_MAX];
    struct text_slice ufrag;
    struct text_slice pwd;
    size_t count;
    const char *body = (const char *)data;
    if (sdp_parse(&offer, body, size) == SDP_OK) {
        try_role(SFU_PUBLISHER, true);
        try_role(SFU_PUBLISHER, false);
        try_role(SFU_SUBSCRIBER, true);
    }
    if (sdp_parse_fragment(&offer, body, size) == SDP_OK && sfu_offer_credentials(&offer, &ufrag, &pwd)) {
        must(ufrag.len >= 4 && ufrag.len <= 256 && pwd.len >= 22 && pwd.len <= 256);
    }
    if (sfu_slots_read(body, size, wishes, &count) == SFU_SLOTS_OK) {
        must(count <= SFU_MEDIA_MAX);
        for (size_t i = 0; i < count; i++) {
            must(wishes[i].mid[0] != 0 && memchr(wishes[i].publisher, 0, SFU_ID_MAX) != NULL);
        }
    }
    return 0;
}
