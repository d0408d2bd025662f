/* sframeenc and sframedec: a list of buffers is what its buffers are one by one. */
#include <gst/base/gstbasetransform.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstsotto/frame.h"
#include "gstsotto/keyring.h"
#include "gstutil.h"
#include "sotto/sframe.h"

/* Leaf 3 seals, leaf 1 opens; the tree has eight. */
enum { SENDER = 3, RECEIVER = 1, STRANGER = 5, LEAVES = 8, AT_ONCE = 16 };
#define NAMED_AND_PADDED "sframeenc display-name=ann padding=100"

/* Those that an epoch of MLS may have. */
static const guint mls_suites[] = {1, 4, 5, 6};

/* In place of the C library's: frames are stamped by a clock that stands still, so that two elements seal the same. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    if (id != CLOCK_BOOTTIME)
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = (struct timespec){.tv_sec = 1000};
    return 0;
}

/* An element, and what is seen of it. */
struct watched {
    GstHarness *h;
    GstBus *bus;
    GString *refused;
    guint lists, largest; /* that went out, and the buffers in one */
};

static void add_epoch(SottoKeyRing *ring, guint64 epoch, guint32 own_leaf)
{
    const guint8 leaves = (guint8) ~(1u << own_leaf);
    guint8 key[16] = "an epoch's key: ";

    key[15] = (guint8)epoch;
    CU_ASSERT_TRUE_FATAL(sotto_key_ring_add_epoch(ring, epoch, LEAVES, &leaves, key, sizeof(key), NULL));
}

/* A ring of its own, of epoch 5. */
static SottoKeyRing *ring_of(guint32 leaf, guint suite, guint profile)
{
    SottoKeyRing *ring = sotto_key_ring_new(suite, profile);

    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    add_epoch(ring, 5, leaf);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ring, 5, leaf, NULL));
    return ring;
}

static void on_refused(GstElement *element, guint64 kid, gint error, gboolean fragment, GString *refused)
{
    (void)element;
    g_string_append_printf(refused, "%" G_GINT64_MODIFIER "x %s %d\n", kid, sframe_strerror(error), fragment);
}

static GstPadProbeReturn count_list(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct watched *w = data;
    (void)pad;
    w->lists++;
    w->largest = MAX(w->largest, gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info)));
    return GST_PAD_PROBE_OK;
}

/* Takes the ring over; NULL: none. */
static void watch(struct watched *w, const char *line, SottoKeyRing *ring, const char *caps)
{
    GstPad *src;

    *w = (struct watched){.h = gstutil_harness(line, caps), .refused = g_string_new(NULL)};
    w->bus = gstutil_watch(w->h);
    if (ring)
        g_object_set(w->h->element, "key-ring", ring, NULL);
    g_clear_object(&ring);
    if (g_signal_lookup("refused", G_OBJECT_TYPE(w->h->element)))
        g_signal_connect(w->h->element, "refused", G_CALLBACK(on_refused), w->refused);
    src = gst_element_get_static_pad(w->h->element, "src");
    gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER_LIST, count_list, w, NULL);
    gst_object_unref(src);
}

static void unwatch(struct watched *w)
{
    gstutil_unwatch(w->h, w->bus);
    gst_harness_teardown(w->h);
    g_string_free(w->refused, TRUE);
}

/* --- In lists and one by one -------------------------------------------------------------------------------------- */

static GstBufferList *list_of(GPtrArray *frames)
{
    GstBufferList *list = gst_buffer_list_new();

    for (guint i = 0; i < frames->len; i++)
        gst_buffer_list_add(list, gst_buffer_copy_deep(g_ptr_array_index(frames, i)));
    return list;
}

static void push_list(struct watched *w, GPtrArray *frames)
{
    CU_ASSERT_EQUAL(gst_pad_push_list(w->h->srcpad, list_of(frames)), GST_FLOW_OK);
}

static void push_each(struct watched *w, GPtrArray *frames)
{
    for (guint i = 0; i < frames->len; i++)
        CU_ASSERT_EQUAL(gst_harness_push(w->h, gst_buffer_copy_deep(g_ptr_array_index(frames, i))), GST_FLOW_OK);
}

