/* WHIP (RFC 9725) and WHEP over HTTP: an offer is posted, an answer and the session's URL come back; DELETE ends it. */
#ifndef CALL_WHIP_H
#define CALL_WHIP_H

#include <libsoup/soup.h>
#include <stdbool.h>

struct call_whip_answer {
    bool ok;
    bool permanent;    /* not ok, and asking again will not help */
    const char *error; /* not ok: why, for people */
    char *sdp;         /* ok: the answer */
    char *session_url; /* ok: absolute */
};

/* Called in the main context, once in any case; what answer holds is freed afterwards. */
typedef void (*call_whip_done)(void *user, const struct call_whip_answer *answer);

/* Posts the offer (copied) to url. token may be NULL. */
void call_whip_post(SoupSession *http, const char *url, const char *token, const char *offer, GCancellable *cancellable,
                    call_whip_done done, void *user);

/* Ends a session. done (may be NULL) is called once the server has answered or cannot be reached. */
void call_whip_delete(SoupSession *http, const char *session_url, const char *token, void (*done)(void *user),
                      void *user);

#endif
