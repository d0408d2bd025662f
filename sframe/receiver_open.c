/* Opening frames, one at a time and several at once: look up, authenticate, and only then remember anything. */
#include "batch.h"
#include "receiver.h"

#include "core/secret.h"
#include "header.h"
#include "inner.h"

struct incoming {
    struct sframe_header header;
    struct sframe_frame frame;
    struct core_span text;
    const uint8_t *tag;
    uint64_t now_ms;
};

SFRAME_PER_FRAME int read_frame(const struct sframe_receiver *receiver, const uint8_t *metadata, size_t metadata_len,
                                uint8_t *frame, size_t frame_len, struct incoming *in)
{
    int rc = sframe_header_parse(frame, frame_len, &in->header);
    if (rc != SFRAME_OK)
        return rc;
    const size_t nt = receiver->crypto.suite->nt;
    if (frame_len - in->header.len < nt)
        return SFRAME_TRUNCATED;
    in->frame = (struct sframe_frame){in->header.ctr, {{frame, in->header.len}, {metadata, metadata_len}}};
    in->text = (struct core_span){frame + in->header.len, frame_len - in->header.len - nt};
    in->tag = frame + frame_len - nt;
    return SFRAME_OK;
}

static int check_kind(const struct sframe_expect *expect, unsigned kind)
{
    bool expected = !expect || expect->kinds == 0 || kind == SFRAME_KINDS || (expect->kinds >> kind & 1) != 0;
    return expected ? SFRAME_OK : SFRAME_STREAM;
}

static void count_failure(struct sframe_receiver *receiver, uint64_t *failures)
{
    if (++*failures >= receiver->crypto.suite->forgery_limit)
        receiver->stats.forgery_limit = true;
}

/* What is refused unread. */
__attribute__((always_inline)) static inline int
check_known(const struct sframe_expect *expect, const struct incoming *in, const struct sframe_stream *stream)
{
    int rc = check_kind(expect, stream->kind);
    if (rc == SFRAME_OK)
        rc = sframe_replay_check(&stream->replay, in->header.ctr, in->now_ms);
    return rc;
}

SFRAME_PER_FRAME int open_known(struct sframe_receiver *receiver, const struct sframe_expect *expect,
                                const struct incoming *in, struct sframe_stream *stream)
{
    int rc = check_known(expect, in, stream);
    if (rc != SFRAME_OK)
        return rc;
    rc = sframe_key_open(&receiver->crypto, &stream->key, &in->frame, in->text, in->tag);
    if (rc == SFRAME_AUTH)
        count_failure(receiver, &stream->failures);
    return rc;
}

/* A KID without a stream: its key is derived into the scratch key, which becomes the stream's if the frame is
 * authentic. Out of line: rare, and large enough to slow every frame of the known. */
__attribute__((noinline)) static int open_newcomer(struct sframe_receiver *receiver, const struct sframe_expect *expect,
                                                   const struct incoming *in, struct sframe_stream **stream)
{
    struct sframe_newcomer newcomer;
    int rc = sframe_newcomer_find(receiver, in->header.kid, &newcomer);
    if (rc == SFRAME_OK)
        rc = check_kind(expect, sframe_stream_kind(&newcomer.info));
    if (rc == SFRAME_OK && !sframe_newcomer_may_fit(receiver))
        rc = SFRAME_FULL;
    if (rc == SFRAME_OK)
        rc = sframe_replay_check(&newcomer.window, in->header.ctr, in->now_ms);
    if (rc == SFRAME_OK && !sframe_quota_take(&receiver->quota, newcomer.quota_group, in->now_ms))
        rc = SFRAME_QUOTA;
    if (rc != SFRAME_OK)
        return rc;
    rc = sframe_newcomer_derive(receiver, &newcomer);
    if (rc == SFRAME_OK)
        rc = sframe_key_open(&receiver->crypto, &receiver->scratch, &in->frame, in->text, in->tag);
    if (rc == SFRAME_OK) {
        rc = sframe_newcomer_accept(receiver, &newcomer, in->now_ms, stream);
        if (rc != SFRAME_OK)
            core_wipe(in->text.data, in->text.len);
    }
    if (rc != SFRAME_OK)
        (void)sframe_key_forget(receiver->crypto.aead, &receiver->scratch); /* if lost, no newcomer can be derived */
    if (rc == SFRAME_AUTH)
        count_failure(receiver, newcomer.failures);
    core_wipe(newcomer.base_key, sizeof newcomer.base_key);
    return rc;
}

