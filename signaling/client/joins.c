/* Coming in: founding, asking to be added, entering by oneself, and trying again. (What is made for it: attempt.c.) */
#include "core/secret.h"
#include "parts.h"

/* --- State --- */

static void forget_keys(struct call_joining *joining)
{
    mls_key_package_keys_free(joining->keys);
    joining->keys = NULL;
    mls_output_free(&joining->package);
}

/* Whether members who added it lately may have taken it for lost already, and have put it out again: what it followed
 * then would show it its own end. */
static bool is_old(const struct call *call)
{
    const struct call_joining *joining = &call->joining;
    const uint64_t age_ms = call->now.ms + CALL_KEYS_MAX_MS - joining->keys_until;
    return !joining->keys || age_ms >= (uint64_t)CALL_INTERVALS_LOST * CALL_INTERVAL_MS;
}

void call_joining_wipe(struct call *call)
{
    struct call_joining *joining = &call->joining;
    const uint32_t wait_factor = joining->wait_factor;
    const unsigned info_back = joining->info_back;
    const bool flooded = joining->flooded;
    const size_t failed_next = joining->failed_next;
    uint64_t failed[CALL_INFOS_MAX];
    memcpy(failed, joining->failed, sizeof failed);
    forget_keys(joining);
    call_attempt_forget(joining);
    core_wipe(joining, sizeof *joining);
    joining->wait_factor = wait_factor ? wait_factor : 1;
    joining->info_back = info_back;
    joining->flooded = flooded;
    joining->failed_next = failed_next;
    memcpy(joining->failed, failed, sizeof joining->failed);
}

/* A wait before the next attempt: at random, longer each time. In it a member may add this client, and what that takes
 * depends on how far they are from the delivery service. */
static uint64_t wait_ms(const struct call *call)
{
    const struct call_joining *joining = &call->joining;
    const uint64_t spread = (uint64_t)CALL_ASK_SPREAD_MS * joining->wait_factor;
    const uint64_t wait = (uint64_t)CALL_ASK_MIN_MS * joining->wait_factor + call_random_below(spread);
    return (wait < CALL_ASK_MAX_MS ? wait : CALL_ASK_MAX_MS) + CALL_ADD_ROUND_TRIPS * call->connection.round_trip_ms;
}

static void wait_longer(struct call_joining *joining)
{
    if (joining->wait_factor < CALL_ASK_MAX_MS / CALL_ASK_MIN_MS)
        joining->wait_factor *= 2;
}

/* --- In --- */

bool call_may_enter(struct call *call, const struct mls_group *group)
{
    struct call_context context;
    const struct mls_bytes id = mls_group_id(group);
    if (mls_group_suite(group) != CALL_MLS_SUITE || id.len != CALL_GROUP_ID_LEN ||
        !call_context_parse(mls_group_extensions(group), &context) ||
        strcmp(context.params.room, call->room.name) != 0 || context.params.secret_number != call->room.number ||
        (call->group_known && memcmp(call->group_id, id.data, CALL_GROUP_ID_LEN) != 0))
        return false;
    if (memcmp(call->highest_group, id.data, CALL_GROUP_ID_LEN) == 0 && mls_group_epoch(group) <= call->highest_epoch) {
        call_warn(call, CALL_WARNING_ROLLBACK, mls_group_epoch(group));
        return false;
    }
    return true;
}

void call_enter(struct call *call, struct mls_group *group, uint64_t seq)
{
    struct call_joining *joining = &call->joining;
    const struct call_change change = {.external = true};
    call->group = group;
    mls_group_keep_past(group, true);
    call->group_known = true;
    memcpy(call->group_id, mls_group_id(group).data, CALL_GROUP_ID_LEN);
    joining->joined_ms = call->now.ms;
    joining->joined_seq = seq;
    call->log.next = seq + 1;
    joining->joined_epoch = mls_group_epoch(group);
    joining->extensions = 0;
    joining->listed = false;
    call_timer_stop(call, CALL_TIMER_JOIN);
    call_append_forget(call);
    call_set_phase(call, CALL_PHASE_MEMBER);
    call_contact_begin(call);
    call_merged(call, &change, true);
    call_timer_set(call, CALL_TIMER_TRIAL, CALL_TRIAL_MS);
    call_log_follow(call, seq);
}

