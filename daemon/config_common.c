/* The settings that every daemon has. */
#include "daemon/config.h"

void config_common_init(struct config_common *common, uint16_t port)
{
    *common = (struct config_common){
        .listen_address = "127.0.0.1",
        .listen_port = port,
        .metrics = CONFIG_METRICS_LOOPBACK,
        .log_level = LOG_LEVEL_INFO,
        .ready_fd = -1,
    };
}

static const char *set_token_key(void *settings, struct text_slice value)
{
    struct config_common *common = settings;
    if (common->token_key_count == TOKEN_KEYS_MAX)
        return "at most 8 token keys are held";
    const char *problem = config_read_path(value, common->token_keys[common->token_key_count]);
    common->token_key_count += problem == NULL;
    return problem;
}

static const char *set_tls_cert(void *settings, struct text_slice value)
{
    return config_read_path(value, ((struct config_common *)settings)->tls_cert);
}

static const char *set_tls_key(void *settings, struct text_slice value)
{
    return config_read_path(value, ((struct config_common *)settings)->tls_key);
}

static const char *set_metrics(void *settings, struct text_slice value)
{
    static const char *const names[] = {
        [CONFIG_METRICS_OFF] = "off", [CONFIG_METRICS_LOOPBACK] = "loopback", [CONFIG_METRICS_ANY] = "any"};
    struct config_common *common = settings;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(value, names[i])) {
            common->metrics = (enum config_metrics)i;
            return NULL;
        }
    }
    return "expected off, loopback or any";
}

static const char *set_log_level(void *settings, struct text_slice value)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct config_common *common = settings;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(value, names[i])) {
            common->log_level = (enum log_level)i;
            return NULL;
        }
    }
    return "expected debug, info, warn or error";
}

static const char *set_port_file(void *settings, struct text_slice value)
{
    return config_read_path(value, ((struct config_common *)settings)->port_file);
}

static const char *set_ready_fd(void *settings, struct text_slice value)
{
    struct config_common *common = settings;
    uint64_t number;
    if (!text_number(value, 1023, &number))
        return "expected the number of an open file";
    common->ready_fd = (int)number;
    return NULL;
}

static const char *set_dev(void *settings, struct text_slice value)
{
    (void)value;
    ((struct config_common *)settings)->dev = true;
    return NULL;
}

static const char *set_check(void *settings, struct text_slice value)
{
    (void)value;
    ((struct config_common *)settings)->check_only = true;
    return NULL;
}

static const char *set_help(void *settings, struct text_slice value)
{
    (void)value;
    ((struct config_common *)settings)->show_help = true;
    return NULL;
}

static const char *set_version(void *settings, struct text_slice value)
{
    (void)value;
    ((struct config_common *)settings)->show_version = true;
    return NULL;
}

const struct config_option config_common_options[CONFIG_COMMON_COUNT] = {
    {"token-key", "FILE", set_token_key,
     "PEM public key (P-256) of who issues tokens; up to 8 times; SIGHUP reads again"},
    {"tls-cert", "FILE", set_tls_cert, "PEM certificate chain: HTTPS instead of HTTP"},
    {"tls-key", "FILE", set_tls_key, "PEM private key of the certificate"},
    {"metrics", "WHO", set_metrics, "who may read /metrics: off, loopback or any (loopback)"},
    {"log-level", "LEVEL", set_log_level, "debug, info, warn or error (info)"},
    {"port-file", "FILE", set_port_file, "write the ports in use there once it is ready"},
    {"ready-fd", "N", set_ready_fd, "write the ports in use to this open file once it is ready, and close it"},
    {"dev", NULL, set_dev, "for trying: needs no token, and serves this machine only"},
    {"check-config", NULL, set_check, "read the configuration, say what is wrong with it, exit"},
    {"version", NULL, set_version, "show version and build id, exit"},
    {"help", NULL, set_help, "show this, exit"},
};

bool config_common_complete(const struct config_common *common, char problem[CONFIG_PROBLEM_MAX])
{
    if (common->dev && !config_address_is_loopback(common->listen_address))
        return config_complain(problem, "--dev needs no token, so listen must be a loopback address");
    if ((common->tls_cert[0] == 0) != (common->tls_key[0] == 0))
        return config_complain(problem, "tls-cert and tls-key belong together");
    if (!common->dev && common->token_key_count == 0)
        return config_complain(problem, "token-key is missing: nobody could join (for a try on this machine: --dev)");
    return true;
}
