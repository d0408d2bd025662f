#include "sfu/config.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sfu_config config;
static char problem[CONFIG_PROBLEM_MAX];

static bool read_text(const char *text)
{
    sfu_config_init(&config);
    problem[0] = 0;
    return sfu_config_read(&config, "sfu.conf", text, strlen(text), problem);
}

static bool read_arguments(const char *const *arguments)
{
    char *argv[16] = {"sotto-sfu"};
    int argc = 1;
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    sfu_config_init(&config);
    problem[0] = 0;
    return sfu_config_arguments(&config, argc, argv, problem);
}

static void a_file_sets_what_it_names(void)
{
    CU_ASSERT(read_text("# comment\r\n"
                        "  listen = [::1]:443 \r\n"
                        "udp-address=0.0.0.0\n"
                        "udp-port = 5004\n"
                        "announce = 203.0.113.5\n"
                        "announce = 2001:db8::5\n"
                        "\n"
                        "token-key = /etc/a.pem\n"
                        "tls-cert = c.pem\n"
                        "tls-key = k = .pem\n"
                        "max-sessions = 7\n"
                        "idle-timeout = 11\n"
                        "drain = 0\n"
                        "metrics = any\n"
                        "audio-level = yes\n"
                        "log-level = debug"));
    CU_ASSERT_STRING_EQUAL(config.common.listen_address, "::1");
    CU_ASSERT_EQUAL(config.common.listen_port, 443);
    CU_ASSERT_STRING_EQUAL(config.udp_address, "0.0.0.0");
    CU_ASSERT_EQUAL(config.udp_port, 5004);
    CU_ASSERT_EQUAL(config.announce_count, 2);
    CU_ASSERT_STRING_EQUAL(config.announce[1], "2001:db8::5");
    CU_ASSERT_EQUAL(config.common.token_key_count, 1);
    CU_ASSERT_STRING_EQUAL(config.common.tls_key, "k = .pem");
    CU_ASSERT_EQUAL(config.max_sessions, 7);
    CU_ASSERT_EQUAL(config.idle_timeout_s, 11);
    CU_ASSERT_EQUAL(config.drain_s, 0);
    CU_ASSERT_EQUAL(config.common.metrics, CONFIG_METRICS_ANY);
    CU_ASSERT(config.audio_level);
    CU_ASSERT_EQUAL(config.common.log_level, LOG_LEVEL_DEBUG);
    CU_ASSERT(sfu_config_complete(&config, problem));
}

static void mistakes_are_named_with_their_line(void)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"listen 127.0.0.1:1\n", "sfu.conf:1: listen 127.0.0.1:1: expected name = value"},
        {"\n\nlistn = 127.0.0.1:1\n", "sfu.conf:3: listn: there is no such setting"},
        {"dev = yes\n", "sfu.conf:1: dev: there is no such setting"},
        {"config = other\n", "there is no such setting"},
        {"listen = 127.0.0.1\n", "expected a port"},
        {"listen = 127.0.0.1:65536\n", "expected a port"},
        {"listen = localhost:80\n", "expected a numeric"},
        {"listen = [::1]80\n", "expected [ADDRESS]:PORT"},
        {"announce = here\n", "expected a numeric"},
        {"announce = 1.1.1.1\nannounce = 1.1.1.1\nannounce = 1.1.1.1\nannounce = 1.1.1.1\nannounce = 1.1.1.1\n",
         "sfu.conf:5: announce: at most 4"},
        {"max-sessions = 0\n", "out of range"},
        {"max-sessions = 100001\n", "out of range"},
        {"metrics = yes\n", "expected off, loopback or any"},
        {"audio-level = 1\n", "expected yes or no"},
        {"log-level = loud\n", "expected debug"},
        {"tls-cert =\n", "expected a path"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FALSE(read_text(rows[i].text));
        if (!strstr(problem, rows[i].says))
            fprintf(stderr, "row %zu: %s\n", i, problem);
        CU_ASSERT_PTR_NOT_NULL(strstr(problem, rows[i].says));
    }
}

