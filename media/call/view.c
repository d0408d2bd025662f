#include "view.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chat.h"
#include "screen.h"

enum {
    PLAIN_LINE_S = 5, /* between live lines where there is no terminal */
};

/* What was known of a participant a second ago. */
struct memory {
    uint64_t sender;
    uint64_t decoded;
    unsigned fps;
    unsigned age; /* updates since it came */
    bool announced;
    bool quiet;
};

struct call_view {
    char title[CALL_NAME_MAX + 1];
    char room[CALL_ROOM_MAX + 1];
    struct screen *screen;
    struct chat *chat;
    GString *live;     /* the live line as it was last */
    const char *typed; /* what the user is typing; the caller's */
    const char *why;   /* nothing is sent; NULL: it is */
    bool was_sending;  /* at some time: what stops it is worth a tile, what comes before it is not */
    int64_t started_us, updated_us;
    unsigned seconds;
    uint64_t encoded;
    struct memory memories[CALL_PARTICIPANTS_MAX];
    size_t memory_count;
    struct call_participant participants[CALL_PARTICIPANTS_MAX];
};

struct call_view *call_view_new(const struct call_args *args)
{
    struct call_view *view = g_new0(struct call_view, 1);

    /* with a link a name is the certificate's, and what is told stands beside the room's */
    call_text_clean(args->name[0] != '\0' ? args->name : args->room, view->title, sizeof(view->title));
    g_strlcpy(view->room, args->room, sizeof(view->room));
    view->screen = screen_new();
    view->chat = chat_new();
    view->live = g_string_new(NULL);
    view->typed = "";
    view->started_us = view->updated_us = g_get_monotonic_time();
    return view;
}

void call_view_free(struct call_view *view)
{
    screen_free(view->screen);
    chat_free(view->chat);
    g_string_free(view->live, TRUE);
    g_free(view);
}

/* Goes on while the machine sleeps: so do the others' clocks. */
static uint64_t boot_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void draw_below(struct call_view *view)
{
    uint64_t now_ms = boot_ms();

    chat_expire(view->chat, now_ms);
    screen_below(view->screen, view->chat, view->live->str, view->typed, now_ms);
}

void call_view_say(struct call_view *view, const char *format, ...)
{
    GString *line = g_string_new(NULL);
    va_list args;

    g_string_printf(line, "%s: ", view->title);
    va_start(args, format);
    g_string_append_vprintf(line, format, args);
    va_end(args);
    screen_say(view->screen, line->str);
    draw_below(view);
    g_string_free(line, TRUE);
}

void call_view_paused(struct call_view *view, const char *why)
{
    view->why = why;
    view->was_sending |= why == NULL;
}

void call_view_type(struct call_view *view, const char *typed)
{
    view->typed = typed;
    screen_type(view->screen);
}

void call_view_typed(struct call_view *view)
{
    draw_below(view);
}

void call_view_vanishing(struct call_view *view, const char *who, const char *text, size_t len, uint64_t vanish_ms)
{
    if (!screen_is_terminal(view->screen))
        call_view_say(view, "%s: (what vanishes is shown on a terminal alone)", who);
    else if (!chat_add(view->chat, who, text, len, boot_ms() + vanish_ms))
        call_view_say(view, "%s: (there is no memory for what was said)", who);
    draw_below(view);
}

static struct memory *remember(struct call_view *view, uint64_t sender)
{
    size_t i = 0;

    while (i < view->memory_count && view->memories[i].sender != sender)
        i++;
    if (i == view->memory_count) {
        /* the roster is no larger, so whoever is displaced here has left it */
        if (view->memory_count < CALL_PARTICIPANTS_MAX)
            view->memory_count++;
        else
            i = view->seconds % CALL_PARTICIPANTS_MAX;
        view->memories[i] = (struct memory){.sender = sender};
    }
    return &view->memories[i];
}

static int64_t last_frame_us(const struct call_participant *participant)
{
    return MAX(participant->streams[CALL_AUDIO].last_opened_us, participant->streams[CALL_VIDEO].last_opened_us);
}

