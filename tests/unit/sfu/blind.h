/* Traffic in which every decision of the router is taken: joins, leaves, loss, retransmission, switches, layers, pins.
 * What it does depends on nothing but its own seed: payload bytes are the sim's. */
#ifndef TESTS_SFU_BLIND_H
#define TESTS_SFU_BLIND_H

#include "sim.h"

/* Runs some seconds of a call in an open sim. */
void blind_run(struct sim *sim);

#endif
