/* What silence means: newcomers confirmed, contact lost, pauses. The heartbeats themselves: heartbeat.c. */
#include "parts.h"

/* --- The clock of contact --- */

static bool server_echoes(const struct call *call)
{
    return call->now.ms - call->contact.last_echo_ms <= call_interval_ms(call) + CALL_ECHO_SLACK_MS;
}

/* It stands still while the delivery service passes nothing on: nobody is lost for that. */
static void advance_clock(struct call *call)
{
    struct call_contact *contact = &call->contact;
    if (call->connection.admitted && server_echoes(call))
        contact->clock_ms += call->now.ms - contact->last_tick_ms;
    contact->last_tick_ms = call->now.ms;
}

void call_contact_begin(struct call *call)
{
    struct call_contact *contact = &call->contact;
    contact->last_echo_ms = contact->last_tick_ms = call->now.ms;
    contact->confirmed = contact->accepted = contact->link_judged = contact->link_told = false;
    contact->unopened_since = contact->unopened_at = 0;
    contact->pause = CALL_PAUSE_UNCONFIRMED;
    contact->unopened_count = contact->unopened_before = 0;
    contact->unopened_from = call->now.ms;
    call_roster_refresh(call);
    for (uint32_t i = 0; i < call->roster.count; i++)
        call->roster.peers[i].was_there = call->roster.peers[i].present && !call_is_self(call, i);
    if (call->retreat.taken)
        call_event_plain(call, CALL_EVENT_LINK);
    call->retreat.taken = false;
    call_timer_set(call, CALL_TIMER_TICK, CALL_TICK_MS);
    call_timer_set(call, CALL_TIMER_HEARTBEAT, call_random_below(CALL_BATCH_MS));
}

/* --- Judging --- */

static bool find_lost(struct call *call)
{
    struct call_roster *roster = &call->roster;
    const uint64_t limit = CALL_INTERVALS_LOST * call_interval_ms(call);
    bool changed = false;
    roster->lost = 0;
    for (uint32_t i = 0; i < roster->count; i++) {
        struct call_peer *peer = &roster->peers[i];
        const bool lost = peer->present && !call_is_self(call, i) && call->contact.clock_ms - peer->heard_at > limit;
        changed |= lost != peer->lost;
        peer->lost = lost;
        roster->lost += lost;
    }
    return changed;
}

/* Whether the commit that added this client added it too: neither can say of the group that it was there before, and
 * neither has to wait for the other to say it. */
static bool came_along(const struct call_peer *peer)
{
    return peer->heard && !peer->earlier && !peer->later;
}

bool call_contact_eldest(const struct call *call)
{
    for (uint32_t i = 0; i < call->roster.count; i++) {
        const struct call_peer *peer = call_peer(call, i);
        if (peer && !call_is_self(call, i) && peer->was_there && !came_along(peer))
            return false;
    }
    return true;
}

/* A newcomer has been answered by everybody; or, after a while, by more than half, somebody pinned among them if there
 * is anybody pinned. At least one must have been there before it; unless all who were there have gone since. */
static bool is_confirmed(const struct call *call)
{
    const struct call_roster *roster = &call->roster;
    uint32_t others = 0;
    uint32_t heard = 0;
    bool any_pinned = false;
    bool pinned_heard = false;
    for (uint32_t i = 0; i < roster->count; i++) {
        const struct call_peer *peer = &roster->peers[i];
        if (!peer->present || call_is_self(call, i))
            continue;
        const bool pinned = call->pinned && call->pinned(call->context, peer->certificate.user_id);
        others++;
        heard += peer->heard;
        any_pinned |= pinned;
        pinned_heard |= pinned && peer->heard;
    }
    if (others == 0)
        return true;
    if (!call_contact_earlier(call) && !call_contact_eldest(call))
        return false;
    if (heard == others)
        return true;
    return call->now.ms - call->joining.joined_ms >= CALL_CONFIRM_MS && heard * 2 > others &&
           (!any_pinned || pinned_heard);
}

static enum call_pause find_pause(const struct call *call)
{
    const struct call_contact *contact = &call->contact;
    if (!contact->confirmed)
        return CALL_PAUSE_UNCONFIRMED;
    if (call_kicks_withheld(call))
        return CALL_PAUSE_WITHHELD;
    if (call->now.ms - contact->last_echo_ms > CALL_SERVER_SILENT_MS)
        return CALL_PAUSE_SERVER;
    /* once paused, more than half have to be heard again */
    if (!contact->accepted && call->roster.lost > 0 && call->roster.lost * 2 >= call->roster.members)
        return CALL_PAUSE_LOST;
    return CALL_PAUSE_NONE;
}

bool call_contact_earlier(const struct call *call)
{
    for (uint32_t i = 0; i < call->roster.count; i++)
        if (call->roster.peers[i].present && call->roster.peers[i].heard && call->roster.peers[i].earlier)
            return true;
    return false;
}