static void expect_same_buffer(GstBuffer *a, GstBuffer *b)
{
    guint64 kid[2] = {0}, ctr[2] = {0};

    CU_ASSERT_TRUE(gstutil_same_bytes(a, b));
    CU_ASSERT_EQUAL(GST_BUFFER_PTS(a), GST_BUFFER_PTS(b));
    CU_ASSERT_EQUAL(GST_BUFFER_DTS(a), GST_BUFFER_DTS(b));
    CU_ASSERT_EQUAL(GST_BUFFER_DURATION(a), GST_BUFFER_DURATION(b));
    CU_ASSERT_EQUAL(GST_BUFFER_OFFSET(a), GST_BUFFER_OFFSET(b));
    CU_ASSERT_EQUAL(GST_BUFFER_FLAGS(a) & ~(guint)GST_BUFFER_FLAG_TAG_MEMORY,
                    GST_BUFFER_FLAGS(b) & ~(guint)GST_BUFFER_FLAG_TAG_MEMORY);
    CU_ASSERT_EQUAL(sotto_frame_origin(a, &kid[0], &ctr[0]), sotto_frame_origin(b, &kid[1], &ctr[1]));
    CU_ASSERT_EQUAL(kid[0], kid[1]);
    CU_ASSERT_EQUAL(ctr[0], ctr[1]);
}

/* Warnings without what names the element. */
static gchar *messages_of(struct watched *w)
{
    GString *all = g_string_new(NULL);
    GstMessage *message;

    while ((message = gst_bus_pop_filtered(w->bus, GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING))) {
        GError *warning = NULL;
        gchar *text;

        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
            gst_message_parse_warning(message, &warning, NULL);
        text = warning ? g_strdup(warning->message) : gst_structure_to_string(gst_message_get_structure(message));
        g_string_append_printf(all, "%s\n", text);
        g_clear_error(&warning);
        g_free(text);
        gst_message_unref(message);
    }
    return g_string_free(all, FALSE);
}

/* Everything that was seen of both is the same; what came out of the first (free with g_ptr_array_unref). */
static GPtrArray *expect_same(struct watched *a, struct watched *b)
{
    GPtrArray *out[2] = {gstutil_pull_all(a->h), gstutil_pull_all(b->h)};
    gchar *messages[2] = {messages_of(a), messages_of(b)};
    GstStructure *stats[2];
    gchar *text[2];

    CU_ASSERT_EQUAL_FATAL(out[0]->len, out[1]->len);
    for (guint i = 0; i < out[0]->len; i++)
        expect_same_buffer(g_ptr_array_index(out[0], i), g_ptr_array_index(out[1], i));
    CU_ASSERT_STRING_EQUAL(messages[0], messages[1]);
    CU_ASSERT_STRING_EQUAL(a->refused->str, b->refused->str);
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(a->h), gstutil_key_unit_requests(b->h));
    g_object_get(a->h->element, "stats", &stats[0], NULL);
    g_object_get(b->h->element, "stats", &stats[1], NULL);
    for (guint i = 0; i < 2; i++)
        text[i] = gst_structure_to_string(stats[i]);
    CU_ASSERT_STRING_EQUAL(text[0], text[1]);
    for (guint i = 0; i < 2; i++) {
        g_free(text[i]);
        g_free(messages[i]);
        gst_structure_free(stats[i]);
    }
    g_ptr_array_unref(out[1]);
    return out[0];
}

/* --- Sealing ------------------------------------------------------------------------------------------------------ */

static gsize some_size(guint64 *state)
{
    static const gsize most[] = {1, 40, 200, 1300, 4000, 30000};
    return unit_random(state) % most[unit_random(state) % G_N_ELEMENTS(most)];
}

/* Frames as an encoder could make them, and stranger ones. */
static GPtrArray *some_frames(guint64 *state, guint count)
{
    static const GstBufferFlags flags[] = {GST_BUFFER_FLAG_DISCONT, GST_BUFFER_FLAG_GAP, GST_BUFFER_FLAG_MARKER,
                                           GST_BUFFER_FLAG_HEADER, GST_BUFFER_FLAG_DROPPABLE};
    GPtrArray *frames = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);

    for (guint i = 0; i < count; i++) {
        GstBuffer *frame = gstutil_frame((guint)unit_random(state), some_size(state), i * 20 * GST_MSECOND,
                                         unit_random(state) % 4 == 0);

        if (unit_random(state) % 4 == 0)
            GST_BUFFER_FLAG_SET(frame, flags[unit_random(state) % G_N_ELEMENTS(flags)]);
        if (unit_random(state) % 2)
            GST_BUFFER_DURATION(frame) = 20 * GST_MSECOND;
        GST_BUFFER_OFFSET(frame) = unit_random(state) % 100;
        g_ptr_array_add(frames, frame);
    }
    return frames;
}

static guint some_length(guint64 *state)
{
    static const guint lengths[] = {0, 1, 2, 5, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE, 70};
    return lengths[unit_random(state) % G_N_ELEMENTS(lengths)];
}

