/* Who may connect: of all who do, the first that shows that it knows the code. */
#ifndef ID_ACCEPT_H
#define ID_ACCEPT_H

#include "channel.h"
#include "sotto/identity.h"

enum {
    ID_ACCEPT_PENDING = 16,    /* connections at once that have not shown it yet; the oldest goes for one more */
    ID_ACCEPT_HANDSHAKE_S = 10 /* for each to show it */
};

enum id_accepted {
    ID_ACCEPTED,
    ID_ACCEPT_GUESSED, /* somebody tried a wrong code, which ends it: that guess was the only one */
    ID_ACCEPT_FAILED,  /* and told */
};

/* Listens at ADDRESS:PORT (port 0: any), announces where, and waits ID_CHANNEL_PEER_S for the new device: *link has its
 * request then (IDENTITY_LINK_ASKED; the caller's to free), and channel leads to it. Who says nothing, or nothing that
 * is a guess at the code, costs nobody anything: it is dropped, and others are heard meanwhile. */
enum id_accepted id_accept(const char *where, const char *code, id_announce *announce, void *context,
                           struct id_channel *channel, struct identity_link **link);

#endif