/* --- Founding --- */

void call_found(struct call *call)
{
    call_joining_wipe(call);
    if (!call_attempt_found(call))
        return;
    call->log.next = 1;
    call_set_phase(call, CALL_PHASE_FOUNDING);
    call_joining_append(call);
}

void call_founded(struct call *call, struct mls_bytes box, uint64_t seq)
{
    struct call_joining *joining = &call->joining;
    const bool own =
        call->phase == CALL_PHASE_FOUNDING && call_same(box.data, box.len, joining->box.data, joining->box.len);
    if (!own) { /* the first that counts is the group, whoever founded it */
        call_ask(call);
        return;
    }
    struct mls_group *group = joining->group;
    joining->group = NULL;
    call_attempt_forget(joining);
    call_enter(call, group, seq);
}

/* --- Asking to be added --- */

static int new_package(struct call *call)
{
    struct call_joining *joining = &call->joining;
    struct call_leaf_data data;
    struct mls_output message = {0};
    forget_keys(joining);
    if (!core_random(joining->nonce, sizeof joining->nonce))
        return CALL_CRYPTO;
    /* it outlives a join: which of two rival Welcomes was followed shows only afterwards */
    const struct mls_key_package_config config = {
        .leaf = call_leaf_config(call, call->now.unix_s, 0, call->room.number, joining->nonce, &data),
        .not_after_s = call->self.expires_s,
        .last_resort = true,
    };
    int rc =
        mls_key_package_new(NULL, CALL_MLS_SUITE, &config, &joining->keys, &message) == MLS_OK ? CALL_OK : CALL_CRYPTO;
    if (rc == CALL_OK)
        rc = call_box_seal(&call->room, CALL_BOX_KEY_PACKAGE, call_bytes(message), &joining->package);
    memcpy(call->asked[call->asked_next++ % CALL_ASKED_KEPT], joining->nonce, CALL_NONCE_LEN);
    joining->keys_until = call->now.ms + CALL_KEYS_MAX_MS;
    mls_output_free(&message);
    return rc;
}

void call_ask(struct call *call)
{
    struct call_joining *joining = &call->joining;
    call_joining_wipe(call);
    call_append_forget(call);
    call_timer_stop(call, CALL_TIMER_FETCH);
    call->log.searching = false;
    call->log.next = 0;
    call_set_phase(call, CALL_PHASE_ASKING);
    if (new_package(call) == CALL_OK)
        call_send_package(call, call_bytes(joining->package));
    call_timer_set(call, CALL_TIMER_JOIN, wait_ms(call));
    if (!call->connection.admitted)
        call_joining_disconnected(call);
}

/* --- External commits --- */

/* Nothing is to be tried by itself as yet: somebody may still add it. */
static void keep_asking(struct call *call)
{
    if (call->phase != CALL_PHASE_ASKING || is_old(call))
        call_ask(call);
    else
        call_timer_set(call, CALL_TIMER_JOIN, wait_ms(call));
}

/* From the newest GroupInfo, or an older one after each failure. While the room may have gone on under a later secret,
 * not before somebody is heard under this one: those who may be found alone in the old room are who was put out of it.
 */
static void fetch_info(struct call *call)
{
    struct call_joining *joining = &call->joining;
    const bool asks = joining->flooded && !joining->listed;
    uint64_t seq = 0;
    call_attempt_forget(joining);
    if (call_log_is_left(call)) {
        call_link_is_old(call);
        return;
    }
    if (!call->connection.admitted || (call_log_shows_later(call) && !call_log_is_alive(call)) ||
        joining->closed > CALL_INFOS_MAX || (!asks && !call_infos_choose(call, &seq))) {
        keep_asking(call);
        return;
    }
    call_timer_stop(call, CALL_TIMER_FETCH);
    joining->info_seq = seq; /* 0: which, is not known before the list */
    joining->overtaken = false;
    forget_keys(joining);
    call_set_phase(call, CALL_PHASE_ENTERING);
    if (asks)
        call_send_list(call);
    else
        call_send_fetch(call, joining->info_seq, WIRE_PART_GROUP_INFO);
    call_timer_set(call, CALL_TIMER_JOIN, CALL_APPEND_RETRY_MS);
}

