/* What a call's state machine says, in words for people. */
#ifndef TEXTS_H
#define TEXTS_H

#include "sotto/call.h"

/* Where the client is on its way into the room, or out of it. */
const char *texts_phase(enum call_phase phase);
/* Why nothing is sent: short enough for a tile's foot. */
const char *texts_pause(enum call_pause pause);
/* What the user can do about it: what follows the reason, with a space before it; may be empty. */
const char *texts_pause_advice(enum call_pause pause);
const char *texts_warning(enum call_warning warning);

#endif
