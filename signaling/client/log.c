/* The room's log, in order: found, followed, caught up with. */
#include "parts.h"

static struct mls_bytes out(struct core_slice slice)
{
    return (struct mls_bytes){slice.data, slice.len};
}

/* --- Reading --- */

bool call_log_caught_up(const struct call *call)
{
    return call->connection.admitted && !call->log.searching && call->log.next > call->log.head;
}

static void read_on(struct call *call)
{
    if (call->log.reading || !call->connection.admitted)
        return;
    call->log.reading = true;
    call_send_read(call, call->log.next);
}

/* --- A later secret --- */

void call_log_number(struct call *call, struct mls_bytes box)
{
    uint8_t type = 0;
    uint32_t number = 0;
    struct call_log *log = &call->log;
    if (!call_box_look(box, &type, &number))
        return;
    if (number > log->number)
        log->number = number;
    if (number <= call->room.number)
        return;
    if (log->later_ms == 0 || call->now.ms - log->later_ms >= CALL_SILENT_MS)
        log->later_from_ms = call->now.ms;
    log->later_ms = call->now.ms;
}

bool call_log_shows_later(const struct call *call)
{
    return call->log.number > call->room.number;
}

bool call_log_keeps_showing_later(const struct call *call)
{
    const struct call_log *log = &call->log;
    return call_log_shows_later(call) && log->later_ms > 0 && call->now.ms - log->later_ms < CALL_SILENT_MS &&
           log->later_ms - log->later_from_ms >= CALL_SILENT_MS;
}

bool call_log_is_alive(const struct call *call)
{
    return call->log.heard_ms > 0 && call->now.ms - call->log.heard_ms < CALL_SILENT_MS;
}

bool call_log_is_silent(const struct call *call)
{
    return !call_log_is_alive(call) && call->connection.admitted &&
           call->now.ms - call->log.listens_ms >= CALL_SILENT_MS;
}

bool call_log_is_left(const struct call *call)
{
    return call_log_shows_later(call) && (call->log.misled || call_log_is_silent(call));
}

void call_log_follow(struct call *call, uint64_t seq)
{
    call->log.next = seq + 1;
    if (call->log.next <= call->log.head)
        read_on(call);
}

/* --- The founding --- */

static void found_or_ask(struct call *call)
{
    if (call->log.head == 0)
        call_found(call);
    else
        call_ask(call);
}

/* Whether the entry is a founding that counts. */
static bool is_founding(struct call *call, struct mls_bytes box)
{
    struct mls_output content = {0};
    struct mls_group *group = NULL;
    const struct mls_join_config config = {.policy = call->callbacks, .now_s = call->now.unix_s};
    if (call_box_open(&call->room, CALL_BOX_FOUNDING, box, &content) != CALL_OK)
        return false;
    bool counts = false;
    if (mls_group_look(call_bytes(content), &config, &group) == MLS_OK) {
        counts = call_policy_founding_ok(&call->policy, group);
        if (counts)
            memcpy(call->group_id, mls_group_id(group).data, CALL_GROUP_ID_LEN);
        mls_group_free(group);
    }
    mls_output_free(&content);
    return counts;
}

/* An entry that a newcomer reads until it knows which group is the room's. */
static void search_entry(struct call *call, const struct wire_entry *entry)
{
    if (call->group_known || !is_founding(call, out(entry->commit)))
        return;
    call->group_known = true;
    call->log.searching = false;
    call_founded(call, out(entry->commit), entry->seq);
}

static void search_ended(struct call *call)
{
    call->log.searching = false;
    if (call->phase != CALL_PHASE_FOUNDING) /* else its own is on its way */
        call_link_is_old(call);
}

void call_log_admitted(struct call *call, const struct wire_admitted *admitted)
{
    struct call_log *log = &call->log;
    log->head = admitted->head;
    log->reading = false;
    log->listens_ms = call->now.ms;
    call_infos_list(call, admitted->group_infos);
    if (call->phase == CALL_PHASE_RETURNING && log->next == 0)
        call_returning_elsewhere(call);
    if (call_follows(call)) {
        if (log->next == 0 || log->next < admitted->oldest) /* what was missed is gone, or it is another log */
            call_resync(call);
        else /* what was missed is pushed: hello asked for it */
            call_returning_step(call);
        return;
    }
    if (call->phase == CALL_PHASE_FOUNDING || !call->group_known) {
        /* from the first entry on, where there is one: a rotated room's founding is sealed under a number of which this
         * link tells nothing, and one that is not kept any more proves nothing */
        log->searching = log->head > 0 && admitted->oldest == 1 && call->room.number == 0;
        log->next = 1;
        if (log->searching)
            read_on(call);
        else if (call->phase != CALL_PHASE_FOUNDING)
            found_or_ask(call);
        return;
    }
    if (call->phase == CALL_PHASE_OUTSIDE)
        call_ask(call);
}

/* --- Entries --- */

static void take(struct call *call, const struct wire_entry *entry)
{
    if (entry->seq != call->log.next)
        return;
    call->log.next++;
    if (call_follows(call))
        call_follow(call, out(entry->commit));
    else if (call->log.searching || call->phase == CALL_PHASE_FOUNDING)
        search_entry(call, entry);
}

void call_log_entry(struct call *call, const struct wire_entry *entry)
{
    struct call_log *log = &call->log;
    if (entry->seq > log->head)
        log->head = entry->seq;
    const enum call_entry_kind kind = call_entry_judge(call, out(entry->commit));
    call_log_number(call, out(entry->commit));
    if (entry->has_group_info)
        call_infos_entry(call, entry->seq, kind);
    if (call_follows(call) || call->phase == CALL_PHASE_FOUNDING || log->searching) {
        if (entry->seq > log->next)
            read_on(call);
        take(call, entry);
        call_returning_step(call);
        return;
    }
    call_joining_entry(call, entry, kind);
}

void call_log_page(struct call *call, const struct wire_entries *page)
{
    struct call_log *log = &call->log;
    struct bytes_reader r = wire_walk(page->list);
    struct wire_entry entry;
    bool any = false;
    if (page->head > log->head)
        log->head = page->head;
    while (wire_entry_next(&r, &entry)) {
        any = true;
        if (call_follows(call) && entry.seq > log->next) { /* the oldest went while this was away */
            call_resync(call);
            return;
        }
        take(call, &entry);
    }
    const bool follows = call_follows(call) || call->phase == CALL_PHASE_FOUNDING || log->searching;
    if (follows && any && log->next <= log->head)
        read_on(call);
    else if (log->searching && !call->group_known)
        search_ended(call);
    call_returning_step(call);
}
