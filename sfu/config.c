#include "sfu/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sfu/text.h"

enum { CONFIG_FILE_MAX = 64 * 1024 };

/* Sets one option; returns NULL, or what is wrong with the value. */
typedef const char *(*setter)(struct sfu_config *config, struct text_slice value);

void sfu_config_init(struct sfu_config *config)
{
    *config = (struct sfu_config){
        .listen_address = "127.0.0.1",
        .listen_port = 7800,
        .udp_port = 7800,
        .max_sessions = 1000,
        .idle_timeout_s = 30,
        .drain_s = 5,
        .metrics = SFU_METRICS_LOOPBACK,
        .log_level = LOG_LEVEL_INFO,
        .ready_fd = -1,
    };
}

static bool parse_address(const char *address, unsigned char out[16], int *family)
{
    *family = strchr(address, ':') ? AF_INET6 : AF_INET;
    return inet_pton(*family, address, out) == 1;
}

bool sfu_address_is_loopback(const char *address)
{
    static const unsigned char one[16] = {[15] = 1};
    unsigned char bytes[16];
    int family;
    if (!parse_address(address, bytes, &family))
        return false;
    return family == AF_INET ? bytes[0] == 127 : memcmp(bytes, one, 16) == 0;
}

bool sfu_address_is_wildcard(const char *address)
{
    static const unsigned char none[16] = {0};
    unsigned char bytes[16];
    int family;
    return parse_address(address, bytes, &family) && memcmp(bytes, none, family == AF_INET ? 4 : 16) == 0;
}

static const char *read_address(struct text_slice value, char out[CONFIG_ADDRESS_MAX])
{
    char address[CONFIG_ADDRESS_MAX];
    unsigned char bytes[16];
    int family;
    if (!text_copy(value, address, sizeof(address)) || !parse_address(address, bytes, &family))
        return "expected a numeric IPv4 or IPv6 address";
    memcpy(out, address, sizeof(address));
    return NULL;
}

static const char *read_port(struct text_slice value, uint16_t *out)
{
    uint64_t number;
    if (!text_number(value, 65535, &number))
        return "expected a port from 0 to 65535";
    *out = (uint16_t)number;
    return NULL;
}

static const char *read_count(struct text_slice value, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t number;
    if (!text_number(value, max, &number) || number < min)
        return "the number is out of range";
    *out = (uint32_t)number;
    return NULL;
}

static const char *read_flag(struct text_slice value, bool *out)
{
    bool yes = text_equal(value, "yes");
    if (!yes && !text_equal(value, "no"))
        return "expected yes or no";
    *out = yes;
    return NULL;
}

static const char *read_path(struct text_slice value, char out[CONFIG_PATH_MAX])
{
    return value.len > 0 && text_copy(value, out, CONFIG_PATH_MAX) ? NULL : "expected a path of at most 1023 bytes";
}

/* ADDRESS:PORT, an IPv6 address in brackets */
static const char *set_listen(struct sfu_config *config, struct text_slice value)
{
    struct text_slice address;
    if (text_starts(value, "[")) {
        value.data++;
        value.len--;
        address = text_take(&value, ']');
        if (!text_starts(value, ":"))
            return "expected [ADDRESS]:PORT";
        text_take(&value, ':');
    } else {
        address = text_take(&value, ':');
    }
    const char *problem = read_address(address, config->listen_address);
    return problem ? problem : read_port(value, &config->listen_port);
}

static const char *set_udp_address(struct sfu_config *config, struct text_slice value)
{
    return read_address(value, config->udp_address);
}

static const char *set_udp_port(struct sfu_config *config, struct text_slice value)
{
    return read_port(value, &config->udp_port);
}

static const char *set_announce(struct sfu_config *config, struct text_slice value)
{
    if (config->announce_count == SFU_ANNOUNCE_MAX)
        return "at most 4 addresses can be announced";
    const char *problem = read_address(value, config->announce[config->announce_count]);
    config->announce_count += problem == NULL;
    return problem;
}

static const char *set_token_key(struct sfu_config *config, struct text_slice value)
{
    if (config->token_key_count == SFU_TOKEN_KEYS_MAX)
        return "at most 8 token keys are held";
    const char *problem = read_path(value, config->token_keys[config->token_key_count]);
    config->token_key_count += problem == NULL;
    return problem;
}

