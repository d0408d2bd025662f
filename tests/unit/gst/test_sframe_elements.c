/* sframeenc and sframedec: what they pass, what they refuse, what they say. */
#include <string.h>

#include "gstsotto/keyring.h"
#include "gstutil.h"
#include "sotto/sframe.h"

#define KEY "00112233445566778899aabbccddeeff"
#define VP8 "video/x-vp8, width=(int)640, height=(int)360"
#define SEALED_VP8 "application/x-sframe, original-media-type=(string)video/x-vp8, width=(int)640, height=(int)360"
#define OPUS "audio/x-opus, rate=(int)48000, channels=(int)2, channel-mapping-family=(int)0"
#define SEALED_OPUS                                                                                                    \
    "application/x-sframe, original-media-type=(string)audio/x-opus, rate=(int)48000, channels=(int)2, "               \
    "channel-mapping-family=(int)0"

/* A VP8 frame as far as these elements look: the low bit of its first byte says whether it is a key frame. */
static GstBuffer *vp8_frame(guint seed, gsize len, gboolean key)
{
    GstBuffer *frame = gstutil_frame(seed, len, seed * 33 * GST_MSECOND, key);
    guint8 first = key ? 0x10 : 0x11;
    gst_buffer_fill(frame, 0, &first, 1);
    return frame;
}

static GstBuffer *seal_one(GstHarness *enc, GstBuffer *frame)
{
    CU_ASSERT_EQUAL_FATAL(gst_harness_push(enc, frame), GST_FLOW_OK);
    return gst_harness_try_pull(enc);
}

/* Around one element, h->element, or a chain of them. */
static GstHarness *harness(const char *line, const char *caps)
{
    GstHarness *h;

    if (strchr(line, '!')) {
        h = gst_harness_new_parse(line);
    } else {
        GstElement *element = gst_parse_launch(line, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(element);
        h = gst_harness_new_with_element(element, "sink", "src");
        gst_object_unref(element);
    }
    gst_harness_set_src_caps_str(h, caps);
    return h;
}

static guint64 stat(GstHarness *h, const char *name)
{
    GstStructure *stats;
    guint64 value = G_MAXUINT64;

    g_object_get(h->element, "stats", &stats, NULL);
    CU_ASSERT_TRUE(gst_structure_get_uint64(stats, name, &value));
    gst_structure_free(stats);
    return value;
}

static GstBus *watch(GstHarness *h)
{
    GstBus *bus = gst_bus_new();
    gst_element_set_bus(h->element, bus);
    return bus;
}

/* Counts messages of a type; of element messages those whose structure has this name, the last of which goes to
 * *last. */
static guint count_messages(GstBus *bus, GstMessageType type, const char *name, GstStructure **last)
{
    GstMessage *message;
    guint count = 0;

    while ((message = gst_bus_pop_filtered(bus, type))) {
        if (!name || gst_message_has_name(message, name)) {
            count++;
            if (last) {
                g_clear_pointer(last, gst_structure_free);
                *last = gst_structure_copy(gst_message_get_structure(message));
            }
        }
        gst_message_unref(message);
    }
    return count;
}

static void unwatch(GstHarness *h, GstBus *bus)
{
    gst_element_set_bus(h->element, NULL);
    gst_object_unref(bus);
}

static guint key_unit_requests(GstHarness *h)
{
    GstEvent *event;
    guint count = 0;
    while ((event = gst_harness_try_pull_upstream_event(h))) {
        if (gst_event_has_name(event, "GstForceKeyUnit"))
            count++;
        gst_event_unref(event);
    }
    return count;
}

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
        GstHarness *enc = harness("sframeenc key=" KEY, rows[i].media);
        GstHarness *dec = harness("sframedec key=" KEY, rows[i].sealed);
        GstCaps *want = gst_caps_from_string(rows[i].sealed), *got;

        gst_buffer_unref(seal_one(enc, vp8_frame(1, 50, TRUE)));
        got = gst_pad_get_current_caps(enc->sinkpad);
        CU_ASSERT_TRUE(gst_caps_is_equal(got, want));
        gst_caps_unref(got);
        gst_caps_unref(want);

        want = gst_caps_from_string(rows[i].media);
        gst_harness_push(dec, vp8_frame(1, 50, TRUE)); /* refused, but caps come first */
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
    GstHarness *enc = harness("sframeenc key=" KEY, OPUS ", streamheader=(buffer)<4f707573>, codec_data=(buffer)0102");
    GstCaps *want = gst_caps_from_string(SEALED_OPUS), *got;

    gst_buffer_unref(seal_one(enc, vp8_frame(1, 50, TRUE)));
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
    CU_ASSERT_EQUAL(gst_harness_push(enc, vp8_frame(1, 50, TRUE)), GST_FLOW_NOT_NEGOTIATED);
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
            GstHarness *h = harness(line, VP8);
            GstBuffer *frame = vp8_frame(suite, 1 + suite * 1000, TRUE), *got;

            got = seal_one(h, gst_buffer_copy_deep(frame));
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
    GstHarness *enc = harness("sframeenc key=" KEY " padding=256", VP8);
    GstBuffer *frame = vp8_frame(1, 1000, TRUE), *copy = gst_buffer_copy_deep(frame), *sealed;
    GstMemory *payload = gst_buffer_peek_memory(frame, 0);

    sealed = seal_one(enc, frame);
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
    GstHarness *enc = harness("sframeenc key=" KEY, VP8);
    GstBuffer *frame = vp8_frame(1, 1000, TRUE), *twin = gst_buffer_copy(frame), *before = gst_buffer_copy_deep(frame);

    gst_buffer_unref(seal_one(enc, frame));
    CU_ASSERT_TRUE(gstutil_same_bytes(twin, before));
    gst_buffer_unref(twin);
    gst_buffer_unref(before);
    gst_harness_teardown(enc);
}

