/* The grid: one tile for each participant, with picture, name, codec and state. */
#ifndef CALL_GRID_H
#define CALL_GRID_H

#include <cairo.h>
#include <gst/gst.h>
#include <stdbool.h>
#include <stddef.h>

#include "args.h"

enum {
    CALL_TILE_WIDTH = 640, /* pixels */
    CALL_TILE_HEIGHT = 480,
    CALL_TILES_MAX = 16,
    CALL_STATE_MAX = 96,
};

struct call_tile {
    char name[CALL_NAME_MAX + 1];
    char state[CALL_STATE_MAX]; /* e.g. "vp8 - 30 fps" */
    bool alarm;                 /* state is a warning */
    GstSample *picture;         /* borrowed; NULL: none */
};

struct call_grid_size {
    int columns, rows;
    int width, height; /* pixels */
};

/* Columns and rows for this many tiles (0 is drawn as one empty tile). */
struct call_grid_size call_grid_size(size_t tiles);
/* Where tile index lies: its upper left corner. */
void call_grid_place(const struct call_grid_size *size, size_t index, int *x, int *y);

/* A surface (RGB24) with the grid drawn; the caller destroys it. title is shown when there are no tiles. */
cairo_surface_t *call_grid_draw(const struct call_tile *tiles, size_t count, const char *title);
/* False, with a reason on stderr, if the file cannot be written. */
bool call_grid_save(cairo_surface_t *surface, const char *path);

#endif
