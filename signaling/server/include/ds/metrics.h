/* Figures for Prometheus. */
#ifndef DS_METRICS_H
#define DS_METRICS_H

#include "ds/hub.h"

enum { DS_METRICS_MAX = 8192 };

/* Writes text of at most DS_METRICS_MAX - 1 bytes; returns its length, 0 if it does not fit. */
size_t ds_metrics_write(const struct ds_stats *stats, char out[DS_METRICS_MAX]);

#endif
