/* sframeenc and sframedec: what they pass and what they refuse. */
#include <string.h>

#include "gstutil.h"
#include "sotto/sframe.h"

/* --- What passes -------------------------------------------------------------------------------------------------- */

static void test_caps(void)
{
    static const struct {
        const char *media, *sealed;
    } rows[] = {
        {VP8 ", framerate=(fraction)30/1", SEALED_VP8 ", framerate=(fraction)30/1"},
        {"video/x-vp9, profile=(string)0",
         "application/x-sframe, original-media-type=(string)video/x-vp9, profile=(string)0"},
        {"video/x-h264, stream-format=(string)byte-stream, alignment=(string)au, profile=(string)main",
         "application/x-sframe, original-media-type=(string)video/x-h264, stream-format=(string)byte-stream, "
         "alignment=(string)au, profile=(string)main"},
        {"video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu",
         "application/x-sframe, original-media-type=(string)video/x-av1, stream-format=(string)obu-stream, "
         "alignment=(string)tu"},
        {OPUS, SEALED_OPUS},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GstHarness *enc = gstutil_harness("sframeenc key=" KEY, rows[i].media);
        GstHarness *dec = gstutil_harness("sframedec key=" KEY, rows[i].sealed);
        GstCaps *want = gst_caps_from_string(rows[i].sealed), *got;

        gst_buffer_unref(gstutil_push_one(enc, gstutil_vp8_frame(1, 50, TRUE)));
        got = gst_pad_get_current_caps(enc->sinkpad);
        CU_ASSERT_TRUE(gst_caps_is_equal(got, want));
        gst_caps_unref(got);
        gst_caps_unref(want);

        want = gst_caps_from_string(rows[i].media);
        gst_harness_push(dec, gstutil_vp8_frame(1, 50, TRUE)); /* refused, but caps come first */
        got = gst_pad_get_current_caps(dec->sinkpad);
        CU_ASSERT_TRUE(gst_caps_is_equal(got, want));
        gst_caps_unref(got);
        gst_caps_unref(want);
        gst_harness_teardown(enc);
        gst_harness_teardown(dec);
    }
}

static void test_no_bitstream_in_caps(void)
{
    GstHarness *enc =
        gstutil_harness("sframeenc key=" KEY, OPUS ", streamheader=(buffer)<4f707573>, codec_data=(buffer)0102");
    GstCaps *want = gst_caps_from_string(SEALED_OPUS), *got;

    gst_buffer_unref(gstutil_push_one(enc, gstutil_vp8_frame(1, 50, TRUE)));
    got = gst_pad_get_current_caps(enc->sinkpad);
    CU_ASSERT_TRUE(gst_caps_is_equal(got, want));
    gst_caps_unref(got);
    gst_caps_unref(want);
    gst_harness_teardown(enc);
}

