/* Others' clocks, as far as heartbeats prove them, whoever carries those and however long. */
#ifndef CALL_CLOCK_H
#define CALL_CLOCK_H

#include "message.h"

/* A heartbeat of this leaf's, the newest: what it proves of the sender's clock is told if it is news. */
void call_clock_heard(struct call *call, uint32_t leaf, struct call_peer *peer, const struct call_heartbeat *heartbeat);
/* After call_clock_heard(): whether a heartbeat shows that its sender is there now. One that lay somewhere for long
 * shows that it was there once; so does any, while there and back takes longer than an interval at best. */
bool call_clock_is_fresh(const struct call *call, const struct call_peer *peer, const struct call_heartbeat *heartbeat);
/* How long ago it was time_ms on this member's clock, judged as the age of frames is; 0 while nothing is known of it.
 */
uint64_t call_clock_age_ms(const struct call *call, const struct call_peer *peer, uint64_t time_ms);
/* A new epoch has its keys: tells of each member's clock what is known. */
void call_clock_epoch(struct call *call);

#endif
