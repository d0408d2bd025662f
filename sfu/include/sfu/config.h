/* What the operator sets: a file of `name = value` lines, and flags of the same names, which win over the file. */
#ifndef SFU_CONFIG_H
#define SFU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sfu/log.h"
#include "sfu/offer.h"
#include "sfu/token.h"
#include "sfu/whip.h"
#include "sotto/export.h"

enum {
    CONFIG_PATH_MAX = 1024,
    CONFIG_ADDRESS_MAX = 64,
    CONFIG_PROBLEM_MAX = 512,
};

struct sfu_config {
    char listen_address[CONFIG_ADDRESS_MAX]; /* HTTP; numeric */
    uint16_t listen_port;                    /* 0: any */
    char udp_address[CONFIG_ADDRESS_MAX];    /* media; numeric */
    uint16_t udp_port;                       /* 0: any */
    char announce[SFU_ANNOUNCE_MAX][CONFIG_ADDRESS_MAX];
    size_t announce_count;
    char token_keys[SFU_TOKEN_KEYS_MAX][CONFIG_PATH_MAX];
    size_t token_key_count;
    char tls_cert[CONFIG_PATH_MAX]; /* empty: plain HTTP */
    char tls_key[CONFIG_PATH_MAX];
    char port_file[CONFIG_PATH_MAX]; /* empty: none */
    uint32_t max_sessions;
    uint32_t idle_timeout_s;
    uint32_t drain_s;
    enum sfu_metrics_access metrics;
    enum log_level log_level;
    bool audio_level;
    bool dev;
    int ready_fd; /* -1: none */
    /* what to do, not how */
    bool check_only;
    bool show_help;
    bool show_version;
};

void sfu_config_init(struct sfu_config *config);

/* Reads a file's text; name is for the messages. True if all of it is well; otherwise problem says what is not and in
 * which line, as NAME:LINE: TEXT. */
SOTTO_MUST_CHECK bool sfu_config_read(struct sfu_config *config, const char *name, const char *text, size_t len,
                                      char problem[CONFIG_PROBLEM_MAX]);
/* The same for main's arguments: --name value, --name=value, and --config FILE, which is read before the others. */
SOTTO_MUST_CHECK bool sfu_config_arguments(struct sfu_config *config, int argc, char **argv,
                                           char problem[CONFIG_PROBLEM_MAX]);
/* Fills in what follows from the rest and checks what must fit together. */
SOTTO_MUST_CHECK bool sfu_config_complete(struct sfu_config *config, char problem[CONFIG_PROBLEM_MAX]);

/* Whether a numeric address is of this machine alone, or stands for all of its addresses. */
bool sfu_address_is_loopback(const char *address);
bool sfu_address_is_wildcard(const char *address);

void sfu_config_help(FILE *out);

#endif