static void test_refused_caps(void)
{
    /* what RTP cannot carry as one opaque frame is not taken */
    GstHarness *enc = gst_harness_new_parse("sframeenc key=" KEY);
    gst_harness_set_src_caps_str(enc, "video/x-h264, stream-format=(string)avc, alignment=(string)au");
    CU_ASSERT_EQUAL(gst_harness_push(enc, gstutil_vp8_frame(1, 50, TRUE)), GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown(enc);
}

static void test_suites_and_profiles(void)
{
    static const char *profiles[] = {"sotto", "rfc9605"};

    for (guint suite = 1; suite <= 8; suite++)
        for (gsize p = 0; p < G_N_ELEMENTS(profiles); p++) {
            /* key before suite: the order of properties must not matter */
            gchar *line =
                g_strdup_printf("sframeenc key=" KEY " suite=%u profile=%s ! sframedec suite=%u profile=%s key=" KEY,
                                suite, profiles[p], suite, profiles[p]);
            GstHarness *h = gstutil_harness(line, VP8);
            GstBuffer *frame = gstutil_vp8_frame(suite, 1 + suite * 1000, TRUE), *got;

            got = gstutil_push_one(h, gst_buffer_copy_deep(frame));
            CU_ASSERT_PTR_NOT_NULL_FATAL(got);
            CU_ASSERT_TRUE(gstutil_same_bytes(got, frame));
            gst_buffer_unref(got);
            gst_buffer_unref(frame);
            gst_harness_teardown(h);
            g_free(line);
        }
}

static void test_in_place(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY " padding=256", VP8);
    GstBuffer *frame = gstutil_vp8_frame(1, 1000, TRUE), *copy = gst_buffer_copy_deep(frame), *sealed;
    GstMemory *payload = gst_buffer_peek_memory(frame, 0);

    sealed = gstutil_push_one(enc, frame);
    CU_ASSERT_EQUAL_FATAL(gst_buffer_n_memory(sealed), 3);
    CU_ASSERT_PTR_EQUAL(gst_buffer_peek_memory(sealed, 1), payload);
    CU_ASSERT_EQUAL(gst_memory_get_sizes(gst_buffer_peek_memory(sealed, 2), NULL, NULL), 24 + 16);
    gst_buffer_unref(sealed);
    gst_buffer_unref(copy);
    gst_harness_teardown(enc);
}

static void test_shared_memory_is_not_overwritten(void)
{
    /* as behind a tee: another buffer has the same memory */
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    GstBuffer *frame = gstutil_vp8_frame(1, 1000, TRUE), *twin = gst_buffer_copy(frame),
              *before = gst_buffer_copy_deep(frame);

    gst_buffer_unref(gstutil_push_one(enc, frame));
    CU_ASSERT_TRUE(gstutil_same_bytes(twin, before));
    gst_buffer_unref(twin);
    gst_buffer_unref(before);
    gst_harness_teardown(enc);
}

static void test_padding_hides_size(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY " padding=500", OPUS);
    GstHarness *dec = gstutil_harness("sframedec key=" KEY, SEALED_OPUS);
    gsize first = 0;

    g_object_set(enc->element, "display-name", "the name is padded with the rest", NULL);
    for (guint i = 0; i < 460; i++) {
        GstBuffer *frame = gstutil_vp8_frame(i, 1 + i, TRUE),
                  *sealed = gstutil_push_one(enc, gst_buffer_copy_deep(frame));
        guint8 bytes[SFRAME_HEADER_MAX];
        struct sframe_header header;
        gst_buffer_extract(sealed, 0, bytes, sizeof(bytes));
        CU_ASSERT_EQUAL_FATAL(sframe_header_read(bytes, sizeof(bytes), &header), SFRAME_OK);
        gsize size = gst_buffer_get_size(sealed) - header.len; /* which grows with the counter, whatever the frame */
        first = first ? first : size;
        CU_ASSERT_EQUAL(size, first);
        GstBuffer *got = gstutil_push_one(dec, sealed);
        CU_ASSERT_PTR_NOT_NULL_FATAL(got);
        CU_ASSERT_TRUE(gstutil_same_bytes(got, frame));
        gst_buffer_unref(got);
        gst_buffer_unref(frame);
    }
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* However a frame's bytes are held: nothing that went in comes out unsealed, and nobody else's bytes change. */
static GstBuffer *make_readonly(GstBuffer *frame)
{
    GstBuffer *made = gst_buffer_new();
    GstMapInfo map;

    gst_buffer_map(frame, &map, GST_MAP_READ);
    gst_buffer_append_memory(
        made, gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, map.data, map.size, 0, map.size, NULL, NULL));
    gst_buffer_unmap(frame, &map);
    return made;
}

static GstBuffer *make_region(GstBuffer *frame)
{
    gsize size = gst_buffer_get_size(frame);
    return gst_buffer_copy_region(frame, GST_BUFFER_COPY_ALL, 0, size);
}