/* By its frames, or by what the group hears of it: a server can pass on the one without the other. */
static bool is_lost(const struct call_participant *participant, int64_t now_us)
{
    return participant->presence == CALL_PRESENCE_LOST ||
           now_us - last_frame_us(participant) > CALL_QUIET_MS * INT64_C(1000);
}

static const char *display_name(const struct call_participant *participant)
{
    return participant->name[0] != '\0' ? participant->name : "(no name yet)";
}

static uint64_t not_opened(const struct call_participant *participant)
{
    uint64_t sum = 0;

    for (int kind = 0; kind < CALL_KINDS; kind++)
        for (int i = 0; i < CALL_REFUSALS; i++)
            sum += participant->streams[kind].refused[i];
    return sum;
}

static void update_one(struct call_view *view, const struct call_participant *participant, int64_t now_us,
                       double elapsed_s, GString *line)
{
    bool quiet = is_lost(participant, now_us);
    struct memory *memory = remember(view, participant->sender);
    uint64_t decoded = participant->streams[CALL_VIDEO].decoded;

    memory->fps = (unsigned)((double)(decoded - memory->decoded) / elapsed_s + 0.5);
    memory->decoded = decoded;
    /* that it went, the group says; should it come back, it is announced anew */
    if (participant->presence == CALL_PRESENCE_LEFT || participant->presence == CALL_PRESENCE_GONE) {
        memory->announced = memory->quiet = false;
        memory->age = 0;
        return;
    }
    /* the name comes with a key frame, or within a second of sound */
    if (!memory->announced && (participant->name[0] != '\0' || memory->age++ >= 2)) {
        call_view_say(view, "%s is here", display_name(participant));
        memory->announced = true;
    } else if (quiet && !memory->quiet) {
        call_view_say(view, "lost contact with %s", display_name(participant));
    } else if (!quiet && memory->quiet) {
        call_view_say(view, "%s is back", display_name(participant));
    }
    memory->quiet = quiet;
    if (quiet)
        return;
    g_string_append_printf(line, " | %s %s %u fps", display_name(participant), call_codec_name(participant->codec),
                           memory->fps);
    if (not_opened(participant) > 0)
        g_string_append_printf(line, ", %llu not opened", (unsigned long long)not_opened(participant));
}

void call_view_update(struct call_view *view, struct call_roster *roster, struct call_capture *capture, bool up)
{
    int64_t now_us = g_get_monotonic_time();
    double elapsed_s = MAX((double)(now_us - view->updated_us) / 1e6, 0.001);
    struct call_capture_stats sent;
    struct call_unknown slots[CALL_SLOTS_MAX];
    GString *line = g_string_new(NULL);
    size_t count;

    call_capture_stats(capture, CALL_VIDEO, &sent);
    g_string_append_printf(line, "%02d:%02d %s", (int)((now_us - view->started_us) / 60000000),
                           (int)((now_us - view->started_us) / 1000000 % 60), up ? "connected" : "connecting");
    if (view->why != NULL)
        g_string_append_printf(line, ", not sending: %s", view->why);
    else if (call_capture_has(capture, CALL_VIDEO))
        g_string_append_printf(line, ", sending %.0f fps", (double)(sent.encoded - view->encoded) / elapsed_s);
    if (sent.dropped > 0)
        g_string_append_printf(line, " (%llu dropped)", (unsigned long long)sent.dropped);
    view->encoded = sent.encoded;
    view->updated_us = now_us;
    count = call_roster_participants(roster, view->participants, CALL_PARTICIPANTS_MAX, false);
    for (size_t i = 0; i < count; i++)
        update_one(view, &view->participants[i], now_us, elapsed_s, line);
    call_participants_clear(view->participants, count);
    call_roster_slots(roster, slots);
    for (int i = 0; i < CALL_SLOTS_MAX; i++) {
        const char *reason = call_unknown_reason(&slots[i], now_us);
        if (reason != NULL && slots[i].kind == CALL_VIDEO)
            g_string_append_printf(line, " | somebody's video %s", reason);
    }
    if (screen_is_terminal(view->screen)) {
        g_string_assign(view->live, line->str);
        draw_below(view);
    } else if (view->seconds % PLAIN_LINE_S == 0) {
        call_view_say(view, "%s", line->str);
    }
    view->seconds++;
    g_string_free(line, TRUE);
}

