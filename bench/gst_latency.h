/* Of bench_gst: what encryption adds to a frame's way from the camera's side of the encoder to the screen's side of the
 * decoder, at 720p30. */
#ifndef BENCH_GST_LATENCY_H
#define BENCH_GST_LATENCY_H

#include "bench.h"

/* Two minutes, in real time; with --quick two seconds, with --assert half a minute. Ends the program with a message if
 * the pipeline cannot run, and with --assert (exit code 77) if its threads may not have real-time priority. */
void measure_latency(struct bench *bench);

#endif