static GstBuffer *make_many(GstBuffer *frame)
{
    GstBuffer *made = gst_buffer_new();
    for (gsize at = 0; at < gst_buffer_get_size(frame); at += 100) {
        GstBuffer *part =
            gst_buffer_copy_region(frame, GST_BUFFER_COPY_MEMORY, at, MIN(100, gst_buffer_get_size(frame) - at));
        made = gst_buffer_append(made, part);
    }
    return made;
}

static GstBuffer *make_gap(GstBuffer *frame)
{
    GstBuffer *made = gst_buffer_copy_deep(frame);
    GST_BUFFER_FLAG_SET(made, GST_BUFFER_FLAG_GAP | GST_BUFFER_FLAG_DROPPABLE | GST_BUFFER_FLAG_HEADER);
    return made;
}

static void test_any_kind_of_buffer(void)
{
    static GstBuffer *(*const makers[])(GstBuffer *) = {make_readonly, make_region, make_many, make_gap};
    static const gsize sizes[] = {0, 1, 99, 3000};
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8), *mute = gstutil_harness("sframeenc", VP8);
    GstHarness *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);

    for (gsize m = 0; m < G_N_ELEMENTS(makers); m++)
        for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
            GstBuffer *frame = gstutil_frame(5, sizes[s], 0, TRUE), *before = gst_buffer_copy_deep(frame);
            GstBuffer *sealed = gstutil_push_one(enc, makers[m](frame)), *copy, *opened;
            guint8 *bytes, *plain;

            CU_ASSERT_PTR_NOT_NULL_FATAL(sealed);
            CU_ASSERT_TRUE(gstutil_same_bytes(frame, before));
            gst_buffer_extract_dup(sealed, 0, (gsize)-1, (gpointer *)&bytes, &(gsize){0});
            gst_buffer_extract_dup(frame, 0, (gsize)-1, (gpointer *)&plain, &(gsize){0});
            for (gsize at = 0; at + 16 <= sizes[s]; at++)
                CU_ASSERT_PTR_NULL_FATAL(memmem(bytes, gst_buffer_get_size(sealed), plain + at, 16));
            g_free(bytes);
            g_free(plain);
            /* the same bytes held in the same way go into the decoder */
            copy = gst_buffer_copy_deep(sealed);
            opened = gstutil_push_one(dec, makers[m](sealed));
            CU_ASSERT_PTR_NOT_NULL_FATAL(opened);
            CU_ASSERT_TRUE(gstutil_same_bytes(opened, frame));
            CU_ASSERT_TRUE(gstutil_same_bytes(sealed, copy));
            gst_buffer_unref(opened);
            gst_buffer_unref(copy);
            gst_buffer_unref(sealed);
            gst_harness_push(mute, makers[m](frame));
            gst_buffer_unref(before);
            gst_buffer_unref(frame);
        }
    CU_ASSERT_TRUE(gst_harness_push_event(mute, gst_event_new_gap(0, GST_SECOND)));
    CU_ASSERT_EQUAL(gst_harness_buffers_received(mute), 0);
    gst_harness_teardown(enc);
    gst_harness_teardown(mute);
    gst_harness_teardown(dec);
}

