#include "held.h"

struct held_frame {
    struct held_owner *owner;
    guint64 kid;
    guint32 leaf;
    GstBuffer *buffer;
    gsize bytes;
    guint64 until_ms;
};

void held_init(struct held *held)
{
    g_queue_init(&held->frames);
    held->bytes = 0;
}

/* Takes a frame out; its buffer is the caller's. */
static GstBuffer *take_out(struct held *held, GList *link)
{
    struct held_frame *frame = link->data;
    GstBuffer *buffer = frame->buffer;

    frame->owner->frames--;
    held->bytes -= frame->bytes;
    g_queue_delete_link(&held->frames, link);
    g_free(frame);
    return buffer;
}

void held_clear(struct held *held)
{
    while (held->frames.head)
        gst_buffer_unref(take_out(held, held->frames.head));
}

/* A buffer of few bytes may keep a large piece of memory alive. */
static gsize bytes_kept(GstBuffer *buffer)
{
    gsize kept = 0;

    gst_buffer_get_sizes(buffer, NULL, &kept);
    return kept;
}

gboolean held_put(struct held *held, struct held_owner *owner, guint64 kid, guint32 leaf, GstBuffer *buffer,
                  guint64 now_ms)
{
    gsize bytes = bytes_kept(buffer), leaf_bytes = bytes;
    guint leaf_frames = 1;
    struct held_frame *made;

    for (const GList *link = held->frames.head; link; link = link->next) {
        const struct held_frame *frame = link->data;
        if (frame->leaf != leaf)
            continue;
        leaf_frames++;
        leaf_bytes += frame->bytes;
    }
    if (leaf_frames > HELD_LEAF_FRAMES || leaf_bytes > HELD_LEAF_BYTES ||
        g_queue_get_length(&held->frames) == HELD_FRAMES || held->bytes + bytes > HELD_BYTES)
        return FALSE;
    made = g_new(struct held_frame, 1);
    *made = (struct held_frame){owner, kid, leaf, buffer, bytes, now_ms + HELD_MS};
    g_queue_push_tail(&held->frames, made);
    held->bytes += bytes;
    owner->frames++;
    return TRUE;
}

GstBuffer *held_take(struct held *held, struct held_owner *owner, gboolean (*ready)(gpointer user, guint64 kid),
                     gpointer user)
{
    for (GList *link = held->frames.head; link; link = link->next) {
        const struct held_frame *frame = link->data;
        if (frame->owner == owner && ready(user, frame->kid))
            return take_out(held, link);
    }
    return NULL;
}

void held_expire(struct held *held, guint64 now_ms)
{
    /* the oldest first: all are kept equally long */
    while (held->frames.head) {
        const struct held_frame *frame = held->frames.head->data;
        if (now_ms < frame->until_ms)
            return;
        frame->owner->expired++;
        frame->owner->expired_newest = frame->kid;
        gst_buffer_unref(take_out(held, held->frames.head));
    }
}

void held_drop(struct held *held, struct held_owner *owner)
{
    for (GList *link = held->frames.head, *next; link; link = next) {
        next = link->next;
        if (((const struct held_frame *)link->data)->owner == owner)
            gst_buffer_unref(take_out(held, link));
    }
    *owner = (struct held_owner){0};
}
