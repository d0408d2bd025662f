#include "refusal.h"

#include "sotto/sframe.h"

gboolean refusal_wants_key(int error)
{
    return error == SFRAME_AUTH || error == SFRAME_NO_KEY || error == SFRAME_QUOTA;
}

struct glimpse refusal_glimpse(const struct sotto_codec *codec, const guint8 *frame, gsize len)
{
    struct sframe_header header;
    struct glimpse glimpse = {.plain = sotto_codec_looks_plain(codec, frame, len)};

    if (sframe_header_read(frame, len, &header) == SFRAME_OK)
        glimpse.kid = header.kid;
    return glimpse;
}

static gchar *explain(int error, const struct glimpse *glimpse)
{
    if (glimpse->plain)
        return g_strdup("Media that is not encrypted arrives. It is refused: nothing of it is shown");
    if (error == SFRAME_NO_KEY)
        return g_strdup_printf("There is no key for frames of KID %" G_GINT64_MODIFIER "x. Nothing of them is shown",
                               glimpse->kid);
    if (refusal_wants_key(error))
        return g_strdup_printf("The key does not fit frames of KID %" G_GINT64_MODIFIER
                               "x: the sender uses another secret, or they are forged. Nothing of them is shown",
                               glimpse->kid);
    return g_strdup_printf("Frames of KID %" G_GINT64_MODIFIER "x are refused: %s", glimpse->kid,
                           sframe_strerror(error));
}

void refusal_report(GstElement *element, int error, const struct glimpse *glimpse)
{
    GstStructure *s =
        gst_structure_new("sotto-sframe-refused", "kid", G_TYPE_UINT64, glimpse->kid, "reason", G_TYPE_STRING,
                          sframe_strerror(error), "plain", G_TYPE_BOOLEAN, glimpse->plain, NULL);
    gint code = error == SFRAME_NO_KEY && !glimpse->plain ? GST_STREAM_ERROR_DECRYPT_NOKEY : GST_STREAM_ERROR_DECRYPT;

    gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), s));
    gst_element_message_full(element, GST_MESSAGE_WARNING, GST_STREAM_ERROR, code, explain(error, glimpse),
                             g_strdup(sframe_strerror(error)), __FILE__, __func__, __LINE__);
}

gboolean refusal_worth_a_report(int error)
{
    return error != SFRAME_REPLAY && error != SFRAME_LATE && error != SFRAME_TIME_BACK && error != SFRAME_JUMP;
}
