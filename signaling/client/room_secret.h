/* The room's numbered secret, and what comes from it: the PSK of external commits, and the key of the boxes in which
 * everything travels. Who runs the delivery service has neither. */
#ifndef CALL_ROOM_SECRET_H
#define CALL_ROOM_SECRET_H

#include <string.h>

#include "core/provider.h"
#include "core/xchacha.h"
#include "sotto/call.h"
#include "sotto/mls.h"

enum { CALL_PSK_LEN = 32, CALL_PSK_ID_LEN = 20 };

/* Secret: wipe it. */
struct call_room {
    char name[CALL_ROOM_MAX + 1];
    uint32_t number;
    uint8_t secret[CALL_SECRET_LEN];
    uint8_t psk[CALL_PSK_LEN];
    uint8_t seal_key[CORE_XCHACHA_KEY_LEN];
};

/* CALL_INVALID for a name that no room has, CALL_CRYPTO. */
SOTTO_MUST_CHECK int call_room_init(struct call_room *room, const char *name, uint32_t number,
                                    const uint8_t secret[CALL_SECRET_LEN]);
void call_room_wipe(struct call_room *room);
static inline struct core_slice call_room_name(const struct call_room *room)
{
    return (struct core_slice){(const uint8_t *)room->name, strnlen(room->name, CALL_ROOM_MAX)};
}

/* The id of the PSK of a number: "sotto room psk" and version 1, then the number. */
void call_psk_id(uint32_t number, uint8_t out[CALL_PSK_ID_LEN]);

/* The context under which MLS-Exporter, with label CALL_NEXT_SECRET_LABEL, gives the secret of a number in the epoch
 * that a rotation begins. */
#define CALL_NEXT_SECRET_LABEL "sotto room secret"
enum { CALL_NEXT_SECRET_CONTEXT_LEN = 4 };
void call_next_secret_context(uint32_t number, uint8_t out[CALL_NEXT_SECRET_CONTEXT_LEN]);

#endif