/* A frame's age by what was told of its sender's clock: nothing else shows a delay that was there from the first. */
static int check_clock(const struct sframe_receiver *receiver, const struct sframe_stream *stream, uint32_t capture_ms,
                       uint64_t now_ms)
{
    const struct sframe_epoch *epoch = receiver->epochs[stream->info.owner % SFRAME_EPOCHS];
    if (!epoch || !epoch->clocks || !epoch->clocks[stream->info.sender].known)
        return SFRAME_OK;
    const int32_t age_ms = (int32_t)((uint32_t)now_ms + epoch->clocks[stream->info.sender].ahead_ms - capture_ms);
    return age_ms > (int64_t)receiver->max_delay_ms ? SFRAME_LATE : SFRAME_OK;
}

/* What an authentic frame says about itself. */
SFRAME_PER_FRAME int check_inner(const struct sframe_receiver *receiver, const struct sframe_expect *expect,
                                 const struct incoming *in, const struct sframe_stream *stream,
                                 struct sframe_inner *inner, struct core_span *payload)
{
    if (receiver->profile == SFRAME_PROFILE_RFC9605) {
        *inner = (struct sframe_inner){0};
        *payload = in->text;
        return SFRAME_OK;
    }
    int rc = sframe_inner_parse(in->text, inner, payload);
    if (rc == SFRAME_OK && expect && expect->codec != SFRAME_CODEC_ANY && expect->codec != inner->codec)
        rc = SFRAME_CODEC;
    if (rc != SFRAME_OK)
        return rc;
    struct sframe_timeline *timeline = sframe_streams_timeline(&receiver->streams, stream);
    rc = check_clock(receiver, stream, inner->capture_ms, in->now_ms);
    if (rc == SFRAME_OK)
        rc = sframe_timeline_take(timeline, stream->kind, inner->capture_ms, in->now_ms, receiver->max_delay_ms,
                                  receiver->jitter_ms);
    return rc;
}

static void count_refused(struct sframe_receiver_stats *stats, int rc)
{
    switch (rc) {
    case SFRAME_AUTH:
        stats->failed++;
        break;
    case SFRAME_REPLAY:
        stats->replayed++;
        break;
    case SFRAME_LATE:
    case SFRAME_TIME_BACK:
        stats->late++;
        break;
    case SFRAME_NO_KEY:
    case SFRAME_QUOTA:
        stats->no_key++;
        break;
    default:
        stats->refused++;
    }
}

SFRAME_PER_FRAME void count(struct sframe_receiver *receiver, int rc)
{
    if (rc == SFRAME_OK)
        receiver->stats.opened++;
    else
        count_refused(&receiver->stats, rc);
}

/* A frame that is authentic, its counter spent, also if it is refused for what it says. */
SFRAME_PER_FRAME int deliver(const struct sframe_receiver *receiver, const struct sframe_expect *expect,
                             const struct incoming *in, struct sframe_stream *stream, struct sframe_opened *opened)
{
    struct sframe_inner inner;
    struct core_span payload;
    int rc = check_inner(receiver, expect, in, stream, &inner, &payload);
    if (rc != SFRAME_OK) {
        core_wipe(in->text.data, in->text.len);
        return rc;
    }
    *opened = (struct sframe_opened){
        .kid = in->header.kid,
        .ctr = in->header.ctr,
        .context = stream->kind < SFRAME_KINDS ? stream->info.context : 0,
        .sender = stream->info.sender,
        .payload = payload.data,
        .payload_len = payload.len,
        .inner = inner,
    };
    return SFRAME_OK;
}

SFRAME_PER_FRAME int take(const struct sframe_receiver *receiver, const struct sframe_expect *expect,
                          const struct incoming *in, struct sframe_stream *stream, struct sframe_opened *opened)
{
    const uint64_t ctr = in->header.ctr;
    if (stream->next_left > 0 && ctr - stream->replay.high.top == 1) {
        sframe_stream_take_next(stream, ctr, in->now_ms);
    } else {
        sframe_replay_commit(&stream->replay, ctr, in->now_ms);
        if (in->now_ms > stream->other_ms)
            stream->other_ms = in->now_ms;
        if (receiver->expects && stream->info.kid <= SFRAME_EXPECTED_KID_MAX && stream->replay.high.top == ctr)
            sframe_stream_expect_next(stream, ctr);
    }
    return deliver(receiver, expect, in, stream, opened);
}

