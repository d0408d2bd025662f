/* The daemon's log: one line of logfmt per event on standard error. Never a payload, key, token or ICE password, and of
 * a session's id only the first characters: the whole id is what lets one end the session. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Lines below this level are dropped. Set once, before threads start. */
void log_set_level(enum log_level level);

/* Writes `ts=... level=... event=EVENT name=value ...`: pairs of strings after the event, NULL at the end. A value is
 * quoted and escaped where it must be; NULL as a value is an empty one. Safe from any thread. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* A number as text, for log_event; the buffer lives as long as the expression's block. */
struct log_number {
    char text[24];
};
struct log_number log_number(uint64_t value);

#endif
