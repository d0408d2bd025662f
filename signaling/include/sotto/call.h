/* A call's key state: who is in it, under which keys, decided by its members alone (docs/protocol.md, DESIGN in
 * signaling/client/README.md).
 *
 * A state machine without I/O. The caller brings a connection to a delivery service (binary messages, in order), a
 * clock, and what it wants done; out come messages, the roster, keys for SFrame, and the time of the next timeout.
 * It keeps no global state and writes no log. A call is used by one thread at a time.
 *
 *     call_new
 *     connection up, message, time passed:   call_connected, call_receive, call_advance
 *     after each of these, until it says no: call_next_event
 *     then wait until:                       call_timeout
 *
 * All errors are values of enum call_error; out parameters are written on success only. */
#ifndef SOTTO_CALL_H
#define SOTTO_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto/export.h"

SOTTO_BEGIN_DECLS

#define CALL_ERROR_MAP(X)                                                                                              \
    X(OK, 0, "success")                                                                                                \
    X(INVALID, -1, "invalid argument")                                                                                 \
    X(MEMORY, -2, "out of memory")                                                                                     \
    X(CRYPTO, -3, "the cryptographic library failed")                                                                  \
    X(SPACE, -4, "the buffer is too small")                                                                            \
    X(MALFORMED, -5, "not well-formed")                                                                                \
    X(AUTH, -6, "not sealed under this room's secret")                                                                 \
    X(NUMBER, -7, "sealed under another number of the room's secret")                                                  \
    X(TYPE, -8, "a box of another type than expected")                                                                 \
    X(CREDENTIAL, -9, "not a device certificate of this device, or an expired one")                                    \
    X(STATE, -10, "not possible now")                                                                                  \
    X(FORBIDDEN, -11, "only admins of the room may do this")                                                           \
    X(USER, -12, "no such user in the call")

enum call_error {
#define CALL_ERROR_ENUM(name, value, text) CALL_##name = value,
    CALL_ERROR_MAP(CALL_ERROR_ENUM)
#undef CALL_ERROR_ENUM
};

/* A text for an error, never NULL. */
SOTTO_API const char *call_strerror(int error);

enum {
    CALL_ROOM_MAX = 63,    /* characters of a room's name */
    CALL_HOST_MAX = 255,   /* characters of a host, its port among them */
    CALL_SECRET_LEN = 16,  /* bytes of a room's secret */
    CALL_LINK_MAX = 384,   /* characters of a link, and NUL */
    CALL_USER_ID_LEN = 32, /* as in sotto/identity.h */
    CALL_ADMINS_MAX = 32,
    CALL_NAME_MAX = 64,   /* bytes of a user's name */
    CALL_DEVICE_MAX = 32, /* bytes of a device's label */
    CALL_TEXT_MAX = 4096, /* bytes of a chat message */
    CALL_GROUP_ID_LEN = 32,
    CALL_BASE_KEY_MAX = 96,
    CALL_CODE_LEN = 32, /* bytes of what the call code is made of */
};

/* --- Links ---------------------------------------------------------------------------------------------------------*/

/* sotto://HOST/ROOM#SECRET, or https: for browsers. Whoever has it can join: it is a secret, wipe it. */
struct call_link {
    bool web; /* https: which means to trust the page's origin */
    char host[CALL_HOST_MAX + 1];
    char room[CALL_ROOM_MAX + 1];
    uint32_t number; /* how often the secret was replaced */
    uint8_t secret[CALL_SECRET_LEN];
};

/* CALL_MALFORMED */
SOTTO_MUST_CHECK SOTTO_API int call_link_parse(const char *text, struct call_link *link);
/* Writes it and a NUL to out[0..cap); CALL_LINK_MAX is always enough. CALL_SPACE. */
SOTTO_MUST_CHECK SOTTO_API int call_link_format(const struct call_link *link, char *out, size_t cap);
/* A link with a fresh secret. CALL_INVALID, CALL_CRYPTO. */
SOTTO_MUST_CHECK SOTTO_API int call_link_new(const char *host, const char *room, struct call_link *link);
/* 1 to CALL_ROOM_MAX letters, digits, "-", "_", "."; not "." or "..". */
SOTTO_API bool call_room_name_ok(const char *name);

SOTTO_END_DECLS

#endif
