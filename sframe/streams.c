#include "streams.h"

#include "core/secret.h"
#include "header.h"
#include "kid.h"

/* Frames per second that a stream of a kind can at most have had while nothing of it arrived. The smallest Opus frames
 * are 400 a second; KIDs of unknown structure may encrypt single packets. */
enum { RATE_MEDIA = 500, RATE_DATA = 1000, RATE_UNKNOWN = 8000 };

void sframe_streams_layout(struct sframe_streams *streams, struct core_arena *arena, uint32_t cap,
                           const struct core_aead *aead, uint64_t seed)
{
    *streams = (struct sframe_streams){.cap = cap};
    streams->slots = core_arena_take_aligned(arena, cap, sizeof *streams->slots, SFRAME_CACHE_LINE);
    streams->senders = core_arena_take_aligned(arena, cap, sizeof *streams->senders, SFRAME_CACHE_LINE);
    sframe_index_init(&streams->by_kid, arena, cap, seed);
    sframe_index_init(&streams->by_sender, arena, cap, ~seed);
    unsigned char *states = core_arena_take(arena, cap, aead->state_size);
    if (!streams->slots || !streams->senders || !states)
        return;
    streams->last = streams->slots;
    for (uint32_t i = 0; i < cap; i++) {
        uint32_t next = i + 1 < cap ? i + 1 : SFRAME_SLOT_NONE;
        streams->slots[i].key.state = states + i * aead->state_size;
        streams->slots[i].next_free = next;
        streams->senders[i].next_free = next;
    }
}

bool sframe_streams_full(const struct sframe_streams *streams)
{
    return streams->free_slot == SFRAME_SLOT_NONE;
}

void sframe_stream_expect_next(struct sframe_stream *stream, uint64_t ctr)
{
    const uint64_t kid = stream->info.kid;
    const size_t kid_len = sframe_field_len(kid);
    const size_t ctr_len = sframe_field_len(ctr);
    const size_t len = 1 + kid_len + ctr_len;
    stream->next_left = 0;
    if (ctr_len == 0 || len > sizeof stream->next_header)
        return;
    const uint64_t left = (UINT64_C(1) << 8 * ctr_len) - 1 - ctr;
    const sframe_head_words head = sframe_head_make(sframe_head_of_kid(kid, kid_len), kid_len, ctr, ctr_len);
    stream->next_left = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
    stream->next_len = (uint8_t)len;
    stream->next_shift = (uint8_t)(64 - 8 * len);
    stream->next_header = __builtin_bswap64(le64toh(head[0]) << stream->next_shift) + 1;
}

void sframe_stream_window(const struct sframe_stream_info *info, bool late_start, struct sframe_replay *replay)
{
    switch (sframe_stream_kind(info)) {
    case SFRAME_MICROPHONE:
    case SFRAME_SCREEN_AUDIO:
        sframe_replay_init(replay, SFRAME_WINDOW_AUDIO, RATE_MEDIA, late_start);
        break;
    case SFRAME_CAMERA:
    case SFRAME_SCREEN:
        sframe_replay_init(replay, SFRAME_WINDOW_VIDEO, RATE_MEDIA, late_start);
        break;
    case SFRAME_DATA:
        sframe_replay_init(replay, SFRAME_WINDOW_VIDEO, RATE_DATA, late_start);
        break;
    default:
        sframe_replay_init(replay, SFRAME_WINDOW_VIDEO, RATE_UNKNOWN, late_start);
    }
}

static uint32_t hold_sender(struct sframe_streams *streams, uint64_t sender_id)
{
    uint32_t slot = sframe_index_find(&streams->by_sender, sender_id);
    if (slot == SFRAME_SLOT_NONE) {
        slot = streams->free_sender;
        streams->free_sender = streams->senders[slot].next_free;
        streams->senders[slot] = (struct sframe_stream_sender){0};
        sframe_index_put(&streams->by_sender, sender_id, slot);
    }
    streams->senders[slot].streams++;
    return slot;
}

static void release_sender(struct sframe_streams *streams, uint64_t sender_id, uint32_t slot)
{
    if (--streams->senders[slot].streams > 0)
        return;
    sframe_index_remove(&streams->by_sender, sender_id);
    streams->senders[slot].next_free = streams->free_sender;
    streams->free_sender = slot;
}

struct sframe_stream *sframe_streams_add(struct sframe_streams *streams, const struct sframe_stream_info *info,
                                         bool late_start, struct sframe_key *key)
{
    uint32_t slot = streams->free_slot;
    struct sframe_stream *stream = &streams->slots[slot];
    struct sframe_key spare = stream->key;
    streams->free_slot = stream->next_free;
    streams->count++;
    stream->used = true;
    stream->info = *info;
    stream->kind = (uint8_t)sframe_stream_kind(info);
    stream->key = *key;
    *key = spare;
    stream->sender_slot = hold_sender(streams, info->sender_id);
    sframe_stream_window(info, late_start, &stream->replay);
    sframe_index_put(&streams->by_kid, info->kid, slot);
    return stream;
}

void sframe_streams_remove(struct sframe_streams *streams, const struct core_aead *aead, struct sframe_stream *stream)
{
    uint32_t slot = (uint32_t)(stream - streams->slots);
    sframe_index_remove(&streams->by_kid, stream->info.kid);
    release_sender(streams, stream->info.sender_id, stream->sender_slot);
    struct sframe_key key = stream->key;
    core_wipe(stream, sizeof *stream);
    stream->key.state = key.state;
    streams->count--;
    if (!sframe_key_forget(aead, &key))
        return; /* its cipher state is gone: the slot is not used again */
    stream->next_free = streams->free_slot;
    streams->free_slot = slot;
}

struct sframe_stream *sframe_streams_stalest(const struct sframe_streams *streams)
{
    struct sframe_stream *stalest = NULL;
    for (uint32_t i = 0; i < streams->cap; i++) {
        struct sframe_stream *stream = &streams->slots[i];
        if (stream->used && (!stalest || sframe_stream_heard_ms(stream) < sframe_stream_heard_ms(stalest)))
            stalest = stream;
    }
    return stalest;
}
