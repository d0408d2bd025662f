#include "retreat.h"

#include "core/secret.h"
#include "mls/messages.h"
#include "parts.h"

void call_retreat_wipe(struct call *call)
{
    core_wipe(&call->retreat, sizeof call->retreat);
}

void call_retreat_keep(struct call *call)
{
    struct call_retreat *retreat = &call->retreat;
    const struct call_wishes *wishes = &call->commits.wishes;
    if (!call->commits.suspected || call->phase != CALL_PHASE_MEMBER)
        return;
    *retreat = (struct call_retreat){.open = true,
                                     .since_ms = call->now.ms,
                                     .epoch = mls_group_epoch(call->group),
                                     .room = call->room,
                                     .kick = wishes->kick,
                                     .rotate = wishes->rotate};
    memcpy(retreat->kicked, wishes->kicked, sizeof retreat->kicked);
}

void call_retreat_relayed(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    struct mls_message parsed;
    if (!call->retreat.open || !call->group ||
        call_box_open(&call->retreat.room, CALL_BOX_RELAY, box, &content) != CALL_OK)
        return;
    /* who was removed says what it says in the epoch before */
    if (mls_message_parse(content.data, content.len, &parsed) == MLS_OK &&
        parsed.wire_format == MLS_WIRE_PRIVATE_MESSAGE &&
        call_same(parsed.private_message.group_id.data, parsed.private_message.group_id.len,
                  mls_group_id(call->group).data, mls_group_id(call->group).len) &&
        parsed.private_message.epoch >= call->retreat.epoch)
        call_contact_unopened(call);
    mls_output_free(&content);
}

void call_retreat_judge(struct call *call)
{
    const struct call_retreat *retreat = &call->retreat;
    uint32_t others = 0;
    uint32_t heard = 0;
    for (uint32_t i = 0; retreat->open && i < call->roster.count; i++) {
        const struct call_peer *peer = call_peer(call, i);
        if (!peer || call_is_self(call, i))
            continue;
        others++;
        /* by then nothing of the epoch before opens any more */
        heard += peer->heard_ms > retreat->since_ms + CALL_GRACE_MS;
    }
    if (retreat->open && (others == 0 || heard * 2 > others))
        call_retreat_wipe(call);
}

void call_retreat_take(struct call *call)
{
    struct call_retreat *retreat = &call->retreat;
    struct call_wishes *wishes = &call->commits.wishes;
    if (!retreat->open)
        return;
    call->room = retreat->room;
    if (retreat->kick) {
        wishes->kick = true;
        memcpy(wishes->kicked, retreat->kicked, sizeof wishes->kicked);
    }
    wishes->rotate |= retreat->rotate;
    call_retreat_wipe(call);
    retreat->taken = true;
}
