#include "sfu/config.h"

#include <string.h>

void sfu_config_init(struct sfu_config *config)
{
    *config = (struct sfu_config){
        .udp_port = 7800,
        .max_sessions = 1000,
        .idle_timeout_s = 30,
        .drain_s = 5,
    };
    config_common_init(&config->common, 7800);
}

static const char *set_listen(void *settings, struct text_slice value)
{
    struct sfu_config *config = settings;
    return config_read_endpoint(value, config->common.listen_address, &config->common.listen_port);
}

static const char *set_udp_address(void *settings, struct text_slice value)
{
    return config_read_address(value, ((struct sfu_config *)settings)->udp_address);
}

static const char *set_udp_port(void *settings, struct text_slice value)
{
    return config_read_port(value, &((struct sfu_config *)settings)->udp_port);
}

static const char *set_announce(void *settings, struct text_slice value)
{
    struct sfu_config *config = settings;
    if (config->announce_count == SFU_ANNOUNCE_MAX)
        return "at most 4 addresses can be announced";
    const char *problem = config_read_address(value, config->announce[config->announce_count]);
    config->announce_count += problem == NULL;
    return problem;
}

static const char *set_max_sessions(void *settings, struct text_slice value)
{
    return config_read_count(value, 1, 100000, &((struct sfu_config *)settings)->max_sessions);
}

static const char *set_idle_timeout(void *settings, struct text_slice value)
{
    return config_read_count(value, 1, 3600, &((struct sfu_config *)settings)->idle_timeout_s);
}

static const char *set_drain(void *settings, struct text_slice value)
{
    return config_read_count(value, 0, 86400, &((struct sfu_config *)settings)->drain_s);
}

static const char *set_audio_level(void *settings, struct text_slice value)
{
    return config_read_flag(value, &((struct sfu_config *)settings)->audio_level);
}

static const struct config_option own_options[] = {
    {"listen", "ADDRESS:PORT", set_listen, "HTTP: where to listen; port 0 takes a free one (127.0.0.1:7800)"},
    {"udp-address", "ADDRESS", set_udp_address, "media: address of the UDP socket (that of listen)"},
    {"udp-port", "PORT", set_udp_port, "media: the one UDP port; 0 takes a free one (7800)"},
    {"announce", "ADDRESS", set_announce,
     "media: address that clients reach it by, behind NAT or where udp-address is a\n"
     "wildcard; up to 4 times (udp-address)"},
    {"max-sessions", "N", set_max_sessions, "publishers and subscribers at once (1000)"},
    {"idle-timeout", "SECONDS", set_idle_timeout, "a session without a sign of life ends after this (30)"},
    {"drain", "SECONDS", set_drain, "how long SIGTERM lets sessions go on (5)"},
    {"audio-level", "yes|no", set_audio_level, "let senders show how loud they are, to this server too (no)"},
};

static const char intro[] =
    "Forwards end-to-end encrypted calls that it cannot read: WHIP to publish, WHEP to subscribe.\n\n"
    "to try it on this machine:\n"
    "  sotto-sfu --dev\n"
    "  (POST /dev/token gives out tokens of a key of its own, for trying clients with tokens)\n"
    "to serve others (docs/operators.md):\n"
    "  sotto-sfu --listen 0.0.0.0:443 --announce 203.0.113.5 --tls-cert chain.pem --tls-key key.pem \\\n"
    "            --token-key issuer.pem\n";

enum { GROUP_COUNT = 2 };

/* Both groups' rows over config, which may be NULL for the help. */
static struct config_program describe(struct sfu_config *config, struct config_group groups[GROUP_COUNT])
{
    groups[0] = (struct config_group){own_options, sizeof(own_options) / sizeof(own_options[0]), config};
    groups[1] = (struct config_group){config_common_options, CONFIG_COMMON_COUNT, config ? &config->common : NULL};
    return (struct config_program){"sotto-sfu", intro, groups, GROUP_COUNT};
}

bool sfu_config_read(struct sfu_config *config, const char *name, const char *text, size_t len,
                     char problem[CONFIG_PROBLEM_MAX])
{
    struct config_group groups[GROUP_COUNT];
    const struct config_program program = describe(config, groups);
    return config_read(&program, name, text, len, problem);
}

bool sfu_config_arguments(struct sfu_config *config, int argc, char **argv, char problem[CONFIG_PROBLEM_MAX])
{
    struct config_group groups[GROUP_COUNT];
    const struct config_program program = describe(config, groups);
    return config_arguments(&program, argc, argv, problem);
}

void sfu_config_help(FILE *out)
{
    struct config_group groups[GROUP_COUNT];
    const struct config_program program = describe(NULL, groups);
    config_help(&program, out);
}

bool sfu_config_complete(struct sfu_config *config, char problem[CONFIG_PROBLEM_MAX])
{
    if (config->udp_address[0] == 0)
        memcpy(config->udp_address, config->common.listen_address, sizeof(config->udp_address));
    if (config->common.dev && !config_address_is_loopback(config->udp_address))
        return config_complain(problem, "--dev serves this machine only, so udp-address must be a loopback address");
    if (config->announce_count == 0) {
        if (config_address_is_wildcard(config->udp_address))
            return config_complain(problem,
                                   "announce is missing: udp-address is a wildcard, which no client can reach");
        memcpy(config->announce[0], config->udp_address, sizeof(config->announce[0]));
        config->announce_count = 1;
    }
    return config_common_complete(&config->common, problem);
}
