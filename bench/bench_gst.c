/* What the GStreamer elements cost: by buffer, with identity elements as the floor, and in a real pipeline, from before
 * the encoder to behind the decoder. */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "gst_latency.h"
#include "gstsotto/plugin.h"

#define KEY "key=00112233445566778899aabbccddeeff"
#define CAPS "video/x-vp8, width=(int)640, height=(int)360"
#define GOAL_NS 1500.0

enum {
    GOAL_BYTES = 1200,
    LISTED = 16, /* buffers in a list */
    /* shorter than a time slice, so that most are not interrupted on a busy machine */
    ROUNDS = 401,
    ROUND_US = 1000,
};

/* --- A chain of elements between two pads of ours ------------------------------------------------------------------
 */

struct chain {
    GstElement *bin;
    GstPad *in;  /* ours, to push into */
    GstPad *out; /* ours, where it ends */
    size_t len;
    guint64 came;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_gst: %s\n", what);
    exit(EXIT_FAILURE);
}

static GstFlowReturn take(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    struct chain *chain = gst_pad_get_element_private(pad);
    (void)parent;
    chain->came++;
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
}

static GstFlowReturn take_list(GstPad *pad, GstObject *parent, GstBufferList *list)
{
    struct chain *chain = gst_pad_get_element_private(pad);
    (void)parent;
    chain->came += gst_buffer_list_length(list);
    gst_buffer_list_unref(list);
    return GST_FLOW_OK;
}

static void link_pads(GstElement *bin, GstPad *own, const char *name)
{
    GstPad *pad = gst_element_get_static_pad(bin, name);
    const gboolean ours_first = GST_PAD_IS_SRC(own);
    if (gst_pad_link(ours_first ? own : pad, ours_first ? pad : own) != GST_PAD_LINK_OK)
        fail("pads do not fit together");
    gst_object_unref(pad);
}

