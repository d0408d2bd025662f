#include "gst_latency.h"

#include <gst/gst.h>
#include <stdlib.h>
#include <time.h>

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
    NS_PER_MS = 1000000,
};

/* Where each frame is looked at, by its time stamp. */
enum point { ENCODER_IN, ENCODER_OUT, DECODER_IN, DECODER_OUT, POINTS };

/* The wall tells what a viewer waits. What else runs on the machine is in it; not so in the time that the thread had a
 * processor, which counts between coder and decoder alone: there a frame stays in one thread. */
enum clock { WALL, THREAD, CLOCKS };

struct path {
    const char *name;
    gint64 ns[CLOCKS][POINTS][FRAMES]; /* 0: not seen */
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

static gint64 now_ns(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        fail("no clock");
    return (gint64)now.tv_sec * GST_SECOND + now.tv_nsec;
}

static GstPadProbeReturn note(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    const struct probe *probe = data;
    const GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    const guint64 number = gst_util_uint64_scale_round(pts, RATE, GST_SECOND);
    (void)pad;
    if (GST_CLOCK_TIME_IS_VALID(pts) && number < FRAMES) {
        probe->path->ns[WALL][probe->point][number] = now_ns(CLOCK_MONOTONIC);
        probe->path->ns[THREAD][probe->point][number] = now_ns(CLOCK_THREAD_CPUTIME_ID);
    }
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

struct stretch {
    const char *what;
    enum clock clock;
    enum point from, to;
};

struct quantiles {
    double p50, p99; /* ms */
};

static struct quantiles measure(const struct path *path, const struct stretch *stretch, int frames)
{
    static double ms[FRAMES];
    const gint64 *from = path->ns[stretch->clock][stretch->from], *to = path->ns[stretch->clock][stretch->to];
    size_t count = 0;
    for (int i = WARMING; i < frames; i++)
        if (from[i] && to[i])
            ms[count++] = (double)(to[i] - from[i]) / NS_PER_MS;
    if (count == 0)
        fail("no frame came through");
    qsort(ms, count, sizeof ms[0], ascending);
    return (struct quantiles){bench_quantile(ms, count, 0.5), bench_quantile(ms, count, 0.99)};
}

static void figure(struct bench *bench, const char *name, const char *what, const char *quantile, double ms)
{
    char title[BENCH_NAME_MAX];
    snprintf(title, sizeof title, "720p30, %s, %s: %s", name, what, quantile);
    bench_figure(bench, title, ms, "ms");
}

struct p99 {
    double plain, added; /* ms */
};

static struct p99 compare(struct bench *bench, const struct path paths[2], const struct stretch *stretch, int frames)
{
    const struct quantiles encrypted = measure(&paths[0], stretch, frames), plain = measure(&paths[1], stretch, frames);
    figure(bench, paths[0].name, stretch->what, "p50", encrypted.p50);
    figure(bench, paths[0].name, stretch->what, "p99", encrypted.p99);
    figure(bench, paths[1].name, stretch->what, "p50", plain.p50);
    figure(bench, paths[1].name, stretch->what, "p99", plain.p99);
    return (struct p99){plain.p99, encrypted.p99 - plain.p99};
}

void measure_latency(struct bench *bench)
{
    static struct path paths[2] = {{.name = "encrypted"}, {.name = "plain"}};
    static struct probe probes[2][POINTS];
    static const struct stretch whole = {"end to end", WALL, ENCODER_IN, DECODER_OUT},
                                by_wall = {"coder to decoder", WALL, ENCODER_OUT, DECODER_IN},
                                by_thread = {"coder to decoder, on a processor", THREAD, ENCODER_OUT, DECODER_IN};
    const int frames = bench_is_quick(bench) ? FRAMES_QUICK : FRAMES;
    GstElement *pipeline = pipeline_new(paths, probes, frames);
    run(pipeline);
    gst_object_unref(pipeline);
    const struct p99 ends = compare(bench, paths, &whole, frames), wall = compare(bench, paths, &by_wall, frames),
                     thread = compare(bench, paths, &by_thread, frames);
    bench_figure(bench, "720p30: p99 end to end, encrypted less plain", ends.added, "ms");
    /* where nothing lies between coder and decoder, and a frame takes that long, its thread waits for a processor: the
     * difference of two such waits says nothing */
    const gboolean quiet = wall.plain <= GOAL_MS;
    printf("\nwhat encryption adds is told by %s\n",
           quiet ? "the wall" : "the thread's own time on a processor: this machine is busy");
    bench_goal(bench, "720p30: p99 of what encryption adds to a frame", quiet ? wall.added : thread.added, "ms",
               GOAL_MS);
}