static void test_sealed_as_one_by_one(void)
{
    guint64 state = 7;

    for (guint i = 0; i < G_N_ELEMENTS(mls_suites); i++)
        for (guint profile = 0; profile < 2; profile++) {
            struct watched lists, singles;

            watch(&lists, NAMED_AND_PADDED, ring_of(SENDER, mls_suites[i], profile), VP8);
            watch(&singles, NAMED_AND_PADDED, ring_of(SENDER, mls_suites[i], profile), VP8);
            for (guint round = 0; round < 30; round++) {
                GPtrArray *frames = some_frames(&state, some_length(&state)), *sealed;

                push_list(&lists, frames);
                push_each(&singles, frames);
                sealed = expect_same(&lists, &singles);
                CU_ASSERT_EQUAL(sealed->len, frames->len);
                g_ptr_array_unref(sealed);
                g_ptr_array_unref(frames);
            }
            CU_ASSERT_EQUAL(singles.lists, 0);
            CU_ASSERT_EQUAL(lists.largest, AT_ONCE);
            unwatch(&lists);
            unwatch(&singles);
        }
}

/* Audio, whose name goes by time; and every suite that the elements know, not only those that calls are keyed with. */
static void test_lists_open_what_lists_sealed(void)
{
    guint64 state = 11;

    for (guint suite = 1; suite <= 8; suite++) {
        gchar *line = g_strdup_printf("sframeenc key=" KEY " suite=%u display-name=ann ! sframedec suite=%u key=" KEY,
                                      suite, suite);
        GstHarness *h = gstutil_harness(line, OPUS);

        for (guint round = 0; round < 5; round++) {
            GPtrArray *frames = some_frames(&state, some_length(&state)), *got;

            CU_ASSERT_EQUAL(gst_pad_push_list(h->srcpad, list_of(frames)), GST_FLOW_OK);
            got = gstutil_pull_all(h);
            CU_ASSERT_EQUAL_FATAL(got->len, frames->len);
            for (guint i = 0; i < got->len; i++)
                CU_ASSERT_TRUE(gstutil_same_bytes(g_ptr_array_index(got, i), g_ptr_array_index(frames, i)));
            g_ptr_array_unref(got);
            g_ptr_array_unref(frames);
        }
        gst_harness_teardown(h);
        g_free(line);
    }
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

/* Whom the decoders hear, and whom they should not. */
struct voices {
    GstHarness *camera, *stranger, *microphone, *ahead;
};

static GstHarness *voice(const char *line, SottoKeyRing *ring, const char *caps)
{
    GstHarness *h = gstutil_harness(line, caps);

    g_object_set(h->element, "key-ring", ring, NULL);
    g_object_unref(ring);
    return h;
}

static void voices_open(struct voices *v, guint suite, guint profile)
{
    SottoKeyRing *ahead = ring_of(SENDER, suite, profile);

    v->camera = voice("sframeenc display-name=ann", ring_of(SENDER, suite, profile), VP8);
    v->microphone = voice("sframeenc", ring_of(SENDER, suite, profile), OPUS);
    v->stranger = voice("sframeenc", ring_of(STRANGER, suite, profile), VP8);
    add_epoch(ahead, 6, SENDER);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ahead, 6, SENDER, NULL));
    v->ahead = voice("sframeenc", ahead, VP8);
}

static void voices_close(struct voices *v)
{
    gst_harness_teardown(v->camera);
    gst_harness_teardown(v->microphone);
    gst_harness_teardown(v->stranger);
    gst_harness_teardown(v->ahead);
}

static GstBuffer *flip_some_byte(GstBuffer *sealed, guint64 *state)
{
    gsize at = unit_random(state) % gst_buffer_get_size(sealed);
    guint8 byte;

    gst_buffer_extract(sealed, at, &byte, 1);
    byte ^= (guint8)(1 << unit_random(state) % 8);
    gst_buffer_fill(sealed, at, &byte, 1);
    return sealed;
}

