#include "select.h"

#include <string.h>

static bool is_own(const struct sfu_peer *subscriber, const struct sfu_track *track)
{
    return strcmp(subscriber->params.pseudonym, track->publisher->params.pseudonym) == 0;
}

static bool is_pinned(const struct sfu_slot *slot)
{
    return slot->wish.publisher[0] != '\0';
}

static bool pin_fits(const struct sfu_slot *slot, const struct sfu_track *track)
{
    return strcmp(slot->wish.publisher, track->publisher->params.pseudonym) == 0;
}

/* The subscriber's slot that the track fills; NULL if none. A subscriber has few slots, a track those of a whole room.
 */
static struct sfu_slot *slot_of(const struct sfu_peer *subscriber, const struct sfu_track *track)
{
    for (size_t i = 0; i < subscriber->slot_count; i++)
        if (subscriber->slots[i].track == track)
            return &subscriber->slots[i];
    return NULL;
}

static size_t slots_of_publisher(const struct sfu_slot *like, const struct sfu_track *track)
{
    const struct sfu_peer *subscriber = like->subscriber;
    size_t count = 0;
    for (size_t i = 0; i < subscriber->slot_count; i++) {
        const struct sfu_slot *slot = &subscriber->slots[i];
        count += slot->track && slot->media->kind == like->media->kind &&
                 strcmp(slot->track->publisher->params.pseudonym, track->publisher->params.pseudonym) == 0;
    }
    return count;
}

static bool is_silent(const struct sfu_track *track, uint64_t now_us)
{
    for (size_t l = 0; l < track->layer_count; l++)
        if (track->layers[l].started && now_us - track->layers[l].last_us < SFU_SILENT_US)
            return false;
    return true;
}

/* The track that shall fill a slot: not the subscriber's own, not shown elsewhere, of the publisher pinned or else of
 * the one with the fewest slots so far; who came first wins. For a pinned slot also one that an unpinned slot shows. */
static struct sfu_track *track_for(const struct sfu_slot *slot, uint64_t now_us)
{
    struct sfu_peer *subscriber = slot->subscriber;
    struct sfu_track *best = NULL;
    size_t best_slots = 0;
    for (struct sfu_peer *peer = subscriber->room->peers; peer; peer = peer->next) {
        for (size_t t = 0; t < peer->track_count; t++) {
            struct sfu_track *track = &peer->tracks[t];
            if (!sfu_slot_match(slot, track) || is_own(subscriber, track) || is_silent(track, now_us))
                continue;
            const struct sfu_slot *shown = slot_of(subscriber, track);
            if (is_pinned(slot) ? !pin_fits(slot, track) || (shown && is_pinned(shown)) : shown != NULL)
                continue;
            size_t slots = slots_of_publisher(slot, track);
            /* nobody further on has fewer, and in a large room there are many */
            if (slots == 0)
                return track;
            if (!best || slots < best_slots) {
                best = track;
                best_slots = slots;
            }
        }
    }
    return best;
}

static void fill(struct sfu_slot *slot, struct sfu_track *track, uint64_t now_us)
{
    struct sfu_slot *shown = slot_of(slot->subscriber, track);
    if (shown)
        sfu_slot_detach(shown);
    if (slot->track)
        sfu_slot_detach(slot);
    /* without memory the slot stays free, and the next event tries again */
    (void)sfu_slot_attach(slot, track, track->announced, now_us);
}

static void fill_where(struct sfu_peer *subscriber, bool pinned, bool silent, uint64_t now_us)
{
    for (size_t i = 0; i < subscriber->slot_count; i++) {
        struct sfu_slot *slot = &subscriber->slots[i];
        if (is_pinned(slot) != pinned || slot->wish.paused)
            continue;
        if (slot->track && !(silent && is_silent(slot->track, now_us)))
            continue;
        struct sfu_track *track = track_for(slot, now_us);
        if (track)
            fill(slot, track, now_us);
    }
}

void sfu_select_peer(struct sfu_peer *subscriber, uint64_t now_us)
{
    for (size_t i = 0; i < subscriber->slot_count; i++) {
        struct sfu_slot *slot = &subscriber->slots[i];
        if (slot->track && is_pinned(slot) && !pin_fits(slot, slot->track))
            sfu_slot_detach(slot);
    }
    fill_where(subscriber, true, false, now_us);
    fill_where(subscriber, false, false, now_us);
    fill_where(subscriber, true, true, now_us);
    fill_where(subscriber, false, true, now_us);
}

void sfu_select_room(struct sfu_room *room, uint64_t now_us)
{
    for (struct sfu_peer *peer = room->peers; peer; peer = peer->next)
        sfu_select_peer(peer, now_us);
}

void sfu_select_track_changed(struct sfu_track *track, uint64_t now_us)
{
    struct sfu_slot *next;
    for (struct sfu_slot *slot = track->slots; slot; slot = next) {
        next = slot->next;
        if (slot->codec != sfu_slot_match(slot, track))
            sfu_slot_detach(slot);
    }
    sfu_select_room(track->publisher->room, now_us);
}

