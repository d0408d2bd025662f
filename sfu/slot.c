#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include "reports.h"
#include "room.h"
#include "rtp/rtx.h"
#include "select.h"

enum {
    VIDEO_CACHE_PACKETS = 1024,
    VIDEO_CACHE_BYTES = 512 * 1024,
    AUDIO_CACHE_PACKETS = 128,
    AUDIO_CACHE_BYTES = 32 * 1024,
    KEY_RETRY_MAX_US = 1000000,
    UNHEARD_TRIES = 3, /* to a receiver that has never sent transport-wide feedback */
    EXTENSIONS_MAX = 4,
    TWCC_LEN = 2,
};

bool sfu_slots_open(struct sfu_peer *peer)
{
    const struct sfu_session_params *params = &peer->params;
    struct sfu_router *router = peer->router;
    peer->slots = calloc(params->media_count ? params->media_count : 1, sizeof *peer->slots);
    peer->burst = malloc(sizeof *peer->burst);
    peer->sent = calloc(SFU_SENT_LEN, sizeof *peer->sent);
    if (!peer->slots || !peer->burst || !peer->sent)
        return false;
    peer->burst->count = 0;
    for (size_t i = 0; i < params->media_count; i++) {
        const struct sfu_media *media = &params->media[i];
        if (!media->active || media->codec_count == 0)
            continue;
        struct sfu_slot *slot = &peer->slots[peer->slot_count];
        *slot = (struct sfu_slot){.subscriber = peer, .media = media, .index = (uint8_t)peer->slot_count};
        peer->slot_count++;
        /* below 2^15, so that losing the first packets cannot make a receiver guess the rollover counter wrong
         * (RFC 3711 section 3.3.1) */
        sfu_rewrite_init(&slot->rewrite, (uint16_t)(sfu_random(router) & 0x7fff), (uint32_t)sfu_random(router));
        slot->rtx_seq = (uint16_t)(sfu_random(router) & 0x7fff);
    }
    return true;
}

void sfu_slots_close(struct sfu_peer *peer)
{
    for (size_t i = 0; i < peer->slot_count; i++) {
        if (peer->slots[i].track)
            sfu_slot_detach(&peer->slots[i]);
        sfu_cache_free(peer->slots[i].cache);
    }
    free(peer->slots);
    free(peer->burst);
    free(peer->sent);
    peer->slots = NULL;
    peer->slot_count = 0;
    peer->burst = NULL;
    peer->sent = NULL;
}

struct sfu_slot *sfu_slot_find(const struct sfu_peer *peer, uint32_t ssrc)
{
    for (size_t i = 0; i < peer->slot_count; i++)
        if (peer->slots[i].media->ssrc == ssrc)
            return &peer->slots[i];
    return NULL;
}

const struct sfu_codec *sfu_slot_match(const struct sfu_slot *slot, const struct sfu_track *track)
{
    if (!track->codec || slot->media->kind != track->media->kind)
        return NULL;
    for (size_t c = 0; c < slot->media->codec_count; c++) {
        const struct sfu_codec *codec = &slot->media->codecs[c];
        if (codec->id == track->codec->id && codec->packetization == track->codec->packetization &&
            codec->profile == track->codec->profile && codec->clock_rate == track->codec->clock_rate)
            return codec;
    }
    return NULL;
}

static bool takes_rtx(const struct sfu_slot *slot)
{
    return slot->codec->nack && slot->codec->rtx_pt != 0 && slot->media->rtx_ssrc != 0;
}

bool sfu_slot_attach(struct sfu_slot *slot, struct sfu_track *track, bool live, uint64_t now_us)
{
    struct sfu_peer *subscriber = slot->subscriber;
    slot->codec = sfu_slot_match(slot, track);
    if (!slot->codec)
        return false;
    if (takes_rtx(slot) && !slot->cache) {
        bool video = slot->media->kind == SFU_VIDEO;
        slot->cache = sfu_cache_new(video ? VIDEO_CACHE_PACKETS : AUDIO_CACHE_PACKETS,
                                    video ? VIDEO_CACHE_BYTES : AUDIO_CACHE_BYTES);
        if (!slot->cache)
            return false;
    }
    struct sfu_pair *pair =
        sfu_pairs_get(&subscriber->router->pairs, subscriber->room->name, track->publisher->params.pseudonym,
                      subscriber->params.pseudonym, slot->media->kind);
    if (!pair)
        return false;
    slot->pair = pair;
    slot->track = track;
    slot->next = track->slots;
    track->slots = slot;
    slot->spatial_limit = SFU_SPATIAL_ALL;
    sfu_slot_retarget(slot, sfu_select_layer(slot, now_us), live, now_us);
    return true;
}

