#include "sframe_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "sender.h"

enum { RECEIVE_KEYS = 4 };

static const uint8_t base_key[32] = {7};

void frames_fail(const char *what)
{
    fprintf(stderr, "bench_sframe: %s failed\n", what);
    exit(EXIT_FAILURE);
}

uint64_t frames_kid(void)
{
    uint64_t kid = 0;
    if (sframe_kid_from_start(SFRAME_CAMERA * SFRAME_LAYERS, 0x0123456789ab, &kid) != SFRAME_OK)
        frames_fail("KID");
    return kid;
}

static void seal_one(struct frames *frames, struct sframe_sealed *sealed)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = frames->capture_ms};
    uint8_t *payload = frames->whole + SFRAME_HEAD_MAX;
    uint8_t *head = frames->apart ? frames->head : frames->whole;
    uint8_t *tail = frames->apart ? frames->tail : payload + frames->len;
    if (sframe_seal(frames->sender, &inner, NULL, 0, head, SFRAME_HEAD_MAX, payload, frames->len, tail, SFRAME_TAG_MAX,
                    sealed) != SFRAME_OK)
        frames_fail("sframe_seal");
}

void frames_run_seal(void *ctx, uint64_t iterations)
{
    struct frames *frames = ctx;
    struct sframe_sealed sealed;
    for (uint64_t i = 0; i < iterations; i++)
        seal_one(frames, &sealed);
}

/* Opening needs a frame to open, so this is the pair. */
void frames_run_seal_and_open(void *ctx, uint64_t iterations)
{
    struct frames *frames = ctx;
    struct sframe_sealed sealed;
    struct sframe_opened opened;
    for (uint64_t i = 0; i < iterations; i++) {
        seal_one(frames, &sealed);
        if (sframe_open(frames->receiver, NULL, NULL, 0, frames->whole + SFRAME_HEAD_MAX - sealed.head_len,
                        sealed.head_len + frames->len + sealed.tail_len, frames->capture_ms, &opened) != SFRAME_OK)
            frames_fail("sframe_open");
    }
}

void frames_open(struct frames *frames, const struct core_provider *provider, uint16_t suite, size_t len, bool apart)
{
    const struct sframe_sender_config sender = {.suite = suite, .key_history = 4};
    const struct sframe_receiver_config receiver = {.suite = suite, .keys = RECEIVE_KEYS};
    memset(frames, 0, sizeof *frames);
    frames->len = len;
    frames->apart = apart;
    size_t sender_size = sframe_sender_size(&sender);
    size_t receiver_size = sframe_receiver_size(&receiver);
    if (sframe_sender_init_with(provider, malloc(sender_size), sender_size, &sender, &frames->sender) != SFRAME_OK ||
        sframe_receiver_init_with(provider, malloc(receiver_size), receiver_size, &receiver, &frames->receiver) !=
            SFRAME_OK ||
        sframe_sender_add_key(frames->sender, frames_kid(), base_key, sizeof base_key) != SFRAME_OK ||
        sframe_receiver_add_shared(frames->receiver, base_key, sizeof base_key) != SFRAME_OK)
        frames_fail("set-up");
}

void frames_close(struct frames *frames)
{
    sframe_sender_wipe(frames->sender);
    sframe_receiver_wipe(frames->receiver);
    free(frames->sender);
    free(frames->receiver);
}