static void test_padding_hides_size(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY " padding=500", OPUS);
    GstHarness *dec = harness("sframedec key=" KEY, SEALED_OPUS);
    gsize first = 0;

    g_object_set(enc->element, "display-name", "the name is padded with the rest", NULL);
    for (guint i = 0; i < 460; i++) {
        GstBuffer *frame = vp8_frame(i, 1 + i, TRUE), *sealed = seal_one(enc, gst_buffer_copy_deep(frame));
        guint8 bytes[SFRAME_HEADER_MAX];
        struct sframe_header header;
        gst_buffer_extract(sealed, 0, bytes, sizeof(bytes));
        CU_ASSERT_EQUAL_FATAL(sframe_header_read(bytes, sizeof(bytes), &header), SFRAME_OK);
        gsize size = gst_buffer_get_size(sealed) - header.len; /* which grows with the counter, whatever the frame */
        first = first ? first : size;
        CU_ASSERT_EQUAL(size, first);
        GstBuffer *got = seal_one(dec, sealed);
        CU_ASSERT_PTR_NOT_NULL_FATAL(got);
        CU_ASSERT_TRUE(gstutil_same_bytes(got, frame));
        gst_buffer_unref(got);
        gst_buffer_unref(frame);
    }
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* --- What does not ------------------------------------------------------------------------------------------------ */

static void test_no_key_no_frame(void)
{
    GstHarness *enc = harness("sframeenc", VP8);
    GstBus *bus = watch(enc);

    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(enc, vp8_frame(i, 100, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(enc), 0);
    CU_ASSERT_EQUAL(stat(enc, "no-key"), 5);
    CU_ASSERT_EQUAL(stat(enc, "sealed"), 0);
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 1);
    /* a key that comes later is used from then on */
    g_object_set(enc->element, "key", KEY, NULL);
    GstBuffer *sealed = seal_one(enc, vp8_frame(7, 100, TRUE));
    CU_ASSERT_PTR_NOT_NULL(sealed);
    gst_clear_buffer(&sealed);
    unwatch(enc, bus);
    gst_harness_teardown(enc);
}

