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
void call_view_free(struct call_view *view);
/* One line of its own, e.g. that the server was lost. */
void call_view_say(struct call_view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Once a second: works out rates, says who came and went, refreshes the live line (which of a terminal is one line
 * that changes, else a line now and then). */
void call_view_update(struct call_view *view, struct call_roster *roster, struct call_capture *capture, bool up);
/* Ends the live line. */
void call_view_finish(struct call_view *view);

/* The grid as it is now; the caller destroys the surface. */
cairo_surface_t *call_view_draw(struct call_view *view, struct call_roster *roster);

#endif
