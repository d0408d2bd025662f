#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtp/rtx.h"
#include "unit.h"

static void *grow(void *items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 64;
    items = reallocarray(items, *cap, size);
    if (!items)
        abort();
    return items;
}

/* As SRTP would: in place, with a tag behind the packet. Whoever still needs the bytes sees them destroyed. */
static void protect(uint8_t *data, size_t len, size_t room)
{
    memset(data, 0xa5, len + room);
}

static void check_number(struct sim_peer *peer, const struct rtp_packet *packet)
{
    struct sim_used *used = peer->used;
    while (used < peer->used + peer->used_count && used->ssrc != packet->ssrc)
        used++;
    if (used == peer->used + 2 * SFU_MEDIA_MAX)
        abort();
    if (used == peer->used + peer->used_count) {
        *used = (struct sim_used){.ssrc = packet->ssrc};
        peer->used_count++;
    }
    if (!sfu_window_mark(&used->window, rtp_seq_unwrap(&used->unwrapper, packet->seq)))
        CU_FAIL("an (SSRC, sequence number) went out twice");
}

static void on_rtp(void *transport, struct sfu_out_packet *packets, size_t count)
{
    struct sim_peer *peer = transport;
    const struct sim_packet *before = peer->rtp;
    size_t first = peer->rtp_count;
    peer->bursts++;
    for (size_t i = 0; i < count; i++) {
        peer->rtp = grow(peer->rtp, &peer->rtp_cap, peer->rtp_count, sizeof *peer->rtp);
        struct sim_packet *p = &peer->rtp[peer->rtp_count++];
        if (packets[i].len > sizeof p->data)
            abort();
        p->at_us = peer->sim->now_us;
        p->len = packets[i].len;
        memcpy(p->data, packets[i].data, p->len);
        protect(packets[i].data, packets[i].len, SFU_SRTP_TAILROOM);
    }
    /* what was parsed before still stands unless the array has moved */
    for (size_t i = peer->rtp == before ? first : 0; i < peer->rtp_count; i++)
        if (rtp_packet_parse(peer->rtp[i].data, peer->rtp[i].len, &peer->rtp[i].rtp) != RTP_OK)
            abort();
    for (size_t i = first; i < peer->rtp_count; i++) {
        const struct rtp_packet *packet = &peer->rtp[i].rtp;
        check_number(peer, packet);
        if (peer->sim->on_payload_out)
            peer->sim->on_payload_out(packet->payload, packet->payload_len);
    }
}

static void on_rtcp(void *transport, uint8_t *data, size_t len)
{
    struct sim_peer *peer = transport;
    peer->rtcp = grow(peer->rtcp, &peer->rtcp_cap, peer->rtcp_count, sizeof *peer->rtcp);
    struct sim_packet *p = &peer->rtcp[peer->rtcp_count++];
    /* what goes out is a compound packet that begins with a report (RFC 3550 section 6.1) */
    if (len > sizeof p->data || rtcp_check(data, len, false) != RTP_OK)
        abort();
    p->at_us = peer->sim->now_us;
    p->len = len;
    memcpy(p->data, data, len);
    protect(data, len, SFU_SRTP_TAILROOM + 4);
}

static const struct sfu_router_ops ops = {.send_rtp = on_rtp, .send_rtcp = on_rtcp};

/* Started anew with each sim, so that two runs of the same steps are the same. */
static unsigned sessions;
static uint32_t next_ssrc;

void sim_open(struct sim *sim)
{
    sessions = 0;
    next_ssrc = 0x10000000;
    const struct sfu_router_config config = {
        .ops = &ops, .max_rooms = 4, .max_peers_per_room = SIM_PEERS_MAX, .seed = 7};
    *sim = (struct sim){.now_us = 1000000, .payload_seed = 1};
    sim->router = sfu_router_new(&config);
    if (!sim->router)
        abort();
}

void sim_close(struct sim *sim)
{
    sfu_router_free(sim->router);
    for (size_t i = 0; i < sim->peer_count; i++) {
        free(sim->peers[i].rtp);
        free(sim->peers[i].rtcp);
    }
}

