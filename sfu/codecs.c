/* The codecs of one m= section: rtpmap, fmtp, rtcp-fb, packetization and rtx, put together. */

#include "offer_internal.h"

enum {
    PAYLOAD_TYPES = 128,
    /* payload types kept of one codec: browsers list H264 in up to eight forms and VP9 in four, and none may crowd
     * another codec out */
    SAME_CODEC_MAX = 8,
};

/* What the attributes say of one payload type. */
struct format {
    bool offered; /* listed in m= */
    bool nack;
    bool pli;
    bool transport_cc;
    bool raw;
    bool foreign_packetization; /* one that is not known here */
    struct text_slice name;     /* of rtpmap: encoding */
    uint64_t clock_rate;
    struct text_slice channels;
    struct text_slice fmtp;
};

/* A payload type as m=, rtpmap and fmtp write it. 64 to 95 collide with RTCP under rtcp-mux (RFC 5761 section 4), so
 * they are never accepted, but not an error in somebody's list either. */
static bool read_pt(struct text_slice s, size_t *pt)
{
    uint64_t number;
    if (!text_number(s, PAYLOAD_TYPES - 1, &number))
        return false;
    *pt = (size_t)number;
    return true;
}

static bool read_rtpmap(struct format *format, struct text_slice value)
{
    struct text_slice name = text_take(&value, '/');
    struct text_slice rate = text_take(&value, '/');
    if (format->name.len > 0 || name.len == 0 || !text_number(rate, UINT32_MAX, &format->clock_rate))
        return false;
    format->name = name;
    format->channels = value;
    return true;
}

static void read_feedback(struct format *format, struct text_slice value)
{
    value = text_trim(value);
    format->nack |= text_equal(value, "nack");
    format->pli |= text_equal(value, "nack pli");
    format->transport_cc |= text_equal(value, "transport-cc");
}

static bool read_attribute(struct format *formats, const struct sdp_attribute *attribute)
{
    struct text_slice value = attribute->value;
    bool rtpmap = text_equal(attribute->name, "rtpmap");
    bool fmtp = text_equal(attribute->name, "fmtp");
    bool feedback = text_equal(attribute->name, "rtcp-fb");
    bool packetization = text_equal(attribute->name, "packetization");
    if (!rtpmap && !fmtp && !feedback && !packetization)
        return true;
    struct text_slice number = text_take(&value, ' ');
    if (feedback && text_equal(number, "*")) {
        for (size_t i = 0; i < PAYLOAD_TYPES; i++)
            read_feedback(&formats[i], value);
        return true;
    }
    size_t pt;
    if (!read_pt(number, &pt))
        return false;
    struct format *format = &formats[pt];
    if (rtpmap)
        return read_rtpmap(format, value);
    if (feedback)
        read_feedback(format, value);
    else if (fmtp)
        format->fmtp = format->fmtp.len > 0 ? format->fmtp : value;
    else if (text_equal(text_trim(value), "raw"))
        format->raw = true;
    else
        format->foreign_packetization = true;
    return true;
}

struct text_slice sfu_fmtp_find(struct text_slice fmtp, const char *name)
{
    while (fmtp.len > 0) {
        struct text_slice value = text_trim(text_take(&fmtp, ';'));
        struct text_slice key = text_take(&value, '=');
        if (text_equal_nocase(key, name))
            return value;
    }
    return (struct text_slice){NULL, 0};
}

/* H264 profiles that the same decoder takes are one: constrained baseline has three spellings (RFC 6184 section 8.1,
 * table 5). The level is left out. Without the parameter, browsers mean constrained baseline. */
static bool read_h264_profile(struct text_slice fmtp, bool raw, uint32_t *profile)
{
    struct text_slice text = sfu_fmtp_find(fmtp, "profile-level-id");
    uint32_t idc = 0x42;
    uint32_t iop = 0xe0;
    if (text.len > 0) {
        uint8_t bytes[3];
        if (!text_hex(text, bytes, sizeof(bytes)))
            return false;
        idc = bytes[0];
        iop = bytes[1];
    }
    bool constrained =
        (idc == 0x42 && (iop & 0x40)) || (idc == 0x4d && (iop & 0x80)) || (idc == 0x58 && (iop & 0xc0) == 0xc0);
    uint64_t mode = 0;
    struct text_slice mode_text = sfu_fmtp_find(fmtp, "packetization-mode");
    if (mode_text.len > 0 && !text_number(mode_text, 2, &mode))
        return false;
    *profile = constrained ? 0x42e000u : idc << 16 | iop << 8;
    if (!raw) {
        /* whoever cuts frames into equal parts does not use the modes of RFC 6184 */
        *profile |= (uint32_t)mode;
    }
    return true;
}