SFRAME_PER_FRAME int open_frame(struct sframe_receiver *receiver, const struct sframe_expect *expect,
                                const uint8_t *metadata, size_t metadata_len, uint8_t *frame, size_t frame_len,
                                uint64_t now_ms, struct sframe_opened *opened)
{
    struct incoming in; /* not zeroed: read_frame sets all but the time, and zeroing would take as long */
    in.now_ms = now_ms;
    int rc = read_frame(receiver, metadata, metadata_len, frame, frame_len, &in);
    if (rc != SFRAME_OK)
        return rc;
    struct sframe_stream *stream = sframe_streams_find(&receiver->streams, in.header.kid);
    if (stream) {
        rc = open_known(receiver, expect, &in, stream);
    } else {
        const struct incoming copy = in; /* so that no other call takes the address of in and stream */
        struct sframe_stream *made = NULL;
        rc = open_newcomer(receiver, expect, &copy, &made);
        stream = made;
    }
    return rc == SFRAME_OK ? take(receiver, expect, &in, stream, opened) : rc;
}

static bool lengths_ok(const uint8_t *metadata, size_t metadata_len, const uint8_t *frame, size_t frame_len)
{
    return frame && (metadata || metadata_len == 0) && metadata_len <= SFRAME_FRAME_MAX &&
           frame_len <= (size_t)SFRAME_FRAME_MAX + SFRAME_HEAD_MAX + SFRAME_PADDING_MAX + SFRAME_TAG_MAX;
}

/* Whether a frame that begins so is the one that a stream expects. */
static inline bool is_next(const struct sframe_stream *stream, uint64_t start)
{
    return stream->next_left > 0 && __builtin_bswap64(le64toh(start) << stream->next_shift) == stream->next_header;
}

/* The stream that expects a frame, if it is one of those that likely do (sframe_streams_find); else NULL. */
SFRAME_PER_FRAME struct sframe_stream *find_next(const struct sframe_streams *streams, uint64_t start)
{
    struct sframe_stream *stream = streams->last;
    if (is_next(stream, start))
        return stream;
    stream = &streams->slots[stream->follower];
    return is_next(stream, start) ? stream : NULL;
}

/* The frame that its stream expects: no header to be read, no jump, and nothing that was there before. */
SFRAME_PER_FRAME int open_next(struct sframe_receiver *receiver, const struct sframe_expect *expect, uint64_t start,
                               const struct incoming *in, struct sframe_stream *stream, struct sframe_opened *opened)
{
    const int rc =
        sframe_key_open_one(&receiver->crypto, &stream->key, in->header.ctr, start, in->header.len, in->text, in->tag);
    if (rc == SFRAME_AUTH)
        count_failure(receiver, &stream->failures);
    if (rc != SFRAME_OK)
        return rc;
    receiver->streams.last = stream;
    sframe_stream_take_next(stream, in->header.ctr, in->now_ms);
    return deliver(receiver, expect, in, stream, opened);
}

int sframe_open(struct sframe_receiver *receiver, const struct sframe_expect *expect, const uint8_t *metadata,
                size_t metadata_len, uint8_t *frame, size_t frame_len, uint64_t now_ms, struct sframe_opened *opened)
{
    enum { SHORTEST = sizeof(uint64_t) + SFRAME_INNER_FIXED_LEN + SFRAME_TAG_MAX };
    const bool plain = metadata_len == 0 && frame_len >= SHORTEST && frame_len <= SFRAME_FRAME_MAX;
    if (!receiver || !opened || !frame || (!plain && !lengths_ok(metadata, metadata_len, frame, frame_len)))
        return SFRAME_INVALID;
    uint64_t start = 0;
    struct sframe_stream *stream = NULL;
    if (plain) {
        memcpy(&start, frame, sizeof start);
        stream = find_next(&receiver->streams, start);
    }
    int rc;
    if (stream && check_kind(expect, stream->kind) == SFRAME_OK) {
        const size_t len = stream->next_len;
        const struct incoming in = {.header = {stream->info.kid, stream->replay.high.top + 1, len},
                                    .text = {frame + len, frame_len - len - SFRAME_TAG_MAX},
                                    .tag = frame + frame_len - SFRAME_TAG_MAX,
                                    .now_ms = now_ms};
        rc = open_next(receiver, expect, start, &in, stream, opened);
    } else {
        rc = open_frame(receiver, expect, metadata, metadata_len, frame, frame_len, now_ms, opened);
    }
    count(receiver, rc);
    return rc;
}

/* --- several at once --- */

/* A frame of a known stream that nothing speaks against so far. */
struct open_entry {
    struct sframe_open_item *item;
    struct sframe_stream *stream;
    struct incoming in;
    union sframe_nonce nonce;
};

/* Frames to be authenticated together. How many there are is the caller's to know. */
struct open_run {
    struct sframe_batch *batch;
    struct sframe_receiver *receiver;
    bool failed; /* an item of this run or one before */
    struct open_entry entries[CORE_BATCH_MAX];
    struct core_aead_job jobs[CORE_BATCH_MAX];
};

