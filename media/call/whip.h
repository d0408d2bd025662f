/* WHIP (RFC 9725) and WHEP over HTTP: an offer is posted, an answer and the session's URL come back; the session can be
 * asked after, and DELETE ends it. */
#ifndef CALL_WHIP_H
#define CALL_WHIP_H

#include <libsoup/soup.h>
#include <stdbool.h>

/* When a connection that did not come about, or was lost, is worth another attempt. */
enum call_retry {
    CALL_RETRY_SOON,  /* nobody has said no: the server is away */
    CALL_RETRY_LATER, /* the server is there and has no room or no time */
    CALL_RETRY_NEVER, /* asking again will not help */
};

struct call_whip_answer {
    bool ok;
    enum call_retry retry; /* not ok */
    const char *error;     /* not ok: why, for people */
    char *sdp;             /* ok: the answer */
    char *session_url;     /* ok: absolute */
    char *etag;            /* ok: of the ICE session; NULL if the server gives none, and cannot be asked then */
};

/* Called in the main context, once in any case; what answer holds is freed afterwards. */
typedef void (*call_whip_done)(void *user, const struct call_whip_answer *answer);

/* Posts the offer (copied) to url. token may be NULL. */
void call_whip_post(SoupSession *http, const char *url, const char *token, const char *offer, GCancellable *cancellable,
                    call_whip_done done, void *user);

/* What a server says of a session. */
enum call_whip_life {
    CALL_WHIP_UNKNOWN,   /* nothing, or nothing that tells: it may be there or not */
    CALL_WHIP_THERE,     /* it has the session */
    CALL_WHIP_GONE,      /* it has not: it has ended it, or begun anew */
    CALL_WHIP_NO_SERVER, /* nobody listens where the server was */
};

/* Asks after a session, by a PATCH that changes nothing (RFC 9725 section 4.3.2): fragment (copied) says that there are
 * no more candidates. done is called once in any case. */
void call_whip_ask(SoupSession *http, const char *session_url, const char *etag, const char *token,
                   const char *fragment, GCancellable *cancellable, void (*done)(void *user, enum call_whip_life life),
                   void *user);

/* Ends a session. done (may be NULL) is called once the server has answered or cannot be reached. */
void call_whip_delete(SoupSession *http, const char *session_url, const char *token, void (*done)(void *user),
                      void *user);

#endif
