#include "gstutil.h"

#include <gst/rtp/gstrtpbuffer.h>
#include <stdlib.h>
#include <string.h>

#include "gstsotto/plugin.h"

void gstutil_init(void)
{
    static gboolean done;
    if (done)
        return;
    gst_init(NULL, NULL);
    if (!sotto_gst_register()) {
        fprintf(stderr, "the elements cannot be registered\n");
        exit(1);
    }
    done = TRUE;
}

GstBuffer *gstutil_frame(guint seed, gsize len, GstClockTime pts, gboolean key)
{
    GstBuffer *frame = gst_buffer_new_allocate(NULL, len, NULL);
    guint64 state = seed * 2654435761u + 1;
    GstMapInfo map;

    gst_buffer_map(frame, &map, GST_MAP_WRITE);
    for (gsize i = 0; i < len; i++)
        map.data[i] = (guint8)unit_random(&state);
    gst_buffer_unmap(frame, &map);
    GST_BUFFER_PTS(frame) = pts;
    if (!key)
        GST_BUFFER_FLAG_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT);
    return frame;
}

/* Memory that cannot be mapped, as that of some devices. */
typedef GstAllocator Nowhere;
typedef GstAllocatorClass NowhereClass;
GType nowhere_get_type(void);
G_DEFINE_TYPE(Nowhere, nowhere, GST_TYPE_ALLOCATOR)

static gpointer map_nowhere(GstMemory *memory, gsize size, GstMapFlags flags)
{
    (void)memory;
    (void)size;
    (void)flags;
    return NULL;
}

static void free_nowhere(GstAllocator *allocator, GstMemory *memory)
{
    (void)allocator;
    g_free(memory);
}

static void nowhere_class_init(NowhereClass *klass)
{
    klass->free = free_nowhere;
}

static void nowhere_init(Nowhere *allocator)
{
    allocator->mem_map = map_nowhere;
}

GstBuffer *gstutil_half_nowhere(GstBuffer *frame)
{
    GstAllocator *allocator = g_object_new(nowhere_get_type(), NULL);
    GstMemory *memory = g_new0(GstMemory, 1);

    gst_memory_init(memory, GST_MEMORY_FLAG_NO_SHARE, allocator, NULL, 100, 0, 0, 100);
    gst_buffer_append_memory(frame, memory);
    gst_object_unref(allocator);
    return frame;
}

GPtrArray *gstutil_pull_all(GstHarness *h)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
    GstBuffer *buffer;

    while ((buffer = gst_harness_try_pull(h)))
        g_ptr_array_add(all, buffer);
    return all;
}

gboolean gstutil_same_bytes(GstBuffer *a, GstBuffer *b)
{
    GstMapInfo map;
    gboolean same;

    if (gst_buffer_get_size(a) != gst_buffer_get_size(b))
        return FALSE;
    if (gst_buffer_get_size(a) == 0)
        return TRUE;
    gst_buffer_map(b, &map, GST_MAP_READ);
    same = gst_buffer_memcmp(a, 0, map.data, map.size) == 0;
    gst_buffer_unmap(b, &map);
    return same;
}

guint16 gstutil_seq(GstBuffer *packet)
{
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp);
    guint16 seq = gst_rtp_buffer_get_seq(&rtp);
    gst_rtp_buffer_unmap(&rtp);
    return seq;
}

guint32 gstutil_timestamp(GstBuffer *packet)
{
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp);
    guint32 timestamp = gst_rtp_buffer_get_timestamp(&rtp);
    gst_rtp_buffer_unmap(&rtp);
    return timestamp;
}

gboolean gstutil_marker(GstBuffer *packet)
{
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp);
    gboolean marker = gst_rtp_buffer_get_marker(&rtp);
    gst_rtp_buffer_unmap(&rtp);
    return marker;
}

struct arrival {
    guint64 when;
    guint order; /* among equals, as sent */
    GstBuffer *packet;
};