static void test_what_cannot_be_mapped_is_dropped(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *sealed;

    CU_ASSERT_EQUAL(gst_harness_push(enc, gstutil_half_nowhere(gstutil_vp8_frame(1, 100, TRUE))), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(enc), 0);
    CU_ASSERT_EQUAL(gstutil_stat(enc, "failed"), 1);
    sealed = gstutil_push_one(enc, gstutil_vp8_frame(2, 100, TRUE));
    CU_ASSERT_PTR_NOT_NULL_FATAL(sealed);
    CU_ASSERT_EQUAL(gst_harness_push(dec, gstutil_half_nowhere(sealed)), GST_FLOW_ERROR);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* --- What does not ------------------------------------------------------------------------------------------------ */

static void test_no_key_no_frame(void)
{
    GstHarness *enc = gstutil_harness("sframeenc", VP8);
    GstBus *bus = gstutil_watch(enc);

    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(enc, gstutil_vp8_frame(i, 100, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(enc), 0);
    CU_ASSERT_EQUAL(gstutil_stat(enc, "no-key"), 5);
    CU_ASSERT_EQUAL(gstutil_stat(enc, "sealed"), 0);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 1);
    /* a key that comes later is used from then on */
    g_object_set(enc->element, "key", KEY, NULL);
    GstBuffer *sealed = gstutil_push_one(enc, gstutil_vp8_frame(7, 100, TRUE));
    CU_ASSERT_PTR_NOT_NULL(sealed);
    gst_clear_buffer(&sealed);
    gstutil_unwatch(enc, bus);
    gst_harness_teardown(enc);
}

static void test_plaintext_is_refused(void)
{
    static const guint8 vp8_key[] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x00, 0x00};
    GstHarness *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBus *bus = gstutil_watch(dec);
    GstStructure *refused = NULL;
    gboolean plain = FALSE;

    for (guint i = 0; i < 10; i++) {
        GstBuffer *frame = gstutil_vp8_frame(i, 500, i == 0);
        gst_buffer_fill(frame, 0, vp8_key, sizeof(vp8_key));
        CU_ASSERT_EQUAL(gst_harness_push(dec, frame), GST_FLOW_OK);
    }
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), 0);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-refused", &refused), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(refused);
    CU_ASSERT_TRUE(gst_structure_get_boolean(refused, "plain", &plain) && plain);
    gst_structure_free(refused);
    gstutil_unwatch(dec, bus);
    gst_harness_teardown(dec);
}

static void test_garbage_is_refused(void)
{
    GstHarness *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);

    for (guint i = 0; i < 3000; i++)
        CU_ASSERT_EQUAL(gst_harness_push(dec, gstutil_frame(i, i % 40, 0, TRUE)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), 0);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "failed") + gstutil_stat(dec, "no-key") + gstutil_stat(dec, "refused"), 3000);
    gst_harness_teardown(dec);
}

static void test_every_flipped_byte_is_refused(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *sealed, *got;
    gsize size;

    /* the sender is known, so that no quota of frames from strangers ends the test early */
    gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(0, 40, TRUE))));
    sealed = gstutil_push_one(enc, gstutil_vp8_frame(1, 40, TRUE));
    size = gst_buffer_get_size(sealed);

    for (gsize at = 0; at < size; at++) {
        GstBuffer *forged = gst_buffer_copy_deep(sealed);
        guint8 byte;
        gst_buffer_extract(forged, at, &byte, 1);
        byte ^= 0x04;
        gst_buffer_fill(forged, at, &byte, 1);
        gst_harness_push(dec, forged);
    }
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 1);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), 1);
    got = gstutil_push_one(dec, gst_buffer_copy_deep(sealed)); /* the true one is still good */
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    gst_harness_push(dec, sealed); /* once */
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 2);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "replayed"), 1);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_wrong_key(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=another", SEALED_VP8);
    GstBus *bus = gstutil_watch(dec);

    for (guint i = 0; i < 20; i++)
        gst_harness_push(dec, gstutil_push_one(enc, gstutil_vp8_frame(i, 100, i == 0)));
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "failed") + gstutil_stat(dec, "no-key"), 20);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-refused", NULL), 1);
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(dec), 1); /* and not twenty */
    gstutil_unwatch(dec, bus);
    gst_harness_teardown(enc);

    /* the warning is one, too, for one KID; and bounded for very many */
    bus = gstutil_watch(dec);
    for (guint k = 0; k < 40; k++) {
        enc = gstutil_harness("sframeenc key=" KEY, VP8);
        gst_harness_push(dec, gstutil_push_one(enc, gstutil_vp8_frame(k, 100, TRUE)));
        gst_harness_teardown(enc);
    }
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 15);
    gstutil_unwatch(dec, bus);
    gst_harness_teardown(dec);
}

