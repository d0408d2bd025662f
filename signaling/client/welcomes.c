/* Welcomes in the log: which of them a newcomer tries next. Each may be for it, or for who asked with it; and whoever
 * has a token can append one. */
#include "parts.h"

/* Those that likely count first, the newest of them before the others: what was said before, and is said once more,
 * seems to count to who has just come, but not any more when a member has said something. The first may be on its way.
 */
void call_welcomes_note(struct call_joining *joining, uint64_t seq, bool late)
{
    const size_t first = joining->fetching && joining->welcome_count > 0 ? 1 : 0;
    if (joining->welcome_count == CALL_WELCOMES_MAX) {
        if (late)
            return;
        joining->welcome_count--;
    }
    const size_t at = late ? joining->welcome_count : first;
    memmove(&joining->welcomes[at + 1], &joining->welcomes[at],
            (joining->welcome_count - at) * sizeof joining->welcomes[0]);
    joining->welcomes[at] = seq;
    joining->welcome_count++;
}

void call_welcomes_fetch(struct call *call)
{
    struct call_joining *joining = &call->joining;
    if (joining->fetching || joining->welcome_count == 0)
        return;
    joining->fetching = true;
    call_send_fetch(call, joining->welcomes[0], WIRE_PART_WELCOME);
}

void call_welcomes_next(struct call *call)
{
    struct call_joining *joining = &call->joining;
    joining->fetching = false;
    if (joining->welcome_count > 0) {
        joining->welcome_count--;
        memmove(&joining->welcomes[0], &joining->welcomes[1], joining->welcome_count * sizeof joining->welcomes[0]);
    }
    call_welcomes_fetch(call);
}

void call_welcomes_take(struct call *call, uint64_t seq, struct mls_bytes box)
{
    struct call_joining *joining = &call->joining;
    struct mls_output content = {0};
    struct mls_group *group = NULL;
    const struct mls_join_config config = {.policy = call->callbacks, .now_s = call->now.unix_s};
    if (call->phase != CALL_PHASE_ASKING || !joining->keys || joining->welcome_count == 0 ||
        joining->welcomes[0] != seq) {
        joining->fetching = false;
        return;
    }
    if (call_box_open(&call->room, CALL_BOX_WELCOME, box, &content) == CALL_OK &&
        mls_group_join(call_bytes(content), joining->keys, &config, &group) == MLS_OK && !call_may_enter(call, group)) {
        mls_group_free(group);
        group = NULL;
    }
    mls_output_free(&content);
    call_welcomes_next(call);
    if (!group)
        return;
    joining->by_welcome = true;
    joining->welcome_seq = seq;
    call_enter(call, group, seq);
}
