/* A receiver under any sequence of frames and key changes, past the tag: with the identity provider a frame is
 * authentic when its tag is zero, so the fuzzer reaches windows, streams, ratchets, the inner header and time.
 *
 * Input: a byte for suite, profile and keying; then steps, each an operation byte and what it needs. Held throughout:
 * a (KID, counter) opens once (but on a ratchet, where a KID comes round again with another key), a payload lies in its
 * frame, a forged frame makes no stream. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "provider_identity.h"
#include "receiver.h"

enum { KEYS = 6, OPENED_MAX = 512, SLOTS = 5, RATCHET_BITS = 2 };

static const uint8_t key_a[16] = {1};
static const uint8_t key_b[16] = {2};
static const uint8_t members[] = {0x17, 0x01};

struct run {
    struct sframe_receiver *receiver;
    uint64_t now_ms;
    uint64_t opened[OPENED_MAX][2];
    size_t opened_count;
};

static void install(struct sframe_receiver *receiver, unsigned keying)
{
    int rc = SFRAME_OK;
    switch (keying % 4) {
    case 0:
        rc = sframe_receiver_add_key(receiver, 1, key_a, sizeof key_a);
        rc |= sframe_receiver_add_key(receiver, 300, key_a, sizeof key_a);
        break;
    case 1:
        rc = sframe_receiver_add_ratchet(receiver, 1 << RATCHET_BITS, RATCHET_BITS, key_a, sizeof key_a);
        break;
    case 2:
        rc = sframe_receiver_add_epoch(receiver, 7, SLOTS, members, key_a, sizeof key_a);
        break;
    default:
        rc = sframe_receiver_add_shared(receiver, key_a, sizeof key_a);
    }
    if (rc != SFRAME_OK)
        abort();
}

/* Lengths that no frame has are refused before a byte is read. */
static void must_refuse_lengths(struct sframe_receiver *receiver)
{
    uint8_t frame[1] = {0};
    struct sframe_opened opened;
    const size_t too_long = (size_t)SFRAME_FRAME_MAX + SFRAME_HEAD_MAX + SFRAME_PADDING_MAX + SFRAME_TAG_MAX + 1;
    if (sframe_open(receiver, NULL, NULL, 0, frame, too_long, 0, &opened) != SFRAME_INVALID ||
        sframe_open(receiver, NULL, key_a, (size_t)SFRAME_FRAME_MAX + 1, frame, 1, 0, &opened) != SFRAME_INVALID)
        abort();
}

/* how: 0 with nothing expected, 1 with metadata, 2 without. */
static void open_one(struct run *run, struct bytes_reader *r, unsigned how)
{
    struct sframe_opened opened = {0};
    struct sframe_receiver_stats before;
    struct sframe_receiver_stats after;
    const struct sframe_expect expect = {.kinds = bytes_read_u8(r), .codec = bytes_read_u8(r) % 8};
    size_t len = bytes_read_u8(r);
    const uint8_t *data = bytes_parse(r, len);
    if (!data)
        return;
    uint8_t *frame = malloc(len ? len : 1);
    if (!frame)
        return;
    memcpy(frame, data, len);
    sframe_receiver_stats(run->receiver, &before);
    int rc = sframe_open(run->receiver, how == 0 ? NULL : &expect, how == 1 ? key_a : NULL, how == 1 ? sizeof key_a : 0,
                         frame, len, run->now_ms, &opened);
    sframe_receiver_stats(run->receiver, &after);
    if (after.keys > KEYS || (rc == SFRAME_AUTH && after.keys != before.keys))
        abort();
    if (rc == SFRAME_OK) {
        if (opened.payload < frame || opened.payload + opened.payload_len > frame + len || opened.context >= 20)
            abort();
        for (size_t i = 0; i < run->opened_count && run->receiver->keying != SFRAME_KEYING_RATCHETS; i++)
            if (run->opened[i][0] == opened.kid && run->opened[i][1] == opened.ctr)
                abort();
        if (run->opened_count < OPENED_MAX) {
            run->opened[run->opened_count][0] = opened.kid;
            run->opened[run->opened_count++][1] = opened.ctr;
        }
    }
    free(frame);
}

/* One is removed, or its clock is told. */
static int leaf(struct run *run, struct bytes_reader *r)
{
    enum { CLOCK = 0xc6 };
    const uint8_t index = bytes_read_u8(r);
    if (index != CLOCK)
        return sframe_receiver_remove_leaf(run->receiver, 7, index);
    const uint8_t of = bytes_read_u8(r);
    return sframe_receiver_set_clock(run->receiver, 7, of, bytes_read_u16(r));
}

static void step(struct run *run, struct bytes_reader *r)
{
    int rc = SFRAME_OK;
    const unsigned operation = bytes_read_u8(r) % 8;
    switch (operation) {
    case 0:
        run->now_ms += bytes_read_u16(r);
        break;
    case 1:
        /* what a key opened it could open again after it came back: it must not come back */
        rc = sframe_receiver_remove_key(run->receiver, bytes_read_u16(r));
        if (rc == SFRAME_OK && (sframe_receiver_add_key(run->receiver, 1, key_a, sizeof key_a) == SFRAME_OK ||
                                sframe_receiver_add_ratchet(run->receiver, 1 << RATCHET_BITS, RATCHET_BITS, key_a,
                                                            sizeof key_a) == SFRAME_OK))
            abort();
        break;
    case 2:
        rc = leaf(run, r);
        break;
    case 3:
        rc = sframe_receiver_add_epoch(run->receiver, 8, SLOTS + 4, members, key_b, sizeof key_b);
        break;
    case 4:
        rc = sframe_receiver_remove_epoch(run->receiver, bytes_read_u8(r));
        break;
    default:
        open_one(run, r, operation - 5);
    }
    (void)rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    struct bytes_reader r;
    bytes_reader_init(&r, data, size);
    const unsigned set_up = bytes_read_u8(&r);
    const struct sframe_receiver_config config = {
        .suite = (uint16_t)(1 + set_up % 8), .profile = set_up / 8 % 2, .keys = KEYS};
    size_t len = sframe_receiver_size(&config);
    void *memory = malloc(len);
    memset(&run, 0, sizeof run);
    if (!memory || sframe_receiver_init_with(&provider_identity, memory, len, &config, &run.receiver) != SFRAME_OK)
        abort();
    install(run.receiver, set_up / 16);
    run.now_ms = 1000;
    must_refuse_lengths(run.receiver);
    while (bytes_reader_left(&r) > 0)
        step(&run, &r);
    sframe_receiver_wipe(run.receiver);
    free(memory);
    return 0;
}
