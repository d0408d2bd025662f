/* Our two sessions with the server, one for what we send and one for what we receive: made together, made anew when
 * either is lost, ended together. In the main context, but where it says otherwise. */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <gst/gst.h>
#include <libsoup/soup.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "receiver.h"

struct sessions;

/* Strings and objects are borrowed, and outlast it. */
struct sessions_config {
    SoupSession *http;
    const char *server; /* http://HOST:PORT */
    const char *room;
    const char *token;      /* names us to the server; NULL: none */
    GstClock *clock;        /* and the time on it that is running time 0, as in the capture */
    GstClockTime base_time; /* in ns */
    GstContext *key_ring;
    bool kinds[CALL_KINDS]; /* what is sent; where it is nothing, there is no session for it */
    enum call_codec codec;
    struct call_receiver_frames frames;
    void (*want_key)(void *user);              /* somebody needs a key frame of ours; any thread */
    void (*say)(void *user, const char *text); /* one line for people */
    void (*up)(void *user);                    /* connected in both directions, for the first time or again */
    void (*failed)(void *user);                /* no further attempt will help */
    void (*closed)(void *user);                /* after sessions_end(), and maybe in it: nobody waits for the server */
    void *user;
};

/* NULL, with a reason on stderr: the system has no random bytes. */
struct sessions *sessions_new(const struct sessions_config *config);
/* After sessions_end(), once nothing calls back any more: neither streaming threads nor HTTP. */
void sessions_free(struct sessions *sessions);
/* Connects, and from then on again after each loss. */
void sessions_start(struct sessions *sessions);
/* For good. The server is told of each session that there is, and closed() is called when it was. */
void sessions_end(struct sessions *sessions);
/* What a server that asks for no token is told, for it to join the two; valid as long as they are. */
const char *sessions_pseudonym(const struct sessions *sessions);
/* In both directions, or in the one that is used. */
bool sessions_are_up(const struct sessions *sessions);
/* Sends a sealed frame (borrowed) without waiting; while there is no session it is dropped. Any thread. */
void sessions_push(struct sessions *sessions, enum call_kind kind, GstBuffer *buffer, GstCaps *caps);
/* Asks for a key frame of this sender's video. Any thread. */
void sessions_request_key(struct sessions *sessions, uint64_t sender);

#endif
