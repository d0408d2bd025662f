/* Sealing frames, one at a time and several at once: a counter is spent, then the frame is encrypted. */
#include <string.h>

#include "batch.h"
#include "core/secret.h"
#include "header.h"
#include "inner.h"
#include "sender.h"
#include "steady.h"

/* What the cipher is pointed to. Apart from the rest, which need not be in memory. */
struct pieces {
    union sframe_head head; /* the header: counters end long before it is longer */
    struct core_span text[3];
};

/* A frame whose counter is spent, with everything but its encryption and tag. */
struct outgoing {
    struct sframe_key *key;
    struct sframe_frame frame;
    size_t text_count;
    uint8_t *tag;
    size_t tag_len;
};

SFRAME_PER_FRAME int check_frame(const struct sframe_seal_item *item)
{
    if (!item->sender || !item->head || !item->tail || (!item->payload && item->payload_len > 0) ||
        (!item->metadata && item->metadata_len > 0) || item->payload_len > SFRAME_FRAME_MAX ||
        item->metadata_len > SFRAME_FRAME_MAX ||
        (item->inner == NULL) != (item->sender->profile == SFRAME_PROFILE_RFC9605))
        return SFRAME_INVALID;
    return item->inner ? sframe_inner_check(item->inner) : SFRAME_OK;
}

/* Spends a counter and writes what stands around the ciphertext. */
SFRAME_PER_FRAME int prepare(const struct sframe_seal_item *item, struct pieces *pieces, struct outgoing *out,
                             struct sframe_sealed *sealed)
{
    int rc = check_frame(item);
    if (rc != SFRAME_OK)
        return rc;
    struct sframe_sender_key *key = item->sender->current;
    if (!key)
        return SFRAME_NO_KEY;
    const struct sframe_inner *inner = item->inner;
    const struct sframe_suite *suite = item->sender->crypto.suite;
    const size_t inner_len = inner ? sframe_inner_len(inner) : 0;
    const size_t padding = inner ? inner->padding : 0;
    const size_t kid_len = key->kid_len;
    const size_t ctr_len = sframe_field_len(key->ctr);
    const size_t header_len = 1 + kid_len + ctr_len;
    if (item->head_cap < header_len + inner_len || item->tail_cap < padding + suite->nt)
        return SFRAME_SPACE;
    sframe_credit_reclaim(key);
    const uint64_t cost = 1 + sframe_blocks_of(header_len + item->metadata_len) +
                          sframe_blocks_of(inner_len + item->payload_len + padding);
    if (key->ctr >= suite->seal_limit || key->blocks + cost > suite->block_limit)
        return SFRAME_KEY_EXHAUSTED;

    /* from here on this counter is spent, whatever happens */
    const uint64_t ctr = key->ctr++;
    key->blocks += cost;
    uint8_t *start = item->head + item->head_cap - header_len - inner_len;
    pieces->head.words = sframe_head_make(key->head, kid_len, ctr, ctr_len);
    sframe_header_put(pieces->head.words, ctr, header_len, start);
    if (inner)
        sframe_inner_write(inner, start + header_len);
    if (padding > 0)
        memset(item->tail, 0, padding);

    /* parts that lie in one buffer are one text to the cipher */
    struct core_span *text = pieces->text;
    size_t count = 0;
    if (inner_len > 0)
        text[count++] = (struct core_span){start + header_len, inner_len};
    if (count > 0 && start + header_len + inner_len == item->payload)
        text[count - 1].len += item->payload_len;
    else if (item->payload_len > 0)
        text[count++] = (struct core_span){item->payload, item->payload_len};
    if (count > 0 && padding > 0 && text[count - 1].data + text[count - 1].len == item->tail)
        text[count - 1].len += padding;
    else if (padding > 0)
        text[count++] = (struct core_span){item->tail, padding};