static void session_params(struct sfu_session_params *params, const char *pseudonym, enum sfu_role role)
{
    *params = (struct sfu_session_params){.role = role, .extmap_allow_mixed = true};
    snprintf(params->id, sizeof params->id, "session%u", sessions++);
    snprintf(params->room, sizeof params->room, "room");
    snprintf(params->pseudonym, sizeof params->pseudonym, "%s", pseudonym);
    snprintf(params->cname, sizeof params->cname, "cname");
}

static void add_media(struct sfu_session_params *params, size_t index, enum sfu_kind kind, uint32_t ssrc)
{
    struct sfu_media *m = &params->media[params->media_count++];
    *m = (struct sfu_media){.kind = kind, .active = true, .ssrc = ssrc, .rtx_ssrc = kind == SFU_VIDEO ? ssrc + 1 : 0};
    snprintf(m->mid, sizeof m->mid, "%c%zu", kind == SFU_AUDIO ? 'a' : 'v', index);
    bool pub = params->role == SFU_PUBLISHER;
    m->extension_ids[SFU_EXT_MID] = pub ? PUB_MID : SUB_MID;
    m->extension_ids[SFU_EXT_TRANSPORT_CC] = pub ? PUB_TWCC : SUB_TWCC;
    if (kind == SFU_AUDIO) {
        m->extension_ids[SFU_EXT_AUDIO_LEVEL] = pub ? PUB_LEVEL : SUB_LEVEL;
        m->codecs[m->codec_count++] =
            (struct sfu_codec){.id = SFU_OPUS, .pt = pub ? PUB_OPUS : SUB_OPUS, .clock_rate = SIM_AUDIO_RATE};
        return;
    }
    m->extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR] = pub ? PUB_DD : SUB_DD;
    m->extension_ids[SFU_EXT_RID] = pub ? PUB_RID : 0;
    m->extension_ids[SFU_EXT_REPAIRED_RID] = pub ? PUB_RRID : 0;
    struct sfu_codec vp8 = {
        .id = SFU_VP8, .clock_rate = SIM_VIDEO_RATE, .nack = true, .pli = true, .transport_cc = true};
    vp8.pt = pub ? PUB_VP8 : SUB_VP8;
    vp8.rtx_pt = pub ? PUB_VP8_RTX : SUB_VP8_RTX;
    m->codecs[m->codec_count++] = vp8;
    vp8.packetization = SFU_PACKETIZATION_RAW;
    vp8.pt = pub ? PUB_RAW : SUB_RAW;
    vp8.rtx_pt = pub ? PUB_RAW_RTX : SUB_RAW_RTX;
    m->codecs[m->codec_count++] = vp8;
}

static uint32_t make_ssrc(void)
{
    return next_ssrc += 0x1010;
}

void sim_publisher_params(struct sfu_session_params *params, const char *pseudonym, size_t audio, size_t video)
{
    session_params(params, pseudonym, SFU_PUBLISHER);
    for (size_t i = 0; i < audio; i++)
        add_media(params, i, SFU_AUDIO, make_ssrc());
    for (size_t i = 0; i < video; i++)
        add_media(params, i, SFU_VIDEO, make_ssrc());
}

void sim_subscriber_params(struct sfu_session_params *params, const char *pseudonym, size_t audio, size_t video)
{
    session_params(params, pseudonym, SFU_SUBSCRIBER);
    for (size_t i = 0; i < audio; i++)
        add_media(params, i, SFU_AUDIO, make_ssrc());
    for (size_t i = 0; i < video; i++)
        add_media(params, i, SFU_VIDEO, make_ssrc());
}

struct sim_peer *sim_join(struct sim *sim, const struct sfu_session_params *params)
{
    if (sim->peer_count == SIM_PEERS_MAX)
        abort();
    struct sim_peer *p = &sim->peers[sim->peer_count++];
    *p = (struct sim_peer){.sim = sim, .params = *params};
    if (sfu_router_join(sim->router, params, p, sim->now_us, &p->peer) != SFU_JOIN_OK)
        abort();
    return p;
}

struct sim_peer *sim_publish(struct sim *sim, const char *pseudonym, size_t audio, size_t video)
{
    struct sfu_session_params params;
    sim_publisher_params(&params, pseudonym, audio, video);
    return sim_join(sim, &params);
}

