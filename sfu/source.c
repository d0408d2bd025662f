#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "learn.h"
#include "reports.h"
#include "room.h"
#include "rtp/rtx.h"
#include "slot.h"

/* RFC 3550 appendix A.1, as rtp/stats.h applies it: farther than this from the highest number is another stream. */
enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100 };
enum { NACK_INTERVAL_US = 60000 };

bool sfu_source_open(struct sfu_peer *peer)
{
    const struct sfu_session_params *params = &peer->params;
    peer->tracks = calloc(params->media_count ? params->media_count : 1, sizeof *peer->tracks);
    if (!peer->tracks)
        return false;
    for (size_t i = 0; i < params->media_count; i++) {
        const struct sfu_media *media = &params->media[i];
        if (!media->active || media->codec_count == 0)
            continue;
        struct sfu_track *track = &peer->tracks[peer->track_count++];
        *track = (struct sfu_track){.publisher = peer, .media = media, .layer_count = 1};
        if (media->rid_count > 0)
            track->layer_count = media->rid_count < SFU_RIDS_MAX ? media->rid_count : SFU_RIDS_MAX;
        for (size_t l = 0; l < track->layer_count; l++)
            track->layers[l] = (struct sfu_layer){.track = track, .rid = media->rid_count > 0 ? media->rids[l] : ""};
        if (media->rid_count == 0)
            sfu_learn_declared(&track->layers[0]);
    }
    return true;
}

void sfu_source_close(struct sfu_peer *peer)
{
    free(peer->tracks);
    peer->tracks = NULL;
    peer->track_count = 0;
}

struct sfu_layer *sfu_source_find(const struct sfu_peer *peer, uint32_t ssrc, bool *is_rtx)
{
    for (size_t t = 0; t < peer->track_count; t++) {
        for (size_t l = 0; l < peer->tracks[t].layer_count; l++) {
            struct sfu_layer *layer = &peer->tracks[t].layers[l];
            *is_rtx = layer->rtx_bound && layer->rtx_ssrc == ssrc;
            if (*is_rtx || (layer->bound && layer->ssrc == ssrc))
                return layer;
        }
    }
    return NULL;
}

void sfu_source_restart(struct sfu_layer *layer)
{
    layer->started = false;
    layer->epoch++;
    layer->seq = (struct rtp_seq_unwrapper){0};
    layer->received = (struct sfu_window){0};
    layer->nack.count = 0;
    layer->has_dd = false;
    layer->structure.template_count = 0;
    layer->has_sr = false;
}

void sfu_source_bye(struct sfu_peer *peer, uint32_t ssrc)
{
    bool is_rtx;
    struct sfu_layer *layer = sfu_source_find(peer, ssrc, &is_rtx);
    if (!layer)
        return;
    if (is_rtx) {
        layer->rtx_bound = false;
        return;
    }
    layer->bound = false;
    sfu_source_restart(layer);
}

static void note_arrival(struct sfu_peer *peer, const struct rtp_packet *packet, uint64_t now_us)
{
    /* one transport, one numbering: with BUNDLE all m-lines use the same id (RFC 8843 section 9), so that one search of
     * the packet is enough */
    for (size_t i = 0; i < peer->params.media_count; i++) {
        const struct sfu_media *media = &peer->params.media[i];
        uint8_t id = media->extension_ids[SFU_EXT_TRANSPORT_CC];
        struct rtp_extension e;
        if (!media->active || id == 0)
            continue;
        if (rtp_extension_find(packet, id, &e) && e.len >= 2)
            sfu_arrivals_note(&peer->arrivals, (uint16_t)(e.data[0] << 8 | e.data[1]), packet->ssrc, now_us);
        return;
    }
}

/* Makes the original of a retransmission out of it (RFC 4588 section 4). False for one that has none: padding for
 * probing. */
