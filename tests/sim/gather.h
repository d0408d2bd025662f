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

#endif
