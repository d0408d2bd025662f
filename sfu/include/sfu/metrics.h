/* The worker's figures as Prometheus text (exposition format 0.0.4). */
#ifndef SFU_METRICS_H
#define SFU_METRICS_H

#include "sfu/worker.h"

/* On the heap; NULL without memory. */
char *sfu_metrics_text(const struct sfu_worker_stats *stats, const struct sfu_forward_stats *pairs, size_t pair_count);

#endif
