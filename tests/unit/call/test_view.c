/* What the tiles say of whom. */
#include "view.h"

#include <string.h>

#include "unit.h"

enum { SECOND_US = 1000000, SLOT = 1 };

static int64_t now_us;
static struct call_tile shown[CALL_TILES_MAX];
static size_t shown_count;

cairo_surface_t *__wrap_call_grid_draw(const struct call_tile *tiles, size_t count, const char *title);

/* In place of GLib's. */
gint64 g_get_monotonic_time(void)
{
    return now_us;
}

cairo_surface_t *__wrap_call_grid_draw(const struct call_tile *tiles, size_t count, const char *title)
{
    (void)title;
    memcpy(shown, tiles, count * sizeof *tiles);
    shown_count = count;
    return NULL;
}

static void frame_of(struct call_roster *roster, uint64_t sender, uint64_t index, const char *name)
{
    (void)call_roster_opened(roster, sender, CALL_VIDEO, SLOT, index, index == 0, CALL_VP8);
    call_roster_named(roster, sender, name);
}

static const struct call_tile *tile_of(const char *name)
{
    for (size_t i = 0; i < shown_count; i++)
        if (strcmp(shown[i].name, name) == 0)
            return &shown[i];
    return NULL;
}

static void who_left_is_not_said_to_be_lost(void)
{
    static const struct call_present ben_leaves[] = {{1, false}, {2, true}};
    const struct call_args args = {.name = "Ada"};
    struct call_view *view = call_view_new(&args);
    struct call_roster *roster = call_roster_new();

    now_us = SECOND_US;
    frame_of(roster, 1, 0, "Cleo");
    frame_of(roster, 2, 0, "Ben");
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 2);
    CU_ASSERT_STRING_EQUAL(tile_of("Ben")->state, "waiting for a key frame");

    call_roster_members(roster, ben_leaves, 2);
    (void)call_view_draw(view, roster);
    CU_ASSERT_STRING_EQUAL(tile_of("Ben")->state, "left");
    CU_ASSERT_FALSE(tile_of("Ben")->alarm);
    /* and so it stays, where another who sends nothing is lost */
    now_us += 5 * SECOND_US;
    (void)call_view_draw(view, roster);
    CU_ASSERT_STRING_EQUAL(tile_of("Ben")->state, "left");
    CU_ASSERT_STRING_EQUAL(tile_of("Cleo")->state, "lost contact");
    CU_ASSERT_TRUE(tile_of("Cleo")->alarm);
    /* until the roster is another: then the tile goes with it */
    call_roster_members(roster, ben_leaves, 1);
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 1);
    CU_ASSERT_PTR_NULL(tile_of("Ben"));
    call_roster_free(roster);
    call_view_free(view);
}

static void who_is_silent_is_lost_and_then_not_shown(void)
{
    const struct call_args args = {.name = "Ada"};
    struct call_view *view = call_view_new(&args);
    struct call_roster *roster = call_roster_new();

    now_us = SECOND_US;
    frame_of(roster, 2, 0, "Ben");
    now_us += CALL_QUIET_MS * INT64_C(1000) + 1;
    (void)call_view_draw(view, roster);
    CU_ASSERT_STRING_EQUAL(tile_of("Ben")->state, "lost contact");
    now_us += (CALL_GONE_MS - CALL_QUIET_MS) * INT64_C(1000);
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 0);
    frame_of(roster, 2, 1, "Ben");
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 1);
    call_roster_free(roster);
    call_view_free(view);
}

static const struct unit_test TESTS[] = {
    {"who left is shown as left, not as lost, until the roster changes", who_left_is_not_said_to_be_lost},
    {"who is silent is shown as lost, and after a while no more", who_is_silent_is_lost_and_then_not_shown},
};

UNIT_MAIN("call.view", TESTS)
