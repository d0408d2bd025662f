/* What adding a key takes over its HKDF and key schedule. */
#ifndef BENCH_SFRAME_KEY_GOAL_H
#define BENCH_SFRAME_KEY_GOAL_H

#include "bench.h"

#define SFRAME_KEY_GOAL "goal, a key: AES_128_GCM_SHA256_128, added and removed over HKDF and two schedules"

/* The default suite's, over ipsec-mb's key schedule. Where there is no ipsec-mb it measures nothing. */
void sframe_key_goal_run(struct bench *bench);

#endif
