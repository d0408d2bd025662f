/* What the tiles say of whom, and the live line of this client. */
#include "view.h"

#include <stdio.h>
#include <string.h>

#include "screen.h"
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

/* A camera that gives nothing, and what is said on the terminal, the live line too: here is none. */
static char said[1024];

void __wrap_call_capture_stats(struct call_capture *capture, enum call_kind kind, struct call_capture_stats *stats);
bool __wrap_call_capture_has(const struct call_capture *capture, enum call_kind kind);
bool __wrap_screen_is_terminal(const struct screen *screen);
void __wrap_screen_say(struct screen *screen, const char *line);

void __wrap_call_capture_stats(struct call_capture *capture, enum call_kind kind, struct call_capture_stats *stats)
{
    (void)capture;
    (void)kind;
    *stats = (struct call_capture_stats){0};
}

bool __wrap_call_capture_has(const struct call_capture *capture, enum call_kind kind)
{
    (void)capture;
    return kind == CALL_VIDEO;
}

bool __wrap_screen_is_terminal(const struct screen *screen)
{
    (void)screen;
    return false;
}

void __wrap_screen_say(struct screen *screen, const char *line)
{
    const size_t len = strlen(said);
    (void)screen;
    snprintf(said + len, sizeof said - len, "%s\n", line);
}

/* What is said in the next five seconds: one live line, and what is said but for that. */
static const char *hear(struct call_view *view, struct call_roster *roster)
{
    said[0] = '\0';
    for (int i = 0; i < 5; i++) {
        now_us += SECOND_US;
        call_view_update(view, roster, NULL, true);
    }
    return said;
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
    static const struct call_present ben_leaves[] = {{1, CALL_PRESENCE_HERE}, {2, CALL_PRESENCE_LEFT}};
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

/* A server may pass on frames and keep back what the group says. */
static void who_the_group_has_lost_is_lost_whatever_comes(void)
{
    static const struct call_present ben_is_lost[] = {{2, CALL_PRESENCE_LOST}},
                                     ben_is_here[] = {{2, CALL_PRESENCE_HERE}};
    const struct call_args args = {.name = "Ada"};
    struct call_view *view = call_view_new(&args);
    struct call_roster *roster = call_roster_new();

    now_us = SECOND_US;
    frame_of(roster, 2, 0, "Ben");
    CU_ASSERT_PTR_NOT_NULL(strstr(hear(view, roster), "Ben is here"));
    call_roster_members(roster, ben_is_lost, 1);
    frame_of(roster, 2, 1, "Ben");
    (void)call_view_draw(view, roster);
    CU_ASSERT_STRING_EQUAL(tile_of("Ben")->state, "lost contact");
    CU_ASSERT_TRUE(tile_of("Ben")->alarm);
    /* for as long as it is a member, with frames or without: it has not left */
    now_us += 2 * CALL_GONE_MS * INT64_C(1000);
    (void)call_view_draw(view, roster);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tile_of("Ben"));
    CU_ASSERT_STRING_EQUAL(tile_of("Ben")->state, "lost contact");
    call_roster_members(roster, ben_is_here, 1);
    frame_of(roster, 2, 2, "Ben");
    (void)call_view_draw(view, roster);
    CU_ASSERT_STRING_NOT_EQUAL(tile_of("Ben")->state, "lost contact");
    call_roster_free(roster);
    call_view_free(view);
}

static void the_group_s_loss_is_said_once(void)
{
    static const struct call_present ben_is_lost[] = {{2, CALL_PRESENCE_LOST}};
    const struct call_args args = {.name = "Ada"};
    struct call_view *view = call_view_new(&args);
    struct call_roster *roster = call_roster_new();

    now_us = SECOND_US;
    frame_of(roster, 2, 0, "Ben");
    now_us += SECOND_US;
    call_view_update(view, roster, NULL, true);
    call_roster_members(roster, ben_is_lost, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(hear(view, roster), "lost contact with Ben"));
    CU_ASSERT_PTR_NULL(strstr(hear(view, roster), "lost contact with Ben"));
    call_roster_free(roster);
    call_view_free(view);
}

static void who_is_stopped_sees_it_for_as_long_as_it_is_so(void)
{
    const struct call_args args = {.name = "Ada"};
    struct call_view *view = call_view_new(&args);
    struct call_roster *roster = call_roster_new();

    now_us = SECOND_US;
    CU_ASSERT_PTR_NOT_NULL(strstr(hear(view, roster), "connected, sending 0 fps"));
    /* on the way in it is no alarm */
    call_view_paused(view, "no keys yet");
    CU_ASSERT_PTR_NOT_NULL(strstr(hear(view, roster), "connected, not sending: no keys yet"));
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 0);
    call_view_paused(view, NULL);
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 0);
    call_view_paused(view, "contact with half of the members is lost");
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tile_of("not sending"));
    CU_ASSERT_STRING_EQUAL(tile_of("not sending")->state, "contact with half of the members is lost");
    CU_ASSERT_TRUE(tile_of("not sending")->alarm);
    CU_ASSERT_PTR_NOT_NULL(strstr(hear(view, roster), "not sending: contact with half of the members is lost"));
    CU_ASSERT_PTR_NOT_NULL(strstr(hear(view, roster), "not sending: contact with half of the members is lost"));
    call_view_paused(view, NULL);
    CU_ASSERT_PTR_NULL(strstr(hear(view, roster), "not sending"));
    (void)call_view_draw(view, roster);
    CU_ASSERT_EQUAL(shown_count, 0);
    call_roster_free(roster);
    call_view_free(view);
}

static const struct unit_test TESTS[] = {
    {"who the group has lost is shown as lost, with frames or without", who_the_group_has_lost_is_lost_whatever_comes},
    {"whom the group loses is named, once", the_group_s_loss_is_said_once},
    {"who is stopped from sending sees why, in the live line and in a tile, until it is over",
     who_is_stopped_sees_it_for_as_long_as_it_is_so},
    {"who left is shown as left, not as lost, until the roster changes", who_left_is_not_said_to_be_lost},
    {"who is silent is shown as lost, and after a while no more", who_is_silent_is_lost_and_then_not_shown},
};

UNIT_MAIN("call.view", TESTS)