/* Looks at a frame as a single call would have: frames before it in the run have moved windows since it joined. */
SFRAME_PER_FRAME int settle(struct sframe_receiver *receiver, const struct open_entry *entry, enum core_opened result)
{
    const struct incoming *in = &entry->in;
    struct sframe_open_item *item = entry->item;
    int rc = check_known(item->expect, in, entry->stream);
    if (rc != SFRAME_OK) {
        core_wipe(in->text.data, in->text.len); /* decrypted, it may be */
        return rc;
    }
    if (result == CORE_OPEN_FORGED)
        count_failure(receiver, &entry->stream->failures);
    if (result != CORE_OPEN_OK)
        return result == CORE_OPEN_FORGED ? SFRAME_AUTH : SFRAME_CRYPTO;
    return take(receiver, item->expect, in, entry->stream, &item->opened);
}

/* An item's result, once it is known. */
SFRAME_PER_FRAME void tell(struct open_run *run, struct sframe_open_item *item, int rc)
{
    item->error = rc;
    if (rc != SFRAME_OK)
        run->failed = true;
}

static void open_together(struct open_run *run, size_t count_of)
{
    struct sframe_receiver *receiver = run->receiver;
    const struct sframe_crypto *crypto = &receiver->crypto;
    const struct core_aead_job *job = run->jobs;
    core_aead_open_batch(crypto->aead, sframe_batch_workspace(run->batch, crypto), run->jobs, count_of);
    for (const struct open_entry *entry = run->entries; entry < run->entries + count_of; entry++, job++) {
        const int rc = settle(receiver, entry, job->result);
        tell(run, entry->item, rc);
        count(receiver, rc);
    }
}

/* What is to be done with a frame. What speaks against it may be otherwise once the run is opened (a jump may be none
 * any more), and a newcomer may take a stream away that the run has frames of: both wait until then. */
enum place { JOINS, WAITS, ALONE };

SFRAME_PER_FRAME enum place find_place(struct sframe_receiver *receiver, struct sframe_open_item *item, uint64_t now_ms,
                                       struct open_entry *entry)
{
    struct incoming *in = &entry->in;
    in->now_ms = now_ms;
    if (!lengths_ok(item->metadata, item->metadata_len, item->frame, item->frame_len) ||
        read_frame(receiver, item->metadata, item->metadata_len, item->frame, item->frame_len, in) != SFRAME_OK)
        return ALONE;
    struct sframe_stream *stream = sframe_streams_find(&receiver->streams, in->header.kid);
    if (!stream || check_known(item->expect, in, stream) != SFRAME_OK)
        return WAITS;
    entry->item = item;
    entry->stream = stream;
    sframe_nonce_make(&stream->key, in->header.ctr, &entry->nonce);
    return JOINS;
}

/* Each where it stays: a copy's large loads would wait for the small stores before them. */
SFRAME_PER_FRAME void make_job(const struct open_entry *entry, size_t nt, struct core_aead_job *job)
{
    *job = (struct core_aead_job){.state = entry->stream->key.state,
                                  .nonce = entry->nonce.bytes,
                                  .aad = entry->in.frame.aad,
                                  .aad_count = sframe_aad_count(&entry->in.frame),
                                  .text = &entry->in.text,
                                  .text_count = 1,
                                  .expected = entry->in.tag,
                                  .tag_len = nt};
}

int sframe_open_batch(struct sframe_batch *batch, struct sframe_receiver *receiver, struct sframe_open_item *items,
                      size_t items_len, uint64_t now_ms)
{
    struct open_run run;
    size_t together = 0;
    run.batch = batch;
    run.receiver = receiver;
    run.failed = false;
    if (!batch || !receiver || (!items && items_len > 0))
        return SFRAME_INVALID;
    for (struct sframe_open_item *item = items; item < items + items_len; item++) {
        const enum place place = find_place(receiver, item, now_ms, &run.entries[together]);
        if (place == JOINS) {
            make_job(&run.entries[together], receiver->crypto.suite->nt, &run.jobs[together]);
            together++;
        }
        if (place == WAITS || together == CORE_BATCH_MAX) {
            open_together(&run, together);
            together = 0;
        }
        if (place != JOINS)
            tell(&run, item,
                 sframe_open(receiver, item->expect, item->metadata, item->metadata_len, item->frame, item->frame_len,
                             now_ms, &item->opened));
    }
    open_together(&run, together);
    for (size_t i = 0; run.failed && i < items_len; i++)
        if (items[i].error != SFRAME_OK)
            return items[i].error;
    return SFRAME_OK;
}