static bool undo_rtx(struct sfu_incoming *in)
{
    const struct sfu_media *media = in->track->media;
    struct rtp_rtx rtx;
    for (size_t c = 0; c < media->codec_count; c++) {
        if (media->codecs[c].rtx_pt == 0 || media->codecs[c].rtx_pt != in->rtp.pt)
            continue;
        if (!in->layer->started || rtp_rtx_parse(&in->rtp, &rtx) != RTP_OK || rtx.payload_len == 0)
            return false;
        in->rtp.pt = media->codecs[c].pt;
        in->rtp.seq = rtx.osn;
        in->rtp.ssrc = in->layer->ssrc;
        in->rtp.payload = rtx.payload;
        in->rtp.payload_len = rtx.payload_len;
        in->retransmitted = true;
        return true;
    }
    return false;
}

static const struct sfu_codec *codec_of(const struct sfu_media *media, uint8_t pt)
{
    for (size_t c = 0; c < media->codec_count; c++)
        if (media->codecs[c].pt == pt)
            return &media->codecs[c];
    return NULL;
}

/* The packet's place in its stream. False: a duplicate, or a number that is not believed. */
static bool place(struct sfu_incoming *in)
{
    struct sfu_layer *layer = in->layer;
    int32_t ahead = layer->started ? rtp_seq_diff(in->rtp.seq, (uint16_t)(uint64_t)layer->seq.highest) : 0;
    if (in->retransmitted) {
        /* no statistics stand behind a retransmission's number: it has to be near */
        if (ahead >= SFU_WINDOW_LEN || ahead <= -SFU_WINDOW_LEN)
            return false;
    } else {
        if (!layer->started)
            rtp_stats_init(&layer->stats, in->codec ? in->codec->clock_rate : 0);
        if (!rtp_stats_receive(&layer->stats, in->rtp.seq, in->rtp.ts, in->now_us))
            return false;
        if (ahead >= MAX_DROPOUT || ahead < -MAX_MISORDER)
            sfu_source_restart(layer);
    }
    bool started = layer->started;
    in->wakes = !layer->seen || in->now_us - layer->last_us >= SFU_SILENT_US;
    int64_t before = layer->seq.highest;
    in->seq = rtp_seq_unwrap(&layer->seq, in->rtp.seq);
    in->fresh = !started || in->seq > before;
    layer->started = true;
    layer->seen = true;
    if (!sfu_window_mark(&layer->received, in->seq))
        return false;
    if (!in->fresh) {
        sfu_nack_received(&layer->nack, in->seq);
    } else if (started && in->seq > before + 1 && in->codec && in->codec->nack) {
        if (!sfu_nack_gap(&layer->nack, before + 1, in->seq, in->now_us))
            sfu_source_request_key(layer, in->now_us);
        sfu_peer_mark(in->track->publisher);
    }
    return true;
}

/* Reads the Dependency Descriptor and keeps a structure that is newer than the one in force. */
static void read_dd(struct sfu_incoming *in)
{
    struct sfu_layer *layer = in->layer;
    uint8_t id = in->track->media->extension_ids[SFU_EXT_DEPENDENCY_DESCRIPTOR];
    if (id == 0 || !rtp_extension_find(&in->rtp, id, &in->dd_bytes) || in->dd_bytes.len < DD_MANDATORY_LEN) {
        in->dd_bytes.data = NULL;
        return;
    }
    struct dd_structure attached;
    layer->has_dd = true;
    in->dd_readable = dd_read(in->dd_bytes.data, in->dd_bytes.len, &layer->structure, &attached, &in->dd) == RTP_OK;
    if (!in->dd_readable || !in->dd.has_structure)
        return;
    in->key_start = in->dd.start_of_frame;
    if (layer->structure.template_count == 0 || in->seq >= layer->structure_seq) {
        layer->structure = attached;
        layer->structure_seq = in->seq;
    }
}

static void measure(struct sfu_incoming *in)
{
    struct sfu_layer *layer = in->layer;
    layer->rate_bytes += in->rtp.len;
    uint64_t elapsed_us = in->now_us - layer->rate_since_us;
    if (elapsed_us >= SFU_RATE_INTERVAL_US) {
        layer->rate_bps = layer->rate_bytes * 8 * 1000000 / elapsed_us;
        layer->rate_bytes = 0;
        layer->rate_since_us = in->now_us;
    }
    if (in->fresh) {
        layer->last_ts = in->rtp.ts;
        layer->last_us = in->now_us;
    }
}

