/* sframedec at a change of epochs: frames that are ahead of their keys, and what is asked for when. */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstsotto/frame.h"
#include "gstsotto/keyring.h"
#include "gstutil.h"
#include "held.h"
#include "sotto/sframe.h"

/* Leaf 3 seals, leaf 1 opens; the tree has eight. */
enum { SENDER = 3, RECEIVER = 1, LEAVES = 8, CAMERA = SFRAME_CAMERA * SFRAME_LAYERS, SOME_MS = 200 };

static guint later_ms;

/* In place of the C library's: frames' time passes only when a test says so. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    if (id != CLOCK_BOOTTIME)
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = (struct timespec){.tv_sec = 1000 + later_ms / 1000, .tv_nsec = later_ms % 1000 * 1000000L};
    return 0;
}

struct scene {
    SottoKeyRing *from, *to;
    GstHarness *enc, *dec;
    guint refused;
};

static void add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 own_leaf)
{
    const guint8 leaves = (guint8) ~(1u << own_leaf);
    guint8 key[16] = "an epoch's key: ";

    key[15] = (guint8)epoch;
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(ring, epoch, LEAVES, &leaves, key, sizeof(key), NULL));
}

static void on_refused(GstElement *element, guint64 kid, gint error, gboolean fragment, guint *refused)
{
    (void)element;
    (void)kid;
    (void)error;
    (void)fragment;
    (*refused)++;
}

static GstHarness *harness_with(const char *element, SottoKeyRing *ring, const char *caps)
{
    GstHarness *h = gst_harness_new(element);

    g_object_set(h->element, "key-ring", ring, NULL);
    gst_harness_set_src_caps_str(h, caps);
    return h;
}

static void open_scene(struct scene *s)
{
    later_ms = 0;
    *s = (struct scene){.from = sotto_key_ring_new(0, 0), .to = sotto_key_ring_new(0, 0)};
    s->enc = harness_with("sframeenc", s->from, VP8);
    s->dec = harness_with("sframedec", s->to, SEALED_VP8);
    g_signal_connect(s->dec->element, "refused", G_CALLBACK(on_refused), &s->refused);
}

static void close_scene(struct scene *s)
{
    gst_harness_teardown(s->enc);
    gst_harness_teardown(s->dec);
    g_object_unref(s->from);
    g_object_unref(s->to);
}

static void enter(struct scene *s, guint64 epoch)
{
    add_epoch(s->from, epoch, SENDER);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(s->from, epoch, SENDER, NULL));
}

static void follow(struct scene *s, guint64 epoch)
{
    add_epoch(s->to, epoch, RECEIVER);
}

static GstBuffer *seal(struct scene *s, guint seed, gboolean key)
{
    GstBuffer *sealed = gstutil_push_one(s->enc, gstutil_vp8_frame(seed, 300, key));

    CU_ASSERT_PTR_NOT_NULL_FATAL(sealed);
    return sealed;
}

/* Sends one; whether it comes out at once, as what it was. */
static gboolean arrives(struct scene *s, guint seed, gboolean key)
{
    GstBuffer *want = gstutil_vp8_frame(seed, 300, key), *got = gstutil_push_one(s->dec, seal(s, seed, key));
    gboolean arrived = got && gstutil_same_bytes(got, want);

    gst_clear_buffer(&got);
    gst_buffer_unref(want);
    return arrived;
}

/* A frame as a server could make one up. */
static GstBuffer *forged(guint32 leaf, guint64 epoch, guint64 ctr, gsize len)
{
    guint8 head[SFRAME_HEADER_MAX];
    guint64 kid;
    gsize head_len;
    GstBuffer *frame;

    CU_ASSERT_EQUAL_FATAL(sframe_kid_from_leaf(CAMERA, leaf, LEAVES, epoch, &kid), SFRAME_OK);
    CU_ASSERT_EQUAL_FATAL(sframe_header_write(kid, ctr, head, sizeof(head), &head_len), SFRAME_OK);
    frame = gstutil_frame((guint)ctr, len, 0, FALSE);
    gst_buffer_fill(frame, 0, head, head_len);
    return frame;
}