    out->key = &key->key;
    out->frame = (struct sframe_frame){ctr, {{start, header_len}, {item->metadata, item->metadata_len}}};
    out->text_count = count;
    out->tag = item->tail + padding;
    out->tag_len = suite->nt;
    *sealed = (struct sframe_sealed){
        .kid = key->kid,
        .ctr = ctr,
        .head_len = header_len + inner_len,
        .tail_len = padding + suite->nt,
        .soft_limit =
            key->ctr >= sframe_soft_limit(suite->seal_limit) || key->blocks >= sframe_soft_limit(suite->block_limit),
    };
    return SFRAME_OK;
}

/* The cipher failed: what it left is neither plaintext nor a frame. */
static void lose(const struct pieces *pieces, const struct outgoing *out)
{
    for (size_t i = 0; i < out->text_count; i++)
        core_wipe(pieces->text[i].data, pieces->text[i].len);
    core_wipe(out->tag, out->tag_len);
}

/* Any frame. Out of line: what it needs would be saved for every steady one. */
__attribute__((noinline)) static int seal_any(struct sframe_sender *sender, const struct sframe_inner *inner,
                                              const uint8_t *metadata, size_t metadata_len, uint8_t *head,
                                              size_t head_cap, uint8_t *payload, size_t payload_len, uint8_t *tail,
                                              size_t tail_cap, struct sframe_sealed *sealed)
{
    const struct sframe_seal_item item = {.sender = sender,
                                          .inner = inner,
                                          .metadata = metadata,
                                          .metadata_len = metadata_len,
                                          .head = head,
                                          .head_cap = head_cap,
                                          .payload = payload,
                                          .payload_len = payload_len,
                                          .tail = tail,
                                          .tail_cap = tail_cap};
    struct pieces pieces;
    struct outgoing out;
    struct sframe_sealed done;
    int rc = sender && sealed ? prepare(&item, &pieces, &out, &done) : SFRAME_INVALID;
    if (rc != SFRAME_OK)
        return rc;
    sframe_credit_grant(sender, sender->current);
    out.frame.aad[0].data = pieces.head.bytes; /* the same, which need not be waited for */
    rc = sframe_key_seal(&sender->crypto, out.key, &out.frame, pieces.text, out.text_count, out.tag);
    if (rc != SFRAME_OK) {
        lose(&pieces, &out);
        return rc;
    }
    *sealed = done;
    return SFRAME_OK;
}

/* Whether this is a steady frame of the key's: one that the general way would have nothing to say to, its inner header
 * plain and, as a buffer, right before the payload. */
SFRAME_PER_FRAME bool is_steady(const struct sframe_sender_key *key, const struct sframe_inner *inner,
                                const uint8_t *head, size_t head_cap, const uint8_t *payload, size_t payload_len)
{
    return payload_len <= SFRAME_FRAME_MAX && key->credit >= sframe_steady_cost(payload_len) && inner &&
           sframe_inner_is_plain(inner) && inner->codec != SFRAME_CODEC_ANY && head && head + head_cap == payload &&
           head_cap >= (size_t)key->header_len + SFRAME_INNER_FIXED_LEN;
}