/* What a network with a bad server in it makes of a sender's frames; sent: that went before. */
static GstBuffer *some_arrival(struct voices *v, GPtrArray *sent, guint64 *state)
{
    GstBuffer *good = gstutil_push_one(
        v->camera, gstutil_vp8_frame((guint)unit_random(state), 1 + some_size(state), unit_random(state) % 8 == 0));
    GstBuffer *other = NULL;

    g_ptr_array_add(sent, gst_buffer_copy_deep(good));
    switch (unit_random(state) % 60) {
    case 0:
        return flip_some_byte(good, state);
    case 1: /* again */
        other = gst_buffer_copy_deep(g_ptr_array_index(sent, unit_random(state) % sent->len));
        break;
    case 2: /* a part of it */
        other = gst_buffer_copy_region(good, GST_BUFFER_COPY_ALL, 0, unit_random(state) % gst_buffer_get_size(good));
        GST_BUFFER_FLAG_SET(other, GST_BUFFER_FLAG_CORRUPTED);
        break;
    case 3:
        GST_BUFFER_FLAG_SET(good, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_CORRUPTED);
        break;
    case 4: /* nothing that was ever sealed */
        other = gstutil_vp8_frame((guint)unit_random(state), some_size(state) + 1, TRUE);
        break;
    case 5:
        other = gst_buffer_new();
        GST_BUFFER_FLAG_SET(other, GST_BUFFER_FLAG_DISCONT);
        break;
    case 6:
        other = gstutil_push_one(v->microphone, gstutil_vp8_frame(1, 100, TRUE));
        break;
    case 7: /* its first frames make a stream */
        other = gstutil_push_one(v->stranger, gstutil_vp8_frame(2, 100, unit_random(state) % 2));
        break;
    case 8: /* of an epoch that the decoders have no keys of */
        other = gstutil_push_one(v->ahead, gstutil_vp8_frame((guint)unit_random(state), 100, FALSE));
        if (unit_random(state) % 2)
            GST_BUFFER_FLAG_SET(other, GST_BUFFER_FLAG_DISCONT);
        break;
    case 9: /* never arrives; a later one replaces it */
        other = gstutil_push_one(v->camera, gstutil_vp8_frame((guint)unit_random(state), 50, FALSE));
        break;
    default:
        return good;
    }
    if (other)
        gst_buffer_unref(good);
    return other ? other : good;
}

/* The keys come that some were held for. */
static void expect_held_alike(struct watched *a, struct watched *b, SottoKeyRing *rings[2], guint64 count)
{
    GPtrArray *none = g_ptr_array_new();

    for (guint i = 0; i < 2; i++)
        add_epoch(rings[i], 6, RECEIVER);
    for (; count > 0; count--) {
        GstBuffer *x = gst_harness_pull(a->h), *y = gst_harness_pull(b->h);

        CU_ASSERT_FATAL(x && y);
        expect_same_buffer(x, y);
        gst_buffer_unref(x);
        gst_buffer_unref(y);
    }
    /* which waits for the threads that pushed them */
    push_list(a, none);
    push_list(b, none);
    g_ptr_array_unref(expect_same(a, b));
    g_ptr_array_unref(none);
}

static void test_opened_as_one_by_one(void)
{
    guint64 state = 3;

    for (guint i = 0; i < G_N_ELEMENTS(mls_suites); i++)
        for (guint profile = 0; profile < 2; profile++) {
            SottoKeyRing *rings[2] = {ring_of(RECEIVER, mls_suites[i], profile),
                                      ring_of(RECEIVER, mls_suites[i], profile)};
            GPtrArray *sent = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
            struct watched lists, singles;
            struct voices v;
            guint opened = 0;

            voices_open(&v, mls_suites[i], profile);
            watch(&lists, "sframedec", g_object_ref(rings[0]), SEALED_VP8);
            watch(&singles, "sframedec", g_object_ref(rings[1]), SEALED_VP8);
            for (guint round = 0; round < 40; round++) {
                GPtrArray *frames = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref), *got;

                for (guint n = some_length(&state); n > 0; n--)
                    g_ptr_array_add(frames, some_arrival(&v, sent, &state));
                push_list(&lists, frames);
                push_each(&singles, frames);
                got = expect_same(&lists, &singles);
                opened += got->len;
                g_ptr_array_unref(got);
                g_ptr_array_unref(frames);
            }
            CU_ASSERT(opened > 0);
            CU_ASSERT_EQUAL(singles.lists, 0);
            CU_ASSERT(lists.largest > 1);
            CU_ASSERT(gstutil_stat(v.ahead, "sealed") > 1);
            expect_held_alike(&lists, &singles, rings, gstutil_stat(v.ahead, "sealed"));
            for (guint k = 0; k < 2; k++)
                g_object_unref(rings[k]);
            voices_close(&v);
            g_ptr_array_unref(sent);
            unwatch(&lists);
            unwatch(&singles);
        }
}

/* --- The stream around lists ---------------------------------------------------------------------------------------
 */

static GstBufferList *vp8_list(guint count)
{
    GstBufferList *list = gst_buffer_list_new();

    for (guint i = 0; i < count; i++)
        gst_buffer_list_add(list, gstutil_vp8_frame(i, 100 + i, i == 0));
    return list;
}

/* A list of what the harness has put out. */
static GstBufferList *pull_list(GstHarness *h)
{
    GstBufferList *list = gst_buffer_list_new();
    GstBuffer *buffer;

    while ((buffer = gst_harness_try_pull(h)))
        gst_buffer_list_add(list, buffer);
    return list;
}

