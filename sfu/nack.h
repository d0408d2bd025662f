/* What is missing from an incoming stream, and when to ask the publisher for it (again). Zero-initialise. */
#ifndef SFU_NACK_H
#define SFU_NACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SFU_NACK_MAX = 256, /* numbers missing at once; above that a key frame is cheaper */
    SFU_NACK_TRIES = 5,
    SFU_NACK_AGE_US = 1000000,
};

struct sfu_missing {
    int64_t seq;
    uint64_t since_us;
    uint64_t due_us;
    uint8_t tries;
};

struct sfu_nack {
    struct sfu_missing missing[SFU_NACK_MAX];
    size_t count;
};

/* Notes from ... to - 1 as missing, due at once. False if they do not fit: then nothing is missing any more, because
 * the stream has to begin anew with a key frame. */
bool sfu_nack_gap(struct sfu_nack *n, int64_t from, int64_t to, uint64_t now_us);
/* seq has come. */
void sfu_nack_received(struct sfu_nack *n, int64_t seq);
/* Writes up to cap numbers to ask for now to seqs, and returns how many; each is due again after interval_us.
 * Forgets those that were asked for too often or too long. */
size_t sfu_nack_collect(struct sfu_nack *n, uint64_t interval_us, uint64_t now_us, uint16_t *seqs, size_t cap);
/* When there is something to ask for; UINT64_MAX for never. */
uint64_t sfu_nack_next_timeout(const struct sfu_nack *n);

#endif
