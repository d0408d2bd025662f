/* Members of a room, and what they send. */
#include <stdio.h>
#include <string.h>

#include "rtp/dd.h"
#include "rtp/packet.h"
#include "sfu_parts.h"

enum {
    PT_AUDIO = 111,
    PT_VIDEO = 96,
    PT_RTX = 97,
    ID_MID = 1,
    ID_DD = 2,
    ID_TWCC = 3,
    FRAME_PACKETS = 4,
    FRAME_TICKS = 1350, /* four packets at 2.5 Mbit/s, of 90 kHz */
    PACKET_US = 3750,
    START_US = 1000000,
    SSRCS = 128, /* of one session; a receiver's are others than a publisher's */
};

const struct sfu_member sfu_camera = {.role = SFU_PUBLISHER, .number = 0, .video = 1, .resends = true};
const struct sfu_srtp_key sfu_key_in = {.key = {1}, .salt = {2}};
const struct sfu_srtp_key sfu_key_out = {.key = {3}, .salt = {4}};

struct sfu_srtp *sfu_srtp_end(const struct sfu_srtp_key *inbound, const struct sfu_srtp_key *outbound)
{
    const struct sfu_srtp_keys keys = {
        .profile = SFU_SRTP_AEAD_AES_128_GCM, .inbound = *inbound, .outbound = *outbound};
    struct sfu_srtp *srtp = sfu_srtp_libsrtp2.new(&keys);
    sfu_must(srtp != NULL);
    return srtp;
}

static uint32_t ssrc_of(const struct sfu_member *member, size_t media)
{
    return (member->role == SFU_PUBLISHER ? 0 : UINT32_C(1) << 31) + 1 + member->number * SSRCS + 2 * (uint32_t)media;
}

static void add_media(struct sfu_session_params *params, const struct sfu_member *member, enum sfu_kind kind)
{
    const bool resends = kind == SFU_VIDEO && member->resends;
    const uint32_t ssrc = ssrc_of(member, params->media_count);
    struct sfu_media *m = &params->media[params->media_count++];
    *m = (struct sfu_media){
        .kind = kind, .active = true, .ssrc = ssrc, .rtx_ssrc = resends ? ssrc + 1 : 0, .codec_count = 1};
    snprintf(m->mid, sizeof m->mid, "m%zu", params->media_count);
    m->extension_ids[SFU_EXT_MID] = ID_MID;
    m->extension_ids[SFU_EXT_TRANSPORT_CC] = ID_TWCC;
    m->extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR] = kind == SFU_VIDEO ? ID_DD : 0;
    m->codecs[0] = kind == SFU_AUDIO ? (struct sfu_codec){.id = SFU_OPUS, .pt = PT_AUDIO, .clock_rate = 48000}
                                     : (struct sfu_codec){.id = SFU_VP8, .pt = PT_VIDEO, .clock_rate = 90000};
    m->codecs[0].nack = resends;
    m->codecs[0].rtx_pt = resends ? PT_RTX : 0;
}

struct sfu_peer *sfu_member_join(struct sfu_router *router, const struct sfu_member *member, void *transport,
                                 uint64_t now_us)
{
    static unsigned sessions;
    struct sfu_session_params params = {.role = member->role, .extmap_allow_mixed = true};
    struct sfu_peer *peer;
    snprintf(params.id, sizeof params.id, "session%u", sessions++);
    snprintf(params.room, sizeof params.room, "room");
    snprintf(params.pseudonym, sizeof params.pseudonym, "participant%u", member->number);
    for (unsigned i = 0; i < member->audio; i++)
        add_media(&params, member, SFU_AUDIO);
    for (unsigned i = 0; i < member->video; i++)
        add_media(&params, member, SFU_VIDEO);
    sfu_must(sfu_router_join(router, &params, transport, now_us, &peer) == SFU_JOIN_OK);
    return peer;
}