static gboolean is_discont(GstBuffer *taken)
{
    gboolean discont = taken && GST_BUFFER_IS_DISCONT(taken);

    CU_ASSERT_PTR_NOT_NULL(taken);
    gst_clear_buffer(&taken);
    return discont;
}

/* How many go out, and which is the first with the flag; -1: none. */
static gint first_discont(GstHarness *h, guint count)
{
    gint first = -1;

    for (guint i = 0; i < count; i++)
        if (is_discont(gst_harness_try_pull(h)) && first < 0)
            first = (gint)i;
    CU_ASSERT_EQUAL(gst_harness_buffers_in_queue(h), 0);
    return first;
}

static void test_gaps_between_lists_and_buffers(void)
{
    struct watched enc, dec;
    GstBufferList *sealed;
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    watch(&enc, "sframeenc", NULL, VP8);
    watch(&dec, "sframedec key=" KEY, NULL, SEALED_VP8);
    /* a list is lost: the next buffer says so, and no other */
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, vp8_list(3)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gstutil_stat(enc.h, "no-key"), 3);
    CU_ASSERT_EQUAL(gstutil_count_messages(enc.bus, GST_MESSAGE_WARNING, NULL, NULL), 1);
    g_object_set(enc.h->element, "key", KEY, NULL);
    CU_ASSERT_TRUE(is_discont(gstutil_push_one(enc.h, gstutil_vp8_frame(1, 100, TRUE))));
    CU_ASSERT_FALSE(is_discont(gstutil_push_one(enc.h, gstutil_vp8_frame(2, 100, FALSE))));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, vp8_list(3)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(first_discont(enc.h, 3), -1);

    /* a buffer is lost: the next in a list says so; then the last of a list, and the next list does */
    gst_harness_push(dec.h, gstutil_frame(1, 100, 0, FALSE));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, vp8_list(3)), GST_FLOW_OK);
    sealed = pull_list(enc.h);
    gst_buffer_list_add(sealed, gstutil_frame(2, 100, 0, FALSE));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, sealed), GST_FLOW_OK);
    CU_ASSERT_EQUAL(first_discont(dec.h, 3), 0);
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, vp8_list(3)), GST_FLOW_OK);
    sealed = pull_list(enc.h);
    gst_buffer_list_insert(sealed, 1, gstutil_frame(2, 100, 0, FALSE));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, gst_buffer_list_ref(sealed)), GST_FLOW_OK);
    CU_ASSERT_TRUE(is_discont(gst_harness_try_pull(dec.h)));
    CU_ASSERT_EQUAL(first_discont(dec.h, 2), 0);
    /* a gap is no matter of what comes after a flush */
    CU_ASSERT_EQUAL(gst_harness_push(enc.h, gstutil_half_nowhere(gstutil_vp8_frame(8, 90, FALSE))), GST_FLOW_OK);
    gst_harness_push_event(enc.h, gst_event_new_flush_start());
    gst_harness_push_event(enc.h, gst_event_new_flush_stop(FALSE));
    gst_harness_push_event(enc.h, gst_event_new_segment(&segment));
    CU_ASSERT_FALSE(is_discont(gstutil_push_one(enc.h, gstutil_vp8_frame(8, 90, FALSE))));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, sealed), GST_FLOW_OK);
    gst_harness_push_event(dec.h, gst_event_new_flush_start());
    gst_harness_push_event(dec.h, gst_event_new_flush_stop(FALSE));
    gst_harness_push_event(dec.h, gst_event_new_segment(&segment));
    CU_ASSERT_FALSE(is_discont(gstutil_push_one(dec.h, gstutil_push_one(enc.h, gstutil_vp8_frame(9, 90, FALSE)))));
    unwatch(&enc);
    unwatch(&dec);
}

static void test_what_is_left_of_a_list(void)
{
    struct watched dec;
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    GstBufferList *list = gst_buffer_list_new();

    watch(&dec, "sframedec key=" KEY, NULL, SEALED_VP8);
    /* nothing, of nothing */
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, list), GST_FLOW_OK);
    /* one goes on as a buffer */
    list = gst_buffer_list_new();
    gst_buffer_list_add(list, gstutil_frame(1, 100, 0, FALSE));
    gst_buffer_list_add(list, gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE)));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, list), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec.h), 1);
    CU_ASSERT_EQUAL(dec.lists, 0);
    /* forty as lists of what is worked on at once */
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(40)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, pull_list(enc)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec.h), 41);
    CU_ASSERT_EQUAL(dec.lists, 3);
    CU_ASSERT_EQUAL(dec.largest, AT_ONCE);
    gst_harness_teardown(enc);
    unwatch(&dec);
}

