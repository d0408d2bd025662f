/* What --stats writes: every count and time of one participant's call, as JSON. */
#ifndef CALL_STATS_H
#define CALL_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "capture.h"
#include "roster.h"

struct call_stats;

/* log_frames: the time of each sealed frame is kept (bounded), as --stats needs. */
struct call_stats *call_stats_new(bool log_frames);
void call_stats_free(struct call_stats *stats);
/* What the server calls us (borrowed); NULL: what our token says. */
void call_stats_pseudonym(struct call_stats *stats, const char *pseudonym);
/* A frame was sealed; index: its place among those of its kind, as receivers see it. Any thread. */
void call_stats_sealed(struct call_stats *stats, enum call_kind kind, uint64_t kid, uint64_t index);
/* Connected in both directions, or not any more. */
void call_stats_joined(struct call_stats *stats);
void call_stats_left(struct call_stats *stats);
/* Writes the file, with `group` in it, which it takes (NULL: none); false, with a reason on stderr, if that fails. */
bool call_stats_write(struct call_stats *stats, const char *path, const struct call_args *args,
                      struct call_capture *capture, struct call_roster *roster, json_t *group);

#endif
