/* A call over a restart of its program: what is kept, how it is read again, and the way back into one's own leaf.
 *
 * Nothing is sealed or opened under an epoch that was known before: what was sealed under its keys, and with which
 * counters, is not kept. Media begin with an epoch that a commit of this process has made. Its secret is new whatever
 * the file held, were it a week old or used twice. */
#include <stdlib.h>

#include "core/secret.h"
#include "kept.h"
#include "parts.h"

static struct mls_bytes out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

static struct core_slice in(struct mls_output output)
{
    return (struct core_slice){output.data, output.len};
}

/* --- Keeping --- */

static int write_state(const struct call *call, const uint8_t *key, struct mls_output *state)
{
    const struct call_commits *commits = &call->commits;
    struct mls_output group = {0};
    if (mls_group_save(call->group, commits->staged, (struct mls_bytes){key, MLS_STATE_KEY_LEN}, &group) != MLS_OK)
        return CALL_CRYPTO;
    struct call_kept kept = {
        .number = call->room.number, .next = call->log.next, .group = in(group), .has_commit = commits->staged != NULL};
    memcpy(kept.secret, call->room.secret, sizeof kept.secret);
    memcpy(kept.log_id, call->connection.log_id, sizeof kept.log_id);
    if (kept.has_commit) {
        memcpy(kept.append_id, commits->append_id, sizeof kept.append_id);
        kept.commit = in(commits->box);
        kept.welcome = in(commits->welcome);
        kept.info = in(commits->info);
    }
    int rc = call_kept_seal(key, &kept, state);
    core_wipe(&kept, sizeof kept);
    mls_output_free(&group);
    return rc;
}

/* Only of a group that is known to be the others' too: who was led into another one is rid of it by a restart. */
static bool may_keep(const struct call *call)
{
    const struct call_contact *contact = &call->contact;
    return call->phase == CALL_PHASE_RETURNING ||
           (call->phase == CALL_PHASE_MEMBER && contact->confirmed && contact->pause != CALL_PAUSE_LOST &&
            contact->pause != CALL_PAUSE_WITHHELD && !call->retreat.open);
}

void call_keep(struct call *call)
{
    uint8_t key[MLS_STATE_KEY_LEN];
    struct mls_output state = {0};
    if (!call->keeps)
        return;
    if (!may_keep(call)) {
        call_keep_nothing(call);
        return;
    }
    call->kept = true;
    if (call_kept_key(call->seed, call_room_name(&call->room), key) != CALL_OK ||
        write_state(call, key, &state) != CALL_OK)
        call_keep_nothing(call); /* what was kept before would only mislead */
    else
        call_event_push(call, CALL_EVENT_STATE, call_bytes(state), (struct mls_bytes){0});
    core_wipe(key, sizeof key);
    mls_output_free(&state);
}

void call_keep_nothing(struct call *call)
{
    if (call->keeps && call->kept)
        call_event_plain(call, CALL_EVENT_STATE);
    call->kept = false;
}

void call_keep_judged(struct call *call)
{
    if (call->kept != may_keep(call))
        call_keep(call);
}

/* --- Reading it again --- */

/* What was read and found good, until all of it is. */
struct restored {
    struct call_room room;
    struct call_params params;
    struct mls_group *group;
    struct mls_staged *staged;
    struct mls_output commit;
    struct mls_output welcome;
    struct mls_output info;
};

static void restored_wipe(struct restored *restored)
{
    mls_staged_free(restored->staged);
    mls_group_free(restored->group);
    mls_output_free(&restored->commit);
    mls_output_free(&restored->welcome);
    mls_output_free(&restored->info);
    core_wipe(restored, sizeof *restored);
}

static int error_of(int mls_error)
{
    switch (mls_error) {
    case MLS_OK:
        return CALL_OK;
    case MLS_MEMORY:
        return CALL_MEMORY;
    case MLS_CRYPTO:
        return CALL_CRYPTO;
    case MLS_AUTH:
        return CALL_AUTH;
    default:
        return CALL_MALFORMED;
    }
}

