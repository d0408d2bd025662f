#include "ds/config.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct ds_config config;
static char problem[CONFIG_PROBLEM_MAX];

static bool read_text(const char *text)
{
    ds_config_init(&config);
    problem[0] = 0;
    return ds_config_read(&config, "ds.conf", text, strlen(text), problem);
}

static void a_file_sets_what_it_names(void)
{
    CU_ASSERT(read_text("listen = [::1]:443\n"
                        "database = /var/lib/rooms.db\n"
                        "max-connections = 7\n"
                        "max-rooms = 8\n"
                        "max-participants = 9\n"
                        "max-stored = 10\n"
                        "max-room-stored = 11\n"
                        "max-room-entries = 16\n"
                        "retention = 2\n"
                        "append-interval = 13\n"
                        "relay-interval = 14\n"
                        "drain = 0\n"
                        "token-key = a.pem\n"));
    CU_ASSERT_STRING_EQUAL(config.common.listen_address, "::1");
    CU_ASSERT_EQUAL(config.common.listen_port, 443);
    CU_ASSERT_STRING_EQUAL(config.database, "/var/lib/rooms.db");
    CU_ASSERT(config.connections == 7 && config.limits.rooms == 8 && config.limits.participants == 9);
    CU_ASSERT(config.limits.stored_bytes == 10 << 20 && config.limits.room.bytes == 11 << 20 &&
              config.limits.room.entries == 16 && config.limits.retention_s == 7200);
    CU_ASSERT(config.limits.appends.interval_ns == 13000000 && config.limits.relays.interval_ns == 14000000 &&
              config.drain_s == 0 && config.common.token_key_count == 1);
    CU_ASSERT(ds_config_complete(&config, problem));
}

static void mistakes_are_named_with_their_line(void)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"database =\n", "ds.conf:1: database: expected a path"},
        {"\nmax-participants = 4097\n", "ds.conf:2: max-participants: the number is out of range"},
        {"max-connections = 0\n", "out of range"},
        {"max-rooms = 0\n", "out of range"},
        {"max-stored = x\n", "out of range"},
        {"max-room-stored = 4097\n", "out of range"},
        {"max-room-entries = 15\n", "out of range"},
        {"retention = 0\n", "out of range"},
        {"append-interval = 0\n", "out of range"},
        {"relay-interval = 60001\n", "out of range"},
        {"udp-port = 1\n", "there is no such setting"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_FALSE(read_text(rows[i].text));
        CU_ASSERT_PTR_NOT_NULL(strstr(problem, rows[i].says));
    }
}

static bool completes(const char *text, bool dev)
{
    CU_ASSERT(read_text(text));
    config.common.dev = dev;
    return ds_config_complete(&config, problem);
}

static void what_must_fit_together_is_checked(void)
{
    CU_ASSERT(completes("", true));
    CU_ASSERT_FALSE(completes("listen = 0.0.0.0:0\n", true));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "loopback"));
    CU_ASSERT_FALSE(completes("token-key = k\n", false));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "database is missing"));
    CU_ASSERT_FALSE(completes("database = d\n", false));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, "token-key is missing"));
    CU_ASSERT(completes("database = d\ntoken-key = k\nlisten = 0.0.0.0:443\n", false));
}

static void help_names_every_flag(void)
{
    static const char *const names[] = {"listen",
                                        "database",
                                        "max-connections",
                                        "max-rooms",
                                        "max-participants",
                                        "max-stored",
                                        "drain",
                                        "max-room-stored",
                                        "retention",
                                        "append-interval",
                                        "relay-interval",
                                        "token-key",
                                        "tls-cert",
                                        "max-room-entries",
                                        "metrics",
                                        "log-level",
                                        "port-file",
                                        "ready-fd",
                                        "dev",
                                        "check-config",
                                        "version",
                                        "help",
                                        "config",
                                        "tls-key"};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ds_config_help(out);
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
    {"what must fit together is checked", what_must_fit_together_is_checked},
    {"help names every flag", help_names_every_flag},
};
UNIT_MAIN("ds.config", tests)