static GstPadProbeReturn refuse_all(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    (void)pad;
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = *(const GstFlowReturn *)data;
    gst_mini_object_unref(GST_PAD_PROBE_INFO_DATA(info));
    return GST_PAD_PROBE_HANDLED;
}

static gulong end_behind(GstHarness *h, const GstFlowReturn *flow)
{
    return gst_pad_add_probe(GST_BASE_TRANSFORM_SRC_PAD(h->element),
                             GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, refuse_all, (gpointer)flow,
                             NULL);
}

static void test_flow_comes_back(void)
{
    static const GstFlowReturn flows[] = {GST_FLOW_EOS, GST_FLOW_ERROR, GST_FLOW_FLUSHING};
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8), *avc;

    for (gsize i = 0; i < G_N_ELEMENTS(flows); i++) {
        GstBufferList *sealed;
        gulong probe;

        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(40)), GST_FLOW_OK);
        sealed = pull_list(enc);
        probe = end_behind(dec, &flows[i]);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, sealed), flows[i]);
        gst_pad_remove_probe(GST_BASE_TRANSFORM_SRC_PAD(dec->element), probe);
        probe = end_behind(enc, &flows[i]);
        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(40)), flows[i]);
        gst_pad_remove_probe(GST_BASE_TRANSFORM_SRC_PAD(enc->element), probe);
        /* the rest of the list was let be */
        CU_ASSERT_EQUAL(gstutil_stat(enc, "sealed"), (i + 1) * (40 + AT_ONCE));
        CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), (i + 1) * AT_ONCE);
    }
    gst_harness_push_event(enc, gst_event_new_flush_start());
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(2)), GST_FLOW_FLUSHING);
    avc = gst_harness_new_parse("sframeenc key=" KEY);
    gst_harness_set_src_caps_str(avc, "video/x-h264, stream-format=(string)avc, alignment=(string)au");
    CU_ASSERT_EQUAL(gst_pad_push_list(avc->srcpad, vp8_list(2)), GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown(avc);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_position(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    gint64 at = -1;

    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(5)), GST_FLOW_OK);
    CU_ASSERT_TRUE(gst_pad_query_position(GST_BASE_TRANSFORM_SRC_PAD(enc->element), GST_FORMAT_TIME, &at));
    CU_ASSERT_EQUAL(at, 4 * 33 * GST_MSECOND);
    gst_harness_teardown(enc);
}

/* --- Memory ------------------------------------------------------------------------------------------------------- */

static void test_memory_that_cannot_be_mapped(void)
{
    struct watched enc, dec;
    GstBufferList *list = vp8_list(6);

    watch(&enc, "sframeenc key=" KEY, NULL, VP8);
    watch(&dec, "sframedec key=" KEY, NULL, SEALED_VP8);
    /* is not sealed, and keeps nobody back */
    gst_buffer_list_insert(list, 2, gstutil_half_nowhere(gstutil_vp8_frame(9, 100, FALSE)));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc.h->srcpad, list), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gstutil_stat(enc.h, "sealed"), 6);
    CU_ASSERT_EQUAL(gstutil_stat(enc.h, "failed"), 1);
    /* what came before it is opened, and it ends the stream */
    list = pull_list(enc.h);
    CU_ASSERT_EQUAL_FATAL(gst_buffer_list_length(list), 6);
    CU_ASSERT_TRUE(GST_BUFFER_IS_DISCONT(gst_buffer_list_get(list, 2)));
    gst_buffer_list_insert(list, 4, gstutil_half_nowhere(gstutil_vp8_frame(9, 100, FALSE)));
    CU_ASSERT_EQUAL(gst_pad_push_list(dec.h->srcpad, list), GST_FLOW_ERROR);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec.h), 4);
    CU_ASSERT_EQUAL(gstutil_stat(dec.h, "opened"), 4);
    CU_ASSERT_EQUAL(gstutil_count_messages(dec.bus, GST_MESSAGE_ERROR, NULL, NULL), 1);
    unwatch(&enc);
    unwatch(&dec);
}

/* Frames 0 to 5: one twice, one in parts, one read-only, one whose memory another buffer has. */
static GstBufferList *held_in_many_ways(GstBuffer **twin)
{
    static const guint8 constant[700] = {0x11, 1, 2, 3};
    GstBufferList *list = gst_buffer_list_new();
    GstBuffer *frame = gstutil_vp8_frame(1, 500, TRUE);

    gst_buffer_list_add(list, gst_buffer_ref(frame));
    gst_buffer_list_add(list, frame);
    gst_buffer_list_add(list, gst_buffer_append(gstutil_vp8_frame(2, 300, FALSE), gstutil_frame(3, 900, 0, FALSE)));
    gst_buffer_list_add(list, gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)constant,
                                                          sizeof(constant), 0, sizeof(constant), NULL, NULL));
    frame = gstutil_vp8_frame(4, 2000, FALSE);
    gst_buffer_list_add(list, gst_buffer_copy_region(frame, GST_BUFFER_COPY_ALL, 100, 1000));
    gst_buffer_list_add(list, gst_buffer_copy(frame));
    *twin = frame;
    return list;
}

