/* What an operator sets: a file of `name = value` lines, and flags of the same names, which win over the file.
 *
 * A daemon describes its settings as groups of rows: its own, and those that every daemon has (config_common_options).
 * Reading, --config, --help and messages follow from the rows. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/log.h"
#include "daemon/text.h"
#include "daemon/token.h"
#include "sotto/export.h"

enum {
    CONFIG_PATH_MAX = 1024,
    CONFIG_ADDRESS_MAX = 64,
    CONFIG_PROBLEM_MAX = 512,
    CONFIG_FILE_MAX = 64 * 1024,
};

/* Sets one option in its group's settings; returns NULL, or what is wrong with the value (a constant). A flag without
 * an argument is given an empty value. */
typedef const char *(*config_setter)(void *settings, struct text_slice value);

struct config_option {
    const char *name;
    const char *argument; /* NULL: a flag without one, which a file cannot set */
    config_setter set;
    const char *help; /* lines after the first are indented like it */
};

struct config_group {
    const struct config_option *options;
    size_t count;
    void *settings; /* what the setters are given; NULL if only help is wanted */
};

struct config_program {
    const char *name;
    const char *intro; /* --help: what the program does and how to begin with it; whole lines */
    const struct config_group *groups;
    size_t group_count;
};

/* Reads a file's text; name is for the messages. True if all of it is well; otherwise problem says what is not and in
 * which line, as NAME:LINE: TEXT. */
SOTTO_MUST_CHECK bool config_read(const struct config_program *program, const char *name, const char *text, size_t len,
                                  char problem[CONFIG_PROBLEM_MAX]);
/* The same for main's arguments: --name value, --name=value, and --config FILE, which is read before the others. */
SOTTO_MUST_CHECK bool config_arguments(const struct config_program *program, int argc, char **argv,
                                       char problem[CONFIG_PROBLEM_MAX]);
void config_help(const struct config_program *program, FILE *out);
/* Copies a sentence into problem; false, for `return config_complain(...)`. */
bool config_complain(char problem[CONFIG_PROBLEM_MAX], const char *text);

/* Values. Each writes out on success only and returns what a setter returns. */

/* A numeric IPv4 or IPv6 address. */
const char *config_read_address(struct text_slice value, char out[CONFIG_ADDRESS_MAX]);
const char *config_read_port(struct text_slice value, uint16_t *out);
/* ADDRESS:PORT, an IPv6 address in brackets. */
const char *config_read_endpoint(struct text_slice value, char address[CONFIG_ADDRESS_MAX], uint16_t *port);
const char *config_read_count(struct text_slice value, uint64_t min, uint64_t max, uint32_t *out);
/* yes or no */
const char *config_read_flag(struct text_slice value, bool *out);
const char *config_read_path(struct text_slice value, char out[CONFIG_PATH_MAX]);

/* Whether a numeric address is of this machine alone, or stands for all of its addresses. */
bool config_address_is_loopback(const char *address);
bool config_address_is_wildcard(const char *address);

/* Who may read /metrics. */
enum config_metrics { CONFIG_METRICS_OFF, CONFIG_METRICS_LOOPBACK, CONFIG_METRICS_ANY };

/* What every daemon has. listen and its defaults stand in the daemon's own rows. */
struct config_common {
    char listen_address[CONFIG_ADDRESS_MAX]; /* HTTP; numeric */
    uint16_t listen_port;                    /* 0: any */
    char token_keys[TOKEN_KEYS_MAX][CONFIG_PATH_MAX];
    size_t token_key_count;
    char tls_cert[CONFIG_PATH_MAX]; /* empty: plain HTTP */
    char tls_key[CONFIG_PATH_MAX];
    char port_file[CONFIG_PATH_MAX]; /* empty: none */
    enum config_metrics metrics;
    enum log_level log_level;
    bool dev;
    int ready_fd; /* -1: none */
    /* what to do, not how */
    bool check_only;
    bool show_help;
    bool show_version;
};

/* The rows over a struct config_common. */
enum { CONFIG_COMMON_COUNT = 11 };
extern const struct config_option config_common_options[CONFIG_COMMON_COUNT];

/* Loopback, at that port; nothing else set. */
void config_common_init(struct config_common *common, uint16_t port);
/* Checks what must fit together. */
SOTTO_MUST_CHECK bool config_common_complete(const struct config_common *common, char problem[CONFIG_PROBLEM_MAX]);

#endif
