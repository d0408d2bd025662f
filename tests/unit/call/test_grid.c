#include "grid.h"

#include <gst/video/video.h>
#include <string.h>

#include "unit.h"

static void the_grid_grows_with_its_tiles(void)
{
    static const struct {
        size_t tiles;
        int columns, rows;
    } CASES[] = {{0, 1, 1}, {1, 1, 1}, {2, 2, 1}, {3, 2, 2}, {4, 2, 2}, {5, 3, 2}, {9, 3, 3}, {16, 4, 4}, {99, 4, 4}};

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct call_grid_size size = call_grid_size(CASES[i].tiles);
        CU_ASSERT_EQUAL(size.columns, CASES[i].columns);
        CU_ASSERT_EQUAL(size.rows, CASES[i].rows);
        CU_ASSERT_EQUAL(size.width, CASES[i].columns * CALL_TILE_WIDTH);
        CU_ASSERT_EQUAL(size.height, CASES[i].rows * CALL_TILE_HEIGHT);
    }
}

static GstSample *solid(int width, int height, const uint8_t rgb[3])
{
    GstCaps *caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "RGB", "width", G_TYPE_INT, width,
                                        "height", G_TYPE_INT, height, "framerate", GST_TYPE_FRACTION, 30, 1, NULL);
    GstVideoInfo info;
    GstBuffer *buffer;
    GstMapInfo map;
    GstSample *sample;

    CU_ASSERT_FATAL(gst_video_info_from_caps(&info, caps));
    buffer = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(&info), NULL);
    CU_ASSERT_FATAL(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(map.data + y * GST_VIDEO_INFO_PLANE_STRIDE(&info, 0) + 3 * x, rgb, 3);
    gst_buffer_unmap(buffer, &map);
    sample = gst_sample_new(buffer, caps, NULL, NULL);
    gst_buffer_unref(buffer);
    gst_caps_unref(caps);
    return sample;
}

static uint32_t pixel(cairo_surface_t *surface, int x, int y)
{
    uint32_t value;

    memcpy(&value, cairo_image_surface_get_data(surface) + y * cairo_image_surface_get_stride(surface) + 4 * x, 4);
    return value & 0xffffff;
}

static void a_picture_fills_its_tile_and_no_other(void)
{
    static const uint8_t RED[3] = {255, 0, 0}, BLUE[3] = {0, 0, 255};
    struct call_tile tiles[3] = {{.name = "a", .state = "s"}, {.name = "b"}, {.name = "c"}};
    cairo_surface_t *surface;

    tiles[0].picture = solid(640, 480, RED);
    tiles[2].picture = solid(320, 240, BLUE);
    surface = call_grid_draw(tiles, 3, "nobody");
    CU_ASSERT_EQUAL(cairo_image_surface_get_width(surface), 1280);
    CU_ASSERT_EQUAL(cairo_image_surface_get_height(surface), 960);
    CU_ASSERT_EQUAL(pixel(surface, 0, 0), 0xff0000);
    CU_ASSERT_EQUAL(pixel(surface, 639, 400), 0xff0000);
    /* nobody's picture shows in the next tile, nor in the empty place */
    CU_ASSERT_NOT_EQUAL(pixel(surface, 645, 200), 0xff0000);
    CU_ASSERT_NOT_EQUAL(pixel(surface, 960, 200), 0xff0000);
    CU_ASSERT_EQUAL(pixel(surface, 0, 480), 0x0000ff);
    CU_ASSERT_EQUAL(pixel(surface, 320, 700), 0x0000ff);
    CU_ASSERT_NOT_EQUAL(pixel(surface, 960, 700), 0x0000ff);
    cairo_surface_destroy(surface);
    gst_sample_unref(tiles[0].picture);
    gst_sample_unref(tiles[2].picture);
}

static void a_picture_keeps_its_shape(void)
{
    static const uint8_t WHITE[3] = {255, 255, 255};
    struct call_tile tile = {.name = "wide"};
    cairo_surface_t *surface;

    tile.picture = solid(640, 240, WHITE);
    surface = call_grid_draw(&tile, 1, "nobody");
    CU_ASSERT_EQUAL(pixel(surface, 320, 240), 0xffffff);
    CU_ASSERT_NOT_EQUAL(pixel(surface, 320, 100), 0xffffff);
    cairo_surface_destroy(surface);
    gst_sample_unref(tile.picture);
}

static void a_tile_without_picture_is_dark_and_an_alarm_red(void)
{
    struct call_tile tile = {.name = "unknown", .state = "is refused", .alarm = true};
    cairo_surface_t *surface = call_grid_draw(&tile, 1, "nobody");

    CU_ASSERT_TRUE(pixel(surface, 320, 200) < 0x303030);
    CU_ASSERT_TRUE(pixel(surface, 320, 455) >> 16 > 0x80);
    cairo_surface_destroy(surface);
    surface = call_grid_draw(NULL, 0, "nobody else is here");
    CU_ASSERT_EQUAL(cairo_image_surface_get_width(surface), CALL_TILE_WIDTH);
    cairo_surface_destroy(surface);
}

static const struct unit_test TESTS[] = {
    {"the grid grows with its tiles", the_grid_grows_with_its_tiles},
    {"a picture fills its tile and no other", a_picture_fills_its_tile_and_no_other},
    {"a picture keeps its shape", a_picture_keeps_its_shape},
    {"a tile without picture is dark, and an alarm red", a_tile_without_picture_is_dark_and_an_alarm_red},
};

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    return unit_main("call.grid", TESTS, sizeof(TESTS) / sizeof(TESTS[0]));
}
