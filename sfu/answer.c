#include <string.h>

#include "offer_internal.h"

#define SLICE(s) (int)(s).len, (s).data

/* Candidates of type host (RFC 8445 section 5.1.2.1): type preference 126, one component, the first address first. */
static void write_candidates(const struct sfu_answer_config *config, struct text_writer *w)
{
    for (size_t i = 0; i < config->address_count; i++) {
        uint32_t priority = 126u << 24 | (65535u - (uint32_t)i) << 8 | 255u;
        text_printf(w, "a=candidate:%zu 1 udp %u %s %u typ host\r\n", i + 1, priority, config->addresses[i],
                    config->port);
    }
    text_printf(w, "a=end-of-candidates\r\n");
}

static const char *address_type(const char *address)
{
    return strchr(address, ':') ? "IP6" : "IP4";
}

static void write_rejected(const struct sdp_media *section, const struct sfu_media *media, struct text_writer *w)
{
    text_printf(w, "m=%.*s 0 %.*s", SLICE(section->kind), SLICE(section->proto));
    for (size_t i = 0; i < section->format_count; i++)
        text_printf(w, " %.*s", SLICE(section->formats[i]));
    text_printf(w, "\r\nc=IN IP4 0.0.0.0\r\n");
    if (media->mid[0])
        text_printf(w, "a=mid:%s\r\n", media->mid);
    text_printf(w, "a=inactive\r\n");
}

static bool pt_is(struct text_slice value, uint8_t pt)
{
    uint64_t number;
    return text_number(text_take(&value, ' '), 127, &number) && number == pt;
}

/* The offer's own rtpmap, fmtp and packetization lines of a payload type that was accepted. */
static void echo_format(struct sdp_list list, uint8_t pt, const char *name, struct text_writer *w)
{
    for (size_t i = 0; i < list.count; i++) {
        if (text_equal(list.items[i].name, name) && pt_is(list.items[i].value, pt)) {
            text_printf(w, "a=%s:%.*s\r\n", name, SLICE(list.items[i].value));
            return;
        }
    }
}

static void write_codec(struct sdp_list list, const struct sfu_media *media, const struct sfu_codec *codec,
                        struct text_writer *w)
{
    echo_format(list, codec->pt, "rtpmap", w);
    echo_format(list, codec->pt, "fmtp", w);
    if (codec->nack)
        text_printf(w, "a=rtcp-fb:%u nack\r\n", codec->pt);
    if (codec->pli)
        text_printf(w, "a=rtcp-fb:%u nack pli\r\n", codec->pt);
    if (codec->transport_cc && media->extension_ids[SFU_EXT_TRANSPORT_CC])
        text_printf(w, "a=rtcp-fb:%u transport-cc\r\n", codec->pt);
    if (codec->packetization == SFU_PACKETIZATION_RAW)
        text_printf(w, "a=packetization:%u raw\r\n", codec->pt);
    if (codec->rtx_pt) {
        echo_format(list, codec->rtx_pt, "rtpmap", w);
        echo_format(list, codec->rtx_pt, "fmtp", w);
    }
}

/* RFC 8285 section 5: the accepted ones under the offer's ids, a direction turned round. */
static void write_extensions(struct sdp_list list, const struct sfu_media *media, struct text_writer *w)
{
    for (size_t i = 0; i < list.count; i++) {
        uint64_t id;
        struct text_slice direction;
        struct text_slice uri;
        if (!text_equal(list.items[i].name, "extmap") || !sfu_extmap_parse(list.items[i].value, &id, &direction, &uri))
            continue;
        for (unsigned e = 0; e < SFU_EXT_COUNT; e++) {
            if (media->extension_ids[e] != id || !text_equal(uri, sfu_extension_uri((enum sfu_extension)e)))
                continue;
            const char *turned = text_equal(direction, "sendonly")   ? "/recvonly"
                                 : text_equal(direction, "recvonly") ? "/sendonly"
                                                                     : "";
            text_printf(w, "a=extmap:%u%s %.*s\r\n", (unsigned)id, turned, SLICE(uri));
        }
    }
}

/* RFC 8853 section 5.3: what the offer sends, this side receives. */
static void write_simulcast(const struct sfu_media *media, struct text_writer *w)
{
    for (size_t i = 0; i < media->rid_count; i++)
        text_printf(w, "a=rid:%s recv\r\n", media->rids[i]);
    for (size_t i = 0; i < media->rid_count; i++)
        text_printf(w, "%s%s", i == 0 ? "a=simulcast:recv " : ";", media->rids[i]);
    text_printf(w, "%s", media->rid_count > 0 ? "\r\n" : "");
}

/* A slot is a MediaStream of its own, so that a browser never ties two slots together; webrtcbin finds its pads by the
 * a=ssrc lines alone. */
