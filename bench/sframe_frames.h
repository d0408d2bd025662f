/* A sender and its receiver, for the benchmarks of frames. */
#ifndef BENCH_SFRAME_FRAMES_H
#define BENCH_SFRAME_FRAMES_H

#include "core/provider.h"
#include "sotto/sframe.h"

enum { FRAMES_SIZE_MAX = 20000, FRAMES_INNER_LEN = 6 };

struct frames {
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    bool apart; /* head, payload and tail in three buffers */
    uint8_t head[SFRAME_HEAD_MAX];
    uint8_t tail[SFRAME_TAG_MAX];
    uint8_t whole[SFRAME_HEAD_MAX + FRAMES_SIZE_MAX + SFRAME_TAG_MAX];
    size_t len;
    uint32_t capture_ms;
};

/* Says what failed and ends the program. */
_Noreturn void frames_fail(const char *what);
/* The KID of every frame here. */
uint64_t frames_kid(void);
/* Frames of len bytes of payload. */
void frames_open(struct frames *frames, const struct core_provider *provider, uint16_t suite, size_t len, bool apart);
void frames_close(struct frames *frames);
/* bench_run_fn */
void frames_run_seal(void *ctx, uint64_t iterations);
/* Opening needs a frame to open, so this is the pair. */
void frames_run_seal_and_open(void *ctx, uint64_t iterations);

#endif
