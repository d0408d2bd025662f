#include "daemon/config.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A program with one group of its own beside the common one. */
struct teapot {
    char at[CONFIG_ADDRESS_MAX];
    uint16_t port;
    uint32_t cups;
    bool hot;
};

static const char *set_at(void *settings, struct text_slice value)
{
    struct teapot *teapot = settings;
    return config_read_endpoint(value, teapot->at, &teapot->port);
}

static const char *set_cups(void *settings, struct text_slice value)
{
    return config_read_count(value, 2, 12, &((struct teapot *)settings)->cups);
}

static const char *set_hot(void *settings, struct text_slice value)
{
    return config_read_flag(value, &((struct teapot *)settings)->hot);
}

static const struct config_option rows_of_teapot[] = {
    {"at", "ADDRESS:PORT", set_at, "where"},
    {"cups", "N", set_cups, "how many\nof them"},
    {"hot", "yes|no", set_hot, "or not"},
};

static struct teapot teapot;
static struct config_common common;
static const struct config_group groups[] = {
    {rows_of_teapot, 3, &teapot},
    {config_common_options, CONFIG_COMMON_COUNT, &common},
};
static const struct config_program program = {"teapot", "Makes tea.\n", groups, 2};
static char problem[CONFIG_PROBLEM_MAX];

static void reset(void)
{
    memset(&teapot, 0, sizeof(teapot));
    config_common_init(&common, 1234);
    problem[0] = 0;
}

static bool read_text(const char *text)
{
    reset();
    return config_read(&program, "tea.conf", text, strlen(text), problem);
}

static bool read_arguments(const char *const *arguments)
{
    char *argv[16] = {"teapot"};
    int argc = 1;
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    reset();
    return config_arguments(&program, argc, argv, problem);
}

static void every_group_is_set(void)
{
    CU_ASSERT(read_text("# tea\r\n at = [::1]:443 \r\ncups=7\nhot = yes\n\n"
                        "token-key = /a\ntoken-key = /b\ntls-cert = c\ntls-key = k = .pem\n"
                        "metrics = any\nlog-level = debug\nport-file = p\nready-fd = 9"));
    CU_ASSERT_STRING_EQUAL(teapot.at, "::1");
    CU_ASSERT_EQUAL(teapot.port, 443);
    CU_ASSERT_EQUAL(teapot.cups, 7);
    CU_ASSERT(teapot.hot);
    CU_ASSERT_EQUAL(common.token_key_count, 2);
    CU_ASSERT_STRING_EQUAL(common.token_keys[1], "/b");
    CU_ASSERT_STRING_EQUAL(common.tls_cert, "c");
    CU_ASSERT_STRING_EQUAL(common.tls_key, "k = .pem");
    CU_ASSERT_EQUAL(common.metrics, CONFIG_METRICS_ANY);
    CU_ASSERT_EQUAL(common.log_level, LOG_LEVEL_DEBUG);
    CU_ASSERT_STRING_EQUAL(common.port_file, "p");
    CU_ASSERT_EQUAL(common.ready_fd, 9);
    CU_ASSERT_FALSE(common.dev);
}

static void mistakes_are_named_with_their_place(void)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"at 127.0.0.1:1\n", "tea.conf:1: at 127.0.0.1:1: expected name = value"},
        {"\n\nmilk = 1\n", "tea.conf:3: milk: there is no such setting"},
        {"dev = yes\n", "tea.conf:1: dev: there is no such setting"},
        {"config = other\n", "there is no such setting"},
        {"at = 127.0.0.1\n", "expected a port"},
        {"at = 127.0.0.1:65536\n", "expected a port"},
        {"at = localhost:80\n", "expected a numeric"},
        {"at = [::1]80\n", "expected [ADDRESS]:PORT"},
        {"cups = 1\n", "out of range"},
        {"cups = 13\n", "out of range"},
        {"hot = 1\n", "expected yes or no"},
        {"ready-fd = 1024\n", "expected the number of an open file"},
        {"tls-cert =\n", "expected a path"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FALSE(read_text(rows[i].text));
        if (!strstr(problem, rows[i].says))
            fprintf(stderr, "row %zu: %s\n", i, problem);
        CU_ASSERT_PTR_NOT_NULL(strstr(problem, rows[i].says));
    }
}

