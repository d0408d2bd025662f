/* A window and a recording: the grid's pictures and the mixed sound. */
#ifndef CALL_OUTPUT_H
#define CALL_OUTPUT_H

#include <cairo.h>
#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"

enum { CALL_OUTPUT_RATE = 25 /* pictures per second */ };

struct call_output;

/* clock and base_time: what the sound's timestamps refer to. closed comes in the main context when the window was
 * closed or an element gave up. NULL, with a reason on stderr, if an element is missing. */
struct call_output *call_output_new(const struct call_args *args, GstClock *clock, GstClockTime base_time,
                                    void (*closed)(void *user, const char *reason), void *user);
/* Ends the recording properly (waits for it, 3 s at most). */
void call_output_free(struct call_output *output);
/* Shows a grid; takes the surface. Main context. */
void call_output_picture(struct call_output *output, cairo_surface_t *surface);
/* Adds to the mix; sample (CALL_RAW_AUDIO) is borrowed. Any thread. */
void call_output_sound(struct call_output *output, uint64_t sender, GstSample *sample);

#endif
