/* The table of streams with state: one slot per KID with its key and replay window, and one per sender with its
 * timeline. Everything is cut from the receiver's memory at init; adding and removing only relinks. */
#ifndef SFRAME_STREAMS_H
#define SFRAME_STREAMS_H

#include <stddef.h>

#include "index.h"
#include "key.h"
#include "kid.h"
#include "replay.h"
#include "timeline.h"

/* Where a stream belongs. */
struct sframe_stream_info {
    uint64_t kid;
    uint64_t sender;    /* as reported in struct sframe_opened */
    uint64_t sender_id; /* unique among the receiver's senders */
    uint64_t owner;     /* the epoch or generation that its key comes from; else the KID */
    uint8_t context;    /* or SFRAME_CONTEXT_UNKNOWN */
};

/* What a frame that is expected changes lies in the first cache line, what else it needs in the third last: of many
 * streams in turn none is in a near cache. */
struct sframe_stream {
    _Alignas(SFRAME_CACHE_LINE) struct sframe_key key;
    /* The header of the frame that comes next if none is lost: known beforehand, it need not be read. */
    uint64_t next_header; /* its bytes as a big-endian integer, which counts up with the CTR */
    uint32_t next_left;   /* frames until the CTR is longer; 0: these four are undefined */
    uint8_t next_len;     /* of the header, 8 at most */
    uint8_t next_shift;   /* 64 less its bits */
    struct sframe_replay replay;
    _Alignas(SFRAME_CACHE_LINE) struct sframe_stream_info info;
    uint32_t sender_slot;
    uint32_t follower; /* the slot whose frame came after its last one, as a guess; 0 if none has */
    uint8_t kind;      /* sframe_stream_kind */
    bool used;
    uint64_t failures; /* frames that did not authenticate */
    uint64_t other_ms; /* when the last one came that did, of those that were not expected */
    uint32_t next_free;
};

_Static_assert(offsetof(struct sframe_stream, replay.high.written) == SFRAME_CACHE_LINE, "as said above");
_Static_assert(offsetof(struct sframe_stream, failures) - offsetof(struct sframe_stream, info) <= SFRAME_CACHE_LINE,
               "as said above");

/* One line. */
struct sframe_stream_sender {
    _Alignas(SFRAME_CACHE_LINE) struct sframe_timeline timeline;
    uint32_t streams; /* that refer to it */
    uint32_t next_free;
};

_Static_assert(sizeof(struct sframe_stream_sender) == SFRAME_CACHE_LINE, "as said above");

struct sframe_streams {
    struct sframe_stream *slots;
    struct sframe_stream_sender *senders;
    uint32_t cap;
    uint32_t count;
    uint32_t free_slot;
    uint32_t free_sender;
    struct sframe_stream *last; /* found, as a guess; may be of a slot that is not used any more */
    struct sframe_index by_kid;
    struct sframe_index by_sender;
};

/* Cuts the tables from the arena. Keys' states are still to be made with the AEAD's init. */
void sframe_streams_layout(struct sframe_streams *streams, struct core_arena *arena, uint32_t cap,
                           const struct core_aead *aead, uint64_t seed);
static inline bool sframe_stream_is(const struct sframe_stream *stream, uint64_t kid)
{
    return stream->info.kid == kid && stream->used;
}

/* Of longer KIDs headers are too long to be expected. */
#define SFRAME_EXPECTED_KID_MAX ((UINT64_C(1) << 48) - 1)

/* When the last one came that was authentic. */
static inline uint64_t sframe_stream_heard_ms(const struct sframe_stream *stream)
{
    const uint64_t top_ms = stream->replay.high.top_ms;
    return top_ms > stream->other_ms ? top_ms : stream->other_ms;
}

/* After a frame with this counter, the highest of its stream so far. */
void sframe_stream_expect_next(struct sframe_stream *stream, uint64_t ctr);
/* The frame that was expected, once it is authentic. */
static inline void sframe_stream_take_next(struct sframe_stream *stream, uint64_t ctr, uint64_t now_ms)
{
    sframe_replay_commit_next(&stream->replay, ctr, now_ms);
    stream->next_header++;
    stream->next_left--;
}

/* The stream of a KID or NULL. Frames come in bursts, and those of many senders in about the order of the last time
 * round. A guess that is right costs no wait: the processor goes on with it before it has seen the KID. */
static inline struct sframe_stream *sframe_streams_find(struct sframe_streams *streams, uint64_t kid)
{
    struct sframe_stream *const last = streams->last;
    if (sframe_stream_is(last, kid))
        return last;
    struct sframe_stream *found = &streams->slots[last->follower];
    if (!sframe_stream_is(found, kid)) {
        const uint32_t slot = sframe_index_find(&streams->by_kid, kid);
        if (slot == SFRAME_SLOT_NONE)
            return NULL;
        found = &streams->slots[slot];
        last->follower = slot;
    }
    streams->last = found;
    return found;
}

bool sframe_streams_full(const struct sframe_streams *streams);
/* Takes a slot (zeros but for its cipher state) for a KID that has none; not to be called when full. late_start: see
 * sframe_replay_init. The slot's key is exchanged with *key. */
struct sframe_stream *sframe_streams_add(struct sframe_streams *streams, const struct sframe_stream_info *info,
                                         bool late_start, struct sframe_key *key);
/* Wipes the stream and its key; the cipher state stays for the next one. */
void sframe_streams_remove(struct sframe_streams *streams, const struct core_aead *aead, struct sframe_stream *stream);
static inline struct sframe_timeline *sframe_streams_timeline(const struct sframe_streams *streams,
                                                              const struct sframe_stream *stream)
{
    return &streams->senders[stream->sender_slot].timeline;
}

/* The stream that was not heard for the longest time; NULL if there is none. */
struct sframe_stream *sframe_streams_stalest(const struct sframe_streams *streams);
/* A window of the size and rate that the stream's kind has. late_start: see sframe_replay_init. */
void sframe_stream_window(const struct sframe_stream_info *info, bool late_start, struct sframe_replay *replay);
/* The kind of a context; SFRAME_KINDS if it is unknown. */
static inline unsigned sframe_stream_kind(const struct sframe_stream_info *info)
{
    return info->context < SFRAME_CONTEXTS ? info->context / SFRAME_LAYERS : SFRAME_KINDS;
}

#endif
