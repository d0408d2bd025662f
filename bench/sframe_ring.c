#include "sframe_ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGN = 64,
    RING_BYTES = 64 << 10, /* about: what a core's second cache holds easily */
    RING_FRAMES_MAX = 128,
};

const uint8_t ring_base_key[RING_BASE_KEY_LEN] = {7};

void ring_fail(const char *what)
{
    fprintf(stderr, "bench_sframe: %s failed\n", what);
    exit(EXIT_FAILURE);
}

uint64_t ring_kid(size_t key)
{
    uint64_t kid = 0;
    if (sframe_kid_from_leaf(SFRAME_CAMERA * SFRAME_LAYERS, (uint32_t)key, RING_LEAVES, RING_EPOCH, &kid) != SFRAME_OK)
        ring_fail("making a KID");
    return kid;
}

static size_t frames_of(size_t len)
{
    const size_t fitting = RING_BYTES / len / RING_BATCH * RING_BATCH;
    return fitting < RING_BATCH ? RING_BATCH : fitting > RING_FRAMES_MAX ? RING_FRAMES_MAX : fitting;
}

void ring_open(struct ring *ring, uint16_t suite, size_t len, size_t keys)
{
    const size_t stride = (RING_ROOM + len + SFRAME_TAG_MAX + ALIGN - 1) / ALIGN * ALIGN;
    *ring = (struct ring){.suite = sframe_suite_find(suite),
                          .len = len,
                          .keys = keys,
                          .count = frames_of(len),
                          .header_len = sframe_header_len(ring_kid(0), UINT16_MAX),
                          .stride = stride,
                          .memory = aligned_alloc(ALIGN, frames_of(len) * stride)};
    if (!ring->suite || !ring->memory)
        ring_fail("making frames");
    memset(ring->memory, 0, ring->count * stride);
}

void ring_close(struct ring *ring)
{
    free(ring->memory);
}

static uint8_t pattern(size_t frame, size_t at)
{
    return (uint8_t)(frame + at / 3);
}

void ring_fill(const struct ring *ring)
{
    for (size_t frame = 0; frame < ring->count; frame++)
        for (size_t i = 0; i < ring->len; i++)
            ring_payload(ring, frame)[i] = pattern(frame, i);
}

bool ring_is_filled(const struct ring *ring)
{
    for (size_t frame = 0; frame < ring->count; frame++)
        for (size_t i = 0; i < ring->len; i++)
            if (ring_payload(ring, frame)[i] != pattern(frame, i))
                return false;
    return true;
}
