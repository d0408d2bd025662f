/* What sealing and opening may cost beyond the bare calls they are made of: each goal is printed with its ratio. */
#ifndef BENCH_SFRAME_GOALS_H
#define BENCH_SFRAME_GOALS_H

#include "bench.h"

/* Two contestants alone, so that each round's ratio is one of neighbours in time: list[1] over list[0], held to a goal.
 * Titles are "goal, COLUMN: row" or begin with "goal", which --only finds. */
void sframe_goal(struct bench *bench, const char *title, const struct bench_slices *slices,
                 const struct bench_contestant *list, double goal);

void sframe_goals_run(struct bench *bench);

#endif
