#include "gst_latency.h"

#include <gst/gst.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GOAL_MS 1.0
#define KEY "key=00112233445566778899aabbccddeeff"
#define CAMERA                                                                                                         \
    "videotestsrc is-live=true pattern=smpte horizontal-speed=4 num-buffers=%d "                                       \
    "! video/x-raw,width=1280,height=720,framerate=30/1 ! tee name=camera "
/* One thread from the encoder to behind the decoder. A negative cpu-used is a speed that does not follow the clock:
 * every way encodes a frame to the same bytes. */
#define WAY                                                                                                            \
    "camera. ! queue ! vp8enc name=encoder-%d deadline=1 cpu-used=-8 threads=1 target-bitrate=1500000 "                \
    "keyframe-max-dist=60 ! %s vp8dec name=decoder-%d threads=1 ! fakesink "

enum {
    RATE = 30,         /* frames a second */
    WARMING = RATE,    /* frames at the start that do not count: threads, caches, the first key frame */
    ROUND = 10 * RATE, /* frames; five are key frames, so that the p99 is one of the largest frames' */
    ROUND_QUICK = RATE,
    ROUNDS = 11,
    ROUNDS_ASSERTED = 3,
    COUNTED_MAX = ROUNDS * ROUND,
    BURDEN_MS = 2,
    SKIPPED = 77, /* to ctest */
    NS_PER_MS = 1000000,
};

enum way { PLAIN, IDENTITY, ENCRYPTED, WAYS };

static const struct {
    const char *name;
    const char *elements;
} ways[WAYS] = {
    [PLAIN] = {"plain", ""},
    [IDENTITY] = {"identity elements", "identity ! identity ! "},
    [ENCRYPTED] = {"encrypted", "sframeenc name=seal " KEY " ! sframedec " KEY " ! "},
};

/* Where each frame is looked at. */
enum point { ENCODER_IN, ENCODER_OUT, DECODER_IN, DECODER_OUT, POINTS };

static const struct {
    const char *element, *pad;
} places[POINTS] = {{"encoder", "sink"}, {"encoder", "src"}, {"decoder", "sink"}, {"decoder", "src"}};

enum span { END_TO_END, CODER_TO_DECODER, SPANS };

static const struct {
    const char *name;
    enum point from, to;
} spans[SPANS] = {{"end to end", ENCODER_IN, DECODER_OUT}, {"coder to decoder", ENCODER_OUT, DECODER_IN}};

struct probe {
    GstElement *pipeline;
    enum way way;
    enum point point;
    size_t seen; /* frames; they come in order */
    gint64 at_ns[WARMING + COUNTED_MAX];
    gsize bytes[WARMING + COUNTED_MAX];
};

struct film {
    struct probe probes[WAYS][POINTS];
    gint ordinary; /* threads that were refused real-time priority */
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_gst: %s\n", what);
    exit(EXIT_FAILURE);
}

static gint64 now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        fail("no clock");
    return (gint64)now.tv_sec * GST_SECOND + now.tv_nsec;
}

/* --- The pipeline --------------------------------------------------------------------------------------------------
 */

/* The ways take a frame one after the other, a third of its time apart, another of them first each time: they do not
 * meet each other, and do meet the same machine. */
static void await_turn(const struct probe *probe, GstClockTime pts)
{
    const size_t turn = (probe->seen + probe->way) % WAYS;
    GstClock *clock = gst_element_get_clock(probe->pipeline);
    const GstClockTime start = gst_element_get_base_time(probe->pipeline) + pts;
    GstClockID id = gst_clock_new_single_shot_id(clock, start + turn * GST_SECOND / RATE / WAYS);
    gst_clock_id_wait(id, NULL);
    gst_clock_id_unref(id);
    gst_object_unref(clock);
}

static GstPadProbeReturn note(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct probe *probe = data;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    (void)pad;
    if (probe->seen == G_N_ELEMENTS(probe->at_ns))
        fail("more frames than the camera took");
    if (probe->point == ENCODER_IN)
        await_turn(probe, GST_BUFFER_PTS(buffer));
    probe->bytes[probe->seen] = gst_buffer_get_size(buffer);
    probe->at_ns[probe->seen++] = now_ns();
    return GST_PAD_PROBE_OK;
}

