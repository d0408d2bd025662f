/* What the operator of sotto-sfu sets: what every daemon has (daemon/config.h), and what only this one does. */
#ifndef SFU_CONFIG_H
#define SFU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/config.h"
#include "sfu/offer.h"
#include "sotto/export.h"

struct sfu_config {
    struct config_common common;
    char udp_address[CONFIG_ADDRESS_MAX]; /* media; numeric */
    uint16_t udp_port;                    /* 0: any */
    char announce[SFU_ANNOUNCE_MAX][CONFIG_ADDRESS_MAX];
    size_t announce_count;
    uint32_t max_sessions;
    uint32_t idle_timeout_s;
    uint32_t drain_s;
    bool audio_level;
};

void sfu_config_init(struct sfu_config *config);

/* config_read, config_arguments and config_help over the settings of sotto-sfu. */
SOTTO_MUST_CHECK bool sfu_config_read(struct sfu_config *config, const char *name, const char *text, size_t len,
                                      char problem[CONFIG_PROBLEM_MAX]);
SOTTO_MUST_CHECK bool sfu_config_arguments(struct sfu_config *config, int argc, char **argv,
                                           char problem[CONFIG_PROBLEM_MAX]);
void sfu_config_help(FILE *out);
/* Fills in what follows from the rest and checks what must fit together. */
SOTTO_MUST_CHECK bool sfu_config_complete(struct sfu_config *config, char problem[CONFIG_PROBLEM_MAX]);

#endif
