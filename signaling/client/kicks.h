/* Kicks that were announced, and have not come to pass. Each is of the user whom it names, and not of a leaf: who is
 * kicked may come back into another leaf before it. */
#ifndef CALL_KICKS_H
#define CALL_KICKS_H

#include "sotto/call.h"

enum { CALL_KICKS_KEPT = 8 };

struct call_kick {
    uint8_t user_id[CALL_USER_ID_LEN];
    uint64_t at_ms; /* when it was first announced */
};

struct call_kicks {
    struct call_kick announced[CALL_KICKS_KEPT]; /* the oldest first */
    size_t count;
};

struct call;

void call_kicks_announced(struct call *call, const uint8_t *user_id);
bool call_kicks_name(const struct call *call, const uint8_t *user_id);
/* Whether somebody is still there whose kick should have come to pass. */
bool call_kicks_withheld(const struct call *call);
/* After the room's secret was replaced: the kicks of who is gone have come to pass. */
void call_kicks_rotated(struct call *call);
/* The user goes on without them. */
void call_kicks_forget(struct call *call);

#endif
