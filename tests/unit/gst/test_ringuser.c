/* How sframeenc and sframedec ask for a key: how often, and whose they take. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gstutil.h"

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

static const struct unit_test tests[] = {
    {"without a key one is asked for once a second", test_asked_once_a_second},
    {"the first handler that has a key is the last asked", test_the_first_key_is_taken},
    {"the KID of what came goes with the question", test_the_kid_is_told},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.ringuser", tests, G_N_ELEMENTS(tests));
}
