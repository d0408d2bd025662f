/* Commits that are taken from the log, one's own and others': the first valid one of an epoch, all else skipped. */
#include "core/secret.h"
#include "parts.h"

/* --- Who goes --- */

static void tell_gone(struct call *call, const struct mls_commit_info *info, const struct call_change *change)
{
    struct call_commit_data data;
    const struct call_peer *by = info->sender_type == MLS_SENDER_MEMBER ? call_peer(call, info->sender) : NULL;
    if (!call_commit_data_parse((struct core_slice){info->authenticated_data.data, info->authenticated_data.len},
                                &data))
        return;
    for (size_t i = 0; i < info->proposal_count; i++) {
        const uint32_t leaf = info->proposals[i].removed;
        const struct call_peer *peer = call_peer(call, leaf);
        if (info->proposals[i].type != MLS_PROPOSAL_REMOVE || !peer || call_is_return(call->group, info, leaf))
            continue;
        struct call_event *event = call_event_push(call, CALL_EVENT_GONE, (struct mls_bytes){0}, (struct mls_bytes){0});
        event->leaf = leaf;
        event->epoch = mls_group_epoch(call->group);
        memcpy(event->user_id, peer->certificate.user_id, sizeof event->user_id);
        event->gone = call_commit_data_find(&data, leaf) ? CALL_GONE_LEFT
                      : change->rotates                  ? CALL_GONE_KICKED
                                                         : CALL_GONE_REMOVED;
        if (by && event->gone != CALL_GONE_LEFT)
            memcpy(event->by, by->certificate.user_id, sizeof event->by);
    }
    /* their receive keys die now, whatever comes back in their place */
    for (size_t i = 0; i < info->proposal_count; i++)
        if (info->proposals[i].type == MLS_PROPOSAL_REMOVE)
            call_epochs_leaf_gone(call, info->proposals[i].removed);
}

/* --- Merging --- */

static int next_room(const struct mls_group *group, const struct call_room *room, struct call_room *next)
{
    uint8_t context[CALL_NEXT_SECRET_CONTEXT_LEN];
    uint8_t secret[CALL_SECRET_LEN];
    call_next_secret_context(room->number + 1, context);
    int rc = mls_group_export(
        group, (struct mls_bytes){(const uint8_t *)CALL_NEXT_SECRET_LABEL, sizeof CALL_NEXT_SECRET_LABEL - 1},
        (struct mls_bytes){context, sizeof context}, secret, sizeof secret);
    if (rc == MLS_OK && call_room_init(next, room->name, room->number + 1, secret) != CALL_OK)
        rc = MLS_CRYPTO;
    core_wipe(secret, sizeof secret);
    return rc;
}

static void rotate(struct call *call)
{
    struct call_room next;
    call_retreat_keep(call);
    if (next_room(call->group, &call->room, &next) != MLS_OK)
        return;
    call->room = next;
    core_wipe(&next, sizeof next);
    if (call->phase == CALL_PHASE_MEMBER)
        call_event_plain(call, CALL_EVENT_LINK);
}

void call_remember_highest(struct call *call)
{
    if (!call->contact.confirmed) /* it may be a group that nobody else is in */
        return;
    memcpy(call->highest_group, call->group_id, sizeof call->highest_group);
    call->highest_epoch = mls_group_epoch(call->group);
    struct call_event *event = call_event_push(call, CALL_EVENT_HIGHEST, (struct mls_bytes){0}, (struct mls_bytes){0});
    memcpy(event->group_id, call->highest_group, sizeof event->group_id);
    event->epoch = call->highest_epoch;
}

void call_take_context(struct call *call, const struct call_change *change)
{
    struct call_context context;
    if (call_context_parse(mls_group_extensions(call->group), &context))
        call->params = context.params;
    if (change->rotates)
        rotate(call);
}

void call_merged(struct call *call, const struct call_change *change, bool own)
{
    const uint64_t epoch = mls_group_epoch(call->group);
    bool newcomers = false;
    call_take_context(call, change);
    /* who was not there before */
    for (uint32_t i = 0; i < mls_group_leaves(call->group); i++) {
        struct mls_member member;
        struct call_leaf leaf;
        const struct call_peer *peer = call_peer(call, i);
        if (!call_is_self(call, i) && mls_group_member(call->group, i, &member) == MLS_OK &&
            call_leaf_read(&member, &leaf) && (!peer || memcmp(peer->nonce, leaf.nonce, sizeof leaf.nonce) != 0))
            newcomers = true;
    }
    call_roster_refresh(call);
    if (change->rotates && !call->retreat.open)
        call_kicks_rotated(call);
    call_epochs_enter(call, change);
    call_commits_merged(call, change, own);
    call_keep(call);
    call_remember_highest(call); /* after it: what is kept must not be older */
    call->contact.unopened_since = call->contact.unopened_at = 0;
    call->contact.unopened_count = call->contact.unopened_before = 0;
    call_held_retry(call);
    if (newcomers && epoch > 0)
        call_heartbeat_answer(call);
    call_contact_judge(call);
}

