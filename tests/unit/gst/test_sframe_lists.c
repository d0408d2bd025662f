/* sframeenc and sframedec: a list of buffers is what its buffers are one by one. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstsotto/frame.h"
#include "gstutil.h"
#include "listutil.h"

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

            listutil_watch(&lists, NAMED_AND_PADDED, listutil_ring(SENDER, mls_suites[i], profile), VP8);
            listutil_watch(&singles, NAMED_AND_PADDED, listutil_ring(SENDER, mls_suites[i], profile), VP8);
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
            listutil_unwatch(&lists);
            listutil_unwatch(&singles);
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

static void voices_open(struct voices *v, guint suite, guint profile)
{
    SottoKeyRing *ahead = listutil_ring(SENDER, suite, profile);

    v->camera = listutil_voice("sframeenc display-name=ann", listutil_ring(SENDER, suite, profile), VP8);
    v->microphone = listutil_voice("sframeenc", listutil_ring(SENDER, suite, profile), OPUS);
    v->stranger = listutil_voice("sframeenc", listutil_ring(STRANGER, suite, profile), VP8);
    listutil_add_epoch(ahead, 6, SENDER);
    CU_ASSERT_TRUE(sotto_key_ring_use_epoch(ahead, 6, SENDER, NULL));
    v->ahead = listutil_voice("sframeenc", ahead, VP8);
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
        listutil_add_epoch(rings[i], 6, RECEIVER);
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
            SottoKeyRing *rings[2] = {listutil_ring(RECEIVER, mls_suites[i], profile),
                                      listutil_ring(RECEIVER, mls_suites[i], profile)};
            GPtrArray *sent = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
            struct watched lists, singles;
            struct voices v;
            guint opened = 0;

            voices_open(&v, mls_suites[i], profile);
            listutil_watch(&lists, "sframedec", g_object_ref(rings[0]), SEALED_VP8);
            listutil_watch(&singles, "sframedec", g_object_ref(rings[1]), SEALED_VP8);
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
            listutil_unwatch(&lists);
            listutil_unwatch(&singles);
        }
}

static const struct unit_test tests[] = {
    {"a list is sealed as its buffers are one by one, bit by bit", test_sealed_as_one_by_one},
    {"what was sealed in lists opens in lists, with each suite", test_lists_open_what_lists_sealed},
    {"a list is opened as its buffers are one by one, good and bad", test_opened_as_one_by_one},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_lists", tests, G_N_ELEMENTS(tests));
}