int sframe_seal(struct sframe_sender *sender, const struct sframe_inner *inner, const uint8_t *metadata,
                size_t metadata_len, uint8_t *head, size_t head_cap, uint8_t *payload, size_t payload_len,
                uint8_t *tail, size_t tail_cap, struct sframe_sealed *sealed)
{
    struct sframe_sender_key *key = sender ? sender->current : NULL;
    if (!key || !is_steady(key, inner, head, head_cap, payload, payload_len) || metadata_len > 0 || !tail ||
        tail_cap < SFRAME_STEADY_TAG_LEN || !sealed)
        return seal_any(sender, inner, metadata, metadata_len, head, head_cap, payload, payload_len, tail, tail_cap,
                        sealed);

    /* from here on this counter is spent, whatever happens */
    const uint64_t ctr = key->ctr++;
    key->credit -= sframe_steady_cost(payload_len);
    const size_t header_len = key->header_len;
    const uint64_t header = sframe_steady_header(key, ctr);
    uint8_t *text = payload - SFRAME_INNER_FIXED_LEN;
    memcpy(text - header_len, &header, sizeof header); /* over what the inner header is written to */
    sframe_inner_write_plain(inner, text);
    if (!sender->crypto.aead->seal_one(key->key.state, (core_block)sframe_nonce_of(&key->key, ctr),
                                       (core_block){header, 0}, header_len, text, SFRAME_INNER_FIXED_LEN + payload_len,
                                       tail))
        return SFRAME_CRYPTO;
    *sealed = (struct sframe_sealed){.kid = key->kid,
                                     .ctr = ctr,
                                     .head_len = header_len + SFRAME_INNER_FIXED_LEN,
                                     .tail_len = SFRAME_STEADY_TAG_LEN};
    return SFRAME_OK;
}

/* --- several at once --- */

/* Frames of one AEAD whose counters are spent. */
struct seal_run {
    size_t count;
    bool failed; /* one of any run */
    struct sframe_seal_item *items[CORE_BATCH_MAX];
    struct pieces pieces[CORE_BATCH_MAX];
    struct outgoing out[CORE_BATCH_MAX];
    struct sframe_sealed sealed[CORE_BATCH_MAX];
    union sframe_nonce nonces[CORE_BATCH_MAX];
    struct core_aead_job jobs[CORE_BATCH_MAX];
};

static void add(struct seal_run *run, struct sframe_seal_item *item)
{
    struct outgoing *out = &run->out[run->count];
    union sframe_nonce *nonce = &run->nonces[run->count];
    sframe_nonce_make(out->key, out->frame.ctr, nonce);
    run->items[run->count] = item;
    run->jobs[run->count] = (struct core_aead_job){.state = out->key->state,
                                                   .nonce = nonce->bytes,
                                                   .aad = out->frame.aad,
                                                   .aad_count = sframe_aad_count(&out->frame),
                                                   .text = run->pieces[run->count].text,
                                                   .text_count = out->text_count,
                                                   .tag = out->tag,
                                                   .tag_len = out->tag_len};
    run->count++;
}

static void finish(struct sframe_batch *batch, struct seal_run *run)
{
    if (run->count == 0)
        return;
    const struct sframe_crypto *crypto = &run->items[0]->sender->crypto;
    core_aead_seal_batch(crypto->aead, sframe_batch_workspace(batch, crypto), run->jobs, run->count);
    for (size_t i = 0; i < run->count; i++) {
        struct sframe_seal_item *item = run->items[i];
        item->error = run->jobs[i].result == CORE_OPEN_OK ? SFRAME_OK : SFRAME_CRYPTO;
        if (item->error == SFRAME_OK) {
            item->sealed = run->sealed[i];
        } else {
            lose(&run->pieces[i], &run->out[i]);
            run->failed = true;
        }
    }
    run->count = 0;
}

int sframe_seal_batch(struct sframe_batch *batch, struct sframe_seal_item *items, size_t count)
{
    struct seal_run run;
    run.count = 0;
    run.failed = false;
    if (!batch || (!items && count > 0))
        return SFRAME_INVALID;
    for (struct sframe_seal_item *item = items; item < items + count; item++) {
        const bool joins = item->sender && run.count > 0 && run.count < CORE_BATCH_MAX &&
                           item->sender->crypto.aead == run.items[0]->sender->crypto.aead;
        if (!joins)
            finish(batch, &run);
        item->error = prepare(item, &run.pieces[run.count], &run.out[run.count], &run.sealed[run.count]);
        if (item->error == SFRAME_OK)
            add(&run, item);
        else
            run.failed = true;
    }
    finish(batch, &run);
    for (size_t i = 0; run.failed && i < count; i++)
        if (items[i].error != SFRAME_OK)
            return items[i].error;
    return SFRAME_OK;
}
