/* Frames opened in batches against the same frames opened one by one, past the tag: two receivers that are given the
 * same differ in nothing.
 *
 * Input: see sframe_input.h. Frames are gathered until something else comes, or there are FRAMES_MAX. */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "sframe_input.h"

enum { FRAMES_MAX = 40 };

struct run {
    struct sframe_batch *batch;
    struct sframe_receiver *together;
    struct sframe_receiver *alone;
    uint64_t now_ms;
    size_t count;
    struct sframe_input_frame frames[FRAMES_MAX];
    struct sframe_open_item items[FRAMES_MAX];
};

static void must(bool held)
{
    if (!held)
        abort();
}

static bool same_opened(const struct sframe_opened *a, const struct sframe_opened *b)
{
    return a->kid == b->kid && a->ctr == b->ctr && a->context == b->context && a->sender == b->sender &&
           a->payload_len == b->payload_len && memcmp(a->payload, b->payload, a->payload_len) == 0 &&
           a->inner.codec == b->inner.codec && a->inner.capture_ms == b->inner.capture_ms &&
           a->inner.padding == b->inner.padding && a->inner.tlv_len == b->inner.tlv_len;
}

static void same_stats(const struct run *run)
{
    struct sframe_receiver_stats stats[2];
    memset(stats, 0, sizeof stats); /* padding is compared, too */
    sframe_receiver_stats(run->together, &stats[0]);
    sframe_receiver_stats(run->alone, &stats[1]);
    must(stats[0].opened == stats[1].opened && stats[0].failed == stats[1].failed &&
         stats[0].replayed == stats[1].replayed && stats[0].late == stats[1].late &&
         stats[0].no_key == stats[1].no_key && stats[0].refused == stats[1].refused && stats[0].keys == stats[1].keys);
}

static void open_gathered(struct run *run)
{
    int first = SFRAME_OK;
    for (size_t i = 0; i < run->count; i++) {
        const struct sframe_input_frame *frame = &run->frames[i];
        run->items[i] = (struct sframe_open_item){
            .expect = frame->expects ? &frame->expect : NULL,
            .metadata = frame->metadata,
            .metadata_len = frame->metadata_len,
            .frame = malloc(frame->len ? frame->len : 1), /* its own: a byte past it is seen */
            .frame_len = frame->len,
        };
        must(run->items[i].frame != NULL);
        memcpy(run->items[i].frame, frame->bytes, frame->len);
    }
    const int rc = sframe_open_batch(run->batch, run->together, run->items, run->count, run->now_ms);
    for (size_t i = 0; i < run->count; i++) {
        struct sframe_input_frame *frame = &run->frames[i];
        struct sframe_opened opened = {0};
        const int want = sframe_open(run->alone, run->items[i].expect, frame->metadata, frame->metadata_len,
                                     frame->bytes, frame->len, run->now_ms, &opened);
        must(run->items[i].error == want);
        must(want != SFRAME_OK || same_opened(&run->items[i].opened, &opened));
        if (first == SFRAME_OK)
            first = want;
        free(run->items[i].frame);
        free(frame->bytes);
    }
    must(rc == first);
    same_stats(run);
    run->count = 0;
}

static void step(struct run *run, struct bytes_reader *r)
{
    const unsigned operation = bytes_read_u8(r) % 8;
    if (operation >= 5) {
        if (run->count == FRAMES_MAX)
            open_gathered(run);
        run->count += sframe_input_frame(operation, r, &run->frames[run->count]);
        return;
    }
    open_gathered(run);
    if (operation == 0) {
        run->now_ms += bytes_read_u16(r);
        return;
    }
    struct bytes_reader again = *r;
    sframe_input_change(run->together, operation, r);
    sframe_input_change(run->alone, operation, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    static _Alignas(max_align_t) uint8_t memory[4096];
    struct bytes_reader r;
    bytes_reader_init(&r, data, size);
    const unsigned set_up = bytes_read_u8(&r);
    memset(&run, 0, sizeof run);
    must(sframe_batch_init_with(&provider_identity, memory, sizeof memory, &run.batch) == SFRAME_OK);
    run.together = sframe_input_receiver(set_up);
    run.alone = sframe_input_receiver(set_up);
    /* which KIDs share a quota's bucket, and what a derivation takes of it, is else a receiver's own secret */
    run.together->seed = run.alone->seed = 1;
    run.together->quota.random = run.alone->quota.random = 1;
    run.now_ms = SFRAME_INPUT_START_MS;
    while (bytes_reader_left(&r) > 0)
        step(&run, &r);
    open_gathered(&run);
    sframe_batch_wipe(run.batch);
    sframe_receiver_wipe(run.together);
    sframe_receiver_wipe(run.alone);
    free(run.together);
    free(run.alone);
    return 0;
}
