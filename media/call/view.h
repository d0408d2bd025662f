/* What people see of the call: the tiles' texts, and lines in the terminal. */
#ifndef CALL_VIEW_H
#define CALL_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "capture.h"
#include "grid.h"
#include "roster.h"

struct call_view;

struct call_view *call_view_new(const struct call_args *args);
/* Takes what changes off the terminal, and what vanishes with it. */
void call_view_free(struct call_view *view);
/* One line of its own, e.g. that the server was lost. */
void call_view_say(struct call_view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Once a second: works out rates, says who came and went, refreshes the live line (which of a terminal is one line
 * that changes, else a line now and then). */
void call_view_update(struct call_view *view, struct call_roster *roster, struct call_capture *capture, bool up);
/* Why nothing is sent, which is shown for as long as it is so; NULL: it is. why is kept. */
void call_view_paused(struct call_view *view, const char *why);
/* From now on the user types, and typed is what of a line is typed so far; the caller changes it, and says so. */
void call_view_type(struct call_view *view, const char *typed);
void call_view_typed(struct call_view *view);
/* What somebody said, text[0..len) of clean UTF-8, for so long; on a terminal alone, for from nowhere else can it be
 * taken back. */
void call_view_vanishing(struct call_view *view, const char *who, const char *text, size_t len, uint64_t vanish_ms);

/* The grid as it is now; the caller destroys the surface. */
cairo_surface_t *call_view_draw(struct call_view *view, struct call_roster *roster);

#endif