static const char *set_tls_cert(struct sfu_config *config, struct text_slice value)
{
    return read_path(value, config->tls_cert);
}

static const char *set_tls_key(struct sfu_config *config, struct text_slice value)
{
    return read_path(value, config->tls_key);
}

static const char *set_max_sessions(struct sfu_config *config, struct text_slice value)
{
    return read_count(value, 1, 100000, &config->max_sessions);
}

static const char *set_idle_timeout(struct sfu_config *config, struct text_slice value)
{
    return read_count(value, 1, 3600, &config->idle_timeout_s);
}

static const char *set_drain(struct sfu_config *config, struct text_slice value)
{
    return read_count(value, 0, 86400, &config->drain_s);
}

static const char *set_metrics(struct sfu_config *config, struct text_slice value)
{
    static const char *const names[] = {
        [SFU_METRICS_OFF] = "off", [SFU_METRICS_LOOPBACK] = "loopback", [SFU_METRICS_ANY] = "any"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(value, names[i])) {
            config->metrics = (enum sfu_metrics_access)i;
            return NULL;
        }
    }
    return "expected off, loopback or any";
}

static const char *set_log_level(struct sfu_config *config, struct text_slice value)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(value, names[i])) {
            config->log_level = (enum log_level)i;
            return NULL;
        }
    }
    return "expected debug, info, warn or error";
}

static const char *set_audio_level(struct sfu_config *config, struct text_slice value)
{
    return read_flag(value, &config->audio_level);
}

static const char *set_port_file(struct sfu_config *config, struct text_slice value)
{
    return read_path(value, config->port_file);
}

static const char *set_ready_fd(struct sfu_config *config, struct text_slice value)
{
    uint64_t number;
    if (!text_number(value, 1023, &number))
        return "expected the number of an open file";
    config->ready_fd = (int)number;
    return NULL;
}

static const char *set_dev(struct sfu_config *config, struct text_slice value)
{
    (void)value;
    config->dev = true;
    return NULL;
}

static const char *set_check(struct sfu_config *config, struct text_slice value)
{
    (void)value;
    config->check_only = true;
    return NULL;
}

static const char *set_help(struct sfu_config *config, struct text_slice value)
{
    (void)value;
    config->show_help = true;
    return NULL;
}

static const char *set_version(struct sfu_config *config, struct text_slice value)
{
    (void)value;
    config->show_version = true;
    return NULL;
}

static const struct option {
    const char *name;
    const char *argument; /* NULL: a flag without one, which a file cannot set */
    setter set;
    const char *help;
} options[] = {
    {"listen", "ADDRESS:PORT", set_listen, "HTTP: where to listen; port 0 takes a free one (127.0.0.1:7800)"},
    {"udp-address", "ADDRESS", set_udp_address, "media: address of the UDP socket (that of listen)"},
    {"udp-port", "PORT", set_udp_port, "media: the one UDP port; 0 takes a free one (7800)"},
    {"announce", "ADDRESS", set_announce,
     "media: address that clients reach it by, behind NAT or where udp-address is a\n"
     "wildcard; up to 4 times (udp-address)"},
    {"token-key", "FILE", set_token_key,
     "PEM public key (P-256) of who issues tokens; up to 8 times; SIGHUP reads again"},
    {"tls-cert", "FILE", set_tls_cert, "PEM certificate chain: HTTPS instead of HTTP"},
    {"tls-key", "FILE", set_tls_key, "PEM private key of the certificate"},
    {"max-sessions", "N", set_max_sessions, "publishers and subscribers at once (1000)"},
    {"idle-timeout", "SECONDS", set_idle_timeout, "a session without a sign of life ends after this (30)"},
    {"drain", "SECONDS", set_drain, "how long SIGTERM lets sessions go on (5)"},
    {"metrics", "WHO", set_metrics, "who may read /metrics: off, loopback or any (loopback)"},
    {"audio-level", "yes|no", set_audio_level, "let senders show how loud they are, to this server too (no)"},
    {"log-level", "LEVEL", set_log_level, "debug, info, warn or error (info)"},
    {"port-file", "FILE", set_port_file, "write the ports in use there once it is ready"},
    {"ready-fd", "N", set_ready_fd, "write the ports in use to this open file once it is ready, and close it"},
    {"dev", NULL, set_dev, "no tokens; serves this machine only"},
    {"check-config", NULL, set_check, "read the configuration, say what is wrong with it, exit"},
    {"version", NULL, set_version, "show version and build id, exit"},
    {"help", NULL, set_help, "show this, exit"},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static const struct option *find_option(struct text_slice name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (text_equal(name, options[i].name))
            return &options[i];
    return NULL;
}

bool sfu_config_read(struct sfu_config *config, const char *name, const char *text, size_t len,
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
        const struct option *option = find_option(key);
        const char *wrong = NULL;
        if (!pair)
            wrong = "expected name = value";
        else if (!option || !option->argument)
            wrong = "there is no such setting";
        else
            wrong = option->set(config, text_trim(value));
        if (wrong) {
            int shown = key.len > 64 ? 64 : (int)key.len;
            snprintf(problem, CONFIG_PROBLEM_MAX, "%.256s:%u: %.*s: %s", name, number, shown, key.data, wrong);
            return false;
        }
    }
    return true;
}

