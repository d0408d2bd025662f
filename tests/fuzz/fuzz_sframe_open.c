/* A receiver under any sequence of frames and key changes, past the tag: with the identity provider a frame is
 * authentic when its tag is zero, so the fuzzer reaches windows, streams, ratchets, the inner header and time.
 *
 * Input: see sframe_input.h. Held throughout:
 * a (KID, counter) opens once (but on a ratchet, where a KID comes round again with another key), a payload lies in its
 * frame, a forged frame makes no stream. */
#include <stdlib.h>
#include <string.h>

#include "sframe_input.h"

enum { OPENED_MAX = 512 };

struct run {
    struct sframe_receiver *receiver;
    uint64_t now_ms;
    uint64_t opened[OPENED_MAX][2];
    size_t opened_count;
};

/* Lengths that no frame has are refused before a byte is read. */
static void must_refuse_lengths(struct sframe_receiver *receiver)
{
    uint8_t frame[1] = {0};
    struct sframe_opened opened;
    const size_t too_long = (size_t)SFRAME_FRAME_MAX + SFRAME_HEAD_MAX + SFRAME_PADDING_MAX + SFRAME_TAG_MAX + 1;
    if (sframe_open(receiver, NULL, NULL, 0, frame, too_long, 0, &opened) != SFRAME_INVALID ||
        sframe_open(receiver, NULL, frame, (size_t)SFRAME_FRAME_MAX + 1, frame, 1, 0, &opened) != SFRAME_INVALID)
        abort();
}

static void open_one(struct run *run, unsigned operation, struct bytes_reader *r)
{
    struct sframe_opened opened = {0};
    struct sframe_receiver_stats before;
    struct sframe_receiver_stats after;
    struct sframe_input_frame frame;
    if (!sframe_input_frame(operation, r, &frame))
        return;
    sframe_receiver_stats(run->receiver, &before);
    int rc = sframe_open(run->receiver, frame.expects ? &frame.expect : NULL, frame.metadata, frame.metadata_len,
                         frame.bytes, frame.len, run->now_ms, &opened);
    sframe_receiver_stats(run->receiver, &after);
    if (after.keys > SFRAME_INPUT_KEYS || (rc == SFRAME_AUTH && after.keys != before.keys))
        abort();
    if (rc == SFRAME_OK) {
        if (opened.payload < frame.bytes || opened.payload + opened.payload_len > frame.bytes + frame.len ||
            opened.context >= 20)
            abort();
        for (size_t i = 0; i < run->opened_count && run->receiver->keying != SFRAME_KEYING_RATCHETS; i++)
            if (run->opened[i][0] == opened.kid && run->opened[i][1] == opened.ctr)
                abort();
        if (run->opened_count < OPENED_MAX) {
            run->opened[run->opened_count][0] = opened.kid;
            run->opened[run->opened_count++][1] = opened.ctr;
        }
    }
    free(frame.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    struct bytes_reader r;
    bytes_reader_init(&r, data, size);
    memset(&run, 0, sizeof run);
    run.receiver = sframe_input_receiver(bytes_read_u8(&r));
    run.now_ms = SFRAME_INPUT_START_MS;
    must_refuse_lengths(run.receiver);
    while (bytes_reader_left(&r) > 0) {
        const unsigned operation = bytes_read_u8(&r) % 8;
        if (operation == 0)
            run.now_ms += bytes_read_u16(&r);
        else if (operation < 5)
            sframe_input_change(run.receiver, operation, &r);
        else
            open_one(&run, operation, &r);
    }
    sframe_receiver_wipe(run.receiver);
    free(run.receiver);
    return 0;
}