/* The next request for a key frame; waits for one that is under way. */
static void expect_key_unit_request(GstHarness *h)
{
    GstEvent *event;
    gboolean found = FALSE;

    while (!found && (event = gst_harness_pull_upstream_event(h))) {
        found = gst_event_has_name(event, "GstForceKeyUnit");
        gst_event_unref(event);
    }
    CU_ASSERT_TRUE(found);
}

/* --- Held and opened ---------------------------------------------------------------------------------------------- */

static void test_held_until_the_keys_come(void)
{
    struct scene s;

    open_scene(&s);
    enter(&s, 5);
    follow(&s, 5);
    CU_ASSERT_TRUE(arrives(&s, 1, TRUE));
    enter(&s, 6);
    for (guint i = 2; i < 7; i++)
        CU_ASSERT_FALSE(arrives(&s, i, FALSE));
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "held"), 5);
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "no-key"), 0);
    /* not with the next frame: with the keys */
    follow(&s, 6);
    for (guint i = 2; i < 7; i++) {
        GstBuffer *want = gstutil_vp8_frame(i, 300, FALSE), *got = gst_harness_pull(s.dec);
        guint64 kid = 0, ctr = 0, want_kid = 0;

        CU_ASSERT_PTR_NOT_NULL_FATAL(got);
        CU_ASSERT_TRUE(gstutil_same_bytes(got, want));
        CU_ASSERT_FALSE(GST_BUFFER_IS_DISCONT(got));
        CU_ASSERT_TRUE(sotto_frame_origin(got, &kid, &ctr));
        CU_ASSERT_EQUAL(sframe_kid_from_leaf(CAMERA, SENDER, LEAVES, 6, &want_kid), SFRAME_OK);
        CU_ASSERT_EQUAL(kid, want_kid);
        CU_ASSERT_EQUAL(ctr, i - 2);
        gst_buffer_unref(want);
        gst_buffer_unref(got);
    }
    CU_ASSERT_TRUE(arrives(&s, 7, FALSE));
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "opened"), 7);
    CU_ASSERT_EQUAL(s.refused, 0);
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(s.dec), 0);
    close_scene(&s);
}

static void test_good_frames_do_not_wait(void)
{
    struct scene s;
    GstBuffer *late[3];

    open_scene(&s);
    enter(&s, 5);
    follow(&s, 5);
    for (guint i = 0; i < 3; i++)
        late[i] = seal(&s, i, i == 0);
    enter(&s, 6);
    CU_ASSERT_FALSE(arrives(&s, 3, FALSE));
    for (guint i = 0; i < 3; i++) {
        GstBuffer *got = gstutil_push_one(s.dec, late[i]);

        CU_ASSERT_PTR_NOT_NULL(got);
        gst_clear_buffer(&got);
    }
    close_scene(&s);
}

static void test_two_epochs_ahead(void)
{
    struct scene s;
    GstBuffer *got;

    open_scene(&s);
    enter(&s, 255);
    follow(&s, 255);
    /* over the end of the bits that a KID has for it */
    enter(&s, 256);
    CU_ASSERT_FALSE(arrives(&s, 1, FALSE));
    enter(&s, 257);
    CU_ASSERT_FALSE(arrives(&s, 2, FALSE));
    CU_ASSERT_FALSE(arrives(&s, 3, FALSE));
    follow(&s, 256);
    got = gst_harness_pull(s.dec);
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(s.dec), 1);
    follow(&s, 257);
    for (guint i = 0; i < 2; i++) {
        got = gst_harness_pull(s.dec);
        CU_ASSERT_PTR_NOT_NULL(got);
        gst_clear_buffer(&got);
    }
    close_scene(&s);
}

/* --- Not held, and given up --------------------------------------------------------------------------------------- */

