/* The frames that the contestants of a case take turns at: a ring of buffers, the same for all of them, and the keys
 * that are used in turn. */
#ifndef BENCH_SFRAME_RING_H
#define BENCH_SFRAME_RING_H

#include "sotto/sframe.h"

enum {
    RING_BATCH = 16,      /* frames that are sealed or opened together */
    RING_ROOM = 64,       /* bytes before a payload: headers, and what a MAC is over besides */
    RING_INNER_LEN = 6,   /* of every frame's inner header */
    RING_KEYS_MAX = 1000, /* in turn */
    RING_LEAVES = 1024,   /* slots of the epoch that its senders are in */
    RING_EPOCH = 1,
    RING_BASE_KEY_LEN = 32,
};

struct ring {
    const struct sframe_suite *suite;
    size_t len;        /* of a payload */
    size_t keys;       /* 1 to RING_KEYS_MAX; the next frame is the next key's */
    size_t count;      /* frames; a multiple of RING_BATCH */
    size_t header_len; /* of most frames: the counters that a case reaches take two bytes or three */
    size_t stride;
    uint8_t *memory;
};

/* Says what failed and ends the program. */
_Noreturn void ring_fail(const char *what);

void ring_open(struct ring *ring, uint16_t suite, size_t len, size_t keys);
void ring_close(struct ring *ring);
/* The KID of key 0..keys: a camera's in an epoch. */
uint64_t ring_kid(size_t key);
/* What all of them are derived from. */
extern const uint8_t ring_base_key[RING_BASE_KEY_LEN];

/* Writes a pattern into every payload; whether all payloads are that pattern. */
void ring_fill(const struct ring *ring);
bool ring_is_filled(const struct ring *ring);

/* A frame's number as nonce or counter block, written at once: ciphers load it at once, and a load over several recent
 * stores waits for all of them. It waits for the frame before, too, which costs the bare calls more than anything that
 * is measured here. */
typedef uint64_t ring_nonce __attribute__((vector_size(16)));

static inline ring_nonce ring_nonce_of(uint64_t number)
{
    return (ring_nonce){number, 0};
}

static inline uint8_t *ring_payload(const struct ring *ring, size_t frame)
{
    return ring->memory + frame * ring->stride + RING_ROOM;
}

/* What is encrypted begins before the payload, and before that comes the header. */
static inline uint8_t *ring_text(const struct ring *ring, size_t frame)
{
    return ring_payload(ring, frame) - RING_INNER_LEN;
}

/* The first frame of the last time round, if the next frame has this number. */
static inline uint64_t ring_round_before(const struct ring *ring, uint64_t number)
{
    return number - ring->count;
}

/* Frame number n is key n % keys'. */
static inline size_t ring_key_of(const struct ring *ring, uint64_t number)
{
    return number % ring->keys;
}

/* Without the division, which would be a tenth of a short frame. */
static inline size_t ring_next_key(const struct ring *ring, size_t key)
{
    return key + 1 == ring->keys ? 0 : key + 1;
}

#endif
