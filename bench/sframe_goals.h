/* What sealing and opening may cost beyond the raw operations they are made of: each goal is printed with the ratio. */
#ifndef BENCH_SFRAME_GOALS_H
#define BENCH_SFRAME_GOALS_H

#include "bench.h"

/* A figure, and below it the goal and whether it is met. A goal that is missed fails nothing. */
void sframe_goal(struct bench *bench, const char *title, double ratio, double goal);

/* Suites with HMAC alone and in batches of sixteen, a thousand senders in turn, adding a key, allocations. Where there
 * is no ipsec-mb, allocations alone. */
void sframe_goals_run(struct bench *bench);

#endif
