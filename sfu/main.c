/* sotto-sfu: the blind selective forwarding unit. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/version.h"
#include "sfu/config.h"
#include "sfu/dtls.h"
#include "sfu/http.h"
#include "sfu/whip.h"
#include "sfu/worker.h"

enum { EXIT_USAGE = 2 };

struct daemon {
    struct sfu_config config;
    struct dev_issuer *dev; /* with --dev */
    struct sfu_certificate *certificate;
    char fingerprint[SFU_FINGERPRINT_LEN * 3];
    struct sfu_worker *worker;
    struct sfu_whip *whip;
    struct http_server *http;
};

/* The issuers' keys, and with --dev this server's own; false with the reason in problem. */
static bool load_keys(const struct daemon *daemon, struct token_keys *keys, char problem[CONFIG_PROBLEM_MAX])
{
    if (!daemon_load_token_keys(&daemon->config.common, keys, problem))
        return false;
    int error = daemon->dev ? dev_issuer_add_key(daemon->dev, keys) : TOKEN_OK;
    if (error) {
        token_keys_wipe(keys);
        return config_complain(problem, token_error_text(error));
    }
    return true;
}

/* SIGHUP: all of the files or none. */
static void reload_token_keys(struct daemon *daemon)
{
    struct token_keys keys;
    char problem[CONFIG_PROBLEM_MAX];
    if (!load_keys(daemon, &keys, problem)) {
        log_event(LOG_LEVEL_WARN, "token_keys_kept", "reason", problem, NULL);
        return;
    }
    log_event(LOG_LEVEL_INFO, "token_keys_loaded", "count", log_number(keys.count).text, NULL);
    sfu_whip_set_keys(daemon->whip, &keys);
}

static void write_fingerprint(struct daemon *daemon)
{
    uint8_t hash[SFU_FINGERPRINT_LEN];
    struct text_writer w;
    sfu_certificate_fingerprint(daemon->certificate, hash);
    text_writer_init(&w, daemon->fingerprint, sizeof(daemon->fingerprint));
    for (size_t i = 0; i < sizeof(hash); i++)
        text_printf(&w, "%s%02X", i > 0 ? ":" : "", hash[i]);
}

static bool start(struct daemon *daemon)
{
    const struct sfu_config *config = &daemon->config;
    struct token_keys keys;
    char problem[CONFIG_PROBLEM_MAX];
    if (config->common.dev && !(daemon->dev = dev_issuer_new())) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "no key for --dev could be made", NULL);
        return false;
    }
    if (!daemon_check_tls_files(&config->common, problem) || !daemon_check_listen(&config->common, problem) ||
        !load_keys(daemon, &keys, problem)) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", problem, NULL);
        return false;
    }
    daemon->certificate = sfu_certificate_new();
    if (!daemon->certificate) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "no DTLS certificate could be made", NULL);
        token_keys_wipe(&keys);
        return false;
    }
    write_fingerprint(daemon);
    struct sfu_whip_config whip_config = {
        .max_sessions = config->max_sessions,
        .dev = daemon->dev,
        .audio_level = config->audio_level,
        .metrics = config->common.metrics,
        .answer = {.address_count = config->announce_count, .fingerprint = daemon->fingerprint},
    };
    for (size_t i = 0; i < config->announce_count; i++)
        whip_config.answer.addresses[i] = config->announce[i];
    daemon->whip = sfu_whip_new(&whip_config);
    if (!daemon->whip) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "out of memory", NULL);
        token_keys_wipe(&keys);
        return false;
    }
    sfu_whip_set_keys(daemon->whip, &keys);
    const struct sfu_worker_config worker_config = {
        .bind_address = config->udp_address,
        .port = config->udp_port,
        .certificate = daemon->certificate,
        .max_sessions = config->max_sessions,
        .idle_timeout_us = (uint64_t)config->idle_timeout_s * 1000000,
        .session_ended = sfu_whip_session_ended,
        .user = daemon->whip,
    };
    daemon->worker = sfu_worker_open(&worker_config);
    if (!daemon->worker) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", strerror(errno), "udp", config->udp_address, NULL);
        return false;
    }
    sfu_whip_use_worker(daemon->whip, daemon->worker);
    const struct http_config http_config = {
        .address = config->common.listen_address,
        .port = config->common.listen_port,
        .tls_cert = config->common.tls_cert[0] ? config->common.tls_cert : NULL,
        .tls_key = config->common.tls_key[0] ? config->common.tls_key : NULL,
        .handler = {.handle = sfu_whip_handle, .tick = sfu_whip_tick, .user = daemon->whip},
    };
    daemon->http = http_server_open(&http_config);
    if (!daemon->http)
        daemon_tell_not_opened(&config->common);
    return daemon->http != NULL;
}