static void test_streams_do_not_mix(void)
{
    /* a frame of the microphone offered as video, one of the camera as audio, one of VP8 as VP9 */
    GstHarness *audio = gstutil_harness("sframeenc key=" KEY, OPUS),
               *video = gstutil_harness("sframeenc key=" KEY, VP8);
    GstHarness *as_video = gstutil_harness("sframedec key=" KEY, SEALED_VP8),
               *as_audio = gstutil_harness("sframedec key=" KEY, SEALED_OPUS);
    GstHarness *as_vp9 =
        gstutil_harness("sframedec key=" KEY, "application/x-sframe, original-media-type=(string)video/x-vp9");

    gst_harness_push(as_video, gstutil_push_one(audio, gstutil_vp8_frame(1, 100, TRUE)));
    gst_harness_push(as_audio, gstutil_push_one(video, gstutil_vp8_frame(1, 100, TRUE)));
    gst_harness_push(as_vp9, gstutil_push_one(video, gstutil_vp8_frame(2, 100, TRUE)));
    CU_ASSERT_EQUAL(gstutil_stat(as_video, "refused"), 1);
    CU_ASSERT_EQUAL(gstutil_stat(as_audio, "refused"), 1);
    CU_ASSERT_EQUAL(gstutil_stat(as_vp9, "refused"), 1);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(as_video) + gst_harness_buffers_received(as_audio) +
                        gst_harness_buffers_received(as_vp9),
                    0);
    gst_harness_teardown(audio);
    gst_harness_teardown(video);
    gst_harness_teardown(as_video);
    gst_harness_teardown(as_audio);
    gst_harness_teardown(as_vp9);
}

/* Where no codec is sealed, the KID alone tells sound from pictures. */
static void test_kinds_do_not_mix(void)
{
    GstHarness *audio = gstutil_harness("sframeenc profile=rfc9605 key=" KEY, OPUS);
    GstHarness *screen = gstutil_harness("sframeenc profile=rfc9605 kind=screen key=" KEY, VP8);
    GstHarness *dec = gstutil_harness("sframedec profile=rfc9605 key=" KEY, SEALED_VP8);

    gst_harness_push(dec, gstutil_push_one(audio, gstutil_vp8_frame(1, 100, TRUE)));
    CU_ASSERT_EQUAL(gstutil_stat(dec, "refused"), 1);
    gst_harness_push(dec, gstutil_push_one(screen, gstutil_vp8_frame(1, 100, TRUE)));
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), 1);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 1);
    gst_harness_teardown(audio);
    gst_harness_teardown(screen);
    gst_harness_teardown(dec);
}

static void test_uncertain_frames(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8),
               *mute = gstutil_harness("sframedec", SEALED_VP8);
    GstBus *bus = gstutil_watch(dec);
    GstBuffer *whole, *partial, *got;

    gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(1, 500, TRUE))));
    gstutil_count_messages(bus, GST_MESSAGE_ANY, NULL, NULL);
    /* the depayloader did not know whether it has the start */
    whole = gstutil_push_one(enc, gstutil_vp8_frame(2, 500, FALSE));
    partial = gst_buffer_copy_region(whole, GST_BUFFER_COPY_ALL, 100, (gsize)-1);
    gst_buffer_unref(whole);
    GST_BUFFER_FLAG_SET(partial, GST_BUFFER_FLAG_CORRUPTED);
    gst_harness_push(dec, partial);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "incomplete"), 1);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_ANY, NULL, NULL), 0);
    whole = gstutil_push_one(enc, gstutil_vp8_frame(3, 500, FALSE));
    GST_BUFFER_FLAG_SET(whole, GST_BUFFER_FLAG_CORRUPTED);
    got = gstutil_push_one(dec, whole);
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    CU_ASSERT_FALSE(GST_BUFFER_FLAG_IS_SET(got, GST_BUFFER_FLAG_CORRUPTED));
    CU_ASSERT_TRUE(GST_BUFFER_IS_DISCONT(got));
    CU_ASSERT_TRUE(GST_BUFFER_FLAG_IS_SET(got, GST_BUFFER_FLAG_DELTA_UNIT));
    gst_buffer_unref(got);
    /* where there is no key at all, a cut is not what keeps it from being opened */
    partial = gstutil_frame(4, 100, 0, FALSE);
    GST_BUFFER_FLAG_SET(partial, GST_BUFFER_FLAG_CORRUPTED);
    gst_harness_push(mute, partial);
    CU_ASSERT_EQUAL(gstutil_stat(mute, "incomplete"), 0);
    CU_ASSERT_EQUAL(gstutil_stat(mute, "no-key"), 1);
    gst_harness_teardown(mute);
    gstutil_unwatch(dec, bus);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* --- The stream's life -------------------------------------------------------------------------------------------- */

