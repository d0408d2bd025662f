/* The way back from a room's secret that others may not have followed.
 *
 * Who merges a commit that the others skipped is in an epoch alone, or with those who share the mistake. It finds that
 * out by what the others say, but not where the commit replaced the secret under which they say it. So if another
 * commit stood before it that only this client may have failed to follow, the secret before is kept until it is
 * settled. */
#ifndef CALL_RETREAT_H
#define CALL_RETREAT_H

#include "room_secret.h"

struct call_retreat {
    bool open;
    uint64_t since_ms;
    uint64_t epoch;        /* that the commit began */
    struct call_room room; /* as it was before */
    bool kick;             /* what this client wanted by it */
    bool rotate;
    uint8_t kicked[CALL_USER_ID_LEN];
    bool taken; /* the application is to be told of the link again */
};

struct call;

/* Before the secret is replaced by the commit that is being merged. */
void call_retreat_keep(struct call *call);
/* A relayed message of no box under the present secret: whether somebody goes on under the one before. */
void call_retreat_relayed(struct call *call, struct mls_bytes box);
/* Gives it up once more than half of the others were heard under the new secret. */
void call_retreat_judge(struct call *call);
/* Goes back, for who leaves its group and comes in anew. */
void call_retreat_take(struct call *call);
void call_retreat_wipe(struct call *call);

#endif