static void flags_win_over_the_file(void)
{
    char path[] = "/tmp/sotto-test-config-XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = "udp-port = 1\nmax-sessions = 5\n";
    CU_ASSERT_EQUAL(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    /* also where the file is named last */
    const char *const arguments[] = {"--udp-port=2", "--dev", "--config", path, NULL};
    CU_ASSERT(read_arguments(arguments));
    CU_ASSERT_EQUAL(config.udp_port, 2);
    CU_ASSERT_EQUAL(config.max_sessions, 5);
    CU_ASSERT(config.common.dev);
    close(fd);
    unlink(path);
}

static void what_must_fit_together_is_checked(void)
{
    static const struct {
        const char *arguments[8];
        const char *says; /* NULL: it is well */
    } rows[] = {
        {{"--dev"}, NULL},
        {{"--dev", "--listen", "[::1]:0"}, NULL},
        {{"--dev", "--listen", "127.9.9.9:0"}, NULL},
        {{"--dev", "--listen", "0.0.0.0:0"}, "loopback"},
        {{"--dev", "--listen", "192.0.2.1:0"}, "loopback"},
        {{"--dev", "--listen", "[::]:0"}, "loopback"},
        {{"--dev", "--udp-address", "192.0.2.1"}, "loopback"},
        {{NULL}, "token-key is missing"},
        {{"--token-key", "k"}, NULL},
        {{"--token-key", "k", "--listen", "0.0.0.0:1"}, "announce is missing"},
        {{"--token-key", "k", "--listen", "[::]:1"}, "announce is missing"},
        {{"--token-key", "k", "--listen", "0.0.0.0:1", "--announce", "192.0.2.1"}, NULL},
        {{"--token-key", "k", "--listen", "192.0.2.1:1"}, NULL},
        {{"--token-key", "k", "--tls-key", "t"}, "belong together"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FATAL(read_arguments(rows[i].arguments));
        bool ok = sfu_config_complete(&config, problem);
        if (ok != (rows[i].says == NULL))
            fprintf(stderr, "row %zu: %s\n", i, problem);
        CU_ASSERT_EQUAL(ok, rows[i].says == NULL);
        CU_ASSERT(ok || strstr(problem, rows[i].says) != NULL);
    }
}

static void without_announce_the_media_address_is_announced(void)
{
    const char *const arguments[] = {"--token-key", "k", "--listen", "192.0.2.1:1", NULL};
    CU_ASSERT(read_arguments(arguments));
    CU_ASSERT(sfu_config_complete(&config, problem));
    CU_ASSERT_STRING_EQUAL(config.udp_address, "192.0.2.1");
    CU_ASSERT_EQUAL(config.announce_count, 1);
    CU_ASSERT_STRING_EQUAL(config.announce[0], "192.0.2.1");
}

static void help_names_every_flag(void)
{
    static const char *const names[] = {"listen",   "udp-address", "udp-port",     "announce",     "token-key",
                                        "tls-cert", "tls-key",     "max-sessions", "idle-timeout", "drain",
                                        "metrics",  "audio-level", "log-level",    "port-file",    "ready-fd",
                                        "dev",      "version",     "check-config", "help",         "config"};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    sfu_config_help(out);
    fclose(out);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char flag[64];
        snprintf(flag, sizeof(flag), "  --%s", names[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, flag));
    }
    free(text);
}

static const struct unit_test tests[] = {
    {"a file sets what it names", a_file_sets_what_it_names},
    {"mistakes are named with their line", mistakes_are_named_with_their_line},
    {"flags win over the file", flags_win_over_the_file},
    {"what must fit together is checked", what_must_fit_together_is_checked},
    {"without announce the media address is announced", without_announce_the_media_address_is_announced},
    {"help names every flag", help_names_every_flag},
};
UNIT_MAIN("sfu.config", tests)