/* The secret that was kept may be a later one than the link's, never an earlier one: whoever has a later link may have
 * been put out since. */
static int restore_room(const struct call *call, const struct call_kept *kept, struct call_room *room)
{
    if (kept->number < call->link.number ||
        (kept->number == call->link.number && !core_equal(kept->secret, call->link.secret, sizeof kept->secret)))
        return CALL_LINK;
    return call_room_init(room, call->room.name, kept->number, kept->secret);
}

static bool is_own_leaf(const struct call *call, const struct mls_group *group)
{
    struct mls_member member;
    struct call_leaf leaf;
    return !mls_group_was_removed(group) && mls_group_member(group, mls_group_own_leaf(group), &member) == MLS_OK &&
           call_same(member.signature_key.data, member.signature_key.len, call->self.device_key,
                     sizeof call->self.device_key) &&
           call_leaf_read(&member, &leaf);
}

/* No group that this device was confirmed in later than in this one, and no earlier epoch. */
static bool is_rolled_back(const struct call *call, const struct mls_group *group)
{
    static const uint8_t none[CALL_GROUP_ID_LEN];
    return memcmp(call->highest_group, none, sizeof none) != 0 &&
           (memcmp(call->highest_group, mls_group_id(group).data, sizeof none) != 0 ||
            mls_group_epoch(group) < call->highest_epoch);
}

static int restore_group(const struct call *call, const uint8_t *key, const struct call_kept *kept,
                         struct restored *restored)
{
    struct call_context context;
    int rc = error_of(mls_group_load(out(kept->group), (struct mls_bytes){key, MLS_STATE_KEY_LEN}, NULL,
                                     &call->callbacks, &restored->group, &restored->staged));
    if (rc != CALL_OK)
        return rc;
    const struct mls_group *group = restored->group;
    if (mls_group_suite(group) != CALL_MLS_SUITE || mls_group_id(group).len != CALL_GROUP_ID_LEN ||
        !call_context_parse(mls_group_extensions(group), &context) ||
        strcmp(context.params.room, restored->room.name) != 0 || context.params.secret_number != restored->room.number)
        return CALL_MALFORMED;
    if (!is_own_leaf(call, group))
        return CALL_CREDENTIAL;
    restored->params = context.params;
    return is_rolled_back(call, group) ? CALL_ROLLBACK : CALL_OK;
}

static bool copy(struct core_slice from, struct mls_output *to)
{
    uint8_t *made = from.len > 0 ? malloc(from.len) : NULL;
    if (made) {
        memcpy(made, from.data, from.len);
        *to = (struct mls_output){made, from.len};
    }
    return made || from.len == 0;
}

/* The commit that was on its way is the one that is staged: that it was ours is known when it comes back. */
static int restore_commit(const struct call_kept *kept, struct restored *restored)
{
    struct mls_output content = {0};
    if (kept->has_commit != (restored->staged != NULL))
        return CALL_MALFORMED;
    if (!kept->has_commit)
        return CALL_OK;
    int rc = call_box_open(&restored->room, CALL_BOX_COMMIT, out(kept->commit), &content);
    if (rc == CALL_OK &&
        !(mls_staged_info(restored->staged)->own && mls_staged_is(restored->staged, call_bytes(content))))
        rc = CALL_MALFORMED;
    mls_output_free(&content);
    if (rc == CALL_OK && !(copy(kept->commit, &restored->commit) && copy(kept->welcome, &restored->welcome) &&
                           copy(kept->info, &restored->info)))
        rc = CALL_MEMORY;
    return rc;
}