/* Which codec a format is; false if it is none of ours. */
static bool identify(const struct format *format, enum sfu_kind kind, struct sfu_codec *codec)
{
    static const struct {
        const char *name;
        enum sfu_codec_id id;
        enum sfu_kind kind;
        uint32_t clock_rate;
        const char *channels;
    } known[] = {
        {"opus", SFU_OPUS, SFU_AUDIO, 48000, "2"}, {"VP8", SFU_VP8, SFU_VIDEO, 90000, ""},
        {"VP9", SFU_VP9, SFU_VIDEO, 90000, ""},    {"H264", SFU_H264, SFU_VIDEO, 90000, ""},
        {"AV1", SFU_AV1, SFU_VIDEO, 90000, ""},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].kind == kind && text_equal_nocase(format->name, known[i].name) &&
            known[i].clock_rate == format->clock_rate && text_equal(format->channels, known[i].channels)) {
            codec->id = known[i].id;
            codec->clock_rate = known[i].clock_rate;
            return true;
        }
    }
    return false;
}

/* False if the profile is malformed or one of a codec that is not forwarded. */
static bool read_profile(const struct format *format, struct sfu_codec *codec)
{
    uint64_t number = 0;
    struct text_slice text = {NULL, 0};
    if (codec->id == SFU_H264)
        return read_h264_profile(format->fmtp, format->raw, &codec->profile);
    if (codec->id == SFU_VP9)
        text = sfu_fmtp_find(format->fmtp, "profile-id");
    else if (codec->id == SFU_AV1)
        text = sfu_fmtp_find(format->fmtp, "profile");
    if (text.len > 0 && !text_number(text, 3, &number))
        return false;
    codec->profile = (uint32_t)number;
    /* AV1: publishers and subscribers are matched without a profile, so only the main one can be */
    return codec->id != SFU_AV1 || number == 0;
}

static uint8_t find_rtx(const struct format *formats, const struct sdp_media *section, size_t codec_pt)
{
    for (size_t i = 0; i < section->format_count; i++) {
        size_t pt;
        uint64_t apt;
        if (read_pt(section->formats[i], &pt) && text_equal_nocase(formats[pt].name, "rtx") &&
            text_number(sfu_fmtp_find(formats[pt].fmtp, "apt"), PAYLOAD_TYPES - 1, &apt) && apt == codec_pt)
            return (uint8_t)pt;
    }
    return 0;
}

static bool is_full(const struct sfu_media *media, enum sfu_codec_id id)
{
    size_t same = 0;
    for (size_t i = 0; i < media->codec_count; i++)
        same += media->codecs[i].id == id;
    return same == SAME_CODEC_MAX || media->codec_count == SFU_CODECS_MAX;
}

int sfu_offer_codecs(const struct sdp *sdp, const struct sdp_media *section, struct sfu_media *media)
{
    struct format formats[PAYLOAD_TYPES] = {0};
    struct sdp_list list = sdp_attributes(sdp, section);
    bool sframe = sdp_find(list, "sframe") != NULL;
    for (size_t i = 0; i < list.count; i++)
        if (!read_attribute(formats, &list.items[i]))
            return SFU_OFFER_BAD_FORMAT;
    media->codec_count = 0;
    for (size_t i = 0; i < section->format_count; i++) {
        size_t pt;
        if (!read_pt(section->formats[i], &pt) || formats[pt].offered)
            return SFU_OFFER_BAD_FORMAT;
        struct format *format = &formats[pt];
        format->offered = true;
        struct sfu_codec codec = {.pt = (uint8_t)pt};
        if (!identify(format, media->kind, &codec))
            continue;
        if (format->foreign_packetization || (pt >= 64 && pt < 96) || !read_profile(format, &codec) ||
            is_full(media, codec.id))
            continue;
        codec.packetization = sframe        ? SFU_PACKETIZATION_SFRAME
                              : format->raw ? SFU_PACKETIZATION_RAW
                                            : SFU_PACKETIZATION_CODEC;
        codec.nack = format->nack;
        codec.pli = format->pli;
        codec.transport_cc = format->transport_cc;
        codec.rtx_pt = find_rtx(formats, section, pt);
        media->codecs[media->codec_count++] = codec;
    }
    return SFU_OFFER_OK;
}