static void expect_same_list(GPtrArray *got, GstBufferList *want)
{
    CU_ASSERT_EQUAL_FATAL(got->len, gst_buffer_list_length(want));
    for (guint i = 0; i < got->len; i++)
        CU_ASSERT_TRUE(gstutil_same_bytes(g_ptr_array_index(got, i), gst_buffer_list_get(want, i)));
    g_ptr_array_unref(got);
}

/* kept: somebody else has the list, too. */
static void seal_and_open_many_ways(gboolean kept)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *twin, *before;
    GstBufferList *list = held_in_many_ways(&twin), *copy = gst_buffer_list_copy_deep(list), *sealed, *sealed_copy;

    before = gst_buffer_copy_deep(twin);
    if (kept)
        gst_buffer_list_ref(list);
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, list), GST_FLOW_OK);
    sealed = pull_list(enc);
    sealed_copy = gst_buffer_list_copy_deep(sealed);
    if (kept)
        gst_buffer_list_ref(sealed);
    CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, sealed), GST_FLOW_OK);
    expect_same_list(gstutil_pull_all(dec), copy);
    CU_ASSERT_TRUE(gstutil_same_bytes(twin, before));
    for (guint i = 0; kept && i < gst_buffer_list_length(copy); i++) {
        CU_ASSERT_TRUE(gstutil_same_bytes(gst_buffer_list_get(list, i), gst_buffer_list_get(copy, i)));
        CU_ASSERT_TRUE(gstutil_same_bytes(gst_buffer_list_get(sealed, i), gst_buffer_list_get(sealed_copy, i)));
    }
    if (kept) {
        gst_buffer_list_unref(list);
        gst_buffer_list_unref(sealed);
    }
    gst_buffer_list_unref(copy);
    gst_buffer_list_unref(sealed_copy);
    gst_buffer_unref(twin);
    gst_buffer_unref(before);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_what_others_hold_is_not_overwritten(void)
{
    seal_and_open_many_ways(FALSE);
    seal_and_open_many_ways(TRUE);
}

/* --- Keys --------------------------------------------------------------------------------------------------------- */

static void test_keys_change_between_lists(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);

    for (guint round = 0; round < 4; round++) {
        gchar *next = g_strdup_printf("%032x", round + 1);
        GstBufferList *both;
        GstBuffer *late;

        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(20)), GST_FLOW_OK);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, pull_list(enc)), GST_FLOW_OK);
        /* in one list, those of the new key and one that comes late */
        late = gstutil_push_one(enc, gstutil_vp8_frame(1, 100, FALSE));
        g_object_set(enc->element, "key", next, NULL);
        g_object_set(dec->element, "key", next, NULL);
        CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(5)), GST_FLOW_OK);
        both = pull_list(enc);
        gst_buffer_list_insert(both, 2, late);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, both), GST_FLOW_OK);
        CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), (round + 1) * 26);
        g_free(next);
    }
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* Many frames, and one of them told of a gap, come before the keys of their epoch. */
static void test_held_from_lists(void)
{
    enum { AHEAD = 40, GAP_AT = 7 };
    SottoKeyRing *from = ring_of(SENDER, 1, 0), *to = ring_of(RECEIVER, 1, 0);
    GstHarness *enc = voice("sframeenc", g_object_ref(from), VP8),
               *dec = voice("sframedec", g_object_ref(to), SEALED_VP8);
    GstBuffer *good = gstutil_push_one(enc, gstutil_vp8_frame(0, 100, TRUE)), *frame;
    GstBufferList *ahead;

    add_epoch(from, 6, SENDER);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(from, 6, SENDER, NULL));
    CU_ASSERT_EQUAL(gst_pad_push_list(enc->srcpad, vp8_list(AHEAD)), GST_FLOW_OK);
    ahead = pull_list(enc);
    GST_BUFFER_FLAG_SET(gst_buffer_list_get(ahead, GAP_AT), GST_BUFFER_FLAG_DISCONT);
    CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, ahead), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "held"), AHEAD);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    /* what goes out next comes after the gap, too */
    CU_ASSERT_TRUE(is_discont(gstutil_push_one(dec, good)));
    add_epoch(to, 6, RECEIVER);
    for (guint i = 0; i < AHEAD; i++) {
        guint64 kid, ctr = AHEAD;

        frame = gst_harness_pull(dec);
        CU_ASSERT_TRUE(sotto_frame_origin(frame, &kid, &ctr));
        CU_ASSERT_EQUAL(ctr, i);
        CU_ASSERT_EQUAL(is_discont(frame), i == GAP_AT);
    }
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
    g_object_unref(from);
    g_object_unref(to);
}

