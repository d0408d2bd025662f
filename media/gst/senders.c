#include "senders.h"

#include <string.h>

static struct sender *find(struct senders *all, guint64 kid)
{
    for (guint i = 0; i < all->count; i++)
        if (all->list[i].kid == kid)
            return &all->list[i];
    return NULL;
}

/* Takes the name out of the frame's TLVs. TRUE if it is another than before. */
static gboolean take_name(struct sender *s, const struct sframe_inner *inner)
{
    gchar name[SENDER_NAME_MAX + 1];
    const guint8 *value;
    size_t len;

    if (sframe_tlv_find(inner, SFRAME_TLV_NAME, &value, &len) != SFRAME_OK || len == 0 || len > SENDER_NAME_MAX ||
        memchr(value, 0, len) || !g_utf8_validate((const gchar *)value, (gssize)len, NULL))
        return FALSE;
    memcpy(name, value, len);
    name[len] = '\0';
    for (gchar *c = name; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '?';
    if (strcmp(name, s->name) == 0)
        return FALSE;
    g_strlcpy(s->name, name, sizeof(s->name));
    return TRUE;
}

static struct sender *place_for_new(struct senders *all)
{
    struct sender *oldest = &all->list[0];

    if (all->count < SENDERS_MAX)
        return &all->list[all->count++];
    for (guint i = 1; i < all->count; i++)
        if (all->list[i].heard_at < oldest->heard_at)
            oldest = &all->list[i];
    return oldest;
}

enum sender_news senders_opened(struct senders *all, const struct sframe_opened *opened, const struct sender **sender)
{
    struct sender *s = find(all, opened->kid);
    enum sender_news news = SENDER_KNOWN;

    if (!s) {
        s = place_for_new(all);
        *s = (struct sender){.kid = opened->kid, .id = opened->sender, .context = opened->context};
        news = SENDER_NEW;
    }
    s->codec = opened->inner.codec;
    s->opened++;
    s->heard_at = ++all->opened;
    if (take_name(s, &opened->inner) && news == SENDER_KNOWN)
        news = SENDER_RENAMED;
    *sender = s;
    return news;
}

gboolean senders_failed(struct senders *all, guint64 kid)
{
    struct sender *s = find(all, kid);

    if (!s)
        return FALSE;
    s->failed++;
    return TRUE;
}

gboolean senders_report(struct senders *all, guint64 kid)
{
    for (guint i = 0; i < all->refused_count; i++)
        if (all->refused[i] == kid)
            return FALSE;
    if (all->refused_count == REFUSED_MAX)
        return FALSE;
    all->refused[all->refused_count++] = kid;
    return TRUE;
}

static const gchar *kind_name(guint context)
{
    static const gchar *const names[SFRAME_KINDS] = {"microphone", "camera", "screen", "screen-audio", "data"};
    guint kind = context / SFRAME_LAYERS;
    return kind < SFRAME_KINDS ? names[kind] : "unknown";
}

static const gchar *codec_name(guint8 codec)
{
    static const gchar *const names[] = {"", "opus", "vp8", "vp9", "h264", "av1", "data"};
    return codec < G_N_ELEMENTS(names) ? names[codec] : "unknown";
}

GstStructure *senders_structure(const struct sender *s)
{
    return gst_structure_new("sotto-sframe-sender", "kid", G_TYPE_UINT64, s->kid, "sender", G_TYPE_UINT64, s->id,
                             "kind", G_TYPE_STRING, kind_name(s->context), "layer", G_TYPE_UINT,
                             s->context % SFRAME_LAYERS, "codec", G_TYPE_STRING, codec_name(s->codec), "name",
                             G_TYPE_STRING, s->name, "opened", G_TYPE_UINT64, s->opened, "failed", G_TYPE_UINT64,
                             s->failed, NULL);
}