void sfu_slot_detach(struct sfu_slot *slot)
{
    for (struct sfu_slot **at = &slot->track->slots; *at; at = &(*at)->next) {
        if (*at == slot) {
            *at = slot->next;
            break;
        }
    }
    sfu_pairs_put(&slot->subscriber->router->pairs, slot->pair);
    slot->pair = NULL;
    slot->track = NULL;
    slot->next = NULL;
    slot->codec = NULL;
    slot->target = NULL;
    sfu_slot_halt(slot);
}

void sfu_slot_halt(struct sfu_slot *slot)
{
    slot->current = NULL;
    slot->wants_key = false;
    slot->follow = (struct sfu_follow){0};
}

void sfu_slot_retarget(struct sfu_slot *slot, struct sfu_layer *layer, bool live, uint64_t now_us)
{
    slot->target = layer;
    slot->joined_late = live;
    slot->late_ts = layer->last_ts;
    slot->key_requests = 0;
    slot->key_request_us = now_us;
    sfu_peer_wake(slot->subscriber, now_us);
}

static bool waits_for_key(const struct sfu_slot *slot)
{
    return slot->track && !slot->wish.paused && (slot->current != slot->target || slot->wants_key);
}

static bool is_video(const struct sfu_slot *slot)
{
    return slot->media->kind == SFU_VIDEO;
}

/* A switch is possible at a key frame. Without a descriptor nobody can tell one (its bytes may be encrypted): then at
 * the next frame's begin, while a key frame is asked for. */
static bool can_begin(const struct sfu_slot *slot, const struct sfu_incoming *in)
{
    if (!is_video(slot))
        return true;
    /* what came before a late packet went to nobody: the frame would stay in pieces */
    if (!in->fresh)
        return false;
    if (in->layer->has_dd)
        return in->key_start;
    return !slot->joined_late || in->rtp.ts != slot->late_ts;
}

static void begin(struct sfu_slot *slot, const struct sfu_incoming *in)
{
    sfu_rewrite_switch(&slot->rewrite, in->seq, in->rtp.ts, slot->codec->clock_rate, in->now_us);
    if (in->key_start)
        sfu_rewrite_switch_dd(&slot->rewrite, in->dd.frame_number, &in->layer->structure);
    else if (is_video(slot) && slot->joined_late && slot->key_requests == 0)
        sfu_source_request_key(in->layer, in->now_us);
    slot->current = in->layer;
    slot->epoch = in->layer->epoch;
    slot->follow = (struct sfu_follow){0};
}

/* At a key frame of the stream being forwarded: the wish is looked at anew. */
static void at_key_frame(struct sfu_slot *slot, const struct sfu_incoming *in)
{
    slot->wants_key = false;
    slot->spatial_limit = sfu_select_spatial(&in->layer->structure, slot->wish.max_height);
    sfu_rewrite_structure(&slot->rewrite, &in->layer->structure);
}

static bool is_left_out(const struct sfu_slot *slot, const struct sfu_incoming *in)
{
    if (slot->spatial_limit == SFU_SPATIAL_ALL)
        return false;
    return !in->dd_readable || in->dd.spatial_id > slot->spatial_limit;
}

/* The marker ends what is forwarded of a picture: with layers left out, the highest one that is left. */
static bool marker_of(const struct sfu_slot *slot, const struct sfu_incoming *in)
{
    return in->rtp.marker || (slot->spatial_limit != SFU_SPATIAL_ALL && in->dd_readable && in->dd.end_of_frame &&
                              in->dd.spatial_id == slot->spatial_limit);
}