/* From what is there now. */
static void fetch_anew(struct call *call)
{
    call->joining.listed = false;
    fetch_info(call);
}

/* What does not open is no failed attempt, and costs no wait: the next one. Who floods the log would always have
 * written the newest, and of all that came most. But of those that are kept only few are one participant's: they are
 * gone through, and no newer ones; then it asks again, and may be added. */
static void close_info(struct call *call)
{
    struct call_joining *joining = &call->joining;
    joining->closed++;
    joining->flooded = true;
    call_infos_close(call, joining->info_seq);
    fetch_info(call);
}

void call_joining_listed(struct call *call, struct core_slice seqs)
{
    struct call_joining *joining = &call->joining;
    if (call->phase != CALL_PHASE_ENTERING || joining->box.len > 0 || !joining->flooded || joining->listed)
        return;
    call_infos_list(call, seqs);
    joining->listed = true;
    fetch_info(call);
}

/* Nothing came of it: asks to be added once more. */
static void ask_again(struct call *call)
{
    wait_longer(&call->joining);
    call_ask(call);
}

void call_joining_info(struct call *call, uint64_t seq, struct mls_bytes box)
{
    struct call_joining *joining = &call->joining;
    struct mls_output content = {0};
    if (call->phase != CALL_PHASE_ENTERING || seq != joining->info_seq || joining->box.len > 0)
        return;
    if (call_box_open(&call->room, CALL_BOX_GROUP_INFO, box, &content) != CALL_OK) {
        call_log_number(call, box);
        close_info(call);
        return;
    }
    if (joining->overtaken && joining->extensions < CALL_ASK_EXTENSIONS && joining->info_back == 0) {
        joining->extensions++; /* too late already: from the next one */
        mls_output_free(&content);
        fetch_anew(call);
        return;
    }
    const bool ok = call_attempt_enter(call, call_bytes(content));
    mls_output_free(&content);
    if (!ok) {
        if (!joining->locked) /* made up, or of a group that is not the room's: an older one next */
            joining->info_back++;
        ask_again(call);
        return;
    }
    call_joining_append(call);
    call_timer_set(call, CALL_TIMER_JOIN, CALL_ASK_MAX_MS);
}

/* What is fetched now, if anything. */
static bool is_fetching(const struct call *call, enum wire_part part)
{
    const struct call_joining *joining = &call->joining;
    return part == WIRE_PART_WELCOME
               ? call->phase == CALL_PHASE_ASKING && joining->welcome_count > 0
               : call->phase == CALL_PHASE_ENTERING && joining->info_seq > 0 && joining->box.len == 0;
}

void call_joining_missing(struct call *call, enum wire_part part)
{
    if (part == WIRE_PART_WELCOME)
        call_welcomes_next(call);
    else if (is_fetching(call, part))
        close_info(call);
}

bool call_joining_goes_on(struct call *call, enum wire_part part)
{
    struct call_joining *joining = &call->joining;
    const bool welcome = part == WIRE_PART_WELCOME;
    if (!is_fetching(call, part) || (welcome && (!joining->keys || call->now.ms >= joining->keys_until))) {
        joining->fetching &= !welcome;
        return false;
    }
    call_timer_set(call, CALL_TIMER_JOIN, CALL_APPEND_RETRY_MS); /* it comes, if slowly: nothing else is tried */
    return true;
}

void call_joining_later(struct call *call, enum wire_part part, uint64_t retry_ms)
{
    const uint64_t wait = retry_ms < CALL_ASK_MAX_MS ? retry_ms : CALL_ASK_MAX_MS;
    if (!is_fetching(call, part))
        return;
    call_timer_set(call, CALL_TIMER_FETCH, wait);
    /* it is as good as there: nothing else is tried before it has come */
    call_timer_set(call, CALL_TIMER_JOIN, wait + CALL_APPEND_RETRY_MS);
}