void sfu_member_speak(struct sfu_router *router, struct sfu_peer *peer, const struct sfu_member *member,
                      enum sfu_kind kind, uint16_t seq, uint64_t now_us)
{
    static const uint8_t payload[100];
    uint8_t data[SFU_PACKET_MAX];
    size_t len;
    const struct rtp_header header = {.pt = kind == SFU_VIDEO ? PT_VIDEO : PT_AUDIO,
                                      .seq = seq,
                                      .ts = seq,
                                      .ssrc = ssrc_of(member, kind == SFU_VIDEO ? member->audio : 0)};
    sfu_must(rtp_packet_write(&header, payload, sizeof payload, 0, data, sizeof data, &len) == RTP_OK);
    sfu_router_rtp(router, peer, data, len, now_us);
}

static size_t write_descriptor(uint64_t frame, uint64_t part, uint8_t *out, size_t cap)
{
    struct dd_structure structure;
    size_t len = 0;
    struct dd_descriptor d = {.start_of_frame = part == 0,
                              .end_of_frame = part + 1 == FRAME_PACKETS,
                              .has_structure = frame == 0 && part == 0,
                              .frame_number = (uint16_t)frame};
    sfu_must(dd_structure_build(&structure, DD_L1T1, 0) == RTP_OK &&
             dd_use_template(&d, &structure, frame == 0 ? 0 : 1) == RTP_OK &&
             dd_write(&d, &structure, out, cap, &len) == RTP_OK);
    return len;
}

static size_t write_packet(const struct sfu_feed *feed, uint8_t *out)
{
    uint8_t payload[SFU_FEED_PACKET] = {0};
    const uint64_t frame = feed->count / FRAME_PACKETS;
    const uint64_t part = feed->count % FRAME_PACKETS;
    const uint8_t twcc[2] = {(uint8_t)(feed->count >> 8), (uint8_t)feed->count};
    uint8_t dd[DD_LEN_MAX];
    const struct rtp_extension extensions[] = {
        {.id = ID_TWCC, .data = twcc, .len = sizeof twcc},
        {.id = ID_DD, .data = dd, .len = write_descriptor(frame, part, dd, sizeof dd)},
    };
    const struct rtp_header header = {.marker = part + 1 == FRAME_PACKETS,
                                      .pt = PT_VIDEO,
                                      .seq = (uint16_t)feed->count,
                                      .ts = (uint32_t)(frame * FRAME_TICKS),
                                      .ssrc = ssrc_of(&sfu_camera, sfu_camera.audio),
                                      .extensions = extensions,
                                      .extension_count = 2};
    size_t len;
    memcpy(payload, &feed->count, sizeof feed->count);
    sfu_must(rtp_packet_write(&header, NULL, 0, 0, out, SFU_PACKET_MAX, &len) == RTP_OK);
    sfu_must(rtp_packet_write(&header, payload, SFU_FEED_PACKET - len, 0, out, SFU_PACKET_MAX, &len) == RTP_OK);
    return len;
}

void sfu_feed_init(struct sfu_feed *feed, bool srtp)
{
    *feed = (struct sfu_feed){.now_us = START_US};
    if (srtp)
        feed->srtp = sfu_srtp_end(&sfu_key_out, &sfu_key_in);
}

void sfu_feed_wipe(struct sfu_feed *feed)
{
    sfu_srtp_libsrtp2.free(feed->srtp);
}

void sfu_feed_next(struct sfu_feed *feed)
{
    for (size_t i = 0; i < SFU_FEED_BATCH; i++) {
        struct sfu_out_packet *packet = &feed->packets[i];
        *packet = (struct sfu_out_packet){.data = feed->bytes[i], .len = write_packet(feed, feed->bytes[i])};
        if (feed->srtp)
            sfu_must(sfu_srtp_libsrtp2.protect_rtp(feed->srtp, packet->data, &packet->len) == SFU_SRTP_OK);
        feed->count++;
        feed->now_us += PACKET_US;
    }
}