static bool has_asked(const struct call *call, const uint8_t *nonce)
{
    for (size_t i = 0; i < CALL_ASKED_KEPT; i++)
        if (memcmp(call->asked[i], nonce, CALL_NONCE_LEN) == 0)
            return true;
    return false;
}

/* Whether a commit that removes this client adds it again: by a key package that it had posted before it came in by
 * itself, or that somebody kept. (One that it did not post is of the same device's next process, which has its place:
 * the two would put each other out for ever.) */
static bool starts_over(const struct call *call, const struct mls_commit_info *info)
{
    struct call_leaf leaf;
    for (size_t i = 0; i < info->proposal_count; i++)
        if (info->proposals[i].type == MLS_PROPOSAL_ADD && call_leaf_read(&info->proposals[i].member, &leaf) &&
            has_asked(call, leaf.nonce))
            return true;
    return false;
}

int call_merge(struct call *call, struct mls_staged *staged)
{
    struct call_change change;
    const struct mls_commit_info *info = mls_staged_info(staged);
    const bool own = info->own;
    if (mls_staged_epoch(staged) != mls_group_epoch(call->group) + 1)
        return MLS_STALE;
    call_change_read(call->group, info, &change);
    const bool returning = call->phase == CALL_PHASE_RETURNING;
    const bool over = returning || starts_over(call, info); /* who was away may come in anew, or the link is old */
    if (!returning)
        tell_gone(call, info, &change);
    int rc = mls_group_merge(call->group, staged);
    if (rc != MLS_OK)
        return rc;
    /* a call never goes back to one: policy.c takes no PSK but the room's */
    mls_group_forget_resumptions(call->group, mls_group_epoch(call->group));
    if (mls_group_was_removed(call->group)) {
        if (over)
            call_resync(call);
        else
            call_end(call);
    } else if (returning) {
        call_returning_merged(call, &change, own);
    } else {
        call_merged(call, &change, own);
    }
    return MLS_OK;
}

/* --- Entries --- */

/* Who sent a commit that fails here by what only the receiver can see: should others go on with it, the user is told.
 * Until that shows, this client makes no commit of its own: it would be in an epoch alone. */
static void note_suspect(struct call *call, struct mls_bytes commit, int rc)
{
    uint8_t sender_type = 0;
    uint32_t sender = 0;
    if (rc == MLS_OK || rc == MLS_REFUSED || rc == MLS_EPOCH || rc == MLS_GROUP || rc == MLS_OWN_MESSAGE)
        return;
    if (mls_group_sender(call->group, commit, call_group_time(call->group, &call->params), &sender_type, &sender) !=
        MLS_OK)
        return;
    call->commits.suspected = true;
    if (sender_type != MLS_SENDER_MEMBER)
        return;
    struct call_peer *peer = call_peer(call, sender);
    const uint64_t epoch = mls_group_epoch(call->group);
    if (!peer || (peer->failed && peer->failed_epoch == epoch))
        return; /* who commits a second time in an epoch was not followed by anybody; or it is the same one, repeated */
    peer->failed = true;
    peer->failed_epoch = epoch;
    call->commits.deferred_until = call->now.ms + call_interval_ms(call) + CALL_DEFER_MS;
    call->contact.suspect_ms = call->now.ms;
    memcpy(call->contact.suspect, peer->certificate.user_id, sizeof call->contact.suspect);
}

void call_follow(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    struct mls_received received = {0};
    if (call_commits_own_entry(call, box))
        return;
    call_log_number(call, box);
    if (call_box_open(&call->room, CALL_BOX_COMMIT, box, &content) != CALL_OK)
        return;
    call->policy.broken = CALL_RULE_NONE;
    /* judged by the group's own time: key packages' lifetimes too */
    int rc =
        mls_group_process(call->group, call_bytes(content), call_group_time(call->group, &call->params), &received);
    note_suspect(call, call_bytes(content), rc);
    mls_output_free(&content);
    if (rc == MLS_OWN_MESSAGE && call->phase == CALL_PHASE_RETURNING) { /* of this epoch, and what it began is lost */
        call_resync(call);
        return;
    }
    if (rc == MLS_OK && received.kind == MLS_RECEIVED_PROPOSAL)
        mls_group_forget_proposals(call->group);
    if (rc == MLS_OK && received.staged) {
        rc = call_merge(call, received.staged);
        if (rc == MLS_OK)
            received.staged = NULL;
    }
    mls_received_free(&received);
}
