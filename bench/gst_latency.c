#include "gst_latency.h"

#include <gst/gst.h>
#include <stdlib.h>

#define GOAL_MS 1.0
#define KEY "key=00112233445566778899aabbccddeeff"
#define SOURCE                                                                                                         \
    "videotestsrc is-live=true pattern=ball num-buffers=%d ! video/x-raw,width=1280,height=720,framerate=30/1 "
#define ENCODER "vp8enc name=%s-enc deadline=1 cpu-used=8 threads=1 target-bitrate=1500000 keyframe-max-dist=90 "
#define DECODER "vp8dec name=%s-dec ! fakesink "

enum {
    RATE = 30, /* frames a second */
    FRAMES = 20 * RATE,
    FRAMES_QUICK = RATE,
    WARMING = RATE / 2, /* frames at the start that do not count: threads, caches, the encoder's first key frame */
    US_PER_MS = 1000,
};

/* Where each frame is looked at, by its time stamp. */
enum point { ENCODER_IN, ENCODER_OUT, DECODER_IN, DECODER_OUT, POINTS };

struct path {
    const char *name;
    gint64 us[POINTS][FRAMES]; /* 0: not seen */
};

struct probe {
    struct path *path;
    enum point point;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_gst: %s\n", what);
    exit(EXIT_FAILURE);
}

static GstPadProbeReturn note(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    const struct probe *probe = data;
    const GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    const guint64 number = gst_util_uint64_scale_round(pts, RATE, GST_SECOND);
    (void)pad;
    if (GST_CLOCK_TIME_IS_VALID(pts) && number < FRAMES)
        probe->path->us[probe->point][number] = g_get_monotonic_time();
    return GST_PAD_PROBE_OK;
}

static void probe_at(GstElement *pipeline, struct probe *probe, const char *element, const char *pad)
{
    gchar *name = g_strdup_printf("%s-%s", probe->path->name, element);
    GstElement *found = gst_bin_get_by_name(GST_BIN(pipeline), name);
    GstPad *at = gst_element_get_static_pad(found, pad);
    gst_pad_add_probe(at, GST_PAD_PROBE_TYPE_BUFFER, note, probe, NULL);
    gst_object_unref(at);
    gst_object_unref(found);
    g_free(name);
}

/* One camera, two ways: through the encryption and past it, so that both see the same frames at the same time. */
static GstElement *pipeline_new(struct path paths[2], struct probe probes[2][POINTS], int frames)
{
    GError *error = NULL;
    gchar *line = g_strdup_printf(SOURCE "! tee name=t "
                                         "t. ! queue ! " ENCODER "! sframeenc " KEY " ! sframedec " KEY " ! " DECODER
                                         "t. ! queue ! " ENCODER "! " DECODER,
                                  frames, paths[0].name, paths[0].name, paths[1].name, paths[1].name);
    GstElement *pipeline = gst_parse_launch(line, &error);
    g_free(line);
    if (!pipeline || error)
        fail(error ? error->message : "no pipeline");
    for (int i = 0; i < 2; i++) {
        for (int point = 0; point < POINTS; point++)
            probes[i][point] = (struct probe){&paths[i], (enum point)point};
        probe_at(pipeline, &probes[i][ENCODER_IN], "enc", "sink");
        probe_at(pipeline, &probes[i][ENCODER_OUT], "enc", "src");
        probe_at(pipeline, &probes[i][DECODER_IN], "dec", "sink");
        probe_at(pipeline, &probes[i][DECODER_OUT], "dec", "src");
    }
    return pipeline;
}

static void run(GstElement *pipeline)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage *last = gst_bus_timed_pop_filtered(bus, 120 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (!last || GST_MESSAGE_TYPE(last) != GST_MESSAGE_EOS)
        fail("the pipeline did not run to its end: are vp8enc and vp8dec there?");
    gst_message_unref(last);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The p50 and p99 of the time between two points, in ms. */
static void quantiles(struct bench *bench, const struct path *path, const char *what, enum point from, enum point to,
                      int frames, double *p99)
{
    static double ms[FRAMES];
    char title[BENCH_NAME_MAX];
    size_t count = 0;
    for (int i = WARMING; i < frames; i++)
        if (path->us[from][i] && path->us[to][i])
            ms[count++] = (double)(path->us[to][i] - path->us[from][i]) / US_PER_MS;
    if (count == 0)
        fail("no frame came through");
    qsort(ms, count, sizeof ms[0], ascending);
    *p99 = bench_quantile(ms, count, 0.99);
    snprintf(title, sizeof title, "720p30, %s, %s: p50 of %zu frames", path->name, what, count);
    bench_figure(bench, title, bench_quantile(ms, count, 0.5), "ms");
    snprintf(title, sizeof title, "720p30, %s, %s: p99", path->name, what);
    bench_figure(bench, title, *p99, "ms");
}

void measure_latency(struct bench *bench)
{
    static struct path paths[2] = {{.name = "encrypted"}, {.name = "plain"}};
    static struct probe probes[2][POINTS];
    const int frames = bench_is_quick(bench) ? FRAMES_QUICK : FRAMES;
    double whole[2], between[2];
    GstElement *pipeline = pipeline_new(paths, probes, frames);
    run(pipeline);
    gst_object_unref(pipeline);
    for (int i = 0; i < 2; i++) {
        quantiles(bench, &paths[i], "end to end", ENCODER_IN, DECODER_OUT, frames, &whole[i]);
        quantiles(bench, &paths[i], "coder to decoder", ENCODER_OUT, DECODER_IN, frames, &between[i]);
    }
    bench_goal(bench, "720p30: p99 of what encryption adds to a frame", between[0] - between[1], "ms", GOAL_MS);
    bench_figure(bench, "720p30: p99 end to end, encrypted less plain", whole[0] - whole[1], "ms");
}