static void test_flush_eos_renegotiation(void)
{
    GstHarness *h = gstutil_harness("sframeenc key=" KEY " ! rtpsframepay ! rtpsframedepay ! sframedec key=" KEY, VP8);
    GstSegment segment;
    GstEvent *event;
    GstCaps *caps;
    gboolean eos = FALSE;
    guint received = 0;

    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, gstutil_vp8_frame(i, 3000, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), received += 5);
    CU_ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_start()));
    CU_ASSERT_EQUAL(gst_harness_push(h, gstutil_vp8_frame(6, 3000, TRUE)), GST_FLOW_FLUSHING);
    CU_ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_stop(TRUE)));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    /* time begins anew, capture time does not run back */
    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, gstutil_vp8_frame(i, 3000, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), received += 5);

    gst_harness_set_src_caps_str(h, "video/x-vp9, width=(int)320, height=(int)180");
    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, gstutil_vp8_frame(i, 3000, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), received += 5);
    caps = gst_pad_get_current_caps(h->sinkpad);
    CU_ASSERT_TRUE(gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-vp9"));
    gst_caps_unref(caps);

    gst_harness_push_event(h, gst_event_new_eos());
    while ((event = gst_harness_try_pull_event(h))) {
        eos = eos || GST_EVENT_TYPE(event) == GST_EVENT_EOS;
        gst_event_unref(event);
    }
    CU_ASSERT_TRUE(eos);
    gst_harness_teardown(h);
}

static const struct unit_test tests[] = {
    {"caps keep every field through sealing and back", test_caps},
    {"no bitstream leaves in caps", test_no_bitstream_in_caps},
    {"stream formats that RTP cannot carry are not taken", test_refused_caps},
    {"all suites and both profiles open what they sealed", test_suites_and_profiles},
    {"the payload is sealed where it lies", test_in_place},
    {"memory that others hold is not overwritten", test_shared_memory_is_not_overwritten},
    {"buffers of any kind are sealed, opened, and not changed for others", test_any_kind_of_buffer},
    {"a frame that cannot be mapped whole is dropped, not passed as it is", test_what_cannot_be_mapped_is_dropped},
    {"padding hides a frame's size", test_padding_hides_size},
    {"without a key nothing is sent, and one warning says so", test_no_key_no_frame},
    {"media that are not encrypted are refused and named so", test_plaintext_is_refused},
    {"garbage of any length is refused", test_garbage_is_refused},
    {"a frame with any byte flipped is refused, the true one opens once", test_every_flipped_byte_is_refused},
    {"a wrong key shows nothing and is reported once per KID", test_wrong_key},
    {"frames of one stream or codec do not open as another", test_streams_do_not_mix},
    {"sound does not open as pictures, in either profile", test_kinds_do_not_mix},
    {"a frame that the network cut is no matter of keys", test_uncertain_frames},
    {"flush, renegotiation and end of stream pass", test_flush_eos_renegotiation},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_elements", tests, G_N_ELEMENTS(tests));
}
