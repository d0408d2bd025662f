/* Every suite, sealing and opening, at every size, with one key and many in turn, by every way: a case of each. */
#ifndef BENCH_SFRAME_MATRIX_H
#define BENCH_SFRAME_MATRIX_H

#include "bench.h"

/* Cases are called "seal, SUITE, N B, N keys"; --only chooses among them. Says which ways there are not, and why. With
 * --quick the least and the most of each, not all. */
void sframe_matrix_run(struct bench *bench);

#endif
