/* The default suite by each provider, against the bare calls of ipsec-mb on the same bytes. */
#ifndef BENCH_SFRAME_PROVIDERS_H
#define BENCH_SFRAME_PROVIDERS_H

#include <stddef.h>

#include "bench.h"

/* One case at this size. Where there is no ipsec-mb, it says why and measures libcrypto alone. */
void sframe_providers_run(struct bench *bench, size_t len);

#endif
