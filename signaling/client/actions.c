/* What the user wants done. */
#include <stdlib.h>

#include "parts.h"

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
    call->commits.wishes.kick = true;
    memcpy(call->commits.wishes.kicked, user_id, CALL_USER_ID_LEN);
    call_send_kick(call);
    call_kicks_announced(call, user_id); /* who withholds it from others withholds it from its maker too */
    call_commits_want(call, true);
    return CALL_OK;
}

int call_rotate(struct call *call)
{
    int rc = may_change(call);
    if (rc != CALL_OK)
        return rc;
    call->commits.wishes.rotate = true;
    call_commits_want(call, true);
    return CALL_OK;
}

int call_set_locked(struct call *call, bool locked)
{
    int rc = may_change(call);
    if (rc != CALL_OK)
        return rc;
    call->commits.wishes.lock_wanted = true;
    call->commits.wishes.lock_value = locked;
    call_commits_want(call, true);
    return CALL_OK;
}

int call_go_on(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    call->contact.accepted = true;
    /* a kick that was announced, and never came: whoever announced it may be gone */
    call_kicks_forget(call);
    call_contact_judge(call);
    call_commits_want(call, true);
    return CALL_OK;
}

static bool has_root(const struct call *call, const uint8_t *root_key)
{
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present &&
            memcmp(call->roster.peers[i].certificate.root_key, root_key, IDENTITY_KEY_LEN) == 0)
            return true;
    return false;
}

int call_revoke(struct call *call, const uint8_t *list, size_t list_len)
{
    struct identity_revocations parsed;
    if (call->phase != CALL_PHASE_MEMBER)
        return CALL_STATE;
    if (identity_revocations_verify(list, list_len, &parsed) != IDENTITY_OK)
        return CALL_INVALID;
    if (!has_root(call, parsed.root_key))
        return CALL_USER;
    if (call_revocations_known(call, (struct mls_bytes){list, list_len}))
        return CALL_OK;
    uint8_t *copy = malloc(list_len);
    if (!copy)
        return CALL_MEMORY;
    memcpy(copy, list, list_len);
    mls_output_free(&call->commits.wishes.revocations);
    call->commits.wishes.revocations = (struct mls_output){copy, list_len};
    call_commits_want(call, true);
    return CALL_OK;
}

int call_set_certificate(struct call *call, const uint8_t *certificate, size_t len)
{
    struct identity_certificate parsed;
    if (len > sizeof call->certificate || identity_certificate_verify(certificate, len, &parsed) != IDENTITY_OK ||
        parsed.expires_s <= call->now.unix_s ||
        !identity_successor(call->certificate, call->certificate_len, certificate, len))
        return CALL_CREDENTIAL;
    memcpy(call->certificate, certificate, len);
    call->certificate_len = len;
    call->self = parsed;
    return CALL_OK;
}
