/* What the attacks on a call have in common: a call that has settled, and what its members' users see. */
#ifndef TESTS_ADVERSARY_CALL_SCENE_H
#define TESTS_ADVERSARY_CALL_SCENE_H

#include "gather.h"

/* A call of n of `clients`, settled. Client 0 founded it. */
struct sim *scene_new(unsigned n, unsigned clients);
/* The same in two steps: nobody is there yet, then n are. */
struct sim *scene_empty(unsigned clients);
void scene_gather(struct sim *sim, unsigned n);
enum call_pause scene_pause(const struct sim *sim, unsigned i);
enum call_phase scene_phase(const struct sim *sim, unsigned i);
/* How many members client i's user sees as lost. */
unsigned scene_lost(const struct sim *sim, unsigned i);
/* The leaf of client i, who is a member. */
uint32_t scene_leaf(const struct sim *sim, unsigned i);
/* Client 0 kicks client i's user. */
void scene_kick(struct sim *sim, unsigned i);

#endif
