/* What the operator of the delivery service sets. */
#ifndef DS_CONFIG_H
#define DS_CONFIG_H

#include "daemon/config.h"
#include "ds/hub.h"

struct ds_config {
    struct config_common common;
    char database[CONFIG_PATH_MAX]; /* empty: in memory (dev) */
    uint32_t connections;
    uint32_t drain_s;
    struct ds_limits limits;
};

void ds_config_init(struct ds_config *config);
/* As config_read(), config_arguments() and config_help(), over this daemon's rows. */
SOTTO_MUST_CHECK bool ds_config_read(struct ds_config *config, const char *name, const char *text, size_t len,
                                     char problem[CONFIG_PROBLEM_MAX]);
SOTTO_MUST_CHECK bool ds_config_arguments(struct ds_config *config, int argc, char **argv,
                                          char problem[CONFIG_PROBLEM_MAX]);
void ds_config_help(FILE *out);
/* Checks what must fit together. */
SOTTO_MUST_CHECK bool ds_config_complete(const struct ds_config *config, char problem[CONFIG_PROBLEM_MAX]);

#endif
