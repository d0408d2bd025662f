/* Frames of a member of an MLS group, for counting instructions: bench_instructions_frames WHAT SIZE COUNT [burden].
 * Each is sealed (and opened) under a provider that encrypts nothing, so that what is left is our own code; seal, open:
 * as nearly all frames go; general, read: the same in a suite whose frames are neither steady nor expected. `burden`
 * adds to each frame about a fifteenth of what opening takes, for showing that it is noticed. Counted by callgrind; see
 * run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider_identity.h"
#include "receiver.h"
#include "sender.h"
#include "sotto/sframe.h"

enum { BURDEN = 4, ARGS_MIN = 4, SIZE_MAX_B = 20000, RECEIVE_KEYS = 4, EPOCH = 5, LEAF = 9, LEAF_SLOTS = 16 };

struct frames {
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    uint8_t whole[SFRAME_HEAD_MAX + SIZE_MAX_B + SFRAME_TAG_MAX];
    size_t len;
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_instructions_frames: %s failed\n", what);
    exit(EXIT_FAILURE);
}

static void seal(struct frames *frames, struct sframe_sealed *sealed)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8};
    uint8_t *payload = frames->whole + SFRAME_HEAD_MAX;
    if (sframe_seal(frames->sender, &inner, NULL, 0, frames->whole, SFRAME_HEAD_MAX, payload, frames->len,
                    payload + frames->len, SFRAME_TAG_MAX, sealed) != SFRAME_OK)
        fail("sframe_seal");
}

static void open_sealed(struct frames *frames, const struct sframe_sealed *sealed)
{
    struct sframe_opened opened;
    if (sframe_open(frames->receiver, NULL, NULL, 0, frames->whole + SFRAME_HEAD_MAX - sealed->head_len,
                    sealed->head_len + frames->len + sealed->tail_len, 0, &opened) != SFRAME_OK)
        fail("sframe_open");
}

static void set_up(struct frames *frames, uint16_t suite, size_t len)
{
    static const uint8_t base_key[32] = {7};
    static const uint8_t leaves[LEAF_SLOTS / 8] = {0, 1 << (LEAF - 8)};
    const struct sframe_sender_config sender = {.suite = suite, .key_history = 4};
    const struct sframe_receiver_config receiver = {.suite = suite, .keys = RECEIVE_KEYS};
    const size_t sender_size = sframe_sender_size(&sender);
    const size_t receiver_size = sframe_receiver_size(&receiver);
    uint64_t kid = 0;
    frames->len = len;
    if (sframe_kid_from_leaf(SFRAME_CAMERA * SFRAME_LAYERS, LEAF, LEAF_SLOTS, EPOCH, &kid) != SFRAME_OK ||
        sframe_sender_init_with(&provider_identity, malloc(sender_size), sender_size, &sender, &frames->sender) !=
            SFRAME_OK ||
        sframe_receiver_init_with(&provider_identity, malloc(receiver_size), receiver_size, &receiver,
                                  &frames->receiver) != SFRAME_OK ||
        sframe_sender_add_key(frames->sender, kid, base_key, sizeof base_key) != SFRAME_OK ||
        sframe_receiver_add_epoch(frames->receiver, EPOCH, LEAF_SLOTS, leaves, base_key, sizeof base_key) != SFRAME_OK)
        fail("set-up");
}

int main(int argc, char **argv)
{
    static struct frames frames;
    struct sframe_sealed sealed;
    if (argc < ARGS_MIN) {
        fprintf(stderr, "usage: %s seal|open|general|read SIZE COUNT [burden]\n", argv[0]);
        return 2;
    }
    const size_t size = strtoul(argv[2], NULL, 10);
    const size_t count = strtoul(argv[3], NULL, 10);
    const bool opens = strcmp(argv[1], "open") == 0 || strcmp(argv[1], "read") == 0;
    const bool general = strcmp(argv[1], "general") == 0 || strcmp(argv[1], "read") == 0;
    if (size < 1 || size > SIZE_MAX_B)
        fail("a frame of that size");
    set_up(&frames, general ? SFRAME_AES_128_CTR_HMAC_SHA256_80 : SFRAME_SUITE_DEFAULT, size);
    for (size_t i = 0; i < count; i++) {
        seal(&frames, &sealed);
        if (opens)
            open_sealed(&frames, &sealed);
        for (volatile int spent = 0; argc > ARGS_MIN && spent < BURDEN;)
            spent = spent + 1;
    }
    sframe_sender_wipe(frames.sender);
    sframe_receiver_wipe(frames.receiver);
    free(frames.sender);
    free(frames.receiver);
    return EXIT_SUCCESS;
}