void call_contact_judge(struct call *call)
{
    struct call_contact *contact = &call->contact;
    if (call->phase != CALL_PHASE_MEMBER)
        return;
    if (find_lost(call))
        call_event_plain(call, CALL_EVENT_ROSTER);
    if (call->roster.lost == 0)
        contact->accepted = false;
    call_retreat_judge(call);
    const bool was_confirmed = contact->confirmed;
    contact->confirmed = was_confirmed || is_confirmed(call);
    if (contact->confirmed && !was_confirmed) {
        call->log.misled = false;
        call_remember_highest(call);
        call_commits_plan_turn(call);
        call_commits_want(call, false);
    }
    call_epochs_pause(call, find_pause(call));
    call_keep_judged(call);
}

/* That a connection is gone its owner knows; one that comes back soon enough costs nothing. */
static void judge_server(struct call *call)
{
    struct call_contact *contact = &call->contact;
    const bool silent = !server_echoes(call);
    if (silent == contact->server_warned)
        return;
    contact->server_warned = silent;
    call_warn(call, silent ? CALL_WARNING_SERVER : CALL_WARNING_SERVER_OVER, 0);
}

/* First when all who are in the room have said something: by then it shows whether some of them say it under a later
 * secret. And whenever somebody goes on doing so: those who were away then may have come back. It may be made up, ends
 * nothing, and is told once under each secret of the room's own. */
static void judge_link(struct call *call)
{
    struct call_contact *contact = &call->contact;
    if (!contact->confirmed || call->now.ms - call->joining.joined_ms < CALL_SILENT_MS)
        return;
    const bool shown = contact->link_judged ? call_log_keeps_showing_later(call) : call_log_shows_later(call);
    contact->link_judged = true;
    if (!shown || (contact->link_told && contact->link_number == call->room.number))
        return;
    contact->link_told = true;
    contact->link_number = call->room.number;
    call_warn(call, CALL_WARNING_LINK, call->log.number);
}

/* Of a newcomer that shares its epoch with some, while others answer under another: whether those are more. How many
 * they are shows in how much they say, one message each in an interval. */
static bool is_among_the_fewer(const struct call *call)
{
    const struct call_contact *contact = &call->contact;
    uint32_t here = 1;
    for (uint32_t i = 0; i < call->roster.count; i++)
        here += call->roster.peers[i].present && call->roster.peers[i].heard && !call->roster.peers[i].lost;
    return here <=
           (contact->unopened_before > contact->unopened_count ? contact->unopened_before : contact->unopened_count);
}

static void count_unopened(struct call *call)
{
    struct call_contact *contact = &call->contact;
    if (call->now.ms - contact->unopened_from < call_interval_ms(call))
        return;
    contact->unopened_before = contact->unopened_count;
    contact->unopened_count = 0;
    contact->unopened_from = call->now.ms;
}

void call_contact_unopened(struct call *call)
{
    struct call_contact *contact = &call->contact;
    if (!call->group)
        return;
    if (contact->unopened_since == 0)
        contact->unopened_since = call->now.ms;
    contact->unopened_at = call->now.ms;
    contact->unopened_count++;
}

bool call_contact_left_behind(const struct call *call)
{
    const struct call_contact *contact = &call->contact;
    const uint64_t interval = call_interval_ms(call) + CALL_TICK_MS;
    const uint64_t joined_for = call->now.ms - call->joining.joined_ms;
    /* what they say does not even come out of its boxes, and who is heard is as lost as this client */
    if (call_log_shows_later(call) && call_log_caught_up(call) && !contact->confirmed &&
        joined_for >= (call_log_is_silent(call) ? CALL_TRIAL_MS : CALL_INTERVALS_LOST * interval))
        return true;
    if (contact->unopened_at == 0 || call->now.ms - contact->unopened_at > interval || !call_log_caught_up(call))
        return false;
    /* nobody is in its own epoch; else: it is among the fewer, and those who share its mistake answer each other; or
     * they are the more, and still nobody confirms them */
    if (contact->unopened_since > 0 && call->now.ms - contact->unopened_since > interval)
        return true;
    if (!contact->confirmed) {
        return joined_for >= CALL_INTERVALS_LOST * interval ||
               (joined_for >= CALL_TRIAL_MS && is_among_the_fewer(call));
    }
    return call->roster.lost * 2 >= call->roster.members;
}

void call_contact_tick(struct call *call)
{
    if (call->phase != CALL_PHASE_MEMBER)
        return;
    advance_clock(call);
    call_timer_set(call, CALL_TIMER_TICK, CALL_TICK_MS);
    call_held_expire(call);
    count_unopened(call);
    judge_server(call);
    judge_link(call);
    if (call->connection.admitted && call->log.next <= call->log.head && !call->log.reading)
        call_log_follow(call, call->log.next - 1);
    if (call_contact_left_behind(call)) {
        call_resync(call);
        return;
    }
    call_contact_judge(call);
}
