/* A whole program that does nothing but frames, for setting beside another's: on each line of its input, a size in
 * bytes and a number of frames, it seals that many frames of that size, then opens them, and prints the nanoseconds of
 * CPU time that each of the two took. The default suite, one sender, one receiver, each frame in place in a buffer of
 * its own; the buffers are the same ones each time, as a pool's would be. Only the public library is used. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sotto/sframe.h"

enum {
    BUFFERS_LEN = 64 * 1024 * 1024,
    COUNT_MAX = 100000,
    LINE_MAX_LEN = 64,
    ROOM = SFRAME_HEAD_MAX + SFRAME_TAG_MAX, /* around a frame */
    RECEIVE_KEYS = 4,
    CAPTURE_MS = 1000,
};

static const uint8_t base_key[16] = {7};

static uint8_t *buffers;
static struct sframe_sealed sealed[COUNT_MAX];

struct pair {
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_dave_frames: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void pair_init(struct pair *pair)
{
    const struct sframe_sender_config sender = {.suite = SFRAME_SUITE_DEFAULT, .key_history = RECEIVE_KEYS};
    const struct sframe_receiver_config receiver = {.suite = SFRAME_SUITE_DEFAULT, .keys = RECEIVE_KEYS};
    const size_t sender_size = sframe_sender_size(&sender);
    const size_t receiver_size = sframe_receiver_size(&receiver);
    uint64_t kid = 0;
    if (sframe_kid_from_start(SFRAME_CAMERA * SFRAME_LAYERS, 1, &kid) != SFRAME_OK ||
        sframe_sender_init(malloc(sender_size), sender_size, &sender, &pair->sender) != SFRAME_OK ||
        sframe_receiver_init(malloc(receiver_size), receiver_size, &receiver, &pair->receiver) != SFRAME_OK ||
        sframe_sender_add_key(pair->sender, kid, base_key, sizeof base_key) != SFRAME_OK ||
        sframe_receiver_add_shared(pair->receiver, base_key, sizeof base_key) != SFRAME_OK)
        fail("set-up");
}

static void pair_wipe(struct pair *pair)
{
    sframe_sender_wipe(pair->sender);
    sframe_receiver_wipe(pair->receiver);
    free(pair->sender);
    free(pair->receiver);
}

static void round_of(struct pair *pair, size_t size, size_t count)
{
    const struct sframe_inner inner = {.codec = SFRAME_CODEC_VP8, .capture_ms = CAPTURE_MS};
    const size_t room = size + ROOM;
    struct sframe_opened opened;
    const uint64_t start = cpu_ns();
    for (size_t i = 0; i < count; i++) {
        uint8_t *payload = buffers + i * room + SFRAME_HEAD_MAX;
        if (sframe_seal(pair->sender, &inner, NULL, 0, payload - SFRAME_HEAD_MAX, SFRAME_HEAD_MAX, payload, size,
                        payload + size, SFRAME_TAG_MAX, &sealed[i]) != SFRAME_OK)
            fail("a frame was not sealed");
    }
    const uint64_t between = cpu_ns();
    for (size_t i = 0; i < count; i++) {
        uint8_t *frame = buffers + i * room + SFRAME_HEAD_MAX - sealed[i].head_len;
        if (sframe_open(pair->receiver, NULL, NULL, 0, frame, sealed[i].head_len + size + sealed[i].tail_len,
                        CAPTURE_MS, &opened) != SFRAME_OK ||
            opened.payload_len != size)
            fail("a frame was not opened");
    }
    printf("%" PRIu64 " %" PRIu64 "\n", between - start, cpu_ns() - between);
    fflush(stdout);
}

int main(void)
{
    struct pair pair;
    char line[LINE_MAX_LEN];
    pair_init(&pair);
    buffers = malloc(BUFFERS_LEN);
    if (!buffers)
        fail("no memory");
    memset(buffers, 7, BUFFERS_LEN); /* so that no page is a new one when it is measured */
    while (fgets(line, sizeof line, stdin)) {
        char *rest = line;
        const size_t size = strtoul(line, &rest, 10);
        const size_t count = strtoul(rest, NULL, 10);
        if (size < 1 || size > BUFFERS_LEN || count < 1 || count > COUNT_MAX || size + ROOM > BUFFERS_LEN / count)
            fail("a line is SIZE COUNT: 100000 frames at most, 64 MiB in all");
        round_of(&pair, size, count);
    }
    pair_wipe(&pair);
    free(buffers);
    return EXIT_SUCCESS;
}