static void chain_open(struct chain *chain, const char *line, size_t len)
{
    GError *error = NULL;
    GstSegment segment;
    GstCaps *caps = gst_caps_from_string(CAPS);
    GstClock *clock = gst_system_clock_obtain();
    *chain = (struct chain){.len = len};
    chain->bin = gst_parse_bin_from_description(line, TRUE, &error);
    if (!chain->bin)
        fail(error->message);
    chain->in = gst_pad_new("in", GST_PAD_SRC);
    chain->out = gst_pad_new("out", GST_PAD_SINK);
    gst_pad_set_chain_function(chain->out, take);
    gst_pad_set_chain_list_function(chain->out, take_list);
    gst_pad_set_element_private(chain->out, chain);
    link_pads(chain->bin, chain->in, "sink");
    link_pads(chain->bin, chain->out, "src");
    gst_pad_set_active(chain->in, TRUE);
    gst_pad_set_active(chain->out, TRUE);
    gst_element_set_clock(chain->bin, clock);
    gst_element_set_base_time(chain->bin, gst_clock_get_time(clock));
    if (gst_element_set_state(chain->bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        fail("elements do not start");
    gst_segment_init(&segment, GST_FORMAT_TIME);
    if (!gst_pad_push_event(chain->in, gst_event_new_stream_start("bench")) ||
        !gst_pad_push_event(chain->in, gst_event_new_caps(caps)) ||
        !gst_pad_push_event(chain->in, gst_event_new_segment(&segment)))
        fail("elements do not take their caps");
    gst_object_unref(clock);
    gst_caps_unref(caps);
}

static void chain_close(struct chain *chain)
{
    gst_element_set_state(chain->bin, GST_STATE_NULL);
    gst_object_unref(chain->in);
    gst_object_unref(chain->out);
    gst_object_unref(chain->bin);
}

/* Each buffer is a fresh one, as an encoder's would be; its content is left as the allocator gave it. */
static GstBuffer *fresh_buffer(const struct chain *chain)
{
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, chain->len, NULL);
    GST_BUFFER_PTS(buffer) = gst_element_get_current_running_time(chain->bin);
    return buffer;
}

static void run_chain(void *ctx, uint64_t iterations)
{
    struct chain *chain = ctx;
    const guint64 before = chain->came;
    for (uint64_t i = 0; i < iterations; i++)
        if (gst_pad_push(chain->in, fresh_buffer(chain)) != GST_FLOW_OK)
            fail("a buffer was refused");
    if (chain->came - before < iterations)
        fail("a buffer was lost");
}

/* By the list: its buffers one by one, and together. */
static void run_one_by_one(void *ctx, uint64_t iterations)
{
    run_chain(ctx, iterations * LISTED);
}

static void run_lists(void *ctx, uint64_t iterations)
{
    struct chain *chain = ctx;
    const guint64 before = chain->came;
    for (uint64_t i = 0; i < iterations; i++) {
        GstBufferList *list = gst_buffer_list_new_sized(LISTED);
        for (int n = 0; n < LISTED; n++)
            gst_buffer_list_add(list, fresh_buffer(chain));
        if (gst_pad_push_list(chain->in, list) != GST_FLOW_OK)
            fail("a list was refused");
    }
    if (chain->came - before < iterations * LISTED)
        fail("a buffer was lost");
}

/* --- By buffer -----------------------------------------------------------------------------------------------------
 */

enum { FLOOR, ENC, ENC_DEC, SEALED, PAY, PAY_DEPAY, CHAINS };

static const struct {
    const char *name;
    const char *line;
} kinds[CHAINS] = {
    [FLOOR] = {"identity ! identity", "identity ! identity"},
    [ENC] = {"sframeenc ! identity", "sframeenc " KEY " ! identity"},
    [ENC_DEC] = {"sframeenc ! sframedec", "sframeenc " KEY " ! sframedec " KEY},
    /* nothing behind these: identity would take each packet by itself, and one frame */
    [SEALED] = {"sframeenc", "sframeenc " KEY},
    [PAY] = {"sframeenc ! rtpsframepay", "sframeenc " KEY " ! rtpsframepay"},
    [PAY_DEPAY] = {"sframeenc ! rtpsframepay ! rtpsframedepay", "sframeenc " KEY " ! rtpsframepay ! rtpsframedepay"},
};

static void figure(struct bench *bench, size_t len, const char *what, double ns)
{
    char title[BENCH_NAME_MAX + 16];
    snprintf(title, sizeof title, "%zu B: %s", len, what);
    bench_figure(bench, title, ns, "ns a buffer");
}

static void measure_elements(struct bench *bench, size_t len)
{
    static struct chain chains[CHAINS];
    struct bench_contestant list[CHAINS];
    struct bench_result results[CHAINS];
    char title[BENCH_NAME_MAX];
    snprintf(title, sizeof title, "chains of elements, %zu B", len);
    if (!bench_wants(bench, title))
        return;
    for (int i = 0; i < CHAINS; i++) {
        chain_open(&chains[i], kinds[i].line, len);
        list[i] = (struct bench_contestant){kinds[i].name, run_chain, &chains[i]};
    }
    bench_case(bench, title, len, list, CHAINS, results);
    figure(bench, len, "sframeenc over identity", results[ENC].median_ns - results[FLOOR].median_ns);
    figure(bench, len, "sframedec over identity", results[ENC_DEC].median_ns - results[ENC].median_ns);
    figure(bench, len, "rtpsframepay", results[PAY].median_ns - results[SEALED].median_ns);
    figure(bench, len, "rtpsframedepay", results[PAY_DEPAY].median_ns - results[PAY].median_ns);
    const double both = results[ENC_DEC].median_ns - results[FLOOR].median_ns;
    if (len == GOAL_BYTES)
        bench_goal(bench, "1200 B: sframeenc and sframedec over identity elements", both, "ns a buffer", GOAL_NS);
    else
        figure(bench, len, "sframeenc and sframedec over identity elements", both);
    for (int i = 0; i < CHAINS; i++)
        chain_close(&chains[i]);
}

/* --- By list -------------------------------------------------------------------------------------------------------
 */

#define HMAC " suite=aes-128-ctr-hmac-sha256-80 "

#define GCM_BOTH "sframeenc " KEY " ! sframedec " KEY
#define HMAC_BOTH "sframeenc " HMAC KEY " ! sframedec " HMAC KEY

enum { NOTHING, GCM, CTR_HMAC, NOTHING_LIST, GCM_LIST, CTR_HMAC_LIST, WAYS };

static const struct {
    const char *name;
    const char *line;
    bench_run_fn run;
} ways[WAYS] = {
    [NOTHING] = {"identity ! identity", "identity ! identity", run_one_by_one},
    [GCM] = {"AES-GCM, both elements", GCM_BOTH, run_one_by_one},
    [CTR_HMAC] = {"AES-CTR with HMAC, both elements", HMAC_BOTH, run_one_by_one},
    [NOTHING_LIST] = {"identity ! identity, in a list", "identity ! identity", run_lists},
    [GCM_LIST] = {"AES-GCM, both elements, in a list", GCM_BOTH, run_lists},
    [CTR_HMAC_LIST] = {"AES-CTR with HMAC, both elements, in a list", HMAC_BOTH, run_lists},
};

static void measure_lists(struct bench *bench, size_t len)
{
    static struct chain chains[WAYS];
    struct bench_contestant list[WAYS];
    struct bench_result results[WAYS];
    char title[BENCH_NAME_MAX];
    snprintf(title, sizeof title, "%d buffers of %zu B, one by one and in a list", LISTED, len);
    if (!bench_wants(bench, title))
        return;
    for (int i = 0; i < WAYS; i++) {
        chain_open(&chains[i], ways[i].line, len);
        list[i] = (struct bench_contestant){ways[i].name, ways[i].run, &chains[i]};
    }
    bench_case(bench, title, LISTED * len, list, WAYS, results);
    for (int i = 0; i < WAYS; i++) {
        const int floor = i < NOTHING_LIST ? NOTHING : NOTHING_LIST;
        if (i != floor)
            figure(bench, len, ways[i].name, (results[i].median_ns - results[floor].median_ns) / LISTED);
        chain_close(&chains[i]);
    }
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {160, GOAL_BYTES, 20000};
    struct bench *bench = bench_open("gst", argc, argv);
    bench_set_rounds(bench, ROUNDS, ROUND_US);
    gst_init(NULL, NULL);
    if (!sotto_gst_register())
        fail("the elements cannot be registered");
    gchar *version = gst_version_string();
    bench_note(bench, "gstreamer", version);
    g_free(version);
    if (!bench_asserts(bench)) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            measure_elements(bench, sizes[i]);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            measure_lists(bench, sizes[i]);
    }
    if (bench_wants(bench, "720p30"))
        measure_latency(bench);
    return bench_close(bench);
}
