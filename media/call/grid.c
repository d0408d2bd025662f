#include "grid.h"

#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>

enum {
    LABEL_HEIGHT = 34, /* pixels at a tile's foot */
    LABEL_SIZE = 18,
    MARGIN = 10,
    BORDER = 2,
};

struct call_grid_size call_grid_size(size_t tiles)
{
    struct call_grid_size size = {1, 1, 0, 0};

    tiles = MIN(MAX(tiles, 1), CALL_TILES_MAX);
    while (size.columns * size.columns < (int)tiles)
        size.columns++;
    size.rows = ((int)tiles + size.columns - 1) / size.columns;
    size.width = size.columns * CALL_TILE_WIDTH;
    size.height = size.rows * CALL_TILE_HEIGHT;
    return size;
}

void call_grid_place(const struct call_grid_size *size, size_t index, int *x, int *y)
{
    *x = (int)index % size->columns * CALL_TILE_WIDTH;
    *y = (int)index / size->columns * CALL_TILE_HEIGHT;
}

/* Converts and scales the picture into the tile, keeping its shape; what is left stays as it was. */
static void draw_picture(cairo_surface_t *surface, GstSample *picture, int x, int y)
{
    GstVideoInfo in, out;
    GstVideoFrame source, target;
    GstVideoRectangle from = {0}, to = {0, 0, CALL_TILE_WIDTH, CALL_TILE_HEIGHT}, place;
    GstVideoConverter *converter;
    guint8 *data = cairo_image_surface_get_data(surface);
    gsize stride = (gsize)cairo_image_surface_get_stride(surface);
    GstBuffer *wrapped;

    if (!gst_video_info_from_caps(&in, gst_sample_get_caps(picture)))
        return;
    from.w = GST_VIDEO_INFO_WIDTH(&in);
    from.h = GST_VIDEO_INFO_HEIGHT(&in);
    gst_video_sink_center_rect(from, to, &place, TRUE);
    if (place.w <= 0 || place.h <= 0)
        return;
    /* cairo's RGB24 is BGRx in memory on a little-endian machine */
    gst_video_info_set_format(&out, G_BYTE_ORDER == G_LITTLE_ENDIAN ? GST_VIDEO_FORMAT_BGRx : GST_VIDEO_FORMAT_xRGB,
                              (guint)place.w, (guint)place.h);
    GST_VIDEO_INFO_FPS_N(&out) = GST_VIDEO_INFO_FPS_N(&in);
    GST_VIDEO_INFO_FPS_D(&out) = GST_VIDEO_INFO_FPS_D(&in);
    GST_VIDEO_INFO_PLANE_STRIDE(&out, 0) = (gint)stride;
    GST_VIDEO_INFO_SIZE(&out) = stride * (gsize)place.h;
    data += (gsize)(y + place.y) * stride + (gsize)(x + place.x) * 4;
    /* the last row ends with the tile, not with the surface's row */
    wrapped = gst_buffer_new_wrapped_full(0, data, stride * (gsize)(place.h - 1) + (gsize)place.w * 4, 0,
                                          stride * (gsize)(place.h - 1) + (gsize)place.w * 4, NULL, NULL);
    GST_VIDEO_INFO_SIZE(&out) = gst_buffer_get_size(wrapped);
    converter = gst_video_converter_new(&in, &out, NULL);
    if (converter != NULL && gst_video_frame_map(&source, &in, gst_sample_get_buffer(picture), GST_MAP_READ)) {
        if (gst_video_frame_map(&target, &out, wrapped, GST_MAP_WRITE)) {
            gst_video_converter_frame(converter, &source, &target);
            gst_video_frame_unmap(&target);
        }
        gst_video_frame_unmap(&source);
    }
    if (converter != NULL)
        gst_video_converter_free(converter);
    gst_buffer_unref(wrapped);
}

static void draw_text(cairo_t *cr, const char *text, double x, double y, bool right)
{
    cairo_text_extents_t extents;

    cairo_text_extents(cr, text, &extents);
    cairo_move_to(cr, right ? x - extents.x_advance : x, y);
    cairo_show_text(cr, text);
}

static void draw_label(cairo_t *cr, const struct call_tile *tile, int x, int y)
{
    double base = y + CALL_TILE_HEIGHT - 11;

    cairo_save(cr);
    cairo_rectangle(cr, x, y, CALL_TILE_WIDTH, CALL_TILE_HEIGHT);
    cairo_clip(cr);
    if (tile->alarm)
        cairo_set_source_rgba(cr, 0.6, 0.05, 0.05, 0.9);
    else
        cairo_set_source_rgba(cr, 0, 0, 0, 0.6);
    cairo_rectangle(cr, x, y + CALL_TILE_HEIGHT - LABEL_HEIGHT, CALL_TILE_WIDTH, LABEL_HEIGHT);
    cairo_fill(cr);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_font_size(cr, LABEL_SIZE);
    draw_text(cr, tile->name, x + MARGIN, base, false);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    draw_text(cr, tile->state, x + CALL_TILE_WIDTH - MARGIN, base, true);
    cairo_restore(cr);
}

static void draw_frame(cairo_t *cr, int x, int y)
{
    cairo_set_source_rgb(cr, 0.11, 0.12, 0.14);
    cairo_rectangle(cr, x, y, CALL_TILE_WIDTH, CALL_TILE_HEIGHT);
    cairo_fill(cr);
    cairo_set_source_rgb(cr, 0.25, 0.27, 0.3);
    cairo_set_line_width(cr, BORDER);
    cairo_rectangle(cr, x + 1, y + 1, CALL_TILE_WIDTH - BORDER, CALL_TILE_HEIGHT - BORDER);
    cairo_stroke(cr);
}

cairo_surface_t *call_grid_draw(const struct call_tile *tiles, size_t count, const char *title)
{
    struct call_grid_size size = call_grid_size(count);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, size.width, size.height);
    cairo_t *cr = cairo_create(surface);

    cairo_set_source_rgb(cr, 0.05, 0.05, 0.06);
    cairo_paint(cr);
    count = MIN(count, CALL_TILES_MAX);
    for (size_t i = 0; i < count; i++) {
        int x, y;

        call_grid_place(&size, i, &x, &y);
        draw_frame(cr, x, y);
        if (tiles[i].picture != NULL) {
            cairo_surface_flush(surface);
            draw_picture(surface, tiles[i].picture, x, y);
            cairo_surface_mark_dirty(surface);
        }
        draw_label(cr, &tiles[i], x, y);
    }
    if (count == 0) {
        struct call_tile empty = {0};
        draw_frame(cr, 0, 0);
        g_strlcpy(empty.name, title, sizeof(empty.name));
        draw_label(cr, &empty, 0, 0);
    }
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    return surface;
}

bool call_grid_save(cairo_surface_t *surface, const char *path)
{
    cairo_status_t status = cairo_surface_write_to_png(surface, path);

    if (status != CAIRO_STATUS_SUCCESS)
        fprintf(stderr, "sotto: the picture cannot be written to %s: %s\n", path, cairo_status_to_string(status));
    return status == CAIRO_STATUS_SUCCESS;
}
