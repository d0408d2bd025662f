/* sframeenc and sframedec: where their keys come from, how they are shared, and what they say of those they hear. */
#include <string.h>

#include "gstsotto/keyring.h"
#include "gstutil.h"
#include "sotto/sframe.h"

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
    GstHarness *enc = gstutil_harness("sframeenc", VP8), *dec = gstutil_harness("sframedec", SEALED_VP8);
    guint asked_enc = 0, asked_dec = 0;

    g_signal_connect(enc->element, "request-key", G_CALLBACK(give_key), &asked_enc);
    g_signal_connect(dec->element, "request-key", G_CALLBACK(give_key), &asked_dec);
    for (guint i = 0; i < 5; i++) {
        GstBuffer *got = gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(i, 100, i == 0)));
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
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBuffer *waiting[3];

    for (guint round = 0; round < 5; round++) {
        /* of 128 bits, not a typed one: stretching that can take longer than old keys live */
        gchar *next = g_strdup_printf("%032x", round + 1);
        for (guint i = 0; i < 10; i++) {
            GstBuffer *got =
                gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(round * 10 + i, 100, i == 0)));
            CU_ASSERT_PTR_NOT_NULL(got);
            gst_clear_buffer(&got);
        }
        /* some are under way when both sides change */
        for (guint i = 0; i < 3; i++)
            waiting[i] = gstutil_push_one(enc, gstutil_vp8_frame(round * 10 + i, 100, FALSE));
        g_object_set(enc->element, "key", next, NULL);
        g_object_set(dec->element, "key", next, NULL);
        for (guint i = 0; i < 3; i++) {
            GstBuffer *got = gstutil_push_one(dec, waiting[i]);
            CU_ASSERT_PTR_NOT_NULL(got);
            gst_clear_buffer(&got);
        }
        g_free(next);
    }
    CU_ASSERT_EQUAL(gstutil_stat(dec, "opened"), 65);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "failed"), 0);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_keys_are_not_readable(void)
{
    static const char *elements[] = {"sframeenc", "sframedec"};

    for (gsize e = 0; e < G_N_ELEMENTS(elements); e++) {
        GstHarness *h = gstutil_harness(e ? "sframedec key=" KEY : "sframeenc key=" KEY, e ? SEALED_VP8 : VP8);
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
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint start = 0; start < 4; start++) {
        for (guint i = 0; i < 10; i++) {
            GstBuffer *sealed = gstutil_push_one(enc, gstutil_vp8_frame(i, 100, i == 0));
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
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8), *one = gst_harness_new("sframedec"),
               *two = gst_harness_new("sframedec");
    GstBuffer *sealed, *got;

    CU_ASSERT_TRUE(sotto_key_ring_set_secret(ring, KEY, NULL));
    g_object_set(one->element, "key-ring", ring, NULL);
    g_object_set(two->element, "key-ring", ring, NULL);
    gst_harness_set_src_caps_str(one, SEALED_VP8);
    gst_harness_set_src_caps_str(two, SEALED_VP8);
    sealed = gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE));
    got = gstutil_push_one(one, gst_buffer_copy_deep(sealed));
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    gst_harness_push(two, sealed);
    CU_ASSERT_EQUAL(gst_harness_buffers_received(two), 0);
    CU_ASSERT_EQUAL(gstutil_stat(two, "replayed"), 1);
    gst_harness_teardown(enc);
    gst_harness_teardown(one);
    gst_harness_teardown(two);
    g_object_unref(ring);
}

/* --- What they say ------------------------------------------------------------------------------------------------ */