bool sfu_source_receive(struct sfu_peer *peer, const uint8_t *data, size_t len, uint64_t now_us,
                        struct sfu_incoming *in)
{
    struct sfu_router_stats *stats = &peer->router->stats;
    *in = (struct sfu_incoming){.now_us = now_us};
    if (rtp_packet_parse(data, len, &in->rtp) != RTP_OK) {
        stats->malformed++;
        return false;
    }
    note_arrival(peer, &in->rtp, now_us);
    bool is_rtx;
    in->layer = sfu_source_find(peer, in->rtp.ssrc, &is_rtx);
    if (!in->layer) {
        if (sfu_room_ssrc_is_foreign(peer, in->rtp.ssrc)) {
            stats->foreign_ssrc++;
            return false;
        }
        in->layer = sfu_learn(peer, &in->rtp, now_us, &is_rtx);
    }
    if (!in->layer)
        return false;
    in->track = in->layer->track;
    if (is_rtx && !undo_rtx(in))
        return false;
    in->codec = codec_of(in->track->media, in->rtp.pt);
    if (!place(in))
        return false;
    read_dd(in);
    uint8_t level_id = in->track->media->extension_ids[SFU_EXT_AUDIO_LEVEL];
    /* RFC 6464 section 3: one byte. Longer ones would make the header two-byte, which not every receiver reads. */
    if (level_id == 0 || !rtp_extension_find(&in->rtp, level_id, &in->audio_level) || in->audio_level.len != 1)
        in->audio_level.data = NULL;
    measure(in);
    return true;
}

static void send_pli(struct sfu_layer *layer, uint64_t now_us)
{
    struct sfu_peer *peer = layer->track->publisher;
    uint8_t data[SFU_RTCP_MAX];
    struct bytes_writer w;
    layer->pli_pending = false;
    layer->pli_sent = true;
    layer->pli_us = now_us;
    bytes_writer_init(&w, data, sizeof data);
    if (!sfu_reports_prefix(peer, &w) || rtcp_pli_write(&w, peer->local_ssrc, layer->ssrc) != RTP_OK)
        return;
    peer->router->stats.plis_out++;
    sfu_peer_send_rtcp(peer, data, w.len);
}

void sfu_source_request_key(struct sfu_layer *layer, uint64_t now_us)
{
    const struct sfu_codec *codec = layer->track->codec;
    if (!layer->bound || !layer->started || !codec || !codec->pli || layer->track->media->kind != SFU_VIDEO)
        return;
    if (layer->pli_sent && now_us - layer->pli_us < SFU_PLI_INTERVAL_US) {
        layer->pli_pending = true;
        sfu_peer_wake(layer->track->publisher, layer->pli_us + SFU_PLI_INTERVAL_US);
        return;
    }
    send_pli(layer, now_us);
}

static void send_nack(struct sfu_layer *layer, uint64_t now_us)
{
    struct sfu_peer *peer = layer->track->publisher;
    uint16_t seqs[SFU_NACK_MAX]; /* at worst 1 KiB in the packet */
    size_t count = sfu_nack_collect(&layer->nack, NACK_INTERVAL_US, now_us, seqs, SFU_NACK_MAX);
    if (count == 0)
        return;
    uint8_t data[SFU_RTCP_MAX];
    struct bytes_writer w;
    bytes_writer_init(&w, data, sizeof data);
    if (sfu_reports_prefix(peer, &w) && rtcp_nack_write(&w, peer->local_ssrc, layer->ssrc, seqs, count) == RTP_OK)
        sfu_peer_send_rtcp(peer, data, w.len);
}

uint64_t sfu_source_tick(struct sfu_peer *peer, uint64_t now_us)
{
    uint64_t next = UINT64_MAX;
    for (size_t t = 0; t < peer->track_count; t++) {
        for (size_t l = 0; l < peer->tracks[t].layer_count; l++) {
            struct sfu_layer *layer = &peer->tracks[t].layers[l];
            if (layer->pli_pending) {
                uint64_t at = layer->pli_us + SFU_PLI_INTERVAL_US;
                if (at <= now_us)
                    send_pli(layer, now_us);
                else if (at < next)
                    next = at;
            }
            send_nack(layer, now_us);
            uint64_t at = sfu_nack_next_timeout(&layer->nack);
            if (at < next)
                next = at;
        }
    }
    return next;
}
