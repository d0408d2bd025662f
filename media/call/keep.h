/* What this device keeps of a room, in the identity's folder: the highest epoch it has seen (room-ROOM), and the way
 * back into a call that was cut off (state-ROOM). What cannot be written is told on standard error, and the call goes
 * on. */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>

#include "id/store.h"
#include "sotto/call.h"

/* folder: as of id_store_open(). On disk when they return. */
void keep_highest(const char *folder, const char *room, const struct call_event *event);
void keep_state(const char *folder, const char *room, const struct call_event *event);

/* Sets what the call is to know; as it is if nothing was kept. */
void keep_read_highest(const struct id_store *store, const char *room, struct call_config *config);
/* False if nothing was kept; else *error is call_restore()'s. */
bool keep_restore(const struct id_store *store, const char *room, struct call *call, int *error);

#endif
