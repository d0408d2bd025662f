/* How sframeenc and sframedec ask for a key: how often, and whose they take. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstsotto/keyring.h"
#include "gstutil.h"
#include "sotto/sframe.h"

static time_t now_s = 1000;

/* In place of the C library's, for GLib too: time passes when the test says so. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *now)
{
    if (id != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = (struct timespec){.tv_sec = now_s};
    return 0;
}

struct handler {
    const char *key; /* sixteen bytes; NULL: it has none */
    guint asked;
    guint64 kid;
};

static GBytes *give_key(GstElement *element, guint64 kid, struct handler *handler)
{
    (void)element;
    handler->asked++;
    handler->kid = kid;
    return handler->key ? g_bytes_new_static(handler->key, 16) : NULL;
}

static const struct {
    const char *line, *caps;
} elements[] = {{"sframeenc", VP8}, {"sframedec", SEALED_VP8}};

static void test_asked_once_a_second(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(elements); i++) {
        GstHarness *h = gstutil_harness(elements[i].line, elements[i].caps);
        struct handler none = {.key = NULL};

        g_signal_connect(h->element, "request-key", G_CALLBACK(give_key), &none);
        for (guint round = 1; round <= 3; round++) {
            for (guint n = 0; n < 3; n++)
                gst_harness_push(h, gstutil_vp8_frame(n, 100, TRUE));
            CU_ASSERT_EQUAL(none.asked, round);
            now_s++;
        }
        gst_harness_teardown(h);
    }
}

static void test_the_first_key_is_taken(void)
{
    GstHarness *enc = gstutil_harness("sframeenc", VP8), *dec = gstutil_harness("sframedec", SEALED_VP8);
    GstHarness *both[] = {enc, dec};
    struct handler none[2] = {{.key = NULL}, {.key = NULL}}, first[2], later[2];
    GstBuffer *got;

    for (guint i = 0; i < 2; i++) {
        first[i] = (struct handler){.key = "sixteen byte key"};
        later[i] = (struct handler){.key = i ? "one that is late" : "and another late"};
        g_signal_connect(both[i]->element, "request-key", G_CALLBACK(give_key), &none[i]);
        g_signal_connect(both[i]->element, "request-key", G_CALLBACK(give_key), &first[i]);
        g_signal_connect(both[i]->element, "request-key", G_CALLBACK(give_key), &later[i]);
    }
    got = gstutil_push_one(dec, gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE)));
    CU_ASSERT_PTR_NOT_NULL(got);
    gst_clear_buffer(&got);
    for (guint i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(none[i].asked, 1);
        CU_ASSERT_EQUAL(first[i].asked, 1);
        CU_ASSERT_EQUAL(later[i].asked, 0);
        gst_harness_teardown(both[i]);
    }
}

static void test_the_kid_is_told(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8), *dec = gstutil_harness("sframedec", SEALED_VP8);
    struct handler none = {.key = NULL};
    GstBuffer *sealed = gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE));
    guint64 kid = 0;
    GstStructure *stats;

    g_object_get(enc->element, "stats", &stats, NULL);
    CU_ASSERT_TRUE(gst_structure_get_uint64(stats, "kid", &kid));
    gst_structure_free(stats);
    g_signal_connect(dec->element, "request-key", G_CALLBACK(give_key), &none);
    none.kid = ~kid;
    gst_harness_push(dec, sealed);
    CU_ASSERT_EQUAL(none.asked, 1);
    CU_ASSERT_EQUAL(none.kid, kid);
    CU_ASSERT_EQUAL(gstutil_stat(dec, "no-key"), 1);
    gst_harness_teardown(enc);
    gst_harness_teardown(dec);
}

/* --- Properties --------------------------------------------------------------------------------------------------- */

static void test_a_key_of_before_is_refused_aloud(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    GstBus *bus = gstutil_watch(enc);

    g_object_set(enc->element, "key", KEY, NULL);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 0);
    g_object_set(enc->element, "key", "00000000000000000000000000000002", NULL);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 0);
    g_object_set(enc->element, "key", KEY, NULL);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 1);
    gstutil_unwatch(enc, bus);
    gst_harness_teardown(enc);
}

static void test_suite_and_profile_read_as_used(void)
{
    GstHarness *enc = gstutil_harness("sframeenc key=" KEY, VP8);
    GstBus *bus = gstutil_watch(enc);
    gint suite, profile;

    g_object_set(enc->element, "suite", SFRAME_AES_256_GCM_SHA512_128, NULL);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 0);
    gst_buffer_unref(gstutil_push_one(enc, gstutil_vp8_frame(1, 100, TRUE)));
    g_object_set(enc->element, "suite", SFRAME_AES_128_GCM_SHA256_128, NULL);
    g_object_set(enc->element, "profile", SFRAME_PROFILE_RFC9605, NULL);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 2);
    g_object_get(enc->element, "suite", &suite, "profile", &profile, NULL);
    CU_ASSERT_EQUAL(suite, SFRAME_AES_256_GCM_SHA512_128);
    CU_ASSERT_EQUAL(profile, SFRAME_PROFILE_SOTTO);
    /* the same as it is, is no change */
    g_object_set(enc->element, "profile", profile, NULL);
    CU_ASSERT_EQUAL(gstutil_count_messages(bus, GST_MESSAGE_WARNING, NULL, NULL), 0);
    gstutil_unwatch(enc, bus);
    gst_harness_teardown(enc);
}

struct last_look {
    GstElement *element;
    guint seen, locked;
};

static void look(gpointer user, GObject *ring)
{
    struct last_look *last = user;

    (void)ring;
    last->seen++;
    if (!GST_OBJECT_TRYLOCK(last->element))
        last->locked++;
    else
        GST_OBJECT_UNLOCK(last->element);
}

/* The element's ring, with nobody else to hold it. */
static void look_when_it_goes(struct last_look *last)
{
    SottoKeyRing *ring;

    g_object_get(last->element, "key-ring", &ring, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    g_object_weak_ref(G_OBJECT(ring), look, last);
    g_object_unref(ring);
}

/* But for a context's: an element's contexts go with the lock held, which is GStreamer's doing. */
static void test_rings_go_without_the_lock(void)
{
    GstElement *element = gst_object_ref_sink(gst_element_factory_make("sframedec", NULL));
    struct last_look last = {.element = element};
    SottoKeyRing *given = sotto_key_ring_new(0, 0);

    g_object_set(element, "key", KEY, NULL);
    look_when_it_goes(&last);
    g_object_set(element, "key", NULL, NULL);
    CU_ASSERT_EQUAL(last.seen, 1);
    g_object_set(element, "key-ring", given, NULL);
    g_object_unref(given);
    look_when_it_goes(&last);
    g_object_set(element, "key-ring", NULL, NULL);
    CU_ASSERT_EQUAL(last.seen, 2);
    CU_ASSERT_EQUAL(last.locked, 0);
    gst_object_unref(element);
}

static const struct unit_test tests[] = {
    {"without a key one is asked for once a second", test_asked_once_a_second},
    {"the first handler that has a key is the last asked", test_the_first_key_is_taken},
    {"the KID of what came goes with the question", test_the_kid_is_told},
    {"a key that was there before another is refused aloud", test_a_key_of_before_is_refused_aloud},
    {"suite and profile read as they are used", test_suite_and_profile_read_as_used},
    {"a ring goes without the element's lock held", test_rings_go_without_the_lock},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.ringuser", tests, G_N_ELEMENTS(tests));
}
