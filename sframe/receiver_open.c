/* Opening a frame: look up, authenticate, and only then remember anything. */
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

static int read_frame(const struct sframe_receiver *receiver, const uint8_t *metadata, size_t metadata_len,
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

static int check_kind(const struct sframe_expect *expect, const struct sframe_stream_info *info)
{
    unsigned kind = sframe_stream_kind(info);
    bool expected = !expect || expect->kinds == 0 || kind == SFRAME_KINDS || (expect->kinds >> kind & 1) != 0;
    return expected ? SFRAME_OK : SFRAME_STREAM;
}

static void count_failure(struct sframe_receiver *receiver, uint64_t *failures)
{
    if (++*failures >= receiver->crypto.suite->forgery_limit)
        receiver->stats.forgery_limit = true;
}

static int open_known(struct sframe_receiver *receiver, const struct sframe_expect *expect, const struct incoming *in,
                      struct sframe_stream *stream)
{
    int rc = check_kind(expect, &stream->info);
    if (rc == SFRAME_OK)
        rc = sframe_replay_check(&stream->replay, in->header.ctr, in->now_ms);
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
        rc = check_kind(expect, &newcomer.info);
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
static int check_inner(const struct sframe_receiver *receiver, const struct sframe_expect *expect,
                       const struct incoming *in, const struct sframe_stream *stream, struct sframe_inner *inner,
                       struct core_span *payload)
{
    *inner = (struct sframe_inner){0};
    *payload = in->text;
    if (receiver->profile == SFRAME_PROFILE_RFC9605)
        return SFRAME_OK;
    int rc = sframe_inner_parse(in->text, inner, payload);
    if (rc == SFRAME_OK && expect && expect->codec != SFRAME_CODEC_ANY && expect->codec != inner->codec)
        rc = SFRAME_CODEC;
    if (rc != SFRAME_OK)
        return rc;
    struct sframe_timeline *timeline = sframe_streams_timeline(&receiver->streams, stream);
    const unsigned kind = sframe_stream_kind(&stream->info);
    rc = check_clock(receiver, stream, inner->capture_ms, in->now_ms);
    if (rc == SFRAME_OK)
        rc = sframe_timeline_take(timeline, kind, inner->capture_ms, in->now_ms, receiver->max_delay_ms,
                                  receiver->jitter_ms);
    return rc;
}

static void count(struct sframe_receiver *receiver, int rc)
{
    struct sframe_receiver_stats *stats = &receiver->stats;
    switch (rc) {
    case SFRAME_OK:
        stats->opened++;
        break;
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

static int open_frame(struct sframe_receiver *receiver, const struct sframe_expect *expect, const uint8_t *metadata,
                      size_t metadata_len, uint8_t *frame, size_t frame_len, uint64_t now_ms,
                      struct sframe_opened *opened)
{
    struct incoming in; /* not zeroed: read_frame sets all but the time, and zeroing would take as long */
    struct sframe_inner inner;
    struct core_span payload;
    in.now_ms = now_ms;
    int rc = read_frame(receiver, metadata, metadata_len, frame, frame_len, &in);
    if (rc != SFRAME_OK)
        return rc;
    struct sframe_stream *stream = sframe_streams_find(&receiver->streams, in.header.kid);
    rc = stream ? open_known(receiver, expect, &in, stream) : open_newcomer(receiver, expect, &in, &stream);
    if (rc != SFRAME_OK)
        return rc;
    /* authentic: this counter is spent, also if the frame is refused for what it says */
    sframe_replay_commit(&stream->replay, in.header.ctr, now_ms);
    if (now_ms > stream->heard_ms)
        stream->heard_ms = now_ms;
    rc = check_inner(receiver, expect, &in, stream, &inner, &payload);
    if (rc != SFRAME_OK) {
        core_wipe(in.text.data, in.text.len);
        return rc;
    }
    *opened = (struct sframe_opened){
        .kid = in.header.kid,
        .ctr = in.header.ctr,
        .context = stream->info.context < SFRAME_CONTEXTS ? stream->info.context : 0,
        .sender = stream->info.sender,
        .payload = payload.data,
        .payload_len = payload.len,
        .inner = inner,
    };
    return SFRAME_OK;
}

int sframe_open(struct sframe_receiver *receiver, const struct sframe_expect *expect, const uint8_t *metadata,
                size_t metadata_len, uint8_t *frame, size_t frame_len, uint64_t now_ms, struct sframe_opened *opened)
{
    if (!receiver || !frame || !opened || (!metadata && metadata_len > 0) || metadata_len > SFRAME_FRAME_MAX ||
        frame_len > (size_t)SFRAME_FRAME_MAX + SFRAME_HEAD_MAX + SFRAME_PADDING_MAX + SFRAME_TAG_MAX)
        return SFRAME_INVALID;
    int rc = open_frame(receiver, expect, metadata, metadata_len, frame, frame_len, now_ms, opened);
    count(receiver, rc);
    return rc;
}