static void describe_participant(struct call_view *view, const struct call_participant *participant, int64_t now_us,
                                 struct call_tile *tile)
{
    bool video = participant->streams[CALL_VIDEO].opened > 0;
    struct memory *memory = remember(view, participant->sender);

    g_strlcpy(tile->name, display_name(participant), sizeof(tile->name));
    tile->picture = participant->picture;
    if (participant->presence == CALL_PRESENCE_LEFT) {
        g_strlcpy(tile->state, "left", sizeof(tile->state));
    } else if (is_lost(participant, now_us)) {
        g_strlcpy(tile->state, "lost contact", sizeof(tile->state));
        tile->alarm = true;
    } else if (!video) {
        g_strlcpy(tile->state, "sound only, encrypted", sizeof(tile->state));
    } else if (participant->picture == NULL) {
        g_strlcpy(tile->state, "waiting for a key frame", sizeof(tile->state));
    } else {
        snprintf(tile->state, sizeof(tile->state), "%s, %u fps, encrypted", call_codec_name(participant->codec),
                 memory->fps);
    }
}

/* Who is lost in the group has a tile for as long as it is a member: it has not left. */
static bool has_tile(const struct call_participant *participant, int64_t now_us)
{
    if (participant->presence == CALL_PRESENCE_GONE)
        return false;
    return participant->presence == CALL_PRESENCE_LOST ||
           now_us - last_frame_us(participant) < CALL_GONE_MS * INT64_C(1000);
}

/* Whoever looks at the pictures alone is told too that the others see none of theirs. */
static size_t add_own_tile(const struct call_view *view, struct call_tile *tiles, size_t count)
{
    if (view->why == NULL || !view->was_sending || count == CALL_TILES_MAX)
        return count;
    tiles[count] = (struct call_tile){.alarm = true};
    g_strlcpy(tiles[count].name, "not sending", sizeof(tiles[count].name));
    g_strlcpy(tiles[count].state, view->why, sizeof(tiles[count].state));
    return count + 1;
}

static size_t add_unknown_tiles(struct call_roster *roster, int64_t now_us, struct call_tile *tiles, size_t count)
{
    struct call_unknown slots[CALL_SLOTS_MAX];
    bool any_video = false;

    call_roster_slots(roster, slots);
    for (int i = 0; i < CALL_SLOTS_MAX; i++)
        any_video = any_video || (slots[i].kind == CALL_VIDEO && call_unknown_reason(&slots[i], now_us) != NULL);
    for (int i = 0; i < CALL_SLOTS_MAX && count < CALL_TILES_MAX; i++) {
        const char *reason = call_unknown_reason(&slots[i], now_us);

        /* one tile for a stranger, not one for each of their streams */
        if (reason == NULL || (any_video && slots[i].kind != CALL_VIDEO))
            continue;
        tiles[count] = (struct call_tile){.alarm = true};
        g_strlcpy(tiles[count].name, "unknown", sizeof(tiles[count].name));
        g_strlcpy(tiles[count].state, reason, sizeof(tiles[count].state));
        count++;
    }
    return count;
}

cairo_surface_t *call_view_draw(struct call_view *view, struct call_roster *roster)
{
    struct call_tile tiles[CALL_TILES_MAX] = {0};
    int64_t now_us = g_get_monotonic_time();
    size_t participants = call_roster_participants(roster, view->participants, CALL_PARTICIPANTS_MAX, false);
    size_t count = 0;
    cairo_surface_t *surface;

    for (size_t i = 0; i < participants && count < CALL_TILES_MAX; i++)
        if (has_tile(&view->participants[i], now_us))
            describe_participant(view, &view->participants[i], now_us, &tiles[count++]);
    count = add_own_tile(view, tiles, count);
    count = add_unknown_tiles(roster, now_us, tiles, count);
    surface = call_grid_draw(tiles, count, "nobody else is here");
    call_participants_clear(view->participants, participants);
    return surface;
}
