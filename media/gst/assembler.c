#include "assembler.h"

void assembler_init(struct assembler *a)
{
    *a = (struct assembler){.fragments = gst_adapter_new(), .max_bytes = 8 << 20};
}

void assembler_clear(struct assembler *a)
{
    g_clear_object(&a->fragments);
}

void assembler_reset(struct assembler *a)
{
    gst_adapter_clear(a->fragments);
    a->assembling = a->after_end = a->seen = a->broken_here = FALSE;
}

static void give_up(struct assembler *a)
{
    if (!a->assembling)
        return;
    gst_adapter_clear(a->fragments);
    a->assembling = FALSE;
    a->broken_here = TRUE;
    a->dropped++;
}

/* Whether the packet starts a frame, and whether that is certain. */
static gboolean starts_frame(const struct assembler *a, const struct assembler_packet *p, gboolean *certain)
{
    gboolean same_time = a->seen && p->timestamp == a->timestamp;

    *certain = TRUE;
    if (p->delimited)
        return p->start;
    if (a->seen && p->lost_before == 0)
        return a->after_end || !same_time;
    if (same_time) /* behind a gap inside a frame */
        return FALSE;
    /* An open frame lost its end at least. If one packet is missing it was that; if more are, or none of the open
     * frame's, the start of this frame may be among them. */
    *certain = a->assembling && p->lost_before == 1;
    return TRUE;
}

gboolean assembler_push(struct assembler *a, const struct assembler_packet *p, struct assembler_frame *frame)
{
    gboolean certain, start = starts_frame(a, p, &certain), complete = FALSE;

    /* an open frame that lost a packet, or whose end never came */
    if (p->lost_before > 0 || start)
        give_up(a);
    if (!a->seen || p->timestamp != a->timestamp)
        a->broken_here = FALSE;
    a->seen = TRUE;
    a->timestamp = p->timestamp;
    a->after_end = p->end;

    if (start) {
        a->assembling = TRUE;
        a->fragment_count = 0;
        a->uncertain = !certain;
        a->info = p->info;
        a->pts = p->pts;
        a->dts = p->dts;
    }
    if (!a->assembling) {
        /* the rest of a frame whose start is missing: counted once */
        if (!a->broken_here)
            a->dropped++;
        a->broken_here = TRUE;
        gst_buffer_unref(p->payload);
        return FALSE;
    }
    if (gst_adapter_available(a->fragments) + gst_buffer_get_size(p->payload) > a->max_bytes ||
        ++a->fragment_count > ASSEMBLER_FRAGMENTS_MAX) {
        gst_buffer_unref(p->payload);
        give_up(a);
        return FALSE;
    }
    gst_adapter_push(a->fragments, p->payload);

    complete = p->end && gst_adapter_available(a->fragments) > 0;
    if (complete) {
        GstBuffer *buffer = gst_adapter_take_buffer(a->fragments, gst_adapter_available(a->fragments));
        buffer = gst_buffer_make_writable(buffer);
        GST_BUFFER_PTS(buffer) = a->pts;
        GST_BUFFER_DTS(buffer) = a->dts;
        *frame = (struct assembler_frame){.buffer = buffer, .uncertain = a->uncertain, .info = a->info};
    }
    if (p->end)
        a->assembling = FALSE;
    return complete;
}
