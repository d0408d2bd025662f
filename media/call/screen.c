#include "screen.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/secret.h"
#include "typing.h"

enum {
    ROWS_MAX = 256,
    COLUMNS_LEAST = 20,
    WHO_LEN = 96, /* "[23 s] Name: " */
    ROW_BYTES = 4096,
};

struct size {
    unsigned rows, columns;
};

struct screen {
    bool terminal;
    bool raw; /* what is typed is shown by this program */
    struct termios before;
    unsigned rows;              /* that stand below, from the row of the cursor up */
    unsigned columns[ROWS_MAX]; /* that each of them takes, the upmost first */
    char row[ROW_BYTES];        /* what is being written; wiped after */
    size_t row_len;
};

/* --- Writing, past stdio: it would keep copies -------------------------------------------------------------------- */

static void flush(struct screen *screen)
{
    size_t done = 0;

    while (done < screen->row_len) {
        ssize_t written = write(STDOUT_FILENO, screen->row + done, screen->row_len - done);

        if (written < 0 && errno != EINTR)
            break; /* nobody looks any more */
        done += written > 0 ? (size_t)written : 0;
    }
    core_wipe(screen->row, screen->row_len);
    screen->row_len = 0;
}

static void put(struct screen *screen, const char *bytes, size_t len)
{
    if (len > sizeof(screen->row) - screen->row_len)
        flush(screen);
    memcpy(screen->row + screen->row_len, bytes, len);
    screen->row_len += len;
}

static void put_text(struct screen *screen, const char *text)
{
    put(screen, text, strlen(text));
}

static struct size size_of_terminal(void)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return (struct size){24, 80};
    return (struct size){MIN(size.ws_row, ROWS_MAX), MAX(size.ws_col, COLUMNS_LEAST)};
}

/* --- Text in rows ------------------------------------------------------------------------------------------------- */

static unsigned width_of(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/* As much of the text as fits into a row; *end is where the rest begins. */
static unsigned fit(const char *text, unsigned columns, const char **end)
{
    unsigned used = 0;

    while (*text != '\0' && used + width_of(g_utf8_get_char(text)) <= columns) {
        used += width_of(g_utf8_get_char(text));
        text = g_utf8_next_char(text);
    }
    *end = text;
    return used;
}

static unsigned rows_of(const char *who, const char *text, unsigned columns)
{
    const char *rest = NULL;
    unsigned rows = 1;
    unsigned used = fit(who, columns, &rest);

    for (fit(text, columns - used, &rest); *rest != '\0'; rows++)
        fit(rest, columns, &rest);
    return rows;
}

/* --- Below -------------------------------------------------------------------------------------------------------- */

static void clear_below(struct screen *screen)
{
    unsigned columns = size_of_terminal().columns;
    unsigned up = 0;
    char sequence[32];

    if (screen->rows == 0)
        return;
    /* a terminal that was made narrower has broken its rows */
    for (unsigned i = 0; i < screen->rows; i++)
        up += screen->columns[i] > columns ? (screen->columns[i] + columns - 1) / columns : 1;
    put_text(screen, "\r");
    if (up > 1) {
        g_snprintf(sequence, sizeof(sequence), "\033[%uA", up - 1);
        put_text(screen, sequence);
    }
    put_text(screen, "\033[J");
    screen->rows = 0;
}

static void end_row(struct screen *screen, unsigned columns, bool last)
{
    screen->columns[screen->rows++] = columns;
    if (!last)
        put_text(screen, "\r\n");
}

static void describe(const struct chat_message *message, uint64_t now_ms, char who[WHO_LEN])
{
    uint64_t left_s = message->until_ms > now_ms ? (message->until_ms - now_ms + 999) / 1000 : 0;
    const char *end = NULL;

    g_snprintf(who, WHO_LEN, "[%" G_GUINT64_FORMAT " s] %s: ", left_s, message->who);
    if (!g_utf8_validate(who, -1, &end)) /* a name that was cut may end inside a character */
        who[end - who] = '\0';
}

static void draw_message(struct screen *screen, const char *who, const char *text, unsigned columns)
{
    const char *rest = text;
    unsigned used = fit(who, columns, &rest);

    put(screen, who, (size_t)(rest - who));
    rest = text;
    do {
        const char *begin = rest;

        used += fit(begin, columns - used, &rest);
        put(screen, begin, (size_t)(rest - begin));
        end_row(screen, used, false);
        used = 0;
    } while (*rest != '\0');
}

/* The newest of them that find room; the others wait, and go in their time. */
static void draw_messages(struct screen *screen, const struct chat *chat, struct size size, uint64_t now_ms)
{
    char who[WHO_LEN];
    unsigned room = size.rows > 3 ? size.rows - 3 : 0;
    size_t first = chat_count(chat);

    while (first > 0) {
        struct chat_message message = chat_at(chat, first - 1);
        unsigned rows;

        describe(&message, now_ms, who);
        rows = rows_of(who, message.text, size.columns);
        if (rows > room)
            break;
        room -= rows;
        first--;
    }
    for (size_t i = first; i < chat_count(chat); i++) {
        struct chat_message message = chat_at(chat, i);

        describe(&message, now_ms, who);
        draw_message(screen, who, message.text, size.columns);
    }
}

static void draw_typed(struct screen *screen, const char *typed, unsigned columns)
{
    char clean[TYPING_MAX + 1];
    const char *shown = clean;
    const char *end = NULL;
    unsigned used;

    g_strlcpy(clean, typed, sizeof(clean));
    if (!g_utf8_validate(clean, -1, &end)) /* a character that is not whole yet */
        clean[end - clean] = '\0';
    chat_clean(clean, strlen(clean));
    /* the end of it, where it is longer than the row */
    for (used = fit(shown, columns - 3, &end); *end != '\0'; used = fit(shown, columns - 3, &end))
        shown = g_utf8_next_char(shown);
    put_text(screen, "> ");
    put(screen, shown, (size_t)(end - shown));
    core_wipe(clean, sizeof(clean));
    end_row(screen, 2 + used, true);
}

void screen_below(struct screen *screen, const struct chat *chat, const char *live, const char *typed, uint64_t now_ms)
{
    struct size size = size_of_terminal();
    const char *end = NULL;
    unsigned used;

    if (!screen->terminal)
        return;
    clear_below(screen);
    draw_messages(screen, chat, size, now_ms);
    /* one column short: in the last one terminals differ about where the cursor is */
    used = fit(live, size.columns - 1, &end);
    put(screen, live, (size_t)(end - live));
    end_row(screen, used, !screen->raw);
    if (screen->raw)
        draw_typed(screen, typed, size.columns);
    flush(screen);
}

/* --- Lines that stay ---------------------------------------------------------------------------------------------- */

bool screen_is_terminal(const struct screen *screen)
{
    return screen->terminal;
}

void screen_say(struct screen *screen, const char *line)
{
    fflush(stdout);
    clear_below(screen);
    flush(screen);
    puts(line);
    fflush(stdout);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

struct screen *screen_new(void)
{
    struct screen *screen = g_new0(struct screen, 1);

    screen->terminal = isatty(STDOUT_FILENO);
    return screen;
}

void screen_type(struct screen *screen)
{
    struct termios raw;

    /* in the background the terminal is somebody else's, and to touch it stops the program */
    if (!screen->terminal || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &screen->before) != 0)
        return;
    raw = screen->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    screen->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void screen_free(struct screen *screen)
{
    if (screen == NULL)
        return;
    clear_below(screen);
    flush(screen);
    if (screen->raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
    g_free(screen);
}