/* The decode targets to be announced with this packet; 0: as the publisher does. */
static uint32_t targets_of(const struct sfu_slot *slot, const struct sfu_incoming *in)
{
    if (slot->spatial_limit == SFU_SPATIAL_ALL || !(in->dd.has_structure || in->dd.has_active_targets))
        return 0;
    return in->dd.active_targets & sfu_select_targets(&in->layer->structure, slot->spatial_limit);
}

/* A packet with its header extensions as this receiver numbers them. */
struct draft {
    struct rtp_header header;
    struct rtp_extension extensions[EXTENSIONS_MAX];
    uint8_t dd[DD_LEN_MAX];
    uint8_t twcc[TWCC_LEN];
    uint16_t twcc_at; /* 0: carries none */
};

static void add_extension(struct draft *d, uint8_t id, const uint8_t *data, size_t len)
{
    d->extensions[d->header.extension_count++] = (struct rtp_extension){.id = id, .data = data, .len = len};
}

/* False if the packet cannot be expressed for this receiver. */
static bool draft_extensions(struct sfu_slot *slot, const struct sfu_incoming *in, struct draft *d)
{
    const uint8_t *ids = slot->media->extension_ids;
    uint8_t twcc_id = ids[SFU_EXT_TRANSPORT_CC];
    d->header.extensions = d->extensions;
    /* first, so that its place is known when the packet is sent again under another number */
    if (twcc_id != 0)
        add_extension(d, twcc_id, d->twcc, sizeof d->twcc);
    if (ids[SFU_EXT_MID] != 0)
        add_extension(d, ids[SFU_EXT_MID], (const uint8_t *)slot->media->mid, strlen(slot->media->mid));
    if (in->dd_bytes.data) {
        size_t len;
        const struct dd_structure *structure = in->dd_readable ? &in->layer->structure : NULL;
        if (!sfu_rewrite_dd(&slot->rewrite, in->dd_bytes.data, in->dd_bytes.len, structure, targets_of(slot, in), d->dd,
                            sizeof d->dd, &len))
            return false;
        if (ids[SFU_EXT_DEPENDENCY_DESCRIPTOR] != 0)
            add_extension(d, ids[SFU_EXT_DEPENDENCY_DESCRIPTOR], d->dd, len);
    }
    if (in->audio_level.data && ids[SFU_EXT_AUDIO_LEVEL] != 0)
        add_extension(d, ids[SFU_EXT_AUDIO_LEVEL], in->audio_level.data, in->audio_level.len);
    if (twcc_id == 0)
        return true;
    /* a receiver that knows only one-byte headers does not find the number in a two-byte one, and would report the
     * packet as lost */
    bool one_byte = rtp_extensions_fit_one_byte(d->extensions, d->header.extension_count);
    if (!one_byte && !slot->subscriber->params.extmap_allow_mixed) {
        d->header.extensions++;
        d->header.extension_count--;
    } else {
        d->twcc_at = RTP_HEADER_MIN + 4 + (one_byte ? 1 : 2);
    }
    return true;
}

/* Gives a packet its transport-wide number and remembers what it stood for. */
static void number(struct sfu_slot *slot, uint8_t *data, uint16_t twcc_at, uint16_t seq)
{
    struct sfu_peer *peer = slot->subscriber;
    if (twcc_at == 0)
        return;
    uint16_t twcc = peer->twcc_seq++;
    data[twcc_at] = (uint8_t)(twcc >> 8);
    data[twcc_at + 1] = (uint8_t)twcc;
    peer->sent[twcc % SFU_SENT_LEN] = (struct sfu_sent){.used = true, .slot = slot->index, .twcc = twcc, .seq = seq};
}

