#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/text.h"

static enum log_level lowest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    lowest = level;
}

static void write_time(struct text_writer *w)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    text_printf(w, "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

static void write_value(struct text_writer *w, const char *value)
{
    struct text_slice s = text_of(value ? value : "");
    if (text_is_made_of(s, "-_.:/+,@[]")) {
        text_printf(w, "%s", value);
        return;
    }
    text_printf(w, "\"");
    text_write_escaped(w, s);
    text_printf(w, "\"");
}

void log_event(enum log_level level, const char *event, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[2048];
    struct text_writer w;
    if (level < lowest)
        return;
    /* room for the line break, also behind a line that was cut */
    text_writer_init(&w, line, sizeof(line) - 1);
    write_time(&w);
    text_printf(&w, " level=%s event=%s", names[level], event);
    va_list args;
    va_start(args, event);
    for (const char *name = va_arg(args, const char *); name; name = va_arg(args, const char *)) {
        text_printf(&w, " %s=", name);
        write_value(&w, va_arg(args, const char *));
    }
    va_end(args);
    line[w.len++] = '\n';
    /* one write a line: threads do not mix theirs. Nobody is left to tell if it fails. */
    ssize_t written = write(STDERR_FILENO, line, w.len);
    (void)written;
}

struct log_number log_number(uint64_t value)
{
    struct log_number n;
    snprintf(n.text, sizeof(n.text), "%llu", (unsigned long long)value);
    return n;
}
