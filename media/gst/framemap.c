#include "framemap.h"

gboolean frame_map(GstBuffer *frame, GstMapInfo *map)
{
    gsize size = gst_buffer_get_size(frame);

    if (!gst_buffer_map(frame, map, GST_MAP_READWRITE))
        return FALSE;
    if (map->size == size)
        return TRUE;
    gst_buffer_unmap(frame, map);
    return FALSE;
}
