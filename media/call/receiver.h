/* Frames from the server: the webrtcbin of a WHEP session with a fixed number of slots, and behind each of its pads
 * rtpsframedepay and sframedec. What comes out has authenticated; no other output exists. One object is one
 * connection. */
#ifndef CALL_RECEIVER_H
#define CALL_RECEIVER_H

#include <gst/gst.h>
#include <libsoup/soup.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "roster.h"
#include "whip.h"

enum {
    CALL_AUDIO_SLOTS = 8,
    CALL_VIDEO_SLOTS = 5, /* for each codec, because one transceiver takes one codec */
};

struct call_receiver;

struct call_opened_frame {
    uint64_t sender; /* authenticated, as are the rest */
    uint64_t index;  /* place among the sender's frames of this kind */
    enum call_kind kind;
    enum call_codec codec; /* of video */
    bool key;
    unsigned slot;
    GstBuffer *buffer; /* borrowed */
};

/* Who is told of frames. */
struct call_receiver_frames {
    /* in streaming threads: whose frame a KID claims, and its place in order; false for nobody's that is to be shown */
    bool (*resolve)(void *user, uint64_t kid, uint64_t ctr, uint64_t *sender, uint64_t *index);
    /* in streaming threads: a sealed frame that claims this sender; what became of it comes after */
    void (*received)(void *user, uint64_t claimed_sender, enum call_kind kind);
    void (*opened)(void *user, const struct call_opened_frame *frame);
    void (*refused)(void *user, uint64_t claimed_sender, enum call_kind kind, unsigned slot, enum call_refusal reason);
    /* in the main context */
    void (*named)(void *user, uint64_t sender, const char *name);  /* an authenticated frame said so */
    void (*plain)(void *user, enum call_kind kind, unsigned slot); /* a slot brings what is not encrypted */
    void *user;
};

struct call_receiver_config {
    SoupSession *http;
    const char *url; /* of the room's WHEP endpoint */
    const char *token;
    GstClock *clock;
    GstClockTime base_time;
    GstContext *key_ring;
    struct call_receiver_frames frames;
    /* in the main context */
    void (*up)(void *user);
    void (*down)(void *user, const char *reason, enum call_retry retry);
    void *user;
};

/* NULL, with a reason on stderr, if an element is missing. */
struct call_receiver *call_receiver_new(const struct call_receiver_config *config);
/* closed (may be NULL) is called once the server has been told. */
void call_receiver_free(struct call_receiver *receiver, void (*closed)(void *user), void *user);
/* Asks for a key frame of this sender's video, at most twice a second. Any thread. */
void call_receiver_request_key(struct call_receiver *receiver, uint64_t sender);
bool call_receiver_is_up(const struct call_receiver *receiver);

#endif
