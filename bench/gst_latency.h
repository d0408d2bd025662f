/* Of bench_gst: what encryption adds to a frame's way from the camera's side of the encoder to the screen's side of the
 * decoder, at 720p30. */
#ifndef BENCH_GST_LATENCY_H
#define BENCH_GST_LATENCY_H

#include "bench.h"

/* Some seconds, in real time. Ends the program with a message if the pipeline cannot run. */
void measure_latency(struct bench *bench);

#endif
