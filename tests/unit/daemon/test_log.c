#include "daemon/log.h"
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char line[8192];

/* Runs write with standard error in a file; what was written is in line then. */
static void capture(void (*write_lines)(void))
{
    int saved = dup(STDERR_FILENO);
    int file = memfd_create("log", 0);
    dup2(file, STDERR_FILENO);
    write_lines();
    dup2(saved, STDERR_FILENO);
    ssize_t n = pread(file, line, sizeof(line) - 1, 0);
    line[n > 0 ? n : 0] = 0;
    close(saved);
    close(file);
}

static void write_plain(void)
{
    log_event(LOG_LEVEL_INFO, "started", "room", "blue-1.x", "port", log_number(5004).text, NULL);
}

static void write_strange(void)
{
    log_event(LOG_LEVEL_WARN, "strange", "a", "two words", "b", "x\"\nlevel=error event=forged", "c", NULL, "d", "",
              NULL);
}

static void write_long(void)
{
    static char value[5000];
    memset(value, 'v', sizeof(value) - 1);
    log_event(LOG_LEVEL_ERROR, "long", "value", value, NULL);
    log_event(LOG_LEVEL_ERROR, "next", NULL);
}

static void write_levels(void)
{
    log_event(LOG_LEVEL_DEBUG, "quiet", NULL);
    log_set_level(LOG_LEVEL_ERROR);
    log_event(LOG_LEVEL_WARN, "quiet", NULL);
    log_event(LOG_LEVEL_ERROR, "loud", NULL);
    log_set_level(LOG_LEVEL_INFO);
}

static void an_event_is_one_line_of_pairs(void)
{
    unsigned year = 0;
    capture(write_plain);
    CU_ASSERT_EQUAL(sscanf(line, "ts=%4u-", &year), 1);
    CU_ASSERT(year >= 2020);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "Z level=info event=started room=blue-1.x port=5004\n"));
}

static void a_value_cannot_forge_a_line(void)
{
    capture(write_strange);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, " a=\"two words\" b=\"x\\\"\\nlevel=error event=forged\" c=\"\" d=\"\"\n"));
    CU_ASSERT_PTR_EQUAL(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_long_value_is_cut_within_its_line(void)
{
    capture(write_long);
    char *end = strchr(line, '\n');
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    CU_ASSERT(end - line < 2048);
    CU_ASSERT_PTR_NOT_NULL(strstr(end, "event=next\n"));
}

static void levels_below_the_set_one_are_silent(void)
{
    capture(write_levels);
    CU_ASSERT_PTR_NULL(strstr(line, "quiet"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "event=loud"));
}

static const struct unit_test tests[] = {
    {"an event is one line of pairs", an_event_is_one_line_of_pairs},
    {"a value cannot forge a line", a_value_cannot_forge_a_line},
    {"a long value is cut within its line", a_long_value_is_cut_within_its_line},
    {"levels below the set one are silent", levels_below_the_set_one_are_silent},
};
UNIT_MAIN("daemon.log", tests)
