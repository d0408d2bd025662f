/* sotto-sfu: the blind selective forwarding unit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sfu/config.h"
#include "sfu/dtls.h"
#include "sfu/http.h"
#include "sfu/log.h"
#include "sfu/version.h"
#include "sfu/whip.h"
#include "sfu/worker.h"

enum { EXIT_USAGE = 2 };

struct daemon {
    struct sfu_config config;
    struct sfu_certificate *certificate;
    char fingerprint[SFU_FINGERPRINT_LEN * 3];
    struct sfu_worker *worker;
    struct sfu_whip *whip;
    struct http_server *http;
};

/* A core dump would hold SRTP keys, which open a hop. They are no media keys: those never come here. */
static bool forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool load_token_keys(const struct sfu_config *config, struct sfu_token_keys *keys)
{
    sfu_token_keys_init(keys);
    for (size_t i = 0; i < config->token_key_count; i++) {
        int error = sfu_token_keys_load(keys, config->token_keys[i]);
        if (error) {
            log_event(LOG_LEVEL_ERROR, "token_key_refused", "file", config->token_keys[i], "reason",
                      sfu_token_error_text(error), NULL);
            sfu_token_keys_wipe(keys);
            return false;
        }
    }
    return true;
}

/* SIGHUP: all of the files or none. */
static void reload_token_keys(struct daemon *daemon)
{
    struct sfu_token_keys keys;
    if (!load_token_keys(&daemon->config, &keys)) {
        log_event(LOG_LEVEL_WARN, "token_keys_kept", "reason", "a file could not be read", NULL);
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
    struct sfu_token_keys keys;
    if (!load_token_keys(config, &keys))
        return false;
    daemon->certificate = sfu_certificate_new();
    if (!daemon->certificate) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "no DTLS certificate could be made", NULL);
        sfu_token_keys_wipe(&keys);
        return false;
    }
    write_fingerprint(daemon);
    struct sfu_whip_config whip_config = {
        .max_sessions = config->max_sessions,
        .dev = config->dev,
        .audio_level = config->audio_level,
        .metrics = config->metrics,
        .answer = {.address_count = config->announce_count, .fingerprint = daemon->fingerprint},
    };
    for (size_t i = 0; i < config->announce_count; i++)
        whip_config.answer.addresses[i] = config->announce[i];
    daemon->whip = sfu_whip_new(&whip_config);
    if (!daemon->whip) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "out of memory", NULL);
        sfu_token_keys_wipe(&keys);
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
        .address = config->listen_address,
        .port = config->listen_port,
        .tls_cert = config->tls_cert[0] ? config->tls_cert : NULL,
        .tls_key = config->tls_key[0] ? config->tls_key : NULL,
        .handler = {.handle = sfu_whip_handle, .tick = sfu_whip_tick, .user = daemon->whip},
    };
    daemon->http = http_server_open(&http_config);
    if (!daemon->http) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "cannot listen for HTTP", "address",
                  config->listen_address, "port", log_number(config->listen_port).text, NULL);
    }
    return daemon->http != NULL;
}

static void stop(struct daemon *daemon)
{
    http_server_close(daemon->http);
    if (daemon->worker)
        sfu_worker_close(daemon->worker);
    sfu_whip_free(daemon->whip);
    sfu_certificate_free(daemon->certificate);
}

/* ADDRESS:PORT, an IPv6 address in brackets. */
static void write_endpoint(char *out, size_t cap, const char *address, uint16_t port)
{
    bool v6 = strchr(address, ':') != NULL;
    snprintf(out, cap, "%s%s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "", port);
}

/* Says where it listens, to whoever started it: in the log, in --port-file, on --ready-fd. */
static bool announce_ready(const struct daemon *daemon)
{
    const struct sfu_config *config = &daemon->config;
    char http[CONFIG_ADDRESS_MAX + 16];
    char udp[CONFIG_ADDRESS_MAX + 16];
    char line[2 * CONFIG_ADDRESS_MAX + 64];
    write_endpoint(http, sizeof(http), config->listen_address, http_server_port(daemon->http));
    write_endpoint(udp, sizeof(udp), config->udp_address, sfu_worker_port(daemon->worker));
    log_event(LOG_LEVEL_INFO, "listening", "http", http, "udp", udp, "tls", config->tls_cert[0] ? "yes" : "no", "build",
              sfu_build_id(), NULL);
    int len = snprintf(line, sizeof(line), "http=%s udp=%s\n", http, udp);
    if (config->port_file[0]) {
        /* under another name first, so that nobody reads half of it */
        char temporary[CONFIG_PATH_MAX + 8];
        snprintf(temporary, sizeof(temporary), "%s.new", config->port_file);
        FILE *file = fopen(temporary, "we");
        bool ok = file && fputs(line, file) >= 0;
        ok = file && fclose(file) == 0 && ok;
        if (!ok || rename(temporary, config->port_file)) {
            log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "the port file cannot be written", NULL);
            return false;
        }
    }
    if (config->ready_fd >= 0) {
        ssize_t written = write(config->ready_fd, line, (size_t)len);
        close(config->ready_fd);
        if (written != len) {
            log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "nobody reads --ready-fd", NULL);
            return false;
        }
    }
    return true;
}

static void warn_of_dangers(const struct sfu_config *config)
{
    if (config->dev) {
        bool terminal = isatty(STDERR_FILENO) == 1;
        fprintf(stderr,
                "%ssotto-sfu --dev: NO TOKENS ARE CHECKED. Everybody on this machine may join every room. "
                "Not for service.%s\n",
                terminal ? "\033[1;31m" : "", terminal ? "\033[0m" : "");
    } else if (!config->tls_cert[0] && !sfu_address_is_loopback(config->listen_address)) {
        log_event(LOG_LEVEL_WARN, "no_tls", "reason", "tokens and offers cross the network in the clear", NULL);
    }
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
    struct sfu_token_keys keys;
    sigset_t signals;
    sfu_config_init(&daemon.config);
    if (!sfu_config_arguments(&daemon.config, argc, argv, problem)) {
        fprintf(stderr, "sotto-sfu: %s\n", problem);
        return EXIT_USAGE;
    }
    if (daemon.config.show_help) {
        sfu_config_help(stdout);
        return EXIT_SUCCESS;
    }
    if (daemon.config.show_version) {
        printf("sotto-sfu %s build %s\n", sfu_version(), sfu_build_id());
        return EXIT_SUCCESS;
    }
    if (!sfu_config_complete(&daemon.config, problem)) {
        fprintf(stderr, "sotto-sfu: %s\n", problem);
        return EXIT_USAGE;
    }
    log_set_level(daemon.config.log_level);
    if (daemon.config.check_only) {
        if (!load_token_keys(&daemon.config, &keys))
            return EXIT_USAGE;
        sfu_token_keys_wipe(&keys);
        printf("the configuration is well\n");
        return EXIT_SUCCESS;
    }
    if (!forbid_core_dumps()) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "core dumps cannot be forbidden", NULL);
        return EXIT_FAILURE;
    }
    /* blocked in every thread that is started from here, so that sigwait alone takes them */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    warn_of_dangers(&daemon.config);
    bool ok = start(&daemon) && announce_ready(&daemon);
    if (ok)
        serve(&daemon, &signals);
    stop(&daemon);
    log_event(LOG_LEVEL_INFO, "stopped", NULL);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