struct sim_peer *sim_subscribe(struct sim *sim, const char *pseudonym, size_t audio, size_t video)
{
    struct sfu_session_params params;
    sim_subscriber_params(&params, pseudonym, audio, video);
    return sim_join(sim, &params);
}

void sim_leave(struct sim *sim, struct sim_peer *peer)
{
    sfu_router_leave(sim->router, peer->peer, sim->now_us);
    peer->peer = NULL;
}

void sim_stream_init(struct sim_stream *s, struct sim_peer *peer, size_t media, bool with_dd)
{
    const struct sfu_media *m = &peer->params.media[media];
    bool video = m->kind == SFU_VIDEO;
    *s = (struct sim_stream){
        .peer = peer,
        .ssrc = m->ssrc,
        .rtx_ssrc = m->rtx_ssrc,
        .pt = video ? (with_dd ? PUB_RAW : PUB_VP8) : PUB_OPUS,
        .rtx_pt = video ? (with_dd ? PUB_RAW_RTX : PUB_VP8_RTX) : 0,
        .seq = (uint16_t)(m->ssrc >> 4),
        .rtx_seq = 1000,
        .ts = m->ssrc * 7,
        .ts_step = video ? SIM_VIDEO_RATE / 30 : SIM_AUDIO_RATE / 50,
        .has_dd = with_dd,
        .frame = 1,
        .spatial_layers = 1,
        .packet_len = video ? SIM_PACKET_LEN : 80,
    };
    if (with_dd && dd_structure_build(&s->structure, DD_L1T1, 0) != RTP_OK)
        abort();
}

static size_t write_dd(const struct sim_stream *s, bool key, uint8_t spatial, size_t index, size_t count, uint8_t *out,
                       size_t cap)
{
    struct dd_descriptor d = {
        .start_of_frame = index == 0,
        .end_of_frame = index + 1 == count,
        .has_structure = key && index == 0 && spatial == 0,
        .frame_number = (uint16_t)(s->frame + spatial),
    };
    d.has_active_targets = d.has_structure && s->active_targets != 0;
    d.active_targets = s->active_targets;
    size_t len;
    /* the first template of the layer: a key frame's on key frames, close enough to what encoders send */
    uint8_t template = 0;
    while (template + 1 < s->structure.template_count && s->structure.templates[template].spatial_id < spatial)
        template ++;
    if (!key && template + 1 < s->structure.template_count &&
        s->structure.templates[template + 1].spatial_id == spatial)
        template ++;
    if (dd_use_template(&d, &s->structure, template) != RTP_OK || dd_write(&d, &s->structure, out, cap, &len) != RTP_OK)
        abort();
    return len;
}

static void fill_payload(struct sim_stream *s, uint8_t *payload)
{
    uint64_t state = s->peer->sim->payload_seed ^ ((uint64_t)s->ssrc << 20) ^ s->seq;
    for (size_t i = 0; i < s->packet_len; i++)
        payload[i] = (uint8_t)(unit_random(&state) >> 32);
}

struct sim_sent *sim_make(struct sim_stream *s, bool key, uint8_t spatial, size_t index, size_t count, bool last_layer)
{
    struct sim_sent *sent = &s->sent[s->seq % 256];
    struct rtp_extension extensions[6];
    uint8_t dd[DD_LEN_MAX];
    uint8_t payload[SFU_PACKET_MAX];
    const uint8_t twcc[2] = {0};
    const uint8_t level = 0x85;
    const uint8_t *ids = s->peer->params.media[0].extension_ids;
    struct rtp_header header = {
        .marker = index + 1 == count && last_layer,
        .pt = s->pt,
        .seq = s->seq,
        .ts = s->ts,
        .ssrc = s->ssrc,
        .extensions = extensions,
    };
    if (ids[SFU_EXT_TRANSPORT_CC])
        extensions[header.extension_count++] = (struct rtp_extension){.id = PUB_TWCC, .data = twcc, .len = 2};
    if (s->mid)
        extensions[header.extension_count++] =
            (struct rtp_extension){.id = PUB_MID, .data = (const uint8_t *)s->mid, .len = strlen(s->mid)};
    if (s->rid)
        extensions[header.extension_count++] =
            (struct rtp_extension){.id = PUB_RID, .data = (const uint8_t *)s->rid, .len = strlen(s->rid)};
    if (s->pt == PUB_OPUS)
        extensions[header.extension_count++] = (struct rtp_extension){.id = PUB_LEVEL, .data = &level, .len = 1};
    if (s->has_dd)
        extensions[header.extension_count++] = (struct rtp_extension){
            .id = PUB_DD, .data = dd, .len = write_dd(s, key, spatial, index, count, dd, sizeof dd)};
    fill_payload(s, payload);
    if (rtp_packet_write(&header, payload, s->packet_len, 0, sent->data, sizeof sent->data, &sent->len) != RTP_OK)
        abort();
    sent->seq = s->seq++;
    return sent;
}