static void test_plaintext_is_refused(void)
{
    static const guint8 vp8_key[] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x00, 0x00};
    GstHarness *dec = harness("sframedec key=" KEY, SEALED_VP8);
    GstBus *bus = watch(dec);
    GstStructure *refused = NULL;
    gboolean plain = FALSE;

    for (guint i = 0; i < 10; i++) {
        GstBuffer *frame = vp8_frame(i, 500, i == 0);
        gst_buffer_fill(frame, 0, vp8_key, sizeof(vp8_key));
        CU_ASSERT_EQUAL(gst_harness_push(dec, frame), GST_FLOW_OK);
    }
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    CU_ASSERT_EQUAL(stat(dec, "opened"), 0);
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-refused", &refused), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(refused);
    CU_ASSERT_TRUE(gst_structure_get_boolean(refused, "plain", &plain) && plain);
    gst_structure_free(refused);
    unwatch(dec, bus);
    gst_harness_teardown(dec);
}

static void test_garbage_is_refused(void)
{
    GstHarness *dec = harness("sframedec key=" KEY, SEALED_VP8);

    for (guint i = 0; i < 3000; i++)
        CU_ASSERT_EQUAL(gst_harness_push(dec, gstutil_frame(i, i % 40, 0, TRUE)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    CU_ASSERT_EQUAL(stat(dec, "opened"), 0);
    CU_ASSERT_EQUAL(stat(dec, "failed") + stat(dec, "no-key") + stat(dec, "refused"), 3000);
    gst_harness_teardown(dec);
}

static void test_every_flipped_byte_is_refused(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *dec = harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *sealed, *got;
    gsize size;

    /* the sender is known, so that no quota of frames from strangers ends the test early */
    gst_buffer_unref(seal_one(dec, seal_one(enc, vp8_frame(0, 40, TRUE))));
    sealed = seal_one(enc, vp8_frame(1, 40, TRUE));
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
    CU_ASSERT_EQUAL(stat(dec, "opened"), 1);
    got = seal_one(dec, gst_buffer_copy_deep(sealed)); /* the true one is still good */
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    gst_harness_push(dec, sealed); /* once */
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 2);
    CU_ASSERT_EQUAL(stat(dec, "replayed"), 1);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_wrong_key(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *dec = harness("sframedec key=another", SEALED_VP8);
    GstBus *bus = watch(dec);

    for (guint i = 0; i < 20; i++)
        gst_harness_push(dec, seal_one(enc, vp8_frame(i, 100, i == 0)));
    CU_ASSERT_EQUAL(gst_harness_buffers_received(dec), 0);
    CU_ASSERT_EQUAL(stat(dec, "failed") + stat(dec, "no-key"), 20);
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-refused", NULL), 1);
    CU_ASSERT_EQUAL(key_unit_requests(dec), 1); /* and not twenty */
    unwatch(dec, bus);
    gst_harness_teardown(enc);

    /* the warning is one, too, for one KID; and bounded for very many */
    bus = watch(dec);
    for (guint k = 0; k < 40; k++) {
        enc = harness("sframeenc key=" KEY, VP8);
        gst_harness_push(dec, seal_one(enc, vp8_frame(k, 100, TRUE)));
        gst_harness_teardown(enc);
    }
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 15);
    unwatch(dec, bus);
    gst_harness_teardown(dec);
}

static void test_streams_do_not_mix(void)
{
    /* a frame of the microphone offered as video, one of the camera as audio, one of VP8 as VP9 */
    GstHarness *audio = harness("sframeenc key=" KEY, OPUS), *video = harness("sframeenc key=" KEY, VP8);
    GstHarness *as_video = harness("sframedec key=" KEY, SEALED_VP8),
               *as_audio = harness("sframedec key=" KEY, SEALED_OPUS);
    GstHarness *as_vp9 = harness("sframedec key=" KEY, "application/x-sframe, original-media-type=(string)video/x-vp9");

    gst_harness_push(as_video, seal_one(audio, vp8_frame(1, 100, TRUE)));
    gst_harness_push(as_audio, seal_one(video, vp8_frame(1, 100, TRUE)));
    gst_harness_push(as_vp9, seal_one(video, vp8_frame(2, 100, TRUE)));
    CU_ASSERT_EQUAL(stat(as_video, "refused"), 1);
    CU_ASSERT_EQUAL(stat(as_audio, "refused"), 1);
    CU_ASSERT_EQUAL(stat(as_vp9, "refused"), 1);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(as_video) + gst_harness_buffers_received(as_audio) +
                        gst_harness_buffers_received(as_vp9),
                    0);
    gst_harness_teardown(audio);
    gst_harness_teardown(video);
    gst_harness_teardown(as_video);
    gst_harness_teardown(as_audio);
    gst_harness_teardown(as_vp9);
}

