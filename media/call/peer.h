/* One webrtcbin's session with the server: offer, answer, connection, and how it is found to be lost.
 *
 * The server has reports to send even where no media flow. Once it is silent for longer than it was of late it is asked
 * over HTTP after the session: a link that loses packets answers late and the session goes on; a server that died does
 * not listen, or, back again, does not know the session, and that is down() at once. ICE's own consent (RFC 7675) ends
 * what HTTP cannot tell.
 *
 * The owner puts a webrtcbin into a pipeline of its own, hands both over, and sets the pipeline playing. All events
 * come in the main context. After down() the peer is dead; the owner frees it and makes a new one. */
#ifndef CALL_PEER_H
#define CALL_PEER_H

#include <gst/gst.h>
#include <libsoup/soup.h>
#include <stdbool.h>

#include "whip.h"

struct call_peer;

struct call_peer_config {
    SoupSession *http;
    const char *url;   /* where the offer is posted */
    const char *token; /* NULL if there is none */
    GstElement *pipeline;
    GstElement *webrtcbin;
    bool waits;           /* nothing is offered before media flow: the time to connect begins with call_peer_begin() */
    bool expects_reports; /* we send, so long silence of the server means that it is lost, whatever it answers */
    void (*up)(void *user);
    void (*down)(void *user, const char *reason, enum call_retry retry);
    void *user;
};

/* Copies what config's strings say; holds references to the elements. */
struct call_peer *call_peer_new(const struct call_peer_config *config);
/* Ends the session with the server (DELETE); closed is called when that is done or has failed, also where there is no
 * session. The pipeline should be stopped after this. No event comes after this call. */
void call_peer_free(struct call_peer *peer, void (*closed)(void *user), void *user);
/* Media flow now. Any thread, any number of times. */
void call_peer_begin(struct call_peer *peer);
bool call_peer_is_up(const struct call_peer *peer);

#endif
