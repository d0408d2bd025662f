/* Media by name, and bitstreams as far as they are looked at: key frames, and what was never sealed. */
#include "codecs.h"

#include <string.h>

#include "gstutil.h"
#include "sotto/sframe.h"

static const char *const media_types[] = {"video/x-vp8", "video/x-vp9", "video/x-h264", "video/x-av1", "audio/x-opus"};

static void test_names(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(media_types); i++) {
        const struct sotto_codec *codec = sotto_codec_by_media_type(media_types[i]);
        gchar *lower;

        CU_ASSERT_PTR_NOT_NULL_FATAL(codec);
        lower = g_ascii_strdown(codec->encoding_name, -1);
        CU_ASSERT_PTR_EQUAL(sotto_codec_by_encoding_name(codec->encoding_name), codec);
        CU_ASSERT_PTR_EQUAL(sotto_codec_by_encoding_name(lower), codec);
        CU_ASSERT_EQUAL(sotto_codec_is_video(codec), g_str_has_prefix(media_types[i], "video/"));
        g_free(lower);
    }
    CU_ASSERT_PTR_NULL(sotto_codec_by_media_type("video/x-raw"));
    CU_ASSERT_PTR_NULL(sotto_codec_by_media_type(NULL));
    CU_ASSERT_PTR_NULL(sotto_codec_by_encoding_name("rtx"));
    CU_ASSERT_PTR_NULL(sotto_codec_by_encoding_name(NULL));
    CU_ASSERT_PTR_NULL(sotto_codec_from_caps(NULL));
}

/* Bytes in memory of exactly their number, so that a sanitizer sees a read past them. */
struct frame {
    const char *media_type;
    const char *hex;
    gboolean key, plain;
};

static const struct frame frames[] = {
    {"video/x-vp8", "50e2019d012a80026801", TRUE, TRUE},
    {"video/x-vp8", "51e2019d", FALSE, FALSE},
    {"video/x-vp8", "9080812350e2019d012a", TRUE, TRUE}, /* behind an RTP payload descriptor */
    {"video/x-vp9", "804983420000", TRUE, TRUE},
    {"video/x-vp9", "84", FALSE, FALSE}, /* frame_type 1 */
    {"video/x-vp9", "88", FALSE, FALSE}, /* shows an existing frame */
    {"video/x-vp9", "b0", TRUE, FALSE},  /* profile 3 */
    {"video/x-vp9", "b2", FALSE, FALSE},
    {"video/x-vp9", "40", FALSE, FALSE}, /* no frame marker */
    {"video/x-h264", "00000001091000000001674200000000016588", TRUE, TRUE},
    {"video/x-h264", "000001419a", FALSE, TRUE},
    {"video/x-h264", "41ff000001659a", TRUE, FALSE},
    {"video/x-h264", "000001", FALSE, FALSE},
    {"video/x-av1", "12000a0a0000", TRUE, TRUE},
    {"video/x-av1", "1200320155", FALSE, TRUE},
    {"video/x-av1", "1200", FALSE, TRUE},
    {"video/x-av1", "0a", TRUE, FALSE},
    {"video/x-av1", "16ff", FALSE, FALSE},                     /* an extension byte, and no size behind it */
    {"video/x-av1", "32ffffffffffffffffff0a", FALSE, FALSE},   /* a size without end */
    {"video/x-av1", "32ffffffffffffff7f0a0a0a", FALSE, FALSE}, /* a size past the frame */
    {"audio/x-opus", "fc", TRUE, FALSE},
};

static void test_bitstreams(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(frames); i++) {
        const struct sotto_codec *codec = sotto_codec_by_media_type(frames[i].media_type);
        gsize len = strlen(frames[i].hex) / 2;
        guint8 *bytes = g_malloc(len);
        gboolean key, plain;

        unit_hex(frames[i].hex, bytes, len);
        key = sotto_codec_is_key(codec, bytes, len);
        plain = sotto_codec_looks_plain(codec, bytes, len);
        if (key != frames[i].key || plain != frames[i].plain)
            g_print("\n    %s %s: key %d, plain %d\n", frames[i].media_type, frames[i].hex, key, plain);
        CU_ASSERT_EQUAL(key, frames[i].key);
        CU_ASSERT_EQUAL(plain, frames[i].plain);
        g_free(bytes);
    }
}

static void test_any_bytes(void)
{
    guint64 state = 3;

    for (gsize i = 0; i < G_N_ELEMENTS(media_types); i++) {
        const struct sotto_codec *codec = sotto_codec_by_media_type(media_types[i]);

        CU_ASSERT_FALSE(sotto_codec_is_key(codec, NULL, 0));
        CU_ASSERT_FALSE(sotto_codec_looks_plain(codec, NULL, 0));
        for (guint round = 0; round < 3000; round++) {
            gsize len = 1 + unit_random(&state) % 24;
            guint8 *bytes = g_malloc(len);
            for (gsize b = 0; b < len; b++) /* small numbers often: they are start codes, headers and sizes */
                bytes[b] = (guint8)(unit_random(&state) % 3 ? unit_random(&state) % 4 : unit_random(&state));
            (void)sotto_codec_is_key(codec, bytes, len);
            (void)sotto_codec_looks_plain(codec, bytes, len);
            g_free(bytes);
        }
    }
}

static const struct unit_test tests[] = {
    {"media by their names", test_names},
    {"key frames, and frames that were never sealed", test_bitstreams},
    {"any bytes are read within their bounds", test_any_bytes},
};

int main(void)
{
    gstutil_init();
    return unit_main("gst.codecs", tests, G_N_ELEMENTS(tests));
}
