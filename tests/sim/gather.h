/* A call that has come together, for the tests of calls on a virtual clock. */
#ifndef TESTS_SIM_GATHER_H
#define TESTS_SIM_GATHER_H

#include "sim.h"

/* They agree within this time, and no key was sealed under by two lives of a client; else the test fails, and says
 * where each stands. */
void gather_settles(struct sim *sim, uint64_t max_ms);
/* Clients 0 to n - 1 start, 0 first, and settle. */
void gather_in(struct sim *sim, unsigned n);
/* The same in a new simulation; config.clients 0: of n. */
struct sim *gather(unsigned n, struct sim_config config);

/* A filter: no client hears of key packages that wait, so nobody is added, and who comes has to come in by itself. */
bool gather_nobody_adds(void *context, struct sim *sim, unsigned client, const struct wire_envelope *envelope);
/* Clients from `first` on come in one by one beside the call: on a copy of its delivery service, where nobody of the
 * call follows. From then on nobody adds. */
void gather_beside(struct sim *sim, unsigned first);

#endif