static void test_uncertain_frames(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *dec = harness("sframedec key=" KEY, SEALED_VP8);
    GstBus *bus = watch(dec);
    GstBuffer *whole, *partial, *got;

    gst_buffer_unref(seal_one(dec, seal_one(enc, vp8_frame(1, 500, TRUE))));
    count_messages(bus, GST_MESSAGE_ANY, NULL, NULL);
    /* the depayloader did not know whether it has the start */
    whole = seal_one(enc, vp8_frame(2, 500, FALSE));
    partial = gst_buffer_copy_region(whole, GST_BUFFER_COPY_ALL, 100, (gsize)-1);
    gst_buffer_unref(whole);
    GST_BUFFER_FLAG_SET(partial, GST_BUFFER_FLAG_CORRUPTED);
    gst_harness_push(dec, partial);
    CU_ASSERT_EQUAL(stat(dec, "incomplete"), 1);
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_ANY, NULL, NULL), 0);
    whole = seal_one(enc, vp8_frame(3, 500, FALSE));
    GST_BUFFER_FLAG_SET(whole, GST_BUFFER_FLAG_CORRUPTED);
    got = seal_one(dec, whole);
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    CU_ASSERT_FALSE(GST_BUFFER_FLAG_IS_SET(got, GST_BUFFER_FLAG_CORRUPTED));
    CU_ASSERT_TRUE(GST_BUFFER_IS_DISCONT(got));
    CU_ASSERT_TRUE(GST_BUFFER_FLAG_IS_SET(got, GST_BUFFER_FLAG_DELTA_UNIT));
    gst_buffer_unref(got);
    unwatch(dec, bus);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* --- Keys --------------------------------------------------------------------------------------------------------- */

static GBytes *give_key(GstElement *element, guint64 kid, gpointer data)
{
    (void)element;
    (void)kid;
    (*(guint *)data)++;
    return g_bytes_new_static("sixteen byte key", 16);
}