static void test_names(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstBus *bus = gstutil_watch(dec);
    GstStructure *heard = NULL;
    gchar *longest;

    g_object_set(enc->element, "display-name", "Ann\nLee", NULL);
    gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE))));
    gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(2, 100, FALSE))));
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-sender", &heard), 1);
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(heard, "name"), "Ann?Lee");
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(heard, "kind"), "camera");
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(heard, "codec"), "vp8");
    /* names go with key frames; a new one is told, in whole characters */
    g_object_set(enc->element, "display-name", "ααααααααααααααααααααααααααααααααααααααααααα", NULL);
    g_object_get(enc->element, "display-name", &longest, NULL);
    CU_ASSERT_EQUAL(strlen(longest), 64);
    g_free(longest);
    gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(3, 100, FALSE))));
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-sender", &heard), 0);
    gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(4, 100, TRUE))));
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_ELEMENT, "sotto-sframe-sender", &heard), 1);
    CU_ASSERT_EQUAL(strlen(gst_structure_get_string(heard, "name")), 64);
    gst_structure_free(heard);
    gstutil_unwatch(dec, bus);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static void test_sender_stats(void)
{
    GstHarness *one = gstutil_harness("sframeenc key=" KEY " kind=screen layer=2", VP8),
               *two = gstutil_harness("sframeenc key=" KEY, VP8);
    GstHarness *dec = gstutil_harness("sframedec key=" KEY, SEALED_VP8);
    GstStructure *stats;
    const GValue *senders;
    guint64 opened;
    guint layer;

    for (guint i = 0; i < 3; i++) {
        gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(one, gstutil_vp8_frame(i, 100, i == 0))));
        gst_buffer_unref(gstutil_push_one(dec, gstutil_push_one(two, gstutil_vp8_frame(i, 100, i == 0))));
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
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8),
               *dec = gstutil_harness("sframedec key=another", SEALED_VP8);

    gst_harness_push(dec, gstutil_push_one(enc, gstutil_vp8_frame(0, 100, TRUE)));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(dec), 1);
    gst_harness_teardown(dec);

    /* audio has no key frames to ask for */
    dec = gstutil_harness("sframedec key=another", SEALED_OPUS);
    GstHarness *audio = gstutil_harness("sframeenc key=" KEY, OPUS);
    gst_harness_push(dec, gstutil_push_one(audio, gstutil_vp8_frame(0, 100, TRUE)));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(dec), 0);
    gst_harness_teardown(audio);
    gst_harness_teardown(dec);
    gst_harness_teardown(enc);
}

static void test_key_unit_once_there_is_a_key(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8), *dec = gstutil_harness("sframedec", SEALED_VP8);
    GstBuffer *got;

    /* without a key it would be asked for in vain */
    gst_harness_push(dec, gstutil_push_one(enc, gstutil_vp8_frame(0, 100, TRUE)));
    gst_harness_push(dec, gstutil_push_one(enc, gstutil_vp8_frame(1, 100, FALSE)));
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(dec), 0);
    g_object_set(dec->element, "key", KEY, NULL);
    got = gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(2, 100, FALSE)));
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(dec), 1);
    /* a key frame has come: there is nothing to ask for any more */
    got = gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(3, 100, TRUE)));
    gst_clear_buffer(&got);
    got = gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(4, 100, FALSE)));
    gst_clear_buffer(&got);
    CU_ASSERT_EQUAL(gstutil_key_unit_requests(dec), 0);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

static const struct unit_test tests[] = {
    {"a key may come when it is asked for", test_request_key},
    {"a key change in mid-stream loses no frame", test_key_change},
    {"keys can be written, never read", test_keys_are_not_readable},
    {"a restarted element repeats no nonce", test_restart_repeats_no_nonce},
    {"a context reaches every element without a key of its own", test_context_reaches_elements},
    {"a frame replayed into another element is caught", test_replay_into_another_element},
    {"names are told when they change, and made harmless", test_names},
    {"statistics name each sender", test_sender_stats},
    {"once there is a key a key frame is asked for, until one comes", test_key_unit_once_there_is_a_key},
    {"want of a key asks for a key frame, of video only", test_key_unit_after_want_of_key},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.sframe_keys", tests, G_N_ELEMENTS(tests));
}
