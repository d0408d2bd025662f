#include "daemon/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool config_complain(char problem[CONFIG_PROBLEM_MAX], const char *text)
{
    snprintf(problem, CONFIG_PROBLEM_MAX, "%s", text);
    return false;
}

/* The row of that name, and the settings it writes to. */
static const struct config_option *find_option(const struct config_program *program, struct text_slice name,
                                               void **settings)
{
    for (size_t g = 0; g < program->group_count; g++) {
        const struct config_group *group = &program->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            if (text_equal(name, group->options[i].name)) {
                *settings = group->settings;
                return &group->options[i];
            }
        }
    }
    return NULL;
}

bool config_read(const struct config_program *program, const char *name, const char *text, size_t len,
                 char problem[CONFIG_PROBLEM_MAX])
{
    struct text_slice rest = {text, len};
    for (unsigned number = 1; rest.len > 0; number++) {
        struct text_slice line = text_take(&rest, '\n');
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        line = text_trim(line);
        if (line.len == 0 || line.data[0] == '#')
            continue;
        bool pair = memchr(line.data, '=', line.len) != NULL;
        struct text_slice value = line;
        struct text_slice key = text_trim(text_take(&value, '='));
        void *settings = NULL;
        const struct config_option *option = find_option(program, key, &settings);
        const char *wrong = NULL;
        if (!pair)
            wrong = "expected name = value";
        else if (!option || !option->argument)
            wrong = "there is no such setting";
        else
            wrong = option->set(settings, text_trim(value));
        if (wrong) {
            int shown = key.len > 64 ? 64 : (int)key.len;
            snprintf(problem, CONFIG_PROBLEM_MAX, "%.256s:%u: %.*s: %s", name, number, shown, key.data, wrong);
            return false;
        }
    }
    return true;
}

static bool read_file(const struct config_program *program, const char *path, char problem[CONFIG_PROBLEM_MAX])
{
    bool ok = false;
    FILE *file = fopen(path, "re");
    char *text = malloc(CONFIG_FILE_MAX);
    if (!file || !text) {
        snprintf(problem, CONFIG_PROBLEM_MAX, "%.256s: %s", path, strerror(errno));
        goto out;
    }
    size_t len = fread(text, 1, CONFIG_FILE_MAX, file);
    if (ferror(file) || len == CONFIG_FILE_MAX) {
        snprintf(problem, CONFIG_PROBLEM_MAX, "%.256s: cannot be read, or is larger than 64 KiB", path);
        goto out;
    }
    ok = config_read(program, path, text, len, problem);
out:
    free(text);
    if (file)
        fclose(file);
    return ok;
}

/* Takes one flag and its value off the arguments. config_pass: only --config counts; otherwise everything else. */
static bool take_argument(const struct config_program *program, char **argv, int *at, bool config_pass,
                          char problem[CONFIG_PROBLEM_MAX])
{
    struct text_slice value = text_of(argv[*at]);
    if (!text_starts(value, "--")) {
        snprintf(problem, CONFIG_PROBLEM_MAX, "%.256s: not a flag; see --help", argv[*at]);
        return false;
    }
    value.data += 2;
    value.len -= 2;
    bool joined = value.len > 0 && memchr(value.data, '=', value.len) != NULL;
    struct text_slice name = text_take(&value, '=');
    bool is_config = text_equal(name, "config");
    void *settings = NULL;
    const struct config_option *option = find_option(program, name, &settings);
    if (!option && !is_config) {
        snprintf(problem, CONFIG_PROBLEM_MAX, "%.256s: there is no such flag; see --help", argv[*at]);
        return false;
    }
    bool wants = is_config || option->argument;
    if ((joined && !wants) || (wants && !joined && !argv[*at + 1])) {
        snprintf(problem, CONFIG_PROBLEM_MAX, "--%.*s: %s", (int)name.len, name.data,
                 wants ? "a value is missing" : "takes no value");
        return false;
    }
    if (wants && !joined) {
        (*at)++;
        value = text_of(argv[*at]);
    }
    if (is_config)
        return !config_pass || read_file(program, value.data, problem);
    const char *wrong = config_pass ? NULL : option->set(settings, value);
    if (wrong)
        snprintf(problem, CONFIG_PROBLEM_MAX, "--%s: %s", option->name, wrong);
    return !wrong;
}

bool config_arguments(const struct config_program *program, int argc, char **argv, char problem[CONFIG_PROBLEM_MAX])
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 1; i < argc; i++)
            if (!take_argument(program, argv, &i, pass == 0, problem))
                return false;
    }
    return true;
}

static void write_option(const struct config_option *option, FILE *out)
{
    fprintf(out, "  --%s %s\n        ", option->name, option->argument ? option->argument : "");
    for (const char *c = option->help; *c; c++) {
        fputc(*c, out);
        if (*c == '\n')
            fputs("        ", out);
    }
    fputc('\n', out);
}

void config_help(const struct config_program *program, FILE *out)
{
    fprintf(out,
            "usage: %s [--config FILE] [--name value]...\n\n"
            "%s\n"
            "A config file holds the same names as lines of `name = value`; flags win over it.\n\n"
            "  --config FILE\n        read this file first\n",
            program->name, program->intro);
    for (size_t g = 0; g < program->group_count; g++)
        for (size_t i = 0; i < program->groups[g].count; i++)
            write_option(&program->groups[g].options[i], out);
}