static void test_request_key(void)
{
    GstHarness *enc = harness("sframeenc", VP8), *dec = harness("sframedec", SEALED_VP8);
    guint asked_enc = 0, asked_dec = 0;

    g_signal_connect(enc->element, "request-key", G_CALLBACK(give_key), &asked_enc);
    g_signal_connect(dec->element, "request-key", G_CALLBACK(give_key), &asked_dec);
    for (guint i = 0; i < 5; i++) {
        GstBuffer *got = seal_one(dec, seal_one(enc, vp8_frame(i, 100, i == 0)));
        CU_ASSERT_PTR_NOT_NULL(got);
        gst_clear_buffer(&got);
    }
    CU_ASSERT_EQUAL(asked_enc, 1);
    CU_ASSERT_EQUAL(asked_dec, 1);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_key_change(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *dec = harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *waiting[3];

    for (guint round = 0; round < 5; round++) {
        gchar *next = g_strdup_printf("secret %u", round);
        for (guint i = 0; i < 10; i++) {
            GstBuffer *got = seal_one(dec, seal_one(enc, vp8_frame(round * 10 + i, 100, i == 0)));
            CU_ASSERT_PTR_NOT_NULL(got);
            gst_clear_buffer(&got);
        }
        /* some are under way when both sides change */
        for (guint i = 0; i < 3; i++)
            waiting[i] = seal_one(enc, vp8_frame(round * 10 + i, 100, FALSE));
        g_object_set(enc->element, "key", next, NULL);
        g_object_set(dec->element, "key", next, NULL);
        for (guint i = 0; i < 3; i++) {
            GstBuffer *got = seal_one(dec, waiting[i]);
            CU_ASSERT_PTR_NOT_NULL(got);
            gst_clear_buffer(&got);
        }
        g_free(next);
    }
    CU_ASSERT_EQUAL(stat(dec, "opened"), 65);
    CU_ASSERT_EQUAL(stat(dec, "failed"), 0);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_keys_are_not_readable(void)
{
    static const char *elements[] = {"sframeenc", "sframedec"};

    for (gsize e = 0; e < G_N_ELEMENTS(elements); e++) {
        GstHarness *h = harness(e ? "sframedec key=" KEY : "sframeenc key=" KEY, e ? SEALED_VP8 : VP8);
        guint count;
        GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(h->element), &count);

        for (guint i = 0; i < count; i++) {
            GValue value = G_VALUE_INIT;
            gchar *text;
            if (g_str_equal(specs[i]->name, "key")) {
                CU_ASSERT_FALSE(specs[i]->flags & G_PARAM_READABLE);
                CU_ASSERT_TRUE(specs[i]->flags & G_PARAM_WRITABLE);
                continue;
            }
            if (!(specs[i]->flags & G_PARAM_READABLE))
                continue;
            g_value_init(&value, specs[i]->value_type);
            g_object_get_property(G_OBJECT(h->element), specs[i]->name, &value);
            text = g_strdup_value_contents(&value);
            CU_ASSERT_PTR_NULL(strstr(text, "0011223344"));
            g_free(text);
            g_value_unset(&value);
        }
        g_free(specs);
        specs = g_object_class_list_properties(g_type_class_peek(SOTTO_TYPE_KEY_RING), &count);
        CU_ASSERT_EQUAL(count, 0);
        g_free(specs);
        gst_harness_teardown(h);
    }
}

static void test_restart_repeats_no_nonce(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8);
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint start = 0; start < 4; start++) {
        for (guint i = 0; i < 10; i++) {
            GstBuffer *sealed = seal_one(enc, vp8_frame(i, 100, i == 0));
            guint8 bytes[SFRAME_HEADER_MAX];
            struct sframe_header header;
            CU_ASSERT_EQUAL(gst_buffer_extract(sealed, 0, bytes, sizeof(bytes)), sizeof(bytes));
            CU_ASSERT_EQUAL_FATAL(sframe_header_read(bytes, sizeof(bytes), &header), SFRAME_OK);
            CU_ASSERT_TRUE(g_hash_table_add(
                seen, g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, header.kid, header.ctr)));
            gst_buffer_unref(sealed);
        }
        gst_element_set_state(enc->element, GST_STATE_NULL);
        gst_element_set_state(enc->element, GST_STATE_PLAYING);
        gst_harness_set_src_caps_str(enc, VP8);
    }
    CU_ASSERT_EQUAL(g_hash_table_size(seen), 40);
    g_hash_table_unref(seen);
    gst_harness_teardown(enc);
}

/* --- Sharing a ring ----------------------------------------------------------------------------------------------- */

static void test_context_reaches_elements(void)
{
    SottoKeyRing *ring = sotto_key_ring_new(0, 0), *found;
    GstElement *pipeline = gst_pipeline_new(NULL), *enc = gst_element_factory_make("sframeenc", NULL);
    GstElement *dec = gst_element_factory_make("sframedec", NULL), *own = gst_element_factory_make("sframedec", NULL);
    GstContext *context = sotto_key_ring_context_new(ring);

    g_object_set(own, "key", KEY, NULL);
    gst_bin_add_many(GST_BIN(pipeline), enc, own, NULL);
    gst_element_set_context(pipeline, context);
    gst_bin_add(GST_BIN(pipeline), dec); /* comes later, as receive slots do */
    gst_element_set_state(pipeline, GST_STATE_READY);
    g_object_get(enc, "key-ring", &found, NULL);
    CU_ASSERT_PTR_EQUAL(found, ring);
    g_clear_object(&found);
    g_object_get(dec, "key-ring", &found, NULL);
    CU_ASSERT_PTR_EQUAL(found, ring);
    g_clear_object(&found);
    g_object_get(own, "key-ring", &found, NULL);
    CU_ASSERT_PTR_NOT_EQUAL(found, ring);
    g_clear_object(&found);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    gst_context_unref(context);
    g_object_unref(ring);
}