void call_fetch_timer(struct call *call)
{
    if (is_fetching(call, WIRE_PART_WELCOME))
        call_send_fetch(call, call->joining.welcomes[0], WIRE_PART_WELCOME);
    else if (is_fetching(call, WIRE_PART_GROUP_INFO))
        call_send_fetch(call, call->joining.info_seq, WIRE_PART_GROUP_INFO);
}

/* --- What the log shows meanwhile --- */

void call_joining_appended(struct call *call, const uint8_t append_id[WIRE_APPEND_ID_LEN], uint64_t seq)
{
    struct call_joining *joining = &call->joining;
    const bool overtaken = joining->overtaken;
    if (call->phase != CALL_PHASE_ENTERING || !joining->group ||
        memcmp(append_id, joining->append_id, WIRE_APPEND_ID_LEN) != 0) /* or of an attempt that was given up */
        return;
    struct mls_group *group = joining->group;
    joining->group = NULL;
    call_attempt_forget(joining);
    call_enter(call, group, seq);
    if (overtaken) /* likely lost: less patience */
        call_timer_set(call, CALL_TIMER_TRIAL, CALL_TRIAL_MS / 3);
}

void call_joining_entry(struct call *call, const struct wire_entry *entry, enum call_entry_kind kind)
{
    struct call_joining *joining = &call->joining;
    if (kind != CALL_ENTRY_FIRST && kind != CALL_ENTRY_LATE) /* nobody's who is at work in this group */
        return;
    if (call->phase == CALL_PHASE_ENTERING) {
        if (!call_same(entry->commit.data, entry->commit.len, joining->box.data, joining->box.len)) {
            joining->overtaken |= kind == CALL_ENTRY_FIRST && entry->seq > joining->info_seq;
            return;
        }
        call_joining_appended(call, joining->append_id, entry->seq);
        return;
    }
    if (call->phase != CALL_PHASE_ASKING)
        return;
    if (entry->has_welcome && joining->keys) {
        call_welcomes_note(joining, entry->seq, kind == CALL_ENTRY_LATE);
        call_welcomes_fetch(call);
    }
    if (joining->extensions < CALL_ASK_EXTENSIONS) { /* somebody is at work: it may be this client's turn next */
        joining->extensions++;
        call_timer_set(call, CALL_TIMER_JOIN, wait_ms(call));
    }
}

/* --- Time --- */

void call_joining_timer(struct call *call)
{
    switch (call->phase) {
    case CALL_PHASE_ASKING:
        fetch_info(call);
        return;
    case CALL_PHASE_ENTERING:
        if (call_append_left_ms(call) > 0) /* it goes, if slowly */
            call_timer_set(call, CALL_TIMER_JOIN, call_append_left_ms(call));
        else
            ask_again(call);
        return;
    case CALL_PHASE_RETURNING:
        call_returning_timer(call);
        return;
    default:
        return;
    }
}

/* A newcomer that no earlier member has answered: it may have followed a commit that the others skipped. */
void call_trial_timer(struct call *call)
{
    struct call_joining *joining = &call->joining;
    bool anybody = false;
    bool followed = false;
    if (call->phase != CALL_PHASE_MEMBER)
        return;
    if (call->contact.confirmed ||
        ((call_contact_earlier(call) || call_contact_eldest(call)) && !call_contact_left_behind(call))) {
        joining->wait_factor = 1;
        joining->info_back = 0;
        joining->flooded = false;
        forget_keys(joining);
        return;
    }
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present && call->roster.peers[i].heard) {
            anybody = true;
            followed |= call->roster.peers[i].later;
        }
    if (followed &&
        !call_contact_left_behind(call)) { /* who came later built on this client's epoch: it is the eldest */
        call_timer_set(call, CALL_TIMER_TRIAL, CALL_TRIAL_MS);
        return;
    }
    if (call->contact.unopened_since == 0 && !anybody && !joining->overtaken) {
        /* silence proves nothing: contact.c says what it is */
        call_timer_set(call, CALL_TIMER_TRIAL, CALL_TRIAL_MS);
        return;
    }
    wait_longer(joining);
    if (joining->by_welcome && joining->keys && call->now.ms < joining->keys_until && joining->welcome_count > 0) {
        struct mls_key_package_keys *keys = joining->keys;
        call_drop_group(call);
        joining->keys = keys;
        joining->by_welcome = false;
        call->log.next = 0;
        call_epochs_pause(call, CALL_PAUSE_JOINING);
        call_set_phase(call, CALL_PHASE_ASKING);
        call_welcomes_fetch(call);
        call_timer_set(call, CALL_TIMER_JOIN, wait_ms(call));
        return;
    }
    call_resync(call);
}

