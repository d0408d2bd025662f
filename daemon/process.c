#include "daemon/process.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

bool daemon_forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void daemon_block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool daemon_load_token_keys(const struct config_common *common, struct token_keys *keys,
                            char problem[CONFIG_PROBLEM_MAX])
{
    token_keys_init(keys);
    for (size_t i = 0; i < common->token_key_count; i++) {
        errno = 0;
        int error = token_keys_load(keys, common->token_keys[i]);
        if (error) {
            bool unreadable = error == TOKEN_KEY_FILE && errno != 0;
            snprintf(problem, CONFIG_PROBLEM_MAX, "token-key: %.256s: %s%s%s", common->token_keys[i],
                     token_error_text(error), unreadable ? ": " : "", unreadable ? strerror(errno) : "");
            token_keys_wipe(keys);
            return false;
        }
    }
    return true;
}

static bool check_readable(const char *option, const char *path, char problem[CONFIG_PROBLEM_MAX])
{
    if (path[0] == 0)
        return true;
    FILE *file = fopen(path, "re");
    bool ok = file && (fgetc(file) != EOF || !ferror(file)); /* a folder opens, and is not read */
    if (!ok)
        snprintf(problem, CONFIG_PROBLEM_MAX, "%s: %.256s: %s", option, path, strerror(errno));
    if (file)
        fclose(file);
    return ok;
}

bool daemon_check_tls_files(const struct config_common *common, char problem[CONFIG_PROBLEM_MAX])
{
    return check_readable("tls-cert", common->tls_cert, problem) && check_readable("tls-key", common->tls_key, problem);
}

/* An error of bind(), 0 if there is none. */
static int try_to_bind(const struct config_common *common)
{
    char port[8];
    const int on = 1;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int error = 0;
    snprintf(port, sizeof(port), "%u", common->listen_port);
    if (getaddrinfo(common->listen_address, port, &hints, &found))
        return EINVAL;
    int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 1))
        error = errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return error;
}

bool daemon_check_listen(const struct config_common *common, char problem[CONFIG_PROBLEM_MAX])
{
    char endpoint[CONFIG_ADDRESS_MAX + 16];
    const int error = try_to_bind(common);
    if (error) {
        daemon_write_endpoint(endpoint, sizeof(endpoint), common->listen_address, common->listen_port);
        snprintf(problem, CONFIG_PROBLEM_MAX, "listen: %s: %s", endpoint, strerror(error));
    }
    return error == 0;
}

void daemon_tell_not_opened(const struct config_common *common)
{
    log_event(LOG_LEVEL_ERROR, "start_failed", "reason",
              common->tls_cert[0] ? "cannot serve HTTPS: are tls-cert and tls-key a PEM certificate chain and its key?"
                                  : "cannot serve HTTP: the lines before may say why",
              NULL);
}

void daemon_warn_of_dangers(const char *program, const struct config_common *common)
{
    if (common->dev) {
        bool terminal = isatty(STDERR_FILENO) == 1;
        fprintf(stderr,
                "%s%s --dev: NO TOKEN IS NEEDED. Everybody on this machine may join every room. Not for service.%s\n",
                terminal ? "\033[1;31m" : "", program, terminal ? "\033[0m" : "");
    } else if (!common->tls_cert[0] && !config_address_is_loopback(common->listen_address)) {
        log_event(LOG_LEVEL_WARN, "no_tls", "reason", "tokens and offers cross the network in the clear", NULL);
    }
}

void daemon_write_endpoint(char *out, size_t cap, const char *address, uint16_t port)
{
    bool v6 = strchr(address, ':') != NULL;
    snprintf(out, cap, "%s%s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "", port);
}

/* Under another name first, so that nobody reads half of it. */
static bool write_port_file(const char *path, const char *line)
{
    char temporary[CONFIG_PATH_MAX + 8];
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    FILE *file = fopen(temporary, "we");
    bool ok = file && fputs(line, file) >= 0;
    ok = file && fclose(file) == 0 && ok;
    return ok && rename(temporary, path) == 0;
}

bool daemon_announce_ready(const struct config_common *common, const char *line)
{
    if (common->port_file[0] && !write_port_file(common->port_file, line)) {
        log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "the port file cannot be written", "because",
                  strerror(errno), "file", common->port_file, NULL);
        return false;
    }
    if (common->ready_fd >= 0) {
        ssize_t written = write(common->ready_fd, line, strlen(line));
        close(common->ready_fd);
        if (written != (ssize_t)strlen(line)) {
            log_event(LOG_LEVEL_ERROR, "start_failed", "reason", "nobody reads --ready-fd", NULL);
            return false;
        }
    }
    return true;
}
