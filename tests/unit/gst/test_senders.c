#include "senders.h"

#include <string.h>

#include "gstutil.h"

static enum sender_news hear(struct senders *all, guint64 kid, const char *tlv, const struct sender **sender)
{
    struct sframe_opened opened = {.kid = kid, .sender = kid + 1, .context = SFRAME_SCREEN * SFRAME_LAYERS + 2};

    opened.inner.codec = SFRAME_CODEC_VP9;
    opened.inner.tlv = (const guint8 *)tlv;
    opened.inner.tlv_len = tlv ? strlen(tlv) : 0;
    return senders_opened(all, &opened, sender);
}

static void test_names(void)
{
    struct senders *all = g_new0(struct senders, 1);
    const struct sender *s;

    CU_ASSERT_EQUAL(hear(all, 7, NULL, &s), SENDER_NEW);
    CU_ASSERT_STRING_EQUAL(s->name, "");
    CU_ASSERT_EQUAL(hear(all, 7, "\1\3Ann", &s), SENDER_RENAMED);
    CU_ASSERT_STRING_EQUAL(s->name, "Ann");
    CU_ASSERT_EQUAL(hear(all, 7, "\1\3Ann", &s), SENDER_KNOWN);
    CU_ASSERT_EQUAL(hear(all, 7, NULL, &s), SENDER_KNOWN);
    CU_ASSERT_EQUAL(hear(all, 7, "\1\2\xc3\x28", &s), SENDER_KNOWN); /* no UTF-8 */
    CU_ASSERT_STRING_EQUAL(s->name, "Ann");
    CU_ASSERT_EQUAL(hear(all, 7, "\1\3A\x1b[", &s), SENDER_RENAMED);
    CU_ASSERT_STRING_EQUAL(s->name, "A?[");
    CU_ASSERT_EQUAL(s->opened, 6);
    CU_ASSERT_EQUAL(s->id, 8);
    g_free(all);
}

static void test_more_than_there_is_room_for(void)
{
    struct senders *all = g_new0(struct senders, 1);
    const struct sender *s;

    /* one that speaks all the time, and others that come and go */
    for (guint64 kid = 1; kid <= 3 * SENDERS_MAX; kid++) {
        CU_ASSERT_EQUAL(hear(all, 1000, "\1\3Ann", &s), kid == 1 ? SENDER_NEW : SENDER_KNOWN);
        CU_ASSERT_EQUAL(hear(all, kid, "\1\3Bob", &s), SENDER_NEW);
        CU_ASSERT_EQUAL(s->kid, kid);
        CU_ASSERT_STRING_EQUAL(s->name, "Bob");
        CU_ASSERT_EQUAL(s->opened, 1);
    }
    CU_ASSERT_EQUAL(all->count, SENDERS_MAX);
    CU_ASSERT_EQUAL(hear(all, 3 * SENDERS_MAX, NULL, &s), SENDER_KNOWN);
    CU_ASSERT_TRUE(senders_failed(all, 1000));
    CU_ASSERT_FALSE(senders_failed(all, 1));
    CU_ASSERT_EQUAL(hear(all, 1, NULL, &s), SENDER_NEW);
    CU_ASSERT_STRING_EQUAL(s->name, "");
    g_free(all);
}

static void test_reports(void)
{
    struct senders *all = g_new0(struct senders, 1);

    for (guint64 kid = 0; kid < REFUSED_MAX; kid++) {
        CU_ASSERT_TRUE(senders_report(all, kid));
        CU_ASSERT_FALSE(senders_report(all, kid));
    }
    CU_ASSERT_FALSE(senders_report(all, REFUSED_MAX));
    g_free(all);
}

static void test_structure(void)
{
    struct senders *all = g_new0(struct senders, 1);
    const struct sender *s;
    guint64 kid, failed;
    guint layer;

    hear(all, 5, "\1\3Zoe", &s);
    senders_failed(all, 5);
    GstStructure *told = senders_structure(s);
    CU_ASSERT_TRUE(gst_structure_get(told, "kid", G_TYPE_UINT64, &kid, "failed", G_TYPE_UINT64, &failed, "layer",
                                     G_TYPE_UINT, &layer, NULL));
    CU_ASSERT_EQUAL(kid, 5);
    CU_ASSERT_EQUAL(failed, 1);
    CU_ASSERT_EQUAL(layer, 2);
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(told, "kind"), "screen");
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(told, "codec"), "vp9");
    CU_ASSERT_STRING_EQUAL(gst_structure_get_string(told, "name"), "Zoe");
    gst_structure_free(told);
    g_free(all);
}

static const struct unit_test tests[] = {
    {"a name is told when it changes, and only a clean one", test_names},
    {"in a long call each newcomer is told of, and who is heard stays known", test_more_than_there_is_room_for},
    {"each KID is reported once, and not without end", test_reports},
    {"a sender as a structure", test_structure},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.senders", tests, G_N_ELEMENTS(tests));
}