/* What a seal of two milliseconds would be. */
static GstPadProbeReturn burden(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    const gint64 end = now_ns() + BURDEN_MS * (gint64)NS_PER_MS;
    (void)pad, (void)info, (void)data;
    while (now_ns() < end)
        continue;
    return GST_PAD_PROBE_OK;
}

static void probe_at(GstElement *pipeline, const char *element, const char *pad, GstPadProbeCallback call, void *data)
{
    GstElement *found = gst_bin_get_by_name(GST_BIN(pipeline), element);
    GstPad *at = gst_element_get_static_pad(found, pad);
    gst_pad_add_probe(at, GST_PAD_PROBE_TYPE_BUFFER, call, data, NULL);
    gst_object_unref(at);
    gst_object_unref(found);
}

/* In each streaming thread as it starts. Media threads commonly run like this; without it, what is measured on a busy
 * machine is whom the scheduler interrupts. */
static GstBusSyncReply take_priority(GstBus *bus, GstMessage *message, gpointer data)
{
    const struct sched_param param = {.sched_priority = 1};
    struct film *film = data;
    GstStreamStatusType type;
    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_STREAM_STATUS) {
        gst_message_parse_stream_status(message, &type, NULL);
        if (type == GST_STREAM_STATUS_TYPE_ENTER && sched_setscheduler(0, SCHED_RR, &param) != 0)
            g_atomic_int_inc(&film->ordinary);
    }
    return GST_BUS_PASS;
}

static GstElement *pipeline_new(struct film *film, int frames)
{
    GError *error = NULL;
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, CAMERA, frames);
    for (int way = 0; way < WAYS; way++)
        g_string_append_printf(line, WAY, way, ways[way].elements, way);
    GstElement *pipeline = gst_parse_launch(line->str, &error);
    g_string_free(line, TRUE);
    if (!pipeline || error)
        fail(error ? error->message : "no pipeline");
    for (int way = 0; way < WAYS; way++) {
        for (int point = 0; point < POINTS; point++) {
            struct probe *probe = &film->probes[way][point];
            gchar *element = g_strdup_printf("%s-%d", places[point].element, way);
            *probe = (struct probe){.pipeline = pipeline, .way = (enum way)way, .point = (enum point)point};
            probe_at(pipeline, element, places[point].pad, note, probe);
            g_free(element);
        }
    }
    return pipeline;
}