static void count(struct sfu_slot *slot, const struct sfu_incoming *in, const struct draft *d, size_t len, bool *end)
{
    struct sfu_forward_stats *stats = &slot->pair->stats;
    uint32_t id = d->header.ts;
    *end = in->rtp.marker || !is_video(slot);
    if (in->dd_bytes.data) {
        /* fixed places (A.8.2), so that a descriptor without its structure counts too */
        uint16_t frame = (uint16_t)(in->dd_bytes.data[1] << 8 | in->dd_bytes.data[2]);
        id = (uint32_t)sfu_rewrite_frame(&slot->rewrite, frame) << 16;
        *end = (in->dd_bytes.data[0] & 0x40) != 0;
    }
    struct sfu_peer *peer = slot->subscriber;
    if (slot->packets == 0 && peer->report_us > in->now_us + SFU_FIRST_REPORT_US) {
        /* receivers synchronise by it: the first one soon */
        peer->report_us = in->now_us + SFU_FIRST_REPORT_US;
        sfu_peer_wake(peer, peer->report_us);
    }
    slot->packets++;
    slot->octets += (uint32_t)in->rtp.payload_len;
    stats->packets++;
    stats->bytes += len;
    stats->frames += sfu_frames_sent(&slot->frames, id, *end);
}

static void send(struct sfu_slot *slot, const struct sfu_incoming *in)
{
    struct sfu_peer *peer = slot->subscriber;
    struct draft d = {.header = {.marker = marker_of(slot, in), .pt = slot->codec->pt, .ssrc = slot->media->ssrc}};
    const struct sfu_rewrite before = slot->rewrite;
    int64_t seq;
    size_t len;
    bool end;
    if (!sfu_rewrite_seq(&slot->rewrite, in->seq, &seq))
        return;
    d.header.seq = (uint16_t)(uint64_t)seq;
    d.header.ts = sfu_rewrite_ts(&slot->rewrite, in->rtp.ts, in->now_us);
    uint8_t *out = sfu_peer_reserve(peer);
    if (!draft_extensions(slot, in, &d) ||
        rtp_packet_write(&d.header, in->rtp.payload, in->rtp.payload_len, 0, out, SFU_PACKET_MAX, &len) != RTP_OK) {
        /* its number closes up: many such in a row would otherwise look like a loss to the receiver */
        slot->rewrite = before;
        sfu_rewrite_skip(&slot->rewrite, in->seq);
        peer->router->stats.malformed++;
        return;
    }
    number(slot, out, d.twcc_at, d.header.seq);
    if (slot->cache)
        sfu_cache_put(slot->cache, d.header.seq, out, len, d.twcc_at, in->now_us);
    sfu_peer_commit(peer, len);
    count(slot, in, &d, len, &end);
    if (in->key_start)
        sfu_follow_start(&slot->follow, seq, d.header.ts, in->now_us);
    sfu_follow_sent(&slot->follow, seq, d.header.ts, d.header.marker, in->now_us);
    /* a packet without number among numbered ones: feedback cannot name it, only a NACK can */
    if (d.twcc_at == 0 && slot->media->extension_ids[SFU_EXT_TRANSPORT_CC] != 0)
        (void)sfu_follow_ack(&slot->follow, d.header.seq);
    sfu_peer_wake(peer, sfu_follow_deadline(&slot->follow, peer->rtt_us));
}

/* The stream broke off: what comes next is switched in like another source. */
static void start_anew(struct sfu_slot *slot, uint64_t now_us)
{
    sfu_slot_halt(slot);
    sfu_slot_retarget(slot, slot->target, false, now_us);
}

void sfu_slot_forward(struct sfu_slot *slot, const struct sfu_incoming *in)
{
    if (slot->wish.paused)
        return;
    if (slot->current && slot->epoch != slot->current->epoch)
        start_anew(slot, in->now_us);
    bool useful = in->codec && in->rtp.payload_len > 0 && (in->dd_bytes.data || !is_video(slot) || !in->layer->has_dd);
    if (in->layer != slot->current) {
        if (!useful || in->layer != slot->target || !can_begin(slot, in))
            return;
        begin(slot, in);
    }
    if (in->key_start && in->fresh)
        at_key_frame(slot, in);
    if (!useful || is_left_out(slot, in)) {
        sfu_rewrite_skip(&slot->rewrite, in->seq);
        return;
    }
    if (!sfu_rewrite_follows(&slot->rewrite, in->seq, in->now_us)) {
        start_anew(slot, in->now_us);
        if (in->layer != slot->target || !can_begin(slot, in))
            return;
        begin(slot, in);
    }
    send(slot, in);
}