static void stop(struct daemon *daemon)
{
    http_server_close(daemon->http);
    if (daemon->worker)
        sfu_worker_close(daemon->worker);
    sfu_whip_free(daemon->whip);
    sfu_certificate_free(daemon->certificate);
    dev_issuer_free(daemon->dev);
}

/* Says where it listens, to whoever started it: in the log, in --port-file, on --ready-fd. */
static bool announce_ready(const struct daemon *daemon)
{
    const struct sfu_config *config = &daemon->config;
    char http[CONFIG_ADDRESS_MAX + 16];
    char udp[CONFIG_ADDRESS_MAX + 16];
    char line[2 * CONFIG_ADDRESS_MAX + 64];
    daemon_write_endpoint(http, sizeof(http), config->common.listen_address, http_server_port(daemon->http));
    daemon_write_endpoint(udp, sizeof(udp), config->udp_address, sfu_worker_port(daemon->worker));
    log_event(LOG_LEVEL_INFO, "listening", "http", http, "udp", udp, "tls", config->common.tls_cert[0] ? "yes" : "no",
              "build", daemon_build_id(), NULL);
    snprintf(line, sizeof(line), "http=%s udp=%s\n", http, udp);
    return daemon_announce_ready(&config->common, line);
}

/* Until no session is left, the time is up, or somebody insists. */
static void drain(struct daemon *daemon, const sigset_t *signals)
{
    sfu_whip_drain(daemon->whip);
    log_event(LOG_LEVEL_INFO, "draining", "sessions", log_number(sfu_whip_session_count(daemon->whip)).text, "seconds",
              log_number(daemon->config.drain_s).text, NULL);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + (time_t)daemon->config.drain_s;
    while (sfu_whip_session_count(daemon->whip) > 0 && now.tv_sec < end) {
        const struct timespec step = {.tv_nsec = 100000000};
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
        if (received == SIGHUP) {
            reload_token_keys(daemon);
        } else {
            drain(daemon, signals);
            return;
        }
    }
}

int main(int argc, char **argv)
{
    struct daemon daemon = {.worker = NULL};
    char problem[CONFIG_PROBLEM_MAX];
    struct token_keys keys;
    sigset_t signals;
    sfu_config_init(&daemon.config);
    if (!sfu_config_arguments(&daemon.config, argc, argv, problem)) {
        fprintf(stderr, "sotto-sfu: %s\n", problem);
        return EXIT_USAGE;
    }
    if (daemon.config.common.show_help) {
        sfu_config_help(stdout);
        return EXIT_SUCCESS;
    }
    if (daemon.config.common.show_version) {
        printf("sotto-sfu %s build %s\n", daemon_version(), daemon_build_id());
        return EXIT_SUCCESS;
    }
    if (!sfu_config_complete(&daemon.config, problem)) {
        fprintf(stderr, "sotto-sfu: %s\n", problem);
        return EXIT_USAGE;
    }
    log_set_level(daemon.config.common.log_level);
    if (daemon.config.common.check_only) {
        if (!daemon_check_tls_files(&daemon.config.common, problem) ||
            !daemon_load_token_keys(&daemon.config.common, &keys, problem)) {
            fprintf(stderr, "sotto-sfu: %s\n", problem);
            return EXIT_USAGE;
        }
        token_keys_wipe(&keys);
        printf("the configuration is well\n");
        return EXIT_SUCCESS;
    }
    if (!daemon_forbid_core_dumps()) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "core dumps cannot be forbidden", NULL);
        return EXIT_FAILURE;
    }
    daemon_block_signals(&signals);
    daemon_warn_of_dangers("sotto-sfu", &daemon.config.common);
    bool ok = start(&daemon) && announce_ready(&daemon);
    if (ok)
        serve(&daemon, &signals);
    stop(&daemon);
    log_event(LOG_LEVEL_INFO, "stopped", NULL);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
