/* A file as camera or microphone: decoded, fed in real time into an appsrc, and begun anew at its end.
 *
 * Timestamps are made here from a count of frames (or samples), in the running time of the pipeline the appsrc stands
 * in; so they never run back, however short the file is and whatever its own timestamps say. */
#ifndef CALL_SOURCE_H
#define CALL_SOURCE_H

#include <gst/app/gstappsrc.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    CALL_FRAME_RATE = 30,     /* frames per second that are sent */
    CALL_SAMPLE_RATE = 48000, /* samples per second and channel */
    CALL_WIDTH_MAX = 640,     /* pixels */
    CALL_HEIGHT_MAX = 480,
};

/* Caps of the raw video and audio that go to an encoder. */
#define CALL_RAW_VIDEO                                                                                                 \
    "video/x-raw,format=I420,width=[16,640,2],height=[16,480,2],framerate=30/1,pixel-aspect-ratio=1/1"
#define CALL_RAW_AUDIO "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"

struct call_source;

/* appsrc (a reference is held) stands in a live pipeline that runs on a clock. failed comes in the main context, once
 * at most, when the file cannot be read or holds nothing of the kind. */
struct call_source *call_source_new(const char *path, bool video, GstAppSrc *appsrc,
                                    void (*failed)(void *user, const char *reason), void *user);
bool call_source_start(struct call_source *source);
/* Stops reading; the appsrc's pipeline must be flushing or stopped already, or still take buffers. */
void call_source_free(struct call_source *source);
/* Frames left out because the machine did not keep up; 0 for audio. */
uint64_t call_source_skipped(struct call_source *source);

#endif
