/* Camera and microphone: source, encoder, sframeenc. What comes out is sealed; no other output exists.
 *
 * Runs for the whole call, while connections to the server come and go: so a reconnection neither repeats nor restarts
 * a counter. */
#ifndef CALL_CAPTURE_H
#define CALL_CAPTURE_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"

enum call_kind { CALL_AUDIO, CALL_VIDEO, CALL_KINDS };

const char *call_kind_name(enum call_kind kind);

struct call_capture;

struct call_capture_config {
    const struct call_args *args;
    GstContext *key_ring; /* of type SOTTO_KEY_RING_CONTEXT */
    /* A sealed frame, application/x-sframe; buffer is borrowed, its PTS is running time. In a streaming thread. */
    void (*sealed)(void *user, enum call_kind kind, GstBuffer *buffer, GstCaps *caps);
    /* A source or encoder gave up; in the main context, where the call should end. */
    void (*failed)(void *user, const char *reason);
    void *user;
};

/* NULL, with a reason on stderr, if an element is missing. */
struct call_capture *call_capture_new(const struct call_capture_config *config);
bool call_capture_start(struct call_capture *capture);
void call_capture_free(struct call_capture *capture);
bool call_capture_has(const struct call_capture *capture, enum call_kind kind);
/* The clock and base time that sealed frames' times refer to. */
GstElement *call_capture_pipeline(struct call_capture *capture);
/* Frames are padded to multiples of so many bytes from now on; 0: not at all. */
void call_capture_set_padding(struct call_capture *capture, unsigned multiple);
/* Asks the encoder for a key frame; requests in quick succession become one. Any thread. */
void call_capture_request_key(struct call_capture *capture);

struct call_capture_stats {
    uint64_t captured; /* frames the source gave, and those it had to leave out */
    uint64_t dropped;  /* of those, never encoded */
    uint64_t encoded;
    uint64_t sealed;
};
void call_capture_stats(struct call_capture *capture, enum call_kind kind, struct call_capture_stats *stats);

#endif
