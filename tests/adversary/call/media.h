/* Frames in a simulated call: what each client is told of keys and clocks goes to a sender and a receiver of sframe/,
 * as an application's key ring would have it. Who carries the frames is the test: it is the SFU. */
#ifndef TESTS_ADVERSARY_CALL_MEDIA_H
#define TESTS_ADVERSARY_CALL_MEDIA_H

#include "sim.h"
#include "sotto/sframe.h"

enum { MEDIA_FRAME_MAX = 128, MEDIA_EPOCHS = 256 };

struct media_frame {
    uint8_t bytes[MEDIA_FRAME_MAX];
    size_t len;
};

/* An epoch's keys, as a patched client would keep them. */
struct media_key {
    uint64_t epoch;
    uint32_t leaf_slots;
    uint8_t bytes[CALL_BASE_KEY_MAX];
    size_t len;
};

struct media_member {
    struct sframe_sender *sender;
    struct sframe_receiver *receiver;
    void *sender_memory;
    void *receiver_memory;
    struct media_key keys[MEDIA_EPOCHS]; /* every one there was */
    size_t key_count;
    bool keeps; /* patched: what it is told to wipe it keeps */
};

struct media {
    struct sim *sim;
    struct media_member *members; /* by client */
    unsigned forged;
};

/* Before anybody has started. End the test if they fail, as all here. */
struct media *media_new(struct sim *sim);
void media_free(struct media *media);

/* One frame of client i's camera, captured now. False if it may not send. */
bool media_seal(struct media *media, unsigned i, struct media_frame *frame);
/* What becomes of it at client i, when it arrives there now: an error of sframe_open(), and from whose leaf it is. The
 * frame itself stays as it is. */
int media_open(struct media *media, unsigned i, const struct media_frame *frame, uint32_t *leaf);
/* A frame that somebody makes up who has client i's keys of an epoch: as this leaf, with a counter not used yet. */
void media_forge(struct media *media, unsigned i, uint64_t epoch, uint32_t leaf, uint64_t captured_ms,
                 struct media_frame *frame);
/* What becomes of a frame at somebody who takes `key` for that of an epoch. */
int media_try(const struct media *media, const struct media_key *key, uint64_t epoch, const struct media_frame *frame);
/* Now, by client i's clock. */
uint64_t media_clock(const struct media *media, unsigned i);

#endif