/* osn_len: bytes at the payload's begin that are a retransmission's number, not media. */
static void feed(struct sim_peer *peer, const uint8_t *data, size_t len, size_t osn_len)
{
    uint8_t copy[SFU_PACKET_MAX];
    struct rtp_packet packet;
    struct rtp_extension twcc;
    memcpy(copy, data, len);
    if (rtp_packet_parse(copy, len, &packet) != RTP_OK)
        abort();
    /* each transmission has a transport-wide number of its own */
    if (rtp_extension_find(&packet, PUB_TWCC, &twcc) && twcc.len == 2) {
        size_t at = (size_t)(twcc.data - copy);
        copy[at] = (uint8_t)(peer->twcc >> 8);
        copy[at + 1] = (uint8_t)peer->twcc;
        peer->twcc++;
    }
    if (peer->sim->on_payload_in)
        peer->sim->on_payload_in(copy + packet.header_len + osn_len, packet.payload_len - osn_len);
    sfu_router_rtp(peer->sim->router, peer->peer, copy, len, peer->sim->now_us);
}

void sim_feed(struct sim_stream *s, const struct sim_sent *packet)
{
    feed(s->peer, packet->data, packet->len, 0);
}

void sim_frame(struct sim_stream *s, bool key, size_t packets, uint32_t drop)
{
    uint32_t bit = 0;
    for (uint8_t spatial = 0; spatial < s->spatial_layers; spatial++) {
        for (size_t i = 0; i < packets; i++, bit++) {
            const struct sim_sent *packet = sim_make(s, key, spatial, i, packets, spatial + 1 == s->spatial_layers);
            if (!(drop >> bit & 1))
                sim_feed(s, packet);
        }
    }
    s->ts += s->ts_step;
    s->frame = (uint16_t)(s->frame + s->spatial_layers);
    sfu_router_flush(s->peer->sim->router, s->peer->sim->now_us);
}

void sim_retransmit(struct sim_stream *s, uint16_t seq)
{
    const struct sim_sent *sent = &s->sent[seq % 256];
    struct rtp_packet packet;
    uint8_t out[SFU_PACKET_MAX];
    if (sent->seq != seq || rtp_packet_parse(sent->data, sent->len, &packet) != RTP_OK)
        abort();
    memcpy(out, sent->data, packet.header_len);
    rtp_set_pt(out, s->rtx_pt);
    rtp_set_seq(out, s->rtx_seq++);
    rtp_set_ssrc(out, s->rtx_ssrc);
    out[packet.header_len] = (uint8_t)(seq >> 8);
    out[packet.header_len + 1] = (uint8_t)seq;
    memcpy(out + packet.header_len + RTP_RTX_OSN_LEN, packet.payload, packet.payload_len);
    feed(s->peer, out, sent->len + RTP_RTX_OSN_LEN, RTP_RTX_OSN_LEN);
}

void sim_send_rtcp(struct sim_peer *peer, const struct bytes_writer *w)
{
    if (!bytes_writer_ok(w))
        abort();
    sfu_router_rtcp(peer->sim->router, peer->peer, w->data, w->len, peer->sim->now_us);
    sfu_router_flush(peer->sim->router, peer->sim->now_us);
}

