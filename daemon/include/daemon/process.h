/* A daemon as a process: what its main does before and after serving, the same for each of them. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <signal.h>
#include <stdbool.h>

#include "daemon/config.h"
#include "sotto/export.h"

/* No core dumps, no ptrace by the same user: memory holds tokens and what secures the hop. False if the system refuses.
 */
SOTTO_MUST_CHECK bool daemon_forbid_core_dumps(void);

/* Blocks SIGTERM, SIGINT and SIGHUP in this thread and all that it starts, so that sigwait on the set alone takes them;
 * ignores SIGPIPE. To be called before any thread starts. */
void daemon_block_signals(sigset_t *signals);

/* Reads the files of token-key, all of them or none: false with the option, the file and the reason in problem. keys
 * need no init before. */
SOTTO_MUST_CHECK bool daemon_load_token_keys(const struct config_common *common, struct token_keys *keys,
                                             char problem[CONFIG_PROBLEM_MAX]);

/* Whether the files of tls-cert and tls-key can be read; false with the option, the file and the reason in problem. */
SOTTO_MUST_CHECK bool daemon_check_tls_files(const struct config_common *common, char problem[CONFIG_PROBLEM_MAX]);

/* Whether listen can be listened at now; false with the reason in problem. libwebsockets, which will listen there,
 * takes an address that is not there (yet) or not allowed for one that it only has to wait for. */
SOTTO_MUST_CHECK bool daemon_check_listen(const struct config_common *common, char problem[CONFIG_PROBLEM_MAX]);
/* That a server could not be opened where it can listen, in the log. */
void daemon_tell_not_opened(const struct config_common *common);

/* On standard error, to whoever starts a daemon that is open to more than it should be. */
void daemon_warn_of_dangers(const char *program, const struct config_common *common);

/* ADDRESS:PORT, an IPv6 address in brackets. out[0..cap): CONFIG_ADDRESS_MAX + 16 are enough. */
void daemon_write_endpoint(char *out, size_t cap, const char *address, uint16_t port);

/* Tells whoever started it that it listens: line (with its line break) to --port-file and to --ready-fd. False if one
 * cannot be written; the log says which. */
SOTTO_MUST_CHECK bool daemon_announce_ready(const struct config_common *common, const char *line);

#endif