static int by_arrival(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

GPtrArray *gstutil_send(const struct gstutil_path *path, GPtrArray *packets, gboolean *arrived)
{
    GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
    struct arrival *arrivals = g_new0(struct arrival, 2 * packets->len);
    guint64 state = path->seed;
    guint count = 0;

    for (guint i = 0; i < packets->len; i++) {
        arrived[i] = unit_random(&state) % 100 >= path->loss_percent || (path->reorder_span && i == 0);
        if (!arrived[i])
            continue;
        guint copies = unit_random(&state) % 100 < path->duplicate_percent ? 2 : 1;
        for (guint c = 0; c < copies; c++) {
            /* the first packet says where the sequence starts: nothing can come before it */
            guint64 delay = path->reorder_span && i > 0 ? unit_random(&state) % path->reorder_span : 0;
            arrivals[count] = (struct arrival){i + delay, count, g_ptr_array_index(packets, i)};
            count++;
        }
    }
    qsort(arrivals, count, sizeof(*arrivals), by_arrival);
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(out, gst_buffer_copy(arrivals[i].packet));
    g_free(arrivals);
    return out;
}

/* A VP8 frame as far as these elements look: the low bit of its first byte says whether it is a key frame. */
GstBuffer *gstutil_vp8_frame(guint seed, gsize len, gboolean key)
{
    GstBuffer *frame = gstutil_frame(seed, len, seed * 33 * GST_MSECOND, key);
    guint8 first = key ? 0x10 : 0x11;
    gst_buffer_fill(frame, 0, &first, 1);
    return frame;
}

GstBuffer *gstutil_push_one(GstHarness *enc, GstBuffer *frame)
{
    CU_ASSERT_EQUAL_FATAL(gst_harness_push(enc, frame), GST_FLOW_OK);
    return gst_harness_try_pull(enc);
}

/* Around one element, h->element, or a chain of them. */
GstHarness *gstutil_harness(const char *line, const char *caps)
{
    GstHarness *h;

    if (strchr(line, '!')) {
        h = gst_harness_new_parse(line);
    } else {
        GstElement *element = gst_parse_launch(line, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(element);
        h = gst_harness_new_with_element(element, "sink", "src");
        gst_object_unref(element);
    }
    gst_harness_set_src_caps_str(h, caps);
    return h;
}

guint64 gstutil_stat(GstHarness *h, const char *name)
{
    GstStructure *stats;
    guint64 value = G_MAXUINT64;

    g_object_get(h->element, "stats", &stats, NULL);
    CU_ASSERT_TRUE(gst_structure_get_uint64(stats, name, &value));
    gst_structure_free(stats);
    return value;
}

GstBus *gstutil_watch(GstHarness *h)
{
    GstBus *bus = gst_bus_new();
    gst_element_set_bus(h->element, bus);
    return bus;
}

/* Counts messages of a type; of element messages those whose structure has this name, the last of which goes to
 * *last. */
guint gstutil_count_messages(GstBus *bus, GstMessageType type, const char *name, GstStructure **last)
{
    GstMessage *message;
    guint count = 0;

    while ((message = gst_bus_pop_filtered(bus, type))) {
        if (!name || gst_message_has_name(message, name)) {
            count++;
            if (last) {
                g_clear_pointer(last, gst_structure_free);
                *last = gst_structure_copy(gst_message_get_structure(message));
            }
        }
        gst_message_unref(message);
    }
    return count;
}

void gstutil_unwatch(GstHarness *h, GstBus *bus)
{
    gst_element_set_bus(h->element, NULL);
    gst_object_unref(bus);
}

guint gstutil_key_unit_requests(GstHarness *h)
{
    GstEvent *event;
    guint count = 0;
    while ((event = gst_harness_try_pull_upstream_event(h))) {
        if (gst_event_has_name(event, "GstForceKeyUnit"))
            count++;
        gst_event_unref(event);
    }
    return count;
}
