/* Verdicts on signatures, shared among the members of a simulation. */
#ifndef TESTS_SIM_VERDICTS_H
#define TESTS_SIM_VERDICTS_H

#include <stdbool.h>

/* From now on the same bytes under the same key are checked once; or each time, as at first. */
void sim_verdicts_share(bool shared);

#endif