static void run(GstElement *pipeline, struct film *film)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(bus, take_priority, film, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage *last = gst_bus_timed_pop_filtered(bus, 600 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (!last || GST_MESSAGE_TYPE(last) != GST_MESSAGE_EOS)
        fail("the pipeline did not run to its end: are vp8enc and vp8dec there?");
    gst_message_unref(last);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_bus_set_sync_handler(bus, NULL, NULL, NULL);
    gst_object_unref(bus);
}

/* All ways carried each frame, encoded to the same bytes. */
static void check(const struct film *film, size_t frames)
{
    const gsize *bytes = film->probes[PLAIN][ENCODER_OUT].bytes;
    for (int way = 0; way < WAYS; way++) {
        for (int point = 0; point < POINTS; point++)
            if (film->probes[way][point].seen != frames)
                fail("a frame was lost");
        for (size_t i = 0; i < frames; i++)
            if (film->probes[way][ENCODER_OUT].bytes[i] != bytes[i] ||
                film->probes[way][DECODER_IN].bytes[i] != bytes[i])
                fail("the ways did not carry the same frames");
    }
}

/* --- What it showed ------------------------------------------------------------------------------------------------
 */

struct rounds {
    size_t count, len; /* of each, in frames */
};

static void take_span(const struct film *film, enum way way, enum span span, size_t count, double *ms)
{
    const gint64 *from = film->probes[way][spans[span].from].at_ns + WARMING;
    const gint64 *to = film->probes[way][spans[span].to].at_ns + WARMING;
    for (size_t i = 0; i < count; i++)
        ms[i] = (double)(to[i] - from[i]) / NS_PER_MS;
}

static double quantile(const double *ms, size_t count, double p)
{
    static double sorted[COUNTED_MAX];
    memcpy(sorted, ms, count * sizeof *ms);
    bench_sort(sorted, count);
    return bench_quantile(sorted, count, p);
}

struct row {
    struct bench *bench;
    enum span span;
    enum way way;
};

static void figure(const struct row *row, const char *what, double ms, gboolean is_goal)
{
    char title[2 * BENCH_NAME_MAX];
    snprintf(title, sizeof title, "720p30, %s, %s: %s", spans[row->span].name, ways[row->way].name, what);
    if (is_goal)
        bench_goal(row->bench, title, ms, "ms", GOAL_MS);
    else
        bench_figure(row->bench, title, ms, "ms");
}

/* Beyond the plain way: quantile less quantile, round by round, and frame less frame. End to end, a frame's own
 * difference is chance (identity elements have the same), so the quantiles are judged there; between coder and decoder
 * it is what was added to the frame. */
static void compare(const struct row *row, const double *ms, const double *plain, const struct rounds *rounds)
{
    static double added[COUNTED_MAX];
    struct bench_quartiles p50, p99;
    const size_t count = rounds->count * rounds->len;
    const gboolean judged = row->way == ENCRYPTED;
    bench_compare(ms, plain, rounds->count, rounds->len, 0.5, &p50);
    bench_compare(ms, plain, rounds->count, rounds->len, 0.99, &p99);
    for (size_t i = 0; i < count; i++)
        added[i] = ms[i] - plain[i];
    figure(row, "p50 beyond plain", p50.median, FALSE);
    figure(row, "p99 beyond plain", p99.median, FALSE);
    figure(row, "p99 beyond plain, lower quartile", p99.q1, FALSE);
    figure(row, "p99 beyond plain, upper quartile", p99.q3, judged && row->span == END_TO_END);
    figure(row, "p99 of frames' differences", quantile(added, count, 0.99), judged && row->span == CODER_TO_DECODER);
}

static void report(struct bench *bench, const struct film *film, const struct rounds *rounds)
{
    static double ms[WAYS][COUNTED_MAX];
    const size_t count = rounds->count * rounds->len;
    for (int span = 0; span < SPANS; span++) {
        for (int way = 0; way < WAYS; way++) {
            const struct row row = {bench, (enum span)span, (enum way)way};
            take_span(film, row.way, row.span, count, ms[way]);
            figure(&row, "p50", quantile(ms[way], count, 0.5), FALSE);
            figure(&row, "p99", quantile(ms[way], count, 0.99), FALSE);
            if (way != PLAIN)
                compare(&row, ms[way], ms[PLAIN], rounds);
        }
    }
}

void measure_latency(struct bench *bench)
{
    static struct film film;
    struct rounds rounds = {bench_asserts(bench) ? ROUNDS_ASSERTED : ROUNDS, ROUND};
    if (bench_is_quick(bench))
        rounds = (struct rounds){1, ROUND_QUICK};
    const size_t frames = WARMING + rounds.count * rounds.len;
    printf("\n720p30: %zu rounds of %zu frames, some %zu s\n", rounds.count, rounds.len, frames / RATE);
    GstElement *pipeline = pipeline_new(&film, (int)frames);
    if (bench_is_control(bench))
        probe_at(pipeline, "seal", "src", burden, NULL);
    run(pipeline, &film);
    gst_object_unref(pipeline);
    check(&film, frames);
    if (film.ordinary && bench_asserts(bench)) {
        puts("skipped: no right to real-time priority, without which a busy machine's scheduler is measured");
        exit(SKIPPED);
    }
    bench_note(bench, "latency", film.ordinary ? "threads of ordinary priority" : "threads of real-time priority");
    report(bench, &film, &rounds);
}