/* The call takes all of it. */
static void take(struct call *call, const struct call_kept *kept, struct restored *restored)
{
    struct call_commits *commits = &call->commits;
    call->room = restored->room;
    call->params = restored->params;
    call->group = restored->group;
    call->group_known = true;
    memcpy(call->group_id, mls_group_id(call->group).data, CALL_GROUP_ID_LEN);
    call->log.next = kept->next;
    call->connection.log_known = true;
    memcpy(call->connection.log_id, kept->log_id, sizeof kept->log_id);
    commits->staged = restored->staged;
    memcpy(commits->append_id, kept->append_id, sizeof commits->append_id);
    commits->box = restored->commit;
    commits->welcome = restored->welcome;
    commits->info = restored->info;
    core_wipe(restored, sizeof *restored); /* pointers that have moved, and the room's secret */
    call_set_phase(call, CALL_PHASE_RETURNING);
    call_roster_refresh(call);
}

int call_restore(struct call *call, const uint8_t *state, size_t len)
{
    uint8_t key[MLS_STATE_KEY_LEN];
    struct mls_output plain = {0};
    struct call_kept kept = {0};
    struct restored restored = {0};
    if (call->phase != CALL_PHASE_OUTSIDE || call->connection.up)
        return CALL_STATE;
    int rc = call_kept_key(call->seed, call_room_name(&call->room), key);
    if (rc == CALL_OK)
        rc = call_kept_open(key, (struct mls_bytes){state, len}, &plain);
    if (rc == CALL_OK && !call_kept_parse(in(plain), &kept))
        rc = CALL_MALFORMED;
    if (rc == CALL_OK)
        rc = restore_room(call, &kept, &restored.room);
    if (rc == CALL_OK)
        rc = restore_group(call, key, &kept, &restored);
    if (rc == CALL_OK)
        rc = restore_commit(&kept, &restored);
    if (rc == CALL_OK)
        take(call, &kept, &restored);
    restored_wipe(&restored);
    core_wipe(&kept, sizeof kept);
    core_wipe(key, sizeof key);
    mls_output_free(&plain);
    return rc;
}

/* --- The way back --- */

void call_returning_elsewhere(struct call *call)
{
    call_drop_group(call);
    call->group_known = false;
    call_set_phase(call, CALL_PHASE_OUTSIDE);
}

/* A commit of this process's may follow: not one more in the same epoch, and none that the others would skip. */
static bool may_return(const struct call *call)
{
    return call->returning.tries < CALL_RETURN_TRIES &&
           (call->roster.members < 3 || !call_committed_last(call->group, mls_group_own_leaf(call->group)));
}

void call_returning_step(struct call *call)
{
    struct call_returning *returning = &call->returning;
    if (call->phase != CALL_PHASE_RETURNING)
        return;
    if (call->timers[CALL_TIMER_JOIN] == CALL_NEVER)
        call_timer_set(call, CALL_TIMER_JOIN, CALL_RETURN_MS);
    if (!call_log_caught_up(call))
        return;
    if (!call->commits.staged) {
        if (!may_return(call) || !call_propose_return(call)) {
            call_resync(call);
            return;
        }
        returning->tries++;
        returning->made = true;
        call_keep(call);
    } else if (returning->appended) {
        return;
    }
    /* what was on its way before once more, under the same id: it is stored once */
    returning->appended = true;
    call_commits_append_timer(call);
}

void call_returning_merged(struct call *call, const struct call_change *change, bool own)
{
    struct call_returning *returning = &call->returning;
    const bool back = own && returning->made;
    returning->made = returning->appended = false;
    call_commits_forget_own(call);
    if (!back) {
        call_take_context(call, change);
        call_roster_refresh(call);
        call_keep(call);
        return; /* whoever took the entry goes on with call_returning_step() */
    }
    struct mls_group *group = call->group;
    call->group = NULL;
    call_enter(call, group, call->log.next - 1);
    if (call->room.number != call->link.number)
        call_event_plain(call, CALL_EVENT_LINK);
}

void call_returning_timer(struct call *call)
{
    if (!call->connection.admitted) /* it was not the group that did not answer */
        call_timer_set(call, CALL_TIMER_JOIN, CALL_RETURN_MS);
    else if (call_append_left_ms(call) > 0) /* its commit goes, if slowly */
        call_timer_set(call, CALL_TIMER_JOIN, call_append_left_ms(call));
    else
        call_resync(call);
}