/* within a replay window, for they are opened in another order */
enum { THREADS = 4, LISTS = 20, IN_LIST = 20 };

static gpointer push_lists(gpointer data)
{
    GstHarness *h = data;

    for (guint i = 0; i < LISTS; i++)
        CU_ASSERT_EQUAL(gst_pad_push_list(h->srcpad, vp8_list(IN_LIST)), GST_FLOW_OK);
    return NULL;
}

static void test_elements_at_once(void)
{
    SottoKeyRing *from = ring_of(SENDER, 1, 0), *to = ring_of(RECEIVER, 1, 0);
    GstHarness *enc[THREADS], *dec = voice("sframedec", to, SEALED_VP8);
    GThread *threads[THREADS];

    for (guint i = 0; i < THREADS; i++) {
        /* some of one stream, whose counters they share */
        enc[i] = voice(i % 2 ? "sframeenc kind=screen" : "sframeenc", g_object_ref(from), VP8);
        threads[i] = g_thread_new(NULL, push_lists, enc[i]);
    }
    for (guint i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        CU_ASSERT_EQUAL(gst_pad_push_list(dec->srcpad, pull_list(enc[i])), GST_FLOW_OK);
        gst_harness_teardown(enc[i]);
    }
    /* a counter used twice would be a replay */
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), THREADS * LISTS * IN_LIST);
    gst_harness_teardown(dec);
    g_object_unref(from);
}

/* However the base class may be driven: nothing passes as it came. */
static void test_nothing_passes_unsealed(void)
{
    GstHarness *enc = gstutil_harness("sframeenc", VP8), *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBaseTransform *e = GST_BASE_TRANSFORM(enc->element), *d = GST_BASE_TRANSFORM(dec->element);
    GstBuffer *frame = gstutil_vp8_frame(1, 100, TRUE), *before = gst_buffer_copy_deep(frame);

    gst_harness_push(enc, gstutil_vp8_frame(1, 100, TRUE));
    gst_harness_push(dec, gstutil_vp8_frame(1, 100, TRUE));
    CU_ASSERT_FALSE_FATAL(gst_base_transform_is_passthrough(e));
    CU_ASSERT_FALSE_FATAL(gst_base_transform_is_passthrough(d));
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(e)->transform_ip(e, frame), GST_BASE_TRANSFORM_FLOW_DROPPED);
    g_object_set(enc->element, "key", KEY, NULL);
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(e)->transform_ip(e, frame), GST_FLOW_OK);
    CU_ASSERT_FALSE(gstutil_same_bytes(frame, before));
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(d)->transform_ip(d, frame), GST_FLOW_OK);
    CU_ASSERT_TRUE(gstutil_same_bytes(frame, before));
    CU_ASSERT_EQUAL(GST_BASE_TRANSFORM_GET_CLASS(d)->transform_ip(d, frame), GST_BASE_TRANSFORM_FLOW_DROPPED);
    gst_buffer_unref(frame);
    gst_buffer_unref(before);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static const struct unit_test tests[] = {
    {"a list is sealed as its buffers are one by one, bit by bit", test_sealed_as_one_by_one},
    {"what was sealed in lists opens in lists, with each suite", test_lists_open_what_lists_sealed},
    {"a list is opened as its buffers are one by one, good and bad", test_opened_as_one_by_one},
    {"a gap passes from lists to buffers and back, once", test_gaps_between_lists_and_buffers},
    {"what is left of a list goes on as lists of sixteen, one as a buffer", test_what_is_left_of_a_list},
    {"flow from downstream ends a list, and comes back", test_flow_comes_back},
    {"the position is that of the last frame", test_position},
    {"a frame that cannot be mapped keeps none before it back", test_memory_that_cannot_be_mapped},
    {"what others hold is not overwritten", test_what_others_hold_is_not_overwritten},
    {"keys change between lists, and within what arrives", test_keys_change_between_lists},
    {"lists that come before their keys are held, and come out in order", test_held_from_lists},
    {"elements of one ring seal lists at once", test_elements_at_once},
    {"nothing passes as it came, however the base class is driven", test_nothing_passes_unsealed},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_lists", tests, G_N_ELEMENTS(tests));
}
