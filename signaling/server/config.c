#include "ds/config.h"

enum { NS_PER_MS = 1000000, S_PER_HOUR = 3600 };

void ds_config_init(struct ds_config *config)
{
    *config = (struct ds_config){.connections = 10000, .drain_s = 5, .limits = ds_limits_default};
    config_common_init(&config->common, 7801);
}

static const char *set_listen(void *settings, struct text_slice value)
{
    struct ds_config *config = settings;
    return config_read_endpoint(value, config->common.listen_address, &config->common.listen_port);
}

static const char *set_database(void *settings, struct text_slice value)
{
    return config_read_path(value, ((struct ds_config *)settings)->database);
}

static const char *set_connections(void *settings, struct text_slice value)
{
    return config_read_count(value, 1, 1000000, &((struct ds_config *)settings)->connections);
}

static const char *set_rooms(void *settings, struct text_slice value)
{
    return config_read_count(value, 1, 10000000, &((struct ds_config *)settings)->limits.rooms);
}

static const char *set_participants(void *settings, struct text_slice value)
{
    return config_read_count(value, 1, WIRE_PRESENT_MAX, &((struct ds_config *)settings)->limits.participants);
}

/* A number of MiB as bytes. */
static const char *read_mib(struct text_slice value, uint64_t min, uint64_t max, uint64_t *out)
{
    uint32_t mib = 0;
    const char *problem = config_read_count(value, min, max, &mib);
    if (!problem)
        *out = (uint64_t)mib << 20;
    return problem;
}

static const char *set_stored(void *settings, struct text_slice value)
{
    return read_mib(value, 1, 1 << 24, &((struct ds_config *)settings)->limits.stored_bytes);
}

static const char *set_room_stored(void *settings, struct text_slice value)
{
    return read_mib(value, 1, 4096, &((struct ds_config *)settings)->limits.room.bytes);
}

static const char *set_room_entries(void *settings, struct text_slice value)
{
    uint32_t entries = 0;
    const char *problem = config_read_count(value, 16, 1000000, &entries);
    if (!problem)
        ((struct ds_config *)settings)->limits.room.entries = entries;
    return problem;
}

static const char *set_retention(void *settings, struct text_slice value)
{
    uint32_t hours = 0;
    const char *problem = config_read_count(value, 1, 24 * 366, &hours);
    if (!problem)
        ((struct ds_config *)settings)->limits.retention_s = hours * S_PER_HOUR;
    return problem;
}

static const char *read_interval(struct text_slice value, uint64_t *interval_ns)
{
    uint32_t ms = 0;
    const char *problem = config_read_count(value, 1, 60000, &ms);
    if (!problem)
        *interval_ns = (uint64_t)ms * NS_PER_MS;
    return problem;
}

static const char *set_append_interval(void *settings, struct text_slice value)
{
    return read_interval(value, &((struct ds_config *)settings)->limits.appends.interval_ns);
}

static const char *set_relay_interval(void *settings, struct text_slice value)
{
    return read_interval(value, &((struct ds_config *)settings)->limits.relays.interval_ns);
}

static const char *set_drain(void *settings, struct text_slice value)
{
    return config_read_count(value, 0, 86400, &((struct ds_config *)settings)->drain_s);
}

static const struct config_option own_options[] = {
    {"listen", "ADDRESS:PORT", set_listen, "HTTP: where to listen; port 0 takes a free one (127.0.0.1:7801)"},
    {"database", "FILE", set_database, "where rooms are kept; with --dev: in memory, and lost at the end"},
    {"max-connections", "N", set_connections, "connections at once (10000)"},
    {"max-rooms", "N", set_rooms, "rooms that are kept (10000)"},
    {"max-participants", "N", set_participants, "participants of one room, at most 4096 (1000)"},
    {"max-stored", "MIB", set_stored, "size of all rooms together, never more; half of it is divided evenly (10240)"},
    {"max-room-stored", "MIB", set_room_stored, "size of one room; its oldest entries go first (64)"},
    {"max-room-entries", "N", set_room_entries, "entries of one room; its oldest go first (4096)"},
    {"retention", "HOURS", set_retention, "a room without connection and append is forgotten after this (24)"},
    {"append-interval", "MS", set_append_interval, "each participant: one more append after this (200)"},
    {"relay-interval", "MS", set_relay_interval, "each participant: one more relayed message after this (100)"},
    {"drain", "SECONDS", set_drain, "how long SIGTERM waits for clients to go (5)"},
};

static const char intro[] = "Keeps the sealed key messages of calls in order and passes them on; it can read none.\n\n"
                            "to try it on this machine:\n"
                            "  sotto-ds --dev\n"
                            "to serve others (docs/operators.md):\n"
                            "  sotto-ds --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem \\\n"
                            "           --token-key issuer.pem --database /var/lib/sotto-ds/rooms.db\n";

enum { GROUP_COUNT = 2 };

/* Both groups' rows over config, which may be NULL for the help. */
static struct config_program describe(struct ds_config *config, struct config_group groups[GROUP_COUNT])
{
    groups[0] = (struct config_group){own_options, sizeof(own_options) / sizeof(own_options[0]), config};
    groups[1] = (struct config_group){config_common_options, CONFIG_COMMON_COUNT, config ? &config->common : NULL};
    return (struct config_program){"sotto-ds", intro, groups, GROUP_COUNT};
}

bool ds_config_read(struct ds_config *config, const char *name, const char *text, size_t len,
                    char problem[CONFIG_PROBLEM_MAX])
{
    struct config_group groups[GROUP_COUNT];
    const struct config_program program = describe(config, groups);
    return config_read(&program, name, text, len, problem);
}

bool ds_config_arguments(struct ds_config *config, int argc, char **argv, char problem[CONFIG_PROBLEM_MAX])
{
    struct config_group groups[GROUP_COUNT];
    const struct config_program program = describe(config, groups);
    return config_arguments(&program, argc, argv, problem);
}

void ds_config_help(FILE *out)
{
    struct config_group groups[GROUP_COUNT];
    const struct config_program program = describe(NULL, groups);
    config_help(&program, out);
}

bool ds_config_complete(const struct ds_config *config, char problem[CONFIG_PROBLEM_MAX])
{
    if (!config->common.dev && !config->database[0])
        return config_complain(
            problem, "database is missing: logs have to outlive the process (for a try on this machine: --dev)");
    return config_common_complete(&config->common, problem);
}