static void write_slot(const struct sfu_session_params *params, const struct sfu_media *media, struct text_writer *w)
{
    const char *cname = params->cname;
    text_printf(w, "a=msid:slot-%s slot-%s\r\n", media->mid, media->mid);
    if (media->rtx_ssrc)
        text_printf(w, "a=ssrc-group:FID %u %u\r\n", media->ssrc, media->rtx_ssrc);
    const uint32_t ssrcs[2] = {media->ssrc, media->rtx_ssrc};
    for (size_t i = 0; i < 2; i++) {
        if (ssrcs[i]) {
            text_printf(w, "a=ssrc:%u cname:%s\r\n", ssrcs[i], cname);
            text_printf(w, "a=ssrc:%u msid:slot-%s slot-%s\r\n", ssrcs[i], media->mid, media->mid);
        }
    }
}

static void write_accepted(const struct sdp *offer, const struct sdp_media *section,
                           const struct sfu_session_params *params, const struct sfu_media *media,
                           const struct sfu_answer_config *config, bool first, struct text_writer *w)
{
    struct sdp_list list = sdp_attributes(offer, section);
    text_printf(w, "m=%.*s %u %.*s", SLICE(section->kind), config->port, SLICE(section->proto));
    for (size_t i = 0; i < media->codec_count; i++) {
        text_printf(w, " %u", media->codecs[i].pt);
        if (media->codecs[i].rtx_pt)
            text_printf(w, " %u", media->codecs[i].rtx_pt);
    }
    text_printf(w, "\r\nc=IN %s %s\r\n", address_type(config->addresses[0]), config->addresses[0]);
    text_printf(w, "a=mid:%s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", media->mid, params->local_ufrag,
                params->local_pwd);
    text_printf(w, "a=fingerprint:sha-256 %s\r\na=setup:passive\r\n", config->fingerprint);
    text_printf(w, "a=%s\r\na=rtcp-mux\r\n", params->role == SFU_PUBLISHER ? "recvonly" : "sendonly");
    if (sdp_find(list, "rtcp-rsize"))
        text_printf(w, "a=rtcp-rsize\r\n");
    if (sdp_find(list, "extmap-allow-mixed"))
        text_printf(w, "a=extmap-allow-mixed\r\n");
    if (sdp_find(list, "sframe"))
        text_printf(w, "a=sframe\r\n");
    write_extensions(list, media, w);
    for (size_t i = 0; i < media->codec_count; i++)
        write_codec(list, media, &media->codecs[i], w);
    if (params->role == SFU_SUBSCRIBER)
        write_slot(params, media, w);
    else
        write_simulcast(media, w);
    if (first)
        write_candidates(config, w);
}

int sfu_answer_write(const struct sdp *offer, const struct sfu_session_params *params,
                     const struct sfu_answer_config *config, struct text_writer *w)
{
    bool first = true;
    /* one answer a session, so the version of o= never rises; its number only has to differ between sessions */
    uint32_t number = 1;
    for (const char *c = params->id; *c; c++)
        number = number * 31 + (unsigned char)*c;
    text_printf(w, "v=0\r\no=- %u 1 IN %s %s\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n", number,
                address_type(config->addresses[0]), config->addresses[0]);
    text_printf(w, "a=group:BUNDLE");
    for (size_t i = 0; i < params->media_count; i++)
        if (params->media[i].active)
            text_printf(w, " %s", params->media[i].mid);
    text_printf(w, "\r\n");
    if (sdp_find(sdp_attributes(offer, NULL), "extmap-allow-mixed"))
        text_printf(w, "a=extmap-allow-mixed\r\n");
    text_printf(w, "a=msid-semantic:WMS *\r\n");
    for (size_t i = 0; i < params->media_count; i++) {
        if (params->media[i].active) {
            write_accepted(offer, &offer->media[i], params, &params->media[i], config, first, w);
            first = false;
        } else {
            write_rejected(&offer->media[i], &params->media[i], w);
        }
    }
    return w->failed ? SFU_OFFER_TOO_LARGE : SFU_OFFER_OK;
}

const struct sfu_media *sfu_session_tagged_media(const struct sfu_session_params *params)
{
    for (size_t i = 0; i < params->media_count; i++)
        if (params->media[i].active)
            return &params->media[i];
    return NULL;
}

int sfu_answer_write_fragment(const struct sfu_media *tagged, const char *local_ufrag, const char *local_pwd,
                              const struct sfu_answer_config *config, struct text_writer *w)
{
    text_printf(w, "a=ice-lite\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", local_ufrag, local_pwd);
    text_printf(w, "m=%s 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%s\r\n", tagged->kind == SFU_AUDIO ? "audio" : "video",
                tagged->mid);
    write_candidates(config, w);
    return w->failed ? SFU_OFFER_TOO_LARGE : SFU_OFFER_OK;
}
