/* A member whose client is patched: it has its keys and its place in the group, and keeps no rule. */
#ifndef TESTS_ADVERSARY_CALL_PATCHED_H
#define TESTS_ADVERSARY_CALL_PATCHED_H

#include "crew.h"
#include "sim.h"

/* Fills `patched` with what client i has now: keys, certificate, the room's secret, its leaf, the group as it stands.
 * End the test if they fail, as all here. crew_wipe() it. */
void patched_member(struct crew *patched, const struct sim *sim, unsigned i);
/* The same of client i who is not in the call: it has the link, and an identity. */
void patched_stranger(struct crew *patched, const struct sim *sim, unsigned i);
/* Its certificate becomes one that names user i's root, but is signed by another; or user i's own, to whose device key
 * it has not the private one. */
void patched_made_up(struct crew *ghost, const struct sim *sim, unsigned i);
void patched_copied(struct crew *ghost, const struct sim *sim, unsigned i);
/* Appends a commit of its own to the log, in a box under the room's secret that it knows. */
void patched_commit(struct crew *patched, struct sim *sim, const struct crew_commit *what);
/* Appends any MLS message in a box. */
void patched_append(struct crew *patched, struct sim *sim, struct mls_bytes message);

#endif