bool sfu_slot_resend(struct sfu_slot *slot, uint16_t seq, uint64_t now_us)
{
    struct sfu_peer *peer = slot->subscriber;
    struct sfu_cached_packet cached;
    struct rtp_packet packet;
    if (!slot->cache || !slot->codec || !takes_rtx(slot) ||
        !sfu_cache_resend(slot->cache, seq, peer->rtt_us, now_us, &cached))
        return false;
    if (cached.len + RTP_RTX_OSN_LEN > SFU_PACKET_MAX || rtp_packet_parse(cached.data, cached.len, &packet) != RTP_OK)
        return false;
    /* the header with its extensions, the original number, the payload (RFC 4588 section 4) */
    uint8_t *out = sfu_peer_reserve(peer);
    memcpy(out, cached.data, packet.header_len);
    out[packet.header_len] = (uint8_t)(seq >> 8);
    out[packet.header_len + 1] = (uint8_t)seq;
    memcpy(out + packet.header_len + RTP_RTX_OSN_LEN, packet.payload, packet.payload_len);
    rtp_set_pt(out, slot->codec->rtx_pt);
    rtp_set_ssrc(out, slot->media->rtx_ssrc);
    rtp_set_seq(out, slot->rtx_seq++);
    number(slot, out, cached.twcc_at, seq);
    sfu_peer_commit(peer, cached.len + RTP_RTX_OSN_LEN);
    peer->router->stats.retransmitted++;
    return true;
}

/* The receiver lacks the key frame: what it has not acknowledged goes out again, and another one is asked for. */
static void rescue(struct sfu_slot *slot, uint64_t now_us)
{
    struct sfu_follow *f = &slot->follow;
    for (int64_t n = f->first; n <= f->last; n++)
        if (sfu_follow_wants(f, (uint16_t)(uint64_t)n))
            (void)sfu_slot_resend(slot, (uint16_t)(uint64_t)n, now_us);
    if (slot->current)
        sfu_source_request_key(slot->current, now_us);
    f->sent_us = now_us;
    if (++f->tries >= SFU_FOLLOW_TRIES)
        *f = (struct sfu_follow){0};
}

void sfu_slot_highest_seen(struct sfu_slot *slot, uint16_t seq, uint64_t now_us)
{
    struct sfu_follow *f = &slot->follow;
    if (!f->active || sfu_follow_ack_up_to(f, seq))
        return;
    if (now_us >= sfu_follow_deadline(f, slot->subscriber->rtt_us))
        rescue(slot, now_us);
}

/* Whether silence means loss: only from a receiver that would report each packet. */
static bool reports_packets(const struct sfu_slot *slot)
{
    return slot->codec->transport_cc && slot->media->extension_ids[SFU_EXT_TRANSPORT_CC] != 0 &&
           (slot->subscriber->twcc_heard || slot->follow.tries < UNHEARD_TRIES);
}

uint64_t sfu_slot_tick(struct sfu_slot *slot, uint64_t now_us)
{
    uint64_t next = UINT64_MAX;
    if (!slot->track)
        return next;
    if (waits_for_key(slot)) {
        if (slot->key_request_us <= now_us) {
            /* the publisher's round trip and some slack, and ever more patience */
            uint64_t wait_us = (uint64_t)(SFU_RTT_DEFAULT_US + SFU_FOLLOW_SLACK_US) << (slot->key_requests & 7);
            slot->key_requests += slot->key_requests < 3;
            slot->key_request_us = now_us + (wait_us < KEY_RETRY_MAX_US ? wait_us : KEY_RETRY_MAX_US);
            sfu_source_request_key(slot->target, now_us);
        }
        next = slot->key_request_us;
    }
    if (slot->follow.active && reports_packets(slot)) {
        if (sfu_follow_deadline(&slot->follow, slot->subscriber->rtt_us) <= now_us)
            rescue(slot, now_us);
        uint64_t at = sfu_follow_deadline(&slot->follow, slot->subscriber->rtt_us);
        if (at < next)
            next = at;
    }
    return next;
}