static void mistakes_in_flags_name_the_flag(void)
{
    static const struct {
        const char *arguments[4];
        const char *says;
    } rows[] = {
        {{"cups", "7"}, "cups: not a flag; see --help"},
        {{"--milk"}, "--milk: there is no such flag; see --help"},
        {{"--cups"}, "--cups: a value is missing"},
        {{"--cups", "99"}, "--cups: the number is out of range"},
        {{"--dev=yes"}, "--dev: takes no value"},
        {{"--config"}, "--config: a value is missing"},
        {{"--config", "/nonexistent/tea"}, "/nonexistent/tea: No such file"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FALSE(read_arguments(rows[i].arguments));
        if (!strstr(problem, rows[i].says))
            fprintf(stderr, "row %zu: %s\n", i, problem);
        CU_ASSERT_PTR_NOT_NULL(strstr(problem, rows[i].says));
    }
}

static void flags_win_over_the_file(void)
{
    char path[] = "/tmp/sotto-test-config-XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = "cups = 5\nhot = yes\n";
    CU_ASSERT_EQUAL(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    /* also where the file is named last */
    const char *const arguments[] = {"--cups=2", "--dev", "--config", path, NULL};
    CU_ASSERT(read_arguments(arguments));
    CU_ASSERT_EQUAL(teapot.cups, 2);
    CU_ASSERT(teapot.hot);
    CU_ASSERT(common.dev);
    close(fd);
    unlink(path);
}

static void a_file_that_is_too_large_is_refused(void)
{
    char path[] = "/tmp/sotto-test-config-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_EQUAL(ftruncate(fd, CONFIG_FILE_MAX), 0);
    const char *const arguments[] = {"--config", path, NULL};
    CU_ASSERT_FALSE(read_arguments(arguments));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "larger than 64 KiB"));
    close(fd);
    unlink(path);
}

static void what_must_fit_together_is_checked(void)
{
    static const struct {
        const char *arguments[6];
        const char *listen;
        const char *says; /* NULL: it is well */
    } rows[] = {
        {{"--dev"}, "127.0.0.1", NULL},
        {{"--dev"}, "0.0.0.0", "loopback"},
        {{"--dev"}, "192.0.2.1", "loopback"},
        {{NULL}, "127.0.0.1", "token-key is missing"},
        {{"--token-key", "k"}, "192.0.2.1", NULL},
        {{"--token-key", "k", "--tls-key", "t"}, "192.0.2.1", "belong together"},
        {{"--token-key", "k", "--tls-cert", "t"}, "192.0.2.1", "belong together"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FATAL(read_arguments(rows[i].arguments));
        strcpy(common.listen_address, rows[i].listen);
        CU_ASSERT_EQUAL(config_common_complete(&common, problem), rows[i].says == NULL);
        CU_ASSERT(!rows[i].says || strstr(problem, rows[i].says) != NULL);
    }
}

static void addresses_are_told_apart(void)
{
    CU_ASSERT(config_address_is_loopback("127.0.0.1"));
    CU_ASSERT(config_address_is_loopback("::1"));
    CU_ASSERT_FALSE(config_address_is_loopback("::"));
    CU_ASSERT_FALSE(config_address_is_loopback("::ffff:127.0.0.1"));
    CU_ASSERT_FALSE(config_address_is_loopback("128.0.0.1"));
    CU_ASSERT(config_address_is_wildcard("0.0.0.0"));
    CU_ASSERT(config_address_is_wildcard("::"));
    CU_ASSERT_FALSE(config_address_is_wildcard("::1"));
}

static void help_names_every_row(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    config_help(&program, out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "usage: teapot [--config FILE]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nMakes tea.\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  --cups N\n        how many\n        of them\n"));
    for (size_t i = 0; i < CONFIG_COMMON_COUNT; i++) {
        char flag[64];
        snprintf(flag, sizeof(flag), "\n  --%s ", config_common_options[i].name);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, flag));
    }
    free(text);
}

static const struct unit_test tests[] = {
    {"every group is set", every_group_is_set},
    {"mistakes are named with their place", mistakes_are_named_with_their_place},
    {"mistakes in flags name the flag", mistakes_in_flags_name_the_flag},
    {"flags win over the file", flags_win_over_the_file},
    {"a file that is too large is refused", a_file_that_is_too_large_is_refused},
    {"what must fit together is checked", what_must_fit_together_is_checked},
    {"addresses are told apart", addresses_are_told_apart},
    {"help names every row", help_names_every_row},
};
UNIT_MAIN("daemon.config", tests)