/* A commit of its own that nobody followed is not built on again; nor, at once, the GroupInfo that it stood on, which
 * may be a rival's. */
static void note_failure(struct call_joining *joining)
{
    joining->failed[joining->failed_next++ % CALL_INFOS_MAX] = joining->joined_seq;
    if (!joining->overtaken)
        joining->info_back++;
}

void call_resync(struct call *call)
{
    uint8_t suspect[CALL_USER_ID_LEN] = {0};
    /* by now its consequences have shown, also to several who were misled together */
    if (call->now.ms - call->contact.suspect_ms <= (CALL_INTERVALS_LOST + 2) * call_interval_ms(call))
        memcpy(suspect, call->contact.suspect, sizeof suspect);
    if (call->phase == CALL_PHASE_MEMBER && !call->contact.confirmed) {
        if (!call->joining.by_welcome)
            note_failure(&call->joining);
        call->log.misled |= call_log_shows_later(call) &&
                            call->now.ms - call->joining.joined_ms >= CALL_INTERVALS_LOST * call_interval_ms(call);
    }
    call_drop_group(call);
    call_epochs_pause(call, CALL_PAUSE_JOINING);
    struct call_event *event = call_event_push(call, CALL_EVENT_WARNING, (struct mls_bytes){0}, (struct mls_bytes){0});
    event->warning = CALL_WARNING_RESYNC;
    memcpy(event->by, suspect, sizeof event->by);
    call_ask(call);
}

/* --- The connection --- */

void call_joining_append(struct call *call)
{
    struct call_joining *joining = &call->joining;
    call_send_append(call, joining->append_id, joining->box, (struct mls_output){0}, joining->info);
}

/* It goes on asking where it was, with the same key package, which the delivery service lost with the connection and a
 * member may have: who began anew each time would never come in through one that dies every second. */
static void ask_on(struct call *call)
{
    struct call_joining *joining = &call->joining;
    bool ok = true;
    if (is_old(call)) {
        joining->welcome_count = 0;
        ok = new_package(call) == CALL_OK;
    }
    if (ok)
        call_send_package(call, call_bytes(joining->package));
    if (call->timers[CALL_TIMER_JOIN] == CALL_NEVER)
        call_timer_set(call, CALL_TIMER_JOIN, joining->wait_left_ms);
    call_welcomes_fetch(call);
}

void call_joining_connected(struct call *call)
{
    /* what was asked of the old connection is gone with it */
    if ((call->phase == CALL_PHASE_FOUNDING || call->phase == CALL_PHASE_ENTERING) && call->joining.box.len > 0)
        call_joining_append(call);
    else if (call->phase == CALL_PHASE_ENTERING)
        fetch_anew(call);
    else if (call->phase == CALL_PHASE_ASKING)
        ask_on(call);
}

/* While nobody can hear it nobody can answer: that is not waited for. */
void call_joining_disconnected(struct call *call)
{
    const uint64_t due = call->timers[CALL_TIMER_JOIN];
    if (call->phase != CALL_PHASE_ASKING || due == CALL_NEVER)
        return;
    call->joining.wait_left_ms = due > call->now.ms ? due - call->now.ms : 0;
    call_timer_stop(call, CALL_TIMER_JOIN);
}