static bool read_file(struct sfu_config *config, const char *path, char problem[CONFIG_PROBLEM_MAX])
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
    ok = sfu_config_read(config, path, text, len, problem);
out:
    free(text);
    if (file)
        fclose(file);
    return ok;
}

/* Takes one flag and its value off the arguments. config_pass: only --config counts; otherwise everything else. */
static bool take_argument(struct sfu_config *config, char **argv, int *at, bool config_pass,
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
    const struct option *option = find_option(name);
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
        return !config_pass || read_file(config, value.data, problem);
    const char *wrong = config_pass ? NULL : option->set(config, value);
    if (wrong)
        snprintf(problem, CONFIG_PROBLEM_MAX, "--%s: %s", option->name, wrong);
    return !wrong;
}

bool sfu_config_arguments(struct sfu_config *config, int argc, char **argv, char problem[CONFIG_PROBLEM_MAX])
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 1; i < argc; i++)
            if (!take_argument(config, argv, &i, pass == 0, problem))
                return false;
    }
    return true;
}

static bool complain(char problem[CONFIG_PROBLEM_MAX], const char *text)
{
    snprintf(problem, CONFIG_PROBLEM_MAX, "%s", text);
    return false;
}

bool sfu_config_complete(struct sfu_config *config, char problem[CONFIG_PROBLEM_MAX])
{
    if (config->udp_address[0] == 0)
        memcpy(config->udp_address, config->listen_address, sizeof(config->udp_address));
    if (config->dev &&
        (!sfu_address_is_loopback(config->listen_address) || !sfu_address_is_loopback(config->udp_address)))
        return complain(problem, "--dev serves without tokens, so listen and udp-address must be loopback addresses");
    if (config->announce_count == 0) {
        if (sfu_address_is_wildcard(config->udp_address))
            return complain(problem, "announce is missing: udp-address is a wildcard, which no client can reach");
        memcpy(config->announce[0], config->udp_address, sizeof(config->announce[0]));
        config->announce_count = 1;
    }
    if ((config->tls_cert[0] == 0) != (config->tls_key[0] == 0))
        return complain(problem, "tls-cert and tls-key belong together");
    if (!config->dev && config->token_key_count == 0)
        return complain(problem, "token-key is missing: nobody could join (for a try on this machine: --dev)");
    return true;
}

void sfu_config_help(FILE *out)
{
    fprintf(out, "usage: sotto-sfu [--config FILE] [--name value]...\n\n"
                 "Forwards end-to-end encrypted calls that it cannot read: WHIP to publish, WHEP to subscribe.\n\n"
                 "to try it on this machine:\n"
                 "  sotto-sfu --dev\n"
                 "to serve others (docs/operators.md):\n"
                 "  sotto-sfu --listen 0.0.0.0:443 --announce 203.0.113.5 --tls-cert chain.pem --tls-key key.pem \\\n"
                 "            --token-key issuer.pem\n\n"
                 "A config file holds the same names as lines of `name = value`; flags win over it.\n\n"
                 "  --config FILE\n        read this file first\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        fprintf(out, "  --%s %s\n        ", options[i].name, options[i].argument ? options[i].argument : "");
        for (const char *c = options[i].help; *c; c++) {
            fputc(*c, out);
            if (*c == '\n')
                fputs("        ", out);
        }
        fputc('\n', out);
    }
}
