/* What the user wants done. */
#include "state.h"

static int may_change(const struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    return call_params_is_admin(&call->params, call->self.user_id) ? CALL_OK : CALL_FORBIDDEN;
}

int call_leave(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    int rc = call_send_left(call);
    call_end(call); /* also if nobody could be told */
    return rc;
}

int call_kick(struct call *call, const uint8_t user_id[CALL_USER_ID_LEN])
{
    int rc = may_change(call);
    if (rc != CALL_OK)
        return rc;
    if (memcmp(user_id, call->self.user_id, CALL_USER_ID_LEN) == 0 || !call_user_present(call, user_id))
        return CALL_USER;
    call->commits.kick = true;
    memcpy(call->commits.kicked, user_id, CALL_USER_ID_LEN);
    call_send_kick(call);
    call_commits_want(call, true);
    return CALL_OK;
}

int call_rotate(struct call *call)
{
    int rc = may_change(call);
    if (rc != CALL_OK)
        return rc;
    call->commits.rotate = true;
    call_commits_want(call, true);
    return CALL_OK;
}

int call_set_locked(struct call *call, bool locked)
{
    int rc = may_change(call);
    if (rc != CALL_OK)
        return rc;
    call->commits.lock_wanted = true;
    call->commits.lock_value = locked;
    call_commits_want(call, true);
    return CALL_OK;
}

int call_go_on(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    call->contact.accepted = true;
    call_contact_judge(call);
    call_commits_want(call, true);
    return CALL_OK;
}