static void test_what_is_not_held(void)
{
    static const struct {
        guint32 leaf;
        guint64 epoch;
        gboolean held;
    } rows[] = {
        {SENDER, 6, TRUE},    {SENDER, 9, TRUE},    {SENDER, 10, FALSE}, /* too far ahead */
        {SENDER, 4, FALSE},   {SENDER, 200, FALSE},                      /* past */
        {7, 6, FALSE},                                                   /* a leaf that nobody is in */
        {RECEIVER, 6, FALSE},                                            /* nobody else is */
    };
    const guint8 leaves = 1 << SENDER | 1 << 4;
    const guint8 key[16] = "an epoch's key:";
    struct scene s;
    guint64 held = 0;

    open_scene(&s);
    /* nothing, before there is any epoch */
    gst_harness_push(s.dec, forged(SENDER, 6, 0, 300));
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "held"), 0);
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(s.to, 5, LEAVES, &leaves, key, sizeof(key), NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gst_harness_push(s.dec, forged(rows[i].leaf, rows[i].epoch, i, 300));
        held += rows[i].held;
        CU_ASSERT_EQUAL(gstutil_stat(s.dec, "held"), held);
        CU_ASSERT_EQUAL(gstutil_stat(s.dec, "no-key"), 1 + i + 1 - held);
    }
    close_scene(&s);
}

static void test_held_too_long(void)
{
    struct scene s;
    GstBuffer *got;

    open_scene(&s);
    enter(&s, 5);
    follow(&s, 5);
    CU_ASSERT_TRUE(arrives(&s, 1, TRUE));
    enter(&s, 6);
    for (guint i = 2; i < 5; i++)
        CU_ASSERT_FALSE(arrives(&s, i, FALSE));
    later_ms += HELD_MS - SOME_MS;
    CU_ASSERT_FALSE(arrives(&s, 5, FALSE));
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "expired"), 0);
    later_ms += SOME_MS;
    CU_ASSERT_FALSE(arrives(&s, 6, FALSE));
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "expired"), 3);
    CU_ASSERT_EQUAL(gstutil_stat(s.dec, "no-key"), 3);
    CU_ASSERT_EQUAL(s.refused, 3);
    /* a key frame that cannot be opened either would be of no use */
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(s.dec), 0);
    follow(&s, 6);
    expect_key_unit_request(s.dec);
    for (guint i = 5; i < 7; i++) {
        got = gst_harness_pull(s.dec);
        CU_ASSERT_PTR_NOT_NULL_FATAL(got);
        CU_ASSERT_EQUAL(GST_BUFFER_IS_DISCONT(got), i == 5);
        gst_buffer_unref(got);
    }
    CU_ASSERT_TRUE(arrives(&s, 7, TRUE));
    CU_ASSERT_TRUE(arrives(&s, 8, FALSE));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(s.dec), 0);
    close_scene(&s);
}

static void count_down(gpointer alive, GstMiniObject *gone)
{
    (void)gone;
    g_atomic_int_dec_and_test((gint *)alive);
}

/* A server that makes up epochs to come, for every member, thousands of times. */
static void test_flood(void)
{
    enum { FLOOD = 20000 };
    struct scene s;
    gint alive = 0, most = 0;
    guint arrived = 0;

    open_scene(&s);
    enter(&s, 5);
    follow(&s, 5);
    CU_ASSERT_TRUE(arrives(&s, 0, TRUE));
    for (guint i = 0; i < FLOOD; i++) {
        GstBuffer *frame = forged(i % LEAVES, 6 + i % 4, i, 20 + i % 1200);

        g_atomic_int_inc(&alive);
        gst_mini_object_weak_ref(GST_MINI_OBJECT(frame), count_down, &alive);
        CU_ASSERT_EQUAL(gst_harness_push(s.dec, frame), GST_FLOW_OK);
        most = MAX(most, alive);
        if (i % 100 == 0)
            arrived += arrives(&s, i, i % 1000 == 0);
    }
    CU_ASSERT_EQUAL(arrived, FLOOD / 100);
    CU_ASSERT(most <= HELD_FRAMES + 1);
    CU_ASSERT(gstutil_stat(s.dec, "overflowed") > 0);
    /* a key frame came after each; the next ones were not asked for */
    CU_ASSERT(gstutil_key_unit_requests(s.dec) <= 1);
    /* and then the epoch comes */
    enter(&s, 6);
    follow(&s, 6);
    CU_ASSERT_TRUE(arrives(&s, FLOOD, FALSE));
    gst_element_set_state(s.dec->element, GST_STATE_NULL);
    CU_ASSERT_EQUAL(alive, 0);
    close_scene(&s);
}

