#include "framemeta.h"

#include "gstsotto/frame.h"

struct frame_meta {
    GstMeta meta;
    guint64 kid, ctr;
};

static GType frame_meta_api(void)
{
    static gsize type;
    static const gchar *no_tags[] = {NULL};

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, gst_meta_api_type_register("SottoFrameMetaAPI", no_tags));
    return (GType)type;
}

static gboolean frame_meta_init(GstMeta *meta, gpointer params, GstBuffer *buffer)
{
    struct frame_meta *frame = (struct frame_meta *)meta;

    (void)params;
    (void)buffer;
    frame->kid = frame->ctr = 0;
    return TRUE;
}

/* It goes with every copy. */
static gboolean frame_meta_transform(GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type, gpointer data)
{
    const struct frame_meta *frame = (const struct frame_meta *)meta;

    (void)from;
    (void)type;
    (void)data;
    frame_meta_set(to, frame->kid, frame->ctr);
    return TRUE;
}

static const GstMetaInfo *frame_meta_info(void)
{
    static gsize info;

    if (g_once_init_enter(&info))
        g_once_init_leave(&info, (gsize)gst_meta_register(frame_meta_api(), "SottoFrameMeta", sizeof(struct frame_meta),
                                                          frame_meta_init, NULL, frame_meta_transform));
    return (const GstMetaInfo *)info;
}

void frame_meta_set(GstBuffer *buffer, guint64 kid, guint64 ctr)
{
    struct frame_meta *frame = (struct frame_meta *)gst_buffer_get_meta(buffer, frame_meta_api());

    if (!frame)
        frame = (struct frame_meta *)gst_buffer_add_meta(buffer, frame_meta_info(), NULL);
    frame->kid = kid;
    frame->ctr = ctr;
}

gboolean sotto_frame_origin(GstBuffer *buffer, guint64 *kid, guint64 *ctr)
{
    const struct frame_meta *frame = (const struct frame_meta *)gst_buffer_get_meta(buffer, frame_meta_api());

    if (!frame)
        return FALSE;
    *kid = frame->kid;
    *ctr = frame->ctr;
    return TRUE;
}
