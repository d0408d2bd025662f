#include "kicks.h"

#include "parts.h"

static void drop(struct call_kicks *kicks, size_t i)
{
    kicks->count--;
    memmove(&kicks->announced[i], &kicks->announced[i + 1], (kicks->count - i) * sizeof kicks->announced[0]);
}

bool call_kicks_name(const struct call *call, const uint8_t *user_id)
{
    for (size_t i = 0; i < call->kicks.count; i++)
        if (memcmp(call->kicks.announced[i].user_id, user_id, CALL_USER_ID_LEN) == 0)
            return true;
    return false;
}

void call_kicks_announced(struct call *call, const uint8_t *user_id)
{
    struct call_kicks *kicks = &call->kicks;
    if (call_kicks_name(call, user_id))
        return; /* it has waited since the first time */
    if (kicks->count == CALL_KICKS_KEPT)
        drop(kicks, 0);
    struct call_kick *kick = &kicks->announced[kicks->count++];
    kick->at_ms = call->now.ms;
    memcpy(kick->user_id, user_id, sizeof kick->user_id);
}

bool call_kicks_withheld(const struct call *call)
{
    for (size_t i = 0; i < call->kicks.count; i++)
        if (call->now.ms - call->kicks.announced[i].at_ms > CALL_WITHHELD_MS &&
            call_user_present(call, call->kicks.announced[i].user_id))
            return true;
    return false;
}

void call_kicks_rotated(struct call *call)
{
    for (size_t i = call->kicks.count; i-- > 0;)
        if (!call_user_present(call, call->kicks.announced[i].user_id))
            drop(&call->kicks, i);
}

void call_kicks_forget(struct call *call)
{
    call->kicks.count = 0;
}
