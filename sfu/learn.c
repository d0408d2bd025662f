#include "learn.h"

#include <string.h>

#include "room.h"

void sfu_learn_declared(struct sfu_layer *layer)
{
    const struct sfu_media *media = layer->track->media;
    const struct sfu_peer *peer = layer->track->publisher;
    if (media->ssrc != 0 && !sfu_room_ssrc_is_foreign(peer, media->ssrc)) {
        layer->ssrc = media->ssrc;
        layer->bound = true;
    }
    if (media->rtx_ssrc != 0 && media->rtx_ssrc != media->ssrc && !sfu_room_ssrc_is_foreign(peer, media->rtx_ssrc)) {
        layer->rtx_ssrc = media->rtx_ssrc;
        layer->rtx_bound = true;
    }
}

enum pt_use { PT_UNKNOWN, PT_MEDIA, PT_RTX };

static enum pt_use use_of(const struct sfu_media *media, uint8_t pt)
{
    for (size_t c = 0; c < media->codec_count; c++) {
        if (media->codecs[c].pt == pt)
            return PT_MEDIA;
        if (media->codecs[c].rtx_pt != 0 && media->codecs[c].rtx_pt == pt)
            return PT_RTX;
    }
    return PT_UNKNOWN;
}

static bool element_is(const struct rtp_extension *e, const char *text)
{
    size_t len = strlen(text);
    return e->len == len && memcmp(e->data, text, len) == 0;
}

/* MID has the same id in all bundled m-lines (RFC 8843 section 9): the packet is searched once, however many there
 * are. */
static struct sfu_track *track_by_mid(struct sfu_peer *peer, const struct rtp_packet *packet)
{
    uint8_t id = 0;
    struct rtp_extension mid;
    for (size_t t = 0; t < peer->track_count && id == 0; t++)
        id = peer->tracks[t].media->extension_ids[SFU_EXT_MID];
    if (id == 0 || !rtp_extension_find(packet, id, &mid))
        return NULL;
    for (size_t t = 0; t < peer->track_count; t++) {
        const struct sfu_media *media = peer->tracks[t].media;
        if (media->extension_ids[SFU_EXT_MID] == id && element_is(&mid, media->mid))
            return &peer->tracks[t];
    }
    return NULL;
}

/* The only track whose m-line has the payload type; NULL if there are none or several. */
static struct sfu_track *track_by_pt(struct sfu_peer *peer, uint8_t pt)
{
    struct sfu_track *found = NULL;
    for (size_t t = 0; t < peer->track_count; t++) {
        if (use_of(peer->tracks[t].media, pt) == PT_UNKNOWN)
            continue;
        if (found)
            return NULL;
        found = &peer->tracks[t];
    }
    return found;
}

static struct sfu_layer *layer_by_rid(struct sfu_track *track, const struct rtp_packet *packet, bool is_rtx)
{
    if (track->media->rid_count == 0)
        return &track->layers[0];
    struct rtp_extension rid;
    uint8_t id = track->media->extension_ids[is_rtx ? SFU_EXT_REPAIRED_RID : SFU_EXT_RID];
    if (id == 0 || !rtp_extension_find(packet, id, &rid))
        return NULL;
    for (size_t l = 0; l < track->layer_count; l++)
        if (element_is(&rid, track->layers[l].rid))
            return &track->layers[l];
    return NULL;
}

struct sfu_layer *sfu_learn(struct sfu_peer *peer, const struct rtp_packet *packet, uint64_t now_us, bool *is_rtx)
{
    bool by_mid = true;
    struct sfu_track *track = track_by_mid(peer, packet);
    if (!track) {
        by_mid = false;
        track = track_by_pt(peer, packet->pt);
    }
    if (!track)
        return NULL;
    enum pt_use use = use_of(track->media, packet->pt);
    if (use == PT_UNKNOWN)
        return NULL;
    struct sfu_layer *layer = layer_by_rid(track, packet, use == PT_RTX);
    if (!layer)
        return NULL;
    *is_rtx = use == PT_RTX;
    if (*is_rtx) {
        layer->rtx_ssrc = packet->ssrc;
        layer->rtx_bound = true;
        return layer;
    }
    /* a payload type is a weak sign: it does not take a stream's place that is alive */
    if (layer->bound && layer->started && !by_mid && now_us - layer->last_us < SFU_SILENT_US)
        return NULL;
    if (layer->bound && layer->bound_us != 0 && now_us - layer->bound_us < SFU_CHANGE_US)
        return NULL;
    if (layer->bound)
        sfu_source_restart(layer);
    layer->ssrc = packet->ssrc;
    layer->bound = true;
    layer->bound_us = now_us;
    return layer;
}
