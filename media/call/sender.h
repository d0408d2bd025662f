/* Sealed frames to the server: rtpsframepay and the webrtcbin of a WHIP session. One object is one connection; after
 * down() the owner frees it and makes the next, while the capture goes on. */
#ifndef CALL_SENDER_H
#define CALL_SENDER_H

#include <gst/gst.h>
#include <libsoup/soup.h>
#include <stdbool.h>

#include "capture.h"
#include "whip.h"

struct call_sender;

struct call_sender_config {
    SoupSession *http;
    const char *url; /* of the room's WHIP endpoint */
    const char *token;
    GstClock *clock; /* and the time on it that is running time 0, as in the capture */
    GstClockTime base_time;
    bool kinds[CALL_KINDS]; /* what is sent */
    enum call_codec codec;
    void (*up)(void *user);
    void (*down)(void *user, const char *reason, enum call_retry retry);
    void (*want_key)(void *user); /* somebody needs a key frame; any thread */
    void *user;
};

/* NULL, with a reason on stderr, if an element is missing. */
struct call_sender *call_sender_new(const struct call_sender_config *config);
/* closed (may be NULL) is called once the server has been told. */
void call_sender_free(struct call_sender *sender, void (*closed)(void *user), void *user);
/* Takes a sealed frame (borrowed) without waiting. Any thread, but not during or after call_sender_free. */
void call_sender_push(struct call_sender *sender, enum call_kind kind, GstBuffer *buffer, GstCaps *caps);
bool call_sender_is_up(const struct call_sender *sender);

#endif
