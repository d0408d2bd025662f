/* Decoders: opened frames of one participant and kind in, pictures or sound out. */
#ifndef CALL_PLAYER_H
#define CALL_PLAYER_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "capture.h"

struct call_player;

struct call_player_config {
    uint64_t sender;
    enum call_kind kind;
    enum call_codec codec; /* of video */
    /* Decoded: raw video as the decoder gives it, or CALL_RAW_AUDIO. The sample is borrowed. In a streaming thread. */
    void (*decoded)(void *user, uint64_t sender, enum call_kind kind, GstSample *sample);
    /* The decoder cannot go on without a key frame. Any thread. */
    void (*want_key)(void *user, uint64_t sender);
    void *user;
};

/* NULL if the decoder is missing. */
struct call_player *call_player_new(const struct call_player_config *config);
void call_player_free(struct call_player *player);
/* Takes a frame (borrowed) without waiting; what does not fit any more is dropped. */
void call_player_push(struct call_player *player, GstBuffer *frame);
/* The decoder gave up for good; a new one may start with a key frame. */
bool call_player_failed(struct call_player *player);
enum call_codec call_player_codec(const struct call_player *player);
/* CLOCK_MONOTONIC of the last frame, in us. */
int64_t call_player_last_us(const struct call_player *player);

#endif
