/* What sealing and opening may cost beyond the bare calls they are made of: each goal is printed with its ratio. */
#ifndef BENCH_SFRAME_GOALS_H
#define BENCH_SFRAME_GOALS_H

#include "bench.h"

/* Two contestants alone, so that each round's ratio is one of neighbours in time: list[1] over list[0], held to a goal.
 * Printed, and two figures of the report, "COLUMN: row" and "COLUMN goal: row". A goal that is missed fails nothing. */
void sframe_goal(struct bench *bench, const char *column, const char *row, const struct bench_slices *slices,
                 const struct bench_contestant *list, double goal);

/* All of them, then how many were missed, and which. */
void sframe_goals_run(struct bench *bench);

#endif