static void test_replay_into_another_element(void)
{
    SottoKeyRing *ring = sotto_key_ring_new(0, 0);
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *one = gst_harness_new("sframedec"),
               *two = gst_harness_new("sframedec");
    GstBuffer *sealed, *got;

    CU_ASSERT_TRUE(sotto_key_ring_set_secret(ring, KEY, NULL));
    g_object_set(one->element, "key-ring", ring, NULL);
    g_object_set(two->element, "key-ring", ring, NULL);
    gst_harness_set_src_caps_str(one, SEALED_VP8);
    gst_harness_set_src_caps_str(two, SEALED_VP8);
    sealed = seal_one(enc, vp8_frame(1, 100, TRUE));
    got = seal_one(one, gst_buffer_copy_deep(sealed));
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    gst_harness_push(two, sealed);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(two), 0);
    CU_ASSERT_EQUAL(stat(two, "replayed"), 1);
    gst_harness_teardown(enc);
    gst_harness_teardown(one);
    gst_harness_teardown(two);
    g_object_unref(ring);
}

/* --- What they say ------------------------------------------------------------------------------------------------ */

static void test_names(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *dec = harness("sframedec key=" KEY, SEALED_VP8);
    GstBus *bus = watch(dec);
    GstStructure *heard = NULL;
    gchar *longest;

    g_object_set(enc->element, "display-name", "Ann\nLee", NULL);
    gst_buffer_unref(seal_one(dec, seal_one(enc, vp8_frame(1, 100, TRUE))));
    gst_buffer_unref(seal_one(dec, seal_one(enc, vp8_frame(2, 100, FALSE))));
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-sender", &heard), 1);
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(heard, "name"), "Ann?Lee");
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(heard, "kind"), "camera");
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(heard, "codec"), "vp8");
    /* names go with key frames; a new one is told, in whole characters */
    g_object_set(enc->element, "display-name", "ααααααααααααααααααααααααααααααααααααααααααα", NULL);
    g_object_get(enc->element, "display-name", &longest, NULL);
    CU_ASSERT_EQUAL(strlen(longest), 64);
    g_free(longest);
    gst_buffer_unref(seal_one(dec, seal_one(enc, vp8_frame(3, 100, FALSE))));
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-sender", &heard), 0);
    gst_buffer_unref(seal_one(dec, seal_one(enc, vp8_frame(4, 100, TRUE))));
    CU_ASSERT_EQUAL(count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-sender", &heard), 1);
    CU_ASSERT_EQUAL(strlen(gst_structure_get_string(heard, "name")), 64);
    gst_structure_free(heard);
    unwatch(dec, bus);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_sender_stats(void)
{
    GstHarness *one = harness("sframeenc key=" KEY " kind=screen layer=2", VP8),
               *two = harness("sframeenc key=" KEY, VP8);
    GstHarness *dec = harness("sframedec key=" KEY, SEALED_VP8);
    GstStructure *stats;
    const GValue *senders;
    guint64 opened;
    guint layer;

    for (guint i = 0; i < 3; i++) {
        gst_buffer_unref(seal_one(dec, seal_one(one, vp8_frame(i, 100, i == 0))));
        gst_buffer_unref(seal_one(dec, seal_one(two, vp8_frame(i, 100, i == 0))));
    }
    g_object_get(dec->element, "stats", &stats, NULL);
    senders = gst_structure_get_value(stats, "senders");
    CU_ASSERT_EQUAL_FATAL(gst_value_array_get_size(senders), 2);
    const GstStructure *first = gst_value_get_structure(gst_value_array_get_value(senders, 0));
    CU_ASSERT_TRUE(gst_structure_get(first, "opened", G_TYPE_UINT64, &opened, "layer", G_TYPE_UINT, &layer, NULL));
    CU_ASSERT_EQUAL(opened, 3);
    CU_ASSERT_EQUAL(layer, 2);
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(first, "kind"), "screen");
    gst_structure_free(stats);
    gst_harness_teardown(one);
    gst_harness_teardown(two);
    gst_harness_teardown(dec);
}

