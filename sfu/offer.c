#include "sfu/offer.h"

#include <string.h>

#include "core/secret.h"
#include "offer_internal.h"

const char *sfu_offer_error_text(int error)
{
    switch (error) {
    case SFU_OFFER_OK:
        return "no error";
#define X(name, value, status, text)                                                                                   \
    case name:                                                                                                         \
        return text;
        SFU_OFFER_ERRORS(X)
#undef X
    default:
        return "unknown error";
    }
}

int sfu_offer_error_status(int error)
{
    switch (error) {
#define X(name, value, status, text)                                                                                   \
    case name:                                                                                                         \
        return status;
        SFU_OFFER_ERRORS(X)
#undef X
    default:
        return 500;
    }
}

const char *sfu_extension_uri(enum sfu_extension extension)
{
    static const char *const uris[SFU_EXT_COUNT] = {
        [SFU_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
        [SFU_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        [SFU_EXT_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        [SFU_EXT_DEPENDENCY_DESCRIPTOR] =
            "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
        [SFU_EXT_TRANSPORT_CC] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        [SFU_EXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        [SFU_EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    };
    return uris[extension];
}

/* What stands in the offer between its sections, gathered before it is committed to params. */
struct transport {
    bool found;
    struct text_slice ufrag;
    struct text_slice pwd;
    uint8_t fingerprint[SFU_FINGERPRINT_LEN];
    struct text_slice setup;
};

static bool is_credential(struct text_slice s, size_t min, size_t max)
{
    return s.len >= min && s.len <= max && text_is_made_of(s, "+/");
}

/* The section's own or the session's a=fingerprint of sha-256. */
static int read_fingerprint(struct sdp_list list, uint8_t *out)
{
    int error = SFU_OFFER_BAD_FINGERPRINT;
    for (size_t i = 0; i < list.count; i++) {
        if (!text_equal(list.items[i].name, "fingerprint"))
            continue;
        struct text_slice value = list.items[i].value;
        struct text_slice hash = text_take(&value, ' ');
        if (text_equal_nocase(hash, "sha-256"))
            return text_fingerprint(value, out, SFU_FINGERPRINT_LEN) ? SFU_OFFER_OK : SFU_OFFER_BAD_FINGERPRINT;
        error = SFU_OFFER_HASH;
    }
    return error;
}

static struct text_slice value_of(const struct sdp_attribute *attribute)
{
    return attribute ? attribute->value : (struct text_slice){NULL, 0};
}

/* RFC 8843 section 7.1.3: bundled sections share one transport, so whatever they name must be the same. */
static int read_transport(const struct sdp *sdp, const struct sdp_media *section, struct transport *transport)
{
    struct transport here = {.found = true};
    here.ufrag = value_of(sdp_find_either(sdp, section, "ice-ufrag"));
    here.pwd = value_of(sdp_find_either(sdp, section, "ice-pwd"));
    here.setup = value_of(sdp_find_either(sdp, section, "setup"));
    if (here.ufrag.len == 0 && here.pwd.len == 0 && section->port == 0)
        return SFU_OFFER_OK; /* bundle-only */
    if (!is_credential(here.ufrag, 4, 256) || !is_credential(here.pwd, 22, 256))
        return SFU_OFFER_BAD_ICE;
    struct sdp_list own = sdp_attributes(sdp, section);
    int error = read_fingerprint(sdp_find(own, "fingerprint") ? own : sdp_attributes(sdp, NULL), here.fingerprint);
    if (error)
        return error;
    if (!text_equal(here.setup, "actpass") && !text_equal(here.setup, "active"))
        return text_equal(here.setup, "passive") ? SFU_OFFER_ROLE : SFU_OFFER_BAD_SETUP;
    if (!transport->found) {
        *transport = here;
        return SFU_OFFER_OK;
    }
    bool same = text_same(here.ufrag, transport->ufrag) && text_same(here.pwd, transport->pwd) &&
                memcmp(here.fingerprint, transport->fingerprint, SFU_FINGERPRINT_LEN) == 0;
    return same ? SFU_OFFER_OK : SFU_OFFER_MIXED_TRANSPORT;
}

bool sfu_offer_credentials(const struct sdp *sdp, struct text_slice *ufrag, struct text_slice *pwd)
{
    const struct sdp_attribute *u = NULL;
    const struct sdp_attribute *p = NULL;
    for (size_t i = 0; i < sdp->attribute_count; i++) {
        const struct sdp_attribute *attribute = &sdp->attributes[i];
        if (!u && text_equal(attribute->name, "ice-ufrag"))
            u = attribute;
        else if (!p && text_equal(attribute->name, "ice-pwd"))
            p = attribute;
    }
    if (!u || !p || !is_credential(u->value, 4, 256) || !is_credential(p->value, 22, 256))
        return false;
    *ufrag = u->value;
    *pwd = p->value;
    return true;
}

/* True if mid is in the first a=group:BUNDLE. */
static bool is_bundled(const struct sdp *sdp, struct text_slice mid)
{
    struct sdp_list list = sdp_attributes(sdp, NULL);
    for (size_t i = 0; i < list.count; i++) {
        struct text_slice value = list.items[i].value;
        if (!text_equal(list.items[i].name, "group") || !text_equal(text_take(&value, ' '), "BUNDLE"))
            continue;
        while (value.len > 0)
            if (text_same(text_take(&value, ' '), mid))
                return true;
        return false;
    }
    return false;
}

static int read_mid(const struct sdp *sdp, const struct sdp_media *section, struct sfu_media *media)
{
    struct text_slice mid = value_of(sdp_find(sdp_attributes(sdp, section), "mid"));
    /* RFC 8866's token */
    if (!text_is_made_of(mid, "!#$%&'*+-.^_`{|}~") || !text_copy(mid, media->mid, sizeof(media->mid)))
        return SFU_OFFER_BAD_MID;
    return SFU_OFFER_OK;
}

/* Whether the section's direction suits the role: a publisher must send, a subscriber must receive. */
static int read_direction(struct sdp_list list, enum sfu_role role, bool *suits)
{
    const char *wanted = role == SFU_PUBLISHER ? "sendonly" : "recvonly";
    size_t count = 0;
    *suits = true; /* RFC 8866 section 6.7: sendrecv is the default */
    for (size_t i = 0; i < list.count; i++) {
        struct text_slice name = list.items[i].name;
        bool both = text_equal(name, "sendrecv");
        if (both || text_equal(name, "sendonly") || text_equal(name, "recvonly") || text_equal(name, "inactive")) {
            *suits = both || text_equal(name, wanted);
            count++;
        }
    }
    return count <= 1 ? SFU_OFFER_OK : SFU_OFFER_BAD_DIRECTION;
}

bool sfu_extmap_parse(struct text_slice value, uint64_t *id, struct text_slice *direction, struct text_slice *uri)
{
    struct text_slice map = text_take(&value, ' ');
    struct text_slice number = text_take(&map, '/');
    *direction = map;
    *uri = text_take(&value, ' ');
    return text_number(number, 4096, id) && *id > 0 && uri->len > 0;
}

static int read_extensions(struct sdp_list list, const struct sfu_offer_rules *rules, bool mixed,
                           struct sfu_media *media)
{
    const char *away = rules->role == SFU_PUBLISHER ? "recvonly" : "sendonly";
    bool used[256] = {false};
    for (size_t i = 0; i < list.count; i++) {
        uint64_t id;
        struct text_slice direction;
        struct text_slice uri;
        if (!text_equal(list.items[i].name, "extmap"))
            continue;
        if (!sfu_extmap_parse(list.items[i].value, &id, &direction, &uri))
            return SFU_OFFER_BAD_EXTMAP;
        /* RFC 8285: 15 is reserved, 16 and more take two-byte headers, 256 and more are for later mapping */
        if (id > 255 || id == 15 || (id > 15 && !mixed))
            continue;
        if (used[id])
            return SFU_OFFER_BAD_EXTMAP;
        used[id] = true;
        if (text_equal(direction, away) || text_equal(direction, "inactive"))
            continue;
        for (unsigned e = 0; e < SFU_EXT_COUNT; e++) {
            bool allowed = e != SFU_EXT_AUDIO_LEVEL || rules->audio_level;
            if (allowed && media->extension_ids[e] == 0 && text_equal(uri, sfu_extension_uri((enum sfu_extension)e)))
                media->extension_ids[e] = (uint8_t)id;
        }
    }
    return SFU_OFFER_OK;
}

static bool read_ssrc(struct text_slice s, uint32_t *ssrc)
{
    uint64_t number;
    if (!text_number(s, UINT32_MAX, &number) || number == 0)
        return false;
    *ssrc = (uint32_t)number;
    return true;
}

/* The stream's SSRC and its retransmissions' (RFC 5576). Browsers' old simulcast (SIM groups) is not offered any more:
 * its first stream is taken. */
static int read_ssrcs(struct sdp_list list, struct sfu_media *media)
{
    for (size_t i = 0; i < list.count; i++) {
        struct text_slice value = list.items[i].value;
        uint32_t ssrc;
        if (text_equal(list.items[i].name, "ssrc")) {
            if (!read_ssrc(text_take(&value, ' '), &ssrc))
                return SFU_OFFER_BAD_SSRC;
            if (media->ssrc == 0)
                media->ssrc = ssrc;
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        struct text_slice value = list.items[i].value;
        uint32_t ssrc;
        uint32_t rtx;
        if (!text_equal(list.items[i].name, "ssrc-group") || !text_equal(text_take(&value, ' '), "FID"))
            continue;
        if (!read_ssrc(text_take(&value, ' '), &ssrc) || !read_ssrc(text_take(&value, ' '), &rtx) || ssrc == rtx)
            return SFU_OFFER_BAD_SSRC;
        if (ssrc == media->ssrc)
            media->rtx_ssrc = rtx;
    }
    return SFU_OFFER_OK;
}

/* The rids of a=simulcast:send, each of which must have an a=rid (RFC 8853 section 5.1). Of alternatives the first
 * counts. */
static int read_rids(struct sdp_list list, struct sfu_media *media)
{
    struct text_slice value = value_of(sdp_find(list, "simulcast"));
    while (value.len > 0) {
        struct text_slice direction = text_take(&value, ' ');
        struct text_slice streams = text_take(&value, ' ');
        if (!text_equal(direction, "send"))
            continue;
        while (streams.len > 0) {
            struct text_slice alternatives = text_take(&streams, ';');
            struct text_slice rid = text_take(&alternatives, ',');
            if (text_starts(rid, "~")) {
                rid.data++;
                rid.len--;
            }
            bool declared = false;
            for (size_t i = 0; i < list.count && !declared; i++) {
                struct text_slice line = list.items[i].value;
                declared = text_equal(list.items[i].name, "rid") && text_same(text_take(&line, ' '), rid) &&
                           text_equal(text_take(&line, ' '), "send");
            }
            if (!declared || media->rid_count == SFU_RIDS_MAX || !text_is_made_of(rid, "-_") ||
                !text_copy(rid, media->rids[media->rid_count], SFU_MID_MAX))
                return SFU_OFFER_BAD_RID;
            media->rid_count++;
        }
    }
    return SFU_OFFER_OK;
}

static bool is_rtp(const struct sdp_media *section)
{
    return text_equal(section->proto, "UDP/TLS/RTP/SAVPF") || text_equal(section->proto, "UDP/TLS/RTP/SAVP");
}

/* One section. What is only unsuitable leaves media inactive; what is malformed is an error. */
static int read_media(const struct sdp *sdp, const struct sdp_media *section, const struct sfu_offer_rules *rules,
                      bool mixed, struct sfu_media *media)
{
    struct sdp_list list = sdp_attributes(sdp, section);
    bool audio = text_equal(section->kind, "audio");
    bool suits;
    int error = read_direction(list, rules->role, &suits);
    if (error)
        return error;
    bool refused = section->port == 0 && !sdp_find(list, "bundle-only");
    if (refused || !suits || !is_rtp(section) || (!audio && !text_equal(section->kind, "video")))
        return SFU_OFFER_OK;
    media->kind = audio ? SFU_AUDIO : SFU_VIDEO;
    error = sfu_offer_codecs(sdp, section, media);
    if (error || media->codec_count == 0)
        return error;
    if (!sdp_find(list, "rtcp-mux"))
        return SFU_OFFER_NO_RTCP_MUX;
    if (media->mid[0] == 0 || !is_bundled(sdp, text_of(media->mid)))
        return SFU_OFFER_NO_BUNDLE;
    error = read_extensions(list, rules, mixed || sdp_find(list, "extmap-allow-mixed"), media);
    if (!error && rules->role == SFU_PUBLISHER)
        error = read_ssrcs(list, media);
    if (!error && rules->role == SFU_PUBLISHER)
        error = read_rids(list, media);
    media->active = !error;
    return error;
}

static bool is_used(const struct sfu_session_params *params, uint32_t ssrc)
{
    for (size_t i = 0; i < params->media_count; i++)
        if (params->media[i].ssrc == ssrc || params->media[i].rtx_ssrc == ssrc)
            return true;
    return false;
}

/* Slots send under SSRCs of ours. */
static bool choose_ssrc(const struct sfu_session_params *params, uint32_t *ssrc)
{
    do {
        if (!core_random((uint8_t *)ssrc, sizeof(*ssrc)))
            return false;
    } while (*ssrc == 0 || is_used(params, *ssrc));
    return true;
}

static bool choose_ssrcs(struct sfu_session_params *params)
{
    for (size_t i = 0; i < params->media_count; i++) {
        struct sfu_media *media = &params->media[i];
        bool rtx = false;
        for (size_t c = 0; c < media->codec_count; c++)
            rtx |= media->codecs[c].rtx_pt != 0;
        uint32_t ssrc;
        if (!media->active)
            continue;
        if (!choose_ssrc(params, &ssrc))
            return false;
        media->ssrc = ssrc;
        if (rtx && !choose_ssrc(params, &ssrc))
            return false;
        media->rtx_ssrc = rtx ? ssrc : 0;
    }
    return true;
}

/* An SSRC belongs to one section (RFC 8843 section 9.2 needs that to tell streams apart). */
static bool ssrcs_are_distinct(const struct sfu_session_params *params)
{
    uint32_t seen[SFU_MEDIA_MAX * 2];
    size_t count = 0;
    for (size_t i = 0; i < params->media_count; i++) {
        const uint32_t own[2] = {params->media[i].ssrc, params->media[i].rtx_ssrc};
        for (size_t k = 0; k < 2; k++) {
            for (size_t s = 0; s < count; s++)
                if (own[k] != 0 && seen[s] == own[k])
                    return false;
            seen[count++] = own[k];
        }
    }
    return true;
}

static bool mids_are_distinct(const struct sfu_session_params *params)
{
    for (size_t i = 0; i < params->media_count; i++) {
        for (size_t k = 0; k < i; k++)
            if (params->media[i].mid[0] && strcmp(params->media[i].mid, params->media[k].mid) == 0)
                return false;
    }
    return true;
}

static int read_sections(const struct sdp *sdp, const struct sfu_offer_rules *rules, struct sfu_session_params *found,
                         struct transport *transport)
{
    bool mixed = found->extmap_allow_mixed;
    bool any = false;
    for (size_t i = 0; i < sdp->media_count; i++) {
        const struct sdp_media *section = &sdp->media[i];
        struct sfu_media *media = &found->media[found->media_count++];
        int error = sdp_find(sdp_attributes(sdp, section), "mid") ? read_mid(sdp, section, media) : SFU_OFFER_OK;
        if (!error)
            error = read_media(sdp, section, rules, mixed, media);
        if (!error && media->mid[0] && is_bundled(sdp, text_of(media->mid)))
            error = read_transport(sdp, section, transport);
        if (error)
            return error;
        any |= media->active;
    }
    if (!mids_are_distinct(found))
        return SFU_OFFER_BAD_MID;
    if (!any)
        return SFU_OFFER_NOTHING;
    return transport->found ? SFU_OFFER_OK : SFU_OFFER_BAD_ICE;
}

/* RFC 8285 section 6: mixed forms are allowed for the description, or for each of its sections. */
static bool allows_mixed(const struct sdp *sdp)
{
    bool all = sdp->media_count > 0;
    for (size_t i = 0; i < sdp->media_count; i++) {
        bool rejected = !is_rtp(&sdp->media[i]);
        all &= rejected || sdp_find(sdp_attributes(sdp, &sdp->media[i]), "extmap-allow-mixed") != NULL;
    }
    return all || sdp_find(sdp_attributes(sdp, NULL), "extmap-allow-mixed") != NULL;
}

int sfu_offer_read(const struct sdp *sdp, const struct sfu_offer_rules *rules, struct sfu_session_params *params)
{
    struct transport transport = {.found = false};
    struct sfu_session_params found = *params;
    memset(found.media, 0, sizeof(found.media));
    found.media_count = 0;
    found.role = rules->role;
    found.extmap_allow_mixed = allows_mixed(sdp);
    if (sdp_find(sdp_attributes(sdp, NULL), "ice-lite"))
        return SFU_OFFER_ICE_LITE;
    int error = read_sections(sdp, rules, &found, &transport);
    if (error)
        return error;
    if (!text_copy(transport.ufrag, found.remote_ufrag, sizeof(found.remote_ufrag)) ||
        !text_copy(transport.pwd, found.remote_pwd, sizeof(found.remote_pwd)))
        return SFU_OFFER_BAD_ICE;
    memcpy(found.remote_fingerprint, transport.fingerprint, sizeof(found.remote_fingerprint));
    if (rules->role == SFU_SUBSCRIBER && !choose_ssrcs(&found))
        return SFU_OFFER_NO_RANDOM;
    if (rules->role == SFU_PUBLISHER && !ssrcs_are_distinct(&found))
        return SFU_OFFER_BAD_SSRC;
    *params = found;
    return SFU_OFFER_OK;
}