static const struct sfu_slot_wish *wish_of(const struct sfu_slot *slot, const struct sfu_slot_wish *wishes,
                                           size_t count)
{
    static const struct sfu_slot_wish none;
    for (size_t i = 0; i < count; i++)
        if (strncmp(wishes[i].mid, slot->media->mid, sizeof wishes[i].mid) == 0)
            return &wishes[i];
    return &none;
}

void sfu_select_wishes(struct sfu_peer *subscriber, const struct sfu_slot_wish *wishes, size_t count, uint64_t now_us)
{
    for (size_t i = 0; i < subscriber->slot_count; i++) {
        struct sfu_slot *slot = &subscriber->slots[i];
        bool was_paused = slot->wish.paused;
        slot->wish = *wish_of(slot, wishes, count);
        slot->wish.publisher[sizeof slot->wish.publisher - 1] = '\0';
        if (!slot->track)
            continue;
        if (slot->wish.paused)
            sfu_slot_halt(slot);
        else if (was_paused)
            sfu_slot_retarget(slot, sfu_select_layer(slot, now_us), true, now_us);
    }
    sfu_select_peer(subscriber, now_us);
    sfu_select_layers(subscriber, now_us);
}

void sfu_select_layers(struct sfu_peer *subscriber, uint64_t now_us)
{
    for (size_t i = 0; i < subscriber->slot_count; i++) {
        struct sfu_slot *slot = &subscriber->slots[i];
        if (!slot->track || slot->wish.paused)
            continue;
        struct sfu_layer *layer = sfu_select_layer(slot, now_us);
        if (layer != slot->target) {
            sfu_slot_retarget(slot, layer, true, now_us);
        } else if (slot->current && slot->current->has_dd && !slot->wants_key &&
                   sfu_select_spatial(&layer->structure, slot->wish.max_height) != slot->spatial_limit) {
            slot->wants_key = true;
            sfu_slot_retarget(slot, layer, true, now_us);
        }
    }
}

/* Height of what a layer carries at its best; 0: not known. */
static uint32_t height_of(const struct sfu_layer *layer)
{
    const struct dd_structure *s = &layer->structure;
    if (s->template_count == 0 || !s->has_resolutions || s->spatial_count == 0 || s->spatial_count > DD_SPATIAL_MAX)
        return 0;
    return s->height_minus_1[s->spatial_count - 1] + UINT32_C(1);
}

/* True if layer a serves the wish better than b. */
static bool is_better(const struct sfu_slot *slot, const struct sfu_layer *a, const struct sfu_layer *b)
{
    uint32_t max = slot->wish.max_height;
    uint32_t height_a = height_of(a);
    uint32_t height_b = height_of(b);
    if (height_a != 0 && height_b != 0 && height_a != height_b) {
        bool fits_a = max == 0 || height_a <= max;
        bool fits_b = max == 0 || height_b <= max;
        if (fits_a != fits_b)
            return fits_a;
        return fits_a ? height_a > height_b : height_a < height_b;
    }
    /* a rate has to be clearly higher, or slots would swing between two layers */
    if (b == slot->target)
        return a->rate_bps > b->rate_bps + b->rate_bps / 2;
    return a->rate_bps > b->rate_bps;
}

struct sfu_layer *sfu_select_layer(const struct sfu_slot *slot, uint64_t now_us)
{
    struct sfu_track *track = slot->track;
    struct sfu_layer *best = NULL;
    /* the present one first, so that equals do not replace it */
    if (slot->target && slot->target->started && now_us - slot->target->last_us < SFU_SILENT_US)
        best = slot->target;
    for (size_t l = 0; l < track->layer_count; l++) {
        struct sfu_layer *layer = &track->layers[l];
        if (!layer->started || now_us - layer->last_us >= SFU_SILENT_US)
            continue;
        if (!best || (layer != best && is_better(slot, layer, best)))
            best = layer;
    }
    if (best)
        return best;
    return slot->target ? slot->target : &track->layers[0];
}

uint8_t sfu_select_spatial(const struct dd_structure *structure, uint32_t max_height)
{
    if (max_height == 0 || structure->template_count == 0 || !structure->has_resolutions ||
        structure->spatial_count > DD_SPATIAL_MAX)
        return SFU_SPATIAL_ALL;
    uint8_t limit = 0; /* something is better than nothing */
    for (uint8_t s = 0; s < structure->spatial_count; s++)
        if (structure->height_minus_1[s] + UINT32_C(1) <= max_height)
            limit = s;
    return limit + 1 >= structure->spatial_count ? SFU_SPATIAL_ALL : limit;
}

uint32_t sfu_select_targets(const struct dd_structure *structure, uint8_t limit)
{
    uint32_t targets = 0;
    uint8_t spatial;
    uint8_t temporal;
    for (uint8_t t = 0; t < structure->target_count && t < DD_TARGETS_MAX; t++)
        if (dd_target_layer(structure, t, &spatial, &temporal) && spatial <= limit)
            targets |= UINT32_C(1) << t;
    return targets;
}