size_t sim_count_rtcp(const struct sim_peer *peer, uint8_t type, uint8_t count, struct rtcp_packet *last)
{
    size_t found = 0;
    for (size_t i = 0; i < peer->rtcp_count; i++) {
        struct rtcp_iter iter;
        struct rtcp_packet packet;
        rtcp_iter_init(&iter, peer->rtcp[i].data, peer->rtcp[i].len);
        while (rtcp_next(&iter, &packet)) {
            bool feedback = type == RTCP_RTPFB || type == RTCP_PSFB;
            if (packet.type != type || (feedback && packet.count != count))
                continue;
            found++;
            if (last)
                *last = packet;
        }
    }
    return found;
}

size_t sim_count_pli(const struct sim_peer *peer)
{
    return sim_count_rtcp(peer, RTCP_PSFB, RTCP_FMT_PLI, NULL);
}

void sim_nack(struct sim_peer *peer, uint32_t ssrc, const uint16_t *seqs, size_t count)
{
    uint8_t data[SFU_PACKET_MAX];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    if (rtcp_nack_write(&w, 1, ssrc, seqs, count) != RTP_OK)
        abort();
    sim_send_rtcp(peer, &w);
}

void sim_pli(struct sim_peer *peer, uint32_t ssrc)
{
    uint8_t data[64];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    if (rtcp_pli_write(&w, 1, ssrc) != RTP_OK)
        abort();
    sim_send_rtcp(peer, &w);
}

size_t sim_twcc(struct sim_peer *peer, size_t from, uint64_t lost)
{
    int64_t arrivals[64];
    uint16_t base = 0;
    size_t count = 0;
    size_t i = from;
    for (; i < peer->rtp_count && count < 64; i++) {
        size_t len;
        const uint8_t *twcc = sim_extension(&peer->rtp[i], SUB_TWCC, &len);
        if (!twcc)
            continue;
        if (count == 0)
            base = (uint16_t)(twcc[0] << 8 | twcc[1]);
        arrivals[count] = lost >> count & 1 ? RTCP_TWCC_LOST : (int64_t)peer->sim->now_us;
        count++;
    }
    if (count == 0)
        return i;
    uint8_t data[SFU_PACKET_MAX];
    struct bytes_writer w;
    size_t reported;
    bytes_writer_init(&w, data, sizeof data);
    if (rtcp_twcc_write(&w, 1, 0, 0, base, arrivals, count, &reported) != RTP_OK || reported != count)
        abort();
    sim_send_rtcp(peer, &w);
    return i;
}

static void report(struct sim_peer *peer)
{
    if (!peer->peer || peer->silent || peer->params.role != SFU_SUBSCRIBER)
        return;
    while (peer->reported < peer->rtp_count)
        peer->reported = sim_twcc(peer, peer->reported, 0);
}

void sim_run(struct sim *sim, uint64_t us)
{
    uint64_t end = sim->now_us + us;
    sfu_router_flush(sim->router, sim->now_us);
    for (size_t i = 0; i < sim->peer_count; i++)
        report(&sim->peers[i]);
    for (;;) {
        uint64_t next = sfu_router_next_timeout(sim->router);
        if (next > end)
            break;
        if (next > sim->now_us)
            sim->now_us = next;
        sfu_router_tick(sim->router, sim->now_us);
        sfu_router_flush(sim->router, sim->now_us);
        /* a timer that is due again at once would never let time pass */
        if (sfu_router_next_timeout(sim->router) <= sim->now_us)
            abort();
    }
    sim->now_us = end;
}

void sim_clear(struct sim *sim)
{
    for (size_t i = 0; i < sim->peer_count; i++) {
        report(&sim->peers[i]);
        sim->peers[i].rtp_count = 0;
        sim->peers[i].rtcp_count = 0;
        sim->peers[i].reported = 0;
        sim->peers[i].bursts = 0;
    }
}

const uint8_t *sim_extension(const struct sim_packet *packet, uint8_t id, size_t *len)
{
    struct rtp_extension e;
    if (!rtp_extension_find(&packet->rtp, id, &e))
        return NULL;
    *len = e.len;
    return e.data;
}

bool sim_dd(const struct sim_packet *packet, uint16_t *frame, uint8_t *template_id)
{
    size_t len;
    const uint8_t *dd = sim_extension(packet, SUB_DD, &len);
    if (!dd || len < DD_MANDATORY_LEN)
        return false;
    *template_id = dd[0] & 0x3f;
    *frame = (uint16_t)(dd[1] << 8 | dd[2]);
    return true;
}