static void test_key_unit_after_want_of_key(void)
{
    GstHarness *enc = harness("sframeenc key=" KEY, VP8), *dec = harness("sframedec key=another", SEALED_VP8);

    gst_harness_push(dec, seal_one(enc, vp8_frame(0, 100, TRUE)));
    CU_ASSERT_EQUAL(key_unit_requests(dec), 1);
    gst_harness_teardown(dec);

    /* audio has no key frames to ask for */
    dec = harness("sframedec key=another", SEALED_OPUS);
    GstHarness *audio = harness("sframeenc key=" KEY, OPUS);
    gst_harness_push(dec, seal_one(audio, vp8_frame(0, 100, TRUE)));
    CU_ASSERT_EQUAL(key_unit_requests(dec), 0);
    gst_harness_teardown(audio);
    gst_harness_teardown(dec);
    gst_harness_teardown(enc);
}

/* --- The stream's life -------------------------------------------------------------------------------------------- */

static void test_flush_eos_renegotiation(void)
{
    GstHarness *h = harness("sframeenc key=" KEY " ! rtpsframepay ! rtpsframedepay ! sframedec key=" KEY, VP8);
    GstSegment segment;
    GstEvent *event;
    GstCaps *caps;
    gboolean eos = FALSE;
    guint received = 0;

    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, vp8_frame(i, 3000, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), received += 5);
    CU_ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_start()));
    CU_ASSERT_EQUAL(gst_harness_push(h, vp8_frame(6, 3000, TRUE)), GST_FLOW_FLUSHING);
    CU_ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_stop(TRUE)));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(h, gst_event_new_segment(&segment));
    /* time begins anew, capture time does not run back */
    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, vp8_frame(i, 3000, i == 0)), GST_FLOW_OK);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(h), received += 5);

    gst_harness_set_src_caps_str(h, "video/x-vp9, width=(int)320, height=(int)180");
    for (guint i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gst_harness_push(h, vp8_frame(i, 3000, i == 0)), GST_FLOW_OK);
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
    {"padding hides a frame's size", test_padding_hides_size},
    {"without a key nothing is sent, and one warning says so", test_no_key_no_frame},
    {"media that are not encrypted are refused and named so", test_plaintext_is_refused},
    {"garbage of any length is refused", test_garbage_is_refused},
    {"a frame with any byte flipped is refused, the true one opens once", test_every_flipped_byte_is_refused},
    {"a wrong key shows nothing and is reported once per KID", test_wrong_key},
    {"frames of one stream or codec do not open as another", test_streams_do_not_mix},
    {"a frame that the network cut is no matter of keys", test_uncertain_frames},
    {"a key may come when it is asked for", test_request_key},
    {"a key change in mid-stream loses no frame", test_key_change},
    {"keys can be written, never read", test_keys_are_not_readable},
    {"a restarted element repeats no nonce", test_restart_repeats_no_nonce},
    {"a context reaches every element without a key of its own", test_context_reaches_elements},
    {"a frame replayed into another element is caught", test_replay_into_another_element},
    {"names are told when they change, and made harmless", test_names},
    {"statistics name each sender", test_sender_stats},
    {"want of a key asks for a key frame, of video only", test_key_unit_after_want_of_key},
    {"flush, renegotiation and end of stream pass", test_flush_eos_renegotiation},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_elements", tests, G_N_ELEMENTS(tests));
}
