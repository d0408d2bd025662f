/* sotto-ds: the delivery service. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/version.h"
#include "ds/auth.h"
#include "ds/config.h"
#include "ds/server.h"

enum { EXIT_USAGE = 2, FILES_BESIDES = 128 };

struct daemon {
    struct ds_config config;
    struct token_issuers issuers;
    struct ds_store *store;
    struct ds_server *server;
};

/* SIGHUP: all of the files or none. */
static void reload_token_keys(struct daemon *daemon)
{
    struct token_keys keys;
    char problem[CONFIG_PROBLEM_MAX];
    if (!daemon_load_token_keys(&daemon->config.common, &keys, problem)) {
        log_event(LOG_LEVEL_WARN, "token_keys_kept", "reason", problem, NULL);
        return;
    }
    log_event(LOG_LEVEL_INFO, "token_keys_loaded", "count", log_number(keys.count).text, NULL);
    token_issuers_set(&daemon->issuers, &keys);
}

/* As many connections as are set need as many files; fewer are served with fewer. */
static void raise_file_limit(struct ds_config *config)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = config->connections + FILES_BESIDES;
    if (files.rlim_cur > files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        config->connections = files.rlim_max > 2 * FILES_BESIDES ? (uint32_t)files.rlim_max - FILES_BESIDES : 1;
        log_event(LOG_LEVEL_WARN, "fewer_connections", "reason", "the limit of open files is lower", "connections",
                  log_number(config->connections).text, NULL);
    }
    setrlimit(RLIMIT_NOFILE, &files);
}

static bool start(struct daemon *daemon)
{
    struct ds_config *config = &daemon->config;
    char problem[CONFIG_PROBLEM_MAX];
    char store_problem[DS_STORE_PROBLEM_MAX];
    struct token_keys keys;
    if (!daemon_check_tls_files(&config->common, problem) || !daemon_check_listen(&config->common, problem) ||
        !daemon_load_token_keys(&config->common, &keys, problem)) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", problem, NULL);
        return false;
    }
    token_issuers_set(&daemon->issuers, &keys);
    daemon->store = ds_store_open(config->database[0] ? config->database : NULL, store_problem);
    if (!daemon->store) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", store_problem, "database", config->database, NULL);
        return false;
    }
    raise_file_limit(config);
    const struct ds_server_config server_config = {
        .address = config->common.listen_address,
        .port = config->common.listen_port,
        .tls_cert = config->common.tls_cert[0] ? config->common.tls_cert : NULL,
        .tls_key = config->common.tls_key[0] ? config->common.tls_key : NULL,
        .connections = config->connections,
        .metrics_off = config->common.metrics == CONFIG_METRICS_OFF,
        .metrics_any = config->common.metrics == CONFIG_METRICS_ANY,
        .hub = {.store = daemon->store,
                .limits = config->limits,
                .dev = config->common.dev,
                .check_token = ds_auth_check,
                .user = &daemon->issuers},
    };
    daemon->server = ds_server_open(&server_config);
    if (!daemon->server)
        daemon_tell_not_opened(&config->common);
    return daemon->server != NULL;
}

static void stop(struct daemon *daemon)
{
    ds_server_close(daemon->server);
    ds_store_close(daemon->store);
    token_issuers_wipe(&daemon->issuers);
}

/* Says where it listens, to whoever started it: in the log, in --port-file, on --ready-fd. */
static bool announce_ready(const struct daemon *daemon)
{
    const struct config_common *common = &daemon->config.common;
    char http[CONFIG_ADDRESS_MAX + 16];
    char line[CONFIG_ADDRESS_MAX + 32];
    daemon_write_endpoint(http, sizeof(http), common->listen_address, ds_server_port(daemon->server));
    log_event(LOG_LEVEL_INFO, "listening", "http", http, "tls", common->tls_cert[0] ? "yes" : "no", "database",
              daemon->config.database[0] ? "file" : "memory", "build", daemon_build_id(), NULL);
    snprintf(line, sizeof(line), "http=%s\n", http);
    return daemon_announce_ready(common, line);
}

/* Until nobody is left, the time is up, or somebody insists. */
static void drain(struct daemon *daemon, const sigset_t *signals)
{
    struct timespec now;
    log_event(LOG_LEVEL_INFO, "draining", "connections", log_number(ds_server_connections(daemon->server)).text,
              "seconds", log_number(daemon->config.drain_s).text, NULL);
    ds_server_drain(daemon->server);
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + (time_t)daemon->config.drain_s;
    while (ds_server_connections(daemon->server) > 0 && now.tv_sec < end) {
        const struct timespec step = {.tv_nsec = 20000000};
        int received = sigtimedwait(signals, NULL, &step);
        if (received == SIGTERM || received == SIGINT)
            break;
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
}

static void serve(struct daemon *daemon, const sigset_t *signals)
{
    for (;;) {
        int received = 0;
        if (sigwait(signals, &received))
            continue;
        if (received != SIGHUP)
            break;
        reload_token_keys(daemon);
    }
    drain(daemon, signals);
}

/* --check-config: everything is read, nothing is changed. */
static int check(const struct ds_config *config)
{
    char problem[CONFIG_PROBLEM_MAX];
    struct token_keys keys;
    if (!daemon_check_tls_files(&config->common, problem) || !daemon_load_token_keys(&config->common, &keys, problem)) {
        fprintf(stderr, "sotto-ds: %s\n", problem);
        return EXIT_USAGE;
    }
    token_keys_wipe(&keys);
    printf("the configuration is well\n");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct daemon daemon = {.store = NULL};
    char problem[CONFIG_PROBLEM_MAX];
    sigset_t signals;
    ds_config_init(&daemon.config);
    if (!ds_config_arguments(&daemon.config, argc, argv, problem)) {
        fprintf(stderr, "sotto-ds: %s\n", problem);
        return EXIT_USAGE;
    }
    if (daemon.config.common.show_help) {
        ds_config_help(stdout);
        return EXIT_SUCCESS;
    }
    if (daemon.config.common.show_version) {
        printf("sotto-ds %s build %s\n", daemon_version(), daemon_build_id());
        return EXIT_SUCCESS;
    }
    if (!ds_config_complete(&daemon.config, problem)) {
        fprintf(stderr, "sotto-ds: %s\n", problem);
        return EXIT_USAGE;
    }
    log_set_level(daemon.config.common.log_level);
    if (daemon.config.common.check_only)
        return check(&daemon.config);
    if (!daemon_forbid_core_dumps()) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "core dumps cannot be forbidden", NULL);
        return EXIT_FAILURE;
    }
    daemon_block_signals(&signals);
    daemon_warn_of_dangers("sotto-ds", &daemon.config.common);
    token_issuers_init(&daemon.issuers);
    bool ok = start(&daemon) && announce_ready(&daemon);
    if (ok)
        serve(&daemon, &signals);
    stop(&daemon);
    log_event(LOG_LEVEL_INFO, "stopped", NULL);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