static void test_stopped_while_holding(void)
{
    struct scene s;
    gint alive = 1;
    GstBuffer *frame;

    open_scene(&s);
    enter(&s, 5);
    follow(&s, 5);
    frame = forged(SENDER, 6, 0, 300);
    gst_mini_object_weak_ref(GST_MINI_OBJECT(frame), count_down, &alive);
    gst_harness_push(s.dec, frame);
    CU_ASSERT_EQUAL(alive, 1);
    gst_harness_push_event(s.dec, gst_event_new_flush_start());
    gst_harness_push_event(s.dec, gst_event_new_flush_stop(FALSE));
    CU_ASSERT_EQUAL(alive, 0);
    follow(&s, 6);
    close_scene(&s);
}

/* --- Asking for key frames ---------------------------------------------------------------------------------------- */

/* Its first picture is a round trip and a key frame after its keys, for it asks at once, and not before. */
static void test_newcomer(void)
{
    struct scene s;

    open_scene(&s);
    enter(&s, 5);
    for (guint i = 0; i < 5; i++)
        CU_ASSERT_FALSE(arrives(&s, i, FALSE));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(s.dec), 0);
    follow(&s, 5);
    expect_key_unit_request(s.dec);
    CU_ASSERT_TRUE(arrives(&s, 5, FALSE));
    CU_ASSERT_TRUE(arrives(&s, 6, TRUE));
    CU_ASSERT_TRUE(arrives(&s, 7, FALSE));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(s.dec), 0);
    close_scene(&s);
}

/* Both changes that a member sees: the sender is first, or it is itself. */
static void test_no_key_frame_for_a_new_epoch(void)
{
    struct scene s;

    open_scene(&s);
    enter(&s, 1);
    follow(&s, 1);
    CU_ASSERT_TRUE(arrives(&s, 0, TRUE));
    for (guint64 epoch = 2; epoch < 200; epoch++) {
        if (epoch % 2) {
            follow(&s, epoch);
            CU_ASSERT_TRUE(arrives(&s, 1, FALSE));
            enter(&s, epoch);
        } else {
            GstBuffer *got;

            enter(&s, epoch);
            CU_ASSERT_FALSE(arrives(&s, 2, FALSE));
            follow(&s, epoch);
            got = gst_harness_pull(s.dec);
            CU_ASSERT_PTR_NOT_NULL(got);
            gst_clear_buffer(&got);
        }
        CU_ASSERT_TRUE(arrives(&s, 3, FALSE));
        CU_ASSERT_TRUE(sotto_key_ring_remove_epoch(s.from, epoch - 1, NULL));
        CU_ASSERT_TRUE(sotto_key_ring_remove_epoch(s.to, epoch - 1, NULL));
    }
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(s.dec), 0);
    CU_ASSERT_EQUAL(s.refused, 0);
    close_scene(&s);
}

static const struct unit_test tests[] = {
    {"frames ahead of their keys come out in order once the keys are there", test_held_until_the_keys_come},
    {"frames that can be opened do not wait for those that are held", test_good_frames_do_not_wait},
    {"frames of two epochs are held at once", test_two_epochs_ahead},
    {"only epochs that come next and members that are there are held for", test_what_is_not_held},
    {"a frame held too long costs one key frame, asked for once it is of use", test_held_too_long},
    {"a flood of epochs made up grows nothing, delays nobody, and costs one key frame", test_flood},
    {"what is held goes with its stream", test_stopped_while_holding},
    {"a newcomer asks for a key frame with its keys, not before", test_newcomer},
    {"a new epoch makes nobody ask for a key frame", test_no_key_frame_for_a_new_epoch},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_held", tests, G_N_ELEMENTS(tests));
}
